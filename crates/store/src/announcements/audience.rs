//! Who an announcement reaches, as the mirror shows it now, and what became of each.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, PersonId, policy::Scope};

use super::Audience;
use crate::Result;

/// `audience`: accounts of the departments and tags and of the listed persons, and those of the classes and of the list
/// who have no account; each once, and only those of the sender's scope. Binds $1 to $6.
const AUDIENCE: &str = "
  with recursive tree as (
    select d.department_id from departments d
    where d.corp_id = $1 and d.closed_on is null
      and (d.department_id = any($2) or d.department_id in (
        select t.department_id from tag_departments t
        where t.corp_id = $1 and t.tag_id = any($3) and t.until_date is null))
    union
    select d.department_id from departments d join tree on d.parent_id = tree.department_id
    where d.corp_id = $1 and d.closed_on is null),
  reach as (
    select d.department_id from departments d where d.corp_id = $1 and d.department_id = any($5)
    union
    select d.department_id from departments d join reach on d.parent_id = reach.department_id where d.corp_id = $1),
  accounts as (
    select md.member_id from member_departments md join tree using (department_id)
    where md.corp_id = $1 and md.until_date is null
    union
    select t.member_id from tag_members t where t.corp_id = $1 and t.tag_id = any($3) and t.until_date is null
    union
    select m.member_id from members m where m.corp_id = $1 and m.person_id = any($4) and m.left_on is null),
  without as (
    select p.person_id from persons p
    where p.corp_id = $1 and p.from_date <= $6 and (p.until_date is null or p.until_date > $6)
      and not exists (select from members m where m.corp_id = $1 and m.person_id = p.person_id and m.left_on is null)
      and (p.person_id = any($4) or exists (
        select from memberships s join tree using (department_id)
        where s.corp_id = $1 and s.person_id = p.person_id and s.is_main and s.from_date <= $6
          and (s.until_date is null or s.until_date > $6)))),
  everybody as (
    select m.person_id, m.member_id, m.status is null or m.status = 1 as reachable
    from accounts join members m on m.corp_id = $1 and m.member_id = accounts.member_id
    where m.left_on is null
    union all
    select person_id, null, false from without),
  audience as materialized (
    select e.* from everybody e
    where $5 is null
      or exists (select from member_departments md join reach using (department_id)
                 where md.corp_id = $1 and md.member_id = e.member_id and md.until_date is null)
      or exists (select from memberships s join reach using (department_id)
                 where s.corp_id = $1 and s.person_id = e.person_id and s.is_main and s.from_date <= $6
                   and (s.until_date is null or s.until_date > $6)))";

macro_rules! bound {
    ($rest:expr, $corp:expr, $audience:expr, $scope:expr, $today:expr) => {
        diesel::sql_query(format!("{AUDIENCE} {}", $rest))
            .bind::<Integer, _>($corp)
            .bind::<Array<Integer>, _>(&$audience.departments)
            .bind::<Array<Integer>, _>(&$audience.tags)
            .bind::<Array<BigInt>, _>(&$audience.people)
            .bind::<Nullable<Array<Integer>>, _>($scope.departments())
            .bind::<Date, _>($today)
    };
}

/// How many somebody would reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct Size {
    /// All.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// … who have no active account.
    #[diesel(sql_type = BigInt)]
    pub unreachable: i64,
}

/// How many an audience is now, of those in a scope.
pub async fn size(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    audience: &Audience,
    scope: &Scope,
    today: NaiveDate,
) -> Result<Size> {
    let rest =
        "select count(*) as people, count(*) filter (where not reachable) as unreachable from audience";
    Ok(bound!(rest, corp, audience, scope, today).get_result(conn).await?)
}

/// Somebody it would reach.
#[derive(Debug, Clone, QueryableByName)]
pub struct Somebody {
    /// Order and cursor.
    #[diesel(sql_type = Text)]
    pub key: String,
    /// Student or staff number; none: an account that is nobody of the roster.
    #[diesel(sql_type = Nullable<Text>)]
    pub number: Option<String>,
    /// Name in the roster, else in WeCom, else the userid.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What they are counted under.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// Whether they have an active account.
    #[diesel(sql_type = Bool)]
    pub reachable: bool,
}

