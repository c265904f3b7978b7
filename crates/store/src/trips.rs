//! 行程: when somebody was away, as a report of theirs says.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, PersonId, form::Trip};

use crate::{
    Result,
    reports::Report,
    schema::{reports, trips},
};

/// Where the person's newest open trip is: a county's code. None: no trip is open.
pub async fn away(conn: &mut AsyncPgConnection, corp: CorpId, person: PersonId) -> Result<Option<String>> {
    Ok(trips::table
        .filter(trips::corp_id.eq(corp))
        .filter(trips::person_id.eq(person))
        .filter(trips::returned_on.is_null())
        .order((trips::left_on.desc(), trips::report_id.desc()))
        .select(trips::region)
        .first(conn)
        .await
        .optional()?)
}

/// Keeps what a report says of a trip, in place of what its revision before said; none: it tells of none.
pub async fn keep(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    report_id: i64,
    person: PersonId,
    trip: Option<&Trip>,
) -> Result<()> {
    diesel::delete(trips::table.filter(trips::corp_id.eq(corp)).filter(trips::report_id.eq(report_id)))
        .execute(conn)
        .await?;
    if let Some(trip) = trip {
        diesel::insert_into(trips::table)
            .values((
                trips::corp_id.eq(corp),
                trips::report_id.eq(report_id),
                trips::person_id.eq(person),
                trips::left_on.eq(trip.left_on),
                trips::returned_on.eq(trip.returned_on),
                trips::region.eq(&trip.region),
                trips::transport.eq(trip.transport.as_deref()),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// The person's reports of a form that tell of a trip under way, the newest first: since when, and where to.
pub async fn open_reports(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    person: PersonId,
) -> Result<Vec<(Report, NaiveDate, String)>> {
    Ok(trips::table
        .inner_join(
            reports::table
                .on(reports::corp_id.eq(trips::corp_id).and(reports::report_id.eq(trips::report_id))),
        )
        .filter(trips::corp_id.eq(corp))
        .filter(trips::person_id.eq(person))
        .filter(trips::returned_on.is_null())
        .filter(reports::form_id.eq(form_id))
        .order((trips::left_on.desc(), trips::report_id.desc()))
        .limit(50)
        .select((Report::as_select(), trips::left_on, trips::region))
        .load(conn)
        .await?)
}

/// Whether a report tells of a trip under way.
pub async fn is_open(conn: &mut AsyncPgConnection, corp: CorpId, report_id: i64) -> Result<bool> {
    let open = trips::table
        .filter(trips::corp_id.eq(corp))
        .filter(trips::report_id.eq(report_id))
        .filter(trips::returned_on.is_null());
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(conn).await?)
}
