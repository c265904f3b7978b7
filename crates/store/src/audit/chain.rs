//! The chain: what waits for a number, the sealer that gives it, heads and their keys, and what verifying reads.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId, PersonId,
    audit::{Content, GENESIS, Link, link_hash},
};
use serde_json::Value;

use crate::{
    Result, Sealed,
    prepared::prepared,
    sealed::{Place, column},
};

/// First half of the advisory lock's key; the corp is the second.
const SEALER_LOCK: i32 = 0x5365_616c; // "Seal"

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Bool)]
    held: bool,
}

#[derive(QueryableByName)]
struct Unsealed {
    #[diesel(sql_type = BigInt)]
    event_id: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

#[derive(QueryableByName)]
struct Last {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

/// The last number and its hash; none: nothing was sealed yet. Where everything was cut, the chain goes on from there.
pub async fn last_link(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Option<(i64, Vec<u8>)>> {
    let sql = "select seq, hash from (
                 (select seq, hash from audit_chain where corp_id = $1 order by seq desc limit 1)
                 union all
                 (select seq, hash from audit_cuts where corp_id = $1 order by seq desc limit 1)) x
               order by seq desc limit 1";
    let last: Option<Last> = prepared(sql).bind::<Integer, _>(corp).get_result(conn).await.optional()?;
    Ok(last.map(|last| (last.seq, last.hash)))
}

/// Holds the school's sealing to the end of the transaction, unless another process does. False: it does, and nothing is left
/// to do here.
pub async fn lock(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<bool> {
    let got: Held = prepared("select pg_try_advisory_xact_lock($1, $2) as held")
        .bind::<Integer, _>(SEALER_LOCK)
        .bind::<Integer, _>(corp)
        .get_result(conn)
        .await?;
    Ok(got.held)
}

/// Numbers and chains what waits, `limit` events at most, in the order of their ids. How many; 0 also where another process
/// is at it.
pub async fn seal(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<usize> {
    if !lock(conn, corp).await? {
        return Ok(0);
    }
    // Read under the lock, by a statement of its own: what the sealer before committed is seen.
    let sql = "select u.event_id, e.hash from audit_unsealed u
               join audit_events e on e.corp_id = u.corp_id and e.event_id = u.event_id
               where u.corp_id = $1 order by u.event_id limit $2";
    let waiting: Vec<Unsealed> =
        prepared(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(limit).load(conn).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let (mut seq, mut previous) = last_link(conn, corp).await?.unwrap_or((0, GENESIS.to_vec()));
    let (mut seqs, mut ids, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for event in waiting {
        seq += 1;
        previous = link_hash(&previous, seq, event.event_id, &event.hash);
        seqs.push(seq);
        ids.push(event.event_id);
        hashes.push(previous.clone());
    }
    let sql = "insert into audit_chain (corp_id, seq, event_id, hash, sealed_at)
               select $1, r.*, $5 from unnest($2, $3, $4) as r";
    prepared(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(seqs)
        .bind::<Array<BigInt>, _>(ids.clone())
        .bind::<Array<Binary>, _>(hashes)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    prepared("delete from audit_unsealed where corp_id = $1 and event_id = any($2)")
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(ids.clone())
        .execute(conn)
        .await?;
    Ok(ids.len())
}

/// What has no number yet.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct Waiting {
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub events: i64,
    /// Since when the oldest.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
}

/// What has no number yet.
pub async fn unsealed(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Waiting> {
    let sql = "select count(*) as events, min(e.at) as since from audit_unsealed u
               left join audit_events e on e.corp_id = u.corp_id and e.event_id = u.event_id
               where u.corp_id = $1";
    Ok(prepared(sql).bind::<Integer, _>(corp).get_result(conn).await?)
}

/// Where a signing key stands sealed; `kid` in hex.
pub fn signing_place(corp: CorpId, kid: &str) -> Place<'_> {
    Place { column: &column::AUDIT_SIGNING_KEY, corp, row: kid }
}

/// What heads are signed with.
#[derive(Debug, Clone, QueryableByName)]
pub struct Key {
    /// Its name.
    #[diesel(sql_type = Binary)]
    pub kid: Vec<u8>,
    /// Sealed for [`signing_place`].
    #[diesel(sql_type = Binary)]
    pub signing_key: Sealed,
    /// As it is shown to whoever checks signatures elsewhere.
    #[diesel(sql_type = Binary)]
    pub public_key: Vec<u8>,
}

/// The keys of a school, the newest first.
pub async fn keys(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Key>> {
    let sql =
        "select kid, signing_key, public_key from audit_keys where corp_id = $1 order by made_at desc, kid";
    Ok(prepared(sql).bind::<Integer, _>(corp).load(conn).await?)
}

/// Keeps a key.
pub async fn add_key(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    key: &Key,
    now: DateTime<Utc>,
) -> Result<()> {
    let sql =
        "insert into audit_keys (corp_id, kid, signing_key, public_key, made_at) values ($1, $2, $3, $4, $5)";
    diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Binary, _>(&key.kid)
        .bind::<Binary, _>(&key.signing_key)
        .bind::<Binary, _>(&key.public_key)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// How far the chain was at a moment, signed.
#[derive(Debug, Clone)]
pub struct Head {
    /// The last number then.
    pub seq: i64,
    /// The school's day.
    pub day: NaiveDate,
    /// The hash of its link.
    pub hash: Vec<u8>,
    /// The key it is signed with.
    pub kid: Vec<u8>,
    /// Ed25519, of [`domain::audit::head_text`].
    pub signature: Vec<u8>,
    /// Where else it stands: `file`, or nowhere.
    pub anchored: Option<&'static str>,
}

/// Keeps a head.
pub async fn add_head(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    head: &Head,
    now: DateTime<Utc>,
) -> Result<()> {
    let sql = "insert into audit_heads (corp_id, seq, day, hash, kid, signature, signed_at, anchored)
               values ($1, $2, $3, $4, $5, $6, $7, $8)";
    diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(head.seq)
        .bind::<Date, _>(head.day)
        .bind::<Binary, _>(&head.hash)
        .bind::<Binary, _>(&head.kid)
        .bind::<Binary, _>(&head.signature)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Text>, _>(head.anchored)
        .execute(conn)
        .await?;
    Ok(())
}

/// A head as it is kept.
#[derive(Debug, Clone, QueryableByName)]
pub struct HeadRow {
    /// The last number then.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// The school's day.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// The hash of its link.
    #[diesel(sql_type = Binary)]
    pub hash: Vec<u8>,
    /// The key it is signed with.
    #[diesel(sql_type = Binary)]
    pub kid: Vec<u8>,
    /// Ed25519, of [`domain::audit::head_text`].
    #[diesel(sql_type = Binary)]
    pub signature: Vec<u8>,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub signed_at: DateTime<Utc>,
    /// Where else it stands: `file`, or nowhere.
    #[diesel(sql_type = Nullable<Text>)]
    pub anchored: Option<String>,
}

/// The newest head, or the newest of days before `before`; none: nothing was signed yet.
pub async fn last_head(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: Option<NaiveDate>,
) -> Result<Option<HeadRow>> {
    let sql = "select seq, day, hash, kid, signature, signed_at, anchored from audit_heads
               where corp_id = $1 and ($2 is null or day < $2) order by seq desc limit 1";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<Date>, _>(before)
        .get_result(conn)
        .await
        .optional()?)
}

/// Heads in order, after the number `after`.
pub async fn heads(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    after: i64,
    limit: i64,
) -> Result<Vec<HeadRow>> {
    let sql = "select seq, day, hash, kid, signature, signed_at, anchored from audit_heads
               where corp_id = $1 and seq > $2 order by seq limit $3";
    Ok(prepared(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

#[derive(QueryableByName)]
struct LinkRow {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = BigInt)]
    event_id: i64,
    #[diesel(sql_type = Binary)]
    link: Vec<u8>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    actor: Option<MemberId>,
    #[diesel(sql_type = Nullable<Text>)]
    action: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    subject: Option<PersonId>,
    #[diesel(sql_type = Nullable<Text>)]
    object: Option<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    detail: Option<Value>,
    #[diesel(sql_type = Nullable<Binary>)]
    nonce: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    hash: Option<Vec<u8>>,
}

impl LinkRow {
    /// None: the event is not there.
    fn event(&mut self, corp: CorpId) -> Option<(Content, Vec<u8>)> {
        let content = Content {
            corp,
            at: self.at?,
            actor: self.actor,
            action: self.action.take()?,
            subject: self.subject,
            object: self.object.take()?,
            detail: self.detail.take()?,
            nonce: self.nonce.take()?,
        };
        Some((content, self.hash.take()?))
    }
}

/// Links in order with their events, after the number `after`.
pub async fn links(conn: &mut AsyncPgConnection, corp: CorpId, after: i64, limit: i64) -> Result<Vec<Link>> {
    let sql = "select c.seq, c.event_id, c.hash as link, e.at, e.actor, e.action, e.subject, e.object, e.detail, e.nonce, e.hash
               from audit_chain c
               left join audit_events e on e.corp_id = c.corp_id and e.event_id = c.event_id
               where c.corp_id = $1 and c.seq > $2 order by c.seq limit $3";
    let rows: Vec<LinkRow> = prepared(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|mut row| {
            let event = row.event(corp);
            Link { seq: row.seq, event_id: row.event_id, hash: row.link, event }
        })
        .collect())
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    event_id: i64,
}

/// Events that are in no chain and wait for none.
pub async fn loose(conn: &mut AsyncPgConnection, corp: CorpId, limit: i64) -> Result<Vec<i64>> {
    let sql = "select e.event_id from audit_events e
               where e.corp_id = $1
                 and not exists (select from audit_chain c where c.corp_id = $1 and c.event_id = e.event_id)
                 and not exists (select from audit_unsealed u where u.corp_id = $1 and u.event_id = e.event_id)
               order by e.event_id limit $2";
    let found: Vec<Id> =
        diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(limit).load(conn).await?;
    Ok(found.into_iter().map(|one| one.event_id).collect())
}

/// Numbers of events that waited and are gone.
pub async fn waiting_gone(conn: &mut AsyncPgConnection, corp: CorpId, limit: i64) -> Result<Vec<i64>> {
    let sql = "select u.event_id from audit_unsealed u
               where u.corp_id = $1
                 and not exists (select from audit_events e where e.corp_id = $1 and e.event_id = u.event_id)
               order by u.event_id limit $2";
    let found: Vec<Id> =
        diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(limit).load(conn).await?;
    Ok(found.into_iter().map(|one| one.event_id).collect())
}
