//! Making an export: pages of rows from the store, cells, a workbook, sealed pieces, and a note for everybody it names.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use domain::{
    PersonId,
    export::{Column, Dataset, Definition},
    phone,
    policy::Viewer,
    reading::Reading,
};
use rust_xlsxwriter::XlsxError;
use store::{
    AsyncPgConnection, Scoped, departments, exemptions,
    export_rows::{self, ExemptionRow, Key, PersonRow, Question},
    exports::{self, Export, Made, Naming, chunk_place, chunk_row},
    unreported::phone_place,
    words::Words,
};
use tokio::sync::{mpsc, oneshot};

use super::{
    Cell, LIFE, Rights,
    cells::{self, Paths},
    checked, definition_of,
    figures::{self, Listed},
    purpose, sheet,
};
use crate::{App, Error, Result, School, reading_budgets};

/// Rows of a page. Rows by number are read along an index; in another order each page sorts the school once more. Two
/// pages are in memory at once: one being read and one being written.
const PAGE_BY_NUMBER: i64 = 1_000;
const PAGE_SORTED: i64 = 5_000;
/// People who are noted at once: those of a whole school would stand in memory with a sealed purpose each.
const NOTED_AT_ONCE: usize = 1_000;
/// Longer than any page or statement of an export works.
const LONGEST_REST: Duration = Duration::from_millis(250);
/// How nice the thread that writes a workbook is (0 to 19): whoever reports meanwhile goes first.
const NICENESS: i32 = 10;

/// How much of somebody is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A look at the first rows: nothing anybody answered, and not why anybody is exempt. Nobody is told of it but whoever is shown to
    /// be abnormal, or where they are.
    Preview,
    /// A file, phones masked.
    Masked,
    /// A file with phones in full.
    FullPhones,
}

