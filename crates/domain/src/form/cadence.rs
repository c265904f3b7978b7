//! How often a form is answered: the turns of a day, and in which hours each takes answers.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::clock;

/// How often a form is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Cadence {
    /// Each day of the school, once in every slot: 晨检, 午检, 晚检.
    Daily {
        /// At least one, in the order of the day.
        slots: Vec<Slot>,
    },
    /// Once a week, Monday to Sunday.
    Weekly {
        /// From when on.
        opens: WeekTime,
        /// Until when.
        closes: WeekTime,
        /// The hour at which the week's figures are read.
        cutoff: WeekTime,
    },
    /// Once, between the first and the last day of its schedule.
    Once,
    /// Whenever it happens, any number of times.
    Event,
}

/// One time of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// What it is called, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// From when on the day.
    pub opens: WallTime,
    /// Until when; `24:00` is the end of the day.
    pub closes: WallTime,
    /// The hour at which its figures are read. What comes later is late, and what was sent can't be changed any more.
    pub cutoff: WallTime,
}

/// A time of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeekTime {
    /// 1 is Monday, 7 is Sunday.
    pub weekday: u8,
    /// On that day.
    pub time: WallTime,
}

/// A wall-clock time of the school's day, `00:00` to `24:00`, where `24:00` is the next midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WallTime(u16);

impl WallTime {
    /// So many minutes after the day began; what is beyond its end is its end.
    pub const fn of(minutes: u16) -> Self {
        Self(if minutes > 24 * 60 { 24 * 60 } else { minutes })
    }

    /// Minutes since the day began.
    pub fn minutes(self) -> u16 {
        self.0
    }

    /// The instant of this time on a day of the school.
    pub fn on(self, zone: Tz, day: NaiveDate) -> DateTime<Utc> {
        match NaiveTime::from_hms_opt(u32::from(self.0 / 60), u32::from(self.0 % 60), 0) {
            Some(time) => clock::instant(zone, day, time),
            None => clock::end_of_day(zone, day),
        }
    }
}

impl TryFrom<String> for WallTime {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(hours, minutes)| {
            let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
            (minutes < 60 && (hours < 24 || (hours, minutes) == (24, 0))).then_some(hours * 60 + minutes)
        });
        parsed.map(Self).ok_or_else(|| format!("not a time of day between 00:00 and 24:00: {text}"))
    }
}

impl std::fmt::Display for WallTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl From<WallTime> for String {
    fn from(time: WallTime) -> Self {
        time.to_string()
    }
}

/// From which day to which a form is asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The first day.
    pub starts_on: NaiveDate,
    /// The last day.
    pub ends_on: NaiveDate,
}

impl Schedule {
    /// Whether the form is asked on this day.
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.starts_on <= day && day <= self.ends_on
    }
}

/// For what an answer counts: the day (of a week its Monday, of what is answered once or by event none) and the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The day.
    pub day: Option<NaiveDate>,
    /// Counted from 0; always 0 where there is one.
    pub slot: i16,
}

/// One time the form is asked, and when it takes answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// What the answer counts for.
    pub period: Period,
    /// Its hours.
    pub window: Window,
}

/// When a turn takes answers, and when its figures are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From here on answers are taken.
    pub opens_at: DateTime<Utc>,
    /// From here on they are not.
    pub closes_at: DateTime<Utc>,
    /// From here on a first answer is late, and one that was given stands.
    pub cutoff_at: DateTime<Utc>,
}

impl Window {
    /// Whether answers are taken now.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.opens_at <= now && now < self.closes_at
    }

    /// Longer by as much as the service was away, so that nobody has less time for it: also of what was added.
    pub fn extended(self, outages: &[Outage]) -> Self {
        let mut outages = outages.to_vec();
        outages.sort_unstable_by_key(|outage| outage.from);
        let moved = |mut end: DateTime<Utc>| {
            let mut counted = self.opens_at;
            for outage in &outages {
                // What was noticed and recorded too is counted once.
                let from = outage.from.max(counted);
                if from < end && from < outage.until {
                    end += outage.until - from;
                    counted = outage.until;
                }
            }
            end
        };
        Self { opens_at: self.opens_at, closes_at: moved(self.closes_at), cutoff_at: moved(self.cutoff_at) }
    }
}

/// A time nobody could report, because the service did not run or had no database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

impl Cadence {
    /// The turns someone can be asked on a day of the school, in the order of the day. None outside the schedule.
    pub fn turns(&self, zone: Tz, schedule: Schedule, day: NaiveDate) -> Vec<Turn> {
        let turn = |day, slot, opens_at, closes_at, cutoff_at| Turn {
            period: Period { day, slot },
            window: Window { opens_at, closes_at, cutoff_at },
        };
        if !schedule.covers(day) {
            return Vec::new();
        }
        match self {
            Self::Daily { slots } => (0..)
                .zip(slots)
                .map(|(slot, times)| {
                    let at = |time: WallTime| time.on(zone, day);
                    turn(Some(day), slot, at(times.opens), at(times.closes), at(times.cutoff))
                })
                .collect(),
            Self::Weekly { opens, closes, cutoff } => {
                let monday = monday(day);
                let at = |time: &WeekTime| {
                    let day = monday + Days::new(u64::from(time.weekday.clamp(1, 7)) - 1);
                    time.time.on(zone, day)
                };
                vec![turn(Some(monday), 0, at(opens), at(closes), at(cutoff))]
            }
            Self::Once | Self::Event => {
                let opens = clock::instant(zone, schedule.starts_on, NaiveTime::MIN);
                let closes = clock::end_of_day(zone, schedule.ends_on);
                vec![turn(None, 0, opens, closes, closes)]
            }
        }
    }

