//! Keeping under WeCom's limits (doc 90312), for all processes of an installation together.
//!
//! Each API of a corp has an [`Account`]: how many calls were made in this minute and this hour, and until when
//! nobody may call because WeCom refused. Processes take calls out of it in blocks, so that the shared store is
//! asked once in two hundred calls. We stay below WeCom's numbers: whoever exceeds them is shut out for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::error::{ApiError, Error, Result};
use crate::token::StoreError;

/// Calls at once by one process. WeCom gives no number; a burst is answered with 45033.
const AT_ONCE: usize = 10;
/// Calls one process takes out of an account at a time.
const BLOCK: u32 = 200;
/// A refusal this soon after the last pause means that a longer window is exceeded.
const SOON: TimeDelta = TimeDelta::minutes(5);

/// How many calls of one API a corp makes at most. WeCom's own numbers are higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In a minute.
    pub minute: u32,
    /// In an hour.
    pub hour: u32,
}

impl Limits {
    /// What we allow ourselves of an API.
    pub fn of(api: &str) -> Self {
        match api {
            // Not counted by WeCom. What a member and an app may be sent is the sender's own account.
            "gettoken" | "message/send" | "auth/getuserinfo" => Limits { minute: u32::MAX, hour: u32::MAX },
            // 400 an hour of a corp, 100 of an app.
            "get_jsapi_ticket" => Limits { minute: 300, hour: 300 },
            "ticket/get" => Limits { minute: 80, hour: 80 },
            // 600 a minute (docs 90454, 100178, 100179).
            "security/member_oper_log/list"
            | "security/admin_oper_log/list"
            | "oa/getapprovalinfo"
            | "oa/getapprovaldetail"
            | "checkin/getcheckindata" => Limits { minute: 500, hour: 30_000 },
            // 10,000 a minute and 150,000 an hour.
            _ => Limits { minute: 8_000, hour: 120_000 },
        }
    }
}

/// What the processes of an installation share about one API of a corp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// The minute that is counted.
    pub minute: Window,
    /// The hour that is counted.
    pub hour: Window,
    /// Nobody calls before this ends.
    pub pause: Option<Pause>,
}

/// Calls since a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// When it began.
    pub begins: DateTime<Utc>,
    /// Calls taken since.
    pub calls: u32,
}

/// WeCom refused: nobody calls for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The refusal's code.
    pub code: i64,
    /// When calls may go on.
    pub until: DateTime<Utc>,
    /// How many pauses came one upon the other.
    pub strikes: u32,
}

/// What an account answers who wants to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// So many calls may be made before this moment.
    Granted {
        /// At least one.
        calls: u32,
        /// The end of the minute they were taken from.
        until: DateTime<Utc>,
    },
    /// There are none left before this moment.
    Full {
        /// When the minute or the hour ends.
        until: DateTime<Utc>,
    },
    /// WeCom refused, and the pause has not ended.
    Paused(Pause),
}

impl Window {
    fn roll(&mut self, length: TimeDelta, now: DateTime<Utc>) -> DateTime<Utc> {
        if now >= self.begins + length || now < self.begins {
            *self = Window { begins: now, calls: 0 };
        }
        self.begins + length
    }
}

impl Account {
    /// Takes up to `wanted` calls.
    pub fn take(&mut self, wanted: u32, limits: Limits, now: DateTime<Utc>) -> Room {
        if let Some(pause) = self.pause.filter(|pause| now < pause.until) {
            return Room::Paused(pause);
        }
        let minute_ends = self.minute.roll(TimeDelta::minutes(1), now);
        let hour_ends = self.hour.roll(TimeDelta::hours(1), now);
        let left = |limit: u32, window: Window| limit.saturating_sub(window.calls);
        let calls = wanted.min(left(limits.minute, self.minute)).min(left(limits.hour, self.hour));
        if calls == 0 {
            let until = if left(limits.hour, self.hour) == 0 { hour_ends } else { minute_ends };
            return Room::Full { until };
        }
        self.minute.calls = self.minute.calls.saturating_add(calls);
        self.hour.calls = self.hour.calls.saturating_add(calls);
        Room::Granted { calls, until: minute_ends }
    }

