//! The clock on the wall.

use chrono::{DateTime, Utc};
use domain::clock::Clock;

/// The system's clock: the only place Rollcall reads it.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the injected clock's source")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
