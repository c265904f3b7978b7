//! 提醒规则: when whom to remind of which form, in which steps and words.

pub mod document;

use std::collections::BTreeMap;

use actix_web::{HttpResponse, delete, get, post, put, web};
use app::reminder_rules::{self as rules, Draft};
use chrono::{DateTime, NaiveDate, Utc};
use domain::reminder::Rule;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use self::document::{Document, To};
use super::{dto::Department, reminders::ReminderState};
use crate::http::{
    input::{self, IdempotencyKey, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Which rules.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RulesQuery {
    /// Only of this form.
    form: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// The school's rules.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderRuleList {
    items: Vec<ReminderRule>,
    next_cursor: Option<String>,
}

/// A rule as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderRule {
    id: i64,
    name: String,
    /// The form's code.
    form: String,
    form_title: String,
    state: RuleState,
    /// To be sent back with a change.
    revision: i32,
    /// Whether it has sent anything, so that it can be ended and not deleted.
    used: bool,
    rule: Document,
    /// What the departments it asks are called.
    departments: Vec<Department>,
}

/// Whether a rule is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReminderRuleState)]
enum RuleState {
    /// 启用
    Active,
    /// 暂停
    Paused,
    /// 已结束
    Ended,
}

impl From<rules::Shown> for ReminderRule {
    fn from(shown: rules::Shown) -> Self {
        Self {
            id: shown.id,
            name: shown.name,
            form: shown.form,
            form_title: shown.form_title,
            state: match shown.state.as_str() {
                "active" => RuleState::Active,
                "paused" => RuleState::Paused,
                _ => RuleState::Ended,
            },
            revision: shown.revision,
            used: shown.used,
            rule: Document::of(&shown.rule),
            departments: shown.departments.into_iter().map(Department::from).collect(),
        }
    }
}

/// The school's reminder rules, the oldest first.
#[utoipa::path(
    operation_id = "reminder_rules_list",
    tag = "reminders", security(("session" = [])), params(RulesQuery),
    responses((status = 200, body = ReminderRuleList), Refusals))]
#[get("/reminder-rules")]
pub async fn list(who: SignedIn, query: Query<RulesQuery>) -> Answer<web::Json<ReminderRuleList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let (form, after) = (query.0.form.as_deref(), paging.after.as_deref());
    let page = rules::list(app, school, viewer, form, after, paging.limit).await?;
    let items = page.items.into_iter().map(ReminderRule::from).collect();
    Ok(web::Json(ReminderRuleList { items, next_cursor: paging.cursor(page.next)? }))
}

/// A rule to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReminderRule {
    /// The form's code.
    #[schema(example = "health-daily")]
    form: String,
    /// At most 30 characters.
    name: String,
    rule: Document,
}

/// Makes a rule, at work at once. The same again is the same rule.
#[utoipa::path(
    operation_id = "reminder_rules_create",
    tag = "reminders", security(("session" = [])), request_body = NewReminderRule,
    responses((status = 200, body = ReminderRule), Refusals, WriteRefusals))]
#[post("/reminder-rules")]
pub async fn create(who: SignedIn, body: Json<NewReminderRule>) -> Answer<web::Json<ReminderRule>> {
    let (app, school, viewer) = who.parts()?;
    let rule = body.0.rule.read()?;
    let draft = Draft { form: &body.0.form, name: &body.0.name, rule: &rule };
    Ok(web::Json(rules::create(app, school, viewer, draft).await?.into()))
}

/// One rule.
#[utoipa::path(
    operation_id = "reminder_rules_get",
    tag = "reminders", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = ReminderRule), Refusals))]
#[get("/reminder-rules/{id}")]
pub async fn get(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<ReminderRule>> {
    let (app, school, viewer) = who.parts()?;
    Ok(web::Json(rules::get(app, school, viewer, *id).await?.into()))
}

/// A rule to be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedReminderRule {
    /// Of the rule as it was seen.
    revision: i32,
    /// The form's code, as it is.
    form: String,
    /// At most 30 characters.
    name: String,
    rule: Document,
}

/// Changes a rule. 409 when somebody changed it meanwhile; the same again changes nothing.
#[utoipa::path(
    operation_id = "reminder_rules_change",
    tag = "reminders", security(("session" = [])), params(("id" = i64, Path)), request_body = ChangedReminderRule,
    responses((status = 200, body = ReminderRule), Refusals, WriteRefusals))]
