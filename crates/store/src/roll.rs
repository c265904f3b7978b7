//! 点名册: who is expected in a form's period and what each has reported, and what has become of it since it was read.
//!
//! Every change carries the number of the transaction that made it, which Postgres gives out in order. At one moment all
//! below some number, the horizon, have ended: what they did was seen, or never will be. So what is new since is found by its
//! number alone, however the transactions overlapped.

use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Date, Integer, Nullable, SmallInt, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{DepartmentId, PersonId};

use crate::{Result, expected::Question, prepared::prepared};

/// How far Postgres had come when something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Horizon(i64);

/// One of those expected.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Entry {
    /// Our id.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// The department they are counted under that day.
    #[diesel(sql_type = Integer)]
    pub department_id: DepartmentId,
    /// Class on that day.
    #[diesel(sql_type = Nullable<Integer>)]
    pub class_id: Option<DepartmentId>,
    /// Grade on that day.
    #[diesel(sql_type = Nullable<Integer>)]
    pub grade_id: Option<DepartmentId>,
    /// College on that day.
    #[diesel(sql_type = Nullable<Integer>)]
    pub college_id: Option<DepartmentId>,
    /// Whether what they reported is abnormal; none: unreported.
    #[diesel(sql_type = Nullable<Bool>)]
    pub abnormal: Option<bool>,
    /// Whether the first answer came after the cut-off; none: unreported.
    #[diesel(sql_type = Nullable<Bool>)]
    pub late: Option<bool>,
}

/// A department as it was on the day.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Department {
    /// Its id.
    #[diesel(sql_type = Integer)]
    pub department_id: DepartmentId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// All of a roll.
#[derive(Debug, Clone)]
pub struct Read {
    /// What is newer is not certain to be in it.
    pub horizon: Horizon,
    /// By student or staff number, in the order of bytes.
    pub entries: Vec<Entry>,
    /// All departments, in the directory's order.
    pub departments: Vec<Department>,
}

/// A report that came, or was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Whose.
    pub person_id: PersonId,
    /// Whether it is abnormal.
    pub abnormal: bool,
    /// Whether the first answer came after the cut-off.
    pub late: bool,
}

/// What has become of a roll.
#[derive(Debug, Clone)]
pub enum Since {
    /// Perhaps others are expected: it must be read anew.
    Roster,
    /// These reports, in no order; some may have been seen before.
    Reports(Horizon, Vec<Reported>),
}

/// Reads a roll.
pub async fn read(conn: &mut AsyncPgConnection, question: &Question) -> Result<Read> {
    #[derive(QueryableByName)]
    struct Now {
        #[diesel(sql_type = BigInt)]
        horizon: i64,
    }
    // Before the rest: what is committed between these statements is newer, and so is seen again.
    let now: Now = prepared("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as horizon")
        .get_result(conn)
        .await?;
    let rest = " select person_id, number, department_id, class_id, grade_id, college_id, state = 'abnormal' as abnormal, late
                 from expected order by number collate \"C\"";
    let entries = question.bind(rest).load(conn).await?;
    let departments = "select department_id, name from department_versions
        where corp_id = $1 and from_date <= $2 and (until_date is null or until_date > $2)
        order by sort_order desc nulls last, department_id";
    let departments = prepared(departments)
        .bind::<Integer, _>(question.corp)
        .bind::<Date, _>(question.day)
        .load(conn)
        .await?;
    Ok(Read { horizon: Horizon(now.horizon), entries, departments })
}

/// What has become of it since `horizon`, which is about as long ago as transactions take: a look at an index.
pub async fn since(
    conn: &mut AsyncPgConnection,
    question: &Question,
    Horizon(horizon): Horizon,
) -> Result<Since> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = BigInt)]
        horizon: i64,
        #[diesel(sql_type = Bool)]
        roster: bool,
        #[diesel(sql_type = Nullable<BigInt>)]
        person_id: Option<PersonId>,
        #[diesel(sql_type = Nullable<Bool>)]
        abnormal: Option<bool>,
        #[diesel(sql_type = Nullable<Bool>)]
        late: Option<bool>,
    }
    // One statement, so that all of it is of one moment; one row without a person where nobody has reported since.
    let sql = "
      with now as materialized (
        select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as horizon,
               exists (select from roster_changes c where c.corp_id = $1 and c.changed_in >= $2) as roster)
      select n.horizon, n.roster, r.person_id, r.state = 'abnormal' as abnormal, r.late
      from now n left join reports r on r.corp_id = $1 and r.changed_in >= $2 and r.form_id = $3
        and r.day is not distinct from $4 and r.slot = $5 and r.occurrence = 0";
    let found: Vec<Found> = prepared(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<BigInt, _>(horizon)
        .bind::<BigInt, _>(question.form_id)
        .bind::<Nullable<Date>, _>(question.period.day)
        .bind::<SmallInt, _>(question.period.slot)
        .load(conn)
        .await?;
    let Some((now, _)) = found.split_first().filter(|(now, _)| !now.roster) else { return Ok(Since::Roster) };
    let horizon = Horizon(now.horizon);
    let reported =
        |row: Found| Some(Reported { person_id: row.person_id?, abnormal: row.abnormal?, late: row.late? });
    Ok(Since::Reports(horizon, found.into_iter().filter_map(reported).collect()))
}

/// Forgets changes of the roster that nobody's reading is as old as: those of a day ago.
pub async fn sweep(conn: &mut AsyncPgConnection) -> Result<usize> {
    let sql = "delete from roster_changes where at < now() - interval '1 day'";
    Ok(diesel::sql_query(sql).execute(conn).await?)
}
