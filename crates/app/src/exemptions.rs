//! 免报: who need not answer on which days. One at a time or by a list, taken back with a reason.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    CorpId, PersonId,
    exemption::{EXEMPTION_COLUMNS, EXEMPTION_NEEDED, ExemptionKind, ExemptionLine},
    policy::{Action, Scope, Viewer},
    roster::{Line, LineError},
};
use store::{
    Scoped,
    change_sets::{self, Act},
    exemptions::{self, NewExemption, Question},
    members,
    words::Words,
};

pub use store::exemptions::Row;

use crate::{
    App, Error, FieldError, Page, Result, School,
    reading_budgets::{self, WORK},
    reasons::{self, Reasoned},
    roster::{ImportError, table::Table},
};

const LIST: &str = "免报名单";

/// An administrator brings lists for the whole school, as they bring rosters; without seeing anyone's afterwards.
fn scope(viewer: &Viewer, by_list: bool) -> Result<Scope> {
    let scope = viewer.scope(Action::Exempt);
    if by_list && viewer.may(Action::Administer) {
        return Ok(Scope::School);
    }
    if scope.is_empty() { Err(Error::Forbidden) } else { Ok(scope) }
}

/// Exemptions of those the viewer may see, newest first; `before` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    kind: Option<ExemptionKind>,
    past: bool,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Reasoned<Row>>> {
    let question = question(app, school, viewer, kind, past)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = exemptions::list(&mut tx, &question, before, limit + 1).await?;
    let Page { items, next } = Page::cut(rows, limit, |row| row.exemption_id.to_string());
    note(app, &mut tx, school, viewer, &items, app.now()).await?;
    tx.commit().await?;
    Ok(Page { items: opened(app, question.corp, items)?, next })
}

/// Records that the reasons of these are shown to somebody else than who wrote them.
pub(crate) async fn note(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    viewer: &Viewer,
    rows: &[Row],
    now: DateTime<Utc>,
) -> Result<()> {
    let others =
        |row: &&Row| reasons::are_of_others(viewer, row.granted_by_member, row.revoke_reason.is_some());
    let people = rows.iter().filter(others).map(|row| row.person_id).collect();
    reading_budgets::note(app, school, viewer, tx, ("exemption_reason", WORK), people, now).await?;
    Ok(())
}

/// Exemptions with their reasons.
pub(crate) fn opened(app: &App, corp: CorpId, rows: Vec<Row>) -> Result<Vec<Reasoned<Row>>> {
    let of = |row: &Row| Words { corp, person: row.person_id, at: row.granted_at };
    reasons::opened_with_ends(app, exemptions::reason_place, exemptions::revoke_place, rows, |row| {
        (of(row), &row.reason, row.revoke_reason.as_ref())
    })
}

fn question(
    app: &App,
    school: &School,
    viewer: &Viewer,
    kind: Option<ExemptionKind>,
    past: bool,
) -> Result<Question> {
    let scope = scope(viewer, false)?;
    let today = school.today(app.now());
    Ok(Question { corp: school.corp(), scope, today, kind: kind.map(ExemptionKind::as_str), past })
}

/// What somebody enters by hand, as text.
#[derive(Debug, Clone, Copy)]
pub struct Entered<'a> {
    /// Student or staff number.
    pub number: &'a str,
    /// Which.
    pub kind: &'a str,
    /// The first day.
    pub from: &'a str,
    /// The last day; empty: until further notice.
    pub last: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Exempts one person. False when the same exemption stood already.
pub async fn add(app: &App, school: &School, viewer: &Viewer, entered: Entered<'_>) -> Result<bool> {
    let scope = scope(viewer, false)?;
    let cells = [
        ("number", entered.number),
        ("exemption", entered.kind),
        ("from", entered.from),
        ("last", entered.last),
        ("reason", entered.reason),
    ];
    let cells = cells.into_iter().map(|(column, cell)| (column, cell.trim())).collect();
    let line = ExemptionLine::read(&Line { number: 1, cells }).map_err(by_field)?;
    let now = app.now();
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = resolve(&mut tx, school, &scope, &[line], app).await?.map_err(by_field)?;
    let (corp, keyring) = (school.corp(), app.store().keyring());
    let added = exemptions::add(&mut tx, keyring, corp, &rows, "manual", Some(viewer.member), now).await?;
    tx.commit().await?;
    Ok(added == 1)
}

fn by_field(errors: Vec<LineError>) -> Error {
    let field = |column: &str| match column {
        "exemption" => "kind".to_owned(),
        other => other.to_owned(),
    };
    Error::Invalid(
        errors
            .into_iter()
            .map(|error| FieldError { field: field(&error.column), message: error.message })
            .collect(),
    )
}

