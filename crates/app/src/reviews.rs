//! 核查: what stands out is looked at, sent back until it is right, and closed. Answers are seen one report at a time, on
//! record; those in charge are told at once that something waits.

mod acts;
mod warnings;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    form::{Field, answers::Answers},
    policy::{Action, Viewer},
    review::ReviewAct,
};
use store::{
    Scoped, Sealed,
    access_log::Access,
    reports,
    reviews::{self as rows, Reach},
};

pub use acts::{Did, Seen, Unnoticed, act, send_back_unnoticed};
pub use store::reviews::{Counts, Row, Wanted};
pub(crate) use warnings::{pause_before, warn};

use crate::{
    App, Error, Page, Result, School, forms, reading_budgets, reports::revisions_of, retention::shown_after,
};

/// Whose reports the viewer may touch with `action`: never their own.
fn reach(app: &App, school: &School, viewer: &Viewer, action: Action) -> Result<Reach> {
    let scope = viewer.scope(action);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    Ok(Reach {
        corp: school.corp(),
        scope,
        except: viewer.person.as_ref().map(|person| person.id),
        today: school.today(app.now()),
    })
}

/// Reviews of the viewer's scope, those first with which something was done last; `before` is the last page's `next`. That somebody's
/// report stands out is on record as a look at it.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    wanted: &Wanted,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Row>> {
    let reach = reach(app, school, viewer, Action::Review)?;
    let before = before.map(crate::page::parse_moment).transpose()?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let found = rows::list(&mut tx, &reach, wanted, before, limit + 1).await?;
    let page = Page::cut(found, limit, |row| {
        crate::page::moment(row.changed_at.unwrap_or(row.revised_at), row.report_id)
    });
    let listed = page.items.iter().map(|row| row.person_id).collect();
    let tx = reading_budgets::look_at_list(app, school, viewer, tx, ("state", "review"), listed).await?;
    tx.commit().await?;
    Ok(page)
}

/// How many reviews of the viewer's scope are not settled.
pub async fn counts(
    app: &App,
    school: &School,
    viewer: &Viewer,
    under: Option<domain::DepartmentId>,
) -> Result<Counts> {
    let reach = reach(app, school, viewer, Action::Review)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let counts = rows::counts(&mut tx, &reach, under).await?;
    tx.commit().await?;
    Ok(counts)
}

/// One thing that was done with a review.
pub struct ActSeen {
    /// What.
    pub act: ReviewAct,
    /// The report's revision, then.
    pub revision: i32,
    /// What was said.
    pub note: Option<String>,
    /// By whom; none: by itself.
    pub by: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A report and its review, without the answers.
pub struct Head {
    /// What stands in the database.
    pub row: Row,
    /// Of the form's checks, what those say that hold now.
    pub checks: Vec<String>,
    /// What was done, the newest first.
    pub acts: Vec<ActSeen>,
    /// Whether the viewer may look at the answers.
    pub may_see_answers: bool,
}

/// A report of the viewer's scope, whether it was noticed or not. That it was noticed, what checks say of the answers and what others
/// noted are looks at the person, once a day.
pub async fn head(app: &App, school: &School, viewer: &Viewer, receipt: &str) -> Result<Head> {
    let reach = reach(app, school, viewer, Action::Review)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let (row, report) = find(&mut tx, &reach, receipt).await?;
    let checks = holding(app, &mut tx, &row, &report).await?;
    let acts = rows::acts(&mut tx, corp, row.report_id, shown_after(app, corp)?).await?;
    let noted_by_others = acts.iter().any(|act| act.note.is_some() && act.by_member != Some(viewer.member));
    if noted_by_others || !checks.is_empty() {
        let (what, people) = (("review_note", "review"), vec![row.person_id]);
        reading_budgets::note(app, school, viewer, &mut tx, what, people, app.now()).await?;
    }
    let noticed = row.state.iter().map(|_| row.person_id).collect();
    let tx = reading_budgets::look_at_list(app, school, viewer, tx, ("state", "review"), noticed).await?;
    tx.commit().await?;
    let acts = acts.into_iter().map(|act| seen(app, corp, row.report_id, act)).collect::<Result<_>>()?;
    let path = [row.department_id, row.class_id, row.grade_id, row.college_id];
    Ok(Head { checks, acts, may_see_answers: viewer.scope(Action::SeeAnswers).covers(&path), row })
}

/// What those of the form's checks say that hold now. Where the flags kept with the report say that none does, the answers stay
/// sealed; where one does, they are opened for nothing but this.
async fn holding(app: &App, tx: &mut Scoped, row: &Row, report: &reports::Report) -> Result<Vec<String>> {
    let loaded = forms::version(app, tx, report.form_version_id).await?;
    let checks = &loaded.published.form.checks;
    if !checks.iter().any(|check| row.flags_now.iter().any(|flag| flag == check.flag.as_str())) {
        return Ok(Vec::new());
    }
    let answers = crate::reports::open(app, tx, report).await?.unwrap_or_default();
    Ok(checks.iter().filter(|check| check.holds(&answers)).map(|check| check.title.clone()).collect())
}

async fn find(tx: &mut Scoped, reach: &Reach, receipt: &str) -> Result<(Row, reports::Report)> {
    if !forms::is_name(receipt) {
        return Err(Error::NotFound);
    }
    let row = rows::by_receipt(tx, reach, receipt).await?.ok_or(Error::NotFound)?;
    let report = reports::by_receipt(tx, reach.corp, Some(row.person_id), receipt).await?;
    Ok((row, report.ok_or(Error::NotFound)?))
}

fn seen(app: &App, corp: i32, report_id: i64, act: rows::ActRow) -> Result<ActSeen> {
    Ok(ActSeen {
        act: ReviewAct::parse(&act.act).ok_or_else(|| Error::internal("review_acts.act"))?,
        revision: act.revision,
        note: act.note.map(|note| note_text(app, corp, report_id, &note, act.at)).transpose()?,
        by: act.by_name,
        at: act.at,
    })
}

/// Opens the note of an act.
fn note_text(app: &App, corp: i32, report_id: i64, note: &Sealed, at: DateTime<Utc>) -> Result<String> {
    let row = rows::note_row(report_id, at);
    let opened = app.store().keyring().open(rows::note_place(corp, &row), note)?;
    String::from_utf8(opened).map_err(|_| Error::internal("a sealed note that is not text"))
}

/// What the person is told about a report that was sent back to them.
pub(crate) async fn send_back_note(app: &App, tx: &mut Scoped, report_id: i64) -> Result<Option<String>> {
    let corp = tx.corp();
    let note = rows::send_back_note(tx, corp, report_id, shown_after(app, corp)?).await?;
    note.map(|(note, at)| note_text(app, corp, report_id, &note, at)).transpose()
}

/// The answers of one report, in every revision.
pub struct Answered {
    /// The form's title.
    pub title: String,
    /// The questions of the versions that were answered, those of the newest first.
    pub fields: Vec<Field>,
    /// The newest first.
    pub revisions: Vec<Revision>,
}

/// Never what was answered.
impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answered")
    }
}

