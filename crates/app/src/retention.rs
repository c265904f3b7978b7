//! 保存期限: when answers are hidden and purged, who holds them, and the certificates of what went.

mod certificate;
mod departed;
mod holds;
mod month_keys;
mod purge;
mod record;
mod withdrawn;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    CorpId,
    policy::{Action, Viewer},
    retention::{Class, Retention, Stage},
};
use store::retention::{self as rows, Form, Run};

pub use certificate::{Proven, verify};
pub use holds::{hold, lift};
pub(crate) use purge::{Went, some};
pub use purge::{part, run};
pub use store::retention::{Certified, Hold};

use crate::{App, Error, Page, Result, School};

/// Between two parts of what ends others have their turn.
const PAUSE: Duration = Duration::from_millis(40);

/// The day later than which the last of a campaign must be for its answers to be shown: of others they are hidden from everybody.
pub(crate) fn shown_after(app: &App, corp: CorpId) -> Result<NaiveDate> {
    let school = app.school(corp)?;
    Ok(school.retention.shown_after(school.today(app.now())))
}

/// Whether a note may be written beside the answers of a campaign with this last day: not where they are hidden. Nobody would read it, and
/// the purge that ends it may be over.
pub(crate) fn may_be_noted(app: &App, corp: CorpId, ends_on: NaiveDate) -> Result<()> {
    if ends_on > shown_after(app, corp)? {
        return Ok(());
    }
    Err(Error::field("note", "这张表单已到保存期限，答案和备注都已隐藏，不再收备注；不写备注的仍可提交"))
}

/// How a campaign's answers end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// How far that is.
    pub stage: Stage,
    /// How many days after its last day they are kept.
    pub kept_days: i64,
    /// The first day nobody is shown them, by the last day as it is now.
    pub hidden_on: NaiveDate,
    /// The day by whose beginning they are gone.
    pub gone_by: NaiveDate,
    /// The same two were the form ended now.
    pub if_ended_now: (NaiveDate, NaiveDate),
    /// The last day somebody holds them.
    pub held_until: Option<NaiveDate>,
    /// When they were purged.
    pub purged_at: Option<DateTime<Utc>>,
    /// The purge that has a certificate.
    pub certificate: Option<i64>,
}

/// What is known of the end of a form's answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// The last day.
    pub ends_on: NaiveDate,
    /// When they were purged.
    pub purged_at: Option<DateTime<Utc>>,
    /// Whether a purge goes on.
    pub purging: bool,
    /// The last day of the longest hold, past or to come.
    pub held_until: Option<NaiveDate>,
    /// The last purge with a certificate.
    pub certificate: Option<i64>,
}

/// How a campaign's answers end, on a day.
pub(crate) fn ending(retention: &Retention, known: Known, today: NaiveDate) -> Ending {
    let Known { ends_on, purged_at, purging, held_until, certificate } = known;
    let held_until = held_until.filter(|until| *until >= today && !purging);
    let is_hidden = ends_on <= retention.shown_after(today);
    let yesterday = today.pred_opt().unwrap_or(today);
    Ending {
        stage: Stage::of(is_hidden, purged_at.is_some(), held_until.is_some()),
        kept_days: retention.classes.answers.days,
        hidden_on: retention.hidden_on(ends_on),
        gone_by: retention.gone_by(ends_on),
        if_ended_now: (retention.hidden_on(yesterday), retention.gone_by(yesterday)),
        held_until,
        purged_at,
        certificate,
    }
}

fn may_see(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::SeeRetention) { Ok(()) } else { Err(Error::Forbidden) }
}

/// A class of what is held, and when it was last looked through.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its name.
    pub name: &'static str,
    /// How long it is kept.
    pub class: Class,
    /// None: it was not looked through yet.
    pub run: Option<Run>,
}