/// What a list does, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows of the list.
    pub rows: usize,
    /// Exemptions added.
    pub added: usize,
    /// Every wrong cell; nothing was written while there is one.
    pub errors: Vec<LineError>,
}

/// Refuses whoever may bring no list of exemptions. Asked before the file is read, too: nobody else's is to lie in memory.
pub fn may_bring(viewer: &Viewer) -> Result<()> {
    scope(viewer, true).map(drop)
}

/// Exempts everybody of a list: all of it, or nothing. With `write` false it is only looked at.
pub async fn add_list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    file: Vec<u8>,
    write: bool,
) -> Result<Outcome> {
    let scope = scope(viewer, true)?;
    let read = tokio::task::spawn_blocking(move || read(&file))
        .await
        .map_err(|error| Error::internal(error.to_string()))?;
    let lines = match read {
        Ok(lines) => lines,
        Err(ImportError::Lines { errors, .. }) => return Ok(Outcome { errors, ..Outcome::default() }),
        Err(error) => return Err(Error::field("file", error.to_string())),
    };
    let corp = school.corp();
    let now = app.now();
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let rows = match resolve(&mut tx, school, &scope, &lines, app).await? {
        Ok(rows) => rows,
        Err(errors) => return Ok(Outcome { rows: lines.len(), added: 0, errors }),
    };
    let changes = change_sets::begin(&mut tx).await?;
    let keyring = app.store().keyring();
    let added = exemptions::add(&mut tx, keyring, corp, &rows, "list", Some(viewer.member), now).await?;
    if write {
        let title = format!("按名单登记免报 {} 人：新增 {added}", lines.len());
        let act = Act { kind: "exemptions", run_id: None, title: &title, by: Some(viewer.member), at: now };
        change_sets::end(&mut tx, corp, changes, act).await?;
        tx.commit().await?;
    }
    Ok(Outcome { rows: lines.len(), added, errors: Vec::new() })
}

fn read(file: &[u8]) -> Result<Vec<ExemptionLine>, ImportError> {
    let table = Table::read(LIST, &EXEMPTION_COLUMNS, &EXEMPTION_NEEDED, file)?;
    let (mut lines, mut errors) = (Vec::with_capacity(table.len()), Vec::new());
    for line in table.lines() {
        match ExemptionLine::read(&line) {
            Ok(line) => lines.push(line),
            Err(wrong) => errors.extend(wrong),
        }
    }
    table.fail_if_any(errors)?;
    Ok(lines)
}

/// Whose each line is; lines of people who are not on the roster, or not the viewer's, are errors that look the same.
async fn resolve(
    tx: &mut store::Scoped,
    school: &School,
    scope: &Scope,
    lines: &[ExemptionLine],
    app: &App,
) -> Result<Result<Vec<NewExemption>, Vec<LineError>>> {
    let numbers: Vec<String> = lines.iter().map(|line| line.number.to_lowercase()).collect();
    let today = school.today(app.now());
    let named = exemptions::named(tx, school.corp(), scope, &numbers, today).await?;
    let known: HashMap<String, PersonId> =
        named.into_iter().map(|named| (named.number.to_lowercase(), named.person_id)).collect();
    let (mut rows, mut errors) = (Vec::with_capacity(lines.len()), Vec::new());
    for line in lines {
        match known.get(&line.number.to_lowercase()) {
            Some(person) => rows.push(NewExemption {
                person_id: *person,
                kind: line.kind.as_str(),
                from: line.from,
                until: line.until,
                reason: line.reason.clone(),
                approval_no: None,
            }),
            None => errors.push(LineError {
                line: line.line,
                column: "number".into(),
                message: format!("名册里没有“{}”，或不在您的数据范围内，请核对", line.number),
            }),
        }
    }
    Ok(if errors.is_empty() { Ok(rows) } else { Err(errors) })
}

/// Takes an exemption back, as if it had never been; the record of it stays, with the reason.
pub async fn revoke(app: &App, school: &School, viewer: &Viewer, id: i64, reason: &str) -> Result<()> {
    let question = question(app, school, viewer, None, true)?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 200 {
        return Err(Error::field("reason", "请写明撤销原因，不超过 200 字"));
    }
    let keyring = app.store().keyring();
    let mut tx = app.store().scoped(school.corp()).await?;
    if !exemptions::revoke(&mut tx, keyring, &question, id, viewer.member, reason, app.now()).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
