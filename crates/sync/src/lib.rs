//! The mirror: WeCom's directory into Postgres. Fetch, stage, diff, guard, apply.
//!
//! A run reads WeCom without a transaction open, copies what it saw into staging, compares it with the mirror
//! ([`diff`]), holds back removals that look like a mistake ([`guard`]), and writes what differs in one
//! transaction. Killed anywhere before that, it changes nothing. One run at a time works on a school.

#![warn(clippy::large_futures)]

pub mod diff;
pub mod follow;
pub mod guard;
pub mod picture;
pub mod tags;

pub use fetch::explain;

mod apply;
mod fetch;
mod rename;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{CorpId, DepartmentId, MemberId, audit::Act, kinds::TagId};
use ring::digest;
use store::{
    AsyncPgConnection, Store,
    audit::{self, Event},
    change_sets::{self, Undone},
    corps::Corp,
    grants, kinds, members,
    staging::Stage,
    sync_runs,
};
use tokio::time::{Duration, Instant};

use crate::{
    apply::{Counts, Dates},
    diff::Subjects,
    guard::{Held, Lately, Verdict},
    picture::{Kept, Seen},
};

/// Members looked at one by one; with more, it is less work to look at everyone.
const MANY_HINTS: usize = 300;
/// How long a hint waits for a run that is under way, in seconds.
const PATIENCE: u32 = 30;
/// The span of the budget of closures.
const BUDGET_SPAN: TimeDelta = TimeDelta::hours(1);

/// Why a run took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The service started.
    Boot,
    /// The clock.
    Schedule,
    /// Somebody asked.
    Command,
    /// A callback.
    Event,
    /// Held removals were approved.
    Approval,
}

impl Trigger {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Schedule => "schedule",
            Self::Command => "command",
            Self::Event => "event",
            Self::Approval => "approval",
        }
    }

    /// The trigger of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Boot, Self::Schedule, Self::Command, Self::Event, Self::Approval]
            .into_iter()
            .find(|trigger| trigger.as_str() == name)
    }
}

/// What events pointed at. They say when to look; what is, is read from WeCom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// User ids, in any case.
    pub members: Vec<String>,
    /// Departments.
    pub departments: Vec<DepartmentId>,
    /// Tags.
    pub tags: Vec<TagId>,
    /// Accounts that got another user id: before and after. Only an event says so; for the read API one account is
    /// gone and another is there.
    pub renamed: Vec<(String, String)>,
}

impl Hints {
    /// So many that reading everyone is less work than asking for each.
    pub fn are_many(&self) -> bool {
        self.keys().len() > MANY_HINTS
    }

    fn keys(&self) -> BTreeSet<String> {
        self.members.iter().map(|userid| userid.to_lowercase()).collect()
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Everything was applied.
    Applied,
    /// Removals are held; everything else was applied.
    Held,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its number.
    pub run_id: i64,
    /// How it ended.
    pub state: State,
    /// Departments WeCom showed.
    pub departments_seen: usize,
    /// Members WeCom showed.
    pub members_seen: usize,
    /// Of these, members whose names it did not show.
    pub members_not_visible: usize,
    /// Rows added.
    pub rows_added: usize,
    /// Rows changed.
    pub rows_changed: usize,
    /// Rows closed.
    pub rows_closed: usize,
    /// Removals held back.
    pub rows_held: usize,
    /// SHA-256 over them: what an approval names.
    pub held_digest: Option<Vec<u8>>,
    /// Why something was held, or what could not be read; in Chinese.
    pub reason: Option<String>,
    /// What of the tags could not be read; in Chinese.
    pub tag_gaps: Option<String>,
    /// How long it waited for WeCom's answers.
    pub reading: Duration,
}

impl Outcome {
    /// Rows written in all; 0 when WeCom showed nothing new.
    pub fn rows_written(&self) -> usize {
        self.rows_added + self.rows_changed + self.rows_closed
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "第 {} 次同步：部门 {} 个，成员 {} 人；新增 {} 行，变更 {} 行，关闭 {} 行",
            self.run_id,
            self.departments_seen,
            self.members_seen,
            self.rows_added,
            self.rows_changed,
            self.rows_closed
        )?;
        if self.members_not_visible > 0 {
            write!(f, "；应用看不到 {} 人的姓名", self.members_not_visible)?;
        }
        if self.state == State::Held {
            write!(f, "；{} 项移除待批准", self.rows_held)?;
        }
        for told in self.reason.iter().chain(&self.tag_gaps) {
            write!(f, "（{told}）")?;
        }
        Ok(())
    }
}

