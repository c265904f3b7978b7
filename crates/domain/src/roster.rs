//! The school's own lists of people and grants, line by line: what a line must say, and what is told to whoever
//! wrote it otherwise.

pub mod class;

use std::{borrow::Cow, collections::HashMap};

use chrono::NaiveDate;

use crate::{
    DepartmentId,
    department::{Directory, Kind, NotFound},
    form::PersonKind,
    policy::Role,
};

/// Columns of `people.csv`.
pub const PEOPLE_COLUMNS: [&str; 11] = [
    "number",
    "name",
    "kind",
    "staff_kind",
    "major",
    "grade",
    "class",
    "department",
    "phone",
    "since",
    "until",
];
/// Columns of `grants.csv`.
pub const GRANTS_COLUMNS: [&str; 5] = ["number", "role", "department", "purpose", "until"];
/// How schools head each column, ours first; compared without blanks, stars and what stands in brackets.
pub const HEADINGS: &[(&str, &[&str])] = &[
    ("number", &["学号", "工号", "学工号", "编号", "人员编号", "学生学号", "职工号", "教工号"]),
    ("name", &["姓名", "学生姓名", "教师姓名", "名字"]),
    ("kind", &["身份", "类别", "人员类别", "人员类型", "学生或教职工"]),
    ("staff_kind", &["人员性质", "编制", "编制类型", "用工性质", "用工形式"]),
    ("major", &["专业", "专业名称", "所学专业"]),
    ("grade", &["年级", "入学年份", "入学年度", "所在年级"]),
    ("class", &["班级", "班级名称", "行政班", "行政班级", "所在班级"]),
    ("department", &["部门", "部门名称", "单位", "所在单位", "所属部门", "所在部门"]),
    ("phone", &["手机", "手机号", "手机号码", "电话", "联系电话", "联系方式", "本人电话"]),
    ("since", &["到校日期", "入学日期", "报到日期", "入职日期", "来校日期"]),
    ("until", &["离校日期", "毕业日期", "离职日期", "截止日期", "有效期至"]),
    ("role", &["角色", "职责"]),
    ("purpose", &["用途", "授权事由", "事由"]),
    ("until", &["授权截止"]),
    ("college", &["学院", "院系", "二级学院", "所在学院", "所属学院"]),
    ("exemption", &["免报类型", "类型", "类别", "状态", "事项"]),
    ("from", &["开始日期", "起始日期", "开始时间", "起"]),
    ("last", &["结束日期", "截止日期", "结束时间", "止"]),
    ("reason", &["事由", "原因", "说明", "备注"]),
    ("campus", &["校区", "所在校区", "校区名称"]),
    ("building", &["楼栋", "宿舍楼", "楼号", "楼宇", "公寓楼", "公寓", "宿舍楼号", "楼栋名称"]),
    ("floor", &["楼层", "层", "所在楼层"]),
    ("room", &["房间", "房间号", "宿舍号", "寝室号", "房号", "宿舍", "寝室"]),
    ("bed", &["床位", "床位号", "床号", "床铺", "铺位"]),
    ("moved_in", &["入住日期", "入住时间", "住宿开始日期"]),
    ("moved_out", &["搬出日期", "退宿日期", "离宿日期", "退宿时间"]),
    ("change", &["变动类型", "异动类型", "异动类别", "变动类别", "类型", "类别", "异动"]),
    (
        "effective",
        &["生效日期", "异动日期", "变动日期", "开始日期", "起始日期", "日期", "离校日期", "毕业日期"],
    ),
    ("new_place", &["新班级", "转入班级", "异动后班级", "新部门", "转入部门"]),
    ("new_number", &["新学号", "新工号", "正式学号", "新编号", "学号", "工号", "学工号"]),
    (
        "old_number",
        &["临时号", "考生号", "录取号", "录取编号", "通知书号", "原学号", "旧学号", "原编号", "原工号"],
    ),
    ("person_name", &["姓名", "学生姓名", "名字"]),
    ("old_department", &["现部门", "部门现名称", "现名称", "原部门", "原名称", "现班级", "原班级"]),
    ("new_name", &["新名称", "新部门名称", "新班级名称", "改名为", "更名为"]),
    ("new_parent", &["新上级", "新上级部门", "移至", "新所属部门"]),
    ("disband", &["停用", "撤销", "是否停用", "是否撤销"]),
    ("counsellor", &["辅导员工号", "辅导员编号", "辅导员职工号", "班主任工号"]),
    ("counsellor_name", &["辅导员", "辅导员姓名", "班主任", "班主任姓名"]),
    // What WeCom's console exports: domain::platform::line.
    ("figure_day", &["日期", "统计日期", "统计时间", "时间"]),
    ("active_members", &["日活跃成员", "活跃成员", "活跃成员数", "活跃人数", "使用人数"]),
    ("seats_used", &["已用席位", "已用账号", "已用帐号", "账号数", "成员数"]),
    ("seats_limit", &["席位上限", "账号上限", "帐号上限", "席位"]),
    ("portal_passes", &["省平台入口使用", "省平台入口使用人次", "省系统入口人次"]),
    ("meetings_started", &["会议场次", "会议次数", "会议数", "发起会议数"]),
    ("meeting_attendees", &["参会人次", "参会人数", "参与人次", "参与人数"]),
    ("livings_held", &["直播场次", "直播次数", "直播数"]),
    ("living_viewers", &["直播观看人数", "观看人数", "观看人次"]),
    ("contacts_added", &["添加外部联系人", "新增外部联系人", "新增外部联系人数"]),
    ("drive_capacity", &["微盘容量", "总容量", "微盘总容量"]),
    ("drive_used", &["微盘已用", "已用容量", "微盘已用容量"]),
    ("drive_uses", &["微盘使用人次", "微盘使用次数", "微盘使用人数"]),
    ("recorded", &["记录时间", "统计时间", "统计日期", "日期", "时间"]),
    ("account", &["账号", "帐号", "成员账号", "成员帐号", "成员id", "userid"]),
    ("account_state", &["状态", "激活状态", "成员状态", "帐号状态", "账号状态"]),
    ("last_used", &["最近使用时间", "最后使用时间", "最近使用", "最近登录时间", "最后登录时间"]),
    ("client", &["使用平台", "平台", "登录平台", "客户端", "登录设备"]),
];

