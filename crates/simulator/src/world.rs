//! All the simulator knows, and every change of the directory with the events that WeCom would send for it.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use url::Url;

use crate::api::agent::AgentChanges;
use crate::api::approval::Applications;
use crate::api::chat::Chats;
use crate::api::drive::Spaces;
use crate::api::job::Jobs;
use crate::api::living::Livings;
use crate::api::media::Library;
use crate::api::meeting::Meetings;
use crate::api::message::Messages;
use crate::api::oauth::SignIns;
use crate::api::tag::Tags;
use crate::api::ticket::Tickets;
use crate::api::token::{Secret, Tokens};
use crate::api::workbench::Tiles;
use crate::callback::Address;
use crate::clock::Clock;
use crate::directory::{Directory, Member, Range};
use crate::event::{Event, Receiver};
use crate::faults::Faults;
use crate::ledger::{Ledger, What};
use crate::limits::Limits;
use crate::school::{Department, Persona, ROOT, School, Spec};
use crate::settings::Settings;

/// The state, behind one lock.
pub struct World {
    /// What the school was made from; its app, secrets and callbacks.
    pub spec: Arc<Spec>,
    /// People of every role.
    pub personas: Vec<Persona>,
    /// The simulator's time.
    pub clock: Clock,
    /// Switches.
    pub settings: Settings,
    /// Where the app's server is.
    pub app_url: Option<Url>,
    /// Addresses of callbacks that were saved, in the place of the school's.
    pub callbacks: HashMap<Receiver, Address>,
    /// Departments and members.
    pub directory: Directory,
    /// What the app sees of them.
    pub range: Range,
    /// Access tokens.
    pub tokens: Tokens,
    /// Tickets of the JS-SDK.
    pub tickets: Tickets,
    /// Codes and user tickets.
    pub sign_ins: SignIns,
    /// What members were sent.
    pub messages: Messages,
    /// Tags.
    pub tags: Tags,
    /// The app's menu: `button` as it was given.
    pub menu: Vec<Value>,
    /// What stands on the app's tile of the workbench.
    pub tiles: Tiles,
    /// Meetings the app booked.
    pub meetings: Meetings,
    /// Lives the app booked.
    pub livings: Livings,
    /// The app's spaces of the drive.
    pub spaces: Spaces,
    /// Applications for leave made by hand.
    pub applications: Applications,
    /// Imports and exports.
    pub jobs: Jobs,
    /// What the app changed of itself.
    pub agent: AgentChanges,
    /// Events of a call that is being answered.
    told: Vec<Event>,
    /// Group chats of the app.
    pub chats: Chats,
    /// Uploaded files.
    pub media: Library,
    /// Frequency limits.
    pub limits: Limits,
    /// Calls being answered, by path.
    pub calls: HashMap<String, u32>,
    /// Addresses that may call, each with the moment from which it may.
    pub trusted_since: HashMap<IpAddr, DateTime<Utc>>,
    /// Faults in force.
    pub faults: Faults,
    /// What happened.
    pub ledger: Ledger,
}

impl World {
    /// The corp of a school as it is at first, with this directory.
    pub fn new(school: &School, directory: Directory, app_url: Option<Url>) -> Self {
        let settings = Settings::default();
        let range = Range::new(&directory, settings.visible.clone(), settings.visible_members.clone());
        Self {
            spec: Arc::new(school.spec.clone()),
            personas: school.personas(),
            clock: Clock::default(),
            settings,
            app_url,
            callbacks: HashMap::new(),
            directory,
            range,
            tokens: Tokens::default(),
            tickets: Tickets::default(),
            sign_ins: SignIns::default(),
            messages: Messages::default(),
            tags: Tags::default(),
            menu: Vec::new(),
            tiles: Tiles::default(),
            meetings: Meetings::new(),
            livings: Livings::new(),
            spaces: Spaces::new(),
            applications: Applications::default(),
            jobs: Jobs::default(),
            agent: AgentChanges::default(),
            told: Vec::new(),
            chats: Chats::default(),
            media: Library::default(),
            limits: Limits::default(),
            calls: HashMap::new(),
            trusted_since: HashMap::new(),
            faults: Faults::default(),
            ledger: Ledger::default(),
        }
    }