/// Why a run did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another run is at work on this school.
    #[error("another run is at work")]
    Busy,
    /// WeCom can't be read.
    #[error("wecom can't be read")]
    Wecom(#[from] wecom::Error),
    /// Postgres failed.
    #[error("the store failed")]
    Store(#[from] store::Error),
    /// There is no such run, or it holds nothing.
    #[error("the run holds nothing")]
    NotHeld,
    /// What is held now is not what was shown.
    #[error("what is held has changed")]
    Stale,
    /// There is no such run, it changed nothing, or it was reverted before.
    #[error("the run changed nothing that could be reverted")]
    NotRevertible,
    /// Putting it back would give a grant to whoever asks for it, or make their account another's.
    #[error("reverting gives a grant to whoever asks")]
    GivesOneself,
    /// Rows of the run were changed since.
    #[error("rows of the run were changed since")]
    ChangedSince,
}

/// Shorthand for this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The mirror of one school's directory.
#[derive(Debug, Clone)]
pub struct Mirror {
    /// Where it is kept.
    pub store: Store,
    /// Whose it is.
    pub corp: Corp,
    /// Reads names, positions and leaders in the app's visible range.
    pub app: wecom::Client,
    /// Lists everyone, if the school has set up the contacts-sync assistant.
    pub contacts: Option<wecom::Client>,
}

/// What a run looks at, and what it was allowed beforehand.
enum Look<'a> {
    Everyone,
    /// Members by lower-cased userid, and tags.
    Few(BTreeSet<String>, BTreeSet<TagId>),
    Approved {
        run: i64,
        digest: &'a [u8],
    },
}

/// Why a run takes place and what it is to look at.
struct Task<'a> {
    trigger: Trigger,
    look: Look<'a>,
    /// Before and after, lower-cased.
    renamed: Vec<(String, String)>,
    /// Seconds to wait for a run that is under way.
    patience: u32,
}

impl Mirror {
    /// Makes the whole mirror equal WeCom. `today` is the school's day at `now`.
    pub async fn full(&self, trigger: Trigger, now: DateTime<Utc>, today: NaiveDate) -> Result<Outcome> {
        let task = Task { trigger, look: Look::Everyone, renamed: Vec::new(), patience: 0 };
        self.run(task, now, today).await
    }

    /// Looks at what events pointed at. The tree is always read whole: it is one answer.
    pub async fn refresh(&self, hints: Hints, now: DateTime<Utc>, today: NaiveDate) -> Result<Outcome> {
        let keys = hints.keys();
        let renamed = (hints.renamed.iter())
            .map(|(before, after)| (before.to_lowercase(), after.to_lowercase()))
            .filter(|(before, after)| before != after)
            .collect();
        let mut tx = self.store.scoped(self.corp.corp_id).await?;
        let begun = sync_runs::history_has_begun(&mut tx, self.corp.corp_id).await?;
        tx.commit().await?;
        let tags = hints.tags.iter().copied().collect();
        let look = if begun && keys.len() <= MANY_HINTS { Look::Few(keys, tags) } else { Look::Everyone };
        let task = Task { trigger: Trigger::Event, look, renamed, patience: PATIENCE };
        self.run(task, now, today).await
    }

    /// Applies what a run held, if WeCom still shows exactly that: reads everything anew and compares digests.
    pub async fn approve(
        &self,
        run: i64,
        digest: &[u8],
        now: DateTime<Utc>,
        today: NaiveDate,
    ) -> Result<Outcome> {
        let mut tx = self.store.scoped(self.corp.corp_id).await?;
        let found = sync_runs::find(&mut tx, self.corp.corp_id, run).await?;
        tx.commit().await?;
        let found = found.filter(|found| found.state == "held").ok_or(Error::NotHeld)?;
        if found.held_digest.as_deref() != Some(digest) {
            return Err(Error::Stale);
        }
        let look = Look::Approved { run, digest };
        let task = Task { trigger: Trigger::Approval, look, renamed: Vec::new(), patience: PATIENCE };
        let outcome = self.run(task, now, today).await?;
        match outcome.state {
            State::Applied => Ok(outcome),
            State::Held => Err(Error::Stale),
        }
    }

