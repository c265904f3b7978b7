//! Takes announcements back.

use chrono::{DateTime, Utc};
use domain::CorpId;
use store::jobs::NewJob;

use super::Done;
use crate::{App, Result, School, announcements};

pub(crate) const KIND: &str = "recall_announcements";

/// The job; one that waits serves every announcement.
pub fn job(corp: CorpId, now: DateTime<Utc>) -> NewJob {
    super::new(corp, KIND, now)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    Ok(match announcements::recall_asked(app, school).await? {
        None => Done::Yes,
        Some(pause) => Done::Later(pause, "有几批消息暂时还不能撤回".into()),
    })
}
