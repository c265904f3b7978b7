//! Taking an announcement back: who waits does not get it, who has it loses it, batch by batch.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId};

use crate::{
    Result,
    schema::{announcement_recalls, announcements},
};

/// Notes that one is to be taken back; false: it was noted before.
pub async fn ask(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let this = announcements::table
        .filter(announcements::corp_id.eq(corp))
        .filter(announcements::announcement_id.eq(id))
        .filter(announcements::state.eq("sent"))
        .filter(announcements::recall_asked_at.is_null());
    let asked = diesel::update(this)
        .set((announcements::recall_asked_at.eq(now), announcements::recall_asked_by.eq(by)))
        .execute(conn)
        .await?;
    Ok(asked == 1)
}

/// Those that are to be taken back and are not through, with their mailings.
pub async fn asked(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<(i64, i64)>> {
    Ok(announcements::table
        .filter(announcements::corp_id.eq(corp))
        .filter(announcements::recall_asked_at.is_not_null())
        .filter(announcements::recall_ended_at.is_null())
        .order(announcements::announcement_id)
        .select((announcements::announcement_id, announcements::mailing_id.assume_not_null()))
        .load(conn)
        .await?)
}

/// Keeps what has not left from leaving: rows that wait, and frozen batches that were never tried.
pub async fn withhold(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    mailing_id: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    for sql in [
        "update outbox set state = 'recalled', at = $3 where corp_id = $1 and mailing_id = $2 and state = 'waiting'",
        "update outbox_batches b set state = 'expired', finished_at = $3, error = null, failing_since = null
         where b.corp_id = $1 and b.state = 'frozen' and b.first_try_at is null
           and exists (select from outbox o where o.corp_id = $1 and o.batch_id = b.batch_id and o.mailing_id = $2)",
        "update outbox o set state = 'recalled', at = $3
         from outbox_batches b
         where o.corp_id = $1 and o.mailing_id = $2 and o.state = 'frozen'
           and b.corp_id = $1 and b.batch_id = o.batch_id and b.state = 'expired'",
    ] {
        diesel::sql_query(sql)
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(mailing_id)
            .bind::<Timestamptz, _>(now)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// A batch that is to be taken back.
#[derive(Debug, Clone, QueryableByName)]
pub struct Batch {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub batch_id: i64,
    /// frozen, sent or unknown.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// WeCom's id of the message.
    #[diesel(sql_type = Nullable<Text>)]
    pub msgid: Option<String>,
    /// When it was sent.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub finished_at: Option<DateTime<Utc>>,
}

/// Batches of a mailing that somebody may have, and of which nobody knows yet whether they were taken back.
pub async fn open(conn: &mut AsyncPgConnection, corp: CorpId, mailing_id: i64) -> Result<Vec<Batch>> {
    Ok(diesel::sql_query(
        "select b.batch_id, b.state, b.msgid, b.finished_at from outbox_batches b
         where b.corp_id = $1 and b.state in ('frozen', 'sent', 'unknown')
           and b.batch_id in (select o.batch_id from outbox o where o.corp_id = $1 and o.mailing_id = $2)
           and not exists (select from announcement_recalls r where r.corp_id = $1 and r.batch_id = b.batch_id)
         order by b.batch_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(mailing_id)
    .load(conn)
    .await?)
}

/// Records what became of taking a batch back; of what was, nobody has it any more.
pub async fn record(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    batch_id: i64,
    (state, error): (&str, Option<&str>),
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(announcement_recalls::table)
        .values((
            announcement_recalls::corp_id.eq(corp),
            announcement_recalls::batch_id.eq(batch_id),
            announcement_recalls::announcement_id.eq(id),
            announcement_recalls::state.eq(state),
            announcement_recalls::error.eq(error),
            announcement_recalls::at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if state == "recalled" {
        let sql = "update outbox set state = 'recalled', at = $3 where corp_id = $1 and batch_id = $2 and state = 'sent'";
        diesel::sql_query(sql)
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(batch_id)
            .bind::<Timestamptz, _>(now)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Notes that all of it was tried.
pub async fn end(conn: &mut AsyncPgConnection, corp: CorpId, id: i64, now: DateTime<Utc>) -> Result<()> {
    diesel::update(announcements::table.find((corp, id)))
        .set(announcements::recall_ended_at.eq(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// A batch and whether it was taken back.
#[derive(Debug, Clone, QueryableByName)]
pub struct Outcome {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub batch_id: i64,
    /// People named in it.
    #[diesel(sql_type = Integer)]
    pub recipients: i32,
    /// As the outbox has it: frozen, sent, …
    #[diesel(sql_type = Text)]
    pub state: String,
    /// recalled, too_late, unknown or failed; none: not known yet, or nothing to be taken back.
    #[diesel(sql_type = Nullable<Text>)]
    pub recall: Option<String>,
    /// What WeCom said and what to do.
    #[diesel(sql_type = Nullable<Text>)]
    pub error: Option<String>,
    /// Of the last of both.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// The first batches of a mailing, and what became of taking them back.
pub async fn outcomes(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    mailing_id: i64,
    limit: i64,
) -> Result<Vec<Outcome>> {
    Ok(diesel::sql_query(
        "select b.batch_id, b.recipients, b.state, r.state as recall, coalesce(r.error, b.error) as error,
                coalesce(r.at, b.finished_at, b.frozen_at) as at
         from outbox_batches b
         left join announcement_recalls r on r.corp_id = b.corp_id and r.batch_id = b.batch_id
         where b.corp_id = $1 and b.batch_id in (
           select o.batch_id from outbox o where o.corp_id = $1 and o.mailing_id = $2)
         order by b.batch_id limit $3",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(mailing_id)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?)
}
