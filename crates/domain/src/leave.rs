//! 请假 by the hour or the half day, and the whole days it makes.
//!
//! Somebody is on leave on a day when the leave covers the school's day, from [`MORNING`] to [`EVENING`]. Half a day is none:
//! who is there in the morning answers in the morning.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::clock;

/// The school's day begins by this hour: a leave that begins later does not cover it.
pub const MORNING: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).expect("an hour");
/// … and lasts to this hour: a leave that ends earlier does not cover it.
pub const EVENING: NaiveTime = NaiveTime::from_hms_opt(17, 0, 0).expect("an hour");

/// Longest leave that is believed, in days: an application with a slip in its year exempts nobody for ever.
const LONGEST: i64 = 400;

/// The first day on leave and the first day after it; none where no whole day is covered.
pub fn whole_days(zone: Tz, begin: DateTime<Utc>, end: DateTime<Utc>) -> Option<(NaiveDate, NaiveDate)> {
    if end <= begin || end - begin > TimeDelta::days(LONGEST) {
        return None;
    }
    let first = clock::school_day(zone, begin);
    let first = if begin <= clock::instant(zone, first, MORNING) { first } else { first + Days::new(1) };
    let last = clock::school_day(zone, end);
    let until = if end >= clock::instant(zone, last, EVENING) { last + Days::new(1) } else { last };
    (first < until).then_some((first, until))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(begin: &str, end: &str) -> Option<(String, String)> {
        let zone = chrono_tz::Asia::Shanghai;
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc);
        whole_days(zone, at(begin), at(end)).map(|(from, until)| (from.to_string(), until.to_string()))
    }

    fn pair(from: &str, until: &str) -> Option<(String, String)> {
        Some((from.into(), until.into()))
    }

    #[test]
    fn a_day_counts_when_the_schools_day_is_covered() {
        let zone = |day: &str, time: &str| format!("{day}T{time}:00+08:00");
        let on = |from: (&str, &str), to: (&str, &str)| days(&zone(from.0, from.1), &zone(to.0, to.1));
        assert_eq!(on(("2020-03-04", "00:00"), ("2020-03-05", "00:00")), pair("2020-03-04", "2020-03-05"));
        assert_eq!(on(("2020-03-04", "09:00"), ("2020-03-04", "17:00")), pair("2020-03-04", "2020-03-05"));
        assert_eq!(on(("2020-03-04", "09:01"), ("2020-03-04", "17:00")), None);
        assert_eq!(on(("2020-03-04", "08:00"), ("2020-03-04", "12:00")), None, "a morning");
        assert_eq!(on(("2020-03-04", "12:00"), ("2020-03-05", "00:00")), None, "an afternoon");
        assert_eq!(on(("2020-03-04", "12:00"), ("2020-03-06", "12:00")), pair("2020-03-05", "2020-03-06"));
        assert_eq!(on(("2020-03-04", "08:00"), ("2020-03-06", "18:00")), pair("2020-03-04", "2020-03-07"));
        assert_eq!(on(("2020-03-04", "20:00"), ("2020-03-05", "08:00")), None, "a night");
    }

    #[test]
    fn nonsense_exempts_nobody() {
        assert_eq!(days("2020-03-05T00:00:00+08:00", "2020-03-04T00:00:00+08:00"), None);
        assert_eq!(days("2020-03-05T00:00:00+08:00", "2200-03-04T00:00:00+08:00"), None);
    }
}
