//! Reporting, and my own reports.

use actix_web::{HttpResponse, get, post, web};
use app::reports::{self, Behalf, Submission};
use chrono::{DateTime, NaiveDate, Utc};
use domain::policy::Role;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    dto::{Receipt, Source, State},
    form_document::Field,
    me::RoleName,
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
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page =
        reports::history(app, school, viewer, &query.0.form, paging.after.as_deref(), paging.limit).await?;
    let items = page
        .items
        .into_iter()
        .map(|report| Report { receipt: report.receipt.into(), answers: report.answers })
        .collect();
    Ok(web::Json(ReportList { items, next_cursor: paging.cursor(page.next)? }))
}

/// Forms I answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnFormList {
    items: Vec<OwnForm>,
}

/// A form I answered.
#[derive(Debug, Serialize, ToSchema)]
struct OwnForm {
    code: String,
    title: String,
    /// How many reports of mine.
    reports: i64,
    /// When I last answered it or changed an answer.
    last_at: DateTime<Utc>,
}

/// The forms I ever answered, the one answered last first.
#[utoipa::path(
    operation_id = "reports_forms",
    tag = "reports", security(("session" = [])),
    responses((status = 200, body = OwnFormList), Refusals))]
#[get("/reports/forms")]
pub async fn own_forms(who: SignedIn) -> Answer<web::Json<OwnFormList>> {
    let (app, school, viewer) = who.parts()?;
    let of = |form: reports::OwnForm| OwnForm {
        code: form.code,
        title: form.title,
        reports: form.reports,
        last_at: form.last_at,
    };
    let items = reports::own_forms(app, school, viewer).await?.into_iter().map(of).collect();
    Ok(web::Json(OwnFormList { items }))
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
    /// 代报: who answered last, where it was not me.
    by: Option<ReportedBy>,
    /// And why.
    reason: Option<String>,
    /// Whether the form is answered whenever it happens: then it is changed by its receipt.
    is_event: bool,
    /// Whether I may change it now.
    changeable: bool,
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
    let own = reports::own(app, school, viewer, &receipt).await?;
    let (by, reason) = own.newest.map_or((None, None), |newest| (newest.by, newest.reason));
    Ok(web::Json(WithForm {
        report: Report { receipt: own.report.receipt.into(), answers: own.report.answers },
        fields: own.form.fields.iter().map(Field::from).collect(),
        is_event: own.form.is_event(),
        title: own.form.title,
        by: by.map(ReportedBy::from),
        reason,
        changeable: own.changeable,
        send_back_note: own.report.send_back_note,
    }))
}

/// Who answered for somebody.
#[derive(Debug, Serialize, ToSchema)]
struct ReportedBy {
    name: String,
    /// What they were then: `counsellor`, `college_office` …
    #[schema(value_type = Option<RoleName>)]
    role: Option<Role>,
}

impl From<reports::By> for ReportedBy {
    fn from(by: reports::By) -> Self {
        Self { name: by.name, role: by.role.as_deref().and_then(Role::parse) }
    }
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
    /// 代报: from whom.
    by: Option<ReportedBy>,
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
            by: revision.by.map(ReportedBy::from),
            carried: revision.carried,
            answers: revision.answers,
        })
        .collect();
    Ok(web::Json(RevisionList { items }))
}
