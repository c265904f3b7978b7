//! A form as a document: what is filled in, and what a designer edits.

mod whole;

use domain::form::{self, FieldKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub use whole::{Cadence, Document};

/// One question. Which limits it has depends on its kind.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Key of the answer: small letters, digits and `_`.
    pub name: String,
    /// What people read.
    pub title: String,
    /// A line under the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Its type.
    pub kind: Kind,
    /// Whether it must be answered when it is shown.
    pub required: bool,
    /// number: printed behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// number: smallest value taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// number: largest value taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// number: digits behind the point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// text: characters at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// choice, choices: what can be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<Vec<Choice>>,
    /// date: so many days before the day of answering at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_back: Option<u16>,
    /// date: so many days after it at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_ahead: Option<u16>,
    /// date: not before the day in this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// photos: so many at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u8>,
    /// location: kept to the metre.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precise: Option<bool>,
    /// Masked on screens of others.
    pub sensitive: bool,
    /// What the next form does with the answer.
    pub carry_over: CarryOver,
    /// Shown, and answered, only when this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_if: Option<Condition>,
}

/// The type of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FieldKind)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A measured number.
    Number,
    /// One of several.
    Choice,
    /// Any of several.
    Choices,
    /// Free text.
    Text,
    /// Yes or no.
    Boolean,
    /// A day, `2020-03-04`.
    Date,
    /// A county's six-digit code, `410105`.
    Region,
    /// A phone number.
    Phone,
    /// Ids of uploaded photos.
    Photos,
    /// `{latitude, longitude, accuracy, source, at}`: a claim.
    Location,
}

/// What the next form does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarryOver {
    /// Filled in, marked as carried over.
    Prefill,
    /// Asked anew each time.
    Ask,
    /// A measured value: never carried over by anyone.
    Never,
}

/// One choice.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What people read.
    pub title: String,
    /// Where that is: the first two, four or six digits of a region's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// Of the tests named, all must hold.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The answer it looks at.
    pub field: String,
    /// Equal to this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// Equal to one of these; of an answer with several values, one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// A number not below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// A number not above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// A region in one of these: the first two, four or six digits of a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Vec<String>>,
    /// A region in none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<Vec<String>>,
}

impl From<&form::Condition> for Condition {
    fn from(condition: &form::Condition) -> Self {
        let form::Condition { field, equals, one_of, at_least, at_most, within, outside } = condition.clone();
        Self { field, equals, one_of, at_least, at_most, within, outside }
    }
}

impl From<&form::Field> for Field {
    fn from(field: &form::Field) -> Self {
        let mut item = Self {
            name: field.name.clone(),
            title: field.title.clone(),
            help: field.help.clone(),
            kind: Kind::Boolean,
            required: field.required,
            unit: None,
            minimum: None,
            maximum: None,
            decimals: None,
            max_length: None,
            choices: None,
            days_back: None,
            days_ahead: None,
            not_before: None,
            at_most: None,
            precise: None,
            sensitive: field.sensitive,
            carry_over: match field.carry_over {
                form::CarryOver::Prefill => CarryOver::Prefill,
                form::CarryOver::Ask => CarryOver::Ask,
                form::CarryOver::Never => CarryOver::Never,
            },
            show_if: field.show_if.as_ref().map(Condition::from),
        };
        let choices = |choices: &[form::Choice]| {
            let choice = |choice: &form::Choice| {
                let form::Choice { value, title, region } = choice.clone();
                Choice { value, title, region }
            };
            Some(choices.iter().map(choice).collect())
        };
        match &field.kind {
            FieldKind::Number { unit, minimum, maximum, decimals } => {
                item.kind = Kind::Number;
                item.unit = unit.clone();
                (item.minimum, item.maximum, item.decimals) =
                    (Some(*minimum), Some(*maximum), Some(*decimals));
            }
            FieldKind::Choice { choices: all } => {
                (item.kind, item.choices) = (Kind::Choice, choices(all));
            }
            FieldKind::Choices { choices: all } => {
                (item.kind, item.choices) = (Kind::Choices, choices(all));
            }
            FieldKind::Text { max_length } => {
                (item.kind, item.max_length) = (Kind::Text, Some(*max_length));
            }
            FieldKind::Boolean => {}
            FieldKind::Date { days_back, days_ahead, not_before } => {
                item.kind = Kind::Date;
                (item.days_back, item.days_ahead, item.not_before) =
                    (*days_back, *days_ahead, not_before.clone());
            }
            FieldKind::Region => item.kind = Kind::Region,
            FieldKind::Phone => item.kind = Kind::Phone,
            FieldKind::Photos { at_most } => (item.kind, item.at_most) = (Kind::Photos, Some(*at_most)),
            FieldKind::Location { precise } => {
                (item.kind, item.precise) = (Kind::Location, Some(*precise));
            }
        }
        item
    }
}
