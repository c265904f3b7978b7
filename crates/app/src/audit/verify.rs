//! Reads the whole chain of a school and tells everything that is not as it was written.

use std::collections::BTreeMap;

use domain::audit::{Act, Flaw, against_head, cut_told};
use store::audit::{self as rows, CutRow, HeadRow, Waiting};

use super::{
    anchors::{Anchor, Anchors},
    cutting, keys,
};
use crate::{App, Result, School};

/// Rows read at once.
const AT_ONCE: i64 = 5_000;
/// Flaws that are told at most: whoever has so many needs no more.
const TOLD: usize = 1_000;

/// What was found.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The last number that was cut; 0: none was.
    pub cut_to: i64,
    /// Cuts that were looked at.
    pub cuts: usize,
    /// The last number of the chain.
    pub sealed_to: i64,
    /// What waits for a number.
    pub waiting: Waiting,
    /// Heads that were looked at.
    pub heads: usize,
    /// Lines of the file outside that are this school's.
    pub anchors: usize,
    /// What is wrong, at most a thousand; none: nothing.
    pub flaws: Vec<Flaw>,
}

/// Verifies a school's chain from where it was cut last: against itself, against its signed heads, and against what stands outside, as it was
/// read before. The service may go on meanwhile.
pub async fn verify(app: &App, school: &School, outside: &Anchors) -> Result<Verified> {
    let corp = school.corp();
    let mut flaws = Vec::new();
    // As it was at one moment: what is cut meanwhile is there to the end.
    let mut tx = app.store().steady(corp).await?;
    let public = keys::public(app, corp, &rows::keys(&mut tx, corp).await?);
    let mut heads: Vec<HeadRow> = Vec::new();
    loop {
        let after = heads.last().map_or(0, |head| head.seq);
        let part = rows::heads(&mut tx, corp, after, AT_ONCE).await?;
        if part.is_empty() {
            break;
        }
        heads.extend(part);
    }
    let forged = heads.iter().filter(|head| {
        public.get(&head.kid).is_none_or(|public_key| !keys::has_signed(public_key, corp, head))
    });
    flaws.extend(forged.map(|head| Flaw::HeadForged { head: head.seq }));

    let ours: Vec<&(usize, Anchor)> =
        outside.lines.iter().filter(|(_, anchor)| anchor.corp == corp).collect();
    let mut told: Vec<(i64, Vec<u8>)> = Vec::new();
    for (line, anchor) in &ours {
        let read = hex::decode(&anchor.hash).ok().zip(hex::decode(&anchor.signature).ok());
        let said = (corp, anchor.day, anchor.seq);
        match read {
            Some((hash, signature))
                if public.values().any(|key| keys::is_signed(key, &signature, said, &hash)) =>
            {
                told.push((anchor.seq, hash));
            }
            _ => flaws.push(Flaw::AnchorForged { line: *line }),
        }
    }

    let cuts = rows::cuts(&mut tx, corp).await?;
    let (mut follower, wrong) = cutting::read(corp, &cuts, &public);
    flaws.extend(wrong);
    let cut_to = follower.began();

    // Of the chain only the hashes that somebody signed are kept. What was signed before the cut can't be looked into any more.
    let mut signed: BTreeMap<i64, Option<Vec<u8>>> = heads
        .iter()
        .map(|head| head.seq)
        .chain(told.iter().map(|(seq, _)| *seq))
        .filter(|seq| *seq >= cut_to)
        .map(|seq| (seq, None))
        .collect();
    if let Some(kept) = signed.get_mut(&cut_to) {
        *kept = Some(follower.hash().to_vec());
    }
    // Cuts that events tell of, by number, with their signatures.
    let mut told_cuts: Vec<(i64, String)> = Vec::new();
    // From the very beginning: what was numbered below 1 is read too.
    let mut after = i64::MIN;
    loop {
        let part = rows::links(&mut tx, corp, after, AT_ONCE).await?;
        let Some(last) = part.last() else { break };
        after = last.seq;
        for link in &part {
            flaws.extend(follower.follow(link));
            if link.seq <= cut_to {
                continue;
            }
            if let Some(kept) = signed.get_mut(&link.seq) {
                *kept = Some(link.hash.clone());
            }
            let event = link.event.as_ref().and_then(|(said, _)| cut_told(&said.action, &said.detail));
            told_cuts.extend(event.map(|(seq, signature)| (seq, signature.to_owned())));
        }
        flaws.truncate(TOLD);
    }
    let kept = |seq: i64| signed.get(&seq).and_then(Option::as_deref);
    let after = heads.iter().filter(|head| head.seq >= cut_to);
    flaws.extend(after.filter_map(|head| against_head(head.seq, &head.hash, kept(head.seq))));
    let after = told.iter().filter(|(seq, _)| *seq >= cut_to);
    let outside = after.filter_map(|(seq, hash)| against_head(*seq, hash, kept(*seq)));
    let outside: Vec<Flaw> = outside.filter(|flaw| !flaws.contains(flaw)).collect();
    flaws.extend(outside);

    for detail in rows::waiting_cuts(&mut tx, corp).await? {
        let event = cut_told(Act::AuditCut.as_str(), &detail);
        told_cuts.extend(event.map(|(seq, signature)| (seq, signature.to_owned())));
    }
    flaws.extend(against_told(&cuts, &told_cuts));

    let limit = i64::try_from(TOLD).unwrap_or(i64::MAX);
    let loose = rows::loose(&mut tx, corp, limit).await?;
    flaws.extend(loose.into_iter().map(|event_id| Flaw::EventLoose { event_id }));
    let gone = rows::waiting_gone(&mut tx, corp, limit).await?;
    flaws.extend(gone.into_iter().map(|event_id| Flaw::WaitingGone { event_id }));
    flaws.truncate(TOLD);
    let waiting = rows::unsealed(&mut tx, corp).await?;
    tx.commit().await?;
    Ok(Verified {
        cut_to,
        cuts: cuts.len(),
        sealed_to: follower.seq(),
        waiting,
        heads: heads.len(),
        anchors: ours.len(),
        flaws,
    })
}

/// What the events of cuts, by number and signature, say of the cuts that are kept: each is there as it was made, and the newest is told
/// of. Events of older ones were cut themselves.
fn against_told(cuts: &[CutRow], told: &[(i64, String)]) -> Vec<Flaw> {
    let kept: BTreeMap<i64, String> =
        cuts.iter().map(|row| (row.cut.seq, hex::encode(&row.signature))).collect();
    let other = told.iter().filter(|(seq, signature)| kept.get(seq) != Some(signature));
    let mut flaws: Vec<Flaw> = other.map(|(seq, _)| Flaw::CutMissing { cut: *seq }).collect();
    if let Some((newest, _)) = kept.last_key_value()
        && !told.iter().any(|(seq, _)| seq == newest)
    {
        flaws.push(Flaw::CutUntold { cut: *newest });
    }
    flaws
}