/// The column of ours that a heading means; none where it means nothing to us.
pub fn column_of(heading: &str, columns: &[&'static str]) -> Option<&'static str> {
    let plain: String =
        heading.chars().filter(|c| !c.is_whitespace() && !"*＊:：\u{feff}".contains(*c)).collect();
    let plain = plain.split(['(', '（', '[', '【']).next().unwrap_or_default().to_lowercase();
    let means = |column: &str| {
        column == plain
            || HEADINGS.iter().any(|(name, words)| *name == column && words.contains(&plain.as_str()))
    };
    columns.iter().copied().find(|column| means(column))
}

/// How we head a column for people.
pub fn title_of(column: &str) -> &str {
    HEADINGS
        .iter()
        .find(|(name, _)| *name == column)
        .and_then(|(_, words)| words.first())
        .copied()
        .unwrap_or(column)
}

/// What the first cell of an example row begins with: such a row is shown in a template and never imported.
pub const EXAMPLE: &str = "示例 ";

/// Kinds of staff, as schools name them.
pub const STAFF_KINDS: [&str; 4] = ["在编", "合同制", "临时", "合作办学"];

/// What is wrong with one cell, for whoever wrote the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// Line of the file, counted from 1; the header is line 1.
    pub line: u64,
    /// Column, as the file's own header names it where that is known.
    pub column: Cow<'static, str>,
    /// In Chinese: what is wrong, and what to do.
    pub message: String,
}

impl std::fmt::Display for LineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "第 {} 行 {} 列：{}", self.line, self.column, self.message)
    }
}

/// One line of a file: its cells by column.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// Counted from 1; the header is line 1.
    pub number: u64,
    /// Trimmed cells.
    pub cells: HashMap<&'a str, &'a str>,
}

impl<'a> Line<'a> {
    pub(crate) fn cell(&self, column: &str) -> &'a str {
        self.cells.get(column).copied().unwrap_or_default()
    }

    pub(crate) fn error(&self, column: &'static str, message: impl Into<String>) -> LineError {
        LineError { line: self.number, column: column.into(), message: message.into() }
    }

    pub(crate) fn filled(&self, column: &'static str, max_chars: usize) -> Result<&'a str, LineError> {
        match self.cell(column) {
            "" => Err(self.error(column, "不能为空，请填写")),
            text if text.chars().count() > max_chars => {
                Err(self.error(column, format!("超过 {max_chars} 个字，请缩短")))
            }
            text => Ok(text),
        }
    }

    pub(crate) fn date(&self, column: &'static str) -> Result<Option<NaiveDate>, LineError> {
        match self.cell(column) {
            "" => Ok(None),
            text => read_date(text)
                .map(Some)
                .ok_or_else(|| self.error(column, format!("“{text}”不是日期，请写成 2019-09-01 的样子"))),
        }
    }

    pub(crate) fn number(&self) -> Result<&'a str, LineError> {
        self.number_in("number")
    }

    /// The number in another column than the usual one.
    pub(crate) fn number_in(&self, column: &'static str) -> Result<&'a str, LineError> {
        let number = self.filled(column, 64)?;
        if number.chars().all(|c| c.is_ascii_alphanumeric() || "_.@-".contains(c)) {
            Ok(number)
        } else {
            Err(self
                .error(column, format!("“{number}”含有不允许的字符，学号或工号只能用字母、数字和 _ . @ -")))
        }
    }
}

