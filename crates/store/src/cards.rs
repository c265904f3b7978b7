//! Cards in the chat: which of a round's people get one that reports by itself, whose card a tap came from, and changes of
//! cards that were sent.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Date, Integer, Nullable, SmallInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, form::Period};

use crate::{
    Result, Sealed,
    schema::card_updates,
    sealed::{Place, column},
};

/// Where the bytes of a change stand: `row` is its cause.
pub fn body_place(corp: CorpId, cause: &str) -> Place<'_> {
    Place { column: &column::CARD_BODY, corp, row: cause }
}

/// Chooses who of a round is asked one thing: those whose report of the period before was their own word, is normal, was
/// flagged for nothing and was given on this version. Their variants get `ending`; gives those that there are.
pub async fn choose_quick(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    mailing_id: i64,
    form_version_id: i64,
    form_id: i64,
    before: Period,
    ending: &str,
) -> Result<HashSet<String>> {
    #[derive(QueryableByName)]
    struct Chosen {
        #[diesel(sql_type = Text)]
        variant: String,
    }
    let sql = "
      with chosen as (
        update outbox o set variant = o.variant || $7
        where o.corp_id = $1 and o.mailing_id = $2 and exists (
          select from reports r
          where r.corp_id = $1 and r.form_id = $4 and r.day = $5 and r.slot = $6 and r.occurrence = 0
            and r.person_id = o.person_id and r.form_version_id = $3 and r.state = 'normal' and r.flags = '{}'
            and r.source <> 'behalf')
        returning o.variant)
      select distinct variant from chosen";
    let chosen: Vec<Chosen> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(mailing_id)
        .bind::<BigInt, _>(form_version_id)
        .bind::<BigInt, _>(form_id)
        .bind::<Nullable<Date>, _>(before.day)
        .bind::<SmallInt, _>(before.slot)
        .bind::<Text, _>(ending)
        .load(conn)
        .await?;
    Ok(chosen.into_iter().map(|row| row.variant).collect())
}

/// The form and turn a card is of.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Occasion {
    /// The form.
    #[diesel(sql_type = BigInt)]
    pub form_id: i64,
    /// Its code.
    #[diesel(sql_type = Text)]
    pub code: String,
    /// The day whose roster counts.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    #[diesel(sql_type = Nullable<Date>)]
    period_day: Option<NaiveDate>,
    #[diesel(sql_type = SmallInt)]
    slot: i16,
}

impl Occasion {
    /// For what the answers count.
    pub fn period(&self) -> Period {
        Period { day: self.period_day, slot: self.slot }
    }
}

/// A card somebody got.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Got {
    /// What it is of.
    #[diesel(embed)]
    pub occasion: Occasion,
    /// The mailing that says it.
    #[diesel(sql_type = BigInt)]
    pub mailing_id: i64,
    /// … in this variant.
    #[diesel(sql_type = Text)]
    pub variant: String,
}

/// The card that went to a member in a batch, if it was a reminder's.
pub async fn got(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch_id: i64,
    member: MemberId,
) -> Result<Option<Got>> {
    let sql = "
      select a.form_id, f.code, a.day, a.period_day, a.slot, a.mailing_id, o.variant
      from outbox o
      join mailings a on a.corp_id = o.corp_id and a.mailing_id = o.mailing_id and a.kind = 'reminder'
      join forms f on f.corp_id = a.corp_id and f.form_id = a.form_id
      where o.corp_id = $1 and o.batch_id = $2 and o.member_id = $3";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(batch_id)
        .bind::<BigInt, _>(member)
        .get_result(conn)
        .await
        .optional()?)
}

