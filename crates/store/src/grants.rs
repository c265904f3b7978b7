//! Grants that follow from the directory and from the roster, and in [`by_hand`] those that people give. Whatever gives or ends one
//! stands in the audit, one event a grant.

pub mod by_hand;
mod holding;

use chrono::NaiveDate;
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Bool, Date, Integer, Jsonb, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, PersonId, audit::Act};
pub use holding::{Holding, holding};
use serde_json::{Value, json};

use crate::{
    Result,
    audit::{By, Event, insert_all},
};

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

/// A grant as a statement left it.
#[derive(QueryableByName)]
struct Moved {
    #[diesel(sql_type = BigInt)]
    grant_id: i64,
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Integer)]
    department_id: DepartmentId,
    #[diesel(sql_type = Text)]
    source: String,
    /// The first day it does not hold, from now on.
    #[diesel(sql_type = Date)]
    until_date: NaiveDate,
    /// It is new or holds longer; false: it is over or holds less long; none: neither.
    #[diesel(sql_type = Nullable<Bool>)]
    given: Option<bool>,
}

/// Keeps in the audit what became of grants.
async fn note(conn: &mut AsyncPgConnection, corp: CorpId, moved: Vec<Moved>, by: By) -> Result<()> {
    let event = |one: Moved| {
        let act = if one.given? { Act::GrantGiven } else { Act::GrantEnded };
        // What follows the directory is written until a day far off, which says nothing.
        let until = (act == Act::GrantEnded || one.source != "directory").then_some(one.until_date);
        let detail = json!({
            "role": one.role,
            "department": one.department_id,
            "until": until,
            "source": one.source,
        });
        let event = Event::new(corp, act, by.member, by.at).of(one.person_id).on("grant", one.grant_id);
        Some(event.saying(detail))
    };
    insert_all(conn, corp, moved.into_iter().filter_map(event).collect()).await
}

/// Makes the grants of leaders what the directory shows. `roles` says what leading a department of a kind makes of
/// someone; such a grant has no end of its own and is written `until` a day far off.
pub async fn follow_directory(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    roles: &[(&str, &str)],
    until: NaiveDate,
    today: NaiveDate,
    by: By,
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
        let moved: Vec<Moved> = diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<Date, _>(today)
            .bind::<Array<Text>, _>(roles.iter().map(|role| role.0).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(roles.iter().map(|role| role.1).collect::<Vec<_>>())
            .bind::<Date, _>(until)
            .load(conn)
            .await?;
        *count = moved.len();
        note(conn, corp, moved, by).await?;
    }
    Ok(counts.into())
}

/// Makes the grants of the roster what the file says.
pub async fn replace_roster(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rows: &[RosterGrant],
    today: NaiveDate,
    by: By,
) -> Result<Changed> {
    replace(conn, corp, rows, (&[], ""), today, by).await
}

/// The classes whose counsellor the roster makes somebody, each with the first day it does not hold; a day far off where it ends with
/// their stay: it is not for the roster to say then.
pub async fn counselled(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    today: NaiveDate,
) -> Result<Vec<(DepartmentId, NaiveDate)>> {
    let rows: Vec<Counselled> = diesel::sql_query(
        "select g.department_id,
                case when g.until_date = p.until_date then date '9999-12-31' else g.until_date end as until_date
         from grants g join persons p on p.corp_id = g.corp_id and p.person_id = g.person_id
         where g.corp_id = $1 and g.person_id = $2 and g.role = 'counsellor' and g.source = 'roster'
           and g.from_date <= $3 and g.until_date > $3",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(person)
    .bind::<Date, _>(today)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.department_id, row.until_date)).collect())
}

/// Makes the counsellors of these classes those of the file; what the roster grants elsewhere stays.
pub async fn replace_counsellors(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    classes: &[DepartmentId],
    rows: &[RosterGrant],
    today: NaiveDate,
    by: By,
) -> Result<Changed> {
    let within = "and g.role = 'counsellor' and g.department_id = any($8)";
    replace(conn, corp, rows, (classes, within), today, by).await
}

async fn replace(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rows: &[RosterGrant],
    (departments, within): (&[DepartmentId], &str),
    today: NaiveDate,
    by: By,
) -> Result<Changed> {
    let wanted = "wanted as materialized (
        select r.person_id, r.role, r.department_id, r.purpose, least(r.until_date, p.until_date) as until_date
        from unnest($3::bigint[], $4::text[], $5::integer[], $6::text[], $7::date[])
          as r (person_id, role, department_id, purpose, until_date)
        join persons p on p.corp_id = $1 and p.person_id = r.person_id and (p.until_date is null or p.until_date > $2))";
    let mut counts = [0; 4];
    for (count, statement) in counts.iter_mut().zip(statements("roster", wanted, within)) {
        let moved: Vec<Moved> = diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<Date, _>(today)
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.person_id).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.role).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.department_id).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.purpose.as_str()).collect::<Vec<_>>())
            .bind::<Array<Date>, _>(rows.iter().map(|row| row.until).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(departments)
            .load(conn)
            .await?;
        *count = moved.len();
        note(conn, corp, moved, by).await?;
    }
    Ok(counts.into())
}

