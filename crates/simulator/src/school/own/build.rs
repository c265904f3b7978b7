//! From the people of a roster to a school: the tree, accounts, grants, and who is invented so that one can enter as them.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{Datelike, NaiveDate};

use super::Found;
use super::rows::{Row, RowRole, leading_year};
use crate::clock::Clock;
use crate::school::spec::{College, Spec};
use crate::school::{Department, Gender, Grant, Kind, Membership, Person, ROOT, Role, School};

/// The college of students whose file names none.
const SOME_COLLEGE: &str = "全校学院";
const COLLEGE_OFFICE: &str = "学院办公室";
/// Where those stand whom nobody wrote down.
const INVENTED: &str = "演示身份（虚构）";
const COUNSELLOR: &str = "辅导员";

pub fn school(rows: Vec<Row>, name: &str, base: &Spec, found: &mut Found) -> School {
    let mut tree = Tree::new(name);
    let mut made = Made::new(&rows, found);
    let classes = made.classes(&rows, &mut tree, found);
    made.students(&rows, &classes);
    made.staff(&rows, &mut tree);
    made.counsellors(&classes, &mut tree, found);
    let home = made.home();
    made.enter_as(name, home.as_deref(), &mut tree, found);
    found.colleges = made.colleges.len();
    found.classes = classes.len();

    let Made { colleges, mut people, grants, .. } = made;
    let mut spec = base.clone();
    spec.name = name.into();
    spec.corp.seats = spec.corp.seats.max(u32::try_from(people.len()).unwrap_or(u32::MAX));
    let students = |place: usize| {
        people.iter().filter(|person| person.is_student() && person.college() == Some(place)).count()
    };
    spec.colleges = (colleges.iter().enumerate())
        .map(|(place, college)| College {
            name: college.clone(),
            students: students(place),
            unreported: 0,
            cooperative: false,
            majors: Vec::new(),
        })
        .collect();
    spec.offices = Vec::new();
    spec.personas.college = home.unwrap_or_default();
    // The roster's own grants last the demo: until the September after next.
    let now = Clock::default().now();
    spec.staff.grants_until =
        NaiveDate::from_ymd_opt(now.year() + 2, 9, 1).unwrap_or(base.staff.grants_until);
    people.sort_by(|a, b| b.is_student().cmp(&a.is_student()).then_with(|| a.number.cmp(&b.number)));
    School { spec, departments: tree.departments, people, grants }
}

fn place_of(kind: &Kind) -> &str {
    match kind {
        Kind::Student { class, .. } => class,
        Kind::Staff { department, .. } => department,
    }
}

/// Departments by their path below the root.
struct Tree {
    departments: Vec<Department>,
    by_path: HashMap<String, u32>,
}

impl Tree {
    fn new(school: &str) -> Self {
        let root = Department { id: ROOT, parent: 0, name: school.into(), order: 100_000_000 };
        Self { departments: vec![root], by_path: HashMap::new() }
    }

    /// The department of this path, made where it isn't there yet.
    fn at(&mut self, path: &str) -> u32 {
        if let Some(id) = self.by_path.get(path) {
            return *id;
        }
        let (parent, name) = match path.rsplit_once('/') {
            Some((above, name)) => (self.at(above), name),
            None => (ROOT, path),
        };
        let place = u32::try_from(self.departments.len()).unwrap_or(0);
        // From 1001 on, so that no id is mistaken for the root's.
        let id = 1000 + place;
        self.departments.push(Department { id, parent, name: name.into(), order: 100_000_000 - place });
        self.by_path.insert(path.into(), id);
        id
    }
}

/// A class of the file.
struct Class {
    path: String,
    /// The year it entered.
    grade: u16,
    /// Numbers and names of its counsellors, as the file has them.
    counsellors: Vec<(String, String)>,
}

/// What tells classes apart: college, year where the file says it, name.
type Key = (String, Option<u16>, String);

/// What was made so far.
struct Made {
    colleges: Vec<String>,
    people: Vec<Person>,
    grants: Vec<Grant>,
    taken: HashSet<String>,
    /// The year of a class that says none.
    usual_year: u16,
}

