//! Frozen messages: exact bytes for WeCom, kept before the first try, so that a repeat is the same message.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Integer, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;

use crate::{Result, schema::outbox_batches};

/// A message to be frozen.
#[derive(Debug, Clone, Copy)]
pub struct NewBatch<'a> {
    /// The app that sends it.
    pub app: &'a str,
    /// People named in it.
    pub recipients: usize,
    /// Of no use after this.
    pub useful_until: DateTime<Utc>,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Freezes a message: the body is made from the batch's own id, so that no two batches are ever the same message.
pub async fn freeze(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch: NewBatch<'_>,
    body: impl FnOnce(i64) -> String,
) -> Result<i64> {
    let batch_id: i64 = diesel::insert_into(outbox_batches::table)
        .values((
            outbox_batches::corp_id.eq(corp),
            outbox_batches::app.eq(batch.app),
            outbox_batches::recipients.eq(i32::try_from(batch.recipients).unwrap_or(i32::MAX)),
            outbox_batches::body.eq(""),
            outbox_batches::state.eq("frozen"),
            outbox_batches::frozen_at.eq(batch.at),
            outbox_batches::useful_until.eq(batch.useful_until),
        ))
        .returning(outbox_batches::batch_id)
        .get_result(conn)
        .await?;
    diesel::update(
        outbox_batches::table
            .filter(outbox_batches::corp_id.eq(corp))
            .filter(outbox_batches::batch_id.eq(batch_id)),
    )
    .set(outbox_batches::body.eq(body(batch_id)))
    .execute(conn)
    .await?;
    Ok(batch_id)
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
    pub body: String,
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
            outbox_batches::attempts,
            outbox_batches::useful_until,
            outbox_batches::first_try_at,
        ))
        .load(conn)
        .await?)
}

/// Notes a try before it is made.
pub async fn note_try(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch_id: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    let sql = "update outbox_batches set attempts = attempts + 1, first_try_at = coalesce(first_try_at, $3)
               where corp_id = $1 and batch_id = $2";
    diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(batch_id)
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
