//! A rule as clients write and read it.

use app::{Error, FieldError};
use domain::{
    form::{PersonKind, WallTime},
    reminder::{self, Rule},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::problem::Answer;

/// When whom to remind of a form, and who hears of it next.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReminderRuleDocument)]
pub struct Document {
    days: Days,
    /// 1 to 12 times of the school's day, `HH:MM`.
    #[schema(example = json!(["10:00", "14:00", "18:00"]))]
    times: Vec<String>,
    /// Only those counted under one of these; null or left out: everybody the form asks.
    #[serde(default)]
    departments: Option<Vec<i32>>,
    /// Only people of these kinds; null or left out: everybody the form asks.
    #[serde(default)]
    kinds: Option<Vec<Kind>>,
    /// Who is told, one after the other, as long as somebody is missing.
    steps: Vec<Step>,
    /// When this rule sends nothing, beside the school's own quiet hours.
    #[serde(default)]
    quiet: Option<Quiet>,
    /// People are reminded over so many minutes, never at :00 or :30; 0: all at once.
    #[serde(default)]
    spread_minutes: u16,
    /// What has not gone out after so many minutes stays back, 10 to 1440; null or left out: until the rule's next time or the form's close.
    #[serde(default)]
    useful_minutes: Option<u16>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReminderDays)]
enum Days {
    /// 每天
    Every,
    /// 工作日, by the school's calendar.
    Workdays,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReminderPersonKind)]
enum Kind {
    /// 学生
    Student,
    /// 教职工
    Staff,
}

/// Who is told at one step.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReminderStep)]
struct Step {
    to: To,
    /// So many minutes after the rule's time, 0 to 720.
    after_minutes: u16,
    /// At most 120 characters, with {form} {closes} {name} {class} {college}, and for those in charge {count} {expected}.
    wording: String,
}

/// Whom a step tells.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReminderTo)]
pub enum To {
    /// 本人
    Person,
    /// 学生干部
    ClassAssistant,
    /// 辅导员
    Counsellor,
    /// 学院或部门负责人
    College,
    /// 学工办和校领导
    School,
}

/// Hours without a message; `until` before `from`: over midnight.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuietHours)]
pub struct Quiet {
    /// `HH:MM`.
    #[schema(example = "22:30")]
    from: String,
    /// `HH:MM`, at most 24:00.
    #[schema(example = "06:30")]
    until: String,
}

impl From<To> for reminder::To {
    fn from(to: To) -> Self {
        match to {
            To::Person => Self::Person,
            To::ClassAssistant => Self::ClassAssistant,
            To::Counsellor => Self::Counsellor,
            To::College => Self::College,
            To::School => Self::School,
        }
    }
}

impl From<reminder::To> for To {
    fn from(to: reminder::To) -> Self {
        match to {
            reminder::To::Person => Self::Person,
            reminder::To::ClassAssistant => Self::ClassAssistant,
            reminder::To::Counsellor => Self::Counsellor,
            reminder::To::College => Self::College,
            reminder::To::School => Self::School,
        }
    }
}

fn time(field: &str, text: &str) -> Result<WallTime, FieldError> {
    WallTime::try_from(text.to_owned()).map_err(|_| FieldError {
        field: field.into(),
        message: format!("“{text}”不是时间，请写成 08:30 的样子"),
    })
}

impl Quiet {
    /// As the rules know it.
    pub fn read(&self) -> Result<reminder::Quiet, FieldError> {
        Ok(reminder::Quiet { from: time("quiet", &self.from)?, until: time("quiet", &self.until)? })
    }

    /// As clients know it.
    pub fn of(quiet: reminder::Quiet) -> Self {
        Self { from: quiet.from.to_string(), until: quiet.until.to_string() }
    }
}

impl Document {
    /// As the rules know it.
    pub fn read(&self) -> Answer<Rule> {
        let times = self.times.iter().map(|text| time("times", text)).collect::<Result<_, _>>();
        let quiet = self.quiet.as_ref().map(Quiet::read).transpose();
        let (times, quiet) = match (times, quiet) {
            (Ok(times), Ok(quiet)) => (times, quiet),
            (times, quiet) => {
                let wrong = times.err().into_iter().chain(quiet.err()).collect();
                return Err(Error::Invalid(wrong).into());
            }
        };
        let kind = |kind: &Kind| match kind {
            Kind::Student => PersonKind::Student,
            Kind::Staff => PersonKind::Staff,
        };
        let step = |step: &Step| reminder::Step {
            to: step.to.into(),
            after_minutes: step.after_minutes,
            wording: step.wording.trim().to_owned(),
        };
        Ok(Rule {
            days: match self.days {
                Days::Every => reminder::Days::Every,
                Days::Workdays => reminder::Days::Workdays,
            },
            times,
            departments: self.departments.clone(),
            kinds: self.kinds.as_ref().map(|kinds| kinds.iter().map(kind).collect()),
            steps: self.steps.iter().map(step).collect(),
            quiet,
            spread_minutes: self.spread_minutes,
            useful_minutes: self.useful_minutes,
        })
    }

    /// As clients know it.
    pub fn of(rule: &Rule) -> Self {
        let kind = |kind: &PersonKind| match kind {
            PersonKind::Student => Kind::Student,
            PersonKind::Staff => Kind::Staff,
        };
        let step = |step: &reminder::Step| Step {
            to: step.to.into(),
            after_minutes: step.after_minutes,
            wording: step.wording.clone(),
        };
        Self {
            days: match rule.days {
                reminder::Days::Every => Days::Every,
                reminder::Days::Workdays => Days::Workdays,
            },
            times: rule.times.iter().map(ToString::to_string).collect(),
            departments: rule.departments.clone(),
            kinds: rule.kinds.as_ref().map(|kinds| kinds.iter().map(kind).collect()),
            steps: rule.steps.iter().map(step).collect(),
            quiet: rule.quiet.map(Quiet::of),
            spread_minutes: rule.spread_minutes,
            useful_minutes: rule.useful_minutes,
        }
    }
}
