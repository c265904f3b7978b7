//! From a [`Spec`] to a [`School`].

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail, ensure};
use chrono::NaiveDate;

use super::names::{self, Gender};
use super::random::{Random, apportion};
use super::spec::{College, Office, Spec};
use super::{Department, Grant, Kind, Membership, Person, ROOT, Role, School};

/// Ids that say where they stand: offices from 101, the exchange department 900, colleges 1000, 2000, …;
/// inside a college its office +1, a grade + its last two digits, classes from +101.
const FIRST_OFFICE: u32 = 101;
const EXCHANGE: u32 = 900;
const COLLEGE_STEP: u32 = 1000;
const FIRST_CLASS: u32 = 101;

const COLLEGE_OFFICE: &str = "学院办公室";
const COUNSELLOR: &str = "辅导员";
const TEACHERS: &[&str] = &["讲师", "副教授", "助教", "教授", "实验师"];
const CLERKS: &[&str] = &["科员", "干事", "科长"];

/// The kind of those with a responsible post, as long as there are places.
const PERMANENT: &str = "在编";
const COOPERATIVE: &str = "合作办学";
/// Kinds whose people may have no account.
const LOOSELY_BOUND: &[&str] = &["临时", "合同制"];

impl School {
    /// Makes the school. Fails where the figures of the spec contradict each other.
    pub fn generate(spec: Spec) -> anyhow::Result<Self> {
        let mut school = Builder::new(&spec);
        school.offices();
        let mut classes = Vec::with_capacity(spec.colleges.len());
        for place in 0..spec.colleges.len() {
            classes.push(school.college(place)?);
        }
        school.exchange();
        let posts = school.posts(&classes)?;
        school.staff(posts)?;

        let Builder { departments, mut people, grants, .. } = school;
        people.sort_by(|a, b| b.is_student().cmp(&a.is_student()).then_with(|| a.number.cmp(&b.number)));
        let numbers: BTreeSet<&str> = people.iter().map(|person| person.number.as_str()).collect();
        ensure!(numbers.len() == people.len(), "two people have the same number");
        let names: BTreeSet<(u32, &str)> = departments.iter().map(|d| (d.parent, d.name.as_str())).collect();
        ensure!(names.len() == departments.len(), "two departments beside each other have the same name");
        ensure!(
            spec.colleges.iter().any(|college| college.name == spec.personas.college),
            "personas: no college is named {}",
            spec.personas.college
        );
        Ok(Self { spec, departments, people, grants })
    }
}

struct Builder<'a> {
    spec: &'a Spec,
    departments: Vec<Department>,
    people: Vec<Person>,
    grants: Vec<Grant>,
    names: Random,
}

struct Class {
    name: String,
    students: usize,
}

/// A place on the staff that somebody fills.
struct Post {
    college: Option<usize>,
    position: String,
    department: String,
    memberships: Vec<Membership>,
    /// Leads, counsels or holds a grant: is permanent where possible and has an account.
    responsible: bool,
    grants: Vec<(Role, String, &'static str)>,
}

impl<'a> Builder<'a> {
    fn new(spec: &'a Spec) -> Self {
        let root = Department { id: ROOT, parent: 0, name: spec.name.clone(), order: 100_000_000 };
        Self {
            spec,
            departments: vec![root],
            people: Vec::new(),
            grants: Vec::new(),
            names: Random::new(spec.seed, "names"),
        }
    }

    fn department(&mut self, id: u32, parent: u32, name: &str) {
        let place = self.departments.iter().filter(|department| department.parent == parent).count();
        let order = 100_000 - 100 * place as u32;
        self.departments.push(Department { id, parent, name: name.into(), order });
    }

    fn offices(&mut self) {
        for (id, office) in (FIRST_OFFICE..).zip(&self.spec.offices) {
            self.department(id, ROOT, &office.name);
        }
    }

