//! Goal Z2: anybody asks for anything by its id, at random. What they get is theirs; and what is not looks exactly as
//! what is not there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::{StreamExt, stream};
use reqwest::Method;

use super::{
    client::Told,
    findings::Findings,
    oracle::{Need, Who},
    people,
    world::{Person, World, own},
};

/// Something that one person's id, or an id of theirs, opens.
struct Door {
    /// `GET /path` with `$id`.
    call: &'static str,
    body: &'static str,
    /// What a viewer needs; `None`: to be the person.
    need: Option<Need>,
    /// The id of a person's thing; an empty one: there is none.
    id: fn(&Keys, &Person) -> String,
    nothing: &'static str,
}

/// Ids of people's things, by number.
#[derive(Debug, Default)]
struct Keys {
    receipts: BTreeMap<String, String>,
    papers: BTreeMap<String, String>,
    attachments: BTreeMap<String, String>,
    photos: BTreeMap<String, i64>,
    /// Who must answer the students' form.
    expected: BTreeSet<String>,
}

fn person(_: &Keys, person: &Person) -> String {
    person.id.to_string()
}

fn expected(keys: &Keys, person: &Person) -> String {
    if keys.expected.contains(&person.number) { person.id.to_string() } else { String::new() }
}

fn department(_: &Keys, person: &Person) -> String {
    person.department.unwrap_or_default().to_string()
}

fn receipt(keys: &Keys, person: &Person) -> String {
    keys.receipts.get(&person.number).cloned().unwrap_or_default()
}

fn paper(keys: &Keys, person: &Person) -> String {
    keys.papers.get(&person.number).cloned().unwrap_or_default()
}

fn attachment(keys: &Keys, person: &Person) -> String {
    keys.attachments.get(&person.number).cloned().unwrap_or_default()
}

fn photo(keys: &Keys, person: &Person) -> String {
    keys.photos.get(&person.number).map(i64::to_string).unwrap_or_default()
}

const NO_PERSON: &str = "99999999";
const NO_DEPARTMENT: &str = "999999";
const NO_RECEIPT: &str = "nothingtobefound";

const DOORS: &[Door] = &[
    Door { call: "GET /photos/$id", body: "", need: Some(Need::Care), id: photo, nothing: NO_PERSON },
    Door {
        call: "GET /residences/people/$id",
        body: "",
        need: Some(Need::People),
        id: person,
        nothing: NO_PERSON,
    },
    Door {
        call: "GET /unreported/health-daily/follow-ups?person=$id",
        body: "",
        need: Some(Need::FollowUp),
        id: expected,
        nothing: NO_PERSON,
    },
    Door {
        call: "POST /people/$id/phone",
        body: r#"{"purpose":"call"}"#,
        need: Some(Need::Care),
        id: person,
        nothing: NO_PERSON,
    },
    Door { call: "GET /reviews/$id", body: "", need: Some(Need::Care), id: receipt, nothing: NO_RECEIPT },
    Door {
        call: "POST /reviews/$id/answers",
        body: r#"{"purpose":"核实"}"#,
        need: Some(Need::Care),
        id: receipt,
        nothing: NO_RECEIPT,
    },
    Door { call: "GET /reports/$id", body: "", need: None, id: paper, nothing: NO_RECEIPT },
    Door { call: "GET /reports/$id/revisions", body: "", need: None, id: receipt, nothing: NO_RECEIPT },
    Door {
        call: "GET /attachments/$id",
        body: "",
        need: Some(Need::Care),
        id: attachment,
        nothing: "00000000000000000000000000000000",
    },
    Door {
        call: "GET /statistics/health-daily/people?department=$id",
        body: "",
        need: Some(Need::People),
        id: department,
        nothing: NO_DEPARTMENT,
    },
    Door {
        call: "GET /photos/people?department=$id",
        body: "",
        need: Some(Need::People),
        id: department,
        nothing: NO_DEPARTMENT,
    },
    Door {
        call: "POST /exports/preview",
        body: r#"{"dataset":"people","order":"number","columns":[{"column":"number","title":"学号"}],"filters":{"department":$id}}"#,
        need: Some(Need::People),
        id: department,
        nothing: NO_DEPARTMENT,
    },
];

/// Numbers at random, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

async fn keys(world: &World) -> Keys {
    let mut keys = Keys::default();
    let sql = "select p.number, r.receipt, f.code from reports r join persons p using (corp_id, person_id)
        join forms f using (corp_id, form_id)";
    for row in world.test.owner.query(sql, &[]).await.unwrap() {
        let (number, receipt, code): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        if code.starts_with("health-daily") {
            keys.receipts.insert(number.clone(), receipt.clone());
        }
        if code == "papers" {
            keys.papers.insert(number, receipt);
        }
    }
    let sql = "select p.number, a.attachment_id from attachments a join persons p using (corp_id, person_id)
        where a.report_id is not null";
    for row in world.test.owner.query(sql, &[]).await.unwrap() {
        keys.attachments.insert(row.get(0), row.get(1));
    }
    for person in world.people.iter().filter(|person| people::expected(world, person)) {
        keys.expected.insert(person.number.clone());
    }
    for person in world.people.iter().filter(|person| world.holds("photos", &person.number)) {
        keys.photos.insert(person.number.clone(), person.id);
    }
    keys
}

