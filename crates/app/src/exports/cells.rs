//! What stands in the cells of an export.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use domain::{
    DepartmentId,
    exemption::ExemptionKind,
    export::{Chosen, Column},
    statistics,
};
use store::{
    departments::Department,
    export_rows::{ClassRow, ExemptionRow, PersonRow},
};

use super::answers::HIDDEN;

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text, whatever it looks like.
    Text(String),
    /// A figure.
    Number(f64),
}

impl Cell {
    /// Writes it as a column is to be written. A figure stays one, unless there is a code word for it.
    pub(super) fn rewrite(&mut self, chosen: &Chosen) {
        if chosen.is_plain() {
            return;
        }
        let said = match &*self {
            Self::Empty => String::new(),
            Self::Text(said) => said.clone(),
            Self::Number(number) => number.to_string(),
        };
        let written = chosen.written(&said);
        if written != said {
            *self = text(written);
        }
    }
}

pub(super) fn text(text: impl Into<String>) -> Cell {
    match text.into() {
        text if text.is_empty() => Cell::Empty,
        text => Cell::Text(text),
    }
}

pub(super) fn optional(value: Option<&str>) -> Cell {
    value.map_or(Cell::Empty, text)
}

#[expect(clippy::cast_precision_loss, reason = "counts of people of a school")]
pub(super) fn number(count: i64) -> Cell {
    Cell::Number(count as f64)
}

pub(super) fn day(day: Option<NaiveDate>) -> Cell {
    day.map_or(Cell::Empty, |day| Cell::Text(day.to_string()))
}

fn kind(kind: &str) -> Cell {
    text(if kind == "student" { "学生" } else { "教职工" })
}

/// Names of departments from the school downwards.
#[derive(Debug, Default)]
pub(crate) struct Paths(HashMap<DepartmentId, (String, Option<DepartmentId>)>);

impl Paths {
    pub(crate) fn new(departments: Vec<Department>) -> Self {
        let each = departments.into_iter();
        Self(each.map(|one| (one.department_id, (one.name, one.parent_id))).collect())
    }

    fn of(&self, department: Option<DepartmentId>) -> String {
        let mut names: Vec<&str> = Vec::new();
        let mut at = department;
        // WeCom's trees are at most fifteen deep; a circle ends here too.
        while let Some((name, parent)) = at.and_then(|id| self.0.get(&id)).filter(|_| names.len() < 20) {
            names.push(name);
            at = *parent;
        }
        names.reverse();
        names.join("/")
    }
}

/// A cell of somebody's row. `phone` is what may be shown of it.
pub(crate) fn of_person(
    row: &PersonRow,
    column: Column,
    index: i64,
    phone: Option<&str>,
    paths: &Paths,
) -> Cell {
    match column {
        Column::Index => number(index),
        Column::Number => text(&row.number),
        Column::Name => text(&row.name),
        Column::Kind => kind(&row.kind),
        Column::StaffKind => optional(row.staff_kind.as_deref()),
        Column::College => optional(row.college.as_deref()),
        Column::Grade => optional(row.grade.as_deref()),
        Column::Place => optional(row.place.as_deref()),
        Column::Path => text(paths.of(row.department_id)),
        Column::Major => optional(row.major.as_deref()),
        Column::Year => row.year.map_or(Cell::Empty, |year| number(year.into())),
        Column::Phone => optional(phone),
        Column::Since => day(Some(row.from_date)),
        Column::Until => day(row.until_date),
        Column::Userid => optional(row.userid.as_deref()),
        Column::Activation => text(match (&row.userid, row.status) {
            (None, _) => "没有账号",
            (_, Some(1)) => "已激活",
            (_, Some(2)) => "已被禁用",
            _ => "尚未激活",
        }),
        _ => Cell::Empty,
    }
}

/// A cell of a class.
pub(crate) fn of_class(row: &ClassRow, column: Column, index: i64, paths: &Paths) -> Cell {
    match column {
        Column::Index => number(index),
        Column::Place => text(&row.place),
        Column::College => optional(row.college.as_deref()),
        Column::Grade => optional(row.grade.as_deref()),
        Column::Path => text(paths.of(Some(row.department_id))),
        Column::Counsellors => optional(row.counsellors.as_deref()),
        Column::Students => number(row.students),
        Column::WithAccount => number(row.with_account),
        Column::Activated => number(row.activated),
        Column::Rate => statistics::rate(row.activated, row.students).map_or(Cell::Empty, Cell::Number),
        _ => Cell::Empty,
    }
}

/// A cell of an exemption. `reason` is why, where it may be shown.
pub(crate) fn of_exemption(
    row: &ExemptionRow,
    reason: Option<&str>,
    column: Column,
    index: i64,
    today: NaiveDate,
) -> Cell {
    match column {
        Column::Index => number(index),
        Column::Number => text(&row.number),
        Column::Name => text(&row.name),
        Column::Kind => kind(&row.kind),
        Column::College => optional(row.college.as_deref()),
        Column::Grade => optional(row.grade.as_deref()),
        Column::Place => optional(row.place.as_deref()),
        Column::Exemption => {
            text(ExemptionKind::parse(&row.exemption).map_or(row.exemption.as_str(), |kind| kind.title()))
        }
        Column::From => day(Some(row.from_date)),
        Column::Last => day(row.until_date.and_then(|until| until.checked_sub_days(Days::new(1)))),
        Column::Reason => text(reason.unwrap_or(HIDDEN)),
        Column::Source => text(match row.source.as_str() {
            "list" => "按名单",
            "approval" => "企业微信审批",
            _ => "手工登记",
        }),
        Column::GrantedBy => optional(row.granted_by.as_deref()),
        Column::State => text(match (row.revoked_at, row.until_date) {
            (Some(_), _) => "已撤销",
            (None, Some(until)) if until <= today => "已结束",
            _ if row.from_date > today => "未开始",
            _ => "有效",
        }),
        _ => Cell::Empty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_from_the_school_down_and_ends_in_a_circle_too() {
        let department = |id, name: &str, parent_id| Department {
            department_id: id,
            name: name.into(),
            parent_id,
            sort_order: 0,
            kind: "office".into(),
            college_id: None,
            grade_id: None,
            class_id: None,
            closed_on: None,
        };
        let paths = Paths::new(vec![
            department(1, "学校", None),
            department(2, "管理学院", Some(1)),
            department(3, "2019会计1班", Some(2)),
            department(8, "甲", Some(9)),
            department(9, "乙", Some(8)),
        ]);
        assert_eq!(paths.of(Some(3)), "学校/管理学院/2019会计1班");
        assert_eq!(paths.of(None), "");
        assert!(paths.of(Some(8)).ends_with("甲"));
    }
}
