//! Who stands in each list: everybody who is theirs and of whom it holds, and nobody else, over all pages.

use std::{collections::BTreeSet, io::Cursor};

use calamine::Reader;
use serde_json::Value;

use super::{
    findings::Findings,
    oracle::{Need, Who},
    world::{Aim, Person, World, own},
};

/// A list of people.
struct List {
    path: &'static str,
    need: Need,
    /// Of whom it speaks.
    holds: fn(&World, &Person) -> bool,
    /// Where the numbers stand.
    numbers: fn(&Value) -> Vec<String>,
}

fn number(row: &Value) -> Vec<String> {
    row["number"].as_str().map(str::to_owned).into_iter().collect()
}

fn occupants(room: &Value) -> Vec<String> {
    let beds = room["beds"].as_array().map(Vec::as_slice).unwrap_or_default();
    beds.iter().flat_map(|bed| number(&bed["occupant"])).collect()
}

const fn list(path: &'static str, need: Need, holds: fn(&World, &Person) -> bool) -> List {
    List { path, need, holds, numbers: number }
}

/// Who must answer the students' form of the day.
pub fn expected(world: &World, person: &Person) -> bool {
    person.student && person.college.is_some() && !world.holds("exempt", &person.number)
}

pub fn reported(world: &World, person: &Person) -> bool {
    world.holds("reported", &person.number)
}

pub fn abnormal(world: &World, person: &Person) -> bool {
    world.holds("abnormal", &person.number)
}

const LISTS: &[List] = &[
    list("/statistics/health-daily/people", Need::People, expected),
    list("/statistics/health-daily/people?state=reported", Need::People, |world, person| {
        expected(world, person) && reported(world, person)
    }),
    list("/statistics/health-daily/people?state=unreported", Need::People, |world, person| {
        expected(world, person) && !reported(world, person)
    }),
    list("/statistics/health-daily/people?state=abnormal", Need::People, |world, person| {
        expected(world, person) && abnormal(world, person)
    }),
    list("/statistics/health-daily/people?state=normal", Need::People, |world, person| {
        expected(world, person) && reported(world, person) && !abnormal(world, person)
    }),
    list("/statistics/health-daily-of-staff/people", Need::People, |_, person| !person.student),
    list("/unreported/health-daily", Need::Unreported, |world, person| {
        expected(world, person) && !reported(world, person)
    }),
    list("/unreported/health-daily-of-staff", Need::Unreported, |world, person| {
        !person.student && !reported(world, person)
    }),
    list("/trips?state=all", Need::People, |world, person| world.holds("trips", &person.number)),
    list("/movements/people", Need::People, |_, person| !person.student),
    list("/movements/people?state=away", Need::People, |world, person| {
        !person.student && world.holds("trips", &person.number)
    }),
    list("/reviews", Need::Care, abnormal),
    list("/exemptions", Need::Care, |world, person| world.holds("exemptions", &person.number)),
    list("/statuses", Need::SeeStatus, |world, person| world.holds("statuses", &person.number)),
    list("/corrections", Need::Care, |world, person| world.holds("corrections", &person.number)),
    list("/phone-corrections", Need::Care, |world, person| world.holds("phone_corrections", &person.number)),
    list("/registration/not-activated", Need::People, |world, person| {
        world.holds("inactive", &person.number)
    }),
    list("/photos/people?with=true", Need::People, |world, person| world.holds("photos", &person.number)),
    list("/photos/people?with=false", Need::People, |world, person| !world.holds("photos", &person.number)),
    list("/residences/without", Need::People, |world, person| {
        person.student && !world.holds("housed", &person.number)
    }),
    List {
        path: "/residences/rooms?campus=$campus&building=$building",
        need: Need::People,
        holds: |world, person| world.holds("housed", &person.number),
        numbers: occupants,
    },
    list("/passages", Need::Passages, |world, person| world.holds("passed", &person.number)),
    list("/passages/outside?zone=1", Need::Passages, |world, person| {
        person.student && world.holds("passed", &person.number)
    }),
    list("/portal/entries/1/people", Need::People, |_, person| person.department.is_some()),
    list("/portal/entries/1/people?state=there", Need::People, |world, person| {
        world.holds("there", &person.number)
    }),
    list("/portal/entries/1/people?state=only_here", Need::People, |world, person| {
        world.holds("opened", &person.number)
    }),
    list("/class-counsellors/without-class", Need::Classes, |_, _| false),
];

