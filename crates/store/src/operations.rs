//! 运行状况: what waits, what fails and since when. No row here says whose or what.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, audit::Act};

use crate::{
    Result,
    audit::{self, Event},
    schema::inbox,
};

/// The jobs of one kind in one state.
#[derive(Debug, Clone, QueryableByName)]
pub struct Jobs {
    /// Which job.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// waiting, running or dead.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub jobs: i64,
    /// Since when the oldest is due, or dead; none: none is due yet.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
}

/// The queue of a school by kind and state, done ones left out.
pub async fn jobs(conn: &mut AsyncPgConnection, corp: CorpId, now: DateTime<Utc>) -> Result<Vec<Jobs>> {
    Ok(diesel::sql_query(
        "select kind, state, count(*) as jobs,
                case when state = 'dead' then min(finished_at) else min(run_at) filter (where run_at <= $2) end as since
         from jobs where corp_id = $1 and state <> 'done' group by kind, state order by kind, state",
    )
    .bind::<Integer, _>(corp)
    .bind::<Timestamptz, _>(now)
    .load(conn)
    .await?)
}

/// A job that died, or did and was settled.
#[derive(Debug, Clone, QueryableByName)]
pub struct DeadJob {
    /// Its id; newer ones have larger ones.
    #[diesel(sql_type = BigInt)]
    pub job_id: i64,
    /// Which job.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// waiting, running, done or dead.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Tries.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// Why the last did not end well.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
    /// When it was asked for.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it ended.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub finished_at: Option<DateTime<Utc>>,
    /// retried or discarded.
    #[diesel(sql_type = Nullable<Text>)]
    pub settled_as: Option<String>,
    /// By whom.
    #[diesel(sql_type = Nullable<Text>)]
    pub settled_by: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub settled_at: Option<DateTime<Utc>>,
}

/// Jobs that died, the newest first, those before `before`.
pub async fn dead_jobs(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<DeadJob>> {
    Ok(diesel::sql_query(
        "select j.job_id, j.kind, j.state, j.attempts, j.last_error, j.created_at, j.finished_at, j.settled_as,
                coalesce(p.name, m.name, m.userid) as settled_by, j.settled_at
         from jobs j
         left join members m on m.corp_id = j.corp_id and m.member_id = j.settled_by
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         where j.corp_id = $1 and (j.state = 'dead' or j.settled_at is not null) and ($2 is null or j.job_id < $2)
         order by j.job_id desc limit $3",
    )
    .bind::<Integer, _>(corp)
    .bind::<Nullable<BigInt>, _>(before)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?)
}

/// Puts a dead job back into the queue, as if it had not been tried; where a younger twin waits, that does the work.
/// False: it is not dead, or not of this school.
pub async fn retry(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    job_id: i64,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = "
      with twin as (
        select exists (select from jobs t join jobs j on t.corp_id = j.corp_id and t.kind = j.kind
                         and t.unique_key = j.unique_key and t.state = 'waiting'
                       where j.corp_id = $1 and j.job_id = $2) as waits)
      update jobs set state = case when twin.waits then 'done' else 'waiting' end, attempts = 0,
                      run_at = $4, finished_at = case when twin.waits then $4 end,
                      settled_as = 'retried', settled_by = $3, settled_at = $4
      from twin where corp_id = $1 and job_id = $2 and state = 'dead'";
    settle(conn, sql, corp, job_id, by, now, Act::JobRetried).await
}

/// Gives a dead job up. False: it is not dead, or not of this school.
pub async fn discard(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    job_id: i64,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = "update jobs set state = 'done', settled_as = 'discarded', settled_by = $3, settled_at = $4
               where corp_id = $1 and job_id = $2 and state = 'dead'";
    settle(conn, sql, corp, job_id, by, now, Act::JobDiscarded).await
}

async fn settle(
    conn: &mut AsyncPgConnection,
    sql: &str,
    corp: CorpId,
    job_id: i64,
    by: MemberId,
    now: DateTime<Utc>,
    act: Act,
) -> Result<bool> {
    let settled = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(job_id)
        .bind::<BigInt, _>(by)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    if settled == 1 {
        audit::insert(conn, Event::new(corp, act, Some(by), now).on("job", job_id)).await?;
    }
    Ok(settled == 1)
}

/// Messages in one state.
#[derive(Debug, Clone, QueryableByName)]
pub struct Messages {
    /// As the outbox has it.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many people.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// Of those that wait: since when the oldest may go. Of what is on its way: since when.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
}

/// The outbox by state: everything that is not settled, and what was since `since`.
pub async fn messages(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Messages>> {
    Ok(diesel::sql_query(
        "select state, count(*) as people, null::timestamptz as since
         from outbox where corp_id = $1 and at > $2 and state not in ('waiting', 'frozen') group by state
         union all
         select 'waiting', count(*), min(not_before) filter (where not_before <= $3)
         from outbox where corp_id = $1 and state = 'waiting'
         union all
         select 'frozen', coalesce(sum(recipients), 0)::bigint, min(frozen_at)
         from outbox_batches where corp_id = $1 and state = 'frozen'",
    )
    .bind::<Integer, _>(corp)
    .bind::<Timestamptz, _>(since)
    .bind::<Timestamptz, _>(now)
    .load(conn)
    .await?)
}

/// A batch that does not get through, or did not.
#[derive(Debug, Clone, QueryableByName)]
pub struct Failing {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub batch_id: i64,
    /// frozen: tried again. failed or unknown: for good.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// People named in it.
    #[diesel(sql_type = Integer)]
    pub recipients: i32,
    /// Tries.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// What WeCom said and what to do, in Chinese.
    #[diesel(sql_type = Text)]
    pub error: String,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub since: DateTime<Utc>,
}

/// Batches that fail now, and those that failed for good since `since`; the newest first.
pub async fn failing(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Failing>> {
    Ok(diesel::sql_query(
        "select batch_id, state, recipients, attempts, error, coalesce(failing_since, finished_at, frozen_at) as since
         from outbox_batches
         where corp_id = $1 and error is not null
           and (state = 'frozen' or (state in ('failed', 'unknown') and frozen_at > $2))
         order by batch_id desc limit $3",
    )
    .bind::<Integer, _>(corp)
    .bind::<Timestamptz, _>(since)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?)
}

/// When the last callback came, to which app.
pub async fn last_callbacks(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    apps: &[&str],
) -> Result<Vec<(String, DateTime<Utc>)>> {
    let mut last = Vec::new();
    for app in apps {
        let received: Option<DateTime<Utc>> = inbox::table
            .filter(inbox::corp_id.eq(corp))
            .filter(inbox::app.eq(app))
            .order(inbox::inbox_id.desc())
            .select(inbox::received_at)
            .first(conn)
            .await
            .optional()?;
        last.extend(received.map(|received| ((*app).to_owned(), received)));
    }
    Ok(last)
}