    /// For what an answer of this slot counts, on this day.
    pub fn period(&self, day: NaiveDate, slot: i16) -> Period {
        match self {
            Self::Daily { .. } => Period { day: Some(day), slot },
            Self::Weekly { .. } => Period { day: Some(monday(day)), slot: 0 },
            Self::Once | Self::Event => Period { day: None, slot: 0 },
        }
    }

    /// The period right before this one; none where there is but one.
    pub fn before(&self, period: Period) -> Option<Period> {
        match self {
            Self::Daily { .. } if period.slot > 0 => Some(Period { slot: period.slot - 1, ..period }),
            Self::Daily { slots } => Some(Period {
                day: Some(period.day?.checked_sub_days(Days::new(1))?),
                slot: i16::try_from(slots.len()).ok()? - 1,
            }),
            Self::Weekly { .. } => {
                Some(Period { day: Some(period.day?.checked_sub_days(Days::new(7))?), slot: 0 })
            }
            Self::Once | Self::Event => None,
        }
    }
}

/// The Monday of a day's week.
fn monday(day: NaiveDate) -> NaiveDate {
    day - Days::new(u64::from(day.weekday().num_days_from_monday()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = chrono_tz::Asia::Shanghai;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn all_year() -> Schedule {
        Schedule { starts_on: day("2020-01-01"), ends_on: day("2020-12-31") }
    }

    fn cadence(value: serde_json::Value) -> Cadence {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_day_has_its_slots() {
        let three = cadence(serde_json::json!({ "kind": "daily", "slots": [
            { "title": "晨检", "opens": "06:00", "closes": "10:00", "cutoff": "08:00" },
            { "title": "晚检", "opens": "18:00", "closes": "24:00", "cutoff": "22:00" } ] }));
        let turns = three.turns(ZONE, all_year(), day("2020-03-04"));
        assert_eq!(turns.len(), 2);
        assert_eq!(turns[1].period, Period { day: Some(day("2020-03-04")), slot: 1 });
        assert_eq!(turns[1].window.opens_at, at("2020-03-04T10:00:00Z"));
        assert_eq!(turns[1].window.closes_at, at("2020-03-04T16:00:00Z"));
        assert_eq!(three.turns(ZONE, all_year(), day("2021-01-01")), []);
        assert_eq!(three.before(turns[1].period), Some(turns[0].period));
        assert_eq!(three.before(turns[0].period), Some(Period { day: Some(day("2020-03-03")), slot: 1 }));
    }

    #[test]
    fn a_week_counts_for_its_monday() {
        let weekly = cadence(serde_json::json!({ "kind": "weekly",
            "opens": { "weekday": 5, "time": "08:00" }, "closes": { "weekday": 7, "time": "24:00" },
            "cutoff": { "weekday": 7, "time": "18:00" } }));
        for asked in ["2020-03-02", "2020-03-04", "2020-03-08"] {
            let turns = weekly.turns(ZONE, all_year(), day(asked));
            assert_eq!(turns[0].period.day, Some(day("2020-03-02")), "{asked}");
            assert_eq!(turns[0].window.opens_at, at("2020-03-06T00:00:00Z"));
            assert_eq!(turns[0].window.cutoff_at, at("2020-03-08T10:00:00Z"));
        }
    }

    #[test]
    fn what_is_asked_once_is_open_for_its_whole_schedule() {
        let schedule = Schedule { starts_on: day("2020-03-01"), ends_on: day("2020-03-07") };
        let turns = Cadence::Once.turns(ZONE, schedule, day("2020-03-07"));
        assert_eq!(turns[0].period, Period { day: None, slot: 0 });
        assert_eq!(turns[0].window.opens_at, at("2020-02-29T16:00:00Z"));
        assert_eq!(turns[0].window.closes_at, at("2020-03-07T16:00:00Z"));
    }

    #[test]
    fn an_outage_within_the_window_makes_it_longer() {
        let window = Window {
            opens_at: at("2020-03-04T00:00:00Z"),
            cutoff_at: at("2020-03-04T10:00:00Z"),
            closes_at: at("2020-03-04T12:00:00Z"),
        };
        let outage = |from, until| Outage {
            from: at(&format!("2020-03-04T{from}:00Z")),
            until: at(&format!("2020-03-04T{until}:00Z")),
        };
        assert_eq!(window.extended(&[]), window);
        let longer = window.extended(&[outage("09:30", "11:00"), outage("14:00", "15:00")]);
        assert_eq!(longer.cutoff_at, at("2020-03-04T11:30:00Z"), "half an hour was left when it began");
        assert_eq!(longer.closes_at, at("2020-03-04T13:30:00Z"), "what came after is of no matter");
        assert!(longer.is_open(at("2020-03-04T13:29:59Z")) && !longer.is_open(at("2020-03-04T13:30:00Z")));
        let twice =
            window.extended(&[outage("11:00", "12:30"), outage("11:30", "12:00"), outage("12:00", "12:45")]);
        assert_eq!(
            twice.closes_at,
            at("2020-03-04T13:45:00Z"),
            "each minute counts once, also beyond the end"
        );
        assert_eq!(window.extended(&[outage("00:00", "00:00")]), window);
    }
}
