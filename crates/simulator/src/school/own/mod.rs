//! A visitor's own school: made from a roster as schools have them, .xlsx or CSV. What a roster does not say is invented, and told.

mod build;
mod rows;
mod sheet;

use std::fmt;

use super::{School, Spec};

/// Problems kept to be shown; all are counted.
const SHOWN: usize = 200;

/// A cell that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the sheet; none for CSV.
    pub sheet: Option<String>,
    /// Row of the file, counted from 1.
    pub line: usize,
    /// Heading of the column, as the file has it.
    pub column: String,
    /// What is wrong, and what became of the row.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sheet) = &self.sheet {
            write!(f, "“{sheet}”")?;
        }
        write!(f, "第 {} 行 {} 列：{}", self.line, self.column, self.message)
    }
}

/// What a roster held, and what was made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Colleges.
    pub colleges: usize,
    /// Classes.
    pub classes: usize,
    /// Students.
    pub students: usize,
    /// Staff of the file.
    pub staff: usize,
    /// Counsellors of the file.
    pub counsellors: usize,
    /// Rows left out.
    pub left_out: usize,
    /// What the headings were taken for, a line a sheet.
    pub headings: Vec<String>,
    /// What the file did not say, and was invented.
    pub invented: Vec<String>,
    /// The first problems.
    pub problems: Vec<Problem>,
    /// How many there are.
    pub problem_count: usize,
}

impl Found {
    fn problem(&mut self, problem: Problem) {
        self.problem_count += 1;
        if self.problems.len() < SHOWN {
            self.problems.push(problem);
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "学院 {} 个，班级 {} 个，学生 {} 人，教职工 {} 人，其中辅导员 {} 人",
            self.colleges, self.classes, self.students, self.staff, self.counsellors
        )?;
        for line in self.headings.iter().chain(&self.invented) {
            writeln!(f, "  {line}")?;
        }
        if self.problem_count > 0 {
            writeln!(f, "  有 {} 处问题，略过 {} 行：", self.problem_count, self.left_out)?;
        }
        for problem in self.problems.iter().take(20) {
            writeln!(f, "    {problem}")?;
        }
        Ok(())
    }
}

