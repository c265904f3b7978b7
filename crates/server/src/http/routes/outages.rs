//! When nobody could report.

use actix_web::{HttpResponse, delete, get, post, web};
use app::outages;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    input::{self, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Outages, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutageList {
    items: Vec<Outage>,
    next_cursor: Option<String>,
}

/// A time nobody could report. Windows that were open then are longer by it.
#[derive(Debug, Serialize, ToSchema)]
struct Outage {
    id: i64,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    cause: Cause,
    note: Option<String>,
    /// Who recorded it; null: the service noticed it itself.
    by: Option<String>,
    at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OutageCause)]
enum Cause {
    /// By the service itself.
    Noticed,
    /// By an administrator.
    Recorded,
}

/// Outages.
#[utoipa::path(
    operation_id = "outages_list",
    tag = "outages", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = OutageList), Refusals))]
#[get("/outages")]
pub async fn list(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<OutageList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = outages::list(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|row| Outage {
        id: row.outage_id,
        from: row.from_time,
        until: row.until_time,
        cause: if row.cause == "recorded" { Cause::Recorded } else { Cause::Noticed },
        note: row.note,
        by: row.by_name,
        at: row.at,
    });
    Ok(web::Json(OutageList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// A time nobody could report.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOutage {
    from: DateTime<Utc>,
    /// At most 48 hours later, and not in the future.
    until: DateTime<Utc>,
    /// At most 200 characters.
    #[serde(default)]
    note: String,
}

/// Whether there was anything to add.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutageRecorded {
    /// False: the same one is known already.
    added: bool,
}

/// Records an outage the service could not notice.
#[utoipa::path(
    operation_id = "outages_create",
    tag = "outages", security(("session" = [])), request_body = NewOutage,
    responses((status = 200, body = OutageRecorded), Refusals, WriteRefusals))]
#[post("/outages")]
pub async fn create(who: SignedIn, body: Json<NewOutage>) -> Answer<web::Json<OutageRecorded>> {
    let (app, school, viewer) = who.parts()?;
    let NewOutage { from, until, note } = body.0;
    let added = outages::record(app, school, viewer, from, until, &note).await?;
    Ok(web::Json(OutageRecorded { added }))
}

/// Takes back an outage that was recorded by hand; one that was noticed stays.
#[utoipa::path(
    operation_id = "outages_remove",
    tag = "outages", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals))]
#[delete("/outages/{id}")]
pub async fn remove(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    outages::take_back(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
