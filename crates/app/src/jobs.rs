//! Work behind the requests: the jobs, the worker that runs them, and the clock that asks for them.
//!
//! A job is claimed, worked on without a transaction, and recorded: three short statements. It may run twice
//! (a lease that ran out), so every effect it has is keyed.

pub mod answer_members;
pub mod approve_held;
pub mod collect_platform;
pub mod fill_tiles;
pub mod handle_inbox;
pub mod make_export;
pub mod purge;
pub mod read_approvals;
pub mod recall_announcements;
pub mod refresh_member;
pub mod send_announcements;
pub mod send_invitations;
pub mod send_messages;
pub mod sweep;
pub mod sync_directory;
pub mod take_photos;
pub mod update_cards;
pub mod warn_gates;
pub mod warn_readings;
pub mod warn_reviews;
pub mod write_back;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::CorpId;
use futures_util::future::BoxFuture;
use serde_json::Value;
use store::jobs::{self as queue, End, Leased, NewJob};
use tokio::sync::watch;

use crate::{App, Error, Result, audit::sealing, cards, digests, keys, outbox, reminders, tiles};

/// Every kind of job, for figures of each.
pub const KINDS: [&str; 21] = [
    answer_members::KIND,
    approve_held::KIND,
    collect_platform::KIND,
    fill_tiles::KIND,
    handle_inbox::KIND,
    make_export::KIND,
    purge::KIND,
    read_approvals::KIND,
    recall_announcements::KIND,
    refresh_member::KIND,
    send_announcements::KIND,
    send_invitations::KIND,
    send_messages::KIND,
    sweep::KIND,
    sync_directory::KIND,
    take_photos::KIND,
    update_cards::KIND,
    warn_gates::KIND,
    warn_readings::KIND,
    warn_reviews::KIND,
    write_back::KIND,
];

/// A lease is this long and is renewed at a third of it. Work of a process that was killed waits for its end.
const LEASE: Duration = Duration::from_secs(10);
/// How long an idle worker sleeps at most.
const POLL: Duration = Duration::from_millis(500);
/// How often rules and schedules are looked at.
const TICK: Duration = Duration::from_secs(5);

/// How a try ended, as the job itself sees it.
#[derive(Debug)]
pub(crate) enum Done {
    /// The work is done.
    Yes,
    /// Try again after this long.
    Later(TimeDelta, String),
}

fn new(corp: CorpId, kind: &'static str, now: DateTime<Utc>) -> NewJob {
    NewJob {
        corp,
        kind,
        payload: Value::Null,
        unique_key: Some(kind.to_owned()),
        run_at: now,
        max_attempts: 20,
    }
}

/// Boxed: the compiler can't see through this many layers that the future may move between threads.
fn run<'a>(app: &'a App, job: &'a Leased) -> BoxFuture<'a, Result<Done>> {
    Box::pin(async move {
        let school = app.school(job.corp_id)?;
        match job.kind.as_str() {
            answer_members::KIND => answer_members::run(app, school).await,
            approve_held::KIND => approve_held::run(app, school, &job.payload).await,
            collect_platform::KIND => collect_platform::run(app, school).await,
            fill_tiles::KIND => fill_tiles::run(app, school).await,
            handle_inbox::KIND => handle_inbox::run(app, school).await,
            make_export::KIND => make_export::run(app, school, &job.payload).await,
            purge::KIND => purge::run(app, school).await,
            read_approvals::KIND => read_approvals::run(app, school, &job.payload).await,
            recall_announcements::KIND => recall_announcements::run(app, school).await,
            refresh_member::KIND => refresh_member::run(app, school, &job.payload).await,
            send_announcements::KIND => send_announcements::run(app, school).await,
            send_invitations::KIND => send_invitations::run(app, school, &job.payload).await,
            send_messages::KIND => send_messages::run(app, school).await,
            sync_directory::KIND => sync_directory::run(app, school, &job.payload).await,
            take_photos::KIND => take_photos::run(app, school, &job.payload).await,
            update_cards::KIND => update_cards::run(app, school).await,
            warn_gates::KIND => warn_gates::run(app, school).await,
            warn_readings::KIND => warn_readings::run(app, school).await,
            warn_reviews::KIND => warn_reviews::run(app, school).await,
            write_back::KIND => write_back::run(app, school, &job.payload).await,
            sweep::KIND => sweep::run(app, school).await,
            _ => Err(Error::internal("a job of an unknown kind")),
        }
    })
}

