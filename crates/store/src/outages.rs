//! When nobody could report, and how that is noticed.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    prelude::*,
    sql_types::{Integer, Nullable, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, form::cadence::Outage};

use crate::{Result, schema::outages};

#[derive(QueryableByName)]
struct Beat {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    before: Option<DateTime<Utc>>,
}

/// Says that reports are taken now, and keeps the time since the last such word as an outage if it was longer than
/// `gap`. Gives that outage.
pub async fn beat(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    gap: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Option<Outage>> {
    // The row is locked by the update, so that of several processes one finds the gap.
    let beat: Beat = diesel::sql_query(
        "with old as (select at from heartbeats where corp_id = $1 for update),
              new as (insert into heartbeats (corp_id, at) values ($1, $2)
                      on conflict (corp_id) do update set at = greatest(heartbeats.at, excluded.at) returning at)
         select (select at from old) as before from new",
    )
    .bind::<Integer, _>(corp)
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .await?;
    let Some(from) = beat.before.filter(|before| now - *before > gap) else { return Ok(None) };
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