    /// The college's departments, classes and students.
    fn college(&mut self, place: usize) -> anyhow::Result<Vec<Class>> {
        let college = &self.spec.colleges[place];
        ensure!(college.unreported <= college.students, "{}: more unreported than enrolled", college.name);
        let id = college_id(place);
        self.department(id, ROOT, &college.name);
        self.department(id + 1, id, COLLEGE_OFFICE);
        for &grade in &self.spec.students.grades {
            self.department(grade_id(place, grade), id, &format!("{grade}级"));
        }

        let plan = plan_classes(self.spec, college);
        ensure!(!plan.is_empty(), "{}: no majors", college.name);
        let mut jitter = Random::new(self.spec.seed, &college.name);
        let weights: Vec<usize> = plan.iter().map(|_| jitter.between(92, 108)).collect();
        let sizes = apportion(college.students, &weights);
        let mut classes = Vec::with_capacity(plan.len());
        for ((id, planned), size) in (id + FIRST_CLASS..).zip(plan).zip(sizes) {
            let PlannedClass { grade, major, name, code } = planned;
            self.department(id, grade_id(place, grade), &name);
            for seat in 1..=size {
                let number = format!("{grade}{:02}{code}{seat:02}", place + 1);
                let kind =
                    Kind::Student { college: Some(place), major: major.clone(), grade, class: name.clone() };
                self.student(number, kind, grade, id);
            }
            classes.push(Class { name, students: size });
        }
        Ok(classes)
    }

    fn exchange(&mut self) {
        let exchange = &self.spec.exchange;
        self.department(EXCHANGE, ROOT, &exchange.department);
        self.department(EXCHANGE + 1, EXCHANGE, &exchange.class);
        for seat in 1..=exchange.students {
            let number = format!("{}900101{seat:02}", exchange.grade);
            let kind = Kind::Student {
                college: None,
                major: exchange.major.clone(),
                grade: exchange.grade,
                class: exchange.class.clone(),
            };
            self.student(number, kind, exchange.grade, EXCHANGE + 1);
        }
    }

    fn student(&mut self, number: String, kind: Kind, grade: u16, class: u32) {
        let since = NaiveDate::from_ymd_opt(grade.into(), 9, 1).unwrap_or_default();
        self.person(number, kind, since, true, vec![Membership { department: class, leader: false }]);
    }

    fn person(
        &mut self,
        number: String,
        kind: Kind,
        since: NaiveDate,
        has_account: bool,
        memberships: Vec<Membership>,
    ) {
        let gender = if self.names.chance(50) { Gender::Male } else { Gender::Female };
        let name = names::name(&mut self.names, gender);
        // The factor shares no divisor with 10^8, so no two are equal.
        let phone = format!("100{:08}", (self.people.len() as u64 * 7_919_377 + 20_200_304) % 100_000_000);
        self.people.push(Person { number, name, gender, kind, phone, since, has_account, memberships });
    }

    /// Every post of the staff: leaders, offices, then college by college; the rest of the staff teaches.
    fn posts(&self, classes: &[Vec<Class>]) -> anyhow::Result<Vec<Post>> {
        let spec = self.spec;
        let mut posts = Vec::with_capacity(spec.staff.total);
        let first_office = spec.offices.first().context("no offices")?;
        for position in &spec.staff.leaders {
            posts.push(Post {
                college: None,
                position: position.clone(),
                department: first_office.name.clone(),
                memberships: vec![leads(ROOT), belongs(FIRST_OFFICE)],
                responsible: true,
                grants: Vec::new(),
            });
        }
        for (id, office) in (FIRST_OFFICE..).zip(&spec.offices) {
            self.office_posts(id, office, &mut posts)?;
        }
        let mut fixed = Vec::with_capacity(spec.colleges.len());
        for (place, classes) in classes.iter().enumerate() {
            fixed.push(self.college_posts(place, classes));
        }
        let taken = posts.len() + fixed.iter().map(Vec::len).sum::<usize>();
        let Some(teachers) = spec.staff.total.checked_sub(taken) else {
            bail!("staff: {taken} posts for {} people", spec.staff.total);
        };
        let weights: Vec<usize> = spec.colleges.iter().map(|college| college.students).collect();
        let mut random = Random::new(spec.seed, "teachers");
        for (place, (fixed, teachers)) in fixed.into_iter().zip(apportion(teachers, &weights)).enumerate() {
            posts.extend(fixed);
            for _ in 0..teachers {
                posts.push(self.college_post(place, random.pick_skewed(TEACHERS), false));
            }
        }
        Ok(posts)
    }

