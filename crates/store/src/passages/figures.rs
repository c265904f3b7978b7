//! Figures of passages: who is inside, how many passed, who has not come back.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{DepartmentId, PersonId};

use super::{IN_SCOPE, PLACED, Question, Under};
use crate::Result;

/// Those on the roster of a day who are in the scope: $1 the corp, $2 the scope, $3 the day, $4 a department.
const ROSTERED: &str = "
    from persons p
    left join memberships m on m.corp_id = $1 and m.person_id = p.person_id and m.is_main and m.from_date <= $3
      and (m.until_date is null or m.until_date > $3)
    left join departments d on d.corp_id = $1 and d.department_id = m.department_id
    where p.corp_id = $1 and p.from_date <= $3 and (p.until_date is null or p.until_date > $3)
      and ($2 is null or d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))
      and ($4 is null or $4 in (d.department_id, d.class_id, d.grade_id, d.college_id))";

/// How many are inside a zone.
#[derive(Debug, Clone, QueryableByName)]
pub struct Inside {
    /// The zone.
    #[diesel(sql_type = BigInt)]
    pub zone_id: i64,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// People whose last passage led in.
    #[diesel(sql_type = BigInt)]
    pub inside: i64,
    /// … led out.
    #[diesel(sql_type = BigInt)]
    pub outside: i64,
    /// … who never passed.
    #[diesel(sql_type = BigInt)]
    pub unknown: i64,
    /// 访客 inside, who are none of these people; none: the question is not of the whole school.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub visitors: Option<i64>,
}

/// Where people are now, by zone.
pub async fn inside(
    conn: &mut AsyncPgConnection,
    question: &Question,
    today: NaiveDate,
    under: Under,
) -> Result<Vec<Inside>> {
    let sql = format!(
        "with rostered as materialized (select p.person_id {ROSTERED}),
           counted as (
             select s.zone_id, count(*) filter (where s.inside) as inside, count(*) filter (where not s.inside) as outside
             from gate_presence s join rostered r on r.person_id = s.person_id where s.corp_id = $1 group by 1),
           visiting as (
             select l.zone_id, count(*) as inside from (
               select distinct on (x.visitor_id, x.zone_id) x.zone_id, x.direction from passages x
               where x.corp_id = $1 and x.visitor_id is not null and x.decision = 'allowed'
               order by x.visitor_id, x.zone_id, x.at desc, x.direction) l
             where l.direction = 'in' group by 1)
         select z.zone_id, z.name, coalesce(c.inside, 0) as inside, coalesce(c.outside, 0) as outside,
                (select count(*) from rostered) - coalesce(c.inside, 0) - coalesce(c.outside, 0) as unknown,
                case when $2 is null and $4 is null then coalesce(w.inside, 0) end as visitors
         from gate_zones z left join counted c on c.zone_id = z.zone_id left join visiting w on w.zone_id = z.zone_id
         where z.corp_id = $1 order by z.zone_id"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Date, _>(today)
        .bind::<Nullable<Integer>, _>(under)
        .load(conn)
        .await?)
}

/// How many passed a gate in an hour.
#[derive(Debug, Clone, QueryableByName)]
pub struct GateHour {
    /// The gate.
    #[diesel(sql_type = BigInt)]
    pub gate_id: i64,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub gate: String,
    /// The hour of the school's day, 0 to 23.
    #[diesel(sql_type = Integer)]
    pub hour: i32,
    /// Passages in.
    #[diesel(sql_type = BigInt)]
    pub entered: i64,
    /// Passages out.
    #[diesel(sql_type = BigInt)]
    pub left: i64,
    /// Scans that were refused.
    #[diesel(sql_type = BigInt)]
    pub refused: i64,
}

/// Passages between two moments by gate and hour.
pub async fn by_hour(
    conn: &mut AsyncPgConnection,
    question: &Question,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    under: Under,
) -> Result<Vec<GateHour>> {
    let sql = format!(
        "select x.gate_id, g.name as gate, extract(hour from x.at at time zone $3)::integer as hour,
                count(*) filter (where x.decision = 'allowed' and x.direction = 'in') as entered,
                count(*) filter (where x.decision = 'allowed' and x.direction = 'out') as \"left\",
                count(*) filter (where x.decision = 'refused') as refused
         from passages x join gates g on g.corp_id = $1 and g.gate_id = x.gate_id {PLACED}
         where x.corp_id = $1 and {IN_SCOPE} and x.at >= $4 and x.at < $5
           and ($6 is null or $6 in (d.department_id, d.class_id, d.grade_id, d.college_id))
         group by 1, 2, 3 order by 1, 3"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Text, _>(&question.zone)
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(until)
        .bind::<Nullable<Integer>, _>(under)
        .load(conn)
        .await?)
}

