//! Keeping under WeCom's limits (doc 90312): 10,000 calls a minute to one API of one corp, and a block for
//! those who exceed it. We stay at 8,000 a minute and ten at a time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

const PER_MINUTE: u32 = 8_000;
const AT_ONCE: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);

pub(crate) struct Pace {
    at_once: Semaphore,
    minutes: Mutex<HashMap<&'static str, (Instant, u32)>>,
}

impl Pace {
    pub fn new() -> Self {
        Pace { at_once: Semaphore::new(AT_ONCE), minutes: Mutex::default() }
    }

    /// Waits for this call's turn. The permit is held while the call runs.
    pub async fn turn(&self, api: &'static str) -> Option<SemaphorePermit<'_>> {
        while let Some(until) = self.count(api) {
            tokio::time::sleep_until(until).await;
        }
        self.at_once.acquire().await.ok()
    }

    /// Counts one call, or says until when there are none left.
    fn count(&self, api: &'static str) -> Option<Instant> {
        let now = Instant::now();
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        let (begun, calls) = minutes.entry(api).or_insert((now, 0));
        if now >= *begun + MINUTE {
            (*begun, *calls) = (now, 0);
        }
        if *calls == PER_MINUTE {
            return Some(*begun + MINUTE);
        }
        *calls += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minute_has_so_many_calls_and_each_api_its_own() {
        let pace = Pace::new();
        let start = Instant::now();
        for _ in 0..PER_MINUTE {
            pace.turn("user/get").await;
        }
        pace.turn("user/list").await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        pace.turn("user/get").await;
        assert_eq!(start.elapsed(), MINUTE);
    }
}
