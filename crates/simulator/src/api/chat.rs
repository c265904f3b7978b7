//! Group chats of the app (protocol.md §6.7).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::message::content::{self, Content};
use super::{Answer, Call, Refusal, token};
use crate::random;
use crate::world::World;

const MAX_NAME: usize = 50;

/// A chat.
#[derive(Debug, Clone, Serialize)]
pub struct Chat {
    /// Its id.
    pub chatid: String,
    /// Its name, cut to its limit.
    pub name: String,
    /// One of the members.
    pub owner: String,
    /// Its members, in the order they came.
    pub userlist: Vec<String>,
    /// What was sent into it.
    pub messages: Vec<Said>,
}

/// A message in a chat.
#[derive(Debug, Clone, Serialize)]
pub struct Said {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub content: Content,
}

/// All chats by id.
pub type Chats = BTreeMap<String, Chat>;

/// Only an app that the whole corp sees has chats.
fn authorised(world: &World, call: &Call) -> Result<(), Refusal> {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    if world.range.has(crate::school::ROOT) { Ok(()) } else { Err(Refusal::API_FORBIDDEN) }
}

fn text<'a>(call: &'a Call, field: &str) -> Option<&'a str> {
    content::text(&call.json, field)
}

/// User ids as the directory writes them, each once.
fn members(world: &World, given: &Value) -> Result<Vec<String>, Refusal> {
    let mut seen = BTreeSet::new();
    let mut members = Vec::new();
    for userid in given.as_array().ok_or(Refusal::CHAT_MEMBER)? {
        let member = userid.as_str().and_then(|userid| world.directory.member(userid));
        let userid = &member.ok_or(Refusal::CHAT_MEMBER_ILLEGAL)?.userid;
        if seen.insert(userid.clone()) {
            members.push(userid.clone());
        }
    }
    Ok(members)
}

/// `appchat/create`
pub fn create(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let userlist = members(world, call.json.get("userlist").ok_or(Refusal::CHAT_MEMBERS_MISSING)?)?;
    if !(2..=2000).contains(&userlist.len()) {
        return Err(Refusal::CHAT_SIZE);
    }
    let owner = match text(call, "owner") {
        None => userlist.first().cloned().unwrap_or_default(),
        Some(owner) => owner_of(owner, &userlist)?,
    };
    let chatid = match text(call, "chatid") {
        None => random::text(32),
        Some(id) if id.len() > 32 => return Err(Refusal::CHATID_LENGTH),
        Some(id) if !id.chars().all(|c| c.is_ascii_alphanumeric()) => return Err(Refusal::CHATID),
        Some(id) if world.chats.contains_key(id) => return Err(Refusal::CHAT_EXISTS),
        Some(id) => id.to_owned(),
    };
    let name = text(call, "name").unwrap_or_default().chars().take(MAX_NAME).collect();
    let chat = Chat { chatid: chatid.clone(), name, owner, userlist, messages: Vec::new() };
    world.chats.insert(chatid.clone(), chat);
    Ok(json!({ "chatid": chatid }))
}

fn owner_of(owner: &str, userlist: &[String]) -> Result<String, Refusal> {
    let found = userlist.iter().find(|userid| userid.eq_ignore_ascii_case(owner));
    found.cloned().ok_or(Refusal::CHAT_OWNER_OUTSIDE)
}

/// `appchat/update`
pub fn update(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let mut chat = find(world, text(call, "chatid"))?.clone();
    if let Some(name) = text(call, "name") {
        chat.name = name.chars().take(MAX_NAME).collect();
    }
    if let Some(given) = call.json.get("del_user_list") {
        let gone = members(world, given)?;
        chat.userlist.retain(|userid| !gone.contains(userid));
    }
    if let Some(given) = call.json.get("add_user_list") {
        for userid in members(world, given)? {
            if !chat.userlist.contains(&userid) {
                chat.userlist.push(userid);
            }
        }
    }
    let owner = text(call, "owner").unwrap_or(&chat.owner);
    chat.owner = owner_of(owner, &chat.userlist)?;
    if !(2..=2000).contains(&chat.userlist.len()) {
        return Err(Refusal::CHAT_SIZE);
    }
    world.chats.insert(chat.chatid.clone(), chat);
    Ok(json!({}))
}

fn find<'a>(world: &'a World, chatid: Option<&str>) -> Result<&'a Chat, Refusal> {
    world.chats.get(chatid.ok_or(Refusal::CHATID_MISSING)?).ok_or(Refusal::CHAT_UNKNOWN)
}

/// `appchat/get`
pub fn get(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let chat = find(world, call.parameter("chatid"))?;
    Ok(json!({ "chat_info": {
        "chatid": chat.chatid, "name": chat.name, "owner": chat.owner, "userlist": chat.userlist, "chat_type": 0,
    } }))
}

/// `appchat/send`
pub fn send(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let chatid = find(world, text(call, "chatid"))?.chatid.clone();
    if matches!(text(call, "msgtype"), Some("template_card" | "miniprogram_notice")) {
        return Err(Refusal::MSGTYPE);
    }
    let content = content::read(world, &call.json)?;
    let at = world.now();
    if let Some(chat) = world.chats.get_mut(&chatid) {
        chat.messages.push(Said { at, content });
    }
    Ok(json!({}))
}
