//! Who looked at my data.

use actix_web::{get, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    input::{self, PageQuery, Query},
    openapi::Refusals,
    problem::Answer,
    who::SignedIn,
};

/// Looks, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessLog {
    items: Vec<Access>,
    next_cursor: Option<String>,
    /// Days a look is kept.
    kept_days: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Access {
    at: DateTime<Utc>,
    /// Who looked.
    viewer: String,
    /// At what, e.g. `phone`.
    field: String,
    /// What for, e.g. `call`.
    purpose: String,
}

/// Who looked at my data.
#[utoipa::path(
    operation_id = "access_log_list",
    tag = "me", security(("session" = [])), params(PageQuery), responses((status = 200, body = AccessLog), Refusals))]
#[get("/access-log")]
pub async fn list(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<AccessLog>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = app::people::looks_at_me(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page
        .items
        .into_iter()
        .map(|look| Access { at: look.at, viewer: look.viewer, field: look.field, purpose: look.purpose })
        .collect();
    let kept_days = school.retention.classes.audit.days;
    Ok(web::Json(AccessLog { items, next_cursor: paging.cursor(page.next)?, kept_days }))
}
