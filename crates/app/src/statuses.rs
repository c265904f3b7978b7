//! 学籍异动: since when somebody is in which class, has left, is back, has which number. What the school says stands beside
//! what the directory shows; every change is on record with its reason, and can be taken back.

mod act;
mod graduation;
mod list;
mod revoke;
mod timeline;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    CorpId,
    policy::{Action, Scope, Viewer},
    roster::{Line, LineError},
    status::StatusLine,
};
use store::{
    Scoped, departments, members,
    persons::{self, Subject},
    statuses::{self, Question},
    words::Words,
};

pub use graduation::{Graduates, Graduation, graduate};
pub use list::{List, Outcome, bring, may_bring};
pub use revoke::revoke;
pub use store::statuses::{PlaceRow, Row};
pub use timeline::{Exempted, Timeline, timeline};

use crate::{
    App, Error, FieldError, Page, Result, School,
    reading_budgets::{self, WORK},
    reasons::{self, Reasoned},
    roster,
};
use act::{By, Wanted};

/// Whose standing the viewer may change.
fn scope(viewer: &Viewer) -> Result<Scope> {
    scope_of(viewer, Action::ChangeStatus)
}

/// Whose standing the viewer may read.
fn readable(viewer: &Viewer) -> Result<Scope> {
    scope_of(viewer, Action::SeeStatus)
}

fn scope_of(viewer: &Viewer, action: Action) -> Result<Scope> {
    let scope = viewer.scope(action);
    if scope.is_empty() { Err(Error::Forbidden) } else { Ok(scope) }
}

/// Which changes are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Only of this kind, as it stands in the database.
    pub kind: Option<&'a str>,
    /// Revoked ones too.
    pub revoked: bool,
}

/// Changes of those the viewer may see, newest first; `before` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    filter: Filter<'_>,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Reasoned<Row>>> {
    let question = Question {
        corp: school.corp(),
        scope: readable(viewer)?,
        today: school.today(app.now()),
        kind: filter.kind.map(str::to_owned),
        person: None,
        revoked: filter.revoked,
    };
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = statuses::list(&mut tx, &question, before, limit + 1).await?;
    let Page { items, next } = Page::cut(rows, limit, |row| row.change_id.to_string());
    note(app, &mut tx, school, viewer, &items, app.now()).await?;
    tx.commit().await?;
    Ok(Page { items: opened(app, school.corp(), items)?, next })
}

/// Records that the reasons of these are shown to somebody else than who wrote them.
async fn note(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    viewer: &Viewer,
    rows: &[Row],
    now: DateTime<Utc>,
) -> Result<()> {
    let others = |row: &&Row| reasons::are_of_others(viewer, row.made_by_member, row.revoke_reason.is_some());
    let people = rows.iter().filter(others).map(|row| row.person_id).collect();
    reading_budgets::note(app, school, viewer, tx, ("status_reason", WORK), people, now).await?;
    Ok(())
}

/// Changes with their reasons.
fn opened(app: &App, corp: CorpId, rows: Vec<Row>) -> Result<Vec<Reasoned<Row>>> {
    let of = |row: &Row| Words { corp, person: row.person_id, at: row.made_at };
    reasons::opened_with_ends(app, statuses::reason_place, statuses::revoke_place, rows, |row| {
        (of(row), &row.reason, row.revoke_reason.as_ref())
    })
}

/// What somebody enters by hand, as text.
#[derive(Clone, Copy)]
pub struct Entered<'a> {
    /// Student or staff number.
    pub number: &'a str,
    /// What changes.
    pub kind: &'a str,
    /// The day from which it holds.
    pub from: &'a str,
    /// The class or department from then on.
    pub place: &'a str,
    /// The number from then on.
    pub new_number: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Records one change.
