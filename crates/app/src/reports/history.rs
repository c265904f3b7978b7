//! Someone's own reports, in every revision.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    clock,
    form::{Form, answers::Answers},
    policy::{Action, Role, Viewer},
};
use store::{Sealed, reports, reviews, words};

pub use store::reports::OwnForm;

use super::{Receipt, open, unseal};
use crate::{App, Error, Page, Result, School, bad_cursor, forms, retention::shown_after};

/// One of someone's own reports.
#[derive(Debug, Clone)]
pub struct OwnReport {
    /// What they keep.
    pub receipt: Receipt,
    /// By field name; none: they are kept no longer.
    pub answers: Option<Answers>,
    /// Sent back: what is to be put right.
    pub send_back_note: Option<String>,
}

/// The viewer's own reports of a form, newest first. `before` is the last page's `next`.
pub async fn history(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<OwnReport>> {
    let person = viewer.person.as_ref().ok_or(Error::NotExpected)?;
    let before = before.map(parse_cursor).transpose()?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let loaded = forms::current(app, &mut tx, code).await?;
    let rows =
        reports::of_person(&mut tx, school.corp(), loaded.form_id, person.id, before, limit + 1).await?;
    let page = Page::cut(rows, limit, cursor);
    let shown = shown_after(app, school.corp())?;
    let sealed = reports::answers_of(&mut tx, school.corp(), &page.items, shown).await?;
    tx.commit().await?;
    page.try_map(|report| {
        let answers = sealed.get(&report.report_id);
        let answers =
            answers.map(|answers| unseal(app, report.key(school.corp()), answers)).transpose()?.flatten();
        Ok(OwnReport { receipt: Receipt::of(code, &report), answers, send_back_note: None })
    })
}

/// `2020-03-04/17`, or `/17` for a report without a day.
fn cursor(report: &reports::Report) -> String {
    let day = report.day.map(|day| day.to_string()).unwrap_or_default();
    format!("{day}/{}", report.report_id)
}

fn parse_cursor(text: &str) -> Result<(Option<NaiveDate>, i64)> {
    let (day, report_id) = text.split_once('/').ok_or_else(bad_cursor)?;
    let day = match day {
        "" => None,
        day => Some(clock::parse_day(day).ok_or_else(bad_cursor)?),
    };
    Ok((day, report_id.parse().map_err(|_| bad_cursor())?))
}

/// One revision of someone's own report.
#[derive(Debug, Clone)]
pub struct OwnRevision {
    /// 1 for the first.
    pub revision: i32,
    /// When it came.
    pub at: DateTime<Utc>,
    /// `normal` or `abnormal`.
    pub state: String,
    /// `self`, `behalf`, `card`, `chat` or `import`.
    pub source: String,
    /// Why somebody else answered.
    pub reason: Option<String>,
    /// Who answered, where it was not the person.
    pub by: Option<By>,
    /// Questions whose answer was carried over.
    pub carried: Vec<String>,
    /// The version it was given on.
    pub form_version_id: i64,
    /// By field name; none: they are kept no longer.
    pub answers: Option<Answers>,
}

/// Who answered for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Their name.
    pub name: String,
    /// What they were then.
    pub role: Option<String>,
}

/// Every revision of the viewer's own report, newest first.
pub async fn revisions(
    app: &App,
    school: &School,
    viewer: &Viewer,
    receipt: &str,
) -> Result<Vec<OwnRevision>> {
    let person = viewer.person.as_ref().filter(|_| forms::is_name(receipt)).ok_or(Error::NotFound)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let report =
        reports::by_receipt(&mut tx, corp, Some(person.id), receipt).await?.ok_or(Error::NotFound)?;
    let found = revisions_of(app, &mut tx, &report).await?;
    tx.commit().await?;
    Ok(found)
}

