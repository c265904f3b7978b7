//! 查看额度: how many different people's sensitive data one account may read a day, and what of it stands out.
//!
//! The numbers are beyond what an honest day takes: whoever meets them is asked about it, and somebody else may lift them for
//! the day.

use std::{collections::HashMap, ops::Range};

use chrono::{NaiveTime, Timelike};

use crate::policy::Role;

/// What is read of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    /// A phone number in full, a visitor's too.
    Phones,
    /// Answers to a form, and the pictures in them.
    Answers,
    /// A photo.
    Photos,
    /// That a report stands out, in a list by name: abnormal, or to be reviewed; a list of passages says so, too.
    States,
    /// Where somebody is or was, in a list by name: a trip, a passage of a gate, a bed.
    Whereabouts,
    /// Somebody named by a sheet that leaves.
    Exported,
}

impl Reading {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Phones, Self::Answers, Self::Photos, Self::States, Self::Whereabouts, Self::Exported];

    /// As it stands in the database, in the configuration and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phones => "phones",
            Self::Answers => "answers",
            Self::Photos => "photos",
            Self::States => "states",
            Self::Whereabouts => "whereabouts",
            Self::Exported => "exported",
        }
    }

    /// As schools say it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Phones => "看手机号",
            Self::Answers => "看填报内容",
            Self::Photos => "看照片",
            Self::States => "看异常名单",
            Self::Whereabouts => "看行踪名单",
            Self::Exported => "导出名单",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reading| reading.as_str() == text)
    }

    /// What a look at a field, as the log of looks names it, is; none: nothing that is counted, as what somebody wrote.
    pub fn of_field(field: &str) -> Option<Self> {
        match field {
            "phone" | "visitor_phone" => Some(Self::Phones),
            "answers" | "attachment" => Some(Self::Answers),
            "photo" => Some(Self::Photos),
            "state" => Some(Self::States),
            "trip" | "passage" | "residence" => Some(Self::Whereabouts),
            "export" | "export_phone" => Some(Self::Exported),
            _ => None,
        }
    }

    /// The fields of which the second look at the same person on a day is free. A visitor's phone is on record as a look at their
    /// host, who may have many visitors: each counts. So does each sheet, which leaves.
    pub fn free_again(self) -> &'static [&'static str] {
        match self {
            Self::Phones => &["phone"],
            Self::Answers => &["answers", "attachment"],
            Self::Photos => &["photo"],
            Self::States => &["state"],
            Self::Whereabouts => &["trip", "passage", "residence"],
            Self::Exported => &[],
        }
    }

    /// Fewer people than this on a day are never unusual.
    pub fn noticed_from(self) -> i64 {
        match self {
            Self::Phones | Self::Answers | Self::Photos => 30,
            // A list shows 50 at once, and in a bad week many are ill.
            Self::States | Self::Whereabouts => 500,
            // A counsellor's own classes are a few hundred.
            Self::Exported => 1_000,
        }
    }
}

/// How many people a day, by what is read of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Phones shown in full.
    pub phones: i64,
    /// People whose answers were opened.
    pub answers: i64,
    /// Photos shown.
    pub photos: i64,
    /// People whose reports lists showed to stand out.
    pub states: i64,
    /// People whose trips, passages and beds lists showed, each of the three by itself.
    pub whereabouts: i64,
    /// People named by sheets, each sheet's counted.
    pub exported: i64,
}

impl Limits {
    /// Nothing.
    pub const NONE: Self = Self { phones: 0, answers: 0, photos: 0, states: 0, whereabouts: 0, exported: 0 };
    /// What a school may lower a number to, and no further: below it an honest day is in the way.
    pub const FLOORS: Self =
        Self { phones: 20, answers: 100, photos: 100, states: 300, whereabouts: 300, exported: 1_000 };

    /// Of one kind.
    pub fn get(self, reading: Reading) -> i64 {
        match reading {
            Reading::Phones => self.phones,
            Reading::Answers => self.answers,
            Reading::Photos => self.photos,
            Reading::States => self.states,
            Reading::Whereabouts => self.whereabouts,
            Reading::Exported => self.exported,
        }
    }

