//! Reporting, and my own reports.

use actix_web::{HttpResponse, get, post, web};
use app::reports::{self, Submission};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::dto::{Receipt, State};
use crate::http::{
    input::{self, IdempotencyKey, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Today's answers to a form.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// The form's code.
    #[schema(example = "health-daily")]
    form: String,
    /// The version that was shown.
    version: i32,
    /// Must be today; may be left out.
    #[serde(default)]
    day: Option<NaiveDate>,
    /// By field name.
    answers: Map<String, Value>,
}

/// Reports today. Sent again the same day, it is the next revision.
#[utoipa::path(
    operation_id = "reports_create",
    tag = "reports", security(("session" = [])), request_body = NewReport,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 of A-Za-z0-9_-")),
    responses((status = 201, body = Receipt, description = "the first of the day"),
        (status = 200, body = Receipt, description = "a revision, or the same request again"), Refusals, WriteRefusals))]
#[post("/reports")]
pub async fn create(who: SignedIn, key: IdempotencyKey, body: Json<NewReport>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let NewReport { form, version, day, answers } = body.0;
    let submission = Submission { form, version, day, answers };
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
    /// By field name.
    answers: Map<String, Value>,
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
    answers: Map<String, Value>,
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
            answers: revision.answers,
        })
        .collect();
    Ok(web::Json(RevisionList { items }))
}
