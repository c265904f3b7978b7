//! Goal Z2: anybody asks for anything by its id, at random. What they get is theirs; what is not looks exactly as what is
//! not there; and nobody changes what is another's.

mod doors;
mod keys;
mod owned;
mod prints;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use app::cursors;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::Value;

use self::{
    doors::{DOORS, Door, Judged},
    keys::Keys,
    owned::{OWNED, Owned},
};
use super::{
    client::Told,
    findings::Findings,
    oracle::{Need, Who},
    world::{Person, World},
};
use crate::dice::Dice;

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

async fn ask(world: &World, userid: &str, call: &str, body: &str, id: &str) -> Told {
    let (method, path) = call.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    // Nobody outside makes one up; who has one of another's begins there.
    let cursor = cursors::seal(&world.test.app, world.test.school(), id).unwrap();
    let path = path.replace("$cursor", &cursor).replace("$id", id);
    let body = match body {
        "$picture" => world.picture.clone(),
        body => body.replace("$id", id).into_bytes(),
    };
    world.some_client().send(Some(userid), &method, &path, &body).await
}

/// What was said, whenever, of whichever id, and without the number of what the request itself made.
fn said(told: &Told, id: &str) -> String {
    let mut body = told.body.clone();
    if let Some(body) = body.as_object_mut() {
        for made in ["as_of", "round", "id"] {
            body.remove(made);
        }
        // Sealed: no two are alike.
        if let Some(next) = body.get_mut("next_cursor").filter(|next| next.is_string()) {
            *next = "…".into();
        }
    }
    mask(&mut body, id);
    let text = if body.is_null() { told.text.replace(id, "…") } else { body.to_string() };
    format!("{} {text}", told.status)
}

/// The id itself is what was asked for: short figures stand in dates and counts too, which are no ids.
fn mask(value: &mut Value, id: &str) {
    let is_telling = id.len() > 5 || id.bytes().any(|byte| !byte.is_ascii_digit());
    match value {
        Value::Number(number) if number.to_string() == id => *value = Value::from("…"),
        Value::String(text) if text == id || is_telling => *text = text.replace(id, "…"),
        Value::Array(values) => values.iter_mut().for_each(|value| mask(value, id)),
        Value::Object(values) => values.values_mut().for_each(|value| mask(value, id)),
        _ => {}
    }
}

/// Whether an answer names nobody but the viewer's own: of a department that is theirs in part, that part.
fn names_theirs_alone(world: &World, who: Who, told: &Told) -> bool {
    let items = told.body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let numbers = items.iter().filter_map(|row| row["number"].as_str());
    // The rows of a sheet are cells.
    let rows = told.body["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let cells = rows.iter().filter_map(|row| row[0].as_str());
    let mine = world.theirs(who, |_| true);
    numbers.chain(cells).all(|number| mine.contains(number))
}

/// One draw: who asks, by which door, for whose.
struct Draw<'a> {
    who: Who,
    userid: &'a str,
    call: &'static str,
    body: &'static str,
    id: String,
    nothing: String,
    /// Of whom, to be told.
    of: String,
}

/// What is known and found while pairs are drawn, some at a time.
struct Run<'a> {
    world: &'a World,
    findings: Mutex<&'a mut Findings>,
    /// What each viewer is told of nothing, by door.
    nothings: Mutex<BTreeMap<(String, &'static str, &'static str), String>>,
    /// How often somebody was given something.
    given: AtomicUsize,
}

