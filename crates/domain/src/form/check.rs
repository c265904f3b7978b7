//! What answers give away against themselves: contradictions and risks, and places that don't match.

use serde::{Deserialize, Serialize};

use super::{Form, answers::Answers, condition::Condition};
use crate::region;

/// Something about the answers that a person should look at, although they are valid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Of which sort.
    pub flag: Flag,
    /// What is noticed, for who reviews it: 自述无异常却选了症状.
    pub title: String,
    /// When all of these hold.
    pub when: Vec<Condition>,
}

/// Why a report is to be reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// 异常: the form's abnormal conditions hold.
    Abnormal,
    /// 矛盾: two answers don't go together.
    Contradiction,
    /// 风险: an answer that means a risk.
    Risk,
    /// 地点不符: another place than the open trip's.
    Place,
}

impl Flag {
    /// All.
    pub const ALL: [Self; 4] = [Self::Abnormal, Self::Contradiction, Self::Risk, Self::Place];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Abnormal => "abnormal",
            Self::Contradiction => "contradiction",
            Self::Risk => "risk",
            Self::Place => "place",
        }
    }

    /// The flag of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.as_str() == name)
    }
}

impl Form {
    /// Flags of these answers, each once. `away` is where an open trip says the person is: a region's code.
    pub fn flags(&self, answers: &Answers, away: Option<&str>) -> Vec<Flag> {
        let mut flags: Vec<Flag> =
            self.checks.iter().filter(|check| check.holds(answers)).map(|check| check.flag).collect();
        if self.abnormal.iter().any(|condition| condition.holds(answers)) {
            flags.push(Flag::Abnormal);
        }
        if away.is_some_and(|away| self.contradicts_trip(answers, away)) {
            flags.push(Flag::Place);
        }
        flags.sort_unstable();
        flags.dedup();
        flags
    }

    /// Whether the place that is reported is another than the open trip's.
    fn contradicts_trip(&self, answers: &Answers, away: &str) -> bool {
        let Some(field) = self.place.as_ref().and_then(|name| self.field(name)) else { return false };
        let Some(answer) = answers.get(&field.name).and_then(|answer| answer.as_str()) else { return false };
        let choices = field.kind.choices();
        if choices.is_empty() {
            return region::province(answer) != region::province(away);
        }
        let lies_in =
            |region: &Option<String>| region.as_ref().is_some_and(|prefix| away.starts_with(prefix.as_str()));
        match choices.iter().find(|choice| choice.value == answer) {
            Some(chosen) if chosen.region.is_some() => !lies_in(&chosen.region),
            // "Elsewhere" is wrong where one of the named places is right.
            Some(_) => choices.iter().any(|choice| lies_in(&choice.region)),
            None => false,
        }
    }
}

impl Check {
    /// Whether all of its conditions hold. One without conditions never does.
    pub fn holds(&self, answers: &Answers) -> bool {
        !self.when.is_empty() && self.when.iter().all(|condition| condition.holds(answers))
    }
}
