//! 一键通报: the figures as a sentence that can be sent on, and the table it says.

use actix_web::{get, web};
use app::{bulletins, statistics::Asked};
use serde::Serialize;
use utoipa::ToSchema;

use super::statistics::{Table, TableQuery};
use crate::http::{input::Query, openapi::Refusals, problem::Answer, who::SignedIn};

/// The figures in words. Nobody is named.
#[derive(Debug, Serialize, ToSchema)]
pub struct Bulletin {
    /// The form, and the day and slot it is about.
    #[schema(example = "健康日报（3月4日）")]
    title: String,
    #[schema(example = "截至3月4日10:00，应报15380人，已报15343人，未报37人，上报率99.76%；体温等异常0人。")]
    sentence: String,
    /// Of which part of the school; null: of all of it.
    unit: Option<String>,
    /// What it says.
    table: Table,
}

/// A bulletin of what I may see.
#[utoipa::path(
    operation_id = "bulletins_get",
    tag = "statistics", security(("session" = [])), params(("form" = String, Path), TableQuery),
    responses((status = 200, body = Bulletin), Refusals))]
#[get("/statistics/{form}/bulletin")]
pub async fn get(
    who: SignedIn,
    form: web::Path<String>,
    query: Query<TableQuery>,
) -> Answer<web::Json<Bulletin>> {
    let (app, school, viewer) = who.parts()?;
    let TableQuery { day, slot, by, department } = query.0;
    let asked = Asked { form: &form, day, slot, department };
    let told = bulletins::make(app, school, viewer, asked, by.into()).await?;
    let bulletins::Told { title, sentence, unit, table } = told;
    Ok(web::Json(Bulletin { title, sentence, unit, table: Table::new(form.into_inner(), by, table) }))
}
