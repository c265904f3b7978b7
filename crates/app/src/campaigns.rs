//! Forms as they are designed and run (表单): listed with their state, drafted, published, scheduled, ended.
//!
//! Offices of the school and administrators design all of them. A college's office sees those of the whole school and
//! designs its own, which ask nobody but its own people.

mod audience;
mod draft;
mod publish;
mod run;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    DepartmentId,
    campaign::CampaignState,
    form::{Cadence, Form},
    policy::{Action, Scope, Viewer},
};
use store::{
    Scoped,
    campaigns::{self, Question, Row},
    form_acts,
};

pub use draft::{New, create, delete, save};
pub use publish::{Outlook, outlook, publish};
pub use run::{end, schedule, take_over};
pub use store::form_acts::Row as Act;

use crate::{
    App, Error, FieldError, Page, Result, School,
    retention::{Ending, Known, ending},
    secret,
};

/// What the viewer designs; those of the whole school are seen with it.
fn question(app: &App, school: &School, viewer: &Viewer) -> Result<Question> {
    let scope = viewer.scope(Action::DesignForms);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    Ok(Question { corp: school.corp(), scope, today: school.today(app.now()) })
}

/// Whether a form of this department, or of the whole school, is the viewer's to change.
fn may_edit(scope: &Scope, department: Option<DepartmentId>) -> bool {
    *scope == Scope::School || department.is_some_and(|department| scope.covers(&[Some(department)]))
}

/// A form of the list.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Its name in URLs.
    pub code: String,
    /// What people read.
    pub title: String,
    /// The newest version; none: never published.
    pub version: Option<i32>,
    /// Since when.
    pub published_at: Option<DateTime<Utc>>,
    /// How far it has come.
    pub state: CampaignState,
    /// The first day it is asked.
    pub starts_on: NaiveDate,
    /// The last.
    pub ends_on: NaiveDate,
    /// Who answers for it; none: it came with Rollcall.
    pub owner: Option<String>,
    /// Whose it is; none: the whole school's.
    pub department: Option<(DepartmentId, String)>,
    /// Why the school asks.
    pub purpose: String,
    /// By what right.
    pub legal_basis: String,
    /// How often it is answered.
    pub cadence: Cadence,
    /// Whether something is drafted that is not published.
    pub has_changes: bool,
    /// Whether the viewer may change it.
    pub may_edit: bool,
    /// How its answers end.
    pub ending: Ending,
}

impl Campaign {
    fn of(school: &School, row: &Row, shown: &Form, question: &Question) -> Self {
        Self {
            ending: ending(&school.retention, known(row), question.today),
            code: row.code.clone(),
            title: shown.title.clone(),
            version: row.version,
            published_at: row.published_at,
            state: CampaignState::of(row.version.is_some(), row.schedule(), question.today),
            starts_on: row.starts_on,
            ends_on: row.ends_on,
            owner: row.owner.clone(),
            department: row.department_id.zip(row.department.clone()),
            purpose: shown.purpose.clone(),
            legal_basis: shown.legal_basis.clone(),
            cadence: shown.cadence.clone(),
            has_changes: row.version.is_some() && row.draft.is_some(),
            may_edit: may_edit(&question.scope, row.department_id),
        }
    }
}

/// What is known of the end of a form's answers.
fn known(row: &Row) -> Known {
    Known {
        ends_on: row.ends_on,
        purged_at: row.purged_at,
        purging: row.purging,
        held_until: row.held_until,
        certificate: row.certificate,
    }
}

/// The forms the viewer may see, newest first, as they are asked now; `before` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    state: Option<CampaignState>,
    text: Option<&str>,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Campaign>> {
    let question = question(app, school, viewer)?;
    let before = read_cursor(before)?;
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = campaigns::list(&mut tx, &question, state, text, before, limit + 1).await?;
    tx.commit().await?;
    Page::cut(rows, limit, |row| row.form_id.to_string()).try_map(|row| {
        let shown = published(&row)?.map_or_else(|| document(&row), Ok)?;
        Ok(Campaign::of(school, &row, &shown, &question))
    })
}

