//! What a device decided while it heard nothing from us: told later, in any order, and again where an answer was lost.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::gate::{Flag, KEPT_DAYS, Refusal};
use store::{
    gate_keys::{self, Key},
    passages::{self, NewPassage, Where},
};

use super::{Direction, flag_near, flaw, heard, is_scan_id};
use crate::{
    App, Error, FieldError, Result, School, gate_alarms,
    gate_codes::{self, Code},
    gate_devices::device,
};

/// Passages of one telling at most.
pub const MOST: usize = 100;
/// A clock that is further ahead is wrong …
const AHEAD: TimeDelta = TimeDelta::seconds(30);
/// … and one that is further behind: what happened before would be forgotten as soon as it is told.
const BEHIND: TimeDelta = TimeDelta::days(KEPT_DAYS);

/// A passage a device decided about by itself.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The device's own name for it.
    pub id: String,
    /// What was scanned: proof of who was there, which a stolen device can't make.
    pub code: String,
    /// Which way.
    pub direction: Direction,
    /// When, by the device's clock.
    pub at: DateTime<Utc>,
    /// Why it was refused; none: allowed.
    pub refusal: Option<Refusal>,
}

/// What was new of what a device told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Kept now.
    pub taken: usize,
    /// Kept before.
    pub known: usize,
}

/// Keeps what a device carried, each passage once.
pub async fn carry(app: &App, school: &School, token: &str, rows: Vec<Carried>) -> Result<Taken> {
    check(&rows)?;
    let (corp, now) = (school.corp(), app.now());
    let codes: Vec<Option<Code>> = rows.iter().map(|row| gate_codes::read(&row.code)).collect();
    let mut tx = app.store().scoped(corp).await?;
    let device = device(&mut tx, token).await?;
    let read = || codes.iter().flatten();
    let mut kids: Vec<Vec<u8>> = read().map(|code| code.kid.clone()).collect();
    let pseudonyms: Vec<Vec<u8>> = read().map(|code| code.claims.pseudonym.clone()).collect();
    let named = gate_keys::named(&mut tx, corp, &kids, &pseudonyms).await?;
    let people: HashMap<(Vec<u8>, Vec<u8>), i64> =
        named.into_iter().map(|named| ((named.kid, named.pseudonym), named.person_id)).collect();
    kids.sort_unstable();
    kids.dedup();
    let keys = gate_keys::by_kids(&mut tx, corp, &kids).await?;
    let keys: HashMap<Vec<u8>, Key> = keys.into_iter().map(|key| (key.kid.clone(), key)).collect();

    let passages: Vec<NewPassage> = rows
        .into_iter()
        .zip(&codes)
        .map(|(row, code)| passage(school, row, code.as_ref(), &keys, &people, now))
        .collect();
    let concerned: Vec<i64> = passages.iter().filter_map(|passage| passage.person).collect();
    passages::lock(&mut tx, corp, &concerned).await?;
    let at = Where {
        corp,
        device: device.device_id,
        gate: device.gate_id,
        zone: device.zone_id,
        offline: true,
        now,
    };
    let kept = passages::write(&mut tx, at, &passages).await?;
    flag_near(&mut tx, &kept).await?;
    let added = gate_alarms::raise(&mut tx, &device, &kept, None, now).await?;
    heard(&mut tx, &device, now).await?;
    tx.commit().await?;
    if added {
        app.job_added().notify_one();
    }
    Ok(Taken { taken: kept.len(), known: passages.len() - kept.len() })
}

fn check(rows: &[Carried]) -> Result<()> {
    if rows.is_empty() || rows.len() > MOST {
        return Err(Error::field("passages", format!("每次上传 1 到 {MOST} 条")));
    }
    let wrong = rows.iter().enumerate().filter(|(_, row)| !is_scan_id(&row.id));
    let wrong: Vec<FieldError> = wrong
        .map(|(nth, _)| FieldError {
            field: format!("passages.{nth}.id"),
            message: "编号要 8 到 64 位字母、数字、_ 或 -".into(),
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}

fn passage(
    school: &School,
    row: Carried,
    code: Option<&Code>,
    keys: &HashMap<Vec<u8>, Key>,
    people: &HashMap<(Vec<u8>, Vec<u8>), i64>,
    now: DateTime<Utc>,
) -> NewPassage {
    let is_wrong = row.at > now + AHEAD || row.at < now - BEHIND;
    // A state can't be of a time to come: nothing that happens would count until then.
    let at = if is_wrong { now } else { row.at };
    let flawed = match code.and_then(|code| keys.get(&code.kid).map(|key| (code, key))) {
        Some((code, key)) => flaw(school, code, key, row.at),
        None => Some(Refusal::Unreadable),
    };
    let believed = code.filter(|_| flawed != Some(Refusal::Unreadable));
    let person =
        believed.and_then(|code| people.get(&(code.kid.clone(), code.claims.pseudonym.clone())).copied());
    let is_allowed = row.refusal.is_none();
    let mut flags = Vec::new();
    if is_allowed && (flawed.is_some() || person.is_none()) {
        flags.push(Flag::Disputed.as_str());
    }
    if is_wrong {
        flags.push(Flag::Clock.as_str());
    }
    NewPassage {
        scan_id: row.id,
        person,
        kid: believed.map(|code| code.kid.clone()),
        jti: believed.map(|code| code.claims.jti.clone()),
        direction: row.direction.as_str(),
        at,
        refusal: row.refusal.map(Refusal::as_str),
        flags,
        permit: None,
    }
}
