//! 摘要推送: the figures those in charge are told at their hours. Never names: it may stand on a lock screen.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::{
    clock,
    form::answers::FieldError,
    movement::Movement,
    policy::{Action, Role},
    statistics::Counts,
};

/// A time that was missed by more than this is left out: figures of the morning are no use at noon.
pub const LATEST: TimeDelta = TimeDelta::minutes(30);
/// Times a day of one rule at most.
pub const MOST_TIMES: usize = 6;

/// What a digest is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// How many of theirs have not reported.
    Unreported,
    /// 填报汇总: expected, reported, the rate, what stands out.
    Summary,
    /// 人员流动: where the staff are.
    Movements,
}

impl About {
    /// All.
    pub const ALL: [Self; 3] = [Self::Unreported, Self::Summary, Self::Movements];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreported => "unreported",
            Self::Summary => "summary",
            Self::Movements => "movements",
        }
    }

    /// What is called so.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|about| about.as_str() == name)
    }

    /// What its page shows, and to whom: the figures are those of the page it opens.
    pub fn action(self) -> Action {
        match self {
            Self::Unreported => Action::SeeUnreported,
            Self::Summary | Self::Movements => Action::SeeStatistics,
        }
    }

    /// Whether those of a role may see what it tells.
    pub fn is_for(self, role: Role) -> bool {
        role.may(self.action())
    }
}

/// Who is told when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// Holders of any of these.
    pub roles: Vec<Role>,
    /// Times of the school's day, in order.
    pub times: Vec<NaiveTime>,
}

impl Timing {
    /// Checks what somebody wants, and puts it in order.
    pub fn new(about: About, mut roles: Vec<Role>, mut times: Vec<NaiveTime>) -> Result<Self, FieldError> {
        let wrong = |field: &str, message: String| FieldError { field: field.into(), message };
        roles.sort_by_key(|role| Role::ALL.iter().position(|known| known == role));
        roles.dedup();
        times.sort_unstable();
        times.dedup();
        if roles.is_empty() {
            return Err(wrong("roles", "请至少选择一种接收人".into()));
        }
        if roles.iter().any(|role| !about.is_for(*role)) {
            return Err(wrong("roles", "所选角色看不到这些数据，请换一种接收人".into()));
        }
        if times.is_empty() || times.len() > MOST_TIMES {
            return Err(wrong("at_times", format!("请填 1 到 {MOST_TIMES} 个时间，例如 10:30")));
        }
        Ok(Self { roles, times })
    }
}

/// The times that are due at `now`: passed, and by no more than [`LATEST`].
pub fn due(zone: Tz, day: NaiveDate, times: &[NaiveTime], now: DateTime<Utc>) -> Vec<NaiveTime> {
    let is_due = |time: &NaiveTime| {
        let at = clock::instant(zone, day, *time);
        at <= now && now - at <= LATEST
    };
    times.iter().copied().filter(is_due).collect()
}

/// Until when figures of `now` are of use: the next time of that day, or its end.
pub fn useful_until(zone: Tz, day: NaiveDate, times: &[NaiveTime], now: DateTime<Utc>) -> DateTime<Utc> {
    let next = times.iter().map(|time| clock::instant(zone, day, *time)).filter(|time| *time > now).min();
    next.unwrap_or_else(|| clock::end_of_day(zone, day))
}

/// A heading and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Words {
    /// Heading.
    pub title: String,
    /// The sentence.
    pub sentence: String,
}

/// How many have not reported. `as_of` is the school's wall clock.
pub fn unreported(form: &str, as_of: NaiveDateTime, counts: Counts) -> Words {
    let left = counts.unreported();
    Words {
        title: format!("{form}：还有 {left} 人未报"),
        sentence: format!(
            "截至 {}，您负责的范围应报 {} 人，已报 {} 人，未报 {left} 人。请查看名单并跟进。",
            as_of.format("%H:%M"),
            counts.expected,
            counts.reported
        ),
    }
}

/// Everybody has reported.
pub fn all_reported(form: &str, as_of: NaiveDateTime, counts: Counts) -> Words {
    Words {
        title: format!("{form}：已全部上报"),
        sentence: format!(
            "截至 {}，您负责的范围应报 {} 人，已全部上报。",
            as_of.format("%H:%M"),
            counts.expected
        ),
    }
}

