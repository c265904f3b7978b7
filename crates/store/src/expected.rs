//! 应报: who must answer a form for a day. One piece of SQL, used by every figure, list and reminder, so that
//! they can't disagree.

use chrono::NaiveDate;
use diesel::{
    QueryableByName,
    pg::Pg,
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, SmallInt, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, PersonId,
    exemption::ExemptionKind,
    form::{Audience, Period, PersonKind, Within},
    policy::Scope,
};

use crate::{Result, prepared::prepared};

/// Which form on which day, and whose data may be seen.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// The form.
    pub form_id: i64,
    /// Who it asks.
    pub audience: Audience,
    /// The day whose roster counts.
    pub day: NaiveDate,
    /// For what the answers count.
    pub period: Period,
    /// Whose data the viewer may see.
    pub scope: Scope,
    /// Only those counted under this department.
    pub under: Option<DepartmentId>,
    /// Only this person.
    pub person: Option<PersonId>,
}

/// People of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Part {
    /// Why they are exempt; none: they are expected. Or what changed.
    #[diesel(sql_type = Nullable<Text>)]
    pub kind: Option<String>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

/// Binds $1 to $11, in the order of [`Question::bind_to`].
pub type Bound = BoxedSqlQuery<'static, Pg, SqlQuery>;

/// `is not distinct from` would use no index, so there are two of each query: for forms of a day, and for those that are
/// answered once or by event.
macro_rules! of_a_day {
    () => {
        "r.day = $10"
    };
}
macro_rules! of_no_day {
    () => {
        "r.day is null"
    };
}

/// The persons who are asked, exempt or not, each under the department that counts on that day, with that day's report
/// if there is one: on the roster that day, in the audience, in the viewer's scope.
macro_rules! enrolled {
    ($day:literal, $period:ident) => {
        enrolled!($day, $period, "($8 is null or p.person_id = $8)")
    };
    ($day:literal, $period:ident, $who:literal) => {
        concat!(
            "
    select p.person_id, p.number, p.name, d.department_id, d.class_id, d.grade_id, d.college_id,
           r.report_id, r.state, r.revised_at, r.late, r.facts
    from memberships m
    join department_versions d on d.corp_id = m.corp_id and d.department_id = m.department_id
      and d.from_date <= ", $day, " and (d.until_date is null or d.until_date > ", $day, ")
    join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
    left join reports r on r.corp_id = m.corp_id and r.form_id = $2 and ", $period!(), " and r.slot = $11
      and r.occurrence = 0 and r.person_id = m.person_id
    where m.corp_id = $1 and m.is_main and m.from_date <= ", $day, " and (m.until_date is null or m.until_date > ", $day, ")
      and p.kind = any($4) and p.from_date <= ", $day, " and (p.until_date is null or p.until_date > ", $day, ")
      and (not $5 or d.college_id is not null)
      and ($6 is null or d.department_id = any($6) or d.class_id = any($6) or d.grade_id = any($6) or d.college_id = any($6))
      and ($7 is null or $7 in (d.department_id, d.class_id, d.grade_id, d.college_id))
      and ", $who, "
      and ($9 is null or d.department_id = any($9) or d.class_id = any($9) or d.grade_id = any($9) or d.college_id = any($9))"
        )
    };
}

/// The persons expected: those who are asked and not exempt.
macro_rules! expected {
    ($period:ident) => {
        concat!(
            "with expected as materialized (",
            enrolled!("$3", $period),
            " and not exists (select from exemptions e where e.corp_id = m.corp_id and e.person_id = m.person_id
                and e.revoked_at is null and e.from_date <= $3 and (e.until_date is null or e.until_date > $3)))"
        )
    };
}

/// The same of some persons, $12, so that Postgres begins with them.
macro_rules! expected_among {
    ($period:ident) => {
        concat!(
            "with expected as materialized (",
            enrolled!("$3", $period, "m.person_id = any($12) and ($8 is null or p.person_id = $8)"),
            " and not exists (select from exemptions e where e.corp_id = m.corp_id and e.person_id = m.person_id
                and e.revoked_at is null and e.from_date <= $3 and (e.until_date is null or e.until_date > $3)))"
        )
    };
}

/// Whether one person is expected. Apart from the others, so that Postgres keeps a plan that begins with the person.
macro_rules! one_expected {
    ($period:ident) => {
        concat!(
            "select exists (",
            enrolled!("$3", $period, "m.person_id = $8"),
            " and not exists (select from exemptions e where e.corp_id = m.corp_id and e.person_id = m.person_id
                and e.revoked_at is null and e.from_date <= $3 and (e.until_date is null or e.until_date > $3))) as found"
        )
    };
}

/// [`Question::includes`] for forms of a day.
pub const ONE_EXPECTED: &str = one_expected!(of_a_day);

/// How a figure came about: so many are asked, and so many of them are exempt, by kind; one of several kinds counts.
macro_rules! explained {
    ($period:ident) => {
        concat!(
            "with enrolled as materialized (",
            enrolled!("$3", $period),
            ")
  select e.kind, count(*) as people
  from enrolled x
  left join lateral (
    select e.kind from exemptions e
    where e.corp_id = $1 and e.person_id = x.person_id and e.revoked_at is null and e.from_date <= $3
      and (e.until_date is null or e.until_date > $3)
    order by array_position($12, e.kind) limit 1) e on true
  group by e.kind"
        )
    };
}

