//! Writing the roster back to WeCom: planned from a file, looked at, approved, carried out.

use actix_web::{
    HttpResponse, delete, get,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    post, web,
};
use app::write_plans::{self, Planned};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::roster::{RosterError, told};
use crate::http::{
    body::{File, LIST_LIMIT},
    input::{self, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Plans, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct WritePlanList {
    items: Vec<WritePlan>,
    next_cursor: Option<String>,
}

/// What is to be written to WeCom.
#[derive(Debug, Serialize, ToSchema)]
struct WritePlan {
    id: i64,
    /// planned, approved (being carried out), done or discarded.
    state: String,
    steps: i32,
    /// Names exactly these steps; to be sent back with an approval.
    digest: String,
    made_at: DateTime<Utc>,
    approved_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<store::write_plans::Plan> for WritePlan {
    fn from(plan: store::write_plans::Plan) -> Self {
        Self {
            id: plan.plan_id,
            state: plan.state,
            steps: plan.steps,
            digest: hex::encode(plan.digest),
            made_at: plan.made_at,
            approved_at: plan.approved_at,
            finished_at: plan.finished_at,
        }
    }
}

/// Plans, newest first.
#[utoipa::path(
    operation_id = "write_plans_list",
    tag = "write-back", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = WritePlanList), Refusals))]
#[get("/write-plans")]
pub async fn list(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<WritePlanList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = write_plans::list(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(WritePlan::from).collect();
    Ok(web::Json(WritePlanList { items, next_cursor: paging.cursor(page.next)? }))
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct WritePlanMade {
    /// The plan; null when something is wrong, or WeCom is as the file says.
    plan: Option<i64>,
    /// The first 500 wrong cells.
    errors: Vec<RosterError>,
    error_count: usize,
}

/// Makes a plan from a roster (.xlsx or CSV). Nothing is written to WeCom before it is approved.
#[utoipa::path(
    operation_id = "write_plans_create",
    tag = "write-back", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = WritePlanMade), Refusals, WriteRefusals))]
#[post("/write-plans")]
pub async fn create(who: SignedIn, body: File) -> Answer<web::Json<WritePlanMade>> {
    let (app, school, viewer) = who.parts()?;
    write_plans::may_bring(viewer)?;
    let (file, _place) = body.read(&who, LIST_LIMIT).await?;
    let made = match write_plans::create(app, school, viewer, file).await? {
        Planned::Plan(plan) => WritePlanMade { plan: Some(plan), errors: Vec::new(), error_count: 0 },
        Planned::Nothing => WritePlanMade { plan: None, errors: Vec::new(), error_count: 0 },
        Planned::Errors(errors) => {
            WritePlanMade { plan: None, error_count: errors.len(), errors: told(errors) }
        }
    };
    Ok(web::Json(made))
}

/// A plan, and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct WritePlanDetail {
    #[serde(flatten)]
    plan: WritePlan,
    counts: Vec<WriteCount>,
}

/// Steps of one kind in one state.
#[derive(Debug, Serialize, ToSchema)]
struct WriteCount {
    /// create_department, create_member, move_member, rename_member, disable_member or set_phone.
    kind: String,
    /// waiting, trying, done or failed.
    state: String,
    steps: i64,
}

/// A plan, and how far it is.
#[utoipa::path(
    operation_id = "write_plans_get",
    tag = "write-back", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = WritePlanDetail), Refusals))]
#[get("/write-plans/{id}")]
pub async fn get(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<WritePlanDetail>> {
    let (app, school, viewer) = who.parts()?;
    let (plan, counts) = write_plans::get(app, school, viewer, *id).await?;
    let counts = counts.into_iter();
    let counts =
        counts.map(|one| WriteCount { kind: one.kind, state: one.state, steps: one.steps }).collect();
    Ok(web::Json(WritePlanDetail { plan: plan.into(), counts }))
}

/// Which steps.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StepsQuery {
    /// Only those in this state.
    #[param(inline)]
    state: Option<StepState>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StepState {
    Waiting,
    Trying,
    Done,
    Failed,
}

/// Steps in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct WriteStepList {
    items: Vec<WriteStep>,
    next_cursor: Option<String>,
}

/// One thing that is written.
#[derive(Debug, Serialize, ToSchema)]
struct WriteStep {
    id: i32,
    kind: String,
    /// The userid; empty for a department to be made.
    subject: String,
    name: String,
    before: String,
    after: String,
    state: String,
    /// WeCom's code, where it refused.
    code: Option<i64>,
    /// Why it failed, and what to do.
    message: Option<String>,
}

/// Steps of a plan in order, each with its result.
#[utoipa::path(
    operation_id = "write_plans_steps",
    tag = "write-back", security(("session" = [])), params(("id" = i64, Path), StepsQuery),
    responses((status = 200, body = WriteStepList), Refusals))]
#[get("/write-plans/{id}/steps")]
pub async fn steps(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<StepsQuery>,
) -> Answer<web::Json<WriteStepList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let state = query.0.state.map(|state| match state {
        StepState::Waiting => "waiting",
        StepState::Trying => "trying",
        StepState::Done => "done",
        StepState::Failed => "failed",
    });
    let after = paging.after.as_deref();
    let page = write_plans::steps(app, school, viewer, *id, state, after, paging.limit).await?;
    let items = page.items.into_iter().map(|step| WriteStep {
        id: step.step_no,
        kind: step.kind,
        subject: step.subject,
        name: step.name,
        before: step.before,
        after: step.after,
        state: step.state,
        code: step.code,
        message: step.message,
    });
    Ok(web::Json(WriteStepList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// What is approved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteApproval {
    /// `digest` as it was shown.
    digest: String,
}

/// Has exactly the plan that was shown carried out. Refused (409) when the directory has changed since.
#[utoipa::path(
    operation_id = "write_plans_approve",
    tag = "write-back", security(("session" = [])), params(("id" = i64, Path)), request_body = WriteApproval,
    responses((status = 202), Refusals, WriteRefusals))]
#[post("/write-plans/{id}/approval")]
pub async fn approve(who: SignedIn, id: web::Path<i64>, body: Json<WriteApproval>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    let digest = hex::decode(&body.0.digest)
        .map_err(|_| app::Error::field("digest", "请原样带上页面上看到的核对码"))?;
    write_plans::approve(app, school, viewer, *id, &digest).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Gives up a plan that was not approved.
#[utoipa::path(
    operation_id = "write_plans_discard",
    tag = "write-back", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[delete("/write-plans/{id}")]
pub async fn discard(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    write_plans::discard(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An empty list of departments to be filled in, as CSV for Excel.
#[utoipa::path(
    operation_id = "write_plans_departments_template",
    tag = "write-back", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), Refusals))]
#[get("/write-plans/departments/template")]
pub async fn departments_template(who: SignedIn) -> Answer<HttpResponse> {
    who.parts()?;
    // The mark in front tells Excel that it is UTF-8.
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"departments.csv\""))
        .body("\u{feff}现部门,新名称,新上级,停用\r\n"))
}
