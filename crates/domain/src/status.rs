//! 学籍异动: what may change about somebody on the roster, line by line of a list or entered by hand.

use chrono::{Days, NaiveDate};

use crate::{
    department::{Directory, Kind},
    exemption::ExemptionKind,
    form::PersonKind,
    roster::{Line, LineError, describe, take},
};

/// Columns of a list of changes.
pub const STATUS_COLUMNS: [&str; 7] =
    ["number", "change", "effective", "last", "new_place", "new_number", "reason"];
/// Those it can't be without.
pub const STATUS_NEEDED: [&str; 4] = ["number", "change", "effective", "reason"];
/// Columns of a list that gives people their numbers.
pub const NUMBER_COLUMNS: [&str; 3] = ["old_number", "new_number", "person_name"];
/// Those it can't be without.
pub const NUMBER_NEEDED: [&str; 2] = ["old_number", "new_number"];

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// 转班、转专业、调动: another main department.
    Transfer,
    /// 毕业
    Graduation,
    /// 结业
    Completion,
    /// 退学
    Withdrawal,
    /// 离校: any other leaving, of staff too.
    Departure,
    /// 复学、返校: back from a suspension, or on the roster again.
    Return,
    /// 改学号
    Number,
    /// Days on which nothing is asked: an exemption.
    Exempt(ExemptionKind),
}

/// Every change and how people write it, our word for it first.
const WORDS: [(Change, &[&str]); 11] = [
    (Change::Transfer, &["转班", "转专业", "转院", "转学院", "转系", "调班", "调动", "转岗"]),
    (Change::Graduation, &["毕业"]),
    (Change::Completion, &["结业", "肄业"]),
    (Change::Withdrawal, &["退学", "取消学籍"]),
    (Change::Departure, &["离校", "离职", "退休", "调出", "转学", "转出"]),
    (Change::Return, &["复学", "返校", "报到"]),
    (Change::Number, &["改学号", "改工号", "换学号", "编号变更"]),
    (Change::Exempt(ExemptionKind::Leave), &["请假"]),
    (Change::Exempt(ExemptionKind::Internship), &["实习", "顶岗实习"]),
    (Change::Exempt(ExemptionKind::Suspension), &["休学"]),
    (Change::Exempt(ExemptionKind::Deferral), &["延期报到", "保留入学资格"]),
];

impl Change {
    /// As it stands in the database; of an exemption, its kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Graduation => "graduation",
            Self::Completion => "completion",
            Self::Withdrawal => "withdrawal",
            Self::Departure => "departure",
            Self::Return => "return",
            Self::Number => "number",
            Self::Exempt(kind) => kind.as_str(),
        }
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        WORDS
            .iter()
            .find(|(change, _)| *change == self)
            .and_then(|(_, words)| words.first())
            .copied()
            .unwrap_or("")
    }

    /// The change of this name, ours or people's.
    pub fn parse(name: &str) -> Option<Self> {
        WORDS
            .iter()
            .find(|(change, words)| change.as_str() == name || words.contains(&name))
            .map(|(change, _)| *change)
    }

    /// Whether somebody is off the roster from its day on.
    pub fn leaves(self) -> bool {
        matches!(self, Self::Graduation | Self::Completion | Self::Withdrawal | Self::Departure)
    }
}

/// One change of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusLine {
    /// Line of the file.
    pub line: u64,
    /// Whose, by student or staff number.
    pub number: String,
    /// What.
    pub change: Change,
    /// The day from which it holds. Of a leaving: the first day they are no longer expected.
    pub from: NaiveDate,
    /// Of an exemption: the first day it no longer holds; none: until further notice.
    pub until: Option<NaiveDate>,
    /// The class or department from then on, by name.
    pub place: Option<String>,
    /// The number from then on.
    pub new_number: Option<String>,
    /// Why.
    pub reason: String,
}

/// Never the reason: it may be about an illness.
impl std::fmt::Debug for StatusLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusLine").field("line", &self.line).finish_non_exhaustive()
    }
}

impl StatusLine {
    /// Reads one line; every cell that is wrong is told.
    pub fn read(line: &Line<'_>) -> Result<Self, Vec<LineError>> {
        let mut errors = Vec::new();
        let number = take(line.number(), &mut errors);
        let change = Change::parse(line.cell("change"));
        if change.is_none() {
            let known: Vec<&str> = WORDS.iter().map(|(change, _)| change.title()).collect();
            errors.push(
                line.error("change", format!("“{}”不认识，请填 {}", line.cell("change"), known.join("、"))),
            );
        }
        let from = match take(line.date("effective"), &mut errors) {
            Some(None) => {
                errors.push(line.error("effective", "不能为空，请填生效日期，例如 2020-03-04"));
                None
            }
            from => from.flatten(),
        };
        let last = take(line.date("last"), &mut errors).flatten();
        let exempt = matches!(change, Some(Change::Exempt(_)));
        if last.is_some() && change.is_some() && !exempt {
            let help = "只有请假、实习、休学、延期报到有截止日期，请留空；要恢复请另记一条复学";
            errors.push(line.error("last", help));
        }
        if let (Some(from), Some(last)) = (from, last)
            && last < from
        {
            errors.push(line.error("last", format!("截止日期 {last} 早于生效日期 {from}，请核对")));
        }
        if change == Some(Change::Exempt(ExemptionKind::Leave)) && line.cell("last").is_empty() {
            errors.push(line.error("last", "请假要有截止日期，请填写"));
        }
        let place = Some(line.cell("new_place")).filter(|place| !place.is_empty());
        match change {
            Some(Change::Transfer) if place.is_none() => {
                errors.push(line.error("new_place", "转班要写明新班级，请填写"));
            }
            Some(Change::Transfer | Change::Return) | None => {}
            Some(_) if place.is_some() => errors.push(line.error("new_place", "这种变动没有新班级，请留空")),
            Some(_) => {}
        }
        let new_number = match change {
            Some(Change::Number) => take(line.number_in("new_number"), &mut errors),
            Some(_) if !line.cell("new_number").is_empty() => {
                errors.push(line.error("new_number", "这种变动没有新学号，请留空"));
                None
            }
            _ => None,
        };
        let reason = take(line.filled("reason", 200), &mut errors);
        match (number, change, from, reason) {
            (Some(number), Some(change), Some(from), Some(reason)) if errors.is_empty() => Ok(Self {
                line: line.number,
                number: number.into(),
                change,
                from,
                until: last.and_then(|last| last.checked_add_days(Days::new(1))),
                place: place.map(Into::into),
                new_number: new_number.map(Into::into),
                reason: reason.into(),
            }),
            _ => Err(errors),
        }
    }

