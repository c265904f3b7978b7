//! 未报跟进: why somebody has not reported.

use actix_web::{get, post, web};
use app::{
    follow_ups::{self, FoundOut},
    statistics::Asked,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::follow_up::FollowUpReason;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Why somebody has not reported.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FollowUpReason)]
pub enum Reason {
    /// 没有手机
    NoPhone,
    /// 没有网络
    NoNetwork,
    /// 就医住院
    Hospital,
    /// 联系不上
    Unreachable,
    /// 拒绝填报
    Refused,
    /// 其他: the note says what.
    Other,
}

impl From<Reason> for FollowUpReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::NoPhone => Self::NoPhone,
            Reason::NoNetwork => Self::NoNetwork,
            Reason::Hospital => Self::Hospital,
            Reason::Unreachable => Self::Unreachable,
            Reason::Refused => Self::Refused,
            Reason::Other => Self::Other,
        }
    }
}

impl From<FollowUpReason> for Reason {
    fn from(reason: FollowUpReason) -> Self {
        match reason {
            FollowUpReason::NoPhone => Self::NoPhone,
            FollowUpReason::NoNetwork => Self::NoNetwork,
            FollowUpReason::Hospital => Self::Hospital,
            FollowUpReason::Unreachable => Self::Unreachable,
            FollowUpReason::Refused => Self::Refused,
            FollowUpReason::Other => Self::Other,
        }
    }
}

/// What somebody found out.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUp {
    /// Null where it is not mine to read: a class assistant reads their own alone.
    reason: Option<Reason>,
    /// Null also where it is not mine to read.
    note: Option<String>,
    by: String,
    at: DateTime<Utc>,
}

impl From<follow_ups::FollowUp> for FollowUp {
    fn from(one: follow_ups::FollowUp) -> Self {
        Self { reason: one.reason.map(Reason::from), note: one.note, by: one.by, at: one.at }
    }
}

/// Why somebody has not reported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFollowUp {
    /// The person's id.
    person: i64,
    /// For which day; today if left out.
    #[serde(default)]
    day: Option<NaiveDate>,
    /// For which slot; if left out, the last that has begun.
    #[serde(default)]
    slot: Option<i16>,
    reason: Reason,
    /// At most 200 characters; needed for `other`.
    #[serde(default)]
    note: String,
}

/// Whether there was anything to add.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpAdded {
    /// False: I said just that last.
    added: bool,
}

/// Keeps why somebody has not reported; the newest counts.
#[utoipa::path(
    operation_id = "follow_ups_create",
    tag = "unreported", security(("session" = [])), params(("form" = String, Path)), request_body = NewFollowUp,
    responses((status = 200, body = FollowUpAdded), Refusals, WriteRefusals))]
#[post("/unreported/{form}/follow-ups")]
pub async fn create(
    who: SignedIn,
    form: web::Path<String>,
    body: Json<NewFollowUp>,
) -> Answer<web::Json<FollowUpAdded>> {
    let (app, school, viewer) = who.parts()?;
    let NewFollowUp { person, day, slot, reason, note } = body.0;
    let found_out = FoundOut { person, day, slot, reason: reason.into(), note: &note };
    let added = follow_ups::add(app, school, viewer, &form, found_out).await?;
    Ok(web::Json(FollowUpAdded { added }))
}

/// About whom, and for when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FollowUpQuery {
    /// The person's id.
    person: i64,
    /// For which day; today if left out.
    day: Option<NaiveDate>,
    /// For which slot; if left out, the last that has begun.
    slot: Option<i16>,
}

/// What was found out, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpList {
    items: Vec<FollowUp>,
}

/// Everything that was found out about a person and a period.
#[utoipa::path(
    operation_id = "follow_ups_list",
    tag = "unreported", security(("session" = [])), params(("form" = String, Path), FollowUpQuery),
    responses((status = 200, body = FollowUpList), Refusals))]
#[get("/unreported/{form}/follow-ups")]
pub async fn history(
    who: SignedIn,
    form: web::Path<String>,
    query: Query<FollowUpQuery>,
) -> Answer<web::Json<FollowUpList>> {
    let (app, school, viewer) = who.parts()?;
    let asked = Asked { form: &form, day: query.0.day, slot: query.0.slot, department: None };
    let items = follow_ups::history(app, school, viewer, asked, query.0.person).await?;
    Ok(web::Json(FollowUpList { items: items.into_iter().map(FollowUp::from).collect() }))
}
