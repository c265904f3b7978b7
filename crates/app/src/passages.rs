//! 进出: what becomes of a scan at a gate, what devices carry later, and the tables of both.
//!
//! A code says who by a pseudonym; who that is, whether the code is good and whether they may pass is looked up and decided
//! in one transaction that keeps the passage. Whatever concerns one person waits for what else concerns them, so that a code
//! is good once, wherever and however often it is scanned.

mod carried;
mod figures;
mod guide;
mod looks;
mod own;
mod recent;
mod visitor;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    CorpId, PersonId,
    gate::{self, Bearer, Directions, Facts, Flag, HEARD, Refusal, Scene, code::untimely, history},
};
use store::{
    Scoped,
    access_log::{self, Access},
    gate_devices::{self, Device},
    gate_keys::{self, Key},
    passages::{self, Before, Known, NewPassage, Scanned, Where},
    photos::{self, picture_place},
};

pub use carried::{Carried, Taken, carry};
pub use domain::gate::Direction;
pub use figures::{Asked, By, Span, by_hour, inside, list, outside, own, table};
pub(crate) use figures::{
    Missed, count_outside_in, list_in, missed, outside_in, picked_of, question_in, table_in,
};
pub use guide::{Guide, GuideKey, guide};
pub(crate) use looks::{alarmed_abnormal, in_list, shown_abnormal};
pub use own::{Passed, pass};
pub use recent::{Recent, recent};
pub use store::passages::{GateHour, Inside, Outsider, Row, Unit};
pub use visitor::Guest;

use crate::{
    App, Error, Result, School, gate_alarms,
    gate_codes::{self, Code},
    gate_devices::device,
    gates::rules_of,
    visitors,
};

/// How long a device may ask for the photo of whom it scanned.
const PHOTO: TimeDelta = TimeDelta::minutes(2);

/// A scan as a device tells it.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The device's own name for it: told again, it gets the same answer.
    pub id: &'a str,
    /// What was scanned.
    pub code: &'a str,
    /// Which way.
    pub direction: Direction,
}

/// Who it is, for the guard's screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// Name.
    pub name: String,
    /// Class or department.
    pub place: Option<String>,
    /// Whether there is a photo to be asked for.
    pub photo: bool,
    /// 访客: whose guest they are.
    pub guest: Option<Guest>,
}

/// What becomes of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Why not; none: allowed.
    pub refusal: Option<Refusal>,
    /// What the guard should look at.
    pub flags: Vec<String>,
    /// Who it is, where the code says so.
    pub face: Option<Face>,
    /// When it was decided.
    pub at: DateTime<Utc>,
}

