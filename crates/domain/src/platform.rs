//! 企业微信使用情况: which figures of the platform there are, where each comes from, and which reading of several counts.
//!
//! Nothing here invents a figure: what WeCom has no call for comes from its console or is entered by hand, and says so.

pub mod briefing;
pub mod line;
mod metric;
pub mod operation;
pub mod visit;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

pub use metric::{Group, Metric, Per, Unit};

use crate::clock;

/// Where a reading comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// WeCom's interface.
    Api,
    /// Our own records: the roster, the mirror, reports, visits.
    Own,
    /// The console's export, brought as a file.
    Console,
    /// Entered by somebody.
    Hand,
}

impl Source {
    /// All, the one that counts first.
    pub const ALL: [Self; 4] = [Self::Api, Self::Own, Self::Console, Self::Hand];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Own => "own",
            Self::Console => "console",
            Self::Hand => "hand",
        }
    }

    /// As a briefing names it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Api => "企业微信接口",
            Self::Own => "点名记录",
            Self::Console => "企业微信管理后台导出",
            Self::Hand => "人工登记",
        }
    }

    /// The source of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }
}

/// A figure as one source has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Of what.
    pub metric: Metric,
    /// A form, a module, a role; empty: the whole.
    pub part: String,
    /// What it is true of.
    pub day: NaiveDate,
    /// Where it comes from.
    pub source: Source,
    /// In the metric's unit.
    pub value: i64,
    /// The hour it was true.
    pub as_of: DateTime<Utc>,
    /// What whoever entered it, or WeCom, adds.
    pub note: Option<String>,
}

/// The reading that counts of those of one metric, part and day. The others are kept and shown beside it: what somebody enters
/// never takes the place of what WeCom says.
pub fn counting<'a>(readings: impl IntoIterator<Item = &'a Reading>) -> Option<&'a Reading> {
    readings.into_iter().min_by_key(|reading| reading.source)
}

/// A day's figures are asked for again until this hour of the next day: WeCom fills them in during the night.
const FINAL: NaiveTime = NaiveTime::from_hms_opt(5, 0, 0).unwrap();

/// Whether what was read of a day at a moment is the whole day's.
pub fn is_final(zone: Tz, day: NaiveDate, as_of: DateTime<Utc>) -> bool {
    day.succ_opt().is_some_and(|next| as_of >= clock::instant(zone, next, FINAL))
}

/// Times of a day at which figures are collected: when yesterday is final, and thrice for today's.
const TIMES: [NaiveTime; 4] = [
    NaiveTime::from_hms_opt(5, 30, 0).unwrap(),
    NaiveTime::from_hms_opt(12, 30, 0).unwrap(),
    NaiveTime::from_hms_opt(18, 30, 0).unwrap(),
    NaiveTime::from_hms_opt(23, 30, 0).unwrap(),
];

/// When figures are collected next.
pub fn next_collection(zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
    let today = clock::school_day(zone, now);
    let days = [Some(today), today.succ_opt()].into_iter().flatten();
    let moments = days.flat_map(|day| TIMES.map(|time| clock::instant(zone, day, time)));
    moments.into_iter().find(|moment| *moment > now).unwrap_or(now)
}

/// Days that are to be asked for: those of the last `window`, today with them, that no reading makes final.
pub fn wanting(
    zone: Tz,
    today: NaiveDate,
    window: u16,
    known: impl Fn(NaiveDate) -> Option<DateTime<Utc>>,
) -> Vec<NaiveDate> {
    let back = u64::from(window).saturating_sub(1);
    let days = (0..=back).rev().filter_map(|back| today.checked_sub_days(Days::new(back)));
    days.filter(|day| !known(*day).is_some_and(|as_of| is_final(zone, *day, as_of))).collect()
}

/// What is collected in one go, and fails or succeeds for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Collector {
    /// Registration and seats, from the roster and the mirror.
    Registration,
    /// Active members.
    Active,
    /// Visits to Rollcall.
    Visits,
    /// How many reported.
    Reports,
    /// 直播教学问卷
    Questionnaire,
    /// Meetings that were started.
    Meetings,
    /// 成员操作记录
    MemberLog,
    /// 管理端操作日志
    AdminLog,
    /// The drive.
    Drive,
    /// Lives this app booked.
    Living,
}

impl Collector {
    /// All, in the order they are done: the long ones last.
    pub const ALL: [Self; 10] = [
        Self::Registration,
        Self::Visits,
        Self::Reports,
        Self::Questionnaire,
        Self::Active,
        Self::Drive,
        Self::Meetings,
        Self::AdminLog,
        Self::MemberLog,
        Self::Living,
    ];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Active => "active",
            Self::Visits => "visits",
            Self::Reports => "reports",
            Self::Questionnaire => "questionnaire",
            Self::Meetings => "meetings",
            Self::MemberLog => "member_log",
            Self::AdminLog => "admin_log",
            Self::Drive => "drive",
            Self::Living => "living",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = chrono_tz::Asia::Shanghai;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        clock::instant(ZONE, day(&text[..10]), text[11..].parse().unwrap())
    }

    #[test]
    fn what_wecom_says_counts_before_what_somebody_enters() {
        let reading = |source, value| Reading {
            metric: Metric::DriveCapacity,
            part: String::new(),
            day: day("2020-03-04"),
            source,
            value,
            as_of: at("2020-03-04 12:00:00"),
            note: None,
        };
        let both = [reading(Source::Hand, 5), reading(Source::Api, 4), reading(Source::Console, 6)];
        assert_eq!(counting(&both).map(|one| one.value), Some(4));
        assert_eq!(counting(&both[..1]).map(|one| one.value), Some(5));
        assert_eq!(counting(&[]), None);
    }

    #[test]
    fn a_day_is_final_after_the_night_that_follows_it() {
        assert!(!is_final(ZONE, day("2020-03-04"), at("2020-03-04 23:59:59")));
        assert!(!is_final(ZONE, day("2020-03-04"), at("2020-03-05 04:59:59")));
        assert!(is_final(ZONE, day("2020-03-04"), at("2020-03-05 05:00:00")));
    }

    #[test]
    fn figures_are_collected_four_times_a_day() {
        assert_eq!(next_collection(ZONE, at("2020-03-04 08:00:00")), at("2020-03-04 12:30:00"));
        assert_eq!(next_collection(ZONE, at("2020-03-04 12:30:00")), at("2020-03-04 18:30:00"));
        assert_eq!(next_collection(ZONE, at("2020-03-04 23:45:00")), at("2020-03-05 05:30:00"));
    }

    #[test]
    fn only_days_without_a_final_reading_are_asked_for_again() {
        let known = |of: NaiveDate| (of == day("2020-03-02")).then(|| at("2020-03-03 05:30:00"));
        let days = wanting(ZONE, day("2020-03-04"), 4, known);
        assert_eq!(days, [day("2020-03-01"), day("2020-03-03"), day("2020-03-04")]);
    }

    #[test]
    fn sources_are_read_back() {
        for source in Source::ALL {
            assert_eq!(Source::parse(source.as_str()), Some(source));
        }
        assert_eq!(Source::parse("guess"), None);
    }
}
