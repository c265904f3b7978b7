//! Tells those in charge that reports stand out.

use chrono::{DateTime, Utc};
use domain::CorpId;
use store::jobs::NewJob;

use super::Done;
use crate::{App, Result, School, reviews};

pub(crate) const KIND: &str = "warn_reviews";

/// The job; one that waits serves everything noticed meanwhile.
pub fn job(corp: CorpId, now: DateTime<Utc>) -> NewJob {
    super::new(corp, KIND, now)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    reviews::warn(app, school).await?;
    Ok(Done::Yes)
}
