//! `message/send` (doc 90236): who gets it, who doesn't, and what the answer admits of that.

pub mod card;
pub mod content;
pub mod update;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use content::Content;

use super::{Answer, Call, Refusal, token};
use crate::directory::Member;
use crate::ledger::{Outcome, What};
use crate::random;
use crate::world::World;

const MAX_USERS: usize = 1000;
const MAX_PARTIES: usize = 100;
const MAX_TAGS: usize = 100;
/// What one member may get from one app; the excess is lost without a word.
const PER_MINUTE: usize = 30;
const PER_HOUR: usize = 1000;
/// How many messages are kept for each member to look at.
const KEPT: usize = 500;
/// How long a message can be taken back.
const RECALL_WITHIN: TimeDelta = TimeDelta::hours(24);
const DUPLICATE_INTERVAL: i64 = 1800;
const MAX_DUPLICATE_INTERVAL: i64 = 14_400;

/// A message as a member has it.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// Of the answer to the sender.
    pub msgid: String,
    /// Sender.
    pub agentid: u32,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub content: Content,
    /// Whether the member has looked at it.
    pub read: bool,
    /// Whether the app took it back.
    pub recalled: bool,
    /// Whether the member wrote it.
    pub own: bool,
    /// Of a card: what stands on its buttons, which can't be pressed any more.
    pub disabled: Option<String>,
    /// Of a card, also when another stands in its place.
    pub task_id: Option<String>,
}

impl Message {
    fn words(number: u64, agentid: u32, content: &str, at: DateTime<Utc>) -> Self {
        Self {
            msgid: number.to_string(),
            agentid,
            at,
            content: Content { msgtype: "text".into(), content: json!({ "content": content }) },
            read: false,
            recalled: false,
            own: false,
            disabled: None,
            task_id: None,
        }
    }
}

/// What members were sent.
#[derive(Debug, Default)]
pub struct Messages {
    /// By lower-cased user id, oldest first.
    boxes: HashMap<String, VecDeque<Message>>,
    /// When each member was sent something in the last hour.
    sent: HashMap<String, VecDeque<DateTime<Utc>>>,
    /// Until when a body counts as a repetition.
    bodies: HashMap<u64, DateTime<Utc>>,
    /// Codes by which cards can be updated.
    codes: update::Codes,
    /// `task_id`s of the cards sent: each may be used once.
    tasks: HashSet<String>,
    /// How many messages members wrote.
    said: u64,
}

impl Messages {
    /// A member's messages, oldest first.
    pub fn of(&self, userid: &str) -> impl DoubleEndedIterator<Item = &Message> {
        self.boxes.get(&userid.to_lowercase()).into_iter().flatten()
    }

    /// Whether a card with this `task_id` was sent.
    pub fn knows_task(&self, task_id: &str) -> bool {
        self.tasks.contains(task_id)
    }

    /// How many of them the member hasn't looked at.
    pub fn unread(&self, userid: &str) -> usize {
        self.of(userid).filter(|message| !message.read && !message.recalled).count()
    }

    /// The member has looked at all.
    pub fn mark_read(&mut self, userid: &str) {
        for message in self.boxes.get_mut(&userid.to_lowercase()).into_iter().flatten() {
            message.read = true;
        }
    }

    /// Whether one more to this member gets through now; counts it if it does.
    fn gets_through(&mut self, userid: &str, now: DateTime<Utc>) -> bool {
        let sent = self.sent.entry(userid.to_lowercase()).or_default();
        while sent.front().is_some_and(|at| now - *at >= TimeDelta::hours(1)) {
            sent.pop_front();
        }
        let last_minute = sent.iter().rev().take_while(|at| now - **at < TimeDelta::minutes(1)).count();
        let free = sent.len() < PER_HOUR && last_minute < PER_MINUTE;
        if free {
            sent.push_back(now);
        }
        free
    }

    /// Takes a message back from everyone who got it.
    fn recall(&mut self, msgid: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        let sent = || self.boxes.values().flatten().find(|message| message.msgid == msgid);
        let at = sent().ok_or(Refusal::PARAMETER)?.at;
        if now - at > RECALL_WITHIN {
            return Err(Refusal::MESSAGE_TOO_OLD);
        }
        for message in self.boxes.values_mut().flatten().filter(|message| message.msgid == msgid) {
            message.recalled = true;
        }
        Ok(())
    }

    /// Keeps what a member wrote, and gives its number.
    pub fn say(&mut self, userid: &str, agentid: u32, content: &str, now: DateTime<Utc>) -> u64 {
        self.said += 1;
        self.put(
            userid,
            Message { own: true, read: true, ..Message::words(self.said, agentid, content, now) },
        );
        self.said
    }

