//! The forms I am asked today.

use actix_web::{get, web};
use app::forms::{self, FormToday, Meant, Standing};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{dto::Receipt, form_document::Field};
use crate::http::{input::Query, openapi::Refusals, problem::Answer, who::SignedIn};

/// Forms that ask me today.
#[derive(Debug, Serialize, ToSchema)]
pub struct FormList {
    items: Vec<FormItem>,
}

/// One turn of a form.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FormToday)]
struct FormItem {
    code: String,
    title: String,
    /// The day it is about; to be sent back with the answers.
    day: NaiveDate,
    /// Counted from 0; to be sent back with the answers.
    slot: i16,
    /// What the slot is called, where there are several.
    slot_title: Option<String>,
    opens_at: DateTime<Utc>,
    /// From here on an answer is late, and one that was given stands.
    cutoff_at: DateTime<Utc>,
    closes_at: DateTime<Utc>,
    state: StandingName,
    /// Whether an answer can be abnormal: where none can, none is called normal either.
    abnormal: bool,
    receipt: Option<Receipt>,
    /// Trips under way, to be closed by their receipts.
    open_trips: Vec<OpenTrip>,
    /// Whether somebody sent it back to be put right.
    sent_back: bool,
    /// … and what is to be put right.
    send_back_note: Option<String>,
    /// Of a form answered by event: what was sent back, to be changed by its receipt.
    returned: Vec<Receipt>,
}

/// A trip under way.
#[derive(Debug, Serialize, ToSchema)]
struct OpenTrip {
    receipt: Receipt,
    left_on: NaiveDate,
    /// Where to, in words.
    #[schema(example = "河南省郑州市金水区")]
    place: String,
}

impl From<forms::OpenTrip> for OpenTrip {
    fn from(trip: forms::OpenTrip) -> Self {
        Self { receipt: trip.receipt.into(), left_on: trip.left_on, place: trip.place }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standing)]
#[serde(rename_all = "snake_case")]
enum StandingName {
    Unreported,
    Reported,
    Exempt,
    /// Answered whenever it happens.
    Anytime,
    NotExpected,
}

impl From<Standing> for StandingName {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Unreported => Self::Unreported,
            Standing::Reported => Self::Reported,
            Standing::Exempt => Self::Exempt,
            Standing::Anytime => Self::Anytime,
            Standing::NotExpected => Self::NotExpected,
        }
    }
}

impl From<FormToday> for FormItem {
    fn from(today: FormToday) -> Self {
        Self {
            code: today.form.form.code.clone(),
            title: today.form.form.title.clone(),
            day: today.day,
            slot: today.period.slot,
            slot_title: today.slot_title,
            opens_at: today.opens_at,
            cutoff_at: today.cutoff_at,
            closes_at: today.closes_at,
            state: today.standing.into(),
            abnormal: !today.form.form.abnormal.is_empty(),
            receipt: today.receipt.map(Receipt::from),
            open_trips: today.open_trips.into_iter().map(OpenTrip::from).collect(),
            sent_back: today.sent_back,
            returned: today.returned.into_iter().map(Receipt::from).collect(),
            send_back_note: today.send_back_note,
        }
    }
}

/// The forms I am asked today.
#[utoipa::path(
    operation_id = "forms_list",
    tag = "forms", security(("session" = [])), responses((status = 200, body = FormList), Refusals))]
#[get("/forms")]
pub async fn list(who: SignedIn) -> Answer<web::Json<FormList>> {
    let (app, school, viewer) = who.parts()?;
    let items = forms::today(app, school, viewer).await?.into_iter().map(FormItem::from).collect();
    Ok(web::Json(FormList { items }))
}

/// Which turn is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FillQuery {
    /// Of this day; if left out, the one that takes answers now.
    day: Option<NaiveDate>,
    /// Of this slot; likewise.
    slot: Option<i16>,
    /// My report with this receipt, to be changed: of a form answered by event, or one that was sent back.
    receipt: Option<String>,
    /// 代报: for this person of mine, who must be expected. Nothing they ever answered is given.
    person: Option<i64>,
}

/// Somebody a form is filled in for.
#[derive(Debug, Serialize, ToSchema)]
struct BehalfOf {
    person: i64,
    name: String,
    /// Student or staff number.
    number: String,
}

/// A form to be filled in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Form)]
pub struct FormToFill {
    #[serde(flatten)]
    today: FormItem,
    /// To be sent back with the answers.
    version: i32,
    /// Why the school asks.
    purpose: String,
    /// By what right.
    legal_basis: String,
    /// Whether it is answered whenever it happens.
    is_event: bool,
    fields: Vec<Field>,
    /// The turn's own answers, or what is carried over from the last ones.
    answers: Map<String, Value>,
    /// Names of the fields whose start was carried over; those left so are to be sent back.
    carried: Vec<String>,
    /// Whether I answered it before, this time or another.
    answered_before: bool,
    /// 代报: for whom.
    behalf: Option<BehalfOf>,
}

/// A form, ready to be filled in.
#[utoipa::path(
    operation_id = "forms_get",
    tag = "forms", security(("session" = [])),
    params(("code" = String, Path, description = "e.g. `health-daily`"), FillQuery),
    responses((status = 200, body = FormToFill), Refusals))]
#[get("/forms/{code}")]
pub async fn get(
    who: SignedIn,
    code: web::Path<String>,
    query: Query<FillQuery>,
) -> Answer<web::Json<FormToFill>> {
    let (app, school, viewer) = who.parts()?;
    let FillQuery { day, slot, receipt, person } = query.0;
    let meant = Meant { day, slot, receipt, person };
    let filled = forms::to_fill(app, school, viewer, &code, &meant).await?;
    let form = filled.today.form.form.clone();
    Ok(web::Json(FormToFill {
        today: filled.today.into(),
        version: form.version,
        is_event: form.is_event(),
        fields: form.fields.iter().map(Field::from).collect(),
        purpose: form.purpose,
        legal_basis: form.legal_basis,
        answers: filled.answers,
        carried: filled.carried,
        answered_before: filled.answered_before,
        behalf: filled.behalf.map(|of| BehalfOf { person: of.person, name: of.name, number: of.number }),
    }))
}
