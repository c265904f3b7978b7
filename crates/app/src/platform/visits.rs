//! Who uses which part of Rollcall on a day. Noted in memory as requests come, and written a minute later for all at once: a request
//! waits for nothing, and who was there already costs a look into a set. A process that is killed loses its last minute.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    CorpId,
    platform::visit::{Client, Module},
    policy::Viewer,
};
use store::platform::visits::{self as rows, Visit};
use tokio::sync::watch;

use crate::{App, Result, School};

/// How often what was noted is written.
const EVERY: Duration = Duration::from_secs(60);
/// Noted at most: when there are more, those already seen are forgotten, and the database knows them.
const MOST: usize = 300_000;

/// What this process has noted.
#[derive(Debug, Default)]
pub(crate) struct Noted(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    seen: HashSet<(CorpId, Visit)>,
    waiting: Vec<(CorpId, Visit)>,
}

impl Noted {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here can be half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes that somebody asked for an address of the API.
pub fn note(app: &App, school: &School, viewer: &Viewer, path: &str, user_agent: &str) {
    let Some(module) = Module::of_path(path) else { return };
    let visit = Visit {
        day: school.today(app.now()),
        member: viewer.member,
        module: module.as_str(),
        client: Client::of_user_agent(user_agent).as_str(),
    };
    let noted = (school.corp(), visit);
    let mut inner = app.visits().inner();
    if inner.seen.len() >= MOST {
        inner.seen.clear();
    }
    if inner.waiting.len() < MOST && inner.seen.insert(noted) {
        inner.waiting.push(noted);
    }
}

/// Writes what was noted.
pub async fn flush(app: &App) {
    let waiting = std::mem::take(&mut app.visits().inner().waiting);
    for school in app.schools() {
        let corp = school.corp();
        let own: Vec<Visit> = waiting.iter().filter(|(of, _)| *of == corp).map(|(_, visit)| *visit).collect();
        if own.is_empty() {
            continue;
        }
        if let Err(error) = write(app, corp, &own).await {
            tracing::warn!(corp, error = &error as &dyn std::error::Error, "could not keep who used what");
            // Once more with the next.
            app.visits().inner().waiting.extend(own.into_iter().map(|visit| (corp, visit)));
        }
    }
}

async fn write(app: &App, corp: CorpId, seen: &[Visit]) -> Result<()> {
    let mut tx = app.store().scoped(corp).await?;
    rows::add(&mut tx, corp, seen).await?;
    tx.commit().await?;
    Ok(())
}

/// Writes it every minute, and a last time when `stop` turns true.
pub async fn keep_flushing(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
        flush(&app).await;
    }
}
