//! What leaves: a row per person, and the frozen batches that carry them.
//!
//! waiting → frozen (into a batch) → sent, invalid, unlicensed, unknown or failed; or skipped (reported since), expired (no
//! longer of use), unreachable (no active account). A batch is exact bytes for WeCom, kept before the first try, so that a
//! repeat is the same message.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Integer, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;

use crate::{
    Result, Sealed,
    schema::{outbox, outbox_batches},
    sealed::Place,
};

/// Where the bytes of a batch stand: `row` is its id.
pub fn body_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: "outbox_batches.body", corp, row }
}

/// Settles what waits and must not go out any more: reported since, or no longer of use.
pub async fn drop_needless(conn: &mut AsyncPgConnection, corp: CorpId, now: DateTime<Utc>) -> Result<usize> {
    let sql = "
      update outbox set state = case when reported then 'skipped' else 'expired' end, at = $2
      from (
        select w.outbox_id, w.useful_until <= $2 as expired,
               a.kind = 'reminder' and exists (select from reports r where r.corp_id = $1 and r.form_id = a.form_id
                 and r.day is not distinct from a.period_day and r.slot = a.slot and r.occurrence = 0
                 and r.person_id = w.person_id) as reported
        from outbox w join mailings a on a.corp_id = w.corp_id and a.mailing_id = w.mailing_id
        where w.corp_id = $1 and w.state = 'waiting') needless
      where outbox.corp_id = $1 and outbox.outbox_id = needless.outbox_id and (reported or expired)";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(now).execute(conn).await?)
}

/// Rows that get the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Group {
    /// The mailing.
    #[diesel(sql_type = BigInt)]
    pub mailing_id: i64,
    /// What it says to them.
    #[diesel(sql_type = Text)]
    pub variant: String,
}

