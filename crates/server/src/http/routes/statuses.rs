//! 学籍异动: changes of people's class, stay and number, one by one, by list, and of a whole year.

use actix_web::{
    HttpResponse, get,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    post, web,
};
use app::{
    reasons::Reasoned,
    statuses::{self, Entered, Exempted, Filter, Graduation, List, Said},
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{roster::title_of, status};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::roster::{RosterError, RosterHeading, told};
use crate::http::{
    body::{File, LIST_LIMIT},
    input::{self, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Which changes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StatusQuery {
    /// Only of this kind: transfer, graduation, completion, withdrawal, departure, return, number, stay or place.
    kind: Option<String>,
    /// Revoked ones too.
    #[serde(default)]
    revoked: bool,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Changes, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusChangeList {
    items: Vec<StatusChange>,
    next_cursor: Option<String>,
}

/// What changed about somebody, since when and why.
#[derive(Debug, Serialize, ToSchema)]
struct StatusChange {
    id: i64,
    /// The number now.
    number: String,
    name: String,
    /// transfer, graduation, completion, withdrawal, departure, return, number, stay or place.
    kind: String,
    /// The day from which it holds; of a leaving the first day they are not expected.
    from: NaiveDate,
    /// Class or department before.
    place_before: Option<String>,
    /// Class or department from then on.
    place: Option<String>,
    number_before: Option<String>,
    number_after: Option<String>,
    /// How long they were on the roster, before.
    stay_before: Option<StayDates>,
    /// … and from then on.
    stay_after: Option<StayDates>,
    reason: String,
    /// manual, list or graduation.
    source: String,
    made_by: Option<String>,
    made_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    revoke_reason: Option<String>,
}

/// A stay on the roster.
#[derive(Debug, Serialize, ToSchema)]
struct StayDates {
    from: NaiveDate,
    /// The first day no longer on it; null: until further notice.
    until: Option<NaiveDate>,
}

impl From<(NaiveDate, Option<NaiveDate>)> for StayDates {
    fn from((from, until): (NaiveDate, Option<NaiveDate>)) -> Self {
        Self { from, until }
    }
}

impl From<Reasoned<statuses::Row>> for StatusChange {
    fn from(Reasoned { row, reason, revoke_reason }: Reasoned<statuses::Row>) -> Self {
        let said = Said::of(&row);
        Self {
            id: row.change_id,
            number: row.number,
            name: row.name,
            kind: row.kind,
            from: row.from_date,
            place_before: row.place_before,
            place: row.place,
            number_before: said.number_before,
            number_after: said.number_after,
            stay_before: said.stay_before.map(StayDates::from),
            stay_after: said.stay_after.map(StayDates::from),
            reason,
            source: row.source,
            made_by: row.made_by,
            made_at: row.made_at,
            revoked_at: row.revoked_at,
            revoke_reason,
        }
    }
}

/// Changes of those whose standing I may change.
#[utoipa::path(
    operation_id = "statuses_list",
    tag = "statuses", security(("session" = [])), params(StatusQuery),
    responses((status = 200, body = StatusChangeList), Refusals))]
#[get("/statuses")]
pub async fn list(who: SignedIn, query: Query<StatusQuery>) -> Answer<web::Json<StatusChangeList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let filter = Filter { kind: query.0.kind.as_deref(), revoked: query.0.revoked };
    let page = statuses::list(app, school, viewer, filter, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(StatusChange::from).collect();
    Ok(web::Json(StatusChangeList { items, next_cursor: paging.cursor(page.next)? }))
}

/// What is recorded by hand. Leave and the like are exemptions.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StatusKind {
    /// 转班、转专业
    Transfer,
    /// 毕业
    Graduation,
    /// 结业
    Completion,
    /// 退学
    Withdrawal,
    /// 离校
    Departure,
    /// 复学、返校
    Return,
    /// 改学号
    Number,
}

impl StatusKind {
    fn name(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Graduation => "graduation",
            Self::Completion => "completion",
            Self::Withdrawal => "withdrawal",
            Self::Departure => "departure",
            Self::Return => "return",
            Self::Number => "number",
        }
    }
}

/// A change to be recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStatusChange {
    /// Student or staff number.
    number: String,
    kind: StatusKind,
    /// The day from which it holds, past or to come; of a leaving the first day they are not expected.
    from: NaiveDate,
    /// The class or department from then on, by name or path; of a transfer, and of a return where it is another.
    department: Option<String>,
    /// The number from then on.
    new_number: Option<String>,
    /// Why, at most 200 characters.
    reason: String,
}

