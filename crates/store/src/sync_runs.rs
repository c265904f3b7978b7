//! Runs of the mirror: what each saw and did, and what a guard held back.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId};

use crate::{
    Result,
    schema::{sync_held, sync_runs},
};

/// One attempt to make the mirror equal WeCom.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = sync_runs, check_for_backend(diesel::pg::Pg))]
pub struct Run {
    /// Its number.
    pub run_id: i64,
    /// `boot`, `schedule`, `command`, `event` or `approval`.
    pub trigger: String,
    /// `running`, `applied`, `held`, `failed` or `discarded`.
    pub state: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Departments WeCom showed.
    pub departments_seen: i32,
    /// Members WeCom showed.
    pub members_seen: i32,
    /// Of these, members whose names it did not show.
    pub members_not_visible: i32,
    /// Rows added.
    pub rows_added: i32,
    /// Rows changed.
    pub rows_changed: i32,
    /// Rows closed.
    pub rows_closed: i32,
    /// Removals held back.
    pub rows_held: i32,
    /// SHA-256 over them.
    pub held_digest: Option<Vec<u8>>,
    /// Why it was held or failed, or what it could not see; in Chinese, for the administrator.
    pub reason: Option<String>,
    /// When what it changed was put back.
    pub reverted_at: Option<DateTime<Utc>>,
    /// Tags WeCom listed.
    pub tags_seen: i32,
    /// What of the tags could not be read; in Chinese.
    pub tag_gaps: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = sync_runs, treat_none_as_null = true)]
pub struct End {
    /// `applied`, `held` or `failed`.
    pub state: String,
    /// When.
    pub finished_at: Option<DateTime<Utc>>,
    /// Departments WeCom showed.
    pub departments_seen: i32,
    /// Members WeCom showed.
    pub members_seen: i32,
    /// Of these, members whose names it did not show.
    pub members_not_visible: i32,
    /// Rows added.
    pub rows_added: i32,
    /// Rows changed.
    pub rows_changed: i32,
    /// Rows closed.
    pub rows_closed: i32,
    /// Members closed: what the hourly budget counts.
    pub members_closed: i32,
    /// Removals held back.
    pub rows_held: i32,
    /// SHA-256 over them.
    pub held_digest: Option<Vec<u8>>,
    /// Why it was held or failed, or what it could not see.
    pub reason: Option<String>,
    /// Tags WeCom listed.
    pub tags_seen: i32,
    /// What of the tags could not be read.
    pub tag_gaps: Option<String>,
}

/// A removal that was held back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable, Selectable)]
#[diesel(table_name = sync_held, check_for_backend(diesel::pg::Pg))]
pub struct Held {
    /// `department`, `member` or `membership`.
    pub kind: String,
    /// Department id, userid, or `userid/department id`.
    pub subject: String,
    /// As people know it.
    pub name: String,
    /// Where it stands now, as a path.
    pub place: String,
}

/// Begins a run.
pub async fn start(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    trigger: &str,
    now: DateTime<Utc>,
) -> Result<i64> {
    Ok(diesel::insert_into(sync_runs::table)
        .values((
            sync_runs::corp_id.eq(corp),
            sync_runs::trigger.eq(trigger),
            sync_runs::state.eq("running"),
            sync_runs::started_at.eq(now),
        ))
        .returning(sync_runs::run_id)
        .get_result(conn)
        .await?)
}

/// Marks runs that a dead process left behind as failed. Call it while holding the school's lock.
pub async fn bury(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    now: DateTime<Utc>,
    reason: &str,
) -> Result<usize> {
    Ok(diesel::update(sync_runs::table)
        .filter(sync_runs::corp_id.eq(corp))
        .filter(sync_runs::state.eq("running"))
        .set((sync_runs::state.eq("failed"), sync_runs::finished_at.eq(now), sync_runs::reason.eq(reason)))
        .execute(conn)
        .await?)
}

/// Records the end of a run.
pub async fn finish(conn: &mut AsyncPgConnection, corp: CorpId, run: i64, end: &End) -> Result<()> {
    diesel::update(sync_runs::table.filter(sync_runs::corp_id.eq(corp)).filter(sync_runs::run_id.eq(run)))
        .set(end)
        .execute(conn)
        .await?;
    Ok(())
}

