//! A person's phone, for those whose scope holds the person today.

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, PersonId, policy::Scope};

use crate::{Result, Sealed};

/// The number a phone is sealed under, and the phone.
#[derive(Debug, Clone, QueryableByName)]
pub struct Contact {
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Sealed for [`crate::unreported::phone_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub phone: Option<Sealed>,
}

/// `None` when there is no such person, or none in this scope on this day: the caller can't tell which.
pub async fn find(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    scope: &Scope,
    day: NaiveDate,
) -> Result<Option<Contact>> {
    let departments = scope.departments();
    let sql = "
      select p.number, p.phone from persons p
      where p.corp_id = $1 and p.person_id = $2 and exists (
        select from memberships m join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id
        where m.corp_id = $1 and m.person_id = $2 and m.is_main and m.from_date <= $3 and (m.until_date is null or m.until_date > $3)
          and ($4 is null or d.department_id = any($4) or d.class_id = any($4) or d.grade_id = any($4)
               or d.college_id = any($4)))";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(person)
        .bind::<Date, _>(day)
        .bind::<Nullable<Array<Integer>>, _>(departments)
        .get_result(conn)
        .await
        .optional()?)
}
