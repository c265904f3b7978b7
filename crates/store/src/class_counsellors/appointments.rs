//! Counsellors named by hand, and who named and ended them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Date, Integer, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId, policy::Role};

use crate::{
    Result,
    schema::{grant_acts, grants},
};

#[derive(QueryableByName)]
struct Person {
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
}

/// Somebody of the staff today, by number, whatever the case.
pub async fn staff(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    number: &str,
    today: NaiveDate,
) -> Result<Option<PersonId>> {
    let query = diesel::sql_query(
        "select person_id from persons
         where corp_id = $1 and lower(number) = lower($2) and kind = 'staff' and from_date <= $3
           and (until_date is null or until_date > $3)",
    )
    .bind::<Integer, _>(corp)
    .bind::<Text, _>(number)
    .bind::<Date, _>(today);
    Ok(query.get_result::<Person>(conn).await.optional()?.map(|row| row.person_id))
}

/// A grant given by hand.
#[derive(Debug, Clone)]
pub struct Appointment<'a> {
    /// The school.
    pub corp: CorpId,
    /// Whose.
    pub person: PersonId,
    /// Over which class.
    pub class: DepartmentId,
    /// What for.
    pub purpose: &'a str,
    /// The first day.
    pub from: NaiveDate,
    /// The first day it no longer holds.
    pub until: NaiveDate,
    /// Who gives or ends it.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Gives it and notes who did; false when they are the class's counsellor already, whoever said so.
pub async fn appoint(conn: &mut AsyncPgConnection, new: &Appointment<'_>) -> Result<bool> {
    let query = diesel::sql_query(
        "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
         select $1, $2, 'counsellor', $3, $4, 'manual', $5, $6
         where not exists (
           select from grants where corp_id = $1 and person_id = $2 and role = 'counsellor' and department_id = $3
             and from_date <= $5 and until_date > $5)
         on conflict do nothing",
    )
    .bind::<Integer, _>(new.corp)
    .bind::<BigInt, _>(new.person)
    .bind::<Integer, _>(new.class)
    .bind::<Text, _>(new.purpose)
    .bind::<Date, _>(new.from)
    .bind::<Date, _>(new.until);
    if query.execute(conn).await? == 0 {
        return Ok(false);
    }
    note(conn, new, "given").await?;
    Ok(true)
}

async fn note(conn: &mut AsyncPgConnection, of: &Appointment<'_>, act: &str) -> Result<()> {
    diesel::insert_into(grant_acts::table)
        .values((
            grant_acts::corp_id.eq(of.corp),
            grant_acts::act.eq(act),
            grant_acts::person_id.eq(of.person),
            grant_acts::role.eq(Role::Counsellor.as_str()),
            grant_acts::department_id.eq(of.class),
            grant_acts::purpose.eq(of.purpose),
            grant_acts::until_date.eq(of.until),
            grant_acts::made_by.eq(of.by),
            grant_acts::made_at.eq(of.at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends a grant that was given by hand over a class, from today on, and notes who did. False when there is none.
pub async fn end(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    class: DepartmentId,
    grant: i64,
    by: MemberId,
    at: DateTime<Utc>,
    today: NaiveDate,
) -> Result<bool> {
    let standing = || {
        grants::table
            .filter(grants::corp_id.eq(corp))
            .filter(grants::grant_id.eq(grant))
            .filter(grants::department_id.eq(class))
            .filter(grants::role.eq(Role::Counsellor.as_str()))
            .filter(grants::source.eq("manual"))
            .filter(grants::until_date.gt(today))
    };
    let found: Option<(PersonId, String, NaiveDate)> = standing()
        .select((grants::person_id, grants::purpose, grants::from_date))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    let Some((person, purpose, from)) = found else { return Ok(false) };
    // One that began today has held on no day that is over: nothing of it is left but the note.
    if from >= today {
        diesel::delete(standing()).execute(conn).await?;
    } else {
        diesel::update(standing()).set(grants::until_date.eq(today)).execute(conn).await?;
    }
    let ended = Appointment { corp, person, class, purpose: &purpose, from, until: today, by, at };
    note(conn, &ended, "ended").await?;
    Ok(true)
}

/// The class of a grant; none when there is no such grant.
pub async fn class_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    grant: i64,
) -> Result<Option<DepartmentId>> {
    Ok(grants::table
        .filter(grants::corp_id.eq(corp))
        .filter(grants::grant_id.eq(grant))
        .select(grants::department_id)
        .first(conn)
        .await
        .optional()?)
}
