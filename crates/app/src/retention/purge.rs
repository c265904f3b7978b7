//! The purge: the data keys of a form first, so that backups can't be read either, then its rows, in small parts each in a transaction
//! of its own. Killed anywhere, it goes on where it was.

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use domain::{
    audit::Act,
    retention::{NOTHING, PURGED, chained},
};
use serde_json::{Map, Value, json};
use store::{
    KeyId, Purpose, Scoped,
    audit::{self, Event},
    retention::{self as rows, Cursor, Form, Gone, NewPurge, Purge},
};

use super::{PAUSE, certificate, month_keys};
use crate::{App, Result, School, audit::cutting};

/// Answers gone through in one transaction, rows of the other tables, and pictures, which are large.
const ANSWERS: i64 = 100;
const NOTES: i64 = 500;
const PICTURES: i64 = 20;
/// Reports whose facts are forgotten in one transaction.
const FACTS: i64 = 500;
/// Forms looked at in one go.
const FORMS: i64 = 100;
/// The schedule looks every hour. After a longer silence than this either nobody ran it or the clock jumped; what a wrong clock destroys
/// never comes back, so the first look only notes that it was one.
const SILENCE: TimeDelta = TimeDelta::days(2);

/// How far a go came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    /// Nothing is left.
    Through,
    /// There is more to do.
    More,
    /// Only certificates are left: what they are of has no number in the audit yet.
    Unnumbered,
}

/// Does everything that is due, as a command does. How many forms were purged.
pub async fn run(app: &App, school: &School, operator: Option<&str>) -> Result<usize> {
    let mut purged = 0;
    let mut parts = usize::MAX;
    for form in due(app, school).await? {
        purged += usize::from(form_through(app, school, &form, operator, &mut parts).await?);
    }
    super::withdrawn::some(app, school, &mut parts).await?;
    facts(app, school, &mut parts).await?;
    super::departed::some(app, school, &mut parts).await?;
    crate::audit::sealing::seal(app, school).await?;
    certificate::issue(app, school).await?;
    after(app, school).await?;
    month_keys::look(app, school).await?;
    super::record::daily(app, school).await?;
    cutting::some(app, school, &mut parts).await?;
    Ok(purged)
}

/// Does so many parts of what is due, as the schedule does.
pub(crate) async fn some(app: &App, school: &School, mut parts: usize) -> Result<Went> {
    if !is_steady(app, school).await? {
        return Ok(Went::Through);
    }
    for form in due(app, school).await? {
        form_through(app, school, &form, None, &mut parts).await?;
        if parts == 0 {
            return Ok(Went::More);
        }
    }
    super::withdrawn::some(app, school, &mut parts).await?;
    if parts == 0 {
        return Ok(Went::More);
    }
    facts(app, school, &mut parts).await?;
    if parts == 0 {
        return Ok(Went::More);
    }
    super::departed::some(app, school, &mut parts).await?;
    if parts == 0 {
        return Ok(Went::More);
    }
    let waits = certificate::issue(app, school).await?;
    after(app, school).await?;
    month_keys::look(app, school).await?;
    super::record::daily(app, school).await?;
    // Last: where the audit does not hold, what else is due has gone.
    cutting::some(app, school, &mut parts).await?;
    if parts == 0 {
        return Ok(Went::More);
    }
    Ok(if waits { Went::Unnumbered } else { Went::Through })
}

/// Whether the last look was not long ago. Where it was, this one is noted and the next believes the clock.
async fn is_steady(app: &App, school: &School) -> Result<bool> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let runs = rows::runs(&mut tx, corp).await?;
    let last = runs.iter().find(|run| run.class == "answers").map(|run| run.ran_at);
    let is_steady = last.is_none_or(|last| now - last <= SILENCE);
    if !is_steady {
        tracing::warn!(corp, ?last, %now, "nothing was purged for long, or the clock jumped: see that it is right; in an hour it is believed");
        rows::ran(&mut tx, corp, "answers", 0, now).await?;
    }
    tx.commit().await?;
    Ok(is_steady)
}

/// Does one part of the purge of the form that is due first; false where nothing is. A go is many of these.
pub async fn part(app: &App, school: &School) -> Result<bool> {
    let Some(form) = due(app, school).await?.into_iter().next() else { return Ok(false) };
    form_through(app, school, &form, None, &mut 1).await?;
    Ok(true)
}

async fn due(app: &App, school: &School) -> Result<Vec<Form>> {
    let today = school.today(app.now());
    let mut tx = app.store().reading(school.corp()).await?;
    let due = rows::due(&mut tx, school.corp(), today, school.retention.shown_after(today), FORMS).await?;
    tx.commit().await?;
    Ok(due)
}

/// Purges a form, as far as `parts` go. Whether it is through.
async fn form_through(
    app: &App,
    school: &School,
    form: &Form,
    operator: Option<&str>,
    parts: &mut usize,
) -> Result<bool> {
    let Some(purge) = begun(app, school, form, operator).await? else { return Ok(false) };
    while *parts > 0 {
        *parts -= 1;
        match one_part(app, school, purge).await? {
            Part::Last => return Ok(true),
            Part::Elsewhere => return Ok(false),
            Part::Done => tokio::time::sleep(PAUSE).await,
        }
    }
    Ok(false)
}