/// One person of the roster.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonLine {
    /// Line of the file.
    pub line: u64,
    /// Student or staff number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Student or staff.
    pub kind: PersonKind,
    /// One of [`STAFF_KINDS`], for staff.
    pub staff_kind: Option<String>,
    /// Major, for students.
    pub major: Option<String>,
    /// Year of entry, for students.
    pub grade: Option<i16>,
    /// Name of the class or department; a path where the name alone is not enough.
    pub place: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// First day on the roster.
    pub since: NaiveDate,
    /// First day no longer on it.
    pub until: Option<NaiveDate>,
}

impl std::fmt::Debug for PersonLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonLine").field("line", &self.line).finish_non_exhaustive()
    }
}

impl PersonLine {
    /// The column in which the file names the person's class or department.
    pub fn place_column(&self) -> &'static str {
        match self.kind {
            PersonKind::Student => "class",
            PersonKind::Staff => "department",
        }
    }

    /// Reads one line; every cell that is wrong is told.
    pub fn read(line: &Line<'_>) -> Result<Self, Vec<LineError>> {
        let mut errors = Vec::new();
        let number = take(line.number(), &mut errors).unwrap_or_default();
        let name = take(line.filled("name", 64), &mut errors).unwrap_or_default();
        let kind = match line.cell("kind") {
            "student" | "学生" => Some(PersonKind::Student),
            "staff" | "教职工" => Some(PersonKind::Staff),
            other => {
                errors.push(
                    line.error("kind", format!("“{other}”不认识，请填 student（学生）或 staff（教职工）")),
                );
                None
            }
        };
        let staff = kind == Some(PersonKind::Staff);
        let student = kind == Some(PersonKind::Student);

        let staff_kind = match line.cell("staff_kind") {
            "" => None,
            known if STAFF_KINDS.contains(&known) => Some(known),
            other => {
                errors.push(line.error(
                    "staff_kind",
                    format!("“{other}”不认识，请填 {}，或留空", STAFF_KINDS.join("、")),
                ));
                None
            }
        };
        if student && staff_kind.is_some() {
            errors.push(line.error("staff_kind", "学生没有人员性质，请留空"));
        }
        let grade = take(read_grade(line), &mut errors).flatten();
        let major = match line.cell("major") {
            "" => None,
            _ => take(line.filled("major", 64), &mut errors),
        };
        let (wrong, place) = if staff { ("class", "department") } else { ("department", "class") };
        if kind.is_some() && !line.cell(wrong).is_empty() {
            errors.push(line.error(
                wrong,
                if staff {
                    "教职工请填 department，class 留空"
                } else {
                    "学生请填 class，department 留空"
                },
            ));
        }
        let place = Some(line.cell(place)).filter(|place| !place.is_empty());
        let phone = take(read_phone(line), &mut errors).flatten();
        let until = take(line.date("until"), &mut errors).flatten();
        let since = take(line.date("since"), &mut errors)
            .map(|since| since.or_else(|| grade.filter(|_| student).and_then(first_of_september)));
        // A year that can't be read is told already.
        if since == Some(None) && (line.cell("grade").is_empty() || !student) {
            errors.push(line.error("since", "不能为空，请填到校日期，例如 2019-09-01"));
        }
        let since = since.flatten();
        if let (Some(since), Some(until)) = (since, until)
            && until <= since
        {
            errors.push(line.error("until", format!("离校日期 {until} 不晚于到校日期 {since}，请核对")));
        }
        match (kind, since) {
            (Some(kind), Some(since)) if errors.is_empty() => Ok(Self {
                line: line.number,
                number: number.into(),
                name: name.into(),
                kind,
                staff_kind: staff_kind.map(Into::into),
                major: major.map(Into::into),
                grade,
                place: place.map(Into::into),
                phone,
                since,
                until,
            }),
            _ => Err(errors),
        }
    }

    /// The department this line names; none where it names none.
    pub fn department(&self, directory: &Directory<'_>) -> Result<Option<DepartmentId>, LineError> {
        let Some(name) = &self.place else { return Ok(None) };
        let kind = (self.kind == PersonKind::Student).then_some(Kind::Class);
        let column = self.place_column();
        directory.find(name, kind).map(Some).map_err(|why| LineError {
            line: self.line,
            column: column.into(),
            message: describe(name, kind, why),
        })
    }
}

