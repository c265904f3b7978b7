//! What is known of a visitor whose code was scanned.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, PersonId, gate::visitor::VisitorId};

use crate::{Result, Sealed, prepared::prepared};

/// Whose scan, where.
#[derive(Debug, Clone, Copy)]
pub struct Scanned<'a> {
    /// The school.
    pub corp: CorpId,
    /// Whose code.
    pub visitor: VisitorId,
    /// The gate's zone.
    pub zone: i64,
    /// The code's own id.
    pub jti: &'a [u8],
    /// Now.
    pub now: DateTime<Utc>,
    /// The device that asks.
    pub device: i64,
    /// Another device of the zone that was not heard since may have more to tell.
    pub heard_since: DateTime<Utc>,
}

/// What is known of them.
#[derive(Debug, Clone, QueryableByName)]
pub struct Known {
    /// What the words are sealed for.
    #[diesel(sql_type = Text)]
    pub key: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Sealed for [`super::about_place`].
    #[diesel(sql_type = Binary)]
    pub about: Sealed,
    /// Who invited them.
    #[diesel(sql_type = BigInt)]
    pub host_id: PersonId,
    /// … by name.
    #[diesel(sql_type = Text)]
    pub host: String,
    /// From when …
    #[diesel(sql_type = Timestamptz)]
    pub from_time: DateTime<Utc>,
    /// … until when.
    #[diesel(sql_type = Timestamptz)]
    pub until_time: DateTime<Utc>,
    /// When it was taken back.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Whether they are invited into the gate's zone.
    #[diesel(sql_type = Bool)]
    pub here: bool,
    /// The direction of their last passage of this zone …
    #[diesel(sql_type = Nullable<Bool>)]
    pub inside: Option<bool>,
    /// … and when it was.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
    /// Whether the same code was let through before.
    #[diesel(sql_type = Bool)]
    pub used: bool,
    /// Whether they passed any gate within the last minute.
    #[diesel(sql_type = Bool)]
    pub just_passed: bool,
    /// Whether every other device of the zone was heard.
    #[diesel(sql_type = Bool)]
    pub zone_heard: bool,
}

const KNOWN: &str = "
  select concat(v.host_id, ':', v.request_key) as key, v.name, v.about, v.host_id, h.name as host, v.from_time, v.until_time,
         v.cancelled_at, $3 = any(v.zones) as here, s.direction = 'in' as inside, s.at as since,
         exists (select from passages u where u.corp_id = $1 and u.visitor_id = v.visitor_id and u.jti = $4
           and u.at > $5 - interval '10 minutes' and u.decision = 'allowed') as used,
         exists (select from passages u where u.corp_id = $1 and u.visitor_id = v.visitor_id
           and u.at > $5 - interval '60 seconds' and u.decision = 'allowed') as just_passed,
         not exists (select from gates g join gate_devices e on e.corp_id = g.corp_id and e.gate_id = g.gate_id
           where g.corp_id = $1 and g.zone_id = $3 and g.closed_at is null and e.withdrawn_at is null
             and e.device_id <> $7 and e.seen_at < $6) as zone_heard
  from visitors v
  join persons h on h.corp_id = $1 and h.person_id = v.host_id
  left join lateral (
    select x.direction, x.at from passages x
    where x.corp_id = $1 and x.visitor_id = v.visitor_id and x.zone_id = $3 and x.decision = 'allowed'
    order by x.at desc, x.direction limit 1) s on true
  where v.corp_id = $1 and v.visitor_id = $2";

/// What is known of a visitor whose code is scanned.
pub async fn known(conn: &mut AsyncPgConnection, scanned: Scanned<'_>) -> Result<Known> {
    Ok(prepared(KNOWN)
        .bind::<Integer, _>(scanned.corp)
        .bind::<BigInt, _>(scanned.visitor)
        .bind::<BigInt, _>(scanned.zone)
        .bind::<Binary, _>(scanned.jti)
        .bind::<Timestamptz, _>(scanned.now)
        .bind::<Timestamptz, _>(scanned.heard_since)
        .bind::<BigInt, _>(scanned.device)
        .get_result(conn)
        .await?)
}

/// When and where somebody is expected.
#[derive(Debug, Clone, QueryableByName)]
pub struct Expected {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub visitor_id: VisitorId,
    /// From when …
    #[diesel(sql_type = Timestamptz)]
    pub from_time: DateTime<Utc>,
    /// … until when.
    #[diesel(sql_type = Timestamptz)]
    pub until_time: DateTime<Utc>,
    /// When it was taken back.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Whether they are invited into this zone.
    #[diesel(sql_type = Bool)]
    pub here: bool,
}

/// When these are expected, and whether in this zone.
pub async fn expected(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    zone: i64,
    visitors: &[VisitorId],
) -> Result<Vec<Expected>> {
    let sql = "select visitor_id, from_time, until_time, cancelled_at, $2 = any(zones) as here from visitors
               where corp_id = $1 and visitor_id = any($3)";
    Ok(prepared(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(zone)
        .bind::<Array<BigInt>, _>(visitors)
        .load(conn)
        .await?)
}

/// A visitor who came in.
#[derive(Debug, Clone, QueryableByName)]
pub struct Entered {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub visitor_id: VisitorId,
    /// Who invited them.
    #[diesel(sql_type = BigInt)]
    pub host_id: PersonId,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// Visitors who came in by these passages, the first first.
pub async fn entered(conn: &mut AsyncPgConnection, corp: CorpId, passages: &[i64]) -> Result<Vec<Entered>> {
    let sql = "select v.visitor_id, v.host_id, x.at from passages x
               join visitors v on v.corp_id = x.corp_id and v.visitor_id = x.visitor_id
               where x.corp_id = $1 and x.passage_id = any($2) and x.decision = 'allowed' and x.direction = 'in'
               order by x.at, x.passage_id";
    Ok(prepared(sql).bind::<Integer, _>(corp).bind::<Array<BigInt>, _>(passages).load(conn).await?)
}
