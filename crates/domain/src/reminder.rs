//! When a rule is due, how long its reminders are of use, and what they say.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::clock;

/// A time that was missed by more than this is left out: a reminder of the morning is no use at noon.
pub const LATEST: TimeDelta = TimeDelta::minutes(30);

/// The times of a rule that are due at `now`: passed, and by no more than [`LATEST`].
pub fn due(zone: Tz, day: NaiveDate, times: &[NaiveTime], now: DateTime<Utc>) -> Vec<NaiveTime> {
    let is_due = |time: &NaiveTime| {
        let at = clock::instant(zone, day, *time);
        at <= now && now - at <= LATEST
    };
    times.iter().copied().filter(is_due).collect()
}

/// Until when a reminder made at `at` is of use: the rule's next time of that day, or the form's close.
pub fn useful_until(
    zone: Tz,
    day: NaiveDate,
    times: &[NaiveTime],
    at: DateTime<Utc>,
    closes: DateTime<Utc>,
) -> DateTime<Utc> {
    let next = times.iter().map(|time| clock::instant(zone, day, *time)).filter(|time| *time > at).min();
    next.map_or(closes, |next| next.min(closes))
}

/// Fills `{form}` and `{closes}` into a rule's wording. Nothing personal: it may stand on a lock screen.
pub fn wording(template: &str, form_title: &str, closes: &str) -> String {
    template.replace("{form}", form_title).replace("{closes}", closes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = chrono_tz::Asia::Shanghai;

    fn time(hour: u32, minute: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, minute, 0).unwrap()
    }

    fn at(hour: u32, minute: u32) -> DateTime<Utc> {
        clock::instant(ZONE, day(), time(hour, minute))
    }

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2020, 3, 4).unwrap()
    }

    #[test]
    fn due_from_its_time_on_and_not_forever() {
        let times = [time(10, 0), time(14, 0), time(18, 0)];
        assert_eq!(due(ZONE, day(), &times, at(9, 59)), []);
        assert_eq!(due(ZONE, day(), &times, at(10, 0)), [time(10, 0)]);
        assert_eq!(due(ZONE, day(), &times, at(10, 30)), [time(10, 0)]);
        assert_eq!(due(ZONE, day(), &times, at(10, 31)), []);
        assert_eq!(due(ZONE, day(), &times, at(18, 5)), [time(18, 0)]);
    }

    #[test]
    fn of_use_until_the_next_one_or_the_close() {
        let times = [time(10, 0), time(14, 0), time(18, 0)];
        assert_eq!(useful_until(ZONE, day(), &times, at(10, 0), at(20, 0)), at(14, 0));
        assert_eq!(useful_until(ZONE, day(), &times, at(18, 0), at(20, 0)), at(20, 0));
        assert_eq!(useful_until(ZONE, day(), &times, at(13, 0), at(13, 30)), at(13, 30));
    }
}
