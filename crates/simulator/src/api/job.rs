//! Many at once (protocol.md §5.8): imports of uploaded tables, encrypted exports, invitations.
//!
//! A job is done the moment it is begun, but the first question about it hears that it is under way, so that nobody relies on it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use wecom::crypto::FileKey;

use super::message::content::text;
use super::token::Secret;
use super::write::{create_user, update_user};
use super::{Answer, Call, Refusal, contacts, token};
use crate::event::Event;
use crate::random;
use crate::school::{Department, ROOT};
use crate::world::World;

/// Imports WeCom remembers.
const KEPT: usize = 5;

/// Imports and exports.
#[derive(Debug, Default)]
pub struct Jobs {
    imports: Vec<Import>,
    exports: BTreeMap<String, Vec<u8>>,
    asked: BTreeSet<String>,
}

impl Jobs {
    /// An export's file, encrypted.
    pub fn file(&self, id: &str) -> Option<Vec<u8>> {
        self.exports.get(id).cloned()
    }
}

#[derive(Debug)]
struct Import {
    id: String,
    kind: &'static str,
    rows: Vec<Value>,
}

fn contacts_only(world: &World, call: &Call) -> Result<(), Refusal> {
    if token::authenticate(world, call)? != Secret::Contacts {
        return Err(Refusal::API_FORBIDDEN);
    }
    if world.settings.contacts_edit { Ok(()) } else { Err(Refusal::NO_PRIVILEGE) }
}

/// The table's rows: by the names in its head.
fn table(world: &World, call: &Call) -> Result<Vec<BTreeMap<String, String>>, Refusal> {
    let id = text(&call.json, "media_id").ok_or(Refusal::MEDIA_ID_MISSING)?;
    let file =
        world.media.get(id, world.now()).filter(|media| media.kind == "file").ok_or(Refusal::MEDIA_ID)?;
    let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.bytes);
    csv::Reader::from_reader(bytes).deserialize().collect::<Result<_, _>>().map_err(|_| Refusal::PARAMETER)
}

fn finish(world: &mut World, kind: &'static str, rows: Vec<Value>) -> Answer {
    let id = random::text(32);
    world.jobs.imports.push(Import { id: id.clone(), kind, rows });
    let surplus = world.jobs.imports.len().saturating_sub(KEPT);
    world.jobs.imports.drain(..surplus);
    let event = Event::batch_job(&id, kind);
    world.tell(vec![event], Secret::App);
    Ok(json!({ "jobid": id }))
}

/// `batch/syncuser` and `batch/replaceuser`
fn members(world: &mut World, call: &Call, replace: bool) -> Answer {
    contacts_only(world, call)?;
    let table = table(world, call)?;
    let named: BTreeSet<String> =
        table.iter().filter_map(|row| row.get("帐号")).map(|userid| userid.to_lowercase()).collect();
    if named.len() != table.len() {
        return Err(Refusal::IMPORT_USERID);
    }
    let others: Vec<String> =
        world.directory.members().map(|(key, _)| key.to_owned()).filter(|key| !named.contains(key)).collect();
    if replace {
        // Nobody empties a corp by mistake.
        let (all, gone) = (world.directory.members().count(), others.len());
        if (gone > 50 && gone * 5 > all) || (gone <= 50 && gone * 5 > all * 4) {
            return Err(Refusal::DELETES_TOO_MANY);
        }
    }
    let mut rows = Vec::with_capacity(table.len());
    for row in table {
        let field = |name: &str| row.get(name).filter(|value| !value.is_empty());
        let userid = field("帐号").cloned().unwrap_or_default();
        let mut json = serde_json::Map::new();
        json.insert("userid".into(), json!(userid));
        for (column, name) in
            [("姓名", "name"), ("手机号", "mobile"), ("邮箱", "email"), ("职位", "position")]
        {
            if let Some(value) = field(column) {
                json.insert(name.into(), json!(value));
            }
        }
        if let Some(list) = field("所在部门") {
            let ids: Vec<u64> = list.split(';').filter_map(|id| id.trim().parse().ok()).collect();
            json.insert("department".into(), json!(ids));
        }
        let known = world.directory.member(&userid).is_some();
        let change = Call { json, ..call.clone() };
        let done = if known { update_user(world, &change) } else { create_user(world, &change) };
        let (code, words) = done.map_or_else(|refusal| (refusal.code, refusal.reason), |_| (0, "ok"));
        rows.push(json!({ "userid": userid, "errcode": code, "errmsg": words }));
    }
    if replace {
        for userid in others {
            let events = world.remove_member(&userid).unwrap_or_default();
            world.tell(events, Secret::Contacts);
        }
    }
    finish(world, if replace { "replace_user" } else { "sync_user" }, rows)
}

