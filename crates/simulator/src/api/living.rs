//! Live teaching the app books (platform-data.md §3). An app sees its own alone.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::message::content::text;
use super::usage::{authorised, chance, named, page};
use super::{Answer, Call, Refusal};
use crate::random;
use crate::world::World;

const PAGE: usize = 100;

/// Lives by id.
pub type Livings = BTreeMap<String, Living>;

/// A live.
#[derive(Debug, Clone)]
pub struct Living {
    anchor: String,
    department: u32,
    theme: String,
    description: String,
    start: i64,
    length: i64,
    kind: u64,
    cancelled: bool,
}

impl Living {
    fn status(&self, now: DateTime<Utc>) -> u8 {
        match now.timestamp() - self.start {
            _ if self.cancelled => 4,
            ..0 => 0,
            late if late < self.length => 1,
            _ => 2,
        }
    }

    /// Members of the anchor's department watch, four of five.
    fn viewers(&self, world: &World, id: &str) -> Vec<(String, i64)> {
        if self.status(world.now()) == 0 || self.cancelled {
            return Vec::new();
        }
        let there = (world.now().timestamp() - self.start).min(self.length);
        let members = world.directory.direct_members(self.department);
        let others = members.filter(|member| member.userid != self.anchor && world.range.reaches(member));
        let watched = others.filter(|member| chance(&format!("{id} {}", member.userid), 5) < 4);
        watched.map(|member| (member.userid.clone(), there)).collect()
    }
}

fn own<'a>(world: &'a World, call: &Call, id: Option<&'a str>) -> Result<(&'a str, &'a Living), Refusal> {
    authorised(world, call, "living")?;
    let id = id.ok_or(Refusal::PARAMETER)?;
    Ok((id, world.livings.get(id).ok_or(Refusal::PARAMETER)?))
}

/// `living/create`
pub fn create(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "living")?;
    let anchor = text(&call.json, "anchor_userid").ok_or(Refusal::USERID_MISSING)?;
    let anchor = world.directory.member(anchor).ok_or(Refusal::USER_UNKNOWN)?;
    let place = world.range.memberships(anchor).next().ok_or(Refusal::NO_PRIVILEGE)?;
    let theme = text(&call.json, "theme").filter(|theme| theme.chars().count() <= 20);
    let number = |field: &str| call.json.get(field).and_then(Value::as_i64).ok_or(Refusal::PARAMETER);
    let (start, length) = (number("living_start")?, number("living_duration")?);
    if start <= world.now().timestamp() || length <= 0 {
        return Err(Refusal::PARAMETER);
    }
    let living = Living {
        anchor: anchor.userid.clone(),
        department: place.department,
        theme: theme.ok_or(Refusal::TITLE_MISSING)?.to_owned(),
        description: text(&call.json, "description").unwrap_or_default().to_owned(),
        start,
        length,
        kind: call.json.get("type").and_then(Value::as_u64).unwrap_or(0),
        cancelled: false,
    };
    let id = format!("lv{}", random::text(28));
    world.livings.insert(id.clone(), living);
    Ok(json!({ "livingid": id }))
}

/// `living/modify`: before it begins.
pub fn modify(world: &mut World, call: &Call) -> Answer {
    let (id, living) = own(world, call, text(&call.json, "livingid"))?;
    if living.status(world.now()) != 0 {
        return Err(Refusal::PARAMETER);
    }
    let (id, mut changed) = (id.to_owned(), living.clone());
    let number = |field: &str| call.json.get(field).and_then(Value::as_i64);
    changed.start = number("living_start").unwrap_or(changed.start);
    changed.length = number("living_duration").unwrap_or(changed.length);
    if changed.start <= world.now().timestamp() || changed.length <= 0 {
        return Err(Refusal::PARAMETER);
    }
    if let Some(theme) = text(&call.json, "theme") {
        changed.theme = theme.to_owned();
    }
    world.livings.insert(id, changed);
    Ok(json!({}))
}

/// `living/delete_replay_data`: once it is over.
pub fn delete_replay(world: &mut World, call: &Call) -> Answer {
    let (_, living) = own(world, call, text(&call.json, "livingid"))?;
    if living.status(world.now()) == 2 { Ok(json!({})) } else { Err(Refusal::PARAMETER) }
}

/// `living/cancel`: before it begins.
pub fn cancel(world: &mut World, call: &Call) -> Answer {
    let (id, living) = own(world, call, text(&call.json, "livingid"))?;
    if living.status(world.now()) != 0 {
        return Err(Refusal::PARAMETER);
    }
    let id = id.to_owned();
    if let Some(living) = world.livings.get_mut(&id) {
        living.cancelled = true;
    }
    Ok(json!({}))
}

/// `living/get_user_all_livingid`
pub fn ids(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "living")?;
    let userid = text(&call.json, "userid").ok_or(Refusal::USERID_MISSING)?;
    let own = world.livings.iter().filter(|(_, living)| living.anchor.eq_ignore_ascii_case(userid));
    let rows = own.map(|(id, _)| json!(id)).collect();
    let mut answer = named(page(call, rows, PAGE, PAGE, |_| true)?, "livingid_list");
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("has_more");
        fields.entry("next_cursor").or_insert(json!(""));
    }
    Ok(answer)
}

/// `living/get_living_info`
pub fn info(world: &mut World, call: &Call) -> Answer {
    let (id, living) = own(world, call, call.parameter("livingid"))?;
    let viewers = living.viewers(world, id);
    Ok(json!({ "living_info": {
        "theme": living.theme,
        "living_start": living.start,
        "living_duration": living.length,
        "status": living.status(world.now()),
        "reserve_start": living.start,
        "reserve_living_duration": living.length,
        "description": living.description,
        "anchor_userid": living.anchor,
        "main_department": living.department,
        "viewer_num": viewers.len(),
        "comment_num": viewers.len() / 7,
        "mic_num": viewers.len() / 20,
        "open_replay": 0,
        "type": living.kind,
        "push_stream_url": "",
        "online_count": 0,
        "subscribe_count": 0,
    } }))
}

/// `living/get_watch_stat`: paged by key until `ending`.
pub fn watched(world: &mut World, call: &Call) -> Answer {
    let (id, living) = own(world, call, text(&call.json, "livingid"))?;
    let from: usize = match text(&call.json, "next_key") {
        None | Some("0") => 0,
        Some(key) => key.strip_prefix('k').and_then(|at| at.parse().ok()).ok_or(Refusal::PARAMETER)?,
    };
    let viewers = living.viewers(world, id);
    let ending = viewers.len() <= from + PAGE;
    let users: Vec<Value> = viewers
        .iter()
        .skip(from)
        .take(PAGE)
        .map(|(userid, seconds)| {
            json!({
                "userid": userid, "watch_time": seconds, "is_comment": chance(userid, 7) / 6, "is_mic": 0,
                "invitor_userid": "", "invitor_external_userid": "",
            })
        })
        .collect();
    let mut answer =
        json!({ "ending": u8::from(ending), "stat_info": { "users": users, "external_users": [] } });
    if !ending {
        answer["next_key"] = json!(format!("k{}", from + PAGE));
    }
    Ok(answer)
}
