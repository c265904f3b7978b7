//! 运行状况: what waits, what fails and why, for those who run the system.

use actix_web::{HttpResponse, get, post, web};
use app::operations::{self, Settle, Standing};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::reminders::ReminderState;
use crate::http::{
    input::{self, PageQuery, Query},
    openapi::Refusals,
    problem::Answer,
    who::SignedIn,
};

/// Everything at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub struct Operations {
    as_of: DateTime<Utc>,
    /// The queue by kind and state; done ones are left out.
    jobs: Vec<JobCount>,
    /// The outbox by state: what is not settled, and what was within 24 hours.
    messages: Vec<MessageCount>,
    /// Recipients WeCom allows the app today.
    allowed_today: i64,
    /// … and that it has sent to, or is about to.
    sent_today: i64,
    /// Batches that fail, or failed for good within 24 hours; at most 50.
    failing: Vec<FailingBatch>,
    /// What is left of the calls of each API that was called.
    budgets: Vec<ApiBudget>,
    /// How WeCom takes our credentials.
    apps: Vec<AppState>,
    /// When the whole directory was last read.
    mirror_read_at: Option<DateTime<Utc>>,
    /// The host's clock less the database's, in milliseconds.
    clock_skew_ms: i64,
}

/// The jobs of one kind in one state.
#[derive(Debug, Serialize, ToSchema)]
struct JobCount {
    kind: String,
    /// waiting, running or dead.
    state: String,
    jobs: i64,
    /// Since when the oldest is due, or dead; null: none is due yet.
    since: Option<DateTime<Utc>>,
}

/// Messages in one state.
#[derive(Debug, Serialize, ToSchema)]
struct MessageCount {
    state: ReminderState,
    people: i64,
    since: Option<DateTime<Utc>>,
}

/// A batch that does not get through, or did not.
#[derive(Debug, Serialize, ToSchema)]
struct FailingBatch {
    id: i64,
    /// frozen: tried again. failed or unknown: for good.
    state: ReminderState,
    recipients: i32,
    attempts: i32,
    /// What WeCom said and what to do, in Chinese.
    error: String,
    since: DateTime<Utc>,
}

/// What is left of the calls of an API.
#[derive(Debug, Serialize, ToSchema)]
struct ApiBudget {
    #[schema(example = "user/get")]
    api: String,
    /// In this minute; null: WeCom does not count it.
    minute_left: Option<u32>,
    /// In this hour; null: WeCom does not count it.
    hour_left: Option<u32>,
    /// Nobody calls it before this.
    paused_until: Option<DateTime<Utc>>,
    paused_seconds: i64,
    /// What WeCom said, in Chinese.
    paused_words: Option<String>,
}

/// How WeCom takes the credentials of an app.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationsApp)]
struct AppState {
    /// Its name in the configuration, or contacts.
    app: String,
    standing: AppStanding,
    since: Option<DateTime<Utc>>,
    /// What WeCom said and what to do, in Chinese.
    words: Option<String>,
    /// When a refused one is tried again.
    retry_at: Option<DateTime<Utc>>,
    last_callback_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AppStanding {
    /// WeCom gave a token that holds.
    Good,
    /// The next call fetches a token.
    Idle,
    /// WeCom refuses it.
    Refused,
}

/// Everything at a glance.
#[utoipa::path(
    operation_id = "operations_get",
    tag = "operations", security(("session" = [])),
    responses((status = 200, body = Operations), Refusals))]
#[get("/operations")]
pub async fn get(who: SignedIn) -> Answer<web::Json<Operations>> {
    let (app, school, viewer) = who.parts()?;
    let found = operations::look(app, school, viewer).await?;
    let jobs = found.jobs.into_iter().map(|row| JobCount {
        kind: row.kind,
        state: row.state,
        jobs: row.jobs,
        since: row.since,
    });
    let messages = found.messages.into_iter().map(|row| MessageCount {
        state: ReminderState::of(&row.state),
        people: row.people,
        since: row.since,
    });
    let failing = found.failing.into_iter().map(|row| FailingBatch {
        id: row.batch_id,
        state: ReminderState::of(&row.state),
        recipients: row.recipients,
        attempts: row.attempts,
        error: row.error,
        since: row.since,
    });
    let budgets = found.budgets.into_iter().map(|left| ApiBudget {
        api: left.api,
        minute_left: left.minute,
        hour_left: left.hour,
        paused_until: left.paused_until,
        paused_seconds: left.paused_seconds,
        paused_words: left.paused_words,
    });
    let apps = found.apps.into_iter().map(|state| AppState {
        app: state.app,
        standing: match state.standing {
            Standing::Good => AppStanding::Good,
            Standing::Idle => AppStanding::Idle,
            Standing::Refused => AppStanding::Refused,
        },
        since: state.since,
        words: state.words,
        retry_at: state.retry_at,
        last_callback_at: state.last_callback_at,
    });
    Ok(web::Json(Operations {
        as_of: found.as_of,
        jobs: jobs.collect(),
        messages: messages.collect(),
        allowed_today: found.today.allowed,
        sent_today: found.today.sent,
        failing: failing.collect(),
        budgets: budgets.collect(),
        apps: apps.collect(),
        mirror_read_at: found.mirror_read_at,
        clock_skew_ms: found.clock_skew_ms,
    }))
}

/// Jobs that died, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadJobList {
    items: Vec<DeadJob>,
    next_cursor: Option<String>,
}

/// A job that died, or did and was settled.
#[derive(Debug, Serialize, ToSchema)]
struct DeadJob {
    id: i64,
    kind: String,
    /// waiting, running, done or dead.
    state: String,
    attempts: i32,
    /// Why the last try did not end well.
    reason: Option<String>,
    created_at: DateTime<Utc>,
    died_at: Option<DateTime<Utc>>,
    /// retried or discarded; null: nobody did anything about it.
    settled_as: Option<String>,
    settled_by: Option<String>,
    settled_at: Option<DateTime<Utc>>,
}

/// Jobs that died; what was done about one stays on the list for 90 days.
#[utoipa::path(
    operation_id = "operations_dead_jobs",
    tag = "operations", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = DeadJobList), Refusals))]
#[get("/operations/dead-jobs")]
pub async fn dead_jobs(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<DeadJobList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = operations::dead_jobs(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|job| DeadJob {
        id: job.job_id,
        kind: job.kind,
        state: job.state,
        attempts: job.attempts,
        reason: job.last_error,
        created_at: job.created_at,
        died_at: job.finished_at,
        settled_as: job.settled_as,
        settled_by: job.settled_by,
        settled_at: job.settled_at,
    });
    Ok(web::Json(DeadJobList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Puts a dead job back into the queue.
#[utoipa::path(
    operation_id = "operations_retry",
    tag = "operations", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals))]
#[post("/operations/dead-jobs/{id}/retry")]
pub async fn retry(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    settle(who, *id, Settle::Retry).await
}

/// Gives a dead job up.
#[utoipa::path(
    operation_id = "operations_discard",
    tag = "operations", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals))]
#[post("/operations/dead-jobs/{id}/discard")]
pub async fn discard(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    settle(who, *id, Settle::Discard).await
}

async fn settle(who: SignedIn, id: i64, how: Settle) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    operations::settle(app, school, viewer, id, how).await?;
    Ok(HttpResponse::NoContent().finish())
}