/// `batch/syncuser`
pub fn update_members(world: &mut World, call: &Call) -> Answer {
    members(world, call, false)
}

/// `batch/replaceuser`
pub fn replace_members(world: &mut World, call: &Call) -> Answer {
    members(world, call, true)
}

/// `batch/replaceparty`: departments not in the table go once nobody is in them.
pub fn replace_departments(world: &mut World, call: &Call) -> Answer {
    contacts_only(world, call)?;
    let mut rows = Vec::new();
    let mut named = BTreeSet::from([ROOT]);
    for row in table(world, call)? {
        let number = |name: &str| row.get(name).and_then(|value| value.trim().parse::<u32>().ok());
        let id = number("部门ID").ok_or(Refusal::IMPORT_TREE)?;
        let given = Department {
            id,
            parent: number("父部门ID").unwrap_or(if id == ROOT { 0 } else { ROOT }),
            name: row.get("部门名称").cloned().unwrap_or_default(),
            order: number("排序").unwrap_or(0),
        };
        if id != ROOT && !named.insert(id) {
            return Err(Refusal::IMPORT_PARTYID);
        }
        let before = world.directory.department(id).cloned();
        let action = match &before {
            None => 1,
            Some(before) => {
                u8::from(before.name != given.name) * 2
                    + u8::from(before.parent != given.parent) * 4
                    + u8::from(before.order != given.order) * 8
            }
        };
        let done =
            if before.is_none() { world.add_department(given) } else { world.change_department(given) };
        let failed = done.is_err();
        world.tell(done.unwrap_or_default(), Secret::Contacts);
        let (code, words) = if failed { (302_004, "invalid organisation tree") } else { (0, "ok") };
        rows.push(json!({ "action": action, "partyid": id, "errcode": code, "errmsg": words }));
    }
    // From the leaves up; who still has members stays.
    let others: Vec<u32> =
        world.directory.subtree(ROOT).iter().map(|department| department.id).rev().collect();
    for id in others.into_iter().filter(|id| !named.contains(id)) {
        let events = world.remove_department(id).unwrap_or_default();
        world.tell(events, Secret::Contacts);
    }
    finish(world, "replace_party", rows)
}

/// `batch/getresult`
pub fn import_state(world: &mut World, call: &Call) -> Answer {
    contacts_only(world, call)?;
    let id = call.parameter("jobid").ok_or(Refusal::JOBID)?;
    let first = world.jobs.asked.insert(id.to_owned());
    let job = world.jobs.imports.iter().find(|job| job.id == id).ok_or(Refusal::JOBID)?;
    let total = job.rows.len();
    if first {
        return Ok(json!({ "status": 2, "type": job.kind, "total": total, "percentage": 50, "result": [] }));
    }
    Ok(json!({ "status": 3, "type": job.kind, "total": total, "percentage": 100, "result": job.rows }))
}

/// `batch/invite`
pub fn invite(world: &mut World, call: &Call) -> Answer {
    token::authenticate(world, call)?;
    let list = |field: &str| call.json.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (users, parties, tags) = (list("user"), list("party"), list("tag"));
    if users.is_empty() && parties.is_empty() && tags.is_empty() {
        return Err(Refusal::PARAMETER);
    }
    if users.len() > 1000 || parties.len() > 100 || tags.len() > 100 {
        return Err(Refusal::TOO_MANY_ITEMS);
    }
    let number = |value: &&Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    let user = |value: &&Value| value.as_str().is_none_or(|id| world.directory.member(id).is_none());
    let party = |value: &&Value| number(value).is_none_or(|id| world.directory.department(id).is_none());
    let tag = |value: &&Value| number(value).is_none_or(|id| !world.tags.contains_key(&id));
    Ok(json!({
        "invaliduser": users.iter().filter(user).collect::<Vec<_>>(),
        "invalidparty": parties.iter().filter(party).collect::<Vec<_>>(),
        "invalidtag": tags.iter().filter(tag).collect::<Vec<_>>(),
    }))
}

