//! 班级名单: which classes there are, and who their counsellors are, line by line.

use std::collections::HashMap;

use chrono::{Datelike, Days, NaiveDate};

use super::{Line, LineError, describe, read_grade, take};
use crate::{
    DepartmentId, PersonId,
    department::{Directory, Kind, NotFound},
    policy::LONGEST,
};

/// Columns of a list of classes.
pub const CLASS_COLUMNS: [&str; 7] =
    ["class", "grade", "college", "major", "counsellor", "counsellor_name", "last"];
/// Columns it can't be without.
pub const CLASS_NEEDED: [&str; 1] = ["class"];

/// One class and one of its counsellors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassLine {
    /// Line of the file.
    pub line: u64,
    /// Name of the class; a path where the name alone is not enough.
    pub class: String,
    /// Year of entry, to be checked.
    pub grade: Option<i16>,
    /// Name of the college, to be checked, and to tell classes of one name apart.
    pub college: Option<String>,
    /// Staff number of the counsellor.
    pub counsellor: Option<String>,
    /// Their name, to be checked, or in place of the number.
    pub counsellor_name: Option<String>,
    /// The first day they are no longer its counsellor.
    pub until: NaiveDate,
}

/// Someone of the roster who might be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub person_id: PersonId,
    /// As they stand on the roster.
    pub name: String,
    /// Students counsel nobody.
    pub is_staff: bool,
    /// On the roster today or to come.
    pub is_present: bool,
}

/// Everybody of the roster, by number and by name.
#[derive(Debug, Default)]
pub struct Candidates {
    by_number: HashMap<String, Candidate>,
    /// Staff who are present, for lists that give no number.
    by_name: HashMap<String, Vec<PersonId>>,
}

impl FromIterator<(String, Candidate)> for Candidates {
    /// By number, whatever its case.
    fn from_iter<T: IntoIterator<Item = (String, Candidate)>>(people: T) -> Self {
        let mut all = Self::default();
        for (number, one) in people {
            if one.is_staff && one.is_present {
                all.by_name.entry(one.name.clone()).or_default().push(one.person_id);
            }
            all.by_number.insert(number.to_lowercase(), one);
        }
        all
    }
}

impl ClassLine {
    /// Reads one line; every cell that is wrong is told.
    pub fn read(line: &Line<'_>, today: NaiveDate) -> Result<Self, Vec<LineError>> {
        let mut errors = Vec::new();
        let class = take(line.filled("class", 200), &mut errors).unwrap_or_default();
        let grade = take(read_grade(line), &mut errors).flatten();
        let counsellor = match line.cell("counsellor") {
            "" => None,
            _ => take(line.number_in("counsellor"), &mut errors),
        };
        let until = match take(line.date("last"), &mut errors).flatten() {
            Some(last) if last < today => {
                errors.push(
                    line.error("last", format!("{last} 已经过去，请填以后的日期，或留空（到本学年结束）")),
                );
                None
            }
            Some(last) => {
                let (until, latest) = (last.checked_add_days(Days::new(1)), latest(today));
                if until.is_none_or(|until| until > latest) {
                    let last = latest.pred_opt().unwrap_or(latest);
                    errors.push(
                        line.error("last", format!("最晚填 {last}，或留空（到本学年结束）；到期可再次导入")),
                    );
                }
                until.filter(|until| *until <= latest)
            }
            None => Some(end_of_academic_year(today)),
        };
        let text = |column: &str| Some(line.cell(column)).filter(|cell| !cell.is_empty()).map(str::to_owned);
        match until {
            Some(until) if errors.is_empty() => Ok(Self {
                line: line.number,
                class: class.into(),
                grade,
                college: text("college"),
                counsellor: counsellor.map(str::to_owned),
                counsellor_name: text("counsellor_name"),
                until,
            }),
            _ => Err(errors),
        }
    }

    fn error(&self, column: &'static str, message: String) -> LineError {
        LineError { line: self.line, column: column.into(), message }
    }

