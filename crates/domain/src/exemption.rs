//! 免报: days on which somebody need not answer, and why.

use chrono::{Days, NaiveDate};

use crate::roster::{Line, LineError};

/// Columns of a list of exemptions.
pub const EXEMPTION_COLUMNS: [&str; 5] = ["number", "exemption", "from", "last", "reason"];
/// Those a list can't be without.
pub const EXEMPTION_NEEDED: [&str; 4] = ["number", "exemption", "from", "reason"];

/// Why somebody need not answer. Whoever has graduated or left is on no roster, and needs none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExemptionKind {
    /// 请假
    Leave,
    /// 实习
    Internship,
    /// 休学
    Suspension,
    /// 延期报到、保留入学资格
    Deferral,
}

impl ExemptionKind {
    /// All, the one that counts where several hold on a day first.
    pub const ALL: [Self; 4] = [Self::Suspension, Self::Deferral, Self::Internship, Self::Leave];

    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Internship => "internship",
            Self::Suspension => "suspension",
            Self::Deferral => "deferral",
        }
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Leave => "请假",
            Self::Internship => "实习",
            Self::Suspension => "休学",
            Self::Deferral => "延期报到",
        }
    }

    /// The kind of this name, ours or people's.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name || kind.title() == name)
    }
}

/// One exemption of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct ExemptionLine {
    /// Line of the file.
    pub line: u64,
    /// Whose, by student or staff number.
    pub number: String,
    /// Which.
    pub kind: ExemptionKind,
    /// The first day.
    pub from: NaiveDate,
    /// The first day it no longer holds; none: until further notice.
    pub until: Option<NaiveDate>,
    /// Why.
    pub reason: String,
}

/// Never the reason: it may be about an illness.
impl std::fmt::Debug for ExemptionLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExemptionLine").field("line", &self.line).finish_non_exhaustive()
    }
}

impl ExemptionLine {
    /// Reads one line; every cell that is wrong is told. The last day is the last one that is free, as people say it.
    pub fn read(line: &Line<'_>) -> Result<Self, Vec<LineError>> {
        let mut errors = Vec::new();
        let mut take = |error| errors.push(error);
        let number = line.number().map_err(&mut take).ok();
        let kind = match ExemptionKind::parse(line.cell("exemption")) {
            Some(kind) => Some(kind),
            None => {
                let known: Vec<_> = ExemptionKind::ALL.iter().rev().map(|kind| kind.title()).collect();
                let message = format!("“{}”不认识，请填 {}", line.cell("exemption"), known.join("、"));
                take(line.error("exemption", message));
                None
            }
        };
        let from = match line.date("from") {
            Ok(None) => {
                take(line.error("from", "不能为空，请填开始日期，例如 2020-03-04"));
                None
            }
            other => other.map_err(&mut take).ok().flatten(),
        };
        let last = line.date("last").map_err(&mut take).ok().flatten();
        if let (Some(from), Some(last)) = (from, last)
            && last < from
        {
            take(line.error("last", format!("结束日期 {last} 早于开始日期 {from}，请核对")));
        }
        if kind == Some(ExemptionKind::Leave) && line.cell("last").is_empty() {
            take(line.error("last", "请假要有结束日期，请填写"));
        }
        let reason = line.filled("reason", 200).map_err(&mut take).ok();
        let until = last.and_then(|last| last.checked_add_days(Days::new(1)));
        match (number, kind, from, reason) {
            (Some(number), Some(kind), Some(from), Some(reason)) if errors.is_empty() => Ok(Self {
                line: line.number,
                number: number.into(),
                kind,
                from,
                until,
                reason: reason.into(),
            }),
            _ => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[(&'static str, &'static str)]) -> Result<ExemptionLine, Vec<String>> {
        let line = Line { number: 2, cells: cells.iter().copied().collect() };
        ExemptionLine::read(&line).map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_last_day_is_the_last_one_free() {
        let line = read(&[
            ("number", "A1"),
            ("exemption", "请假"),
            ("from", "2020-03-04"),
            ("last", "2020/3/6"),
            ("reason", "回家"),
        ]);
        let line = line.unwrap();
        assert_eq!(
            (line.kind, line.until.unwrap().to_string().as_str()),
            (ExemptionKind::Leave, "2020-03-07")
        );
        let open = read(&[("number", "A1"), ("exemption", "休学"), ("from", "2020-03-04"), ("reason", "病")]);
        assert_eq!(open.unwrap().until, None);
    }

    #[test]
    fn every_wrong_cell_is_told() {
        let wrong = read(&[("number", "A 1"), ("exemption", "旅游"), ("from", "三月"), ("last", "")]);
        assert_eq!(
            wrong.unwrap_err(),
            [
                "第 2 行 number 列：“A 1”含有不允许的字符，学号或工号只能用字母、数字和 _ . @ -",
                "第 2 行 exemption 列：“旅游”不认识，请填 请假、实习、延期报到、休学",
                "第 2 行 from 列：“三月”不是日期，请写成 2019-09-01 的样子",
                "第 2 行 reason 列：不能为空，请填写",
            ]
        );
        let back = read(&[
            ("number", "A1"),
            ("exemption", "leave"),
            ("from", "2020-03-04"),
            ("last", "2020-03-03"),
            ("reason", "x"),
        ]);
        assert!(back.unwrap_err()[0].contains("早于开始日期"));
        let open = read(&[("number", "A1"), ("exemption", "leave"), ("from", "2020-03-04"), ("reason", "x")]);
        assert!(open.unwrap_err()[0].contains("请假要有结束日期"));
    }

    #[test]
    fn kinds_are_read_back() {
        for kind in ExemptionKind::ALL {
            assert_eq!(ExemptionKind::parse(kind.as_str()), Some(kind));
            assert_eq!(ExemptionKind::parse(kind.title()), Some(kind));
        }
    }
}
