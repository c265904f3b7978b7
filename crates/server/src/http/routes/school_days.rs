//! 校历: which days are off and which weekends are made up for.

use actix_web::{HttpResponse, delete, get, post, put, web};
use app::school_days;
use chrono::{DateTime, NaiveDate, Utc};
use domain::reminder::{DayKind, calendar::ListedDay};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct YearQuery {
    /// Of this year.
    year: i32,
}

/// The days of a year that are not what their weekday is.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchoolDayList {
    items: Vec<SchoolDay>,
}

/// A day that is not what its weekday is.
#[derive(Debug, Serialize, ToSchema)]
struct SchoolDay {
    day: NaiveDate,
    kind: Kind,
    name: String,
    /// Who said so.
    by: String,
    at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SchoolDayKind)]
enum Kind {
    /// 放假
    Holiday,
    /// 调休上班
    Workday,
}

/// What is said of the days of a year; of all others the weekday decides.
#[utoipa::path(
    operation_id = "school_days_list",
    tag = "reminders", security(("session" = [])), params(YearQuery),
    responses((status = 200, body = SchoolDayList), Refusals))]
#[get("/school-days")]
pub async fn list(who: SignedIn, query: Query<YearQuery>) -> Answer<web::Json<SchoolDayList>> {
    let (app, school, viewer) = who.parts()?;
    let days = school_days::list(app, school, viewer, query.0.year).await?;
    let items = days.into_iter().map(|row| SchoolDay {
        day: row.day,
        kind: if row.kind == "workday" { Kind::Workday } else { Kind::Holiday },
        name: row.name,
        by: row.by_name,
        at: row.at,
    });
    Ok(web::Json(SchoolDayList { items: items.collect() }))
}

/// What a day is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SchoolDayToSet {
    kind: Kind,
    /// At most 20 characters.
    #[serde(default)]
    name: String,
}

/// Says of one day what it is; what was said before is replaced.
#[utoipa::path(
    operation_id = "school_days_set",
    tag = "reminders", security(("session" = [])), params(("day" = NaiveDate, Path)), request_body = SchoolDayToSet,
    responses((status = 204), Refusals, WriteRefusals))]
#[put("/school-days/{day}")]
pub async fn set(
    who: SignedIn,
    day: web::Path<NaiveDate>,
    body: Json<SchoolDayToSet>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let kind = match body.0.kind {
        Kind::Holiday => DayKind::Holiday,
        Kind::Workday => DayKind::Workday,
    };
    let day = ListedDay { day: *day, kind, name: body.0.name.trim().to_owned() };
    school_days::set(app, school, viewer, day).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes back what was said of a day: its weekday decides.
#[utoipa::path(
    operation_id = "school_days_remove",
    tag = "reminders", security(("session" = [])), params(("day" = NaiveDate, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[delete("/school-days/{day}")]
pub async fn remove(who: SignedIn, day: web::Path<NaiveDate>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    school_days::remove(app, school, viewer, *day).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A list of days, pasted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SchoolDayText {
    /// A line for each day or span: `2020-05-01 至 2020-05-05,放假,劳动节`.
    text: String,
    /// Only look, and keep nothing.
    #[serde(default)]
    preview: bool,
}

/// What a list does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchoolDayOutcome {
    /// Days of the list.
    days: usize,
    /// Days that are not as they were.
    changed: usize,
}

/// Says of the days of a list what they are: all of it, or nothing. Each line that can't be read is told.
#[utoipa::path(
    operation_id = "school_days_put_list",
    tag = "reminders", security(("session" = [])), request_body = SchoolDayText,
    responses((status = 200, body = SchoolDayOutcome), Refusals, WriteRefusals))]
#[post("/school-days")]
pub async fn put_list(who: SignedIn, body: Json<SchoolDayText>) -> Answer<web::Json<SchoolDayOutcome>> {
    let (app, school, viewer) = who.parts()?;
    let listed = school_days::put_list(app, school, viewer, &body.0.text, !body.0.preview).await?;
    Ok(web::Json(SchoolDayOutcome { days: listed.days, changed: listed.changed }))
}
