//! Somebody scans the code a gate shows: the page of ours that it opens says who they are.

use domain::{
    gate::{Bearer, Refusal},
    policy::Viewer,
};
use store::{gate_devices, gate_keys};

use super::{Answer, Believed, Direction, Proof, Scan, is_scan_id, judge, worthless};
use crate::{App, Error, Result, School, gate_codes};

/// Characters of a name of a scan at most: ours stands before it.
const LONGEST: usize = 36;
/// What the names of these scans begin with.
pub(super) const OWN: &str = "own-";

/// What became of it, and where.
#[derive(Debug, Clone)]
pub struct Passed {
    /// Whether they may pass.
    pub answer: Answer,
    /// The gate.
    pub gate: String,
    /// Which way.
    pub direction: Direction,
}

/// Decides about the viewer, who scanned what a gate shows, and keeps it. The same `id` gives the same answer.
pub async fn pass(app: &App, school: &School, viewer: &Viewer, id: &str, code: &str) -> Result<Passed> {
    let person = viewer.person.as_ref().ok_or(Error::NotFound)?.id;
    if !is_scan_id(id) || id.len() > LONGEST {
        return Err(Error::field("id", "请给每次扫码一个 8 到 36 位字母、数字、_ 或 - 的编号"));
    }
    let strange = || Error::field("code", "不是本校门岗的码，请重新扫门岗屏幕上的码");
    let shown = gate_codes::read_shown(code).ok_or_else(strange)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let key = gate_keys::by_kids(&mut tx, corp, &[shown.kid().to_vec()]).await?.pop().ok_or_else(strange)?;
    if !shown.is_signed_with(&key.public_key) {
        return Err(strange());
    }
    let device = gate_devices::by_id(&mut tx, corp, shown.device).await?.ok_or_else(strange)?;
    if device.closed {
        return Err(strange());
    }
    let refusal: Option<Refusal> = worthless(school, &key, shown.end(), now);
    let proof = Proof { kid: shown.kid().to_vec(), jti: shown.jti().to_vec() };
    let believed = Believed { proof: Some(proof), bearer: Some(Bearer::Person(person)), refusal };
    // Nobody gets another's answer by their name of a scan.
    let id = format!("{OWN}{person}-{id}");
    let scan = Scan { id: &id, direction: shown.direction, now };
    let (answer, added) = judge(app, &mut tx, school, &device, &believed, scan).await?;
    tx.commit().await?;
    if added {
        app.job_added().notify_one();
    }
    Ok(Passed { answer, gate: device.gate, direction: shown.direction })
}
