//! 更正手机号: a wrong number is put right by those who look after the person.

use actix_web::{get, post, web};
use app::phone_corrections::{self, Outcome};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    input::{self, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// The right number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPhoneCorrection {
    /// 5 to 20 digits; blanks and dashes don't matter.
    #[schema(example = "10012345678")]
    phone: String,
    /// Why, at most 200 characters. The person can read it.
    reason: String,
}

/// What became of a correction.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneCorrected {
    /// same: the number stood already. Otherwise it is on the roster, and WeCom's own number: planned (waits for an
    /// administrator's approval), no_account (there is none), by_hand (only its console or the person can change it).
    wecom: WecomPhone,
    /// The plan that would write it to WeCom.
    plan: Option<i64>,
}

/// What is with the number in WeCom.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WecomPhone {
    Same,
    Planned,
    NoAccount,
    ByHand,
}

/// Puts somebody's phone right on the roster. The same number again changes nothing.
#[utoipa::path(
    operation_id = "phone_corrections_create",
    tag = "people", security(("session" = [])), params(("id" = i64, Path)), request_body = NewPhoneCorrection,
    responses((status = 200, body = PhoneCorrected), Refusals, WriteRefusals))]
#[post("/people/{id}/phone-correction")]
pub async fn create(
    who: SignedIn,
    id: web::Path<i64>,
    body: Json<NewPhoneCorrection>,
) -> Answer<web::Json<PhoneCorrected>> {
    let (app, school, viewer) = who.parts()?;
    let outcome = phone_corrections::correct(app, school, viewer, *id, &body.0.phone, &body.0.reason).await?;
    let (wecom, plan) = match outcome {
        Outcome::Same => (WecomPhone::Same, None),
        Outcome::Planned(plan) => (WecomPhone::Planned, Some(plan)),
        Outcome::NoAccount => (WecomPhone::NoAccount, None),
        Outcome::ByHand => (WecomPhone::ByHand, None),
    };
    Ok(web::Json(PhoneCorrected { wecom, plan }))
}

/// Corrections, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneCorrectionList {
    items: Vec<PhoneCorrection>,
    next_cursor: Option<String>,
}

/// A number that was put right.
#[derive(Debug, Serialize, ToSchema)]
struct PhoneCorrection {
    id: i64,
    number: String,
    name: String,
    /// Class or department.
    place: Option<String>,
    /// Masked; null: there was none.
    #[schema(example = "100****5678")]
    old: Option<String>,
    /// Masked.
    #[schema(example = "100****8765")]
    new: String,
    reason: String,
    made_by: String,
    made_at: DateTime<Utc>,
    undone_at: Option<DateTime<Utc>>,
}

/// Corrections of those whose phone I may see.
#[utoipa::path(
    operation_id = "phone_corrections_list",
    tag = "people", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = PhoneCorrectionList), Refusals))]
#[get("/phone-corrections")]
pub async fn list(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<PhoneCorrectionList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = phone_corrections::list(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|shown| PhoneCorrection {
        id: shown.row.correction_id,
        number: shown.row.number,
        name: shown.row.name,
        place: shown.row.place,
        old: shown.old,
        new: shown.new,
        reason: shown.reason,
        made_by: shown.row.made_by,
        made_at: shown.row.made_at,
        undone_at: shown.row.undone_at,
    });
    Ok(web::Json(PhoneCorrectionList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}
