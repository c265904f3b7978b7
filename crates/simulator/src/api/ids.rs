//! From one name of a person to another (docs 95402, 95895, 90202). A miss counts: who asks in vain for more than a fifth of the
//! corp's size is barred from the call for a day.

use serde_json::{Value, json};

use super::message::content::text;
use super::{Answer, Call, Refusal, token};
use crate::directory::Member;
use crate::limits::Limit;
use crate::world::World;

fn look_up(
    world: &mut World,
    call: &Call,
    field: &str,
    missing: Refusal,
    found: Found,
    miss: Refusal,
) -> Answer {
    let assistant = token::authenticate(world, call)? == token::Secret::Contacts;
    if assistant && !world.settings.unconfirmed.lookups_by_assistant {
        return Err(Refusal::API_FORBIDDEN);
    }
    let wanted = text(&call.json, field).ok_or(missing)?;
    let allowed = u32::try_from(world.directory.members().count() / 5).unwrap_or(u32::MAX);
    let misses = [Limit { count: allowed.max(1), seconds: 86_400 }];
    let now = world.now();
    if world.limits.is_barred(&call.path, &misses, now) {
        return Err(Refusal::FREQUENCY);
    }
    match world.directory.members().find(|(_, member)| found(member, wanted)) {
        Some((_, member)) => Ok(json!({ "userid": member.userid })),
        None => {
            world.limits.admit(&call.path, &misses, now);
            Err(miss)
        }
    }
}

type Found = fn(&Member, &str) -> bool;

/// `user/getuserid`
pub fn of_mobile(world: &mut World, call: &Call) -> Answer {
    let of = |member: &Member, mobile: &str| member.mobile == mobile;
    look_up(world, call, "mobile", Refusal::MOBILE_INVALID, of, Refusal::USER_NOT_FOUND)
}

/// `user/get_userid_by_email`: their corp's by default (1), or their own (2). Nobody here has a mailbox of the corp.
pub fn of_email(world: &mut World, call: &Call) -> Answer {
    let own = call.json.get("email_type").and_then(Value::as_u64) == Some(2);
    let of: Found = if own { |member, email| member.email.eq_ignore_ascii_case(email) } else { |_, _| false };
    look_up(world, call, "email", Refusal::EMAIL_INVALID, of, Refusal::EMAIL_NOT_FOUND)
}

const OPENID: &str = "o";

/// `user/convert_to_openid`: of members of the app's range.
pub fn to_openid(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    let userid = text(&call.json, "userid").ok_or(Refusal::USERID_MISSING)?;
    let member = world.directory.member(userid).ok_or(Refusal::USER_UNKNOWN)?;
    if !world.range.reaches(member) {
        return Err(Refusal::NO_PRIVILEGE);
    }
    Ok(json!({ "openid": format!("{OPENID}{}", hex::encode(&member.userid)) }))
}

/// `user/convert_to_userid`
pub fn of_openid(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    let openid = text(&call.json, "openid").ok_or(Refusal::PARAMETER)?;
    let userid = openid.strip_prefix(OPENID).and_then(|id| String::from_utf8(hex::decode(id).ok()?).ok());
    let member = userid.and_then(|userid| world.directory.member(&userid)).ok_or(Refusal::USER_NOT_FOUND)?;
    Ok(json!({ "userid": member.userid }))
}