/// The rows of a definition, page by page.
pub(crate) struct Rows<'a> {
    app: &'a App,
    school: &'a School,
    definition: Definition,
    rights: Rights,
    question: Question,
    shown: Shown,
    paths: Paths,
    after: Option<Key>,
    /// After which row the next page of a list begins that has a key of its own.
    listed_after: Option<String>,
    over: bool,
    /// Rows given so far.
    pub(crate) given: i64,
    /// Whom they name, and whether their full phone was among it.
    pub(crate) named: BTreeMap<PersonId, bool>,
    /// Whose reports they show to be abnormal.
    pub(crate) abnormal: Vec<PersonId>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(
        app: &'a App,
        school: &'a School,
        definition: Definition,
        rights: Rights,
        shown: Shown,
    ) -> Self {
        let question = Question {
            corp: school.corp(),
            day: school.today(app.now()),
            scope: rights.scope.clone(),
            filters: definition.filters.clone(),
            order: definition.order,
        };
        Self {
            app,
            school,
            definition,
            rights,
            question,
            shown,
            paths: Paths::default(),
            after: None,
            listed_after: None,
            over: false,
            given: 0,
            named: BTreeMap::new(),
            abnormal: Vec::new(),
        }
    }

    fn listed(&self) -> Listed<'_> {
        let (definition, scope) = (&self.definition, &self.rights.scope);
        let answers = self.shown != Shown::Preview;
        Listed { app: self.app, school: self.school, definition, scope, answers }
    }

    /// Reads the tree, where a column shows paths.
    pub(crate) async fn load_departments(&mut self, tx: &mut AsyncPgConnection) -> Result<()> {
        if self.shows(Column::Path) {
            self.paths = Paths::new(departments::all(tx, self.question.corp).await?);
        }
        Ok(())
    }

    fn shows(&self, column: Column) -> bool {
        self.definition.columns.iter().any(|chosen| chosen.column == column)
    }

    /// What they are rows of.
    pub(crate) fn dataset(&self) -> Dataset {
        self.definition.dataset
    }

    fn not_activated(&self) -> bool {
        self.definition.dataset == Dataset::Registration
    }

    /// How many rows there are.
    pub(crate) async fn count(&self, tx: &mut Scoped) -> Result<i64> {
        Ok(match self.definition.dataset {
            Dataset::People | Dataset::Registration => {
                export_rows::count_people(tx, &self.question, self.not_activated()).await?
            }
            Dataset::Exemptions => export_rows::count_exemptions(tx, &self.question).await?,
            Dataset::Classes => {
                i64::try_from(export_rows::classes(tx, &self.question).await?.len()).unwrap_or(i64::MAX)
            }
            Dataset::ReportPeople
            | Dataset::Trips
            | Dataset::Passages
            | Dataset::Outsiders
            | Dataset::Usage
            | Dataset::UsageConsole
            | Dataset::Portal
            | Dataset::ReportAnswers => self.listed().count(tx).await?,
            Dataset::ReportTable
            | Dataset::ReportCategories
            | Dataset::ReportSpan
            | Dataset::Movements
            | Dataset::PassageTable => {
                i64::try_from(figures::all(self.listed(), tx).await?.len()).unwrap_or(i64::MAX)
            }
        })
    }

    /// Rows of a page that is as large as it should be.
    fn page_size(&self) -> i64 {
        match self.definition.order {
            domain::export::Order::Number => PAGE_BY_NUMBER,
            _ => PAGE_SORTED,
        }
    }

    /// The next rows, at most `limit`; none: there are no more.
    pub(crate) async fn next(&mut self, tx: &mut Scoped, limit: i64) -> Result<Vec<Vec<Cell>>> {
        if self.over {
            return Ok(Vec::new());
        }
        let first = self.given;
        let (mut cells, after): (Vec<Vec<Cell>>, Option<Key>) = match self.definition.dataset {
            Dataset::People | Dataset::Registration => {
                let after = self.after.as_ref();
                let rows =
                    export_rows::people(tx, &self.question, self.not_activated(), after, limit).await?;
                let mut cells = Vec::with_capacity(rows.len());
                for (index, row) in (first + 1..).zip(&rows) {
                    let phone = self.phone(row)?;
                    let of = |column| cells::of_person(row, column, index, phone.as_deref(), &self.paths);
                    cells.push(self.definition.columns.iter().map(|chosen| of(chosen.column)).collect());
                }
                (cells, rows.last().map(PersonRow::key))
            }
            Dataset::Exemptions => {
                let rows = export_rows::exemptions(tx, &self.question, self.after.as_ref(), limit).await?;
                let corp = self.question.corp;
                let opens = self.shown != Shown::Preview && self.shows(Column::Reason);
                let mut cells = Vec::with_capacity(rows.len());
                for (index, row) in (first + 1..).zip(&rows) {
                    self.named.entry(row.person_id).or_default();
                    let words = Words { corp, person: row.person_id, at: row.granted_at };
                    let keyring = self.app.store().keyring();
                    let open = || words.open(keyring, exemptions::reason_place, &row.reason);
                    let reason = opens.then(open).transpose()?;
                    let of = |column| {
                        cells::of_exemption(row, reason.as_deref(), column, index, self.question.day)
                    };
                    cells.push(self.definition.columns.iter().map(|chosen| of(chosen.column)).collect());
                }
                (cells, rows.last().map(ExemptionRow::key))
            }
            Dataset::Classes => {
                self.over = true;
                let rows = export_rows::classes(tx, &self.question).await?;
                let cells = (first + 1..).zip(&rows).map(|(index, row)| {
                    let of = |column| cells::of_class(row, column, index, &self.paths);
                    self.definition.columns.iter().map(|chosen| of(chosen.column)).collect()
                });
                (cells.collect(), None)
            }
            Dataset::ReportPeople
            | Dataset::Trips
            | Dataset::Passages
            | Dataset::Outsiders
            | Dataset::Usage
            | Dataset::UsageConsole
            | Dataset::Portal
            | Dataset::ReportAnswers => {
                let page = self.listed().page(tx, self.listed_after.as_deref(), first, limit).await?;
                self.over = page.next.is_none();
                self.listed_after = page.next;
                for person in page.named {
                    self.named.entry(person).or_default();
                }
                // Of a file, which notes everybody it names, nobody needs them.
                if self.shown == Shown::Preview {
                    self.abnormal.extend(page.abnormal);
                }
                (page.rows, None)
            }
            Dataset::ReportTable
            | Dataset::ReportCategories
            | Dataset::ReportSpan
            | Dataset::Movements
            | Dataset::PassageTable => {
                self.over = true;
                (figures::all(self.listed(), tx).await?, None)
            }
        };
        self.given += i64::try_from(cells.len()).unwrap_or(0);
        for row in &mut cells {
            for (cell, chosen) in row.iter_mut().zip(&self.definition.columns) {
                cell.rewrite(chosen);
            }
        }
        if after.is_some() {
            self.after = after;
        }
        Ok(cells)
    }

    /// What may be shown of somebody's phone. Notes that they are named.
    fn phone(&mut self, row: &PersonRow) -> Result<Option<String>> {
        let named = self.named.entry(row.person_id).or_default();
        let wanted = self.definition.has_phones()
            && self.rights.phones.covers(&[row.department_id, row.class_id, row.grade_id, row.college_id]);
        let Some(sealed) = row.phone.as_ref().filter(|_| wanted) else { return Ok(None) };
        let place = phone_place(self.question.corp, &row.number);
        let opened = self.app.store().keyring().open(place, sealed)?;
        let phone = String::from_utf8_lossy(&opened).into_owned();
        if self.shown == Shown::FullPhones {
            *named = true;
            return Ok(Some(phone));
        }
        Ok(Some(phone::mask(&phone)))
    }
}

