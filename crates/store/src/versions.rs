//! Whether a school's data changed since somebody looked: a number in Redis that moves with every commit that wrote. Without
//! Redis there is none, and whoever would have remembered something asks Postgres.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use domain::CorpId;

use crate::cache::Cache;

/// The numbers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    cache: Option<Cache>,
    /// Commits of this process that Redis did not hear of. A part of every number, so that whoever wrote while Redis was
    /// slow never reads what was before; other processes may, until what they keep expires.
    unheard: Arc<AtomicU64>,
}

/// The number at one moment, to compare with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    heard: u64,
    unheard: u64,
}

impl Versions {
    /// Kept in this Redis.
    pub fn new(cache: Cache) -> Self {
        Self { cache: Some(cache), unheard: Arc::default() }
    }

    /// Whether there is a place for them at all.
    pub fn are_kept(&self) -> bool {
        self.cache.is_some()
    }

    /// The number now. The same number later means that nothing was committed in between; none: nobody knows.
    pub async fn of(&self, corp: CorpId) -> Option<Version> {
        let unheard = self.unheard.load(Ordering::Acquire);
        let heard = self.cache.as_ref()?.counter(&key(corp)).await?;
        Some(Version { heard, unheard })
    }

    /// Something was committed.
    pub(crate) async fn changed(&self, corp: CorpId) {
        if let Some(cache) = &self.cache
            && !cache.count(&key(corp)).await
        {
            self.unheard.fetch_add(1, Ordering::Release);
        }
    }
}

fn key(corp: CorpId) -> String {
    format!("version:{corp}")
}
