//! Messages and events, typed (docs 90239, 90240, 92535, 96219 and the pages of single products).

use std::fmt;

use super::ContactChange;
use crate::xml::{Document, Element, Part, XmlError};

/// What every message and event carries.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Common {
    /// Corp id.
    pub to: String,
    /// Userid of who caused it; `sys` for what the system tells.
    pub from: String,
    /// Unix seconds.
    pub created_at: Option<i64>,
    /// The app concerned; written `AgentID` or, by older events, `AgentId`. None from the contacts-sync assistant.
    pub agent_id: Option<i64>,
}

impl fmt::Debug for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Common")
            .field("created_at", &self.created_at)
            .field("agent_id", &self.agent_id)
            .finish_non_exhaustive()
    }
}

/// What happened, with every documented field. [`Event::Unknown`] keeps what has no type here.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// The directory changed; only the contacts-sync assistant is told (doc 90970).
    Contact(ContactChange),
    /// A member came into the app's visible range, or joined the corp in it (doc 90240).
    Subscribe {
        /// As WeCom gives it.
        userid: String,
    },
    /// A member left the visible range or the corp, or was disabled (doc 90240).
    Unsubscribe {
        /// As WeCom gives it.
        userid: String,
    },
    /// A member opened the app (doc 90240).
    EnterAgent {
        /// As WeCom gives it.
        userid: String,
    },
    /// A member wrote to the app (doc 90239).
    Text {
        /// As WeCom gives it.
        userid: String,
        /// What they wrote.
        content: String,
        /// WeCom's number of the message, 64 bits.
        msgid: Option<String>,
    },
    /// A member sent something else to the app (doc 90239).
    Message {
        /// As WeCom gives it.
        userid: String,
        /// What they sent.
        content: Sent,
        /// WeCom's number of the message, 64 bits.
        msgid: Option<String>,
    },
    /// `LOCATION`: where a member is, once each time they open the app's chat.
    Location {
        /// Degrees, as text.
        latitude: String,
        /// Degrees, as text.
        longitude: String,
        /// Metres, as text.
        precision: String,
        /// `wxwork`; absent in WeChat.
        app_type: Option<String>,
    },
    /// `click`, `view` or `view_miniprogram`: a menu entry was chosen.
    Menu {
        /// The event's name.
        name: String,
        /// The entry's key, address or page path.
        key: String,
    },
    /// `scancode_push` or `scancode_waitmsg`: a code was scanned from the menu.
    ScanCode {
        /// The event's name.
        name: String,
        /// The entry's key.
        key: String,
        /// E.g. `qrcode`.
        scan_type: String,
        /// What the code says.
        scan_result: String,
    },
    /// `pic_sysphoto`, `pic_photo_or_album` or `pic_weixin`: pictures chosen from the menu; they follow as messages.
    Pictures {
        /// The event's name.
        name: String,
        /// The entry's key.
        key: String,
        /// How many.
        count: u32,
        /// MD5 of each, hex.
        md5: Vec<String>,
    },
    /// `location_select`: a place chosen from the menu.
    LocationSelect {
        /// The entry's key.
        key: String,
        /// The place.
        place: Place,
    },
    /// `template_card_event` or `template_card_menu_event`.
    Card(Box<CardEvent>),
    /// `batch_job_result`: an asynchronous import ended (doc 90240).
    BatchJob {
        /// Given when it began.
        job_id: String,
        /// `sync_user`, `replace_user`, `invite_user` or `replace_party`.
        job_type: String,
        /// 0 if it went well.
        err_code: i64,
        /// In words.
        err_msg: String,
    },
    /// `upload_media_job_finish` (doc 96219).
    UploadFinished {
        /// Given when it began.
        job_id: String,
    },
    /// `switch_workbench_mode`: an administrator switched the custom workbench (doc 92535).
    WorkbenchMode {
        /// On now.
        on: bool,
    },
    /// WeCom suspends, restricts or restores an app by its use: `inactive_alert`, `low_active_alert`,
    /// `close_inactive_agent`, `reopen_inactive_agent`, `low_active`, `active_restored`. A suspended app's calls are refused (48006).
    Activity {
        /// The event's name.
        name: String,
        /// From when, Unix seconds; only in the two alerts.
        effect_time: Option<i64>,
    },
    /// `open_approval_change` or `sys_approval_change`, with `ApprovalInfo` as it came.
    Approval {
        /// The event's name.
        name: String,
        /// The whole.
        info: Element,
    },
    /// A change in a product that only names what to read again: meetings, lives, the school directory, forms and
    /// shared apps. `meeting_statistics`, `meeting_change`, `living_status_change`, `change_school_contact`,
    /// `doc_change`, `share_agent_change`, `share_chain_change`.
    Changed {
        /// The event's name, with `.` and `ChangeType` after it where there is one.
        name: String,
        /// Ids concerned, from `MeetingId`, `LivingId`, `Id` or `FormId`; the last may be several.
        ids: Vec<String>,
        /// `Status`, where there is one.
        status: Option<i64>,
    },
    /// Something else, or one of the above without the id it should carry.
    Unknown {
        /// E.g. `change_contact.something`.
        name: String,
        /// The whole, as it came.
        content: Element,
    },
}