    /// Keeps what the app answered at once.
    pub fn answer(&mut self, userid: &str, agentid: u32, content: &str, now: DateTime<Utc>) {
        self.said += 1;
        self.put(userid, Message::words(self.said, agentid, content, now));
    }

    fn put(&mut self, userid: &str, message: Message) {
        let messages = self.boxes.entry(userid.to_lowercase()).or_default();
        messages.push_back(message);
        if messages.len() > KEPT {
            messages.pop_front();
        }
    }
}

/// `message/recall` (protocol.md §6.6)
pub fn recall(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    let msgid = call.json.get("msgid").and_then(Value::as_str).ok_or(Refusal::PARAMETER_MISSING)?;
    world.messages.recall(msgid, world.clock.now())?;
    Ok(json!({}))
}

/// `message/get_statistics`: 0 today, 1 yesterday, in China.
pub fn statistics(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    let back = call.json.get("time_type").and_then(Value::as_i64).unwrap_or(0);
    let day = |at: DateTime<Utc>| (at.timestamp() + 8 * 3600).div_euclid(86_400);
    let wanted = day(world.now()) - back;
    let sent =
        world.messages.boxes.values().flatten().filter(|message| !message.own && day(message.at) == wanted);
    let (agentid, name) = (world.spec.app.agentid, super::agent::title(world));
    Ok(json!({ "statistics": [{ "agentid": agentid, "app_name": name, "count": sent.count() }] }))
}

/// `message/send`
pub fn send(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    let message = &call.json;
    // A mini program's notice is known by its appid.
    if message.get("msgtype").and_then(Value::as_str) != Some("miniprogram_notice") {
        read_agent(world, call, Refusal::OTHER_AGENT)?;
    }
    let content = content::read(world, message)?;
    let recipients = Recipients::read(message)?.resolve(world);
    if recipients.members.is_empty() {
        return Err(Refusal::RECIPIENTS_INVALID);
    }
    let duplicate = is_duplicate(world, call)?;
    Ok(deliver(world, call, recipients, content, duplicate))
}

/// `agentid` must be there, a number, and the token's own.
fn read_agent(world: &World, call: &Call, other: Refusal) -> Result<(), Refusal> {
    match call.json.get("agentid") {
        None => Err(Refusal::AGENTID_MISSING),
        Some(id) => match id.as_u64() {
            None => Err(Refusal::AGENTID),
            Some(id) if id != u64::from(world.spec.app.agentid) => Err(other),
            Some(_) => Ok(()),
        },
    }
}

/// Hands the message to everyone it reaches, and says of whom WeCom admits that it doesn't.
fn deliver(world: &mut World, call: &Call, recipients: Resolved, content: Content, duplicate: bool) -> Value {
    let now = world.now();
    let agentid = world.spec.app.agentid;
    let msgid = random::text(60);
    let task_id = content.content.get("task_id").and_then(Value::as_str).map(str::to_owned);
    world.messages.tasks.extend(task_id.clone());
    let mut outcomes: BTreeMap<String, Outcome> =
        recipients.invalid_users.iter().map(|userid| (userid.clone(), Outcome::Invalid)).collect();
    for userid in recipients.members {
        let ordered = call.ordered_outcomes.iter().find(|(id, _)| id.eq_ignore_ascii_case(&userid));
        let licensed = world.directory.member(&userid).is_some_and(|member| member.licensed);
        let outcome = match ordered {
            Some((_, outcome)) => *outcome,
            None if !licensed => Outcome::Unlicensed,
            None if duplicate => Outcome::Duplicate,
            None if !world.messages.gets_through(&userid, now) => Outcome::Dropped,
            None => Outcome::Delivered,
        };
        if outcome == Outcome::Delivered {
            let message = Message {
                msgid: msgid.clone(),
                agentid,
                at: now,
                content: content.clone(),
                read: false,
                recalled: false,
                own: false,
                disabled: None,
                task_id: task_id.clone(),
            };
            world.messages.put(&userid, message);
        }
        outcomes.insert(userid, outcome);
    }

    let mut answer = json!({ "msgid": msgid });
    if content.can_be_updated() {
        answer["response_code"] = json!(world.messages.codes.issue(&msgid, now));
    }
    let mut admit = |field: &str, ids: Vec<String>| {
        if !ids.is_empty() {
            answer[field] = json!(ids.join("|"));
        }
    };
    let ids = |wanted: Outcome| {
        let ids = outcomes.iter().filter(|(_, outcome)| **outcome == wanted);
        ids.map(|(userid, _)| userid.to_lowercase()).collect()
    };
    admit("invaliduser", ids(Outcome::Invalid));
    admit("unlicenseduser", ids(Outcome::Unlicensed));
    admit("invalidparty", recipients.invalid_parties);
    admit("invalidtag", recipients.invalid_tags);
    world.record(What::Send {
        msgid,
        agentid,
        message: Value::Object(call.json.clone()),
        outcomes,
        duplicate,
    });
    answer
}

