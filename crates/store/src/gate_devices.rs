//! Devices at gates: paired by a code that is good once, known by a token. Of both only hashes are kept.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Bool, Date, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, audit::Act};
use serde_json::Value;

use crate::{
    Result,
    audit::{self, Event},
    prepared::prepared,
};

/// A pairing to be kept until a device comes.
#[derive(Debug, Clone, Copy)]
pub struct NewPairing<'a> {
    /// The school.
    pub corp: CorpId,
    /// SHA-256 of the code.
    pub code_hash: &'a [u8],
    /// The gate.
    pub gate: i64,
    /// What the device is to be called.
    pub name: &'a str,
    /// Who asked for it.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Keeps a pairing, and forgets those that are over.
pub async fn offer(conn: &mut AsyncPgConnection, new: NewPairing<'_>) -> Result<()> {
    diesel::sql_query("delete from gate_pairings where corp_id = $1 and expires_at < $2")
        .bind::<Integer, _>(new.corp)
        .bind::<Timestamptz, _>(new.at)
        .execute(conn)
        .await?;
    let sql = "insert into gate_pairings (corp_id, code_hash, gate_id, name, made_by, made_at, expires_at)
               values ($1, $2, $3, $4, $5, $6, $7)";
    diesel::sql_query(sql)
        .bind::<Integer, _>(new.corp)
        .bind::<Binary, _>(new.code_hash)
        .bind::<BigInt, _>(new.gate)
        .bind::<Text, _>(new.name)
        .bind::<BigInt, _>(new.by)
        .bind::<Timestamptz, _>(new.at)
        .bind::<Timestamptz, _>(new.expires_at)
        .execute(conn)
        .await?;
    let event = Event::new(new.corp, Act::DeviceOffered, Some(new.by), new.at).on("gate", new.gate);
    audit::insert(conn, event).await
}

/// A device that was just paired.
#[derive(Debug, Clone, QueryableByName)]
pub struct Paired {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub device_id: i64,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its gate's name.
    #[diesel(sql_type = Text)]
    pub gate: String,
    /// Who had its code shown.
    #[diesel(sql_type = BigInt)]
    pub paired_by: MemberId,
}

/// Takes a pairing up, once: the device is known by its token from now on. None when no such code waits.
pub async fn pair(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    code_hash: &[u8],
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Paired>> {
    let sql = "with taken as (
        update gate_pairings set used_at = $4
        where corp_id = $1 and code_hash = $2 and used_at is null and expires_at > $4
        returning gate_id, name, made_by),
      made as (
        insert into gate_devices (corp_id, gate_id, name, token_hash, paired_by, paired_at, seen_at)
        select $1, gate_id, name, $3, made_by, $4, $4 from taken
        returning device_id, name, gate_id, paired_by)
      select m.device_id, m.name, g.name as gate, m.paired_by from made m join gates g on g.corp_id = $1 and g.gate_id = m.gate_id";
    let paired: Option<Paired> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Binary, _>(code_hash)
        .bind::<Binary, _>(token_hash)
        .bind::<Timestamptz, _>(now)
        .get_result(conn)
        .await
        .optional()?;
    if let Some(paired) = &paired {
        let event = Event::new(corp, Act::DevicePaired, Some(paired.paired_by), now);
        audit::insert(conn, event.on("device", paired.device_id)).await?;
    }
    Ok(paired)
}