impl Run<'_> {
    async fn told(&self, draw: &Draw<'_>) -> Told {
        self.findings.lock().unwrap().looks += 1;
        ask(self.world, draw.userid, draw.call, draw.body, &draw.id).await
    }

    fn what(draw: &Draw<'_>, told: &Told) -> String {
        format!("{} of {}: {:?} {}: {}", draw.call, draw.of, draw.who, draw.userid, told.status)
    }

    fn extra(&self, draw: &Draw<'_>, told: &Told) {
        self.findings.lock().unwrap().extra(Self::what(draw, told));
    }

    fn missing(&self, draw: &Draw<'_>, told: &Told) {
        self.findings.lock().unwrap().missing(Self::what(draw, told));
    }

    /// It is theirs, so it must be given.
    async fn theirs(&self, draw: &Draw<'_>) -> Told {
        let told = self.told(draw).await;
        if told.is_permitted() {
            self.given.fetch_add(1, Ordering::Relaxed);
        } else {
            self.missing(draw, &told);
        }
        told
    }

    /// It is not theirs: refused where they have nothing of the kind, and else as if it was not there.
    async fn strange(&self, draw: &Draw<'_>, holds: bool) {
        let told = self.told(draw).await;
        if !holds && told.status == 403 {
            return;
        }
        let nothing = self.nothing(draw).await;
        let said = said(&told, &draw.id);
        if said == nothing || self.is_alike(draw, &told).await {
            return;
        }
        if told.succeeded() {
            self.extra(draw, &told);
        } else {
            let what = format!("{}: {said} | {nothing}", Self::what(draw, &told));
            self.findings.lock().unwrap().unlike(what);
        }
    }

    /// Whether it is what is told of nothing, where a short id is a number of something else too: of a zone, say. Neither id is told
    /// apart in either then.
    async fn is_alike(&self, draw: &Draw<'_>, told: &Told) -> bool {
        let of_nothing = ask(self.world, draw.userid, draw.call, draw.body, &draw.nothing).await;
        let without_both = |told: &Told| {
            let mut told = told.clone();
            mask(&mut told.body, &draw.nothing);
            said(&told, &draw.id)
        };
        without_both(told) == without_both(&of_nothing)
    }

    async fn nothing(&self, draw: &Draw<'_>) -> String {
        let key = (draw.userid.to_owned(), draw.call, draw.body);
        let known = self.nothings.lock().unwrap().get(&key).cloned();
        if let Some(nothing) = known {
            return nothing;
        }
        let told = ask(self.world, draw.userid, draw.call, draw.body, &draw.nothing).await;
        let nothing = said(&told, &draw.nothing);
        self.nothings.lock().unwrap().insert(key, nothing.clone());
        nothing
    }

    /// A door of a person's.
    async fn by_door(&self, keys: &Keys, (who, userid): &(Who, String), person: &Person, door: &Door) {
        let id = (door.id)(keys, person);
        if id.is_empty() {
            return;
        }
        let draw = Draw {
            who: *who,
            userid,
            call: door.call,
            body: door.body,
            id,
            nothing: door.nothing.to_owned(),
            of: person.number.clone(),
        };
        let mine = person.userid.as_deref() == Some(userid);
        let holds = door.need.is_some_and(|need| need.is_held_by(*who));
        match door.judged {
            Judged::Cursor => {
                let told = self.told(&draw).await;
                if told.succeeded() && !(holds && names_theirs_alone(self.world, *who, &told)) {
                    self.extra(&draw, &told);
                }
            }
            Judged::Part(total) if holds => {
                let here = |one: &Person| door.is_under(one, &draw.id);
                if self.world.theirs(*who, here).is_empty() {
                    return self.strange(&draw, true).await;
                }
                let told = self.theirs(&draw).await;
                if told.succeeded() && !names_theirs_alone(self.world, *who, &told) {
                    self.extra(&draw, &told);
                }
                if let Some((at, counts)) = total {
                    let due = self.world.theirs(*who, |one| here(one) && counts(self.world, one)).len();
                    let shown = told.body.pointer(at).and_then(Value::as_u64);
                    match shown {
                        Some(shown) if shown == due as u64 => {}
                        Some(shown) if shown > due as u64 => self.extra(&draw, &told),
                        _ => self.missing(&draw, &told),
                    }
                }
            }
            Judged::Part(_) => self.strange(&draw, false).await,
            Judged::Read | Judged::Write => {
                let own = mine && (door.need.is_none() || door.call.contains("/attachments/"));
                // Nobody settles their own: it looks as if it was not there.
                let settles_own = mine && door.call.contains("/reviews/");
                let is_theirs = own || holds && !settles_own && self.world.has(*who, person);
                match (is_theirs, door.judged) {
                    (false, _) => self.strange(&draw, holds).await,
                    (true, Judged::Read) => drop(self.theirs(&draw).await),
                    // Who may change it would, and there would be nothing to find any more.
                    _ => {}
                }
            }
        }
    }

    /// Something somebody made.
    async fn by_owner(
        &self,
        (who, userid): &(Who, String),
        owned: &Owned,
        all: &[(String, String)],
        at: usize,
    ) {
        let (owner, id) = &all[at];
        let draw = Draw {
            who: *who,
            userid,
            call: owned.call,
            body: owned.body,
            id: id.clone(),
            nothing: owned.nothing(id),
            of: owner.clone(),
        };
        let is_theirs =
            all.iter().any(|(of, it)| of == userid && it == id) || owned.is_open_to(*who, owner, self.world);
        if !is_theirs {
            self.strange(&draw, owned.need.is_held_by(*who)).await;
        } else if owned.reads {
            self.theirs(&draw).await;
        }
    }
}

