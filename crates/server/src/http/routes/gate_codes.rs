//! 通行码: what I show at a gate.

use actix_web::{post, web};
use app::gate_codes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Codes for the next ten minutes.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateCodes {
    /// The server's clock. A phone's may be off: what counts is how long after this a code is shown.
    now: DateTime<Utc>,
    /// In order; each is to be shown until the next one.
    codes: Vec<GateCode>,
}

/// A code: good for twenty-five seconds, once.
#[derive(Debug, Serialize, ToSchema)]
struct GateCode {
    /// From when it is to be shown.
    from: DateTime<Utc>,
    /// The text of the QR code, in its alphanumeric mode.
    code: String,
}

/// My codes for the next ten minutes, so that a phone that loses its network opens the gate too. To be asked for again
/// every few minutes: codes may be made worthless.
#[utoipa::path(
    operation_id = "gate_codes_create",
    tag = "gate", security(("session" = [])),
    responses((status = 200, body = GateCodes), Refusals, WriteRefusals))]
#[post("/me/gate-codes")]
pub async fn create(who: SignedIn) -> Answer<web::Json<GateCodes>> {
    let (app, school, viewer) = who.parts()?;
    let batch = gate_codes::batch(app, school, viewer).await?;
    let codes = batch.codes.into_iter().map(|shown| GateCode { from: shown.from, code: shown.code });
    Ok(web::Json(GateCodes { now: batch.now, codes: codes.collect() }))
}
