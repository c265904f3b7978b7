//! Writing the directory, by the contacts-sync assistant's secret only (protocol.md §5.4 and §5.6). The app is told
//! by callback who comes into its range and leaves it; the assistant isn't told what it wrote itself.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::message::content::text;
use super::{Answer, Call, Refusal, token};
use crate::directory::{Member, Status};
use crate::school::{Department, Gender, Membership, ROOT};
use crate::world::World;

const MAX_NAME: usize = 64;
const MAX_DEPTH: usize = 15;
/// Departments a member may be in.
const MAX_DEPARTMENTS: usize = 100;
/// Members and departments right below one; WeCom counts all below it.
const MAX_NODES: usize = 30_000;
/// Members one call may delete.
const MAX_DELETED: usize = 200;

fn authorised(world: &World, call: &Call) -> Result<(), Refusal> {
    match token::authenticate(world, call)? {
        token::Secret::Contacts if world.settings.contacts_edit => Ok(()),
        token::Secret::Contacts => Err(Refusal::NO_PRIVILEGE),
        token::Secret::App => Err(Refusal::API_FORBIDDEN),
    }
}

fn number(given: &Map<String, Value>, field: &str) -> Result<Option<u32>, Refusal> {
    match given.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().and_then(|n| n.try_into().ok()).map(Some).ok_or(Refusal::PARAMETER),
    }
}

// --- departments ---

/// `department/create`
pub fn create_department(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let name = department_name(text(&call.json, "name").ok_or(Refusal::PARTY_NAME)?)?;
    let parent = number(&call.json, "parentid")?.ok_or(Refusal::PARENT_INVALID)?;
    if world.directory.department(parent).is_none() {
        return Err(Refusal::PARENT_UNKNOWN);
    }
    let id = match number(&call.json, "id")? {
        Some(id) if id <= ROOT => return Err(Refusal::PARTY_UNKNOWN),
        Some(id) if world.directory.department(id).is_some() => return Err(Refusal::PARTY_EXISTS),
        Some(id) => id,
        None => world.directory.free_department_id(),
    };
    free_name(world, parent, &name, id)?;
    if world.directory.path(parent).len() >= MAX_DEPTH {
        return Err(Refusal::PARTY_DEPTH);
    }
    let order = number(&call.json, "order")?.unwrap_or(0);
    let events =
        world.add_department(Department { id, parent, name, order }).map_err(|_| Refusal::PARTY_EXISTS)?;
    world.tell(events, token::Secret::Contacts);
    Ok(json!({ "errmsg": "created", "id": id }))
}

fn department_name(name: &str) -> Result<String, Refusal> {
    if name.chars().count() > MAX_NAME {
        return Err(Refusal::PARTY_NAME);
    }
    if name.contains(|sign| "\\:*?\"<>|｜".contains(sign)) {
        Err(Refusal::PARTY_NAME_SIGNS)
    } else {
        Ok(name.into())
    }
}

fn free_name(world: &World, parent: u32, name: &str, id: u32) -> Result<(), Refusal> {
    let taken = |sibling: &&Department| sibling.name == name && sibling.id != id;
    if world.directory.children(parent).iter().any(taken) { Err(Refusal::PARTY_EXISTS) } else { Ok(()) }
}

/// `department/update`
pub fn update_department(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let id = number(&call.json, "id")?.ok_or(Refusal::PARTY_UNKNOWN)?;
    let mut department = world.directory.department(id).ok_or(Refusal::PARTY_ID_UNKNOWN)?.clone();
    if let Some(name) = text(&call.json, "name") {
        department.name = department_name(name)?;
    }
    if let Some(parent) = number(&call.json, "parentid")?.filter(|parent| *parent != department.parent) {
        world.directory.department(parent).ok_or(Refusal::PARENT_UNKNOWN)?;
        if world.directory.subtree(id).iter().any(|below| below.id == parent) {
            return Err(Refusal::PARTY_CYCLE);
        }
        department.parent = parent;
    }
    department.order = number(&call.json, "order")?.unwrap_or(department.order);
    free_name(world, department.parent, &department.name, id)?;
    let events = world.change_department(department).map_err(|_| Refusal::PARTY_CYCLE)?;
    world.tell(events, token::Secret::Contacts);
    Ok(json!({ "errmsg": "updated" }))
}