/// One revision, and what it changed.
pub struct Revision {
    /// 1 for the first.
    pub revision: i32,
    /// When it came.
    pub at: DateTime<Utc>,
    /// `normal` or `abnormal`.
    pub state: String,
    /// From whom.
    pub source: String,
    /// Why somebody else answered.
    pub reason: Option<String>,
    /// Questions whose answer was carried over.
    pub carried: Vec<String>,
    /// By field name; none: they are kept no longer.
    pub answers: Option<Answers>,
    /// The same in words.
    pub texts: BTreeMap<String, String>,
    /// Names of the questions that were answered otherwise before.
    pub changed: Vec<String>,
}

/// The answers of a report. The look is recorded in the same transaction, with what it is for.
pub async fn answers(
    app: &App,
    school: &School,
    viewer: &Viewer,
    receipt: &str,
    purpose: &str,
) -> Result<Answered> {
    let reach = reach(app, school, viewer, Action::SeeAnswers)?;
    let purpose = purpose.trim();
    if !(1..=100).contains(&purpose.chars().count()) {
        return Err(Error::field("purpose", "请写明查看的用途，不超过 100 字，本人会看到"));
    }
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let (row, report) = find(&mut tx, &reach, receipt).await?;
    let found = revisions_of(app, &mut tx, &report).await?;
    let mut versions: Vec<i64> = found.iter().map(|one| one.form_version_id).collect();
    versions.dedup();
    let mut fields: Vec<Field> = Vec::new();
    let mut title = row.form_title.clone();
    for (index, version) in versions.into_iter().enumerate() {
        let form = forms::version(app, &mut tx, version).await?.published.form.clone();
        if index == 0 {
            title = form.title;
        }
        let new: Vec<Field> = form
            .fields
            .into_iter()
            .filter(|field| fields.iter().all(|known| known.name != field.name))
            .collect();
        fields.extend(new);
    }
    let look = Access {
        corp,
        viewer: viewer.member,
        person: row.person_id,
        field: "answers",
        purpose,
        at: app.now(),
    };
    let tx = reading_budgets::look(app, school, viewer, tx, look).await?;
    tx.commit().await?;
    let before: Vec<Option<Answers>> =
        found.iter().skip(1).map(|one| one.answers.clone()).chain([None]).collect();
    let revisions = found
        .into_iter()
        .zip(before)
        .map(|(one, before)| Revision {
            changed: changed(before.as_ref(), one.answers.as_ref()),
            texts: texts(&fields, one.answers.as_ref()),
            revision: one.revision,
            at: one.at,
            state: one.state,
            source: one.source,
            reason: one.reason,
            carried: one.carried,
            answers: one.answers,
        })
        .collect();
    Ok(Answered { title, fields, revisions })
}

/// Answers in words, by field name.
fn texts(fields: &[Field], answers: Option<&Answers>) -> BTreeMap<String, String> {
    let read = |field: &Field| {
        let answer = answers?.get(&field.name).filter(|answer| !answer.is_null())?;
        Some((field.name.clone(), field.read(answer)))
    };
    fields.iter().filter_map(read).collect()
}

/// Names whose answers differ; none where there is nothing to compare with.
fn changed(before: Option<&Answers>, after: Option<&Answers>) -> Vec<String> {
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let mut names: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
