//! 通行证: who may pass where others may not.

use actix_web::{HttpResponse, get, post, web};
use app::{
    gate_permits::{self, Kind, New},
    reasons::Reasoned,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    routes::gate::GateDirection,
    who::SignedIn,
};

/// How often a permit is good.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GatePermitKind {
    /// 单次: once in and once out.
    Single,
    /// 长期
    Standing,
}

/// Which permits.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PermitQuery {
    /// Those that are over or revoked too.
    #[serde(default)]
    past: bool,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Permits, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct GatePermitList {
    items: Vec<GatePermit>,
    next_cursor: Option<String>,
}

/// A permit.
#[derive(Debug, Serialize, ToSchema)]
struct GatePermit {
    id: i64,
    number: String,
    name: String,
    /// Class or department.
    place: Option<String>,
    #[schema(value_type = GatePermitKind)]
    kind: String,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    /// Zones it opens; none: all of them.
    zones: Vec<i64>,
    reason: String,
    /// Passages it opened a gate for.
    used: i64,
    /// None: an approval of WeCom (审批) granted it.
    granted_by: Option<String>,
    granted_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    revoke_reason: Option<String>,
}

/// Permits of those I may give them to.
#[utoipa::path(
    operation_id = "gate_permits_list",
    tag = "gate", security(("session" = [])), params(PermitQuery),
    responses((status = 200, body = GatePermitList), Refusals))]
#[get("/gate-permits")]
pub async fn list(who: SignedIn, query: Query<PermitQuery>) -> Answer<web::Json<GatePermitList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let before = paging.after.as_deref();
    let page = gate_permits::list(app, school, viewer, query.0.past, before, paging.limit).await?;
    let items = page.items.into_iter().map(|Reasoned { row, reason, revoke_reason }| GatePermit {
        id: row.permit_id,
        number: row.number,
        name: row.name,
        place: row.place,
        kind: row.kind,
        from: row.from_time,
        until: row.until_time,
        zones: row.zones,
        reason,
        used: row.used,
        granted_by: row.granted_by,
        granted_at: row.granted_at,
        revoked_at: row.revoked_at,
        revoke_reason,
    });
    Ok(web::Json(GatePermitList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// My permits.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnGatePermits {
    items: Vec<OwnGatePermit>,
}

/// A permit of mine.
#[derive(Debug, Serialize, ToSchema)]
struct OwnGatePermit {
    id: i64,
    #[schema(value_type = GatePermitKind)]
    kind: String,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    /// Names of the zones it opens; none: all of them.
    zones: Vec<String>,
    reason: String,
    /// Ways a single one has been used.
    #[schema(value_type = Vec<GateDirection>)]
    used: Vec<String>,
}

/// Permits I hold now or later, the next to end first: at most 20.
#[utoipa::path(
    operation_id = "gate_permits_own",
    tag = "gate", security(("session" = [])),
    responses((status = 200, body = OwnGatePermits), Refusals))]
#[get("/me/gate-permits")]
pub async fn own(who: SignedIn) -> Answer<web::Json<OwnGatePermits>> {
    let (app, school, viewer) = who.parts()?;
    let rows = gate_permits::own(app, school, viewer, 20).await?;
    let items = rows.into_iter().map(|Reasoned { row, reason, .. }| OwnGatePermit {
        id: row.permit_id,
        kind: row.kind,
        from: row.from_time,
        until: row.until_time,
        zones: row.zones,
        reason,
        used: row.used,
    });
    Ok(web::Json(OwnGatePermits { items: items.collect() }))
}

/// Permits to be given, the same to everybody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGatePermits {
    /// Student or staff numbers, one or many, with blanks, commas or new lines between them.
    #[schema(example = "20180101 20180102")]
    numbers: String,
    kind: GatePermitKind,
    from: DateTime<Utc>,
    /// At most 400 days later.
    until: DateTime<Utc>,
    /// Zones they open; none or left out: all of them.
    #[serde(default)]
    zones: Vec<i64>,
    /// Why, at most 200 characters.
    reason: String,
}

/// What was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct GatePermitsGiven {
    /// How many; the others had the same one already.
    added: usize,
}

/// Gives everybody of a list a permit: all of them, or nobody. The same again changes nothing.
#[utoipa::path(
    operation_id = "gate_permits_create",
    tag = "gate", security(("session" = [])), request_body = NewGatePermits,
    responses((status = 200, body = GatePermitsGiven), Refusals, WriteRefusals))]
#[post("/gate-permits")]
pub async fn create(who: SignedIn, body: Json<NewGatePermits>) -> Answer<web::Json<GatePermitsGiven>> {
    let (app, school, viewer) = who.parts()?;
    let NewGatePermits { numbers, kind, from, until, zones, reason } = body.0;
    let kind = match kind {
        GatePermitKind::Single => Kind::Single,
        GatePermitKind::Standing => Kind::Standing,
    };
    let new = New { numbers: &numbers, kind, from, until, zones, reason: &reason };
    let added = gate_permits::add(app, school, viewer, new).await?;
    Ok(web::Json(GatePermitsGiven { added }))
}

/// Why a permit is ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GatePermitEnd {
    /// At most 200 characters.
    reason: String,
}

/// Ends a permit at once, where the server decides. The record stays, with the reason.
#[utoipa::path(
    operation_id = "gate_permits_revoke",
    tag = "gate", security(("session" = [])), params(("id" = i64, Path)), request_body = GatePermitEnd,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/gate-permits/{id}/revocation")]
pub async fn revoke(who: SignedIn, id: web::Path<i64>, body: Json<GatePermitEnd>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    gate_permits::revoke(app, school, viewer, *id, &body.0.reason).await?;
    Ok(HttpResponse::NoContent().finish())
}