impl School {
    /// The school of a roster. Corp, app and secrets are those of `base`. Fails with what to do where the file can't be
    /// read or holds nobody.
    pub fn own(roster: &[u8], name: &str, base: &Spec) -> Result<(Self, Found), String> {
        let mut found = Found::default();
        let sheets = sheet::read(roster)?;
        let rows = rows::read(sheets, &mut found)?;
        // It stands in paths and in configurations.
        let name: String = name.chars().filter(|c| !c.is_control() && !"\"\\/".contains(*c)).collect();
        let name = if name.trim().is_empty() { "我的学校" } else { name.trim() };
        let school = build::school(rows, name, base, &mut found);
        Ok((school, found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::school::{Kind, Role, write_grants, write_people};

    fn base() -> Spec {
        School::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/school-small.toml")).unwrap().spec
    }

    fn own(text: &str) -> (School, Found) {
        School::own(text.as_bytes(), "试点学校", &base()).unwrap()
    }

    const ROSTER: &str = "学号,姓名,学院,年级,班级,手机号,身份,部门,辅导员\n\
        20190101,林一,管理学院,2019,会计1班,10000000001,学生,,周老师\n\
        20190102,林二,管理学院,2019级,会计1班,,学生,,周老师\n\
        20180101,林三,外语学院,2018,1班,,学生,,吴老师\n\
        G01,周老师,管理学院,,,10000000009,教职工,,\n\
        G02,郑老师,,,,,教职工,教务处,\n";

    fn paths(school: &School) -> Vec<String> {
        let path = |id: u32| {
            let mut names = Vec::new();
            let mut next = school.departments.iter().find(|one| one.id == id);
            while let Some(one) = next.filter(|one| one.id != super::super::ROOT) {
                names.insert(0, one.name.as_str());
                next = school.departments.iter().find(|above| above.id == one.parent);
            }
            names.join("/")
        };
        school.departments.iter().map(|one| path(one.id)).filter(|path| !path.is_empty()).collect()
    }

    #[test]
    fn a_roster_becomes_a_school_with_everybody_in_place() {
        let (school, found) = own(ROSTER);
        assert_eq!(
            (found.colleges, found.classes, found.students, found.staff, found.counsellors),
            (2, 2, 3, 2, 2)
        );
        assert_eq!((found.problem_count, found.left_out), (0, 0));
        let paths = paths(&school);
        for path in ["管理学院/2019级/会计1班", "外语学院/2018级/1班", "管理学院/学院办公室", "教务处"]
        {
            assert!(paths.iter().any(|known| known == path), "{path}: {paths:?}");
        }
        let grants: Vec<(&str, &str)> = school
            .grants
            .iter()
            .filter(|grant| grant.role == Role::Counsellor)
            .map(|grant| (grant.number.as_str(), grant.department.as_str()))
            .collect();
        assert!(grants.contains(&("G01", "管理学院/2019级/会计1班")), "by name: {grants:?}");
        let invented = grants.iter().find(|(_, class)| *class == "外语学院/2018级/1班").unwrap().0;
        let counsellor = school.people.iter().find(|person| person.number == invented).unwrap();
        assert_eq!(counsellor.name, "吴老师", "the file names one who is not on it");
        assert!(found.invented.iter().any(|line| line.contains("吴老师")), "{:?}", found.invented);
        // One can enter as each of these.
        let roles: Vec<Role> = school.personas().into_iter().map(|persona| persona.role).collect();
        for role in
            [Role::Student, Role::Counsellor, Role::CollegeLeader, Role::SchoolLeader, Role::Administrator]
        {
            assert!(roles.contains(&role), "{role:?}: {roles:?}");
        }
        assert_eq!((school.spec.name.as_str(), &school.spec.app.secret), ("试点学校", &base().app.secret));
    }

    #[test]
    fn what_is_missing_is_invented_and_told() {
        let (school, found) = own("学号,姓名,班级\n20190101,甲,1班\n20190102,乙,1班\n20180103,丙,1班\n");
        assert!(paths(&school).contains(&"全校学院/2019级/1班".to_owned()), "{:?}", paths(&school));
        assert_eq!(found.classes, 1, "who repeats a year stays in the class");
        for word in ["学院", "年级", "辅导员", "管理员"] {
            assert!(found.invented.iter().any(|line| line.contains(word)), "{word}: {:?}", found.invented);
        }
        // Staff alone.
        let (school, found) = own("工号,姓名,部门\nG1,甲,教务处\n");
        assert_eq!((found.students, found.staff), (0, 1));
        assert!(school.personas().iter().any(|persona| persona.role == Role::Administrator));
    }

    #[test]
    fn problems_are_told_by_row_and_column_and_the_rest_is_used() {
        let (school, found) =
            own("名单\n学号,姓名,班级,联系电话,身份\n1 2,甲,1班,,\n20190101,,1班,,\n20190102,乙,1班,无,\n\
             20190102,丙,1班,,\n20190103,丁,,,学生\n20190104,戊,1班,,访客\n");
        let told: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
        let expected = [
            "第 3 行 学号 列：",
            "第 4 行 姓名 列：",
            "第 5 行 联系电话 列：",
            "第 6 行 学号 列：",
            "第 7 行 班级 列：",
            "第 8 行 身份 列：",
        ];
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told}");
        }
        assert!(!told[2].contains('无'), "a phone is not quoted");
        assert_eq!((found.students, found.left_out), (1, 5));
        assert!(school.people.iter().any(|person| person.number == "20190102" && person.phone.is_empty()));
    }

    #[test]
    fn files_that_are_no_roster_are_refused_with_a_remedy() {
        let refused = |bytes: &[u8]| School::own(bytes, "", &base()).unwrap_err();
        assert!(
            refused("甲,乙\n1,2\n".as_bytes()).contains("学号"),
            "{}",
            refused("甲,乙\n1,2\n".as_bytes())
        );
        assert!(refused(b"").contains("空的"));
        assert!(refused(b"PK\x03\x04nonsense").contains("打不开"));
        assert!(refused(b"\xd0\xcf\x11\xe0\xa1").contains(".xlsx"));
        assert!(refused("学号,姓名,班级\n".as_bytes()).contains("没有"));
        assert!(refused("学号,姓名,班级\n1 1,甲,1班\n".as_bytes()).contains("第 2 行"));
    }

    #[test]
    fn twenty_thousand_rows_in_the_encoding_of_excel_for_china() {
        let mut text =
            String::from("序号\t学号\t姓名\t所属学院\t所在年级\t行政班级\t联系电话\t辅导员工号\t辅导员\n");
        for n in 0..20_000 {
            let (college, class) = (n / 2_000, n / 40);
            text.push_str(&format!(
                "{n}\t2019{n:06}\t同学\t第{college}学院\t2019\t{class}班\t100{n:08}\tG{class:03}\t辅导员{class}\n"
            ));
        }
        let bytes = encoding_rs::GB18030.encode(&text).0.into_owned();
        let (school, found) = School::own(&bytes, "", &base()).unwrap();
        assert_eq!((found.colleges, found.classes, found.students), (10, 500, 20_000));
        assert_eq!((found.problem_count, found.counsellors), (0, 500));
        assert!(school.spec.corp.seats as usize >= school.people.len());
        assert_eq!(school.spec.name, "我的学校");
    }

    #[test]
    fn the_files_for_rollcall_name_everybody_and_their_places() {
        let (school, _) = own(ROSTER);
        let (mut people, mut grants) = (Vec::new(), Vec::new());
        write_people(&school, &mut people).unwrap();
        write_grants(&school, &mut grants).unwrap();
        let people = String::from_utf8(people).unwrap();
        assert!(
            people.contains("20190101,林一,student,,,2019,管理学院/2019级/会计1班,,10000000001,2019-09-01,"),
            "{people}"
        );
        assert!(people.contains("G02,郑老师,staff,,,,,教务处,"), "{people}");
        let grants = String::from_utf8(grants).unwrap();
        assert!(grants.contains("G01,counsellor,管理学院/2019级/会计1班,"), "{grants}");
        assert!(grants.contains(",administrator,试点学校,"), "{grants}");
        assert!(school.people.iter().all(|person| match &person.kind {
            Kind::Student { class, .. } => !class.is_empty(),
            Kind::Staff { department, .. } => !department.is_empty(),
        }));
    }
}