    /// The larger of each.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            phones: self.phones.max(other.phones),
            answers: self.answers.max(other.answers),
            photos: self.photos.max(other.photos),
            states: self.states.max(other.states),
            whereabouts: self.whereabouts.max(other.whereabouts),
            exported: self.exported.max(other.exported),
        }
    }

    /// What a role may where the school says nothing else. What a role may not read at all has no number.
    pub fn of(role: Role) -> Self {
        match role {
            Role::ClassAssistant | Role::Auditor => Self::NONE,
            // Three hundred students: all answers twice, a fifth of them called, and where each travels, passes and sleeps.
            Role::Counsellor => Self {
                phones: 60,
                answers: 600,
                photos: 600,
                states: 600,
                whereabouts: 1_500,
                exported: 50_000,
            },
            Role::CollegeOffice => Self {
                phones: 150,
                answers: 2_000,
                photos: 2_000,
                states: 5_000,
                whereabouts: 10_000,
                exported: 50_000,
            },
            Role::SchoolOffice => Self {
                phones: 300,
                answers: 5_000,
                photos: 5_000,
                states: 20_000,
                whereabouts: 20_000,
                exported: 200_000,
            },
            Role::CollegeLeader | Role::DepartmentHead => {
                Self { states: 5_000, whereabouts: 5_000, exported: 50_000, ..Self::NONE }
            }
            Role::SchoolLeader => {
                Self { states: 20_000, whereabouts: 20_000, exported: 50_000, ..Self::NONE }
            }
            // Sheets of how the platform is used name every account.
            Role::Administrator => Self { exported: 200_000, ..Self::NONE },
            // Visitors' phones; the whole school passes in a day, and who is turned away since their report is abnormal is few of it.
            Role::GateGuard => Self { phones: 300, states: 5_000, whereabouts: 20_000, ..Self::NONE },
        }
    }
}

/// What each role may at a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budgets(HashMap<Role, Limits>);

impl Default for Budgets {
    fn default() -> Self {
        Self(Role::ALL.into_iter().map(|role| (role, Limits::of(role))).collect())
    }
}

impl Budgets {
    /// The same with other numbers for a role.
    #[must_use]
    pub fn with(mut self, role: Role, limits: Limits) -> Self {
        self.0.insert(role, limits);
        self
    }

    /// What somebody of these roles may: the larger number of each.
    pub fn of(&self, roles: impl IntoIterator<Item = Role>) -> Limits {
        let known = roles.into_iter().filter_map(|role| self.0.get(&role));
        known.fold(Limits::NONE, |all, limits| all.or(*limits))
    }
}

/// What stands out of how much somebody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlarmKind {
    /// Far more than they usually do.
    Unusual,
    /// More than their budget: they were refused.
    Refused,
    /// A large sheet outside office hours.
    NightExport,
    /// Many people outside office hours, one by one or in lists.
    OffHours,
}

impl AlarmKind {
    /// All.
    pub const ALL: [Self; 4] = [Self::Unusual, Self::Refused, Self::NightExport, Self::OffHours];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unusual => "unusual",
            Self::Refused => "refused",
            Self::NightExport => "night_export",
            Self::OffHours => "off_hours",
        }
    }
}

/// Once an alarm was settled, so many times the people it said are told anew that day.
pub const AGAIN: i64 = 2;
/// Times a member's usual day that stand out.
const UNUSUAL: i64 = 3;
/// People read one by one outside office hours that stand out.
const OFF_HOURS: i64 = 30;
/// People shown by lists to stand out, outside office hours, that stand out themselves.
const STATES_AT_NIGHT: i64 = 300;
/// People whose whereabouts lists show outside office hours that stand out: gates and dormitories are watched at night.
const WHEREABOUTS_AT_NIGHT: i64 = 1_000;
/// People named by sheets outside office hours that stand out.
const NIGHT_EXPORT: i64 = 1_000;
/// Office hours are every day's: counsellors are on duty at weekends, and dormitories are looked after in the evening.
const OFFICE_HOURS: Range<u32> = 7..22;

/// Whether a time of the school's day is outside office hours.
pub fn is_at_night(time: NaiveTime) -> bool {
    !OFFICE_HOURS.contains(&time.hour())
}

