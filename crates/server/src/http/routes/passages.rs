//! 进出: who passed, how many, who is inside, who has not come back.

use actix_web::{get, web};
use app::passages::{self, Asked, By, Span};
use chrono::{DateTime, NaiveDate, Utc};
use domain::gate::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::gate::{GateDirection, GateRefusal};
use crate::http::{
    input::{self, Query},
    openapi::Refusals,
    problem::Answer,
    who::SignedIn,
};

/// Which passages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PassageQuery {
    /// From this day …
    from: Option<NaiveDate>,
    /// … to this one.
    to: Option<NaiveDate>,
    /// Only at this gate.
    gate: Option<i64>,
    /// Only of this zone.
    zone: Option<i64>,
    /// Only this way.
    #[param(inline)]
    direction: Option<GateDirection>,
    /// Only of people under this department.
    department: Option<i32>,
    /// Only of this person.
    person: Option<i64>,
    /// Only those let through (true), or only those that were not (false).
    allowed: Option<bool>,
    /// Only those somebody should look at.
    #[serde(default)]
    flagged: bool,
    /// Only visitors'.
    #[serde(default)]
    visitors: bool,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Passages, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassageList {
    items: Vec<Passage>,
    next_cursor: Option<String>,
}

/// A scan at a gate.
#[derive(Debug, Serialize, ToSchema)]
struct Passage {
    id: i64,
    /// Null: a visitor's, or the code says nothing we know.
    person: Option<i64>,
    /// Whether it is a visitor's; without a name: one that is forgotten.
    visitor: bool,
    number: Option<String>,
    name: Option<String>,
    college: Option<String>,
    major: Option<String>,
    /// Class or department, that day.
    place: Option<String>,
    gate: String,
    zone: String,
    #[schema(value_type = GateDirection)]
    direction: String,
    /// When it happened.
    at: DateTime<Utc>,
    /// When the server was told.
    received_at: DateTime<Utc>,
    /// The device decided by itself.
    offline: bool,
    allowed: bool,
    /// Why not: unreadable, killed_key, early, expired, used, left, direction, hours, no_report, abnormal, no_permit,
    /// already_in, already_out, visit_early, visit_over, visit_cancelled, visit_elsewhere or device.
    reason: Option<String>,
    /// What somebody should look at: passback, double, travel, disputed, clock or overstayed.
    flags: Vec<String>,
}

/// 进出查询表: passages of those I may see.
#[utoipa::path(
    operation_id = "passages_list",
    tag = "gate", security(("session" = [])), params(PassageQuery),
    responses((status = 200, body = PassageList), Refusals))]
#[get("/passages")]
pub async fn list(who: SignedIn, query: Query<PassageQuery>) -> Answer<web::Json<PassageList>> {
    let (app, school, viewer) = who.parts()?;
    let query = query.0;
    let paging = input::paging(app, school, query.cursor.as_deref(), query.limit)?;
    let asked = Asked {
        span: Span { from: query.from, to: query.to },
        gate: query.gate,
        zone: query.zone,
        direction: query.direction.map(Into::into),
        department: query.department,
        person: query.person,
        allowed: query.allowed,
        flagged: query.flagged,
        visitors: query.visitors,
    };
    let page = passages::list(app, school, viewer, asked, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|row| Passage {
        id: row.passage_id,
        person: row.person_id,
        visitor: row.by_visitor,
        number: row.number,
        name: row.name,
        college: row.college,
        major: row.major,
        place: row.place,
        gate: row.gate,
        zone: row.zone,
        direction: row.direction,
        at: row.at,
        received_at: row.received_at,
        offline: row.offline,
        allowed: row.reason.is_none(),
        reason: row.reason,
        flags: row.flags,
    });
    Ok(web::Json(PassageList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Of whom.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InsideQuery {
    /// Only people under this department.
    department: Option<i32>,
}

/// Where people are now.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassagesInside {
    as_of: DateTime<Utc>,
    zones: Vec<ZoneInside>,
}

/// How many are inside a zone.
#[derive(Debug, Serialize, ToSchema)]
struct ZoneInside {
    zone: i64,
    name: String,
    /// People whose last passage led in.
    inside: i64,
    /// … led out.
    outside: i64,
    /// … who never passed.
    unknown: i64,
    /// 访客 inside, who are none of these; null: I don't see the whole school, or asked for a part of it.
    visitors: Option<i64>,
}

/// How many of those I may see are inside each zone now.
#[utoipa::path(
    operation_id = "passages_inside",
    tag = "gate", security(("session" = [])), params(InsideQuery),
    responses((status = 200, body = PassagesInside), Refusals))]
