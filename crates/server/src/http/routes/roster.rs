//! The roster from a file: looked at first, then imported.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    post, web,
};
use app::roster::{self, Duplicates, How, List, Outcome, Progress};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    body::{File, LIST_LIMIT},
    input::{self, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    progress::{self, ProgressLine},
    who::SignedIn,
};

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

/// What a file lists.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RosterList)]
pub enum ListDto {
    /// To be told from the headings.
    #[default]
    Guess,
    /// Students and staff, each row saying which.
    People,
    /// 学生
    Students,
    /// 教职工
    Staff,
    /// 班级: classes and their counsellors.
    Classes,
}

impl From<ListDto> for List {
    fn from(list: ListDto) -> Self {
        match list {
            ListDto::Guess => Self::Guess,
            ListDto::People => Self::People,
            ListDto::Students => Self::Students,
            ListDto::Staff => Self::Staff,
            ListDto::Classes => Self::Classes,
        }
    }
}

/// How a file is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RosterQuery {
    /// What becomes of people on record: overwrite (the usual) or skip.
    #[serde(default)]
    #[param(inline)]
    duplicates: DuplicatesDto,
    /// What the file lists; guess (the usual) tells it from the headings.
    #[serde(default)]
    #[param(inline)]
    list: ListDto,
    /// Which of our columns each heading means, in the file's order, with commas between; empty: not used. Left
    /// out: by the words of the headings.
    #[param(example = "number,name,,class")]
    columns: Option<String>,
}

impl From<RosterQuery> for How {
    fn from(query: RosterQuery) -> Self {
        let duplicates = match query.duplicates {
            DuplicatesDto::Overwrite => Duplicates::Overwrite,
            DuplicatesDto::Skip => Duplicates::Skip,
        };
        let column = |name: &str| Some(name.trim()).filter(|name| !name.is_empty()).map(str::to_owned);
        let columns = query.columns.map(|columns| columns.split(',').map(column).collect());
        Self { duplicates, list: query.list.into(), columns }
    }
}

/// What an import does, or would do. What the file is not about is 0.
#[derive(Debug, Default, Serialize, ToSchema)]
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
    /// Classes of a list of classes.
    classes: usize,
    /// Their counsellors.
    counsellors: usize,
    /// Classes that have nobody by the list.
    without_counsellor: usize,
    /// Counsellors' grants begun.
    grants_added: usize,
    /// Grants whose end changed.
    grants_changed: usize,
    /// Grants ended: those of counsellors whom the list no longer names.
    grants_ended: usize,
}

impl From<Outcome> for RosterReport {
    fn from(outcome: Outcome) -> Self {
        let report = match outcome {
            Outcome::People(report) => report,
            Outcome::Classes(report) => {
                return Self {
                    people: report.rows,
                    classes: report.classes,
                    counsellors: report.counsellors,
                    without_counsellor: report.without_counsellor,
                    grants_added: report.grants.added,
                    grants_changed: report.grants.changed,
                    grants_ended: report.grants.ended,
                    ..Self::default()
                };
            }
        };
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
            ..Self::default()
        }
    }
}

/// A file, looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterPreview {
    /// What it is taken for: people, students, staff or classes.
    list: &'static str,
    /// Columns such a list may have.
    columns: Vec<&'static str>,
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

/// Looks at a file (.xlsx or CSV) without writing anything: what its columns are taken for, what is wrong with which cell, and what
/// an import would do. Who accepts application/x-ndjson is told how far it is, a line at a time.
#[utoipa::path(
    operation_id = "roster_preview",
    tag = "roster", security(("session" = [])), params(RosterQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses(
        (status = 200, content((RosterPreview = "application/json"), (ProgressLine = "application/x-ndjson"))),
        Refusals, WriteRefusals))]
#[post("/roster/preview")]
pub async fn preview(
    request: HttpRequest,
    who: SignedIn,
    query: Query<RosterQuery>,
    body: File,
) -> Answer<HttpResponse> {
    roster::may_bring(&who.viewer)?;
    let (file, place) = body.read(&who, LIST_LIMIT).await?;
    let (progress, steps) = Progress::told();
    let work = async move {
        let _place = place;
        let (app, school, viewer) = who.parts()?;
        let looked = roster::preview(app, school, viewer, file, query.0.into(), &progress).await?;
        let headings = looked.headings.into_iter();
        Ok(RosterPreview {
            list: looked.list.code(),
            columns: looked.list.columns().to_vec(),
            headings: headings.map(RosterHeading::from).collect(),
            rows: looked.rows,
            report: looked.outcome.map(RosterReport::from),
            error_count: looked.errors.len(),
            errors: told(looked.errors),
        })
    };
    progress::answer(&request, steps, work).await
}