/// A device as it asks, with its gate and zone.
#[derive(Debug, Clone, QueryableByName)]
pub struct Device {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub device_id: i64,
    /// Its gate.
    #[diesel(sql_type = BigInt)]
    pub gate_id: i64,
    /// The gate's name.
    #[diesel(sql_type = Text)]
    pub gate: String,
    /// `in`, `out` or `both`.
    #[diesel(sql_type = Text)]
    pub directions: String,
    /// `closed` or `open`.
    #[diesel(sql_type = Text)]
    pub failure: String,
    /// `domain::gate::Rules`.
    #[diesel(sql_type = Jsonb)]
    pub rules: Value,
    /// Whether the gate is out of use.
    #[diesel(sql_type = Bool)]
    pub closed: bool,
    /// The zone.
    #[diesel(sql_type = BigInt)]
    pub zone_id: i64,
    /// The zone's name.
    #[diesel(sql_type = Text)]
    pub zone: String,
    /// From which day on anti-passback refuses.
    #[diesel(sql_type = Nullable<Date>)]
    pub hard_from: Option<NaiveDate>,
    /// Who paired it.
    #[diesel(sql_type = BigInt)]
    pub paired_by: MemberId,
    /// When it was last heard, to half a minute.
    #[diesel(sql_type = Timestamptz)]
    pub seen_at: DateTime<Utc>,
}

/// A statement that gives the [`Device`] `d` that is not withdrawn.
macro_rules! device {
    ($which:literal) => {
        concat!(
            "select d.device_id, g.gate_id, g.name as gate, g.directions, g.failure, g.rules, g.closed_at is not null as closed,
                    z.zone_id, z.name as zone, z.hard_from, d.paired_by, d.seen_at
             from gate_devices d
             join gates g on g.corp_id = d.corp_id and g.gate_id = d.gate_id
             join gate_zones z on z.corp_id = g.corp_id and z.zone_id = g.zone_id
             where d.corp_id = $1 and d.withdrawn_at is null and ",
            $which
        )
    };
}

/// The device of a token, unless it was withdrawn.
pub async fn by_token(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    token_hash: &[u8],
) -> Result<Option<Device>> {
    Ok(prepared(device!("d.token_hash = $2"))
        .bind::<Integer, _>(corp)
        .bind::<Binary, _>(token_hash)
        .get_result(conn)
        .await
        .optional()?)
}

/// The device of this number, unless it was withdrawn.
pub async fn by_id(conn: &mut AsyncPgConnection, corp: CorpId, device: i64) -> Result<Option<Device>> {
    Ok(prepared(device!("d.device_id = $2"))
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(device)
        .get_result(conn)
        .await
        .optional()?)
}

/// Notes that a device was heard.
pub async fn heard(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    device: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::sql_query(
        "update gate_devices set seen_at = $3 where corp_id = $1 and device_id = $2 and seen_at < $3",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(device)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// A device as administrators see it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub device_id: i64,
    /// Its gate.
    #[diesel(sql_type = BigInt)]
    pub gate_id: i64,
    /// The gate's name.
    #[diesel(sql_type = Text)]
    pub gate: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Who paired it, by name.
    #[diesel(sql_type = Text)]
    pub paired_by: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub paired_at: DateTime<Utc>,
    /// When it was last heard.
    #[diesel(sql_type = Timestamptz)]
    pub seen_at: DateTime<Utc>,
    /// Since when its token is worth nothing.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// Devices, the newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    gate: Option<i64>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = "select d.device_id, d.gate_id, g.name as gate, d.name, coalesce(p.name, m.name, m.userid) as paired_by,
                 d.paired_at, d.seen_at, d.withdrawn_at
               from gate_devices d
               join gates g on g.corp_id = d.corp_id and g.gate_id = d.gate_id
               join members m on m.corp_id = d.corp_id and m.member_id = d.paired_by
               left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
               where d.corp_id = $1 and ($2 is null or d.gate_id = $2) and ($3 is null or d.device_id < $3)
               order by d.device_id desc limit $4";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<BigInt>, _>(gate)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Makes a device's token worthless; false when there is none, or it is already.
pub async fn withdraw(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    device: i64,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = "update gate_devices set withdrawn_at = $3, withdrawn_by = $4
               where corp_id = $1 and device_id = $2 and withdrawn_at is null";
    let withdrawn = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(device)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(by)
        .execute(conn)
        .await?;
    if withdrawn == 1 {
        audit::insert(conn, Event::new(corp, Act::DeviceWithdrawn, Some(by), now).on("device", device))
            .await?;
    }
    Ok(withdrawn == 1)
}
