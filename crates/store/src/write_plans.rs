//! Plans of what is to be written to WeCom, and their steps.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Integer, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, audit::Act};

use crate::{
    Result, Sealed,
    audit::{self, Event},
    schema::{write_plans, write_steps},
};

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = write_plans, check_for_backend(diesel::pg::Pg))]
pub struct Plan {
    /// Its number.
    pub plan_id: i64,
    /// `planned`, `approved`, `done` or `discarded`.
    pub state: String,
    /// How many steps.
    pub steps: i32,
    /// SHA-256 over the steps.
    pub digest: Vec<u8>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When it was approved.
    pub approved_at: Option<DateTime<Utc>>,
    /// When its last step ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A step.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = write_steps, check_for_backend(diesel::pg::Pg))]
pub struct Step {
    /// The school.
    pub corp_id: CorpId,
    /// Of which plan.
    pub plan_id: i64,
    /// Its place, from 0.
    pub step_no: i32,
    /// `create_department`, `create_member`, `move_member`, `rename_member`, `disable_member` or `set_phone`.
    pub kind: String,
    /// The userid; empty for a department to be made. Of what was [`forgotten`](forget), this and all words below are empty.
    pub subject: String,
    /// As it is to be called.
    pub name: String,
    /// How it is, for people.
    pub before: String,
    /// How it is to be.
    pub after: String,
    /// The parent, or all departments of the member afterwards; 0 is what `needs_step` makes.
    pub departments: Vec<Option<DepartmentId>>,
    /// The member's departments when the plan was made.
    pub before_departments: Vec<Option<DepartmentId>>,
    /// The member's name when the plan was made.
    pub before_name: Option<String>,
    /// The step that makes a department first.
    pub needs_step: Option<i32>,
    /// Sealed. None: it is not about one, or the step has ended.
    pub phone: Option<Sealed>,
    /// `waiting`, `trying`, `done` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// The id of a department that was made.
    pub result_id: Option<i32>,
    /// WeCom's code.
    pub code: Option<i64>,
    /// Why it failed, and what to do.
    pub message: Option<String>,
    /// When that was.
    pub at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Step")
            .field("step_no", &self.step_no)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Keeps a plan without its steps; they come by [`add_steps`]. Its number.
pub async fn add(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    steps: usize,
    digest: &[u8],
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<i64> {
    Ok(diesel::insert_into(write_plans::table)
        .values((
            write_plans::corp_id.eq(corp),
            write_plans::state.eq("planned"),
            write_plans::steps.eq(i32::try_from(steps).unwrap_or(i32::MAX)),
            write_plans::digest.eq(digest),
            write_plans::made_by.eq(by),
            write_plans::made_at.eq(now),
        ))
        .returning(write_plans::plan_id)
        .get_result(conn)
        .await?)
}

/// Keeps the steps of a plan.
pub async fn add_steps(conn: &mut AsyncPgConnection, steps: &[Step]) -> Result<()> {
    // Nineteen parameters a row; Postgres takes 65,535.
    for part in steps.chunks(3000) {
        diesel::insert_into(write_steps::table).values(part).execute(conn).await?;
    }
    Ok(())
}

/// Plans, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Plan>> {
    Ok(write_plans::table
        .filter(write_plans::corp_id.eq(corp))
        .filter(write_plans::plan_id.lt(before.unwrap_or(i64::MAX)))
        .order(write_plans::plan_id.desc())
        .limit(limit)
        .select(Plan::as_select())
        .load(conn)
        .await?)
}

/// One plan.
pub async fn find(conn: &mut AsyncPgConnection, corp: CorpId, plan: i64) -> Result<Option<Plan>> {
    Ok(write_plans::table
        .filter(write_plans::corp_id.eq(corp))
        .filter(write_plans::plan_id.eq(plan))
        .select(Plan::as_select())
        .first(conn)
        .await
        .optional()?)
}

/// Steps of one kind in one state.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Count {
    /// See [`Step::kind`].
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// See [`Step::state`].
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub steps: i64,
}

/// Steps of a plan by kind and state.
pub async fn counts(conn: &mut AsyncPgConnection, corp: CorpId, plan: i64) -> Result<Vec<Count>> {
    let sql = "select kind, state, count(*) as steps from write_steps where corp_id = $1 and plan_id = $2
               group by kind, state order by kind, state";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(plan).load(conn).await?)
}

/// Steps in order, those after `after`; only those in a state, if one is asked for.
pub async fn steps(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    plan: i64,
    state: Option<&str>,
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<Step>> {
    let mut query = write_steps::table
        .filter(write_steps::corp_id.eq(corp))
        .filter(write_steps::plan_id.eq(plan))
        .filter(write_steps::step_no.gt(after.unwrap_or(-1)))
        .order(write_steps::step_no)
        .limit(limit)
        .select(Step::as_select())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(write_steps::state.eq(state.to_owned()));
    }
    Ok(query.load(conn).await?)
}

/// The first step of a plan that is not settled.
pub async fn next(conn: &mut AsyncPgConnection, corp: CorpId, plan: i64) -> Result<Option<Step>> {
    Ok(write_steps::table
        .filter(write_steps::corp_id.eq(corp))
        .filter(write_steps::plan_id.eq(plan))
        .filter(write_steps::state.eq_any(["waiting", "trying"]))
        .order(write_steps::step_no)
        .select(Step::as_select())
        .first(conn)
        .await
        .optional()?)
}

/// One step.
pub async fn step(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    plan: i64,
    step_no: i32,
) -> Result<Option<Step>> {
    Ok(write_steps::table
        .filter(write_steps::corp_id.eq(corp))
        .filter(write_steps::plan_id.eq(plan))
        .filter(write_steps::step_no.eq(step_no))
        .select(Step::as_select())
        .first(conn)
        .await
        .optional()?)
}

/// How a try of a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End<'a> {
    /// `trying`, `done` or `failed`.
    pub state: &'a str,
    /// The id of a department that was made.
    pub result_id: Option<i32>,
    /// WeCom's code.
    pub code: Option<i64>,
    /// Why it failed, and what to do.
    pub message: Option<String>,
}