    /// Reads a line of a list of numbers: who had the one has the other from `today` on.
    pub fn read_number(line: &Line<'_>, today: NaiveDate) -> Result<(Self, Option<String>), Vec<LineError>> {
        let mut errors = Vec::new();
        let old = take(line.number_in("old_number"), &mut errors);
        let new = take(line.number_in("new_number"), &mut errors);
        let name = Some(line.cell("person_name")).filter(|name| !name.is_empty()).map(str::to_owned);
        match (old, new) {
            (Some(old), Some(new)) if errors.is_empty() => {
                let change = Self {
                    line: line.number,
                    number: old.into(),
                    change: Change::Number,
                    from: today,
                    until: None,
                    place: None,
                    new_number: Some(new.into()),
                    reason: "分配学号".into(),
                };
                Ok((change, name))
            }
            _ => Err(errors),
        }
    }

    /// The department that the line names, for somebody of this kind; none where it names none.
    pub fn department(
        &self,
        directory: &Directory<'_>,
        person: PersonKind,
    ) -> Result<Option<crate::DepartmentId>, LineError> {
        let Some(name) = &self.place else { return Ok(None) };
        let kind = (person == PersonKind::Student).then_some(Kind::Class);
        directory.find(name, kind).map(Some).map_err(|why| LineError {
            line: self.line,
            column: "new_place".into(),
            message: describe(name, kind, why),
        })
    }
}

/// Somebody's stay on the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// The first day.
    pub from: NaiveDate,
    /// The first day no longer on it.
    pub until: Option<NaiveDate>,
}

impl Stay {
    /// Whether they are on the roster on a day.
    pub fn covers(self, day: NaiveDate) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }

    /// The stay of somebody who leaves on a day, or why they can't.
    pub fn left_on(self, day: NaiveDate) -> Result<Self, String> {
        if day <= self.from {
            return Err(format!("{day} 不晚于到校日期 {}，请核对生效日期", self.from));
        }
        match self.until {
            Some(until) if until <= day => Err(format!("此人 {until} 起已不在册，请核对")),
            _ => Ok(Self { until: Some(day), ..self }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[(&'static str, &'static str)]) -> Result<StatusLine, Vec<String>> {
        let line = Line { number: 2, cells: cells.iter().copied().collect() };
        StatusLine::read(&line).map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn changes_are_read_by_the_words_of_schools() {
        for (change, words) in WORDS {
            assert_eq!(Change::parse(change.as_str()), Some(change));
            assert!(words.iter().all(|word| Change::parse(word) == Some(change)), "{words:?}");
        }
        assert_eq!(Change::parse("旅游"), None);
    }

    #[test]
    fn each_kind_of_change_needs_its_cells() {
        let base = [("number", "A1"), ("effective", "2020-03-04"), ("reason", "教务处批文")];
        let with = |more: &[(&'static str, &'static str)]| read(&[&base[..], more].concat());
        let moved = with(&[("change", "转班"), ("new_place", "2018会计3班")]).unwrap();
        assert_eq!((moved.change, moved.place.as_deref()), (Change::Transfer, Some("2018会计3班")));
        assert!(with(&[("change", "转专业")]).unwrap_err()[0].contains("新班级"));
        assert!(with(&[("change", "毕业"), ("new_place", "x")]).unwrap_err()[0].contains("请留空"));
        assert!(with(&[("change", "毕业"), ("last", "2020-03-09")]).unwrap_err()[0].contains("请留空"));
        assert!(with(&[("change", "请假")]).unwrap_err()[0].contains("截止日期"));
        let free = with(&[("change", "请假"), ("last", "2020-03-05")]).unwrap();
        assert_eq!(free.until, Some(day("2020-03-06")));
        assert!(with(&[("change", "改学号")]).unwrap_err()[0].contains("new_number"));
        assert_eq!(
            with(&[("change", "改学号"), ("new_number", "B2")]).unwrap().new_number.as_deref(),
            Some("B2")
        );
        assert_eq!(
            read(&[("number", "?"), ("change", "旅游"), ("effective", "明天")]).unwrap_err().len(),
            4,
            "every wrong cell is told"
        );
    }

    #[test]
    fn who_leaves_is_expected_until_the_day_before() {
        let stay = Stay { from: day("2016-09-01"), until: None };
        let left = stay.left_on(day("2020-07-01")).unwrap();
        assert!(left.covers(day("2020-06-30")) && !left.covers(day("2020-07-01")));
        assert!(stay.left_on(day("2016-09-01")).is_err());
        assert!(left.left_on(day("2020-07-02")).is_err(), "gone already");
        assert!(left.left_on(day("2020-06-01")).is_ok(), "earlier than thought");
    }
}
