//! Forgets what is no longer of use: spent sign-ins, ended sessions, old keys, handled messages, done jobs, files
//! of exports whose time is over, pictures no report shows, and what messages said a week ago.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::CorpId;
use store::{
    Scoped, attachments, cards, change_sets, corrections, download_tickets, exports, gate_alarms, gate_keys,
    idempotency_keys, inbox,
    jobs::{self as queue, NewJob},
    mailings,
    my_data::copies,
    outbox, passages,
    photos::uploads,
    portal::passes as portal_passes,
    reading_alarms, reading_budgets, retention, roll, second_factors, security_events, sessions,
    sign_in_flows, sync_runs, visitors, write_plans,
};

use super::Done;
use crate::{App, Result, School, download_tickets::LIFE as TICKETS};

pub(crate) const KIND: &str = "sweep";

// How long everything else is kept stands in fixtures/retention.toml. These are no schedule but what works as it does.

/// A code is dead after five minutes (doc 91023); its hash is kept longer than any clock may be off.
const CODES: TimeDelta = TimeDelta::minutes(15);
/// An upload that has not come whole by then never will.
const BROKEN_UPLOADS: TimeDelta = TimeDelta::hours(2);

/// Rows of who was sent what that go at once: more in a day than are added in one.
const DELIVERIES: i64 = 20_000;

/// A second factor whose setting up was not ended by then never will be.
const BEGUN_FACTORS: TimeDelta = TimeDelta::days(1);

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
    let kept = &school.retention.classes;
    let mut tx = app.store().scoped(corp).await?;
    sign_in_flows::sweep(&mut tx, now, now - CODES).await?;
    sessions::sweep(&mut tx, now).await?;
    exports::sweep(&mut tx, corp, now).await?;
    download_tickets::sweep(&mut tx, corp, now - TICKETS).await?;
    roll::sweep(&mut tx).await?;

    let receipts = idempotency_keys::sweep(&mut tx, corp, now - kept.receipts.life()).await?;
    let messages = inbox::sweep(&mut tx, corp, now - kept.messages.life()).await?
        + cards::sweep(&mut tx, corp, now - kept.messages.life()).await?;
    let words = mailings::forget(&mut tx, corp, now - kept.words.life()).await?;
    let done = now - kept.undo.life();
    for (plan, state) in write_plans::left_lying(&mut tx, corp, done).await? {
        write_plans::discard(&mut tx, corp, plan, &state, None, now).await?;
    }
    let undo = change_sets::sweep(&mut tx, corp, done).await?
        + sync_runs::forget_held(&mut tx, corp, done).await?
        + write_plans::forget(&mut tx, corp, done).await?;
    let settled = corrections::sweep(&mut tx, corp, now - kept.corrections.life()).await?;
    let sent = uploads::sweep(&mut tx, corp, now - kept.uploads.life(), now - BROKEN_UPLOADS).await?;
    let pictures = attachments::sweep(&mut tx, corp, now - kept.pictures.life()).await?;
    let passed = now - kept.passages.life();
    // With the keys of a day goes whom its codes were of.
    let passages = gate_keys::sweep(&mut tx, corp, school.today(passed)).await?
        + gate_alarms::sweep(&mut tx, corp, passed).await?
        + passages::sweep(&mut tx, corp, passed, now).await?;
    let visits = visitors::sweep(&mut tx, corp, now - kept.visits.life()).await?;
    let entries = match school.today(now).checked_sub_days(kept.entries.calendar()) {
        Some(before) => portal_passes::sweep(&mut tx, corp, before).await?,
        None => 0,
    };
    let taken = copies::sweep(&mut tx, corp, now - kept.copies.life()).await?;
    let jobs = queue::sweep(&mut tx, corp, now - kept.jobs.life(), now - kept.settled_jobs.life()).await?;
    let readings = match school.today(now).checked_sub_days(kept.readings.calendar()) {
        Some(before) => {
            reading_budgets::sweep(&mut tx, corp, before).await?
                + reading_alarms::sweep(&mut tx, corp, before).await?
        }
        None => 0,
    };
    let left_before = school.today(now - kept.factors.life());
    let factors = second_factors::sweep(&mut tx, corp, now - BEGUN_FACTORS, left_before).await?;
    let security = security_events::sweep(&mut tx, corp, now - kept.security.life()).await?;
    let deliveries = outbox::sweep(&mut tx, corp, now - kept.deliveries.life(), DELIVERIES).await?;
    let removed = [
        ("receipts", receipts),
        ("messages", messages),
        ("words", words),
        ("deliveries", deliveries),
        ("undo", undo),
        ("corrections", settled),
        ("uploads", sent),
        ("pictures", pictures),
        ("passages", passages),
        ("visits", visits),
        ("entries", entries),
        ("copies", taken),
        // One statement forgets both.
        ("jobs", jobs),
        ("settled_jobs", 0),
        ("readings", readings),
        ("factors", factors),
        ("security", security),
    ];
    for (class, rows) in removed {
        retention::ran(&mut tx, corp, class, rows, now).await?;
    }
    tx.commit().await?;
    Ok(Done::Yes)
}
