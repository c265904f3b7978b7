//! Forgets what is no longer of use: spent sign-ins, ended sessions, old keys, handled messages, done jobs, files
//! of exports whose time is over, pictures no report shows, and what messages said a week ago.

use chrono::{DateTime, Days, DurationRound, TimeDelta, Utc};
use domain::{CorpId, gate, my_data, portal, security_event};
use store::{
    Scoped, attachments, cards, change_sets, corrections, exports, gate_alarms, gate_keys, idempotency_keys,
    inbox,
    jobs::{self as queue, NewJob},
    mailings,
    my_data::copies,
    passages,
    photos::uploads,
    portal::passes as portal_passes,
    reading_alarms, reading_budgets, roll, second_factors, security_events, sessions, sign_in_flows,
    visitors,
};

use super::Done;
use crate::{App, Result, School};

pub(crate) const KIND: &str = "sweep";

/// A code is dead after five minutes (doc 91023); its hash is kept longer than any clock may be off.
const CODES: TimeDelta = TimeDelta::minutes(15);
/// How long a write may be repeated with its key.
const KEYS: TimeDelta = TimeDelta::days(2);
/// How long a handled message is kept, and what became of a card.
const MESSAGES: TimeDelta = TimeDelta::days(7);
/// How long it is kept what a message said; who was sent one stays.
const SENT: TimeDelta = TimeDelta::days(7);
/// How long a done job is kept.
const JOBS: TimeDelta = TimeDelta::days(1);
/// How long it is kept what an administrator did about a dead one.
const SETTLED_JOBS: TimeDelta = TimeDelta::days(90);

/// How long a run, an import or a bulk change can be undone; what it replaced is kept no longer.
const CHANGES: TimeDelta = TimeDelta::days(30);
/// How long a settled request for a correction is kept: it says what somebody's data was and is.
const CORRECTIONS: TimeDelta = TimeDelta::days(180);

/// How long the results of an upload of photos can be read.
const UPLOADS: TimeDelta = TimeDelta::days(30);
/// An upload that has not come whole by then never will.
const BROKEN_UPLOADS: TimeDelta = TimeDelta::hours(2);

/// How long a picture waits for the report that shows it.
const ATTACHMENTS: TimeDelta = TimeDelta::days(1);

/// How long passages and alarms are kept, and whom a code was of: with the keys of its day.
const PASSAGES: TimeDelta = TimeDelta::days(gate::KEPT_DAYS);

/// A second factor whose setting up was not ended by then never will be.
const BEGUN_FACTORS: TimeDelta = TimeDelta::days(1);
/// Whoever comes back by then has their second factor still.
const FACTORS_OF_LEAVERS: TimeDelta = TimeDelta::days(30);
/// How many days it is kept how much somebody read, and what stood out.
const READINGS: Days = Days::new(180);

/// Adds the next sweep unless one waits.
pub(crate) async fn enqueue_hourly(tx: &mut Scoped, corp: CorpId, now: DateTime<Utc>) -> Result<bool> {
    // Planned for the next full hour: while it waits there, no second one is added.
    let hour = TimeDelta::hours(1);
    let run_at = now.duration_trunc(hour).unwrap_or(now) + hour;
    Ok(queue::add(tx, &NewJob { run_at, ..super::new(corp, KIND, now) }, now).await?)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    let now = app.now();
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    sign_in_flows::sweep(&mut tx, now, now - CODES).await?;
    sessions::sweep(&mut tx, now).await?;
    idempotency_keys::sweep(&mut tx, corp, now - KEYS).await?;
    inbox::sweep(&mut tx, corp, now - MESSAGES).await?;
    cards::sweep(&mut tx, corp, now - MESSAGES).await?;
    change_sets::sweep(&mut tx, corp, now - CHANGES).await?;
    corrections::sweep(&mut tx, corp, now - CORRECTIONS).await?;
    uploads::sweep(&mut tx, corp, now - UPLOADS, now - BROKEN_UPLOADS).await?;
    attachments::sweep(&mut tx, corp, now - ATTACHMENTS).await?;
    exports::sweep(&mut tx, corp, now).await?;
    gate_keys::sweep(&mut tx, corp, school.today(now - PASSAGES)).await?;
    gate_alarms::sweep(&mut tx, corp, now - PASSAGES).await?;
    passages::sweep(&mut tx, corp, now - PASSAGES, now).await?;
    visitors::sweep(&mut tx, corp, now - TimeDelta::days(gate::visitor::KEPT_DAYS)).await?;
    let entries = school.today(now).checked_sub_days(Days::new(portal::KEPT_DAYS));
    if let Some(before) = entries {
        portal_passes::sweep(&mut tx, corp, before).await?;
    }
    if let Some(before) = school.today(now).checked_sub_days(READINGS) {
        reading_budgets::sweep(&mut tx, corp, before).await?;
        reading_alarms::sweep(&mut tx, corp, before).await?;
    }
    copies::sweep(&mut tx, corp, now - TimeDelta::days(my_data::COPIES_KEPT_DAYS)).await?;
    let left_before = school.today(now - FACTORS_OF_LEAVERS);
    second_factors::sweep(&mut tx, corp, now - BEGUN_FACTORS, left_before).await?;
    security_events::sweep(&mut tx, corp, now - TimeDelta::days(security_event::KEPT_DAYS)).await?;
    roll::sweep(&mut tx).await?;
    mailings::forget(&mut tx, corp, now - SENT).await?;
    queue::sweep(&mut tx, now - JOBS, now - SETTLED_JOBS).await?;
    tx.commit().await?;
    Ok(Done::Yes)
}
