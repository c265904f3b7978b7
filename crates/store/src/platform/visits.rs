//! Who used which part of Rollcall on a day: nothing finer is kept.

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId};

use crate::{Result, schema::visits};

/// Somebody used something on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Visit {
    /// The day.
    pub day: NaiveDate,
    /// Who.
    pub member: MemberId,
    /// Which part.
    pub module: &'static str,
    /// On what.
    pub client: &'static str,
}

/// Keeps visits; who was there already that day is not there twice.
pub async fn add(conn: &mut AsyncPgConnection, corp: CorpId, seen: &[Visit]) -> Result<usize> {
    let mut added = 0;
    for part in seen.chunks(10_000) {
        added += diesel::sql_query(
            "insert into visits (corp_id, day, member_id, module, client)
             select $1, r.* from unnest($2, $3, $4, $5) as r (day, member_id, module, client)
             -- Whose account went in between is counted nowhere.
             where exists (select from members m where m.corp_id = $1 and m.member_id = r.member_id)
             on conflict do nothing",
        )
        .bind::<Integer, _>(corp)
        .bind::<Array<Date>, _>(part.iter().map(|one| one.day).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(part.iter().map(|one| one.member).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|one| one.module).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|one| one.client).collect::<Vec<_>>())
        .execute(conn)
        .await?;
    }
    Ok(added)
}

/// How many members.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Counted {
    /// A module, a role, or empty for all.
    #[diesel(sql_type = Text)]
    pub part: String,
    /// Members.
    #[diesel(sql_type = BigInt)]
    pub members: i64,
}

/// Members of a day, and of each module.
pub async fn by_module(conn: &mut AsyncPgConnection, corp: CorpId, day: NaiveDate) -> Result<Vec<Counted>> {
    Ok(diesel::sql_query(
        "select coalesce(module, '') as part, count(distinct member_id) as members
         from visits where corp_id = $1 and day = $2 group by grouping sets ((), (module)) order by 1",
    )
    .bind::<Integer, _>(corp)
    .bind::<Date, _>(day)
    .load(conn)
    .await?)
}

/// Members of a day by role: whoever has several counts for each, who has none as student or staff.
pub async fn by_role(conn: &mut AsyncPgConnection, corp: CorpId, day: NaiveDate) -> Result<Vec<Counted>> {
    Ok(diesel::sql_query(
        "select coalesce(g.role, p.kind, 'unknown') as part, count(distinct v.member_id) as members
         from (select distinct member_id from visits where corp_id = $1 and day = $2) v
         join members m on m.corp_id = $1 and m.member_id = v.member_id
         left join persons p on p.corp_id = $1 and p.person_id = m.person_id
         left join grants g on g.corp_id = $1 and g.person_id = m.person_id and g.from_date <= $2 and g.until_date > $2
         group by 1 order by 1",
    )
    .bind::<Integer, _>(corp)
    .bind::<Date, _>(day)
    .load(conn)
    .await?)
}

/// Forgets who was there before a day.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: NaiveDate) -> Result<usize> {
    let old = visits::table.filter(visits::corp_id.eq(corp)).filter(visits::day.lt(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
