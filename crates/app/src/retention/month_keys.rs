//! The data keys of months that are over. Once nothing stands under those of a purpose and a month they are destroyed, so that what
//! was deleted can't be read in backups either: messages, files, visitors, and whatever else ends by itself.
//!
//! No value is ever sealed under the key of another month than the one it is, but by `rollcall keys reencrypt`, which leaves each in its
//! month. So a month without values stays without, once it has been over for some days.

use std::collections::{BTreeMap, HashSet};

use chrono::{Datelike, NaiveDate, TimeDelta};
use domain::{CorpId, audit::Act};
use serde_json::json;
use store::{
    KeyId, Purpose,
    audit::{self, Event},
    retention as rows,
    sealed::{
        column::{ALL, Kept, Spot},
        values,
    },
};

use crate::{App, Result, School, keys};

/// What a look is noted as, beside the classes of the schedule.
const LOOK: &str = "month_keys";

/// Days from one look to the next. A look reads every table in question whole; and a month goes only when it was over at the look before
/// already, so that somebody has two days at least who started an empty database, or one of long ago, beside the directory of keys.
const EVERY: TimeDelta = TimeDelta::days(3);

/// A purpose and the first day of a month: the data keys that seal for both.
type Months = BTreeMap<(Purpose, NaiveDate), Vec<KeyId>>;

/// Looks, and destroys what is to be, where the last look is long enough ago.
pub(super) async fn look(app: &App, school: &School) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().reading(corp).await?;
    let runs = rows::runs(&mut tx, corp).await?;
    tx.commit().await?;
    let last = runs.iter().find(|run| run.class == LOOK).map(|run| school.today(run.ran_at));
    // By days: the first purge of a day does it, soon after midnight.
    if last.is_some_and(|last| school.today(now) - last < EVERY) {
        return Ok(());
    }
    // Of another directory's keys nothing here says what stands under them.
    keys::belong(app.store(), corp).await?;
    let destroyed = match last {
        Some(last) => destroy(app, school, last).await?,
        None => 0,
    };
    let mut tx = app.store().scoped(corp).await?;
    rows::ran(&mut tx, corp, LOOK, destroyed, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Destroys the keys of months that were over on the day of the look before and under which nothing stands. How many keys.
async fn destroy(app: &App, school: &School, looked: NaiveDate) -> Result<usize> {
    let (corp, now) = (school.corp(), app.now());
    let mut months = over(app, school, looked)?;
    if months.is_empty() {
        return Ok(0);
    }
    leave_those_in_use(app, corp, &mut months).await?;
    // Which they are is kept before they are gone. Of who is killed in between the next look finds them again.
    let mut tx = app.store().scoped(corp).await?;
    for ((purpose, month), ids) in &months {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let month = month.format("%Y-%m").to_string();
        let said = json!({ "sealed_for": purpose.to_string(), "month": month, "data_keys": ids.join(" ") });
        audit::insert(&mut tx, Event::new(corp, Act::MonthKeysDestroyed, None, now).saying(said)).await?;
    }
    tx.commit().await?;
    let ids: Vec<KeyId> = months.into_values().flatten().collect();
    let destroyed = app.store().keyring().destroy(corp, &ids)?.len();
    if destroyed > 0 {
        tracing::info!(corp, keys = destroyed, "data keys of months of which nothing is left are destroyed");
    }
    Ok(destroyed)
}

/// The keys of months that seal nothing new since before this day; never those of the newest month of a purpose.
fn over(app: &App, school: &School, day: NaiveDate) -> Result<Months> {
    let (corp, keyring) = (school.corp(), app.store().keyring());
    // Beside a key whose file can't be read nothing is known of its month.
    keyring.check()?;
    let mut months = Months::new();
    for key in keyring.all().into_iter().filter(|key| key.corp == corp) {
        months.entry((key.purpose, key.month)).or_default().push(key.id);
    }
    let mut newest: BTreeMap<Purpose, NaiveDate> = BTreeMap::new();
    for (purpose, month) in months.keys() {
        let newest = newest.entry(*purpose).or_insert(*month);
        *newest = (*newest).max(*month);
    }
    // Answers end with their form, whose purge destroys its keys, or as facts do: before that it is no use to read them all.
    let (ended, facts_ended) = (first_of_month(day), first_of_month(school.retention.facts_since(day)));
    months.retain(|(purpose, month), _| {
        let ended = if matches!(purpose, Purpose::Answers(_)) { facts_ended } else { ended };
        *month < ended && newest.get(purpose).is_some_and(|newest| month < newest)
    });
    Ok(months)
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// Takes out the months under one of whose keys anything stands, in the tables or in the notes of changes. Keys of a month stay together:
/// what stands under an old one may be on its way to the newest. And those of a purpose of which a value has lost its key: database and
/// directory are not of one time, and what an empty key is for may stand in a backup that is to come back.
async fn leave_those_in_use(app: &App, corp: CorpId, months: &mut Months) -> Result<()> {
    let is_asked = |kept: Kept| months.keys().any(|(purpose, _)| holds(kept, *purpose));
    let columns = ALL.iter().filter(|column| is_asked(column.kept));
    let spots: Vec<(Kept, &Spot)> =
        columns.flat_map(|column| column.spots.iter().map(move |spot| (column.kept, spot))).collect();
    let mut found: Vec<(Kept, Option<KeyId>)> = Vec::new();
    // Seen as they are at one moment: what moves from one place to another is in one of them.
    let mut tx = app.store().steady(corp).await?;
    for (kept, spot) in spots {
        let counts = values::counts(&mut tx, corp, spot).await?;
        found.extend(counts.into_iter().map(|count| (kept, count.key.try_into().ok().map(KeyId))));
    }
    tx.commit().await?;
    // Listed after they were counted: a key is there before anything is sealed under it.
    let there: HashSet<KeyId> = app.store().keyring().all().into_iter().map(|key| key.id).collect();
    if found.iter().any(|(_, key)| key.is_none_or(|key| !there.contains(&key))) {
        tracing::warn!(corp, "values have lost their data keys: those of the same purpose are not destroyed");
    }
    months.retain(|(purpose, _), ids| {
        let mut of_purpose = found.iter().filter(|(kept, _)| holds(*kept, *purpose));
        of_purpose.all(|(_, key)| key.is_some_and(|key| there.contains(&key) && !ids.contains(&key)))
    });
    Ok(())
}

/// Whether values of a column are kept for this purpose.
fn holds(kept: Kept, purpose: Purpose) -> bool {
    match kept {
        Kept::For(of) => of == purpose,
        Kept::ByForm => matches!(purpose, Purpose::Answers(_)),
    }
}
