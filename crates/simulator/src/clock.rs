//! The simulator's clock. It runs like the machine's, and can be set forward or back.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

/// A clock beside the machine's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    offset: TimeDelta,
}

impl Clock {
    /// The simulator's time.
    pub fn now(self) -> DateTime<Utc> {
        machine_time() + self.offset
    }

    /// Moves the clock on, or back with a negative length.
    pub fn advance(&mut self, length: TimeDelta) {
        self.offset += length;
    }

    /// Sets the clock; it runs on from there.
    pub fn set(&mut self, time: DateTime<Utc>) {
        self.offset = time - machine_time();
    }

    /// How far it stands before the machine's.
    pub fn offset(self) -> TimeDelta {
        self.offset
    }
}

/// The one place that reads the machine's clock.
fn machine_time() -> DateTime<Utc> {
    SystemTime::now().into()
}