/// Records the beginning or the end of a try. A step that has ended keeps no phone.
pub async fn record(
    conn: &mut AsyncPgConnection,
    step: &Step,
    attempts: i32,
    end: End<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(write_steps::table)
        .filter(write_steps::corp_id.eq(step.corp_id))
        .filter(write_steps::plan_id.eq(step.plan_id))
        .filter(write_steps::step_no.eq(step.step_no))
        .set((
            write_steps::state.eq(end.state),
            write_steps::attempts.eq(attempts),
            write_steps::result_id.eq(end.result_id),
            write_steps::code.eq(end.code),
            write_steps::message.eq(end.message),
            write_steps::at.eq(now),
            (end.state != "trying").then(|| write_steps::phone.eq(None::<Sealed>)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Has a plan carried out from now on. False when it did not wait for that; an error naming `write_plans_approved` when
/// another one is being carried out.
pub async fn approve(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    plan: i64,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let approved = diesel::update(write_plans::table)
        .filter(write_plans::corp_id.eq(corp))
        .filter(write_plans::plan_id.eq(plan))
        .filter(write_plans::state.eq("planned"))
        .set((
            write_plans::state.eq("approved"),
            write_plans::approved_by.eq(by),
            write_plans::approved_at.eq(now),
        ))
        .execute(conn)
        .await?;
    if approved == 1 {
        let event = Event::new(corp, Act::WritePlanApproved, Some(by), now).on("write_plan", plan);
        audit::insert(conn, event).await?;
    }
    Ok(approved == 1)
}

/// Ends a plan in `from` as `to`; its steps keep no phones. False when it was in another state.
pub async fn settle(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    plan: i64,
    from: &str,
    to: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let settled = diesel::update(write_plans::table)
        .filter(write_plans::corp_id.eq(corp))
        .filter(write_plans::plan_id.eq(plan))
        .filter(write_plans::state.eq(from))
        .set((write_plans::state.eq(to), write_plans::finished_at.eq(now)))
        .execute(conn)
        .await?;
    if settled == 1 {
        diesel::update(write_steps::table)
            .filter(write_steps::corp_id.eq(corp))
            .filter(write_steps::plan_id.eq(plan))
            .filter(write_steps::phone.is_not_null())
            .set(write_steps::phone.eq(None::<Sealed>))
            .execute(conn)
            .await?;
    }
    Ok(settled == 1)
}

/// Gives up a plan in `from`; `by`: none, where nobody approved or carried it out in time. False when it was in another state.
pub async fn discard(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    plan: i64,
    from: &str,
    by: Option<MemberId>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let discarded = settle(conn, corp, plan, from, "discarded", now).await?;
    if discarded {
        let event = Event::new(corp, Act::WritePlanDiscarded, by, now).on("write_plan", plan);
        audit::insert(conn, event).await?;
    }
    Ok(discarded)
}

/// Plans made before `before` that nobody approved, and those approved before it that did not end: the directory has moved on, and
/// nobody waits for them any more. With the state each is in.
pub async fn left_lying(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: DateTime<Utc>,
) -> Result<Vec<(i64, String)>> {
    let planned = write_plans::state.eq("planned").and(write_plans::made_at.lt(before));
    let approved = write_plans::state.eq("approved").and(write_plans::approved_at.lt(before));
    Ok(write_plans::table
        .filter(write_plans::corp_id.eq(corp))
        .filter(planned.or(approved))
        .select((write_plans::plan_id, write_plans::state))
        .load(conn)
        .await?)
}

/// Forgets of whom and what the steps were of plans that were done before `before`, and of those made before it that were discarded.
/// How many; of each stays its kind, how it ended and when, from which the accounts made in a month are counted.
pub async fn forget(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let sql = "update write_steps s set subject = '', name = '', before = '', after = '', departments = '{}',
                 before_departments = '{}', before_name = null, phone = null
               from write_plans p
               where s.corp_id = $1 and p.corp_id = s.corp_id and p.plan_id = s.plan_id and (s.subject <> '' or s.name <> '')
                 and (p.state = 'done' and p.finished_at < $2 or p.state = 'discarded' and p.made_at < $2)";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(before).execute(conn).await?)
}

/// Plans that are being carried out.
pub async fn approved(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<i64>> {
    Ok(write_plans::table
        .filter(write_plans::corp_id.eq(corp))
        .filter(write_plans::state.eq("approved"))
        .select(write_plans::plan_id)
        .load(conn)
        .await?)
}

/// Accounts made by plans since a moment.
pub async fn accounts_made_since(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    since: DateTime<Utc>,
) -> Result<i64> {
    Ok(write_steps::table
        .filter(write_steps::corp_id.eq(corp))
        .filter(write_steps::kind.eq("create_member"))
        .filter(write_steps::state.eq("done"))
        .filter(write_steps::at.ge(since))
        .count()
        .get_result(conn)
        .await?)
}
