//! From the code of a sign-in to a member (docs 91023, 98176), and to the fields they consented to (doc 95833).

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{Answer, Call, Refusal, token};
use crate::random;
use crate::school::Gender;
use crate::world::World;

const CODE_LIFE: TimeDelta = TimeDelta::minutes(5);
const USER_TICKET_LIFE: TimeDelta = TimeDelta::seconds(1800);

/// Who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visitor {
    /// A member, by user id.
    Member(String),
    /// Someone with WeChat who isn't a member of the corp.
    Outsider,
}

/// Codes and user tickets that are out.
#[derive(Debug, Default)]
pub struct SignIns {
    codes: HashMap<String, Code>,
    /// Codes that were good once.
    used: HashSet<String>,
    user_tickets: HashMap<String, UserTicket>,
}

#[derive(Debug)]
struct Code {
    visitor: Visitor,
    /// Whether the sensitive fields were asked for, and consented to.
    private: bool,
    expires: DateTime<Utc>,
}

#[derive(Debug)]
struct UserTicket {
    userid: String,
    expires: DateTime<Utc>,
}

impl SignIns {
    /// A new code.
    pub fn code(&mut self, visitor: Visitor, private: bool, now: DateTime<Utc>) -> String {
        // One that has just expired is remembered, so that it can be called so.
        self.codes.retain(|_, code| code.expires > now - CODE_LIFE);
        let code = random::text(43);
        self.codes.insert(code.clone(), Code { visitor, private, expires: now + CODE_LIFE });
        code
    }
}

/// `auth/getuserinfo`. A code is good once and for five minutes; used, expired and unknown ones get one answer.
pub fn user_info(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::REDIRECT_DOMAIN)?;
    let given = call.parameter("code").ok_or(Refusal::CODE_MISSING)?;
    let now = world.now();
    let apart = |refusal| if world.settings.codes_told_apart { refusal } else { Refusal::CODE };
    let (used, expired) = (apart(Refusal::CODE_USED), apart(Refusal::CODE_EXPIRED));
    if world.sign_ins.used.contains(given) {
        return Err(used);
    }
    let code = world.sign_ins.codes.remove(given).ok_or(Refusal::CODE)?;
    if code.expires <= now {
        return Err(expired);
    }
    world.sign_ins.used.insert(given.to_owned());
    let Visitor::Member(userid) = code.visitor else {
        return Ok(json!({ "openid": "oSimulatedOutsider0000000001" }));
    };
    // Whoever was deleted since is no member any more.
    let Some(member) = world.directory.member(&userid) else {
        return Ok(json!({ "openid": "oSimulatedOutsider0000000002" }));
    };
    let mut answer = json!({ "userid": member.userid });
    if code.private && world.range.reaches(member) {
        let ticket = random::text(64);
        answer["user_ticket"] = json!(ticket);
        let user_ticket = UserTicket { userid: member.userid.clone(), expires: now + USER_TICKET_LIFE };
        world.sign_ins.user_tickets.insert(ticket, user_ticket);
    }
    Ok(answer)
}

/// `user/getuserinfo`: the same under the names of old.
pub fn old_user_info(world: &mut World, call: &Call) -> Answer {
    let answer = user_info(world, call)?;
    let names = [("userid", "UserId"), ("openid", "OpenId"), ("user_ticket", "user_ticket")];
    let mut old: Map<String, Value> =
        names.into_iter().filter_map(|(new, old)| Some((old.to_owned(), answer.get(new)?.clone()))).collect();
    old.insert("DeviceId".into(), json!(""));
    if old.contains_key("user_ticket") {
        old.insert("expires_in".into(), json!(USER_TICKET_LIFE.num_seconds()));
    }
    Ok(Value::Object(old))
}

/// `auth/getuserdetail`
pub fn user_detail(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::REDIRECT_DOMAIN)?;
    if world.spec.app.sensitive_fields.is_empty() {
        return Err(Refusal::NO_SENSITIVE_FIELDS);
    }
    let given = call.json.get("user_ticket").and_then(Value::as_str).filter(|ticket| !ticket.is_empty());
    let ticket = world
        .sign_ins
        .user_tickets
        .get(given.ok_or(Refusal::USER_TICKET_MISSING)?)
        .ok_or(Refusal::USER_TICKET)?;
    if ticket.expires <= world.now() {
        return Err(Refusal::USER_TICKET_EXPIRED);
    }
    let member = world.directory.member(&ticket.userid).ok_or(Refusal::USER_UNKNOWN)?;
    let may_see = |field: &str| world.spec.app.sensitive_fields.iter().any(|allowed| allowed == field);

    let mut answer = Map::new();
    answer.insert("userid".into(), json!(member.userid));
    let gender = match member.gender {
        _ if !may_see("gender") => "0",
        Gender::Male => "1",
        Gender::Female => "2",
    };
    answer.insert("gender".into(), json!(gender));
    let avatar = if may_see("avatar") { member.userid.as_str() } else { "default" };
    answer.insert("avatar".into(), json!(format!("https://avatar.example.com/{avatar}/0")));
    if may_see("mobile") {
        answer.insert("mobile".into(), json!(member.mobile));
    }
    if may_see("email") && !member.email.is_empty() {
        answer.insert("email".into(), json!(member.email));
    }
    Ok(Value::Object(answer))
}
