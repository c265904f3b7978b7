//! 更正申请: what I say is wrong with my data, and what those do about it whose turn it is.

use actix_web::{HttpResponse, get, post, web};
use app::corrections::{self, Claim};
use chrono::{DateTime, Utc};
use domain::correction::CorrectionField;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What is wrong.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CorrectionField)]
pub enum FieldDto {
    /// 姓名
    Name,
    /// 学号/工号
    Number,
    /// 班级
    Class,
    /// 专业
    Major,
    /// 年级
    Grade,
    /// 手机
    Phone,
    /// 其他
    Other,
}

impl From<FieldDto> for CorrectionField {
    fn from(field: FieldDto) -> Self {
        match field {
            FieldDto::Name => Self::Name,
            FieldDto::Number => Self::Number,
            FieldDto::Class => Self::Class,
            FieldDto::Major => Self::Major,
            FieldDto::Grade => Self::Grade,
            FieldDto::Phone => Self::Phone,
            FieldDto::Other => Self::Other,
        }
    }
}

impl From<CorrectionField> for FieldDto {
    fn from(field: CorrectionField) -> Self {
        match field {
            CorrectionField::Name => Self::Name,
            CorrectionField::Number => Self::Number,
            CorrectionField::Class => Self::Class,
            CorrectionField::Major => Self::Major,
            CorrectionField::Grade => Self::Grade,
            CorrectionField::Phone => Self::Phone,
            CorrectionField::Other => Self::Other,
        }
    }
}

/// How far a request is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "names domain::correction::CorrectionState in the document")]
enum CorrectionState {
    /// The counsellor's turn.
    Submitted,
    /// The office's turn.
    Checked,
    Fixed,
    Refused,
    Withdrawn,
}

/// What I say is wrong.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCorrection {
    field: FieldDto,
    /// What is right.
    value: String,
    /// What else there is to say, at most 200 characters.
    #[serde(default)]
    note: String,
}

/// The request that stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectionMade {
    id: i64,
}

/// Says what is wrong with my data; the same again changes nothing. One request a field is open at a time.
#[utoipa::path(
    operation_id = "corrections_create",
    tag = "corrections", security(("session" = [])), request_body = NewCorrection,
    responses((status = 200, body = CorrectionMade), Refusals, WriteRefusals))]
#[post("/me/corrections")]
pub async fn create(who: SignedIn, body: Json<NewCorrection>) -> Answer<web::Json<CorrectionMade>> {
    let (app, school, viewer) = who.parts()?;
    let claim = Claim { field: body.0.field.into(), value: &body.0.value, note: &body.0.note };
    let id = corrections::submit(app, school, viewer, claim).await?;
    Ok(web::Json(CorrectionMade { id }))
}

/// My requests, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyCorrectionList {
    items: Vec<MyCorrection>,
    next_cursor: Option<String>,
}

/// One of my requests.
#[derive(Debug, Serialize, ToSchema)]
struct MyCorrection {
    id: i64,
    field: FieldDto,
    #[schema(value_type = CorrectionState)]
    state: &'static str,
    /// A phone is masked.
    proposed: String,
    note: Option<String>,
    submitted_at: DateTime<Utc>,
    /// When a counsellor confirmed it.
    checked_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
    /// Why it was refused, or what was done.
    answer: Option<String>,
}

/// My requests and how far they are.
#[utoipa::path(
    operation_id = "corrections_mine",
    tag = "corrections", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = MyCorrectionList), Refusals))]
