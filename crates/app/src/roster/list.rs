//! What a file lists: students, staff, both, or classes. Schools say it by their headings; a person may say otherwise.

use domain::roster::{
    PEOPLE_COLUMNS,
    class::{CLASS_COLUMNS, CLASS_NEEDED},
    column_of,
};

use super::{NEEDED_OF_PEOPLE, table::Sheet};

/// What a file lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum List {
    /// To be told from the headings.
    #[default]
    Guess,
    /// Students and staff, each row saying which.
    People,
    /// 学生
    Students,
    /// 教职工
    Staff,
    /// 班级
    Classes,
}

impl List {
    /// As programs name it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Guess => "guess",
            Self::People => "people",
            Self::Students => "students",
            Self::Staff => "staff",
            Self::Classes => "classes",
        }
    }

    /// As errors name the file.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Guess | Self::People => "人员名册",
            Self::Students => "学生名册",
            Self::Staff => "教职工名册",
            Self::Classes => "班级名单",
        }
    }

    /// Columns such a file may have.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Guess | Self::People => &PEOPLE_COLUMNS,
            Self::Students => &["number", "name", "class", "grade", "major", "phone", "since", "until"],
            Self::Staff => &["number", "name", "department", "staff_kind", "phone", "since", "until"],
            Self::Classes => &CLASS_COLUMNS,
        }
    }

    /// Columns it can't be without.
    pub(super) fn needed(self) -> &'static [&'static str] {
        if self == Self::Classes { &CLASS_NEEDED } else { &NEEDED_OF_PEOPLE }
    }

    /// What every row is, where it need not say.
    pub(super) fn everybody(self) -> Option<&'static str> {
        match self {
            Self::Students => Some("student"),
            Self::Staff => Some("staff"),
            Self::Guess | Self::People | Self::Classes => None,
        }
    }

    /// What this file lists, as told or by its headings.
    pub(super) fn of(self, sheet: &Sheet) -> Self {
        if self != Self::Guess {
            return self;
        }
        let has = |column: &'static str| {
            sheet.headings.iter().any(|heading| column_of(heading, &[column]).is_some())
        };
        // A list of classes has counsellors and no people of its own.
        if has("class") && (has("counsellor") || has("counsellor_name")) && !(has("number") || has("name")) {
            return Self::Classes;
        }
        match (has("kind"), has("class"), has("department")) {
            (false, true, false) => Self::Students,
            (false, false, true) => Self::Staff,
            _ => Self::People,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_say_what_a_file_lists() {
        let of = |headings: &str| List::Guess.of(&Sheet::read("名单", headings.as_bytes()).unwrap());
        assert_eq!(of("学号,姓名,班级,辅导员"), List::Students, "a list of students may name counsellors");
        assert_eq!(of("工号,姓名,所在部门"), List::Staff);
        assert_eq!(of("学工号,姓名,身份,班级,部门"), List::People);
        assert_eq!(of("学号,姓名"), List::People, "which of them is asked");
        assert_eq!(of("行政班级,所属学院,辅导员工号,辅导员姓名"), List::Classes);
        assert_eq!(of("班级,班主任"), List::Classes);
        assert_eq!(List::Staff.of(&Sheet::read("名单", "班级,班主任".as_bytes()).unwrap()), List::Staff);
    }
}