/// Ends what people hold with their stay on the roster. How many were ended.
pub async fn end_with_stay(conn: &mut AsyncPgConnection, corp: CorpId, by: By) -> Result<usize> {
    let mut ended = 0;
    for statement in [
        "delete from grants g using persons p
         where g.corp_id = $1 and p.corp_id = $1 and p.person_id = g.person_id and p.until_date < g.until_date
           and g.from_date >= p.until_date
         returning g.grant_id, g.person_id, g.role, g.department_id, g.source, p.until_date, false as given",
        "update grants g set until_date = p.until_date from persons p
         where g.corp_id = $1 and p.corp_id = $1 and p.person_id = g.person_id and p.until_date < g.until_date
         returning g.grant_id, g.person_id, g.role, g.department_id, g.source, g.until_date, false as given",
    ] {
        let moved: Vec<Moved> = diesel::sql_query(statement).bind::<Integer, _>(corp).load(conn).await?;
        ended += moved.len();
        note(conn, corp, moved, by).await?;
    }
    Ok(ended)
}

/// Keeps in the audit what undoing a set of changes makes of grants: it is asked of what the set noted, which undoing leaves.
pub(crate) async fn note_undone(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    change_set: i64,
    by: By,
) -> Result<()> {
    let moved = undoing(conn, corp, change_set).await?;
    note(conn, corp, moved, by).await
}

/// What undoing a set of changes makes of grants.
async fn undoing(conn: &mut AsyncPgConnection, corp: CorpId, change_set: i64) -> Result<Vec<Moved>> {
    // Of a grant that was changed more than once, what was before the first and after the last. One that is gone with the undoing
    // was never to be: it holds from its first day on no more.
    Ok(diesel::sql_query(
        "with net as (
           select (coalesce(before, after) ->> 'grant_id')::bigint as grant_id,
                  (array_agg(before order by change_id))[1] as earlier,
                  (array_agg(after order by change_id desc))[1] as later
           from changes where corp_id = $1 and change_set_id = $2 and table_name = 'grants' group by 1),
         dated as (
           select grant_id, coalesce(earlier, later) as held, (earlier ->> 'until_date')::date as earlier_until,
                  (later ->> 'until_date')::date as later_until
           from net where earlier is not null or later is not null)
         select grant_id, (held ->> 'person_id')::bigint as person_id, held ->> 'role' as role,
                (held ->> 'department_id')::integer as department_id, held ->> 'source' as source,
                coalesce(earlier_until, (held ->> 'from_date')::date) as until_date,
                case when earlier_until is null or earlier_until < later_until then false
                     when later_until is null or earlier_until > later_until then true end as given
         from dated order by grant_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(change_set)
    .load(conn)
    .await?)
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

/// Puts grants back that a stay took with it when it was made to end on `ended`, as [`end_with_stay`] did; one that somebody ended by
/// hand stays ended, and one that was given anew meanwhile stays. How many.
pub async fn put_back(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rows: &Value,
    ended: NaiveDate,
    by: By,
) -> Result<usize> {
    let mut back = 0;
    for statement in [
        "update grants g set until_date = r.until_date from jsonb_populate_recordset(null::grants, $2) r
         where g.corp_id = $1 and r.corp_id = $1 and g.grant_id = r.grant_id and g.until_date = $3
           and g.until_date < r.until_date
         returning g.grant_id, g.person_id, g.role, g.department_id, g.source, g.until_date, true as given",
        "insert into grants overriding system value
         select r.* from jsonb_populate_recordset(null::grants, $2) r
         where r.corp_id = $1 and r.from_date >= $3 and r.until_date > $3 on conflict do nothing
         returning grant_id, person_id, role, department_id, source, until_date, true as given",
    ] {
        let moved: Vec<Moved> = diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<Jsonb, _>(rows)
            .bind::<Date, _>(ended)
            .load(conn)
            .await?;
        back += moved.len();
        note(conn, corp, moved, by).await?;
    }
    Ok(back)
}

#[derive(QueryableByName)]
struct Counselled {
    #[diesel(sql_type = Integer)]
    department_id: DepartmentId,
    #[diesel(sql_type = Date)]
    until_date: NaiveDate,
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

/// Drop what began today and is not wanted, end what began before, correct, add; each gives [`Moved`]. $1 is the corp, $2 today;
/// `within` narrows which grants `g` it is about.
fn statements(source: &str, wanted: &str, within: &str) -> [String; 4] {
    let held = format!("g.corp_id = $1 and g.source = '{source}' and g.until_date > $2::date {within}");
    let unwanted = "not exists (select from wanted w where w.person_id = g.person_id and w.role = g.role
                    and w.department_id = g.department_id)";
    let moved = "g.grant_id, g.person_id, g.role, g.department_id, g.source";
    [
        format!(
            "with {wanted} delete from grants g where {held} and g.from_date >= $2 and {unwanted}
             returning {moved}, $2::date as until_date, false as given"
        ),
        format!(
            "with {wanted} update grants g set until_date = $2 where {held} and {unwanted}
             returning {moved}, g.until_date, false as given"
        ),
        format!(
            "with {wanted} update grants g set purpose = w.purpose, until_date = w.until_date
             from wanted w, grants earlier
             where {held} and w.person_id = g.person_id
               and w.role = g.role and w.department_id = g.department_id
               and (w.purpose, w.until_date) is distinct from (g.purpose, g.until_date)
               and earlier.corp_id = $1 and earlier.grant_id = g.grant_id
             returning {moved}, g.until_date,
                       case when g.until_date > earlier.until_date then true
                            when g.until_date < earlier.until_date then false end as given"
        ),
        format!(
            "with {wanted} insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date,
                                               until_date)
             select $1, w.person_id, w.role, w.department_id, w.purpose, '{source}', $2, w.until_date from wanted w
             where not exists (select from grants g where {held} and g.person_id = w.person_id and g.role = w.role
                               and g.department_id = w.department_id)
             returning grant_id, person_id, role, department_id, source, until_date, true as given"
        ),
    ]
}
