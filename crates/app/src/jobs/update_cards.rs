//! Changes cards that were sent: what a tap or a cut-off made of them.

use chrono::{DateTime, Utc};
use domain::CorpId;
use store::jobs::NewJob;

use super::Done;
use crate::{App, Result, School, cards::update};

pub(crate) const KIND: &str = "update_cards";

/// The job; one that waits serves every change kept meanwhile.
pub fn job(corp: CorpId, now: DateTime<Utc>) -> NewJob {
    super::new(corp, KIND, now)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    // What is to be tried again gets a job when its time has come: one that waited would hold up the taps meanwhile.
    update::make(app, school).await?;
    Ok(Done::Yes)
}
