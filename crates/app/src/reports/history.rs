//! Someone's own reports, in every revision.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    clock,
    form::{Form, answers::Answers},
    policy::Viewer,
};
use store::{reports, reviews};

use super::{Receipt, open, unseal};
use crate::{App, Error, Page, Result, School, bad_cursor, forms};

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
    let sealed = reports::answers_of(&mut tx, school.corp(), &page.items).await?;
    tx.commit().await?;
    page.try_map(|report| {
        let answers = sealed.get(&report.report_id);
        let answers = answers.map(|answers| unseal(app, report.key(school.corp()), answers)).transpose()?;
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
    /// `self`, `behalf` or `import`.
    pub source: String,
    /// Why somebody else answered.
    pub reason: Option<String>,
    /// Questions whose answer was carried over.
    pub carried: Vec<String>,
    /// The version it was given on.
    pub form_version_id: i64,
    /// By field name; none: they are kept no longer.
    pub answers: Option<Answers>,
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
    let rows = reports::revisions(tx, corp, report).await?;
    rows.into_iter()
        .map(|row| {
            let answers = row.answers.map(|answers| unseal(app, report.key(corp), &answers)).transpose()?;
            Ok(OwnRevision {
                revision: row.revision,
                at: row.at,
                state: row.state,
                source: row.source,
                reason: row.reason,
                carried: row.carried,
                form_version_id: row.form_version_id,
                answers,
            })
        })
        .collect()
}

/// One report of the viewer's own, with the version of the form it was given on, however old.
pub async fn own(app: &App, school: &School, viewer: &Viewer, receipt: &str) -> Result<(OwnReport, Form)> {
    let person = viewer.person.as_ref().filter(|_| forms::is_name(receipt)).ok_or(Error::NotFound)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let report = reports::by_receipt(&mut tx, school.corp(), Some(person.id), receipt)
        .await?
        .ok_or(Error::NotFound)?;
    let loaded = forms::version(app, &mut tx, report.form_version_id).await?;
    let answers = open(app, &mut tx, &report).await?;
    let send_back_note = if reviews::is_sent_back(&mut tx, school.corp(), report.report_id).await? {
        crate::reviews::send_back_note(app, &mut tx, report.report_id).await?
    } else {
        None
    };
    tx.commit().await?;
    let form = loaded.published.form.clone();
    Ok((OwnReport { receipt: Receipt::of(&form.code, &report), answers, send_back_note }, form))
}
