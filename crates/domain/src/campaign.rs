//! A form as it is run (活动): drafted, planned, running, ended; and between which days it may be.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::form::Schedule;

/// Days a form is asked at most without somebody saying so again.
pub const LONGEST: u64 = 400;

/// How far a form has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignState {
    /// 草稿: never published.
    Draft,
    /// 未开始
    Planned,
    /// 进行中
    Running,
    /// 已结束
    Ended,
}

impl CampaignState {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Ended => "ended",
        }
    }

    /// Where a form stands on a day.
    pub fn of(published: bool, schedule: Schedule, today: NaiveDate) -> Self {
        if !published {
            Self::Draft
        } else if schedule.covers(today) {
            Self::Running
        } else if schedule.starts_on > today && schedule.ends_on >= schedule.starts_on {
            Self::Planned
        } else {
            Self::Ended
        }
    }
}

/// A day that can't be, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongDay {
    /// `starts_on` or `ends_on`.
    pub field: &'static str,
    /// What to do, in Chinese.
    pub problem: &'static str,
}

/// Whether a form that runs as `now` says may be run as `wanted`.
pub fn reschedule(
    published: bool,
    now: Schedule,
    wanted: Schedule,
    today: NaiveDate,
) -> Result<(), WrongDay> {
    let wrong = |field, problem| Err(WrongDay { field, problem });
    let begins_anew = wanted.starts_on != now.starts_on;
    if begins_anew && CampaignState::of(published, now, today) == CampaignState::Running {
        return wrong("starts_on", "已经开始填报，开始日期不能再改；可以修改结束日期");
    }
    if begins_anew && wanted.starts_on < today {
        return wrong("starts_on", "开始日期不能早于今天");
    }
    let horizon = today.checked_add_days(Days::new(LONGEST));
    if horizon.is_none_or(|horizon| wanted.starts_on > horizon) {
        return wrong("starts_on", "开始日期应在今后 400 天之内");
    }
    if wanted.ends_on < wanted.starts_on {
        return wrong("ends_on", "结束日期不能早于开始日期");
    }
    if wanted.ends_on < today {
        return wrong("ends_on", "结束日期不能早于今天；要停止填报请用“立即结束”");
    }
    if wanted.starts_on.checked_add_days(Days::new(LONGEST)).is_none_or(|after| wanted.ends_on >= after) {
        return wrong("ends_on", "一次最多 400 天，到期可再延长");
    }
    Ok(())
}

/// The schedule of a form that is ended on a day: yesterday was the last, so that nothing is taken from this moment on.
pub fn ended(now: Schedule, today: NaiveDate) -> Schedule {
    let yesterday = today.pred_opt().unwrap_or(today);
    Schedule { starts_on: now.starts_on.min(today), ends_on: now.ends_on.min(yesterday) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn days(starts_on: &str, ends_on: &str) -> Schedule {
        Schedule { starts_on: day(starts_on), ends_on: day(ends_on) }
    }

    const TODAY: &str = "2020-03-04";

    #[test]
    fn a_form_is_drafted_planned_running_and_ended() {
        let of = |published, schedule| CampaignState::of(published, schedule, day(TODAY));
        assert_eq!(of(false, days("2020-03-01", "2020-03-31")), CampaignState::Draft);
        assert_eq!(of(true, days("2020-03-05", "2020-03-31")), CampaignState::Planned);
        assert_eq!(of(true, days("2020-03-04", "2020-03-04")), CampaignState::Running);
        assert_eq!(of(true, days("2020-03-01", "2020-03-03")), CampaignState::Ended);
    }

    #[test]
    fn days_that_cannot_be_are_told() {
        let now = days("2020-03-04", "2020-03-31");
        let wrong =
            |published, wanted| reschedule(published, now, wanted, day(TODAY)).err().map(|wrong| wrong.field);
        assert_eq!(wrong(true, days("2020-03-04", "2020-06-30")), None);
        assert_eq!(wrong(true, days("2020-03-05", "2020-06-30")), Some("starts_on"), "it runs");
        assert_eq!(wrong(false, days("2020-03-05", "2020-06-30")), None);
        assert_eq!(wrong(false, days("2020-03-03", "2020-06-30")), Some("starts_on"));
        assert_eq!(wrong(false, days("2022-03-03", "2022-06-30")), Some("starts_on"));
        assert_eq!(wrong(false, days("2020-03-06", "2020-03-05")), Some("ends_on"));
        assert_eq!(wrong(true, days("2020-03-04", "2020-03-03")), Some("ends_on"));
        assert_eq!(wrong(true, days("2020-03-04", "2021-04-07")), None, "400 days");
        assert_eq!(wrong(true, days("2020-03-04", "2021-04-08")), Some("ends_on"), "401 days");
    }

    #[test]
    fn what_is_ended_takes_nothing_any_more() {
        for before in [
            days("2020-03-01", "2020-03-31"),
            days("2020-03-04", "2020-03-31"),
            days("2020-03-10", "2020-03-31"),
            days("2020-02-01", "2020-02-10"),
        ] {
            let after = ended(before, day(TODAY));
            assert_eq!(CampaignState::of(true, after, day(TODAY)), CampaignState::Ended, "{before:?}");
            assert_eq!(CampaignState::of(true, after, day("2020-03-20")), CampaignState::Ended, "{before:?}");
            assert!(after.ends_on >= after.starts_on.pred_opt().unwrap());
            assert_eq!(ended(after, day(TODAY)), after, "a second tap changes nothing");
        }
    }
}
