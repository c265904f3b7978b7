//! 班级与辅导员: classes and who looks after them.

use actix_web::{HttpResponse, delete, get, post, web};
use app::class_counsellors::{self, Named};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::dto::Department;
use crate::http::{
    input::{self, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Which classes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ClassQuery {
    /// Only those that have students and no counsellor today.
    #[serde(default)]
    without: bool,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Classes by college, and what is left to be put in order among all of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClassList {
    items: Vec<ClassRow>,
    next_cursor: Option<String>,
    /// Classes with students and no counsellor.
    classes_without: i64,
    /// Students of these.
    students_without: i64,
    /// Students on the roster who are in no class.
    without_class: i64,
}

/// A class.
#[derive(Debug, Serialize, ToSchema)]
struct ClassRow {
    class: Department,
    college: Option<Department>,
    /// On the roster today.
    students: i64,
    counsellors: Vec<Counsellor>,
    /// Whether I may name one.
    may_appoint: bool,
}

/// A counsellor of a class.
#[derive(Debug, Serialize, ToSchema)]
struct Counsellor {
    /// The grant.
    id: i64,
    number: String,
    name: String,
    /// directory, roster or manual.
    source: String,
    purpose: String,
    /// The last day.
    last: Option<NaiveDate>,
}

/// Classes and their counsellors; for offices their own, for administrators all.
#[utoipa::path(
    operation_id = "class_counsellors_list",
    tag = "class_counsellors", security(("session" = [])), params(ClassQuery),
    responses((status = 200, body = ClassList), Refusals))]
#[get("/class-counsellors")]
pub async fn list(who: SignedIn, query: Query<ClassQuery>) -> Answer<web::Json<ClassList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let (without, after) = (query.0.without, paging.after.as_deref());
    let found = class_counsellors::list(app, school, viewer, without, after, paging.limit).await?;
    let items = found.page.items.into_iter().map(|row| ClassRow {
        class: (row.class.class_id, row.class.name).into(),
        college: row.class.college_id.zip(row.class.college).map(Department::from),
        students: row.class.students,
        counsellors: row
            .counsellors
            .into_iter()
            .map(|one| Counsellor {
                id: one.grant_id,
                number: one.number,
                name: one.name,
                source: one.source,
                purpose: one.purpose,
                last: one.until_date.checked_sub_days(Days::new(1)),
            })
            .collect(),
        may_appoint: row.may_appoint,
    });
    Ok(web::Json(ClassList {
        items: items.collect(),
        next_cursor: paging.cursor(found.page.next)?,
        classes_without: found.gaps.classes,
        students_without: found.gaps.students,
        without_class: found.gaps.without_class,
    }))
}

/// Students without a class, by number.
#[derive(Debug, Serialize, ToSchema)]
pub struct WithoutClassList {
    items: Vec<WithoutClass>,
    next_cursor: Option<String>,
}

/// A student on the roster who is in no class.
#[derive(Debug, Serialize, ToSchema)]
struct WithoutClass {
    number: String,
    name: String,
    major: Option<String>,
    /// Year of entry.
    grade: Option<i16>,
    /// The department they are in instead.
    place: Option<String>,
}

/// Students on the roster who are in no class.
#[utoipa::path(
    operation_id = "class_counsellors_without_class",
    tag = "class_counsellors", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = WithoutClassList), Refusals))]
#[get("/class-counsellors/without-class")]
pub async fn without_class(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<WithoutClassList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let after = paging.after.as_deref();
    let page = class_counsellors::without_class(app, school, viewer, after, paging.limit).await?;
    let items = page.items.into_iter().map(|row| WithoutClass {
        number: row.number,
        name: row.name,
        major: row.major,
        grade: row.grade,
        place: row.place,
    });
    Ok(web::Json(WithoutClassList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Who is to be a class's counsellor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Appointment {
    /// Staff number.
    number: String,
    /// What for, at most 64 characters.
    purpose: String,
    /// The last day, within a year.
    last: NaiveDate,
}

/// Whether there was anything to add.
#[derive(Debug, Serialize, ToSchema)]
pub struct Appointed {
    /// False: they are the class's counsellor already.
    added: bool,
}

/// Names a counsellor for a class from today on; who and when is kept.
#[utoipa::path(
    operation_id = "class_counsellors_appoint",
    tag = "class_counsellors", security(("session" = [])), params(("id" = i32, Path, description = "the class")),
    request_body = Appointment,
    responses((status = 200, body = Appointed), Refusals, WriteRefusals))]
#[post("/class-counsellors/{id}/grants")]
pub async fn appoint(
    who: SignedIn,
    id: web::Path<i32>,
    body: Json<Appointment>,
) -> Answer<web::Json<Appointed>> {
    let (app, school, viewer) = who.fresh_parts()?;
    let named = Named { number: &body.0.number, purpose: &body.0.purpose, last: body.0.last };
    let added = class_counsellors::appoint(app, school, viewer, *id, named).await?;
    Ok(web::Json(Appointed { added }))
}

/// Ends what was given by hand, from today on; who and when is kept.
#[utoipa::path(
    operation_id = "class_counsellors_end",
    tag = "class_counsellors", security(("session" = [])),
    params(("id" = i64, Path, description = "of the counsellor in the list")),
    responses((status = 204), Refusals, WriteRefusals))]
#[delete("/class-counsellors/grants/{id}")]
pub async fn end(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    class_counsellors::end(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
