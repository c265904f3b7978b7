//! A form is data: an ordered list of fields, a cadence, an audience, and what makes an answer abnormal.
//!
//! This document is what a designer edits and what is published. Publishing compiles it to JSON Schema
//! ([`schema`]), which validates the answers; the H5 page renders the field list itself.

pub mod answers;
pub mod cadence;
pub mod check;
pub mod condition;
pub mod difference;
pub mod field;
pub mod quick;
pub mod schema;
pub mod statistic;
pub mod trip;

mod flaw;
mod reading;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::DepartmentId;

pub use cadence::{Cadence, Period, Schedule, Turn, WallTime, Window};
pub use check::{Check, Flag};
pub use condition::Condition;
pub use field::{CarryOver, Choice, Field, FieldKind};
pub use flaw::Flaw;
pub use quick::{Band, Quick};
pub use statistic::{Category, Statistic};
pub use trip::{Trip, TripFields};

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
    /// By what right it asks: the law, or the school's own rule. Shown with the purpose.
    pub legal_basis: String,
    /// How often, and in which hours.
    pub cadence: Cadence,
    /// Who is expected to answer.
    pub audience: Audience,
    /// The questions, in the order they are asked.
    pub fields: Vec<Field>,
    /// An answer is abnormal when any of these holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abnormal: Vec<Condition>,
    /// What else about an answer somebody should look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// What is counted by category; it stands unsealed as coded facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statistics: Vec<Statistic>,
    /// The field that says where somebody is, to be compared with their trips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The fields that say somebody is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip: Option<TripFields>,
    /// What may be answered by a card or a word in the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quick: Option<Quick>,
}

/// Who is expected to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// Students, staff, or both.
    pub kinds: Vec<PersonKind>,
    /// Only those counted under a department of this kind; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// Only those counted under one of these; absent: the whole school.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub departments: Option<Vec<DepartmentId>>,
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
    /// Both.
    pub const ALL: [Self; 2] = [Self::Student, Self::Staff];

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

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

impl Form {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The turns someone can be asked on a day, in the order of the day.
    pub fn turns(&self, zone: Tz, schedule: Schedule, day: NaiveDate) -> Vec<Turn> {
        self.cadence.turns(zone, schedule, day)
    }

    /// Whether it asks anything sensitive, which nobody answers before they agreed to what the school tells them of it.
    pub fn is_sensitive(&self) -> bool {
        self.fields.iter().any(|field| field.sensitive)
    }

    /// Whether it is answered any number of times.
    pub fn is_event(&self) -> bool {
        matches!(self.cadence, Cadence::Event)
    }
}