/// So many pairs, some at a time; of one viewer, or of anybody.
pub async fn check(world: &World, pairs: usize, only: Option<Who>, findings: &mut Findings) {
    let keys = keys::make(world).await;
    let things = owned::make(world).await;
    assert_eq!(world.troubles(), Vec::<String>::new());
    let mut viewers = viewers(world);
    viewers.retain(|(who, _)| only.is_none_or(|only| only == *who));
    // Of two roles of one person: what an administrator opens is not what is asked here.
    let asked = |need: Need| only.is_none() || !need.is_held_by(Who::Administrator);
    let doors: Vec<&Door> = DOORS.iter().filter(|door| door.need.is_none_or(asked)).collect();
    let owned: Vec<&Owned> = OWNED.iter().filter(|owned| asked(owned.need)).collect();
    let mut dice = Dice::new(0x2545_F491_4F6C_DD1D);
    let before = prints::take(world).await;
    let run = Run {
        world,
        findings: Mutex::new(&mut *findings),
        nothings: Mutex::default(),
        given: AtomicUsize::new(0),
    };
    let draws = (0..pairs).map(|_| {
        let viewer = &viewers[dice.below(viewers.len())];
        let door = dice.below(doors.len() + owned.len());
        (viewer, door, dice.below(1 << 30))
    });
    stream::iter(draws)
        .for_each_concurrent(world.at_once(), |(viewer, door, whose)| {
            let (run, keys, things, doors, owned) = (&run, &keys, &things, &doors, &owned);
            async move {
                if let Some(door) = doors.get(door) {
                    let person = &world.people[whose % world.people.len()];
                    run.by_door(keys, viewer, person, door).await;
                } else {
                    let owned = owned[door - doors.len()];
                    let of_word = &things[owned.word];
                    run.by_owner(viewer, owned, of_word, whose % of_word.len()).await;
                }
            }
        })
        .await;
    let Run { given, .. } = run;
    assert!(given.into_inner() * 100 > pairs, "somebody is given something, too");
    let after = prints::take(world).await;
    for (table, _) in before.iter().filter(|(table, print)| after.get(*table) != Some(*print)) {
        findings.extra(format_args!("somebody changed what is not theirs: {table}"));
    }
}

#[test]
fn an_id_is_masked_and_a_date_is_not() {
    let mut value = serde_json::json!({ "id": 12, "of": "2020-03-12", "text": "12", "long": "/a/abcdef/b" });
    mask(&mut value, "12");
    assert_eq!(value["id"], "…");
    assert_eq!(value["of"], "2020-03-12");
    assert_eq!(value["text"], "…");
    mask(&mut value, "abcdef");
    assert_eq!(value["long"], "/a/…/b");
}