    /// WeCom refused a call with `code`. `unit` is the shortest pause, a second in earnest.
    ///
    /// Too many calls (45009, 45036) cost a minute first; who is refused again soon after has exceeded the hour.
    /// Too many at once (45033) cost two seconds, then more.
    pub fn refuse(&mut self, code: i64, unit: Duration, now: DateTime<Utc>) -> Pause {
        let before = self.pause.filter(|pause| now < pause.until + SOON);
        if let Some(pause) = before.filter(|pause| now < pause.until && pause.code == code) {
            // Calls that were on their way when the pause began.
            return pause;
        }
        let strikes = before.map_or(1, |pause| pause.strikes.saturating_add(1));
        let units = match (code, strikes) {
            (45033, 1) => 2,
            (45033, 2) => 10,
            (45033, _) | (_, 1) => 60,
            _ => 3600,
        };
        let pause =
            Pause { code, until: now + TimeDelta::from_std(unit * units).unwrap_or_default(), strikes };
        self.pause = Some(pause);
        pause
    }
}

/// What is done with an account, and the store's clock, by which all processes go.
pub type Change = Box<dyn FnOnce(&mut Account, DateTime<Utc>) + Send>;

/// Keeps the accounts of one corp for all processes. Implement it over a shared database; [`MemoryBudgets`]
/// serves a single process.
#[async_trait]
pub trait BudgetStore: Send + Sync {
    /// Runs `change` on the account of `api` and stores the outcome, alone among all processes.
    async fn change(&self, api: &str, change: Change) -> Result<(), StoreError>;
}

/// Accounts in memory, for a single process.
#[derive(Debug, Clone, Default)]
pub struct MemoryBudgets {
    accounts: Arc<Mutex<HashMap<String, Account>>>,
    start: Arc<std::sync::OnceLock<(DateTime<Utc>, Instant)>>,
}

#[async_trait]
impl BudgetStore for MemoryBudgets {
    async fn change(&self, api: &str, change: Change) -> Result<(), StoreError> {
        let (begun, start) =
            self.start.get_or_init(|| (DateTime::UNIX_EPOCH + TimeDelta::days(1), Instant::now()));
        let now = *begun + TimeDelta::from_std(start.elapsed()).unwrap_or_default();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        change(accounts.entry(api.to_owned()).or_default(), now);
        Ok(())
    }
}

/// The calls of one process.
pub(crate) struct Budget {
    store: Arc<dyn BudgetStore>,
    unit: Duration,
    at_once: Semaphore,
    blocks: Mutex<HashMap<&'static str, Arc<tokio::sync::Mutex<Block>>>>,
}

/// Calls taken from an account and not yet made.
#[derive(Default)]
struct Block {
    calls: u32,
    until: Option<Instant>,
}

/// What was found when taking calls, in this process's own time.
enum Taken {
    Calls(u32, Duration),
    Wait(Duration),
    Paused(i64, Duration),
}

impl Budget {
    pub fn new(store: Arc<dyn BudgetStore>, unit: Duration) -> Self {
        Budget { store, unit, at_once: Semaphore::new(AT_ONCE), blocks: Mutex::default() }
    }