/// Who is asked on the day and was not on the day before, or the other way round, and how that came.
const CHANGED: &str = concat!(
    "with here as materialized (",
    enrolled!("$3", of_a_day),
    "), before as materialized (",
    enrolled!("($3::date - 1)", of_a_day),
    ")
  select case when h.person_id is not null then case when p.from_date = $3 then 'arrived' else 'moved_in' end
              when p.until_date = $3 then 'left' else 'moved_out' end as kind,
         count(*) as people
  from here h full join before b using (person_id)
  join persons p on p.corp_id = $1 and p.person_id = coalesce(h.person_id, b.person_id)
  where h.person_id is null or b.person_id is null
  group by 1"
);

impl Question {
    /// A query on `expected`, those who are asked and not exempt, with $1 to $11 bound; `rest` goes on with $12.
    pub fn bind(&self, rest: &str) -> Bound {
        let expected = if self.period.day.is_some() { expected!(of_a_day) } else { expected!(of_no_day) };
        self.bind_to(&format!("{expected}{rest}"))
    }

    /// The same of these people only, with $1 to $12 bound; `rest` goes on with $13.
    pub fn bind_people(&self, rest: &str, people: &[PersonId]) -> Bound {
        let expected =
            if self.period.day.is_some() { expected_among!(of_a_day) } else { expected_among!(of_no_day) };
        self.bind_to(&format!("{expected}{rest}")).bind::<Array<BigInt>, _>(people.to_vec())
    }

    /// Whether this person is expected.
    pub async fn includes(&self, conn: &AsyncPgConnection, person: PersonId) -> Result<bool> {
        let sql = if self.period.day.is_some() { ONE_EXPECTED } else { one_expected!(of_no_day) };
        self.finds(conn, sql, person).await
    }

    /// Whether this person may answer at any time, exempt or not: who is on leave travels too. For forms answered by event.
    pub async fn asks(&self, conn: &AsyncPgConnection, person: PersonId) -> Result<bool> {
        let sql = concat!("select exists (", enrolled!("$3", of_no_day, "m.person_id = $8"), ") as found");
        self.finds(conn, sql, person).await
    }

    async fn finds(&self, mut conn: &AsyncPgConnection, sql: &str, person: PersonId) -> Result<bool> {
        let kinds: Vec<&str> = self.audience.kinds.iter().map(|kind| kind.as_str()).collect();
        let found: Found = prepared(sql)
            .bind::<Integer, _>(self.corp)
            .bind::<BigInt, _>(self.form_id)
            .bind::<Date, _>(self.day)
            .bind::<Array<Text>, _>(kinds)
            .bind::<Bool, _>(self.audience.within == Some(Within::College))
            .bind::<Nullable<Array<Integer>>, _>(self.scope.departments())
            .bind::<Nullable<Integer>, _>(self.under)
            .bind::<BigInt, _>(person)
            .bind::<Nullable<Array<Integer>>, _>(self.audience.departments.as_deref())
            .bind::<Nullable<Date>, _>(self.period.day)
            .bind::<SmallInt, _>(self.period.slot)
            .get_result(&mut conn)
            .await?;
        Ok(found.found)
    }

    /// Everybody on the roster of a day, whatever they are asked: who is somewhere, not who must answer.
    pub fn of_roster(corp: CorpId, day: NaiveDate, kinds: Vec<PersonKind>, scope: Scope) -> Self {
        Self {
            corp,
            // No form has this number: nobody has a report of it.
            form_id: 0,
            audience: Audience { kinds, within: None, departments: None },
            day,
            period: Period { day: None, slot: 0 },
            scope,
            under: None,
            person: None,
        }
    }

    /// A query on `enrolled`, those who are asked, exempt or not, with $1 to $11 bound; `rest` goes on with $12.
    pub fn bind_enrolled(&self, rest: &str) -> Bound {
        let enrolled = if self.period.day.is_some() {
            concat!("with enrolled as materialized (", enrolled!("$3", of_a_day), ")")
        } else {
            concat!("with enrolled as materialized (", enrolled!("$3", of_no_day), ")")
        };
        self.bind_to(&format!("{enrolled}{rest}"))
    }

    /// Those exempt by kind, and under no kind those who are expected.
    pub async fn explain(&self, conn: &mut AsyncPgConnection) -> Result<Vec<Part>> {
        let order: Vec<&str> = ExemptionKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let explained = if self.period.day.is_some() { explained!(of_a_day) } else { explained!(of_no_day) };
        Ok(self.bind_to(explained).bind::<Array<Text>, _>(order).load(conn).await?)
    }

    /// What changed since the day before among those who are asked: `arrived`, `moved_in`, `moved_out`, `left`.
    pub async fn changed(&self, conn: &mut AsyncPgConnection) -> Result<Vec<Part>> {
        Ok(self.bind_to(CHANGED).load(conn).await?)
    }

    fn bind_to(&self, sql: &str) -> Bound {
        let scope = self.scope.departments();
        let kinds: Vec<&str> = self.audience.kinds.iter().map(|kind| kind.as_str()).collect();
        diesel::sql_query(sql)
            .into_boxed::<Pg>()
            .bind::<Integer, _>(self.corp)
            .bind::<BigInt, _>(self.form_id)
            .bind::<Date, _>(self.day)
            .bind::<Array<Text>, _>(kinds)
            .bind::<Bool, _>(self.audience.within == Some(Within::College))
            .bind::<Nullable<Array<Integer>>, _>(scope)
            .bind::<Nullable<Integer>, _>(self.under)
            .bind::<Nullable<BigInt>, _>(self.person)
            .bind::<Nullable<Array<Integer>>, _>(self.audience.departments.clone())
            .bind::<Nullable<Date>, _>(self.period.day)
            .bind::<SmallInt, _>(self.period.slot)
    }
}