    /// The class this line names, if college and grade agree.
    pub fn department(&self, directory: &Directory<'_>) -> Result<DepartmentId, LineError> {
        let wanted = Some(Kind::Class);
        let found = match (directory.find(&self.class, wanted), &self.college) {
            (Err(NotFound::Ambiguous(_)), Some(college)) => {
                directory.find(&format!("{college}/{}", self.class), wanted)
            }
            (found, _) => found,
        };
        let class = found.map_err(|why| self.error("class", describe(&self.class, wanted, why)))?;
        if let Some(college) = &self.college {
            match directory.above(class, Kind::College) {
                Some(own) if own != college => {
                    let message = format!("“{}”在组织架构里属于{own}，不是“{college}”，请核对", self.class);
                    return Err(self.error("college", message));
                }
                None => {
                    let message = format!("“{}”在组织架构里不属于任何学院，请留空", self.class);
                    return Err(self.error("college", message));
                }
                _ => {}
            }
        }
        if let (Some(grade), Some(own)) = (self.grade, directory.above(class, Kind::Grade).and_then(year_of))
            && grade != own
        {
            let message = format!("“{}”在组织架构里是 {own} 级，不是 {grade} 级，请核对", self.class);
            return Err(self.error("grade", message));
        }
        Ok(class)
    }

    /// Whom this line makes the class's counsellor; none where it names nobody.
    pub fn person(&self, people: &Candidates) -> Result<Option<PersonId>, LineError> {
        match (&self.counsellor, &self.counsellor_name) {
            (Some(number), name) => self.numbered(people, number, name.as_deref()).map(Some),
            (None, Some(name)) => match people.by_name.get(name).map(Vec::as_slice) {
                Some([one]) => Ok(Some(*one)),
                Some(many) if !many.is_empty() => Err(self.error(
                    "counsellor_name",
                    format!("叫“{name}”的教职工有 {} 个，请填辅导员工号", many.len()),
                )),
                _ => Err(self.error(
                    "counsellor_name",
                    format!("名册里没有叫“{name}”的教职工，请核对，或先导入教职工名册"),
                )),
            },
            (None, None) => Ok(None),
        }
    }

    fn numbered(&self, people: &Candidates, number: &str, name: Option<&str>) -> Result<PersonId, LineError> {
        let error = |column, message| Err(self.error(column, message));
        match people.by_number.get(&number.to_lowercase()) {
            None => error("counsellor", format!("名册里没有工号“{number}”，请核对，或先导入教职工名册")),
            Some(one) if !one.is_staff => {
                error("counsellor", format!("“{number}”是学生，辅导员应是教职工，请核对工号"))
            }
            Some(one) if !one.is_present => {
                error("counsellor", format!("“{number}”已不在册，请换成在职的辅导员"))
            }
            // The name on record is not quoted: whoever made the file need not know whose number it is.
            Some(one) if name.is_some_and(|name| name != one.name) => {
                error("counsellor_name", format!("与工号“{number}”在名册里的姓名不一致，请核对"))
            }
            Some(one) => Ok(one.person_id),
        }
    }
}

/// Classes named twice with the same counsellor, or once with one and once with none. `named` holds line, class
/// and counsellor.
pub fn duplicates(named: &[(u64, DepartmentId, Option<PersonId>)]) -> Vec<LineError> {
    let mut first: HashMap<DepartmentId, Vec<(u64, Option<PersonId>)>> = HashMap::new();
    let mut errors = Vec::new();
    for (line, class, person) in named {
        let before = first.entry(*class).or_default();
        let clash = before.iter().find(|(_, other)| other == person || other.is_none() || person.is_none());
        if let Some((earlier, other)) = clash {
            let message = if other == person {
                format!("这个班和这位辅导员在第 {earlier} 行已经有了，请删去一行")
            } else {
                format!("这个班在第 {earlier} 行已经有了，其中一行没有填辅导员，请合成一行")
            };
            errors.push(LineError { line: *line, column: "class".into(), message });
        }
        before.push((*line, *person));
    }
    errors
}

