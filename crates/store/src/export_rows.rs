//! The rows of exports, page by page: people of the roster, their exemptions, classes.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, PersonId,
    export::{Filters, Order},
    policy::Scope,
};

use crate::{Result, Sealed};

/// Which rows, and whose data may be in them.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// The day of the roster.
    pub day: NaiveDate,
    /// Whose data the viewer may see.
    pub scope: Scope,
    /// Picks among them.
    pub filters: Filters,
    /// In which order.
    pub order: Order,
}

/// After which row a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    sort: String,
    number: String,
    tie: i64,
}

/// Somebody on the roster.
#[derive(Debug, Clone, QueryableByName)]
pub struct PersonRow {
    /// Our id.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// `student` or `staff`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// 在编, 合同制 …
    #[diesel(sql_type = Nullable<Text>)]
    pub staff_kind: Option<String>,
    /// Major.
    #[diesel(sql_type = Nullable<Text>)]
    pub major: Option<String>,
    /// Year of entry.
    #[diesel(sql_type = Nullable<Integer>)]
    pub year: Option<i32>,
    /// Sealed for [`crate::unreported::phone_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub phone: Option<Sealed>,
    /// On the roster since.
    #[diesel(sql_type = Date)]
    pub from_date: NaiveDate,
    /// The first day no longer on it.
    #[diesel(sql_type = Nullable<Date>)]
    pub until_date: Option<NaiveDate>,
    /// Where they are counted.
    #[diesel(sql_type = Nullable<Integer>)]
    pub department_id: Option<DepartmentId>,
    /// Its class.
    #[diesel(sql_type = Nullable<Integer>)]
    pub class_id: Option<DepartmentId>,
    /// Its grade.
    #[diesel(sql_type = Nullable<Integer>)]
    pub grade_id: Option<DepartmentId>,
    /// Its college.
    #[diesel(sql_type = Nullable<Integer>)]
    pub college_id: Option<DepartmentId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// The college's name.
    #[diesel(sql_type = Nullable<Text>)]
    pub college: Option<String>,
    /// The grade's name.
    #[diesel(sql_type = Nullable<Text>)]
    pub grade: Option<String>,
    /// The account in WeCom.
    #[diesel(sql_type = Nullable<Text>)]
    pub userid: Option<String>,
    /// 1 activated, 2 disabled, 4 not activated.
    #[diesel(sql_type = Nullable<Integer>)]
    pub status: Option<i32>,
    #[diesel(sql_type = Text)]
    sort_key: String,
}

impl PersonRow {
    /// The row, as the beginning of the next page.
    pub fn key(&self) -> Key {
        Key { sort: self.sort_key.clone(), number: self.number.clone(), tie: self.person_id }
    }
}

/// Everybody on the roster that day who is in the scope and picked. $1 to $9: corp, day, scope, department, kind, kind of
/// staff, year, activation, whether only those who are not activated.
const ROSTERED: &str = "
    from persons p
    left join memberships s on s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main
      and s.from_date <= $2 and (s.until_date is null or s.until_date > $2)
    left join departments d on d.corp_id = p.corp_id and d.department_id = s.department_id
    left join departments c on c.corp_id = p.corp_id and c.department_id = d.college_id
    left join departments g on g.corp_id = p.corp_id and g.department_id = d.grade_id
    left join members m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.left_on is null
    where p.corp_id = $1 and p.from_date <= $2 and (p.until_date is null or p.until_date > $2)
      and ($3 is null or d.department_id = any($3) or d.class_id = any($3) or d.grade_id = any($3) or d.college_id = any($3))
      and ($4 is null or $4 in (d.department_id, d.class_id, d.grade_id, d.college_id))
      and ($5 is null or p.kind = $5)
      and ($6 is null or p.staff_kind = $6)
      and ($7 is null or p.grade = $7)
      and case $8 when 'activated' then coalesce(m.status = 1, false) when 'not_activated' then not coalesce(m.status = 1, false)
                  when 'no_account' then m.member_id is null else true end
      and (not $9 or not coalesce(m.status = 1, false))";

type Bound = BoxedSqlQuery<'static, Pg, SqlQuery>;

