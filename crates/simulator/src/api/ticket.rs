//! Tickets that pages sign with (protocol.md §7.1): one of the corp, one of the app.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use wecom::crypto::jsapi_signature;

use super::{Answer, Call, Refusal, token};
use crate::limits;
use crate::random;
use crate::world::World;

/// Seconds a ticket lives.
const LIFE: i64 = 7200;

/// The tickets in force.
#[derive(Debug, Default)]
pub struct Tickets {
    corp: Option<Ticket>,
    app: Option<Ticket>,
}

#[derive(Debug)]
struct Ticket {
    text: String,
    expires: DateTime<Utc>,
}

/// `get_jsapi_ticket`: the corp's, for `wx.config`.
pub fn corp(world: &mut World, call: &Call) -> Answer {
    give(world, call, |tickets| &mut tickets.corp)
}

/// `ticket/get?type=agent_config`: the app's, for `wx.agentConfig`.
pub fn app(world: &mut World, call: &Call) -> Answer {
    if call.parameter("type") != Some("agent_config") {
        return Err(Refusal::TICKET_TYPE);
    }
    give(world, call, |tickets| &mut tickets.app)
}

fn give(world: &mut World, call: &Call, place: fn(&mut Tickets) -> &mut Option<Ticket>) -> Answer {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    let now = world.now();
    if !world.limits.admit(&format!("ticket {}", call.path), &limits::TICKETS_OF_APP, now) {
        return Err(Refusal::FREQUENCY);
    }
    let kept = place(&mut world.tickets);
    if kept.as_ref().is_none_or(|ticket| ticket.expires <= now) {
        *kept = Some(Ticket { text: random::text(86), expires: now + TimeDelta::seconds(LIFE) });
    }
    let ticket = kept.as_ref().ok_or(Refusal::BUSY)?;
    let expires_in = ((ticket.expires - now).num_milliseconds() + 999) / 1000;
    Ok(json!({ "ticket": ticket.text, "expires_in": expires_in }))
}

/// A signature as a page has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// `config` for the corp's ticket, `agent_config` for the app's.
    pub kind: String,
    /// The page's address, as the page gave it.
    pub url: String,
    /// `nonceStr`
    pub nonce: String,
    /// Seconds.
    pub timestamp: i64,
    /// Lower-case hex.
    pub signature: String,
}

/// Judges a signature as the client does: `ok`, or the code and words a page would see.
pub fn judge(world: &World, signed: &Signed) -> Value {
    let tickets = &world.tickets;
    let (wanted, other) = match signed.kind.as_str() {
        "config" => (&tickets.corp, &tickets.app),
        "agent_config" => (&tickets.app, &tickets.corp),
        _ => return json!({ "errcode": Refusal::TICKET_TYPE.code, "errmsg": "kind: config or agent_config" }),
    };
    let url = signed.url.split_once('#').map_or(signed.url.as_str(), |(before, _)| before);
    let fits = |ticket: &Option<Ticket>| {
        let ticket = ticket.as_ref().filter(|ticket| ticket.expires > world.now());
        ticket.is_some_and(|ticket| {
            jsapi_signature(&ticket.text, &signed.nonce, signed.timestamp, url) == signed.signature
        })
    };
    let trusted = Url::parse(url).is_ok_and(|url| world.trusts(&url));
    match (trusted, fits(wanted), fits(other)) {
        (false, ..) => json!({ "errcode": Refusal::REDIRECT_DOMAIN.code, "errmsg": "invalid url domain" }),
        (_, true, _) => json!({ "errcode": 0, "errmsg": "ok" }),
        (_, _, true) => {
            json!({ "errcode": Refusal::TICKET_KIND.code, "errmsg": Refusal::TICKET_KIND.reason })
        }
        _ => json!({ "errcode": 40_093, "errmsg": "invalid signature" }),
    }
}
