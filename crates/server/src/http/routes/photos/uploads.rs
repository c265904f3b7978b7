//! The .zip files that bring photos: sent, worked on by a job, a result for every file.

use std::time::Duration;

use actix_web::{HttpResponse, get, post, web};
use app::photos::{self, Receiving, Upload};
use chrono::{DateTime, Utc};
use domain::photo::Outcome;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    body,
    input::{self, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// How long a .zip may take: the largest one needs half an hour at a megabit a second. It is never in memory as a whole.
const TIME: Duration = Duration::from_secs(30 * 60);
/// How long is read on of one that is not taken.
const DRAIN_TIME: Duration = Duration::from_secs(60);

/// An upload that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoUploadTaken {
    /// Where its progress can be read.
    id: i64,
}

/// Takes a .zip of files named by student or staff number (20181234.jpg, .jpeg, .png); folders don't matter. A job looks at
/// each and keeps it small; the same .zip again stores nothing new.
#[utoipa::path(
    operation_id = "photo_uploads_create",
    tag = "photos", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the .zip, at most 200 MiB"),
    responses((status = 202, body = PhotoUploadTaken), Refusals, WriteRefusals))]
#[post("/photos/uploads")]
pub async fn create(who: SignedIn, mut payload: web::Payload) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let mut receiving = Receiving::begin(app, school, viewer).await?;
    let taken = body::within(TIME, take(&mut receiving, &mut payload)).await;
    if let Err(failure) = taken {
        receiving.give_up().await?;
        let _ = timeout(DRAIN_TIME, drain(payload)).await;
        return Err(failure);
    }
    let id = receiving.finish().await?;
    Ok(HttpResponse::Accepted().json(PhotoUploadTaken { id }))
}

/// Takes it piece by piece.
async fn take(receiving: &mut Receiving, payload: &mut web::Payload) -> Answer<()> {
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| app::Error::field("file", "文件没有传完，请重试"))?;
        receiving.push(&piece).await?;
    }
    Ok(())
}

/// Reads what is still coming, within reason: a browser that is cut off while it sends never sees the answer.
async fn drain(mut payload: web::Payload) {
    let mut left = photos::LIMIT;
    while let Some(Ok(piece)) = payload.next().await {
        left = left.saturating_sub(piece.len() as u64);
        if left == 0 {
            return;
        }
    }
}

/// Uploads, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoUploadList {
    items: Vec<PhotoUpload>,
    next_cursor: Option<String>,
}

/// A .zip that was sent.
#[derive(Debug, Serialize, ToSchema)]
struct PhotoUpload {
    id: i64,
    /// waiting (or being worked on), done or failed.
    state: String,
    bytes: i64,
    /// Files to be looked at; null while nobody has looked into it.
    files: Option<i32>,
    /// Why it failed, and what to do.
    message: Option<String>,
    made_by: Option<String>,
    made_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<Upload> for PhotoUpload {
    fn from(upload: Upload) -> Self {
        Self {
            id: upload.upload_id,
            state: upload.state,
            bytes: upload.bytes,
            files: upload.files,
            message: upload.message,
            made_by: upload.made_by_name,
            made_at: upload.made_at,
            finished_at: upload.finished_at,
        }
    }
}

/// Uploads of the last 30 days, newest first.
#[utoipa::path(
    operation_id = "photo_uploads_list",
    tag = "photos", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = PhotoUploadList), Refusals))]
#[get("/photos/uploads")]
pub async fn list(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<PhotoUploadList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = photos::uploads(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(PhotoUpload::from).collect();
    Ok(web::Json(PhotoUploadList { items, next_cursor: paging.cursor(page.next)? }))
}

/// An upload, and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoUploadDetail {
    #[serde(flatten)]
    upload: PhotoUpload,
    /// Files that are done.
    done: i64,
    counts: Vec<PhotoCount>,
}

/// Files of one outcome.
#[derive(Debug, Serialize, ToSchema)]
struct PhotoCount {
    /// stored, replaced, same, unknown, not_picture, too_large or twice.
    outcome: String,
    files: i64,
}

/// An upload, and how far it is.
#[utoipa::path(
    operation_id = "photo_uploads_get",
    tag = "photos", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = PhotoUploadDetail), Refusals))]
#[get("/photos/uploads/{id}")]
pub async fn get(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<PhotoUploadDetail>> {
    let (app, school, viewer) = who.parts()?;
    let (upload, counts) = photos::upload(app, school, viewer, *id).await?;
    let done = counts.iter().map(|count| count.files).sum();
    let counts = counts.into_iter().map(|count| PhotoCount { outcome: count.outcome, files: count.files });
    Ok(web::Json(PhotoUploadDetail { upload: upload.into(), done, counts: counts.collect() }))
}

/// What became of a file.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PhotoOutcome {
    Stored,
    Replaced,
    Same,
    Unknown,
    NotPicture,
    TooLarge,
    Twice,
}

impl From<PhotoOutcome> for Outcome {
    fn from(outcome: PhotoOutcome) -> Self {
        match outcome {
            PhotoOutcome::Stored => Self::Stored,
            PhotoOutcome::Replaced => Self::Replaced,
            PhotoOutcome::Same => Self::Same,
            PhotoOutcome::Unknown => Self::Unknown,
            PhotoOutcome::NotPicture => Self::NotPicture,
            PhotoOutcome::TooLarge => Self::TooLarge,
            PhotoOutcome::Twice => Self::Twice,
        }
    }
}

/// Which files.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ResultsQuery {
    /// Only those of this outcome.
    #[param(inline)]
    outcome: Option<PhotoOutcome>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Files in the .zip's order.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoResultList {
    items: Vec<PhotoResult>,
    next_cursor: Option<String>,
}

/// A file, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
struct PhotoResult {
    id: i32,
    /// Its name without folders.
    file: String,
    /// stored, replaced, same, unknown, not_picture, too_large or twice.
    outcome: String,
    /// Whose it is, by the roster.
    person: Option<i64>,
}

/// What became of each file of an upload.
#[utoipa::path(
    operation_id = "photo_uploads_results",
    tag = "photos", security(("session" = [])), params(("id" = i64, Path), ResultsQuery),
    responses((status = 200, body = PhotoResultList), Refusals))]
#[get("/photos/uploads/{id}/results")]
pub async fn results(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<ResultsQuery>,
) -> Answer<web::Json<PhotoResultList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let outcome = query.0.outcome.map(Outcome::from);
    let after = paging.after.as_deref();
    let page = photos::results(app, school, viewer, *id, outcome, after, paging.limit).await?;
    let items = page.items.into_iter().map(|row| PhotoResult {
        id: row.entry_no,
        file: row.file,
        outcome: row.outcome,
        person: row.person_id,
    });
    Ok(web::Json(PhotoResultList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}
