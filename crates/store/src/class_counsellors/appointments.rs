//! Who can be named a class's counsellor, and of which class somebody is.

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{BigInt, Date, Integer, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, PersonId};

use crate::{Result, schema::grants};

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
