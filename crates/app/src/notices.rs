//! A word to a few people that something waits for them. It may stand on a lock screen: it never says about whom.

use chrono::{DateTime, TimeDelta, Utc};
use store::{
    Scoped, jobs as queue,
    mailings::{self, Kind, NewMailing},
};

use crate::{
    App, Error, Result, School,
    jobs::send_messages,
    outbox::{self, Card, Content},
};

/// What is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice<'a> {
    /// Heading.
    pub title: &'a str,
    /// A sentence.
    pub description: &'a str,
    /// The page it opens, a path of this host.
    pub path: &'a str,
    /// On the button.
    pub button: &'a str,
    /// For how long it is of use.
    pub useful_for: TimeDelta,
    /// Quiet hours do not hold it back.
    pub urgent: bool,
    /// At most one of an occasion is told. None: the act it tells of happens once.
    pub occasion: Option<&'a str>,
}

/// Puts a notice into the outbox, in the transaction of what it tells of, unless its occasion was told. The caller rings
/// `job_added` after its commit.
pub(crate) async fn tell(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    to: Vec<String>,
    notice: Notice<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let corp = school.corp();
    let new = NewMailing {
        kind: Kind::Notice,
        occasion: notice.occasion,
        about: None,
        rule_id: None,
        by_member: None,
        urgent: notice.urgent,
        at: now,
    };
    let Some(mailing) = mailings::add(tx, corp, new).await? else {
        return match notice.occasion {
            Some(_) => Ok(()),
            None => Err(Error::internal("a mailing without an occasion met another")),
        };
    };
    let card = Card {
        title: notice.title.to_owned(),
        description: notice.description.to_owned(),
        path: notice.path.to_owned(),
        button: notice.button.to_owned(),
    };
    outbox::say(app, tx, corp, mailing, "", &Content::Card(card)).await?;
    let to: Vec<String> = to.iter().map(|userid| userid.to_lowercase()).collect();
    mailings::address(tx, corp, mailing, "", &to, now + notice.useful_for, now).await?;
    queue::add(tx, &send_messages::job(corp, now), now).await?;
    Ok(())
}
