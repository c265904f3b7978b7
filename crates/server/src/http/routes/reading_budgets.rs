//! 查看额度: who was allowed to read more for a day, and why.

use actix_web::{get, post, web};
use app::{reading_budgets, reasons::Reasoned};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    input::{self, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What is read of people.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Phone numbers in full.
    Phones,
    /// Answers to forms, and the pictures in them.
    Answers,
    /// Photos.
    Photos,
    /// That reports stand out, in lists by name.
    States,
    /// Where people are or were, in lists by name.
    Whereabouts,
    /// Sheets that name people.
    Exported,
}

impl From<Reading> for domain::reading::Reading {
    fn from(reading: Reading) -> Self {
        match reading {
            Reading::Phones => Self::Phones,
            Reading::Answers => Self::Answers,
            Reading::Photos => Self::Photos,
            Reading::States => Self::States,
            Reading::Whereabouts => Self::Whereabouts,
            Reading::Exported => Self::Exported,
        }
    }
}

/// Lifts, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadingLiftList {
    items: Vec<ReadingLift>,
    next_cursor: Option<String>,
}

/// More for a day.
#[derive(Debug, Serialize, ToSchema)]
struct ReadingLift {
    id: i64,
    /// Whose.
    name: String,
    number: Option<String>,
    /// The day it holds on.
    day: NaiveDate,
    #[schema(value_type = Reading)]
    reading: String,
    /// How many people more.
    people: i64,
    reason: String,
    given_by: String,
    given_at: DateTime<Utc>,
}

/// Who was allowed to read more.
#[utoipa::path(
    operation_id = "reading_lifts_list",
    tag = "audit", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = ReadingLiftList), Refusals))]
#[get("/reading-lifts")]
pub async fn lifts(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<ReadingLiftList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = reading_budgets::lifts(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|Reasoned { row, reason, .. }| ReadingLift {
        id: row.lift_id,
        name: row.name,
        number: row.number,
        day: row.day,
        reading: row.kind,
        people: row.people,
        reason,
        given_by: row.given_by,
        given_at: row.given_at,
    });
    Ok(web::Json(ReadingLiftList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// More for today.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReadingLift {
    /// Student or staff number of somebody else.
    number: String,
    reading: Reading,
    /// At most 200 characters.
    reason: String,
}

/// A lift that was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadingLifted {
    id: i64,
}

/// Lets somebody read as many people more today as their budget is; on record.
#[utoipa::path(
    operation_id = "reading_lifts_create",
    tag = "audit", security(("session" = [])), request_body = NewReadingLift,
    responses((status = 200, body = ReadingLifted), Refusals, WriteRefusals))]
#[post("/reading-lifts")]
pub async fn lift(who: SignedIn, body: Json<NewReadingLift>) -> Answer<web::Json<ReadingLifted>> {
    let (app, school, viewer) = who.fresh_parts()?;
    let NewReadingLift { number, reading, reason } = body.0;
    let id = reading_budgets::lift(app, school, viewer, &number, reading.into(), &reason).await?;
    Ok(web::Json(ReadingLifted { id }))
}
