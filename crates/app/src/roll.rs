//! 点名册: who is expected in a form's period and what each has reported. Kept in memory, and at every look brought up to what
//! Postgres holds at that moment: what came since is little, so a figure costs a look at an index and never is an old one.

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::{DepartmentId, PersonId, policy::Scope, statistics::Counts};
use moka::{
    future::Cache,
    ops::compute::{CompResult, Op},
};
use store::{
    Scoped,
    expected::Question,
    roll::{self, Entry, Horizon, Since},
    statistics::{By, Row},
};

use crate::{App, Error, Result};

/// People of all rolls that are kept at most, each about a hundred bytes: forty days of a large school.
const MOST: u64 = 600_000;
/// How long one is kept that nobody looks at.
const IDLE: Duration = Duration::from_mins(10);
/// How long at most: shorter than it is remembered which transactions changed the roster.
const LONGEST: Duration = Duration::from_hours(6);

/// What is kept in this process.
#[derive(Debug)]
pub(crate) struct Rolls(Cache<String, Arc<Kept>>);

impl Default for Rolls {
    fn default() -> Self {
        let weight =
            |_: &String, kept: &Arc<Kept>| u32::try_from(kept.people.len()).unwrap_or(u32::MAX).max(1);
        Self(
            Cache::builder()
                .weigher(weight)
                .max_capacity(MOST)
                .time_to_idle(IDLE)
                .time_to_live(LONGEST)
                .build(),
        )
    }
}

/// One of those expected.
#[derive(Debug)]
pub(crate) struct Person {
    /// Our id.
    pub id: PersonId,
    /// Student or staff number.
    pub number: Box<str>,
    /// The department they are counted under, its class, grade and college.
    pub path: [Option<DepartmentId>; 4],
}

/// What somebody has reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported {
    /// 异常
    pub abnormal: bool,
    /// After the cut-off.
    pub late: bool,
}

#[derive(Debug)]
struct Kept {
    horizon: Horizon,
    people: Arc<People>,
    /// As `people.in_order`; none: unreported.
    reported: Arc<[Option<Reported>]>,
}

/// Changes only with the roster.
#[derive(Debug)]
struct People {
    /// By student or staff number.
    in_order: Vec<Person>,
    places: HashMap<PersonId, usize>,
    /// Names by department, and where it stands in the directory.
    departments: HashMap<DepartmentId, (usize, String)>,
}

impl People {
    fn len(&self) -> usize {
        self.in_order.len()
    }
}

impl Kept {
    fn of(read: roll::Read) -> Self {
        let reported = |entry: &Entry| {
            entry.abnormal.zip(entry.late).map(|(abnormal, late)| Reported { abnormal, late })
        };
        let reported = read.entries.iter().map(reported).collect();
        let person = |entry: Entry| Person {
            id: entry.person_id,
            number: entry.number.into(),
            path: [Some(entry.department_id), entry.class_id, entry.grade_id, entry.college_id],
        };
        let in_order: Vec<Person> = read.entries.into_iter().map(person).collect();
        let places = in_order.iter().enumerate().map(|(place, person)| (person.id, place)).collect();
        let named = read.departments.into_iter().enumerate();
        let departments =
            named.map(|(at, department)| (department.department_id, (at, department.name))).collect();
        Self { horizon: read.horizon, people: Arc::new(People { in_order, places, departments }), reported }
    }

    fn with(&self, horizon: Horizon, reports: &[roll::Reported]) -> Self {
        let mut reported = self.reported.clone();
        if !reports.is_empty() {
            let marks = Arc::make_mut(&mut reported);
            for report in reports {
                // Whoever is not expected may have reported all the same.
                if let Some(mark) =
                    self.people.places.get(&report.person_id).and_then(|at| marks.get_mut(*at))
                {
                    *mark = Some(Reported { abnormal: report.abnormal, late: report.late });
                }
            }
        }
        Self { horizon, people: self.people.clone(), reported }
    }
}

/// The part of a roll that somebody may see, as it is now.
#[derive(Debug, Clone)]
pub(crate) struct Roll {
    kept: Arc<Kept>,
    scope: Scope,
    under: Option<DepartmentId>,
}

impl Roll {
    /// Those in `scope` alone.
    pub fn seen_in(&self, scope: Scope) -> Self {
        Self { scope, ..self.clone() }
    }

    /// Everybody, by student or staff number in the order of bytes, with what they have reported.
    pub fn people(&self) -> impl Iterator<Item = (&Person, Option<Reported>)> {
        let kept = &*self.kept;
        let is_seen = |person: &Person| {
            self.scope.covers(&person.path)
                && self.under.is_none_or(|under| person.path.contains(&Some(under)))
        };
        let all = kept.people.in_order.iter().zip(kept.reported.iter().copied());
        all.filter(move |(person, _)| is_seen(person))
    }

    /// One count for all.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, reported) in self.people() {
            count(&mut counts, reported);
        }
        counts
    }

    /// Counts by department of one kind, in the directory's order.
    pub fn by(&self, by: By) -> Vec<Row> {
        let mut counted: HashMap<Option<DepartmentId>, Counts> = HashMap::new();
        for (person, reported) in self.people() {
            let [department, class, grade, college] = person.path;
            let group = match by {
                By::College => college,
                By::Grade => grade,
                By::Class => class,
                By::Department => college.or(department),
            };
            count(counted.entry(group).or_default(), reported);
        }
        let departments = &self.kept.people.departments;
        let mut rows: Vec<_> = counted
            .into_iter()
            .map(|(id, counts)| {
                let found = id.and_then(|id| Some((id, departments.get(&id)?)));
                // Those without one come last.
                let at = found.map_or(usize::MAX, |(_, (at, _))| *at);
                (at, Row { department: found.map(|(id, (_, name))| (id, name.clone())), counts })
            })
            .collect();
        rows.sort_by_key(|(at, _)| *at);
        rows.into_iter().map(|(_, row)| row).collect()
    }
}

fn count(counts: &mut Counts, reported: Option<Reported>) {
    counts.expected += 1;
    if let Some(reported) = reported {
        counts.reported += 1;
        counts.abnormal += i64::from(reported.abnormal);
        counts.late += i64::from(reported.late);
    }
}

/// The roll a question is about. Read anew by one where the roster changed, while the others who ask for it wait. Not for a
/// transaction that has itself changed reports or the roster: what it wrote would be shown to others before it is committed.
pub(crate) async fn of(app: &App, tx: &mut Scoped, question: &Question) -> Result<Roll> {
    let Question { corp, form_id, audience, day, period, scope, under, person } = question;
    if person.is_some() {
        return Err(Error::internal("a roll of one person"));
    }
    let key = format!("{corp} {form_id} {day} {period:?} {audience:?}");
    let everybody = Question { scope: Scope::School, under: None, ..question.clone() };
    let up_to_date = app
        .rolls()
        .0
        .entry(key)
        .and_try_compute_with(|entry| async {
            if let Some(kept) = entry.map(moka::Entry::into_value)
                && let Since::Reports(horizon, reports) = roll::since(tx, &everybody, kept.horizon).await?
            {
                return Ok::<_, store::Error>(Op::Put(Arc::new(kept.with(horizon, &reports))));
            }
            Ok(Op::Put(Arc::new(Kept::of(roll::read(tx, &everybody).await?))))
        })
        .await?;
    match up_to_date {
        CompResult::Inserted(entry) | CompResult::ReplacedWith(entry) => {
            Ok(Roll { kept: entry.into_value(), scope: scope.clone(), under: *under })
        }
        _ => Err(Error::internal("a roll that was not kept")),
    }
}