/// Every revision of a report, newest first. Who may see it is the caller's to know.
pub(crate) async fn revisions_of(
    app: &App,
    tx: &mut store::Scoped,
    report: &reports::Report,
) -> Result<Vec<OwnRevision>> {
    let corp = tx.corp();
    let roles: Vec<&str> =
        Role::ALL.into_iter().filter(|role| role.may(Action::ReportFor)).map(Role::as_str).collect();
    let rows = reports::revisions(tx, corp, report, &roles, shown_after(app, corp)?).await?;
    let (keyring, place) = (app.store().keyring(), report.key(corp).row());
    // A reason ends with the answers, by the same key.
    let why = |sealed: &Sealed| -> Result<Option<String>> {
        if keyring.is_gone(sealed)? {
            return Ok(None);
        }
        Ok(Some(words::text(keyring, reports::reason_place(corp, &place), sealed)?))
    };
    rows.into_iter()
        .map(|row| {
            let answers =
                row.answers.map(|answers| unseal(app, report.key(corp), &answers)).transpose()?.flatten();
            Ok(OwnRevision {
                revision: row.revision,
                at: row.at,
                state: row.state,
                source: row.source,
                reason: row.reason.as_ref().map(why).transpose()?.flatten(),
                by: row.by_name.map(|name| By { name, role: row.by_role }),
                carried: row.carried,
                form_version_id: row.form_version_id,
                answers,
            })
        })
        .collect()
}

/// The forms the viewer ever answered, the one answered last first.
pub async fn own_forms(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<OwnForm>> {
    let Some(person) = &viewer.person else { return Ok(Vec::new()) };
    let mut tx = app.store().scoped(school.corp()).await?;
    let found = reports::forms_of(&mut tx, school.corp(), person.id).await?;
    tx.commit().await?;
    Ok(found)
}

/// One of someone's own reports, whole.
#[derive(Debug, Clone)]
pub struct OwnWithForm {
    /// What they keep, and the answers.
    pub report: OwnReport,
    /// The version it was given on, however old.
    pub form: Form,
    /// What was done last.
    pub newest: Option<OwnRevision>,
    /// Whether they may change it now.
    pub changeable: bool,
}

/// One report of the viewer's own.
pub async fn own(app: &App, school: &School, viewer: &Viewer, receipt: &str) -> Result<OwnWithForm> {
    let person = viewer.person.as_ref().filter(|_| forms::is_name(receipt)).ok_or(Error::NotFound)?;
    let now = app.now();
    let mut tx = app.store().scoped(school.corp()).await?;
    let report = reports::by_receipt(&mut tx, school.corp(), Some(person.id), receipt)
        .await?
        .ok_or(Error::NotFound)?;
    let loaded = forms::version(app, &mut tx, report.form_version_id).await?;
    let answers = open(app, &mut tx, &report).await?;
    let newest = revisions_of(app, &mut tx, &report).await?.into_iter().next();
    let form = loaded.published.form.clone();
    let current = forms::current(app, &mut tx, &form.code).await?;
    let turns = forms::open_turns(&mut tx, school, &current, now).await?;
    let turn =
        turns.into_iter().map(|(_, turn)| turn).find(|turn| turn.period == report.key(school.corp()).period);
    let sent_back = reviews::is_sent_back(&mut tx, school.corp(), report.report_id).await?;
    let send_back_note = match sent_back {
        true => crate::reviews::send_back_note(app, &mut tx, report.report_id).await?,
        false => None,
    };
    let changeable = match turn {
        // Of a campaign whose answers are hidden nothing is taken any more.
        _ if sent_back => current.schedule.ends_on > shown_after(app, school.corp())?,
        None => false,
        Some(turn) => match super::may_be_changed(&mut tx, &current, turn, &report, now).await {
            Ok(()) => true,
            Err(Error::CutoffPassed) => false,
            Err(other) => return Err(other),
        },
    };
    tx.commit().await?;
    let report = OwnReport { receipt: Receipt::of(&form.code, &report), answers, send_back_note };
    Ok(OwnWithForm { report, form, newest, changeable })
}
