//! 审计: what was looked at and changed, and how far the record is sealed.

use actix_web::{get, post, web};
use app::audit::{self, Listed, People, Seen, Shown, SignedHead, Span};
use chrono::{DateTime, NaiveDate, Utc};
use domain::audit::Act;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, Json, Paging, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// At or after this.
    from: Option<DateTime<Utc>>,
    /// Before this.
    until: Option<DateTime<Utc>>,
    /// Only these, as `act` of an event.
    act: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Which events of whom. Numbers are personal: they stand in no address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditSearch {
    /// At or after this.
    from: Option<DateTime<Utc>>,
    /// Before this.
    until: Option<DateTime<Utc>>,
    /// Only these, as `act` of an event.
    act: Option<String>,
    /// Only what whoever has this student or staff number did.
    actor: Option<String>,
    /// Only what was done about these, by student or staff number; at most 200. None, and no department and export: about anybody.
    #[serde(default)]
    numbers: Vec<String>,
    /// … and about whoever was in this department or below it in that time.
    department: Option<i32>,
    /// … and about whoever this export named.
    export: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Events, the newest first, and how far they are sealed.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditList {
    items: Vec<AuditEvent>,
    next_cursor: Option<String>,
    /// The last number that was cut, having been kept long enough; 0: none was.
    cut_to: i64,
    /// The last number of the chain; 0: nothing was sealed yet.
    sealed_to: i64,
    /// Events without a number yet.
    waiting: i64,
    /// Since when the oldest of them.
    waiting_since: Option<DateTime<Utc>>,
    /// How far the chain was when it was last signed.
    head: Option<AuditHead>,
}

/// A signed head of the chain.
#[derive(Debug, Serialize, ToSchema)]
struct AuditHead {
    /// The last number then.
    seq: i64,
    day: NaiveDate,
    /// In hex.
    hash: String,
    signed_at: DateTime<Utc>,
    /// Whether it also stands in the file outside.
    anchored: bool,
    /// Whether it is signed by us and the chain still goes by it.
    holds: bool,
    /// Ed25519, in hex; null: the key does not open.
    public_key: Option<String>,
}

/// Something somebody did.
#[derive(Debug, Serialize, ToSchema)]
struct AuditEvent {
    id: i64,
    /// Its number in the chain; null: it waits for one.
    seq: Option<i64>,
    at: DateTime<Utc>,
    /// Who; null: the service itself.
    actor: Option<AuditPerson>,
    /// What: `look`, `grant_given`, …
    act: String,
    /// Whose data it was, or who was given something.
    subject: Option<AuditPerson>,
    /// What it was done to: `grant:123`; empty: nothing that has a number.
    object: String,
    /// More of it: names of fields, counts and ids.
    details: Vec<AuditDetail>,
    /// Of a look or an export: what for.
    purpose: Option<String>,
    /// Whether it says what it said when it was written.
    intact: bool,
}

/// Somebody of the school.
#[derive(Debug, Serialize, ToSchema)]
struct AuditPerson {
    /// Null: the roster knows no number.
    number: Option<String>,
    /// Null: nobody knows one any more.
    name: Option<String>,
}

/// A part of what an event says.
#[derive(Debug, Serialize, ToSchema)]
struct AuditDetail {
    name: String,
    value: String,
}

fn span(from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>, act: Option<&str>) -> Answer<Span> {
    let unknown = || app::Error::field("act", "没有这类操作，请另选");
    let act = act.map(|act| Act::parse(act).ok_or_else(unknown)).transpose()?;
    Ok(Span { from, until, act })
}

/// What was done, the newest first.
#[utoipa::path(
    operation_id = "audit_list",
    tag = "audit", security(("session" = [])), params(AuditQuery),
    responses((status = 200, body = AuditList), Refusals))]
#[get("/audit")]
pub async fn list(who: SignedIn, query: Query<AuditQuery>) -> Answer<web::Json<AuditList>> {
    let (app, school, viewer) = who.parts()?;
    let AuditQuery { from, until, act, cursor, limit } = query.0;
    let paging = input::paging(app, school, cursor.as_deref(), limit)?;
    let span = span(from, until, act.as_deref())?;
    let listed = audit::list(app, school, viewer, span, paging.after.as_deref(), paging.limit).await?;
    Ok(web::Json(shown(&paging, listed)?))
}

/// What somebody did, or who looked at these people; itself on record.
#[utoipa::path(
    operation_id = "audit_search",
    tag = "audit", security(("session" = [])), request_body = AuditSearch,
    responses((status = 200, body = AuditList), Refusals, WriteRefusals))]
