//! The end of the record: what was kept long enough is cut from the front of the chain, and so is who looked at one's data.
//!
//! A cut is signed, bound to the cut before, itself an event, and committed together with what it takes away: whoever verifies begins
//! at the newest. Nothing is cut that is not proven first, so that no cut covers up what somebody did to the record.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use domain::{
    CorpId,
    audit::{Act, Cut, Flaw, Follower, against_head, begins, cut_detail, cut_text},
};
use store::{
    Scoped, access_log,
    audit::{self as rows, CutRow, Event},
    retention,
};

use super::keys;
use crate::{App, Error, Result, School};

/// Events of one cut, and looks of one step: a short transaction each.
const AT_ONCE: i64 = 5_000;
const LOOKS: i32 = 5_000;
/// Between two steps others have their turn.
const PAUSE: Duration = Duration::from_millis(20);

/// Ends what was kept long enough, as far as `parts` go: looks, then events. A record that does not hold is an error, and stays.
pub(crate) async fn some(app: &App, school: &School, parts: &mut usize) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let before = now - school.retention.classes.audit.life();
    let mut ended = 0;
    while *parts > 0 {
        let mut tx = app.store().scoped(corp).await?;
        let gone = access_log::end(&mut tx, before, LOOKS).await?;
        tx.commit().await?;
        if gone == 0 {
            break;
        }
        *parts -= 1;
        ended += gone;
        tokio::time::sleep(PAUSE).await;
    }
    while *parts > 0 {
        let gone = one(app, school, before).await?;
        if gone == 0 {
            break;
        }
        *parts -= 1;
        ended += gone;
        tokio::time::sleep(PAUSE).await;
    }
    let mut tx = app.store().scoped(corp).await?;
    retention::ran(&mut tx, corp, "audit", ended, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Cuts once. How many events went; 0: nothing is due, or another process seals at this moment.
async fn one(app: &App, school: &School, before: DateTime<Utc>) -> Result<usize> {
    let mut tx = app.store().scoped(school.corp()).await?;
    let removed = cut(app, school, &mut tx, before).await?;
    // Also where nothing was cut: until the lock is gone whoever seals passes by.
    tx.commit().await?;
    Ok(removed)
}

async fn cut(app: &App, school: &School, tx: &mut Scoped, before: DateTime<Utc>) -> Result<usize> {
    let (corp, now) = (school.corp(), app.now());
    if !rows::lock(tx, corp).await? {
        return Ok(0);
    }
    let Some(oldest) = rows::head_signed_before(tx, corp, before).await? else { return Ok(0) };
    let public = keys::public(app, corp, &rows::keys(tx, corp).await?);
    let cuts = rows::cuts(tx, corp).await?;
    let (begun, flaws) = read(corp, &cuts, &public);
    intact(&flaws)?;

    let day = school.today(now);
    let seq = oldest.seq.min(begun.seq().saturating_add(AT_ONCE));
    let removed = seq.saturating_sub(begun.seq());
    // What is left of a day goes with the next day's, so that there are not many small ones.
    let was_today = cuts.last().is_some_and(|row| row.cut.day == day);
    if removed <= 0 || (was_today && removed < AT_ONCE) {
        return Ok(0);
    }
    // Where heads stand outside, nothing goes that is behind the last of them.
    if school.anchor_file.is_some() && rows::anchored_to(tx, corp).await? < seq {
        return Ok(0);
    }
    let hash = proven(tx, &begun, seq, &public).await?;

    let (kid, pair) = keys::signing(app, tx).await?;
    let (after_seq, after_hash) = (begun.seq(), begun.hash().to_vec());
    let policy = school.retention.version.clone();
    let cut = Cut { seq, hash, after_seq, after_hash, day, removed, policy };
    let signature = pair.sign(&cut_text(corp, &cut)).as_ref().to_vec();
    let said = cut_detail(&cut, &hex::encode(&signature));
    rows::add_cut(tx, corp, &CutRow { cut, kid, signature }, now).await?;
    let event = Event::new(corp, Act::AuditCut, None, now).on("audit_cut", seq);
    rows::insert(tx, event.saying(said)).await?;
    if rows::cut(tx, seq).await? != removed {
        return Err(Error::internal("a cut of the audit took another number of events than it says"));
    }
    tracing::info!(corp, seq, removed, "the front of the audit is cut");
    Ok(usize::try_from(removed).unwrap_or_default())
}

/// Where the chain begins by its cuts, and what is wrong with them.
pub(super) fn read(
    corp: CorpId,
    cuts: &[CutRow],
    public: &HashMap<Vec<u8>, Vec<u8>>,
) -> (Follower, Vec<Flaw>) {
    begins(cuts.iter().map(|row| {
        let text = cut_text(corp, &row.cut);
        let key = public.get(&row.kid);
        (&row.cut, key.is_some_and(|key| keys::is_signed_text(key, &text, &row.signature)))
    }))
}

/// The hash at this number, once the chain is proven up to the first head that reaches it: it follows from where it begins, and each head
/// on the way is signed and goes by it.
async fn proven(
    tx: &mut Scoped,
    begun: &Follower,
    seq: i64,
    public: &HashMap<Vec<u8>, Vec<u8>>,
) -> Result<Vec<u8>> {
    let corp = tx.corp();
    // Heads have numbers of their own each: of those before `seq` there are fewer than events.
    let mut heads = rows::heads(tx, corp, begun.seq(), AT_ONCE + 1).await?;
    let reaching = heads.iter().position(|head| head.seq >= seq);
    let reaching = reaching.ok_or_else(|| Error::internal("no head of the audit reaches a cut"))?;
    heads.truncate(reaching + 1);
    let last = heads.last().map_or(seq, |head| head.seq);

    let mut follower = begun.clone();
    let (mut hash, mut compared, mut flaws) = (None, 0, Vec::new());
    while follower.seq() < last {
        let links = rows::links(tx, corp, follower.seq(), AT_ONCE).await?;
        for link in links.iter().take_while(|link| link.seq <= last) {
            flaws.extend(follower.follow(link));
            if link.seq == seq {
                hash = Some(link.hash.clone());
            }
            while let Some(head) = heads.get(compared).filter(|head| head.seq <= link.seq) {
                if public.get(&head.kid).is_none_or(|key| !keys::has_signed(key, corp, head)) {
                    flaws.push(Flaw::HeadForged { head: head.seq });
                }
                let kept = (head.seq == link.seq).then_some(link.hash.as_slice());
                flaws.extend(against_head(head.seq, &head.hash, kept));
                compared += 1;
            }
        }
        // The chain ends before the head does.
        if links.last().is_none_or(|link| link.seq > last) {
            break;
        }
    }
    if compared < heads.len() {
        flaws.push(Flaw::ChainCut { head: last });
    }
    intact(&flaws)?;
    hash.ok_or_else(|| Error::internal("the audit has no link where it is cut"))
}

/// An error where something is wrong: what is cut could not be looked into any more.
fn intact(flaws: &[Flaw]) -> Result<()> {
    match flaws.first() {
        None => Ok(()),
        Some(flaw) => Err(Error::internal(format!(
            "审计记录不完整，没有截断：{}；请运行 rollcall audit verify",
            flaw.words()
        ))),
    }
}