/// What a member sent to the app, other than text.
#[derive(Clone, PartialEq, Eq)]
pub enum Sent {
    /// A picture; its media lasts 3 days, like all of these.
    Image {
        /// Where it can be looked at.
        pic_url: String,
        /// To download it.
        media_id: String,
    },
    /// A voice message.
    Voice {
        /// To download it.
        media_id: String,
        /// `amr` or `speex`.
        format: String,
    },
    /// A video.
    Video {
        /// To download it.
        media_id: String,
        /// Its still picture.
        thumb_media_id: String,
    },
    /// A place.
    Location(Place),
    /// A link.
    Link {
        /// Title.
        title: String,
        /// Description.
        description: String,
        /// Where it leads.
        url: String,
        /// Its picture.
        pic_url: String,
    },
}

/// A place a member chose.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// `Location_X`, degrees, as text.
    pub latitude: String,
    /// `Location_Y`, degrees, as text.
    pub longitude: String,
    /// Of the map.
    pub scale: String,
    /// Address in words.
    pub label: String,
    /// Name of the point of interest; only when chosen from the menu.
    pub poi_name: Option<String>,
    /// `wxwork`; absent in WeChat.
    pub app_type: Option<String>,
}

/// A member used a card (doc 90240). For what it does in a business: once per app, task, member and key.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CardEvent {
    /// From the menu at the card's corner, not a button.
    pub menu: bool,
    /// As WeCom gives it.
    pub userid: String,
    /// Key of the button or menu entry.
    pub event_key: String,
    /// `task_id` given when the card was sent.
    pub task_id: String,
    /// E.g. `button_interaction`.
    pub card_type: String,
    /// For `message/update_template_card`, once, within 72 hours.
    pub response_code: String,
    /// What was chosen: question and options.
    pub selected: Vec<Selected>,
}

/// The options chosen of one question.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// The question.
    pub question_key: String,
    /// Ids of the options.
    pub option_ids: Vec<String>,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({})", self.name())
    }
}

impl Event {
    /// Reads the decrypted XML. Only XML that is none is an error.
    pub fn parse(xml: &str) -> Result<Event, XmlError> {
        Ok(read(xml)?.1)
    }

    /// The event's name as it is stored and counted, e.g. `change_contact.update_user`. At most 64 characters.
    pub fn name(&self) -> &str {
        match self {
            Event::Contact(change) => change.name(),
            Event::Subscribe { .. } => "subscribe",
            Event::Unsubscribe { .. } => "unsubscribe",
            Event::EnterAgent { .. } => "enter_agent",
            Event::Text { .. } => "text",
            Event::Message { content, .. } => content.name(),
            Event::Location { .. } => "LOCATION",
            Event::LocationSelect { .. } => "location_select",
            Event::Card(card) if card.menu => "template_card_menu_event",
            Event::Card(_) => "template_card_event",
            Event::BatchJob { .. } => "batch_job_result",
            Event::UploadFinished { .. } => "upload_media_job_finish",
            Event::WorkbenchMode { .. } => "switch_workbench_mode",
            Event::Menu { name, .. }
            | Event::ScanCode { name, .. }
            | Event::Pictures { name, .. }
            | Event::Activity { name, .. }
            | Event::Approval { name, .. }
            | Event::Changed { name, .. }
            | Event::Unknown { name, .. } => name,
        }
    }
}