#[get("/passages/inside")]
pub async fn inside(who: SignedIn, query: Query<InsideQuery>) -> Answer<web::Json<PassagesInside>> {
    let (app, school, viewer) = who.parts()?;
    let zones = passages::inside(app, school, viewer, query.0.department).await?;
    let zones = zones.into_iter().map(|zone| ZoneInside {
        zone: zone.zone_id,
        name: zone.name,
        inside: zone.inside,
        outside: zone.outside,
        unknown: zone.unknown,
        visitors: zone.visitors,
    });
    Ok(web::Json(PassagesInside { as_of: app.now(), zones: zones.collect() }))
}

/// Of which day and whom.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HoursQuery {
    /// Today if left out. At most 29 days ago.
    day: Option<NaiveDate>,
    /// Only people under this department.
    department: Option<i32>,
}

/// Passages of a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassagesByHour {
    items: Vec<PassageHour>,
}

/// How many passed a gate in an hour; hours without a scan are left out.
#[derive(Debug, Serialize, ToSchema)]
struct PassageHour {
    gate: i64,
    gate_name: String,
    /// Of the school's day, 0 to 23.
    hour: i32,
    entered: i64,
    left: i64,
    refused: i64,
}

/// How many passed each gate in each hour of a day.
#[utoipa::path(
    operation_id = "passages_by_hour",
    tag = "gate", security(("session" = [])), params(HoursQuery),
    responses((status = 200, body = PassagesByHour), Refusals))]
#[get("/passages/hours")]
pub async fn by_hour(who: SignedIn, query: Query<HoursQuery>) -> Answer<web::Json<PassagesByHour>> {
    let (app, school, viewer) = who.parts()?;
    let rows = passages::by_hour(app, school, viewer, query.0.day, query.0.department).await?;
    let items = rows.into_iter().map(|row| PassageHour {
        gate: row.gate_id,
        gate_name: row.gate,
        hour: row.hour,
        entered: row.entered,
        left: row.left,
        refused: row.refused,
    });
    Ok(web::Json(PassagesByHour { items: items.collect() }))
}

/// By what a table is grouped.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PassagesBy {
    /// 学院
    #[default]
    College,
    /// 班级
    Class,
    /// 日期
    Day,
}

/// Of which days and whom, and how it is grouped.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TableQuery {
    /// From this day; the last one if left out. At most 29 days ago: passages are kept for 30.
    from: Option<NaiveDate>,
    /// To this day; today if left out.
    to: Option<NaiveDate>,
    /// Only people under this department.
    department: Option<i32>,
    /// By college if left out.
    #[serde(default)]
    #[param(inline)]
    by: PassagesBy,
}

/// 进出统计表
#[derive(Debug, Serialize, ToSchema)]
pub struct PassageTable {
    items: Vec<PassageUnit>,
}

/// Passages of those under a college or class, or of a day.
#[derive(Debug, Serialize, ToSchema)]
struct PassageUnit {
    /// Null: people under none, or rows by day.
    department: Option<i32>,
    name: Option<String>,
    day: Option<NaiveDate>,
    entered: i64,
    left: i64,
    /// People who passed.
    people: i64,
}

