//! 未报跟进: why people have not reported, as somebody found out. Nothing is changed; the newest counts.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Date, Integer, Nullable, SmallInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId, follow_up::FollowUpReason, form::Period};

use crate::{
    Result, Sealed,
    schema::follow_ups,
    sealed::{Place, column},
};

/// The row a note is sealed for; follow-ups have no number before they are kept.
pub fn note_row(form_id: i64, person: PersonId, at: DateTime<Utc>) -> String {
    format!("{form_id}/{person}/{}", at.timestamp_micros())
}

/// Where a note stands sealed; `row` is of [`note_row`].
pub fn note_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::FOLLOW_UP_NOTE, corp, row }
}

/// A follow-up to be kept.
#[derive(Debug)]
pub struct NewFollowUp {
    /// The form.
    pub form_id: i64,
    /// Who has not reported.
    pub person: PersonId,
    /// For which period.
    pub period: Period,
    /// Why.
    pub reason: FollowUpReason,
    /// Sealed for [`note_place`].
    pub note: Option<Sealed>,
    /// Who found out.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps a follow-up.
pub async fn add(conn: &mut AsyncPgConnection, corp: CorpId, new: &NewFollowUp) -> Result<()> {
    diesel::insert_into(follow_ups::table)
        .values((
            follow_ups::corp_id.eq(corp),
            follow_ups::form_id.eq(new.form_id),
            follow_ups::person_id.eq(new.person),
            follow_ups::day.eq(new.period.day),
            follow_ups::slot.eq(new.period.slot),
            follow_ups::reason.eq(new.reason.as_str()),
            follow_ups::note.eq(new.note.as_ref()),
            follow_ups::by_member.eq(new.by),
            follow_ups::at.eq(new.at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// A follow-up as it was kept.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub follow_up_id: i64,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// Sealed for [`note_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub note: Option<Sealed>,
    /// Who found out.
    #[diesel(sql_type = BigInt)]
    pub by_member: MemberId,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub by_name: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// What was found out about a person and a period, the newest first; at most 200.
pub async fn of_period(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    person: PersonId,
    period: Period,
) -> Result<Vec<Row>> {
    let day = if period.day.is_some() { "u.day = $4" } else { "u.day is null and $4 is null" };
    let sql = format!(
        "select u.follow_up_id, u.reason, u.note, u.by_member, coalesce(p.name, m.name, m.userid) as by_name, u.at
         from follow_ups u
         join members m on m.corp_id = u.corp_id and m.member_id = u.by_member
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         where u.corp_id = $1 and u.form_id = $2 and u.person_id = $3 and {day} and u.slot = $5
         order by u.follow_up_id desc limit 200"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(form_id)
        .bind::<BigInt, _>(person)
        .bind::<Nullable<Date>, _>(period.day)
        .bind::<SmallInt, _>(period.slot)
        .load(conn)
        .await?)
}