/// Runs the next due job, if there is one. The worker is a loop around this; tests call it until it says false.
pub async fn run_one(app: &App) -> Result<bool> {
    let mut conn = app.store().control().await?;
    let Some(job) = queue::lease(&mut conn, app.now(), LEASE.as_secs_f64()).await? else { return Ok(false) };
    drop(conn);

    let ended = tokio::select! {
        ended = run(app, &job) => ended,
        lost = keep_lease(app, &job) => Err(lost),
    };
    let end = match ended {
        Ok(Done::Yes) => End::Done,
        Ok(Done::Later(delay, why)) => End::Later(app.now() + delay, why),
        Err(error) => {
            tracing::error!(
                job = job.kind,
                corp = job.corp_id,
                attempt = job.attempts,
                error = &error as &dyn std::error::Error,
                "job failed"
            );
            // 2, 4, 8 … seconds, ten minutes at most.
            let delay = TimeDelta::seconds(2_i64.saturating_pow(job.attempts.unsigned_abs()).min(600));
            End::Retry(app.now() + delay, reason(&error))
        }
    };
    let mut conn = app.store().control().await?;
    queue::finish(&mut conn, &job, &end, app.now()).await?;
    Ok(true)
}

/// Why a job failed, for the administrator who finds it on the page. What only a programmer can do something about stands in
/// the log.
fn reason(error: &Error) -> String {
    match error {
        Error::Wecom(error) | Error::Sync(sync::Error::Wecom(error)) => outbox::words(error),
        Error::Sync(sync::Error::Busy) => "另一次通讯录同步正在进行".to_owned(),
        // In Chinese, with what to do.
        Error::Unavailable(store::Error::Keys(why)) => why.clone(),
        Error::Unavailable(_) | Error::Sync(sync::Error::Store(_)) => "数据库暂时没有响应".to_owned(),
        Error::Internal(what, _) => format!("程序内部错误（{what}），详情见服务日志"),
        Error::Sync(error) => format!("通讯录同步没有完成（{error}），详情见服务日志"),
        other => format!("{}：{}", other.describe().title, other.describe().remedy),
    }
}

/// Renews the lease while the work goes on; comes back only when the lease is lost.
async fn keep_lease(app: &App, job: &Leased) -> Error {
    loop {
        tokio::time::sleep(LEASE / 3).await;
        let renewed = match app.store().control().await {
            Ok(mut conn) => queue::renew(&mut conn, job, LEASE.as_secs_f64()).await,
            Err(error) => Err(error),
        };
        match renewed {
            Ok(true) => {}
            Ok(false) => return Error::internal("the lease of a job was lost"),
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "could not renew a lease"),
        }
    }
}

