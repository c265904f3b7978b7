//! Those who have reported, by what they answered.

use actix_web::{get, web};
use app::statistics::{self, Asked};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{By, Row, TableQuery};
use crate::http::{
    fresh::Fresh, input::Query, openapi::Refusals, problem::Answer, routes::dto::Department, who::SignedIn,
};

/// What was answered to the counted questions of a form.
#[derive(Debug, Serialize, ToSchema)]
pub struct Categories {
    form: String,
    day: NaiveDate,
    /// The slot of the day, counted from 0.
    slot: i16,
    by: By,
    /// The hour the day's figures are read.
    cutoff: DateTime<Utc>,
    /// The hour these were true.
    as_of: DateTime<Utc>,
    /// The figures they are a part of.
    total: Row,
    fields: Vec<CategoryField>,
}

/// A counted question.
#[derive(Debug, Serialize, ToSchema)]
struct CategoryField {
    /// Its name.
    field: String,
    title: String,
    /// In the form's order, last those in none.
    categories: Vec<CategoryCount>,
    /// By department, in the directory's order.
    rows: Vec<CategoryRow>,
}

/// Answers that are counted together.
#[derive(Debug, Serialize, ToSchema)]
struct CategoryCount {
    /// As the people behind it are asked for; null: in no category.
    category: Option<String>,
    title: String,
    /// How many of those who have reported.
    people: i64,
}

/// A department's answers.
#[derive(Debug, Serialize, ToSchema)]
struct CategoryRow {
    /// Null: those counted under no department of that kind.
    department: Option<Department>,
    /// People by category, in the order of `categories`.
    people: Vec<i64>,
}

/// Those who have reported, by category of each counted question, and by department.
#[utoipa::path(
    operation_id = "statistics_categories",
    tag = "statistics", security(("session" = [])), params(("form" = String, Path), TableQuery),
    responses(
        (status = 200, body = Categories),
        (status = 304, description = "与 If-None-Match 所指的相同，只有时间不同"),
        Refusals))]
#[get("/statistics/{form}/categories")]
pub async fn get(
    who: SignedIn,
    form: web::Path<String>,
    query: Query<TableQuery>,
) -> Answer<Fresh<Categories>> {
    let (app, school, viewer) = who.parts()?;
    let TableQuery { day, slot, by, department } = query.0;
    let asked = Asked { form: &form, day, slot, department };
    let found = statistics::categories(app, school, viewer, asked, by.into()).await?;
    let fields = found.fields.into_iter().map(|field| CategoryField {
        field: field.field,
        title: field.title,
        categories: field
            .categories
            .into_iter()
            .zip(field.total)
            .map(|((category, title), people)| CategoryCount { category, title, people })
            .collect(),
        rows: field
            .rows
            .into_iter()
            .map(|row| CategoryRow { department: row.department.map(Department::from), people: row.people })
            .collect(),
    });
    Ok(Fresh(Categories {
        day: found.day,
        slot: found.slot,
        by,
        cutoff: found.cutoff_at,
        as_of: found.as_of,
        total: Row::new(None, found.total),
        fields: fields.collect(),
        form: form.into_inner(),
    }))
}
