//! The forms that have figures.

use actix_web::{get, web};
use app::statistics;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{openapi::Refusals, problem::Answer, who::SignedIn};

/// The forms with figures, those of every day first.
#[derive(Debug, Serialize, ToSchema)]
pub struct FiguredFormList {
    items: Vec<FiguredForm>,
}

/// A form whose figures I may look at.
#[derive(Debug, Serialize, ToSchema)]
struct FiguredForm {
    /// Its name in addresses.
    code: String,
    title: String,
    cadence: FiguredCadence,
    /// The times of the day, where there are several.
    slots: Vec<FiguredSlot>,
    /// Whether anything of it is counted by category.
    categories: bool,
    /// Whether it tells of trips.
    trips: bool,
    /// Whether an answer can be abnormal.
    abnormal: bool,
    /// The first day it is asked.
    starts_on: NaiveDate,
    /// The last.
    ends_on: NaiveDate,
}

/// How often it is answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FiguredCadence {
    Daily,
    Weekly,
    Once,
    Event,
}

/// One time of the day.
#[derive(Debug, Serialize, ToSchema)]
struct FiguredSlot {
    /// Counted from 0.
    slot: i16,
    title: String,
}

/// The forms whose figures I may look at.
#[utoipa::path(
    operation_id = "statistics_forms",
    tag = "statistics", security(("session" = [])), responses((status = 200, body = FiguredFormList), Refusals))]
#[get("/statistics")]
pub async fn list(who: SignedIn) -> Answer<web::Json<FiguredFormList>> {
    let (app, school, viewer) = who.parts()?;
    let forms = statistics::forms(app, school, viewer).await?;
    let items = forms.into_iter().map(|form| FiguredForm {
        code: form.code,
        title: form.title,
        cadence: match form.cadence {
            "daily" => FiguredCadence::Daily,
            "weekly" => FiguredCadence::Weekly,
            "once" => FiguredCadence::Once,
            _ => FiguredCadence::Event,
        },
        slots: form
            .slots
            .into_iter()
            .map(|slot| FiguredSlot { slot: slot.slot, title: slot.title })
            .collect(),
        categories: form.categories,
        trips: form.trips,
        abnormal: form.abnormal,
        starts_on: form.starts_on,
        ends_on: form.ends_on,
    });
    Ok(web::Json(FiguredFormList { items: items.collect() }))
}