/// Runs jobs until `stop` turns true, then ends the one at hand.
///
/// Each job runs in a task of its own: one that panics leaves its lease to run out, and the worker goes on.
pub async fn work(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        // Interest is registered before the queue is read, so that a ring in between is not missed.
        let added = app.job_added().notified();
        let app_of_job = app.clone();
        let ran = tokio::spawn(async move { run_one(&app_of_job).await }).await;
        match ran.unwrap_or_else(|panic| Err(Error::internal(format!("a job panicked: {panic}")))) {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the worker could not read its queue"
            ),
        }
        tokio::select! {
            () = added => {}
            () = tokio::time::sleep(POLL) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Looks at rules and schedules until `stop` turns true. Every process may do so: what is due is keyed.
pub async fn tick(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        look_at_schedules(&app).await;
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Plans what is due and adds the jobs that are missing, once. What fails is tried again at the next tick.
pub async fn look_at_schedules(app: &App) {
    for school in app.schools() {
        let corp = school.corp();
        if let Err(error) = reminders::plan_due(app, school).await {
            tracing::warn!(corp, error = &error as &dyn std::error::Error, "could not plan reminders");
        }
        if let Err(error) = cards::turn::turn_due(app, school).await {
            tracing::warn!(corp, error = &error as &dyn std::error::Error, "could not turn cards");
        }
        if let Err(error) = digests::plan_due(app, school).await {
            tracing::warn!(corp, error = &error as &dyn std::error::Error, "could not plan digests");
        }
        if let Err(error) = sealing::sign_if_due(app, school).await {
            tracing::warn!(corp, error = &error as &dyn std::error::Error, "could not sign the audit's head");
        }
        if let Err(error) = keys::prepare(app, school).await {
            tracing::warn!(
                corp,
                error = &error as &dyn std::error::Error,
                "could not make next month's keys"
            );
        }
        if let Err(error) = enqueue_scheduled(app, school).await {
            tracing::warn!(corp, error = &error as &dyn std::error::Error, "could not look at schedules");
        }
    }
}

async fn enqueue_scheduled(app: &App, school: &crate::School) -> Result<()> {
    let now = app.now();
    let mut tx = app.store().scoped(school.corp()).await?;
    let mut added = sync_directory::enqueue_if_due(&mut tx, school, now).await?;
    added |= sweep::enqueue_hourly(&mut tx, school.corp(), now).await?;
    added |= purge::enqueue_hourly(&mut tx, school.corp(), now).await?;
    added |= read_approvals::enqueue(&mut tx, school, now).await?;
    added |= collect_platform::enqueue(&mut tx, school, now).await?;
    // What waits without a job (its job died, or ended while the row was being committed) gets one again.
    if store::outbox::outstanding(&mut tx, school.corp()).await? {
        added |= queue::add(&mut tx, &send_messages::job(school.corp(), now), now).await?;
    }
    if store::reviews::outstanding(&mut tx, school.corp(), crate::reviews::pause_before(now)).await? {
        added |= queue::add(&mut tx, &warn_reviews::job(school.corp(), now), now).await?;
    }
    if store::announcements::any_due(&mut tx, school.corp(), now).await? {
        added |= queue::add(&mut tx, &send_announcements::job(school.corp(), now, now), now).await?;
    }
    if !store::announcements::recalls::asked(&mut tx, school.corp()).await?.is_empty() {
        added |= queue::add(&mut tx, &recall_announcements::job(school.corp(), now), now).await?;
    }
    for plan in store::write_plans::approved(&mut tx, school.corp()).await? {
        added |= queue::add(&mut tx, &write_back::job(school.corp(), plan, now), now).await?;
    }
    for upload in store::photos::uploads::waiting(&mut tx, school.corp()).await? {
        added |= queue::add(&mut tx, &take_photos::job(school.corp(), upload, now), now).await?;
    }
    for export in store::exports::open(&mut tx, school.corp()).await? {
        added |= queue::add(&mut tx, &make_export::job(school.corp(), export, now), now).await?;
    }
    for round in store::invitations::open(&mut tx, school.corp()).await? {
        added |= queue::add(&mut tx, &send_invitations::job(school.corp(), round, now), now).await?;
    }
    if !store::inbox::unhandled(&mut tx, school.corp(), 1).await?.is_empty() {
        added |= queue::add(&mut tx, &handle_inbox::job(school.corp(), now), now).await?;
    }
    if !store::inbox::from_members(&mut tx, school.corp(), 0, 1).await?.is_empty() {
        added |= queue::add(&mut tx, &answer_members::job(school.corp(), now), now).await?;
    }
    if store::cards::outstanding(&mut tx, school.corp(), now).await? {
        added |= queue::add(&mut tx, &update_cards::job(school.corp(), now), now).await?;
    }
    added |= crate::gate_alarms::look(&mut tx, school, now).await?;
    if store::reading_alarms::outstanding(&mut tx, school.corp()).await? {
        added |= queue::add(&mut tx, &warn_readings::job(school.corp(), now), now).await?;
    }
    added |= tiles::enqueue_if_due(&mut tx, school, now).await?;
    tx.commit().await?;
    if added {
        app.job_added().notify_one();
    }
    Ok(())
}
