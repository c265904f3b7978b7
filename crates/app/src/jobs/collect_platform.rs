//! Collects the figures of the platform (企业微信使用情况): four times a day, and when an administrator asks for it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{CorpId, platform};
use store::{
    Scoped,
    jobs::{self as queue, NewJob},
    platform::{records, usage},
};

use super::Done;
use crate::{App, Result, School, platform::collect};

pub(crate) const KIND: &str = "collect_platform";

/// How long records of the two logs and the console's exports are kept: two school years.
const KEPT: TimeDelta = TimeDelta::days(730);

/// The job, at once.
pub fn job(corp: CorpId, now: DateTime<Utc>) -> NewJob {
    NewJob { unique_key: Some("now".into()), max_attempts: 3, ..super::new(corp, KIND, now) }
}

/// Adds the next collection unless one waits.
pub(crate) async fn enqueue(tx: &mut Scoped, school: &School, now: DateTime<Utc>) -> Result<bool> {
    let run_at = platform::next_collection(school.zone, now);
    // The next one does what this one could not.
    let job = NewJob { run_at, max_attempts: 3, ..super::new(school.corp(), KIND, now) };
    Ok(queue::add(tx, &job, now).await?)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    collect::all(app, school).await?;
    let (corp, before) = (school.corp(), app.now() - KEPT);
    let mut tx = app.store().scoped(corp).await?;
    records::sweep(&mut tx, corp, before).await?;
    usage::sweep(&mut tx, corp, school.today(before)).await?;
    tx.commit().await?;
    Ok(Done::Yes)
}
