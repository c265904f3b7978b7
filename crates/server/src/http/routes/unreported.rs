//! Those who have not reported, for those who look after them.

use actix_web::{get, web};
use app::{statistics::Asked, unreported};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{dto::Department, follow_ups::Reason, reminders::ReminderState};
use crate::http::{
    input::{self, Query},
    openapi::Refusals,
    problem::Answer,
    who::SignedIn,
};

/// Which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UnreportedQuery {
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// The slot of the day, counted from 0; if left out, the last that has begun.
    slot: Option<i16>,
    /// Only those counted under this department.
    department: Option<i32>,
    /// Only those of whom is known why they have not reported, or only the others.
    followed_up: Option<bool>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// The list, and the figures it belongs to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Unreported)]
pub struct UnreportedList {
    form: String,
    day: NaiveDate,
    /// The hour the list was true.
    as_of: DateTime<Utc>,
    /// 应报 of my scope.
    expected: i64,
    /// 未报 of my scope.
    total: i64,
    /// … of whom is known why.
    followed_up: i64,
    items: Vec<UnreportedRow>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct UnreportedRow {
    id: i64,
    /// Student or staff number.
    number: String,
    name: String,
    class: Option<Department>,
    /// In full by `POST /people/{id}/phone`, on record.
    #[schema(example = "100****5678")]
    phone_masked: Option<String>,
    /// Whether a message can reach them.
    reachable: bool,
    last_reminder: Option<LastReminder>,
    /// Why they have not reported, as somebody last found out.
    follow_up: Option<LastFollowUp>,
}

/// What somebody last found out. What else they said is read by `GET /unreported/{form}/follow-ups`, on record.
#[derive(Debug, Serialize, ToSchema)]
struct LastFollowUp {
    /// Null where it is not mine to read: a class assistant reads their own alone.
    reason: Option<Reason>,
    by: String,
    at: DateTime<Utc>,
}

impl From<unreported::LastFollowUp> for LastFollowUp {
    fn from(last: unreported::LastFollowUp) -> Self {
        Self { reason: last.reason.map(Reason::from), by: last.by, at: last.at }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct LastReminder {
    at: DateTime<Utc>,
    state: ReminderState,
}

/// The unreported of my scope, by student or staff number.
#[utoipa::path(
    operation_id = "unreported_list",
    tag = "unreported", security(("session" = [])), params(("form" = String, Path), UnreportedQuery),
    responses((status = 200, body = UnreportedList), Refusals))]
#[get("/unreported/{form}")]
pub async fn list(
    who: SignedIn,
    form: web::Path<String>,
    query: Query<UnreportedQuery>,
) -> Answer<web::Json<UnreportedList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let asked = Asked { form: &form, day: query.0.day, slot: query.0.slot, department: query.0.department };
    let list = unreported::list(
        app,
        school,
        viewer,
        asked,
        query.0.followed_up,
        paging.after.as_deref(),
        paging.limit,
    )
    .await?;
    let items = list
        .page
        .items
        .into_iter()
        .map(|row| UnreportedRow {
            id: row.person,
            number: row.number,
            name: row.name,
            class: row.class.map(Department::from),
            phone_masked: row.phone_masked,
            reachable: row.reachable,
            last_reminder: row
                .last_reminder
                .map(|(at, state)| LastReminder { at, state: ReminderState::of(&state) }),
            follow_up: row.follow_up.map(LastFollowUp::from),
        })
        .collect();
    Ok(web::Json(UnreportedList {
        form: form.into_inner(),
        day: list.day,
        as_of: list.as_of,
        expected: list.expected,
        total: list.total,
        followed_up: list.followed_up,
        items,
        next_cursor: paging.cursor(list.page.next)?,
    }))
}
