//! Rows of sheets as people: headings matched to what they mean, cells checked one by one.

use std::collections::HashMap;

use super::sheet::Sheet;
use super::{Found, Problem};

/// Rows in which the headings are looked for: a title may stand above them.
const HEAD_WITHIN: usize = 10;

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Column {
    Number,
    Name,
    College,
    Grade,
    Class,
    Major,
    Phone,
    Kind,
    Department,
    Position,
    StaffKind,
    CounsellorNumber,
    Counsellor,
}

/// How schools head each column; compared without blanks, stars and what stands in brackets.
const HEADINGS: [(Column, &str, &[&str]); 13] = [
    (
        Column::Number,
        "学号或工号",
        &[
            "学号",
            "工号",
            "学工号",
            "学号或工号",
            "编号",
            "人员编号",
            "学生学号",
            "职工号",
            "教工号",
            "账号",
            "帐号",
            "number",
            "userid",
        ],
    ),
    (Column::Name, "姓名", &["姓名", "学生姓名", "教师姓名", "名字", "name"]),
    (
        Column::College,
        "学院",
        &["学院", "院系", "二级学院", "所在学院", "所属学院", "学院名称", "系部", "系", "college"],
    ),
    (Column::Grade, "年级", &["年级", "入学年份", "入学年度", "所在年级", "grade"]),
    (Column::Class, "班级", &["班级", "班级名称", "行政班", "行政班级", "所在班级", "班", "class"]),
    (Column::Major, "专业", &["专业", "专业名称", "所学专业", "major"]),
    (
        Column::Phone,
        "手机号",
        &["手机", "手机号", "手机号码", "电话", "联系电话", "联系方式", "本人电话", "phone"],
    ),
    (Column::Kind, "身份", &["身份", "类别", "人员类别", "人员类型", "学生或教职工", "kind"]),
    (
        Column::Department,
        "部门",
        &["部门", "部门名称", "单位", "所在单位", "所属部门", "所在部门", "department"],
    ),
    (Column::Position, "职务", &["职务", "岗位", "职务或岗位", "职称", "position"]),
    (Column::StaffKind, "人员性质", &["人员性质", "编制", "编制类型", "用工性质", "用工形式", "staff_kind"]),
    (Column::CounsellorNumber, "辅导员工号", &["辅导员工号", "辅导员编号", "班主任工号"]),
    (Column::Counsellor, "辅导员", &["辅导员", "辅导员姓名", "班主任", "班主任姓名"]),
];

/// Kinds of staff that a roster can say.
const STAFF_KINDS: [&str; 4] = ["在编", "合同制", "临时", "合作办学"];

/// Somebody of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub number: String,
    pub name: String,
    /// Empty where there is none.
    pub phone: String,
    /// Empty where the file says none.
    pub college: String,
    pub role: RowRole,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowRole {
    Student {
        class: String,
        /// As a cell or the name of the class says.
        grade: Option<u16>,
        major: String,
        counsellor_number: String,
        counsellor: String,
    },
    Staff {
        department: String,
        position: String,
        kind: String,
    },
}

/// Everybody whose row can be used; fails where there is nobody.
pub fn read(sheets: Vec<Sheet>, found: &mut Found) -> Result<Vec<Row>, String> {
    let (mut people, mut first_lines) = (Vec::new(), HashMap::new());
    let mut headed = false;
    for sheet in sheets {
        let Some(head) = Head::of(&sheet) else {
            let name = sheet.name.as_deref().unwrap_or("文件");
            found.headings.push(format!("“{name}”里没有学号（或工号）和姓名两列，未使用"));
            continue;
        };
        headed = true;
        found.headings.push(head.told(&sheet));
        for (line, cells) in sheet.rows.iter().skip(head.row + 1) {
            match head.read(&sheet, *line, cells, &mut first_lines, found) {
                Some(row) => people.push(row),
                None => found.left_out += 1,
            }
        }
    }
    if !headed {
        return Err("没有找到表头：前十行里要有一行同时含有“学号”（或“工号”）和“姓名”".into());
    }
    if people.is_empty() {
        let first = found.problems.first().map_or_else(|| "表头下面没有内容".into(), ToString::to_string);
        return Err(format!("没有一行可用。{first}"));
    }
    Ok(people)
}

/// The headings of a sheet: where they stand and what they mean.
struct Head {
    row: usize,
    places: HashMap<Column, usize>,
    headings: Vec<String>,
}

impl Head {
    fn of(sheet: &Sheet) -> Option<Self> {
        sheet.rows.iter().take(HEAD_WITHIN).enumerate().find_map(|(row, (_, cells))| {
            let mut places = HashMap::new();
            for (place, cell) in cells.iter().enumerate() {
                if let Some(column) = column_of(cell) {
                    places.entry(column).or_insert(place);
                }
            }
            let known = places.contains_key(&Column::Number) && places.contains_key(&Column::Name);
            known.then(|| Self { row, places, headings: cells.clone() })
        })
    }

    /// In the file's order: heading, and what it is taken for where that is another word.
    fn told(&self, sheet: &Sheet) -> String {
        let mut places: Vec<_> = self.places.iter().collect();
        places.sort_by_key(|(_, place)| **place);
        let words = places.into_iter().map(|(column, place)| {
            let (heading, title) = (self.headings[*place].as_str(), title(*column));
            if heading == title { title.to_owned() } else { format!("{heading}→{title}") }
        });
        let words = words.collect::<Vec<_>>().join("、");
        match &sheet.name {
            Some(name) => format!("“{name}”用到的列：{words}"),
            None => format!("用到的列：{words}"),
        }
    }