#[put("/reminder-rules/{id}")]
pub async fn change(
    who: SignedIn,
    id: web::Path<i64>,
    body: Json<ChangedReminderRule>,
) -> Answer<web::Json<ReminderRule>> {
    let (app, school, viewer) = who.parts()?;
    let rule = body.0.rule.read()?;
    let draft = Draft { form: &body.0.form, name: &body.0.name, rule: &rule };
    Ok(web::Json(rules::change(app, school, viewer, *id, body.0.revision, draft).await?.into()))
}

/// Deletes a rule that has sent nothing yet.
#[utoipa::path(
    operation_id = "reminder_rules_remove",
    tag = "reminders", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[delete("/reminder-rules/{id}")]
pub async fn remove(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    rules::remove(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Pauses a rule: what waits of it does not go out.
#[utoipa::path(
    operation_id = "reminder_rules_pause",
    tag = "reminders", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = ReminderRule), Refusals, WriteRefusals))]
#[post("/reminder-rules/{id}/pause")]
pub async fn pause(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<ReminderRule>> {
    let (app, school, viewer) = who.parts()?;
    Ok(web::Json(rules::pause(app, school, viewer, *id).await?.into()))
}

/// Sets a paused rule to work again.
#[utoipa::path(
    operation_id = "reminder_rules_resume",
    tag = "reminders", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = ReminderRule), Refusals, WriteRefusals))]
#[post("/reminder-rules/{id}/resume")]
pub async fn resume(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<ReminderRule>> {
    let (app, school, viewer) = who.parts()?;
    Ok(web::Json(rules::resume(app, school, viewer, *id).await?.into()))
}

/// Ends a rule for good; what it did stays on record.
#[utoipa::path(
    operation_id = "reminder_rules_end",
    tag = "reminders", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = ReminderRule), Refusals, WriteRefusals))]
#[post("/reminder-rules/{id}/end")]
pub async fn end(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<ReminderRule>> {
    let (app, school, viewer) = who.parts()?;
    Ok(web::Json(rules::end(app, school, viewer, *id).await?.into()))
}

/// What was done to a rule, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderRuleActs {
    items: Vec<RuleAct>,
    next_cursor: Option<String>,
}

/// Something that was done to a rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReminderRuleAct)]
struct RuleAct {
    /// created, changed, paused, resumed or ended.
    act: String,
    /// Who; null: it came with Rollcall.
    by: Option<String>,
    at: DateTime<Utc>,
    /// What the rule is since then.
    after: NamedRule,
    /// What it was before; null: it was not there.
    before: Option<NamedRule>,
}

/// A rule with its name.
#[derive(Debug, Serialize, ToSchema)]
struct NamedRule {
    name: String,
    rule: Document,
}

impl From<(String, Rule)> for NamedRule {
    fn from((name, rule): (String, Rule)) -> Self {
        Self { name, rule: Document::of(&rule) }
    }
}

/// Who made, changed, paused and ended a rule, and what it was before and after.
#[utoipa::path(
    operation_id = "reminder_rules_acts",
    tag = "reminders", security(("session" = [])), params(("id" = i64, Path), PageQuery),
    responses((status = 200, body = ReminderRuleActs), Refusals))]
#[get("/reminder-rules/{id}/acts")]
pub async fn acts(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<PageQuery>,
) -> Answer<web::Json<ReminderRuleActs>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = rules::acts(app, school, viewer, *id, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|done| RuleAct {
        act: done.act,
        by: done.by,
        at: done.at,
        after: done.after.into(),
        before: done.before.map(NamedRule::from),
    });
    Ok(web::Json(ReminderRuleActs { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// The rounds of a rule, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderRuleRounds {
    items: Vec<RuleRound>,
    next_cursor: Option<String>,
}

/// A round of a rule, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReminderRuleRound)]
struct RuleRound {
    id: i64,
    /// The day its time is of.
    day: NaiveDate,
    /// The rule's time, `HH:MM`.
    time: String,
    /// Whom it told.
    to: To,
    planned_at: DateTime<Utc>,
    /// How many messages stand in each state.
    #[schema(value_type = BTreeMap<String, i64>)]
    counts: BTreeMap<ReminderState, i64>,
}

/// The rounds of a rule with what became of them.
#[utoipa::path(
    operation_id = "reminder_rules_rounds",
    tag = "reminders", security(("session" = [])), params(("id" = i64, Path), PageQuery),
    responses((status = 200, body = ReminderRuleRounds), Refusals))]
