//! Reading the directory (docs 90208, 95350, 95351, 90196, 90200, 90201, 96067).
//!
//! The app made after June 2022 sees names and positions in its range, and none of the sensitive fields; the
//! assistant set up after August 2022 sees ids only, of the whole corp.

use serde_json::{Value, json};

use super::token::{self, Secret};
use super::{Answer, Call, Refusal};
use crate::directory::Member;
use crate::school::Department;
use crate::world::World;

/// `department/simplelist`: for both secrets.
pub fn department_simplelist(world: &mut World, call: &Call) -> Answer {
    let all = token::authenticate(world, call)? == Secret::Contacts;
    let departments: Vec<Value> = departments(world, call, all)?
        .into_iter()
        .map(|department| json!({ "id": department.id, "parentid": department.parent, "order": department.order }))
        .collect();
    Ok(json!({ "department_id": departments }))
}

/// `department/list`
pub fn department_list(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::DETAILS_FORBIDDEN)?;
    let departments = departments(world, call, false)?;
    let departments: Vec<Value> =
        departments.into_iter().map(|department| describe(world, department)).collect();
    Ok(json!({ "department": departments }))
}

/// `department/get`
pub fn department_get(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::DETAILS_FORBIDDEN)?;
    let department = visible_department(world, call.parameter("id").ok_or(Refusal::PARAMETER_MISSING)?)?;
    Ok(json!({ "department": describe(world, department) }))
}

/// `user/get`
pub fn user_get(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::DETAILS_FORBIDDEN)?;
    let userid = call.parameter("userid").ok_or(Refusal::USERID_MISSING)?;
    let member = world.directory.member(userid).ok_or(Refusal::USER_UNKNOWN)?;
    if !world.range.has_member(member) {
        return Err(Refusal::USER_UNKNOWN);
    }
    Ok(full(world, member))
}

/// `user/list`: full objects of the direct members.
pub fn user_list(world: &mut World, call: &Call) -> Answer {
    members_of(world, call, full)
}

/// `user/simplelist`: names of the direct members.
pub fn user_simplelist(world: &mut World, call: &Call) -> Answer {
    members_of(world, call, |world, member| {
        let departments: Vec<u32> = world.range.memberships(member).map(|m| m.department).collect();
        json!({ "userid": member.userid, "name": member.name, "department": departments, "open_userid": "" })
    })
}

/// `user/list_id`: one row for each member and department, for the assistant.
pub fn user_list_id(world: &mut World, call: &Call) -> Answer {
    if token::authenticate(world, call)? == Secret::App {
        return Err(Refusal::API_FORBIDDEN);
    }
    let limit = match call.json.get("limit") {
        None => 10_000,
        Some(limit) => {
            limit.as_u64().filter(|limit| (1..=10_000).contains(limit)).ok_or(Refusal::PARAMETER)? as usize
        }
    };
    // The cursor says which row comes next: a lower-cased user id and which of their departments.
    let (start, skip) = match call.json.get("cursor").and_then(Value::as_str).unwrap_or_default() {
        "" => (String::new(), 0),
        cursor => read_cursor(cursor).ok_or(Refusal::CURSOR)?,
    };
    let mut rows = Vec::with_capacity(limit.min(world.directory.members().count()));
    let mut next_cursor = String::new();
    'rows: for (key, member) in world.directory.members_from(&start) {
        let skip = if key == start { skip } else { 0 };
        for (place, membership) in member.memberships.iter().enumerate().skip(skip) {
            if rows.len() == limit {
                next_cursor = write_cursor(key, place);
                break 'rows;
            }
            rows.push(json!({ "userid": member.userid, "department": membership.department }));
        }
    }
    Ok(json!({ "next_cursor": next_cursor, "dept_user": rows }))
}

fn write_cursor(userid: &str, place: usize) -> String {
    hex::encode(format!("{place} {userid}"))
}

