//! A form may say that somebody is away: which of its answers say since when, where and until when.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::answers::Answers;

/// The fields that make a trip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TripFields {
    /// The day they left: a date field.
    pub left_on: String,
    /// The day they came back: a date field. Until it is answered the trip is under way, and may be closed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_on: Option<String>,
    /// Where to: a region field.
    pub place: String,
    /// How: a choice field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
}

/// Somebody's trip (行程).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    /// The day they left.
    pub left_on: NaiveDate,
    /// The day they came back; none: they are away.
    pub returned_on: Option<NaiveDate>,
    /// Where to: a county's code.
    pub region: String,
    /// How.
    pub transport: Option<String>,
}

impl TripFields {
    /// The trip these answers tell of; none: they tell of none.
    pub fn trip(&self, answers: &Answers) -> Option<Trip> {
        let text = |name: &String| answers.get(name).and_then(|answer| answer.as_str()).map(str::to_owned);
        let date = |name: &String| text(name).and_then(|day| day.parse().ok());
        Some(Trip {
            left_on: date(&self.left_on)?,
            returned_on: self.returned_on.as_ref().and_then(date),
            region: text(&self.place)?,
            transport: self.transport.as_ref().and_then(text),
        })
    }
}