pub async fn check(world: &World, findings: &mut Findings) {
    for who in Who::ALL {
        for list in LISTS.iter().filter(|list| list.need.is_held_by(who)) {
            let ids = world.ids(who, Aim::Theirs);
            let path = list.path.replace("$campus", &ids["campus"]).replace("$building", &ids["building"]);
            match world.client.pages(world.userid(who), &path).await {
                Err(told) => findings.missing(format_args!("{path}: {who:?}: {}", told.status)),
                Ok(items) => {
                    let shown: Vec<String> = items.iter().flat_map(list.numbers).collect();
                    let mut due = world.theirs(who, |person| (list.holds)(world, person));
                    if ["/corrections", "/reviews"].contains(&list.path) {
                        // Nobody settles their own.
                        due.remove(world.userid(who));
                    }
                    compare(world, &format!("{path}: {who:?}"), &shown, &due, findings);
                }
            }
        }
        if Need::Export.is_held_by(who) && who != Who::Administrator {
            sheet(world, who, findings).await;
        }
    }
    strange_cursor(world, findings).await;
    // Who keeps the beds and sees no people sees which are taken.
    let ids = world.ids(Who::Administrator, Aim::Theirs);
    let path = format!("/residences/rooms?campus={}&building={}", ids["campus"], ids["building"]);
    let rooms = world.client.pages(world.userid(Who::Administrator), &path).await.unwrap_or_default();
    let shown: Vec<String> = rooms.iter().flat_map(occupants).collect();
    compare(world, &format!("{path}: Administrator"), &shown, &BTreeSet::new(), findings);
}

/// Nobody extra, nobody missing.
pub fn compare(world: &World, what: &str, shown: &[String], due: &BTreeSet<String>, findings: &mut Findings) {
    findings.looks += world.people.len();
    let shown: BTreeSet<String> = shown.iter().cloned().collect();
    for number in shown.difference(due) {
        findings.extra(format_args!("{what}: {number}"));
    }
    for number in due.difference(&shown) {
        findings.missing(format_args!("{what}: {number}"));
    }
}

/// The workbook somebody had made before.
async fn sheet(world: &World, who: Who, findings: &mut Findings) {
    let ticket = own::file_ticket(world, world.userid(who), &world.ids(who, Aim::Theirs)["own_export"]).await;
    let told = world.get(who, &format!("/exports/files/{ticket}")).await;
    let Ok(mut book) = calamine::Xlsx::new(Cursor::new(told.bytes)) else {
        return findings.missing(format_args!("the sheet of {who:?}: {}", told.status));
    };
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let shown: Vec<String> = sheet.rows().skip(1).map(|row| row[0].to_string()).collect();
    let due = world.theirs(who, |_| true);
    compare(world, &format!("the sheet of {who:?}"), &shown, &due, findings);
    let open = sheet.rows().skip(1).filter(|row| {
        let phone = row.get(1).map(ToString::to_string).unwrap_or_default();
        !phone.is_empty() && !phone.contains("****")
    });
    if open.count() > 0 {
        findings.extra(format_args!("the sheet of {who:?}: phones in full"));
    }
}

/// Another's place in a list is a place in one's own, and opens nothing of theirs.
async fn strange_cursor(world: &World, findings: &mut Findings) {
    for path in [
        "/statistics/health-daily/people",
        "/unreported/health-daily",
        "/trips",
        "/reviews",
        "/photos/people",
    ] {
        let page = world.get(Who::SchoolOffice, &format!("{path}?limit=3")).await;
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            findings.missing(format_args!("{path}: one page"));
            continue;
        };
        let told = world.get(Who::Counsellor, &format!("{path}?limit=200&cursor={cursor}")).await;
        let items = told.body["items"].as_array().cloned().unwrap_or_default();
        let mine = world.theirs(Who::Counsellor, |_| true);
        for number in items.iter().flat_map(number).filter(|number| !mine.contains(number)) {
            findings.extra(format_args!("{path}: a cursor of another's gives {number}"));
        }
    }
}
