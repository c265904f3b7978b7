//! 催办: rules as data. Who is reminded of a form when and in which words, who hears of it next, and when nobody is disturbed.
//!
//! A rule is a small document ([`Rule`]) that is checked when it is saved ([`Rule::check`]). What is due at a moment
//! ([`plan::due`]) and what a message says ([`wording`]) follow from it, the school's calendar and its quiet hours alone.

pub mod calendar;
pub mod plan;
pub mod wording;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    DepartmentId,
    form::{PersonKind, WallTime},
    policy::Role,
};

pub use calendar::{Calendar, DayKind, Days};
pub use plan::{Due, Quiet};
pub use wording::Variable;

/// Times of one rule at most.
const TIMES: usize = 12;
/// A step comes at most so many minutes after the rule's time.
const LATEST_STEP: u16 = 720;
/// A round is spread over so many minutes at most.
const LONGEST_SPREAD: u16 = 120;
/// Reminders a person can be allowed in a day at most.
pub const MOST_A_DAY: i32 = 50;

/// What holds for all reminders of a school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// When nobody is reminded; none: at any hour.
    pub quiet: Option<Quiet>,
    /// Reminders one person gets in a day at most.
    pub most_a_day: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { quiet: Some(Quiet::NIGHT), most_a_day: 6 }
    }
}

impl Settings {
    /// Everything that keeps them from being saved.
    pub fn check(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if self.quiet.is_some_and(|quiet| quiet.from == quiet.until) {
            flaws.push(Flaw {
                field: "quiet", problem: "免打扰的开始和结束时间不能相同".into()
            });
        }
        if !(1..=MOST_A_DAY).contains(&self.most_a_day) {
            flaws.push(Flaw { field: "most_a_day", problem: "每人每天最多 1 到 50 条".into() });
        }
        flaws
    }
}

/// When whom to remind of a form, and who hears of it next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// On which days.
    pub days: Days,
    /// At which times of them.
    pub times: Vec<WallTime>,
    /// Only those counted under one of these; absent: everybody the form asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub departments: Option<Vec<DepartmentId>>,
    /// Only people of these kinds; absent: everybody the form asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<PersonKind>>,
    /// Who is told, one after the other, as long as somebody is missing.
    pub steps: Vec<Step>,
    /// When this rule sends nothing, beside the school's own quiet hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
    /// People are reminded over so many minutes, never at :00 or :30; 0: all at once.
    #[serde(default)]
    pub spread_minutes: u16,
    /// What has not gone out after so many minutes stays back; absent: until the rule's next time or the form's close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub useful_minutes: Option<u16>,
}

/// Who is told at one step, how long after the rule's time, and in which words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Whom.
    pub to: To,
    /// So many minutes after the rule's time.
    pub after_minutes: u16,
    /// What they read, with variables.
    pub wording: String,
}

/// Whom a step tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// 本人: those who have not reported.
    Person,
    /// 学生干部: of their class.
    ClassAssistant,
    /// 辅导员: of their classes.
    Counsellor,
    /// 学院或部门: its leaders and its office.
    College,
    /// 学校: 学工办 and leaders.
    School,
}

impl To {
    /// All, in the order in which they hear of it.
    pub const ALL: [Self; 5] =
        [Self::Person, Self::ClassAssistant, Self::Counsellor, Self::College, Self::School];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::ClassAssistant => "class_assistant",
            Self::Counsellor => "counsellor",
            Self::College => "college",
            Self::School => "school",
        }
    }

    /// The one of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|to| to.as_str() == name)
    }

    /// Which roles hear of it; nobody's, where it is the people themselves.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Person => &[],
            Self::ClassAssistant => &[Role::ClassAssistant],
            Self::Counsellor => &[Role::Counsellor],
            Self::College => &[Role::CollegeLeader, Role::CollegeOffice, Role::DepartmentHead],
            Self::School => &[Role::SchoolOffice, Role::SchoolLeader],
        }
    }
}

/// Something about a rule that can't be, by the field it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// `times`, `steps` …
    pub field: &'static str,
    /// What is wrong and what to do, in Chinese.
    pub problem: String,
}

impl Rule {
    /// Everything that keeps the rule from being saved; empty: it can be.
    pub fn check(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut flaw = |field, problem: &str| flaws.push(Flaw { field, problem: problem.to_owned() });
        let mut times = self.times.clone();
        times.sort_unstable();
        times.dedup();
        if times.is_empty() || self.times.len() > TIMES {
            flaw("times", "请设置 1 到 12 个提醒时间");
        } else if times.len() < self.times.len() {
            flaw("times", "提醒时间有重复，请去掉");
        } else if times.iter().any(|time| time.minutes() >= 24 * 60) {
            flaw("times", "提醒时间应在 00:00 到 23:59 之间");
        }
        if self.departments.as_ref().is_some_and(Vec::is_empty) {
            flaw("departments", "请选择部门，或不限部门");
        }
        if self.kinds.as_ref().is_some_and(Vec::is_empty) {
            flaw("kinds", "请选择学生或教职工，或不限");
        }
        if self.quiet.is_some_and(|quiet| quiet.from == quiet.until) {
            flaw("quiet", "免打扰的开始和结束时间不能相同");
        }
        if self.spread_minutes > LONGEST_SPREAD {
            flaw("spread_minutes", "错峰发送不超过 120 分钟");
        }
        if self.useful_minutes.is_some_and(|minutes| !(10..=1440).contains(&minutes)) {
            flaw("useful_minutes", "有效时间应为 10 到 1440 分钟");
        }
        flaws.extend(self.check_steps());
        flaws
    }

