//! What a device decided while it heard nothing from us: told later, in any order, and again where an answer was lost.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::gate::{
    Bearer, Flag, KEPT_DAYS, Refusal, Rules,
    visitor::{self as visits, Term, VisitorId},
};
use store::{
    gate_keys::{self, Key},
    passages::{self, NewPassage, Where},
    visitors::{self, Expected},
};

use super::{Direction, flag_near, flaw, heard, is_scan_id, visitor};
use crate::{
    App, Error, FieldError, Result, School, gate_alarms,
    gate_codes::{self, Code},
    gate_devices::device,
    gates::rules_of,
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
    let bearers: HashMap<(Vec<u8>, Vec<u8>), Bearer> = named
        .into_iter()
        .filter_map(|named| named.bearer().map(|bearer| ((named.kid, named.pseudonym), bearer)))
        .collect();
    let guests: Vec<VisitorId> = bearers.values().filter_map(|bearer| bearer.visitor()).collect();
    let expected = visitors::expected(&mut tx, corp, device.zone_id, &guests).await?;
    let expected: HashMap<VisitorId, Expected> =
        expected.into_iter().map(|guest| (guest.visitor_id, guest)).collect();
    kids.sort_unstable();
    kids.dedup();
    let keys = gate_keys::by_kids(&mut tx, corp, &kids).await?;
    let keys: HashMap<Vec<u8>, Key> = keys.into_iter().map(|key| (key.kid.clone(), key)).collect();

    let known = Known { keys, bearers, expected };
    let passages: Vec<NewPassage> = rows
        .into_iter()
        .zip(&codes)
        .map(|(row, code)| passage(school, row, code.as_ref(), &known, now))
        .collect();
    let concerned: Vec<Bearer> = passages.iter().filter_map(|passage| passage.bearer).collect();
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
    let (taken, told_before) = (kept.len(), passages.len() - kept.len());
    let mut changed = kept;
    if told_before > 0 {
        changed.extend(passages::overrule(&mut tx, at, &passages).await?);
    }
    let permitted = by_permit(school, &rules_of(&device.rules)?, &passages);
    if !permitted.is_empty() {
        passages::use_permits(&mut tx, corp, &changed, &permitted).await?;
    }
    flag_near(&mut tx, &changed).await?;
    let mut added = gate_alarms::raise(&mut tx, school, &device, &changed, None, now).await?;
    if !known.expected.is_empty() {
        added |= visitor::tell_hosts(app, &mut tx, school, &changed, now).await?;
    }
    heard(&mut tx, &device, now).await?;
    tx.commit().await?;
    if added {
        app.job_added().notify_one();
    }
    Ok(Taken { taken, known: told_before })
}

/// Those a permit let through, by their names.
fn by_permit<'a>(school: &School, rules: &Rules, rows: &'a [NewPassage]) -> Vec<&'a str> {
    let takes = |row: &&NewPassage| {
        let time = row.at.with_timezone(&school.zone).time();
        row.refusal.is_none()
            && Direction::parse(row.direction).is_some_and(|way| rules.takes_permit(way, time))
    };
    rows.iter().filter(takes).map(|row| row.scan_id.as_str()).collect()
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

/// What is known of the codes of a telling.
struct Known {
    keys: HashMap<Vec<u8>, Key>,
    bearers: HashMap<(Vec<u8>, Vec<u8>), Bearer>,
    expected: HashMap<VisitorId, Expected>,
}

impl Known {
    /// What an invitation says against a passage. A device off the network does not know invitations.
    fn unexpected(&self, bearer: Bearer, direction: Direction, at: DateTime<Utc>) -> Option<Flag> {
        let guest = self.expected.get(&bearer.visitor()?)?;
        let term = Term { from: guest.from_time, until: guest.until_time, cancelled: guest.cancelled_at };
        match direction {
            Direction::In => visits::unexpected(&term, guest.here, at).map(|_| Flag::Disputed),
            Direction::Out => term.is_overstayed(true, at).then_some(Flag::Overstayed),
        }
    }
}

fn passage(
    school: &School,
    row: Carried,
    code: Option<&Code>,
    known: &Known,
    now: DateTime<Utc>,
) -> NewPassage {
    let is_wrong = row.at > now + AHEAD || row.at < now - BEHIND;
    // A state can't be of a time to come: nothing that happens would count until then.
    let at = if is_wrong { now } else { row.at };
    let flawed = match code.and_then(|code| known.keys.get(&code.kid).map(|key| (code, key))) {
        Some((code, key)) => flaw(school, code, key, row.at),
        None => Some(Refusal::Unreadable),
    };
    let believed = code.filter(|_| flawed != Some(Refusal::Unreadable));
    let bearer = believed
        .and_then(|code| known.bearers.get(&(code.kid.clone(), code.claims.pseudonym.clone())).copied());
    let is_allowed = row.refusal.is_none();
    let mut flags = Vec::new();
    if is_allowed && (flawed.is_some() || bearer.is_none()) {
        flags.push(Flag::Disputed.as_str());
    } else if is_allowed {
        flags.extend(bearer.and_then(|bearer| known.unexpected(bearer, row.direction, at)).map(Flag::as_str));
    }
    if is_wrong {
        flags.push(Flag::Clock.as_str());
    }
    NewPassage {
        scan_id: row.id,
        bearer,
        kid: believed.map(|code| code.kid.clone()),
        jti: believed.map(|code| code.claims.jti.clone()),
        direction: row.direction.as_str(),
        at,
        refusal: row.refusal.map(Refusal::as_str),
        flags,
        permit: None,
    }
}
