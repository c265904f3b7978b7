//! When whom to remind of which form.

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{input::Query, openapi::Refusals, problem::Answer, who::SignedIn};

/// Which rules.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RulesQuery {
    /// Only of this form.
    form: Option<String>,
}

/// The school's rules.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderRuleList {
    items: Vec<ReminderRule>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReminderRule {
    id: i64,
    name: String,
    form: String,
    /// Times of the school's day, `HH:MM`.
    #[schema(example = json!(["10:00", "14:00", "18:00"]))]
    at_times: Vec<String>,
    wording: String,
    enabled: bool,
}

/// The school's reminder rules.
#[utoipa::path(
    operation_id = "reminder_rules_list",
    tag = "reminders", security(("session" = [])), params(RulesQuery),
    responses((status = 200, body = ReminderRuleList), Refusals))]
#[get("/reminder-rules")]
pub async fn list(who: SignedIn, query: Query<RulesQuery>) -> Answer<web::Json<ReminderRuleList>> {
    let (app, school, viewer) = who.parts()?;
    let items = app::reminders::rules(app, school, viewer, query.0.form.as_deref())
        .await?
        .into_iter()
        .map(|rule| ReminderRule {
            id: rule.rule_id,
            name: rule.name,
            form: rule.form_code,
            at_times: rule
                .at_times
                .into_iter()
                .flatten()
                .map(|time| time.format("%H:%M").to_string())
                .collect(),
            wording: rule.wording,
            enabled: rule.enabled,
        })
        .collect();
    Ok(web::Json(ReminderRuleList { items }))
}
