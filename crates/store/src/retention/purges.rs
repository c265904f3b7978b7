//! Purges as far as they are, and their certificates.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Date, Integer, Nullable, SmallInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, audit::Act};

use super::rows::Cursor;
use crate::{KeyId, Result};

/// A purge to be begun.
#[derive(Debug, Clone)]
pub struct NewPurge<'a> {
    /// Of what.
    pub form_id: i64,
    /// Version of the schedule.
    pub policy: &'a str,
    /// How long answers were kept.
    pub days: i32,
    /// The campaign's last day.
    pub ends_on: NaiveDate,
    /// Who asked for it; none: the schedule.
    pub operator: Option<&'a str>,
    /// What the hash over the rows begins with.
    pub rows_hash: &'a [u8],
    /// Now.
    pub at: DateTime<Utc>,
}

/// A purge as far as it is.
#[derive(Debug, Clone, QueryableByName)]
pub struct Purge {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub purge_id: i64,
    /// Of what.
    #[diesel(sql_type = BigInt)]
    pub form_id: i64,
    /// Version of the schedule.
    #[diesel(sql_type = Text)]
    pub policy: String,
    /// How long answers were kept.
    #[diesel(sql_type = Integer)]
    pub days: i32,
    /// The campaign's last day.
    #[diesel(sql_type = Date)]
    pub ends_on: NaiveDate,
    /// Who asked for it; none: the schedule.
    #[diesel(sql_type = Nullable<Text>)]
    pub operator: Option<String>,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub began_at: DateTime<Utc>,
    /// Months under which answers were kept, the oldest first.
    #[diesel(sql_type = Array<Date>)]
    pub months: Vec<NaiveDate>,
    /// Ids of the data keys that were destroyed.
    #[diesel(sql_type = Array<Text>)]
    pub data_keys: Vec<String>,
    /// When; none: not yet.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub keys_at: Option<DateTime<Utc>>,
    /// Which table is gone through, of `domain::retention::PURGED`; as many as there are: none is left.
    #[diesel(sql_type = SmallInt)]
    pub step: i16,
    /// How many months of answers are gone through.
    #[diesel(sql_type = Integer)]
    pub months_done: i32,
    /// How far the next of them is.
    #[diesel(sql_type = BigInt)]
    pub after_report: i64,
    /// And which revision of that report.
    #[diesel(sql_type = Integer)]
    pub after_revision: i32,
    /// Rows that are gone, by table.
    #[diesel(sql_type = Array<BigInt>)]
    pub counts: Vec<i64>,
    /// The hash over them.
    #[diesel(sql_type = Binary)]
    pub rows_hash: Vec<u8>,
    /// When it was over; none: it goes on.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ended_at: Option<DateTime<Utc>>,
}

impl Purge {
    /// How far the month of answers that is gone through is.
    pub fn cursor(&self) -> Cursor {
        Cursor { report_id: self.after_report, revision: self.after_revision }
    }
}

const COLUMNS: &str = "select purge_id, form_id, policy, days, ends_on, operator, began_at, months, data_keys, keys_at, step, months_done,
  after_report, after_revision, counts, rows_hash, ended_at from retention_purges where corp_id = $1";

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    purge_id: i64,
}

