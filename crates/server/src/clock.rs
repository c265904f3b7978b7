//! The clock on the wall.

use chrono::{DateTime, SubsecRound, Utc};
use domain::clock::Clock;

/// The system's clock: the only place Rollcall reads it.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the injected clock's source")]
    fn now(&self) -> DateTime<Utc> {
        // To the microsecond, as Postgres keeps it: what is answered now reads the same tomorrow.
        Utc::now().trunc_subsecs(6)
    }
}