/// A change of a card.
#[derive(Debug)]
pub struct NewUpdate<'a> {
    /// `click 17` of the inbox, or `cut-off 5` of a batch: each changes a card once.
    pub cause: &'a str,
    /// The batch that brought it, where it is known.
    pub batch_id: Option<i64>,
    /// Whose card; none: everybody's of the batch.
    pub member: Option<MemberId>,
    /// Whether nothing more is to be done on the card.
    pub settled: bool,
    /// The exact bytes, sealed for [`body_place`]; none: nobody is left whose card could change.
    pub body: Option<&'a Sealed>,
    /// When the code ends that allows it.
    pub useful_until: DateTime<Utc>,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Keeps a change to be made; false when this cause has changed its card before.
pub async fn add_update(conn: &mut AsyncPgConnection, corp: CorpId, update: &NewUpdate<'_>) -> Result<bool> {
    let added = diesel::insert_into(card_updates::table)
        .values((
            card_updates::corp_id.eq(corp),
            card_updates::cause.eq(update.cause),
            card_updates::batch_id.eq(update.batch_id),
            card_updates::member_id.eq(update.member),
            card_updates::settled.eq(update.settled),
            card_updates::body.eq(update.body),
            card_updates::state.eq(if update.body.is_some() { "waiting" } else { "needless" }),
            card_updates::not_before.eq(update.at),
            card_updates::useful_until.eq(update.useful_until),
            card_updates::at.eq(update.at),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(added == 1)
}

/// A change to be made now.
#[derive(Debug, Clone, Queryable)]
pub struct Update {
    /// Its id.
    pub update_id: i64,
    /// What caused it.
    pub cause: String,
    /// The exact bytes.
    pub body: Sealed,
    /// Tries so far.
    pub attempts: i32,
    /// When the code ends that allows it.
    pub useful_until: DateTime<Utc>,
}

/// Changes that wait and may be tried now, oldest first: a tap's before a cut-off's, since somebody looks at that card.
pub async fn waiting(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Update>> {
    Ok(card_updates::table
        .filter(card_updates::corp_id.eq(corp))
        .filter(card_updates::state.eq("waiting"))
        .filter(card_updates::body.is_not_null())
        .filter(card_updates::not_before.le(now))
        .order((card_updates::member_id.is_null(), card_updates::update_id))
        .limit(limit)
        .select((
            card_updates::update_id,
            card_updates::cause,
            card_updates::body.assume_not_null(),
            card_updates::attempts,
            card_updates::useful_until,
        ))
        .load(conn)
        .await?)
}

/// Whether a change waits whose time has come.
pub async fn outstanding(conn: &mut AsyncPgConnection, corp: CorpId, now: DateTime<Utc>) -> Result<bool> {
    let waiting = card_updates::table
        .filter(card_updates::corp_id.eq(corp))
        .filter(card_updates::state.eq("waiting"))
        .filter(card_updates::not_before.le(now));
    Ok(diesel::select(diesel::dsl::exists(waiting)).get_result(conn).await?)
}

/// Notes a try before it is made.
pub async fn note_try(conn: &mut AsyncPgConnection, corp: CorpId, update_id: i64) -> Result<()> {
    diesel::update(card_updates::table.find((corp, update_id)))
        .set(card_updates::attempts.eq(card_updates::attempts + 1))
        .execute(conn)
        .await?;
    Ok(())
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End<'a> {
    /// The card changed.
    Done,
    /// The code was used or has ended.
    Gone,
    /// WeCom refused the change, or did not answer as often as it was asked.
    Failed(&'a str),
    /// Again, not before this.
    Later(DateTime<Utc>, &'a str),
}

/// Records what became of a try. A change that ended stays as it ended.
pub async fn finish(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    update_id: i64,
    end: End<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let (state, error, not_before) = match end {
        End::Done => ("done", None, now),
        End::Gone => ("gone", None, now),
        End::Failed(error) => ("failed", Some(error), now),
        End::Later(at, error) => ("waiting", Some(error), at),
    };
    diesel::update(
        card_updates::table
            .filter(card_updates::corp_id.eq(corp))
            .filter(card_updates::update_id.eq(update_id))
            .filter(card_updates::state.eq("waiting")),
    )
    .set((
        card_updates::state.eq(state),
        card_updates::error.eq(error),
        card_updates::not_before.eq(not_before),
        card_updates::at.eq(now),
    ))
    .execute(conn)
    .await?;
    Ok(())
}

/// Of which forms and turns there are cards that were sent after `since` and have not been turned at the cut-off.
pub async fn unturned(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    since: DateTime<Utc>,
) -> Result<Vec<Occasion>> {
    let sql = "
      select distinct a.form_id, f.code, a.day, a.period_day, a.slot
      from outbox_batches b
      -- A batch carries one mailing.
      cross join lateral (select o.mailing_id from outbox o where o.corp_id = b.corp_id and o.batch_id = b.batch_id limit 1) o
      join mailings a on a.corp_id = b.corp_id and a.mailing_id = o.mailing_id and a.kind = 'reminder'
      join forms f on f.corp_id = a.corp_id and f.form_id = a.form_id
      where b.corp_id = $1 and b.response_code is not null and b.finished_at > $2
        and not exists (select from card_updates u where u.corp_id = b.corp_id and u.batch_id = b.batch_id
                          and u.member_id is null)
      order by a.form_id, a.day, a.slot";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(since).load(conn).await?)
}

/// A batch of cards to be turned.
#[derive(Debug, Clone, QueryableByName)]
pub struct Turning {
    /// The batch.
    #[diesel(sql_type = BigInt)]
    pub batch_id: i64,
    /// The code that came with sending it.
    #[diesel(sql_type = Text)]
    pub response_code: String,
    /// When it was sent.
    #[diesel(sql_type = Timestamptz)]
    pub sent_at: DateTime<Utc>,
}

/// The batches of a form's turn that were sent after `since` and have not been turned.
pub async fn to_turn(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    occasion: &Occasion,
    since: DateTime<Utc>,
) -> Result<Vec<Turning>> {
    let sql = "
      select b.batch_id, b.response_code, b.finished_at as sent_at
      from outbox_batches b
      cross join lateral (select o.mailing_id from outbox o where o.corp_id = b.corp_id and o.batch_id = b.batch_id limit 1) o
      join mailings a on a.corp_id = b.corp_id and a.mailing_id = o.mailing_id and a.kind = 'reminder'
      where b.corp_id = $1 and b.response_code is not null and b.finished_at > $2
        and not exists (select from card_updates u where u.corp_id = b.corp_id and u.batch_id = b.batch_id
                          and u.member_id is null)
        and a.form_id = $3 and a.day = $4 and a.period_day is not distinct from $5 and a.slot = $6
      order by b.batch_id";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(since)
        .bind::<BigInt, _>(occasion.form_id)
        .bind::<Date, _>(occasion.day)
        .bind::<Nullable<Date>, _>(occasion.period_day)
        .bind::<SmallInt, _>(occasion.slot)
        .load(conn)
        .await?)
}

/// The accounts that got a batch's card and have not settled it by a tap.
pub async fn holders(conn: &mut AsyncPgConnection, corp: CorpId, batch_id: i64) -> Result<Vec<String>> {
    #[derive(QueryableByName)]
    struct Holder {
        #[diesel(sql_type = Text)]
        userid: String,
    }
    let sql = "
      select m.userid from outbox o join members m on m.corp_id = o.corp_id and m.member_id = o.member_id
      where o.corp_id = $1 and o.batch_id = $2 and o.state = 'sent'
        and not exists (select from card_updates u where u.corp_id = o.corp_id and u.batch_id = o.batch_id
                          and u.member_id = o.member_id and u.settled)
      order by o.outbox_id";
    let holders: Vec<Holder> =
        diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(batch_id).load(conn).await?;
    Ok(holders.into_iter().map(|holder| holder.userid).collect())
}

/// Forgets changes that ended before `before`.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let old = card_updates::table
        .filter(card_updates::corp_id.eq(corp))
        .filter(card_updates::state.ne("waiting"))
        .filter(card_updates::at.lt(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
