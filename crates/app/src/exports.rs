//! 导出: sheets by template. One is asked for with a purpose, made by a job, kept sealed for a day and fetched by whoever
//! asked, by a ticket and as long as their rights are what they were; the log of them stays.

mod answers;
mod cells;
mod figures;
pub(crate) mod make;
mod sheet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    export::{BUILT_IN, Column, Dataset, Definition, MAX_NAME, MAX_PURPOSE, is_text},
    policy::{Action, Scope, Viewer},
    reading::Reading,
};
use serde_json::{Value, json};
use store::{
    Scoped,
    exports::{self, NewExport, chunk_place, chunk_row, purpose_place},
    jobs as queue, words,
};

pub use answers::{Question, questions};
pub use cells::Cell;
pub use store::exports::Export;

use crate::{
    App, Error, FieldError, Page, Result, School,
    download_tickets::{self, What},
    jobs::make_export,
    reading_budgets::{self, WORK},
    reasons, secret,
};

/// How long a file is kept.
pub(crate) const LIFE: TimeDelta = TimeDelta::hours(24);
/// Exports of one member under way at a time.
const OPEN: i64 = 3;
/// Rows of a preview.
const PREVIEW: i64 = 10;

/// Whose data an export may hold.
#[derive(Debug, Clone)]
pub(crate) struct Rights {
    pub(crate) scope: Scope,
    /// Whose phone may be in it, masked or in full.
    pub(crate) phones: Scope,
}

impl Rights {
    /// As they are kept with a file. `phones`: as in [`NewExport`]; whose there may be counts where there are any.
    pub(crate) fn kept(&self, phones: &str) -> Value {
        let phones = (phones != "none").then(|| self.phones.departments());
        json!({ "departments": self.scope.departments(), "phones": phones })
    }
}

/// What the viewer may export of a dataset; `None`: nothing.
pub(crate) fn rights(viewer: &Viewer, dataset: Dataset) -> Option<Rights> {
    let scope = match dataset {
        Dataset::People | Dataset::Registration => viewer.scope(Action::SeePeople),
        // Classes are figures: administrators, who see no people, have those of the school.
        Dataset::Classes if viewer.may(Action::Administer) => Scope::School,
        Dataset::Classes => viewer.scope(Action::SeePeople),
        // The reason may be about an illness: for those who grant them.
        Dataset::Exemptions => viewer.scope(Action::Exempt),
        Dataset::ReportTable | Dataset::ReportCategories | Dataset::ReportSpan | Dataset::Movements => {
            viewer.scope(Action::SeeStatistics)
        }
        // A guard looks at a screen and takes nothing along, no figures either: whoever sees statistics does.
        Dataset::PassageTable => viewer.scope(Action::SeeStatistics),
        Dataset::ReportPeople | Dataset::Trips | Dataset::Passages | Dataset::Outsiders | Dataset::Portal => {
            viewer.scope(Action::SeePeople)
        }
        Dataset::Usage | Dataset::UsageConsole => viewer.scope(Action::SeePlatform),
        Dataset::ReportAnswers => viewer.scope(Action::SeeAnswers),
    };
    (!scope.is_empty()).then(|| Rights { scope, phones: viewer.scope(Action::RevealPhone) })
}

/// The datasets the viewer may export.
pub fn datasets(viewer: &Viewer) -> Result<Vec<Dataset>> {
    let datasets: Vec<_> =
        Dataset::ALL.into_iter().filter(|dataset| rights(viewer, *dataset).is_some()).collect();
    if datasets.is_empty() { Err(Error::Forbidden) } else { Ok(datasets) }
}

/// A definition as it may be carried out, and the rights it is carried out with.
pub(crate) fn checked(viewer: &Viewer, definition: Definition) -> Result<(Definition, Rights)> {
    let rights = rights(viewer, definition.dataset).ok_or(Error::Forbidden)?;
    let wrong = definition.check();
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    Ok((definition.trimmed(), rights))
}

/// The first rows of a sheet, phones masked.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Its headings.
    pub titles: Vec<String>,
    /// Its first rows.
    pub rows: Vec<Vec<Cell>>,
    /// How many there are.
    pub total: i64,
}