impl Question {
    /// What rows are sorted by before the number. Numbers alone are read along their index, page after page.
    fn sort(&self) -> &'static str {
        match self.order {
            Order::Number | Order::Listed => "''",
            Order::Name => "p.name",
            Order::Place => "concat_ws('/', c.name, g.name, d.name)",
        }
    }

    fn after(&self, key: &str, tie: &str) -> String {
        match self.order {
            Order::Number => format!("($10 is null or (p.number, {tie}) > ($11, $12))"),
            _ => format!("($10 is null or ({key}, p.number, {tie}) > ($10, $11, $12))"),
        }
    }

    fn bind(&self, sql: String, not_activated: bool) -> Bound {
        let Filters { kind, staff_kind, department, year, activation, .. } = &self.filters;
        diesel::sql_query(sql)
            .into_boxed::<Pg>()
            .bind::<Integer, _>(self.corp)
            .bind::<Date, _>(self.day)
            .bind::<Nullable<Array<Integer>>, _>(self.scope.departments())
            .bind::<Nullable<Integer>, _>(*department)
            .bind::<Nullable<Text>, _>(kind.clone())
            .bind::<Nullable<Text>, _>(staff_kind.clone())
            .bind::<Nullable<Integer>, _>(year.map(i32::from))
            .bind::<Nullable<Text>, _>(activation.clone())
            .bind::<Bool, _>(not_activated)
    }
}

