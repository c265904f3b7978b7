//! Cuts: where the chain begins when its front was kept long enough, and what takes the front away.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Date, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId,
    audit::{Act, Cut},
};
use serde_json::Value;

use super::HeadRow;
use crate::Result;

/// A cut as it is kept.
#[derive(Debug, Clone)]
pub struct CutRow {
    /// What it says.
    pub cut: Cut,
    /// The key it is signed with.
    pub kid: Vec<u8>,
    /// Ed25519, of [`domain::audit::cut_text`].
    pub signature: Vec<u8>,
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    after_seq: i64,
    #[diesel(sql_type = Binary)]
    after_hash: Vec<u8>,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = BigInt)]
    removed: i64,
    #[diesel(sql_type = Text)]
    policy: String,
    #[diesel(sql_type = Binary)]
    kid: Vec<u8>,
    #[diesel(sql_type = Binary)]
    signature: Vec<u8>,
}

impl From<Kept> for CutRow {
    fn from(row: Kept) -> Self {
        let Kept { seq, hash, after_seq, after_hash, day, removed, policy, kid, signature } = row;
        Self { cut: Cut { seq, hash, after_seq, after_hash, day, removed, policy }, kid, signature }
    }
}

/// Every cut of a school, in order: one for some thousand events that are gone, and one a day.
pub async fn cuts(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<CutRow>> {
    let sql = "select seq, hash, after_seq, after_hash, day, removed, policy, kid, signature from audit_cuts
               where corp_id = $1 order by seq";
    let rows: Vec<Kept> = diesel::sql_query(sql).bind::<Integer, _>(corp).load(conn).await?;
    Ok(rows.into_iter().map(CutRow::from).collect())
}

/// Keeps a cut. What it takes away is there until [`cut`].
pub async fn add_cut(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    row: &CutRow,
    now: DateTime<Utc>,
) -> Result<()> {
    let sql = "insert into audit_cuts
                 (corp_id, seq, hash, after_seq, after_hash, day, removed, policy, kid, signature, cut_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(row.cut.seq)
        .bind::<Binary, _>(&row.cut.hash)
        .bind::<BigInt, _>(row.cut.after_seq)
        .bind::<Binary, _>(&row.cut.after_hash)
        .bind::<Date, _>(row.cut.day)
        .bind::<BigInt, _>(row.cut.removed)
        .bind::<Text, _>(&row.cut.policy)
        .bind::<Binary, _>(&row.kid)
        .bind::<Binary, _>(&row.signature)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Gone {
    #[diesel(sql_type = BigInt)]
    gone: i64,
}

/// Takes away what the newest cut, which ends at this number, says is gone: links and events. How many links. It fails where any of it
/// is younger than 180 days by the database's clock, or behind the last head that is as old.
pub async fn cut(conn: &mut AsyncPgConnection, seq: i64) -> Result<i64> {
    let query = diesel::sql_query("select cut_audit($1) as gone").bind::<BigInt, _>(seq);
    Ok(query.get_result::<Gone>(conn).await?.gone)
}

/// The newest head that was signed before a moment: all it covers was sealed before.
pub async fn head_signed_before(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: DateTime<Utc>,
) -> Result<Option<HeadRow>> {
    let sql = "select seq, day, hash, kid, signature, signed_at, anchored from audit_heads
               where corp_id = $1 and signed_at < $2 order by seq desc limit 1";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(before)
        .get_result(conn)
        .await
        .optional()?)
}

#[derive(QueryableByName)]
struct Anchored {
    #[diesel(sql_type = Nullable<BigInt>)]
    seq: Option<i64>,
}

/// Up to which number the chain stands outside; 0: nothing does.
pub async fn anchored_to(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<i64> {
    let sql = "select max(seq) as seq from audit_heads where corp_id = $1 and anchored is not null";
    let found: Anchored = diesel::sql_query(sql).bind::<Integer, _>(corp).get_result(conn).await?;
    Ok(found.seq.unwrap_or(0))
}

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Jsonb)]
    detail: Value,
}

/// What the events of cuts say that wait for their number.
pub async fn waiting_cuts(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Value>> {
    let sql = "select e.detail from audit_unsealed u
               join audit_events e on e.corp_id = u.corp_id and e.event_id = u.event_id
               where u.corp_id = $1 and e.action = $2";
    let rows: Vec<Told> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Text, _>(Act::AuditCut.as_str())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.detail).collect())
}
