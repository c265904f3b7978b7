//! Zones and their gates.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Date, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;
use serde_json::Value;

use crate::Result;

/// A zone.
#[derive(Debug, Clone, QueryableByName)]
pub struct Zone {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub zone_id: i64,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// `campus`, `dormitory` or `building`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// From which day on anti-passback refuses.
    #[diesel(sql_type = Nullable<Date>)]
    pub hard_from: Option<NaiveDate>,
}

/// What a zone is to be.
#[derive(Debug, Clone, Copy)]
pub struct ZoneDraft<'a> {
    /// Its name.
    pub name: &'a str,
    /// `campus`, `dormitory` or `building`.
    pub kind: &'static str,
    /// From which day on anti-passback refuses.
    pub hard_from: Option<NaiveDate>,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Every zone, in the order they were made: a school has a dozen or two.
pub async fn zones(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Zone>> {
    let sql = "select zone_id, name, kind, hard_from from gate_zones where corp_id = $1 order by zone_id limit 1000";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).load(conn).await?)
}

/// Makes a zone; none when another has its name.
pub async fn add_zone(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    draft: ZoneDraft<'_>,
) -> Result<Option<i64>> {
    let sql = "insert into gate_zones (corp_id, name, kind, hard_from) values ($1, $2, $3, $4)
               on conflict do nothing returning zone_id as id";
    let made: Option<Id> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Text, _>(draft.name)
        .bind::<Text, _>(draft.kind)
        .bind::<Nullable<Date>, _>(draft.hard_from)
        .get_result(conn)
        .await
        .optional()?;
    Ok(made.map(|made| made.id))
}

/// Whether another zone than `except` has this name.
pub async fn zone_is_named(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    name: &str,
    except: i64,
) -> Result<bool> {
    let sql = "select zone_id as id from gate_zones where corp_id = $1 and name = $2 and zone_id <> $3";
    let found: Option<Id> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Text, _>(name)
        .bind::<BigInt, _>(except)
        .get_result(conn)
        .await
        .optional()?;
    Ok(found.is_some())
}

/// Changes a zone; false when there is none of this number.
pub async fn change_zone(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    zone: i64,
    draft: ZoneDraft<'_>,
) -> Result<bool> {
    let sql =
        "update gate_zones set name = $3, kind = $4, hard_from = $5 where corp_id = $1 and zone_id = $2";
    let changed = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(zone)
        .bind::<Text, _>(draft.name)
        .bind::<Text, _>(draft.kind)
        .bind::<Nullable<Date>, _>(draft.hard_from)
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

#[derive(QueryableByName)]
struct Open {
    #[diesel(sql_type = Bool)]
    open: bool,
}

/// Whether the school has a gate that is in use.
pub async fn is_any_open(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<bool> {
    let sql = "select exists (select from gates where corp_id = $1 and closed_at is null) as open";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).get_result::<Open>(conn).await?.open)
}

/// A gate.
#[derive(Debug, Clone, QueryableByName)]
pub struct Gate {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub gate_id: i64,
    /// Its zone.
    #[diesel(sql_type = BigInt)]
    pub zone_id: i64,
    /// The zone's name.
    #[diesel(sql_type = Text)]
    pub zone: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// `in`, `out` or `both`.
    #[diesel(sql_type = Text)]
    pub directions: String,
    /// `closed` or `open`.
    #[diesel(sql_type = Text)]
    pub failure: String,
    /// `domain::gate::Rules`.
    #[diesel(sql_type = Jsonb)]
    pub rules: Value,
    /// Since when it is out of use.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub closed_at: Option<DateTime<Utc>>,
    /// Devices paired with it and not withdrawn.
    #[diesel(sql_type = BigInt)]
    pub devices: i64,
}

