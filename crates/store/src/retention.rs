//! 保存期限: forms whose answers end, who holds them, purges as far as they are, and when each class was last looked through.

mod departed;
mod facts;
mod holds;
mod purges;
mod rows;
mod withdrawn;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;

pub use departed::{due as departed_due, erase as erase_departed};
pub use facts::{sweep as sweep_facts, sweep_movements};
pub use holds::{Hold, NewHold, hold, holds, lift};
pub use purges::{
    Certified, Named, NewPurge, Purge, begin, certificate, certificates, certify, destroyed, lock, number,
    of_form, open, save, uncertified,
};
pub use rows::{Cursor, Gone, end_answers, end_others};
pub use withdrawn::{UNDO, Withdrawn, due as withdrawn_due, end as end_withdrawn, hold_word, note_erased};

use crate::{Result, schema::forms};

/// A form, and what stands in the way of its end.
#[derive(Debug, Clone, QueryableByName)]
pub struct Form {
    /// Its id; newer ones have larger ones.
    #[diesel(sql_type = BigInt)]
    pub form_id: i64,
    /// Its name in URLs.
    #[diesel(sql_type = Text)]
    pub code: String,
    /// What people read.
    #[diesel(sql_type = Text)]
    pub title: String,
    /// The first day it is asked.
    #[diesel(sql_type = Date)]
    pub starts_on: NaiveDate,
    /// The last.
    #[diesel(sql_type = Date)]
    pub ends_on: NaiveDate,
    /// When its answers were purged.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub purged_at: Option<DateTime<Utc>>,
    /// Whether a purge of it goes on.
    #[diesel(sql_type = Bool)]
    pub purging: bool,
    /// The last day of the hold that holds longest; none: nobody holds it.
    #[diesel(sql_type = Nullable<Date>)]
    pub held_until: Option<NaiveDate>,
    /// The last purge that has its certificate.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub certificate: Option<i64>,
}

// $1 corp, $2 today.
const FORMS: &str = "
  select f.form_id, f.code, v.title, f.starts_on, f.ends_on, f.purged_at,
         exists (select from retention_purges u where u.corp_id = f.corp_id and u.form_id = f.form_id and u.ended_at is null)
           as purging,
         (select max(h.until_date) from retention_holds h
          where h.corp_id = f.corp_id and h.form_id = f.form_id and h.lifted_at is null and h.until_date >= $2) as held_until,
         (select max(u.purge_id) from retention_purges u
          where u.corp_id = f.corp_id and u.form_id = f.form_id and u.certificate is not null) as certificate
  from forms f
  join lateral (select title from form_versions v where v.corp_id = f.corp_id and v.form_id = f.form_id
                order by version desc limit 1) v on true
  where f.corp_id = $1";

