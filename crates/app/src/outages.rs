//! When nobody could report: noticed by the service itself, which says once a minute that it is there, or recorded by an
//! administrator. Windows that were open then are longer by it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    form::cadence::Outage,
    policy::{Action, Viewer},
};
use store::outages as rows;
use tokio::sync::watch;

pub use store::outages::Row;

use crate::{App, Error, Page, Result, School};

/// How often the service says that it takes reports.
const EVERY: Duration = Duration::from_secs(60);
/// Silence longer than this was an outage.
const GAP: TimeDelta = TimeDelta::minutes(3);
/// An outage that is recorded by hand is no longer than this.
const LONGEST: TimeDelta = TimeDelta::hours(48);

/// Says for every school that reports are taken now. Only the processes that take them do: not workers, and no test that
/// does not ask for it.
pub async fn beat(app: &App) {
    for school in app.schools() {
        if let Err(error) = beat_for(app, school).await {
            let corp = school.corp();
            tracing::warn!(
                corp,
                error = &error as &dyn std::error::Error,
                "could not say that reports are taken"
            );
        }
    }
}

async fn beat_for(app: &App, school: &School) -> Result<()> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let noticed = rows::beat(&mut tx, corp, GAP, app.now()).await?;
    tx.commit().await?;
    if let Some(Outage { from, until }) = noticed {
        tracing::warn!(corp, %from, %until, "nobody could report; windows that were open are longer by it");
    }
    Ok(())
}

/// Says so until `stop` turns true.
pub async fn keep_beating(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        beat(&app).await;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

fn may(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Outages, the newest first; `before` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Row>> {
    may(viewer)?;
    let before = before.map(crate::page::parse_moment).transpose()?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let found = rows::list(&mut tx, school.corp(), before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(found, limit, |row| crate::page::moment(row.from_time, row.outage_id)))
}

/// Records an outage; false when the same one is known already.
pub async fn record(
    app: &App,
    school: &School,
    viewer: &Viewer,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    note: &str,
) -> Result<bool> {
    may(viewer)?;
    let now = app.now();
    if until > now {
        return Err(Error::field("until", "结束时间不能晚于现在"));
    }
    if from >= until {
        return Err(Error::field("from", "开始时间应早于结束时间"));
    }
    if until - from > LONGEST {
        return Err(Error::field("from", "一次停机不能超过 48 小时，请核对时间"));
    }
    let note = Some(note.trim()).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > 200) {
        return Err(Error::field("note", "说明不超过 200 字，请缩短"));
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    let outage = Outage { from, until };
    let added = rows::record(&mut tx, school.corp(), outage, note, viewer.member, now).await?;
    tx.commit().await?;
    Ok(added)
}

/// Takes back an outage that was recorded by hand; what the service noticed itself stays.
pub async fn take_back(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<()> {
    may(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    if !rows::take_back(&mut tx, school.corp(), id, viewer.member, app.now()).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
