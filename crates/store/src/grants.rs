//! Grants that follow from the directory and from the roster, and in [`by_hand`] those that people give.

pub mod by_hand;

use chrono::NaiveDate;
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Date, Integer, Jsonb, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, PersonId};
use serde_json::Value;

use crate::Result;

/// How many rows were added, changed and ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// Added.
    pub added: usize,
    /// Purpose or end changed.
    pub changed: usize,
    /// Ended.
    pub ended: usize,
}

/// A grant of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterGrant {
    /// Whose.
    pub person_id: PersonId,
    /// As it stands in the database.
    pub role: &'static str,
    /// Over which department.
    pub department_id: DepartmentId,
    /// What for.
    pub purpose: String,
    /// The first day it no longer holds.
    pub until: NaiveDate,
}

/// Makes the grants of leaders what the directory shows. `roles` says what leading a department of a kind makes of
/// someone; such a grant has no end of its own and is written `until` a day far off.
pub async fn follow_directory(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    roles: &[(&str, &str)],
    until: NaiveDate,
    today: NaiveDate,
) -> Result<Changed> {
    let wanted = "wanted as materialized (
        select distinct m.person_id, r.role, md.department_id, 'directory' as purpose,
               least($5::date, p.until_date) as until_date
        from members m
        join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
          and p.from_date <= $2 and (p.until_date is null or p.until_date > $2)
        join member_departments md on md.corp_id = m.corp_id and md.member_id = m.member_id
          and md.until_date is null and md.is_leader
        join departments d on d.corp_id = md.corp_id and d.department_id = md.department_id and d.closed_on is null
        join unnest($3::text[], $4::text[]) as r (kind, role) on r.kind = d.kind
        where m.corp_id = $1 and m.person_id is not null and m.left_on is null)";
    let mut counts = [0; 4];
    for (count, statement) in counts.iter_mut().zip(statements("directory", wanted, "")) {
        *count = diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<Date, _>(today)
            .bind::<Array<Text>, _>(roles.iter().map(|role| role.0).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(roles.iter().map(|role| role.1).collect::<Vec<_>>())
            .bind::<Date, _>(until)
            .execute(conn)
            .await?;
    }
    Ok(counts.into())
}

/// Makes the grants of the roster what the file says.
pub async fn replace_roster(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rows: &[RosterGrant],
    today: NaiveDate,
) -> Result<Changed> {
    replace(conn, corp, rows, &[], "", today).await
}

/// Makes the counsellors of these classes those of the file; what the roster grants elsewhere stays.
pub async fn replace_counsellors(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    classes: &[DepartmentId],
    rows: &[RosterGrant],
    today: NaiveDate,
) -> Result<Changed> {
    let within = "and g.role = 'counsellor' and g.department_id = any($8)";
    replace(conn, corp, rows, classes, within, today).await
}

async fn replace(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rows: &[RosterGrant],
    departments: &[DepartmentId],
    within: &str,
    today: NaiveDate,
) -> Result<Changed> {
    let wanted = "wanted as materialized (
        select r.person_id, r.role, r.department_id, r.purpose, least(r.until_date, p.until_date) as until_date
        from unnest($3::bigint[], $4::text[], $5::integer[], $6::text[], $7::date[])
          as r (person_id, role, department_id, purpose, until_date)
        join persons p on p.corp_id = $1 and p.person_id = r.person_id and (p.until_date is null or p.until_date > $2))";
    let mut counts = [0; 4];
    for (count, statement) in counts.iter_mut().zip(statements("roster", wanted, within)) {
        *count = diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<Date, _>(today)
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.person_id).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.role).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.department_id).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.purpose.as_str()).collect::<Vec<_>>())
            .bind::<Array<Date>, _>(rows.iter().map(|row| row.until).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(departments)
            .execute(conn)
            .await?;
    }
    Ok(counts.into())
}

/// Ends what people hold with their stay on the roster. How many were ended.
pub async fn end_with_stay(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<usize> {
    let mut ended = 0;
    for statement in [
        "delete from grants g using persons p
         where g.corp_id = $1 and p.corp_id = $1 and p.person_id = g.person_id and p.until_date < g.until_date
           and g.from_date >= p.until_date",
        "update grants g set until_date = p.until_date from persons p
         where g.corp_id = $1 and p.corp_id = $1 and p.person_id = g.person_id and p.until_date < g.until_date",
    ] {
        ended += diesel::sql_query(statement).bind::<Integer, _>(corp).execute(conn).await?;
    }
    Ok(ended)
}

/// What people hold otherwise than by the directory, as the rows are: for putting them back.
pub async fn kept(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    persons: &[PersonId],
) -> Result<Vec<(PersonId, Value)>> {
    let rows: Vec<Kept> = diesel::sql_query(
        "select person_id, to_jsonb(g) as row from grants g
         where corp_id = $1 and person_id = any($2) and source <> 'directory' order by person_id, grant_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<BigInt>, _>(persons)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.row)).collect())
}

/// Puts grants back as they were; one that was given anew meanwhile stays.
pub async fn put_back(conn: &mut AsyncPgConnection, corp: CorpId, rows: &Value) -> Result<()> {
    for statement in [
        "update grants g set until_date = r.until_date from jsonb_populate_recordset(null::grants, $2) r
         where g.corp_id = $1 and r.corp_id = $1 and g.grant_id = r.grant_id and g.until_date < r.until_date",
        "insert into grants overriding system value
         select r.* from jsonb_populate_recordset(null::grants, $2) r
         where r.corp_id = $1 on conflict do nothing",
    ] {
        diesel::sql_query(statement).bind::<Integer, _>(corp).bind::<Jsonb, _>(rows).execute(conn).await?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
    #[diesel(sql_type = Jsonb)]
    row: Value,
}

/// Counts in the order of [`statements`].
impl From<[usize; 4]> for Changed {
    fn from([dropped, ended, changed, added]: [usize; 4]) -> Self {
        Self { added, changed, ended: dropped + ended }
    }
}

/// Drop what began today and is not wanted, end what began before, correct, add. $1 is the corp, $2 today; `within`
/// narrows which grants `g` it is about.
fn statements(source: &str, wanted: &str, within: &str) -> [String; 4] {
    let held = format!("g.corp_id = $1 and g.source = '{source}' and g.until_date > $2::date {within}");
    let unwanted = "not exists (select from wanted w where w.person_id = g.person_id and w.role = g.role
                    and w.department_id = g.department_id)";
    [
        format!("with {wanted} delete from grants g where {held} and g.from_date >= $2 and {unwanted}"),
        format!("with {wanted} update grants g set until_date = $2 where {held} and {unwanted}"),
        format!(
            "with {wanted} update grants g set purpose = w.purpose, until_date = w.until_date from wanted w
             where {held} and w.person_id = g.person_id
               and w.role = g.role and w.department_id = g.department_id
               and (w.purpose, w.until_date) is distinct from (g.purpose, g.until_date)"
        ),
        format!(
            "with {wanted} insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date,
                                               until_date)
             select $1, w.person_id, w.role, w.department_id, w.purpose, '{source}', $2, w.until_date from wanted w
             where not exists (select from grants g where {held} and g.person_id = w.person_id and g.role = w.role
                               and g.department_id = w.department_id)"
        ),
    ]
}
