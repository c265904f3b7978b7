//! 核对: another authority's list of who has reported there, beside what stands here.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    DepartmentId, clock,
    policy::{Action, Scope, Viewer},
    portal::{self, Comparison, Names, Which},
};
use store::{
    Scoped,
    expected::Question,
    portal::{
        Row,
        lists::{self as rows, Compared, NewList},
    },
    statistics::By,
};

pub use store::portal::lists::{List, Person, Unit};

use super::{find, may_manage};
use crate::{
    App, Error, Page, Result, School,
    roster::{ImportError, table::Table},
};

/// Unknown numbers named at most.
const UNKNOWN: usize = 200;

/// Of which entry, day and department.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The entry.
    pub entry: i64,
    /// The day; today if left out.
    pub day: Option<NaiveDate>,
    /// Only those counted under this department.
    pub department: Option<DepartmentId>,
}

/// Whom an entry was for on a day, of those in a scope, and with what it is compared.
pub(crate) async fn asked_in(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    scope: Scope,
    asked: Asked,
) -> Result<(Row, Question, Compared)> {
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let today = school.today(app.now());
    let day = asked.day.unwrap_or(today);
    if clock::parse_day(&day.to_string()).is_none() || day > today {
        return Err(Error::field("day", "请选择今天或以前的日期，例如 2020-03-04"));
    }
    // Who opened it and who was on lists is forgotten by then: everybody would seem to be missing.
    if today.checked_sub_days(Days::new(portal::KEPT_DAYS)).is_some_and(|first| day < first) {
        return Err(Error::field(
            "day",
            format!("只保留最近 {} 天的核对，请选择更近的日期", portal::KEPT_DAYS),
        ));
    }
    let row = find(tx, asked.entry).await?;
    let audience = row.audience();
    let of_roster = Question::of_roster(school.corp(), day, audience.kinds.clone(), scope);
    let question = Question { audience, under: asked.department, ..of_roster };
    let compared = Compared { entry_id: row.entry_id, form_id: row.form_id };
    Ok((row, question, compared))
}

/// A day of an entry.
#[derive(Debug, Clone)]
pub struct Found {
    /// The day.
    pub day: NaiveDate,
    /// The hour this was true.
    pub as_of: DateTime<Utc>,
    /// The code of the form it is compared with; none: who opened the entry.
    pub form: Option<String>,
    /// The day's list; none: there is none yet.
    pub list: Option<List>,
    /// By department, in the directory's order.
    pub rows: Vec<Unit>,
    /// Their sum.
    pub total: Comparison,
    /// How many a reminder of the viewer's would tell: it is of those they answer for, who may be fewer than they count.
    pub to_remind: i64,
}

/// Who is left, and by which list of the day: not on it; where there is none, not here.
pub(super) fn left(list: Option<&List>) -> (Which, i32) {
    list.map_or((Which::NotHere, 0), |list| (Which::NotThere, list.list_no))
}

/// A day of an entry, of those the viewer counts.
pub async fn comparison(app: &App, school: &School, viewer: &Viewer, asked: Asked, by: By) -> Result<Found> {
    let mut tx = app.store().reading(school.corp()).await?;
    let scope = viewer.scope(Action::SeeStatistics);
    let (row, question, compared) = asked_in(app, &mut tx, school, scope, asked).await?;
    let list = rows::find(&mut tx, school.corp(), row.entry_id, question.day).await?;
    let units = rows::by(&mut tx, &question, compared, by).await?;
    let total = units.iter().map(|unit| unit.counts).sum();
    let day = question.day;
    let scope = viewer.scope(Action::Remind);
    let to_remind = if scope.is_empty() {
        0
    } else {
        let question = Question { scope, ..question };
        rows::count_to_remind(&mut tx, &question, compared, left(list.as_ref())).await?
    };
    tx.commit().await?;
    Ok(Found { day, as_of: app.now(), form: row.form, list, rows: units, total, to_remind })
}

/// The people behind a number, by number; `after` is the last page's `next`.
pub async fn people(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked,
    which: Which,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<Person>> {
    let mut tx = app.store().reading(school.corp()).await?;
    let scope = viewer.scope(Action::SeePeople);
    let (page, _) = people_in(app, &mut tx, school, scope, (asked, which), after, limit).await?;
    tx.commit().await?;
    Ok(page)
}

/// What somebody is compared by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Basis {
    /// The reports of a form; otherwise who opened the entry.
    pub(crate) by_form: bool,
    /// There is a list of the day.
    pub(crate) listed: bool,
}