fn read_cursor(cursor: &str) -> Option<(String, usize)> {
    let text = String::from_utf8(hex::decode(cursor).ok()?).ok()?;
    let (place, userid) = text.split_once(' ')?;
    Some((userid.to_owned(), place.parse().ok()?))
}

/// The departments asked for: a subtree, or everything visible.
fn departments<'a>(world: &'a World, call: &Call, all: bool) -> Result<Vec<&'a Department>, Refusal> {
    let visible = |department: &&Department| all || world.range.has(department.id);
    let found = match call.parameter("id") {
        Some(id) => {
            let id: u32 = id.parse().map_err(|_| Refusal::PARTY_UNKNOWN)?;
            world.directory.department(id).ok_or(Refusal::PARTY_UNKNOWN)?;
            let found: Vec<_> = world.directory.subtree(id).into_iter().filter(visible).collect();
            if found.is_empty() {
                return Err(Refusal::NO_PRIVILEGE);
            }
            found
        }
        None => world.directory.subtree(crate::school::ROOT).into_iter().filter(visible).collect(),
    };
    Ok(found)
}

fn visible_department<'a>(world: &'a World, id: &str) -> Result<&'a Department, Refusal> {
    let id: u32 = id.parse().map_err(|_| Refusal::PARTY_UNKNOWN)?;
    let department = world.directory.department(id).ok_or(Refusal::PARTY_UNKNOWN)?;
    if world.range.has(id) { Ok(department) } else { Err(Refusal::NO_PRIVILEGE) }
}

fn members_of(world: &World, call: &Call, describe: impl Fn(&World, &Member) -> Value) -> Answer {
    token::of_app(world, call, Refusal::DETAILS_FORBIDDEN)?;
    let id = call.parameter("department_id").ok_or(Refusal::PARAMETER_MISSING)?;
    let department = visible_department(world, id)?;
    let members: Vec<Value> =
        world.directory.direct_members(department.id).map(|member| describe(world, member)).collect();
    Ok(json!({ "userlist": members }))
}

pub(super) fn describe(world: &World, department: &Department) -> Value {
    let leads = |member: &&Member| {
        member
            .memberships
            .iter()
            .any(|membership| membership.department == department.id && membership.leader)
    };
    let leaders: Vec<&str> = world
        .directory
        .direct_members(department.id)
        .filter(leads)
        .map(|member| member.userid.as_str())
        .collect();
    json!({
        "id": department.id,
        "name": department.name,
        "name_en": "",
        "department_leader": leaders,
        "parentid": department.parent,
        "order": department.order,
    })
}

/// What an app made after June 2022 isn't given.
const WITHHELD: [&str; 4] = ["gender", "mobile", "email", "biz_mail"];

/// A member as an app made after June 2022 sees them. What is withheld is empty or absent, as WeCom does both;
/// the last few fields are old ones that still come.
pub(super) fn full(world: &World, member: &Member) -> Value {
    let memberships: Vec<_> = world.range.memberships(member).collect();
    let mut fields = json!({
        "userid": member.userid,
        "name": member.name,
        "department": memberships.iter().map(|membership| membership.department).collect::<Vec<_>>(),
        "order": vec![0; memberships.len()],
        "is_leader_in_dept": memberships.iter().map(|m| u8::from(m.leader)).collect::<Vec<_>>(),
        "main_department": memberships.first().map(|membership| membership.department),
        "position": member.position,
        "status": u8::from(member.status),
        "direct_leader": [],
        "telephone": "",
        "alias": "",
        "external_position": "",
        "extattr": { "attrs": [] },
        "gender": "0",
        "mobile": "",
        "email": "",
        "biz_mail": "",
        "open_userid": "",
        "english_name": "",
        "enable": u8::from(member.status.is_present()),
        "isleader": u8::from(memberships.iter().any(|membership| membership.leader)),
        "hide_mobile": 0,
    });
    if let Some(fields) = fields.as_object_mut().filter(|_| world.settings.unconfirmed.withheld_absent) {
        fields.retain(|name, _| !WITHHELD.contains(&name.as_str()));
    }
    fields
}