/// Viewers: everybody of a role three times as often as each student without one.
fn viewers(world: &World) -> Vec<(Who, String)> {
    let mut viewers: Vec<(Who, String)> = Vec::new();
    for (who, userid) in &world.seats {
        viewers.extend(std::iter::repeat_n((*who, userid.clone()), 3));
    }
    let seated: Vec<&String> = world.seats.values().collect();
    for class in 0..4 {
        let students = world.class(class).into_iter().filter(|student| !seated.contains(&&student.number));
        viewers.extend(students.map(|student| (Who::Student, student.number.clone())));
    }
    viewers
}

async fn ask(world: &World, userid: &str, door: &Door, id: &str) -> Told {
    let (method, path) = door.call.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    let body = door.body.replace("$id", id);
    world.client.send(Some(userid), &method, &path.replace("$id", id), body.as_bytes()).await
}

/// What was said, whenever and of whichever id.
fn said(told: &Told, id: &str) -> String {
    let text = told.text.replace(id, "…");
    format!("{} {}", told.status, text.split("\"as_of\"").next().unwrap_or_default())
}

/// Whether an answer holds nothing but what is the viewer's own: of a department that is theirs in part, that part.
fn is_theirs_alone(world: &World, who: Who, told: &Told) -> bool {
    let items = told.body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let numbers = items.iter().filter_map(|row| row["number"].as_str());
    // The rows of a sheet are cells.
    let rows = told.body["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let cells = rows.iter().filter_map(|row| row[0].as_str());
    let mine = world.theirs(who, |_| true);
    numbers.chain(cells).all(|number| mine.contains(number))
}

/// So many pairs, some at a time; of one viewer, or of anybody.
pub async fn check(world: &World, pairs: usize, only: Option<Who>, findings: &mut Findings) {
    // Papers, with a picture each, of one in five.
    for person in world.people.iter().filter(|person| person.student && person.id % 5 == 0) {
        if person.userid.as_ref() == Some(&person.number) {
            own::papers(world, &person.number).await;
        }
    }
    let keys = keys(world).await;
    let mut viewers = viewers(world);
    viewers.retain(|(who, _)| only.is_none_or(|only| only == *who));
    let (mut dice, given) = (Dice(0x2545_F491_4F6C_DD1D), AtomicUsize::new(0));
    let nothings: Mutex<BTreeMap<(String, usize), String>> = Mutex::default();
    let found: Mutex<&mut Findings> = Mutex::new(findings);
    let draws = (0..pairs).map(|_| {
        let viewer = &viewers[dice.below(viewers.len())];
        let person = &world.people[dice.below(world.people.len())];
        (viewer, person, dice.below(DOORS.len()))
    });
    stream::iter(draws)
        .for_each_concurrent(16, |((who, userid), person, at)| {
            let (keys, nothings, found, given) = (&keys, &nothings, &found, &given);
            async move {
                let door = &DOORS[at];
                let id = (door.id)(keys, person);
                if id.is_empty() {
                    return;
                }
                let mine = person.userid.as_deref() == Some(userid);
                let is_theirs = match door.need {
                    None => mine,
                    Some(need) => {
                        let own = mine && door.call.contains("attachments");
                        own || need.is_held_by(*who) && world.has(*who, person)
                    }
                };
                let told = ask(world, userid, door, &id).await;
                found.lock().unwrap().looks += 1;
                let what =
                    || format!("{} of {}: {who:?} {userid}: {}", door.call, person.number, told.status);
                if is_theirs {
                    if door.nothing == NO_DEPARTMENT && !is_theirs_alone(world, *who, &told) {
                        found.lock().unwrap().extra(what());
                    }
                    given.fetch_add(1, Ordering::Relaxed);
                    if !told.is_permitted() {
                        found.lock().unwrap().missing(what());
                    }
                    return;
                }
                if door.need.is_some_and(|need| !need.is_held_by(*who)) && told.status == 403 {
                    return;
                }
                if told.succeeded() && door.nothing == NO_DEPARTMENT {
                    if !is_theirs_alone(world, *who, &told) {
                        found.lock().unwrap().extra(what());
                    }
                    return;
                }
                let known = nothings.lock().unwrap().get(&(userid.clone(), at)).cloned();
                let nothing = match known {
                    Some(nothing) => nothing,
                    None => {
                        let nothing = ask(world, userid, door, door.nothing).await;
                        let nothing = said(&nothing, door.nothing);
                        nothings.lock().unwrap().insert((userid.clone(), at), nothing.clone());
                        nothing
                    }
                };
                let said = said(&told, &id);
                if said != nothing && told.succeeded() {
                    found.lock().unwrap().extra(what());
                } else if said != nothing {
                    found.lock().unwrap().unlike(format_args!("{}: {said} | {nothing}", what()));
                }
            }
        })
        .await;
    assert!(given.into_inner() * 40 > pairs, "somebody is given something, too");
}
