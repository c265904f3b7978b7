//! The school's own record of people, and which account belongs to whom.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Binary, Date, Integer, Nullable, SmallInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, PersonId};

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