/// Makes the file of an export and keeps it, with a note for everybody it names. Errors of the viewer's (rights that have
/// ended) are told from those worth another try.
pub(crate) async fn make(app: &App, school: &School, export: &Export, viewer: &Viewer) -> Result<()> {
    let corp = school.corp();
    let (definition, rights) = checked(viewer, definition_of(&export.definition)?)?;
    let full = export.phones == "full";
    if full && rights.phones.is_empty() {
        return Err(Error::Forbidden);
    }
    let purpose = purpose(app, school, export)?;
    let layout = layout(school, export, &definition, purpose.clone());
    let shown = if full { Shown::FullPhones } else { Shown::Masked };
    let mut rows = Rows::new(app, school, definition, rights, shown);
    let (sender, receiver) = mpsc::channel(1);
    let writer = written(layout, receiver);
    let mut tx = app.store().scoped(corp).await?;
    rows.load_departments(&mut tx).await?;
    let total = rows.count(&mut tx).await?;
    fits(total)?;
    exports::progress(&mut tx, corp, export.export_id, 0, total).await?;
    tx.commit().await?;
    loop {
        // A page is read when the last one is being written, not before.
        let place =
            sender.reserve().await.map_err(|_| Error::internal("the workbook could not be written"))?;
        let began = Instant::now();
        let mut tx = app.store().scoped(corp).await?;
        let limit = rows.page_size();
        let page = rows.next(&mut tx, limit).await?;
        exports::progress(&mut tx, corp, export.export_id, rows.given, total.max(rows.given)).await?;
        tx.commit().await?;
        if page.is_empty() {
            break;
        }
        place.send(page);
        rest(began).await;
    }
    drop(sender);
    let file = writer.await.map_err(|error| Error::internal(error.to_string()))?;
    let file = file.map_err(|error| Error::Internal("workbook".into(), Some(Box::new(error))))?;
    keep(app, school, (export, purpose.as_str()), viewer, &rows, &file).await
}

/// Rests as long as the work since then took: an export, however large, keeps the database and a core busy half of the time,
/// and whoever reports meanwhile has the other half. Not longer where it waited rather than worked.
async fn rest(worked_since: Instant) {
    tokio::time::sleep(worked_since.elapsed().min(LONGEST_REST)).await;
}

