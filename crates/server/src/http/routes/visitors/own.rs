//! My visitors: whom I invite.

use actix_web::{HttpResponse, get, post, web};
use app::visitors;
use chrono::{DateTime, Utc};
use domain::gate::visitor::Draft;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Visitor, VisitorList};
use crate::http::{
    input::{self, IdempotencyKey, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// My visitors, the newest first.
#[utoipa::path(
    operation_id = "visitors_own",
    tag = "visitors", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = VisitorList), Refusals))]
#[get("/me/visitors")]
pub async fn list(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<VisitorList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = visitors::own(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(Visitor::from).collect();
    Ok(web::Json(VisitorList { items, next_cursor: paging.cursor(page.next)? }))
}

/// Zones a visitor can be invited into.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitorZoneList {
    items: Vec<VisitorZone>,
}

/// A zone.
#[derive(Debug, Serialize, ToSchema)]
struct VisitorZone {
    id: i64,
    name: String,
}

/// Zones I can invite somebody into.
#[utoipa::path(
    operation_id = "visitors_zones",
    tag = "visitors", security(("session" = [])),
    responses((status = 200, body = VisitorZoneList), Refusals))]
#[get("/me/visitor-zones")]
pub async fn zones(who: SignedIn) -> Answer<web::Json<VisitorZoneList>> {
    let (app, school, viewer) = who.parts()?;
    let zones = visitors::zones(app, school, viewer).await?;
    let items = zones.into_iter().map(|zone| VisitorZone { id: zone.zone_id, name: zone.name });
    Ok(web::Json(VisitorZoneList { items: items.collect() }))
}

/// Somebody to be expected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVisitor {
    /// At most 40 characters.
    name: String,
    #[schema(example = "100 1234 5678")]
    phone: String,
    /// What for, at most 100 characters.
    reason: String,
    /// From where; empty or left out: not said.
    #[serde(default)]
    company: String,
    /// 车牌号; empty or left out: none.
    #[serde(default)]
    plate: String,
    /// Zones they may go into, at least one.
    zones: Vec<i64>,
    /// Within the next 30 days.
    from: DateTime<Utc>,
    /// At most 7 days later.
    until: DateTime<Utc>,
}

/// An invitation that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitorInvited {
    id: i64,
    /// The link for the visitor, of this host. Shown this once.
    #[schema(example = "/h5/visit#t=…")]
    path: String,
}

/// Invites somebody. Sent again with the same key, it is the same invitation with a new link.
#[utoipa::path(
    operation_id = "visitors_invite",
    tag = "visitors", security(("session" = [])),
    params(("Idempotency-Key" = String, Header, description = "8 to 64 letters, digits, _ or -")),
    request_body = NewVisitor, responses((status = 201, body = VisitorInvited), Refusals, WriteRefusals))]
#[post("/me/visitors")]
pub async fn invite(who: SignedIn, key: IdempotencyKey, body: Json<NewVisitor>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let new = body.0;
    let draft = Draft {
        name: &new.name,
        phone: &new.phone,
        reason: &new.reason,
        company: &new.company,
        plate: &new.plate,
        zones: &new.zones,
        from: new.from,
        until: new.until,
    };
    let (id, path) = visitors::invite(app, school, viewer, &key.0, draft).await?;
    Ok(HttpResponse::Created().json(VisitorInvited { id, path }))
}

/// Makes another link of my invitation; the one before leads nowhere.
#[utoipa::path(
    operation_id = "visitors_renew_link",
    tag = "visitors", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = VisitorInvited), Refusals, WriteRefusals))]
#[post("/me/visitors/{id}/link")]
pub async fn renew_link(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<VisitorInvited>> {
    let (app, school, viewer) = who.parts()?;
    let path = visitors::renew(app, school, viewer, *id).await?;
    Ok(web::Json(VisitorInvited { id: *id, path }))
}

/// Takes my invitation back. Whoever is inside still gets out.
#[utoipa::path(
    operation_id = "visitors_cancel_own",
    tag = "visitors", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/me/visitors/{id}/cancellation")]
pub async fn cancel(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    visitors::cancel_own(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
