//! Who signed in, who was refused, whose code was wrong: for auditors, for 180 days. What somebody changed is in the audit.
//!
//! What went well is written in its own transaction. Refusals and failed sign-ins come as fast as somebody likes: they are counted
//! in memory and written a few seconds later, one row a minute, so that a storm costs no more than a look into a map. A process
//! that is killed loses what it counted since.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use domain::{
    CorpId, MemberId,
    policy::{Action, Viewer},
    security_event::{Failing, Kind, minute},
    session::Channel,
};
use store::security_events::{self as rows, Event};
use tokio::sync::watch;

pub use store::security_events::{Question, Row};

use crate::{App, Error, Page, Result, School, page};

/// How often what was counted is written.
const EVERY: Duration = Duration::from_secs(10);
/// Counted apart at most, until it is written.
const MOST: usize = 50_000;
/// Codes of wrong input. What somebody mistypes is nobody's business; so much of it between two writings is kept.
const WRONG_INPUT: [&str; 5] = ["invalid", "malformed", "too_large", "unsupported_media_type", "packed_body"];
const BULK: i32 = 10;
/// From when on the networks of strangers are told apart no more: who has very many of them would write a row for each, every minute.
const SPREAD: usize = 500;

/// From where somebody asks.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Inside 企业微信 or in a browser.
    pub channel: Channel,
    /// The network of the address, as `domain::security_event::network` writes it; empty: unknown.
    pub network: &'a str,
}

/// What this process has counted.
#[derive(Debug, Default)]
pub(crate) struct Noted(Mutex<HashMap<Counted, i32>>);

impl Noted {
    fn counts(&self) -> MutexGuard<'_, HashMap<Counted, i32>> {
        // Nothing in here can be half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, mut counted: Counted, times: i32) {
        let mut counts = self.counts();
        if counted.member.is_none() && counts.len() >= SPREAD && !counts.contains_key(&counted) {
            counted.network.clear();
        }
        if counts.len() < MOST || counts.contains_key(&counted) {
            let known = counts.entry(counted).or_default();
            *known = known.saturating_add(times);
        }
    }
}

/// What is told apart within a minute.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Counted {
    corp: CorpId,
    kind: Kind,
    minute: DateTime<Utc>,
    member: Option<MemberId>,
    reason: &'static str,
    channel: Channel,
    network: String,
    operation: String,
}

/// Counts that somebody was refused an operation: its method and route, without ids. `reason`: the code of the refusal; `member`
/// none: nobody is known.
pub fn refused(
    app: &App,
    corp: CorpId,
    member: Option<MemberId>,
    reason: &'static str,
    operation: String,
    origin: Origin<'_>,
) {
    let counted = Counted {
        corp,
        kind: Kind::Refused,
        minute: minute(app.now()),
        member,
        reason,
        channel: origin.channel,
        network: origin.network.to_owned(),
        operation,
    };
    app.security_events().add(counted, 1);
}

/// Counts that a sign-in ended in no session.
pub(crate) fn sign_in_failed(app: &App, school: &School, why: Failing, origin: Origin<'_>) {
    let counted = Counted {
        corp: school.corp(),
        kind: Kind::SignInFailed,
        minute: minute(app.now()),
        member: None,
        reason: why.as_str(),
        channel: origin.channel,
        network: origin.network.to_owned(),
        operation: String::new(),
    };
    app.security_events().add(counted, 1);
}

/// Writes what was counted.
pub async fn flush(app: &App) {
    let mut waiting: Vec<(Counted, i32)> =
        std::mem::take(&mut *app.security_events().counts()).into_iter().collect();
    waiting.retain(|(counted, times)| *times >= BULK || !WRONG_INPUT.contains(&counted.reason));
    // In one order in all processes: two that write the same rows wait for each other, and not in a circle.
    waiting.sort_by(|(one, _), (other, _)| {
        let key =
            |counted: &Counted| (counted.minute, counted.member, counted.reason, counted.channel.as_str());
        (key(one), &one.operation, &one.network).cmp(&(key(other), &other.operation, &other.network))
    });
    for school in app.schools() {
        let corp = school.corp();
        let own: Vec<&(Counted, i32)> = waiting.iter().filter(|(counted, _)| counted.corp == corp).collect();
        if own.is_empty() {
            continue;
        }
        if let Err(error) = write(app, corp, &own).await {
            tracing::warn!(corp, error = &error as &dyn std::error::Error, "could not keep who was refused");
            // Once more with the next.
            for (counted, times) in own {
                app.security_events().add(counted.clone(), *times);
            }
        }
    }
}

async fn write(app: &App, corp: CorpId, own: &[&(Counted, i32)]) -> Result<()> {
    let mut tx = app.store().scoped(corp).await?;
    for (counted, times) in own {
        let event = Event {
            kind: counted.kind,
            member: counted.member,
            reason: counted.reason,
            channel: counted.channel,
            network: &counted.network,
            operation: &counted.operation,
            at: counted.minute,
        };
        rows::add(&mut tx, corp, event, *times).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Writes it every few seconds, and a last time when `stop` turns true.
pub async fn keep_flushing(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
        flush(&app).await;
    }
}

/// What happened, the newest first; `before` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    question: Question,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Row>> {
    if !viewer.may(Action::Audit) {
        return Err(Error::Forbidden);
    }
    if question.from.zip(question.until).is_some_and(|(from, until)| from >= until) {
        return Err(Error::field("until", "结束时间应晚于开始时间，请核对"));
    }
    let before = before.map(page::parse_moment).transpose()?;
    let mut tx = app.store().reading(school.corp()).await?;
    let found = rows::list(&mut tx, school.corp(), &question, before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(found, limit, |row: &Row| page::moment(row.at, row.event_id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_from_everywhere_is_a_few_rows() {
        let noted = Noted::default();
        for place in 0..2_000 {
            let counted = Counted {
                corp: 1,
                kind: Kind::SignInFailed,
                minute: DateTime::UNIX_EPOCH,
                member: None,
                reason: Failing::UnknownState.as_str(),
                channel: Channel::Browser,
                network: format!("2001:db8:{place:x}::/48"),
                operation: String::new(),
            };
            noted.add(counted, 1);
        }
        let counts = noted.counts();
        assert_eq!((counts.len(), counts.values().sum::<i32>()), (SPREAD + 1, 2_000));
    }
}
