//! The school's calendar: weekends and what the school says of single days, holidays and the days that make up for them.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::clock;

/// Days of one list at most.
const DAYS_OF_A_LIST: usize = 1000;

/// On which days a rule is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Days {
    /// 每天
    Every,
    /// 工作日, by the school's calendar.
    Workdays,
}

impl Days {
    /// Whether this day is one of them.
    pub fn include(self, calendar: &Calendar, day: NaiveDate) -> bool {
        match self {
            Self::Every => true,
            Self::Workdays => calendar.is_workday(day),
        }
    }
}

/// What a day of the calendar is, against its weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// 放假
    Holiday,
    /// 调休上班
    Workday,
}

impl DayKind {
    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holiday => "holiday",
            Self::Workday => "workday",
        }
    }

    /// The kind of this name, ours or people's.
    pub fn parse(name: &str) -> Option<Self> {
        match name.trim() {
            "holiday" | "放假" | "假日" | "节假日" | "休" | "休息" => Some(Self::Holiday),
            "workday" | "上班" | "工作日" | "调休上班" | "补班" | "班" | "上课" => {
                Some(Self::Workday)
            }
            _ => None,
        }
    }
}

/// What the school says of single days; of all others the weekday decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar(BTreeMap<NaiveDate, DayKind>);

impl Calendar {
    /// Of these days.
    pub fn new(days: impl IntoIterator<Item = (NaiveDate, DayKind)>) -> Self {
        Self(days.into_iter().collect())
    }

    /// Whether the school works on this day.
    pub fn is_workday(&self, day: NaiveDate) -> bool {
        match self.0.get(&day) {
            Some(kind) => *kind == DayKind::Workday,
            None => !matches!(day.weekday(), Weekday::Sat | Weekday::Sun),
        }
    }
}

/// A day of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDay {
    /// Which.
    pub day: NaiveDate,
    /// What it is.
    pub kind: DayKind,
    /// What it is called.
    pub name: String,
}

/// Reads a list as people paste it from a sheet or a notice: a line for each day or span of days, with what it is and what it
/// is called, apart by commas, tabs or spaces. Every line that can't be read is told by its number.
///
/// `2020-05-01,放假,劳动节`, `2020-05-01 至 2020-05-05 放假 劳动节`, `2020/5/9 上班`
pub fn read_list(text: &str) -> Result<Vec<ListedDay>, Vec<(usize, String)>> {
    let (mut days, mut wrong) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim().trim_start_matches('\u{feff}');
        let is_heading = number == 1 && !line.contains(|letter: char| letter.is_ascii_digit());
        if line.is_empty() || is_heading {
            continue;
        }
        match read_line(line) {
            Ok(found) => days.extend(found),
            Err(problem) => wrong.push((number, problem)),
        }
        if days.len() > DAYS_OF_A_LIST {
            return Err(vec![(number, "一次最多 1000 天，请分几次粘贴".into())]);
        }
    }
    if wrong.is_empty() { Ok(days) } else { Err(wrong) }
}

fn read_line(line: &str) -> Result<Vec<ListedDay>, String> {
    let cells: Vec<&str> = line
        .split(|letter: char| letter.is_whitespace() || ",，;；、~～至".contains(letter))
        .filter(|cell| !cell.is_empty() && !matches!(*cell, "-" | "–" | "—" | "到"))
        .collect();
    let [first, rest @ ..] = cells.as_slice() else { return Err("没有日期".into()) };
    let date = |text: &str| clock::parse_day(&text.replace(['/', '.'], "-"));
    let from = date(first).ok_or_else(|| format!("“{first}”不是日期，请写成 2020-05-01 的样子"))?;
    let (last, rest) = match rest {
        [second, rest @ ..] if date(second).is_some() => (date(second).unwrap_or(from), rest),
        rest => (from, rest),
    };
    let [kind, name @ ..] = rest else { return Err("没有写明放假还是上班".into()) };
    let kind = DayKind::parse(kind).ok_or_else(|| format!("“{kind}”不认识，请填 放假 或 上班"))?;
    let name = name.join(" ");
    if name.chars().count() > 20 {
        return Err("名称不超过 20 字".into());
    }
    if last < from || (last - from).num_days() > 100 {
        return Err("结束日期应在开始日期之后的 100 天之内".into());
    }
    let days = from.iter_days().take_while(|day| *day <= last);
    Ok(days.map(|day| ListedDay { day, kind, name: name.clone() }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_school_says_and_else_the_weekday() {
        let calendar =
            Calendar::new([(day("2020-05-01"), DayKind::Holiday), (day("2020-05-09"), DayKind::Workday)]);
        let workdays: Vec<bool> = ["2020-04-30", "2020-05-01", "2020-05-02", "2020-05-09", "2020-05-10"]
            .into_iter()
            .map(|text| Days::Workdays.include(&calendar, day(text)))
            .collect();
        assert_eq!(workdays, [true, false, false, true, false]);
        assert!(Days::Every.include(&calendar, day("2020-05-01")));
    }

    #[test]
    fn a_list_is_read_as_people_paste_it() {
        let list =
            "日期,类型,名称\n2020-05-01,放假,劳动节\n\n2020/5/2 至 2020/5/3 放假 劳动节\n2020-05-09\t上班\n";
        let days = read_list(list).unwrap();
        let short: Vec<String> =
            days.iter().map(|one| format!("{} {} {}", one.day, one.kind.as_str(), one.name)).collect();
        assert_eq!(
            short,
            [
                "2020-05-01 holiday 劳动节",
                "2020-05-02 holiday 劳动节",
                "2020-05-03 holiday 劳动节",
                "2020-05-09 workday ",
            ]
        );
    }

    #[test]
    fn every_line_that_cannot_be_read_is_told() {
        let wrong =
            read_list("五一,放假\n2020-05-01\n2020-05-01,旅游\n2020-05-05,2020-05-01,放假").unwrap_err();
        let lines: Vec<usize> = wrong.iter().map(|(line, _)| *line).collect();
        // The first line has no figure, so it is taken for the heading.
        assert_eq!(lines, [2, 3, 4]);
        assert!(wrong[1].1.contains("旅游"));
    }
}
