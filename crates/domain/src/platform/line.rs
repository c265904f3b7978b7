//! What the console exports, line by line: figures of days, and 成员使用记录.

use chrono::NaiveDate;

use super::{Metric, Unit};
use crate::roster::{Line, LineError, read_date, take};

/// Columns of a file of figures: the day, and any of those somebody may enter.
pub const FIGURE_COLUMNS: [&str; 13] = [
    "figure_day",
    "active_members",
    "seats_used",
    "seats_limit",
    "portal_passes",
    "meetings_started",
    "meeting_attendees",
    "livings_held",
    "living_viewers",
    "contacts_added",
    "drive_capacity",
    "drive_used",
    "drive_uses",
];
/// Those it can't be without.
pub const FIGURE_NEEDED: [&str; 1] = ["figure_day"];

/// Columns of the console's 成员使用记录.
pub const USAGE_COLUMNS: [&str; 8] =
    ["recorded", "account", "person_name", "class", "department", "account_state", "last_used", "client"];
/// Those it can't be without.
pub const USAGE_NEEDED: [&str; 2] = ["person_name", "account_state"];

/// The figures of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureLine {
    /// Line of the file.
    pub line: u64,
    /// The day.
    pub day: NaiveDate,
    /// What it says; cells left empty say nothing.
    pub values: Vec<(Metric, i64)>,
}

impl FigureLine {
    /// Reads one line; every cell that is wrong is told. Nothing can be known of a day that is still to come.
    pub fn read(line: &Line<'_>, today: NaiveDate) -> Result<Self, Vec<LineError>> {
        let mut errors = Vec::new();
        let day = match line.cell("figure_day") {
            "" => Err(line.error("figure_day", "不能为空，请填日期，例如 2020-03-04")),
            text => first_day(text).ok_or_else(|| {
                line.error("figure_day", format!("“{text}”不是日期，请写成 2020-03-04 的样子"))
            }),
        };
        let day = take(day, &mut errors);
        if day.is_some_and(|day| day > today) {
            errors.push(line.error("figure_day", "还没有到这一天，请核对日期"));
        }
        let mut values = Vec::new();
        for column in FIGURE_COLUMNS.into_iter().skip(1) {
            let Some(metric) = Metric::parse(column) else { continue };
            let cell = line.cell(column);
            if cell.is_empty() {
                continue;
            }
            match read_value(metric.unit(), cell) {
                Some(value) => values.push((metric, value)),
                None => errors.push(line.error(column, wrong(metric.unit(), cell))),
            }
        }
        match day {
            Some(day) if errors.is_empty() => Ok(Self { line: line.number, day, values }),
            _ => Err(errors),
        }
    }
}

fn wrong(unit: Unit, cell: &str) -> String {
    match unit {
        Unit::Gigabytes => format!("“{cell}”不是容量，请填以 GB 为单位的数字，例如 30 或 30.5"),
        Unit::Yuan => format!("“{cell}”不是金额，请填以元为单位的数字"),
        _ => format!("“{cell}”不是数量，请填 0 或更大的整数"),
    }
}

/// A number as consoles and spreadsheets write it: 48,881, 30GB.
fn read_value(unit: Unit, cell: &str) -> Option<i64> {
    let plain = cell.replace([',', '，', ' '], "");
    let plain = match unit {
        Unit::Gigabytes => plain.trim_end_matches(['B', 'b']).trim_end_matches(['G', 'g']),
        _ => plain.trim_end_matches(['人', '次', '场', '条', '元']),
    };
    unit.kept(plain.parse().ok()?)
}

/// The day of a moment: consoles write `2020-03-04 08:12:00`.
fn first_day(text: &str) -> Option<NaiveDate> {
    read_date(text.split([' ', 'T']).next().unwrap_or_default())
}

/// What becomes of an account, as the console says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountState {
    /// 已激活
    Activated,
    /// 未激活
    NotActivated,
    /// 已禁用
    Disabled,
    /// 已退出
    Left,
}

impl AccountState {
    /// All.
    pub const ALL: [Self; 4] = [Self::Activated, Self::NotActivated, Self::Disabled, Self::Left];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activated => "activated",
            Self::NotActivated => "not_activated",
            Self::Disabled => "disabled",
            Self::Left => "left",
        }
    }

    /// As people write it first.
    pub fn title(self) -> &'static str {
        match self {
            Self::Activated => "已激活",
            Self::NotActivated => "未激活",
            Self::Disabled => "已禁用",
            Self::Left => "已退出",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// As people write it.
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "已激活" | "已注册" | "已登录" | "正常" | "使用中" => Self::Activated,
            "未激活" | "未注册" | "未登录" | "未使用" => Self::NotActivated,
            "已禁用" | "禁用" | "已停用" => Self::Disabled,
            "已退出" | "退出企业" | "已离职" | "已删除" => Self::Left,
            _ => return None,
        })
    }
}

/// One member of 成员使用记录.
#[derive(Clone, PartialEq, Eq)]
pub struct UsageLine {
    /// Line of the file.
    pub line: u64,
    /// The day the console says; none: the day of the import.
    pub recorded_on: Option<NaiveDate>,
    /// Tells members apart: the account, or name and place.
    pub account: String,
    /// Name.
    pub name: String,
    /// Class or department.
    pub place: Option<String>,
    /// What becomes of the account.
    pub state: AccountState,
    /// The day it was last used.
    pub last_used_on: Option<NaiveDate>,
    /// On what, as the console calls it.
    pub client: Option<String>,
}

