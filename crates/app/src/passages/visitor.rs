//! 访客 at a gate: decided by their invitation alone, and their host hears when they have come.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    CorpId,
    gate::{
        Direction, Flag, HEARD, Refusal, Scene,
        visitor::{self, Facts, Term, Verdict, VisitorId},
    },
};
use store::{
    Scoped, Sealed, corrections,
    gate_devices::Device,
    passages::{Before, NewPassage},
    visitors::{self as rows, Known, Scanned},
};

use super::{Answer, Believed, Face, Proof, Scan, passage, serves};
use crate::{
    App, Result, School,
    gates::rules_of,
    notices::{self, Notice},
    visitors::about,
};

/// For how long it is of use to know that somebody has come.
const USEFUL: TimeDelta = TimeDelta::hours(2);

/// Whose guest somebody is, for the guard's screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Who invited them.
    pub host: String,
    /// Until when they are expected.
    pub until: DateTime<Utc>,
    /// What for.
    pub reason: String,
    /// From where.
    pub company: Option<String>,
    /// With which car.
    pub plate: Option<String>,
}

fn guest(
    app: &App,
    corp: CorpId,
    (key, sealed): (&str, &Sealed),
    host: String,
    until: DateTime<Utc>,
) -> Result<Guest> {
    let about = about(app, corp, key, sealed)?;
    Ok(Guest { host, until, reason: about.reason, company: about.company, plate: about.plate })
}

/// Whose guest a passage says somebody is.
pub(super) fn guest_of(app: &App, corp: CorpId, before: &Before) -> Result<Option<Guest>> {
    let Before { about: Some(sealed), key: Some(key), host: Some(host), until_time: Some(until), .. } =
        before
    else {
        return Ok(None);
    };
    Ok(Some(guest(app, corp, (key, sealed), host.clone(), *until)?))
}

/// What is known of a visitor.
pub(super) async fn known(
    tx: &mut Scoped,
    device: &Device,
    (visitor, proof): (VisitorId, &Proof),
    scan: Scan<'_>,
) -> Result<Known> {
    let scanned = Scanned {
        corp: tx.corp(),
        visitor,
        zone: device.zone_id,
        jti: &proof.jti,
        now: scan.now,
        device: device.device_id,
        heard_since: scan.now - HEARD,
    };
    Ok(rows::known(tx, scanned).await?)
}

/// The decision about a visitor, and whether they passed elsewhere a moment ago.
pub(super) fn decided(
    app: &App,
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
        term: Term { from: known.from_time, until: known.until_time, cancelled: known.cancelled_at },
        here: known.here,
        last: last.zip(known.since),
        zone_heard: known.zone_heard,
    };
    let verdict = match believed.refusal.or(known.used.then_some(Refusal::Used)) {
        Some(refusal) => Verdict { refusal: Some(refusal), flags: Vec::new() },
        None => visitor::decide(&scene, scan.direction, &facts),
    };
    let flags: Vec<&str> = verdict.flags.into_iter().map(Flag::as_str).collect();
    let mut kept = passage(scan, believed, verdict.refusal, None);
    kept.flags.clone_from(&flags);
    let sealed = (known.key.as_str(), &known.about);
    let guest = guest(app, school.corp(), sealed, known.host, known.until_time)?;
    let answer = Answer {
        refusal: verdict.refusal,
        flags: flags.into_iter().map(str::to_owned).collect(),
        face: Some(Face { name: known.name, place: None, photo: false, guest: Some(guest) }),
        at: scan.now,
    };
    Ok((answer, kept, known.just_passed && verdict.refusal.is_none()))
}

/// Tells hosts that their visitors have come in by these passages: once for each visitor and day. The word may stand on a lock
/// screen and does not say who came. Says whether a job was added.
pub(super) async fn tell_hosts(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    kept: &[i64],
    now: DateTime<Utc>,
) -> Result<bool> {
    let corp = school.corp();
    let mut told = false;
    for entered in rows::entered(tx, corp, kept).await? {
        if entered.at < now - USEFUL {
            // A device told it late: nobody waits for them any more.
            continue;
        }
        let Some(host) = corrections::userid_of(tx, corp, entered.host_id).await? else { continue };
        let occasion = format!("visitor {} {}", entered.visitor_id, school.today(entered.at));
        let time = entered.at.with_timezone(&school.zone).format("%H:%M");
        let notice = Notice {
            title: "您的访客到了",
            description: &format!("您邀请的访客已于 {time} 进校。"),
            path: &format!("/h5/visitors?visitor={}", entered.visitor_id),
            button: "查看",
            useful_for: USEFUL,
            urgent: true,
            occasion: Some(&occasion),
        };
        notices::tell(app, tx, school, vec![host], notice, now).await?;
        told = true;
    }
    Ok(told)
}
