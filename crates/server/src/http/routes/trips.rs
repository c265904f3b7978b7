//! 行程: who is away, and where.

use actix_web::{get, web};
use app::trips::{self, Asked};
use chrono::{DateTime, NaiveDate, Utc};
use domain::region;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    fresh::Fresh,
    input::{self, Query},
    openapi::Refusals,
    problem::Answer,
    who::SignedIn,
};

/// Which trips.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TripState {
    /// Under way on the day, of everybody the newest.
    #[default]
    Open,
    /// All there ever were of those on the roster that day.
    All,
}

/// Which trips.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TripQuery {
    /// Under way, or all.
    #[serde(default)]
    #[param(inline)]
    state: TripState,
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// Only out of this region: the first two, four or six digits of its code.
    outside: Option<String>,
    /// Only into this region.
    within: Option<String>,
    /// Only those begun on this day or after.
    since: Option<NaiveDate>,
    /// Only those counted under this department.
    department: Option<i32>,
}

/// Which trips, page by page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TripPageQuery {
    /// Under way, or all.
    #[serde(default)]
    #[param(inline)]
    state: TripState,
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// Only out of this region: the first two, four or six digits of its code.
    outside: Option<String>,
    /// Only into this region.
    within: Option<String>,
    /// Only those begun on this day or after.
    since: Option<NaiveDate>,
    /// Only those counted under this department.
    department: Option<i32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// How many people are away, and where.
#[derive(Debug, Serialize, ToSchema)]
pub struct TripSummary {
    day: NaiveDate,
    /// The hour this was true.
    as_of: DateTime<Utc>,
    people: i64,
    /// Of one person there may be several.
    trips: i64,
    /// Those with most people first.
    provinces: Vec<TripProvince>,
}

/// A province and those who went there.
#[derive(Debug, Serialize, ToSchema)]
struct TripProvince {
    /// The first two digits of its code: `within` asks for its trips.
    #[schema(example = "42")]
    code: String,
    #[schema(example = "湖北省")]
    name: String,
    people: i64,
    trips: i64,
}

/// How many of those I may see are away, by province.
#[utoipa::path(
    operation_id = "trips_summary",
    tag = "trips", security(("session" = [])), params(TripQuery),
    responses(
        (status = 200, body = TripSummary),
        (status = 304, description = "与 If-None-Match 所指的相同，只有时间不同"),
        Refusals))]
#[get("/trips/summary")]
pub async fn summary(who: SignedIn, query: Query<TripQuery>) -> Answer<Fresh<TripSummary>> {
    let (app, school, viewer) = who.parts()?;
    let TripQuery { state, day, outside, within, since, department } = &query.0;
    let asked = Asked {
        open: matches!(state, TripState::Open),
        day: *day,
        outside: outside.as_deref(),
        within: within.as_deref(),
        since: *since,
        department: *department,
    };
    let found = trips::summary(app, school, viewer, asked).await?;
    let provinces = found.provinces.into_iter().map(|province| TripProvince {
        code: province.code,
        name: province.name,
        people: province.people,
        trips: province.trips,
    });
    Ok(Fresh(TripSummary {
        day: found.day,
        as_of: found.as_of,
        people: found.people,
        trips: found.trips,
        provinces: provinces.collect(),
    }))
}

/// Trips, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct TripList {
    items: Vec<TripItem>,
    next_cursor: Option<String>,
}

/// Somebody's trip.
#[derive(Debug, Serialize, ToSchema)]
struct TripItem {
    id: i64,
    person: i64,
    /// Student or staff number.
    number: String,
    name: String,
    /// Class, or department.
    place: Option<String>,
    college: Option<String>,
    left_on: NaiveDate,
    /// Null: not back yet.
    returned_on: Option<NaiveDate>,
    /// The destination in words.
    #[schema(example = "湖北省武汉市江岸区")]
    region: String,
    transport: Option<String>,
}

/// Trips of those I may see.
#[utoipa::path(
    operation_id = "trips_list",
    tag = "trips", security(("session" = [])), params(TripPageQuery),
    responses((status = 200, body = TripList), Refusals))]
#[get("/trips")]
pub async fn list(who: SignedIn, query: Query<TripPageQuery>) -> Answer<web::Json<TripList>> {
    let (app, school, viewer) = who.parts()?;
    let TripPageQuery { state, day, outside, within, since, department, cursor, limit } = &query.0;
    let paging = input::paging(app, school, cursor.as_deref(), *limit)?;
    let asked = Asked {
        open: matches!(state, TripState::Open),
        day: *day,
        outside: outside.as_deref(),
        within: within.as_deref(),
        since: *since,
        department: *department,
    };
    let page = trips::list(app, school, viewer, asked, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|row| TripItem {
        id: row.report_id,
        person: row.person_id,
        number: row.number,
        name: row.name,
        place: row.place,
        college: row.college,
        left_on: row.left_on,
        returned_on: row.returned_on,
        region: region::path(&row.region),
        transport: row.transport,
    });
    Ok(web::Json(TripList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}
