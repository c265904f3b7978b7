//! Devices at gates, as administrators see them.

use actix_web::{HttpResponse, delete, get, post, web};
use app::gate_devices;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// A device that is to be paired.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGateDevice {
    /// What it is to be called, at most 40 characters.
    #[schema(example = "东门 1 号闸机")]
    name: String,
}

/// What pairs one device with the gate.
#[derive(Debug, Serialize, ToSchema)]
pub struct GatePairing {
    /// 12 letters and digits, shown this once and good once.
    code: String,
    /// Seconds it is good for.
    seconds: i64,
}

/// A code that pairs one device with a gate.
#[utoipa::path(
    operation_id = "gates_pair",
    tag = "gate", security(("session" = [])), params(("id" = i64, Path)), request_body = NewGateDevice,
    responses((status = 200, body = GatePairing), Refusals, WriteRefusals))]
#[post("/gates/{id}/pairing")]
pub async fn offer(
    who: SignedIn,
    id: web::Path<i64>,
    body: Json<NewGateDevice>,
) -> Answer<web::Json<GatePairing>> {
    let (app, school, viewer) = who.fresh_parts()?;
    let code = gate_devices::offer(app, school, viewer, *id, &body.0.name).await?;
    Ok(web::Json(GatePairing { code, seconds: gate_devices::PAIRING.num_seconds() }))
}

/// Which devices.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeviceQuery {
    /// Only those of this gate.
    gate: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Devices, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateDeviceList {
    items: Vec<GateDevice>,
    next_cursor: Option<String>,
}

/// A device at a gate.
#[derive(Debug, Serialize, ToSchema)]
struct GateDevice {
    id: i64,
    gate: i64,
    gate_name: String,
    name: String,
    paired_by: String,
    paired_at: DateTime<Utc>,
    /// When it was last heard, to half a minute.
    seen_at: DateTime<Utc>,
    /// Since when it is worth nothing.
    withdrawn_at: Option<DateTime<Utc>>,
}

/// Devices at gates.
#[utoipa::path(
    operation_id = "gate_devices_list",
    tag = "gate", security(("session" = [])), params(DeviceQuery),
    responses((status = 200, body = GateDeviceList), Refusals))]
#[get("/gate-devices")]
pub async fn list(who: SignedIn, query: Query<DeviceQuery>) -> Answer<web::Json<GateDeviceList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let before = paging.after.as_deref();
    let page = gate_devices::list(app, school, viewer, query.0.gate, before, paging.limit).await?;
    let items = page.items.into_iter().map(|row| GateDevice {
        id: row.device_id,
        gate: row.gate_id,
        gate_name: row.gate,
        name: row.name,
        paired_by: row.paired_by,
        paired_at: row.paired_at,
        seen_at: row.seen_at,
        withdrawn_at: row.withdrawn_at,
    });
    Ok(web::Json(GateDeviceList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Withdraws a device at once: stolen, broken or moved. What it has not told yet is lost.
#[utoipa::path(
    operation_id = "gate_devices_withdraw",
    tag = "gate", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals))]
#[delete("/gate-devices/{id}")]
pub async fn withdraw(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    gate_devices::withdraw(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
