//! 保存期限: what is kept how long, what was purged with which proof, and what is held.

use actix_web::{
    HttpResponse, get,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    post, web,
};
use app::retention::{self, Ending};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    input::{self, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// How far the end of a campaign's answers is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "names domain::retention::Stage in the document")]
enum RetentionStage {
    /// They are shown.
    Kept,
    /// 保全: hidden in time and not purged.
    Held,
    /// Hidden, and being purged.
    Hidden,
    /// Gone.
    Purged,
}

/// How a campaign's answers end.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignEnding {
    #[schema(value_type = RetentionStage)]
    stage: &'static str,
    /// Days they are kept after the last day.
    kept_days: i64,
    /// The first day nobody is shown them, by the last day as it is now.
    hidden_on: NaiveDate,
    /// The day by whose beginning they are gone.
    gone_by: NaiveDate,
    /// `hidden_on`, were the form ended now.
    hidden_if_ended_now: NaiveDate,
    /// `gone_by`, were the form ended now.
    gone_if_ended_now: NaiveDate,
    /// 保全: the last day; null: nobody holds them.
    held_until: Option<NaiveDate>,
    purged_at: Option<DateTime<Utc>>,
    /// The last purge, whose certificate can be had.
    certificate: Option<i64>,
}

impl From<Ending> for CampaignEnding {
    fn from(ending: Ending) -> Self {
        Self {
            stage: ending.stage.as_str(),
            kept_days: ending.kept_days,
            hidden_on: ending.hidden_on,
            gone_by: ending.gone_by,
            hidden_if_ended_now: ending.if_ended_now.0,
            gone_if_ended_now: ending.if_ended_now.1,
            held_until: ending.held_until,
            purged_at: ending.purged_at,
            certificate: ending.certificate,
        }
    }
}

/// The school's schedule.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionOverview {
    /// Of the file it is made by.
    version: String,
    classes: Vec<RetentionClass>,
    /// Whether I may hold forms.
    may_hold: bool,
}

/// A class of what is held.
#[derive(Debug, Serialize, ToSchema)]
struct RetentionClass {
    /// answers, facts, passages …
    name: &'static str,
    /// What it is, in Chinese.
    title: String,
    /// From when the days count, in Chinese.
    since: String,
    days: i64,
    /// Why so many, in Chinese.
    basis: String,
    /// When it was last looked through; null: not yet.
    ran_at: Option<DateTime<Utc>>,
    /// When something was last removed.
    removed_at: Option<DateTime<Utc>>,
    /// How many rows then.
    removed: i64,
}

/// What is kept how long, and when it was last looked through.
#[utoipa::path(
    operation_id = "retention_get",
    tag = "retention", security(("session" = [])),
    responses((status = 200, body = RetentionOverview), Refusals))]
#[get("/retention")]
pub async fn get(who: SignedIn) -> Answer<web::Json<RetentionOverview>> {
    let (app, school, viewer) = who.parts()?;
    let found = retention::overview(app, school, viewer).await?;
    let classes = found.classes.into_iter().map(|kept| RetentionClass {
        name: kept.name,
        title: kept.class.title,
        since: kept.class.since,
        days: kept.class.days,
        basis: kept.class.basis,
        ran_at: kept.run.as_ref().map(|run| run.ran_at),
        removed_at: kept.run.as_ref().and_then(|run| run.removed_at),
        removed: kept.run.map_or(0, |run| run.removed),
    });
    Ok(web::Json(RetentionOverview {
        version: found.version,
        classes: classes.collect(),
        may_hold: found.may_hold,
    }))
}

/// Forms, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionFormList {
    items: Vec<RetentionForm>,
    next_cursor: Option<String>,
}

/// A form, and how its answers end.
#[derive(Debug, Serialize, ToSchema)]
struct RetentionForm {
    code: String,
    title: String,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    ending: CampaignEnding,
}

/// Published forms, and when their answers are hidden and purged.
#[utoipa::path(
    operation_id = "retention_forms",
    tag = "retention", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = RetentionFormList), Refusals))]
