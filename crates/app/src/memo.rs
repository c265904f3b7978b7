//! Figures that were just computed, kept while nothing of the school has changed: what many people look at at once is
//! computed once. Never the truth: without Redis nothing is kept.

use std::{any::Any, sync::Arc, time::Duration};

use moka::future::Cache;

use crate::{App, Error, Result, School};

/// How long at most, should the word of another process's change get lost between Postgres and Redis.
const LONGEST: Duration = Duration::from_secs(30);
/// Answers kept at most. The largest is the unreported list of a whole school.
const MOST: u64 = 200;

/// What is kept in this process.
#[derive(Debug)]
pub(crate) struct Memo(Cache<String, Arc<dyn Any + Send + Sync>>);

impl Default for Memo {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_live(LONGEST).build())
    }
}

/// The answer to `asked` as it was computed since the school's last change, or computed now: once for all who ask for it.
/// `asked` says everything the answer depends on but the school's data: whose view, which form, which day.
pub(crate) async fn kept<T: Send + Sync + 'static>(
    app: &App,
    school: &School,
    asked: String,
    compute: impl Future<Output = Result<T>>,
) -> Result<Arc<T>> {
    let corp = school.corp();
    // Read before the data: what is committed meanwhile moves it on.
    let Some(version) = app.store().versions().of(corp).await else { return compute.await.map(Arc::new) };
    let computed = async { compute.await.map(|answer| Arc::new(answer) as Arc<dyn Any + Send + Sync>) };
    let found = app.memo().0.try_get_with(format!("{corp} {version:?} {asked}"), computed).await;
    let answer = found.map_err(|error| {
        Arc::try_unwrap(error).unwrap_or_else(|shared| Error::internal(shared.to_string()))
    })?;
    answer.downcast().map_err(|_| Error::internal("two questions with one name"))
}
