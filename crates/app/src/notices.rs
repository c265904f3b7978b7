//! A word to a few people that something waits for them. It may stand on a lock screen: it never says about whom.

use chrono::{DateTime, TimeDelta, Utc};
use store::{Scoped, jobs as queue, outbox};
use wecom::{Content, Message};

use crate::{Error, Result, School, jobs::send_messages, reminders};

/// What is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice<'a> {
    /// Heading.
    pub title: &'a str,
    /// A sentence.
    pub description: &'a str,
    /// The page it opens, a path of this host. What makes the notice a message of its own must be in it: WeCom swallows
    /// the same one sent twice.
    pub path: &'a str,
    /// On the button.
    pub button: &'a str,
    /// For how long it is of use.
    pub useful_for: TimeDelta,
}

/// Freezes a notice in the transaction of what it tells of. The caller rings `job_added` after its commit.
pub(crate) async fn tell(
    tx: &mut Scoped,
    school: &School,
    to: Vec<String>,
    notice: Notice<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let recipients = to.len();
    let message = Message {
        to: to.into(),
        agent_id: school.agent_id,
        content: Content::TextCard {
            title: notice.title.into(),
            description: notice.description.into(),
            url: format!("{}{}", school.public_url, notice.path),
            button: Some(notice.button.into()),
        },
        duplicate_check: Some(reminders::DUPLICATE_WINDOW),
    };
    let body =
        message.to_body().map_err(|error| Error::Internal("a notice".into(), Some(Box::new(error))))?;
    let batch = outbox::NewBatch {
        app: school.wecom.name(),
        recipients,
        useful_until: now + notice.useful_for,
        at: now,
    };
    outbox::freeze(tx, school.corp(), batch, |_| body).await?;
    queue::add(tx, &send_messages::job(school.corp(), now), now).await?;
    Ok(())
}
