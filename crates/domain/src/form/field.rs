//! The questions of a form: types, limits, choices.

use serde::{Deserialize, Serialize};

use super::condition::Condition;

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
    /// What the next form does with the answer.
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
    /// A day, `2020-03-04`.
    Date {
        /// So many days before the day it is answered at most; absent: any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        days_back: Option<u16>,
        /// So many days after it at most; absent: any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        days_ahead: Option<u16>,
        /// Not before the day in this field.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_before: Option<String>,
    },
    /// A county of China by its six-digit code, `410105`.
    Region,
    /// A phone number.
    Phone,
    /// Photos, by the ids under which they were uploaded.
    Photos {
        /// So many at most.
        at_most: u8,
    },
    /// Where the phone says it is: a claim, with its accuracy, source and time; rounded to about a kilometre unless
    /// `precise`.
    Location {
        /// Kept to the metre.
        #[serde(default)]
        precise: bool,
    },
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What people read.
    pub title: String,
    /// Where that is, for a choice of places: the first two, four or six digits of a region's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// What the next form does with an answer.
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

impl FieldKind {
    /// Its choices, if it has any.
    pub fn choices(&self) -> &[Choice] {
        match self {
            Self::Choice { choices } | Self::Choices { choices } => choices,
            _ => &[],
        }
    }

    /// Whether its value was measured at the moment of answering, so that yesterday's is none.
    pub fn is_measured(&self) -> bool {
        matches!(self, Self::Number { .. } | Self::Location { .. } | Self::Photos { .. })
    }
}