/// Who an audience is now, after `after`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    audience: &Audience,
    scope: &Scope,
    today: NaiveDate,
    (after, limit): (Option<&str>, i64),
) -> Result<Vec<Somebody>> {
    let rest = "
      , named as (
        select a.*, p.number, coalesce(p.name, m.name, m.userid) as name,
               case when p.number is null then 'u' || m.userid_key else 'p' || p.number end as key
        from audience a
        left join persons p on p.corp_id = $1 and p.person_id = a.person_id
        left join members m on m.corp_id = $1 and m.member_id = a.member_id),
      page as (
        select * from named where $7 is null or key collate \"C\" > $7 order by key collate \"C\" limit $8)
      select x.key, x.number, x.name, x.reachable,
             (select d.name from memberships s join departments d using (corp_id, department_id)
              where s.corp_id = $1 and s.person_id = x.person_id and s.is_main and s.from_date <= $6
                and (s.until_date is null or s.until_date > $6) limit 1) as place
      from page x order by x.key collate \"C\"";
    Ok(bound!(rest, corp, audience, scope, today)
        .bind::<Nullable<Text>, _>(after)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Addresses a mailing to everybody of the audience as it is now, of those in a scope. How many.
pub async fn address(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    audience: &Audience,
    scope: &Scope,
    today: NaiveDate,
    mailing_id: i64,
    (useful_until, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<usize> {
    let rest = "
      insert into outbox (corp_id, mailing_id, person_id, member_id, state, not_before, useful_until, at)
      select $1, $7, person_id, member_id, case when reachable then 'waiting' else 'unreachable' end, $9, $8, $9
      from audience order by member_id, person_id
      on conflict do nothing";
    Ok(bound!(rest, corp, audience, scope, today)
        .bind::<BigInt, _>(mailing_id)
        .bind::<Timestamptz, _>(useful_until)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?)
}

#[derive(QueryableByName)]
struct Numbered {
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
    #[diesel(sql_type = Text)]
    number: String,
}

/// The persons of these lower-cased numbers who are on the roster and in the scope, each with the number so written.
pub async fn people_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    numbers: &[String],
    scope: &Scope,
    today: NaiveDate,
) -> Result<Vec<(PersonId, String)>> {
    let rows: Vec<Numbered> = diesel::sql_query(
        "with recursive reach as (
           select d.department_id from departments d where d.corp_id = $1 and d.department_id = any($3)
           union
           select d.department_id from departments d join reach on d.parent_id = reach.department_id where d.corp_id = $1)
         select p.person_id, lower(p.number) as number from persons p
         where p.corp_id = $1 and lower(p.number) = any($2) and p.from_date <= $4
           and (p.until_date is null or p.until_date > $4)
           and ($3 is null or exists (
             select from memberships s join reach using (department_id)
             where s.corp_id = $1 and s.person_id = p.person_id and s.is_main and s.from_date <= $4
               and (s.until_date is null or s.until_date > $4)))",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<Text>, _>(numbers)
    .bind::<Nullable<Array<Integer>>, _>(scope.departments())
    .bind::<Date, _>(today)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.number)).collect())
}

/// Whether a message `o` went to somebody who is in a scope today, by the roster or by the directory: $1 corp, $2 its departments, $3 today.
const WITHIN: &str = "
  ($2 is null or exists (
    select from departments d
    where d.corp_id = $1
      and (d.department_id in (
          select s.department_id from memberships s
          where s.corp_id = $1 and s.person_id = o.person_id and s.is_main
            and s.from_date <= $3 and (s.until_date is null or s.until_date > $3))
        or d.department_id in (
          select m.department_id from member_departments m
          where m.corp_id = $1 and m.member_id = o.member_id and m.until_date is null))
      and (d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))))";

/// The numbers of those of these persons who are in the scope today, in order.
pub async fn numbers_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    people: &[PersonId],
    (scope, today): (&Scope, NaiveDate),
) -> Result<Vec<String>> {
    let sql = format!(
        "select p.person_id, p.number from persons p
         cross join lateral (select p.person_id, null::bigint as member_id) o
         where p.corp_id = $1 and p.person_id = any($4) and {WITHIN} order by p.number"
    );
    let rows: Vec<Numbered> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<Array<Integer>>, _>(scope.departments())
        .bind::<Date, _>(today)
        .bind::<Array<BigInt>, _>(people)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.number).collect())
}

/// The names of departments or tags, by id.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Named {
    /// Its id.
    #[diesel(sql_type = Integer)]
    pub id: i32,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// The names of an audience's departments.
pub async fn departments(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    ids: &[DepartmentId],
) -> Result<Vec<Named>> {
    let sql = "select department_id as id, name from departments
               where corp_id = $1 and department_id = any($2) order by array_position($2, department_id)";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Array<Integer>, _>(ids).load(conn).await?)
}

/// The names of an audience's tags.
pub async fn tags(conn: &mut AsyncPgConnection, corp: CorpId, ids: &[i32]) -> Result<Vec<Named>> {
    let sql = "select tag_id as id, name from tags
               where corp_id = $1 and tag_id = any($2) order by array_position($2, tag_id)";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Array<Integer>, _>(ids).load(conn).await?)
}

/// What became of one of those it was sent to.
#[derive(Debug, Clone, QueryableByName)]
pub struct Outcome {
    /// Order and cursor.
    #[diesel(sql_type = BigInt)]
    pub outbox_id: i64,
    /// Student or staff number; none: an account that is nobody of the roster.
    #[diesel(sql_type = Nullable<Text>)]
    pub number: Option<String>,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct InState {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    messages: i64,
}

/// How many of those messages of a mailing stand in each state that went to somebody who is in the scope today.
pub async fn counts(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    mailing_id: i64,
    (scope, today): (&Scope, NaiveDate),
) -> Result<Vec<(String, i64)>> {
    let sql = format!(
        "select o.state, count(*) as messages from outbox o
         where o.corp_id = $1 and o.mailing_id = $4 and {WITHIN} group by 1 order by 1"
    );
    let rows: Vec<InState> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<Array<Integer>>, _>(scope.departments())
        .bind::<Date, _>(today)
        .bind::<BigInt, _>(mailing_id)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.state, row.messages)).collect())
}

/// Those a mailing went to who are in the scope today, after `after`; with `state` only those it stands so with.
pub async fn outcomes(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    mailing_id: i64,
    (scope, today): (&Scope, NaiveDate),
    state: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<Outcome>> {
    let sql = format!(
        "select o.outbox_id, p.number, coalesce(p.name, m.name, m.userid, '') as name, o.state, o.at
         from outbox o
         left join persons p on p.corp_id = o.corp_id and p.person_id = o.person_id
         left join members m on m.corp_id = o.corp_id and m.member_id = o.member_id
         where o.corp_id = $1 and o.mailing_id = $4 and o.outbox_id > $6 and ($5 is null or o.state = $5) and {WITHIN}
         order by o.outbox_id limit $7"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<Array<Integer>>, _>(scope.departments())
        .bind::<Date, _>(today)
        .bind::<BigInt, _>(mailing_id)
        .bind::<Nullable<Text>, _>(state)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}
