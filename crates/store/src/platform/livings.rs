//! Lives this app booked, as WeCom had them last.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Date, Integer, Nullable, SmallInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId};

use crate::{
    Result,
    schema::{members, persons, platform_livings},
};

/// A live.
#[derive(Debug, Clone)]
pub struct Living {
    /// WeCom's id.
    pub livingid: String,
    /// When it began, or is to.
    pub started_at: DateTime<Utc>,
    /// 0 booked, 1 live, 2 ended, 3 expired, 4 cancelled.
    pub status: Option<i16>,
    /// People who watched.
    pub viewers: i64,
}

/// Keeps a live as it was read.
pub async fn keep(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    living: &Living,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::sql_query(
        "insert into platform_livings (corp_id, livingid, started_at, status, viewers, read_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (corp_id, livingid) do update
         set started_at = excluded.started_at, status = excluded.status, viewers = excluded.viewers, read_at = excluded.read_at",
    )
    .bind::<Integer, _>(corp)
    .bind::<Text, _>(&living.livingid)
    .bind::<Timestamptz, _>(living.started_at)
    .bind::<Nullable<SmallInt>, _>(living.status)
    .bind::<BigInt, _>(living.viewers)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Ids of those that are over or never will be: nothing of them changes any more.
pub async fn over(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<String>> {
    Ok(platform_livings::table
        .filter(platform_livings::corp_id.eq(corp))
        .filter(platform_livings::status.ge(2))
        .select(platform_livings::livingid)
        .load(conn)
        .await?)
}

/// Accounts of staff, who may hold a live, after `after`.
pub async fn staff(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    after: MemberId,
    limit: i64,
) -> Result<Vec<(MemberId, String)>> {
    Ok(members::table
        .inner_join(persons::table.on(
            persons::corp_id.eq(members::corp_id).and(persons::person_id.nullable().eq(members::person_id)),
        ))
        .filter(members::corp_id.eq(corp))
        .filter(members::left_on.is_null())
        .filter(members::status.eq(1))
        .filter(persons::kind.eq("staff"))
        .filter(members::member_id.gt(after))
        .order(members::member_id)
        .limit(limit)
        .select((members::member_id, members::userid))
        .load(conn)
        .await?)
}

/// Lives of a day.
#[derive(Debug, Clone, QueryableByName)]
pub struct OfDay {
    /// The day.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// Those that were held.
    #[diesel(sql_type = BigInt)]
    pub held: i64,
    /// People who watched them, of each.
    #[diesel(sql_type = BigInt)]
    pub viewers: i64,
}

/// Lives that were held, by day in a time zone, since a day.
pub async fn by_day(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    zone: &str,
    since: NaiveDate,
) -> Result<Vec<OfDay>> {
    Ok(diesel::sql_query(
        "select (started_at at time zone $2)::date as day, count(*) as held, coalesce(sum(viewers), 0)::bigint as viewers
         from platform_livings where corp_id = $1 and status in (1, 2) and (started_at at time zone $2)::date >= $3
         group by 1 order by 1",
    )
    .bind::<Integer, _>(corp)
    .bind::<Text, _>(zone)
    .bind::<Date, _>(since)
    .load(conn)
    .await?)
}
