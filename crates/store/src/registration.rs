//! 激活: who of the roster has an account in WeCom and uses it. The denominator is the school's own roster.

use chrono::NaiveDate;
use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, PersonId, policy::Scope};

use crate::Result;

/// Whose registration, and whose data may be seen.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// The day of the roster.
    pub day: NaiveDate,
    /// Whose data the viewer may see.
    pub scope: Scope,
    /// Only those whose main place is under this department.
    pub under: Option<DepartmentId>,
    /// Only students, or only staff.
    pub kind: Option<&'static str>,
}

/// By what the figures are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Students, and staff by kind.
    Kind,
    /// 学院; offices outside colleges by themselves.
    College,
    /// 班级; staff by their department.
    Class,
}

/// The figures of one group.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Row {
    /// Of groups by department; none for those without a place.
    #[diesel(sql_type = Nullable<Integer>)]
    pub department_id: Option<DepartmentId>,
    /// The department's name, or `student`, `staff`, or a kind of staff.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// On the roster.
    #[diesel(sql_type = BigInt)]
    pub rostered: i64,
    /// With an account in WeCom.
    #[diesel(sql_type = BigInt)]
    pub with_account: i64,
    /// Whose account is activated.
    #[diesel(sql_type = BigInt)]
    pub activated: i64,
}

/// Somebody who is not activated.
#[derive(Debug, Clone, QueryableByName)]
pub struct PersonRow {
    /// Our id.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number; also the list's order and cursor.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Class or department.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// 2 disabled, 4 not activated; none without an account.
    #[diesel(sql_type = Nullable<Integer>)]
    pub status: Option<i32>,
    /// Whether there is an account.
    #[diesel(sql_type = Bool)]
    pub has_account: bool,
}

/// $1 to $5: corp, day, scope, department, kind.
const ROSTERED: &str = "
  with rostered as materialized (
    select p.person_id, p.number, p.name, p.kind, p.staff_kind, d.department_id, d.name as place,
           coalesce(d.college_id, d.department_id) as college_id, coalesce(d.class_id, d.department_id) as class_id,
           m.member_id, m.member_id is not null as has_account, m.status::integer as status, coalesce(m.status = 1, false) as activated
    from persons p
    left join memberships s on s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main
      and s.from_date <= $2 and (s.until_date is null or s.until_date > $2)
    left join departments d on d.corp_id = p.corp_id and d.department_id = s.department_id
    left join members m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.left_on is null
    where p.corp_id = $1 and p.from_date <= $2 and (p.until_date is null or p.until_date > $2)
      and ($3 is null or d.department_id = any($3) or d.class_id = any($3) or d.grade_id = any($3) or d.college_id = any($3))
      and ($4 is null or $4 in (d.department_id, d.class_id, d.grade_id, d.college_id))
      and ($5 is null or p.kind = $5)
  )";

impl Question {
    /// A query over `rostered`, everybody the question is about; `rest` goes on with $6.
    pub(crate) fn rostered(&self, rest: &str) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        self.bind(rest)
    }

    /// A statement over `not_activated`, those of them who are not; it goes on with $6.
    pub(crate) fn not_activated(&self, statement: &str) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        self.bind(&format!(", not_activated as (select * from rostered where not activated) {statement}"))
    }

    fn bind(&self, rest: &str) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        let scope = self.scope.departments();
        diesel::sql_query(format!("{ROSTERED}{rest}"))
            .into_boxed::<Pg>()
            .bind::<Integer, _>(self.corp)
            .bind::<Date, _>(self.day)
            .bind::<Nullable<Array<Integer>>, _>(scope)
            .bind::<Nullable<Integer>, _>(self.under)
            .bind::<Nullable<Text>, _>(self.kind)
    }
}

/// Counts by group: by kind, or in the directory's order.
pub async fn by(conn: &mut AsyncPgConnection, question: &Question, by: By) -> Result<Vec<Row>> {
    const COUNTS: &str = "count(*) as rostered, count(*) filter (where has_account) as with_account,
        count(*) filter (where activated) as activated";
    let rest = match by {
        By::Kind => format!(
            " select null::integer as department_id, coalesce(staff_kind, kind) as name, {COUNTS}
              from rostered group by kind, staff_kind order by kind desc, staff_kind nulls last"
        ),
        By::College | By::Class => {
            let column = if by == By::College { "college_id" } else { "class_id" };
            format!(
                ", counted as (select {column} as department_id, {COUNTS} from rostered group by {column})
                 select c.department_id, d.name, c.rostered, c.with_account, c.activated
                 from counted c left join departments d on d.corp_id = $1 and d.department_id = c.department_id
                 order by d.sort_order desc nulls last, c.department_id"
            )
        }
    };
    Ok(question.bind(&rest).load(conn).await?)
}

/// Who is not activated, by number, after `after`.
pub async fn not_activated(
    conn: &mut AsyncPgConnection,
    question: &Question,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<PersonRow>> {
    let rest = " select person_id, number, name, place, status, has_account from rostered
                 where not activated and ($6 is null or number > $6) order by number limit $7";
    let query =
        question.bind(rest).bind::<Nullable<Text>, _>(after.map(str::to_owned)).bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}

/// Accounts that are in WeCom now: what its limit counts.
pub async fn accounts_used(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<i64> {
    use crate::schema::members;
    Ok(members::table
        .filter(members::corp_id.eq(corp))
        .filter(members::left_on.is_null())
        .count()
        .get_result(conn)
        .await?)
}