/// `corp/get_join_qrcode`
pub fn join_qrcode(world: &mut World, call: &Call) -> Answer {
    if token::authenticate(world, call)? != Secret::Contacts {
        return Err(Refusal::API_FORBIDDEN);
    }
    let size = call.parameter("size_type").unwrap_or("1");
    if !["1", "2", "3", "4"].contains(&size) {
        return Err(Refusal::PARAMETER);
    }
    Ok(json!({ "join_qrcode": format!("https://wework.qpic.cn/wwpic/join_{size}/0") }))
}

/// `export/simple_user`
pub fn export_simple_members(world: &mut World, call: &Call) -> Answer {
    export(world, call, "userlist", |world, _| {
        Ok(visible(world, |m| json!({ "userid": m.userid, "name": m.name })))
    })
}

/// `export/user`
pub fn export_members(world: &mut World, call: &Call) -> Answer {
    export(world, call, "userlist", |world, _| Ok(visible(world, |member| contacts::full(world, member))))
}

/// `export/department`
pub fn export_departments(world: &mut World, call: &Call) -> Answer {
    export(world, call, "department", |world, _| {
        let all =
            world.directory.subtree(ROOT).into_iter().filter(|department| world.range.has(department.id));
        Ok(all.map(|department| contacts::describe(world, department)).collect())
    })
}

/// `export/taguser`
pub fn export_tagged(world: &mut World, call: &Call) -> Answer {
    export(world, call, "userlist", |world, call| {
        let id = call.json.get("tagid").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let tag = id.and_then(|id| world.tags.get(&id)).ok_or(Refusal::TAGID)?;
        Ok(visible(world, |member| json!({ "userid": member.userid, "name": member.name }))
            .into_iter()
            .filter(|row| row["userid"].as_str().is_some_and(|id| tag.members.contains(&id.to_lowercase())))
            .collect())
    })
}

fn visible(world: &World, describe: impl Fn(&crate::directory::Member) -> Value) -> Vec<Value> {
    let members = world.directory.members().map(|(_, member)| member);
    members.filter(|member| world.range.memberships(member).next().is_some()).map(describe).collect()
}

fn export(
    world: &mut World,
    call: &Call,
    name: &str,
    rows: impl Fn(&World, &Call) -> Result<Vec<Value>, Refusal>,
) -> Answer {
    token::of_app(world, call, Refusal::DETAILS_FORBIDDEN)?;
    let key = text(&call.json, "encoding_aeskey")
        .and_then(|key| FileKey::new(key).ok())
        .ok_or(Refusal::PARAMETER)?;
    let block = call.json.get("block_size").and_then(Value::as_u64).unwrap_or(1_000_000);
    if !(10_000..=1_000_000).contains(&block) {
        return Err(Refusal::PARAMETER);
    }
    let rows = rows(world, call)?;
    let id = random::text(32);
    let plain = json!({ "errcode": 0, "errmsg": "ok", name: rows }).to_string();
    world.jobs.exports.insert(id.clone(), key.seal(plain.as_bytes()));
    Ok(json!({ "jobid": id }))
}

/// `export/get_result`
pub fn export_state(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::DETAILS_FORBIDDEN)?;
    let id = call.parameter("jobid").ok_or(Refusal::JOBID)?;
    let file = world.jobs.exports.get(id).ok_or(Refusal::JOBID)?;
    if world.jobs.asked.insert(id.to_owned()) {
        return Ok(json!({ "status": 1, "data_list": [] }));
    }
    let url = format!("http://{}/exports/{}/{id}", call.host, world.spec.corp.id);
    Ok(json!({ "status": 2, "data_list": [{ "url": url, "size": file.len(), "md5": md5(file) }] }))
}

/// What stands in the place of a hash: the simulator has no MD5, and who fetches over HTTP needs none.
fn md5(file: &[u8]) -> String {
    let sum = file.iter().fold(0_u128, |sum, byte| sum.wrapping_mul(1_000_003) ^ u128::from(*byte));
    format!("{sum:032x}")
}
