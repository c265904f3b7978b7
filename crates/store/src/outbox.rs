//! What leaves: a row per person, and the frozen batches that carry them.
//!
//! waiting → frozen (into a batch) → sent, invalid, out_of_range, unlicensed, unknown or failed; or skipped (reported since),
//! expired (no longer of use), unreachable (no active account), limited (had enough of the day). A batch is exact bytes for WeCom, kept before the first try, so that a
//! repeat is the same message.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;

use crate::{
    Result, Sealed,
    reminders::Most,
    schema::{outbox, outbox_batches},
    sealed::{Place, column},
};

/// Where the bytes of a batch stand: `row` is its id.
pub fn body_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::BATCH_BODY, corp, row }
}

/// Settles what waits and must not go out any more: reported since, or no longer of use. Of these rows alone, or of all. Gives
/// those it settled.
pub async fn drop_needless(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    only: Option<&[i64]>,
    now: DateTime<Utc>,
) -> Result<Vec<i64>> {
    #[derive(QueryableByName)]
    struct Settled {
        #[diesel(sql_type = BigInt)]
        outbox_id: i64,
    }
    let which = if only.is_some() { "and w.outbox_id = any($3)" } else { "and cardinality($3) = 0" };
    let sql = format!(
        "update outbox set state = case when reported then 'skipped' else 'expired' end, at = $2
         from (
           select w.outbox_id, w.useful_until <= $2 as expired,
                  a.kind = 'reminder' and exists (select from reports r where r.corp_id = $1 and r.form_id = a.form_id
                    and r.day is not distinct from a.period_day and r.slot = a.slot and r.occurrence = 0
                    and r.person_id = w.person_id) as reported
           from outbox w join mailings a on a.corp_id = w.corp_id and a.mailing_id = w.mailing_id
           where w.corp_id = $1 and w.state = 'waiting' {which}) needless
         where outbox.corp_id = $1 and outbox.outbox_id = needless.outbox_id and (reported or expired)
         returning outbox.outbox_id"
    );
    let settled: Vec<Settled> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(now)
        .bind::<Array<BigInt>, _>(only.unwrap_or_default())
        .load(conn)
        .await?;
    Ok(settled.into_iter().map(|row| row.outbox_id).collect())
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

/// Mailings with rows that have not gone out and that quiet hours hold back: of these rules or, with `all`, every one that is
/// not urgent.
pub async fn held(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rules: &[i64],
    all: bool,
    now: DateTime<Utc>,
) -> Result<Vec<i64>> {
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = BigInt)]
        mailing_id: i64,
    }
    let sql = "
      select a.mailing_id from mailings a
      where a.corp_id = $1 and not a.urgent and a.planned_at > $4 - interval '8 days'
        and ($3 or coalesce(a.rule_id = any($2), false))
        and exists (select from outbox w where w.corp_id = a.corp_id and w.mailing_id = a.mailing_id
                    and w.state in ('waiting', 'frozen'))";
    let held: Vec<Held> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(rules)
        .bind::<Bool, _>(all)
        .bind::<Timestamptz, _>(now)
        .load(conn)
        .await?;
    Ok(held.into_iter().map(|held| held.mailing_id).collect())
}

/// Groups of rows that wait and may go now, oldest mailing first, at most `limit`; none of the mailings in `held`.
pub async fn waiting_groups(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    limit: i64,
    held: &[i64],
    now: DateTime<Utc>,
) -> Result<Vec<Group>> {
    let sql = "select distinct mailing_id, variant from outbox
               where corp_id = $1 and state = 'waiting' and not_before <= $2 and mailing_id <> all($4)
               order by mailing_id, variant limit $3";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit)
        .bind::<Array<BigInt>, _>(held)
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
    /// Reminders in a day, as the school says.
    pub reminders: Most,
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
    // Walks the waiting rows in order and stops at the limit: members are looked up for those taken alone.
    let sql = "
      with taken as materialized (
        select w.outbox_id, w.member_id, w.useful_until
        from outbox w
        where w.corp_id = $1 and w.state = 'waiting' and w.mailing_id = $2 and w.variant = $7 and w.not_before <= $3
          and (select count(*) filter (where s.at > $3 - interval '1 hour') < $5
                      and count(*) filter (where s.at > $3 - interval '1 minute') < $4
                      and ((select k.kind from mailings k where k.corp_id = $1 and k.mailing_id = $2) = 'notice'
                           or count(*) filter (where s.at >= $9 and a.kind <> 'notice'
                                               and s.state in ('frozen', 'sent', 'unknown')) < $8)
               from outbox s join mailings a on a.corp_id = s.corp_id and a.mailing_id = s.mailing_id
               where s.corp_id = $1 and s.member_id = w.member_id and s.batch_id is not null
                 and s.at > least($3 - interval '1 hour', $9))
        order by w.outbox_id limit $6 for update of w skip locked)
      select t.outbox_id, m.userid, t.useful_until
      from taken t join members m on m.corp_id = $1 and m.member_id = t.member_id
      order by t.outbox_id";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(group.mailing_id)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(per_member.minute)
        .bind::<BigInt, _>(per_member.hour)
        .bind::<BigInt, _>(limit)
        .bind::<Text, _>(&group.variant)
        .bind::<BigInt, _>(i64::from(per_member.reminders.a_day))
        .bind::<Timestamptz, _>(per_member.reminders.since)
        .load(conn)
        .await?)
}