/// 进出统计表: how many passed, by college, class or day.
#[utoipa::path(
    operation_id = "passages_table",
    tag = "gate", security(("session" = [])), params(TableQuery),
    responses((status = 200, body = PassageTable), Refusals))]
#[get("/passages/table")]
pub async fn table(who: SignedIn, query: Query<TableQuery>) -> Answer<web::Json<PassageTable>> {
    let (app, school, viewer) = who.parts()?;
    let TableQuery { from, to, department, by } = query.0;
    let by = match by {
        PassagesBy::College => By::College,
        PassagesBy::Class => By::Class,
        PassagesBy::Day => By::Day,
    };
    let rows = passages::table(app, school, viewer, Span { from, to }, department, by).await?;
    let items = rows.into_iter().map(|row| PassageUnit {
        department: row.department_id,
        name: row.name,
        day: row.day,
        entered: row.entered,
        left: row.left,
        people: row.people,
    });
    Ok(web::Json(PassageTable { items: items.collect() }))
}

/// Who, of where and when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OutsideQuery {
    /// Of which zone.
    zone: i64,
    /// By when they should have been back; now if left out.
    at: Option<DateTime<Utc>>,
    /// Only people under this department.
    department: Option<i32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// People, by number.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutsiderList {
    items: Vec<Outsider>,
    next_cursor: Option<String>,
}

/// Somebody who has not come back.
#[derive(Debug, Serialize, ToSchema)]
struct Outsider {
    person: i64,
    number: String,
    name: String,
    /// Class or department.
    place: Option<String>,
    left_at: DateTime<Utc>,
    /// By which gate they left.
    gate: String,
}

/// 未归: who of those I may see was outside of a zone at a moment, of those who had left within the week before.
#[utoipa::path(
    operation_id = "passages_outside",
    tag = "gate", security(("session" = [])), params(OutsideQuery),
    responses((status = 200, body = OutsiderList), Refusals))]
#[get("/passages/outside")]
pub async fn outside(who: SignedIn, query: Query<OutsideQuery>) -> Answer<web::Json<OutsiderList>> {
    let (app, school, viewer) = who.parts()?;
    let query = query.0;
    let paging = input::paging(app, school, query.cursor.as_deref(), query.limit)?;
    let of = (query.zone, query.department);
    let after = paging.after.as_deref();
    let page = passages::outside(app, school, viewer, of, query.at, after, paging.limit).await?;
    let items = page.items.into_iter().map(|row| Outsider {
        person: row.person_id,
        number: row.number,
        name: row.name,
        place: row.place,
        left_at: row.left_at,
        gate: row.gate,
    });
    Ok(web::Json(OutsiderList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// My last passages, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnPassages {
    items: Vec<OwnPassage>,
}

/// A passage of mine.
#[derive(Debug, Serialize, ToSchema)]
struct OwnPassage {
    id: i64,
    gate: String,
    #[schema(value_type = GateDirection)]
    direction: String,
    at: DateTime<Utc>,
    allowed: bool,
    /// Why not.
    reason: Option<GateRefusal>,
    /// The same in Chinese.
    message: Option<&'static str>,
}

/// Where and when I passed the gates last: at most 20.
#[utoipa::path(
    operation_id = "passages_own",
    tag = "gate", security(("session" = [])),
    responses((status = 200, body = OwnPassages), Refusals))]
#[get("/me/passages")]
pub async fn own(who: SignedIn) -> Answer<web::Json<OwnPassages>> {
    let (app, school, viewer) = who.parts()?;
    let rows = passages::own(app, school, viewer, 20).await?;
    let items = rows.into_iter().map(|row| {
        let refusal = row.reason.as_deref().and_then(Refusal::parse);
        OwnPassage {
            id: row.passage_id,
            gate: row.gate,
            direction: row.direction,
            at: row.at,
            allowed: row.reason.is_none(),
            reason: refusal.map(GateRefusal::from),
            message: refusal.map(Refusal::title),
        }
    });
    Ok(web::Json(OwnPassages { items: items.collect() }))
}