/// The purge of a form, begun unless it goes on already; none: somebody holds it now, or asked it anew.
async fn begun(app: &App, school: &School, form: &Form, operator: Option<&str>) -> Result<Option<i64>> {
    let (corp, now) = (school.corp(), app.now());
    let (today, retention) = (school.today(now), &school.retention);
    // From another directory it would destroy nothing, and say that there was nothing to destroy.
    crate::keys::belong(app.store(), corp).await?;
    let mut tx = app.store().scoped(corp).await?;
    // Whoever holds it or asks it anew this moment is waited for, and what they did is seen.
    rows::close_form(&mut tx, corp, &form.code).await?;
    let Some(form) = rows::form(&mut tx, corp, today, &form.code).await? else { return Ok(None) };
    if let Some(open) = rows::open(&mut tx, corp, form.form_id).await? {
        return Ok(Some(open));
    }
    let is_due = form.ends_on <= retention.shown_after(today) && form.purged_at.is_none();
    if !is_due || form.held_until.is_some() {
        return Ok(None);
    }
    let new = NewPurge {
        form_id: form.form_id,
        policy: &retention.version,
        days: i32::try_from(retention.classes.answers.days).unwrap_or(i32::MAX),
        ends_on: form.ends_on,
        operator,
        rows_hash: &NOTHING,
        at: now,
    };
    let purge = rows::begin(&mut tx, corp, new).await?;
    tx.commit().await?;
    tracing::info!(corp, purge, "the purge of a form's answers begins");
    Ok(Some(purge))
}

/// What came of a part.
enum Part {
    /// There are more.
    Done,
    /// It was the last.
    Last,
    /// Somebody else is at it.
    Elsewhere,
}

async fn one_part(app: &App, school: &School, purge: i64) -> Result<Part> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let Some(mut purge) = rows::lock(&mut tx, corp, purge).await?.filter(|purge| purge.ended_at.is_none())
    else {
        return Ok(Part::Elsewhere);
    };
    let table = usize::try_from(purge.step).ok().and_then(|step| Some((step, *PURGED.get(step)?)));
    if purge.keys_at.is_none() || table.is_none() {
        let keys = app.store().keyring().keys(corp, Purpose::Answers(purge.form_id))?;
        if purge.keys_at.is_none() || !keys.is_empty() {
            let ids: Vec<KeyId> = keys.iter().map(|key| key.id).collect();
            return destroy(app, tx, purge, &ids).await;
        }
    }
    let Some((table, name)) = table else {
        end(app, &mut tx, purge).await?;
        tx.commit().await?;
        return Ok(Part::Last);
    };
    let gone = end_some(&mut tx, &purge, name).await?;
    count(&mut purge, table, &gone);
    rows::save(&mut tx, corp, &purge).await?;
    tx.commit().await?;
    Ok(Part::Done)
}

/// Destroys data keys of the form, after which the tables are gone through from the beginning: a key that was made meanwhile has sealed
/// something.
async fn destroy(app: &App, mut tx: Scoped, mut purge: Purge, ids: &[KeyId]) -> Result<Part> {
    let corp = tx.corp();
    // Which they are is kept before they are gone: a certificate names every one of them.
    purge.data_keys.extend(ids.iter().map(ToString::to_string));
    purge.data_keys.sort_unstable();
    purge.data_keys.dedup();
    (purge.keys_at, purge.step, purge.months_done) = (None, 0, 0);
    (purge.after_report, purge.after_revision) = (0, 0);
    rows::save(&mut tx, corp, &purge).await?;
    tx.commit().await?;
    app.store().keyring().destroy(corp, ids)?;
    let mut tx = app.store().scoped(corp).await?;
    let Some(mut purge) = rows::lock(&mut tx, corp, purge.purge_id).await? else {
        return Ok(Part::Elsewhere);
    };
    purge.keys_at = Some(app.now());
    rows::save(&mut tx, corp, &purge).await?;
    tx.commit().await?;
    Ok(Part::Done)
}

/// Ends some rows of a table. Of answers: of the month that is gone through.
async fn end_some(tx: &mut Scoped, purge: &Purge, table: &str) -> Result<Gone> {
    let corp = tx.corp();
    if table == "report_answers" {
        let month = usize::try_from(purge.months_done).ok().and_then(|done| purge.months.get(done)).copied();
        let Some(month) = month else { return Ok(Gone::default()) };
        return Ok(rows::end_answers(tx, corp, purge.form_id, month, purge.cursor(), ANSWERS).await?);
    }
    let limit = if table == "attachments" { PICTURES } else { NOTES };
    Ok(rows::end_others(tx, corp, purge.form_id, table, limit).await?)
}

