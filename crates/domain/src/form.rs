//! A form is data: an ordered list of fields, a cadence, an audience, and what makes an answer abnormal.
//!
//! This document is what a designer edits and what is published. Publishing compiles it to JSON Schema
//! ([`schema`]), which validates the answers; the H5 page renders the field list itself.

pub mod answers;
pub mod schema;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock;

/// One version of a form. Never changes once published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Stable name in URLs and files, e.g. `health-daily`.
    pub code: String,
    /// What people read.
    pub title: String,
    /// Counts up with each published change.
    pub version: i32,
    /// Why the school asks: shown to those who are asked.
    pub purpose: String,
    /// How often, and in which hours.
    pub cadence: Cadence,
    /// Who is expected to answer.
    pub audience: Audience,
    /// The questions, in the order they are asked.
    pub fields: Vec<Field>,
    /// An answer is abnormal when any of these holds.
    pub abnormal: Vec<Condition>,
    /// Names of the choice fields that are counted by category; they stand unsealed as coded facts.
    pub statistics: Vec<String>,
}

/// How often a form is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Cadence {
    /// Once a day of the school; may be corrected until it closes.
    Daily {
        /// From when on the day.
        opens: WallTime,
        /// Until when; `24:00` is the end of the day.
        closes: WallTime,
        /// The hour at which the day's figures are read.
        cutoff: WallTime,
    },
}

/// A wall-clock time of the school's day, `00:00` to `24:00`, where `24:00` is the next midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WallTime(u16);

impl WallTime {
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

impl From<WallTime> for String {
    fn from(time: WallTime) -> Self {
        format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
    }
}

/// Who is expected to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// Students or staff.
    pub kind: PersonKind,
    /// Only those counted under a department of this kind; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
}

/// The kind of a person on the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// 学生
    Student,
    /// 教职工
    Staff,
}

impl PersonKind {
    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Staff => "staff",
        }
    }
}

/// What a person must be counted under to belong to an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Within {
    /// A college.
    College,
}

/// One question. (serde can't refuse unknown keys beside a flattened enum.)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Key of the answer.
    pub name: String,
    /// What people read.
    pub title: String,
    /// A line under the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Type and limits.
    #[serde(flatten)]
    pub kind: FieldKind,
    /// Whether it must be answered when it is shown.
    pub required: bool,
    /// Masked on screens of others.
    pub sensitive: bool,
    /// What the next day's form does with the answer.
    pub carry_over: CarryOver,
    /// Shown, and answered, only when this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_if: Option<Condition>,
}

/// Type and limits of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FieldKind {
    /// A measured number.
    Number {
        /// Printed behind the number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
        /// Smallest value taken.
        minimum: f64,
        /// Largest value taken.
        maximum: f64,
        /// Digits behind the point.
        decimals: u8,
    },
    /// One of several.
    Choice {
        /// What can be chosen.
        choices: Vec<Choice>,
    },
    /// Any of several, at least one when required.
    Choices {
        /// What can be chosen.
        choices: Vec<Choice>,
    },
    /// Free text.
    Text {
        /// Characters at most.
        max_length: u32,
    },
    /// Yes or no.
    Boolean,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What people read.
    pub title: String,
}

/// What the next day's form does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarryOver {
    /// Filled in, marked as carried over.
    Prefill,
    /// Asked anew each time.
    Ask,
    /// A measured value: never carried over by anyone.
    Never,
}

/// A condition on one answer. Of the tests named, all must hold; an answer that is missing meets none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The answer it looks at.
    pub field: String,
    /// Equal to this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// Equal to one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// A number not below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// A number not above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

/// A form document that can't be published, with the field at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("表单 {form} 的 {field}：{problem}")]
pub struct Flaw {
    /// The form's code.
    pub form: String,
    /// The field's name.
    pub field: String,
    /// What is wrong, in Chinese.
    pub problem: &'static str,
}

impl Form {
    /// When the form takes answers for `day`.
    pub fn window(&self, zone: Tz, day: NaiveDate) -> Window {
        let Cadence::Daily { opens, closes, cutoff } = &self.cadence;
        Window {
            opens_at: opens.on(zone, day),
            closes_at: closes.on(zone, day),
            cutoff_at: cutoff.on(zone, day),
        }
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Checks what the type can't say: unique names, conditions that look back, counted fields that are choices
    /// and not sensitive.
    pub fn check(&self) -> Result<(), Flaw> {
        let flaw = |field: &str, problem| Flaw { form: self.code.clone(), field: field.to_owned(), problem };
        for (index, field) in self.fields.iter().enumerate() {
            let (before, _) = self.fields.split_at(index);
            if before.iter().any(|other| other.name == field.name) {
                return Err(flaw(&field.name, "字段名重复"));
            }
            if let Some(condition) = &field.show_if
                && !before.iter().any(|other| other.name == condition.field)
            {
                return Err(flaw(&field.name, "显示条件只能引用前面的字段"));
            }
        }
        if let Some(condition) = self.abnormal.iter().find(|condition| self.field(&condition.field).is_none())
        {
            return Err(flaw(&condition.field, "异常条件引用了不存在的字段"));
        }
        for name in &self.statistics {
            match self.field(name) {
                Some(Field { kind: FieldKind::Choice { .. }, sensitive: false, .. }) => {}
                _ => return Err(flaw(name, "统计字段必须是单选，且不能是敏感字段")),
            }
        }
        Ok(())
    }
}

/// When a form takes answers for one day, and when the day's figures are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From here on answers are taken.
    pub opens_at: DateTime<Utc>,
    /// From here on they are not.
    pub closes_at: DateTime<Utc>,
    /// The hour at which the day's figures are read.
    pub cutoff_at: DateTime<Utc>,
}