impl Made {
    fn new(rows: &[Row], found: &mut Found) -> Self {
        let years = rows.iter().filter_map(|row| match &row.role {
            RowRole::Student { grade, .. } => grade.or_else(|| leading_year(&row.number)),
            RowRole::Staff { .. } => None,
        });
        let now = Clock::default().now();
        let this_year = if now.month() >= 9 { now.year() } else { now.year() - 1 };
        let usual_year = most_frequent(years).unwrap_or_else(|| u16::try_from(this_year).unwrap_or(2020));
        let students = || rows.iter().filter(|row| matches!(row.role, RowRole::Student { .. }));
        let has_colleges = students().any(|row| !row.college.is_empty());
        if students().next().is_some() && !has_colleges {
            found.invented.push(format!("名单没有学院：全部班级放在“{SOME_COLLEGE}”下"));
        } else if students().any(|row| row.college.is_empty()) {
            found.invented.push(format!("有学生没有写学院：放在“{SOME_COLLEGE}”下"));
        }
        if students().any(|row| matches!(row.role, RowRole::Student { grade: None, .. })) {
            found.invented.push(format!("有班级没有写年级：按学号前四位推断，推断不出的算 {usual_year} 级"));
        }
        let taken = rows.iter().map(|row| row.number.to_lowercase()).collect();
        Self { colleges: Vec::new(), people: Vec::new(), grants: Vec::new(), taken, usual_year }
    }