/// Groups of rows that wait and may go now, oldest mailing first, at most `limit`.
pub async fn waiting_groups(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Group>> {
    let sql = "select distinct mailing_id, variant from outbox
               where corp_id = $1 and state = 'waiting' and not_before <= $2 order by mailing_id, variant limit $3";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// How often one member may be sent something (doc 90312): WeCom drops what is more without a word.
#[derive(Debug, Clone, Copy)]
pub struct PerMember {
    /// In a minute.
    pub minute: i64,
    /// In an hour.
    pub hour: i64,
}

/// A waiting row, taken for a batch.
#[derive(Debug, Clone, QueryableByName)]
pub struct Waiting {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub outbox_id: i64,
    /// To whom, as WeCom gives it.
    #[diesel(sql_type = Text)]
    pub userid: String,
    /// Of no use after this.
    #[diesel(sql_type = Timestamptz)]
    pub useful_until: DateTime<Utc>,
}

/// Locks up to `limit` waiting rows of a group for this transaction, without those whose member has had their fill of
/// messages: they stay waiting.
pub async fn take_waiting(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    group: &Group,
    limit: i64,
    per_member: PerMember,
    now: DateTime<Utc>,
) -> Result<Vec<Waiting>> {
    let sql = "
      select w.outbox_id, m.userid, w.useful_until
      from outbox w join members m on m.corp_id = w.corp_id and m.member_id = w.member_id
      where w.corp_id = $1 and w.state = 'waiting' and w.mailing_id = $2 and w.variant = $7 and w.not_before <= $3
        and (select count(*) < $5 and count(*) filter (where s.at > $3 - interval '1 minute') < $4
             from outbox s where s.corp_id = $1 and s.member_id = w.member_id and s.batch_id is not null
               and s.at > $3 - interval '1 hour')
      order by w.outbox_id limit $6 for update of w skip locked";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(group.mailing_id)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(per_member.minute)
        .bind::<BigInt, _>(per_member.hour)
        .bind::<BigInt, _>(limit)
        .bind::<Text, _>(&group.variant)
        .load(conn)
        .await?)
}

/// Puts taken rows into the batch that carries them.
pub async fn put_into(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch_id: i64,
    taken: &[Waiting],
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(
        outbox::table
            .filter(outbox::corp_id.eq(corp))
            .filter(outbox::outbox_id.eq_any(taken.iter().map(|waiting| waiting.outbox_id))),
    )
    .set((outbox::state.eq("frozen"), outbox::batch_id.eq(batch_id), outbox::at.eq(now)))
    .execute(conn)
    .await?;
    Ok(())
}

/// A message to be frozen.
#[derive(Debug, Clone, Copy)]
pub struct NewBatch<'a> {
    /// The app that sends it.
    pub app: &'a str,
    /// People named in it.
    pub recipients: usize,
    /// Whether WeCom drops the same bytes sent again.
    pub repeatable: bool,
    /// Of no use after this.
    pub useful_until: DateTime<Utc>,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Freezes a message: the sealed body is made from the batch's own id, so that no two batches are ever the same message.
pub async fn freeze<E: From<crate::Error>>(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch: NewBatch<'_>,
    body: impl FnOnce(i64) -> std::result::Result<Sealed, E>,
) -> std::result::Result<i64, E> {
    let batch_id = add_batch(conn, corp, batch).await?;
    let body = body(batch_id)?;
    set_body(conn, corp, batch_id, &body).await?;
    Ok(batch_id)
}

async fn add_batch(conn: &mut AsyncPgConnection, corp: CorpId, batch: NewBatch<'_>) -> Result<i64> {
    Ok(diesel::insert_into(outbox_batches::table)
        .values((
            outbox_batches::corp_id.eq(corp),
            outbox_batches::app.eq(batch.app),
            outbox_batches::recipients.eq(i32::try_from(batch.recipients).unwrap_or(i32::MAX)),
            outbox_batches::body.eq(Vec::<u8>::new()),
            outbox_batches::repeatable.eq(batch.repeatable),
            outbox_batches::state.eq("frozen"),
            outbox_batches::frozen_at.eq(batch.at),
            outbox_batches::useful_until.eq(batch.useful_until),
        ))
        .returning(outbox_batches::batch_id)
        .get_result(conn)
        .await?)
}

async fn set_body(conn: &mut AsyncPgConnection, corp: CorpId, batch_id: i64, body: &Sealed) -> Result<()> {
    diesel::update(outbox_batches::table.find((corp, batch_id)))
        .set(outbox_batches::body.eq(body))
        .execute(conn)
        .await?;
    Ok(())
}

/// How many recipients the app's messages have named since a moment. WeCom counts them by day (doc 90312).
pub async fn recipients_since(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    app: &str,
    since: DateTime<Utc>,
) -> Result<i64> {
    let sum: Option<i64> = outbox_batches::table
        .filter(outbox_batches::corp_id.eq(corp))
        .filter(outbox_batches::app.eq(app))
        .filter(outbox_batches::frozen_at.ge(since))
        .select(diesel::dsl::sum(outbox_batches::recipients))
        .get_result(conn)
        .await?;
    Ok(sum.unwrap_or(0))
}

/// A frozen batch to be sent.
#[derive(Debug, Clone, Queryable)]
pub struct Batch {
    /// Its id.
    pub batch_id: i64,
    /// The exact bytes.
    pub body: Sealed,
    /// Whether WeCom drops the same bytes sent again.
    pub repeatable: bool,
    /// Tries so far.
    pub attempts: i32,
    /// Of no use after this.
    pub useful_until: DateTime<Utc>,
    /// When the first was made: within WeCom's duplicate window the same bytes may be sent again.
    pub first_try_at: Option<DateTime<Utc>>,
}

/// Frozen batches, oldest first.
pub async fn frozen(conn: &mut AsyncPgConnection, corp: CorpId, limit: i64) -> Result<Vec<Batch>> {
    Ok(outbox_batches::table
        .filter(outbox_batches::corp_id.eq(corp))
        .filter(outbox_batches::state.eq("frozen"))
        .order(outbox_batches::batch_id)
        .limit(limit)
        .select((
            outbox_batches::batch_id,
            outbox_batches::body,
            outbox_batches::repeatable,
            outbox_batches::attempts,
            outbox_batches::useful_until,
            outbox_batches::first_try_at,
        ))
        .load(conn)
        .await?)
}

/// Notes a try before it is made; false: the batch is not to be sent any more.
pub async fn note_try(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch_id: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = "update outbox_batches set attempts = attempts + 1, first_try_at = coalesce(first_try_at, $3)
               where corp_id = $1 and batch_id = $2 and state = 'frozen'";
    let noted = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(batch_id)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    Ok(noted == 1)
}

/// Notes why a batch fails that will be tried again: what WeCom said and what to do.
pub async fn note_failing(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch_id: i64,
    words: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let sql = "update outbox_batches set error = $3, failing_since = coalesce(failing_since, $4)
               where corp_id = $1 and batch_id = $2 and state = 'frozen'";
    diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(batch_id)
        .bind::<Text, _>(words)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes a try back that certainly did not arrive.
pub async fn take_back_try(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch_id: i64,
    first_try_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let batch = outbox_batches::table
        .filter(outbox_batches::corp_id.eq(corp))
        .filter(outbox_batches::batch_id.eq(batch_id));
    diesel::update(batch).set(outbox_batches::first_try_at.eq(first_try_at)).execute(conn).await?;
    Ok(())
}

/// How a batch ended.
#[derive(Debug, Clone)]
pub enum BatchEnd<'a> {
    /// WeCom took it; these (lower-cased) it could not deliver to.
    Sent {
        /// WeCom's id of the message.
        msgid: Option<&'a str>,
        /// With which a card is changed.
        response_code: Option<&'a str>,
        /// Unknown to WeCom or outside the app's range.
        invalid: &'a [String],
        /// Without a licence.
        unlicensed: &'a [String],
    },
    /// No longer of use before it could be tried.
    Expired,
    /// Nobody can say whether WeCom took it.
    Unknown(&'a str),
    /// WeCom refused it.
    Failed(&'a str),
}

/// Records the end of a batch, and of each row in it. A batch ends once: a second end changes nothing.
pub async fn finish(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch_id: i64,
    end: &BatchEnd<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let none: &[String] = &[];
    let (state, error) = match end {
        BatchEnd::Sent { .. } => ("sent", None),
        BatchEnd::Expired => ("expired", None),
        BatchEnd::Unknown(error) => ("unknown", Some(*error)),
        BatchEnd::Failed(error) => ("failed", Some(*error)),
    };
    let (msgid, response_code, invalid, unlicensed) = match end {
        BatchEnd::Sent { msgid, response_code, invalid, unlicensed } => {
            (*msgid, *response_code, *invalid, *unlicensed)
        }
        _ => (None, None, none, none),
    };
    let ended = diesel::update(
        outbox_batches::table
            .filter(outbox_batches::corp_id.eq(corp))
            .filter(outbox_batches::batch_id.eq(batch_id))
            .filter(outbox_batches::state.eq("frozen")),
    )
    .set((
        outbox_batches::state.eq(state),
        outbox_batches::msgid.eq(msgid),
        outbox_batches::response_code.eq(response_code),
        outbox_batches::error.eq(error),
        outbox_batches::finished_at.eq(now),
    ))
    .execute(conn)
    .await?;
    if ended == 0 {
        return Ok(());
    }
    let sql = "
      update outbox set at = $3, state = case
          when m.userid_key = any($5) then 'invalid' when m.userid_key = any($6) then 'unlicensed' else $4 end
      from members m
      where outbox.corp_id = $1 and outbox.batch_id = $2 and m.corp_id = $1 and m.member_id = outbox.member_id";
    diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(batch_id)
        .bind::<Timestamptz, _>(now)
        .bind::<Text, _>(state)
        .bind::<Array<Text>, _>(invalid)
        .bind::<Array<Text>, _>(unlicensed)
        .execute(conn)
        .await?;
    Ok(())
}

/// How many people of a mailing stand in each state.
pub async fn counts(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    mailing_id: i64,
) -> Result<Vec<(String, i64)>> {
    Ok(outbox::table
        .filter(outbox::corp_id.eq(corp))
        .filter(outbox::mailing_id.eq(mailing_id))
        .group_by(outbox::state)
        .select((outbox::state, diesel::dsl::count_star()))
        .load(conn)
        .await?)
}

/// Whether anything waits to be frozen or sent.
pub async fn outstanding(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<bool> {
    let waiting = diesel::select(diesel::dsl::exists(
        outbox::table.filter(outbox::corp_id.eq(corp)).filter(outbox::state.eq("waiting")),
    ))
    .get_result::<bool>(conn)
    .await?;
    Ok(waiting || !frozen(conn, corp, 1).await?.is_empty())
}
