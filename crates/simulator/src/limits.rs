//! How often something may be done (doc 90312): so often in a window, and whoever exceeds it waits a whole window.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

/// A number of times within a length of time.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Times.
    pub count: u32,
    /// Length of the window in seconds.
    pub seconds: i64,
}

/// Calls of one API by one corp.
pub const API: [Limit; 2] = [Limit { count: 10_000, seconds: 60 }, Limit { count: 150_000, seconds: 3600 }];
/// Calls with `debug=1`.
pub const DEBUG: [Limit; 1] = [Limit { count: 5, seconds: 60 }];
/// Tickets for one app.
pub const TICKETS_OF_APP: [Limit; 1] = [Limit { count: 100, seconds: 3600 }];

#[derive(Debug)]
struct Window {
    start: DateTime<Utc>,
    count: u32,
    barred: bool,
}

/// The windows of everything that is limited.
#[derive(Debug, Default)]
pub struct Limits {
    windows: HashMap<(String, i64), Window>,
}

impl Limits {
    /// Counts one time, and says whether it is within all limits.
    pub fn admit(&mut self, what: &str, limits: &[Limit], now: DateTime<Utc>) -> bool {
        let mut admitted = true;
        for limit in limits {
            let window = self.windows.entry((what.to_owned(), limit.seconds)).or_insert(Window {
                start: now,
                count: 0,
                barred: false,
            });
            if now - window.start >= TimeDelta::seconds(limit.seconds) || now < window.start {
                *window = Window { start: now, count: 0, barred: false };
            }
            window.count += 1;
            if window.count > limit.count && !window.barred {
                // The bar lasts a full window from the moment it fell.
                window.barred = true;
                window.start = now;
            }
            admitted &= !window.barred;
        }
        admitted
    }

    /// Whether somebody has used up a limit, without counting.
    pub fn is_barred(&self, what: &str, limits: &[Limit], now: DateTime<Utc>) -> bool {
        limits.iter().any(|limit| {
            let window = self.windows.get(&(what.to_owned(), limit.seconds));
            window.is_some_and(|window| {
                let over = now - window.start >= TimeDelta::seconds(limit.seconds);
                !over && window.count >= limit.count
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_exceeds_waits_a_whole_window() {
        let limit = [Limit { count: 2, seconds: 60 }];
        let start = DateTime::<Utc>::UNIX_EPOCH;
        let mut limits = Limits::default();
        let mut at = |seconds: i64| limits.admit("x", &limit, start + TimeDelta::seconds(seconds));
        assert_eq!([at(0), at(1), at(50), at(61), at(109)], [true, true, false, false, false]);
        assert!(at(110));
    }
}
