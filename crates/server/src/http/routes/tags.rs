//! 标签: what WeCom's administrators have tagged.

use actix_web::{get, web};
use app::tags;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, Query},
    openapi::Refusals,
    problem::Answer,
    who::SignedIn,
};

/// Which tags.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TagQuery {
    /// As of this day; today if left out.
    day: Option<NaiveDate>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Tags, by id.
#[derive(Debug, Serialize, ToSchema)]
pub struct TagList {
    items: Vec<Tag>,
    next_cursor: Option<String>,
}

/// A tag.
#[derive(Debug, Serialize, ToSchema)]
struct Tag {
    id: i32,
    name: String,
    /// Accounts that have it by themselves; null for who may write to a part of the school only.
    members: Option<i64>,
    /// Departments that have it, with everyone below them; null likewise.
    departments: Option<i64>,
}

/// Tags with how many have them, by id.
#[utoipa::path(
    operation_id = "tags_list",
    tag = "tags", security(("session" = [])), params(TagQuery),
    responses((status = 200, body = TagList), Refusals))]
#[get("/tags")]
pub async fn list(who: SignedIn, query: Query<TagQuery>) -> Answer<web::Json<TagList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = tags::list(app, school, viewer, query.0.day, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|tag| Tag {
        id: tag.tag_id,
        name: tag.name,
        members: tag.members,
        departments: tag.departments,
    });
    Ok(web::Json(TagList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}