/// Counts what is gone and goes on: in the month, to the next month, to the next table.
fn count(purge: &mut Purge, table: usize, gone: &Gone) {
    for hash in &gone.hashes {
        purge.rows_hash = chained(&purge.rows_hash, hash);
    }
    if let Some(counted) = purge.counts.get_mut(table) {
        *counted = counted.saturating_add(i64::try_from(gone.hashes.len()).unwrap_or(i64::MAX));
    }
    let Cursor { report_id, revision } = gone.next.unwrap_or_default();
    (purge.after_report, purge.after_revision) = (report_id, revision);
    if gone.next.is_some() {
        return;
    }
    let months = i32::try_from(purge.months.len()).unwrap_or(i32::MAX);
    if table == 0 && purge.months_done < months {
        purge.months_done += 1;
    } else {
        purge.step += 1;
    }
}

/// Notes that a purge is over, and records it.
async fn end(app: &App, tx: &mut Scoped, mut purge: Purge) -> Result<()> {
    let (corp, now) = (tx.corp(), app.now());
    purge.ended_at = Some(now);
    rows::save(tx, corp, &purge).await?;
    rows::purged(tx, corp, purge.form_id, Some(now)).await?;
    let counts: Map<String, Value> = certificate::by_table(&purge);
    let removed = purge.counts.iter().sum::<i64>();
    rows::ran(tx, corp, "answers", usize::try_from(removed).unwrap_or_default(), now).await?;
    let event = Event::new(corp, Act::AnswersPurged, None, now).on("retention_purge", purge.purge_id);
    let said = json!({
        "form": purge.form_id, "policy": purge.policy, "data_keys": purge.data_keys.len(), "rows": counts,
        "rows_hash": hex::encode(&purge.rows_hash), "operator": purge.operator,
    });
    audit::insert(tx, event.saying(said)).await?;
    tracing::info!(corp, purge = purge.purge_id, rows = removed, "the answers of a form are purged");
    Ok(())
}

/// Forgets facts that were kept long enough, of forms nobody holds, as far as `parts` go.
async fn facts(app: &App, school: &School, parts: &mut usize) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let since = school.retention.facts_since(today);
    let mut tx = app.store().reading(corp).await?;
    let forms = rows::forms(&mut tx, corp, today, None, i64::MAX).await?;
    tx.commit().await?;
    let mut all = 0;
    for form in forms {
        while *parts > 0 {
            let mut tx = app.store().scoped(corp).await?;
            // Asked for each part: who holds the form meanwhile waits for one of them and not for all.
            rows::share_form(&mut tx, corp, &form.code).await?;
            let found = rows::form(&mut tx, corp, today, &form.code).await?;
            if found.is_none_or(|form| form.held_until.is_some()) {
                break;
            }
            let gone = rows::sweep_facts(&mut tx, corp, form.form_id, since, FACTS).await?;
            tx.commit().await?;
            if gone == 0 {
                break;
            }
            *parts -= 1;
            all += gone;
            tokio::time::sleep(PAUSE).await;
        }
    }
    let mut tx = app.store().scoped(corp).await?;
    all += rows::sweep_movements(&mut tx, corp, since).await?;
    rows::ran(&mut tx, corp, "facts", all, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Destroys again what an older copy of the directory brought back.
async fn destroy_again(app: &App, school: &School) -> Result<()> {
    let corp = school.corp();
    let mut there = app.store().keyring().all();
    there.retain(|key| key.corp == corp && matches!(key.purpose, Purpose::Answers(_)));
    let there: Vec<KeyId> = there.iter().map(|key| key.id).collect();
    let mut tx = app.store().reading(corp).await?;
    let back = rows::destroyed(&mut tx, corp, &there).await?;
    tx.commit().await?;
    if !back.is_empty() {
        let again = app.store().keyring().destroy(corp, &back)?;
        tracing::warn!(
            corp,
            keys = again.len(),
            "keys that purges had destroyed were back, and are destroyed again"
        );
    }
    Ok(())
}

/// What is left to do when all parts are done: sees that what was destroyed stays so, notes that answers were looked through, and drops
/// months nothing is left in.
async fn after(app: &App, school: &School) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    destroy_again(app, school).await?;
    let mut tx = app.store().scoped(corp).await?;
    rows::ran(&mut tx, corp, "answers", 0, now).await?;
    let months = rows::emptied_months(&mut tx, corp, settled(school, now)).await?;
    tx.commit().await?;
    for month in months {
        // Each alone: the lock it takes goes with its transaction.
        let mut tx = app.store().scoped(corp).await?;
        let dropped = rows::drop_month(&mut tx, month).await?;
        tx.commit().await?;
        if dropped {
            tracing::info!(%month, "a month of answers is dropped");
        }
    }
    Ok(())
}

/// The month before which nobody reports any more: the last one, since a report of its last day may still be open in this.
fn settled(school: &School, now: DateTime<Utc>) -> NaiveDate {
    let today = school.today(now);
    let first = today.with_day(1).unwrap_or(today);
    first.checked_sub_months(Months::new(1)).unwrap_or(first)
}
