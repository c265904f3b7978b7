//! The school's month told again, from what happened and nothing else: plain lists, no query, none of the product's code.

use std::collections::BTreeMap;

/// A day, counted from the first of the month.
pub type Day = i32;

/// Figures of one group of people on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    pub expected: i64,
    pub reported: i64,
    pub abnormal: i64,
}

/// What somebody last said on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    pub abnormal: bool,
}

/// A student, and everything that was ever said of them.
#[derive(Debug, Clone, Default)]
pub struct Student {
    /// Class since when, in order; the last before a day counts. None: in no class of a college.
    classes: Vec<(Day, i32)>,
    /// Days of absence from the roster, half open.
    gone: Vec<(Day, Day)>,
    /// Days on which they need not answer, by the exemption's number, half open.
    exempt: BTreeMap<i64, (Day, Day)>,
    /// By day.
    said: BTreeMap<Day, Said>,
}

/// The first day of what has no end.
pub const NEVER: Day = i32::MAX;

impl Student {
    pub fn of(class: i32) -> Self {
        Self { classes: vec![(i32::MIN, class)], ..Self::default() }
    }

    pub fn class(&self, day: Day) -> i32 {
        let held = self.classes.iter().rfind(|(from, _)| *from <= day);
        held.expect("a class since ever").1
    }

    /// From a day on they are in another class, whatever was said of later days stays.
    pub fn moves(&mut self, from: Day, class: i32) {
        self.classes.push((from, class));
        self.classes.sort_by_key(|(from, _)| *from);
    }

    pub fn last_move(&self) -> Day {
        self.classes.last().expect("a class since ever").0
    }

    pub fn leaves(&mut self, from: Day) {
        self.gone.push((from, NEVER));
    }

    pub fn returns(&mut self, from: Day) {
        self.gone.last_mut().expect("they left").1 = from;
    }

    pub fn is_here(&self, day: Day) -> bool {
        !self.gone.iter().any(|(from, until)| *from <= day && day < *until)
    }

    pub fn has_moved_or_left(&self) -> bool {
        self.classes.len() > 1 || !self.gone.is_empty()
    }

    pub fn is_exempted(&mut self, id: i64, from: Day, until: Day) {
        self.exempt.insert(id, (from, until));
    }

    pub fn is_exempted_no_more(&mut self, id: i64) {
        self.exempt.remove(&id);
    }

    pub fn is_expected(&self, day: Day) -> bool {
        self.is_here(day) && !self.exempt.values().any(|(from, until)| *from <= day && day < *until)
    }

    pub fn says(&mut self, day: Day, said: Said) {
        self.said.insert(day, said);
    }

    pub fn said(&self, day: Day) -> Option<Said> {
        self.said.get(&day).copied()
    }
}

/// Everybody by number.
pub type School = BTreeMap<String, Student>;

/// Figures of a day by group.
pub fn figures<G: Ord>(school: &School, day: Day, group: impl Fn(i32) -> G) -> BTreeMap<G, Figures> {
    let mut all: BTreeMap<G, Figures> = BTreeMap::new();
    for student in school.values().filter(|student| student.is_expected(day)) {
        let row = all.entry(group(student.class(day))).or_default();
        row.expected += 1;
        row.reported += i64::from(student.said(day).is_some());
        row.abnormal += i64::from(student.said(day).is_some_and(|said| said.abnormal));
    }
    all
}

/// Numbers of those expected on a day of whom something is so.
pub fn numbers(school: &School, day: Day, holds: impl Fn(Option<Said>) -> bool) -> Vec<String> {
    let expected = school.iter().filter(|(_, student)| student.is_expected(day));
    expected.filter(|(_, student)| holds(student.said(day))).map(|(number, _)| number.clone()).collect()
}

/// Numbers that look like chance and are the same in every run (SplitMix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("below a usize")
    }

    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}
