//! Who took a copy of everything that is held on them, and when.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Integer},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId};

use crate::{Result, schema::data_copies};

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Whether no other copy of somebody's is being made; until the transaction ends no other is.
pub async fn lock(conn: &mut AsyncPgConnection, corp: CorpId, member: MemberId) -> Result<bool> {
    let row: Locked = diesel::sql_query(
        "select pg_try_advisory_xact_lock(hashtextextended(format('data copy %s %s', $1, $2), 0)) as locked",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(member)
    .get_result(conn)
    .await?;
    Ok(row.locked)
}

/// Notes a copy. `format`: `json` or `html`. Gives its number.
pub async fn add(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    format: &str,
    at: DateTime<Utc>,
) -> Result<i64> {
    Ok(diesel::insert_into(data_copies::table)
        .values((
            data_copies::corp_id.eq(corp),
            data_copies::member_id.eq(member),
            data_copies::format.eq(format),
            data_copies::at.eq(at),
        ))
        .returning(data_copies::copy_id)
        .get_result(conn)
        .await?)
}

/// As what somebody wanted a copy of theirs, by its number: `json` or `html`.
pub async fn format(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    copy: i64,
) -> Result<Option<String>> {
    Ok(data_copies::table
        .filter(data_copies::corp_id.eq(corp))
        .filter(data_copies::member_id.eq(member))
        .filter(data_copies::copy_id.eq(copy))
        .select(data_copies::format)
        .first(conn)
        .await
        .optional()?)
}

/// How many somebody took since.
pub async fn since(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    since: DateTime<Utc>,
) -> Result<i64> {
    Ok(data_copies::table
        .filter(data_copies::corp_id.eq(corp))
        .filter(data_copies::member_id.eq(member))
        .filter(data_copies::at.ge(since))
        .count()
        .get_result(conn)
        .await?)
}

/// Forgets those before `before`. How many.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let old = data_copies::table.filter(data_copies::corp_id.eq(corp)).filter(data_copies::at.lt(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