/// `department/delete`
pub fn delete_department(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let id = call.parameter("id").and_then(|id| id.parse().ok()).ok_or(Refusal::PARTY_UNKNOWN)?;
    world.directory.department(id).ok_or(Refusal::PARTY_UNKNOWN)?;
    if id == ROOT {
        return Err(Refusal::PARTY_ROOT);
    }
    if world.directory.count_direct(id) > 0 {
        return Err(Refusal::PARTY_HAS_MEMBERS);
    }
    if !world.directory.children(id).is_empty() {
        return Err(Refusal::PARTY_HAS_PARTIES);
    }
    let events = world.remove_department(id).map_err(|_| Refusal::PARTY_UNKNOWN)?;
    world.tell(events, token::Secret::Contacts);
    Ok(json!({ "errmsg": "deleted" }))
}

// --- members ---

/// `user/create`
pub fn create_user(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let userid = text(&call.json, "userid").ok_or(Refusal::USERID_MISSING)?;
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"_.@-".contains(&byte);
    let first = userid.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !first || userid.len() > 64 || !userid.bytes().all(letters) {
        return Err(Refusal::USERID_INVALID);
    }
    if world.directory.member(userid).is_some() {
        return Err(Refusal::USERID_EXISTS);
    }
    if world.directory.members().count() >= world.settings.accounts {
        return Err(Refusal::ACCOUNTS);
    }
    if text(&call.json, "mobile").is_none() && text(&call.json, "email").is_none() {
        return Err(Refusal::MOBILE_AND_EMAIL_MISSING);
    }
    text(&call.json, "name").ok_or(Refusal::NAME_INVALID)?;
    // Invited, not yet there.
    let mut member = Member {
        userid: userid.to_owned(),
        name: String::new(),
        // Withheld from every app, so it matters to nobody.
        gender: if text(&call.json, "gender") == Some("1") { Gender::Male } else { Gender::Female },
        mobile: String::new(),
        email: String::new(),
        position: String::new(),
        memberships: vec![Membership { department: ROOT, leader: false }],
        status: Status::Inactive,
        licensed: true,
    };
    apply(world, &mut member, &call.json)?;
    let events = world.add_member(member).map_err(|_| Refusal::USERID_EXISTS)?;
    world.tell(events, token::Secret::Contacts);
    Ok(json!({ "errmsg": "created" }))
}

/// `user/update`
pub fn update_user(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let userid = text(&call.json, "userid").ok_or(Refusal::USERID_MISSING)?.to_owned();
    let mut member = world.directory.member(&userid).ok_or(Refusal::USER_UNKNOWN)?.clone();
    if text(&call.json, "new_userid").is_some() {
        // Only ids that WeCom made up may change; this school gave its own.
        return Err(Refusal::USERID_FIXED);
    }
    apply(world, &mut member, &call.json)?;
    let events = world.change_member(&userid, member).map_err(|_| Refusal::USER_UNKNOWN)?;
    world.tell(events, token::Secret::Contacts);
    Ok(json!({ "errmsg": "updated" }))
}