/// A row of 进出统计表.
#[derive(Debug, Clone, QueryableByName)]
pub struct Unit {
    /// The college or class; none: people under none, or rows by day.
    #[diesel(sql_type = Nullable<Integer>)]
    pub department_id: Option<DepartmentId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// The day, of rows by day.
    #[diesel(sql_type = Nullable<Date>)]
    pub day: Option<NaiveDate>,
    /// Passages in.
    #[diesel(sql_type = BigInt)]
    pub entered: i64,
    /// Passages out.
    #[diesel(sql_type = BigInt)]
    pub left: i64,
    /// People who passed.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
}

/// Passages between two moments by `college`, `class` or `day`; nobody's are left out.
pub async fn table(
    conn: &mut AsyncPgConnection,
    question: &Question,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    under: Under,
    by: &'static str,
) -> Result<Vec<Unit>> {
    let (department, day) = match by {
        "class" => ("coalesce(d.class_id, d.department_id)", "null::date"),
        "day" => ("null::integer", "(x.at at time zone $3)::date"),
        _ => ("coalesce(d.college_id, d.department_id)", "null::date"),
    };
    let sql = format!(
        "with counted as (
           select {department} as department_id, {day} as day,
                  count(*) filter (where x.direction = 'in') as entered,
                  count(*) filter (where x.direction = 'out') as \"left\",
                  count(distinct x.person_id) as people
           from passages x {PLACED}
           where x.corp_id = $1 and {IN_SCOPE} and x.at >= $4 and x.at < $5 and x.decision = 'allowed'
             and x.person_id is not null
             and ($6 is null or $6 in (d.department_id, d.class_id, d.grade_id, d.college_id))
           group by 1, 2)
         select n.department_id, u.name, n.day, n.entered, n.\"left\", n.people
         from counted n left join departments u on u.corp_id = $1 and u.department_id = n.department_id
         order by n.day nulls first, u.sort_order desc nulls last, n.department_id"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Text, _>(&question.zone)
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(until)
        .bind::<Nullable<Integer>, _>(under)
        .load(conn)
        .await?)
}

/// Somebody who was outside at a moment.
#[derive(Debug, Clone, QueryableByName)]
pub struct Outsider {
    /// Who.
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
    /// When they left.
    #[diesel(sql_type = Timestamptz)]
    pub left_at: DateTime<Utc>,
    /// By which gate.
    #[diesel(sql_type = Text)]
    pub gate: String,
}

/// Those of zone $5 who were outside at $7 and had left since $6.
fn missed() -> String {
    format!(
        "with rostered as (select p.person_id, p.number, p.name, d.name as place {ROSTERED}),
           missed as (
             select r.person_id, r.number, r.name, r.place, l.at as left_at, l.gate_id
             from rostered r
             join lateral (
               select x.direction, x.at, x.gate_id from passages x
               where x.corp_id = $1 and x.person_id = r.person_id and x.zone_id = $5 and x.decision = 'allowed' and x.at <= $7
               order by x.at desc, x.direction limit 1) l on l.direction = 'out' and l.at >= $6)"
    )
}

type Moments = (NaiveDate, DateTime<Utc>, DateTime<Utc>);

fn bind_missed(
    sql: String,
    question: &Question,
    (zone, under): (i64, Under),
    (today, since, by): Moments,
) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
    diesel::sql_query(sql)
        .into_boxed::<Pg>()
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Date, _>(today)
        .bind::<Nullable<Integer>, _>(under)
        .bind::<BigInt, _>(zone)
        .bind::<Timestamptz, _>(since)
        .bind::<Timestamptz, _>(by)
}

/// 未归: those of a zone who were outside at a moment and had left within the time before it, by number.
pub async fn outside(
    conn: &mut AsyncPgConnection,
    question: &Question,
    of: (i64, Under),
    moments: Moments,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Outsider>> {
    let sql = format!(
        "{} select r.person_id, r.number, r.name, r.place, r.left_at, g.name as gate
         from missed r join gates g on g.corp_id = $1 and g.gate_id = r.gate_id
         where $8 is null or r.number > $8
         order by r.number limit $9",
        missed()
    );
    let query = bind_missed(sql, question, of, moments)
        .bind::<Nullable<Text>, _>(after.map(str::to_owned))
        .bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}

/// How many they are.
pub async fn count_outside(
    conn: &mut AsyncPgConnection,
    question: &Question,
    of: (i64, Under),
    moments: Moments,
) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let sql = format!("{} select count(*) as count from missed", missed());
    Ok(bind_missed(sql, question, of, moments).get_result::<Count>(conn).await?.count)
}
