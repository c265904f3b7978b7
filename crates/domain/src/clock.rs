//! The business clock, and the school's day by it.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// Where the time comes from. One is injected at start; everything below takes a time as a parameter.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The business time.
    fn now(&self) -> DateTime<Utc>;
}

/// The day of the school at `now`.
pub fn school_day(zone: Tz, now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&zone).date_naive()
}

/// A day as it is written in addresses, `2020-03-04`, of a year that records can be of.
pub fn parse_day(text: &str) -> Option<NaiveDate> {
    text.parse::<NaiveDate>().ok().filter(|day| (1900..2200).contains(&day.year()))
}

/// The instant of a wall-clock time on a day of the school. A time that a clock change skips is taken as the
/// first instant after the gap; one that happens twice, as the first of the two.
pub fn instant(zone: Tz, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let mut local = NaiveDateTime::new(day, time);
    loop {
        if let Some(found) = zone.from_local_datetime(&local).earliest() {
            return found.with_timezone(&Utc);
        }
        local += chrono::TimeDelta::minutes(15);
    }
}

/// The instant a day of the school ends: the next day's midnight.
pub fn end_of_day(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    instant(zone, day.succ_opt().unwrap_or(day), NaiveTime::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_the_schools() {
        let evening = Utc.with_ymd_and_hms(2020, 3, 3, 16, 0, 0).unwrap();
        let zone = chrono_tz::Asia::Shanghai;
        assert_eq!(school_day(zone, evening), NaiveDate::from_ymd_opt(2020, 3, 4).unwrap());
        assert_eq!(school_day(chrono_tz::UTC, evening), NaiveDate::from_ymd_opt(2020, 3, 3).unwrap());
        let day = NaiveDate::from_ymd_opt(2020, 3, 4).unwrap();
        assert_eq!(instant(zone, day, NaiveTime::MIN), evening);
        assert_eq!(end_of_day(zone, day), evening + chrono::TimeDelta::days(1));
    }

    #[test]
    fn a_skipped_hour_becomes_the_instant_after_it() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 29).unwrap();
        let skipped = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
        let found = instant(chrono_tz::Europe::Berlin, day, skipped);
        assert_eq!(found, Utc.with_ymd_and_hms(2026, 3, 29, 1, 0, 0).unwrap());
    }
}
