//! Freezes what waits in the outbox into batches and sends them.

use chrono::{DateTime, TimeDelta, Utc};
use domain::CorpId;
use store::jobs::NewJob;

use super::Done;
use crate::{
    App, Result, School,
    outbox::{self, Freezing, Sending},
};

pub(crate) const KIND: &str = "send_messages";

/// The job; one that waits serves every mailing planned meanwhile.
pub fn job(corp: CorpId, now: DateTime<Utc>) -> NewJob {
    super::new(corp, KIND, now)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    loop {
        // What was frozen before a stop goes first; then a few batches at a time, so that who reports meanwhile is left out.
        match outbox::send_frozen(app, school).await? {
            Sending::Settled => {}
            Sending::Later(pause) => {
                return Ok(Done::Later(pause, "WeCom could not be asked".into()));
            }
            Sending::Empty => match outbox::freeze_next(app, school).await? {
                Freezing::Frozen => {}
                Freezing::Nothing => return Ok(Done::Yes),
                Freezing::NoRoom => {
                    return Ok(Done::Later(
                        TimeDelta::seconds(30),
                        "those who wait have had their fill".into(),
                    ));
                }
            },
        }
    }
}
