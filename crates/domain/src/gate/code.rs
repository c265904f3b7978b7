//! When a code is good: every ten seconds another one, each dead twenty-five seconds after it was to be shown.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::Refusal;
use crate::clock;

/// Seconds a code is shown.
pub const STEP: i64 = 10;
/// Seconds a code lives from when it is first shown.
pub const LIFE: i64 = 20;
/// Seconds a clock may be off: twenty-five seconds after it was to be shown, a code is dead.
pub const SKEW: i64 = 5;
/// Codes of a batch: ten minutes without a network.
pub const BATCH: i64 = 60;

/// How long after its day a key's codes may still be shown: as long as the last batch of the day lasts.
const GRACE: TimeDelta = TimeDelta::minutes(15);

/// The ends of the codes of a batch begun at `now`, in seconds since 1970: the first is to be shown at once.
pub fn ends(now: DateTime<Utc>) -> impl Iterator<Item = i64> {
    let first = now.timestamp().div_euclid(STEP) * STEP;
    (0..BATCH).map(move |step| first + step * STEP + LIFE)
}

/// When a code that ends then is to be shown.
pub fn shown_from(end: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(end.checked_sub(LIFE)?, 0)
}

/// From when to when codes of a day's key can be good.
pub fn key_life(zone: Tz, day: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let begins = clock::instant(zone, day, chrono::NaiveTime::MIN);
    (begins - TimeDelta::seconds(SKEW), clock::end_of_day(zone, day) + GRACE)
}

/// What time says against a code that ends at `end`, of the key of a day.
pub fn untimely(zone: Tz, day: NaiveDate, end: i64, now: DateTime<Utc>) -> Option<Refusal> {
    let (begins, ends) = key_life(zone, day);
    let now_seconds = now.timestamp();
    // A key that leaked is worth its own day.
    if now > ends || now_seconds >= end.saturating_add(SKEW) {
        Some(Refusal::Expired)
    } else if now < begins || now_seconds < end.saturating_sub(LIFE + SKEW) {
        Some(Refusal::Early)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    const ZONE: Tz = chrono_tz::Asia::Shanghai;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2020, 3, 4).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2020, 3, 4, 0, 0, 0).unwrap() + TimeDelta::seconds(seconds)
    }

    #[test]
    fn whoever_shows_their_code_in_time_is_let_through_and_a_screenshot_dies() {
        for begun in [0, 3, 9] {
            let ends: Vec<i64> = ends(at(begun)).collect();
            assert_eq!(ends.len(), 60);
            for (step, end) in ends.iter().enumerate() {
                let step = i64::try_from(step).unwrap();
                let shown = shown_from(*end).unwrap();
                assert_eq!(shown, at(step * STEP));
                for age in -5..=24 {
                    assert_eq!(untimely(ZONE, day(), *end, shown + TimeDelta::seconds(age)), None, "{age}");
                }
                for age in [25, 26, 60, 3600] {
                    let late = untimely(ZONE, day(), *end, shown + TimeDelta::seconds(age));
                    assert_eq!(late, Some(Refusal::Expired), "{age}");
                }
                for age in [-6, -60, -600] {
                    let early = untimely(ZONE, day(), *end, shown + TimeDelta::seconds(age));
                    assert_eq!(early, Some(Refusal::Early), "{age}");
                }
            }
        }
    }

    #[test]
    fn a_key_is_worth_its_own_day() {
        // 16:00 in Greenwich is midnight in Shanghai.
        let midnight = at(16 * 3600);
        let end = midnight.timestamp() + 300;
        assert_eq!(untimely(ZONE, day(), end, midnight + TimeDelta::seconds(290)), None, "the last batch");
        let hours_later = midnight + TimeDelta::hours(3);
        let forged = hours_later.timestamp() + 10;
        assert_eq!(untimely(ZONE, day(), forged, hours_later), Some(Refusal::Expired));
        let day_before = at(-9 * 3600);
        let forged = day_before.timestamp() + 10;
        assert_eq!(untimely(ZONE, day(), forged, day_before), Some(Refusal::Early));
    }

    #[test]
    fn the_ends_of_time_are_no_trouble() {
        for end in [i64::MIN, i64::MAX, 0] {
            assert!(untimely(ZONE, day(), end, at(0)).is_some(), "{end}");
        }
        assert_eq!(shown_from(i64::MIN), None);
    }
}