/// What a definition would make. Whoever it shows to be abnormal, or where they are, was looked at, as by the list on the page.
pub async fn preview(app: &App, school: &School, viewer: &Viewer, definition: Definition) -> Result<Preview> {
    let (definition, rights) = checked(viewer, definition)?;
    let titles = definition.columns.iter().map(|chosen| chosen.title.clone()).collect();
    let mut rows = make::Rows::new(app, school, definition, rights, make::Shown::Preview);
    let mut tx = app.store().scoped(school.corp()).await?;
    rows.load_departments(&mut tx).await?;
    let total = rows.count(&mut tx).await?;
    let page = rows.next(&mut tx, PREVIEW).await?;
    let dataset = rows.dataset();
    // As the page that shows the same list records it.
    let what = ("state", if dataset == Dataset::Passages { WORK } else { "statistics" });
    let mut tx = reading_budgets::look_at_list(app, school, viewer, tx, what, rows.abnormal).await?;
    let place = match dataset {
        Dataset::Trips => Some("trip"),
        Dataset::Passages | Dataset::Outsiders => Some("passage"),
        _ => None,
    };
    if let Some(field) = place {
        let named = rows.named.into_keys().collect();
        tx = reading_budgets::look_at_list(app, school, viewer, tx, (field, WORK), named).await?;
    }
    tx.commit().await?;
    Ok(Preview { titles, rows: page.into_iter().take(10).collect(), total })
}

/// An export as it is asked for.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// What the sheet is called.
    pub name: &'a str,
    /// What it holds.
    pub definition: Definition,
    /// What for.
    pub purpose: &'a str,
    /// Phones in full, where the viewer may see them.
    pub full_phones: bool,
}

