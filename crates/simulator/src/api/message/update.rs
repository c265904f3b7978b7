//! Cards that change after they were sent: codes that allow it, `message/update_template_card` (doc 94888), and the
//! clicks of members, which bring further codes (doc 90240).

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::card::{self, Use};
use super::{Messages, read_agent};
use crate::api::{Answer, Call, Refusal, token};
use crate::event::Event;
use crate::random;
use crate::world::World;

/// How long a code can be used.
const CODE_LIFE: TimeDelta = TimeDelta::hours(72);

/// Codes that were given out.
#[derive(Debug, Default)]
pub struct Codes(HashMap<String, Code>);

#[derive(Debug)]
struct Code {
    msgid: String,
    until: DateTime<Utc>,
}

impl Codes {
    /// A new one for a message.
    pub fn issue(&mut self, msgid: &str, now: DateTime<Utc>) -> String {
        self.0.retain(|_, code| code.until > now);
        let code = random::text(43);
        self.0.insert(code.clone(), Code { msgid: msgid.to_owned(), until: now + CODE_LIFE });
        code
    }
}

/// `message/update_template_card`
pub fn update(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    read_agent(world, call, Refusal::CARD_OTHER_APP)?;
    let now = world.now();
    let code = call.json.get("response_code").and_then(Value::as_str).ok_or(Refusal::RESPONSE_CODE)?;
    let msgid = match world.messages.codes.0.get(code) {
        Some(known) if known.until > now => known.msgid.clone(),
        _ => return Err(Refusal::RESPONSE_CODE),
    };
    let replacement = match (call.json.get("template_card"), call.json.get("button")) {
        (Some(card), _) => {
            card::check(world, card.as_object().ok_or(Refusal::PARAMETER)?, Use::Update)?;
            Replacement::Card(card.clone())
        }
        (None, Some(button)) => {
            let name = button.get("replace_name").and_then(Value::as_str).filter(|name| !name.is_empty());
            Replacement::Button(name.ok_or(Refusal::BUTTON_NAME)?.to_owned())
        }
        (None, None) => return Err(Refusal::PARAMETER_MISSING),
    };
    let (targets, invalid) = targets(world, call, &msgid)?;
    world.messages.codes.0.remove(code);
    for userid in targets {
        world.messages.replace(&userid, &msgid, &replacement);
    }
    let mut answer = json!({});
    if !invalid.is_empty() {
        answer["invaliduser"] = json!(invalid);
    }
    Ok(answer)
}

/// What an update puts in the place of what was there.
pub enum Replacement {
    /// Another card.
    Card(Value),
    /// Words on buttons that can't be pressed any more.
    Button(String),
}

/// For whom the card changes, and who did not get it.
fn targets(world: &World, call: &Call, msgid: &str) -> Result<(Vec<String>, Vec<String>), Refusal> {
    let got = world.messages.recipients_of(msgid);
    if call.json.get("atall").and_then(Value::as_u64) == Some(1) {
        return Ok((got, Vec::new()));
    }
    let list = |field: &str, most: usize, refusal: Refusal| match call.json.get(field) {
        None => Ok(Vec::new()),
        Some(given) => {
            let items = given.as_array().ok_or(refusal)?;
            if items.len() > most { Err(refusal) } else { Ok(items.clone()) }
        }
    };
    let users = list("userids", 1000, Refusal::USERID_LIST_LENGTH)?;
    let parties = list("partyids", 100, Refusal::PARTY_LIST_LENGTH)?;
    let tags = list("tagids", 100, Refusal::TAG_LIST_LENGTH)?;
    if users.is_empty() && parties.is_empty() && tags.is_empty() {
        return Err(Refusal::UPDATE_NOBODY);
    }
    let (mut targets, mut invalid) = (Vec::new(), Vec::new());
    for userid in users.iter().filter_map(Value::as_str).map(str::to_lowercase) {
        if got.contains(&userid) { targets.push(userid) } else { invalid.push(userid) }
    }
    for id in parties.iter().filter_map(Value::as_u64).filter_map(|id| u32::try_from(id).ok()) {
        for department in world.directory.subtree(id) {
            let members =
                world.directory.direct_members(department.id).map(|member| member.userid.to_lowercase());
            targets.extend(members.filter(|userid| got.contains(userid)));
        }
    }
    if targets.is_empty() { Err(Refusal::UPDATE_STRANGER) } else { Ok((targets, invalid)) }
}

/// A member's tap on a card, and what they had chosen: option ids by question.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Click {
    /// Of the message.
    pub msgid: String,
    /// Of the button, or of the menu's entry.
    pub key: String,
    /// Choices by `question_key`.
    #[serde(default)]
    pub selected: BTreeMap<String, Vec<String>>,
}

/// What a tap brings: the event to be called back, or why there is nothing to tap.
pub fn click(world: &mut World, userid: &str, click: &Click) -> Result<Event, String> {
    let message = world.messages.of(userid).find(|message| message.msgid == click.msgid && !message.recalled);
    let message = message.ok_or("这条消息不存在或已被撤回")?;
    let card = &message.content.content;
    let text =
        |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    if message.content.msgtype != "template_card" || message.disabled.is_some() {
        return Err("卡片上没有可以点的按钮".into());
    }
    let entries = |part: &str, list: &str| -> Vec<String> {
        let holder = if part.is_empty() { Some(card) } else { card.get(part) };
        let entries = holder.and_then(|holder| holder.get(list)).and_then(Value::as_array);
        entries.into_iter().flatten().map(|entry| text(entry, "key")).collect()
    };
    let in_menu = entries("action_menu", "action_list").contains(&click.key);
    let submits = card.get("submit_button").is_some_and(|button| text(button, "key") == click.key);
    if !in_menu && !submits && !entries("", "button_list").contains(&click.key) {
        return Err("卡片上没有这个按钮".into());
    }
    let (kind, task_id) = (text(card, "card_type"), message.task_id.clone().unwrap_or_default());
    let now = world.now();
    let code = world.messages.codes.issue(&click.msgid, now);
    let event = if in_menu { "template_card_menu_event" } else { "template_card_event" };
    let selected = if in_menu { &BTreeMap::new() } else { &click.selected };
    Ok(Event::template_card(
        event,
        userid,
        world.spec.app.agentid,
        &click.key,
        &task_id,
        &kind,
        &code,
        selected,
    ))
}

impl Messages {
    fn recipients_of(&self, msgid: &str) -> Vec<String> {
        let got = |messages: &&std::collections::VecDeque<super::Message>| {
            messages.iter().any(|m| m.msgid == msgid)
        };
        self.boxes.iter().filter(|(_, messages)| got(messages)).map(|(userid, _)| userid.clone()).collect()
    }

    fn replace(&mut self, userid: &str, msgid: &str, replacement: &Replacement) {
        let messages = self.boxes.get_mut(userid).into_iter().flatten();
        for message in messages.filter(|message| message.msgid == msgid) {
            match replacement {
                Replacement::Button(name) => message.disabled = Some(name.clone()),
                Replacement::Card(card) => {
                    message.disabled = card.get("replace_text").and_then(Value::as_str).map(str::to_owned);
                    message.content.content = card.clone();
                }
            }
        }
    }
}