/// Where the staff are; `unit` is the part of the school, empty for all of it.
pub fn movements(unit: &str, day: NaiveDate, movement: Movement) -> Words {
    let Movement { staff, away, returned, on_leave } = movement;
    Words {
        title: format!("人员流动日报（{}月{}日）", day.month(), day.day()),
        sentence: format!(
            "{unit}教职工 {staff} 人，外出 {away} 人，返回 {returned} 人，请假 {on_leave} 人。请核对并确认。"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = chrono_tz::Asia::Shanghai;

    fn time(text: &str) -> NaiveTime {
        text.parse().unwrap()
    }

    fn day() -> NaiveDate {
        "2020-03-04".parse().unwrap()
    }

    #[test]
    fn due_for_half_an_hour_and_of_use_until_the_next() {
        let times = [time("10:30:00"), time("21:30:00")];
        let at = |text: &str| clock::instant(ZONE, day(), time(text));
        assert_eq!(due(ZONE, day(), &times, at("10:29:59")), []);
        assert_eq!(due(ZONE, day(), &times, at("10:30:00")), [time("10:30:00")]);
        assert_eq!(due(ZONE, day(), &times, at("11:00:00")), [time("10:30:00")]);
        assert_eq!(due(ZONE, day(), &times, at("11:00:01")), []);
        assert_eq!(useful_until(ZONE, day(), &times, at("10:30:00")), at("21:30:00"));
        assert_eq!(useful_until(ZONE, day(), &times, at("21:30:00")), clock::end_of_day(ZONE, day()));
    }

    #[test]
    fn a_rule_names_those_who_may_see_it_and_its_times_in_order() {
        let timing = Timing::new(
            About::Unreported,
            vec![Role::CollegeOffice, Role::Counsellor, Role::Counsellor],
            vec![time("16:00:00"), time("10:30:00"), time("16:00:00")],
        )
        .unwrap();
        assert_eq!(timing.roles, [Role::Counsellor, Role::CollegeOffice]);
        assert_eq!(timing.times, [time("10:30:00"), time("16:00:00")]);
        let wrong = |about, roles: &[Role], times: &[&str]| {
            let times = times.iter().map(|text| time(text)).collect();
            Timing::new(about, roles.to_vec(), times).unwrap_err().field
        };
        assert_eq!(wrong(About::Unreported, &[], &["10:30:00"]), "roles");
        // An administrator sees no people.
        assert_eq!(wrong(About::Unreported, &[Role::Administrator], &["10:30:00"]), "roles");
        assert_eq!(wrong(About::Summary, &[Role::Auditor], &["10:30:00"]), "roles");
        assert_eq!(wrong(About::Summary, &[Role::SchoolLeader], &[]), "at_times");
        let hourly: Vec<String> = (8..15).map(|hour| format!("{hour:02}:00:00")).collect();
        let hourly: Vec<&str> = hourly.iter().map(String::as_str).collect();
        assert_eq!(wrong(About::Summary, &[Role::SchoolLeader], &hourly), "at_times");
    }

    #[test]
    fn words_say_how_many() {
        let at = day().and_time(time("10:30:00"));
        let counts = Counts { expected: 231, reported: 219, abnormal: 1, late: 0 };
        let words = unreported("健康日报", at, counts);
        assert_eq!(words.title, "健康日报：还有 12 人未报");
        assert_eq!(
            words.sentence,
            "截至 10:30，您负责的范围应报 231 人，已报 219 人，未报 12 人。请查看名单并跟进。"
        );
        let done = all_reported("健康日报", at, Counts { reported: 231, ..counts });
        assert_eq!(done.sentence, "截至 10:30，您负责的范围应报 231 人，已全部上报。");
        let movement = Movement { staff: 12, away: 1, returned: 0, on_leave: 2 };
        let words = movements("信息中心", day(), movement);
        assert_eq!(words.title, "人员流动日报（3月4日）");
        assert_eq!(words.sentence, "信息中心教职工 12 人，外出 1 人，返回 0 人，请假 2 人。请核对并确认。");
    }
}