/// Whether this can be a device's name of a scan.
pub(crate) fn is_scan_id(id: &str) -> bool {
    (8..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// Decides about a scan and keeps it.
pub async fn scan(app: &App, school: &School, token: &str, wanted: Wanted<'_>) -> Result<Answer> {
    if !is_scan_id(wanted.id) {
        return Err(Error::field("id", "请给每次扫码一个 8 到 64 位字母、数字、_ 或 - 的编号"));
    }
    let (corp, now) = (school.corp(), app.now());
    let code = gate_codes::read(wanted.code);
    let mut tx = app.store().scoped(corp).await?;
    let device = device(&mut tx, token).await?;
    if device.closed {
        return Err(Error::UnknownDevice);
    }
    let believed = believe(&mut tx, school, code, now).await?;
    let scan = Scan { id: wanted.id, direction: wanted.direction, now };
    let (answer, added) = judge(app, &mut tx, school, &device, &believed, scan).await?;
    tx.commit().await?;
    if added {
        app.job_added().notify_one();
    }
    Ok(answer)
}

/// What is decided about.
#[derive(Debug, Clone, Copy)]
struct Scan<'a> {
    /// The device's name for it.
    id: &'a str,
    direction: Direction,
    now: DateTime<Utc>,
}

/// Decides about whoever is believed to be there and keeps it, or gives the answer that was given before. Says whether there
/// is something to be told.
async fn judge(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    device: &Device,
    believed: &Believed,
    scan: Scan<'_>,
) -> Result<(Answer, bool)> {
    let (corp, now) = (school.corp(), scan.now);
    if let Some(bearer) = believed.bearer {
        passages::lock(tx, corp, &[bearer]).await?;
    }
    if let Some(before) = answered(app, tx, school, device, scan.id, now).await? {
        return Ok((before, false));
    }
    let (mut answer, passage, near) = match (believed.bearer, &believed.proof) {
        (Some(Bearer::Person(person)), Some(proof)) => {
            let known = known(tx, school, device, (person, proof), scan).await?;
            let decided = decided(school, device, believed, known, scan)?;
            if decided.0.refusal == Some(Refusal::Abnormal) {
                looks::at_gate(app, tx, school, device, (person, looks::STATE), now).await?;
            }
            decided
        }
        (Some(Bearer::Visitor(visitor)), Some(proof)) => {
            let known = visitor::known(tx, device, (visitor, proof), scan).await?;
            looks::at_gate(app, tx, school, device, (known.host_id, visitors::WORDS), now).await?;
            visitor::decided(app, school, device, believed, known, scan)?
        }
        _ => {
            let refusal = believed.refusal.unwrap_or(Refusal::Unreadable);
            let answer = Answer { refusal: Some(refusal), flags: Vec::new(), face: None, at: now };
            (answer, passage(scan, believed, Some(refusal), None), false)
        }
    };
    let at = Where {
        corp,
        device: device.device_id,
        gate: device.gate_id,
        zone: device.zone_id,
        offline: false,
        now,
    };
    let kept = passages::write(tx, at, &[passage]).await?;
    let flags = if near { flag_near(tx, &kept).await? } else { Vec::new() };
    let stands_out = !flags.is_empty() || answer.refusal.is_some_and(gate_alarms::is_alarming);
    let mut added = stands_out && gate_alarms::raise(tx, school, device, &kept, answer.refusal, now).await?;
    if answer.refusal.is_none() && believed.bearer.and_then(Bearer::visitor).is_some() {
        added |= visitor::tell_hosts(app, tx, school, &kept, now).await?;
    }
    answer
        .flags
        .extend(flags.into_iter().filter(|(id, _)| kept.contains(id)).map(|(_, flag)| flag.to_owned()));
    answer.flags.sort_unstable();
    answer.flags.dedup();
    Ok((answer, added))
}

/// By what a code is known.
#[derive(Debug, Clone)]
struct Proof {
    kid: Vec<u8>,
    jti: Vec<u8>,
}

/// A code and what can be said of it without looking at the person.
#[derive(Debug)]
struct Believed {
    /// None: it is none of ours.
    proof: Option<Proof>,
    /// Whose it is.
    bearer: Option<Bearer>,
    /// What is wrong with it.
    refusal: Option<Refusal>,
}

/// What is wrong with a code of these keys at a moment.
fn flaw(school: &School, code: &Code, key: &Key, at: DateTime<Utc>) -> Option<Refusal> {
    if !code.is_signed_with(&key.public_key) {
        Some(Refusal::Unreadable)
    } else {
        worthless(school, key, code.claims.end, at)
    }
}

/// What is wrong with whatever these keys signed to end then.
fn worthless(school: &School, key: &Key, end: i64, at: DateTime<Utc>) -> Option<Refusal> {
    if key.killed_at.is_some_and(|killed| killed <= at) {
        Some(Refusal::KilledKey)
    } else {
        untimely(school.zone, key.day, end, at)
    }
}

async fn believe(
    tx: &mut Scoped,
    school: &School,
    code: Option<Code>,
    now: DateTime<Utc>,
) -> Result<Believed> {
    let corp = tx.corp();
    let unreadable = Believed { proof: None, bearer: None, refusal: Some(Refusal::Unreadable) };
    let Some(code) = code else { return Ok(unreadable) };
    let kids = [code.kid.clone()];
    let Some(key) = gate_keys::by_kids(tx, corp, &kids).await?.pop() else { return Ok(unreadable) };
    let refusal = flaw(school, &code, &key, now);
    if refusal == Some(Refusal::Unreadable) {
        // Whoever can't sign says nothing of anybody.
        return Ok(unreadable);
    }
    let named = gate_keys::named(tx, corp, &kids, std::slice::from_ref(&code.claims.pseudonym)).await?;
    let bearer = named.first().and_then(gate_keys::Named::bearer);
    let proof = Proof { kid: code.kid, jti: code.claims.jti };
    Ok(Believed { proof: Some(proof), bearer, refusal })
}

/// The answer that was given to a scan of this name.
async fn answered(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    device: &Device,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Option<Answer>> {
    let corp = tx.corp();
    let Some(before) = passages::before(tx, corp, device.device_id, id, school.today(now)).await? else {
        return Ok(None);
    };
    let refusal = match &before.reason {
        None => None,
        Some(reason) => Some(Refusal::parse(reason).ok_or_else(|| Error::internal("a reason nobody knows"))?),
    };
    let face = face(app, corp, &before)?;
    Ok(Some(Answer { refusal, flags: before.flags, face, at: before.received_at }))
}

/// Who it was that a passage is of.
fn face(app: &App, corp: CorpId, before: &Before) -> Result<Option<Face>> {
    let Some(name) = before.name.clone() else { return Ok(None) };
    let guest = visitor::guest_of(app, corp, before)?;
    Ok(Some(Face { name, place: before.place.clone(), photo: before.photo, guest }))
}

async fn known(
    tx: &mut Scoped,
    school: &School,
    device: &Device,
    (person, proof): (PersonId, &Proof),
    scan: Scan<'_>,
) -> Result<Known> {
    let rules = rules_of(&device.rules)?;
    let scanned = Scanned {
        corp: tx.corp(),
        person,
        zone: device.zone_id,
        direction: scan.direction.as_str(),
        jti: &proof.jti,
        today: school.today(scan.now),
        now: scan.now,
        forms: &rules.forms,
        device: device.device_id,
        heard_since: scan.now - HEARD,
    };
    Ok(passages::known(tx, scanned).await?)
}

/// The decision about somebody, and whether they passed elsewhere a moment ago.
fn decided(
    school: &School,
    device: &Device,
    believed: &Believed,
    known: Known,
    scan: Scan<'_>,
) -> Result<(Answer, NewPassage, bool)> {
    let rules = rules_of(&device.rules)?;
    let serves = serves(device)?;
    let scene =
        Scene { rules: &rules, serves, hard_from: device.hard_from, zone: school.zone, now: scan.now };
    let last = known.inside.map(|inside| if inside { Direction::In } else { Direction::Out });
    let facts = Facts {
        on_roster: known.on_roster,
        reported: known.reported,
        abnormal: known.abnormal,
        exempt: known.exempt,
        permit: known.permit_id.is_some(),
        on_leave: known.on_leave,
        last: last.zip(known.since),
        zone_heard: known.zone_heard,
    };
    let code_is_bad = believed.refusal.or(known.used.then_some(Refusal::Used));
    let decision = match code_is_bad {
        Some(refusal) => gate::Decision { refusal: Some(refusal), ..gate::Decision::default() },
        None => gate::decide(&scene, scan.direction, &facts),
    };
    let flags = if decision.passback { vec![Flag::Passback.as_str()] } else { Vec::new() };
    let permit = known.permit_id.filter(|_| decision.by_permit);
    let mut kept = passage(scan, believed, decision.refusal, permit);
    kept.flags.clone_from(&flags);
    let answer = Answer {
        refusal: decision.refusal,
        flags: flags.into_iter().map(str::to_owned).collect(),
        face: Some(Face { name: known.name, place: known.place, photo: known.photo, guest: None }),
        at: scan.now,
    };
    Ok((answer, kept, known.just_passed && decision.refusal.is_none()))
}

/// The directions a device's gate serves.
pub(crate) fn serves(device: &Device) -> Result<Directions> {
    Directions::parse(&device.directions).ok_or_else(|| Error::internal("directions nobody knows"))
}

fn passage(scan: Scan<'_>, believed: &Believed, refusal: Option<Refusal>, permit: Option<i64>) -> NewPassage {
    NewPassage {
        scan_id: scan.id.to_owned(),
        bearer: believed.bearer,
        kid: believed.proof.as_ref().map(|proof| proof.kid.clone()),
        jti: believed.proof.as_ref().map(|proof| proof.jti.clone()),
        direction: scan.direction.as_str(),
        at: scan.now,
        refusal: refusal.map(Refusal::as_str),
        flags: Vec::new(),
        permit,
    }
}

/// Flags these passages and those they contradict.
async fn flag_near(tx: &mut Scoped, ids: &[i64]) -> Result<Vec<(i64, &'static str)>> {
    let corp = tx.corp();
    let mut flags: Vec<(i64, &'static str)> = Vec::new();
    for pair in passages::near(tx, corp, ids).await? {
        // Which way says nothing here.
        let passed = |at, gate, code| history::Passed { at, direction: Direction::In, gate, code };
        let one = passed(pair.one_at, pair.one_gate, pair.one_jti);
        let other = passed(pair.other_at, pair.other_gate, pair.other_jti);
        if let Some(flag) = history::conflict(&one, &other) {
            flags.extend([(pair.one, flag.as_str()), (pair.other, flag.as_str())]);
        }
    }
    flags.sort_unstable();
    flags.dedup();
    if !flags.is_empty() {
        passages::flag(tx, corp, &flags).await?;
    }
    Ok(flags)
}

/// The photo of whoever a device scanned a moment ago, a JPEG. The look is recorded as one of whoever paired the device.
pub async fn photo(app: &App, school: &School, token: &str, scan_id: &str) -> Result<Vec<u8>> {
    if !is_scan_id(scan_id) {
        return Err(Error::NotFound);
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let device = device(&mut tx, token).await?;
    let before = passages::before(&mut tx, corp, device.device_id, scan_id, school.today(now)).await?;
    let before = before.filter(|before| before.received_at > now - PHOTO).ok_or(Error::NotFound)?;
    let person = before.person_id.ok_or(Error::NotFound)?;
    let sealed = photos::own(&mut tx, corp, person).await?.ok_or(Error::NotFound)?;
    let picture = app.store().keyring().open(picture_place(corp, &person.to_string()), &sealed)?;
    let access = Access { corp, viewer: device.paired_by, person, field: "photo", purpose: "gate", at: now };
    access_log::insert(&mut tx, app.store().keyring(), access).await?;
    tx.commit().await?;
    Ok(picture)
}

/// Notes that a device was heard, at most twice a minute.
pub(crate) async fn heard(tx: &mut Scoped, device: &Device, now: DateTime<Utc>) -> Result<()> {
    if device.seen_at < now - TimeDelta::seconds(30) {
        let corp = tx.corp();
        gate_devices::heard(tx, corp, device.device_id, now).await?;
    }
    Ok(())
}