/// The same in a transaction, for those in a scope.
pub(crate) async fn people_in(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    scope: Scope,
    (asked, which): (Asked, Which),
    after: Option<&str>,
    limit: i64,
) -> Result<(Page<Person>, Basis)> {
    let (row, question, compared) = asked_in(app, tx, school, scope, asked).await?;
    let list = rows::find(tx, school.corp(), row.entry_id, question.day).await?;
    let basis = Basis { by_form: compared.form_id.is_some(), listed: list.is_some() };
    let which = (which, list.map_or(0, |list| list.list_no));
    let found = rows::people(tx, &question, compared, which, after, limit + 1).await?;
    Ok((Page::cut(found, limit, |person| person.number.clone()), basis))
}

/// How many they are.
pub(crate) async fn count_in(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    scope: Scope,
    asked: Asked,
    which: Which,
) -> Result<i64> {
    let (_, question, compared) = asked_in(app, tx, school, scope, asked).await?;
    Ok(rows::count(tx, &question, compared, which).await?)
}

/// What a list of theirs does, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brought {
    /// Numbers of the file, each once.
    pub rows: usize,
    /// … of people the entry was for that day.
    pub known: usize,
    /// … of people of ours it was not for.
    pub others: usize,
    /// … that nobody of ours has.
    pub unknown_count: usize,
    /// The first of those.
    pub unknown: Vec<String>,
    /// Every wrong cell; nothing was written while there is one.
    pub errors: Vec<domain::roster::LineError>,
}

fn read(file: &[u8], names: Names) -> Result<Vec<String>, ImportError> {
    let table = Table::read(names.title(), &["number", "name"], &["number"], file)?;
    let mut errors = Vec::new();
    let mut numbers = Vec::with_capacity(table.len());
    for line in table.lines() {
        let number = line.cells.get("number").map_or("", |cell| cell.trim());
        if number.is_empty() || number.len() > 64 || number.chars().any(char::is_control) {
            errors.push(domain::roster::LineError {
                line: line.number,
                column: "number".into(),
                message: "这一行没有学号或工号，请补上或删去这一行".into(),
            });
        }
        numbers.push(number.to_owned());
    }
    table.fail_if_any(errors)?;
    Ok(numbers)
}

/// Refuses whoever may bring no list of another authority's. Asked before the file is read, too: nobody else's is to lie in memory.
pub fn may_bring(viewer: &Viewer) -> Result<()> {
    may_manage(viewer)
}

/// Takes a list of theirs for a day, in the place of the day's last one: all of it, or nothing. With `write` false it is
/// only looked at.
pub async fn bring(
    app: &App,
    school: &School,
    viewer: &Viewer,
    (entry, day): (i64, Option<NaiveDate>),
    names: Names,
    file: Vec<u8>,
    write: bool,
) -> Result<Brought> {
    may_manage(viewer)?;
    let read = tokio::task::spawn_blocking(move || read(&file, names))
        .await
        .map_err(|error| Error::internal(error.to_string()))?;
    let numbers = match read {
        Ok(numbers) => numbers,
        Err(ImportError::Lines { errors, .. }) => return Ok(Brought { errors, ..Brought::default() }),
        Err(error) => return Err(Error::field("file", error.to_string())),
    };
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let mut tx = app.store().scoped(corp).await?;
    let asked = Asked { entry, day, department: None };
    let (row, question, compared) = asked_in(app, &mut tx, school, Scope::School, asked).await?;
    if today.checked_sub_days(portal::LISTED_WITHIN).is_some_and(|first| question.day < first) {
        return Err(Error::field("day", "只能导入最近 60 天的名单，请核对日期"));
    }
    let mut by_key: BTreeMap<String, String> = BTreeMap::new();
    for number in numbers {
        by_key.entry(number.to_lowercase()).or_insert(number);
    }
    let keys: Vec<String> = by_key.keys().cloned().collect();
    let found = rows::named(&mut tx, corp, &keys).await?;
    let people: Vec<i64> = found.iter().map(|(person, _)| *person).collect();
    let ours: BTreeSet<&str> = found.iter().map(|(_, key)| key.as_str()).collect();
    let unknown: Vec<String> = by_key
        .iter()
        .filter(|(key, _)| !ours.contains(key.as_str()))
        .map(|(_, as_written)| as_written.clone())
        .collect();
    let new = NewList {
        entry_id: row.entry_id,
        day: question.day,
        names,
        unknown: unknown.len(),
        by: viewer.member,
        at: now,
    };
    rows::put(&mut tx, &question, new, &people).await?;
    let named = if names == Names::Reported { Which::There } else { Which::NotThere };
    let known = usize::try_from(rows::count(&mut tx, &question, compared, named).await?).unwrap_or_default();
    if write {
        tx.commit().await?;
        tracing::info!(
            corp,
            entry,
            rows = keys.len(),
            unknown = unknown.len(),
            "a list of theirs was taken over"
        );
    }
    Ok(Brought {
        rows: keys.len(),
        known,
        others: people.len().saturating_sub(known),
        unknown_count: unknown.len(),
        unknown: unknown.into_iter().take(UNKNOWN).collect(),
        errors: Vec::new(),
    })
}