/// Whether so many people on a day are far more than `usual`, the 95th percentile of the member's own last thirty days; none: they
/// never read any.
pub fn is_unusual(reading: Reading, people: i64, usual: Option<i64>) -> bool {
    people >= reading.noticed_from() && people > usual.unwrap_or(0).saturating_mul(UNUSUAL)
}

/// What so many people outside office hours on a day are.
pub fn at_night(reading: Reading, people: i64) -> Option<AlarmKind> {
    match reading {
        Reading::Exported => (people > NIGHT_EXPORT).then_some(AlarmKind::NightExport),
        Reading::States => (people > STATES_AT_NIGHT).then_some(AlarmKind::OffHours),
        Reading::Whereabouts => (people > WHEREABOUTS_AT_NIGHT).then_some(AlarmKind::OffHours),
        Reading::Phones | Reading::Answers | Reading::Photos => {
            (people > OFF_HOURS).then_some(AlarmKind::OffHours)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Action;

    #[test]
    fn names_are_written_and_read() {
        for reading in Reading::ALL {
            assert_eq!(Reading::parse(reading.as_str()), Some(reading));
            assert!(reading.free_again().iter().all(|field| Reading::of_field(field) == Some(reading)));
        }
        assert_eq!(Reading::parse("other"), None);
        assert_eq!(Reading::of_field("phone_correction"), None);
    }

    #[test]
    fn whoever_may_read_something_has_a_number_and_nobody_else() {
        let exports =
            |role: Role| [Action::SeePeople, Action::SeePlatform].into_iter().any(|action| role.may(action));
        for role in Role::ALL {
            let limits = Limits::of(role);
            let phones = role.may(Action::RevealPhone) || role.may(Action::ManageVisitors);
            assert_eq!(limits.phones > 0, phones, "{role:?}");
            assert_eq!(limits.answers > 0, role.may(Action::SeeAnswers), "{role:?}");
            assert_eq!(limits.photos > 0, role.may(Action::SeePhoto), "{role:?}");
            assert_eq!(limits.exported > 0, exports(role), "{role:?}");
            let places = role.may(Action::SeePeople) || role.may(Action::SeePassages);
            let lists = places || role.may(Action::Review);
            assert_eq!(limits.states > 0, lists, "{role:?}");
            assert_eq!(limits.whereabouts > 0, places, "{role:?}");
            for reading in Reading::ALL {
                let number = limits.get(reading);
                assert!(number == 0 || number >= Limits::FLOORS.get(reading), "{role:?} {reading:?}");
            }
        }
    }

    #[test]
    fn several_roles_have_the_larger_number_of_each() {
        let budgets = Budgets::default();
        let both = budgets.of([Role::Counsellor, Role::GateGuard]);
        assert_eq!((both.phones, both.answers), (300, 600));
        assert_eq!(budgets.of([]), Limits::NONE);
        let fewer = Limits { phones: 20, ..Limits::of(Role::Counsellor) };
        let budgets = budgets.with(Role::Counsellor, fewer);
        assert_eq!(budgets.of([Role::Counsellor]).phones, 20);
    }

    #[test]
    fn an_honest_day_does_not_stand_out() {
        assert!(!is_unusual(Reading::Phones, 29, None));
        assert!(is_unusual(Reading::Phones, 30, None));
        assert!(!is_unusual(Reading::Answers, 900, Some(300)));
        assert!(is_unusual(Reading::Answers, 901, Some(300)));
        assert!(!is_unusual(Reading::Exported, 900, None), "three classes");
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        assert!(is_at_night(at(6)) && !is_at_night(at(7)) && !is_at_night(at(21)) && is_at_night(at(22)));
        assert_eq!(at_night(Reading::Phones, 30), None);
        assert_eq!(at_night(Reading::Phones, 31), Some(AlarmKind::OffHours));
        assert_eq!(at_night(Reading::States, 300), None, "an outbreak, seen in the evening");
        assert_eq!(at_night(Reading::States, 301), Some(AlarmKind::OffHours));
        assert_eq!(at_night(Reading::Whereabouts, 1_000), None, "a gate, watched at night");
        assert_eq!(at_night(Reading::Whereabouts, 1_001), Some(AlarmKind::OffHours));
        assert_eq!(at_night(Reading::Exported, 1_000), None);
        assert_eq!(at_night(Reading::Exported, 1_001), Some(AlarmKind::NightExport));
    }
}
