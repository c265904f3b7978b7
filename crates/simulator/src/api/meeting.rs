//! Meetings the app books (platform-data.md §2). An app sees its own alone.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::message::content::text;
use super::usage::{authorised, chance, named, page, stretch};
use super::{Answer, Call, Refusal};
use crate::random;
use crate::world::World;

/// Meetings by id.
pub type Meetings = BTreeMap<String, Meeting>;

/// A meeting.
#[derive(Debug, Clone)]
pub struct Meeting {
    code: String,
    host: String,
    title: String,
    start: i64,
    length: i64,
    description: String,
    location: String,
    invitees: Vec<String>,
    cancelled: bool,
}

impl Meeting {
    fn status(&self, now: DateTime<Utc>) -> u8 {
        match now.timestamp() - self.start {
            _ if self.cancelled => 4,
            ..0 => 1,
            late if late < self.length => 2,
            _ => 3,
        }
    }

    /// When somebody came and went, if they did: nine of ten do.
    fn came(&self, userid: &str, now: DateTime<Utc>) -> Option<(i64, i64)> {
        let late = i64::try_from(chance(&format!("{} {userid} late", self.code), 300)).unwrap_or_default();
        let there = self.status(now) >= 2 && !self.cancelled;
        (there && chance(&format!("{} {userid}", self.code), 10) < 9)
            .then_some((self.start + late, (self.start + self.length).min(now.timestamp())))
    }
}

fn own<'a>(world: &'a World, call: &Call) -> Result<&'a Meeting, Refusal> {
    authorised(world, call, "meeting")?;
    text(&call.json, "meetingid").and_then(|id| world.meetings.get(id)).ok_or(Refusal::PARAMETER)
}

fn time(world: &World, given: &Map<String, Value>) -> Result<(i64, i64), Refusal> {
    let number = |field: &str| given.get(field).and_then(Value::as_i64).ok_or(Refusal::PARAMETER);
    let (start, length) = (number("meeting_start")?, number("meeting_duration")?);
    let good = start > world.now().timestamp() && (300..=86_399).contains(&length);
    if good { Ok((start, length)) } else { Err(Refusal::PARAMETER) }
}

fn title(given: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    match text(given, "title") {
        Some(title) if title.len() > 40 && title.chars().count() > 20 => Err(Refusal::PARAMETER),
        title => Ok(title.map(str::to_owned)),
    }
}

fn invitees(world: &World, given: &Map<String, Value>) -> Result<Option<Vec<String>>, Refusal> {
    let list = given.get("invitees").and_then(|invitees| invitees.get("userid")).and_then(Value::as_array);
    let Some(list) = list else { return Ok(None) };
    if list.len() > 100 {
        return Err(Refusal::PARAMETER);
    }
    let found = list.iter().filter_map(Value::as_str).map(|userid| seen(world, userid));
    found.collect::<Result<_, _>>().map(Some)
}

/// A member whom the app sees, as they are written.
fn seen(world: &World, userid: &str) -> Result<String, Refusal> {
    let member = world.directory.member(userid).ok_or(Refusal::USER_UNKNOWN)?;
    if world.range.reaches(member) { Ok(member.userid.clone()) } else { Err(Refusal::NO_PRIVILEGE) }
}

/// `meeting/create`
pub fn create(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "meeting")?;
    let host = seen(world, text(&call.json, "admin_userid").ok_or(Refusal::USERID_MISSING)?)?;
    let (start, length) = time(world, &call.json)?;
    let words = |field: &str| text(&call.json, field).unwrap_or_default().to_owned();
    let code = (100_000_000 + chance(&random::text(16), 899_999_999)).to_string();
    let meeting = Meeting {
        code: code.clone(),
        host,
        title: title(&call.json)?.ok_or(Refusal::TITLE_MISSING)?,
        start,
        length,
        description: words("description"),
        location: words("location"),
        invitees: invitees(world, &call.json)?.unwrap_or_default(),
        cancelled: false,
    };
    let id = format!("hy{}", random::text(28));
    world.meetings.insert(id.clone(), meeting);
    let link = format!("https://work.weixin.qq.com/meeting/{code}");
    Ok(json!({ "meetingid": id, "meeting_code": code, "meeting_link": link, "excess_users": [] }))
}

