//! Every figure is the number of those who are behind it, within one's own part of the school.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    findings::Findings,
    oracle::{Need, Who},
    people::{abnormal, expected, reported},
    world::{Person, World},
};

type Holds = fn(&World, &Person) -> bool;

/// A number in an answer and of whom it is.
struct Figure {
    path: &'static str,
    need: Need,
    /// Where the number stands, as a JSON pointer; several are added up.
    at: &'static [&'static str],
    holds: Holds,
}

const fn figure(path: &'static str, need: Need, at: &'static [&'static str], holds: Holds) -> Figure {
    Figure { path, need, at, holds }
}

fn due(world: &World, person: &Person) -> bool {
    expected(world, person)
}

fn has_reported(world: &World, person: &Person) -> bool {
    expected(world, person) && reported(world, person)
}

fn is_abnormal(world: &World, person: &Person) -> bool {
    expected(world, person) && abnormal(world, person)
}

fn staff(_: &World, person: &Person) -> bool {
    !person.student
}

/// Counted under a department.
fn placed(_: &World, person: &Person) -> bool {
    person.department.is_some()
}

fn anybody(_: &World, _: &Person) -> bool {
    true
}

const FIGURES: &[Figure] = &[
    figure("/statistics/health-daily", Need::Figures, &["/total/expected"], due),
    figure("/statistics/health-daily", Need::Figures, &["/total/reported"], has_reported),
    figure("/statistics/health-daily?by=class", Need::Figures, &["/total/abnormal"], is_abnormal),
    figure("/statistics/health-daily?by=college", Need::Figures, &["/total/unreported"], |world, person| {
        expected(world, person) && !reported(world, person)
    }),
    figure("/statistics/health-daily-of-staff", Need::Figures, &["/total/expected"], staff),
    figure("/statistics/health-daily-of-staff", Need::Figures, &["/total/reported"], |world, person| {
        !person.student && reported(world, person)
    }),
    figure("/statistics/health-daily/bulletin", Need::Figures, &["/table/total/expected"], due),
    figure("/statistics/health-daily/categories", Need::Figures, &["/total/reported"], has_reported),
    figure(
        "/statistics/health-daily/comparison?from=2020-03-04",
        Need::Figures,
        &["/total/reported"],
        has_reported,
    ),
    figure(
        "/statistics/health-daily/trend?from=2020-03-04",
        Need::Figures,
        &["/days/0/counts/expected"],
        due,
    ),
    figure("/statistics/health-daily/explanation", Need::Figures, &["/expected"], due),
    figure("/statistics/health-daily/explanation", Need::Figures, &["/enrolled"], |_, person| {
        person.student && person.college.is_some()
    }),
    figure("/unreported/health-daily", Need::Unreported, &["/expected"], due),
    figure("/unreported/health-daily", Need::Unreported, &["/total"], |world, person| {
        expected(world, person) && !reported(world, person)
    }),
    figure("/trips/summary?state=all", Need::People, &["/people"], |world, person| {
        world.holds("trips", &person.number)
    }),
    figure("/passages/inside", Need::PassageFigures, &["/zones/0/inside"], |world, person| {
        !person.student && world.holds("passed", &person.number)
    }),
    figure("/passages/inside", Need::PassageFigures, &["/zones/0/outside"], |world, person| {
        person.student && world.holds("passed", &person.number)
    }),
    figure("/passages/table?by=day", Need::PassageFigures, &["/items/0/people"], |world, person| {
        world.holds("passed", &person.number)
    }),
    figure("/portal/entries/1/comparison", Need::Figures, &["/total/people"], placed),
    figure(
        "/portal/entries/1/comparison?by=class",
        Need::Figures,
        &["/total/both", "/total/only_there"],
        |world, person| world.holds("there", &person.number),
    ),
    figure(
        "/portal/entries/1/comparison",
        Need::Figures,
        &["/total/both", "/total/only_here"],
        |world, person| world.holds("opened", &person.number),
    ),
    figure("/movements", Need::Figures, &["/total/staff"], staff),
    figure("/movements", Need::Figures, &["/total/away"], |world, person| {
        !person.student && world.holds("trips", &person.number)
    }),
    figure("/registration", Need::Figures, &["/total/rostered"], anybody),
    figure("/registration?by=class", Need::Figures, &["/total/with_account"], |_, person| {
        person.userid.is_some()
    }),
    figure("/registration?by=college", Need::Figures, &["/total/activated"], |world, person| {
        !world.holds("inactive", &person.number)
    }),
    figure("/photos/coverage", Need::Figures, &["/rostered"], anybody),
    figure("/photos/coverage", Need::Figures, &["/with_photo"], |world, person| {
        world.holds("photos", &person.number)
    }),
    figure("/residences/colleges", Need::Figures, &["/enrolled"], |_, person| person.student),
    figure("/residences/colleges", Need::Figures, &["/housed"], |world, person| {
        world.holds("housed", &person.number)
    }),
    figure("/reviews/counts", Need::Care, &["/open", "/sent_back", "/answered"], abnormal),
];

pub async fn check(world: &World, findings: &mut Findings) {
    for who in Who::ALL {
        for figure in FIGURES.iter().filter(|figure| figure.need.is_held_by(who)) {
            let told = world.get(who, figure.path).await;
            findings.looks += 1;
            let parts = figure.at.iter().map(|at| told.body.pointer(at).and_then(Value::as_i64));
            let shown: Option<i64> = parts.sum();
            let mut due = world.theirs(who, |person| (figure.holds)(world, person));
            if figure.path == "/reviews/counts" {
                // Nobody settles their own.
                due.remove(world.userid(who));
            }
            let due = due.len() as i64;
            if shown != Some(due) {
                let what = format!("{} {:?}: {who:?}: {shown:?}, not {due}", figure.path, figure.at);
                if shown > Some(due) { findings.extra(what) } else { findings.missing(what) }
            }
        }
        if Need::Figures.is_held_by(who) {
            by_class(world, who, findings).await;
            compared(world, who, findings).await;
            signed(world, who, findings).await;
        }
    }
}

/// A row for each class of one's own, and of no other.
async fn by_class(world: &World, who: Who, findings: &mut Findings) {
    let told = world.get(who, "/statistics/health-daily?by=class").await;
    let rows = told.body["rows"].as_array().cloned().unwrap_or_default();
    let mut shown: BTreeMap<i64, i64> = rows
        .iter()
        .filter_map(|row| Some((row["department"]["id"].as_i64()?, row["expected"].as_i64()?)))
        .collect();
    shown.retain(|_, people| *people > 0);
    let mut due = BTreeMap::new();
    for person in world.people.iter().filter(|person| world.has(who, person) && expected(world, person)) {
        *due.entry(i64::from(person.department.unwrap_or_default())).or_insert(0) += 1;
    }
    findings.looks += due.len();
    if shown != due {
        findings.extra(format_args!("by class: {who:?}: {shown:?}, not {due:?}"));
    }
}

/// Colleges are compared where there is somebody of one's own, and so far as there is: nothing is there of others.
async fn compared(world: &World, who: Who, findings: &mut Findings) {
    for path in [
        "/statistics/health-daily?by=college",
        "/statistics/health-daily/comparison?from=2020-03-04&by=college",
    ] {
        let told = world.get(who, path).await;
        let rows = told.body["rows"].as_array().cloned().unwrap_or_default();
        for row in rows {
            let row = row.get("sum").unwrap_or(&row);
            let college = row["department"]["id"].as_i64();
            let theirs =
                world.people.iter().filter(|person| world.has(who, person) && expected(world, person));
            let due = theirs.filter(|person| person.college.map(i64::from) == college).count() as i64;
            findings.looks += 1;
            if row["expected"].as_i64() != Some(due) {
                findings.extra(format_args!("{path}: {who:?}: {row}, not {due}"));
            }
        }
    }
}

/// With what figures a college was signed is for whoever has all of it; others see that it was.
async fn signed(world: &World, who: Who, findings: &mut Findings) {
    let told = world.get(who, "/sign-offs?form=health-daily").await;
    let rows = told.body["items"].as_array().cloned().unwrap_or_default();
    for row in rows.iter().filter(|row| !row["signed"].is_null()) {
        let has_college =
            matches!(who, Who::CollegeLeader | Who::CollegeOffice) && row["department"]["id"] == world.home;
        let whole = who.has_whole_school() || has_college;
        let known = !row["signed"]["known"].is_null() || !row["signed"]["note"].is_null();
        findings.looks += 1;
        match (known, whole) {
            (true, false) => findings.extra(format_args!("sign-offs: {who:?}: {row}")),
            (false, true) => findings.missing(format_args!("sign-offs: {who:?}: {row}")),
            _ => {}
        }
    }
}
