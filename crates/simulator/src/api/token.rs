//! Access tokens: `gettoken` (doc 91039), and whose token a call carries.

use std::collections::HashMap;
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{Answer, Call, Refusal};
use crate::random;
use crate::settings::TokenPolicy;
use crate::world::World;

/// Seconds a token lives.
const LIFE: i64 = 7200;
/// How long an address is barred that tried too many wrong secrets.
const BAR: TimeDelta = TimeDelta::hours(1);

/// The two secrets of the corp. Which API takes which is protocol.md §5.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Secret {
    /// Of the self-built app.
    App,
    /// Of the contacts-sync assistant.
    Contacts,
}

impl Secret {
    /// For the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Contacts => "contacts",
        }
    }
}

#[derive(Debug)]
struct Issued {
    token: String,
    secret: Secret,
    expires: DateTime<Utc>,
}

/// Tokens issued, and who tried wrong secrets.
#[derive(Debug, Default)]
pub struct Tokens {
    issued: Vec<Issued>,
    wrong: HashMap<IpAddr, (u32, DateTime<Utc>)>,
}

impl Tokens {
    /// Makes all tokens invalid before their time.
    pub fn invalidate(&mut self) {
        self.issued.clear();
    }

    /// Whether this is one of ours, valid or expired.
    pub fn knows(&self, token: &str) -> bool {
        self.issued.iter().any(|issued| issued.token == token)
    }

    fn issue(&mut self, secret: Secret, policy: TokenPolicy, now: DateTime<Utc>) -> (String, i64) {
        // One that has just expired is remembered, so that it is called expired and not invalid.
        self.issued.retain(|token| token.expires > now - TimeDelta::days(1));
        if policy == TokenPolicy::Replace {
            self.issued.retain(|token| token.secret != secret);
        }
        if policy == TokenPolicy::Same
            && let Some(token) =
                self.issued.iter().find(|token| token.secret == secret && token.expires > now)
        {
            // Whole seconds, rounded up: what is still valid is never said to live for none.
            let left = (token.expires - now).num_milliseconds().max(1);
            return (token.token.clone(), (left + 999) / 1000);
        }
        let token = random::text(214);
        self.issued.push(Issued { token: token.clone(), secret, expires: now + TimeDelta::seconds(LIFE) });
        (token, LIFE)
    }

    fn count_wrong(&mut self, from: IpAddr, now: DateTime<Utc>) {
        let wrong = self.wrong.entry(from).or_insert((0, now));
        if now - wrong.1 >= BAR {
            *wrong = (0, now);
        }
        wrong.0 += 1;
    }

    fn is_barred(&self, from: IpAddr, allowed: u32, now: DateTime<Utc>) -> bool {
        self.wrong.get(&from).is_some_and(|(count, since)| *count >= allowed && now - *since < BAR)
    }
}

/// `gettoken`
pub fn get(world: &mut World, call: &Call) -> Answer {
    let now = world.now();
    let corpid = call.parameter("corpid").ok_or(Refusal::CORPID_MISSING)?;
    let given = call.parameter("corpsecret").ok_or(Refusal::SECRET_MISSING)?;
    if world.tokens.is_barred(call.from, world.settings.wrong_secrets, now) {
        return Err(Refusal::FREQUENCY);
    }
    if world.settings.unconfirmed.gettoken_needs_trusted_ip && !is_trusted(world, call) {
        return Err(Refusal::IP);
    }
    if corpid != world.spec.corp.id {
        return Err(Refusal::CORPID);
    }
    let Some(secret) = secret_of(world, given) else {
        world.tokens.count_wrong(call.from, now);
        return Err(Refusal::SECRET);
    };
    if secret == Secret::App && world.settings.app_closed {
        return Err(Refusal::APP_CLOSED);
    }
    let (token, expires_in) = world.tokens.issue(secret, world.settings.tokens, now);
    Ok(json!({ "access_token": token, "expires_in": expires_in }))
}

/// Whose secret this is.
pub fn secret_of(world: &World, given: &str) -> Option<Secret> {
    if given == world.spec.app.secret {
        Some(Secret::App)
    } else if given == world.spec.contacts.secret {
        Some(Secret::Contacts)
    } else {
        None
    }
}

/// Whose token the call carries, valid or not.
pub fn owner(world: &World, call: &Call) -> Option<Secret> {
    let given = call.parameter("access_token")?;
    world.tokens.issued.iter().find(|token| token.token == given).map(|token| token.secret)
}

/// Whose valid token the call carries.
pub fn authenticate(world: &World, call: &Call) -> Result<Secret, Refusal> {
    let given = call.parameter("access_token").ok_or(Refusal::TOKEN_MISSING)?;
    let token = world.tokens.issued.iter().find(|token| token.token == given).ok_or(Refusal::TOKEN)?;
    if token.expires <= world.now() {
        return Err(Refusal::TOKEN_EXPIRED);
    }
    if is_trusted(world, call) { Ok(token.secret) } else { Err(Refusal::IP) }
}

fn is_trusted(world: &World, call: &Call) -> bool {
    let since = world.trusted_since.get(&call.from);
    world.settings.trusted_ips.is_empty() || since.is_some_and(|since| *since <= world.now())
}

/// A valid token of the app; one of the assistant meets `otherwise`.
pub fn of_app(world: &World, call: &Call, otherwise: Refusal) -> Result<(), Refusal> {
    match authenticate(world, call)? {
        Secret::App => Ok(()),
        Secret::Contacts => Err(otherwise),
    }
}
