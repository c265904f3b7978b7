//! Where a person is counted, from when to when: main places that never overlap, and how a change cuts into them.
//!
//! Days are half open: a place holds from its first day until the day before `until`.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::DepartmentId;

/// Who says where somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// WeCom's directory.
    Directory,
    /// The school's roster, of people without an account.
    Roster,
    /// The school, by a change on record.
    Correction,
}

impl Source {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Roster => "roster",
            Self::Correction => "correction",
        }
    }

    /// The source of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Directory, Self::Roster, Self::Correction].into_iter().find(|source| source.as_str() == name)
    }
}

/// A stretch of days in one department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its row; none: there is none yet.
    pub id: Option<i64>,
    /// Where.
    pub department_id: DepartmentId,
    /// The first day.
    pub from: NaiveDate,
    /// The first day it no longer holds; none: until further notice.
    pub until: Option<NaiveDate>,
    /// Who says so.
    pub source: Source,
    /// Why, of a correction.
    pub reason: Option<String>,
}

/// Whether day `a` comes before `b`, where none is the end of all days.
fn before(a: Option<NaiveDate>, b: Option<NaiveDate>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a < b,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn earlier(a: Option<NaiveDate>, b: Option<NaiveDate>) -> Option<NaiveDate> {
    if before(a, b) { a } else { b }
}

impl Place {
    /// Whether it holds on a day.
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.from <= day && before(Some(day), self.until)
    }
}

/// The place that holds on a day.
pub fn on(places: &[Place], day: NaiveDate) -> Option<&Place> {
    places.iter().find(|place| place.holds_on(day))
}

/// The places without the days from `from` until `until`. A place that reaches over both ends becomes two.
pub fn cut(places: &[Place], from: NaiveDate, until: Option<NaiveDate>) -> Vec<Place> {
    let mut left = Vec::with_capacity(places.len() + 1);
    for place in places {
        let head = earlier(place.until, Some(from));
        if before(Some(place.from), head) {
            left.push(Place { until: head, ..place.clone() });
        }
        if let Some(until) = until {
            let tail = place.from.max(until);
            if before(Some(tail), place.until) {
                // The row is the first part's where there is one.
                let id = place.id.filter(|_| tail == place.from || place.from >= from);
                left.push(Place { id, from: tail, ..place.clone() });
            }
        }
    }
    left
}

/// The places with this one, which takes its days from whatever held on them.
pub fn put(places: &[Place], place: Place) -> Vec<Place> {
    let mut all = cut(places, place.from, place.until);
    all.push(place);
    all.sort_by_key(|place| place.from);
    all
}

/// The places with the one that begins on `was` beginning on `day` instead. Going back it takes the days from whatever held
/// on them; going on, the place that ended where it began lasts until it begins, and where there was none, nothing holds.
/// None: no place begins on `was`, or nothing would be left of it.
pub fn begin_on(places: &[Place], was: NaiveDate, day: NaiveDate, reason: &str) -> Option<Vec<Place>> {
    let place = places.iter().find(|place| place.from == was)?;
    if !before(Some(day), place.until) {
        return None;
    }
    let corrected =
        Place { from: day, source: Source::Correction, reason: Some(reason.to_owned()), ..place.clone() };
    let previous = places.iter().find(|other| other.until == Some(was));
    let mut all = if day < was {
        put(&cut(places, was, place.until), corrected)
    } else {
        put(&cut(places, was, Some(day)), corrected)
    };
    if let Some(previous) = previous.filter(|_| day > was) {
        for one in &mut all {
            if one.from == previous.from {
                one.until = Some(day);
            }
        }
    }
    Some(all)
}

/// Takes a change back: what was before it, as far as nothing else has come since. `after` is what the change left, `now` what
/// there is. What differs from the first day on that `now` is otherwise than the change left it stays as it is now.
pub fn revert(before_it: &[Place], after: &[Place], now: &[Place]) -> Vec<Place> {
    match first_difference(after, now) {
        None => before_it.to_vec(),
        Some(day) => {
            let mut all = cut(before_it, day, None);
            all.extend(now.iter().filter(|place| before(Some(day), place.until)).map(|place| {
                let from = place.from.max(day);
                Place { id: place.id.filter(|_| from == place.from), from, ..place.clone() }
            }));
            all
        }
    }
}

