//! A school prepared so that every operation has something to act on, in one's part of the school and beyond it.

pub mod facts;
pub mod own;
pub mod seats;
mod things;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    client::{Client, Told},
    oracle::Who,
};
use crate::test_app::TestApp;

/// Words of a row and what they stand for.
pub type Ids = BTreeMap<&'static str, String>;

/// Whose the thing is that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aim {
    /// One's own, or within one's part of the school.
    Theirs,
    /// Somebody else's.
    Foreign,
    /// Not there at all.
    Nothing,
}

/// Somebody on the roster, and what they are counted under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: i64,
    pub number: String,
    pub student: bool,
    pub department: Option<i32>,
    pub college: Option<i32>,
    /// Of their account.
    pub userid: Option<String>,
}

pub struct World {
    pub test: TestApp,
    pub client: Client,
    /// More servers of the same installation: twenty requests a second are one member's at one of them.
    beside: Vec<Client>,
    turn: AtomicUsize,
    /// Everybody, by number.
    pub people: Vec<Person>,
    /// Who plays whom.
    pub seats: BTreeMap<Who, String>,
    /// The college of the personas, and another.
    pub home: i32,
    pub other: i32,
    /// The department head's.
    pub office: i32,
    pub root: i32,
    /// Two of the home college, both the counsellor's and the first the assistant's; then two of the other one.
    pub classes: Vec<i32>,
    /// Numbers of those of whom something holds: as it was made, not as it is stored.
    pub facts: BTreeMap<&'static str, BTreeSet<String>>,
    ids: BTreeMap<(Who, Aim), Ids>,
    /// Of the directory: one that changed something, and one that was held.
    runs: Ids,
    /// What could not be prepared.
    troubles: Mutex<Vec<String>>,
    pub picture: Vec<u8>,
    pub zip: Vec<u8>,
}

impl World {
    pub async fn make() -> Self {
        let mut world = seats::take().await;
        facts::make(&mut world).await;
        world
    }

    /// … with things to act on, for everybody.
    pub async fn with_things(mut self) -> Self {
        things::make(&mut self).await;
        self
    }

    /// … with so many more servers to ask, for who asks a great deal.
    pub fn with_servers(mut self, more: u32) -> Self {
        let beside = (1..=more).map(|nth| self.client.beside(&self.test.another_server(), nth));
        self.beside = beside.collect();
        self
    }

    /// The servers in turn.
    pub fn some_client(&self) -> &Client {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % (1 + self.beside.len());
        if turn == 0 { &self.client } else { &self.beside[turn - 1] }
    }

    /// How many are asked side by side.
    pub fn at_once(&self) -> usize {
        16 * (1 + self.beside.len())
    }

    /// What a row's words stand for.
    pub fn ids(&self, who: Who, aim: Aim) -> &Ids {
        &self.ids[&(who, aim)]
    }

    pub fn userid(&self, who: Who) -> &str {
        &self.seats[&who]
    }

    pub async fn get(&self, who: Who, path: &str) -> Told {
        self.client.get(self.userid(who), path).await
    }

    /// Notes what could not be prepared; told together with what was found.
    fn trouble(&self, what: String) {
        self.troubles.lock().unwrap().push(what);
    }

    pub fn troubles(&self) -> Vec<String> {
        self.troubles.lock().unwrap().clone()
    }

    /// Students of a class, by number.
    pub fn class(&self, at: usize) -> Vec<&Person> {
        let class = Some(self.classes[at]);
        self.people.iter().filter(|person| person.student && person.department == class).collect()
    }

    /// Whether somebody is in the part of the school that is another's.
    pub fn has(&self, who: Who, person: &Person) -> bool {
        match who {
            Who::Student | Who::Teacher => false,
            Who::Assistant => person.department == Some(self.classes[0]),
            Who::Counsellor => {
                person.department.is_some_and(|department| self.classes[..2].contains(&department))
            }
            Who::CollegeLeader | Who::CollegeOffice => person.college == Some(self.home),
            Who::DepartmentHead => person.department == Some(self.office),
            Who::SchoolOffice | Who::SchoolLeader | Who::Administrator | Who::Auditor | Who::GateGuard => {
                true
            }
        }
    }

    /// Notes that something holds of somebody.
    pub fn note(&mut self, fact: &'static str, number: &str) {
        self.facts.entry(fact).or_default().insert(number.to_owned());
    }

    pub fn holds(&self, fact: &str, number: &str) -> bool {
        self.facts.get(fact).is_some_and(|numbers| numbers.contains(number))
    }

    /// Numbers of somebody's people of whom this holds.
    pub fn theirs(&self, who: Who, holds: impl Fn(&Person) -> bool) -> BTreeSet<String> {
        let mine = self.people.iter().filter(|person| self.has(who, person) && holds(person));
        mine.map(|person| person.number.clone()).collect()
    }
}