/// Begins a purge and gives its number. Which months it has to go through is looked up.
pub async fn begin(conn: &mut AsyncPgConnection, corp: CorpId, new: NewPurge<'_>) -> Result<i64> {
    let begun: Id = diesel::sql_query(
        "insert into retention_purges (corp_id, form_id, policy, days, ends_on, operator, began_at, rows_hash, months)
         values ($1, $2, $3, $4, $5, $6, $7, $8,
           array(select distinct month from reports where corp_id = $1 and form_id = $2 order by month))
         returning purge_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(new.form_id)
    .bind::<Text, _>(new.policy)
    .bind::<Integer, _>(new.days)
    .bind::<Date, _>(new.ends_on)
    .bind::<Nullable<Text>, _>(new.operator)
    .bind::<Timestamptz, _>(new.at)
    .bind::<Binary, _>(new.rows_hash)
    .get_result(conn)
    .await?;
    Ok(begun.purge_id)
}

/// The number of the purge of a form that goes on.
pub async fn open(conn: &mut AsyncPgConnection, corp: CorpId, form_id: i64) -> Result<Option<i64>> {
    let found: Option<Id> = diesel::sql_query(
        "select purge_id from retention_purges where corp_id = $1 and form_id = $2 and ended_at is null",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(form_id)
    .get_result(conn)
    .await
    .optional()?;
    Ok(found.map(|row| row.purge_id))
}

/// A purge, held until the transaction ends; none also where somebody else is at it.
pub async fn lock(conn: &mut AsyncPgConnection, corp: CorpId, purge_id: i64) -> Result<Option<Purge>> {
    Ok(diesel::sql_query(format!("{COLUMNS} and purge_id = $2 for update skip locked"))
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(purge_id)
        .get_result(conn)
        .await
        .optional()?)
}

#[derive(QueryableByName)]
struct Destroyed {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Which of these data keys a purge has destroyed.
pub async fn destroyed(conn: &mut AsyncPgConnection, corp: CorpId, keys: &[KeyId]) -> Result<Vec<KeyId>> {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let rows: Vec<Destroyed> = diesel::sql_query(
        "select distinct d.id from retention_purges u, unnest(u.data_keys) as d (id)
         where u.corp_id = $1 and u.keys_at is not null and d.id = any($2)",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<Text>, _>(keys)
    .load(conn)
    .await?;
    Ok(rows.iter().filter_map(|row| KeyId::parse(&row.id)).collect())
}

/// Keeps how far a purge is.
pub async fn save(conn: &mut AsyncPgConnection, corp: CorpId, purge: &Purge) -> Result<()> {
    diesel::sql_query(
        "update retention_purges set data_keys = $3, keys_at = $4, step = $5, months_done = $6, after_report = $7,
           after_revision = $8, counts = $9, rows_hash = $10, ended_at = $11
         where corp_id = $1 and purge_id = $2",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(purge.purge_id)
    .bind::<Array<Text>, _>(&purge.data_keys)
    .bind::<Nullable<Timestamptz>, _>(purge.keys_at)
    .bind::<SmallInt, _>(purge.step)
    .bind::<Integer, _>(purge.months_done)
    .bind::<BigInt, _>(purge.after_report)
    .bind::<Integer, _>(purge.after_revision)
    .bind::<Array<BigInt>, _>(&purge.counts)
    .bind::<Binary, _>(&purge.rows_hash)
    .bind::<Nullable<Timestamptz>, _>(purge.ended_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Purges that are over and have no certificate yet, the oldest first; at most 100. Those that took nothing get none.
pub async fn uncertified(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Purge>> {
    Ok(diesel::sql_query(format!(
        "{COLUMNS} and ended_at is not null and certificate is null
           and (cardinality(data_keys) > 0 or 0 < any(counts)) order by purge_id limit 100"
    ))
    .bind::<Integer, _>(corp)
    .load(conn)
    .await?)
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

/// The number that the act of a purge has in the audit's chain; none: it waits for one.
pub async fn number(conn: &mut AsyncPgConnection, corp: CorpId, purge_id: i64) -> Result<Option<i64>> {
    let found: Option<Number> = diesel::sql_query(
        "select c.seq from retention_purges u
         join audit_events e on e.corp_id = u.corp_id and e.at = u.ended_at and e.action = $3
           and e.object = concat('retention_purge:', u.purge_id)
         join audit_chain c on c.corp_id = e.corp_id and c.event_id = e.event_id
         where u.corp_id = $1 and u.purge_id = $2",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(purge_id)
    .bind::<Text, _>(Act::AnswersPurged.as_str())
    .get_result(conn)
    .await
    .optional()?;
    Ok(found.map(|row| row.seq))
}

/// Keeps the certificate of a purge, as it is handed out.
pub async fn certify(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    purge_id: i64,
    certificate: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::sql_query(
        "update retention_purges set certificate = $3, certified_at = $4
         where corp_id = $1 and purge_id = $2 and certificate is null",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(purge_id)
    .bind::<Text, _>(certificate)
    .bind::<Timestamptz, _>(at)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = Text)]
    certificate: String,
}

/// The certificate of a purge, as it is handed out.
pub async fn certificate(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    purge_id: i64,
) -> Result<Option<String>> {
    let found: Option<Kept> = diesel::sql_query(
        "select certificate from retention_purges where corp_id = $1 and purge_id = $2 and certificate is not null",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(purge_id)
    .get_result(conn)
    .await
    .optional()?;
    Ok(found.map(|row| row.certificate))
}

/// A purge with its certificate, as it is listed.
#[derive(Debug, Clone, QueryableByName)]
pub struct Certified {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub purge_id: i64,
    /// The form's code.
    #[diesel(sql_type = Text)]
    pub form: String,
    /// What it is called now.
    #[diesel(sql_type = Text)]
    pub title: String,
    /// The campaign's last day.
    #[diesel(sql_type = Date)]
    pub ends_on: NaiveDate,
    /// Since when it was purged.
    #[diesel(sql_type = Timestamptz)]
    pub began_at: DateTime<Utc>,
    /// When that was over.
    #[diesel(sql_type = Timestamptz)]
    pub ended_at: DateTime<Utc>,
    /// How many rows went.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
    /// How many data keys were destroyed.
    #[diesel(sql_type = BigInt)]
    pub data_keys: i64,
}

/// Purges that have their certificate, the newest first, those before `before`.
pub async fn certificates(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Certified>> {
    Ok(diesel::sql_query(
        "select u.purge_id, f.code as form, v.title, u.ends_on, u.began_at, u.ended_at,
                (select sum(n)::bigint from unnest(u.counts) n) as rows, cardinality(u.data_keys)::bigint as data_keys
         from retention_purges u
         join forms f on f.corp_id = u.corp_id and f.form_id = u.form_id
         join lateral (select title from form_versions v where v.corp_id = f.corp_id and v.form_id = f.form_id
                       order by version desc limit 1) v on true
         where u.corp_id = $1 and u.certificate is not null and ($2 is null or u.purge_id < $2)
         order by u.purge_id desc limit $3",
    )
    .bind::<Integer, _>(corp)
    .bind::<Nullable<BigInt>, _>(before)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?)
}

/// The code and the title of a form.
#[derive(Debug, Clone, QueryableByName)]
pub struct Named {
    /// Its name in URLs.
    #[diesel(sql_type = Text)]
    pub code: String,
    /// What it is called now.
    #[diesel(sql_type = Text)]
    pub title: String,
}

/// What a form that was published is called.
pub async fn of_form(conn: &mut AsyncPgConnection, corp: CorpId, form_id: i64) -> Result<Option<Named>> {
    Ok(diesel::sql_query(
        "select f.code, v.title from forms f
         join form_versions v on v.corp_id = f.corp_id and v.form_id = f.form_id
         where f.corp_id = $1 and f.form_id = $2 order by v.version desc limit 1",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(form_id)
    .get_result(conn)
    .await
    .optional()?)
}
