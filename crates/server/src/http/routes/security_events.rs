//! Sign-ins and refusals, for auditors.

use actix_web::{get, web};
use app::security_events::{self, Question, Row};
use chrono::{DateTime, Utc};
use domain::security_event::Kind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, Query},
    openapi::Refusals,
    problem::Answer,
    who::SignedIn,
};

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SecurityEventQuery {
    /// At or after this.
    from: Option<DateTime<Utc>>,
    /// Before this.
    until: Option<DateTime<Utc>>,
    /// Only these, as `kind` of an event.
    kind: Option<String>,
    /// Only of the account of this number, as `member` of an event.
    member: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Events, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecurityEventList {
    items: Vec<SecurityEvent>,
    next_cursor: Option<String>,
}

/// Something that happened at the door.
#[derive(Debug, Serialize, ToSchema)]
struct SecurityEvent {
    id: i64,
    /// When; of failed sign-ins and refusals, the minute.
    at: DateTime<Utc>,
    /// signed_in, sign_in_failed, refused, factor_passed or factor_failed.
    kind: String,
    /// Whose account, by a number that says nothing; null: nobody is known.
    member: Option<i64>,
    /// Their name, or their account.
    name: Option<String>,
    /// Null: the roster knows no number.
    number: Option<String>,
    /// Of a failure, which check; of a code, which kind; empty: it went well.
    reason: String,
    /// h5 or pc.
    channel: String,
    /// A /24 or a /48, never an address; empty: unknown.
    network: String,
    /// Method and route; empty: a sign-in.
    operation: String,
    /// How many times.
    times: i32,
}

impl From<Row> for SecurityEvent {
    fn from(row: Row) -> Self {
        Self {
            id: row.event_id,
            at: row.at,
            kind: row.kind,
            member: row.member,
            name: row.name,
            number: row.number,
            reason: row.reason,
            channel: row.channel,
            network: row.network,
            operation: row.operation,
            times: row.times,
        }
    }
}

/// Who signed in, who was refused, whose code was wrong; the newest first, of the last 180 days.
#[utoipa::path(
    operation_id = "security_events_list",
    tag = "audit", security(("session" = [])), params(SecurityEventQuery),
    responses((status = 200, body = SecurityEventList), Refusals))]
#[get("/security-events")]
pub async fn list(who: SignedIn, query: Query<SecurityEventQuery>) -> Answer<web::Json<SecurityEventList>> {
    let (app, school, viewer) = who.parts()?;
    let SecurityEventQuery { from, until, kind, member, cursor, limit } = query.0;
    let paging = input::paging(app, school, cursor.as_deref(), limit)?;
    let unknown = || app::Error::field("kind", "没有这类事件，请另选");
    let kind = kind.map(|kind| Kind::parse(&kind).ok_or_else(unknown)).transpose()?;
    let question = Question { from, until, kind, member };
    let before = paging.after.as_deref();
    let page = security_events::list(app, school, viewer, question, before, paging.limit).await?;
    let items = page.items.into_iter().map(SecurityEvent::from).collect();
    Ok(web::Json(SecurityEventList { items, next_cursor: paging.cursor(page.next)? }))
}
