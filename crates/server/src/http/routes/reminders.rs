//! Reminding now, and what became of it.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, post, web};
use app::reminders::{self, Wanted};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    input::{self, IdempotencyKey, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Whom to remind.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReminders {
    /// The form's code.
    #[schema(example = "health-daily")]
    form: String,
    /// Only these persons, 1 to 1000; left out: all unreported of my scope.
    #[serde(default)]
    people: Option<Vec<i64>>,
    /// Only those counted under this department.
    #[serde(default)]
    department: Option<i32>,
    /// In these words, at most 120 characters, with {form} {closes} {name} {class} {college}; left out: the usual ones.
    #[serde(default)]
    words: Option<String>,
}

/// A round of reminders.
#[derive(Debug, Serialize, ToSchema)]
pub struct Round {
    /// For `GET /reminders/{round}`.
    round: i64,
    /// Unreported people in it.
    planned: usize,
}

/// Reminds now the unreported of my scope. Who has reported, or is not mine, is left out.
#[utoipa::path(
    operation_id = "reminders_create",
    tag = "reminders", security(("session" = [])), request_body = NewReminders,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 of A-Za-z0-9_-")),
    responses((status = 202, body = Round), Refusals, WriteRefusals))]
#[post("/reminders")]
pub async fn create(who: SignedIn, key: IdempotencyKey, body: Json<NewReminders>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let wanted = Wanted {
        form: &body.0.form,
        people: body.0.people.as_deref(),
        department: body.0.department,
        words: body.0.words.as_deref(),
    };
    let planned = reminders::remind(app, school, viewer, &key.0, wanted).await?;
    Ok(HttpResponse::Accepted().json(Round { round: planned.round_id, planned: planned.people }))
}

/// What becomes of a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReminderState {
    /// Planned.
    Waiting,
    /// In a batch, about to be sent.
    Frozen,
    /// WeCom took it.
    Sent,
    /// WeCom does not deliver to their account.
    Invalid,
    /// They are outside the app's visible range.
    OutOfRange,
    /// They have had as many reminders of the day as the school allows.
    Limited,
    /// Without a licence.
    Unlicensed,
    /// They reported before it went out.
    Skipped,
    /// No longer of use before it went out.
    Expired,
    /// Nobody can say whether WeCom took it; not repeated.
    Unknown,
    /// WeCom refused it.
    Failed,
    /// They have no active account.
    Unreachable,
    /// It was taken back.
    Recalled,
}

impl ReminderState {
    /// From the database's word.
    pub fn of(state: &str) -> Self {
        match state {
            "waiting" => Self::Waiting,
            "frozen" => Self::Frozen,
            "sent" => Self::Sent,
            "invalid" => Self::Invalid,
            "out_of_range" => Self::OutOfRange,
            "limited" => Self::Limited,
            "unlicensed" => Self::Unlicensed,
            "skipped" => Self::Skipped,
            "expired" => Self::Expired,
            "failed" => Self::Failed,
            "unreachable" => Self::Unreachable,
            "recalled" => Self::Recalled,
            _ => Self::Unknown,
        }
    }

    /// The database's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Frozen => "frozen",
            Self::Sent => "sent",
            Self::Invalid => "invalid",
            Self::OutOfRange => "out_of_range",
            Self::Limited => "limited",
            Self::Unlicensed => "unlicensed",
            Self::Skipped => "skipped",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::Recalled => "recalled",
        }
    }
}

/// What became of a round.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundResult {
    round: i64,
    form: String,
    day: NaiveDate,
    planned_at: DateTime<Utc>,
    /// How many stand in each state.
    #[schema(value_type = BTreeMap<String, i64>)]
    counts: BTreeMap<ReminderState, i64>,
    items: Vec<Outcome>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReminderOutcome)]
struct Outcome {
    /// The person.
    id: i64,
    name: String,
    state: ReminderState,
    at: DateTime<Utc>,
}

/// What became of a round of mine.
#[utoipa::path(
    operation_id = "reminders_get",
    tag = "reminders", security(("session" = [])), params(("round" = i64, Path), PageQuery),
    responses((status = 200, body = RoundResult), Refusals))]
#[get("/reminders/{round}")]
pub async fn get(
    who: SignedIn,
    round: web::Path<i64>,
    query: Query<PageQuery>,
) -> Answer<web::Json<RoundResult>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let result =
        reminders::result(app, school, viewer, *round, paging.after.as_deref(), paging.limit).await?;
    let items = result
        .page
        .items
        .into_iter()
        .map(|row| Outcome {
            id: row.person_id,
            name: row.name,
            state: ReminderState::of(&row.state),
            at: row.at,
        })
        .collect();
    Ok(web::Json(RoundResult {
        round: *round,
        form: result.round.form_code,
        day: result.round.day,
        planned_at: result.round.planned_at,
        counts: result.counts.into_iter().map(|(state, count)| (ReminderState::of(&state), count)).collect(),
        items,
        next_cursor: paging.cursor(result.page.next)?,
    }))
}