    /// The classes of the students, placed in the tree below college and grade.
    fn classes(&mut self, rows: &[Row], tree: &mut Tree, found: &mut Found) -> BTreeMap<Key, Class> {
        let mut students: BTreeMap<Key, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            if let RowRole::Student { class, grade, .. } = &row.role {
                students.entry((college_of(row).into(), *grade, class.clone())).or_default().push(row);
            }
        }
        let mut classes = BTreeMap::new();
        let mut nobody_named = false;
        for (key, rows) in students {
            let (college, said, name) = &key;
            // Who repeats a year keeps the number of another: most of the class decide.
            let grade =
                said.or_else(|| most_frequent(rows.iter().filter_map(|row| leading_year(&row.number))));
            let grade = grade.unwrap_or(self.usual_year);
            let path = format!("{college}/{grade}级/{name}");
            tree.at(&format!("{college}/{COLLEGE_OFFICE}"));
            tree.at(&path);
            if !self.colleges.contains(college) {
                self.colleges.push(college.clone());
            }
            let mut counsellors: Vec<(String, String)> = Vec::new();
            for row in &rows {
                if let RowRole::Student { counsellor_number, counsellor, .. } = &row.role {
                    let named = (counsellor_number.clone(), counsellor.clone());
                    let says = !counsellor_number.is_empty() || !counsellor.is_empty();
                    if says && !counsellors.contains(&named) {
                        counsellors.push(named);
                    }
                }
            }
            nobody_named |= counsellors.is_empty();
            classes.insert(key, Class { path, grade, counsellors });
        }
        if nobody_named {
            found.invented.push("有班级没有写辅导员：每个学院虚构一位辅导员".into());
        }
        classes
    }

    fn students(&mut self, rows: &[Row], classes: &BTreeMap<Key, Class>) {
        let ids: HashMap<&Key, (&Class, usize)> = classes
            .iter()
            .map(|(key, class)| {
                (key, (class, self.colleges.iter().position(|one| *one == key.0).unwrap_or(0)))
            })
            .collect();
        for row in rows {
            let RowRole::Student { class, grade, major, .. } = &row.role else { continue };
            let key = (college_of(row).to_owned(), *grade, class.clone());
            let Some((class, college)) = ids.get(&key) else { continue };
            let kind = Kind::Student {
                college: Some(*college),
                major: major.clone(),
                grade: class.grade,
                class: class.path.clone(),
            };
            self.person(row, kind, NaiveDate::from_ymd_opt(class.grade.into(), 9, 1));
        }
    }

    fn person(&mut self, row: &Row, kind: Kind, since: Option<NaiveDate>) {
        self.people.push(Person {
            number: row.number.clone(),
            name: row.name.clone(),
            gender: Gender::Female,
            kind,
            phone: row.phone.clone(),
            since: since.unwrap_or_default(),
            has_account: true,
            memberships: Vec::new(),
        });
    }

    /// Staff: in the office of their college, or in a department of the school.
    fn staff(&mut self, rows: &[Row], tree: &mut Tree) {
        for row in rows {
            let RowRole::Staff { department, position, kind } = &row.role else { continue };
            let college = [&row.college, department].into_iter().find(|name| self.colleges.contains(name));
            let path = match college {
                Some(college) => format!("{college}/{COLLEGE_OFFICE}"),
                None if !department.is_empty() => department.clone(),
                None if !row.college.is_empty() => row.college.clone(),
                None => "未注明部门".into(),
            };
            tree.at(&path);
            let college = college.and_then(|college| self.colleges.iter().position(|one| one == college));
            let kind =
                Kind::Staff { college, kind: kind.clone(), position: position.clone(), department: path };
            self.person(row, kind, NaiveDate::from_ymd_opt(2015, 9, 1));
        }
    }

    /// Counsellors of the classes: those the file names, found among the staff or added; invented where it names none.
    fn counsellors(&mut self, classes: &BTreeMap<Key, Class>, tree: &mut Tree, found: &mut Found) {
        let mut by_number: HashMap<String, usize> = HashMap::new();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, person) in self.people.iter().enumerate().filter(|(_, person)| !person.is_student()) {
            by_number.insert(person.number.to_lowercase(), place);
            by_name.entry(person.name.clone()).or_default().push(place);
        }
        let students: HashSet<String> =
            self.people.iter().filter(|one| one.is_student()).map(|one| one.number.to_lowercase()).collect();
        found.students = students.len();
        found.staff = by_number.len();
        let mut added: HashMap<(String, String), usize> = HashMap::new();
        let mut counselling = HashSet::new();
        for (key, class) in classes {
            let college = self.colleges.iter().position(|one| *one == key.0);
            let mut whom = Vec::new();
            for (number, name) in &class.counsellors {
                let known = by_number.get(&number.to_lowercase()).copied().or_else(|| {
                    match by_name.get(name).map(Vec::as_slice) {
                        Some([one]) if number.is_empty() => Some(*one),
                        _ => None,
                    }
                });
                let place = known.or_else(|| added.get(&(number.clone(), name.clone())).copied());
                let place = place.unwrap_or_else(|| {
                    let wanted = if number.is_empty() || !is_userid(number) { "fdy" } else { number };
                    let number_of = self.free_number(wanted);
                    let shown = if name.is_empty() { COUNSELLOR } else { name.as_str() };
                    if found.invented.len() < 30 {
                        found.invented.push(format!("辅导员“{shown}”不在教职工名单里：新增帐号 {number_of}"));
                    }
                    let place = self.invent(&number_of, shown, COUNSELLOR, college, &key.0, tree);
                    added.insert((number.clone(), name.clone()), place);
                    place
                });
                whom.push(place);
            }
            if whom.is_empty() {
                let invented = (String::new(), key.0.clone());
                let place = added.get(&invented).copied().unwrap_or_else(|| {
                    let number = self.free_number("demo-counsellor");
                    let place = self.invent(&number, "演示辅导员", COUNSELLOR, college, &key.0, tree);
                    added.insert(invented, place);
                    place
                });
                whom.push(place);
            } else {
                counselling.extend(whom.iter().copied());
            }
            whom.dedup();
            for place in whom {
                let person = &mut self.people[place];
                if let Kind::Staff { college: own, position, .. } = &mut person.kind {
                    // Who counsels a class is looked for in its college.
                    *own = own.or(college);
                    if position.is_empty() {
                        *position = COUNSELLOR.into();
                    }
                }
                self.grants.push(Grant {
                    number: person.number.clone(),
                    role: Role::Counsellor,
                    department: class.path.clone(),
                    purpose: "班级学生管理",
                });
            }
        }
        found.counsellors = counselling.len();
    }

    /// Somebody who is in no file.
    fn invent(
        &mut self,
        number: &str,
        name: &str,
        position: &str,
        college: Option<usize>,
        at: &str,
        tree: &mut Tree,
    ) -> usize {
        let department = if college.is_some() { format!("{at}/{COLLEGE_OFFICE}") } else { at.to_owned() };
        tree.at(&department);
        self.people.push(Person {
            number: number.into(),
            name: name.into(),
            gender: Gender::Male,
            kind: Kind::Staff { college, kind: String::new(), position: position.into(), department },
            phone: String::new(),
            since: NaiveDate::from_ymd_opt(2015, 9, 1).unwrap_or_default(),
            has_account: true,
            memberships: Vec::new(),
        });
        self.people.len() - 1
    }

    /// This number, or the next that nobody has.
    fn free_number(&mut self, wanted: &str) -> String {
        let mut number = wanted.to_owned();
        let mut next = 1;
        while !self.taken.insert(number.to_lowercase()) {
            number = format!("{wanted}-{next}");
            next += 1;
        }
        number
    }

    /// The college shown first: of those with a counsellor the one with most classes.
    fn home(&self) -> Option<String> {
        let counselled = self.grants.iter().filter_map(|grant| grant.department.split('/').next());
        most_frequent(counselled.map(str::to_owned)).or_else(|| self.colleges.first().cloned())
    }

    /// Places of everybody in the tree, and the people one can enter as that no roster has.
    fn enter_as(&mut self, school: &str, home: Option<&str>, tree: &mut Tree, found: &mut Found) {
        if self.colleges.is_empty() {
            // Personas are looked for in a college.
            self.colleges.push(SOME_COLLEGE.into());
            tree.at(SOME_COLLEGE);
        }
        let mut leads: Vec<(usize, u32)> = Vec::new();
        for (place, person) in self.people.iter().enumerate() {
            let Kind::Staff { college, position, .. } = &person.kind else { continue };
            match college.and_then(|college| self.colleges.get(college)) {
                Some(college) if ["院长", "书记", "系主任"].iter().any(|end| position.ends_with(end)) =>
                {
                    leads.push((place, tree.at(college)));
                }
                None if ["校长", "校党委书记"].iter().any(|end| position.ends_with(end)) => {
                    leads.push((place, ROOT));
                }
                _ => {}
            }
        }
        let mut invented = Vec::new();
        let home_id = home.map(|home| tree.at(home));
        if let (Some(home), Some(id)) = (home, home_id)
            && !leads.iter().any(|(_, led)| *led == id)
        {
            let number = self.free_number("demo-college");
            let college = self.colleges.iter().position(|one| one == home);
            leads.push((self.invent(&number, "演示院长", "院长", college, home, tree), id));
            invented.push("学院领导");
        }
        if !leads.iter().any(|(_, led)| *led == ROOT) {
            let number = self.free_number("demo-leader");
            leads.push((self.invent(&number, "演示校长", "校长", None, INVENTED, tree), ROOT));
            invented.push("校领导");
        }
        for (number, name, position, role, purpose) in [
            ("demo-office", "演示学工", "学工办主任", Role::SchoolOffice, "全校学生工作"),
            ("demo-admin", "演示管理员", "系统管理员", Role::Administrator, "系统管理"),
        ] {
            let number = self.free_number(number);
            self.invent(&number, name, position, None, INVENTED, tree);
            self.grants.push(Grant { number, role, department: school.into(), purpose });
            invented.push(role.title());
        }
        found.invented.push(format!("名单之外虚构的身份：{}，姓名都以“演示”开头", invented.join("、")));
        found.invented.push("性别和到职日期名册里没有，一律虚构".into());
        for (place, person) in self.people.iter_mut().enumerate() {
            let own = tree.at(place_of(&person.kind));
            // Who leads a department belongs to it first.
            let led = leads.iter().filter(|(leader, _)| *leader == place);
            person.memberships = led.map(|(_, id)| Membership { department: *id, leader: true }).collect();
            person.memberships.push(Membership { department: own, leader: false });
        }
    }
}

fn college_of(row: &Row) -> &str {
    if row.college.is_empty() { SOME_COLLEGE } else { &row.college }
}

fn is_userid(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.@-".contains(c))
}

/// The most frequent of these, the smallest of equals.
fn most_frequent<T: Ord + Clone>(all: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(one, _)| one)
}
