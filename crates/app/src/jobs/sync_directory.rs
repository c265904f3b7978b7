//! Makes the mirror equal to WeCom: on schedule and on demand.

use chrono::{DateTime, TimeDelta, Utc};
use domain::CorpId;
use serde_json::{Value, json};
use store::{
    Scoped,
    jobs::{self as queue, NewJob},
    sync_runs,
};

use super::Done;
use crate::{App, Result, School, sync_runs::tell_administrators};

pub(crate) const KIND: &str = "sync_directory";

/// Reconciled at least this often, whatever the events said.
const EVERY: TimeDelta = TimeDelta::hours(6);

/// The job; one that waits is enough.
pub fn job(corp: CorpId, trigger: sync::Trigger, now: DateTime<Utc>) -> NewJob {
    NewJob { payload: json!({ "trigger": trigger.as_str() }), ..super::new(corp, KIND, now) }
}

pub(crate) async fn run(app: &App, school: &School, payload: &Value) -> Result<Done> {
    let trigger = payload.get("trigger").and_then(Value::as_str).and_then(sync::Trigger::parse);
    let now = app.now();
    let trigger = trigger.unwrap_or(sync::Trigger::Schedule);
    let outcome = school.mirror.full(trigger, now, school.today(now)).await?;
    if outcome.state == sync::State::Held {
        tell_administrators(app, school, &outcome).await?;
    }
    Ok(Done::Yes)
}

/// Adds a run when the last good one began [`EVERY`] ago, or there was none.
pub(crate) async fn enqueue_if_due(tx: &mut Scoped, school: &School, now: DateTime<Utc>) -> Result<bool> {
    let corp = school.corp();
    match sync_runs::last_full_started(tx, corp).await? {
        Some(last) if now - last < EVERY => Ok(false),
        _ => Ok(queue::add(tx, &job(corp, sync::Trigger::Schedule, now), now).await?),
    }
}
