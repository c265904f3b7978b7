//! Reads the whole chain of a school and tells everything that is not as it was written.

use std::collections::BTreeMap;

use domain::audit::{Flaw, Follower, against_head};
use store::audit::{self as rows, HeadRow, Waiting};

use super::{
    anchors::{Anchor, Anchors},
    keys,
};
use crate::{App, Result, School};

/// Rows read at once.
const AT_ONCE: i64 = 5_000;
/// Flaws that are told at most: whoever has so many needs no more.
const TOLD: usize = 1_000;

/// What was found.
#[derive(Debug, Clone)]
pub struct Verified {
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

/// Verifies a school's chain: against itself, against its signed heads, and against what stands outside, as it was read before.
/// The service may go on meanwhile.
pub async fn verify(app: &App, school: &School, outside: &Anchors) -> Result<Verified> {
    let corp = school.corp();
    let mut flaws = Vec::new();
    let mut tx = app.store().reading(corp).await?;
    // Heads before the chain: whatever a head says is sealed by then.
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

    // Of the chain only the hashes that somebody signed are kept.
    let mut signed: BTreeMap<i64, Option<Vec<u8>>> = heads
        .iter()
        .map(|head| head.seq)
        .chain(told.iter().map(|(seq, _)| *seq))
        .map(|seq| (seq, None))
        .collect();
    let mut follower = Follower::default();
    // From the very beginning: what was numbered below 1 is read too.
    let mut after = i64::MIN;
    loop {
        let part = rows::links(&mut tx, corp, after, AT_ONCE).await?;
        let Some(last) = part.last() else { break };
        after = last.seq;
        for link in &part {
            flaws.extend(follower.follow(link));
            if let Some(kept) = signed.get_mut(&link.seq) {
                *kept = Some(link.hash.clone());
            }
        }
        flaws.truncate(TOLD);
    }
    let kept = |seq: i64| signed.get(&seq).and_then(Option::as_deref);
    flaws.extend(heads.iter().filter_map(|head| against_head(head.seq, &head.hash, kept(head.seq))));
    let outside = told.iter().filter_map(|(seq, hash)| against_head(*seq, hash, kept(*seq)));
    let outside: Vec<Flaw> = outside.filter(|flaw| !flaws.contains(flaw)).collect();
    flaws.extend(outside);

    let limit = i64::try_from(TOLD).unwrap_or(i64::MAX);
    let loose = rows::loose(&mut tx, corp, limit).await?;
    flaws.extend(loose.into_iter().map(|event_id| Flaw::EventLoose { event_id }));
    let gone = rows::waiting_gone(&mut tx, corp, limit).await?;
    flaws.extend(gone.into_iter().map(|event_id| Flaw::WaitingGone { event_id }));
    flaws.truncate(TOLD);
    let waiting = rows::unsealed(&mut tx, corp).await?;
    tx.commit().await?;
    Ok(Verified { sealed_to: follower.seq(), waiting, heads: heads.len(), anchors: ours.len(), flaws })
}