fn bind_key(query: Bound, after: Option<&Key>) -> Bound {
    query
        .bind::<Nullable<Text>, _>(after.map(|key| key.sort.clone()))
        .bind::<Nullable<Text>, _>(after.map(|key| key.number.clone()))
        .bind::<Nullable<BigInt>, _>(after.map(|key| key.tie))
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many people there are; with `not_activated` only those who do not use WeCom.
pub async fn count_people(
    conn: &mut AsyncPgConnection,
    question: &Question,
    not_activated: bool,
) -> Result<i64> {
    let sql = format!("select count(*) as count {ROSTERED}");
    Ok(question.bind(sql, not_activated).get_result::<Count>(conn).await?.count)
}

/// The people after `after`.
pub async fn people(
    conn: &mut AsyncPgConnection,
    question: &Question,
    not_activated: bool,
    after: Option<&Key>,
    limit: i64,
) -> Result<Vec<PersonRow>> {
    let (sort, tie) = (question.sort(), "p.person_id");
    let sql = format!(
        "select p.person_id, p.number, p.name, p.kind, p.staff_kind, p.major, p.grade::integer as year, p.phone, p.from_date,
                p.until_date, d.department_id, d.class_id, d.grade_id, d.college_id, d.name as place, c.name as college,
                g.name as grade, m.userid, m.status::integer as status, {sort} as sort_key
         {ROSTERED} and {} order by {}p.number, {tie} limit $13",
        question.after(sort, tie),
        if question.order == Order::Number { String::new() } else { format!("{sort}, ") },
    );
    let query = bind_key(question.bind(sql, not_activated), after);
    Ok(query.bind::<BigInt, _>(limit).load(conn).await?)
}

/// An exemption and whose it is.
#[derive(Debug, Clone, QueryableByName)]
pub struct ExemptionRow {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub exemption_id: i64,
    /// Whose.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// `student` or `staff`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Class or department.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// College.
    #[diesel(sql_type = Nullable<Text>)]
    pub college: Option<String>,
    /// Grade.
    #[diesel(sql_type = Nullable<Text>)]
    pub grade: Option<String>,
    /// Kind of exemption.
    #[diesel(sql_type = Text)]
    pub exemption: String,
    /// The first day.
    #[diesel(sql_type = Date)]
    pub from_date: NaiveDate,
    /// The first day it no longer holds.
    #[diesel(sql_type = Nullable<Date>)]
    pub until_date: Option<NaiveDate>,
    /// Why, sealed for [`crate::exemptions::reason_place`].
    #[diesel(sql_type = Binary)]
    pub reason: Sealed,
    /// When it was granted.
    #[diesel(sql_type = Timestamptz)]
    pub granted_at: DateTime<Utc>,
    /// `manual`, `list` or `approval`.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// Who granted it, by name.
    #[diesel(sql_type = Nullable<Text>)]
    pub granted_by: Option<String>,
    /// When it was revoked.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub revoked_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Text)]
    sort_key: String,
}

impl ExemptionRow {
    /// The row, as the beginning of the next page.
    pub fn key(&self) -> Key {
        Key { sort: self.sort_key.clone(), number: self.number.clone(), tie: self.exemption_id }
    }
}

/// [`ROSTERED`] with the exemptions of each; those that hold on the day or later, or all of them.
fn exempted(past: bool) -> String {
    let rostered = ROSTERED.replace(
        "left join memberships",
        "join exemptions e on e.corp_id = p.corp_id and e.person_id = p.person_id
    left join members b on b.corp_id = e.corp_id and b.member_id = e.granted_by
    left join persons bp on bp.corp_id = e.corp_id and bp.person_id = b.person_id
    left join memberships",
    );
    let holding = "e.revoked_at is null and (e.until_date is null or e.until_date > $2)";
    format!("{rostered} and {}", if past { "true" } else { holding })
}

/// How many exemptions there are.
pub async fn count_exemptions(conn: &mut AsyncPgConnection, question: &Question) -> Result<i64> {
    let sql = format!("select count(*) as count {}", exempted(question.filters.past));
    Ok(question.bind(sql, false).get_result::<Count>(conn).await?.count)
}

/// The exemptions after `after`.
pub async fn exemptions(
    conn: &mut AsyncPgConnection,
    question: &Question,
    after: Option<&Key>,
    limit: i64,
) -> Result<Vec<ExemptionRow>> {
    let (sort, tie) = (question.sort(), "e.exemption_id");
    let sql = format!(
        "select e.exemption_id, p.person_id, p.number, p.name, p.kind, d.name as place, c.name as college, g.name as grade,
                e.kind as exemption, e.from_date, e.until_date, e.reason, e.granted_at, e.source,
                coalesce(bp.name, b.name, b.userid) as granted_by, e.revoked_at, {sort} as sort_key
         {} and {} order by {}p.number, {tie} limit $13",
        exempted(question.filters.past),
        question.after(sort, tie),
        if question.order == Order::Number { String::new() } else { format!("{sort}, ") },
    );
    let query = bind_key(question.bind(sql, false), after);
    Ok(query.bind::<BigInt, _>(limit).load(conn).await?)
}

/// A class and its figures.
#[derive(Debug, Clone, QueryableByName)]
pub struct ClassRow {
    /// WeCom's id.
    #[diesel(sql_type = Integer)]
    pub department_id: DepartmentId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub place: String,
    /// College.
    #[diesel(sql_type = Nullable<Text>)]
    pub college: Option<String>,
    /// Grade.
    #[diesel(sql_type = Nullable<Text>)]
    pub grade: Option<String>,
    /// Names of its counsellors.
    #[diesel(sql_type = Nullable<Text>)]
    pub counsellors: Option<String>,
    /// On the roster.
    #[diesel(sql_type = BigInt)]
    pub students: i64,
    /// With an account.
    #[diesel(sql_type = BigInt)]
    pub with_account: i64,
    /// Whose account is activated.
    #[diesel(sql_type = BigInt)]
    pub activated: i64,
}

/// Every class of the scope, in the directory's order: a school has hundreds.
pub async fn classes(conn: &mut AsyncPgConnection, question: &Question) -> Result<Vec<ClassRow>> {
    let sql = "
      with counted as (
        select d.class_id, count(*) as students, count(m.member_id) as with_account,
               count(*) filter (where m.status = 1) as activated
        from memberships s
        join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
        join persons p on p.corp_id = s.corp_id and p.person_id = s.person_id and p.kind = 'student'
          and p.from_date <= $2 and (p.until_date is null or p.until_date > $2)
        left join members m on m.corp_id = s.corp_id and m.person_id = s.person_id and m.left_on is null
        where s.corp_id = $1 and s.is_main and s.from_date <= $2 and (s.until_date is null or s.until_date > $2)
        group by d.class_id)
      select d.department_id, d.name as place, c.name as college, g.name as grade,
             coalesce(n.students, 0) as students, coalesce(n.with_account, 0) as with_account,
             coalesce(n.activated, 0) as activated,
             (select string_agg(w.name, '、' order by w.number) from (
                select distinct p.name, p.number from grants x
                join persons p on p.corp_id = x.corp_id and p.person_id = x.person_id
                where x.corp_id = $1 and x.role = 'counsellor' and x.department_id in (d.department_id, d.grade_id)
                  and x.from_date <= $2 and x.until_date > $2) w) as counsellors
      from departments d
      left join departments c on c.corp_id = d.corp_id and c.department_id = d.college_id
      left join departments g on g.corp_id = d.corp_id and g.department_id = d.grade_id
      left join counted n on n.class_id = d.department_id
      where d.corp_id = $1 and d.kind = 'class' and d.closed_on is null
        and ($3 is null or d.department_id = any($3) or d.grade_id = any($3) or d.college_id = any($3))
        and ($4 is null or $4 in (d.department_id, d.grade_id, d.college_id))
      order by c.sort_order desc nulls last, c.department_id, g.sort_order desc nulls last, g.department_id,
               d.sort_order desc, d.department_id";
    let query = diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Date, _>(question.day)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Nullable<Integer>, _>(question.filters.department);
    Ok(query.load(conn).await?)
}