    fn heading(&self, column: Column) -> String {
        self.places
            .get(&column)
            .map_or_else(|| title(column).to_owned(), |place| self.headings[*place].clone())
    }

    /// Somebody; none where the row can't be used, and the problem is told.
    fn read(
        &self,
        sheet: &Sheet,
        line: usize,
        cells: &[String],
        first_lines: &mut HashMap<String, usize>,
        found: &mut Found,
    ) -> Option<Row> {
        let cell = |column: Column| {
            let place = self.places.get(&column).copied();
            place.and_then(|place| cells.get(place)).map_or("", |cell| cell.trim())
        };
        let mut tell = |column: Column, message: String| {
            let column = self.heading(column);
            found.problem(Problem { sheet: sheet.name.clone(), line, column, message });
        };
        let number = cell(Column::Number);
        let valid = (1..=64).contains(&number.len())
            && number.starts_with(|c: char| c.is_ascii_alphanumeric())
            && number.chars().all(|c| c.is_ascii_alphanumeric() || "_.@-".contains(c));
        if !valid {
            let why = if number.is_empty() {
                "空着".to_owned()
            } else {
                format!("“{number}”不能作账号（只能用字母、数字和 _ . @ -）")
            };
            tell(Column::Number, format!("{why}，这一行未使用"));
            return None;
        }
        let name = cell(Column::Name);
        if name.is_empty() || name.chars().count() > 64 {
            tell(Column::Name, "空着或太长，这一行未使用".into());
            return None;
        }
        let (class, department) = (plain(cell(Column::Class)), plain(cell(Column::Department)));
        let student = match cell(Column::Kind) {
            "" => {
                !class.is_empty() || (department.is_empty() && !self.places.contains_key(&Column::Department))
            }
            kind if ["学生", "本科生", "专科生", "研究生", "student"].contains(&kind) => true,
            kind if ["教职工", "教师", "老师", "职工", "教工", "辅导员", "staff"].contains(&kind) => {
                false
            }
            other => {
                tell(Column::Kind, format!("“{other}”不认识，请填 学生 或 教职工，这一行未使用"));
                return None;
            }
        };
        if student && class.is_empty() {
            tell(Column::Class, "学生没有班级，这一行未使用".into());
            return None;
        }
        if let Some(first) = first_lines.get(&number.to_lowercase()) {
            tell(Column::Number, format!("“{number}”在第 {first} 行已经有了，这一行未使用"));
            return None;
        }
        first_lines.insert(number.to_lowercase(), line);
        let phone: String = cell(Column::Phone).chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let digits = phone.strip_prefix('+').unwrap_or(&phone);
        let dialled = phone.is_empty()
            || ((5..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
        if !dialled {
            // Not quoted: it may be somebody's number with a slip in it.
            tell(Column::Phone, "不是电话号码，未使用".into());
        }
        let role = if student {
            let grade = cell(Column::Grade);
            let said = year(grade.trim_end_matches(['级', '年']));
            if !grade.is_empty() && said.is_none() {
                tell(Column::Grade, format!("“{grade}”不是入学年份，按班级名称或学号推断"));
            }
            RowRole::Student {
                grade: said.or_else(|| leading_year(&class)),
                class,
                major: cell(Column::Major).into(),
                counsellor_number: cell(Column::CounsellorNumber).into(),
                counsellor: cell(Column::Counsellor).into(),
            }
        } else {
            let kind = Some(cell(Column::StaffKind)).filter(|kind| STAFF_KINDS.contains(kind));
            RowRole::Staff {
                department,
                position: cell(Column::Position).into(),
                kind: kind.unwrap_or("").into(),
            }
        };
        Some(Row {
            number: number.into(),
            name: name.into(),
            phone: if dialled { phone } else { String::new() },
            college: plain(cell(Column::College)),
            role,
        })
    }
}

fn title(column: Column) -> &'static str {
    HEADINGS.iter().find(|(known, ..)| *known == column).map_or("", |(_, title, _)| title)
}

fn column_of(heading: &str) -> Option<Column> {
    let plain: String =
        heading.chars().filter(|c| !c.is_whitespace() && !"*＊:：\u{feff}".contains(*c)).collect();
    let plain = plain.split(['(', '（', '[', '【', '/']).next().unwrap_or_default().to_lowercase();
    HEADINGS.iter().find(|(_, _, words)| words.contains(&plain.as_str())).map(|(column, ..)| *column)
}

/// A name that can be part of a path.
fn plain(name: &str) -> String {
    name.replace('/', "／")
}

fn year(text: &str) -> Option<u16> {
    let year: u16 = text.parse().ok()?;
    match year {
        1950..=2100 => Some(year),
        // 19级 is 2019级.
        0..=99 if text.len() == 2 => Some(2000 + year),
        _ => None,
    }
}

/// The year at the front of `2019会计1班` or of a student number.
pub fn leading_year(text: &str) -> Option<u16> {
    text.get(..4).and_then(|front| front.parse().ok()).filter(|year| (1950..=2100).contains(year))
}
