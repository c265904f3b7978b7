//! 授权: who holds which role over what.

use actix_web::{HttpResponse, get, post, web};
use app::grants::{self, Asked, New, Outcome};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::policy::Role;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{dto::Department, me::RoleName};
use crate::http::{
    input::{self, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Which grants.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only of this role.
    #[param(inline, value_type = Option<RoleName>)]
    role: Option<Role>,
    /// Only over this department, or one counted under it.
    department: Option<i32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Grants that hold today, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantList {
    items: Vec<GrantRow>,
    next_cursor: Option<String>,
}

/// A grant.
#[derive(Debug, Serialize, ToSchema)]
struct GrantRow {
    id: i64,
    /// Student or staff number.
    number: String,
    name: String,
    /// As in `RoleName`.
    role: String,
    department: Department,
    purpose: String,
    /// directory: it follows the leaders in 企业微信. roster: from a file. manual: given by hand.
    source: String,
    from: NaiveDate,
    /// The last day; null: as long as its source says so.
    last: Option<NaiveDate>,
    /// Who gave it by hand.
    given_by: Option<String>,
    given_at: Option<DateTime<Utc>>,
    /// Whether I may end it.
    may_end: bool,
}

/// Grants over what I may give grants over; all of them for who audits.
#[utoipa::path(
    operation_id = "grants_list",
    tag = "grants", security(("session" = [])), params(ListQuery),
    responses((status = 200, body = GrantList), Refusals))]
#[get("/grants")]
pub async fn list(who: SignedIn, query: Query<ListQuery>) -> Answer<web::Json<GrantList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let asked = Asked { role: query.0.role, department: query.0.department, text: None };
    let page = grants::list(app, school, viewer, asked, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|held| {
        let row = held.row;
        let last = row.until_date.checked_sub_days(Days::new(1));
        GrantRow {
            id: row.grant_id,
            number: row.number,
            name: row.name,
            role: row.role,
            department: (row.department_id, row.department).into(),
            purpose: row.purpose,
            // A grant of the directory is written until a day far off, which nobody needs to read.
            last: last.filter(|_| row.source != "directory"),
            source: row.source,
            from: row.from_date,
            given_by: row.given_by,
            given_at: row.given_at,
            may_end: held.may_end,
        }
    });
    Ok(web::Json(GrantList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// What was given and ended by hand, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantActs {
    items: Vec<GrantAct>,
    next_cursor: Option<String>,
}

/// Something that was done by hand.
#[derive(Debug, Serialize, ToSchema)]
struct GrantAct {
    /// given or ended.
    act: String,
    number: String,
    name: String,
    /// As in `RoleName`.
    role: String,
    department: Department,
    purpose: String,
    /// ended: why.
    reason: Option<String>,
    /// given: the last day.
    last: Option<NaiveDate>,
    by: String,
    at: DateTime<Utc>,
}

/// Who gave and ended grants by hand; all of it for who audits.
#[utoipa::path(
    operation_id = "grants_acts",
    tag = "grants", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = GrantActs), Refusals))]
#[get("/grants/acts")]
pub async fn acts(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<GrantActs>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = grants::acts(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|grants::Done { act, reason }| GrantAct {
        last: act.until_date.checked_sub_days(Days::new(1)).filter(|_| act.act == "given"),
        act: act.act,
        number: act.number,
        name: act.name,
        role: act.role,
        department: (act.department_id, act.department).into(),
        purpose: act.purpose,
        reason,
        by: act.made_by,
        at: act.made_at,
    });
    Ok(web::Json(GrantActs { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// A role to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// Student or staff number.
    number: String,
    #[schema(value_type = RoleName)]
    role: Role,
    /// Over which department.
    department: i32,
    /// What for, at most 64 characters.
    purpose: String,
    /// The last day, within 400 days.
    last: NaiveDate,
}

impl NewGrant {
    fn wanted(&self) -> New<'_> {
        let Self { number, role, department, purpose, last } = self;
        New { number, role: *role, department: *department, purpose, last: *last }
    }
}

/// Whose it is, and whether there was anything to give.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantOutcome {
    number: String,
    name: String,
    /// Where they are counted.
    place: Option<String>,
    /// False: they hold it already.
    added: bool,
}

impl From<Outcome> for GrantOutcome {
    fn from(outcome: Outcome) -> Self {
        let Outcome { name, number, place, added } = outcome;
        Self { number, name, place, added }
    }
}

/// Whom a role would be given to, to be looked at before it is.
#[utoipa::path(
    operation_id = "grants_preview",
    tag = "grants", security(("session" = [])), request_body = NewGrant,
    responses((status = 200, body = GrantOutcome), Refusals, WriteRefusals))]
#[post("/grants/preview")]
pub async fn preview(who: SignedIn, body: Json<NewGrant>) -> Answer<web::Json<GrantOutcome>> {
    let (app, school, viewer) = who.parts()?;
    Ok(web::Json(grants::give(app, school, viewer, body.0.wanted(), false).await?.into()))
}

/// Gives a role from today on; who, when and what for is kept. The same again gives nothing more.
#[utoipa::path(
    operation_id = "grants_give",
    tag = "grants", security(("session" = [])), request_body = NewGrant,
    responses((status = 200, body = GrantOutcome), Refusals, WriteRefusals))]
#[post("/grants")]
pub async fn give(who: SignedIn, body: Json<NewGrant>) -> Answer<web::Json<GrantOutcome>> {
    let (app, school, viewer) = who.fresh_parts()?;
    Ok(web::Json(grants::give(app, school, viewer, body.0.wanted(), true).await?.into()))
}

/// Why a grant ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantEnd {
    /// At most 200 characters.
    reason: String,
}

/// Ends a grant that was given by hand, from today on. What follows the directory or a roster ends there.
#[utoipa::path(
    operation_id = "grants_end",
    tag = "grants", security(("session" = [])), params(("id" = i64, Path, description = "of the list")),
    request_body = GrantEnd,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/grants/{id}/end")]
pub async fn end(who: SignedIn, id: web::Path<i64>, body: Json<GrantEnd>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    grants::end(app, school, viewer, *id, &body.0.reason).await?;
    Ok(HttpResponse::NoContent().finish())
}
