//! The roster from a file: looked at first, then imported.

use actix_web::{
    HttpResponse, get,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    post, web,
};
use app::roster::{self, Duplicates};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// The largest file taken, in bytes: a hundred thousand people are about twelve million.
const FILE_LIMIT: usize = 20 * 1024 * 1024;
/// Wrong cells told at most.
const TOLD: usize = 500;

/// What becomes of people on record whom the file names again.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RosterDuplicates)]
pub enum DuplicatesDto {
    /// They become what the file says.
    #[default]
    Overwrite,
    /// They stay as they are.
    Skip,
}

/// How a file is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RosterQuery {
    /// What becomes of people on record: overwrite (the usual) or skip.
    #[serde(default)]
    #[param(inline)]
    duplicates: DuplicatesDto,
}

impl RosterQuery {
    fn duplicates(&self) -> Duplicates {
        match self.duplicates {
            DuplicatesDto::Overwrite => Duplicates::Overwrite,
            DuplicatesDto::Skip => Duplicates::Skip,
        }
    }
}

/// What an import does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterReport {
    /// Rows of the file.
    people: usize,
    added: usize,
    changed: usize,
    /// On record already, and left as they are.
    skipped: usize,
    /// Accounts of WeCom linked to their person.
    linked: usize,
    without_account: usize,
    /// Places in classes and departments begun.
    memberships_opened: usize,
    /// Places ended.
    memberships_closed: usize,
    /// Accounts of WeCom that belong to nobody on the roster.
    accounts_unknown: usize,
}

impl From<roster::Report> for RosterReport {
    fn from(report: roster::Report) -> Self {
        Self {
            people: report.people,
            added: report.added,
            changed: report.changed,
            skipped: report.skipped,
            linked: report.linked,
            without_account: report.without_account,
            memberships_opened: report.memberships.opened,
            memberships_closed: report.memberships.closed,
            accounts_unknown: report.accounts_unknown,
        }
    }
}

/// A file, looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterPreview {
    headings: Vec<RosterHeading>,
    /// Rows below the header.
    rows: usize,
    /// What an import would do; null while something is wrong.
    report: Option<RosterReport>,
    /// The first 500 wrong cells, in the file's order.
    errors: Vec<RosterError>,
    /// How many there are.
    error_count: usize,
}

/// A heading of the file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RosterHeading {
    heading: String,
    /// Which of our columns it is taken for; null for one that is not used.
    column: Option<&'static str>,
}

impl From<roster::Heading> for RosterHeading {
    fn from(one: roster::Heading) -> Self {
        Self { heading: one.heading, column: one.column }
    }
}

/// A wrong cell.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RosterError {
    /// Line of the file; the header is line 1.
    line: u64,
    /// Column, as the file heads it.
    column: String,
    /// What is wrong, and what to do.
    message: String,
}

/// The first [`TOLD`] of what is wrong.
pub(super) fn told(errors: Vec<domain::roster::LineError>) -> Vec<RosterError> {
    let errors = errors.into_iter().take(TOLD);
    errors
        .map(|error| RosterError {
            line: error.line,
            column: error.column.into_owned(),
            message: error.message,
        })
        .collect()
}

/// The file of a request, whole.
pub(super) async fn file(mut body: web::Payload) -> Answer<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| app::Error::field("file", "文件没有传完，请重试"))?;
        if bytes.len() + piece.len() > FILE_LIMIT {
            return Err(input::too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Looks at a file (.xlsx or CSV) without writing anything: what its columns are taken for, what is wrong with which cell, and what
/// an import would do.
#[utoipa::path(
    operation_id = "roster_preview",
    tag = "roster", security(("session" = [])), params(RosterQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = RosterPreview), Refusals, WriteRefusals))]
#[post("/roster/preview")]
pub async fn preview(
    who: SignedIn,
    query: Query<RosterQuery>,
    body: web::Payload,
) -> Answer<web::Json<RosterPreview>> {
    let (app, school, viewer) = who.parts()?;
    let looked = roster::preview(app, school, viewer, file(body).await?, query.0.duplicates()).await?;
    Ok(web::Json(RosterPreview {
        headings: headings.map(RosterHeading::from).collect(),
        rows: looked.rows,
        report: looked.report.map(RosterReport::from),
        error_count: looked.errors.len(),
        errors: told(looked.errors),
    }))
}

/// Imports a file: all of it, or nothing. The same file again changes nothing.
#[utoipa::path(
    operation_id = "roster_import",
    tag = "roster", security(("session" = [])), params(RosterQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = RosterReport), Refusals, WriteRefusals))]
#[post("/roster")]
pub async fn import(
    who: SignedIn,
    query: Query<RosterQuery>,
    body: web::Payload,
) -> Answer<web::Json<RosterReport>> {
    let (app, school, viewer) = who.parts()?;
    let report = roster::import_people(app, school, viewer, file(body).await?, query.0.duplicates()).await?;
    Ok(web::Json(report.into()))
}

/// An empty roster to be filled in, as CSV for Excel.
#[utoipa::path(
    operation_id = "roster_template",
    tag = "roster", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), Refusals))]
#[get("/roster/template")]
pub async fn template(who: SignedIn) -> Answer<HttpResponse> {
    who.parts()?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"roster.csv\""))
        .body(roster::template()))
}

/// Imports and other changes of many people at once, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterImportList {
    items: Vec<RosterImport>,
    next_cursor: Option<String>,
}

/// A change of many people at once.
#[derive(Debug, Serialize, ToSchema)]
struct RosterImport {
    id: i64,
    /// roster, exemptions, accounts, statuses …
    kind: String,
    /// What was done.
    title: String,
    /// Rows written.
    rows_changed: i64,
    /// Who did it; null: from the command line.
    made_by: Option<String>,
    made_at: DateTime<Utc>,
    undone_at: Option<DateTime<Utc>>,
}

/// Imports and other changes of many people at once, of the last 30 days.
#[utoipa::path(
    operation_id = "roster_imports",
    tag = "roster", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = RosterImportList), Refusals))]
#[get("/roster/imports")]
pub async fn imports(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<RosterImportList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(query.0.cursor.as_deref(), query.0.limit)?;
    let page = roster::imports(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|set| RosterImport {
        id: set.change_set_id,
        kind: set.kind,
        title: set.title,
        rows_changed: set.rows_changed,
        made_by: set.made_by,
        made_at: set.made_at,
        undone_at: set.undone_at,
    });
    Ok(web::Json(RosterImportList { items: items.collect(), next_cursor: input::cursor(page.next) }))
}

/// Puts everything an import changed back as it was, unless some of it was changed or used since (409).
#[utoipa::path(
    operation_id = "roster_undo",
    tag = "roster", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/roster/imports/{id}/undo")]
pub async fn undo(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    roster::undo(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