    /// The simulator's time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Puts other settings in the place of these. An address that is new among the trusted may call a minute later.
    pub fn configure(&mut self, settings: Settings) -> Vec<Event> {
        let from = self.now() + settings.trusted_ip_delay();
        self.trusted_since.retain(|ip, _| settings.trusted_ips.contains(ip));
        for ip in &settings.trusted_ips {
            self.trusted_since.entry(*ip).or_insert(from);
        }
        self.settings = settings;
        self.renew_range()
    }

    /// Adds to the ledger.
    pub fn record(&mut self, what: What) {
        self.ledger.record(self.clock.now(), what);
    }

    /// Notes events to be sent with the answer of the call that made them. What the assistant wrote itself it isn't told.
    pub fn tell(&mut self, events: Vec<Event>, writer: Secret) {
        let own = |event: &Event| writer == Secret::Contacts && event.receiver == Receiver::Contacts;
        self.told.extend(events.into_iter().filter(|event| !own(event)));
    }

    /// What was noted.
    pub fn take_told(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.told)
    }

    /// Whether the app has an address for callbacks.
    pub fn has_callback(&self) -> bool {
        self.callbacks.contains_key(&Receiver::App) || self.app_url.is_some()
    }

    /// Whether a redirect may go to this address: host and port as registered, scheme and path don't matter.
    pub fn trusts(&self, url: &Url) -> bool {
        let own = self.app_url.as_ref().and_then(authority);
        authority(url).is_some_and(|wanted| {
            own.as_ref() == Some(&wanted) || self.spec.app.trusted_domains.contains(&wanted)
        })
    }

    /// A member writes to the app.
    pub fn say(&mut self, userid: &str, content: &str) -> Event {
        let now = self.now();
        let msgid = self.messages.say(userid, self.spec.app.agentid, content, now);
        Event::text(userid, self.spec.app.agentid, content, msgid)
    }

    /// Shows a passive reply to whoever it answers: its words, or what kind of thing it is. To a card's event WeCom
    /// takes none, unless switched.
    pub fn reply(&mut self, event: &Event, xml: &str) {
        let Ok(reply) = wecom::xml::Element::parse(xml) else { return };
        let card = event.name.starts_with("template_card") && !self.settings.unconfirmed.replies_to_cards;
        if event.receiver != Receiver::App || card || self.directory.member(&event.subject).is_none() {
            return;
        }
        let article = reply.child("Articles").and_then(|articles| articles.child("item"));
        let words = match reply.text_of("MsgType") {
            Some("text") => reply.text_of("Content").unwrap_or_default().to_owned(),
            Some("news") => article.and_then(|item| item.text_of("Title")).unwrap_or_default().to_owned(),
            kind => format!("［{}］", kind.unwrap_or("?")),
        };
        let (now, agentid) = (self.now(), self.spec.app.agentid);
        self.messages.answer(&event.subject, agentid, &words, now);
    }

    /// Adds a member. Fails if the user id is taken.
    pub fn add_member(&mut self, member: Member) -> Result<Vec<Event>, String> {
        if self.directory.member(&member.userid).is_some() {
            return Err(format!("{} exists", member.userid));
        }
        let events = self.member_events(None, Some(&member));
        self.directory.put(member);
        Ok(events)
    }

    /// Puts a changed member in the place of the one with this user id.
    pub fn change_member(&mut self, userid: &str, changed: Member) -> Result<Vec<Event>, String> {
        let before = self.directory.member(userid).cloned().ok_or_else(|| format!("no member {userid}"))?;
        let renamed = !changed.userid.eq_ignore_ascii_case(userid);
        if renamed && self.directory.member(&changed.userid).is_some() {
            return Err(format!("{} exists", changed.userid));
        }
        let events = self.member_events(Some(&before), Some(&changed));
        self.directory.remove(userid);
        self.directory.put(changed);
        Ok(events)
    }

    /// Deletes a member.
    pub fn remove_member(&mut self, userid: &str) -> Result<Vec<Event>, String> {
        let before = self.directory.remove(userid).ok_or_else(|| format!("no member {userid}"))?;
        Ok(self.member_events(Some(&before), None))
    }

    /// Adds a department. Fails without its parent, or beside one of the same name.
    pub fn add_department(&mut self, department: Department) -> Result<Vec<Event>, String> {
        if self.directory.department(department.id).is_some() {
            return Err(format!("department {} exists", department.id));
        }
        let event = Event::create_party(department.id, department.parent);
        self.place_department(department)?;
        self.range = self.reach();
        Ok(vec![event])
    }

    /// Renames or moves a department. Only a move is told to the assistant; members who come into the app's
    /// range with it, or leave it, are told to the app.
    pub fn change_department(&mut self, changed: Department) -> Result<Vec<Event>, String> {
        let before =
            self.directory.department(changed.id).ok_or_else(|| format!("no department {}", changed.id))?;
        let mut events = Vec::new();
        if before.parent != changed.parent {
            if changed.id == ROOT || self.directory.subtree(changed.id).iter().any(|d| d.id == changed.parent)
            {
                return Err("a department can't be moved below itself".into());
            }
            events.push(Event::update_party(changed.id, changed.parent));
        }
        self.place_department(changed)?;
        events.extend(self.renew_range());
        Ok(events)
    }

    /// Deletes a department that has neither members nor departments below it.
    pub fn remove_department(&mut self, id: u32) -> Result<Vec<Event>, String> {
        if id == ROOT || self.directory.department(id).is_none() {
            return Err(format!("no department {id} that could be deleted"));
        }
        if self.directory.count_direct(id) > 0 || !self.directory.children(id).is_empty() {
            return Err(format!("department {id} has members or departments below it"));
        }
        self.directory.remove_department(id);
        self.range = self.reach();
        Ok(vec![Event::delete_party(id)])
    }

    /// The visible range as it is set: departments, members, and those of tags.
    fn reach(&self) -> Range {
        let tags = || self.settings.visible_tags.iter().filter_map(|id| self.tags.get(id));
        let tops = self.settings.visible.iter().chain(tags().flat_map(|tag| &tag.departments)).copied();
        let members =
            self.settings.visible_members.iter().chain(tags().flat_map(|tag| &tag.members)).cloned();
        Range::new(&self.directory, tops, members)
    }

    /// Makes the app's visible range what is set; the app is told of everyone who comes into it or leaves it.
    pub fn renew_range(&mut self) -> Vec<Event> {
        let reached = |range: &Range| -> HashSet<String> {
            let members = self.directory.members().filter(|(_, member)| range.reaches(member));
            members.map(|(userid, _)| userid.to_owned()).collect()
        };
        let range = self.reach();
        let (before, after) = (reached(&self.range), reached(&range));
        let agentid = self.spec.app.agentid;
        let events = self
            .directory
            .members()
            .filter_map(|(key, member)| match (before.contains(key), after.contains(key)) {
                (true, false) => Some(Event::unsubscribe(&member.userid, agentid)),
                (false, true) => Some(Event::subscribe(&member.userid, agentid)),
                _ => None,
            })
            .collect();
        self.range = range;
        events
    }

    fn place_department(&mut self, department: Department) -> Result<(), String> {
        if department.id != ROOT && self.directory.department(department.parent).is_none() {
            return Err(format!("no department {}", department.parent));
        }
        let siblings = self.directory.children(department.parent);
        if siblings.iter().any(|sibling| sibling.name == department.name && sibling.id != department.id) {
            return Err(format!("{} stands there already", department.name));
        }
        self.directory.put_department(department);
        Ok(())
    }

    /// What WeCom tells of a member who came, changed or went. The assistant, set up after August 2022, hears of
    /// members coming and going and of departments alone, not of names or status; the app hears who comes into
    /// its range and leaves it.
    fn member_events(&self, before: Option<&Member>, after: Option<&Member>) -> Vec<Event> {
        let departments = |member: &Member| -> Vec<u32> {
            member.memberships.iter().map(|membership| membership.department).collect()
        };
        let mut events = Vec::new();
        match (before, after) {
            (None, Some(after)) => events.push(Event::create_user(&after.userid, &departments(after))),
            (Some(before), None) => events.push(Event::delete_user(&before.userid)),
            (Some(before), Some(after)) => {
                let renamed = (before.userid != after.userid).then_some(after.userid.as_str());
                if renamed.is_some() || before.memberships != after.memberships {
                    events.push(Event::update_user(&before.userid, &departments(after), renamed));
                }
            }
            (None, None) => {}
        }
        let agentid = self.spec.app.agentid;
        let reached = |member: Option<&Member>| member.filter(|member| self.range.reaches(member)).cloned();
        match (reached(before), reached(after)) {
            (None, Some(member)) => events.push(Event::subscribe(&member.userid, agentid)),
            (Some(member), None) => events.push(Event::unsubscribe(&member.userid, agentid)),
            _ => {}
        }
        events
    }
}

/// Host, and port where one is written.
pub fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}
