//! 免报: who need not answer on which days.

use actix_web::{
    HttpResponse, get,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    post, web,
};
use app::{
    exemptions::{self, Entered},
    reasons::Reasoned,
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::exemption::ExemptionKind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::roster::{RosterError, told};
use crate::http::{
    body::{File, LIST_LIMIT},
    input::{self, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Why somebody need not answer.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExemptionKind)]
pub enum Kind {
    /// 请假
    Leave,
    /// 实习
    Internship,
    /// 休学
    Suspension,
    /// 延期报到
    Deferral,
}

impl From<Kind> for ExemptionKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Leave => Self::Leave,
            Kind::Internship => Self::Internship,
            Kind::Suspension => Self::Suspension,
            Kind::Deferral => Self::Deferral,
        }
    }
}

/// Which exemptions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only of this kind.
    #[param(inline)]
    kind: Option<Kind>,
    /// Those that are over or revoked too.
    #[serde(default)]
    past: bool,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Exemptions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExemptionList {
    items: Vec<Exemption>,
    next_cursor: Option<String>,
}

/// Days on which somebody need not answer.
#[derive(Debug, Serialize, ToSchema)]
struct Exemption {
    id: i64,
    number: String,
    name: String,
    /// Class or department.
    place: Option<String>,
    /// leave, internship, suspension or deferral.
    kind: String,
    from: NaiveDate,
    /// The last day; null: until further notice.
    last: Option<NaiveDate>,
    reason: String,
    /// manual, list or approval.
    source: String,
    granted_by: Option<String>,
    granted_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    revoke_reason: Option<String>,
}

/// Exemptions of those I may exempt.
#[utoipa::path(
    operation_id = "exemptions_list",
    tag = "exemptions", security(("session" = [])), params(ListQuery),
    responses((status = 200, body = ExemptionList), Refusals))]
#[get("/exemptions")]
pub async fn list(who: SignedIn, query: Query<ListQuery>) -> Answer<web::Json<ExemptionList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let kind = query.0.kind.map(ExemptionKind::from);
    let before = paging.after.as_deref();
    let page = exemptions::list(app, school, viewer, kind, query.0.past, before, paging.limit).await?;
    let items = page.items.into_iter().map(|Reasoned { row, reason, revoke_reason }| Exemption {
        id: row.exemption_id,
        number: row.number,
        name: row.name,
        place: row.place,
        kind: row.kind,
        from: row.from_date,
        last: row.until_date.and_then(|until| until.checked_sub_days(Days::new(1))),
        reason,
        source: row.source,
        granted_by: row.granted_by,
        granted_at: row.granted_at,
        revoked_at: row.revoked_at,
        revoke_reason,
    });
    Ok(web::Json(ExemptionList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// An exemption to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExemption {
    /// Student or staff number.
    number: String,
    kind: Kind,
    /// The first day.
    from: NaiveDate,
    /// The last day; null or left out: until further notice, which a leave can't be.
    last: Option<NaiveDate>,
    /// Why, at most 200 characters.
    reason: String,
}

/// Whether there was anything to add.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExemptionAdded {
    /// False: the same one stood already.
    added: bool,
}

/// Exempts one person; the same again changes nothing.
#[utoipa::path(
    operation_id = "exemptions_create",
    tag = "exemptions", security(("session" = [])), request_body = NewExemption,
    responses((status = 200, body = ExemptionAdded), Refusals, WriteRefusals))]
#[post("/exemptions")]
pub async fn create(who: SignedIn, body: Json<NewExemption>) -> Answer<web::Json<ExemptionAdded>> {
    let (app, school, viewer) = who.parts()?;
    let (from, last) = (body.0.from.to_string(), body.0.last.map(|last| last.to_string()));
    let entered = Entered {
        number: &body.0.number,
        kind: ExemptionKind::from(body.0.kind).as_str(),
        from: &from,
        last: last.as_deref().unwrap_or_default(),
        reason: &body.0.reason,
    };
    let added = exemptions::add(app, school, viewer, entered).await?;
    Ok(web::Json(ExemptionAdded { added }))
}

/// Why an exemption is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// At most 200 characters.
    reason: String,
}

/// Takes an exemption back, as if it had never been. The record stays, with the reason.
#[utoipa::path(
    operation_id = "exemptions_revoke",
    tag = "exemptions", security(("session" = [])), params(("id" = i64, Path)), request_body = Revocation,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/exemptions/{id}/revocation")]
pub async fn revoke(who: SignedIn, id: web::Path<i64>, body: Json<Revocation>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    exemptions::revoke(app, school, viewer, *id, &body.0.reason).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What a list does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExemptionListOutcome {
    rows: usize,
    /// Exemptions added; the others stood already.
    added: usize,
    /// The first 500 wrong cells; nothing is written while there is one.
    errors: Vec<RosterError>,
    error_count: usize,
}

impl From<exemptions::Outcome> for ExemptionListOutcome {
    fn from(outcome: exemptions::Outcome) -> Self {
        Self {
            rows: outcome.rows,
            added: outcome.added,
            error_count: outcome.errors.len(),
            errors: told(outcome.errors),
        }
    }
}

/// Looks at a list (.xlsx or CSV) without writing anything.
#[utoipa::path(
    operation_id = "exemptions_preview",
    tag = "exemptions", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = ExemptionListOutcome), Refusals, WriteRefusals))]
#[post("/exemptions/list/preview")]
pub async fn preview(who: SignedIn, body: File) -> Answer<web::Json<ExemptionListOutcome>> {
    let (app, school, viewer) = who.parts()?;
    exemptions::may_bring(viewer)?;
    let (file, _place) = body.read(&who, LIST_LIMIT).await?;
    let outcome = exemptions::add_list(app, school, viewer, file, false).await?;
    Ok(web::Json(outcome.into()))
}

/// Exempts everybody of a list: all of it, or nothing. Can be undone among the imports.
#[utoipa::path(
    operation_id = "exemptions_import",
    tag = "exemptions", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = ExemptionListOutcome), Refusals, WriteRefusals))]
#[post("/exemptions/list")]
pub async fn import(who: SignedIn, body: File) -> Answer<web::Json<ExemptionListOutcome>> {
    let (app, school, viewer) = who.parts()?;
    exemptions::may_bring(viewer)?;
    let (file, _place) = body.read(&who, LIST_LIMIT).await?;
    let outcome = exemptions::add_list(app, school, viewer, file, true).await?;
    Ok(web::Json(outcome.into()))
}

/// An empty list to be filled in, as CSV for Excel.
#[utoipa::path(
    operation_id = "exemptions_template",
    tag = "exemptions", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), Refusals))]
#[get("/exemptions/template")]
pub async fn template(who: SignedIn) -> Answer<HttpResponse> {
    who.parts()?;
    // The mark in front tells Excel that it is UTF-8.
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"exemptions.csv\""))
        .body("\u{feff}学号,免报类型,开始日期,结束日期,事由\r\n"))
}