/// Records one change.
#[utoipa::path(
    operation_id = "statuses_create",
    tag = "statuses", security(("session" = [])), request_body = NewStatusChange,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/statuses")]
pub async fn create(who: SignedIn, body: Json<NewStatusChange>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    let from = body.0.from.to_string();
    let entered = Entered {
        number: &body.0.number,
        kind: body.0.kind.name(),
        from: &from,
        place: body.0.department.as_deref().unwrap_or_default(),
        new_number: body.0.new_number.as_deref().unwrap_or_default(),
        reason: &body.0.reason,
    };
    statuses::record(app, school, viewer, entered).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How long somebody is on the roster, put right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StayCorrection {
    /// Student or staff number.
    number: String,
    /// The first day.
    from: NaiveDate,
    /// The first day no longer on it; null or left out: until further notice.
    until: Option<NaiveDate>,
    /// Why, at most 200 characters.
    reason: String,
}

/// Puts right since when, and until when, somebody is on the roster.
#[utoipa::path(
    operation_id = "statuses_correct_stay",
    tag = "statuses", security(("session" = [])), request_body = StayCorrection,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/statuses/stays")]
pub async fn correct_stay(who: SignedIn, body: Json<StayCorrection>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    let stay = status::Stay { from: body.0.from, until: body.0.until };
    statuses::correct_stay(app, school, viewer, &body.0.number, stay, &body.0.reason).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Since when somebody is in a class or department, put right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceCorrection {
    /// The first day there.
    from: NaiveDate,
    /// Why, at most 200 characters.
    reason: String,
}

/// Puts right since when somebody is in a class or department. The place before it lasts until then.
#[utoipa::path(
    operation_id = "statuses_correct_place",
    tag = "statuses", security(("session" = [])), params(("id" = i64, Path, description = "of the timeline's place")),
    request_body = PlaceCorrection,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/statuses/places/{id}/dates")]
pub async fn correct_place(
    who: SignedIn,
    id: web::Path<i64>,
    body: Json<PlaceCorrection>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    statuses::correct_place(app, school, viewer, *id, body.0.from, &body.0.reason).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Why a change is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusRevocation {
    /// At most 200 characters.
    reason: String,
}

/// Takes a change back; the changes of a person last first. The record stays, with the reason.
#[utoipa::path(
    operation_id = "statuses_revoke",
    tag = "statuses", security(("session" = [])), params(("id" = i64, Path)), request_body = StatusRevocation,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/statuses/{id}/revocation")]
pub async fn revoke(who: SignedIn, id: web::Path<i64>, body: Json<StatusRevocation>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    statuses::revoke(app, school, viewer, *id, &body.0.reason).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// So many of a kind.
#[derive(Debug, Serialize, ToSchema)]
struct StatusCount {
    /// As in StatusChange, or the kind of an exemption.
    kind: &'static str,
    people: usize,
}

/// What a list does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusListOutcome {
    headings: Vec<RosterHeading>,
    rows: usize,
    counts: Vec<StatusCount>,
    /// Exemptions that stood already.
    stood: usize,
    /// The first 500 wrong cells; nothing is written while there is one.
    errors: Vec<RosterError>,
    error_count: usize,
    /// Under which number it can be undone; null where nothing was written.
    change_set: Option<i64>,
}

impl From<statuses::Outcome> for StatusListOutcome {
    fn from(outcome: statuses::Outcome) -> Self {
        let counts = outcome.counts.into_iter();
        Self {
            headings: outcome.headings.into_iter().map(RosterHeading::from).collect(),
            rows: outcome.rows,
            counts: counts.map(|(kind, people)| StatusCount { kind, people }).collect(),
            stood: outcome.stood,
            error_count: outcome.errors.len(),
            errors: told(outcome.errors),
            change_set: outcome.change_set,
        }
    }
}

async fn bring(who: SignedIn, of: List, body: File, write: bool) -> Answer<web::Json<StatusListOutcome>> {
    let (app, school, viewer) = if write { who.fresh_parts()? } else { who.parts()? };
    statuses::may_bring(viewer)?;
    let (file, _place) = body.read(&who, LIST_LIMIT).await?;
    let outcome = statuses::bring(app, school, viewer, of, file, write).await?;
    Ok(web::Json(outcome.into()))
}

/// Looks at a list of changes (.xlsx or CSV) without writing anything.
#[utoipa::path(
    operation_id = "statuses_preview",
    tag = "statuses", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = StatusListOutcome), Refusals, WriteRefusals))]
#[post("/statuses/list/preview")]
pub async fn preview(who: SignedIn, body: File) -> Answer<web::Json<StatusListOutcome>> {
    bring(who, List::Changes, body, false).await
}