#[get("/reminder-rules/{id}/rounds")]
pub async fn rounds(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<PageQuery>,
) -> Answer<web::Json<ReminderRuleRounds>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = rules::rounds(app, school, viewer, *id, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|round| RuleRound {
        id: round.id,
        day: round.day,
        time: round.time.to_string(),
        to: round.to.into(),
        planned_at: round.planned_at,
        counts: round.counts.iter().map(|(state, count)| (ReminderState::of(state), *count)).collect(),
    });
    Ok(web::Json(ReminderRuleRounds { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// A rule to be looked at, saved or not.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderRuleDraft {
    /// The form's code.
    form: String,
    rule: Document,
}

/// What a rule would do now.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderRuleOutlook {
    /// The day the figures are of.
    day: NaiveDate,
    /// Whether the form takes answers now; otherwise nothing would be sent, whoever is missing.
    open: bool,
    steps: Vec<StepOutlook>,
    /// When it sends next, and whom it tells; empty: not within the next two weeks.
    moments: Vec<Moment>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReminderStepOutlook)]
struct StepOutlook {
    to: To,
    card: Card,
    /// How many would get it.
    receivers: i64,
    /// How many would not, by why: reported, exempt, limited or unreachable.
    left_out: BTreeMap<String, i64>,
}

/// A card as I would get it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReminderCard)]
struct Card {
    title: String,
    description: String,
    button: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReminderMoment)]
struct Moment {
    at: DateTime<Utc>,
    to: To,
}

/// What a rule would do now, step by step: the card, who would get it and why the others would not. Nothing is sent.
#[utoipa::path(
    operation_id = "reminder_rules_outlook",
    tag = "reminders", security(("session" = [])), request_body = ReminderRuleDraft,
    responses((status = 200, body = ReminderRuleOutlook), Refusals, WriteRefusals))]
#[post("/reminder-rules/outlook")]
pub async fn outlook(who: SignedIn, body: Json<ReminderRuleDraft>) -> Answer<web::Json<ReminderRuleOutlook>> {
    let (app, school, viewer) = who.parts()?;
    let rule = body.0.rule.read()?;
    let draft = Draft { form: &body.0.form, name: "", rule: &rule };
    let outlook = rules::outlook(app, school, viewer, draft).await?;
    let steps = outlook.steps.into_iter().map(|step| StepOutlook {
        to: step.to.into(),
        card: Card { title: step.card.title, description: step.card.description, button: step.card.button },
        receivers: step.receivers,
        left_out: step.left_out.into_iter().collect(),
    });
    let moments = outlook.moments.into_iter().map(|(at, to)| Moment { at, to: to.into() });
    Ok(web::Json(ReminderRuleOutlook {
        day: outlook.day,
        open: outlook.open,
        steps: steps.collect(),
        moments: moments.collect(),
    }))
}

/// A step to be tested.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderTest {
    /// The form's code.
    form: String,
    rule: Document,
    /// Which of its steps.
    to: To,
}

/// Sends a step to me alone, marked as a test.
#[utoipa::path(
    operation_id = "reminder_rules_test",
    tag = "reminders", security(("session" = [])), request_body = ReminderTest,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 of A-Za-z0-9_-")),
    responses((status = 202), Refusals, WriteRefusals))]
#[post("/reminder-rules/test")]
pub async fn test(who: SignedIn, key: IdempotencyKey, body: Json<ReminderTest>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let rule = body.0.rule.read()?;
    let draft = Draft { form: &body.0.form, name: "", rule: &rule };
    rules::test(app, school, viewer, &key.0, draft, body.0.to.into()).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// The unreported a rule asks, by number.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderCandidates {
    items: Vec<Candidate>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReminderCandidate)]
struct Candidate {
    id: i64,
    number: String,
    name: String,
    class: Option<String>,
    /// waiting: a reminder would go to them now; or why not: limited, unreachable.
    state: ReminderState,
}

/// The unreported of my scope whom a rule's reminder would go to now, and those it would not.
#[utoipa::path(
    operation_id = "reminder_rules_people",
    tag = "reminders", security(("session" = [])), params(("id" = i64, Path), PageQuery),
    responses((status = 200, body = ReminderCandidates), Refusals))]
#[get("/reminder-rules/{id}/people")]
pub async fn people(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<PageQuery>,
) -> Answer<web::Json<ReminderCandidates>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = rules::candidates(app, school, viewer, *id, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|row| Candidate {
        id: row.person_id,
        number: row.number,
        name: row.name,
        class: row.class,
        state: ReminderState::of(&row.state),
    });
    Ok(web::Json(ReminderCandidates { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}