/// `meeting/update`: start and length together, and only before it begins.
pub fn update(world: &mut World, call: &Call) -> Answer {
    let mut meeting = own(world, call)?.clone();
    if meeting.status(world.now()) != 1 {
        return Err(Refusal::PARAMETER);
    }
    if call.json.contains_key("meeting_start") || call.json.contains_key("meeting_duration") {
        (meeting.start, meeting.length) = time(world, &call.json)?;
    }
    meeting.title = title(&call.json)?.unwrap_or(meeting.title);
    meeting.invitees = invitees(world, &call.json)?.unwrap_or(meeting.invitees);
    let id = text(&call.json, "meetingid").unwrap_or_default().to_owned();
    world.meetings.insert(id, meeting);
    Ok(json!({}))
}

/// `meeting/cancel`
pub fn cancel(world: &mut World, call: &Call) -> Answer {
    own(world, call)?;
    let id = text(&call.json, "meetingid").unwrap_or_default();
    if let Some(meeting) = world.meetings.get_mut(id) {
        meeting.cancelled = true;
    }
    Ok(json!({}))
}

/// `meeting/get_user_meetingid`
pub fn ids(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "meeting")?;
    let stretch = stretch(call, "begin_time", 180, world.now(), None)?;
    let userid = seen(world, text(&call.json, "userid").ok_or(Refusal::USERID_MISSING)?)?;
    let theirs = world.meetings.iter().filter(|(_, meeting)| {
        (stretch.from..stretch.to).contains(&meeting.start)
            && (meeting.host == userid || meeting.invitees.contains(&userid))
    });
    let rows = theirs.map(|(id, _)| json!(id)).collect();
    let mut answer = named(page(call, rows, 100, 100, |_| true)?, "meetingid_list");
    // Its end is told by an empty cursor.
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("has_more");
        fields.entry("next_cursor").or_insert(json!(""));
    }
    Ok(answer)
}

/// `meeting/get_info`
pub fn info(world: &mut World, call: &Call) -> Answer {
    let (meeting, now) = (own(world, call)?, world.now());
    let members = meeting.invitees.iter().map(|userid| match meeting.came(userid, now) {
        Some((join, quit)) => json!({
            "userid": userid, "status": 1, "first_join_time": join, "last_quit_time": quit,
            "total_join_count": 1, "cumulative_time": quit - join,
        }),
        None => json!({
            "userid": userid, "status": 2, "first_join_time": 0, "last_quit_time": 0,
            "total_join_count": 0, "cumulative_time": 0,
        }),
    });
    let host = world.directory.member(&meeting.host);
    Ok(json!({
        "admin_userid": meeting.host,
        "title": meeting.title,
        "meeting_start": meeting.start,
        "meeting_duration": meeting.length,
        "description": meeting.description,
        "location": meeting.location,
        "main_department": host.and_then(|host| host.memberships.first()).map(|place| place.department),
        "status": meeting.status(now),
        "meeting_type": 0,
        "agentid": world.spec.app.agentid,
        "attendees": { "member": members.collect::<Vec<_>>(), "tmp_external_user": [] },
        "meeting_code": meeting.code,
        "meeting_link": format!("https://work.weixin.qq.com/meeting/{}", meeting.code),
    }))
}

/// `meeting/get_attendee_list`: one row for each time somebody joined; times are texts.
pub fn attendees(world: &mut World, call: &Call) -> Answer {
    let (meeting, now) = (own(world, call)?, world.now());
    stretch(call, "start_time", 31, now, None)?;
    let came = meeting.invitees.iter().filter_map(|userid| Some((userid, meeting.came(userid, now)?)));
    let rows = came.map(|(userid, (join, quit))| {
        json!({ "userid": userid, "tmp_openid": "", "join_time": join.to_string(), "quit_time": quit.to_string() })
    });
    Ok(named(page(call, rows.collect(), 100, 100, |_| true)?, "attendee_list"))
}

/// `meeting/get_realtime_attendee_list`: who is in it now.
pub fn present(world: &mut World, call: &Call) -> Answer {
    let (meeting, now) = (own(world, call)?, world.now());
    let running = meeting.status(now) == 2;
    let came = meeting.invitees.iter().filter_map(|userid| Some((userid, meeting.came(userid, now)?)));
    let rows = came.filter(|(_, (join, _))| running && *join <= now.timestamp()).map(|(userid, (join, _))| {
        json!({ "userid": userid, "tmp_openid": "", "join_time": join.to_string(), "quit_time": "" })
    });
    Ok(named(page(call, rows.collect(), 50, 50, |_| true)?, "attendee_list"))
}