/// Whether the very same body was sent within the interval that it names. The first one counts from its time.
fn is_duplicate(world: &mut World, call: &Call) -> Result<bool, Refusal> {
    if call.json.get("enable_duplicate_check").and_then(Value::as_u64) != Some(1) {
        return Ok(false);
    }
    let interval = match call.json.get("duplicate_check_interval") {
        None => DUPLICATE_INTERVAL,
        Some(seconds) => seconds
            .as_i64()
            .filter(|seconds| (1..=MAX_DUPLICATE_INTERVAL).contains(seconds))
            .ok_or(Refusal::PARAMETER)?,
    };
    let now = world.now();
    let mut hasher = DefaultHasher::new();
    call.body.hash(&mut hasher);
    let bodies = &mut world.messages.bodies;
    bodies.retain(|_, until| *until > now);
    if bodies.contains_key(&hasher.finish()) {
        return Ok(true);
    }
    bodies.insert(hasher.finish(), now + TimeDelta::seconds(interval));
    Ok(false)
}

/// `touser`, `toparty` and `totag` as they stand.
struct Recipients<'a> {
    users: Vec<&'a str>,
    parties: Vec<&'a str>,
    tags: Vec<&'a str>,
}

struct Resolved {
    /// User ids as in the directory, each once.
    members: Vec<String>,
    invalid_users: Vec<String>,
    invalid_parties: Vec<String>,
    invalid_tags: Vec<String>,
}

impl<'a> Recipients<'a> {
    fn read(message: &'a Map<String, Value>) -> Result<Self, Refusal> {
        let users = list(message, "touser", MAX_USERS, Refusal::USERID_LIST, Refusal::USERID_LIST_LENGTH)?;
        if users == ["@all"] {
            return Ok(Self { users, parties: Vec::new(), tags: Vec::new() });
        }
        let parties = list(message, "toparty", MAX_PARTIES, Refusal::PARAMETER, Refusal::PARTY_LIST_LENGTH)?;
        let tags = list(message, "totag", MAX_TAGS, Refusal::PARAMETER, Refusal::TAG_LIST_LENGTH)?;
        if users.is_empty() && parties.is_empty() && tags.is_empty() {
            return Err(Refusal::RECIPIENTS_EMPTY);
        }
        Ok(Self { users, parties, tags })
    }

    fn resolve(self, world: &World) -> Resolved {
        let mut members: BTreeMap<&str, &Member> = BTreeMap::new();
        let mut resolved = Resolved {
            members: Vec::new(),
            invalid_users: Vec::new(),
            invalid_parties: Vec::new(),
            invalid_tags: Vec::new(),
        };
        let reached = |member: &Member| world.range.reaches(member);
        if self.users == ["@all"] {
            members.extend(world.directory.members().filter(|(_, member)| reached(member)));
        } else {
            for userid in self.users {
                match world.directory.member(userid).filter(|member| reached(member)) {
                    Some(member) => drop(members.insert(&member.userid, member)),
                    None => resolved.invalid_users.push(userid.to_lowercase()),
                }
            }
        }
        let below = |id: u32| {
            let departments = world.directory.subtree(id);
            let members =
                departments.into_iter().flat_map(|department| world.directory.direct_members(department.id));
            members
                .filter(|member| reached(member))
                .map(|member| (member.userid.as_str(), member))
                .collect::<Vec<_>>()
        };
        for party in self.parties {
            match party.parse().ok().filter(|&id| world.range.has(id)) {
                Some(id) => members.extend(below(id)),
                None => resolved.invalid_parties.push(party.to_owned()),
            }
        }
        for given in self.tags {
            let Some(tag) = given.parse().ok().and_then(|id: u32| world.tags.get(&id)) else {
                resolved.invalid_tags.push(given.to_owned());
                continue;
            };
            let tagged = tag.members.iter().filter_map(|userid| world.directory.member(userid));
            members.extend(
                tagged.filter(|member| reached(member)).map(|member| (member.userid.as_str(), member)),
            );
            members.extend(tag.departments.iter().flat_map(|&id| below(id)));
        }
        resolved.members = members.into_values().map(|member| member.userid.clone()).collect();
        resolved
    }
}

/// A `|`-joined list; absent and empty are the same.
fn list<'a>(
    message: &'a Map<String, Value>,
    field: &str,
    most: usize,
    wrong_type: Refusal,
    too_long: Refusal,
) -> Result<Vec<&'a str>, Refusal> {
    let text = match message.get(field) {
        None => return Ok(Vec::new()),
        Some(text) => text.as_str().ok_or(wrong_type)?,
    };
    let items: Vec<&str> = text.split('|').map(str::trim).filter(|item| !item.is_empty()).collect();
    if items.len() > most { Err(too_long) } else { Ok(items) }
}
