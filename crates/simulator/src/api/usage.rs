//! How the platform is used (platform figures): active members, operation logs, meetings started. The figures are
//! invented anew from the directory and the date each time, so that they are always the same.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::message::content::text;
use super::token::Secret;
use super::{Answer, Call, Refusal, token};
use crate::school::Platform;
use crate::world::World;

pub(super) const DAY: i64 = 86_400;
/// China has one time and no summer time.
pub(super) const ZONE: i32 = 8 * 3600;

/// An app's token, and the product open to it in the console (可调用接口的应用).
pub(super) fn authorised(world: &World, call: &Call, product: &str) -> Result<(), Refusal> {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    if world.settings.closed_products.contains(product) { Err(Refusal::API_FORBIDDEN) } else { Ok(()) }
}

/// A number that looks like chance and never changes.
pub(crate) fn chance(of: &str, below: u64) -> u64 {
    let mixed = of
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (mixed >> 17) % below.max(1)
}

fn today(now: DateTime<Utc>) -> NaiveDate {
    FixedOffset::east_opt(ZONE).map_or_else(|| now.date_naive(), |zone| now.with_timezone(&zone).date_naive())
}

/// `user/get_active_stat`: one number for the whole corp, at most 30 days back.
pub fn active(world: &mut World, call: &Call) -> Answer {
    if token::authenticate(world, call)? != Secret::Contacts {
        return Err(Refusal::API_FORBIDDEN);
    }
    let day =
        text(&call.json, "date").and_then(|day| day.parse::<NaiveDate>().ok()).ok_or(Refusal::PARAMETER)?;
    let today = today(world.now());
    if day > today || day < today - Days::new(30) {
        return Err(Refusal::PARAMETER);
    }
    let members = world.directory.members().filter(|(_, member)| member.status.is_present());
    let there = members.filter(|(userid, _)| chance(&format!("{day} {userid}"), 100) < 93).count();
    Ok(json!({ "active_cnt": there }))
}

/// A stretch of time that a call asks for.
pub(super) struct Stretch {
    /// Unix seconds.
    pub(super) from: i64,
    /// Unix seconds, not in it.
    pub(super) to: i64,
}

pub(super) fn stretch(
    call: &Call,
    from: &str,
    longest: i64,
    now: DateTime<Utc>,
    back: Option<i64>,
) -> Result<Stretch, Refusal> {
    let number = |field: &str| call.json.get(field).and_then(Value::as_i64).ok_or(Refusal::PARAMETER);
    let (from, to) = (number(from)?, number("end_time")?);
    let too_old = back.is_some_and(|days| from < (now - TimeDelta::days(days)).timestamp());
    if from >= to || to - from > longest * DAY || too_old {
        Err(Refusal::PARAMETER)
    } else {
        Ok(Stretch { from, to })
    }
}

/// One page, and whether there is more. What the app may not see is left out after the page was cut: it may be short.
pub(super) fn page(
    call: &Call,
    rows: Vec<Value>,
    most: usize,
    usual: usize,
    visible: impl Fn(&Value) -> bool,
) -> Result<Value, Refusal> {
    let limit = match call.json.get("limit") {
        None => usual,
        Some(limit) => {
            let limit = limit.as_u64().and_then(|limit| usize::try_from(limit).ok());
            limit.filter(|limit| (1..=most).contains(limit)).ok_or(Refusal::PARAMETER)?
        }
    };
    let from: usize = match text(&call.json, "cursor") {
        None => 0,
        Some(cursor) => cursor.strip_prefix('c').and_then(|at| at.parse().ok()).ok_or(Refusal::PARAMETER)?,
    };
    let more = rows.len() > from + limit;
    let shown: Vec<Value> = rows.into_iter().skip(from).take(limit).filter(visible).collect();
    let mut answer = json!({ "has_more": more, "rows": shown });
    if more {
        answer["next_cursor"] = json!(format!("c{}", from + limit));
    }
    Ok(answer)
}

pub(super) fn named(mut answer: Value, name: &str) -> Value {
    let rows = answer["rows"].take();
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("rows");
        fields.insert(name.into(), rows);
    }
    answer
}

/// A day in China, counted from 1970.
fn day_of(time: i64) -> i64 {
    (time + i64::from(ZONE)).div_euclid(DAY)
}

/// What happened to some members each day of a stretch: (time, user id).
pub(super) fn happened(world: &World, what: &str, a_day: u64, stretch: &Stretch) -> Vec<(i64, String)> {
    counted(world, what, stretch, |day| a_day / 2 + chance(&format!("{what} {day}"), a_day))
}

/// … so many a day.
fn counted(world: &World, what: &str, stretch: &Stretch, of_day: impl Fn(i64) -> u64) -> Vec<(i64, String)> {
    let members: Vec<&str> = world.directory.members().map(|(_, member)| member.userid.as_str()).collect();
    let mut all = Vec::new();
    for day in day_of(stretch.from)..=day_of(stretch.to) {
        for n in 0..of_day(day) {
            let seed = format!("{what} {day} {n}");
            let time = day * DAY - i64::from(ZONE)
                + i64::try_from(chance(&seed, DAY.unsigned_abs())).unwrap_or_default();
            let at =
                usize::try_from(chance(&format!("{seed} who"), members.len() as u64)).unwrap_or_default();
            if let Some(userid) = members.get(at).filter(|_| (stretch.from..stretch.to).contains(&time)) {
                all.push((time, (*userid).to_owned()));
            }
        }
    }
    all.sort();
    all
}

/// Contacts outside that are added on a day: any 180 days have as many as the school's description says.
fn contacts_of(platform: &Platform, day: i64) -> u64 {
    let (each, more) = (platform.contacts_in_180_days / 180, platform.contacts_in_180_days % 180);
    each + u64::from(day.rem_euclid(180).unsigned_abs() < more)
}

