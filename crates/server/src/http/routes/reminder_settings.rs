//! What holds for all reminders of a school.

use actix_web::{HttpResponse, get, put, web};
use app::{Error, reminder_settings};
use domain::reminder::Settings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reminder_rules::document::Quiet;
use crate::http::{
    input::Json,
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What holds for all reminders.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderSettings {
    /// When nobody is reminded; null: at any hour.
    quiet: Option<Quiet>,
    /// Reminders one person gets in a day at most, 1 to 50.
    most_a_day: i32,
}

/// Quiet hours and the most a day.
#[utoipa::path(
    operation_id = "reminder_settings_get",
    tag = "reminders", security(("session" = [])),
    responses((status = 200, body = ReminderSettings), Refusals))]
#[get("/reminder-settings")]
pub async fn get(who: SignedIn) -> Answer<web::Json<ReminderSettings>> {
    let (app, school, viewer) = who.parts()?;
    let settings = reminder_settings::get(app, school, viewer).await?;
    Ok(web::Json(ReminderSettings { quiet: settings.quiet.map(Quiet::of), most_a_day: settings.most_a_day }))
}

/// Changes them for everything that goes out from now on.
#[utoipa::path(
    operation_id = "reminder_settings_set",
    tag = "reminders", security(("session" = [])), request_body = ReminderSettings,
    responses((status = 204), Refusals, WriteRefusals))]
#[put("/reminder-settings")]
pub async fn set(who: SignedIn, body: Json<ReminderSettings>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let quiet = body.0.quiet.as_ref().map(Quiet::read).transpose();
    let quiet = quiet.map_err(|wrong| Error::Invalid(vec![wrong]))?;
    let settings = Settings { quiet, most_a_day: body.0.most_a_day };
    reminder_settings::set(app, school, viewer, settings).await?;
    Ok(HttpResponse::NoContent().finish())
}
