//! The school's own record of people, and which account belongs to whom.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Date, Integer, Nullable, SmallInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, PersonId, policy::Scope, status::Stay};

use crate::{
    Result, Sealed,
    schema::{members, persons},
};

/// A person on the roster.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = persons, check_for_backend(diesel::pg::Pg))]
pub struct Person {
    /// Student or staff number.
    pub number: String,
    /// Name.
    pub name: String,
    /// `student` or `staff`.
    pub kind: String,
    /// 在编, 合同制, 临时 or 合作办学, for staff.
    pub staff_kind: Option<String>,
    /// Major.
    pub major: Option<String>,
    /// Year of entry.
    pub grade: Option<i16>,
    /// Sealed for [`crate::unreported::phone_place`].
    pub phone: Option<Sealed>,
    /// On the roster since.
    pub from_date: NaiveDate,
    /// The first day no longer on it.
    pub until_date: Option<NaiveDate>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person")
    }
}

/// A person, and whether an account is theirs now.
#[derive(Debug, Clone, Queryable)]
pub struct Known {
    /// Our number for them.
    pub person_id: PersonId,
    /// What is on record.
    pub person: Person,
    /// Whether a linked account is in WeCom now.
    pub has_account: bool,
}

/// Everyone.
pub async fn all(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Known>> {
    let account = members::table
        .filter(members::corp_id.eq(corp))
        .filter(members::person_id.eq(persons::person_id.nullable()))
        .filter(members::left_on.is_null());
    Ok(persons::table
        .filter(persons::corp_id.eq(corp))
        .select((persons::person_id, Person::as_select(), diesel::dsl::exists(account)))
        .load(conn)
        .await?)
}

/// One of them, and when the roster last said something new about them. The row is held until the transaction ends.
pub async fn lock(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
) -> Result<Option<(Person, Option<DateTime<Utc>>)>> {
    Ok(persons::table
        .filter(persons::corp_id.eq(corp))
        .filter(persons::person_id.eq(person))
        .select((Person::as_select(), persons::roster_at))
        .for_update()
        .first(conn)
        .await
        .optional()?)
}

/// Adds persons, or changes those whose number is known. All at once; give only what differs. `roster_at` is when a
/// roster said so; none where it was not one.
pub async fn write(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rows: &[Person],
    roster_at: Option<DateTime<Utc>>,
) -> Result<()> {
    // Arrays of a whole school's phones are a few megabytes; parts keep a statement small.
    for part in rows.chunks(5_000) {
        let list = |get: fn(&Person) -> &str| part.iter().map(get).collect::<Vec<_>>();
        diesel::sql_query(
            "insert into persons (corp_id, number, name, kind, staff_kind, major, grade, phone, from_date, until_date,
                                  roster_at)
             select $1, r.*, $11 from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10) as r
             on conflict (corp_id, number) do update
               set name = excluded.name, kind = excluded.kind, staff_kind = excluded.staff_kind,
                   major = excluded.major, grade = excluded.grade, phone = excluded.phone,
                   from_date = excluded.from_date, until_date = excluded.until_date,
                   roster_at = coalesce(excluded.roster_at, persons.roster_at)",
        )
        .bind::<Integer, _>(corp)
        .bind::<Array<Text>, _>(list(|row| &row.number))
        .bind::<Array<Text>, _>(list(|row| &row.name))
        .bind::<Array<Text>, _>(list(|row| &row.kind))
        .bind::<Array<Nullable<Text>>, _>(part.iter().map(|row| row.staff_kind.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(part.iter().map(|row| row.major.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Nullable<SmallInt>>, _>(part.iter().map(|row| row.grade).collect::<Vec<_>>())
        .bind::<Array<Nullable<Binary>>, _>(part.iter().map(|row| row.phone.clone()).collect::<Vec<_>>())
        .bind::<Array<Date>, _>(part.iter().map(|row| row.from_date).collect::<Vec<_>>())
        .bind::<Array<Nullable<Date>>, _>(part.iter().map(|row| row.until_date).collect::<Vec<_>>())
        .bind::<Nullable<Timestamptz>, _>(roster_at)
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Links accounts in WeCom to the persons whose number is their userid, whatever the case. Links once made stay.
/// How many were made.
pub async fn link(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<usize> {
    Ok(diesel::sql_query(
        "update members m set person_id = p.person_id
         from persons p
         where m.corp_id = $1 and p.corp_id = $1 and m.person_id is null and m.left_on is null
           and lower(p.number) = m.userid_key
           and not exists (select from members o where o.corp_id = $1 and o.person_id = p.person_id and o.left_on is null)",
    )
    .bind::<Integer, _>(corp)
    .execute(conn)
    .await?)
}

/// Somebody a change is about.
#[derive(Clone, QueryableByName)]
pub struct Subject {
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
    /// Sealed for [`crate::unreported::phone_place`] of the number.
    #[diesel(sql_type = Nullable<Binary>)]
    pub phone: Option<Sealed>,
    /// On the roster since.
    #[diesel(sql_type = Date)]
    pub from_date: NaiveDate,
    /// The first day no longer on it.
    #[diesel(sql_type = Nullable<Date>)]
    pub until_date: Option<NaiveDate>,
    /// The main department: on the day, or the last one before it, or else the first to come.
    #[diesel(sql_type = Nullable<Integer>)]
    pub department_id: Option<DepartmentId>,
    /// The class of that department, or the department itself.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").field("person_id", &self.person_id).finish_non_exhaustive()
    }
}

/// People ($1 corp, $2 the viewer's departments, $3 the day), each where they are, were last, or will be first.
const SUBJECTS: &str = "
  select p.person_id, p.number, p.name, p.kind, p.phone, p.from_date, p.until_date, d.department_id, d.name as place
  from persons p
  left join lateral (
    select s.department_id from memberships s
    where s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main
    order by (s.from_date <= $3) desc, case when s.from_date <= $3 then $3 - s.from_date else s.from_date - $3 end limit 1
  ) s on true
  left join departments d on d.corp_id = p.corp_id and d.department_id = s.department_id
  where p.corp_id = $1
    and ($2 is null or d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))";

/// The people of these numbers, whatever the case, in the viewer's scope. Those who have left are there too.
pub async fn subjects(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    scope: &Scope,
    numbers: &[String],
    day: NaiveDate,
) -> Result<Vec<Subject>> {
    Ok(diesel::sql_query(format!("{SUBJECTS} and lower(p.number) = any($4)"))
        .bind::<Integer, _>(corp)
        .bind::<Nullable<Array<Integer>>, _>(scope.departments())
        .bind::<Date, _>(day)
        .bind::<Array<Text>, _>(numbers)
        .load(conn)
        .await?)
}

/// One person in the viewer's scope.
pub async fn subject(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    scope: &Scope,
    person: PersonId,
    day: NaiveDate,
) -> Result<Option<Subject>> {
    Ok(diesel::sql_query(format!("{SUBJECTS} and p.person_id = $4"))
        .bind::<Integer, _>(corp)
        .bind::<Nullable<Array<Integer>>, _>(scope.departments())
        .bind::<Date, _>(day)
        .bind::<BigInt, _>(person)
        .get_result(conn)
        .await
        .optional()?)
}

/// Students of a year of entry, or under a department, or both, who are on the roster on the day before `leaving`; in the
/// viewer's scope.
pub async fn students(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    scope: &Scope,
    grade: Option<i16>,
    under: Option<DepartmentId>,
    leaving: NaiveDate,
) -> Result<Vec<Subject>> {
    let sql = format!(
        "{SUBJECTS} and p.kind = 'student' and p.from_date < $3 and (p.until_date is null or p.until_date > $3)
           and ($4 is null or p.grade = $4)
           and ($5 is null or $5 in (d.department_id, d.class_id, d.grade_id, d.college_id))
         order by d.sort_order desc nulls last, d.department_id, p.number"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<Array<Integer>>, _>(scope.departments())
        .bind::<Date, _>(leaving)
        .bind::<Nullable<SmallInt>, _>(grade)
        .bind::<Nullable<Integer>, _>(under)
        .load(conn)
        .await?)
}

/// Sets how long people stay on the roster.
pub async fn set_stays(conn: &mut AsyncPgConnection, corp: CorpId, rows: &[(PersonId, Stay)]) -> Result<()> {
    diesel::sql_query(
        "update persons p set from_date = r.from_date, until_date = r.until_date
         from unnest($2, $3, $4) as r (person_id, from_date, until_date)
         where p.corp_id = $1 and p.person_id = r.person_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(rows.iter().map(|row| row.1.from).collect::<Vec<_>>())
    .bind::<Array<Nullable<Date>>, _>(rows.iter().map(|row| row.1.until).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives people other numbers, with their phones sealed for them.
pub async fn renumber(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rows: &[(PersonId, String, Option<Sealed>)],
) -> Result<()> {
    diesel::sql_query(
        "update persons p set number = r.number, phone = r.phone
         from unnest($2, $3, $4) as r (person_id, number, phone) where p.corp_id = $1 and p.person_id = r.person_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Binary>>, _>(rows.iter().map(|row| row.2.clone()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Of these numbers, lower-cased, those that cannot be given to somebody else: a person's, or the user id of an account that
/// is another person's. Each with whose.
pub async fn taken(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    numbers: &[String],
) -> Result<Vec<(String, PersonId)>> {
    let rows: Vec<Taken> = diesel::sql_query(
        "select lower(number) as number, person_id from persons where corp_id = $1 and lower(number) = any($2)
         union
         select userid_key, person_id from members
         where corp_id = $1 and userid_key = any($2) and person_id is not null and left_on is null",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<Text>, _>(numbers)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.number, row.person_id)).collect())
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
}
