//! The keys of 通行码, and the switch that makes them worthless.

use actix_web::{HttpResponse, get, post, web};
use app::gate_keys;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Keys of the last 30 days, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateKeyList {
    items: Vec<GateKey>,
}

/// What the codes of a day are signed with.
#[derive(Debug, Serialize, ToSchema)]
struct GateKey {
    /// Eight hex digits, which stand in every code.
    id: String,
    day: NaiveDate,
    made_at: DateTime<Utc>,
    /// Since when its codes are worth nothing.
    killed_at: Option<DateTime<Utc>>,
    killed_by: Option<String>,
}

/// Keys that codes are or were signed with.
#[utoipa::path(
    operation_id = "gate_keys_list",
    tag = "gate", security(("session" = [])),
    responses((status = 200, body = GateKeyList), Refusals))]
#[get("/gate-keys")]
pub async fn list(who: SignedIn) -> Answer<web::Json<GateKeyList>> {
    let (app, school, viewer) = who.parts()?;
    let keys = gate_keys::list(app, school, viewer).await?;
    let items = keys.into_iter().map(|key| GateKey {
        id: hex::encode(&key.kid),
        day: key.day,
        made_at: key.made_at,
        killed_at: key.killed_at,
        killed_by: key.killed_by,
    });
    Ok(web::Json(GateKeyList { items: items.collect() }))
}

/// Makes every code of a key worthless at once, where the server decides; devices learn of it when they next ask. Whoever
/// asks for codes gets those of a new key.
#[utoipa::path(
    operation_id = "gate_keys_kill",
    tag = "gate", security(("session" = [])), params(("id" = String, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/gate-keys/{id}/kill")]
pub async fn kill(who: SignedIn, id: web::Path<String>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    gate_keys::kill(app, school, viewer, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}
