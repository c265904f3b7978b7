//! 告警: what the security office should look at.

use actix_web::{HttpResponse, get, post, web};
use app::gate_alarms::{self, Alarm};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What happened.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateAlarmKind {
    /// Somebody whose report of today is abnormal wanted to pass.
    Abnormal,
    /// One code after another that is none of the school's.
    Forged,
    /// The same code was let through twice.
    Double,
    /// Two gates in less time than it takes to walk.
    Travel,
    /// A device let through by itself what it should not have.
    Disputed,
    /// A device is not heard any more.
    Silent,
}

/// Which alarms.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AlarmQuery {
    /// Only those nobody looked after.
    #[serde(default)]
    open: bool,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Alarms, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateAlarmList {
    items: Vec<GateAlarm>,
    next_cursor: Option<String>,
}

/// An alarm.
#[derive(Debug, Serialize, ToSchema)]
struct GateAlarm {
    id: i64,
    #[schema(value_type = GateAlarmKind)]
    kind: String,
    gate: String,
    device: String,
    /// Whom it is of; null: of a visitor, or of nobody we know.
    person: Option<i64>,
    /// Whether it is of a visitor; without a name: one that is forgotten.
    visitor: bool,
    number: Option<String>,
    name: Option<String>,
    /// Class or department, that day.
    place: Option<String>,
    at: DateTime<Utc>,
    /// Who looked after it.
    settled_by: Option<String>,
    settled_at: Option<DateTime<Utc>>,
    note: Option<String>,
}

/// Alarms of the school's gates.
#[utoipa::path(
    operation_id = "gate_alarms_list",
    tag = "gate", security(("session" = [])), params(AlarmQuery),
    responses((status = 200, body = GateAlarmList), Refusals))]
#[get("/gate-alarms")]
pub async fn list(who: SignedIn, query: Query<AlarmQuery>) -> Answer<web::Json<GateAlarmList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let before = paging.after.as_deref();
    let page = gate_alarms::list(app, school, viewer, query.0.open, before, paging.limit).await?;
    let items = page.items.into_iter().map(|Alarm { row, note }| GateAlarm {
        id: row.alarm_id,
        kind: row.kind,
        gate: row.gate,
        device: row.device,
        person: row.person_id,
        visitor: row.by_visitor,
        number: row.number,
        name: row.name,
        place: row.place,
        at: row.at,
        settled_by: row.settled_by,
        settled_at: row.settled_at,
        note,
    });
    Ok(web::Json(GateAlarmList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// What became of an alarm.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GateSettlement {
    /// At most 200 characters.
    note: String,
}

/// Notes what became of an alarm, once.
#[utoipa::path(
    operation_id = "gate_alarms_settle",
    tag = "gate", security(("session" = [])), params(("id" = i64, Path)), request_body = GateSettlement,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/gate-alarms/{id}/settlement")]
pub async fn settle(who: SignedIn, id: web::Path<i64>, body: Json<GateSettlement>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    gate_alarms::settle(app, school, viewer, *id, &body.0.note).await?;
    Ok(HttpResponse::NoContent().finish())
}
