//! Tickets that pages sign with (protocol.md §7.1): one of the corp, one of the app.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

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
