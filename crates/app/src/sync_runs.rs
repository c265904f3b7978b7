//! Runs of the directory sync, for administrators.

use chrono::TimeDelta;
use domain::{
    audit::Act,
    policy::{Action, Role, Viewer},
};
use store::{
    audit::{self, Event},
    change_sets, jobs as queue,
    sync_runs::{self, Drift, Held, Run},
    viewers,
};

use crate::{
    App, Error, Page, Result, School,
    jobs::{approve_held, sync_directory},
    notices::{self, Notice},
};

/// Held removals shown at most; the digest covers all of them.
const SHOWN: i64 = 1000;

fn administer(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Runs, newest first; `before` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Run>> {
    administer(viewer)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = sync_runs::list(&mut tx, school.corp(), before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |run| run.run_id.to_string()))
}

/// A run and what can be done about it.
#[derive(Debug)]
pub struct Detail {
    /// The run.
    pub run: Run,
    /// The first of the removals it held back.
    pub held: Vec<Held>,
    /// Whether what it changed can still be put back.
    pub revertible: bool,
    /// The run whose held removals have taken the place of these.
    pub superseded_by: Option<i64>,
}

/// A run, with the first of the removals it held back.
pub async fn get(app: &App, school: &School, viewer: &Viewer, run: i64) -> Result<Detail> {
    administer(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let found = sync_runs::find(&mut tx, corp, run).await?.ok_or(Error::NotFound)?;
    let held = sync_runs::held(&mut tx, corp, run, SHOWN).await?;
    let changes = change_sets::of_run(&mut tx, corp, run).await?;
    let superseded_by =
        if held.is_empty() { None } else { sync_runs::held_after(&mut tx, corp, run).await? };
    tx.commit().await?;
    let revertible = changes.is_some_and(|changes| changes.undone_at.is_none());
    Ok(Detail { run: found, held, revertible, superseded_by })
}

/// Asks for a run now; false when one waits already.
pub async fn ask(app: &App, school: &School, viewer: &Viewer) -> Result<bool> {
    administer(viewer)?;
    let now = app.now();
    let mut tx = app.store().scoped(school.corp()).await?;
    let queued =
        queue::add(&mut tx, &sync_directory::job(school.corp(), sync::Trigger::Command, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(queued)
}

/// Has exactly the removals that were shown applied, by a job: it reads WeCom anew. Refused at once when the run
/// holds something else.
pub async fn approve(app: &App, school: &School, viewer: &Viewer, run: i64, digest: &[u8]) -> Result<()> {
    administer(viewer)?;
    let now = app.now();
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let found = sync_runs::find(&mut tx, corp, run).await?;
    let found = found.filter(|found| found.state == "held").ok_or(Error::NotFound)?;
    if found.held_digest.as_deref() != Some(digest) {
        return Err(Error::StaleApproval);
    }
    let event = Event::new(corp, Act::RemovalsApproved, Some(viewer.member), now).on("sync_run", run);
    audit::insert(&mut tx, event).await?;
    queue::add(&mut tx, &approve_held::job(corp, run, digest, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}

/// Discards what a run held back.
pub async fn discard(app: &App, school: &School, viewer: &Viewer, run: i64) -> Result<()> {
    administer(viewer)?;
    match school.mirror.discard(run, viewer.member, app.now()).await {
        Err(sync::Error::NotHeld) => Err(Error::NotFound),
        other => Ok(other?),
    }
}

/// How far the mirror may be from WeCom.
pub async fn drift(app: &App, school: &School, viewer: &Viewer) -> Result<Drift> {
    administer(viewer)?;
    drift_of(app, school).await
}

/// … for the metrics, which nobody signs in for and which name nobody.
pub async fn drift_of(app: &App, school: &School) -> Result<Drift> {
    let mut tx = app.store().scoped(school.corp()).await?;
    let drift = sync_runs::drift(&mut tx, school.corp()).await?;
    tx.commit().await?;
    Ok(drift)
}

/// Puts back what a run changed.
pub async fn revert(app: &App, school: &School, viewer: &Viewer, run: i64) -> Result<()> {
    administer(viewer)?;
    let now = app.now();
    match school.mirror.revert(run, viewer.member, now, school.today(now)).await {
        Err(sync::Error::GivesOneself) => {
            Err(Error::field("id", "撤销会把授权给您自己，或改变您自己的账号是谁，请由其他管理员撤销"))
        }
        Err(sync::Error::NotRevertible) => Err(Error::NotFound),
        Err(sync::Error::ChangedSince) => Err(Error::ChangedSince),
        other => Ok(other?),
    }
}

/// How long the word about a held run is of use.
const NOTICE: TimeDelta = TimeDelta::hours(12);

/// Tells the administrators that a run holds removals for them to judge. A name or number of anyone is not said:
/// it may stand on a lock screen.
pub(crate) async fn tell_administrators(app: &App, school: &School, outcome: &sync::Outcome) -> Result<()> {
    let now = app.now();
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let to = viewers::userids_of(&mut tx, corp, Role::Administrator, school.today(now)).await?;
    if to.is_empty() {
        tracing::error!(
            corp,
            run = outcome.run_id,
            "removals are held and there is no administrator to tell"
        );
        return Ok(());
    }
    let notice = Notice {
        title: "通讯录同步等待确认",
        description: &format!(
            "一次同步要移除 {} 项，超出常规，已暂缓。请核对后批准或放弃。",
            outcome.rows_held
        ),
        path: &format!("/admin/sync-runs/{}", outcome.run_id),
        button: "去核对",
        useful_for: NOTICE,
        urgent: false,
        occasion: None,
    };
    notices::tell(app, &mut tx, school, to, notice, now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}
