//! The job queue: a table. A job is added in the transaction of the work that asked for it; a worker leases it,
//! works without a transaction, and records the end. Leases run on the database's clock.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Double, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;
use serde_json::Value;

use crate::{Result, schema::jobs};

/// Work to be added.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// The school it is for.
    pub corp: CorpId,
    /// Which job.
    pub kind: &'static str,
    /// Its arguments.
    pub payload: Value,
    /// While a job with this key waits, this one is not added.
    pub unique_key: Option<String>,
    /// Not before.
    pub run_at: DateTime<Utc>,
    /// Tries before it is buried.
    pub max_attempts: i32,
}

/// A job taken for work.
#[derive(Debug, Clone, QueryableByName)]
pub struct Leased {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub job_id: i64,
    /// The school it is for.
    #[diesel(sql_type = Integer)]
    pub corp_id: CorpId,
    /// Which job.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Its arguments.
    #[diesel(sql_type = Jsonb)]
    pub payload: Value,
    /// This try's number, from 1.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// Tries in all.
    #[diesel(sql_type = Integer)]
    pub max_attempts: i32,
}

/// Adds a job; false when one with the same key already waits.
pub async fn add(conn: &mut AsyncPgConnection, job: &NewJob, now: DateTime<Utc>) -> Result<bool> {
    let row = (
        jobs::corp_id.eq(job.corp),
        jobs::kind.eq(job.kind),
        jobs::payload.eq(&job.payload),
        jobs::unique_key.eq(job.unique_key.as_deref()),
        jobs::run_at.eq(job.run_at),
        jobs::max_attempts.eq(job.max_attempts),
        jobs::created_at.eq(now),
    );
    Ok(diesel::insert_into(jobs::table).values(row).on_conflict_do_nothing().execute(conn).await? == 1)
}

/// Leases the next due job of any school: one that waits, or one whose worker died. `None`: nothing to do.
///
/// A job waits while its twin of the same key runs, so that the same work is never done side by side; a twin whose worker
/// died runs again first. One whose worker died at its last try is buried here.
pub async fn lease(conn: &mut AsyncPgConnection, now: DateTime<Utc>, seconds: f64) -> Result<Option<Leased>> {
    let bury = "update jobs set state = 'dead', lease_until = null, last_error = coalesce(last_error, '执行它的进程中断了，没有留下原因'), finished_at = $1
                where state = 'running' and lease_until < clock_timestamp() and attempts >= max_attempts";
    diesel::sql_query(bury).bind::<Timestamptz, _>(now).execute(conn).await?;
    let sql = "update jobs set state = 'running', attempts = attempts + 1,
                 lease_until = clock_timestamp() + make_interval(secs => $2)
               where job_id = (
                 select job_id from jobs due
                 where (state = 'waiting' and run_at <= $1 and not exists (
                     select from jobs twin where twin.corp_id = due.corp_id and twin.kind = due.kind
                       and twin.unique_key = due.unique_key and twin.state = 'running'))
                   or (state = 'running' and lease_until < clock_timestamp())
                 order by run_at, job_id limit 1 for update skip locked)
               returning job_id, corp_id, kind, payload, attempts, max_attempts";
    let leased: Vec<Leased> =
        diesel::sql_query(sql).bind::<Timestamptz, _>(now).bind::<Double, _>(seconds).load(conn).await?;
    Ok(leased.into_iter().next())
}

/// Keeps a lease while the work goes on; false when it was lost.
pub async fn renew(conn: &mut AsyncPgConnection, job: &Leased, seconds: f64) -> Result<bool> {
    let sql = "update jobs set lease_until = clock_timestamp() + make_interval(secs => $3)
               where job_id = $1 and attempts = $2 and state = 'running'";
    let renewed = diesel::sql_query(sql)
        .bind::<BigInt, _>(job.job_id)
        .bind::<Integer, _>(job.attempts)
        .bind::<Double, _>(seconds)
        .execute(conn)
        .await?;
    Ok(renewed == 1)
}

/// How a try ended.
#[derive(Debug, Clone)]
pub enum End {
    /// The work is done.
    Done,
    /// To be tried again, not before this time; buried instead when no try is left.
    Retry(DateTime<Utc>, String),
    /// Nothing was wrong, but it is too early: tried again at this time, and the try does not count.
    Later(DateTime<Utc>, String),
}

/// Records the end of a try. Nothing happens when the lease was lost meanwhile.
pub async fn finish(conn: &mut AsyncPgConnection, job: &Leased, end: &End, now: DateTime<Utc>) -> Result<()> {
    let (state, run_at, error) = match end {
        End::Done => ("done", None, None),
        End::Retry(at, error) if job.attempts < job.max_attempts => ("waiting", Some(*at), Some(error)),
        End::Later(at, why) => ("waiting", Some(*at), Some(why)),
        End::Retry(_, error) => ("dead", None, Some(error)),
    };
    // Back in the queue it may meet a younger twin of the same key: then this one is done, the twin does the work.
    let sql = "update jobs set
                 state = case when $3 = 'waiting' and exists (
                     select from jobs twin where twin.corp_id = jobs.corp_id and twin.kind = jobs.kind
                       and twin.unique_key = jobs.unique_key and twin.state = 'waiting')
                   then 'done' else $3 end,
                 run_at = coalesce($4, run_at), last_error = $5, lease_until = null,
                 attempts = attempts - case when $7 then 1 else 0 end,
                 finished_at = case when $3 = 'waiting' and not exists (
                     select from jobs twin where twin.corp_id = jobs.corp_id and twin.kind = jobs.kind
                       and twin.unique_key = jobs.unique_key and twin.state = 'waiting')
                   then null else $6 end
               where job_id = $1 and attempts = $2 and state = 'running'";
    diesel::sql_query(sql)
        .bind::<BigInt, _>(job.job_id)
        .bind::<Integer, _>(job.attempts)
        .bind::<Text, _>(state)
        .bind::<Nullable<Timestamptz>, _>(run_at)
        .bind::<Nullable<Text>, _>(error)
        .bind::<Timestamptz, _>(now)
        .bind::<diesel::sql_types::Bool, _>(matches!(end, End::Later(..)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets jobs that were done before `before`. What an administrator did about a dead one stays until `settled_before`; and one
/// that died before that and was looked at by nobody goes then too, for its arguments may name somebody.
pub async fn sweep(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: DateTime<Utc>,
    settled_before: DateTime<Utc>,
) -> Result<usize> {
    let sql = "delete from jobs where corp_id = $1
                 and (state = 'done' and finished_at < $2 and (settled_at is null or settled_at < $3)
                   or state = 'dead' and finished_at < $3)";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(before)
        .bind::<Timestamptz, _>(settled_before)
        .execute(conn)
        .await?)
}

/// The queue at a glance, for the metrics.
#[derive(Debug, Clone, QueryableByName)]
pub struct Depth {
    /// waiting, running or dead.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub jobs: i64,
    /// Seconds the oldest has been due.
    #[diesel(sql_type = Double)]
    pub oldest_seconds: f64,
}

/// Depth and age by state.
pub async fn depth(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<Vec<Depth>> {
    let sql = "select state, count(*) as jobs,
                 greatest(0, extract(epoch from $1 - min(run_at)))::double precision as oldest_seconds
               from jobs where state <> 'done' group by state";
    Ok(diesel::sql_query(sql).bind::<Timestamptz, _>(now).load(conn).await?)
}