/// Puts what is given into a member; what is absent stays.
fn apply(world: &World, member: &mut Member, given: &Map<String, Value>) -> Result<(), Refusal> {
    if let Some(name) = text(given, "name") {
        if name.chars().count() > MAX_NAME {
            return Err(Refusal::NAME_INVALID);
        }
        member.name = name.to_owned();
    }
    // An activated member's own number stays, without a word.
    if let Some(mobile) = text(given, "mobile").filter(|_| member.status != Status::Active) {
        let signs = |sign: char| sign.is_ascii_digit() || "+- ".contains(sign);
        if mobile.len() > 32 || !mobile.chars().all(signs) {
            return Err(Refusal::MOBILE_INVALID);
        }
        let owner = world.directory.members().find(|(_, other)| other.mobile == mobile);
        if owner.is_some_and(|(_, other)| !other.userid.eq_ignore_ascii_case(&member.userid)) {
            return Err(Refusal::MOBILE_EXISTS);
        }
        member.mobile = mobile.to_owned();
    }
    if let Some(email) = text(given, "email") {
        if !(6..=64).contains(&email.len()) || !email.contains('@') {
            return Err(Refusal::EMAIL_INVALID);
        }
        let owner = world.directory.members().find(|(_, other)| other.email.eq_ignore_ascii_case(email));
        if owner.is_some_and(|(_, other)| !other.userid.eq_ignore_ascii_case(&member.userid)) {
            return Err(Refusal::EMAIL_EXISTS);
        }
        member.email = email.to_owned();
    }
    if let Some(position) = given.get("position").and_then(Value::as_str) {
        if position.chars().count() > 128 {
            return Err(Refusal::POSITION_INVALID);
        }
        member.position = position.to_owned();
    }
    if let Some(enable) = given.get("enable").and_then(Value::as_u64) {
        member.status = match (enable, member.status) {
            (0, _) => Status::Disabled,
            (_, Status::Disabled) => Status::Active,
            (_, status) => status,
        };
    }
    if let Some(departments) = given.get("department").and_then(Value::as_array) {
        member.memberships = memberships(world, departments, given)?;
    } else if given.contains_key("is_leader_in_dept") {
        let current: Vec<Value> = member.memberships.iter().map(|place| json!(place.department)).collect();
        member.memberships = memberships(world, &current, given)?;
    }
    if let Some(main) = number(given, "main_department")? {
        let at = member
            .memberships
            .iter()
            .position(|place| place.department == main)
            .ok_or(Refusal::PARTY_UNKNOWN)?;
        member.memberships[..=at].rotate_right(1);
    }
    Ok(())
}

fn memberships(
    world: &World,
    departments: &[Value],
    given: &Map<String, Value>,
) -> Result<Vec<Membership>, Refusal> {
    if departments.len() > MAX_DEPARTMENTS {
        return Err(Refusal::PARTIES_OF_USER);
    }
    let flags = |field: &str| given.get(field).and_then(Value::as_array);
    for field in ["is_leader_in_dept", "order"] {
        if flags(field).is_some_and(|flags| flags.len() != departments.len()) {
            return Err(Refusal::LEADER_LENGTH);
        }
    }
    let mut seen = BTreeSet::new();
    let mut memberships = Vec::with_capacity(departments.len());
    for (place, department) in departments.iter().enumerate() {
        let id = department.as_u64().and_then(|id| id.try_into().ok()).ok_or(Refusal::PARTY_UNKNOWN)?;
        let leader = flags("is_leader_in_dept").is_some_and(|flags| flags[place].as_u64() == Some(1));
        world.directory.department(id).ok_or(Refusal::PARTY_UNKNOWN)?;
        if world.directory.count_direct(id) >= MAX_NODES {
            return Err(Refusal::PARTY_NODES);
        }
        if seen.insert(id) {
            memberships.push(Membership { department: id, leader });
        }
    }
    if memberships.is_empty() {
        memberships.push(Membership { department: ROOT, leader: false });
    }
    Ok(memberships)
}

/// `user/delete`
pub fn delete_user(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let userid = call.parameter("userid").ok_or(Refusal::USERID_MISSING)?;
    if is_creator(world, userid) {
        return Err(Refusal::CREATOR);
    }
    let events = world.remove_member(userid).map_err(|_| Refusal::USER_UNKNOWN)?;
    world.tell(events, token::Secret::Contacts);
    Ok(json!({ "errmsg": "deleted" }))
}

/// Who made the corp; here whom the settings name.
fn is_creator(world: &World, userid: &str) -> bool {
    world.settings.creator.as_deref().is_some_and(|creator| creator.eq_ignore_ascii_case(userid))
}

/// `user/batchdelete`: all of them or none.
pub fn delete_users(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let list = call.json.get("useridlist").and_then(Value::as_array).ok_or(Refusal::USERIDS)?;
    if list.is_empty() || list.len() > MAX_DELETED {
        return Err(Refusal::USERIDS);
    }
    let userids: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    if userids.len() != list.len() || userids.iter().any(|userid| world.directory.member(userid).is_none()) {
        return Err(Refusal::USERID_LIST);
    }
    if userids.iter().any(|userid| is_creator(world, userid)) {
        return Err(Refusal::CREATOR);
    }
    for userid in userids {
        let events = world.remove_member(userid).unwrap_or_default();
        world.tell(events, token::Secret::Contacts);
    }
    Ok(json!({ "errmsg": "deleted" }))
}
