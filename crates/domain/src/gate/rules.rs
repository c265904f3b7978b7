//! A gate's rules: a document that says what it asks for.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

use super::{Direction, Facts, Refusal};
use crate::form::answers::FieldError;

/// Forms a gate asks for at most.
const MAX_FORMS: usize = 8;
/// Opening hours of a day at most.
const MAX_HOURS: usize = 6;

/// What kind of place a zone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneKind {
    /// 校园
    Campus,
    /// 宿舍
    Dormitory,
    /// 楼宇
    Building,
}

impl ZoneKind {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Campus => "campus",
            Self::Dormitory => "dormitory",
            Self::Building => "building",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Campus, Self::Dormitory, Self::Building].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Which directions a gate serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directions {
    /// Only in.
    In,
    /// Only out.
    Out,
    /// Both.
    Both,
}

impl Directions {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Both => "both",
        }
    }

    /// The directions of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::In, Self::Out, Self::Both].into_iter().find(|directions| directions.as_str() == name)
    }

    /// Whether a direction is among them.
    pub fn has(self, direction: Direction) -> bool {
        match self {
            Self::Both => true,
            Self::In => direction == Direction::In,
            Self::Out => direction == Direction::Out,
        }
    }
}

/// What a device does that hears nothing from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Lets through whom it can check by itself, and nobody else.
    Closed,
    /// Lets everybody through, and keeps a log.
    Open,
}

impl Failure {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
        }
    }

    /// The mode of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Closed, Self::Open].into_iter().find(|mode| mode.as_str() == name)
    }
}

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// From this time …
    pub from: NaiveTime,
    /// … until before this one; earlier than `from`: past midnight.
    pub until: NaiveTime,
}

impl Hours {
    fn has(self, time: NaiveTime) -> bool {
        if self.from < self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

/// When a permit is needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermitNeed {
    /// Never: outside its hours the gate is shut.
    #[default]
    Never,
    /// Outside its hours.
    OutsideHours,
    /// At any time.
    Always,
}

/// What is asked of those who pass in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// Today's report, of whoever is not exempt.
    #[serde(default)]
    pub report: bool,
    /// No abnormal report today.
    #[serde(default)]
    pub normal: bool,
    /// A permit.
    #[serde(default)]
    pub permit: PermitNeed,
}

impl Needs {
    /// What of the reports is wanting.
    pub fn unmet(&self, facts: &Facts) -> Option<Refusal> {
        if self.report && !facts.reported && !facts.exempt {
            Some(Refusal::NoReport)
        } else if self.normal && facts.abnormal {
            Some(Refusal::Abnormal)
        } else {
            None
        }
    }
}

/// What a gate asks for. The empty document asks for a good code alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Codes of the forms whose reports count.
    #[serde(default)]
    pub forms: Vec<String>,
    /// When it is open; none: always.
    #[serde(default)]
    pub hours: Vec<Hours>,
    /// Whether 请假, granted in 企业微信 or entered by the school, counts as a permit on its days.
    #[serde(default)]
    pub leave: bool,
    /// Of those who come in.
    #[serde(default)]
    pub entering: Needs,
    /// Of those who go out.
    #[serde(default)]
    pub leaving: Needs,
}

impl Rules {
    /// What is asked in one direction.
    pub fn needs(&self, direction: Direction) -> &Needs {
        match direction {
            Direction::In => &self.entering,
            Direction::Out => &self.leaving,
        }
    }

    /// Whether it is open at this time of the day.
    pub fn is_open(&self, time: NaiveTime) -> bool {
        self.hours.is_empty() || self.hours.iter().any(|hours| hours.has(time))
    }

    /// Whether only a permit lets somebody through at this time of the day.
    pub fn takes_permit(&self, direction: Direction, time: NaiveTime) -> bool {
        match self.needs(direction).permit {
            PermitNeed::Always => true,
            PermitNeed::OutsideHours => !self.is_open(time),
            PermitNeed::Never => false,
        }
    }

    /// Everything that is wrong with it, by field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let mut say = |field: &str, message: &str| {
            wrong.push(FieldError { field: field.into(), message: message.into() });
        };
        let needs = [self.entering, self.leaving];
        if needs.iter().any(|needs| needs.report || needs.normal) && self.forms.is_empty() {
            say("rules.forms", "要求填报的通道请选择至少一张表单");
        }
        let is_code = |code: &String| {
            (1..=64).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if self.forms.len() > MAX_FORMS || !self.forms.iter().all(is_code) {
            say("rules.forms", "请从已有的表单里选择，最多 8 张");
        }
        if self.hours.len() > MAX_HOURS || self.hours.iter().any(|hours| hours.from == hours.until) {
            say("rules.hours", "请填开放的起止时间，最多 6 段，起止不能相同；全天开放请留空");
        }
        let asks = |need| needs.iter().any(|needs| needs.permit == need);
        if asks(PermitNeed::OutsideHours) && self.hours.is_empty() {
            say("rules.hours", "时段外凭通行证的通道请填写开放时间");
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_may_go_past_midnight() {
        let time = |text: &str| text.parse::<NaiveTime>().unwrap();
        let night = Hours { from: time("22:00:00"), until: time("02:00:00") };
        assert!(night.has(time("23:00:00")) && night.has(time("01:59:59")) && night.has(time("22:00:00")));
        assert!(!night.has(time("02:00:00")) && !night.has(time("12:00:00")));
    }

    #[test]
    fn what_is_wrong_is_told_by_field() {
        let fields = |text: &str| {
            let rules: Rules = serde_json::from_str(text).unwrap();
            rules.check().into_iter().map(|wrong| wrong.field).collect::<Vec<_>>()
        };
        assert_eq!(fields("{}"), Vec::<String>::new());
        assert_eq!(fields(r#"{"entering":{"report":true}}"#), ["rules.forms"]);
        assert_eq!(fields(r#"{"forms":["a b"]}"#), ["rules.forms"]);
        assert_eq!(fields(r#"{"leaving":{"permit":"outside_hours"}}"#), ["rules.hours"]);
        assert_eq!(fields(r#"{"hours":[{"from":"06:00:00","until":"06:00:00"}]}"#), ["rules.hours"]);
        assert!(serde_json::from_str::<Rules>(r#"{"form":"x"}"#).is_err());
    }

    #[test]
    fn words_are_read_back() {
        for kind in [ZoneKind::Campus, ZoneKind::Dormitory, ZoneKind::Building] {
            assert_eq!(ZoneKind::parse(kind.as_str()), Some(kind));
        }
        for directions in [Directions::In, Directions::Out, Directions::Both] {
            assert_eq!(Directions::parse(directions.as_str()), Some(directions));
        }
        for mode in [Failure::Closed, Failure::Open] {
            assert_eq!(Failure::parse(mode.as_str()), Some(mode));
        }
    }
}
