//! 零报告: classes and colleges signed off for a day.

use actix_web::{HttpResponse, delete, get, post, web};
use app::{
    sign_offs::{self, Signing},
    statistics::{self, Asked},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::statistics::Counts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::dto::Department;
use crate::http::{
    input::{Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Of what and when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SignOffQuery {
    /// The form's code.
    form: String,
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// The slot of the day, counted from 0; if left out, the last that has begun.
    slot: Option<i16>,
    /// The college whose classes are meant; left out, the colleges.
    college: Option<i32>,
}

/// Colleges or classes, and what is signed off.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignOffTable {
    form: String,
    day: NaiveDate,
    slot: i16,
    /// The hour this was true.
    as_of: DateTime<Utc>,
    items: Vec<SignOffRow>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SignOffRow {
    department: Department,
    /// As corrected now, as far as I see it.
    now: Figures,
    /// Classes with anybody expected.
    classes: i64,
    /// … of them signed off.
    classes_signed: i64,
    signed: Option<Signed>,
    /// Whether the figures have become others since it was signed.
    differs: bool,
    /// Whether I may sign it off, or take that back.
    may_sign: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignOffFigures)]
struct Figures {
    /// 应报
    expected: i64,
    /// 已报
    reported: i64,
    /// 未报
    unreported: i64,
    /// 异常
    abnormal: i64,
}

impl From<Counts> for Figures {
    fn from(counts: Counts) -> Self {
        Self {
            expected: counts.expected,
            reported: counts.reported,
            unreported: counts.unreported(),
            abnormal: counts.abnormal,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignOff)]
struct Signed {
    id: i64,
    by: String,
    at: DateTime<Utc>,
    /// As they were known then; null where I see a part of the department alone.
    known: Option<Figures>,
    /// Null there too.
    note: Option<String>,
}

/// Who has signed what off for a day.
#[utoipa::path(
    operation_id = "sign_offs_list",
    tag = "sign-offs", security(("session" = [])), params(SignOffQuery),
    responses((status = 200, body = SignOffTable), Refusals))]
#[get("/sign-offs")]
pub async fn list(who: SignedIn, query: Query<SignOffQuery>) -> Answer<web::Json<SignOffTable>> {
    let (app, school, viewer) = who.parts()?;
    let SignOffQuery { form, day, slot, college } = query.0;
    let by = if college.is_some() { statistics::By::Class } else { statistics::By::College };
    let asked = Asked { form: &form, day, slot, department: college };
    let table = sign_offs::table(app, school, viewer, asked, by).await?;
    let items = table.rows.into_iter().map(|row| SignOffRow {
        department: row.department.into(),
        now: row.now.into(),
        classes: row.classes.0,
        classes_signed: row.classes.1,
        signed: row.signed.map(|signed| Signed {
            id: signed.id,
            by: signed.by,
            at: signed.at,
            known: signed.known.map(Figures::from),
            note: signed.note,
        }),
        differs: row.differs,
        may_sign: row.may_sign,
    });
    let items = items.collect();
    Ok(web::Json(SignOffTable { form, day: table.day, slot: table.slot, as_of: table.as_of, items }))
}

/// What is signed off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSignOff {
    /// The form's code.
    form: String,
    /// A class or a college.
    department: i32,
    /// For which day; today if left out.
    #[serde(default)]
    day: Option<NaiveDate>,
    /// For which slot; if left out, the last that has begun.
    #[serde(default)]
    slot: Option<i16>,
    /// At most 200 characters; needed while somebody has not reported.
    #[serde(default)]
    note: String,
}

/// The sign-off that stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedOff {
    id: i64,
}

/// Signs a class or a college off, with the figures as they are known now. The same again changes nothing; 409 where
/// somebody else has.
#[utoipa::path(
    operation_id = "sign_offs_create",
    tag = "sign-offs", security(("session" = [])), request_body = NewSignOff,
    responses((status = 200, body = SignedOff), Refusals, WriteRefusals))]
#[post("/sign-offs")]
pub async fn create(who: SignedIn, body: Json<NewSignOff>) -> Answer<web::Json<SignedOff>> {
    let (app, school, viewer) = who.parts()?;
    let NewSignOff { form, department, day, slot, note } = body.0;
    let signing = Signing { form: &form, department, day, slot, note: &note };
    let id = sign_offs::sign(app, school, viewer, signing).await?;
    Ok(web::Json(SignedOff { id }))
}

/// Takes a sign-off back; who did stays on record.
#[utoipa::path(
    operation_id = "sign_offs_revoke",
    tag = "sign-offs", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals))]
#[delete("/sign-offs/{id}")]
pub async fn revoke(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    sign_offs::revoke(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
