//! 导出: asked for with a purpose, made behind the scenes, fetched by whoever asked; the log of them.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ContentEncoding},
    post, web,
};
use app::{
    App,
    exports::{self, Cell, Wanted},
};
use chrono::{DateTime, Utc};
use domain::{CorpId, export::Dataset};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{dto::DownloadReady, export_templates::ExportDefinition, sessions};
use crate::http::{
    input::{self, IdempotencyKey, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::{Answer, Failure, wants_page},
    who::SignedIn,
};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The first rows of a sheet.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportPreview {
    /// Its headings.
    titles: Vec<String>,
    /// At most ten rows as they would read, phones masked.
    rows: Vec<Vec<String>>,
    /// How many rows there are.
    total: i64,
}

/// What a definition would make.
#[utoipa::path(
    operation_id = "exports_preview",
    tag = "exports", security(("session" = [])), request_body = ExportDefinition,
    responses((status = 200, body = ExportPreview), Refusals, WriteRefusals))]
#[post("/exports/preview")]
pub async fn preview(who: SignedIn, body: Json<ExportDefinition>) -> Answer<web::Json<ExportPreview>> {
    let (app, school, viewer) = who.parts()?;
    let preview = exports::preview(app, school, viewer, body.0.read()?).await?;
    let text = |cell: Cell| match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text,
        Cell::Number(number) => number.to_string(),
    };
    let rows = preview.rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect();
    Ok(web::Json(ExportPreview { titles: preview.titles, rows, total: preview.total }))
}

/// An export as it is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExport {
    /// Of the sheet and in the log, at most 30 characters: the template's.
    name: String,
    definition: ExportDefinition,
    /// What for, at most 100 characters. The people it names can read it.
    #[schema(example = "报送省平台")]
    purpose: String,
    /// Phones in full, of those whose phone I may see. Masked otherwise.
    #[serde(default)]
    full_phones: bool,
}

/// An export that is being made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportAsked {
    id: i64,
}

/// Has an export made. How far it is, is told by the export itself.
#[utoipa::path(
    operation_id = "exports_create",
    tag = "exports", security(("session" = [])),
    params(("Idempotency-Key" = String, Header, description = "8 to 64 letters, digits, _ or -")),
    request_body = NewExport, responses((status = 202, body = ExportAsked), Refusals, WriteRefusals))]
#[post("/exports")]
pub async fn create(who: SignedIn, key: IdempotencyKey, body: Json<NewExport>) -> Answer<HttpResponse> {
    let NewExport { name, definition, purpose, full_phones } = body.0;
    let definition = definition.read()?;
    // What people answered leaves the house with it, or who they are.
    let (app, school, viewer) = match definition.dataset {
        Dataset::ReportAnswers => who.fresh_parts()?,
        dataset if dataset.names_people() => who.recent_parts()?,
        _ => who.parts()?,
    };
    let wanted = Wanted { name: &name, definition, purpose: &purpose, full_phones };
    let id = exports::create(app, school, viewer, &key.0, wanted).await?;
    Ok(HttpResponse::Accepted().json(ExportAsked { id }))
}

/// The log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportList {
    items: Vec<Export>,
    next_cursor: Option<String>,
}

/// An export and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Export {
    id: i64,
    name: String,
    /// What its rows are: people, registration, report_table …
    dataset: String,
    purpose: String,
    /// none, masked or full.
    phones: String,
    /// waiting, running, done, failed or expired.
    state: String,
    rows_done: i64,
    /// Null until it has begun.
    rows_total: Option<i64>,
    /// People it names.
    people: i64,
    /// … with their phone in full.
    full_phones: i64,
    size_bytes: Option<i64>,
    /// Why it failed, and what to do.
    message: Option<String>,
    /// Who asked for it.
    maker: String,
    /// Whether that is me: nobody else can fetch the file.
    mine: bool,
    made_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    /// When the file goes; the log stays.
    expires_at: Option<DateTime<Utc>>,
    downloads: i64,
    downloaded_at: Option<DateTime<Utc>>,
}

