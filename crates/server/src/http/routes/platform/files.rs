//! The console's exports: looked at first, then taken over.

use actix_web::{
    HttpResponse, get,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    post, web,
};
use app::platform::{self, FiguresOutcome, UsageOutcome};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    body::{File, LIST_LIMIT},
    input::FileName,
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    routes::roster::{RosterError, told},
    who::SignedIn,
};

/// What a file of figures does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlatformFiguresOutcome {
    rows: usize,
    /// Figures in them.
    figures: usize,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    /// Which figures, by name.
    metrics: Vec<&'static str>,
    /// The first 500 wrong cells; nothing is written while there is one.
    errors: Vec<RosterError>,
    error_count: usize,
}

impl From<FiguresOutcome> for PlatformFiguresOutcome {
    fn from(outcome: FiguresOutcome) -> Self {
        Self {
            rows: outcome.rows,
            figures: outcome.figures,
            from: outcome.from,
            to: outcome.to,
            metrics: outcome.metrics,
            error_count: outcome.errors.len(),
            errors: told(outcome.errors),
        }
    }
}

/// What an export of 成员使用记录 does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlatformUsageOutcome {
    rows: usize,
    /// Members in them, each once.
    members: usize,
    /// The newest day it was exported, or that of the import.
    recorded_on: Option<NaiveDate>,
    /// The first 500 wrong cells; nothing is written while there is one.
    errors: Vec<RosterError>,
    error_count: usize,
}

impl From<UsageOutcome> for PlatformUsageOutcome {
    fn from(outcome: UsageOutcome) -> Self {
        Self {
            rows: outcome.rows,
            members: outcome.members,
            recorded_on: outcome.recorded_on,
            error_count: outcome.errors.len(),
            errors: told(outcome.errors),
        }
    }
}

/// Looks at a file of figures (.xlsx or CSV) without writing anything.
#[utoipa::path(
    operation_id = "platform_figures_preview",
    tag = "platform", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = PlatformFiguresOutcome), Refusals, WriteRefusals))]
#[post("/platform/figures/list/preview")]
pub async fn preview_figures(who: SignedIn, body: File) -> Answer<web::Json<PlatformFiguresOutcome>> {
    let (app, school, viewer) = who.parts()?;
    platform::may_bring(viewer)?;
    let (file, _place) = body.read(&who, LIST_LIMIT).await?;
    let outcome = platform::add_figures(app, school, viewer, file, None, false).await?;
    Ok(web::Json(outcome.into()))
}

/// Keeps the figures of a file: all of it, or nothing. The same days again take the place of what the file before
/// said. It stands among the imports, and can be taken back.
#[utoipa::path(
    operation_id = "platform_figures_import",
    tag = "platform", security(("session" = [])),
    params(("X-File-Name" = Option<String>, Header, description = "what the file is called, percent-encoded")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = PlatformFiguresOutcome), Refusals, WriteRefusals))]
#[post("/platform/figures/list")]
pub async fn import_figures(
    who: SignedIn,
    name: FileName,
    body: File,
) -> Answer<web::Json<PlatformFiguresOutcome>> {
    let (app, school, viewer) = who.parts()?;
    platform::may_bring(viewer)?;
    let (file, _place) = body.read(&who, LIST_LIMIT).await?;
    let outcome = platform::add_figures(app, school, viewer, file, name.0.as_deref(), true).await?;
    Ok(web::Json(outcome.into()))
}

/// An empty list of figures to be filled in, as CSV for Excel.
#[utoipa::path(
    operation_id = "platform_figures_template",
    tag = "platform", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), Refusals))]
#[get("/platform/figures/template")]
pub async fn template(who: SignedIn) -> Answer<HttpResponse> {
    who.parts()?;
    Ok(csv("platform-figures.csv", "日期,会议场次,参会人次,微盘使用人次,微盘已用（GB）,省平台入口使用"))
}

/// Looks at an export of 成员使用记录 (.xlsx or CSV) without writing anything.
#[utoipa::path(
    operation_id = "platform_usage_preview",
    tag = "platform", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = PlatformUsageOutcome), Refusals, WriteRefusals))]
#[post("/platform/usage/list/preview")]
pub async fn preview_usage(who: SignedIn, body: File) -> Answer<web::Json<PlatformUsageOutcome>> {
    let (app, school, viewer) = who.parts()?;
    platform::may_bring(viewer)?;
    let (file, _place) = body.read(&who, LIST_LIMIT).await?;
    let outcome = platform::add_usage(app, school, viewer, file, None, false).await?;
    Ok(web::Json(outcome.into()))
}

/// Keeps an export of 成员使用记录: all of it, or nothing. It stands among the imports, and can be taken back.
#[utoipa::path(
    operation_id = "platform_usage_import",
    tag = "platform", security(("session" = [])),
    params(("X-File-Name" = Option<String>, Header, description = "what the file is called, percent-encoded")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = PlatformUsageOutcome), Refusals, WriteRefusals))]
#[post("/platform/usage/list")]
pub async fn import_usage(
    who: SignedIn,
    name: FileName,
    body: File,
) -> Answer<web::Json<PlatformUsageOutcome>> {
    let (app, school, viewer) = who.parts()?;
    platform::may_bring(viewer)?;
    let (file, _place) = body.read(&who, LIST_LIMIT).await?;
    let outcome = platform::add_usage(app, school, viewer, file, name.0.as_deref(), true).await?;
    Ok(web::Json(outcome.into()))
}

/// An empty list of members to be filled in, as CSV for Excel.
#[utoipa::path(
    operation_id = "platform_usage_template",
    tag = "platform", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), Refusals))]
#[get("/platform/usage/template")]
pub async fn usage_template(who: SignedIn) -> Answer<HttpResponse> {
    who.parts()?;
    Ok(csv("platform-usage.csv", "统计时间,账号,姓名,部门,状态,最近使用时间,使用平台"))
}

/// The mark in front tells Excel that it is UTF-8.
fn csv(name: &str, headings: &str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(format!("\u{feff}{headings}\r\n"))
}
