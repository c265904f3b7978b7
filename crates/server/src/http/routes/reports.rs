//! Reporting, and my own reports.

use actix_web::{HttpResponse, get, post, web};
use app::reports::{self, Behalf, Submission};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    dto::{Receipt, Source, State},
    form_document::Field,
};
use crate::http::{
    input::{self, IdempotencyKey, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Answers to a form.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// The form's code.
    #[schema(example = "health-daily")]
    form: String,
    /// The version that was shown.
    version: i32,
    /// One that takes answers now; may be left out.
    #[serde(default)]
    day: Option<NaiveDate>,
    /// The slot of that day; may be left out.
    #[serde(default)]
    slot: Option<i16>,
    /// Of a form answered by event: the report to be changed; left out, it is a new one. Otherwise a report that was sent
    /// back.
    #[serde(default)]
    receipt: Option<String>,
    /// By field name.
    answers: Map<String, Value>,
    /// Names of the fields that were left as they were carried over.
    #[serde(default)]
    carried: Vec<String>,
    /// 代报: for somebody of mine who can't.
    #[serde(default)]
    behalf: Option<OnBehalf>,
}

/// For whom, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OnBehalf {
    /// The person's id.
    person: i64,
    /// Why they don't answer themselves; they see it. At most 200 characters.
    reason: String,
}

/// Reports. Sent again for the same period before its cut-off, it is the next revision.
#[utoipa::path(
    operation_id = "reports_create",
    tag = "reports", security(("session" = [])), request_body = NewReport,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 of A-Za-z0-9_-")),
    responses((status = 201, body = Receipt, description = "the first of the period"),
        (status = 200, body = Receipt, description = "a revision, or the same request again"), Refusals, WriteRefusals))]
#[post("/reports")]
pub async fn create(who: SignedIn, key: IdempotencyKey, body: Json<NewReport>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let NewReport { form, version, day, slot, receipt, answers, carried, behalf } = body.0;
    let behalf = behalf.map(|OnBehalf { person, reason }| Behalf { person, reason });
    let submission = Submission { form, version, day, slot, receipt, answers, carried, behalf };
    let receipt = Receipt::from(reports::submit(app, school, viewer, &key.0, &submission).await?);
    let mut response = if receipt.revision == 1 { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(receipt))
}

/// My own reports of a form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OwnReports {
    /// The form's code.
    form: String,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Reports, newest day first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportList {
    items: Vec<Report>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Report {
    #[serde(flatten)]
    receipt: Receipt,
    /// By field name; null: they are kept no longer.
    answers: Option<Map<String, Value>>,
}

/// My own reports, newest day first.
#[utoipa::path(
    operation_id = "reports_list",
    tag = "reports", security(("session" = [])), params(OwnReports),
    responses((status = 200, body = ReportList), Refusals))]
#[get("/reports")]
pub async fn list(who: SignedIn, query: Query<OwnReports>) -> Answer<web::Json<ReportList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(query.0.cursor.as_deref(), query.0.limit)?;
    let page =
        reports::history(app, school, viewer, &query.0.form, paging.after.as_deref(), paging.limit).await?;
    let items = page
        .items
        .into_iter()
        .map(|report| Report { receipt: report.receipt.into(), answers: report.answers })
        .collect();
    Ok(web::Json(ReportList { items, next_cursor: input::cursor(page.next) }))
}

/// A report with the questions it answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportWithForm)]
pub struct WithForm {
    #[serde(flatten)]
    report: Report,
    title: String,
    /// Of the version it was given on, however old.
    fields: Vec<Field>,
    /// Sent back: what is to be put right; else null.
    send_back_note: Option<String>,
}

/// One report of mine, with the questions it answered.
#[utoipa::path(
    operation_id = "reports_get",
    tag = "reports", security(("session" = [])), params(("receipt" = String, Path)),
    responses((status = 200, body = WithForm), Refusals))]
#[get("/reports/{receipt}")]
pub async fn get(who: SignedIn, receipt: web::Path<String>) -> Answer<web::Json<WithForm>> {
    let (app, school, viewer) = who.parts()?;
    let (report, form) = reports::own(app, school, viewer, &receipt).await?;
    let send_back_note = report.send_back_note;
    let report = Report { receipt: report.receipt.into(), answers: report.answers };
    let fields = form.fields.iter().map(Field::from).collect();
    Ok(web::Json(WithForm { report, title: form.title, fields, send_back_note }))
}

/// Every revision of a report, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevisionList {
    items: Vec<Revision>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Revision {
    revision: i32,
    at: DateTime<Utc>,
    state: State,
    /// From whom.
    source: Source,
    /// 代报: why not from the person.
    reason: Option<String>,
    /// Names of the fields whose answer was carried over.
    carried: Vec<String>,
    /// By field name; null: they are kept no longer.
    answers: Option<Map<String, Value>>,
}

/// Every revision of my own report.
#[utoipa::path(
    operation_id = "reports_revisions",
    tag = "reports", security(("session" = [])), params(("receipt" = String, Path)),
    responses((status = 200, body = RevisionList), Refusals))]
#[get("/reports/{receipt}/revisions")]
pub async fn revisions(who: SignedIn, receipt: web::Path<String>) -> Answer<web::Json<RevisionList>> {
    let (app, school, viewer) = who.parts()?;
    let items = reports::revisions(app, school, viewer, &receipt)
        .await?
        .into_iter()
        .map(|revision| Revision {
            revision: revision.revision,
            at: revision.at,
            state: State::of(&revision.state),
            source: Source::of(&revision.source),
            reason: revision.reason,
            carried: revision.carried,
            answers: revision.answers,
        })
        .collect();
    Ok(web::Json(RevisionList { items }))
}
