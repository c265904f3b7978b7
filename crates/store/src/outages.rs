//! When nobody could report, and how that is noticed.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, audit::Act, form::cadence::Outage};
use serde_json::json;

use crate::{
    Result,
    audit::{self, Event},
    schema::{heartbeats, outages},
};

/// Says that reports are taken now, and keeps the time since the last such word as an outage if it was longer than
/// `gap`. Gives that outage; the very first word makes none.
pub async fn beat(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    gap: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Option<Outage>> {
    let first = diesel::insert_into(heartbeats::table)
        .values((heartbeats::corp_id.eq(corp), heartbeats::at.eq(now)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if first == 1 {
        return Ok(None);
    }
    let row = heartbeats::table.filter(heartbeats::corp_id.eq(corp));
    // Held until the transaction ends, so that of several processes one finds the gap.
    let from: DateTime<Utc> = row.select(heartbeats::at).for_update().first(conn).await?;
    if from >= now {
        return Ok(None);
    }
    diesel::update(row).set(heartbeats::at.eq(now)).execute(conn).await?;
    if now - from <= gap {
        return Ok(None);
    }
    diesel::insert_into(outages::table)
        .values((
            outages::corp_id.eq(corp),
            outages::from_time.eq(from),
            outages::until_time.eq(now),
            outages::cause.eq("noticed"),
            outages::at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(Some(Outage { from, until: now }))
}

/// Those that ended after `since`, the oldest first.
pub async fn since(conn: &mut AsyncPgConnection, corp: CorpId, since: DateTime<Utc>) -> Result<Vec<Outage>> {
    let rows: Vec<(DateTime<Utc>, DateTime<Utc>)> = outages::table
        .filter(outages::corp_id.eq(corp))
        .filter(outages::until_time.gt(since))
        .order(outages::from_time)
        .select((outages::from_time, outages::until_time))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|(from, until)| Outage { from, until }).collect())
}

/// An outage as administrators see it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub outage_id: i64,
    /// From when.
    #[diesel(sql_type = Timestamptz)]
    pub from_time: DateTime<Utc>,
    /// Until when.
    #[diesel(sql_type = Timestamptz)]
    pub until_time: DateTime<Utc>,
    /// noticed or recorded.
    #[diesel(sql_type = Text)]
    pub cause: String,
    /// What was said of it.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
    /// Who recorded it.
    #[diesel(sql_type = Nullable<Text>)]
    pub by_name: Option<String>,
    /// When it was kept.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// Outages, the newest first, those before the one with this beginning and number.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: Option<(DateTime<Utc>, i64)>,
    limit: i64,
) -> Result<Vec<Row>> {
    Ok(diesel::sql_query(
        "select o.outage_id, o.from_time, o.until_time, o.cause, o.note, coalesce(p.name, m.name, m.userid) as by_name, o.at
         from outages o
         left join members m on m.corp_id = o.corp_id and m.member_id = o.by_member
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         where o.corp_id = $1 and ($2 is null or (o.from_time, o.outage_id) < ($2, $3))
         order by o.from_time desc, o.outage_id desc limit $4",
    )
    .bind::<Integer, _>(corp)
    .bind::<Nullable<Timestamptz>, _>(before.map(|before| before.0))
    .bind::<BigInt, _>(before.map_or(0, |before| before.1))
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?)
}

/// Keeps an outage an administrator tells of; false when the same one is kept already.
pub async fn record(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    outage: Outage,
    note: Option<&str>,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let added = diesel::sql_query(
        "insert into outages (corp_id, from_time, until_time, cause, note, by_member, at)
         select $1, $2, $3, 'recorded', $4, $5, $6
         where not exists (select from outages where corp_id = $1 and from_time = $2 and until_time = $3)",
    )
    .bind::<Integer, _>(corp)
    .bind::<Timestamptz, _>(outage.from)
    .bind::<Timestamptz, _>(outage.until)
    .bind::<Nullable<Text>, _>(note)
    .bind::<BigInt, _>(by)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    if added == 1 {
        let detail = json!({ "from": outage.from, "until": outage.until });
        audit::insert(conn, Event::new(corp, Act::OutageRecorded, Some(by), now).saying(detail)).await?;
    }
    Ok(added == 1)
}

/// Takes a recorded outage back; false when there is none of this number.
pub async fn take_back(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    outage_id: i64,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let recorded = outages::table
        .filter(outages::corp_id.eq(corp))
        .filter(outages::outage_id.eq(outage_id))
        .filter(outages::cause.eq("recorded"));
    let taken = diesel::delete(recorded).execute(conn).await? == 1;
    if taken {
        let event = Event::new(corp, Act::OutageTakenBack, Some(by), now).on("outage", outage_id);
        audit::insert(conn, event).await?;
    }
    Ok(taken)
}
