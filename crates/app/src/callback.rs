//! Callbacks: verify, keep, answer. Everything else happens in a job.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use store::{inbox, jobs as queue};
use wecom::{callback::Query, crypto::CryptoError};

use crate::{App, Error, Result, jobs, secret};

/// The second in which a refusal was last told, and how many were not told since.
static TOLD_AT: AtomicI64 = AtomicI64::new(0);
static UNTOLD: AtomicU64 = AtomicU64::new(0);

/// Tells of a refusal, once a second at most: a flood of forged callbacks must not fill the log.
fn tell(corp: i32, name: &str, error: CryptoError, now: DateTime<Utc>) {
    let second = now.timestamp();
    if TOLD_AT.swap(second, Ordering::Relaxed) == second {
        UNTOLD.fetch_add(1, Ordering::Relaxed);
        return;
    }
    let untold = UNTOLD.swap(0, Ordering::Relaxed);
    tracing::warn!(corp, app = name, %error, untold, "callback refused");
}

/// Proves the address to WeCom: the text to answer with, as it is.
pub fn verify(app: &App, corp: i32, name: &str, query: &Query) -> Result<String> {
    let receiver = app.school(corp)?.receiver(name).ok_or(Error::NotFound)?;
    receiver.verify_address(query).map_err(|error| {
        tell(corp, name, error, app.now());
        Error::Forbidden
    })
}

/// Keeps a message and the job that will handle it; a repeat changes nothing.
pub async fn receive(app: &App, corp: i32, name: &str, query: &Query, body: &str) -> Result<()> {
    let school = app.school(corp)?;
    let receiver = school.receiver(name).ok_or(Error::NotFound)?;
    let now = app.now();
    let received = receiver.receive_at(query, body, now).map_err(|error| {
        tell(corp, name, error, now);
        Error::Forbidden
    })?;
    let digest = secret::hash(received.xml.as_bytes());
    let row = hex::encode(&digest);
    let message = inbox::NewMessage {
        corp_id: corp,
        app: name.to_owned(),
        event: received.event.name().to_owned(),
        message: app.store().keyring().seal(inbox::place(corp, &row), received.xml.as_bytes())?,
        digest,
        received_at: now,
    };
    let mut tx = app.store().scoped(corp).await?;
    if inbox::insert(&mut tx, &message).await? {
        let job = match inbox::FROM_MEMBERS.contains(&message.event.as_str()) {
            true => jobs::answer_members::job(corp, now),
            false => jobs::handle_inbox::job(corp, now),
        };
        queue::add(&mut tx, &job, now).await?;
    }
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}
