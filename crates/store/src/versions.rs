//! Whether a school's data changed since somebody looked: a number in Redis that moves with every commit that wrote. Without
//! Redis there is none, and whoever would have remembered something asks Postgres.

use domain::CorpId;

use crate::cache::Cache;

/// The numbers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Versions(Option<Cache>);

impl Versions {
    /// Kept in this Redis.
    pub fn new(cache: Cache) -> Self {
        Self(Some(cache))
    }

    /// Whether there is a place for them at all.
    pub fn are_kept(&self) -> bool {
        self.0.is_some()
    }

    /// The number now. The same number later means that nothing was committed in between; none: nobody knows.
    pub async fn of(&self, corp: CorpId) -> Option<u64> {
        self.0.as_ref()?.counter(&key(corp)).await
    }

    /// Something was committed.
    pub(crate) async fn changed(&self, corp: CorpId) {
        if let Some(cache) = &self.0 {
            cache.count(&key(corp)).await;
        }
    }
}

fn key(corp: CorpId) -> String {
    format!("version:{corp}")
}
