//! 更正申请: a member says which of their data is wrong and what is right.

use crate::{
    person_field::PersonField,
    roster::{Line, LineError, read_grade, read_phone},
};

/// What may be said to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrectionField {
    /// 姓名
    Name,
    /// 学号/工号
    Number,
    /// 班级
    Class,
    /// 专业
    Major,
    /// 年级
    Grade,
    /// 手机
    Phone,
    /// 其他
    Other,
}

impl CorrectionField {
    /// All, in the order of the member's page.
    pub const ALL: [Self; 7] =
        [Self::Name, Self::Number, Self::Class, Self::Major, Self::Grade, Self::Phone, Self::Other];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Number => "number",
            Self::Class => "class",
            Self::Major => "major",
            Self::Grade => "grade",
            Self::Phone => "phone",
            Self::Other => "other",
        }
    }

    /// The field of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Name => "姓名",
            Self::Number => "学号/工号",
            Self::Class => "班级",
            Self::Major => "专业",
            Self::Grade => "年级",
            Self::Phone => "手机",
            Self::Other => "其他",
        }
    }

    /// What putting it right writes. None: it is done elsewhere, and the request closed with a word of what was done.
    pub fn writes(self) -> Option<PersonField> {
        match self {
            Self::Name => Some(PersonField::Name),
            Self::Major => Some(PersonField::Major),
            Self::Grade => Some(PersonField::Grade),
            Self::Phone => Some(PersonField::Phone),
            Self::Number | Self::Class | Self::Other => None,
        }
    }

    /// Whether only those who bring rosters can put it right: they see these requests and no others.
    pub fn needs_a_roster(self) -> bool {
        matches!(self, Self::Number | Self::Class)
    }

    /// The right value as it is kept, or what is wrong with it.
    pub fn read(self, value: &str) -> Result<String, String> {
        let value = value.trim();
        let (column, at_most) = match self {
            Self::Name => ("name", 64),
            Self::Number => ("number", 64),
            Self::Class => ("class", 200),
            Self::Major => ("major", 64),
            Self::Grade => ("grade", 64),
            Self::Phone => ("phone", 64),
            Self::Other => ("reason", 200),
        };
        let line = Line { number: 1, cells: [(column, value)].into() };
        let text = line.filled(column, at_most).map_err(message)?;
        match self {
            Self::Number => line.number().map(Into::into),
            Self::Grade => {
                read_grade(&line).map(|year| year.map_or_else(|| text.into(), |year| year.to_string()))
            }
            Self::Phone => read_phone(&line).map(|phone| phone.unwrap_or_else(|| text.into())),
            _ => Ok(text.into()),
        }
        .map_err(message)
    }
}

fn message(error: LineError) -> String {
    error.message
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrectionState {
    /// 待核对: the counsellor's turn.
    Submitted,
    /// 待处理: the office's turn.
    Checked,
    /// 已更正
    Fixed,
    /// 未采纳
    Refused,
    /// 已撤回
    Withdrawn,
}

impl CorrectionState {
    /// All.
    pub const ALL: [Self; 5] = [Self::Submitted, Self::Checked, Self::Fixed, Self::Refused, Self::Withdrawn];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Checked => "checked",
            Self::Fixed => "fixed",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether somebody is still to act.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Submitted | Self::Checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_kept_as_a_roster_would_have_it() {
        let read = |field: CorrectionField, value| field.read(value);
        assert_eq!(read(CorrectionField::Phone, " 100-1234 5678 ").unwrap(), "10012345678");
        assert_eq!(read(CorrectionField::Grade, "2018级").unwrap(), "2018");
        assert_eq!(read(CorrectionField::Name, " 王一 ").unwrap(), "王一");
        assert_eq!(read(CorrectionField::Number, "2018-01").unwrap(), "2018-01");
    }

    #[test]
    fn a_value_that_cannot_be_right_is_refused_with_what_to_do() {
        for (field, value) in [
            (CorrectionField::Phone, "没有"),
            (CorrectionField::Grade, "大一"),
            (CorrectionField::Number, "2018 01"),
            (CorrectionField::Name, "  "),
            (CorrectionField::Other, ""),
        ] {
            assert!(!field.read(value).unwrap_err().is_empty(), "{field:?}");
        }
        assert!(CorrectionField::Name.read(&"长".repeat(65)).is_err());
        let told = CorrectionField::Phone.read("1001234x678").unwrap_err();
        assert!(!told.contains("1001234"), "a phone with a slip is not quoted: {told}");
    }

    #[test]
    fn what_a_fix_does_not_write_is_closed_with_a_word() {
        let closed: Vec<_> =
            CorrectionField::ALL.into_iter().filter(|field| field.writes().is_none()).collect();
        assert_eq!(closed, [CorrectionField::Number, CorrectionField::Class, CorrectionField::Other]);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for field in CorrectionField::ALL {
            assert_eq!(CorrectionField::parse(field.as_str()), Some(field));
            assert!(!field.title().is_empty());
        }
        for state in CorrectionState::ALL {
            assert_eq!(CorrectionState::parse(state.as_str()), Some(state));
        }
        assert!(CorrectionState::Checked.is_open() && !CorrectionState::Withdrawn.is_open());
    }
}