/// Never who.
impl std::fmt::Debug for UsageLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UsageLine").field("line", &self.line).finish_non_exhaustive()
    }
}

impl UsageLine {
    /// Reads one line; every cell that is wrong is told.
    pub fn read(line: &Line<'_>) -> Result<Self, Vec<LineError>> {
        let mut errors = Vec::new();
        let mut day = |column: &'static str| match line.cell(column) {
            "" | "-" | "--" | "无" => None,
            text => {
                let found = first_day(text);
                if found.is_none() {
                    errors.push(
                        line.error(column, format!("“{text}”不是日期，请写成 2020-03-04 的样子，或留空")),
                    );
                }
                found
            }
        };
        let (recorded_on, last_used_on) = (day("recorded"), day("last_used"));
        let name = take(line.filled("person_name", 64), &mut errors);
        let state = AccountState::read(line.cell("account_state"));
        if state.is_none() {
            errors.push(line.error(
                "account_state",
                format!("“{}”不认识，请填 已激活、未激活、已禁用 或 已退出", line.cell("account_state")),
            ));
        }
        let short = |column: &'static str, errors: &mut Vec<LineError>| match line.cell(column) {
            "" => None,
            _ => take(line.filled(column, 200), errors),
        };
        let place = short("class", &mut errors).or_else(|| short("department", &mut errors));
        let client = short("client", &mut errors);
        let account = short("account", &mut errors);
        match (name, state) {
            (Some(name), Some(state)) if errors.is_empty() => Ok(Self {
                line: line.number,
                recorded_on,
                account: account
                    .map_or_else(|| format!("{name}@{}", place.unwrap_or_default()), str::to_lowercase),
                name: name.into(),
                place: place.map(Into::into),
                state,
                last_used_on,
                client: client.map(Into::into),
            }),
            _ => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'a>(cells: &[(&'a str, &'a str)]) -> Line<'a> {
        Line { number: 2, cells: cells.iter().copied().collect() }
    }

    fn today() -> NaiveDate {
        "2020-03-04".parse().unwrap()
    }

    fn words(errors: &[LineError]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn figures_are_read_as_consoles_write_them() {
        let read = FigureLine::read(
            &line(&[
                ("figure_day", "2020/3/4"),
                ("meeting_attendees", "48,881"),
                ("drive_used", "30GB"),
                ("drive_uses", ""),
            ]),
            today(),
        );
        let read = read.unwrap();
        assert_eq!(read.day, today());
        assert_eq!(read.values, [(Metric::MeetingAttendees, 48_881), (Metric::DriveUsed, 30 << 30)]);
    }

    #[test]
    fn every_column_of_a_file_is_a_figure_somebody_may_enter() {
        for column in &FIGURE_COLUMNS[1..] {
            let metric = Metric::parse(column).unwrap();
            assert!(metric.is_entered() && !metric.has_parts(), "{column}");
        }
    }

    #[test]
    fn every_wrong_cell_of_a_figure_is_told() {
        let wrong = FigureLine::read(
            &line(&[("figure_day", "2020-03-05"), ("meetings_started", "-1"), ("drive_used", "很多")]),
            today(),
        );
        assert_eq!(
            words(&wrong.unwrap_err()),
            [
                "第 2 行 figure_day 列：还没有到这一天，请核对日期",
                "第 2 行 meetings_started 列：“-1”不是数量，请填 0 或更大的整数",
                "第 2 行 drive_used 列：“很多”不是容量，请填以 GB 为单位的数字，例如 30 或 30.5",
            ]
        );
        let empty = FigureLine::read(&line(&[("figure_day", "")]), today());
        assert!(words(&empty.unwrap_err())[0].contains("不能为空"));
    }

    #[test]
    fn a_member_is_told_apart_by_account_or_by_name_and_place() {
        let read = UsageLine::read(&line(&[
            ("recorded", "2020-03-04 08:00"),
            ("account", "T0001"),
            ("person_name", "点名"),
            ("department", "信息中心"),
            ("account_state", "已激活"),
            ("last_used", "2020-03-03 21:12:09"),
            ("client", "Android"),
        ]));
        let read = read.unwrap();
        assert_eq!((read.account.as_str(), read.state), ("t0001", AccountState::Activated));
        assert_eq!(read.last_used_on, "2020-03-03".parse().ok());
        assert_eq!(read.recorded_on, Some(today()));
        let bare = UsageLine::read(&line(&[
            ("person_name", "点名"),
            ("class", "1班"),
            ("account_state", "未激活"),
            ("last_used", "--"),
        ]));
        let bare = bare.unwrap();
        assert_eq!((bare.account.as_str(), bare.last_used_on), ("点名@1班", None));
        let wrong =
            UsageLine::read(&line(&[("person_name", ""), ("account_state", "忙"), ("last_used", "昨天")]));
        assert_eq!(wrong.unwrap_err().len(), 3);
    }
}
