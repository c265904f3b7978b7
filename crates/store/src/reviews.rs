//! 核查: reports somebody should look at, and everything that was done with each.

mod list;
mod warnings;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId, PersonId,
    form::Flag,
    review::{ReviewAct, ReviewState},
};

use crate::{
    Error, Result, Sealed,
    reports::Report,
    schema::{reports, review_acts, reviews},
    sealed::{Place, column},
};
pub use list::{ActRow, Counts, Reach, Row, Wanted, acts, by_receipt, counts, list};
pub use warnings::{Receiver, outstanding, plan, told, waiting};

/// The row a note is sealed for; acts have no number before they are kept.
pub fn note_row(report_id: i64, at: DateTime<Utc>) -> String {
    format!("{report_id}/{}", at.timestamp_micros())
}

/// Where a note stands sealed; `row` is of [`note_row`].
pub fn note_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::REVIEW_NOTE, corp, row }
}

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

/// Opens the review of a report, for what was noticed; one that was closed is opened anew, and told anew.
pub async fn open(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    report_id: i64,
    flags: &[Flag],
    act: &NewAct,
) -> Result<()> {
    let flags: Vec<Option<&str>> = flags.iter().map(|flag| Some(flag.as_str())).collect();
    let state = ReviewState::Open.as_str();
    let never: Option<DateTime<Utc>> = None;
    diesel::insert_into(reviews::table)
        .values((
            reviews::corp_id.eq(corp),
            reviews::report_id.eq(report_id),
            reviews::state.eq(state),
            reviews::flags.eq(&flags),
            reviews::opened_at.eq(act.at),
            reviews::changed_at.eq(act.at),
        ))
        .on_conflict((reviews::corp_id, reviews::report_id))
        .do_update()
        .set((
            reviews::state.eq(state),
            reviews::flags.eq(&flags),
            reviews::opened_at.eq(act.at),
            reviews::changed_at.eq(act.at),
            reviews::warned_at.eq(never),
        ))
        .execute(conn)
        .await?;
    keep(conn, corp, report_id, act).await
}

/// Makes the review of a report that was never noticed, sent back at once; there is nothing to warn of. False: somebody
/// else just made one.
pub async fn add_sent_back(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    report_id: i64,
    act: &NewAct,
) -> Result<bool> {
    let added = diesel::insert_into(reviews::table)
        .values((
            reviews::corp_id.eq(corp),
            reviews::report_id.eq(report_id),
            reviews::state.eq(ReviewState::SentBack.as_str()),
            reviews::flags.eq(Vec::<Option<String>>::new()),
            reviews::opened_at.eq(act.at),
            reviews::changed_at.eq(act.at),
            reviews::warned_at.eq(act.at),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if added == 0 {
        return Ok(false);
    }
    keep(conn, corp, report_id, act).await?;
    Ok(true)
}

/// Brings a review into a state, and keeps what did it.
pub async fn put(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    report_id: i64,
    state: ReviewState,
    act: &NewAct,
) -> Result<()> {
    diesel::update(reviews::table.filter(reviews::corp_id.eq(corp)).filter(reviews::report_id.eq(report_id)))
        .set((reviews::state.eq(state.as_str()), reviews::changed_at.eq(act.at)))
        .execute(conn)
        .await?;
    keep(conn, corp, report_id, act).await
}

async fn keep(conn: &mut AsyncPgConnection, corp: CorpId, report_id: i64, act: &NewAct) -> Result<()> {
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

/// Reports of a person that were sent back and wait for them, the oldest first.
pub async fn sent_back_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
) -> Result<Vec<Report>> {
    Ok(reports::table
        .inner_join(
            reviews::table
                .on(reviews::corp_id.eq(reports::corp_id).and(reviews::report_id.eq(reports::report_id))),
        )
        .filter(reports::corp_id.eq(corp))
        .filter(reports::person_id.eq(person))
        .filter(reviews::state.eq(ReviewState::SentBack.as_str()))
        .order(reports::report_id)
        .limit(20)
        .select(Report::as_select())
        .load(conn)
        .await?)
}

/// The note a report was last sent back with, sealed, and when.
pub async fn send_back_note(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    report_id: i64,
) -> Result<Option<(Sealed, DateTime<Utc>)>> {
    let last: Option<(Option<Sealed>, DateTime<Utc>)> = review_acts::table
        .filter(review_acts::corp_id.eq(corp))
        .filter(review_acts::report_id.eq(report_id))
        .filter(review_acts::act.eq(ReviewAct::SentBack.as_str()))
        .order(review_acts::act_id.desc())
        .select((review_acts::note, review_acts::at))
        .first(conn)
        .await
        .optional()?;
    Ok(last.and_then(|(note, at)| Some((note?, at))))
}
