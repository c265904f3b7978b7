//! Thinks about what stands on the tiles of the workbench, and has WeCom show what differs.

use chrono::{DateTime, Utc};
use domain::CorpId;
use store::jobs::NewJob;

use super::Done;
use crate::{App, Result, School, tiles};

pub(crate) const KIND: &str = "fill_tiles";

/// The job, not before a moment: one that waits serves every change meanwhile.
pub fn job(corp: CorpId, run_at: DateTime<Utc>) -> NewJob {
    super::new(corp, KIND, run_at)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    match tiles::fill(app, school).await? {
        None => Ok(Done::Yes),
        Some(pause) => Ok(Done::Later(pause, "企业微信暂时没有响应".into())),
    }
}
