//! One person's contact, on record.

use actix_web::{post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    input::Json,
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Why the phone is looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// `call`.
    #[schema(example = "call")]
    pub(super) purpose: String,
}

/// A phone number in full.
#[derive(Debug, Serialize, ToSchema)]
pub struct Phone {
    #[schema(example = "10012345678")]
    phone: String,
    /// How long a page may show it.
    shown_for_seconds: u32,
}

impl Phone {
    /// Of whoever was just looked at.
    pub(super) fn shown(phone: String) -> Self {
        Self { phone, shown_for_seconds: 60 }
    }
}

/// A person's phone in full. The look is recorded, and the person can read who looked.
#[utoipa::path(
    operation_id = "people_reveal_phone",
    tag = "people", security(("session" = [])), params(("id" = i64, Path)), request_body = Reveal,
    responses((status = 200, body = Phone), Refusals, WriteRefusals))]
#[post("/people/{id}/phone")]
pub async fn reveal_phone(who: SignedIn, id: web::Path<i64>, body: Json<Reveal>) -> Answer<web::Json<Phone>> {
    let (app, school, viewer) = who.recent_parts()?;
    let phone = app::people::reveal_phone(app, school, viewer, *id, &body.0.purpose).await?;
    Ok(web::Json(Phone::shown(phone)))
}