#[post("/audit/searches")]
pub async fn search(who: SignedIn, body: Json<AuditSearch>) -> Answer<web::Json<AuditList>> {
    let (app, school, viewer) = who.parts()?;
    let AuditSearch { from, until, act, actor, numbers, department, export, cursor, limit } = body.0;
    let paging = input::paging(app, school, cursor.as_deref(), limit)?;
    let span = span(from, until, act.as_deref())?;
    let people = People { actor: actor.as_deref(), numbers: &numbers, department, export };
    let before = paging.after.as_deref();
    let listed = audit::search(app, school, viewer, span, people, before, paging.limit).await?;
    Ok(web::Json(shown(&paging, listed)?))
}

/// Whom to ask about. Numbers are personal: they stand in no address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditPeople {
    /// At or after this.
    from: Option<DateTime<Utc>>,
    /// Before this.
    until: Option<DateTime<Utc>>,
    /// Student or staff numbers, at most 200.
    #[serde(default)]
    numbers: Vec<String>,
    /// … and whoever was in this department or below it in that time.
    department: Option<i32>,
    /// … and whoever this export named.
    export: Option<i64>,
}

/// Who saw some people.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditViewers {
    /// How many people were asked about.
    people: i64,
    /// Who looked at one of them, those first who saw most; at most 200.
    items: Vec<AuditViewer>,
    /// Whether there are more.
    more: bool,
}

/// Somebody who looked.
#[derive(Debug, Serialize, ToSchema)]
struct AuditViewer {
    /// Null: nobody knows one any more.
    name: Option<String>,
    number: Option<String>,
    /// At how many of them.
    people: i64,
    /// How often.
    looks: i64,
    /// At what: `phone`, `answers`, …
    fields: Vec<String>,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
}

/// Who saw these people in a time, in one answer; itself on record.
#[utoipa::path(
    operation_id = "audit_viewers",
    tag = "audit", security(("session" = [])), request_body = AuditPeople,
    responses((status = 200, body = AuditViewers), Refusals, WriteRefusals))]
#[post("/audit/viewers")]
pub async fn viewers(who: SignedIn, body: Json<AuditPeople>) -> Answer<web::Json<AuditViewers>> {
    let (app, school, viewer) = who.parts()?;
    let AuditPeople { from, until, numbers, department, export } = body.0;
    let span = Span { from, until, act: None };
    let people = People { actor: None, numbers: &numbers, department, export };
    Ok(web::Json(audit::viewers(app, school, viewer, span, people).await?.into()))
}

impl From<Seen> for AuditViewers {
    fn from(seen: Seen) -> Self {
        let items = seen.viewers.into_iter().map(|by| AuditViewer {
            name: by.name,
            number: by.number,
            people: by.people,
            looks: by.looks,
            fields: by.fields,
            first_at: by.first_at,
            last_at: by.last_at,
        });
        Self {
            people: i64::try_from(seen.people).unwrap_or(i64::MAX),
            items: items.collect(),
            more: seen.more,
        }
    }
}

fn shown(paging: &Paging<'_>, listed: Listed) -> Answer<AuditList> {
    let Listed { page, state } = listed;
    Ok(AuditList {
        items: page.items.into_iter().map(AuditEvent::from).collect(),
        next_cursor: paging.cursor(page.next)?,
        cut_to: state.cut_to,
        sealed_to: state.sealed_to,
        waiting: state.waiting.events,
        waiting_since: state.waiting.since,
        head: state.head.map(AuditHead::from),
    })
}

impl From<SignedHead> for AuditHead {
    fn from(head: SignedHead) -> Self {
        let SignedHead { row, holds, public_key } = head;
        Self {
            seq: row.seq,
            day: row.day,
            hash: hex::encode(&row.hash),
            signed_at: row.signed_at,
            anchored: row.anchored.is_some(),
            holds,
            public_key: public_key.map(hex::encode),
        }
    }
}

impl From<Shown> for AuditEvent {
    fn from(shown: Shown) -> Self {
        let Shown { row, purpose, intact } = shown;
        let actor = row.actor.map(|_| AuditPerson { number: row.actor_number, name: row.actor_name });
        let subject = row.subject.map(|_| AuditPerson { number: row.subject_number, name: row.subject_name });
        Self {
            id: row.event_id,
            seq: row.seq,
            at: row.at,
            actor,
            act: row.action,
            subject,
            object: row.object,
            details: details(&row.detail),
            purpose,
            intact,
        }
    }
}

fn details(detail: &Value) -> Vec<AuditDetail> {
    let written = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    detail
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some(AuditDetail { name: name.clone(), value: written(value)? }))
        .collect()
}
