//! Callbacks: verify, keep, answer. Everything else happens in a job.

use store::{inbox, jobs as queue};
use wecom::callback::Query;

use crate::{App, Error, Result, jobs, secret};

/// Proves the address to WeCom: the text to answer with, as it is.
pub fn verify(app: &App, corp: i32, name: &str, query: &Query) -> Result<String> {
    let receiver = app.school(corp)?.receiver(name).ok_or(Error::NotFound)?;
    receiver.verify_address(query).map_err(|error| {
        tracing::warn!(corp, app = name, %error, "callback address check refused");
        Error::Forbidden
    })
}

/// Keeps a message and the job that will handle it; a repeat changes nothing.
pub async fn receive(app: &App, corp: i32, name: &str, query: &Query, body: &str) -> Result<()> {
    let school = app.school(corp)?;
    let receiver = school.receiver(name).ok_or(Error::NotFound)?;
    let now = app.now();
    let received = receiver.receive_at(query, body, now).map_err(|error| {
        tracing::warn!(corp, app = name, %error, "callback refused");
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