    fn office_posts(&self, id: u32, office: &Office, posts: &mut Vec<Post>) -> anyhow::Result<()> {
        ensure!(office.holders < office.staff, "{}: more holders than people beside the head", office.name);
        let deputies = office.staff.saturating_sub(2) / 6;
        let mut random = Random::new(self.spec.seed, &office.name);
        for place in 0..office.staff {
            let position = match place {
                0 => office.head.clone(),
                _ if place <= deputies.min(2) => format!("副{}", office.head),
                _ => random.pick(CLERKS).to_string(),
            };
            let mut grants = Vec::new();
            if let Some(role) = office.grant
                && (1..=office.holders).contains(&place)
            {
                let purpose = if role == Role::Administrator { "系统管理" } else { "全校学生工作" };
                grants.push((role, self.spec.name.clone(), purpose));
            }
            posts.push(Post {
                college: None,
                position,
                department: office.name.clone(),
                memberships: vec![if place == 0 { leads(id) } else { belongs(id) }],
                responsible: place == 0 || !grants.is_empty(),
                grants,
            });
        }
        Ok(())
    }

    /// Leaders, office and counsellors of a college.
    fn college_posts(&self, place: usize, classes: &[Class]) -> Vec<Post> {
        let spec = self.spec;
        let college = &spec.colleges[place];
        let mut posts = Vec::new();
        for position in &spec.staff.college_leaders {
            let mut post = self.college_post(place, position, true);
            post.memberships.insert(0, leads(college_id(place)));
            posts.push(post);
        }
        for position in &spec.staff.college_office {
            let mut post = self.college_post(place, position, true);
            post.grants.push((Role::CollegeOffice, college.name.clone(), "学院学生工作"));
            posts.push(post);
        }

        let per_counsellor = spec.students.per_counsellor.max(1);
        let counsellors = ((college.students + per_counsellor / 2) / per_counsellor).max(1);
        let first = posts.len();
        posts.extend((0..counsellors).map(|_| self.college_post(place, COUNSELLOR, true)));
        // Whole classes, one after the other, so that everyone has about the same number of students.
        let mut before = 0;
        for class in classes {
            let counsellor = (before + class.students / 2) * counsellors / college.students.max(1);
            posts[first + counsellor.min(counsellors - 1)].grants.push((
                Role::Counsellor,
                class.name.clone(),
                "班级学生管理",
            ));
            before += class.students;
        }
        posts
    }

    fn college_post(&self, place: usize, position: &str, responsible: bool) -> Post {
        Post {
            college: Some(place),
            position: position.into(),
            department: format!("{}/{COLLEGE_OFFICE}", self.spec.colleges[place].name),
            memberships: vec![belongs(college_id(place) + 1)],
            responsible,
            grants: Vec::new(),
        }
    }

    /// Puts people on the posts: kinds as counted in the spec, and accounts for all but the given number.
    fn staff(&mut self, posts: Vec<Post>) -> anyhow::Result<()> {
        let staff = &self.spec.staff;
        let kinds = self.kinds(&posts)?;
        let mut random = Random::new(self.spec.seed, "accounts");
        let mut without: Vec<usize> = (0..posts.len()).filter(|&i| !posts[i].responsible).collect();
        random.shuffle(&mut without);
        without.sort_by_key(|&i| !LOOSELY_BOUND.contains(&kinds[i].as_str()));
        ensure!(without.len() >= staff.without_account, "staff: too few could be without an account");
        let without: BTreeSet<usize> = without.into_iter().take(staff.without_account).collect();

        let mut random = Random::new(self.spec.seed, "since");
        for (place, (post, kind)) in posts.into_iter().zip(kinds).enumerate() {
            let number = format!("T{:04}", place + 1);
            for (role, department, purpose) in post.grants {
                self.grants.push(Grant { number: number.clone(), role, department, purpose });
            }
            let (year, month, day) =
                (random.between(1992, 2018), random.between(1, 12), random.between(1, 28));
            let since = NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32).unwrap_or_default();
            let Post { college, position, department, memberships, .. } = post;
            let kind = Kind::Staff { college, kind, position, department };
            self.person(number, kind, since, !without.contains(&place), memberships);
        }
        Ok(())
    }