/// One grant of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantLine {
    /// Line of the file.
    pub line: u64,
    /// Whose.
    pub number: String,
    /// What they become.
    pub role: Role,
    /// Over which department.
    pub department_id: DepartmentId,
    /// What for.
    pub purpose: String,
    /// The first day it no longer holds.
    pub until: NaiveDate,
}

impl GrantLine {
    /// Reads one line; every cell that is wrong is told.
    pub fn read(
        line: &Line<'_>,
        directory: &Directory<'_>,
        today: NaiveDate,
    ) -> Result<Self, Vec<LineError>> {
        let mut errors = Vec::new();
        let number = take(line.number(), &mut errors);
        let purpose = take(line.filled("purpose", 64), &mut errors);
        let role = Role::parse(line.cell("role"));
        if role.is_none() {
            let known: Vec<&str> = ROLES.iter().map(|(role, _)| role.as_str()).collect();
            errors.push(
                line.error("role", format!("“{}”不认识，请填 {}", line.cell("role"), known.join("、"))),
            );
        }
        let department = match (take(line.filled("department", 200), &mut errors), role) {
            (Some(name), Some(role)) => {
                let kind = role_kind(role);
                let found = directory.find(name, Some(kind));
                take(
                    found.map_err(|why| line.error("department", describe(name, Some(kind), why))),
                    &mut errors,
                )
            }
            _ => None,
        };
        let until = match take(line.date("until"), &mut errors) {
            Some(Some(until)) if until <= today => {
                errors.push(line.error("until", format!("{until} 已经过去，请填以后的日期，或删去这一行")));
                None
            }
            Some(None) => {
                errors.push(line.error("until", "不能为空，请填授权截止的日期"));
                None
            }
            until => until.flatten(),
        };
        match (number, role, department, purpose, until) {
            (Some(number), Some(role), Some(department_id), Some(purpose), Some(until))
                if errors.is_empty() =>
            {
                Ok(Self {
                    line: line.number,
                    number: number.into(),
                    role,
                    department_id,
                    purpose: purpose.into(),
                    until,
                })
            }
            _ => Err(errors),
        }
    }
}

/// Over what kind of department each role is granted.
const ROLES: [(Role, Kind); 10] = [
    (Role::ClassAssistant, Kind::Class),
    (Role::Counsellor, Kind::Class),
    (Role::CollegeLeader, Kind::College),
    (Role::CollegeOffice, Kind::College),
    (Role::DepartmentHead, Kind::Office),
    (Role::SchoolOffice, Kind::School),
    (Role::SchoolLeader, Kind::School),
    (Role::Administrator, Kind::School),
    (Role::Auditor, Kind::School),
    (Role::GateGuard, Kind::School),
];

fn role_kind(role: Role) -> Kind {
    ROLES.iter().find(|(known, _)| *known == role).map_or(Kind::School, |(_, kind)| *kind)
}

pub(crate) fn take<T>(result: Result<T, LineError>, errors: &mut Vec<LineError>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

/// As people and spreadsheets write a day: 2019-09-01, 2019/9/1, 2019.9.1, 2019年9月1日, 20190901.
pub(crate) fn read_date(text: &str) -> Option<NaiveDate> {
    let plain: String = text.replace(['/', '.', '年', '月'], "-").replace('日', "");
    let plain = plain.trim();
    if plain.len() == 8 && plain.bytes().all(|digit| digit.is_ascii_digit()) {
        return NaiveDate::parse_from_str(plain, "%Y%m%d").ok();
    }
    NaiveDate::parse_from_str(plain, "%Y-%m-%d").ok()
}

fn first_of_september(year: i16) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::from(year), 9, 1)
}