    fn check_steps(&self) -> Vec<Flaw> {
        let flaw = |problem: String| vec![Flaw { field: "steps", problem }];
        if self.steps.is_empty() {
            return flaw("请至少保留一步".into());
        }
        let mut before: Option<&Step> = None;
        for step in &self.steps {
            if before.is_some_and(|before| before.to >= step.to) {
                return flaw("各步应按本人、学生干部、辅导员、学院、学校的顺序，每一级最多一步".into());
            }
            if before.is_some_and(|before| before.after_minutes > step.after_minutes) {
                return flaw("后一步不能早于前一步".into());
            }
            if step.after_minutes > LATEST_STEP {
                return flaw("每一步最多在提醒时间之后 720 分钟".into());
            }
            if let Err(problem) = wording::check(&step.wording, step.to) {
                return flaw(problem);
            }
            before = Some(step);
        }
        Vec::new()
    }

    /// The step that tells these.
    pub fn step(&self, to: To) -> Option<&Step> {
        self.steps.iter().find(|step| step.to == to)
    }
}

/// Which occasion of a rule a round is: at most one of each is ever planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// The rule.
    pub rule_id: i64,
    /// The day its time is of.
    pub day: NaiveDate,
    /// The slot of the form that was open.
    pub slot: i16,
    /// The rule's time.
    pub time: WallTime,
    /// The step.
    pub to: To,
}

impl std::fmt::Display for Occasion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rule {} {} {} {} {}", self.rule_id, self.day, self.slot, self.time, self.to.as_str())
    }
}

impl Occasion {
    /// Reads what was written.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix("rule ")?.split(' ');
        let occasion = Self {
            rule_id: words.next()?.parse().ok()?,
            day: words.next()?.parse().ok()?,
            slot: words.next()?.parse().ok()?,
            time: words.next()?.to_owned().try_into().ok()?,
            to: To::parse(words.next()?)?,
        };
        words.next().is_none().then_some(occasion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn rule(value: serde_json::Value) -> Rule {
        serde_json::from_value(value).unwrap()
    }

    fn plain() -> serde_json::Value {
        serde_json::json!({ "days": "every", "times": ["10:00", "14:00"],
            "steps": [{ "to": "person", "after_minutes": 0, "wording": "“{form}”还没有填写，请在 {closes} 前完成。" },
                      { "to": "counsellor", "after_minutes": 60, "wording": "{class}还有 {count} 人未报" }] })
    }

    fn flaws(change: impl FnOnce(&mut serde_json::Value)) -> Vec<&'static str> {
        let mut value = plain();
        change(&mut value);
        rule(value).check().into_iter().map(|flaw| flaw.field).collect()
    }

    #[test]
    fn a_rule_that_can_be_kept_has_no_flaw() {
        assert_eq!(rule(plain()).check(), []);
    }

    #[test]
    fn every_flaw_names_its_field() {
        let none: [&str; 0] = [];
        assert_eq!(flaws(|_| ()), none);
        assert_eq!(flaws(|rule| rule["times"] = serde_json::json!([])), ["times"]);
        assert_eq!(flaws(|rule| rule["times"] = serde_json::json!(["10:00", "10:00"])), ["times"]);
        assert_eq!(flaws(|rule| rule["times"] = serde_json::json!(["24:00"])), ["times"]);
        assert_eq!(flaws(|rule| rule["steps"] = serde_json::json!([])), ["steps"]);
        assert_eq!(flaws(|rule| rule["steps"][1]["to"] = "person".into()), ["steps"]);
        assert_eq!(flaws(|rule| rule["steps"][0]["after_minutes"] = 61.into()), ["steps"]);
        assert_eq!(flaws(|rule| rule["steps"][1]["after_minutes"] = 721.into()), ["steps"]);
        assert_eq!(flaws(|rule| rule["steps"][0]["wording"] = "还有 {count} 人".into()), ["steps"]);
        assert_eq!(flaws(|rule| rule["departments"] = serde_json::json!([])), ["departments"]);
        assert_eq!(flaws(|rule| rule["kinds"] = serde_json::json!([])), ["kinds"]);
        assert_eq!(
            flaws(|rule| rule["quiet"] = serde_json::json!({ "from": "12:00", "until": "12:00" })),
            ["quiet"]
        );
        assert_eq!(flaws(|rule| rule["spread_minutes"] = 121.into()), ["spread_minutes"]);
        assert_eq!(flaws(|rule| rule["useful_minutes"] = 5.into()), ["useful_minutes"]);
    }

    #[test]
    fn an_occasion_is_read_back() {
        let occasion = Occasion {
            rule_id: 3,
            day: NaiveDate::from_ymd_opt(2020, 3, 4).unwrap(),
            slot: 1,
            time: "14:00".to_owned().try_into().unwrap(),
            to: To::Counsellor,
        };
        assert_eq!(occasion.to_string(), "rule 3 2020-03-04 1 14:00 counsellor");
        assert_eq!(Occasion::parse(&occasion.to_string()), Some(occasion));
        assert_eq!(Occasion::parse("member 12 some-key"), None);
    }
}