/// Makes every change of a list: all of it, or nothing. Can be undone.
#[utoipa::path(
    operation_id = "statuses_import",
    tag = "statuses", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = StatusListOutcome), Refusals, WriteRefusals))]
#[post("/statuses/list")]
pub async fn import(who: SignedIn, body: File) -> Answer<web::Json<StatusListOutcome>> {
    bring(who, List::Changes, body, true).await
}

/// Looks at a list of numbers, a temporary one and a new one a row, without writing anything.
#[utoipa::path(
    operation_id = "statuses_numbers_preview",
    tag = "statuses", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = StatusListOutcome), Refusals, WriteRefusals))]
#[post("/statuses/numbers/preview")]
pub async fn preview_numbers(who: SignedIn, body: File) -> Answer<web::Json<StatusListOutcome>> {
    bring(who, List::Numbers, body, false).await
}

/// Gives people their numbers: all of a list, or nothing. They keep their history and account. Can be undone.
#[utoipa::path(
    operation_id = "statuses_numbers_import",
    tag = "statuses", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = StatusListOutcome), Refusals, WriteRefusals))]
#[post("/statuses/numbers")]
pub async fn import_numbers(who: SignedIn, body: File) -> Answer<web::Json<StatusListOutcome>> {
    bring(who, List::Numbers, body, true).await
}

/// Which empty list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StatusTemplateQuery {
    /// The list that gives people their numbers, rather than that of changes.
    #[serde(default)]
    numbers: bool,
}

/// An empty list to be filled in, as CSV for Excel.
#[utoipa::path(
    operation_id = "statuses_template",
    tag = "statuses", security(("session" = [])), params(StatusTemplateQuery),
    responses((status = 200, body = String, content_type = "text/csv"), Refusals))]
#[get("/statuses/template")]
pub async fn template(who: SignedIn, query: Query<StatusTemplateQuery>) -> Answer<HttpResponse> {
    who.parts()?;
    let columns: &[&str] = if query.0.numbers { &status::NUMBER_COLUMNS } else { &status::STATUS_COLUMNS };
    let titles: Vec<&str> = columns.iter().map(|column| title_of(column)).collect();
    // The mark in front tells Excel that it is UTF-8.
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"statuses.csv\""))
        .body(format!("\u{feff}{}\r\n", titles.join(","))))
}

/// Who leaves together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGraduation {
    /// Year of entry.
    grade: Option<i16>,
    /// College, grade or class; of these the year, if both are given.
    department: Option<i32>,
    /// The first day they are no longer expected.
    on: NaiveDate,
    /// Without a degree (结业).
    #[serde(default)]
    completion: bool,
    /// Why, at most 200 characters.
    #[serde(default)]
    reason: String,
    /// Numbers of those who stay, at most 2,000.
    #[serde(default)]
    except: Vec<String>,
}

/// Who leaves, by class.
#[derive(Debug, Serialize, ToSchema)]
pub struct Graduates {
    classes: Vec<ClassCount>,
    people: usize,
    /// Those who stay by number.
    excepted: usize,
    /// Under which number it can be undone; null where nothing was written.
    change_set: Option<i64>,
}

/// People of a class.
#[derive(Debug, Serialize, ToSchema)]
struct ClassCount {
    /// Null: without a class.
    place: Option<String>,
    people: usize,
}

async fn leave(who: SignedIn, asked: NewGraduation, write: bool) -> Answer<web::Json<Graduates>> {
    // A whole year leaves; to count it is no harm.
    let (app, school, viewer) = if write { who.fresh_parts()? } else { who.parts()? };
    if asked.except.len() > 2_000 {
        return Err(app::Error::field("except", "一次最多排除 2000 人，请分几次").into());
    }
    let asked = Graduation {
        grade: asked.grade,
        department: asked.department,
        on: asked.on,
        completion: asked.completion,
        reason: &asked.reason,
        except: &asked.except,
    };
    let found = statuses::graduate(app, school, viewer, asked, write).await?;
    let classes = found.classes.into_iter();
    Ok(web::Json(Graduates {
        classes: classes.map(|(place, people)| ClassCount { place, people }).collect(),
        people: found.people,
        excepted: found.excepted,
        change_set: found.change_set,
    }))
}

/// Counts who would leave, by class.
#[utoipa::path(
    operation_id = "statuses_graduation_preview",
    tag = "statuses", security(("session" = [])), request_body = NewGraduation,
    responses((status = 200, body = Graduates), Refusals, WriteRefusals))]
#[post("/statuses/graduation/preview")]
pub async fn preview_graduation(who: SignedIn, body: Json<NewGraduation>) -> Answer<web::Json<Graduates>> {
    leave(who, body.0, false).await
}

