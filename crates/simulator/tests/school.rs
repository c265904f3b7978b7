//! The generated school against the figures of the reference school, digit by digit.
#![allow(clippy::unwrap_used)] // a test says what went wrong by failing

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde_json::Value;
use simulator::school::{Kind, ROOT, Role, School, write_grants, write_people, write_reports};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

fn school() -> School {
    School::load(fixture("school.toml")).unwrap()
}

fn figures() -> Value {
    serde_json::from_str(&std::fs::read_to_string(fixture("school/figures.json")).unwrap()).unwrap()
}

fn rows(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_reader(bytes).deserialize().map(Result::unwrap).collect()
}

#[test]
fn equals_the_figures() {
    let (school, figures) = (school(), figures());
    let members = &figures["members"];

    let students: Vec<_> = school.students().collect();
    assert_eq!(students.len(), members["students_enrolled"]);
    assert_eq!(students.iter().filter(|student| student.has_account).count(), members["students_activated"]);
    let in_colleges = students.iter().filter(|student| student.college().is_some()).count();
    assert_eq!(in_colleges, members["students_in_colleges"]);
    assert_eq!(students.len() - in_colleges, 10);

    let staff: Vec<_> = school.staff().collect();
    assert_eq!(staff.len(), members["staff_rostered"]);
    let activated = staff.iter().filter(|person| person.has_account).count();
    assert_eq!(activated, members["staff_activated"]);
    assert_eq!(staff.len() - activated, 96);
    let rate = (activated as f64 / staff.len() as f64 * 1000.0).round() / 10.0;
    assert_eq!(rate, members["staff_activation_rate_percent"]);
    let kinds: BTreeSet<&str> = staff
        .iter()
        .map(|person| match &person.kind {
            Kind::Staff { kind, .. } => kind.as_str(),
            Kind::Student { .. } => unreachable!(),
        })
        .collect();
    let expected: BTreeSet<&str> =
        members["staff_kinds"].as_array().unwrap().iter().map(|kind| kind.as_str().unwrap()).collect();
    assert_eq!(kinds, expected);

    let table = figures["health_daily_table"]["rows"].as_array().unwrap();
    assert_eq!(school.spec.colleges.len(), table.len());
    for (place, row) in table.iter().enumerate() {
        assert_eq!(school.spec.colleges[place].name, row[0]);
        let enrolled = students.iter().filter(|student| student.college() == Some(place)).count();
        assert_eq!(enrolled as u64, row[1].as_u64().unwrap() + row[2].as_u64().unwrap(), "{}", row[0]);
    }
}

#[test]
fn a_day_of_reports_gives_the_table_of_the_figures() {
    let (school, figures) = (school(), figures());
    let table = &figures["health_daily_table"];
    let day: NaiveDate = table["day"].as_str().unwrap().parse().unwrap();
    let mut file = Vec::new();
    write_reports(&school, day, &mut file).unwrap();
    let reports = rows(&file);

    let colleges: HashMap<&str, usize> =
        school.students().filter_map(|student| Some((student.number.as_str(), student.college()?))).collect();
    let mut counted = vec![(0_u64, 0_u64, 0_u64); school.spec.colleges.len()];
    let mut seen = BTreeSet::new();
    let choices = figures["location_choices_on_the_form"].as_array().unwrap();
    let mut elsewhere = 0;
    for report in &reports {
        assert!(seen.insert(&report["number"]), "{} reported twice", report["number"]);
        let row = &mut counted[colleges[report["number"].as_str()]];
        row.0 += 1;
        if report["abnormal"] == "true" {
            row.2 += 1
        } else {
            row.1 += 1
        }
        let temperature: f64 = report["temperature"].parse().unwrap();
        assert!((36.0..=36.9).contains(&temperature));
        assert!(choices.iter().any(|choice| *choice == report["place"]));
        elsewhere += usize::from(report["place"] != "非疫区");
    }
    assert!((400..1600).contains(&elsewhere), "{elsewhere} elsewhere");

    let mut total = [0_u64; 4];
    for (row, (reported, normal, abnormal)) in table["rows"].as_array().unwrap().iter().zip(counted) {
        let place = school.spec.colleges.iter().position(|college| college.name == row[0]).unwrap();
        let enrolled = colleges.values().filter(|&&college| college == place).count() as u64;
        let figures = [reported, enrolled - reported, normal, abnormal];
        for (column, figure) in figures.into_iter().enumerate() {
            assert_eq!(row[column + 1], figure, "{} column {column}", row[0]);
            total[column] += figure;
        }
    }
    for (column, figure) in total.into_iter().enumerate() {
        assert_eq!(table["total"][column + 1], figure);
    }

    let mut other_day = Vec::new();
    write_reports(&school, day.succ_opt().unwrap(), &mut other_day).unwrap();
    assert_eq!(rows(&other_day).len(), reports.len());
    assert_ne!(file, other_day);
}

#[test]
fn classes_are_named_like_the_examples_and_unique() {
    let (school, figures) = (school(), figures());
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for student in school.students() {
        let Kind::Student { class, grade, .. } = &student.kind else { unreachable!() };
        assert!(class.starts_with(&grade.to_string()));
        *sizes.entry(class).or_default() += 1;
    }
    for example in figures["class_name_examples"].as_array().unwrap() {
        assert!(sizes.contains_key(example.as_str().unwrap()), "no class {example}");
    }
    assert!((390..=410).contains(&sizes.len()), "{} classes", sizes.len());
    let in_colleges = sizes.iter().filter(|(class, _)| **class != "2019交流生1班").map(|(_, size)| *size);
    assert!(in_colleges.clone().min() >= Some(25) && in_colleges.max() <= Some(50), "{sizes:?}");

    let departments: BTreeSet<&str> =
        school.departments.iter().filter(|d| d.name.ends_with('班')).map(|d| d.name.as_str()).collect();
    assert_eq!(departments, sizes.keys().copied().collect());
    // Every college has every grade, and its office.
    for college in &school.spec.colleges {
        let id = school.departments.iter().find(|department| department.name == college.name).unwrap().id;
        let children: Vec<&str> =
            school.departments.iter().filter(|d| d.parent == id).map(|d| d.name.as_str()).collect();
        assert_eq!(children, ["学院办公室", "2017级", "2018级", "2019级"]);
    }
}

