//! 核查: reports somebody should look at, and everything that was done with each.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId, PersonId,
    review::{ReviewAct, ReviewState},
};

use crate::{
    Error, Result, Sealed,
    reports::Report,
    schema::{reports, review_acts, reviews},
};

/// A review's state; it stays as it is until the transaction ends.
pub async fn lock(conn: &mut AsyncPgConnection, corp: CorpId, report_id: i64) -> Result<Option<ReviewState>> {
    let state: Option<String> = reviews::table
        .filter(reviews::corp_id.eq(corp))
        .filter(reviews::report_id.eq(report_id))
        .select(reviews::state)
        .for_update()
        .first(conn)
        .await
        .optional()?;
    state.map(|state| ReviewState::parse(&state).ok_or(Error::Unexpected("reviews.state"))).transpose()
}

/// One thing done with a review.
#[derive(Debug, Clone)]
pub struct NewAct {
    /// What.
    pub act: ReviewAct,
    /// The report's revision, then.
    pub revision: i32,
    /// Sealed.
    pub note: Option<Sealed>,
    /// By whom; none: by itself.
    pub by_member: Option<MemberId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Brings a review into a state, and keeps what did it.
pub async fn put(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    report_id: i64,
    state: ReviewState,
    act: &NewAct,
) -> Result<()> {
    diesel::insert_into(reviews::table)
        .values((
            reviews::corp_id.eq(corp),
            reviews::report_id.eq(report_id),
            reviews::state.eq(state.as_str()),
            reviews::opened_at.eq(act.at),
            reviews::changed_at.eq(act.at),
        ))
        .on_conflict((reviews::corp_id, reviews::report_id))
        .do_update()
        .set((reviews::state.eq(state.as_str()), reviews::changed_at.eq(act.at)))
        .execute(conn)
        .await?;
    diesel::insert_into(review_acts::table)
        .values((
            review_acts::corp_id.eq(corp),
            review_acts::report_id.eq(report_id),
            review_acts::act.eq(act.act.as_str()),
            review_acts::revision.eq(act.revision),
            review_acts::note.eq(act.note.as_ref()),
            review_acts::by_member.eq(act.by_member),
            review_acts::at.eq(act.at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether a report was sent back and waits for the person to put it right.
pub async fn is_sent_back(conn: &mut AsyncPgConnection, corp: CorpId, report_id: i64) -> Result<bool> {
    let sent_back = reviews::table
        .filter(reviews::corp_id.eq(corp))
        .filter(reviews::report_id.eq(report_id))
        .filter(reviews::state.eq(ReviewState::SentBack.as_str()));
    Ok(diesel::select(diesel::dsl::exists(sent_back)).get_result(conn).await?)
}

/// The person's reports of a form that were sent back, the newest first; at most 20.
pub async fn sent_back(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    person: PersonId,
) -> Result<Vec<Report>> {
    Ok(reviews::table
        .inner_join(
            reports::table
                .on(reports::corp_id.eq(reviews::corp_id).and(reports::report_id.eq(reviews::report_id))),
        )
        .filter(reviews::corp_id.eq(corp))
        .filter(reviews::state.eq(ReviewState::SentBack.as_str()))
        .filter(reports::form_id.eq(form_id))
        .filter(reports::person_id.eq(person))
        .order(reports::report_id.desc())
        .limit(20)
        .select(Report::as_select())
        .load(conn)
        .await?)
}
