//! Reporting: today's answers, taken once however often they are sent, and kept in every revision.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{PersonId, clock, form::answers::Answers, policy::Viewer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{
    idempotency_keys::{self, Claim, Claimed},
    reports::{self, NewReport, Period},
};

use crate::{App, Error, FieldError, Page, Result, School, forms, secret};

/// What someone sends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The form's code.
    pub form: String,
    /// The version they saw.
    pub version: i32,
    /// For which day; must be today, and may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<NaiveDate>,
    /// By field name.
    pub answers: Answers,
}

/// What someone keeps of a report. Carries none of the answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The form's code.
    pub form: String,
    /// For which day.
    pub day: NaiveDate,
    /// 16 letters and digits; the same through all revisions.
    pub receipt: String,
    /// 1 for the first.
    pub revision: i32,
    /// `normal` or `abnormal`.
    pub state: String,
    /// When the first revision came.
    pub submitted_at: DateTime<Utc>,
    /// When the last one came.
    pub revised_at: DateTime<Utc>,
}

impl Receipt {
    pub(crate) fn of(form: &str, day: NaiveDate, report: &reports::Report) -> Self {
        Self {
            form: form.to_owned(),
            day,
            receipt: report.receipt.clone(),
            revision: report.revision,
            state: report.state.clone(),
            submitted_at: report.submitted_at,
            revised_at: report.revised_at,
        }
    }
}

/// Takes a report, or the next revision of one. The same `key` gives the same receipt.
pub async fn submit(
    app: &App,
    school: &School,
    viewer: &Viewer,
    key: &str,
    submission: &Submission,
) -> Result<Receipt> {
    let person = viewer.person.as_ref().ok_or(Error::NotExpected)?;
    let corp = school.corp();
    let now = app.now();
    let today = school.today(now);
    let body = serde_json::to_vec(submission).map_err(|_| Error::internal("a submission"))?;
    let request_hash = secret::hash(&body);
    let claim =
        Claim { corp, member: viewer.member, key, operation: "POST /reports", request_hash: &request_hash };

    let mut tx = app.store().scoped(corp).await?;
    match idempotency_keys::claim(&mut tx, claim, now).await? {
        Claimed::New => {}
        Claimed::Answered(receipt) => {
            return serde_json::from_value(receipt).map_err(|_| Error::internal("a kept receipt"));
        }
        Claimed::Mismatch => return Err(Error::KeyReused),
    }
    // After the claim: a repeat of what was taken yesterday still gets its receipt.
    if submission.day.is_some_and(|day| day != today) {
        return Err(Error::field("day", format!("只能填报今天（{today}）的内容")));
    }
    let loaded = forms::current(app, &mut tx, &submission.form).await.map_err(|error| match error {
        Error::NotFound => Error::field("form", "没有这个表单，请刷新页面"),
        other => other,
    })?;
    let form = &loaded.published.form;
    if submission.version != form.version {
        return Err(Error::FormChanged);
    }
    let window = form.window(school.zone, today);
    if now < window.opens_at || now >= window.closes_at {
        return Err(Error::FormClosed);
    }
    loaded.published.check(&submission.answers).map_err(Error::Invalid)?;
    if !forms::is_expected(&mut tx, &loaded, corp, today, person.id).await? {
        return Err(Error::NotExpected);
    }

    let period = Period { corp, form_id: loaded.form_id, person: person.id, day: today };
    let report = NewReport {
        by_member: Some(viewer.member),
        ..draft(app, &loaded, period, &submission.answers, now)?
    };
    let written = reports::submit(&mut tx, &report).await?;
    let receipt = Receipt {
        form: form.code.clone(),
        day: today,
        receipt: written.receipt,
        revision: written.revision,
        state: report.state.to_owned(),
        submitted_at: written.submitted_at,
        revised_at: now,
    };
    let kept = serde_json::to_value(&receipt).map_err(|_| Error::internal("a receipt"))?;
    idempotency_keys::settle(&mut tx, claim, &kept).await?;
    tx.commit().await?;
    Ok(receipt)
}

/// Checked answers, coded and sealed.
fn draft(
    app: &App,
    loaded: &forms::Loaded,
    period: Period,
    answers: &Answers,
    at: DateTime<Utc>,
) -> Result<NewReport> {
    let plaintext = serde_json::to_vec(answers).map_err(|_| Error::internal("answers"))?;
    let row = period.row();
    Ok(NewReport {
        period,
        form_version_id: loaded.form_version_id,
        receipt: secret::receipt()?,
        state: loaded.published.state(answers).as_str(),
        facts: serde_json::to_value(loaded.published.facts(answers)).map_err(|_| Error::internal("facts"))?,
        answers: app.store().keyring().seal(period.place(&row), &plaintext)?,
        by_member: None,
        at,
    })
}

/// Opens the answers of someone's own report.
pub(crate) fn open(
    app: &App,
    school: &School,
    person: PersonId,
    report: &reports::Report,
) -> Result<Answers> {
    let day = report.day.ok_or_else(|| Error::internal("a daily report without a day"))?;
    unseal(app, Period { corp: school.corp(), form_id: report.form_id, person, day }, &report.answers)
}

