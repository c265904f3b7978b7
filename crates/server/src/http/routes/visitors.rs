//! 访客: my visitors, the school's, and what a visitor sees who opens their link.

pub mod own;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use app::visitors::{self, Shown, Which};
use chrono::{DateTime, NaiveDate, Utc};
use domain::gate::visitor::{About, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    auth::visit_checked,
    people::{Phone, Reveal},
};
use crate::{
    config::Config,
    http::{
        input::{self, Json, Query},
        limits::Limits,
        openapi::{Refusals, WriteRefusals},
        problem::Answer,
        who::{SignedIn, Visitor as ByLink},
    },
};

/// How an invitation stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VisitState {
    /// 未到时间
    Early,
    /// 有效
    Open,
    /// 已过期
    Over,
    /// 已取消
    Cancelled,
}

impl From<State> for VisitState {
    fn from(state: State) -> Self {
        match state {
            State::Early => Self::Early,
            State::Open => Self::Open,
            State::Over => Self::Over,
            State::Cancelled => Self::Cancelled,
        }
    }
}

/// Visitors, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitorList {
    items: Vec<Visitor>,
    next_cursor: Option<String>,
}

/// Somebody who was invited.
#[derive(Debug, Serialize, ToSchema)]
struct Visitor {
    id: i64,
    name: String,
    /// Masked.
    #[schema(example = "100****5678")]
    phone: String,
    reason: String,
    company: Option<String>,
    /// 车牌号
    plate: Option<String>,
    /// Who invited them.
    host: String,
    /// Of which department.
    host_place: Option<String>,
    /// Names of the zones they may go into.
    zones: Vec<String>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    state: VisitState,
    /// Whether they are inside.
    inside: bool,
    /// … although their time is over.
    overstayed: bool,
    /// Their last passage.
    passed_at: Option<DateTime<Utc>>,
}

impl From<Shown> for Visitor {
    fn from(shown: Shown) -> Self {
        let About { reason, company, plate } = shown.about;
        Self {
            id: shown.id,
            name: shown.name,
            phone: shown.phone,
            reason,
            company,
            plate,
            host: shown.host,
            host_place: shown.host_place,
            zones: shown.zones,
            from: shown.from,
            until: shown.until,
            state: shown.state.into(),
            inside: shown.inside,
            overstayed: shown.overstayed,
            passed_at: shown.passed_at,
        }
    }
}

/// Which visitors.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VisitorsShown {
    /// Expected at some time of today.
    #[default]
    Today,
    /// Inside.
    Inside,
    /// Inside although their time is over.
    Overstayed,
    /// All that are known.
    All,
}

/// Which visitors.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct VisitorQuery {
    /// Those expected today if left out.
    #[serde(default)]
    #[param(inline)]
    show: VisitorsShown,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Visitors of the school: who is expected, who is inside, who has stayed too long.
#[utoipa::path(
    operation_id = "visitors_list",
    tag = "visitors", security(("session" = [])), params(VisitorQuery),
    responses((status = 200, body = VisitorList), Refusals))]
#[get("/visitors")]
pub async fn list(who: SignedIn, query: Query<VisitorQuery>) -> Answer<web::Json<VisitorList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let which = match query.0.show {
        VisitorsShown::Today => Which::Today,
        VisitorsShown::Inside => Which::Inside,
        VisitorsShown::Overstayed => Which::Overstayed,
        VisitorsShown::All => Which::All,
    };
    let page = visitors::list(app, school, viewer, which, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(Visitor::from).collect();
    Ok(web::Json(VisitorList { items, next_cursor: paging.cursor(page.next)? }))
}

/// Takes an invitation back. Whoever is inside still gets out.
#[utoipa::path(
    operation_id = "visitors_cancel",
    tag = "visitors", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/visitors/{id}/cancellation")]
pub async fn cancel(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    visitors::cancel(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A visitor's phone in full. The look is recorded, and their host can read who looked.
#[utoipa::path(
    operation_id = "visitors_reveal_phone",
    tag = "visitors", security(("session" = [])), params(("id" = i64, Path)), request_body = Reveal,
    responses((status = 200, body = Phone), Refusals, WriteRefusals))]
#[post("/visitors/{id}/phone")]
pub async fn reveal_phone(who: SignedIn, id: web::Path<i64>, body: Json<Reveal>) -> Answer<web::Json<Phone>> {
    let (app, school, viewer) = who.recent_parts()?;
    let phone = visitors::reveal_phone(app, school, viewer, *id, &body.0.purpose).await?;
    Ok(web::Json(Phone::shown(phone)))
}

/// A visit as its visitor sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Visit {
    /// The server's clock. A phone's may be off: what counts is how long after this a code is shown.
    now: DateTime<Utc>,
    school: String,
    /// Of all times here.
    time_zone: String,
    name: String,
    /// Who invited them.
    host: String,
    /// Where they may go in.
    zones: Vec<String>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    state: VisitState,
    /// Whether they are inside: then there are codes to go out with, whatever became of the invitation.
    inside: bool,
    /// By which day everything here is forgotten.
    forgotten_on: NaiveDate,
    /// Codes for the next ten minutes, in order, each to be shown until the next one; none while they would open nothing.
    codes: Vec<VisitCode>,
}

/// A code: good for twenty-five seconds, once.
#[derive(Debug, Serialize, ToSchema)]
struct VisitCode {
    /// From when it is to be shown.
    from: DateTime<Utc>,
    /// The text of the QR code, in its alphanumeric mode.
    code: String,
}

/// The visit of a link, with codes to show at the gate: for a browser without a session, with `Authorization: Visit …` and what
/// the link has behind its `#t=`, which no server sees otherwise. To be asked for again every few minutes.
#[utoipa::path(
    operation_id = "visit_open",
    tag = "visitors", security(("visit" = [])),
    responses((status = 200, body = Visit), Refusals, WriteRefusals))]
#[post("/visit")]
pub async fn open(
    who: ByLink,
    request: HttpRequest,
    limits: web::Data<Limits>,
    config: web::Data<Config>,
) -> Answer<web::Json<Visit>> {
    visit_checked(&request, &limits, &config)?;
    let (app, school, token) = who.parts()?;
    let visit = visitors::open(app, school, token).await?;
    let codes = visit.codes.into_iter().map(|shown| VisitCode { from: shown.from, code: shown.code });
    Ok(web::Json(Visit {
        now: visit.now,
        school: school.corp.name.clone(),
        time_zone: school.zone.name().to_owned(),
        name: visit.name,
        host: visit.host,
        zones: visit.zones,
        from: visit.from,
        until: visit.until,
        state: visit.state.into(),
        inside: visit.inside,
        forgotten_on: visit.forgotten_on,
        codes: codes.collect(),
    }))
}
