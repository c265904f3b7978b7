//! 照片: who has one, one at a time on record, and the .zip files that bring them (in [`uploads`]).

pub mod uploads;

use actix_web::{
    HttpResponse, delete, get,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web,
};
use app::photos::{self, Asked};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::registration::{Kind, kind};
use crate::http::{
    input::{self, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// A photo as it is sent: kept by nobody on the way, nor by the browser.
fn jpeg(picture: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "image/jpeg"))
        .insert_header((CACHE_CONTROL, "no-store, private"))
        .body(picture)
}

/// A person's photo. The look is recorded, and the person can read who looked.
#[utoipa::path(
    operation_id = "photos_get",
    tag = "photos", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), Refusals))]
#[get("/photos/{id}")]
pub async fn get(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.recent_parts()?;
    Ok(jpeg(photos::look(app, school, viewer, *id).await?))
}

/// My own photo.
#[utoipa::path(
    operation_id = "photos_own",
    tag = "photos", security(("session" = [])),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), Refusals))]
#[get("/me/photo")]
pub async fn own(who: SignedIn) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    Ok(jpeg(photos::own(app, school, viewer).await?))
}

/// Removes a person's photo. It is gone: no undoing brings it back.
#[utoipa::path(
    operation_id = "photos_delete",
    tag = "photos", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[delete("/photos/{id}")]
pub async fn remove(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    photos::remove(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Of whom.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CoverageQuery {
    /// Only students, or only staff.
    #[param(inline)]
    kind: Option<Kind>,
}

/// Who has a photo, by college.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoCoverage {
    rows: Vec<PhotoCoverageRow>,
    rostered: i64,
    with_photo: i64,
}

/// People of a college or office.
#[derive(Debug, Serialize, ToSchema)]
struct PhotoCoverageRow {
    /// Null for people without a place.
    department: Option<i32>,
    name: Option<String>,
    /// On the roster today.
    rostered: i64,
    with_photo: i64,
}

/// Who has a photo, by college, of what I may see.
#[utoipa::path(
    operation_id = "photos_coverage",
    tag = "photos", security(("session" = [])), params(CoverageQuery),
    responses((status = 200, body = PhotoCoverage), Refusals))]
#[get("/photos/coverage")]
pub async fn coverage(who: SignedIn, query: Query<CoverageQuery>) -> Answer<web::Json<PhotoCoverage>> {
    let (app, school, viewer) = who.parts()?;
    let asked = Asked { department: None, kind: kind(query.0.kind) };
    let rows = photos::coverage(app, school, viewer, asked).await?;
    let (rostered, with_photo) =
        rows.iter().fold((0, 0), |sum, row| (sum.0 + row.rostered, sum.1 + row.with_photo));
    let rows = rows.into_iter().map(|row| PhotoCoverageRow {
        department: row.department_id,
        name: row.name,
        rostered: row.rostered,
        with_photo: row.with_photo,
    });
    Ok(web::Json(PhotoCoverage { rows: rows.collect(), rostered, with_photo }))
}

/// Which people.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// Those with a photo (true), or those without (false, the usual).
    #[serde(default)]
    with: bool,
    /// Only students, or only staff.
    #[param(inline)]
    kind: Option<Kind>,
    /// Only those under this department.
    department: Option<i32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// People, by number.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoPeople {
    items: Vec<PhotoPerson>,
    next_cursor: Option<String>,
}

/// Somebody with or without a photo.
#[derive(Debug, Serialize, ToSchema)]
struct PhotoPerson {
    id: i64,
    number: String,
    name: String,
    /// Class or department.
    place: Option<String>,
}

/// People with or without a photo, of those I may see one by one.
#[utoipa::path(
    operation_id = "photos_people",
    tag = "photos", security(("session" = [])), params(PeopleQuery),
    responses((status = 200, body = PhotoPeople), Refusals))]
#[get("/photos/people")]
pub async fn people(who: SignedIn, query: Query<PeopleQuery>) -> Answer<web::Json<PhotoPeople>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let asked = Asked { department: query.0.department, kind: kind(query.0.kind) };
    let after = paging.after.as_deref();
    let page = photos::people(app, school, viewer, asked, query.0.with, after, paging.limit).await?;
    let items = page.items.into_iter().map(|row| PhotoPerson {
        id: row.person_id,
        number: row.number,
        name: row.name,
        place: row.place,
    });
    Ok(web::Json(PhotoPeople { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}