/// The first day on which two lists put the person into different departments.
fn first_difference(a: &[Place], b: &[Place]) -> Option<NaiveDate> {
    let mut days: Vec<NaiveDate> =
        a.iter().chain(b).flat_map(|place| [Some(place.from), place.until]).flatten().collect();
    days.sort_unstable();
    let department = |places: &[Place], day| on(places, day).map(|place| place.department_id);
    days.into_iter().find(|day| department(a, *day) != department(b, *day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn place(id: i64, department_id: i32, from: &str, until: &str) -> Place {
        let until = (!until.is_empty()).then(|| day(until));
        let id = (id > 0).then_some(id);
        Place { id, department_id, from: day(from), until, source: Source::Directory, reason: None }
    }

    fn shown(places: &[Place]) -> Vec<String> {
        let until = |place: &Place| place.until.map_or(String::new(), |until| until.to_string());
        let id = |place: &Place| place.id.map_or("-".into(), |id| id.to_string());
        places.iter().map(|p| format!("{} {} {}..{}", id(p), p.department_id, p.from, until(p))).collect()
    }

    #[test]
    fn a_change_of_class_holds_from_its_day_on() {
        let was = [place(1, 10, "2018-09-01", "")];
        let new = place(0, 20, "2020-02-01", "");
        assert_eq!(shown(&put(&was, new.clone())), ["1 10 2018-09-01..2020-02-01", "- 20 2020-02-01.."]);
        // What was recorded for later days gives way.
        let was = [place(1, 10, "2018-09-01", "2020-02-10"), place(2, 20, "2020-02-10", "")];
        assert_eq!(shown(&put(&was, new)), ["1 10 2018-09-01..2020-02-01", "- 20 2020-02-01.."]);
        // From the first day on.
        assert_eq!(shown(&put(&was, place(0, 30, "2018-09-01", ""))), ["- 30 2018-09-01.."]);
    }

    #[test]
    fn absence_leaves_a_gap() {
        let was = [place(1, 10, "2018-09-01", "")];
        let there = cut(&was, day("2019-07-01"), Some(day("2020-03-01")));
        assert_eq!(shown(&there), ["1 10 2018-09-01..2019-07-01", "- 10 2020-03-01.."]);
        assert!(on(&there, day("2019-07-01")).is_none() && on(&there, day("2020-02-29")).is_none());
        assert_eq!(on(&there, day("2020-03-01")).unwrap().department_id, 10);
        // A row that lies behind keeps its row.
        let later = [place(1, 10, "2019-09-01", "")];
        assert_eq!(shown(&cut(&later, day("2019-07-01"), Some(day("2020-03-01")))), ["1 10 2020-03-01.."]);
        assert_eq!(shown(&cut(&later, day("2018-07-01"), Some(day("2018-08-01")))), ["1 10 2019-09-01.."]);
    }

    #[test]
    fn a_first_day_is_put_right_and_the_neighbour_follows() {
        let was = [place(1, 10, "2018-09-01", "2020-02-10"), place(2, 20, "2020-02-10", "")];
        let back = begin_on(&was, day("2020-02-10"), day("2020-02-01"), "教务处批文").unwrap();
        assert_eq!(shown(&back), ["1 10 2018-09-01..2020-02-01", "2 20 2020-02-01.."]);
        assert_eq!((back[1].source, back[0].source), (Source::Correction, Source::Directory));
        let on = begin_on(&was, day("2020-02-10"), day("2020-03-01"), "教务处批文").unwrap();
        assert_eq!(shown(&on), ["1 10 2018-09-01..2020-03-01", "2 20 2020-03-01.."]);
        let first = begin_on(&was, day("2018-09-01"), day("2018-10-01"), "晚报到").unwrap();
        assert_eq!(shown(&first), ["1 10 2018-10-01..2020-02-10", "2 20 2020-02-10.."]);
        assert_eq!(begin_on(&was, day("2018-09-01"), day("2020-02-10"), "x"), None, "nothing would be left");
        assert_eq!(begin_on(&was, day("2018-09-02"), day("2018-10-01"), "x"), None);
    }

    #[test]
    fn taking_back_restores_what_was_as_far_as_nothing_came_since() {
        let was = [place(1, 10, "2018-09-01", "")];
        let left = put(&was, place(5, 20, "2020-02-01", ""));
        assert_eq!(shown(&revert(&was, &left, &left)), ["1 10 2018-09-01.."]);
        // The directory took over and moved the person on.
        let now = [
            place(1, 10, "2018-09-01", "2020-02-01"),
            place(5, 20, "2020-02-01", "2020-03-04"),
            place(6, 30, "2020-03-04", ""),
        ];
        assert_eq!(shown(&revert(&was, &left, &now)), ["1 10 2018-09-01..2020-03-04", "6 30 2020-03-04.."]);
        // Every day is covered once, whatever is taken back.
        let gap = cut(&was, day("2019-07-01"), Some(day("2020-03-01")));
        assert_eq!(shown(&revert(&was, &gap, &gap)), ["1 10 2018-09-01.."]);
    }

    #[test]
    fn sources_are_read_back() {
        for source in [Source::Directory, Source::Roster, Source::Correction] {
            assert_eq!(Source::parse(source.as_str()), Some(source));
        }
    }
}