    /// Settles a held run without applying it. The next run looks anew, and holds again what still looks wrong.
    pub async fn discard(&self, run: i64, by: MemberId, now: DateTime<Utc>) -> Result<()> {
        let corp = self.corp.corp_id;
        let mut tx = self.store.scoped(corp).await?;
        if sync_runs::settle(&mut tx, corp, run, "discarded", "已放弃").await? != 1 {
            return Err(Error::NotHeld);
        }
        let event = Event::new(corp, Act::RemovalsDiscarded, Some(by), now).on("sync_run", run);
        audit::insert(&mut tx, event).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Puts back everything a run changed, as long as no row of it was changed since. The next run looks anew: what
    /// WeCom still shows comes again, and what the guard would hold is held. Not by whom it would give a grant.
    pub async fn revert(&self, run: i64, by: MemberId, now: DateTime<Utc>, today: NaiveDate) -> Result<()> {
        let corp = self.corp.corp_id;
        let stage = Stage::open(&self.store, corp, PATIENCE).await?.ok_or(Error::Busy)?;
        let mut tx = self.store.scoped(corp).await?;
        members::lock(&mut tx, corp).await?;
        let before = grants::holding(&mut tx, corp, by, today).await?;
        let changes = change_sets::of_run(&mut tx, corp, run).await?.ok_or(Error::NotRevertible)?;
        match change_sets::undo(&mut tx, corp, changes.change_set_id, by, now).await? {
            Undone::Yes => {}
            Undone::Nothing => return Err(Error::NotRevertible),
            Undone::ChangedSince => return Err(Error::ChangedSince),
        }
        if before.grew_to(&grants::holding(&mut tx, corp, by, today).await?) {
            return Err(Error::GivesOneself);
        }
        sync_runs::mark_reverted(&mut tx, corp, run, now).await?;
        tx.commit().await?;
        drop(stage);
        tracing::info!(corp, run, rows = changes.rows_changed, "a run was reverted");
        Ok(())
    }

    async fn run(&self, task: Task<'_>, now: DateTime<Utc>, today: NaiveDate) -> Result<Outcome> {
        let Task { trigger, look, renamed, patience } = task;
        let corp = self.corp.corp_id;
        let started = Instant::now();
        let ended = || now + TimeDelta::from_std(started.elapsed()).unwrap_or_default();
        let stage = Stage::open(&self.store, corp, patience).await?.ok_or(Error::Busy)?;

        let mut tx = self.store.scoped(corp).await?;
        // The lock is ours, so whatever still says "running" is dead.
        sync_runs::bury(&mut tx, corp, now, "上次同步中途停止").await?;
        let run = sync_runs::start(&mut tx, corp, trigger.as_str(), now).await?;
        tx.commit().await?;

        let outcome = self.work(&stage, run, look, renamed, ended, today).await;
        if let Err(error) = stage.clear().await {
            tracing::warn!(corp, run, %error, "staging was not cleared; the next run does it");
        }
        match &outcome {
            Ok(outcome) => tracing::info!(
                corp,
                run,
                trigger = trigger.as_str(),
                state = ?outcome.state,
                departments = outcome.departments_seen,
                members = outcome.members_seen,
                not_visible = outcome.members_not_visible,
                added = outcome.rows_added,
                changed = outcome.rows_changed,
                closed = outcome.rows_closed,
                held = outcome.rows_held,
                milliseconds = started.elapsed().as_millis() as u64,
                "synced"
            ),
            Err(error) => self.record_failure(run, error, ended()).await,
        }
        outcome
    }

    async fn work(
        &self,
        stage: &Stage,
        run: i64,
        look: Look<'_>,
        renamed: Vec<(String, String)>,
        ended: impl Fn() -> DateTime<Utc>,
        today: NaiveDate,
    ) -> Result<Outcome> {
        let corp = self.corp.corp_id;
        let began = Instant::now();
        let seen = match &look {
            Look::Few(keys, tags) => fetch::some(&self.app, self.contacts.as_ref(), keys, tags).await?,
            Look::Everyone | Look::Approved { .. } => fetch::all(&self.app, self.contacts.as_ref()).await?,
        };
        let reading = began.elapsed();
        apply::stage(stage, run, &seen).await?;

        let mut tx = self.store.scoped(corp).await?;
        let mut kept = apply::load(&mut tx, corp).await?;
        let begun = sync_runs::history_has_begun(&mut tx, corp).await?;
        let lately = lately(&mut tx, corp, ended() - BUDGET_SPAN).await?;
        tx.commit().await?;

        let renamed = rename::settle(&mut kept, &seen, renamed);
        let subjects = match &look {
            Look::Few(keys, _) => Subjects::Only(keys),
            Look::Everyone | Look::Approved { .. } => Subjects::All,
        };
        let members = diff::members(&kept, &seen, subjects);
        let gone = diff::gone_departments(&kept, &seen);
        let judged = guard::judge(&kept, &seen, &members, &gone, &lately);
        let verdict = match &look {
            // Nobody can approve what was not read: with a gap the same names may be missing for another reason.
            Look::Approved { digest, .. }
                if seen.gaps.is_empty() && digest_of(&judged.held).as_deref() == Some(*digest) =>
            {
                guard::approve(&kept, &members, &gone)
            }
            _ => judged,
        };
        let first = self.corp.records_begin_on.min(today);
        let dates = Dates { from: if begun { today } else { first }, today, now: ended() };
        let mut tx = self.store.scoped(corp).await?;
        members::lock(&mut tx, corp).await?;
        // Under the lock, so that rules somebody saved meanwhile are those the tree is written by.
        let rules = kinds::rules(&mut tx, corp).await?;
        let tree = diff::tree(&kept, &seen, &verdict.keep, &rules);
        let (only, all) = match &look {
            Look::Few(_, tags) => (Some(tags), false),
            Look::Everyone | Look::Approved { .. } => (None, true),
        };
        let tags = tags::diff(&kept, &seen, &verdict, &tree, only, all);
        // The first look is no change that anyone would take back, and the largest of all.
        let changes = if begun { Some(change_sets::begin(&mut tx).await?) } else { None };
        let changed = apply::Changed {
            tree: &tree,
            members: &members,
            verdict: &verdict,
            renamed: &renamed,
            tags: &tags,
        };
        let counts = apply::apply(&mut tx, corp, run, dates, changed).await?;
        let mut end = describe_end(&seen, &counts, &verdict, ended());
        if tags.held > 0 {
            let told = format!("数据没有读全，{} 项标签移除没有执行", tags.held);
            end.tag_gaps = Some(end.tag_gaps.into_iter().chain([told]).collect::<Vec<_>>().join("；"));
        }
        if let Some(changes) = changes {
            let title = format!("第 {run} 次同步");
            let at = end.finished_at.unwrap_or_else(&ended);
            let act = change_sets::Act { kind: "sync", run_id: Some(run), title: &title, by: None, at };
            change_sets::end(&mut tx, corp, changes, act).await?;
        }
        sync_runs::hold(&mut tx, corp, run, &held_rows(&kept, &verdict.held)).await?;
        sync_runs::finish(&mut tx, corp, run, &end).await?;
        match look {
            Look::Few(..) => {}
            Look::Everyone => {
                sync_runs::supersede(&mut tx, corp, run, &format!("由第 {run} 次同步代替")).await?;
            }
            Look::Approved { run: approved, .. } => {
                if verdict.held.is_empty() {
                    let reason = format!("已批准，由第 {run} 次同步执行");
                    sync_runs::settle(&mut tx, corp, approved, "applied", &reason).await?;
                }
                sync_runs::supersede(&mut tx, corp, run, &format!("由第 {run} 次同步代替")).await?;
            }
        }
        tx.commit().await?;
        Ok(Outcome {
            run_id: run,
            state: if verdict.held.is_empty() { State::Applied } else { State::Held },
            departments_seen: seen.departments.len(),
            members_seen: seen.members.len(),
            members_not_visible: end.members_not_visible as usize,
            rows_added: counts.added,
            rows_changed: counts.changed,
            rows_closed: counts.closed,
            rows_held: verdict.held.len(),
            held_digest: end.held_digest,
            reason: end.reason,
            tag_gaps: end.tag_gaps,
            reading,
        })
    }

    async fn record_failure(&self, run: i64, error: &Error, ended: DateTime<Utc>) {
        let corp: CorpId = self.corp.corp_id;
        let reason = match error {
            Error::Wecom(error) => fetch::explain(error),
            _ => "内部错误".into(),
        };
        tracing::warn!(corp, run, error = error as &dyn std::error::Error, "sync failed");
        let end = sync_runs::End {
            state: "failed".into(),
            finished_at: Some(ended),
            reason: Some(reason),
            ..sync_runs::End::default()
        };
        let recorded = async {
            let mut tx = self.store.scoped(corp).await?;
            sync_runs::finish(&mut tx, corp, run, &end).await?;
            tx.commit().await
        };
        if let Err(error) = recorded.await {
            tracing::warn!(corp, run, %error, "the failure was not recorded; the next run does it");
        }
    }
}

async fn lately(conn: &mut AsyncPgConnection, corp: CorpId, since: DateTime<Utc>) -> Result<Lately> {
    let count = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    let members = count(sync_runs::closed_since(conn, corp, since).await?);
    let lost = sync_runs::lost_since(conn, corp, since).await?;
    Ok(Lately { members, departments: lost.into_iter().map(|(id, lost)| (id, count(lost))).collect() })
}

fn describe_end(seen: &Seen, counts: &Counts, verdict: &Verdict<'_>, ended: DateTime<Utc>) -> sync_runs::End {
    let int = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let held = !verdict.held.is_empty();
    let reasons: Vec<String> =
        if held { verdict.reasons.iter().map(ToString::to_string).collect() } else { seen.gaps.clone() };
    sync_runs::End {
        state: if held { "held" } else { "applied" }.into(),
        finished_at: Some(ended),
        departments_seen: int(seen.departments.len()),
        members_seen: int(seen.members.len()),
        members_not_visible: int(seen.members.values().filter(|member| !member.visible).count()),
        rows_added: int(counts.added),
        rows_changed: int(counts.changed),
        rows_closed: int(counts.closed),
        members_closed: int(counts.members_closed),
        rows_held: int(verdict.held.len()),
        held_digest: digest_of(&verdict.held),
        reason: (!reasons.is_empty()).then(|| reasons.join("；")),
        tags_seen: int(seen.tags.tags.as_ref().map_or(0, |tags| tags.len())),
        tag_gaps: (!seen.tags.gaps.is_empty()).then(|| seen.tags.gaps.join("；")),
    }
}

fn held_rows(kept: &Kept, held: &[Held]) -> Vec<sync_runs::Held> {
    held.iter()
        .map(|held| {
            let (kind, subject) = subject_of(held);
            let (name, place) = match held {
                Held::Department(id, name) => (name, kept.path(*id)),
                Held::Member(userid, name) => {
                    let places = kept.members.get(&userid.to_lowercase()).into_iter();
                    let places = places.flat_map(|member| &member.departments).map(|(id, _)| kept.path(*id));
                    (name, places.collect::<Vec<_>>().join("、"))
                }
                Held::Membership(_, id, name) => (name, kept.path(*id)),
            };
            sync_runs::Held { kind: kind.into(), subject, name: name.clone(), place }
        })
        .collect()
}

fn subject_of(held: &Held) -> (&'static str, String) {
    match held {
        Held::Department(id, _) => ("department", id.to_string()),
        Held::Member(userid, _) => ("member", userid.clone()),
        Held::Membership(userid, id, _) => ("membership", format!("{userid}/{id}")),
    }
}

/// SHA-256 over what is held, whatever its names are. `None` when nothing is.
fn digest_of(held: &[Held]) -> Option<Vec<u8>> {
    if held.is_empty() {
        return None;
    }
    let mut lines: Vec<String> =
        held.iter().map(subject_of).map(|(kind, subject)| format!("{kind} {subject}\n")).collect();
    lines.sort_unstable();
    Some(digest::digest(&digest::SHA256, lines.concat().as_bytes()).as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_says_what_is_held_and_not_in_which_order_or_by_which_name() {
        let a = Held::Member("a".into(), "甲".into());
        let b = Held::Membership("b".into(), 4, "乙".into());
        let digest = digest_of(&[a.clone(), b.clone()]);
        assert_eq!(digest, digest_of(&[b.clone(), Held::Member("a".into(), "新名".into())]));
        assert_ne!(digest, digest_of(&[a]));
        assert_ne!(
            digest,
            digest_of(&[Held::Member("a".into(), "甲".into()), Held::Member("b/4".into(), "".into())])
        );
        assert_eq!(digest_of(&[]), None);
    }

    /// Compiles only if runs can be spawned.
    #[allow(dead_code)]
    fn a_run_can_be_spawned(mirror: &Mirror, now: DateTime<Utc>, today: NaiveDate) {
        fn spawnable(_: impl Future + Send) {}
        spawnable(mirror.full(Trigger::Boot, now, today));
        spawnable(mirror.refresh(Hints::default(), now, today));
        spawnable(mirror.approve(1, &[], now, today));
        spawnable(mirror.discard(1, 1, now));
        spawnable(mirror.revert(1, 1, now, now.date_naive()));
    }

    #[test]
    fn triggers_are_read_back() {
        for trigger in [Trigger::Boot, Trigger::Schedule, Trigger::Command, Trigger::Event, Trigger::Approval]
        {
            assert_eq!(Trigger::parse(trigger.as_str()), Some(trigger));
        }
    }
}
