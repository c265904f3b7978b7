//! 宿舍: how full the buildings are, who sleeps where, and moving in, over and out. Lists are in [`list`].

pub mod list;

use actix_web::{get, post, web};
use app::residences::{self, AskedRooms, Moved, Shown};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// On which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DayQuery {
    /// The day; today if left out.
    day: Option<NaiveDate>,
}

/// Beds by building.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResidenceBuildings {
    day: NaiveDate,
    rows: Vec<ResidenceBuilding>,
    /// Beds of the school.
    beds: i64,
    /// Those of them in which somebody sleeps; null where I do not see the whole school.
    occupied: Option<i64>,
}

/// Beds of a building.
#[derive(Debug, Serialize, ToSchema)]
struct ResidenceBuilding {
    /// 校区; empty where the school has one.
    campus: String,
    building: String,
    /// The lowest first; an empty name where rooms don't say their floor.
    floors: Vec<String>,
    rooms: i64,
    beds: i64,
    /// Null where I do not see the whole school.
    occupied: Option<i64>,
}

/// Beds by building: all of the school, as counts.
#[utoipa::path(
    operation_id = "residences_buildings",
    tag = "residences", security(("session" = [])), params(DayQuery),
    responses((status = 200, body = ResidenceBuildings), Refusals))]
#[get("/residences/buildings")]
pub async fn buildings(who: SignedIn, query: Query<DayQuery>) -> Answer<web::Json<ResidenceBuildings>> {
    let (app, school, viewer) = who.parts()?;
    let (day, rows) = residences::buildings(app, school, viewer, query.0.day).await?;
    let beds = rows.iter().map(|row| row.beds).sum();
    let occupied = rows.iter().map(|row| row.occupied).sum();
    let rows = rows.into_iter().map(|row| ResidenceBuilding {
        campus: row.campus,
        building: row.building,
        floors: row.floors,
        rooms: row.rooms,
        beds: row.beds,
        occupied: row.occupied,
    });
    Ok(web::Json(ResidenceBuildings { day, rows: rows.collect(), beds, occupied }))
}

/// Students and their beds by college.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResidenceColleges {
    day: NaiveDate,
    rows: Vec<ResidenceCollege>,
    enrolled: i64,
    housed: i64,
}

/// Students of a college.
#[derive(Debug, Serialize, ToSchema)]
struct ResidenceCollege {
    /// Null for students without a place.
    department: Option<i32>,
    name: Option<String>,
    /// On the roster that day.
    enrolled: i64,
    /// Those of them with a bed.
    housed: i64,
}

/// Students and their beds by college, of what I may see.
#[utoipa::path(
    operation_id = "residences_colleges",
    tag = "residences", security(("session" = [])), params(DayQuery),
    responses((status = 200, body = ResidenceColleges), Refusals))]
#[get("/residences/colleges")]
pub async fn colleges(who: SignedIn, query: Query<DayQuery>) -> Answer<web::Json<ResidenceColleges>> {
    let (app, school, viewer) = who.parts()?;
    let (day, rows) = residences::colleges(app, school, viewer, query.0.day).await?;
    let (enrolled, housed) = rows.iter().fold((0, 0), |sum, row| (sum.0 + row.enrolled, sum.1 + row.housed));
    let rows = rows.into_iter().map(|row| ResidenceCollege {
        department: row.department_id,
        name: row.name,
        enrolled: row.enrolled,
        housed: row.housed,
    });
    Ok(web::Json(ResidenceColleges { day, rows: rows.collect(), enrolled, housed }))
}

/// Which rooms.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RoomsQuery {
    /// 校区, as the building has it.
    #[serde(default)]
    campus: String,
    /// 楼栋
    building: String,
    /// Only this floor.
    floor: Option<String>,
    /// Only rooms with a free bed.
    #[serde(default)]
    free: bool,
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rooms, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Rooms of a building.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResidenceRooms {
    items: Vec<ResidenceRoom>,
    next_cursor: Option<String>,
}

/// A room, bed by bed.
#[derive(Debug, Serialize, ToSchema)]
struct ResidenceRoom {
    floor: String,
    room: String,
    beds: Vec<ResidenceBed>,
}

/// A bed.
#[derive(Debug, Serialize, ToSchema)]
struct ResidenceBed {
    id: i64,
    bed: String,
    occupied: bool,
    /// Who sleeps in it, where I may see the person.
    occupant: Option<ResidenceOccupant>,
}

/// Somebody in a bed.
#[derive(Debug, Serialize, ToSchema)]
struct ResidenceOccupant {
    /// The stay, to be ended.
    residence: i64,
    /// The person.
    id: i64,
    number: String,
    name: String,
    /// Class or department.
    place: Option<String>,
    from: NaiveDate,
    /// The day of moving out, where it is known.
    until: Option<NaiveDate>,
}

fn bed(row: store::residences::InRoom) -> ResidenceBed {
    let occupied = row.residence_id.is_some();
    let who = row.person_id.zip(row.number).zip(row.name);
    let stay = row.residence_id.zip(row.from_date);
    let occupant = who.zip(stay).map(|(((id, number), name), (residence, from))| ResidenceOccupant {
        residence,
        id,
        number,
        name,
        place: row.place,
        from,
        until: row.until_date,
    });
    ResidenceBed { id: row.bed_id, bed: row.bed, occupied, occupant }
}

/// Rooms of a building, bed by bed. Others' beds show as occupied, without a name.
#[utoipa::path(
    operation_id = "residences_rooms",
    tag = "residences", security(("session" = [])), params(RoomsQuery),
    responses((status = 200, body = ResidenceRooms), Refusals))]
