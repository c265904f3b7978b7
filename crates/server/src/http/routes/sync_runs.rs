//! Runs of the directory sync, and approving what a guard held back.

use actix_web::{HttpResponse, delete, get, post, web};
use app::sync_runs;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    input::{self, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Runs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncRunList {
    items: Vec<SyncRun>,
    next_cursor: Option<String>,
}

/// One attempt to make the mirror equal WeCom.
#[derive(Debug, Serialize, ToSchema)]
struct SyncRun {
    id: i64,
    /// boot, schedule, command, event or approval.
    trigger: String,
    /// running, applied, held, failed or discarded.
    state: String,
    started_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    departments_seen: i32,
    members_seen: i32,
    /// Members whose names WeCom did not show.
    members_not_visible: i32,
    rows_added: i32,
    rows_changed: i32,
    rows_closed: i32,
    rows_held: i32,
    /// Names exactly the removals held; to be sent back with an approval.
    held_digest: Option<String>,
    /// Why it was held or failed.
    reason: Option<String>,
    /// When what it changed was put back.
    reverted_at: Option<DateTime<Utc>>,
    tags_seen: i32,
    /// What of the tags could not be read: it stays as it was.
    tag_gaps: Option<String>,
}

impl From<store::sync_runs::Run> for SyncRun {
    fn from(run: store::sync_runs::Run) -> Self {
        Self {
            id: run.run_id,
            trigger: run.trigger,
            state: run.state,
            started_at: run.started_at,
            finished_at: run.finished_at,
            departments_seen: run.departments_seen,
            members_seen: run.members_seen,
            members_not_visible: run.members_not_visible,
            rows_added: run.rows_added,
            rows_changed: run.rows_changed,
            rows_closed: run.rows_closed,
            rows_held: run.rows_held,
            held_digest: run.held_digest.map(hex::encode),
            reason: run.reason,
            reverted_at: run.reverted_at,
            tags_seen: run.tags_seen,
            tag_gaps: run.tag_gaps,
        }
    }
}

/// Runs, newest first.
#[utoipa::path(
    operation_id = "sync_runs_list",
    tag = "sync", security(("session" = [])), params(PageQuery), responses((status = 200, body = SyncRunList), Refusals))]
#[get("/sync-runs")]
pub async fn list(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<SyncRunList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = sync_runs::list(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(SyncRun::from).collect();
    Ok(web::Json(SyncRunList { items, next_cursor: paging.cursor(page.next)? }))
}

/// A run was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Queued {
    /// False: one is waiting already.
    queued: bool,
}

/// Asks for a run now.
#[utoipa::path(
    operation_id = "sync_runs_create",
    tag = "sync", security(("session" = [])), responses((status = 202, body = Queued), Refusals))]
#[post("/sync-runs")]
pub async fn create(who: SignedIn) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let queued = sync_runs::ask(app, school, viewer).await?;
    Ok(HttpResponse::Accepted().json(Queued { queued }))
}

/// A run with what it held back.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncRunDetail {
    #[serde(flatten)]
    run: SyncRun,
    held: Vec<Held>,
    /// Whether what it changed can still be put back.
    revertible: bool,
    /// The run whose held removals have taken the place of these, since WeCom was read again.
    superseded_by: Option<i64>,
}

/// A removal that waits for approval.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldRemoval)]
struct Held {
    /// department, member or membership.
    kind: String,
    /// Department id, userid, or `userid/department id`.
    subject: String,
    name: String,
    /// Where it stands now: what the removal would end.
    place: String,
}

/// A run with the removals it held back, at most 1000 of them.
#[utoipa::path(
    operation_id = "sync_runs_get",
    tag = "sync", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = SyncRunDetail), Refusals))]
#[get("/sync-runs/{id}")]
pub async fn get(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<SyncRunDetail>> {
    let (app, school, viewer) = who.parts()?;
    let detail = sync_runs::get(app, school, viewer, *id).await?;
    let held = detail
        .held
        .into_iter()
        .map(|removal| Held {
            kind: removal.kind,
            subject: removal.subject,
            name: removal.name,
            place: removal.place,
        })
        .collect();
    Ok(web::Json(SyncRunDetail {
        run: detail.run.into(),
        held,
        revertible: detail.revertible,
        superseded_by: detail.superseded_by,
    }))
}

/// What is approved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The run's `held_digest`, as it was shown.
    digest: String,
}

/// Applies exactly the removals that were shown; refused when WeCom says something else by now.
#[utoipa::path(
    operation_id = "sync_runs_approve",
    tag = "sync", security(("session" = [])), params(("id" = i64, Path)), request_body = Approval,
    responses((status = 202, description = "a job applies them"), Refusals, WriteRefusals))]
#[post("/sync-runs/{id}/approval")]
pub async fn approve(who: SignedIn, id: web::Path<i64>, body: Json<Approval>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    let digest =
        hex::decode(&body.0.digest).map_err(|_| app::Error::field("digest", "请原样带上 held_digest"))?;
    sync_runs::approve(app, school, viewer, *id, &digest).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Discards what a run held back.
#[utoipa::path(
    operation_id = "sync_runs_discard",
    tag = "sync", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204, description = "discarded"), Refusals))]
#[delete("/sync-runs/{id}/approval")]
pub async fn discard(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    sync_runs::discard(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Puts back what a run changed, unless some of it was changed since (409). The next run looks at WeCom anew.
#[utoipa::path(
    operation_id = "sync_runs_revert",
    tag = "sync", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/sync-runs/{id}/reversion")]
pub async fn revert(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    sync_runs::revert(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How far the mirror may be from WeCom.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mirror {
    /// When everything was last read from WeCom; null: never.
    read_at: Option<DateTime<Utc>>,
    members_seen: i32,
    /// Members whose names WeCom did not show.
    members_not_visible: i32,
    /// What could not be read, or why something is held.
    reason: Option<String>,
    /// What of the tags could not be read.
    tag_gaps: Option<String>,
    /// Removals that wait for an administrator.
    rows_held: i64,
    /// The last reconcile that found what no event had told.
    difference_run: Option<i64>,
    difference_at: Option<DateTime<Utc>>,
    difference_rows: i32,
}

/// How old the mirror is, what was not visible, and the last difference a reconcile found.
#[utoipa::path(
    operation_id = "mirror_get",
    tag = "sync", security(("session" = [])), responses((status = 200, body = Mirror), Refusals))]
#[get("/mirror")]
pub async fn mirror(who: SignedIn) -> Answer<web::Json<Mirror>> {
    let (app, school, viewer) = who.parts()?;
    let drift = sync_runs::drift(app, school, viewer).await?;
    Ok(web::Json(Mirror {
        read_at: drift.read_at,
        members_seen: drift.members_seen,
        members_not_visible: drift.members_not_visible,
        reason: drift.reason,
        tag_gaps: drift.tag_gaps,
        rows_held: drift.rows_held,
        difference_run: drift.difference_run,
        difference_at: drift.difference_at,
        difference_rows: drift.difference_rows,
    }))
}
