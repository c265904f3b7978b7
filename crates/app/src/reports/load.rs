//! Reports of another system, loaded by an administrator's command.

use chrono::NaiveDate;
use domain::{
    form::{TripFields, answers::Answers},
    review::ReviewAct,
};
use serde_json::Value;
use store::{
    Scoped, jobs as queue,
    reports::{self, Key, NewReport, Source},
    reviews::{self, NewAct},
    trips,
};

use super::{Draft, draft};
use crate::{App, Error, FieldError, Result, School, forms, jobs::warn_reviews, retention::shown_after};

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
    super::ensure_month(app, school, day).await?;
    let mut tx = app.store().scoped(corp).await?;
    let loaded = forms::current(app, &mut tx, code).await?;
    // What came now would be hidden, and stay when the rest is purged or was.
    if loaded.schedule.ends_on <= shown_after(app, corp)? {
        let message =
            "这张表单的答案已到保存期限，不能再导入：删除以后可以在“表单”里重新安排日期，或复制一份新表单";
        let errors = vec![FieldError { field: "form".into(), message: message.into() }];
        return Ok(Loaded { errors, ..Loaded::default() });
    }
    let numbers: Vec<String> = rows.iter().map(|(number, _)| number.clone()).collect();
    let persons = reports::persons_by_number(&mut tx, corp, &numbers).await?;
    // The day's reports came, as far as anyone can say, at its cut-off: of what is asked once or by event, at that of
    // the whole day.
    let end = domain::clock::end_of_day(school.zone, day);
    let turn = loaded.turn_of(school, day, None, end).ok_or(Error::NotFound)?;
    let at = turn.window.cutoff_at.min(end).min(app.now());
    let mut outcome = Loaded::default();
    let mut drafts = Vec::with_capacity(rows.len());
    for (index, (number, answers)) in rows.iter().enumerate() {
        let line = index + 2;
        let Some(person) = persons.get(number) else {
            let message = format!("第 {line} 行：名册里没有学号或工号 {number}");
            outcome.errors.push(FieldError { field: "number".into(), message });
            continue;
        };
        // A file of text brings no pictures, and nobody is given somebody else's.
        if !loaded.published.photos(answers).is_empty() {
            outcome.errors.push(FieldError {
                field: "photos".into(),
                message: format!("第 {line} 行：照片不能从文件导入"),
            });
            continue;
        }
        match loaded.published.check(answers, day) {
            Ok(()) => {
                let key = Key {
                    corp,
                    form_id: loaded.form_id,
                    person: *person,
                    period: turn.period,
                    occurrence: 0,
                };
                let flags = loaded.published.form.flags(answers, None);
                let draft_of = Draft { key, answers, flags, source: Source::Import, day, at };
                drafts.push(NewReport { late: false, ..draft(app, &loaded, draft_of)? });
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
        if let Some(fields) = &loaded.published.form.trip {
            keep_trips(&mut tx, fields, &drafts, &rows).await?;
        }
        // What stood out on days before was looked at where it comes from.
        let opened = day == school.today(app.now()) && open_reviews(&mut tx, &drafts).await?;
        tx.commit().await?;
        if opened {
            app.job_added().notify_one();
        }
    }
    Ok(outcome)
}

/// Opens the reviews of the reports that were written and stand out. Whether there is any.
async fn open_reviews(tx: &mut Scoped, drafts: &[NewReport]) -> Result<bool> {
    let corp = tx.corp();
    let mut opened = false;
    for draft in drafts.iter().filter(|draft| !draft.flags.is_empty()) {
        let Some(report) = reports::by_key(tx, draft.key).await? else { continue };
        if report.receipt == draft.receipt {
            let act = NewAct {
                act: ReviewAct::Opened,
                revision: report.revision,
                note: None,
                by_member: None,
                at: draft.at,
            };
            reviews::open(tx, corp, report.report_id, &draft.flags, &act).await?;
            queue::add(tx, &warn_reviews::job(corp, draft.at), draft.at).await?;
            opened = true;
        }
    }
    Ok(opened)
}

/// What the reports that were written tell of trips. Every row has become a draft, or nothing is written at all.
async fn keep_trips(tx: &mut Scoped, fields: &TripFields, drafts: &[NewReport], rows: &[Row]) -> Result<()> {
    let corp = tx.corp();
    for (draft, (_, answers)) in drafts.iter().zip(rows) {
        let Some(report) = reports::by_key(tx, draft.key).await? else { continue };
        // One that was there before keeps what it says.
        if report.receipt == draft.receipt {
            trips::keep(tx, corp, report.report_id, draft.key.person, fields.trip(answers).as_ref()).await?;
        }
    }
    Ok(())
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