/// What a gate is to be.
#[derive(Debug, Clone, Copy)]
pub struct GateDraft<'a> {
    /// Its zone.
    pub zone: i64,
    /// Its name.
    pub name: &'a str,
    /// `in`, `out` or `both`.
    pub directions: &'static str,
    /// `closed` or `open`.
    pub failure: &'static str,
    /// `domain::gate::Rules`.
    pub rules: &'a Value,
    /// Out of use.
    pub closed: bool,
}

/// Every gate by zone, or the one of this number.
pub async fn gates(conn: &mut AsyncPgConnection, corp: CorpId, only: Option<i64>) -> Result<Vec<Gate>> {
    let sql = "select g.gate_id, g.zone_id, z.name as zone, g.name, g.directions, g.failure, g.rules, g.closed_at,
                 (select count(*) from gate_devices d where d.corp_id = g.corp_id and d.gate_id = g.gate_id
                    and d.withdrawn_at is null) as devices
               from gates g join gate_zones z on z.corp_id = g.corp_id and z.zone_id = g.zone_id
               where g.corp_id = $1 and ($2 is null or g.gate_id = $2) order by g.zone_id, g.gate_id limit 1000";
    let query = diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Nullable<BigInt>, _>(only);
    Ok(query.load(conn).await?)
}

/// Makes a gate; none when its zone has one of this name.
pub async fn add_gate(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    draft: GateDraft<'_>,
    now: DateTime<Utc>,
) -> Result<Option<i64>> {
    let sql = "insert into gates (corp_id, zone_id, name, directions, failure, rules, closed_at)
               values ($1, $2, $3, $4, $5, $6, case when $7 then $8 end)
               on conflict do nothing returning gate_id as id";
    let made: Option<Id> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(draft.zone)
        .bind::<Text, _>(draft.name)
        .bind::<Text, _>(draft.directions)
        .bind::<Text, _>(draft.failure)
        .bind::<Jsonb, _>(draft.rules)
        .bind::<Bool, _>(draft.closed)
        .bind::<Timestamptz, _>(now)
        .get_result(conn)
        .await
        .optional()?;
    Ok(made.map(|made| made.id))
}

/// Changes a gate; false when there is none of this number.
pub async fn change_gate(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    gate: i64,
    draft: GateDraft<'_>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = "update gates set zone_id = $3, name = $4, directions = $5, failure = $6, rules = $7,
                 closed_at = case when $8 then coalesce(closed_at, $9) end
               where corp_id = $1 and gate_id = $2";
    let changed = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(gate)
        .bind::<BigInt, _>(draft.zone)
        .bind::<Text, _>(draft.name)
        .bind::<Text, _>(draft.directions)
        .bind::<Text, _>(draft.failure)
        .bind::<Jsonb, _>(draft.rules)
        .bind::<Bool, _>(draft.closed)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

/// Which of these zones there are.
pub async fn known_zones(conn: &mut AsyncPgConnection, corp: CorpId, zones: &[i64]) -> Result<Vec<i64>> {
    let sql = "select zone_id as id from gate_zones where corp_id = $1 and zone_id = any($2) order by 1";
    let found: Vec<Id> =
        diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Array<BigInt>, _>(zones).load(conn).await?;
    Ok(found.into_iter().map(|zone| zone.id).collect())
}

#[derive(QueryableByName)]
struct Code {
    #[diesel(sql_type = Text)]
    code: String,
}

/// Which of these codes are those of published forms that are answered every day.
pub async fn daily_forms(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    codes: &[String],
) -> Result<Vec<String>> {
    let sql = "select f.code from forms f
               join lateral (select v.definition -> 'cadence' as cadence from form_versions v
                 where v.corp_id = f.corp_id and v.form_id = f.form_id order by v.version desc limit 1) v on true
               where f.corp_id = $1 and f.code = any($2) and v.cadence ->> 'kind' = 'daily' order by 1";
    let found: Vec<Code> =
        diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Array<Text>, _>(codes).load(conn).await?;
    Ok(found.into_iter().map(|form| form.code).collect())
}
