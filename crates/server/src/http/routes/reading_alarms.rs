//! 查看告警: what stands out of how much somebody reads.

use actix_web::{HttpResponse, get, post, web};
use app::reading_alarms::{self, Alarm};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reading_budgets::Reading;
use crate::http::{
    input::{self, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What stands out.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadingAlarmKind {
    /// Far more than they usually do.
    Unusual,
    /// More than their budget: they were refused.
    Refused,
    /// A large sheet outside office hours.
    NightExport,
    /// Many people outside office hours, one by one or in lists of those that stand out.
    OffHours,
}

/// Which alarms.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReadingAlarmQuery {
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
pub struct ReadingAlarmList {
    items: Vec<ReadingAlarm>,
    next_cursor: Option<String>,
}

/// An alarm.
#[derive(Debug, Serialize, ToSchema)]
struct ReadingAlarm {
    id: i64,
    #[schema(value_type = ReadingAlarmKind)]
    kind: String,
    #[schema(value_type = Reading)]
    reading: String,
    /// Who read.
    name: String,
    number: Option<String>,
    /// Whether it is of the viewer, who can't look after it.
    own: bool,
    /// How many people, when it was raised.
    people: i64,
    /// What is usual for them, or allowed.
    usual: Option<i64>,
    at: DateTime<Utc>,
    /// Who looked after it.
    settled_by: Option<String>,
    settled_at: Option<DateTime<Utc>>,
    note: Option<String>,
}

/// Alarms on how much somebody reads.
#[utoipa::path(
    operation_id = "reading_alarms_list",
    tag = "audit", security(("session" = [])), params(ReadingAlarmQuery),
    responses((status = 200, body = ReadingAlarmList), Refusals))]
#[get("/reading-alarms")]
pub async fn list(who: SignedIn, query: Query<ReadingAlarmQuery>) -> Answer<web::Json<ReadingAlarmList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let before = paging.after.as_deref();
    let page = reading_alarms::list(app, school, viewer, query.0.open, before, paging.limit).await?;
    let items = page.items.into_iter().map(|Alarm { row, note }| ReadingAlarm {
        id: row.alarm_id,
        kind: row.kind,
        reading: row.reading,
        name: row.name,
        number: row.number,
        own: row.own,
        people: row.people,
        usual: row.usual,
        at: row.at,
        settled_by: row.settled_by,
        settled_at: row.settled_at,
        note,
    });
    Ok(web::Json(ReadingAlarmList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// What became of an alarm.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadingSettlement {
    /// At most 200 characters.
    note: String,
}

/// Notes what became of an alarm of somebody else, once; on record.
#[utoipa::path(
    operation_id = "reading_alarms_settle",
    tag = "audit", security(("session" = [])), params(("id" = i64, Path)), request_body = ReadingSettlement,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/reading-alarms/{id}/settlement")]
pub async fn settle(
    who: SignedIn,
    id: web::Path<i64>,
    body: Json<ReadingSettlement>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    reading_alarms::settle(app, school, viewer, *id, &body.0.note).await?;
    Ok(HttpResponse::NoContent().finish())
}
