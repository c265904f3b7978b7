//! The first answer to a write, given again to every repeat with the same Idempotency-Key.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Integer, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId};
use serde_json::Value;

use crate::{
    Error, Result, Sealed,
    prepared::prepared,
    schema::idempotency_keys,
    sealed::{Keyring, Place, column},
};

/// Where the hash of a request stands sealed; `row` is of [`Claim::row`]. A hash alone would let whoever has a copy of the
/// database try the few answers a form allows until one fits; sealed, it says nothing without the key, and it opens under
/// an older key too, so that keys may change while a repeat is still awaited.
pub fn request_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::REQUEST_HASH, corp, row }
}

/// Where the answer stands sealed; `row` is of [`Claim::row`]. A receipt says whether somebody is well.
pub fn response_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::RESPONSE, corp, row }
}

/// Whose key, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The school.
    pub corp: CorpId,
    /// Who sent it.
    pub member: MemberId,
    /// As sent.
    pub key: &'a str,
    /// e.g. `POST /reports`.
    pub operation: &'a str,
    /// SHA-256 of the body; kept sealed.
    pub request_hash: &'a [u8],
}

impl Claim<'_> {
    /// The row the hash and the answer are sealed for.
    pub fn row(&self) -> String {
        format!("{}/{}", self.member, self.key)
    }
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Claimed {
    /// Nobody had it: do the work and [`settle`] it in the same transaction.
    New,
    /// The work was done: this was the answer.
    Answered(Value),
    /// The key belongs to another request.
    Mismatch,
}

/// What [`claim`] runs first.
pub const CLAIM: &str = "
  insert into idempotency_keys (corp_id, member_id, key, operation, request_hash, created_at)
  values ($1, $2, $3, $4, $5, $6) on conflict do nothing";

/// What [`settle`] runs.
pub const SETTLE: &str =
    "update idempotency_keys set response = $4 where corp_id = $1 and member_id = $2 and key = $3";

/// Claims a key for this transaction. A second request with the same key waits here until the first commits.
pub async fn claim(
    mut conn: &AsyncPgConnection,
    keyring: &Keyring,
    claim: Claim<'_>,
    now: DateTime<Utc>,
) -> Result<Claimed> {
    let row = claim.row();
    let place = request_place(claim.corp, &row);
    let sealed = keyring.seal(place, claim.request_hash)?;
    let inserted = prepared(CLAIM)
        .bind::<Integer, _>(claim.corp)
        .bind::<BigInt, _>(claim.member)
        .bind::<Text, _>(claim.key)
        .bind::<Text, _>(claim.operation)
        .bind::<Binary, _>(&sealed)
        .bind::<Timestamptz, _>(now)
        .execute(&mut conn)
        .await?;
    if inserted == 1 {
        return Ok(Claimed::New);
    }
    let (operation, kept, response): (String, Sealed, Option<Sealed>) = idempotency_keys::table
        .filter(idempotency_keys::corp_id.eq(claim.corp))
        .filter(idempotency_keys::member_id.eq(claim.member))
        .filter(idempotency_keys::key.eq(claim.key))
        .select((idempotency_keys::operation, idempotency_keys::request_hash, idempotency_keys::response))
        .first(&mut conn)
        .await?;
    if operation != claim.operation || keyring.open(place, &kept)? != claim.request_hash {
        return Ok(Claimed::Mismatch);
    }
    let unreadable = || Error::Unexpected(column::RESPONSE.name);
    let opened = keyring.open(response_place(claim.corp, &row), &response.ok_or_else(unreadable)?)?;
    Ok(Claimed::Answered(serde_json::from_slice(&opened).map_err(|_| unreadable())?))
}

/// Keeps the answer, sealed. In the transaction of the claim and of the work.
pub async fn settle(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    claim: Claim<'_>,
    response: &Value,
) -> Result<()> {
    let row = claim.row();
    let sealed = keyring.seal(response_place(claim.corp, &row), response.to_string().as_bytes())?;
    prepared(SETTLE)
        .bind::<Integer, _>(claim.corp)
        .bind::<BigInt, _>(claim.member)
        .bind::<Text, _>(claim.key)
        .bind::<Binary, _>(&sealed)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets keys of before `before`.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let old = idempotency_keys::table
        .filter(idempotency_keys::corp_id.eq(corp))
        .filter(idempotency_keys::created_at.lt(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
