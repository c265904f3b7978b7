//! Sends the announcements whose time has come.

use chrono::{DateTime, Utc};
use domain::CorpId;
use store::jobs::NewJob;

use super::Done;
use crate::{App, Result, School, announcements};

pub(crate) const KIND: &str = "send_announcements";

/// The job; one that waits for a moment serves everything that is due by then.
pub fn job(corp: CorpId, send_at: DateTime<Utc>, now: DateTime<Utc>) -> NewJob {
    let now_or_later = super::new(corp, KIND, now);
    if send_at <= now {
        return now_or_later;
    }
    NewJob { run_at: send_at, unique_key: Some(format!("{KIND} {}", send_at.timestamp())), ..now_or_later }
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    announcements::send_due(app, school).await?;
    Ok(Done::Yes)
}