    /// Waits for this call's turn; the permit is held while the call runs. Fails at once while the API is paused.
    pub async fn turn(&self, api: &'static str) -> Result<Option<SemaphorePermit<'_>>> {
        {
            let block = self.block(api);
            let mut block = block.lock().await;
            while block.calls == 0 || block.until.is_none_or(|until| Instant::now() >= until) {
                match self.take(api).await? {
                    Taken::Calls(calls, lives) => {
                        *block = Block { calls, until: Some(Instant::now() + lives) };
                        break;
                    }
                    Taken::Wait(span) => tokio::time::sleep(span).await,
                    Taken::Paused(code, retry_after) => return Err(Error::Paused { api, code, retry_after }),
                }
            }
            block.calls -= 1;
        }
        Ok(self.at_once.acquire().await.ok())
    }

    /// WeCom refused a call: nobody calls this API for a while.
    pub async fn refuse(&self, error: &ApiError) -> Result<Duration> {
        let block = self.block(error.api);
        // What this process had taken is no longer good.
        *block.lock().await = Block::default();
        let (code, unit) = (error.code, self.unit);
        let pause =
            self.ask(error.api, move |account, now| account.refuse(code, unit, now).until - now).await?;
        Ok(pause.to_std().unwrap_or_default())
    }

    async fn take(&self, api: &'static str) -> Result<Taken> {
        let limits = Limits::of(api);
        let (room, now) = self.ask(api, move |account, now| (account.take(BLOCK, limits, now), now)).await?;
        // A millisecond more: what ends at a moment has not ended at that moment on every clock.
        let left =
            |until: DateTime<Utc>| (until - now).to_std().unwrap_or_default() + Duration::from_millis(1);
        Ok(match room {
            Room::Granted { calls, until } => Taken::Calls(calls, left(until)),
            Room::Full { until } => Taken::Wait(left(until)),
            Room::Paused(pause) => Taken::Paused(pause.code, left(pause.until)),
        })
    }

    async fn ask<T: Send + 'static>(
        &self,
        api: &str,
        question: impl FnOnce(&mut Account, DateTime<Utc>) -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let change = Box::new(move |account: &mut Account, now: DateTime<Utc>| {
            let _ = answer.send(question(account, now));
        });
        self.store.change(api, change).await.map_err(Error::Store)?;
        answered.await.map_err(|never| Error::Store(Box::new(never)))
    }

    fn block(&self, api: &'static str) -> Arc<tokio::sync::Mutex<Block>> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner).entry(api).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(1) + TimeDelta::seconds(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn two_processes_share_the_calls_of_a_minute() {
        let store = MemoryBudgets::default();
        let processes = [0, 1].map(|_| Budget::new(Arc::new(store.clone()), SECOND));
        let start = Instant::now();
        for call in 0..8_000 {
            processes[call % 2].turn("user/get").await.unwrap();
        }
        processes[0].turn("user/list").await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO, "each API has its own");
        processes[1].turn("user/get").await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_stops_every_process_and_only_that_api() {
        let store = MemoryBudgets::default();
        let [one, two] = [0, 1].map(|_| Budget::new(Arc::new(store.clone()), SECOND));
        one.turn("user/get").await.unwrap();
        one.refuse(&ApiError::new("user/get", 45009, "")).await.unwrap();
        for process in [&one, &two] {
            let refused = process.turn("user/get").await.err();
            assert!(
                matches!(refused, Some(Error::Paused { code: 45009, retry_after, .. }) if retry_after.as_secs() == 60)
            );
            process.turn("user/list").await.unwrap();
        }
        tokio::time::advance(Duration::from_secs(61)).await;
        two.turn("user/get").await.unwrap();
    }

    #[test]
    fn the_hour_is_counted_too() {
        let limits = Limits { minute: 10, hour: 25 };
        let mut account = Account::default();
        let mut take = |seconds| account.take(20, limits, at(seconds));
        assert_eq!(take(0), Room::Granted { calls: 10, until: at(60) });
        assert_eq!(take(59), Room::Full { until: at(60) });
        assert_eq!(take(60), Room::Granted { calls: 10, until: at(120) });
        assert_eq!(take(120), Room::Granted { calls: 5, until: at(180) });
        assert_eq!(take(180), Room::Full { until: at(3600) });
        assert_eq!(take(3600), Room::Granted { calls: 10, until: at(3660) });
    }

    #[test]
    fn who_is_refused_again_soon_waits_longer() {
        let mut account = Account::default();
        let mut refuse = |code, seconds| account.refuse(code, SECOND, at(seconds)).until;
        assert_eq!(refuse(45009, 0), at(60));
        assert_eq!(refuse(45009, 3), at(60), "a call that was on its way");
        assert_eq!(refuse(45009, 70), at(3670), "the hour");
        assert_eq!(refuse(45009, 3670 + 400), at(3670 + 460), "long after: the minute again");
        let mut account = Account::default();
        let mut refuse = |code, seconds| account.refuse(code, SECOND, at(seconds)).until;
        assert_eq!([refuse(45033, 0), refuse(45033, 2), refuse(45033, 13)], [at(2), at(12), at(73)]);
    }
}