#[get("/residences/rooms")]
pub async fn rooms(who: SignedIn, query: Query<RoomsQuery>) -> Answer<web::Json<ResidenceRooms>> {
    let (app, school, viewer) = who.parts()?;
    let query = query.0;
    let paging = input::paging(app, school, query.cursor.as_deref(), query.limit)?;
    let asked =
        AskedRooms { campus: query.campus, building: query.building, floor: query.floor, free: query.free };
    let after = paging.after.as_deref();
    let page = residences::rooms(app, school, viewer, &asked, query.day, after, paging.limit).await?;
    let items = page.items.into_iter().map(|room| ResidenceRoom {
        floor: room.floor,
        room: room.room,
        beds: room.beds.into_iter().map(bed).collect(),
    });
    Ok(web::Json(ResidenceRooms { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Which of those without a bed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WithoutQuery {
    /// Only those counted under this department.
    department: Option<i32>,
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Students without a bed, by number.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResidenceWithout {
    items: Vec<ResidenceStudent>,
    next_cursor: Option<String>,
}

/// A student without a bed.
#[derive(Debug, Serialize, ToSchema)]
struct ResidenceStudent {
    id: i64,
    number: String,
    name: String,
    college: Option<String>,
    class: Option<String>,
}

/// Students on the roster without a bed, of those I may see.
#[utoipa::path(
    operation_id = "residences_without",
    tag = "residences", security(("session" = [])), params(WithoutQuery),
    responses((status = 200, body = ResidenceWithout), Refusals))]
#[get("/residences/without")]
pub async fn without(who: SignedIn, query: Query<WithoutQuery>) -> Answer<web::Json<ResidenceWithout>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let (department, day) = (query.0.department, query.0.day);
    let after = paging.after.as_deref();
    let page = residences::without(app, school, viewer, department, day, after, paging.limit).await?;
    let items = page.items.into_iter().map(|row| ResidenceStudent {
        id: row.person_id,
        number: row.number,
        name: row.name,
        college: row.college,
        class: row.class,
    });
    Ok(web::Json(ResidenceWithout { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Where somebody has slept.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResidenceHistory {
    items: Vec<ResidenceStay>,
}

/// A bed of somebody's, from a night to a day.
#[derive(Debug, Serialize, ToSchema)]
struct ResidenceStay {
    id: i64,
    campus: String,
    building: String,
    floor: String,
    room: String,
    bed: String,
    from: NaiveDate,
    /// The day of moving out; null: they live there.
    until: Option<NaiveDate>,
}

impl From<Shown> for ResidenceStay {
    fn from(row: Shown) -> Self {
        Self {
            id: row.residence_id,
            campus: row.campus,
            building: row.building,
            floor: row.floor,
            room: row.room,
            bed: row.bed,
            from: row.from_date,
            until: row.until_date,
        }
    }
}

/// Where a person has slept, newest first; at most a hundred.
#[utoipa::path(
    operation_id = "residences_history",
    tag = "residences", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = ResidenceHistory), Refusals))]
#[get("/residences/people/{id}")]
pub async fn history(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<ResidenceHistory>> {
    let (app, school, viewer) = who.parts()?;
    let rows = residences::history(app, school, viewer, *id).await?;
    Ok(web::Json(ResidenceHistory { items: rows.into_iter().map(ResidenceStay::from).collect() }))
}

/// Somebody moves into a bed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveIn {
    /// Student or staff number.
    number: String,
    bed: i64,
    /// The first night.
    from: NaiveDate,
}

/// Somebody moves out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveOut {
    /// The first day that the bed is free.
    on: NaiveDate,
}

/// What became of a move.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResidenceMoved {
    /// in, changed (from another bed), out or nothing (it was so already).
    moved: &'static str,
}

impl From<Moved> for ResidenceMoved {
    fn from(moved: Moved) -> Self {
        let moved = match moved {
            Moved::In => "in",
            Moved::Changed => "changed",
            Moved::Out => "out",
            Moved::Nothing => "nothing",
        };
        Self { moved }
    }
}

/// Has somebody move into a free bed, out of any other one; the same again changes nothing.
#[utoipa::path(
    operation_id = "residences_move_in",
    tag = "residences", security(("session" = [])), request_body = MoveIn,
    responses((status = 200, body = ResidenceMoved), Refusals, WriteRefusals))]
#[post("/residences")]
pub async fn move_in(who: SignedIn, body: Json<MoveIn>) -> Answer<web::Json<ResidenceMoved>> {
    let (app, school, viewer) = who.parts()?;
    let moved = residences::move_in(app, school, viewer, &body.0.number, body.0.bed, body.0.from).await?;
    Ok(web::Json(moved.into()))
}

/// Has somebody move out; the same again changes nothing. On the day they moved in, it is as if they never had.
#[utoipa::path(
    operation_id = "residences_move_out",
    tag = "residences", security(("session" = [])), params(("id" = i64, Path)), request_body = MoveOut,
    responses((status = 200, body = ResidenceMoved), Refusals, WriteRefusals))]
#[post("/residences/{id}/end")]
pub async fn move_out(
    who: SignedIn,
    id: web::Path<i64>,
    body: Json<MoveOut>,
) -> Answer<web::Json<ResidenceMoved>> {
    let (app, school, viewer) = who.parts()?;
    let moved = residences::move_out(app, school, viewer, *id, body.0.on).await?;
    Ok(web::Json(moved.into()))
}