/// The workbook, written by a thread of its own, which may be nice: one of the pool would stay so for its next work.
fn written(
    layout: sheet::Layout,
    pages: mpsc::Receiver<Vec<Vec<Cell>>>,
) -> oneshot::Receiver<std::result::Result<sheet::Pieces, XlsxError>> {
    let (done, file) = oneshot::channel();
    std::thread::spawn(move || {
        // Of this thread alone, on Linux. Where it is refused the workbook is written all the same; the units of
        // deploy/production allow it.
        let _ = rustix::process::setpriority_process(None, NICENESS);
        let _ = done.send(sheet::write(&layout, pages));
    });
    file
}

/// Rows of a sheet at most: a workbook holds 1,048,576 lines.
const MOST_ROWS: i64 = 1_000_000;
/// What it says where there are more.
pub(crate) const TOO_MANY: &str = "超过 100 万行，一张表放不下，请缩短日期或选一个部门";

/// Whether a sheet of so many rows can be made.
pub(crate) fn fits(rows: i64) -> Result<()> {
    if rows > MOST_ROWS { Err(Error::Overtaken(TOO_MANY.into())) } else { Ok(()) }
}

async fn keep(
    app: &App,
    school: &School,
    (export, purpose): (&Export, &str),
    viewer: &Viewer,
    rows: &Rows<'_>,
    file: &sheet::Pieces,
) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let people = i64::try_from(rows.named.len()).unwrap_or(i64::MAX);
    let tx = app.store().scoped(corp).await?;
    // First, so that who may not have it costs nothing, and by when it was asked for: a queue makes no night of a day.
    let (reading, asked_at) = (Reading::Exported, export.made_at);
    let mut tx = reading_budgets::spend(app, school, viewer, tx, reading, people, asked_at).await?;
    let mut chunks = 0;
    for piece in file.iter() {
        let began = Instant::now();
        let row = chunk_row(export.export_id, chunks);
        let sealed = app.store().keyring().seal(chunk_place(corp, &row), piece)?;
        exports::put_chunk(&mut tx, corp, export.export_id, chunks, &sealed).await?;
        chunks += 1;
        rest(began).await;
    }
    let (with_phone, without): (Vec<_>, Vec<_>) = rows.named.iter().partition(|(_, full)| **full);
    let ids = |people: Vec<(&PersonId, &bool)>| people.into_iter().map(|(id, _)| *id).collect::<Vec<_>>();
    let (with_phone, without) = (ids(with_phone), ids(without));
    for (field, people) in [("export_phone", &with_phone), ("export", &without)] {
        let naming = Naming { field, purpose, at: now };
        for some in people.chunks(NOTED_AT_ONCE) {
            let began = Instant::now();
            exports::note_people(&mut tx, app.store().keyring(), corp, export, naming, some).await?;
            rest(began).await;
        }
    }
    let made = Made {
        rows: rows.given,
        people: rows.named.len(),
        full_phones: with_phone.len(),
        size_bytes: i64::try_from(file.len()).unwrap_or(i64::MAX),
        chunks,
        at: now,
        expires_at: now + LIFE,
        rights: rows.rights.kept(&export.phones),
    };
    // False: another worker was faster, and this transaction with its notes is dropped.
    if exports::finish(&mut tx, corp, export.export_id, made).await? {
        tx.commit().await?;
    }
    Ok(())
}

fn layout(school: &School, export: &Export, definition: &Definition, purpose: String) -> sheet::Layout {
    let headings = definition.columns.iter();
    sheet::Layout {
        name: export.name.clone(),
        school: school.corp.name.clone(),
        headings: headings
            .map(|chosen| sheet::Heading { title: chosen.title.clone(), width: chosen.column.width() })
            .collect(),
        maker: export.maker.clone(),
        at: export.made_at.with_timezone(&school.zone).naive_local(),
        purpose,
        phones: match export.phones.as_str() {
            "full" => "完整号码",
            "masked" => "已隐去中间几位",
            _ => "不含电话",
        },
    }
}
