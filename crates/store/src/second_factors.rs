//! 二次验证: the secrets of those who set one up, sealed, and what takes the place of a code when a phone is lost.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Date, Integer, Nullable, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId};

use crate::{
    Result,
    schema::{second_factor_recoveries, second_factors},
    sealed::{Place, Sealed, column},
};

/// What somebody proves themselves by.
#[derive(Debug, Clone, QueryableByName)]
pub struct SecondFactor {
    /// 20 bytes, sealed for [`secret_place`].
    #[diesel(sql_type = Binary)]
    pub secret: Sealed,
    /// When they showed that they hold it; none: it counts for nothing yet.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The last half minute a code of which was taken.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub used_step: Option<i64>,
}

/// Where the secret of an account is sealed for: `member`, its number.
pub fn secret_place(corp: CorpId, member: &str) -> Place<'_> {
    Place { column: &column::FACTOR_SECRET, corp, row: member }
}

/// An account's second factor, one that is being set up too. Until the transaction ends nobody else takes a code of it.
pub async fn lock(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
) -> Result<Option<SecondFactor>> {
    let sql = "select secret, confirmed_at, used_step from second_factors
               where corp_id = $1 and member_id = $2 for update";
    let found: Vec<SecondFactor> =
        diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(member).load(conn).await?;
    Ok(found.into_iter().next())
}

/// When an account's second factor was confirmed, and how many codes for a lost phone are left; none: it has none that counts.
pub async fn confirmed(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
) -> Result<Option<(DateTime<Utc>, i64)>> {
    let confirmed_at: Option<Option<DateTime<Utc>>> = second_factors::table
        .filter(second_factors::corp_id.eq(corp))
        .filter(second_factors::member_id.eq(member))
        .select(second_factors::confirmed_at)
        .first(conn)
        .await
        .optional()?;
    let Some(confirmed_at) = confirmed_at.flatten() else { return Ok(None) };
    let left: i64 = second_factor_recoveries::table
        .filter(second_factor_recoveries::corp_id.eq(corp))
        .filter(second_factor_recoveries::member_id.eq(member))
        .count()
        .get_result(conn)
        .await?;
    Ok(Some((confirmed_at, left)))
}

/// Begins to set one up, in place of one that was begun before; false: there is one that counts.
pub async fn begin(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    secret: &Sealed,
    at: DateTime<Utc>,
) -> Result<bool> {
    let sql = "insert into second_factors (corp_id, member_id, secret, begun_at) values ($1, $2, $3, $4)
               on conflict (corp_id, member_id) do update
                 set secret = excluded.secret, begun_at = excluded.begun_at, used_step = null
                 where second_factors.confirmed_at is null";
    let begun = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(member)
        .bind::<Binary, _>(secret)
        .bind::<Timestamptz, _>(at)
        .execute(conn)
        .await?;
    Ok(begun == 1)
}

/// From now on it counts.
pub async fn confirm(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    at: DateTime<Utc>,
) -> Result<()> {
    let own = second_factors::table
        .filter(second_factors::corp_id.eq(corp))
        .filter(second_factors::member_id.eq(member));
    diesel::update(own).set(second_factors::confirmed_at.eq(at)).execute(conn).await?;
    Ok(())
}

/// Notes that a code of this half minute was taken.
pub async fn use_step(conn: &mut AsyncPgConnection, corp: CorpId, member: MemberId, step: i64) -> Result<()> {
    let own = second_factors::table
        .filter(second_factors::corp_id.eq(corp))
        .filter(second_factors::member_id.eq(member));
    diesel::update(own).set(second_factors::used_step.eq(step)).execute(conn).await?;
    Ok(())
}

/// Removes it, with its codes for a lost phone; whether it counted.
pub async fn remove(conn: &mut AsyncPgConnection, corp: CorpId, member: MemberId) -> Result<bool> {
    let own = second_factors::table
        .filter(second_factors::corp_id.eq(corp))
        .filter(second_factors::member_id.eq(member));
    let removed: Vec<Option<DateTime<Utc>>> =
        diesel::delete(own).returning(second_factors::confirmed_at).get_results(conn).await?;
    Ok(removed.into_iter().flatten().next().is_some())
}

/// Keeps the hashes of codes for a lost phone.
pub async fn add_recoveries(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    hashes: &[Vec<u8>],
) -> Result<()> {
    let rows: Vec<_> = hashes
        .iter()
        .map(|hash| {
            (
                second_factor_recoveries::corp_id.eq(corp),
                second_factor_recoveries::member_id.eq(member),
                second_factor_recoveries::hash.eq(hash.as_slice()),
            )
        })
        .collect();
    diesel::insert_into(second_factor_recoveries::table).values(rows).execute(conn).await?;
    Ok(())
}

/// Uses up a code for a lost phone; false: there is no such code, or no more.
pub async fn use_recovery(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    hash: &[u8],
) -> Result<bool> {
    let one = second_factor_recoveries::table
        .filter(second_factor_recoveries::corp_id.eq(corp))
        .filter(second_factor_recoveries::member_id.eq(member))
        .filter(second_factor_recoveries::hash.eq(hash));
    Ok(diesel::delete(one).execute(conn).await? == 1)
}

/// Forgets those that were begun before `begun_before` and never confirmed, and those of accounts that left before
/// `left_before`. How many.
pub async fn sweep(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    begun_before: DateTime<Utc>,
    left_before: NaiveDate,
) -> Result<usize> {
    let sql = "delete from second_factors f where f.corp_id = $1
               and (f.confirmed_at is null and f.begun_at < $2
                 or exists (select from members m
                   where m.corp_id = f.corp_id and m.member_id = f.member_id and m.left_on < $3))";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(begun_before)
        .bind::<Date, _>(left_before)
        .execute(conn)
        .await?)
}