/// A form to be designed.
#[derive(Debug, Clone)]
pub struct Design {
    /// As it stands in the list.
    pub campaign: Campaign,
    /// What is drafted, or else asked.
    pub form: Form,
    /// Which document that is, for saving and publishing exactly what was seen.
    pub digest: String,
    /// What keeps it from being published.
    pub flaws: Vec<FieldError>,
    /// The departments it asks, with their names.
    pub departments: Vec<(DepartmentId, String)>,
}

/// The draft of the form with this code, or its newest version where nothing is drafted.
pub async fn get(app: &App, school: &School, viewer: &Viewer, code: &str) -> Result<Design> {
    let question = question(app, school, viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let design = design(&mut tx, school, &question, code).await?;
    tx.commit().await?;
    Ok(design)
}

async fn design(tx: &mut Scoped, school: &School, question: &Question, code: &str) -> Result<Design> {
    let row = find(tx, question, code, false).await?;
    let shown = published(&row)?.map_or_else(|| document(&row), Ok)?;
    let campaign = Campaign::of(school, &row, &shown, question);
    // What an office of the school has not published yet is nobody else's.
    let form = match published(&row)? {
        Some(published) if !campaign.may_edit => published,
        _ => document(&row)?,
    };
    let flaws = publish::flaws(tx, school, question, &row, &form).await?;
    let departments = audience::named(tx, &form).await?;
    Ok(Design { campaign, digest: digest(&form)?, form, flaws, departments })
}

/// What was done to a form, newest first; `before` is the last page's `next`.
pub async fn acts(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Act>> {
    let question = question(app, school, viewer)?;
    let before = read_cursor(before)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let row = find(&mut tx, &question, code, false).await?;
    let acts = form_acts::list(&mut tx, school.corp(), row.form_id, before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(acts, limit, |act| act.act_id.to_string()))
}

fn read_cursor(before: Option<&str>) -> Result<Option<i64>> {
    before.map(|key| key.parse().map_err(|_| crate::bad_cursor())).transpose()
}

/// A form the viewer may see.
async fn find(tx: &mut Scoped, question: &Question, code: &str, locked: bool) -> Result<Row> {
    // Postgres takes no NUL, and no form is called what is not a name.
    if !crate::forms::is_name(code) {
        return Err(Error::NotFound);
    }
    campaigns::find(tx, question, code, locked).await?.ok_or(Error::NotFound)
}

/// A form the viewer may change, held until the transaction ends.
async fn held(tx: &mut Scoped, question: &Question, code: &str) -> Result<Row> {
    let row = find(tx, question, code, true).await?;
    if may_edit(&question.scope, row.department_id) { Ok(row) } else { Err(Error::NotFound) }
}

fn read(document: &serde_json::Value) -> Result<Form> {
    serde_json::from_value(document.clone())
        .map_err(|error| Error::Internal("a stored form".into(), Some(Box::new(error))))
}

/// The newest version.
fn published(row: &Row) -> Result<Option<Form>> {
    row.definition.as_ref().map(read).transpose()
}

/// What is drafted, or else the newest version.
fn document(row: &Row) -> Result<Form> {
    let document = row.draft.as_ref().or(row.definition.as_ref());
    read(document.ok_or_else(|| Error::internal("a form without a document"))?)
}

/// Whether two documents ask the same; their numbers don't count.
fn same(one: &Form, other: &Form) -> bool {
    Form { version: 0, ..one.clone() } == Form { version: 0, ..other.clone() }
}

/// Tells one document from another, whatever its number.
fn digest(form: &Form) -> Result<String> {
    let bytes = serde_json::to_vec(&Form { version: 0, ..form.clone() })
        .map_err(|error| Error::Internal("a form".into(), Some(Box::new(error))))?;
    let mut digest = hex::encode(secret::hash(&bytes));
    digest.truncate(32);
    Ok(digest)
}
