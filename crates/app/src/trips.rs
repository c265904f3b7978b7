//! 行程: who is away, and where, of those the viewer may see.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    DepartmentId, clock,
    form::PersonKind,
    policy::{Action, Scope, Viewer},
    region,
};
use store::{
    expected::Question,
    trips::{self, Picked},
};

use crate::{
    App, Error, Page, Result, School,
    reading_budgets::{self, WORK},
};

pub use store::trips::TripRow;

/// Which trips.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Only those under way on the day, of everybody the newest.
    pub open: bool,
    /// The day whose roster and trips are meant; today if left out.
    pub day: Option<NaiveDate>,
    /// Only out of this region: the first two, four or six digits of its code.
    pub outside: Option<&'a str>,
    /// Only into this region.
    pub within: Option<&'a str>,
    /// Only those begun on this day or after.
    pub since: Option<NaiveDate>,
    /// Only those counted under this department.
    pub department: Option<DepartmentId>,
}

/// How many people are away, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The day.
    pub day: NaiveDate,
    /// The hour this was true.
    pub as_of: DateTime<Utc>,
    /// People.
    pub people: i64,
    /// Trips; of one person there may be several.
    pub trips: i64,
    /// By province, those with most people first.
    pub provinces: Vec<Province>,
}

/// A province and those who went there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Province {
    /// The first two digits of its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// People.
    pub people: i64,
    /// Trips.
    pub trips: i64,
}

/// The trips the viewer may see, the newest first; `after` is the last page's `next`. Whose they are is on record as a look.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked<'_>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<TripRow>> {
    let mut tx = app.store().scoped(school.corp()).await?;
    let scope = viewer.scope(Action::SeePeople);
    let page = list_in(app, &mut tx, school, scope, asked, after, limit).await?;
    let people = page.items.iter().map(|row| row.person_id).collect();
    let tx = reading_budgets::look_at_list(app, school, viewer, tx, ("trip", WORK), people).await?;
    tx.commit().await?;
    Ok(page)
}

/// The same in a transaction, for those in a scope.
pub(crate) async fn list_in(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    scope: Scope,
    asked: Asked<'_>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<TripRow>> {
    let after = match after {
        None => None,
        Some(text) => Some(key(text).ok_or_else(crate::bad_cursor)?),
    };
    let (question, picked) = question(app, school, scope, asked)?;
    let rows = trips::list(tx, &question, &picked, after, limit + 1).await?;
    Ok(Page::cut(rows, limit, |row| format!("{}/{}", row.left_on, row.report_id)))
}

fn key(text: &str) -> Option<(NaiveDate, i64)> {
    let (day, report) = text.split_once('/')?;
    Some((clock::parse_day(day)?, report.parse().ok()?))
}

/// How many there are, by province.
pub async fn summary(app: &App, school: &School, viewer: &Viewer, asked: Asked<'_>) -> Result<Summary> {
    let mut tx = app.store().reading(school.corp()).await?;
    let found = summary_in(app, &mut tx, school, viewer.scope(Action::SeePeople), asked).await?;
    tx.commit().await?;
    Ok(found)
}

/// The same in a transaction, for those in a scope.
pub(crate) async fn summary_in(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    scope: Scope,
    asked: Asked<'_>,
) -> Result<Summary> {
    let (question, picked) = question(app, school, scope, asked)?;
    let rows = trips::by_province(tx, &question, &picked).await?;
    let all = rows.iter().find(|row| row.prefix.is_none());
    let province = |row: &trips::Province| {
        let code = row.prefix.clone()?;
        let name = region::province(&code).unwrap_or(&code).to_owned();
        Some(Province { code, name, people: row.people, trips: row.trips })
    };
    Ok(Summary {
        day: question.day,
        as_of: app.now(),
        people: all.map_or(0, |row| row.people),
        trips: all.map_or(0, |row| row.trips),
        provinces: rows.iter().filter_map(province).collect(),
    })
}

fn question(app: &App, school: &School, scope: Scope, asked: Asked<'_>) -> Result<(Question, Picked)> {
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    for (name, day) in [("day", asked.day), ("since", asked.since)] {
        if day.is_some_and(|day| clock::parse_day(&day.to_string()).is_none()) {
            return Err(Error::field(name, "请填 1900 到 2199 年之间的日期，例如 2020-03-04"));
        }
    }
    for (name, code) in [("outside", asked.outside), ("within", asked.within)] {
        if code.is_some_and(|code| !is_prefix(code)) {
            return Err(Error::field(name, "请填行政区划代码的前 2、4 或 6 位，例如 41"));
        }
    }
    let day = asked.day.unwrap_or_else(|| school.today(app.now()));
    let kinds = vec![PersonKind::Student, PersonKind::Staff];
    let everybody = Question::of_roster(school.corp(), day, kinds, scope);
    let question = Question { under: asked.department, ..everybody };
    let picked = Picked {
        open_on: asked.open.then_some(day),
        outside: asked.outside.map(str::to_owned),
        within: asked.within.map(str::to_owned),
        since: asked.since,
    };
    Ok((question, picked))
}

fn is_prefix(code: &str) -> bool {
    matches!(code.len(), 2 | 4 | 6) && code.bytes().all(|byte| byte.is_ascii_digit())
}
