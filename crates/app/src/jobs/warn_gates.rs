//! Tells the security office of alarms at the gates.

use chrono::{DateTime, Utc};
use domain::CorpId;
use store::jobs::NewJob;

use super::Done;
use crate::{App, Result, School, gate_alarms};

pub(crate) const KIND: &str = "warn_gates";

/// The job; one that waits serves everything raised meanwhile.
pub fn job(corp: CorpId, now: DateTime<Utc>) -> NewJob {
    super::new(corp, KIND, now)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    gate_alarms::tell(app, school).await?;
    Ok(Done::Yes)
}