/// Lets a year, a college, a grade or a class leave on a day. Can be undone.
#[utoipa::path(
    operation_id = "statuses_graduation",
    tag = "statuses", security(("session" = [])), request_body = NewGraduation,
    responses((status = 200, body = Graduates), Refusals, WriteRefusals))]
#[post("/statuses/graduation")]
pub async fn graduate(who: SignedIn, body: Json<NewGraduation>) -> Answer<web::Json<Graduates>> {
    leave(who, body.0, true).await
}

/// Departments by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusDepartments {
    items: Vec<StatusDepartment>,
}

/// A department somebody can be moved to, or that can graduate.
#[derive(Debug, Serialize, ToSchema)]
struct StatusDepartment {
    id: i32,
    /// As a change names it.
    name: String,
    /// college, grade, class or office.
    kind: String,
}

/// Departments that changes can name.
#[utoipa::path(
    operation_id = "statuses_departments",
    tag = "statuses", security(("session" = [])),
    responses((status = 200, body = StatusDepartments), Refusals))]
#[get("/statuses/departments")]
pub async fn departments(who: SignedIn) -> Answer<web::Json<StatusDepartments>> {
    let (app, school, viewer) = who.parts()?;
    let items = statuses::departments(app, school, viewer).await?.into_iter();
    let items = items.map(|one| StatusDepartment { id: one.id, name: one.name, kind: one.kind }).collect();
    Ok(web::Json(StatusDepartments { items }))
}

/// Whose timeline. In the body: a number does not belong into an address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelineQuestion {
    /// Student or staff number.
    number: String,
}

/// One person over time, and who says so.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    number: String,
    name: String,
    stay: StayDates,
    /// Where the school counts them, newest first.
    places: Vec<TimelinePlace>,
    /// Exemptions, newest first.
    exemptions: Vec<TimelineExemption>,
    /// Changes on record, newest first, revoked ones too.
    changes: Vec<StatusChange>,
    /// Where the directory showed their accounts, newest first: observed, never corrected.
    observed: Vec<TimelinePlace>,
}

/// A stretch of days in a class or department.
#[derive(Debug, Serialize, ToSchema)]
struct TimelinePlace {
    id: i64,
    name: String,
    from: NaiveDate,
    /// The first day it no longer holds; null: until further notice.
    until: Option<NaiveDate>,
    /// directory, roster or correction; of what was observed, the account.
    source: String,
    /// Of a correction: which kind of change it came of. Why stands with the change.
    reason: Option<String>,
}

impl From<statuses::PlaceRow> for TimelinePlace {
    fn from(row: statuses::PlaceRow) -> Self {
        let statuses::PlaceRow { id, name, from_date, until_date, source, reason } = row;
        Self { id, name, from: from_date, until: until_date, source, reason }
    }
}

/// An exemption of a timeline.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineExemption {
    /// leave, internship, suspension or deferral.
    kind: String,
    from: NaiveDate,
    /// The last day; null: until further notice.
    last: Option<NaiveDate>,
    /// Null for those who only keep the roster.
    reason: Option<String>,
    /// manual, list or approval.
    source: String,
    revoked: bool,
}

/// One person's stay, places, exemptions and changes, and beside them what the directory showed.
#[utoipa::path(
    operation_id = "statuses_timeline",
    tag = "statuses", security(("session" = [])), request_body = TimelineQuestion,
    responses((status = 200, body = Timeline), Refusals, WriteRefusals))]
#[post("/statuses/timeline")]
pub async fn timeline(who: SignedIn, body: Json<TimelineQuestion>) -> Answer<web::Json<Timeline>> {
    let (app, school, viewer) = who.parts()?;
    let found = statuses::timeline(app, school, viewer, &body.0.number).await?;
    let exemptions = found.exemptions.into_iter().map(|Exempted { row, reason }| TimelineExemption {
        kind: row.kind,
        from: row.from_date,
        last: row.until_date.and_then(|until| until.checked_sub_days(Days::new(1))),
        reason,
        source: row.source,
        revoked: row.revoked_at.is_some(),
    });
    Ok(web::Json(Timeline {
        number: found.subject.number,
        name: found.subject.name,
        stay: StayDates { from: found.subject.from_date, until: found.subject.until_date },
        places: found.places.into_iter().map(TimelinePlace::from).collect(),
        exemptions: exemptions.collect(),
        changes: found.changes.into_iter().map(StatusChange::from).collect(),
        observed: found.observed.into_iter().map(TimelinePlace::from).collect(),
    }))
}
