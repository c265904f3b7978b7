//! Freezes what waits in the outbox into batches and sends them.

use chrono::{DateTime, TimeDelta, Utc};
use domain::CorpId;
use futures_util::future;
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
    outbox::drop_needless(app, school).await?;
    // What was frozen before a stop goes first.
    let mut sending = outbox::send_frozen(app, school).await?;
    while sending == Sending::Settled {
        sending = outbox::send_frozen(app, school).await?;
    }
    let mut freezing = match sending {
        Sending::Later(pause) => return Ok(later(pause)),
        _ => outbox::freeze_next(app, school).await?,
    };
    // Then a few batches at a time, so that who reports meanwhile is left out; while they are sent, the next are frozen.
    while freezing == Freezing::Frozen {
        let (sent, next) =
            future::join(outbox::send_frozen(app, school), outbox::freeze_next(app, school)).await;
        if let Sending::Later(pause) = sent? {
            return Ok(later(pause));
        }
        freezing = next?;
    }
    Ok(match freezing {
        Freezing::NoRoom => Done::Later(TimeDelta::seconds(30), "收件人收到的消息已到上限，稍后再发".into()),
        Freezing::Frozen | Freezing::Nothing => Done::Yes,
    })
}

fn later(pause: TimeDelta) -> Done {
    Done::Later(pause, "企业微信暂时没有响应".into())
}