fn shown(exports::Logged { row, purpose }: exports::Logged, me: i64) -> Export {
    Export {
        id: row.export_id,
        name: row.name,
        dataset: row.definition.get("dataset").and_then(|name| name.as_str()).unwrap_or_default().into(),
        purpose,
        phones: row.phones,
        state: row.state,
        rows_done: row.rows_done,
        rows_total: row.rows_total,
        people: row.people,
        full_phones: row.full_phones,
        size_bytes: row.size_bytes,
        message: row.message,
        maker: row.maker,
        mine: row.made_by == me,
        made_at: row.made_at,
        finished_at: row.finished_at,
        expires_at: row.expires_at,
        downloads: row.downloads,
        downloaded_at: row.downloaded_at,
    }
}

/// The log of exports: mine, or everybody's for auditors and administrators.
#[utoipa::path(
    operation_id = "exports_list",
    tag = "exports", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = ExportList), Refusals))]
#[get("/exports")]
pub async fn list(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<ExportList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = exports::list(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|row| shown(row, viewer.member)).collect();
    Ok(web::Json(ExportList { items, next_cursor: paging.cursor(page.next)? }))
}

/// One export and how far it is.
#[utoipa::path(
    operation_id = "exports_get",
    tag = "exports", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = Export), Refusals))]
#[get("/exports/{id}")]
pub async fn get(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<Export>> {
    let (app, school, viewer) = who.parts()?;
    let found = exports::get(app, school, viewer, *id).await?;
    Ok(web::Json(shown(found, viewer.member)))
}

/// I fetch the file of my own export, for a day, after a sign-in of today; not where whom I may export has changed since.
#[utoipa::path(
    operation_id = "exports_ticket",
    tag = "exports", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 201, body = DownloadReady), Refusals, WriteRefusals))]
#[post("/exports/{id}/file")]
pub async fn fetch(who: SignedIn, request: HttpRequest, id: web::Path<i64>) -> Answer<HttpResponse> {
    // It leaves the house.
    let (app, school, viewer) = who.recent_parts()?;
    let ticket = exports::ticket(app, school, viewer, &sessions::own(&request)?, *id).await?;
    Ok(HttpResponse::Created().json(DownloadReady { path: format!("/api/v1/exports/files/{ticket}") }))
}

/// The file I asked for within the last minute. On record; 409 where whom I may export is no longer whom it was made by.
#[utoipa::path(
    operation_id = "exports_file",
    tag = "exports", security(("session" = [])), params(("id" = String, Path)),
    responses(
        (status = 200, body = Vec<u8>,
         content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        Refusals, (status = 409, description = "与当前状态不符")))]
#[get("/exports/files/{id}")]
pub async fn file(who: SignedIn, request: HttpRequest, ticket: web::Path<String>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    match exports::open(app, school, viewer, &sessions::own(&request)?, &ticket).await {
        Ok(file) => Ok(sent(app.clone(), viewer.corp, file)),
        Err(error) if wants_page(&request) => Ok(Failure::from(error).page()),
        Err(error) => Err(error.into()),
    }
}

/// The file, piece by piece, as the browser takes them.
fn sent(app: App, corp: CorpId, opened: exports::File) -> HttpResponse {
    let size = u64::try_from(opened.size).unwrap_or_default();
    let disposition = format!(
        "attachment; filename=\"export-{}.xlsx\"; filename*=UTF-8''{}",
        opened.export,
        percent_encoded(&opened.name)
    );
    let start = (app, corp, opened, 0);
    let pieces = stream::try_unfold(start, async |(app, corp, opened, chunk_no)| {
        if chunk_no >= opened.chunks {
            return Ok::<_, Failure>(None);
        }
        let piece = exports::piece(&app, app.school(corp)?, &opened, chunk_no).await?;
        Ok(Some((web::Bytes::from(piece), (app, corp, opened, chunk_no + 1))))
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, XLSX))
        .insert_header((CONTENT_DISPOSITION, disposition))
        // It is a ZIP already.
        .insert_header(ContentEncoding::Identity)
        .no_chunking(size)
        .streaming(Box::pin(pieces))
}

/// A file name in a header (RFC 5987).
fn percent_encoded(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