/// The school's schedule.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Version of the file it is made by.
    pub version: String,
    /// Class by class.
    pub classes: Vec<Kept>,
    /// Whether the viewer may hold forms.
    pub may_hold: bool,
}

/// The schedule, and what came of it.
pub async fn overview(app: &App, school: &School, viewer: &Viewer) -> Result<Overview> {
    may_see(viewer)?;
    let mut tx = app.store().reading(school.corp()).await?;
    let runs = rows::runs(&mut tx, school.corp()).await?;
    tx.commit().await?;
    let retention = &school.retention;
    let classes = retention.classes.all().into_iter().map(|(name, class)| Kept {
        name,
        class: class.clone(),
        run: runs.iter().find(|run| run.class == name).cloned(),
    });
    Ok(Overview {
        version: retention.version.clone(),
        classes: classes.collect(),
        may_hold: viewer.may(Action::HoldRecords),
    })
}

/// A published form, and how its answers end.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its name in URLs.
    pub code: String,
    /// What people read.
    pub title: String,
    /// The first day it is asked.
    pub starts_on: NaiveDate,
    /// The last.
    pub ends_on: NaiveDate,
    /// How its answers end.
    pub ending: Ending,
}

fn planned(school: &School, form: &Form, today: NaiveDate) -> Planned {
    let known = Known {
        ends_on: form.ends_on,
        purged_at: form.purged_at,
        purging: form.purging,
        held_until: form.held_until,
        certificate: form.certificate,
    };
    Planned {
        code: form.code.clone(),
        title: form.title.clone(),
        starts_on: form.starts_on,
        ends_on: form.ends_on,
        ending: ending(&school.retention, known, today),
    }
}

/// Forms and how their answers end, the newest first; `before` is the last page's `next`.
pub async fn forms(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Planned>> {
    may_see(viewer)?;
    let before = read_cursor(before)?;
    let today = school.today(app.now());
    let mut tx = app.store().reading(school.corp()).await?;
    let found = rows::forms(&mut tx, school.corp(), today, before, limit + 1).await?;
    tx.commit().await?;
    Page::cut(found, limit, |form| form.form_id.to_string()).try_map(|form| Ok(planned(school, &form, today)))
}

/// Every form and how its answers end, without purging anything.
pub async fn plan(app: &App, school: &School) -> Result<Vec<Planned>> {
    let today = school.today(app.now());
    let mut tx = app.store().reading(school.corp()).await?;
    let found = rows::forms(&mut tx, school.corp(), today, None, i64::MAX).await?;
    tx.commit().await?;
    Ok(found.iter().map(|form| planned(school, form, today)).collect())
}

/// Holds, those that ran out and were lifted too, the newest first; `before` is the last page's `next`.
pub async fn holds(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Hold>> {
    may_see(viewer)?;
    let before = read_cursor(before)?;
    let mut tx = app.store().reading(school.corp()).await?;
    let found = rows::holds(&mut tx, school.corp(), before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(found, limit, |hold| hold.hold_id.to_string()))
}

/// Purges with a certificate, the newest first; `before` is the last page's `next`.
pub async fn certificates(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Certified>> {
    may_see(viewer)?;
    let before = read_cursor(before)?;
    let mut tx = app.store().reading(school.corp()).await?;
    let found = rows::certificates(&mut tx, school.corp(), before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(found, limit, |row| row.purge_id.to_string()))
}

/// The certificate of a purge, JSON as it was signed and kept.
pub async fn certificate(app: &App, school: &School, viewer: &Viewer, purge: i64) -> Result<String> {
    may_see(viewer)?;
    let mut tx = app.store().reading(school.corp()).await?;
    let found = rows::certificate(&mut tx, school.corp(), purge).await?;
    tx.commit().await?;
    found.ok_or(Error::NotFound)
}

fn read_cursor(before: Option<&str>) -> Result<Option<i64>> {
    before.map(|key| key.parse().map_err(|_| crate::bad_cursor())).transpose()
}
