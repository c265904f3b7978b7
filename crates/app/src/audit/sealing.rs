//! The sealer: numbers and chains what was recorded, each second, and signs how far it is.
//!
//! What is recorded waits for nobody: acts commit side by side, and one process after another gives numbers under a lock of the
//! school. What waits is told, on the page and to the metrics.

use std::time::Duration;

use chrono::TimeDelta;
use domain::audit::head_text;
use store::{
    Scoped,
    audit::{self as rows, Head, HeadRow, Waiting},
};
use tokio::sync::watch;

use super::{
    anchors::{self, Anchor},
    keys,
};
use crate::{
    App, Result, School,
    notices::{self, Notice},
};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);
/// Events of one transaction.
const AT_ONCE: i64 = 5_000;
/// A head is signed no more often. What came since the last can be cut without a head that shows it.
const HEADS: TimeDelta = TimeDelta::minutes(10);

/// Seals until `stop` turns true. Every process that runs jobs may do so.
pub async fn keep_sealing(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        for school in app.schools() {
            if let Err(error) = seal(&app, school).await {
                let corp = school.corp();
                tracing::warn!(corp, error = &error as &dyn std::error::Error, "could not seal the audit");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Seals everything that waits. How many; 0 also where another process is at it.
pub async fn seal(app: &App, school: &School) -> Result<usize> {
    let corp = school.corp();
    let mut all = 0;
    loop {
        let mut tx = app.store().scoped(corp).await?;
        let sealed = rows::seal(&mut tx, corp, AT_ONCE, app.now()).await?;
        tx.commit().await?;
        if sealed == 0 {
            return Ok(all);
        }
        all += sealed;
    }
}

/// What waits for a number: for the metrics, which name nobody.
pub async fn waiting(app: &App, school: &School) -> Result<Waiting> {
    let mut tx = app.store().scoped(school.corp()).await?;
    let waiting = rows::unsealed(&mut tx, school.corp()).await?;
    tx.commit().await?;
    Ok(waiting)
}

/// Signs how far the chain is, where that is due, and tells it outside; whether it did. The last head of a day is the day's:
/// when the first of the next is signed, the data protection officer is told of it in WeCom, once.
pub async fn sign_if_due(app: &App, school: &School) -> Result<bool> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    if !rows::lock(&mut tx, corp).await? {
        return Ok(false);
    }
    let link = rows::last_link(&mut tx, corp).await?;
    let before = rows::last_head(&mut tx, corp, None).await?;
    let is_due = |seq| before.as_ref().is_none_or(|head| head.seq < seq && now - head.signed_at >= HEADS);
    let Some((seq, hash)) = link.filter(|(seq, _)| is_due(*seq)) else {
        // Until the lock is gone whoever seals passes by.
        tx.commit().await?;
        return Ok(false);
    };
    let day = school.today(now);
    if rows::keys(&mut tx, corp).await?.is_empty() {
        // Kept before it signs anything: nothing that is told outside is signed with a key that was lost.
        keys::make(app, &mut tx, now).await?;
        tx.commit().await?;
        tx = app.store().scoped(corp).await?;
        if !rows::lock(&mut tx, corp).await? {
            return Ok(false);
        }
    }
    let (kid, pair) = keys::signing(app, &mut tx).await?;
    let signature = pair.sign(&head_text(corp, day, seq, &hash)).as_ref().to_vec();
    let anchored = school.anchor_file.as_ref().map(|_| "file");
    let head = Head { seq, day, hash, kid, signature, anchored };
    rows::add_head(&mut tx, corp, &head, now).await?;
    if let Some(last) = before.filter(|last| last.day < day) {
        tell_officer(app, &mut tx, school, &last).await?;
    }
    if let Some(path) = &school.anchor_file {
        // Outside before it is kept: a head that is told and not kept is true all the same.
        let anchor = Anchor {
            corp,
            day,
            seq,
            hash: hex::encode(&head.hash),
            signature: hex::encode(&head.signature),
            public_key: keys::public_of(&pair),
            signed_at: now,
        };
        anchors::append(path, &anchor).await?;
    }
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(true)
}

/// Tells the data protection officer the head of a day that is over: what stands in their chat nobody here can change.
async fn tell_officer(app: &App, tx: &mut Scoped, school: &School, head: &HeadRow) -> Result<()> {
    let Some(officer) = &school.data_protection_officer else { return Ok(()) };
    let occasion = format!("audit head {}", head.day);
    let notice = Notice {
        title: "审计链头",
        description: &format!(
            "{} 封存到第 {} 号，链头 {}。请保留这条消息，核对审计记录时要用。",
            head.day,
            head.seq,
            hex::encode(&head.hash)
        ),
        path: "/admin/audit",
        button: "查看审计",
        useful_for: TimeDelta::days(2),
        urgent: false,
        occasion: Some(&occasion),
    };
    notices::tell(app, tx, school, vec![officer.clone()], notice, app.now()).await
}
