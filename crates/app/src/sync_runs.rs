//! Runs of the directory sync, for administrators.

use domain::policy::{Action, Viewer};
use store::{
    jobs as queue,
    sync_runs::{self, Held, Run},
};

use crate::{
    App, Error, Page, Result, School,
    jobs::{approve_held, sync_directory},
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
    let before = before.map(str::parse).transpose().map_err(|_| crate::reports::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = sync_runs::list(&mut tx, school.corp(), before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |run| run.run_id.to_string()))
}

/// A run, with the first of the removals it held back.
pub async fn get(app: &App, school: &School, viewer: &Viewer, run: i64) -> Result<(Run, Vec<Held>)> {
    administer(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let found = sync_runs::find(&mut tx, corp, run).await?.ok_or(Error::NotFound)?;
    let held = sync_runs::held(&mut tx, corp, run, SHOWN).await?;
    tx.commit().await?;
    Ok((found, held))
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
    queue::add(&mut tx, &approve_held::job(corp, run, digest, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}

/// Discards what a run held back.
pub async fn discard(school: &School, viewer: &Viewer, run: i64) -> Result<()> {
    administer(viewer)?;
    match school.mirror.discard(run).await {
        Err(sync::Error::NotHeld) => Err(Error::NotFound),
        other => Ok(other?),
    }
}