/// Meetings of a day: any fortnight has the most and the least once.
fn meetings_of(platform: &Platform, day: i64) -> u64 {
    match day.rem_euclid(14) {
        3 => platform.meetings_most,
        10 => platform.meetings_least,
        _ => between(platform.meetings_least, platform.meetings_most, &format!("meetings {day}")),
    }
}

/// A number between two, neither of them.
fn between(least: u64, most: u64, seed: &str) -> u64 {
    least + 1 + chance(seed, most.saturating_sub(least + 1))
}

/// What the console alone shows of a day: meetings, who came to them, uses of the drive.
pub(crate) fn console_figures(platform: &Platform, day: NaiveDate) -> [u64; 3] {
    let day = day.signed_duration_since(NaiveDate::default()).num_days();
    let meetings = meetings_of(platform, day);
    let attendees = match meetings {
        meetings if meetings == platform.meetings_most => platform.attendees_most,
        meetings if meetings == platform.meetings_least => platform.attendees_least,
        _ => between(platform.attendees_least, platform.attendees_most, &format!("attendees {day}")),
    };
    let uses = match day.rem_euclid(14) {
        3 => platform.drive_uses_most,
        _ => between(0, platform.drive_uses_most, &format!("drive {day}")),
    };
    [meetings, attendees, uses]
}

pub(super) fn seen(world: &World, row: &Value) -> bool {
    let member = row["userid"].as_str().and_then(|userid| world.directory.member(userid));
    member.is_some_and(|member| world.range.memberships(member).next().is_some())
}

/// `security/member_oper_log/list`
pub fn member_operations(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "usage")?;
    let stretch = stretch(call, "start_time", 7, world.now(), Some(180))?;
    let wanted = call.json.get("oper_type").and_then(Value::as_u64);
    let invented = happened(world, "member", 30, &stretch).into_iter().map(|(time, userid)| {
        // Who adds whom stands in the description of a school that has one.
        let types = if world.spec.platform.is_some() { [2, 4, 4, 4, 8, 8] } else { [1, 1, 1, 2, 4, 8] };
        (
            time,
            userid.clone(),
            types[usize::try_from(chance(&format!("{time} {userid}"), 6)).unwrap_or_default()],
        )
    });
    let mut operations: Vec<(i64, String, u64)> = invented.collect();
    if let Some(platform) = &world.spec.platform {
        let added = counted(world, "contact", &stretch, |day| contacts_of(platform, day));
        operations.extend(added.into_iter().map(|(time, userid)| (time, userid, 1)));
        operations.sort();
    }
    let rows = operations.into_iter().map(|(time, userid, kind)| {
        let words = if kind <= 2 { "姓名：校外联系人" } else { "设备：手机" };
        json!({ "time": time, "userid": userid, "oper_type": kind, "detail_info": words, "ip": "203.0.113.*" })
    });
    let rows = rows.filter(|row| wanted.is_none_or(|kind| row["oper_type"].as_u64() == Some(kind))).collect();
    Ok(named(page(call, rows, 400, 400, |row| seen(world, row))?, "record_list"))
}

/// `security/admin_oper_log/list`: all of them, whatever the range.
pub fn admin_operations(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "usage")?;
    let stretch = stretch(call, "start_time", 7, world.now(), Some(180))?;
    let rows = happened(world, "admin", 3, &stretch).into_iter().map(|(time, userid)| {
        json!({ "time": time, "userid": userid, "oper_type": 3, "detail_type": 1, "detail_info": "成员与部门变更", "ip": "203.0.113.7" })
    });
    Ok(named(page(call, rows.collect(), 400, 400, |_| true)?, "record_list"))
}

/// `meeting/statistics/get_start_list`: newest first, the end not in it.
pub fn meeting_starts(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "meeting")?;
    let stretch = stretch(call, "begin_time", 30, world.now(), None)?;
    let failed = match call.json.get("type").and_then(Value::as_u64) {
        Some(1) => false,
        Some(2) => true,
        _ => return Err(Refusal::PARAMETER),
    };
    let mut rows: Vec<Value> = if failed {
        Vec::new()
    } else {
        let started = match &world.spec.platform {
            Some(platform) => counted(world, "meeting", &stretch, |day| meetings_of(platform, day)),
            None => happened(world, "meeting", 40, &stretch),
        };
        started.into_iter().map(|(time, userid)| json!({ "userid": userid, "start_time": time })).collect()
    };
    rows.reverse();
    Ok(named(page(call, rows, 1000, 200, |row| seen(world, row))?, "meeting_list"))
}

/// `security/get_file_oper_record`
pub fn file_operations(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "files")?;
    let stretch = stretch(call, "start_time", 14, world.now(), None)?;
    let list = call.json.get("userid_list").and_then(Value::as_array);
    if list.is_some_and(|list| list.len() > 100) {
        return Err(Refusal::PARAMETER);
    }
    let asked = |userid: &str| list.is_none_or(|list| list.iter().any(|one| one.as_str() == Some(userid)));
    let rows = happened(world, "file", 20, &stretch).into_iter().filter(|(_, userid)| asked(userid));
    let rows = rows.map(|(time, userid)| {
        let kind = if chance(&format!("{time}"), 2) == 0 { 101 } else { 103 };
        json!({
            "time": time, "userid": userid, "operation": { "type": kind, "source": 401 }, "file_info": "资料.xlsx",
            "file_size": 40_584, "file_md5": "", "device_type": 1, "device_code": "",
        })
    });
    Ok(named(page(call, rows.collect(), 1000, 1000, |row| seen(world, row))?, "record_list"))
}
