//! Tells those who audit that somebody reads unusually much.

use chrono::{DateTime, Utc};
use domain::CorpId;
use store::jobs::NewJob;

use super::Done;
use crate::{App, Result, School, reading_alarms};

pub(crate) const KIND: &str = "warn_readings";

/// The job; one that waits serves everything raised meanwhile.
pub fn job(corp: CorpId, now: DateTime<Utc>) -> NewJob {
    super::new(corp, KIND, now)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    reading_alarms::tell(app, school).await?;
    Ok(Done::Yes)
}
