//! Tags (protocol.md §5.7). An app writes those it made; the assistant writes its own and those of administrators.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::message::content::text;
use super::token::Secret;
use super::{Answer, Call, Refusal, token};
use crate::event::Event;
use crate::world::World;

const MAX_NAME: usize = 32;
const MAX_USERS: usize = 1000;
const MAX_PARTIES: usize = 100;
const MAX_NODES: usize = 30_000;

/// A tag.
#[derive(Debug, Clone, Serialize)]
pub struct Tag {
    /// Unique.
    pub name: String,
    /// Whose secret made it.
    #[serde(skip)]
    pub owner: Secret,
    /// Lower-cased user ids.
    pub members: BTreeSet<String>,
    /// Departments with everyone below them.
    pub departments: BTreeSet<u32>,
}

/// All tags by id.
pub type Tags = BTreeMap<u32, Tag>;

fn id_of(value: Option<&Value>) -> Result<Option<u32>, Refusal> {
    match value {
        None => Ok(None),
        Some(value) => value.as_u64().and_then(|id| id.try_into().ok()).map(Some).ok_or(Refusal::TAGID),
    }
}

/// The tag that is to be written, if this secret may.
fn own(world: &World, call: &Call, id: Option<u32>) -> Result<u32, Refusal> {
    let secret = token::authenticate(world, call)?;
    let id = id.ok_or(Refusal::TAGID)?;
    let tag = world.tags.get(&id).ok_or(Refusal::TAGID)?;
    if tag.owner == secret { Ok(id) } else { Err(Refusal::TAG_FORBIDDEN) }
}

fn name(world: &World, call: &Call, own: Option<u32>) -> Result<String, Refusal> {
    let name = text(&call.json, "tagname")
        .filter(|name| name.chars().count() <= MAX_NAME)
        .ok_or(Refusal::TAG_NAME)?;
    let taken = world.tags.iter().any(|(id, tag)| tag.name == name && Some(*id) != own);
    if taken { Err(Refusal::TAG_NAME_EXISTS) } else { Ok(name.to_owned()) }
}

/// `tag/create`
pub fn create(world: &mut World, call: &Call) -> Answer {
    let owner = token::authenticate(world, call)?;
    let name = name(world, call, None)?;
    let id = match id_of(call.json.get("tagid"))? {
        Some(id) if world.tags.contains_key(&id) => return Err(Refusal::TAGID),
        Some(id) => id,
        None => world.tags.last_key_value().map_or(1, |(id, _)| id + 1),
    };
    world.tags.insert(id, Tag { name, owner, members: BTreeSet::new(), departments: BTreeSet::new() });
    Ok(json!({ "errmsg": "created", "tagid": id }))
}

/// `tag/update`
pub fn update(world: &mut World, call: &Call) -> Answer {
    let id = own(world, call, id_of(call.json.get("tagid"))?)?;
    let name = name(world, call, Some(id))?;
    if let Some(tag) = world.tags.get_mut(&id) {
        tag.name = name;
    }
    Ok(json!({ "errmsg": "updated" }))
}

/// `tag/delete`
pub fn delete(world: &mut World, call: &Call) -> Answer {
    let id = own(world, call, call.parameter("tagid").and_then(|id| id.parse().ok()))?;
    world.tags.remove(&id);
    Ok(json!({ "errmsg": "deleted" }))
}

/// `tag/list`
pub fn list(world: &mut World, call: &Call) -> Answer {
    token::authenticate(world, call)?;
    let tags: Vec<Value> =
        world.tags.iter().map(|(id, tag)| json!({ "tagid": id, "tagname": tag.name })).collect();
    Ok(json!({ "taglist": tags }))
}

/// `tag/get`: an app sees members of its range only.
pub fn get(world: &mut World, call: &Call) -> Answer {
    let secret = token::authenticate(world, call)?;
    let id = call.parameter("tagid").and_then(|id| id.parse().ok()).ok_or(Refusal::TAGID)?;
    let tag = world.tags.get::<u32>(&id).ok_or(Refusal::TAGID)?;
    let members = tag.members.iter().filter_map(|userid| world.directory.member(userid));
    let seen = members.filter(|member| secret == Secret::Contacts || world.range.reaches(member));
    let users: Vec<Value> =
        seen.map(|member| json!({ "userid": member.userid, "name": member.name })).collect();
    Ok(json!({ "tagname": tag.name, "userlist": users, "partylist": tag.departments }))
}

/// `tag/addtagusers`
pub fn add(world: &mut World, call: &Call) -> Answer {
    change(world, call, Refusal::TAG_ALL_INVALID, "ok", |tag, users, parties| {
        tag.members.extend(users.iter().cloned());
        tag.departments.extend(parties);
        ([users, &[]], [parties, &[]])
    })
}

/// `tag/deltagusers`
pub fn remove(world: &mut World, call: &Call) -> Answer {
    change(world, call, Refusal::USERID_LIST, "deleted", |tag, users, parties| {
        tag.members.retain(|userid| !users.contains(userid));
        tag.departments.retain(|id| !parties.contains(id));
        ([&[], users], [&[], parties])
    })
}

/// Who came and who went, and which departments.
type Changed<'a> = ([&'a [String]; 2], [&'a [u32]; 2]);

fn change(
    world: &mut World,
    call: &Call,
    all_invalid: Refusal,
    words: &str,
    apply: impl for<'a> FnOnce(&mut Tag, &'a [String], &'a [u32]) -> Changed<'a>,
) -> Answer {
    let writer = token::authenticate(world, call)?;
    let id = own(world, call, id_of(call.json.get("tagid"))?)?;
    let list = |field: &str| call.json.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (given_users, given_parties) = (list("userlist"), list("partylist"));
    if given_users.len() > MAX_USERS || given_parties.len() > MAX_PARTIES {
        return Err(Refusal::TAG_TOO_MANY);
    }
    if given_users.is_empty() && given_parties.is_empty() {
        return Err(Refusal::PARAMETER);
    }
    let (mut users, mut strangers) = (Vec::new(), Vec::new());
    for userid in given_users.iter().filter_map(Value::as_str) {
        match world.directory.member(userid) {
            Some(member) => users.push(member.userid.to_lowercase()),
            None => strangers.push(userid.to_lowercase()),
        }
    }
    let (mut parties, mut unknown) = (Vec::new(), Vec::new());
    for party in given_parties.iter().filter_map(Value::as_u64).filter_map(|id| u32::try_from(id).ok()) {
        if world.directory.department(party).is_some() { parties.push(party) } else { unknown.push(party) }
    }
    if users.is_empty() && parties.is_empty() {
        return Err(all_invalid);
    }
    let nodes = world.tags.get(&id).map_or(0, |tag| tag.members.len() + tag.departments.len());
    if nodes + users.len() + parties.len() > MAX_NODES {
        return Err(Refusal::TAG_NODES);
    }
    if let Some(tag) = world.tags.get_mut(&id) {
        let (users, parties) = apply(tag, &users, &parties);
        let mut events = vec![Event::update_tag(id, users, parties)];
        events.extend(world.renew_range());
        world.tell(events, writer);
    }
    let mut answer = json!({ "errmsg": words });
    if !strangers.is_empty() {
        // Joined here, a list beside it.
        answer["invalidlist"] = json!(strangers.join("|"));
    }
    if !unknown.is_empty() {
        answer["invalidparty"] = json!(unknown);
    }
    Ok(answer)
}