/// The first day of the next academic year: 1 September. Who prepares lists in July or August means the year to come.
pub fn end_of_academic_year(today: NaiveDate) -> NaiveDate {
    let year = if today.month() >= 7 { today.year() + 1 } else { today.year() };
    NaiveDate::from_ymd_opt(year, 9, 1).unwrap_or(NaiveDate::MAX)
}

/// The day by which what a list gives is over: as far off as what is given by hand, or the end of the academic year where that is
/// later.
fn latest(today: NaiveDate) -> NaiveDate {
    let longest = today.checked_add_days(Days::new(LONGEST)).unwrap_or(NaiveDate::MAX);
    longest.max(end_of_academic_year(today))
}

/// The year in `2018级` and `18级`.
fn year_of(grade: &str) -> Option<i16> {
    let digits: String = grade.chars().take_while(char::is_ascii_digit).collect();
    match (digits.len(), digits.parse::<i16>()) {
        (4, Ok(year)) => Some(year),
        (2, Ok(year)) => Some(2000 + year),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::department::Node;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn read(row: &str) -> Result<ClassLine, Vec<String>> {
        let cells = CLASS_COLUMNS.iter().copied().zip(row.split(',')).collect();
        ClassLine::read(&Line { number: 7, cells }, day("2025-03-01"))
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    fn departments() -> Vec<(Node, Kind)> {
        let node = |id, parent, name: &str| Node {
            id,
            name: name.into(),
            parent_id: (parent > 0).then_some(parent),
            sort_order: 0,
        };
        vec![
            (node(1, 0, "学校"), Kind::School),
            (node(2, 1, "管理学院"), Kind::College),
            (node(3, 2, "2018级"), Kind::Grade),
            (node(4, 3, "1班"), Kind::Class),
            (node(5, 1, "外语学院"), Kind::College),
            (node(6, 5, "19级"), Kind::Grade),
            (node(7, 6, "1班"), Kind::Class),
            (node(8, 1, "预科班"), Kind::Class),
        ]
    }

    #[test]
    fn the_end_is_a_day_or_the_academic_year() {
        assert_eq!(read("1班,,,,,,2025-06-30").unwrap().until, day("2025-07-01"), "the last day counts");
        assert_eq!(read("1班,,,,,,").unwrap().until, day("2025-09-01"));
        assert_eq!(read("1班,,,,,,2026-04-04").unwrap().until, day("2026-04-05"), "400 days");
        assert_eq!(
            read("1班,,,,,,2026-04-05").unwrap_err(),
            ["第 7 行 last 列：最晚填 2026-04-04，或留空（到本学年结束）；到期可再次导入"]
        );
        for (today, end) in
            [("2025-06-30", "2025-09-01"), ("2025-07-01", "2026-09-01"), ("2025-12-31", "2026-09-01")]
        {
            assert_eq!(end_of_academic_year(day(today)), day(end), "{today}");
        }
        assert_eq!(
            read(",十八,,,G 1,,2025-02-28").unwrap_err(),
            [
                "第 7 行 class 列：不能为空，请填写",
                "第 7 行 grade 列：“十八”不是入学年份，请写成 2018 的样子",
                "第 7 行 counsellor 列：“G 1”含有不允许的字符，学号或工号只能用字母、数字和 _ . @ -",
                "第 7 行 last 列：2025-02-28 已经过去，请填以后的日期，或留空（到本学年结束）",
            ]
        );
    }

    #[test]
    fn a_class_is_found_and_college_and_grade_agree() {
        let departments = departments();
        let directory = Directory::new(departments.iter().map(|(node, kind)| (node, *kind)));
        let find = |row: &str| read(row).unwrap().department(&directory).map_err(|error| error.to_string());
        assert_eq!(find("1班,2018,管理学院,,,,"), Ok(4));
        assert_eq!(find("1班,2019级,外语学院,,,,"), Ok(7), "two digits are a year too");
        assert_eq!(find("管理学院/1班,,,,,,"), Ok(4));
        assert_eq!(find("预科班,2018,,,,,"), Ok(8), "a class without a grade takes any");
        let wrong = [
            (
                "9班,,,,,,",
                "第 7 行 class 列：组织架构里没有“9班”，请核对名称；刚在企业微信里新建的，请先同步组织架构",
            ),
            ("1班,,,,,,", "第 7 行 class 列：叫“1班”的部门有 2 个，请在前面加上级部门，例如 管理学院/1班"),
            ("管理学院,,,,,,", "第 7 行 class 列：“管理学院”是学院，这里要填班级的名称"),
            (
                "管理学院/1班,,外语学院,,,,",
                "第 7 行 college 列：“管理学院/1班”在组织架构里属于管理学院，不是“外语学院”，请核对",
            ),
            ("预科班,,外语学院,,,,", "第 7 行 college 列：“预科班”在组织架构里不属于任何学院，请留空"),
            ("1班,2019,管理学院,,,,", "第 7 行 grade 列：“1班”在组织架构里是 2018 级，不是 2019 级，请核对"),
        ];
        for (row, told) in wrong {
            assert_eq!(find(row), Err(told.into()), "{row}");
        }
    }

    #[test]
    fn a_counsellor_is_staff_who_are_there() {
        let one = |person_id, name: &str, is_staff, is_present| Candidate {
            person_id,
            name: name.into(),
            is_staff,
            is_present,
        };
        let people: Candidates = [
            ("G1".to_owned(), one(1, "甲", true, true)),
            ("G2".to_owned(), one(2, "乙", true, true)),
            ("G3".to_owned(), one(3, "乙", true, true)),
            ("G4".to_owned(), one(4, "丙", true, false)),
            ("2018".to_owned(), one(5, "丁", false, true)),
        ]
        .into_iter()
        .collect();
        let find = |row: &str| read(row).unwrap().person(&people).map_err(|error| error.to_string());
        assert_eq!(find("1班,,,,g1,甲,"), Ok(Some(1)));
        assert_eq!(find("1班,,,,G3,,"), Ok(Some(3)));
        assert_eq!(find("1班,,,,,甲,"), Ok(Some(1)));
        assert_eq!(find("1班,,,,,,"), Ok(None));
        for (row, told) in [
            ("1班,,,,G9,,", "第 7 行 counsellor 列：名册里没有工号“G9”"),
            ("1班,,,,2018,,", "第 7 行 counsellor 列：“2018”是学生"),
            ("1班,,,,G4,,", "第 7 行 counsellor 列：“G4”已不在册"),
            ("1班,,,,G1,乙,", "第 7 行 counsellor_name 列：与工号“G1”在名册里的姓名不一致"),
            ("1班,,,,,乙,", "第 7 行 counsellor_name 列：叫“乙”的教职工有 2 个"),
            ("1班,,,,,丙,", "第 7 行 counsellor_name 列：名册里没有叫“丙”的教职工"),
        ] {
            let error = find(row).unwrap_err();
            assert!(error.starts_with(told), "{error}");
        }
    }

    #[test]
    fn the_same_class_and_counsellor_stand_once() {
        assert!(duplicates(&[(2, 4, Some(1)), (3, 4, Some(2)), (4, 7, Some(1)), (5, 8, None)]).is_empty());
        let told: Vec<String> = duplicates(&[(2, 4, Some(1)), (3, 4, Some(1)), (4, 4, None)])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "第 3 行 class 列：这个班和这位辅导员在第 2 行已经有了，请删去一行",
                "第 4 行 class 列：这个班在第 2 行已经有了，其中一行没有填辅导员，请合成一行",
            ]
        );
    }
}