/// Has an export made. The same `key` is the same export.
pub async fn create(
    app: &App,
    school: &School,
    viewer: &Viewer,
    key: &str,
    wanted: Wanted<'_>,
) -> Result<i64> {
    let (definition, rights) = checked(viewer, wanted.definition)?;
    let mut wrong: Vec<FieldError> = Vec::new();
    let mut say = |field: &str, message: String| wrong.push(FieldError { field: field.into(), message });
    let (name, purpose) = (wanted.name.trim(), wanted.purpose.trim());
    if !is_text(name, MAX_NAME) {
        say("name", format!("请给导出起个名字，1 到 {MAX_NAME} 个字"));
    }
    if !is_text(purpose, MAX_PURPOSE) {
        say("purpose", format!("请写明用途，1 到 {MAX_PURPOSE} 个字；名单里的人可以看到"));
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let phones = match (definition.has_phones(), wanted.full_phones) {
        (false, _) => "none",
        (true, false) => "masked",
        (true, true) if rights.phones.is_empty() => return Err(Error::Forbidden),
        (true, true) => "full",
    };
    let corp = school.corp();
    let now = app.now();
    if definition.dataset.names_people() {
        // Whom it names is known when it is made, and counted then.
        reading_budgets::check(app, school, viewer, Reading::Exported, now).await?;
    }
    let checked_definition = definition;
    let definition = to_value(&checked_definition)?;
    let asked = json!({ "name": name, "definition": definition, "purpose": purpose, "phones": phones });
    let hash = secret::hash(asked.to_string().as_bytes());
    let mut tx = app.store().scoped(corp).await?;
    answers::check(app, &mut tx, &checked_definition).await?;
    let before = exports::open_of(&mut tx, corp, viewer.member).await?;
    let new = NewExport {
        corp,
        by: viewer.member,
        key,
        hash: &hash,
        name,
        definition: &definition,
        purpose,
        phones,
        at: now,
    };
    let id = exports::add(&mut tx, app.store().keyring(), &new).await?.ok_or(Error::KeyReused)?;
    if before >= OPEN && exports::open_of(&mut tx, corp, viewer.member).await? > before {
        return Err(Error::field("purpose", "您有导出正在进行，请等它完成后再导出"));
    }
    queue::add(&mut tx, &make_export::job(corp, id, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    tracing::info!(corp, export = id, phones, "an export was asked for");
    Ok(id)
}

pub(crate) fn to_value(definition: &Definition) -> Result<Value> {
    serde_json::to_value(definition).map_err(|error| Error::internal(error.to_string()))
}

/// Whose exports the viewer may read of; none: everybody's.
fn readable(viewer: &Viewer) -> Result<Option<i64>> {
    match viewer.may(Action::Audit) {
        true => Ok(None),
        false => datasets(viewer).map(|_| Some(viewer.member)),
    }
}

/// An export, with what it is for.
#[derive(Debug, Clone)]
pub struct Logged {
    /// All else.
    pub row: Export,
    /// What for, as it was written.
    pub purpose: String,
}

/// What an export is for, as it was written.
pub(crate) fn purpose(app: &App, school: &School, row: &Export) -> Result<String> {
    let place = purpose_place(school.corp(), &row.purpose_row);
    Ok(words::text(app.store().keyring(), place, &row.purpose)?)
}

/// The log, newest first: of everybody for those who audit, one's own otherwise. `before` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Logged>> {
    let of = readable(viewer)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = exports::list(&mut tx, school.corp(), of, before, limit + 1).await?;
    tx.commit().await?;
    Page::cut(rows, limit, |row| row.export_id.to_string()).try_map(|row| logged(app, school, row))
}

/// One export and how far it is.
pub async fn get(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<Logged> {
    let of = readable(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let row = exports::find(&mut tx, school.corp(), id, of).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    logged(app, school, row)
}

fn logged(app: &App, school: &School, row: Export) -> Result<Logged> {
    let place = purpose_place(school.corp(), &row.purpose_row);
    Ok(Logged { purpose: reasons::shown(app, place, &row.purpose)?, row })
}

/// A file that may be fetched.
#[derive(Debug, Clone)]
pub struct File {
    /// Its export.
    pub export: i64,
    /// As the browser is to call it, in Chinese.
    pub name: String,
    /// In bytes.
    pub size: i64,
    /// How many pieces it has.
    pub chunks: i32,
}

/// What the file of one's own export is [opened](open) by, good for one fetch and for a minute. `session`: the cookie of the one
/// that asks.
pub async fn ticket(app: &App, school: &School, viewer: &Viewer, session: &str, id: i64) -> Result<String> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    file(&mut tx, school, viewer, id, now).await?;
    let ticket = download_tickets::make(&mut tx, corp, session, What::Export, id, now).await?;
    tx.commit().await?;
    Ok(ticket)
}

/// Opens the file a ticket is for, on record.
pub async fn open(app: &App, school: &School, viewer: &Viewer, session: &str, ticket: &str) -> Result<File> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let taken = download_tickets::take(&mut tx, corp, session, What::Export, ticket, now).await?;
    let file = file(&mut tx, school, viewer, taken.subject, now).await?;
    if taken.first {
        exports::note_download(&mut tx, corp, taken.subject, viewer.member, now).await?;
    }
    tx.commit().await?;
    Ok(file)
}

/// What is said where somebody's rights are not those a file was made by.
const OTHER_RIGHTS: &str = "这份文件做好之后，您的数据范围变了，不能再下载；请重新导出，新文件按现在的范围做";

/// The file of one's own export, if it is there and the viewer may still export such data of just those people.
async fn file(
    tx: &mut Scoped,
    school: &School,
    viewer: &Viewer,
    id: i64,
    now: DateTime<Utc>,
) -> Result<File> {
    let found = exports::find(tx, school.corp(), id, Some(viewer.member)).await?.ok_or(Error::NotFound)?;
    let there = found.state == "done" && found.expires_at.is_some_and(|at| at > now);
    let size = found.size_bytes.filter(|_| there).ok_or(Error::NotFound)?;
    let definition = definition_of(&found.definition)?;
    let rights = rights(viewer, definition.dataset).ok_or(Error::Forbidden)?;
    // Wider ones are others too: which people it would hold now, is known when it is made.
    if found.rights != Some(rights.kept(&found.phones)) {
        return Err(Error::Overtaken(OTHER_RIGHTS.to_owned()));
    }
    let day = school.today(found.made_at);
    let name = format!("{}-{}.xlsx", domain::export::sheet_name(&found.name), day.format("%Y%m%d"));
    Ok(File { export: id, name, size, chunks: found.chunks })
}

pub(crate) fn definition_of(kept: &Value) -> Result<Definition> {
    serde_json::from_value(kept.clone()).map_err(|error| Error::internal(error.to_string()))
}

/// One piece of a file that [`open`] gave.
pub async fn piece(app: &App, school: &School, file: &File, chunk_no: i32) -> Result<Vec<u8>> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let sealed = exports::chunk(&mut tx, corp, file.export, chunk_no).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    Ok(app.store().keyring().open(chunk_place(corp, &chunk_row(file.export, chunk_no)), &sealed)?)
}

/// Whether a built-in template has this name: saved ones must have another.
pub(crate) fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|built_in| built_in.name == name)
}

/// Whether a column may be shown to the viewer at all: phones are for those who may call.
pub fn offers(viewer: &Viewer, column: Column) -> bool {
    column != Column::Phone || viewer.may(Action::RevealPhone)
}
