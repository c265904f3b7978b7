//! 运行状况: what waits, what fails and why, what is left of WeCom's limits, each with since when. Nothing here says whose or
//! what: it is shown to those who run the system and counted by the metrics.

use chrono::{DateTime, TimeDelta, Utc};
use domain::policy::{Action, Viewer};
use store::{budgets, corps, operations as rows, sync_runs, tokens};
use wecom::budget::Limits;

use crate::{App, Error, Page, Result, School, outbox, school::CONTACTS};

pub use crate::{jobs::KINDS, outbox::Today};
pub use store::operations::{DeadJob, Failing, Jobs, Messages};

/// What was settled longer ago is not shown.
const SHOWN: TimeDelta = TimeDelta::hours(24);
/// Failing batches shown at most.
const BATCHES: i64 = 50;

/// Everything at a glance.
#[derive(Debug, Clone)]
pub struct Operations {
    /// The hour this was true.
    pub as_of: DateTime<Utc>,
    /// The queue by kind and state, done ones left out.
    pub jobs: Vec<Jobs>,
    /// The outbox by state: what is not settled, and what was within a day.
    pub messages: Vec<Messages>,
    /// The app's account of the day.
    pub today: Today,
    /// Batches that fail, or failed for good within a day.
    pub failing: Vec<Failing>,
    /// What is left of the calls of each API that was called.
    pub budgets: Vec<Left>,
    /// How WeCom takes our credentials.
    pub apps: Vec<Credentials>,
    /// When the whole directory was last read.
    pub mirror_read_at: Option<DateTime<Utc>>,
    /// The host's clock less the database's, in milliseconds.
    pub clock_skew_ms: i64,
}

/// What is left of the calls of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Path of the call.
    pub api: String,
    /// In this minute; none: not counted.
    pub minute: Option<u32>,
    /// In this hour; none: not counted.
    pub hour: Option<u32>,
    /// Nobody calls it before this; none: no pause.
    pub paused_until: Option<DateTime<Utc>>,
    /// How long that is, in seconds.
    pub paused_seconds: i64,
    /// What WeCom said, in Chinese.
    pub paused_words: Option<String>,
}

/// How WeCom takes the credentials of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The app's name in the configuration, or `contacts`.
    pub app: String,
    /// How it stands.
    pub standing: Standing,
    /// Since when; none: WeCom was never asked.
    pub since: Option<DateTime<Utc>>,
    /// What WeCom said and what to do, in Chinese.
    pub words: Option<String>,
    /// When a refused one is tried again.
    pub retry_at: Option<DateTime<Utc>>,
    /// When the last callback to it came.
    pub last_callback_at: Option<DateTime<Utc>>,
}

/// How an app's credentials stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// WeCom gave a token that holds.
    Good,
    /// Nothing was asked for lately: the next call fetches a token.
    Idle,
    /// WeCom refuses them.
    Refused,
}

fn administer(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Everything at a glance.
pub async fn look(app: &App, school: &School, viewer: &Viewer) -> Result<Operations> {
    administer(viewer)?;
    look_at(app, school).await
}

/// … for the metrics, which nobody signs in for.
pub async fn look_at(app: &App, school: &School) -> Result<Operations> {
    let (corp, now) = (school.corp(), app.now());
    let apps = [Some(school.wecom.name()), school.mirror.contacts.as_ref().map(|_| CONTACTS)];
    let apps: Vec<&str> = apps.into_iter().flatten().collect();
    let mut tx = app.store().scoped(corp).await?;
    let jobs = rows::jobs(&mut tx, corp, now).await?;
    let messages = rows::messages(&mut tx, corp, now - SHOWN, now).await?;
    let today = outbox::today(&mut tx, school, now).await?;
    let failing = rows::failing(&mut tx, corp, now - SHOWN, BATCHES).await?;
    let used = budgets::used(&mut tx, corp).await?;
    let tokens = tokens::states(&mut tx, corp).await?;
    let callbacks = rows::last_callbacks(&mut tx, corp, &apps).await?;
    let mirror_read_at = sync_runs::drift(&mut tx, corp).await?.read_at;
    let skew = now - corps::database_clock(&mut tx).await?;
    tx.commit().await?;
    let credentials = apps.iter().map(|name| {
        let state = tokens.iter().find(|state| state.app == *name);
        let called = callbacks.iter().find(|(app, _)| app == name).map(|(_, at)| *at);
        credentials(name, state, called, now)
    });
    Ok(Operations {
        as_of: now,
        jobs,
        messages,
        today,
        failing,
        budgets: used.into_iter().map(left).collect(),
        apps: credentials.collect(),
        mirror_read_at,
        clock_skew_ms: skew.num_milliseconds(),
    })
}

fn left(used: budgets::Used) -> Left {
    let limits = Limits::of(&used.api);
    let left = |limit: u32, calls: i64| {
        (limit != u32::MAX).then(|| limit.saturating_sub(u32::try_from(calls).unwrap_or(u32::MAX)))
    };
    let words = used.paused_code.map(|code| {
        let refusal = wecom::ApiError { api: "", code, hint: String::new() };
        format!("错误码 {code} {}", refusal.meaning())
    });
    #[expect(clippy::cast_possible_truncation, reason = "an hour or so")]
    let paused_seconds = used.paused_seconds.ceil() as i64;
    Left {
        minute: left(limits.minute, used.minute_calls),
        hour: left(limits.hour, used.hour_calls),
        paused_until: used.paused_until,
        paused_seconds,
        paused_words: words,
        api: used.api,
    }
}

fn credentials(
    name: &str,
    state: Option<&tokens::State>,
    last_callback_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Credentials {
    let idle = Credentials {
        app: name.to_owned(),
        standing: Standing::Idle,
        since: None,
        words: None,
        retry_at: None,
        last_callback_at,
    };
    let Some(state) = state else { return idle };
    // A token that is given takes the refusal away.
    if let Some(code) = state.refused_code {
        let hint = state.refused_hint.clone().unwrap_or_default();
        let refusal = wecom::ApiError { api: "gettoken", code, hint };
        let refused = wecom::Error::Configuration { app: name.to_owned(), refusal };
        return Credentials {
            standing: Standing::Refused,
            since: state.refused_since,
            words: Some(outbox::words(&refused)),
            retry_at: state.refused_until,
            ..idle
        };
    }
    match state.expires_at.filter(|expires| *expires > now) {
        Some(_) => Credentials { standing: Standing::Good, since: state.obtained_at, ..idle },
        None => Credentials { since: state.expires_at, ..idle },
    }
}

/// Jobs that died, settled ones too, the newest first; `before` is the last page's `next`.
pub async fn dead_jobs(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<DeadJob>> {
    administer(viewer)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let jobs = rows::dead_jobs(&mut tx, school.corp(), before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(jobs, limit, |job| job.job_id.to_string()))
}

/// What an administrator does about a dead job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// It is tried again, as if it had not been.
    Retry,
    /// It is given up.
    Discard,
}

/// Settles a dead job; who and when stands in its row, and in the audit.
pub async fn settle(app: &App, school: &School, viewer: &Viewer, job: i64, how: Settle) -> Result<()> {
    administer(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let settled = match how {
        Settle::Retry => rows::retry(&mut tx, corp, job, viewer.member, now).await?,
        Settle::Discard => rows::discard(&mut tx, corp, job, viewer.member, now).await?,
    };
    if !settled {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    app.job_added().notify_one();
    tracing::info!(corp, job, ?how, "a dead job was settled");
    Ok(())
}