pub async fn record(app: &App, school: &School, viewer: &Viewer, entered: Entered<'_>) -> Result<()> {
    let scope = scope(viewer)?;
    let cells = [
        ("number", entered.number),
        ("change", entered.kind),
        ("effective", entered.from),
        ("new_place", entered.place),
        ("new_number", entered.new_number),
        ("reason", entered.reason),
    ];
    let cells = cells.into_iter().map(|(column, cell)| (column, cell.trim())).collect();
    let line = StatusLine::read(&Line { number: 1, cells }).map_err(by_field)?;
    if matches!(line.change, domain::status::Change::Exempt(_)) {
        return Err(Error::field("kind", "请假、实习、休学、延期报到请在免报页面登记"));
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let by = By::new(app, school, viewer, "manual", None);
    let wanted = match resolve(&mut tx, school, &scope, vec![line], school.today(now)).await? {
        Ok(wanted) => wanted,
        Err(errors) => return Err(by_field(errors)),
    };
    act::apply(&mut tx, app, school, wanted, by).await?.map_err(by_field)?;
    tx.commit().await?;
    Ok(())
}

/// Puts right how long somebody is on the roster; `until` is the first day no longer on it.
pub async fn correct_stay(
    app: &App,
    school: &School,
    viewer: &Viewer,
    number: &str,
    stay: domain::status::Stay,
    reason: &str,
) -> Result<()> {
    let scope = scope(viewer)?;
    let reason = reason_of(reason)?;
    if stay.until.is_some_and(|until| until <= stay.from) {
        return Err(Error::field("until", "离校日期应晚于到校日期，请核对"));
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let subject = find(&mut tx, school, &scope, number, school.today(now)).await?;
    let by = By::new(app, school, viewer, "manual", None);
    act::correct_stay(&mut tx, school, subject, stay, reason, by).await?;
    tx.commit().await?;
    Ok(())
}

/// Puts right since when somebody is in a class or department.
pub async fn correct_place(
    app: &App,
    school: &School,
    viewer: &Viewer,
    membership: i64,
    from: NaiveDate,
    reason: &str,
) -> Result<()> {
    let scope = scope(viewer)?;
    let reason = reason_of(reason)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let (person, was) = statuses::place_of(&mut tx, corp, membership).await?.ok_or(Error::NotFound)?;
    let today = school.today(now);
    let subject = persons::subject(&mut tx, corp, &scope, person, today).await?.ok_or(Error::NotFound)?;
    let by = By::new(app, school, viewer, "manual", None);
    act::correct_place(&mut tx, school, subject, (was, from), reason, by).await?;
    tx.commit().await?;
    Ok(())
}

fn reason_of(reason: &str) -> Result<&str> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 200 {
        return Err(Error::field("reason", "请写明原因，不超过 200 字"));
    }
    Ok(reason)
}

/// One person of the viewer's; one who is not looks the same as nobody.
async fn find(
    tx: &mut store::Scoped,
    school: &School,
    scope: &Scope,
    number: &str,
    today: NaiveDate,
) -> Result<Subject> {
    let number = number.trim().to_lowercase();
    let found = persons::subjects(tx, school.corp(), scope, &[number], today).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| Error::field("number", "名册里没有这个号码，或不在您的数据范围内，请核对"))
}

/// Whose each line is, and which department it names; all that is wrong is told.
async fn resolve(
    tx: &mut store::Scoped,
    school: &School,
    scope: &Scope,
    lines: Vec<StatusLine>,
    today: NaiveDate,
) -> Result<std::result::Result<Vec<Wanted>, Vec<LineError>>> {
    let numbers: Vec<String> = lines.iter().map(|line| line.number.to_lowercase()).collect();
    let found = persons::subjects(tx, school.corp(), scope, &numbers, today).await?;
    let known: std::collections::HashMap<String, Subject> =
        found.into_iter().map(|one| (one.number.to_lowercase(), one)).collect();
    let departments = roster::load_departments(tx, school.corp()).await.map_err(roster::refused)?;
    let directory = domain::department::Directory::new(departments.iter().map(|(node, kind)| (node, *kind)));
    let (mut wanted, mut errors) = (Vec::with_capacity(lines.len()), Vec::new());
    for line in lines {
        let Some(subject) = known.get(&line.number.to_lowercase()) else {
            errors.push(LineError {
                line: line.line,
                column: "number".into(),
                message: format!("名册里没有“{}”，或不在您的数据范围内，请核对", line.number),
            });
            continue;
        };
        let kind = if subject.kind == "staff" {
            domain::form::PersonKind::Staff
        } else {
            domain::form::PersonKind::Student
        };
        match line.department(&directory, kind) {
            Ok(department) => wanted.push(Wanted { subject: subject.clone(), line, department }),
            Err(error) => errors.push(error),
        }
    }
    Ok(if errors.is_empty() { Ok(wanted) } else { Err(errors) })
}

/// Errors of a line entered by hand, by the fields of the page.
fn by_field(errors: Vec<LineError>) -> Error {
    let field = |column: &str| match column {
        "change" => "kind".to_owned(),
        "effective" => "from".to_owned(),
        "new_place" => "department".to_owned(),
        other => other.to_owned(),
    };
    let errors = errors.into_iter();
    Error::Invalid(
        errors.map(|error| FieldError { field: field(&error.column), message: error.message }).collect(),
    )
}

/// What a change replaced and left, beside the place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The number before.
    pub number_before: Option<String>,
    /// The number from then on.
    pub number_after: Option<String>,
    /// First day and first day no more, before.
    pub stay_before: Option<(NaiveDate, Option<NaiveDate>)>,
    /// … and from then on.
    pub stay_after: Option<(NaiveDate, Option<NaiveDate>)>,
}

/// A class or office somebody can be moved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// WeCom's id.
    pub id: i32,
    /// As a change names it: with what stands above it where the name alone is not enough.
    pub name: String,
    /// `college`, `grade`, `class` or `office`.
    pub kind: String,
}

/// Departments somebody can be moved to or that can graduate, by name.
pub async fn departments(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<Department>> {
    scope(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = departments::open(&mut tx, school.corp()).await?;
    tx.commit().await?;
    let names: std::collections::HashMap<i32, &str> =
        rows.iter().map(|row| (row.department_id, row.name.as_str())).collect();
    let mut items: Vec<Department> = rows
        .iter()
        .filter(|row| row.kind != "school")
        .map(|row| {
            let shared = rows.iter().filter(|other| other.name == row.name).count() > 1;
            let above = row.parent_id.and_then(|id| names.get(&id)).filter(|_| shared);
            let name = above.map_or_else(|| row.name.clone(), |above| format!("{above}/{}", row.name));
            Department { id: row.department_id, name, kind: row.kind.clone() }
        })
        .collect();
    items.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(items)
}