/// Published forms, the newest first, those before `before`.
pub async fn forms(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    today: NaiveDate,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Form>> {
    let sql = format!("{FORMS} and ($3 is null or f.form_id < $3) order by f.form_id desc limit $4");
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(today)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Keeps everybody else from changing, holding and purging a form until the transaction ends; answers to it are taken meanwhile. A
/// statement of its own, before what is decided on is read: one that waits for a row reads all others as they were before it waited.
pub async fn lock_form(conn: &mut AsyncPgConnection, corp: CorpId, code: &str) -> Result<()> {
    still(conn, corp, code, "for no key update").await
}

/// The same, and waits for answers that are on their way: only for a form that takes none any more.
pub async fn close_form(conn: &mut AsyncPgConnection, corp: CorpId, code: &str) -> Result<()> {
    still(conn, corp, code, "for update").await
}

/// Keeps everybody from changing and holding a form until the transaction ends, as several may at once.
pub async fn share_form(conn: &mut AsyncPgConnection, corp: CorpId, code: &str) -> Result<()> {
    still(conn, corp, code, "for share").await
}

async fn still(conn: &mut AsyncPgConnection, corp: CorpId, code: &str, how: &str) -> Result<()> {
    diesel::sql_query(format!("select form_id from forms where corp_id = $1 and code = $2 {how}"))
        .bind::<Integer, _>(corp)
        .bind::<Text, _>(code)
        .execute(conn)
        .await?;
    Ok(())
}

/// The published form of this code.
pub async fn form(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    today: NaiveDate,
    code: &str,
) -> Result<Option<Form>> {
    let sql = format!("{FORMS} and f.code = $3");
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(today)
        .bind::<Text, _>(code)
        .get_result(conn)
        .await
        .optional()?)
}

/// Published forms whose last day is not later than `shown_after`, whose answers are not purged and which nobody holds, the one that
/// ended first first; those too whose purge goes on.
pub async fn due(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    today: NaiveDate,
    shown_after: NaiveDate,
    limit: i64,
) -> Result<Vec<Form>> {
    let sql = format!(
        "select * from ({FORMS} and f.ends_on <= $3 and f.purged_at is null) x
         where x.purging or x.held_until is null
         order by x.ends_on, x.form_id limit $4"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(today)
        .bind::<Date, _>(shown_after)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

/// Whether anybody ever answered a form.
pub async fn is_answered(conn: &mut AsyncPgConnection, corp: CorpId, form_id: i64) -> Result<bool> {
    let query =
        diesel::sql_query("select exists (select from reports where corp_id = $1 and form_id = $2) as found")
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(form_id);
    Ok(query.get_result::<Found>(conn).await?.found)
}

/// Says when the answers of a form were purged; none: it is asked anew, and will have to be purged again.
pub async fn purged(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    at: Option<DateTime<Utc>>,
) -> Result<()> {
    diesel::update(forms::table.filter(forms::corp_id.eq(corp)).filter(forms::form_id.eq(form_id)))
        .set(forms::purged_at.eq(at))
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Dropped {
    #[diesel(sql_type = Bool)]
    dropped: bool,
}

/// Drops the room for the answers of a month if nothing is left in it, of no school; whether it did. It waits for nobody.
pub async fn drop_month(conn: &mut AsyncPgConnection, month: NaiveDate) -> Result<bool> {
    let query = diesel::sql_query("select drop_answers_partition($1, $2) as dropped")
        .bind::<Text, _>(crate::reports::RETENTION)
        .bind::<Date, _>(month);
    Ok(query.get_result::<Dropped>(conn).await?.dropped)
}

#[derive(QueryableByName)]
struct Month {
    #[diesel(sql_type = Date)]
    month: NaiveDate,
}

/// Months before `before` of which purges so far took answers, the oldest first.
pub async fn emptied_months(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: NaiveDate,
) -> Result<Vec<NaiveDate>> {
    let rows: Vec<Month> = diesel::sql_query(
        "select distinct m.month from retention_purges u, unnest(u.months) as m (month)
         where u.corp_id = $1 and u.ended_at is not null and m.month < $2 order by 1",
    )
    .bind::<Integer, _>(corp)
    .bind::<Date, _>(before)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.month).collect())
}

/// When a class was last looked through.
#[derive(Debug, Clone, QueryableByName)]
pub struct Run {
    /// Which: of `domain::retention::NAMES`, or `month_keys`, the data keys of past months.
    #[diesel(sql_type = Text)]
    pub class: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub ran_at: DateTime<Utc>,
    /// When something was last removed; none: never yet.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub removed_at: Option<DateTime<Utc>>,
    /// How many rows then.
    #[diesel(sql_type = BigInt)]
    pub removed: i64,
}

/// Notes that a class was looked through and how many rows that took.
pub async fn ran(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    class: &str,
    removed: usize,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::sql_query(
        "insert into retention_runs as r (corp_id, class, ran_at, removed_at, removed, unrecorded)
         values ($1, $2, $3, case when $4 > 0 then $3 end, $4, $4)
         on conflict (corp_id, class) do update set ran_at = excluded.ran_at,
           removed_at = coalesce(excluded.removed_at, r.removed_at),
           removed = case when excluded.removed > 0 then excluded.removed else r.removed end,
           unrecorded = r.unrecorded + excluded.unrecorded",
    )
    .bind::<Integer, _>(corp)
    .bind::<Text, _>(class)
    .bind::<Timestamptz, _>(at)
    .bind::<BigInt, _>(i64::try_from(removed).unwrap_or(i64::MAX))
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Unrecorded {
    #[diesel(sql_type = Text)]
    class: String,
    #[diesel(sql_type = BigInt)]
    unrecorded: i64,
}

/// How many rows went since this was last asked, by class; of which none did is left out, and so is what a sweep notes at this moment: it
/// is told the next time, and neither waits for the other.
pub async fn take_unrecorded(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<(String, i64)>> {
    let taken: Vec<Unrecorded> = diesel::sql_query(
        "select class, unrecorded from retention_runs where corp_id = $1 and unrecorded > 0 for update skip locked",
    )
    .bind::<Integer, _>(corp)
    .load(conn)
    .await?;
    let classes: Vec<&str> = taken.iter().map(|row| row.class.as_str()).collect();
    diesel::sql_query("update retention_runs set unrecorded = 0 where corp_id = $1 and class = any($2)")
        .bind::<Integer, _>(corp)
        .bind::<Array<Text>, _>(classes)
        .execute(conn)
        .await?;
    Ok(taken.into_iter().map(|row| (row.class, row.unrecorded)).collect())
}

/// When each class was last looked through, in no order.
pub async fn runs(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Run>> {
    Ok(diesel::sql_query("select class, ran_at, removed_at, removed from retention_runs where corp_id = $1")
        .bind::<Integer, _>(corp)
        .load(conn)
        .await?)
}
