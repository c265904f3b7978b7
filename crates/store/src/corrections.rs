//! 更正申请: what members say is wrong with their data, and what became of it.

mod review;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId, PersonId,
    correction::{CorrectionField, CorrectionState},
};

use crate::{
    Result, Sealed,
    schema::corrections,
    sealed::{Place, column},
};
pub use review::{Reach, Row, confirm, in_charge, list, lock, settle, userid_of};

const OPEN: [&str; 2] = ["submitted", "checked"];

/// The row what a request says is sealed for. It has no number before it is kept.
pub fn key(person: PersonId, field: &str, submitted_at: DateTime<Utc>) -> String {
    format!("{person}:{field}:{}", submitted_at.timestamp_micros())
}

/// Where the right value stands sealed; `key` is of [`key`].
pub fn proposed_place(corp: CorpId, key: &str) -> Place<'_> {
    Place { column: &column::CORRECTION_PROPOSED, corp, row: key }
}

/// … the member's note.
pub fn note_place(corp: CorpId, key: &str) -> Place<'_> {
    Place { column: &column::CORRECTION_NOTE, corp, row: key }
}

/// … the answer.
pub fn answer_place(corp: CorpId, key: &str) -> Place<'_> {
    Place { column: &column::CORRECTION_ANSWER, corp, row: key }
}

/// A request to be kept.
#[derive(Debug)]
pub struct NewCorrection {
    /// Whose data.
    pub person: PersonId,
    /// What is wrong.
    pub field: CorrectionField,
    /// Whose turn it is.
    pub state: CorrectionState,
    /// Sealed for [`proposed_place`].
    pub proposed: Sealed,
    /// Sealed for [`note_place`].
    pub note: Option<Sealed>,
    /// The account that says so.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps a request; none when one of this field is open.
pub async fn add(conn: &mut AsyncPgConnection, corp: CorpId, new: &NewCorrection) -> Result<Option<i64>> {
    Ok(diesel::insert_into(corrections::table)
        .values((
            corrections::corp_id.eq(corp),
            corrections::person_id.eq(new.person),
            corrections::field.eq(new.field.as_str()),
            corrections::state.eq(new.state.as_str()),
            corrections::proposed.eq(&new.proposed),
            corrections::note.eq(new.note.as_ref()),
            corrections::submitted_by.eq(new.by),
            corrections::submitted_at.eq(new.at),
        ))
        .on_conflict_do_nothing()
        .returning(corrections::correction_id)
        .get_result(conn)
        .await
        .optional()?)
}

/// How many requests somebody has made since a moment.
pub async fn count_since(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    since: DateTime<Utc>,
) -> Result<i64> {
    Ok(corrections::table
        .filter(corrections::corp_id.eq(corp))
        .filter(corrections::person_id.eq(person))
        .filter(corrections::submitted_at.ge(since))
        .count()
        .get_result(conn)
        .await?)
}

/// A request as its member sees it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = corrections, check_for_backend(diesel::pg::Pg))]
pub struct Mine {
    /// Its number.
    pub correction_id: i64,
    /// What is wrong.
    pub field: String,
    /// How far it is.
    pub state: String,
    /// Sealed for [`proposed_place`].
    pub proposed: Sealed,
    /// Sealed for [`note_place`].
    pub note: Option<Sealed>,
    /// When it was made.
    pub submitted_at: DateTime<Utc>,
    /// When a counsellor confirmed it.
    pub checked_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub settled_at: Option<DateTime<Utc>>,
    /// Sealed for [`answer_place`].
    pub answer: Option<Sealed>,
}

/// Somebody's own requests, newest first, those before `before`.
pub async fn of_person(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Mine>> {
    Ok(corrections::table
        .filter(corrections::corp_id.eq(corp))
        .filter(corrections::person_id.eq(person))
        .filter(corrections::correction_id.lt(before.unwrap_or(i64::MAX)))
        .order(corrections::correction_id.desc())
        .limit(limit)
        .select(Mine::as_select())
        .load(conn)
        .await?)
}

/// The open request of a field.
pub async fn open_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    field: CorrectionField,
) -> Result<Option<Mine>> {
    Ok(corrections::table
        .filter(corrections::corp_id.eq(corp))
        .filter(corrections::person_id.eq(person))
        .filter(corrections::field.eq(field.as_str()))
        .filter(corrections::state.eq_any(OPEN))
        .select(Mine::as_select())
        .first(conn)
        .await
        .optional()?)
}

/// Takes back one's own open request; false when there is none.
pub async fn withdraw(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    id: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let open = corrections::table
        .filter(corrections::corp_id.eq(corp))
        .filter(corrections::correction_id.eq(id))
        .filter(corrections::person_id.eq(person))
        .filter(corrections::state.eq_any(OPEN));
    let withdrawn = diesel::update(open)
        .set((corrections::state.eq("withdrawn"), corrections::settled_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(withdrawn == 1)
}

/// Forgets requests settled before a moment, with what they say.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let old =
        corrections::table.filter(corrections::corp_id.eq(corp)).filter(corrections::settled_at.lt(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