/// Settles a held run: it waits for approval no more. 0 when it did not wait.
pub async fn settle(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    state: &str,
    reason: &str,
) -> Result<usize> {
    Ok(diesel::update(sync_runs::table)
        .filter(sync_runs::corp_id.eq(corp))
        .filter(sync_runs::run_id.eq(run))
        .filter(sync_runs::state.eq("held"))
        .set((sync_runs::state.eq(state), sync_runs::reason.eq(reason)))
        .execute(conn)
        .await?)
}

/// Settles every held run before `run`: a later full look at WeCom has taken their place.
pub async fn supersede(conn: &mut AsyncPgConnection, corp: CorpId, run: i64, reason: &str) -> Result<usize> {
    Ok(diesel::update(sync_runs::table)
        .filter(sync_runs::corp_id.eq(corp))
        .filter(sync_runs::run_id.lt(run))
        .filter(sync_runs::state.eq("held"))
        .set((sync_runs::state.eq("discarded"), sync_runs::reason.eq(reason)))
        .execute(conn)
        .await?)
}

/// Notes that what a run changed was put back.
pub async fn mark_reverted(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(sync_runs::table.filter(sync_runs::corp_id.eq(corp)).filter(sync_runs::run_id.eq(run)))
        .set(sync_runs::reverted_at.eq(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// Keeps what was held back.
pub async fn hold(conn: &mut AsyncPgConnection, corp: CorpId, run: i64, held: &[Held]) -> Result<()> {
    // Six parameters a row; Postgres takes 65,535.
    for part in held.chunks(10_000) {
        let rows: Vec<_> = part
            .iter()
            .map(|held| {
                (
                    sync_held::corp_id.eq(corp),
                    sync_held::run_id.eq(run),
                    sync_held::kind.eq(&held.kind),
                    sync_held::subject.eq(&held.subject),
                    sync_held::name.eq(&held.name),
                    sync_held::place.eq(&held.place),
                )
            })
            .collect();
        diesel::insert_into(sync_held::table).values(rows).execute(conn).await?;
    }
    Ok(())
}

/// Forgets whom runs before `before` held back, where they wait for nobody's approval any more: settled, or overtaken by a later
/// look. How many rows; the runs stay, and say how many each held.
pub async fn forget_held(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let sql = "delete from sync_held h using sync_runs r
               where h.corp_id = $1 and r.corp_id = h.corp_id and r.run_id = h.run_id
                 and r.state <> 'held' and r.finished_at < $2";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(before).execute(conn).await?)
}

/// Members closed since a moment by all runs that nobody approved.
pub async fn closed_since(conn: &mut AsyncPgConnection, corp: CorpId, since: DateTime<Utc>) -> Result<i64> {
    let closed: Option<i64> = sync_runs::table
        .filter(sync_runs::corp_id.eq(corp))
        .filter(sync_runs::finished_at.gt(since))
        .filter(sync_runs::trigger.ne("approval"))
        .filter(sync_runs::reverted_at.is_null())
        .select(diesel::dsl::sum(sync_runs::members_closed))
        .first(conn)
        .await?;
    Ok(closed.unwrap_or(0))
}

/// Members who have left in runs that nobody approved, by the departments they were in, since a moment.
pub async fn lost_since(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    since: DateTime<Utc>,
) -> Result<Vec<(DepartmentId, i64)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        department_id: DepartmentId,
        #[diesel(sql_type = BigInt)]
        lost: i64,
    }
    // A run that closes a member notes itself on the member and on each place it ended.
    let sql = "
      select md.department_id, count(*) as lost
      from sync_runs r
      join members m on m.corp_id = r.corp_id and m.run_id = r.run_id and m.left_on is not null
      join member_departments md on md.corp_id = r.corp_id and md.member_id = m.member_id and md.run_id = r.run_id
        and md.until_date is not null
      where r.corp_id = $1 and r.finished_at > $2 and r.trigger <> 'approval' and r.reverted_at is null and r.members_closed > 0
      group by md.department_id";
    let rows: Vec<Row> =
        diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(since).load(conn).await?;
    Ok(rows.into_iter().map(|row| (row.department_id, row.lost)).collect())
}

/// Whether a full and complete look at WeCom was ever applied: from then on, what is new is new today.
pub async fn history_has_begun(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<bool> {
    Ok(diesel::select(diesel::dsl::exists(
        sync_runs::table
            .filter(sync_runs::corp_id.eq(corp))
            .filter(sync_runs::trigger.ne("event"))
            .filter(sync_runs::state.eq("applied"))
            .filter(sync_runs::reason.is_null()),
    ))
    .get_result(conn)
    .await?)
}

/// When the last full run began that did not fail.
pub async fn last_full_started(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Option<DateTime<Utc>>> {
    Ok(sync_runs::table
        .filter(sync_runs::corp_id.eq(corp))
        .filter(sync_runs::trigger.ne("event"))
        .filter(sync_runs::state.ne("failed"))
        .select(diesel::dsl::max(sync_runs::started_at))
        .first(conn)
        .await?)
}

/// How far the mirror may be from WeCom.
#[derive(Debug, Clone, Default, PartialEq, Eq, QueryableByName)]
pub struct Drift {
    /// When everything was last read; none: never.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub read_at: Option<DateTime<Utc>>,
    /// Members WeCom showed then.
    #[diesel(sql_type = Integer)]
    pub members_seen: i32,
    /// Of these, members whose names it did not show.
    #[diesel(sql_type = Integer)]
    pub members_not_visible: i32,
    /// What could not be read then, or why something is held.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// What of the tags could not be read then.
    #[diesel(sql_type = Nullable<Text>)]
    pub tag_gaps: Option<String>,
    /// Removals that wait for an administrator.
    #[diesel(sql_type = BigInt)]
    pub rows_held: i64,
    /// The last reconcile that found what no event had told: its run.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub difference_run: Option<i64>,
    /// When it ended.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub difference_at: Option<DateTime<Utc>>,
    /// Rows it wrote.
    #[diesel(sql_type = Integer)]
    pub difference_rows: i32,
}

/// How far the mirror may be from WeCom: what the last look at everything saw, and what the last reconcile found.
pub async fn drift(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Drift> {
    let sql = "
      select last.finished_at as read_at, coalesce(last.members_seen, 0) as members_seen,
             coalesce(last.members_not_visible, 0) as members_not_visible, last.reason, last.tag_gaps,
             (select coalesce(sum(rows_held), 0) from sync_runs where corp_id = $1 and state = 'held') as rows_held,
             found.run_id as difference_run, found.finished_at as difference_at, coalesce(found.written, 0) as difference_rows
      from (select 1) one
      left join lateral (
        select finished_at, members_seen, members_not_visible, reason, tag_gaps from sync_runs
        where corp_id = $1 and trigger <> 'event' and state in ('applied', 'held', 'discarded')
        order by run_id desc limit 1) last on true
      left join lateral (
        select run_id, finished_at, rows_added + rows_changed + rows_closed as written from sync_runs
        where corp_id = $1 and trigger in ('boot', 'schedule', 'command') and state <> 'failed'
          and rows_added + rows_changed + rows_closed > 0
        order by run_id desc limit 1) found on true";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).get_result(conn).await?)
}

/// One run.
pub async fn find(conn: &mut AsyncPgConnection, corp: CorpId, run: i64) -> Result<Option<Run>> {
    Ok(sync_runs::table
        .filter(sync_runs::corp_id.eq(corp))
        .filter(sync_runs::run_id.eq(run))
        .select(Run::as_select())
        .first(conn)
        .await
        .optional()?)
}

/// The newest run after `run` that holds removals: what is to be judged now.
pub async fn held_after(conn: &mut AsyncPgConnection, corp: CorpId, run: i64) -> Result<Option<i64>> {
    Ok(sync_runs::table
        .filter(sync_runs::corp_id.eq(corp))
        .filter(sync_runs::run_id.gt(run))
        .filter(sync_runs::state.eq("held"))
        .select(diesel::dsl::max(sync_runs::run_id))
        .first(conn)
        .await?)
}

/// Runs, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Run>> {
    Ok(sync_runs::table
        .filter(sync_runs::corp_id.eq(corp))
        .filter(sync_runs::run_id.lt(before.unwrap_or(i64::MAX)))
        .order(sync_runs::run_id.desc())
        .limit(limit)
        .select(Run::as_select())
        .load(conn)
        .await?)
}

/// The first of what a run held back, by kind and subject.
pub async fn held(conn: &mut AsyncPgConnection, corp: CorpId, run: i64, limit: i64) -> Result<Vec<Held>> {
    Ok(sync_held::table
        .filter(sync_held::corp_id.eq(corp))
        .filter(sync_held::run_id.eq(run))
        .order((sync_held::kind, sync_held::subject))
        .limit(limit)
        .select(Held::as_select())
        .load(conn)
        .await?)
}