    /// A kind for each post. Responsible posts are permanent; cooperative colleges take the cooperative staff;
    /// what is left is dealt out at random.
    fn kinds(&self, posts: &[Post]) -> anyhow::Result<Vec<String>> {
        let spec = self.spec;
        let mut left: BTreeMap<&str, usize> =
            spec.staff.kinds.iter().map(|(kind, &count)| (kind.as_str(), count)).collect();
        ensure!(
            left.values().sum::<usize>() == spec.staff.total && posts.len() == spec.staff.total,
            "staff: the kinds don't sum up to the total"
        );
        let mut kinds: Vec<Option<&str>> = vec![None; posts.len()];
        let is_cooperative = |post: &Post| post.college.is_some_and(|place| spec.colleges[place].cooperative);
        for (kind, wanted) in [
            (PERMANENT, posts.iter().map(|post| post.responsible).collect::<Vec<_>>()),
            (COOPERATIVE, posts.iter().map(|post| !post.responsible && is_cooperative(post)).collect()),
        ] {
            for place in (0..posts.len()).filter(|&place| wanted[place]) {
                if let Some(count) = left.get_mut(kind)
                    && *count > 0
                {
                    *count -= 1;
                    kinds[place] = Some(kind);
                }
            }
        }
        let mut rest: Vec<&str> =
            left.iter().flat_map(|(&kind, &count)| std::iter::repeat_n(kind, count)).collect();
        Random::new(spec.seed, "kinds").shuffle(&mut rest);
        let mut rest = rest.into_iter();
        Ok(kinds
            .into_iter()
            .map(|kind| kind.or_else(|| rest.next()).unwrap_or(PERMANENT).to_owned())
            .collect())
    }
}

struct PlannedClass {
    grade: u16,
    major: String,
    name: String,
    /// Major and class as they stand in a student's number.
    code: String,
}

/// Names the classes of a college: as many as its size asks for, shared out over grades and majors.
fn plan_classes(spec: &Spec, college: &College) -> Vec<PlannedClass> {
    let mut slots = Vec::new();
    for &grade in &spec.students.grades {
        for (place, major) in college.majors.iter().enumerate() {
            if major.grades.is_empty() || major.grades.contains(&grade) {
                slots.push((grade, place + 1, major));
            }
        }
    }
    let size = spec.students.class_size.max(1);
    let count = ((college.students + size / 2) / size).max(1);
    let weights: Vec<usize> = slots.iter().map(|(_, _, major)| major.weight).collect();
    let mut classes = Vec::with_capacity(count);
    for ((grade, place, major), count) in slots.into_iter().zip(apportion(count, &weights)) {
        for number in 1..=count {
            classes.push(PlannedClass {
                grade,
                major: major.name.clone(),
                name: format!("{grade}{}{number}班", major.name),
                code: format!("{place:02}{number:02}"),
            });
        }
    }
    classes
}

fn college_id(place: usize) -> u32 {
    COLLEGE_STEP * (place as u32 + 1)
}

fn grade_id(place: usize, grade: u16) -> u32 {
    college_id(place) + u32::from(grade % 100)
}

fn belongs(department: u32) -> Membership {
    Membership { department, leader: false }
}

fn leads(department: u32) -> Membership {
    Membership { department, leader: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_that_contradicts_itself_is_refused() {
        let small = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/school-small.toml");
        let spec = School::load(small).unwrap().spec;

        let mut few = spec.clone();
        few.staff.total = 3;
        assert!(School::generate(few).unwrap_err().to_string().contains("posts for 3 people"));

        let mut kinds = spec.clone();
        kinds.staff.kinds.insert("在编".into(), 999);
        assert!(School::generate(kinds).unwrap_err().to_string().contains("kinds"));

        let mut twice = spec.clone();
        twice.colleges[1].name = twice.colleges[0].name.clone();
        assert!(School::generate(twice).unwrap_err().to_string().contains("same name"));

        let mut unreported = spec;
        unreported.colleges[0].unreported = 10_000;
        assert!(School::generate(unreported).unwrap_err().to_string().contains("unreported"));
    }
}