#[test]
fn each_class_of_a_college_has_one_counsellor_of_that_college() {
    let school = school();
    let mut counsellor_of: HashMap<&str, &str> = HashMap::new();
    for grant in school.grants.iter().filter(|grant| grant.role == Role::Counsellor) {
        assert_eq!(counsellor_of.insert(&grant.department, &grant.number), None, "{}", grant.department);
    }
    let people: HashMap<&str, _> =
        school.people.iter().map(|person| (person.number.as_str(), person)).collect();
    let mut students: HashMap<&str, usize> = HashMap::new();
    for student in school.students().filter(|student| student.college().is_some()) {
        let Kind::Student { class, college, .. } = &student.kind else { unreachable!() };
        let counsellor = counsellor_of[class.as_str()];
        assert_eq!(people[counsellor].college(), *college);
        assert!(people[counsellor].has_account);
        *students.entry(counsellor).or_default() += 1;
    }
    assert!((70..=85).contains(&students.len()), "{} counsellors", students.len());
    for (counsellor, students) in students {
        assert!((120..=290).contains(&students), "{counsellor} has {students}");
    }
}

#[test]
fn numbers_and_phones_are_unique_and_nobodys() {
    let school = school();
    let mut numbers = BTreeSet::new();
    let mut phones = BTreeSet::new();
    for person in &school.people {
        assert!(numbers.insert(person.number.to_lowercase()), "{}", person.number);
        assert!(phones.insert(&person.phone));
        assert!(person.phone.starts_with("100") && person.phone.len() == 11, "{}", person.phone);
        let first = person.number.as_bytes()[0];
        assert!(if person.is_student() { first == b'2' } else { first == b'T' });
    }
}

#[test]
fn is_the_same_every_time() {
    let (one, two) = (school(), school());
    let mut files = [Vec::new(), Vec::new()];
    write_people(&one, &mut files[0]).unwrap();
    write_people(&two, &mut files[1]).unwrap();
    assert_eq!(files[0], files[1]);
    // Stable over versions of the program too: the first of each kind, by name.
    let first_student = one.students().next().unwrap();
    let first_staff = one.staff().next().unwrap();
    assert_eq!((first_student.number.as_str(), first_student.name.as_str()), ("201701010101", "何淑蕾"));
    assert_eq!((first_staff.number.as_str(), first_staff.name.as_str()), ("T0001", "金莹华"));
}

#[test]
fn the_roster_files_hold_everyone_and_every_grant() {
    let school = school();
    let mut file = Vec::new();
    write_people(&school, &mut file).unwrap();
    let people = rows(&file);
    assert_eq!(people.len(), 15_390 + 1_156);
    let departments: BTreeSet<&str> = school.departments.iter().map(|d| d.name.as_str()).collect();
    for person in &people {
        match person["kind"].as_str() {
            "student" => {
                assert!(departments.contains(person["class"].as_str()));
                assert_eq!(person["since"], format!("{}-09-01", person["grade"]));
                assert_eq!(person["staff_kind"], "");
            }
            "staff" => {
                assert!(person["department"].split('/').all(|name| departments.contains(name)));
                assert!(!person["staff_kind"].is_empty());
            }
            other => panic!("kind {other}"),
        }
        assert_eq!(person["until"], "");
    }

    let mut file = Vec::new();
    write_grants(&school, &mut file).unwrap();
    let grants = rows(&file);
    let mut roles: BTreeMap<&str, usize> = BTreeMap::new();
    for grant in &grants {
        assert!(departments.contains(grant["department"].as_str()));
        assert_eq!(grant["until"], "2027-08-31");
        *roles.entry(&grant["role"]).or_default() += 1;
    }
    let roles: BTreeSet<&str> = roles.into_keys().collect();
    assert_eq!(roles, BTreeSet::from(["administrator", "college_office", "counsellor", "school_office"]));
}

#[test]
fn there_are_personas_of_every_role() {
    for file in ["school.toml", "school-small.toml"] {
        let school = School::load(fixture(file)).unwrap();
        let personas = school.personas();
        let roles: BTreeSet<&str> = personas.iter().map(|persona| persona.role.code()).collect();
        assert_eq!(
            roles,
            BTreeSet::from([
                "student",
                "staff",
                "counsellor",
                "college_leader",
                "college_office",
                "department_head",
                "school_office",
                "school_leader",
                "administrator",
            ]),
            "{file}"
        );
        for persona in &personas {
            let person = school.people.iter().find(|person| person.number == persona.userid).unwrap();
            assert!(person.has_account, "{} has no account", persona.userid);
        }
        let leader = personas.iter().find(|persona| persona.role == Role::SchoolLeader).unwrap();
        let leader = school.people.iter().find(|person| person.number == leader.userid).unwrap();
        assert!(
            leader.memberships.iter().any(|membership| membership.department == ROOT && membership.leader)
        );
    }
}

#[test]
fn the_small_school_is_small() {
    let school = School::load(fixture("school-small.toml")).unwrap();
    assert_eq!(school.students().count(), 60);
    assert_eq!(school.staff().count(), 16);
    assert_eq!(school.departments.iter().filter(|d| d.name.ends_with('班')).count(), 5);
}