/// Imports a file: all of it, or nothing. The same file again changes nothing. Who accepts application/x-ndjson is
/// told how far it is, a line at a time; who goes away before the last line has nothing written.
#[utoipa::path(
    operation_id = "roster_import",
    tag = "roster", security(("session" = [])), params(RosterQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses(
        (status = 200, content((RosterReport = "application/json"), (ProgressLine = "application/x-ndjson"))),
        Refusals, WriteRefusals))]
#[post("/roster")]
pub async fn import(
    request: HttpRequest,
    who: SignedIn,
    query: Query<RosterQuery>,
    body: File,
) -> Answer<HttpResponse> {
    // It gives grants.
    let (_, _, viewer) = who.fresh_parts()?;
    roster::may_bring(viewer)?;
    let (file, place) = body.read(&who, LIST_LIMIT).await?;
    let (progress, steps) = Progress::told();
    let work = async move {
        let _place = place;
        let (app, school, viewer) = who.parts()?;
        let outcome = roster::import_file(app, school, viewer, file, query.0.into(), &progress).await?;
        Ok(RosterReport::from(outcome))
    };
    progress::answer(&request, steps, work).await
}

/// What a template is a file of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RosterFormat {
    /// Headings alone.
    #[default]
    Csv,
    /// A workbook with an example, notes and choices.
    Xlsx,
}

/// Which template.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TemplateQuery {
    /// What it lists; guess (the usual) is people of all kinds.
    #[serde(default)]
    #[param(inline)]
    list: ListDto,
    /// csv (the usual) or xlsx.
    #[serde(default)]
    #[param(inline)]
    format: RosterFormat,
}

/// An empty list to be filled in: CSV, or an Excel workbook with an example row that an import leaves out.
#[utoipa::path(
    operation_id = "roster_template",
    tag = "roster", security(("session" = [])), params(TemplateQuery),
    responses(
        (status = 200, content((String = "text/csv"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        Refusals))]
#[get("/roster/template")]
pub async fn template(who: SignedIn, query: Query<TemplateQuery>) -> Answer<HttpResponse> {
    who.parts()?;
    let list = match List::from(query.0.list) {
        List::Guess => List::People,
        list => list,
    };
    let (kind, ending, body) = match query.0.format {
        RosterFormat::Csv => ("text/csv; charset=utf-8", "csv", roster::template::csv(list).into_bytes()),
        RosterFormat::Xlsx => (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "xlsx",
            roster::template::workbook(list)?,
        ),
    };
    let name = format!("attachment; filename=\"{}.{ending}\"", list.code());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(body))
}

/// Which changes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ImportsQuery {
    /// Only those of this kind: roster, platform …
    kind: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
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
    /// roster, exemptions, accounts, statuses, platform …
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
    tag = "roster", security(("session" = [])), params(ImportsQuery),
    responses((status = 200, body = RosterImportList), Refusals))]
#[get("/roster/imports")]
pub async fn imports(who: SignedIn, query: Query<ImportsQuery>) -> Answer<web::Json<RosterImportList>> {
    let (app, school, viewer) = who.parts()?;
    let query = query.0;
    let paging = input::paging(app, school, query.cursor.as_deref(), query.limit)?;
    let (kind, after) = (query.kind.as_deref(), paging.after.as_deref());
    let page = roster::imports(app, school, viewer, kind, after, paging.limit).await?;
    let items = page.items.into_iter().map(|set| RosterImport {
        id: set.change_set_id,
        kind: set.kind,
        title: set.title,
        rows_changed: set.rows_changed,
        made_by: set.made_by,
        made_at: set.made_at,
        undone_at: set.undone_at,
    });
    Ok(web::Json(RosterImportList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Puts everything an import changed back as it was, unless some of it was changed or used since (409).
#[utoipa::path(
    operation_id = "roster_undo",
    tag = "roster", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/roster/imports/{id}/undo")]
pub async fn undo(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    roster::undo(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