/// Settles reminders that wait for people who have had as many of the day as the school allows. How many.
pub async fn settle_limited(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    most: Most,
    now: DateTime<Utc>,
) -> Result<usize> {
    let sql = "
      update outbox w set state = 'limited', at = $4
      from mailings k
      where w.corp_id = $1 and w.state = 'waiting' and k.corp_id = $1 and k.mailing_id = w.mailing_id
        and k.kind <> 'notice' and w.not_before <= $4
        and (select count(*) from outbox s join mailings a on a.corp_id = s.corp_id and a.mailing_id = s.mailing_id
             where s.corp_id = $1 and s.member_id = w.member_id and s.at >= $3 and a.kind <> 'notice'
               and s.state in ('frozen', 'sent', 'unknown')) >= $2";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(i64::from(most.a_day))
        .bind::<Timestamptz, _>(most.since)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?)
}

/// Settles what waits of a rule that is no longer at work: nothing of it goes out any more.
pub async fn call_off(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rule_id: i64,
    now: DateTime<Utc>,
) -> Result<usize> {
    let sql = "
      update outbox w set state = 'expired', at = $3
      from mailings k
      where w.corp_id = $1 and w.state = 'waiting' and k.corp_id = $1 and k.mailing_id = w.mailing_id and k.rule_id = $2";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(rule_id)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?)
}

/// Notes of a member whom WeCom called invalid after `since` that they are outside the app's visible range.
pub async fn mark_out_of_range(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    userid_key: &str,
    since: DateTime<Utc>,
) -> Result<usize> {
    let sql = "
      update outbox w set state = 'out_of_range'
      from members m
      where w.corp_id = $1 and w.state = 'invalid' and w.at >= $3 and m.corp_id = $1 and m.member_id = w.member_id
        and m.userid_key = $2 and m.left_on is null";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Text, _>(userid_key)
        .bind::<Timestamptz, _>(since)
        .execute(conn)
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
#[derive(Debug, Clone, QueryableByName)]
pub struct Batch {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub batch_id: i64,
    /// The exact bytes.
    #[diesel(sql_type = Binary)]
    pub body: Sealed,
    /// Whether WeCom drops the same bytes sent again.
    #[diesel(sql_type = Bool)]
    pub repeatable: bool,
    /// Tries so far.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// Of no use after this.
    #[diesel(sql_type = Timestamptz)]
    pub useful_until: DateTime<Utc>,
    /// When the first was made: within WeCom's duplicate window the same bytes may be sent again.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub first_try_at: Option<DateTime<Utc>>,
}

/// Frozen batches, oldest first; of the mailings in `held` only those that are of no use any more, to find their end.
pub async fn frozen(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    limit: i64,
    held: &[i64],
    now: DateTime<Utc>,
) -> Result<Vec<Batch>> {
    let sql = "
      select b.batch_id, b.body, b.repeatable, b.attempts, b.useful_until, b.first_try_at
      from outbox_batches b
      where b.corp_id = $1 and b.state = 'frozen'
        and (b.useful_until <= $4 or cardinality($3) = 0
             or not exists (select from outbox w where w.corp_id = $1 and w.batch_id = b.batch_id and w.mailing_id = any($3)))
      order by b.batch_id limit $2";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(limit)
        .bind::<Array<BigInt>, _>(held)
        .bind::<Timestamptz, _>(now)
        .load(conn)
        .await?)
}

/// Notes a try before it is made: how many there are with it; none: the batch is not to be sent any more.
pub async fn note_try(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch_id: i64,
    now: DateTime<Utc>,
) -> Result<Option<i32>> {
    #[derive(QueryableByName)]
    struct Noted {
        #[diesel(sql_type = Integer)]
        attempts: i32,
    }
    let sql = "update outbox_batches set attempts = attempts + 1, first_try_at = coalesce(first_try_at, $3)
               where corp_id = $1 and batch_id = $2 and state = 'frozen' returning attempts";
    let noted: Option<Noted> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(batch_id)
        .bind::<Timestamptz, _>(now)
        .get_result(conn)
        .await
        .optional()?;
    Ok(noted.map(|noted| noted.attempts))
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

/// Forgets who was sent what before `before`, and what became of it: so many rows at most, the oldest first. What has not ended stays. How
/// many.
pub async fn sweep(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    let sql = "delete from outbox where corp_id = $1 and outbox_id = any(array(
                 select outbox_id from outbox where corp_id = $1 and at < $2 and state not in ('waiting', 'frozen')
                 order by at limit $3))";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(before)
        .bind::<BigInt, _>(limit)
        .execute(conn)
        .await?)
}

/// Whether anything waits to be frozen or sent.
pub async fn outstanding(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<bool> {
    let waiting = diesel::select(diesel::dsl::exists(
        outbox::table.filter(outbox::corp_id.eq(corp)).filter(outbox::state.eq("waiting")),
    ))
    .get_result::<bool>(conn)
    .await?;
    let frozen = outbox_batches::table
        .filter(outbox_batches::corp_id.eq(corp))
        .filter(outbox_batches::state.eq("frozen"));
    Ok(waiting || diesel::select(diesel::dsl::exists(frozen)).get_result(conn).await?)
}
