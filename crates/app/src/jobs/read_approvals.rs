//! Reads what is granted in WeCom (审批): all of the last weeks on schedule, and one when a callback names it.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::CorpId;
use serde_json::{Value, json};
use store::{
    Scoped, approvals as read,
    jobs::{self as queue, NewJob},
};

use super::Done;
use crate::{App, Result, School, approvals};

pub(crate) const KIND: &str = "read_approvals";

/// How often all of them are looked at, whatever the callbacks said.
const EVERY: TimeDelta = TimeDelta::minutes(10);
/// Applications read in one go; WeCom lets us read 600 a minute.
const BATCH: usize = 500;
/// How long it is remembered that an application was read: far longer than it can come up again.
const KEPT: TimeDelta = TimeDelta::days(400);

/// The job for one application.
pub fn job(corp: CorpId, number: &str, now: DateTime<Utc>) -> NewJob {
    NewJob {
        payload: json!({ "number": number }),
        unique_key: Some(number.to_owned()),
        ..super::new(corp, KIND, now)
    }
}

/// Adds the next look at all of them unless one waits, where the school has named a form.
pub(crate) async fn enqueue(tx: &mut Scoped, school: &School, now: DateTime<Utc>) -> Result<bool> {
    if school.approvals.ids().next().is_none() {
        return Ok(false);
    }
    let run_at = now.duration_trunc(EVERY).unwrap_or(now) + EVERY;
    // The next look does what this one could not.
    let look = NewJob { run_at, max_attempts: 3, ..super::new(school.corp(), KIND, now) };
    Ok(queue::add(tx, &look, now).await?)
}

pub(crate) async fn run(app: &App, school: &School, payload: &Value) -> Result<Done> {
    if let Some(number) = payload.get("number").and_then(Value::as_str) {
        approvals::read(app, school, number).await?;
        return Ok(Done::Yes);
    }
    let mut numbers = Vec::new();
    for form in school.approvals.ids() {
        numbers.extend(approvals::to_read(app, school, form).await?);
    }
    for number in numbers.iter().take(BATCH) {
        approvals::read(app, school, number).await?;
    }
    if numbers.len() > BATCH {
        return Ok(Done::Later(TimeDelta::minutes(1), "还有审批申请没有读完".into()));
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    read::sweep(&mut tx, school.corp(), app.now() - KEPT).await?;
    tx.commit().await?;
    Ok(Done::Yes)
}
