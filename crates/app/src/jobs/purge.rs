//! Purges what was kept long enough: answers of campaigns that ended, old facts, what is held on people who left, and the front of the
//! audit. Once an hour, and in small steps, so that other jobs have their turn.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::CorpId;
use store::{
    Scoped,
    jobs::{self as queue, NewJob},
};

use super::Done;
use crate::{
    App, Result, School,
    retention::{Went, some},
};

pub(crate) const KIND: &str = "purge";

/// Parts of one step.
const PARTS: usize = 50;
/// Until the next step.
const NEXT: TimeDelta = TimeDelta::milliseconds(200);
/// Until the sealer has numbered what was done: it looks each second.
const NUMBERED: TimeDelta = TimeDelta::seconds(2);

/// Adds the next purge unless one waits: a while after the sweep, so that they don't meet.
pub(crate) async fn enqueue_hourly(tx: &mut Scoped, corp: CorpId, now: DateTime<Utc>) -> Result<bool> {
    let hour = TimeDelta::hours(1);
    let run_at = now.duration_trunc(hour).unwrap_or(now) + hour + TimeDelta::minutes(5);
    Ok(queue::add(tx, &NewJob { run_at, ..super::new(corp, KIND, now) }, now).await?)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    Ok(match some(app, school, PARTS).await? {
        Went::Through => Done::Yes,
        Went::More => Done::Later(NEXT, "按保存期限删除，还没有删完".into()),
        Went::Unnumbered => Done::Later(NUMBERED, "等待审计封存，之后出具删除证明".into()),
    })
}