#[get("/retention/forms")]
pub async fn forms(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<RetentionFormList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = retention::forms(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|form| RetentionForm {
        code: form.code,
        title: form.title,
        starts_on: form.starts_on,
        ends_on: form.ends_on,
        ending: form.ending.into(),
    });
    Ok(web::Json(RetentionFormList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Purges, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionCertificateList {
    items: Vec<RetentionCertificate>,
    next_cursor: Option<String>,
}

/// A purge that has its certificate.
#[derive(Debug, Serialize, ToSchema)]
struct RetentionCertificate {
    id: i64,
    /// The form's code.
    form: String,
    title: String,
    /// The campaign's last day.
    ends_on: NaiveDate,
    began_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
    /// How many rows went.
    rows: i64,
    /// How many data keys were destroyed.
    data_keys: i64,
}

/// Purges that have their certificate.
#[utoipa::path(
    operation_id = "retention_certificates",
    tag = "retention", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = RetentionCertificateList), Refusals))]
#[get("/retention/certificates")]
pub async fn certificates(
    who: SignedIn,
    query: Query<PageQuery>,
) -> Answer<web::Json<RetentionCertificateList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = retention::certificates(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|row| RetentionCertificate {
        id: row.purge_id,
        form: row.form,
        title: row.title,
        ends_on: row.ends_on,
        began_at: row.began_at,
        ended_at: row.ended_at,
        rows: row.rows,
        data_keys: row.data_keys,
    });
    Ok(web::Json(RetentionCertificateList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// The certificate of a purge, a JSON file as it was signed: `rollcall retention verify` checks it.
#[utoipa::path(
    operation_id = "retention_certificate",
    tag = "retention", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
#[get("/retention/certificates/{id}")]
pub async fn certificate(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let id = id.into_inner();
    let text = retention::certificate(app, school, viewer, id).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"certificate-{id}.json\"")))
        .body(text))
}

/// Holds, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionHoldList {
    items: Vec<RetentionHold>,
    next_cursor: Option<String>,
}

/// 保全: a form of which nothing is purged.
#[derive(Debug, Serialize, ToSchema)]
struct RetentionHold {
    id: i64,
    /// The form's code.
    form: String,
    title: String,
    reason: String,
    /// The last day.
    until: NaiveDate,
    set_by: String,
    set_at: DateTime<Utc>,
    /// Null: nobody lifted it.
    lifted_by: Option<String>,
    lifted_at: Option<DateTime<Utc>>,
}

/// Holds, also those that were lifted or ran out.
#[utoipa::path(
    operation_id = "retention_holds",
    tag = "retention", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = RetentionHoldList), Refusals))]
#[get("/retention/holds")]
pub async fn holds(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<RetentionHoldList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = retention::holds(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|row| RetentionHold {
        id: row.hold_id,
        form: row.form,
        title: row.title,
        reason: row.reason,
        until: row.until_date,
        set_by: row.set_by,
        set_at: row.set_at,
        lifted_by: row.lifted_by,
        lifted_at: row.lifted_at,
    });
    Ok(web::Json(RetentionHoldList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// A form to be held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldToSet {
    /// The form's code.
    form: String,
    /// Why, at most 200 characters, of nobody by name.
    reason: String,
    /// The last day, at most two years from now.
    until: NaiveDate,
}

/// The hold that was set.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldSet {
    id: i64,
}

/// Holds a form: nothing of it is purged until that day, or until somebody lifts the hold.
#[utoipa::path(
    operation_id = "retention_hold",
    tag = "retention", security(("session" = [])), request_body = HoldToSet,
    responses((status = 200, body = HoldSet), Refusals, WriteRefusals))]
#[post("/retention/holds")]
pub async fn hold(who: SignedIn, body: Json<HoldToSet>) -> Answer<web::Json<HoldSet>> {
    let (app, school, viewer) = who.fresh_parts()?;
    let HoldToSet { form, reason, until } = body.0;
    let id = retention::hold(app, school, viewer, &form, &reason, until).await?;
    Ok(web::Json(HoldSet { id }))
}

/// Lifts a hold. What is due by then goes with the next purge.
#[utoipa::path(
    operation_id = "retention_lift",
    tag = "retention", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/retention/holds/{id}/end")]
pub async fn lift(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    retention::lift(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
