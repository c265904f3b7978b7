//! 未报跟进: why somebody has not reported, as those found out who look after them.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    DepartmentId, MemberId, PersonId,
    follow_up::FollowUpReason,
    policy::{Action, Viewer},
};
use store::{
    Sealed,
    expected::Question,
    follow_ups::{self as rows, NewFollowUp},
    statistics as figures,
};

use crate::{
    App, Error, Result, School,
    forms::Loaded,
    reading_budgets::{self, WORK},
    retention::{may_be_noted, shown_after},
    statistics::{Asked, question},
};

/// What somebody found out.
#[derive(Debug, Clone, Copy)]
pub struct FoundOut<'a> {
    /// About whom.
    pub person: PersonId,
    /// For which day; today if left out.
    pub day: Option<NaiveDate>,
    /// For which slot; if left out, the last that has begun.
    pub slot: Option<i16>,
    /// Why they have not reported.
    pub reason: FollowUpReason,
    /// What else there is to say; may be empty.
    pub note: &'a str,
}

/// A follow-up as it is shown.
#[derive(Clone)]
pub struct FollowUp {
    /// Why; none where it is not the viewer's to read: that somebody is in hospital is not for a fellow student.
    pub reason: Option<FollowUpReason>,
    /// What else was said; none also where it is not the viewer's to read.
    pub note: Option<String>,
    /// Who found out.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Never what was said.
impl std::fmt::Debug for FollowUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FollowUp").field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// Keeps why somebody has not reported; without a note where the form's answers are hidden by now. False when the same person said
/// just that last.
pub async fn add(
    app: &App,
    school: &School,
    viewer: &Viewer,
    form: &str,
    found_out: FoundOut<'_>,
) -> Result<bool> {
    let note = Some(found_out.note.trim()).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > 200) {
        return Err(Error::field("note", "说明不超过 200 字，请缩短"));
    }
    if note.is_none() && found_out.reason.needs_a_note() {
        return Err(Error::field("note", "选择“其他”时请写明原因"));
    }
    let (corp, now) = (school.corp(), app.now());
    let asked = Asked { form, day: found_out.day, slot: found_out.slot, department: None };
    let mut tx = app.store().scoped(corp).await?;
    let (loaded, question) = of_person(app, &mut tx, school, viewer, asked, found_out.person).await?;
    if note.is_some() {
        may_be_noted(app, corp, loaded.schedule.ends_on)?;
    }
    let counts = figures::total(&mut tx, &question).await?;
    if counts.expected == 0 {
        return Err(Error::NotFound);
    }
    if counts.reported > 0 {
        return Err(Error::field("person", "对方已经填报，不需要再登记原因"));
    }
    let shown = shown_after(app, corp)?;
    let known =
        rows::of_period(&mut tx, corp, question.form_id, found_out.person, question.period, shown).await?;
    if let Some(last) = known.first()
        && last.by_member == viewer.member
        && last.reason == found_out.reason.as_str()
        && opened(app, corp, question.form_id, found_out.person, last.note.as_ref(), last.at)?.as_deref()
            == note
    {
        return Ok(false);
    }
    let row = rows::note_row(question.form_id, found_out.person, now);
    let seal = |note: &str| app.store().keyring().seal(rows::note_place(corp, &row), note.as_bytes());
    let new = NewFollowUp {
        form_id: question.form_id,
        person: found_out.person,
        period: question.period,
        reason: found_out.reason,
        note: note.map(seal).transpose()?,
        by: viewer.member,
        at: now,
    };
    rows::add(&mut tx, corp, &new).await?;
    tx.commit().await?;
    Ok(true)
}

/// What was found out about a person and a period, the newest first.
pub async fn history(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked<'_>,
    person: PersonId,
) -> Result<Vec<FollowUp>> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let (_, question) = of_person(app, &mut tx, school, viewer, asked, person).await?;
    if figures::total(&mut tx, &question).await?.expected == 0 {
        return Err(Error::NotFound);
    }
    let all = Question { scope: viewer.scope(Action::SeeAnswers), ..question.clone() };
    let reads_all = !all.scope.is_empty() && figures::total(&mut tx, &all).await?.expected > 0;
    let shown = shown_after(app, corp)?;
    let found = rows::of_period(&mut tx, corp, question.form_id, person, question.period, shown).await?;
    let readable = |by: MemberId| reads_all || by == viewer.member;
    // Also without a note: that somebody is in hospital says enough. What the viewers found out themselves they know.
    if reads_all && found.iter().any(|row| row.by_member != viewer.member) {
        let what = ("follow_up_note", WORK);
        reading_budgets::note(app, school, viewer, &mut tx, what, vec![person], app.now()).await?;
    }
    tx.commit().await?;
    found
        .into_iter()
        .map(|row| {
            let reads = readable(row.by_member);
            let note = row.note.filter(|_| reads);
            Ok(FollowUp {
                reason: reads.then(|| reason(&row.reason)).transpose()?,
                note: opened(app, corp, question.form_id, person, note.as_ref(), row.at)?,
                by: row.by_name,
                at: row.at,
            })
        })
        .collect()
}

async fn of_person(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    viewer: &Viewer,
    asked: Asked<'_>,
    person: PersonId,
) -> Result<(Loaded, Question)> {
    let (loaded, question) = question(app, tx, school, viewer, Action::FollowUp, asked).await?;
    Ok((loaded, Question { person: Some(person), ..question }))
}

/// Whether the viewer reads what was found out about somebody counted under these departments: their own, and of others those
/// who may read what that person answers. A class assistant, a fellow student, sees who asked and when.
pub(crate) fn reads(viewer: &Viewer, by: MemberId, counted_under: &[Option<DepartmentId>]) -> bool {
    by == viewer.member || viewer.scope(Action::SeeAnswers).covers(counted_under)
}

pub(crate) fn reason(name: &str) -> Result<FollowUpReason> {
    FollowUpReason::parse(name).ok_or_else(|| Error::internal("follow_ups.reason"))
}

/// Opens a note.
fn opened(
    app: &App,
    corp: i32,
    form_id: i64,
    person: PersonId,
    note: Option<&Sealed>,
    at: DateTime<Utc>,
) -> Result<Option<String>> {
    let Some(note) = note else { return Ok(None) };
    let row = rows::note_row(form_id, person, at);
    let opened = app.store().keyring().open(rows::note_place(corp, &row), note)?;
    String::from_utf8(opened).map(Some).map_err(|_| Error::internal("a sealed note that is not text"))
}