#[get("/me/corrections")]
pub async fn mine(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<MyCorrectionList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = corrections::mine(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|one| MyCorrection {
        id: one.id,
        field: one.field.into(),
        state: one.state.as_str(),
        proposed: one.proposed,
        note: one.note,
        submitted_at: one.submitted_at,
        checked_at: one.checked_at,
        settled_at: one.settled_at,
        answer: one.answer,
    });
    Ok(web::Json(MyCorrectionList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Takes back one of my open requests.
#[utoipa::path(
    operation_id = "corrections_withdraw",
    tag = "corrections", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/me/corrections/{id}/withdrawal")]
pub async fn withdraw(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    corrections::withdraw(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Those that are settled instead of the open ones.
    #[serde(default)]
    settled: bool,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Requests of those I check or settle for, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectionList {
    items: Vec<Correction>,
    next_cursor: Option<String>,
}

/// A request.
#[derive(Debug, Serialize, ToSchema)]
struct Correction {
    id: i64,
    number: String,
    name: String,
    /// Class or department.
    place: Option<String>,
    field: FieldDto,
    #[schema(value_type = CorrectionState)]
    state: &'static str,
    /// What is on record, a phone masked; null: nothing.
    current: Option<String>,
    /// What the member says is right, a phone masked.
    proposed: String,
    note: Option<String>,
    submitted_at: DateTime<Utc>,
    /// The counsellor who confirmed it; null in state checked: there was none.
    checked_by: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    settled_by: Option<String>,
    settled_at: Option<DateTime<Utc>>,
    answer: Option<String>,
    /// Whether it waits for my word.
    may_check: bool,
    /// Whether I may put it right.
    may_fix: bool,
    /// Whether putting it right writes the value; otherwise it is done elsewhere, and closed with a note.
    written: bool,
}

/// Requests of those I check or settle for.
#[utoipa::path(
    operation_id = "corrections_list",
    tag = "corrections", security(("session" = [])), params(ListQuery),
    responses((status = 200, body = CorrectionList), Refusals))]
#[get("/corrections")]
pub async fn list(who: SignedIn, query: Query<ListQuery>) -> Answer<web::Json<CorrectionList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let (open, before) = (!query.0.settled, paging.after.as_deref());
    let page = corrections::list(app, school, viewer, open, before, paging.limit).await?;
    let items = page.items.into_iter().map(|one| Correction {
        id: one.row.correction_id,
        number: one.row.number,
        name: one.row.name,
        place: one.row.place,
        field: one.field.into(),
        state: one.state.as_str(),
        current: one.current,
        proposed: one.proposed,
        note: one.note,
        submitted_at: one.row.submitted_at,
        checked_by: one.row.checked_by,
        checked_at: one.row.checked_at,
        settled_by: one.row.settled_by,
        settled_at: one.row.settled_at,
        answer: one.answer,
        may_check: one.may_check,
        may_fix: one.may_fix,
        written: one.field.writes().is_some(),
    });
    Ok(web::Json(CorrectionList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// What is on record and what is said to be right, in full.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectionValues {
    current: Option<String>,
    proposed: String,
    /// How long a page may show them.
    shown_for_seconds: u32,
}

/// The values of an open request in full. A look at a phone is recorded, and the person can read who looked.
#[utoipa::path(
    operation_id = "corrections_values",
    tag = "corrections", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = CorrectionValues), Refusals, WriteRefusals))]
#[post("/corrections/{id}/values")]
pub async fn values(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<CorrectionValues>> {
    // It may be a phone.
    let (app, school, viewer) = who.recent_parts()?;
    let values = corrections::values(app, school, viewer, *id).await?;
    Ok(web::Json(CorrectionValues {
        current: values.current,
        proposed: values.proposed,
        shown_for_seconds: 60,
    }))
}

/// Confirms, as the counsellor, that it is so: the office's turn.
#[utoipa::path(
    operation_id = "corrections_confirm",
    tag = "corrections", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/corrections/{id}/confirmation")]
pub async fn confirm(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    corrections::confirm(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Why it is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionRefusal {
    /// At most 200 characters; the member reads it.
    reason: String,
}

/// Refuses a request; the member is told why.
#[utoipa::path(
    operation_id = "corrections_refuse",
    tag = "corrections", security(("session" = [])), params(("id" = i64, Path)), request_body = CorrectionRefusal,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/corrections/{id}/refusal")]
pub async fn refuse(
    who: SignedIn,
    id: web::Path<i64>,
    body: Json<CorrectionRefusal>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    corrections::refuse(app, school, viewer, *id, &body.0.reason).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// That it is put right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionFix {
    /// What was done, at most 200 characters; needed where the value is not written by this.
    #[serde(default)]
    note: String,
}

/// Puts it right: a name, major, grade or phone becomes what the member says (to be undone among the imports); anything
/// else is closed with a note of what was done.
#[utoipa::path(
    operation_id = "corrections_fix",
    tag = "corrections", security(("session" = [])), params(("id" = i64, Path)), request_body = CorrectionFix,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/corrections/{id}/fix")]
pub async fn fix(who: SignedIn, id: web::Path<i64>, body: Json<CorrectionFix>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    corrections::fix(app, school, viewer, *id, &body.0.note).await?;
    Ok(HttpResponse::NoContent().finish())
}