impl Sent {
    /// The message's `MsgType`.
    pub fn name(&self) -> &'static str {
        match self {
            Sent::Image { .. } => "image",
            Sent::Voice { .. } => "voice",
            Sent::Video { .. } => "video",
            Sent::Location(_) => "location",
            Sent::Link { .. } => "link",
        }
    }
}

/// Reads the decrypted XML.
pub(super) fn read(xml: &str) -> Result<(Common, Event), XmlError> {
    let document = Document::parse(xml)?;
    let root = document.root();
    let agent = root.text_of("AgentID").or_else(|| root.text_of("AgentId"));
    let common = Common {
        to: text(root, "ToUserName"),
        from: text(root, "FromUserName"),
        created_at: root.text_of("CreateTime").and_then(|time| time.parse().ok()),
        agent_id: agent.and_then(|id| id.parse().ok()),
    };
    let kind = root.text_of("MsgType").unwrap_or_default();
    let name = root.text_of("Event").filter(|_| kind == "event").unwrap_or(kind);
    let change = root.text_of("ChangeType").filter(|_| kind == "event");
    let event = match (kind, change) {
        ("event", Some(change)) if name == "change_contact" => {
            ContactChange::read(change, root).map(Event::Contact)
        }
        ("event", _) => app_event(name, change, &common, root),
        _ => message(kind, &common, root),
    };
    let event =
        event.unwrap_or_else(|| Event::Unknown { name: join(name, change), content: root.to_element() });
    Ok((common, event))
}

fn message(kind: &str, common: &Common, root: Part<'_, '_>) -> Option<Event> {
    let get = |name| text(root, name);
    let userid = Some(common.from.clone()).filter(|from| !from.is_empty())?;
    let msgid = root.text_of("MsgId").map(str::to_owned);
    let content = match kind {
        "text" => return Some(Event::Text { userid, content: get("Content"), msgid }),
        "image" => Sent::Image { pic_url: get("PicUrl"), media_id: get("MediaId") },
        "voice" => Sent::Voice { media_id: get("MediaId"), format: get("Format") },
        "video" => Sent::Video { media_id: get("MediaId"), thumb_media_id: get("ThumbMediaId") },
        "location" => Sent::Location(place(root, root)),
        "link" => Sent::Link {
            title: get("Title"),
            description: get("Description"),
            url: get("Url"),
            pic_url: get("PicUrl"),
        },
        _ => return None,
    };
    Some(Event::Message { userid, content, msgid })
}