fn unseal(app: &App, period: Period, answers: &store::Sealed) -> Result<Answers> {
    let row = period.row();
    let plaintext = app.store().keyring().open(period.place(&row), answers)?;
    serde_json::from_slice(&plaintext).map_err(|_| Error::internal("sealed answers are not JSON"))
}

/// One of someone's own reports.
#[derive(Debug, Clone)]
pub struct OwnReport {
    /// What they keep.
    pub receipt: Receipt,
    /// By field name.
    pub answers: Answers,
}

/// The viewer's own reports of a form, newest day first. `before` is the last page's `next`.
pub async fn history(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<OwnReport>> {
    let person = viewer.person.as_ref().ok_or(Error::NotExpected)?;
    let before = before.map(|day| clock::parse_day(day).ok_or_else(bad_cursor)).transpose()?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let loaded = forms::current(app, &mut tx, code).await?;
    let rows =
        reports::of_person(&mut tx, school.corp(), loaded.form_id, person.id, before, limit + 1).await?;
    tx.commit().await?;
    let day = |report: &reports::Report| report.day.map(|day| day.to_string()).unwrap_or_default();
    Page::cut(rows, limit, day).try_map(|report| {
        let answers = open(app, school, person.id, &report)?;
        let receipt = Receipt::of(code, report.day.unwrap_or_default(), &report);
        Ok(OwnReport { receipt, answers })
    })
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
    /// By field name.
    pub answers: Answers,
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
    let report = reports::by_receipt(&mut tx, corp, person.id, receipt).await?.ok_or(Error::NotFound)?;
    let rows = reports::revisions(&mut tx, corp, report.report_id).await?;
    tx.commit().await?;
    let day = report.day.ok_or_else(|| Error::internal("a daily report without a day"))?;
    let period = Period { corp, form_id: report.form_id, person: person.id, day };
    rows.into_iter()
        .map(|row| {
            let answers = unseal(app, period, &row.answers)?;
            Ok(OwnRevision { revision: row.revision, at: row.at, state: row.state, answers })
        })
        .collect()
}

pub(crate) fn bad_cursor() -> Error {
    Error::field("cursor", "翻页位置无效，请回到第一页")
}

/// Rows of a day's reports given from outside: a student or staff number and answers by field name.
pub type Row = (String, Answers);

/// What became of loaded rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Reports written.
    pub written: usize,
    /// What was wrong, by line; nothing is written when there is any.
    pub errors: Vec<FieldError>,
}

/// Loads a day's reports, as a school does that comes from another system. All or nothing. Who has a report for
/// the day already keeps it.
pub async fn load(app: &App, school: &School, code: &str, day: NaiveDate, rows: Vec<Row>) -> Result<Loaded> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let loaded = forms::current(app, &mut tx, code).await?;
    let numbers: Vec<String> = rows.iter().map(|(number, _)| number.clone()).collect();
    let persons = reports::persons_by_number(&mut tx, corp, &numbers).await?;
    // The day's reports came, as far as anyone can say, at its end.
    let at = loaded.published.form.window(school.zone, day).cutoff_at;
    let mut outcome = Loaded::default();
    let mut drafts = Vec::with_capacity(rows.len());
    for (index, (number, answers)) in rows.iter().enumerate() {
        let line = index + 2;
        let Some(person) = persons.get(number) else {
            let message = format!("第 {line} 行：名册里没有学号或工号 {number}");
            outcome.errors.push(FieldError { field: "number".into(), message });
            continue;
        };
        match loaded.published.check(answers) {
            Ok(()) => {
                let period = Period { corp, form_id: loaded.form_id, person: *person, day };
                drafts.push(draft(app, &loaded, period, answers, at)?);
            }
            Err(errors) => outcome.errors.extend(
                errors
                    .into_iter()
                    .map(|error| FieldError {
                        message: format!("第 {line} 行：{}", error.message), ..error
                    }),
            ),
        }
    }
    if outcome.errors.is_empty() {
        for chunk in drafts.chunks(1000) {
            outcome.written += reports::insert_missing(&mut tx, corp, chunk).await?;
        }
        tx.commit().await?;
    }
    Ok(outcome)
}

/// A cell of a CSV file as an answer: empty cells are no answer, lists are separated by `;`.
pub fn cell(form: &domain::form::Form, name: &str, text: &str) -> Option<Value> {
    use domain::form::FieldKind;
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let plain = || Value::from(text);
    Some(match form.field(name).map(|field| &field.kind) {
        Some(FieldKind::Number { .. }) => text.parse::<f64>().map(Value::from).unwrap_or_else(|_| plain()),
        Some(FieldKind::Boolean) => match text {
            "true" | "是" | "1" => true.into(),
            "false" | "否" | "0" => false.into(),
            _ => plain(),
        },
        Some(FieldKind::Choices { .. }) => text.split(';').map(str::trim).collect(),
        _ => plain(),
    })
}

/// The form asked now, for reading a file against.
pub async fn form(app: &App, school: &School, code: &str) -> Result<domain::form::Form> {
    let mut tx = app.store().scoped(school.corp()).await?;
    let loaded = forms::current(app, &mut tx, code).await?;
    tx.commit().await?;
    Ok(loaded.published.form.clone())
}