/// A year of entry, 2018 or 2018级; none where the cell is empty.
pub(crate) fn read_grade(line: &Line<'_>) -> Result<Option<i16>, LineError> {
    match line.cell("grade").trim_end_matches('级') {
        "" => Ok(None),
        year => match year.parse::<i16>() {
            Ok(year @ 1950..=2100) => Ok(Some(year)),
            _ => Err(line.error("grade", format!("“{year}”不是入学年份，请写成 2018 的样子"))),
        },
    }
}

/// A phone number; none where the cell is empty.
pub(crate) fn read_phone(line: &Line<'_>) -> Result<Option<String>, LineError> {
    match (line.cell("phone"), crate::phone::read(line.cell("phone"))) {
        (_, Some(phone)) => Ok(Some(phone)),
        (text, None) if text.chars().all(|c| matches!(c, ' ' | '-')) => Ok(None),
        // Not quoted: it may be somebody's number with a slip in it.
        _ => Err(line.error("phone", "不是电话号码，请填 5 到 20 位数字，或留空")),
    }
}

pub(crate) fn describe(name: &str, kind: Option<Kind>, why: NotFound) -> String {
    match why {
        NotFound::Unknown => {
            format!("组织架构里没有“{name}”，请核对名称；刚在企业微信里新建的，请先同步组织架构")
        }
        NotFound::Ambiguous(count) => {
            format!("叫“{name}”的部门有 {count} 个，请在前面加上级部门，例如 管理学院/{name}")
        }
        NotFound::OtherKind(other) => {
            format!("“{name}”是{}，这里要填{}的名称", other.title(), kind.map_or("部门", Kind::title))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::department::Node;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn line<'a>(columns: &[&'a str], row: &'a str) -> Line<'a> {
        Line { number: 7, cells: columns.iter().copied().zip(row.split(',')).collect() }
    }

    fn person(row: &str) -> Result<PersonLine, Vec<LineError>> {
        PersonLine::read(&line(&PEOPLE_COLUMNS, row))
    }

    fn wrong<T: std::fmt::Debug>(result: Result<T, Vec<LineError>>) -> Vec<String> {
        result.unwrap_err().iter().map(ToString::to_string).collect()
    }

    fn departments() -> Vec<(Node, Kind)> {
        let node = |id, name: &str| Node { id, name: name.into(), parent_id: None, sort_order: 0 };
        vec![
            (node(1, "学校"), Kind::School),
            (node(2, "管理学院"), Kind::College),
            (node(3, "2018会计3班"), Kind::Class),
            (node(4, "学院办公室"), Kind::Office),
            (node(5, "学院办公室"), Kind::Office),
        ]
    }

    #[test]
    fn reads_a_student_and_a_member_of_staff() {
        let student = person("20181234,林小满,student,,会计,2018级,2018会计3班,,100-1234-5678,,").unwrap();
        assert_eq!(student.since, day("2018-09-01"), "the September of entry");
        assert_eq!(student.grade, Some(2018));
        assert_eq!(student.phone.as_deref(), Some("10012345678"));
        assert_eq!((student.place.as_deref(), student.place_column()), (Some("2018会计3班"), "class"));

        let staff =
            person("G0001,周予安,教职工,合同制,,,,管理学院/学院办公室,,2015-03-01,2030-01-01").unwrap();
        assert_eq!(staff.staff_kind.as_deref(), Some("合同制"));
        assert_eq!((staff.since, staff.until), (day("2015-03-01"), Some(day("2030-01-01"))));
        assert_eq!(staff.place.as_deref(), Some("管理学院/学院办公室"));
    }

    #[test]
    fn days_are_read_as_schools_write_them() {
        for text in ["2019-09-01", "2019/9/1", "2019.09.1", "2019年9月1日", "20190901"] {
            assert_eq!(read_date(text), Some(day("2019-09-01")), "{text}");
        }
        for text in ["昨天", "2019-13-01", "2019-09", "9月1日", "2019-09-01-02", "201909011"] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }

    #[test]
    fn every_wrong_cell_is_told_with_line_column_and_remedy() {
        assert_eq!(
            wrong(person("2018 1,,pupil,志愿者,,18,,,call me,昨天,")),
            [
                "第 7 行 number 列：“2018 1”含有不允许的字符，学号或工号只能用字母、数字和 _ . @ -",
                "第 7 行 name 列：不能为空，请填写",
                "第 7 行 kind 列：“pupil”不认识，请填 student（学生）或 staff（教职工）",
                "第 7 行 staff_kind 列：“志愿者”不认识，请填 在编、合同制、临时、合作办学，或留空",
                "第 7 行 grade 列：“18”不是入学年份，请写成 2018 的样子",
                "第 7 行 phone 列：不是电话号码，请填 5 到 20 位数字，或留空",
                "第 7 行 since 列：“昨天”不是日期，请写成 2019-09-01 的样子",
            ]
        );
        assert_eq!(
            wrong(person("1,甲,student,在编,,2018,,办公室,,2019-09-01,2019-09-01")),
            [
                "第 7 行 staff_kind 列：学生没有人员性质，请留空",
                "第 7 行 department 列：学生请填 class，department 留空",
                "第 7 行 until 列：离校日期 2019-09-01 不晚于到校日期 2019-09-01，请核对",
            ]
        );
        assert_eq!(
            wrong(person("1,甲,staff,,,,,,,,")),
            ["第 7 行 since 列：不能为空，请填到校日期，例如 2019-09-01"]
        );
    }

    #[test]
    fn a_class_must_be_a_class_that_exists() {
        let departments = departments();
        let directory = Directory::new(departments.iter().map(|(node, kind)| (node, *kind)));
        let find = |row: &str| person(row).unwrap().department(&directory).map_err(|error| error.to_string());
        assert_eq!(find("1,甲,student,,,2018,2018会计3班,,,,"), Ok(Some(3)));
        assert_eq!(find("1,甲,student,,,2018,,,,,"), Ok(None));
        assert_eq!(
            find("1,甲,student,,,2018,管理学院,,,,"),
            Err("第 7 行 class 列：“管理学院”是学院，这里要填班级的名称".into())
        );
        assert_eq!(
            find("1,甲,student,,,2018,2018会计9班,,,,"),
            Err("第 7 行 class 列：组织架构里没有“2018会计9班”，请核对名称；刚在企业微信里新建的，请先同步组织架构".into())
        );
        assert_eq!(
            find("1,甲,staff,,,,,学院办公室,,2015-01-01,"),
            Err("第 7 行 department 列：叫“学院办公室”的部门有 2 个，请在前面加上级部门，例如 管理学院/学院办公室".into())
        );
    }

    #[test]
    fn a_grant_names_a_department_that_suits_the_role_and_a_day_to_come() {
        let departments = departments();
        let directory = Directory::new(departments.iter().map(|(node, kind)| (node, *kind)));
        let read = |row: &str| GrantLine::read(&line(&GRANTS_COLUMNS, row), &directory, day("2025-06-01"));
        let grant = read("G0001,counsellor,2018会计3班,辅导员,2027-08-31").unwrap();
        assert_eq!((grant.role, grant.department_id), (Role::Counsellor, 3));
        assert_eq!(read("G0001,school_office,学校,学生工作,2027-08-31").unwrap().department_id, 1);
        assert_eq!(
            wrong(read("G0001,counsellor,管理学院,,2025-06-01")),
            [
                "第 7 行 purpose 列：不能为空，请填写",
                "第 7 行 department 列：“管理学院”是学院，这里要填班级的名称",
                "第 7 行 until 列：2025-06-01 已经过去，请填以后的日期，或删去这一行",
            ]
        );
        assert_eq!(
            wrong(read("G0001,king,学校,x,")),
            [
                "第 7 行 role 列：“king”不认识，请填 class_assistant、counsellor、college_leader、college_office、\
                 department_head、school_office、school_leader、administrator、auditor、gate_guard",
                "第 7 行 until 列：不能为空，请填授权截止的日期",
            ]
        );
    }

    #[test]
    fn columns_are_known_by_what_schools_call_them() {
        let known = |heading: &str| column_of(heading, &PEOPLE_COLUMNS);
        assert_eq!(known("学号"), Some("number"));
        assert_eq!(known(" 手机号码 *"), Some("phone"));
        assert_eq!(known("班级（行政班）"), Some("class"));
        assert_eq!(known("Number"), Some("number"));
        assert_eq!(known("\u{feff}学 号"), Some("number"));
        assert_eq!((known("民族"), known(""), known("role")), (None, None, None));
        assert_eq!(column_of("授权截止", &GRANTS_COLUMNS), Some("until"));
        assert_eq!((title_of("number"), title_of("until"), title_of("x")), ("学号", "离校日期", "x"));
    }

    #[test]
    fn nothing_of_a_person_is_printed() {
        let shown = format!("{:?}", person("20181234,林小满,student,,,2018,,,10012345678,,").unwrap());
        assert_eq!(shown, "PersonLine { line: 7, .. }");
    }
}