fn app_event(name: &str, change: Option<&str>, common: &Common, root: Part<'_, '_>) -> Option<Event> {
    let get = |name| text(root, name);
    let key = || text(root, "EventKey");
    let userid = || Some(common.from.clone()).filter(|from| !from.is_empty());
    Some(match name {
        "subscribe" => Event::Subscribe { userid: userid()? },
        "unsubscribe" => Event::Unsubscribe { userid: userid()? },
        "enter_agent" => Event::EnterAgent { userid: userid()? },
        "LOCATION" => Event::Location {
            latitude: get("Latitude"),
            longitude: get("Longitude"),
            precision: get("Precision"),
            app_type: root.text_of("AppType").map(str::to_owned),
        },
        "click" | "view" | "view_miniprogram" => Event::Menu { name: name.into(), key: key() },
        "scancode_push" | "scancode_waitmsg" => {
            let info = root.child("ScanCodeInfo")?;
            let (scan_type, scan_result) = (text(info, "ScanType"), text(info, "ScanResult"));
            Event::ScanCode { name: name.into(), key: key(), scan_type, scan_result }
        }
        "pic_sysphoto" | "pic_photo_or_album" | "pic_weixin" => {
            let info = root.child("SendPicsInfo")?;
            let md5 = info.child("PicList").map(|list| {
                list.children().map(|item| text(item, "PicMd5Sum")).filter(|md5| !md5.is_empty()).collect()
            });
            let count = text(info, "Count").parse().unwrap_or_default();
            Event::Pictures { name: name.into(), key: key(), count, md5: md5.unwrap_or_default() }
        }
        "location_select" => {
            Event::LocationSelect { key: key(), place: place(root.child("SendLocationInfo")?, root) }
        }
        "template_card_event" | "template_card_menu_event" => Event::Card(Box::new(CardEvent {
            menu: name == "template_card_menu_event",
            userid: userid()?,
            event_key: key(),
            task_id: get("TaskId"),
            card_type: get("CardType"),
            response_code: get("ResponseCode"),
            selected: root.child("SelectedItems").map(selected).unwrap_or_default(),
        })),
        "batch_job_result" => {
            let job = root.child("BatchJob")?;
            Event::BatchJob {
                job_id: text(job, "JobId"),
                job_type: text(job, "JobType"),
                err_code: text(job, "ErrCode").parse().unwrap_or_default(),
                err_msg: text(job, "ErrMsg"),
            }
        }
        "upload_media_job_finish" => Event::UploadFinished { job_id: get("JobId") },
        "switch_workbench_mode" => Event::WorkbenchMode { on: get("Mode") == "1" },
        "inactive_alert"
        | "low_active_alert"
        | "close_inactive_agent"
        | "reopen_inactive_agent"
        | "low_active"
        | "active_restored" => {
            Event::Activity { name: name.into(), effect_time: get("EffectTime").parse().ok() }
        }
        "open_approval_change" | "sys_approval_change" => {
            Event::Approval { name: name.into(), info: root.child("ApprovalInfo")?.to_element() }
        }
        "meeting_statistics"
        | "meeting_change"
        | "living_status_change"
        | "change_school_contact"
        | "doc_change"
        | "share_agent_change"
        | "share_chain_change" => Event::Changed {
            name: join(name, change),
            ids: root
                .children()
                .filter(|part| ["MeetingId", "LivingId", "Id", "FormId"].contains(&part.name()))
                .map(|part| part.text().to_owned())
                .collect(),
            status: get("Status").parse().ok(),
        },
        _ => return None,
    })
}

fn place(info: Part<'_, '_>, root: Part<'_, '_>) -> Place {
    Place {
        latitude: text(info, "Location_X"),
        longitude: text(info, "Location_Y"),
        scale: text(info, "Scale"),
        label: text(info, "Label"),
        poi_name: info.text_of("Poiname").map(str::to_owned),
        app_type: root.text_of("AppType").map(str::to_owned),
    }
}

fn selected(items: Part<'_, '_>) -> Vec<Selected> {
    let options = |item: Part<'_, '_>| match item.child("OptionIds") {
        Some(ids) => ids.children().map(|id| id.text().to_owned()).collect(),
        None => Vec::new(),
    };
    items
        .children()
        .map(|item| Selected { question_key: text(item, "QuestionKey"), option_ids: options(item) })
        .collect()
}

fn text(part: Part<'_, '_>, name: &str) -> String {
    part.text_of(name).unwrap_or_default().to_owned()
}

/// A name from outside that will be stored and counted: short, and nothing but a name.
fn join(name: &str, change: Option<&str>) -> String {
    let dot = if change.is_some() { "." } else { "" };
    let name: String = [name, dot, change.unwrap_or_default()]
        .iter()
        .flat_map(|part| part.chars())
        .filter(|c| c.is_ascii_alphanumeric() || "_.-".contains(*c))
        .take(64)
        .collect();
    if name.is_empty() { "unnamed".into() } else { name }
}
