//! Members' contacts outside the corp (platform-data.md §1.3 to 1.5). Those on the staff may have some.

use chrono::{FixedOffset, Timelike};
use serde_json::{Value, json};

use super::usage::{DAY, ZONE, authorised, chance, seen};
use super::{Answer, Call, Refusal};
use crate::world::World;

/// Who is set up for it: everybody with a position.
fn may(world: &World) -> impl Iterator<Item = &str> {
    let members = world.directory.members().filter(|(_, member)| !member.position.is_empty());
    members
        .filter(|(_, member)| world.range.memberships(member).next().is_some())
        .map(|(_, member)| member.userid.as_str())
}

/// `externalcontact/get_follow_user_list`
pub fn members(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "customer")?;
    Ok(json!({ "follow_user": may(world).collect::<Vec<_>>() }))
}

/// `externalcontact/list`
pub fn list(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "customer")?;
    let userid = call.parameter("userid").ok_or(Refusal::USERID_MISSING)?;
    if world.directory.member(userid).is_none() {
        return Err(Refusal::USER_UNKNOWN);
    }
    let theirs = chance(&format!("{} outside", userid.to_lowercase()), 4);
    if theirs == 0 || !may(world).any(|one| one.eq_ignore_ascii_case(userid)) {
        return Err(Refusal::NO_OUTSIDER);
    }
    let id = |n: u64| format!("wm{:030x}", chance(&format!("{userid} {n}"), u64::MAX));
    Ok(json!({ "external_userid": (0..theirs).map(id).collect::<Vec<_>>() }))
}

/// `externalcontact/get_user_behavior_data`: summed, day by day, both ends in it. Yesterday is zero until the hour that is set.
pub fn behaviour(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "customer")?;
    let list = |field: &str| call.json.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (users, parties) = (list("userid"), list("partyid"));
    if (users.is_empty() && parties.is_empty()) || users.len() > 100 || parties.len() > 100 {
        return Err(Refusal::PARAMETER);
    }
    for userid in users.iter().filter_map(Value::as_str) {
        if !seen(world, &json!({ "userid": userid })) {
            return Err(Refusal::NO_PRIVILEGE);
        }
    }
    let number = |field: &str| call.json.get(field).and_then(Value::as_i64).ok_or(Refusal::BEHAVIOUR_TIME);
    // Down to the day's beginning in China.
    let day = |time: i64| (time + i64::from(ZONE)).div_euclid(DAY);
    let (from, to, now) = (day(number("start_time")?), day(number("end_time")?), world.now());
    let today = day(now.timestamp());
    if from > to || to - from > 30 || from < today - 180 || to > today {
        return Err(Refusal::BEHAVIOUR_TIME);
    }
    let hour = FixedOffset::east_opt(ZONE).map_or(0, |zone| now.with_timezone(&zone).hour());
    let rows = (from..=to).map(|date| {
        let late = date >= today || (date == today - 1 && hour < world.settings.behaviour_hour);
        let figure =
            |what: &str, most: u64| if late { 0 } else { chance(&format!("{date} {what} {users:?}"), most) };
        let chats = figure("chat", 20);
        let mut row = json!({
            "stat_time": date * DAY - i64::from(ZONE),
            "chat_cnt": chats,
            "message_cnt": chats * 3,
            "negative_feedback_cnt": figure("bad", 2),
            "new_apply_cnt": figure("apply", 4),
            "new_contact_cnt": figure("new", 4),
        });
        // Absent where there was no chat.
        if chats > 0 {
            row["reply_percentage"] = json!(66.5);
            row["avg_reply_time"] = json!(7);
        }
        row
    });
    Ok(json!({ "behavior_data": rows.collect::<Vec<_>>() }))
}
