//! 免报: leave, internship, suspension.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, PersonId};

use crate::{Result, schema::exemptions};

/// Whether a person is exempt on a day.
pub async fn covers(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    day: NaiveDate,
) -> Result<bool> {
    let covering = exemptions::table
        .filter(exemptions::corp_id.eq(corp))
        .filter(exemptions::person_id.eq(person))
        .filter(exemptions::from_date.le(day))
        .filter(exemptions::revoked_at.is_null())
        .filter(exemptions::until_date.is_null().or(exemptions::until_date.gt(day)));
    Ok(diesel::select(diesel::dsl::exists(covering)).get_result(conn).await?)
}
