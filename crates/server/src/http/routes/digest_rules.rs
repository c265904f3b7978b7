//! 摘要推送: who is told which figures at which times.

use actix_web::{HttpResponse, get, post, put, web};
use app::digests::{self, Change, Rule};
use chrono::{DateTime, NaiveTime, Utc};
use domain::{digest::About, policy::Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::me::RoleName;
use crate::http::{
    input::Json,
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What a digest is about.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DigestAbout)]
pub enum AboutName {
    /// How many of theirs have not reported.
    Unreported,
    /// Expected, reported, the rate, what stands out.
    Summary,
    /// Where the staff are.
    Movements,
}

impl From<AboutName> for About {
    fn from(name: AboutName) -> Self {
        match name {
            AboutName::Unreported => Self::Unreported,
            AboutName::Summary => Self::Summary,
            AboutName::Movements => Self::Movements,
        }
    }
}

/// The school's rules.
#[derive(Debug, Serialize, ToSchema)]
pub struct DigestRuleList {
    items: Vec<DigestRule>,
}

/// Who is told which figures when.
#[derive(Debug, Serialize, ToSchema)]
struct DigestRule {
    id: i64,
    #[schema(value_type = AboutName)]
    about: String,
    /// The form's code; null: of no form.
    form: Option<String>,
    #[schema(value_type = Vec<RoleName>)]
    roles: Vec<Role>,
    /// Roles that may see these figures, and so may be told them.
    #[schema(value_type = Vec<RoleName>)]
    possible_roles: Vec<Role>,
    /// Times of the school's day, `HH:MM`.
    #[schema(example = json!(["10:30", "16:00", "21:30"]))]
    at_times: Vec<String>,
    /// Whether it is told that all have reported, once a day.
    when_done: bool,
    enabled: bool,
    /// Who changed it last; null: as it came with Rollcall.
    changed_by: Option<String>,
    changed_at: DateTime<Utc>,
}

fn rule(rule: Rule) -> DigestRule {
    let about = About::parse(&rule.about);
    DigestRule {
        id: rule.rule_id,
        form: rule.form_code.clone(),
        roles: rule.known_roles(),
        possible_roles: Role::ALL
            .into_iter()
            .filter(|role| about.is_some_and(|about| about.is_for(*role)))
            .collect(),
        at_times: rule.at_times.iter().map(|time| time.format("%H:%M").to_string()).collect(),
        when_done: rule.when_done,
        enabled: rule.enabled,
        changed_by: rule.changed_by,
        changed_at: rule.changed_at,
        about: rule.about,
    }
}

/// The school's rules.
#[utoipa::path(
    operation_id = "digest_rules_list",
    tag = "digests", security(("session" = [])),
    responses((status = 200, body = DigestRuleList), Refusals))]
#[get("/digest-rules")]
pub async fn list(who: SignedIn) -> Answer<web::Json<DigestRuleList>> {
    let (app, school, viewer) = who.parts()?;
    let items = digests::list(app, school, viewer).await?.into_iter().map(rule).collect();
    Ok(web::Json(DigestRuleList { items }))
}

/// What a rule is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DigestRuleChange {
    #[schema(value_type = Vec<RoleName>)]
    roles: Vec<Role>,
    /// 1 to 6 times of the school's day, `HH:MM`.
    at_times: Vec<String>,
    #[serde(default)]
    when_done: bool,
    enabled: bool,
}

fn change_of(body: DigestRuleChange) -> Answer<Change> {
    let DigestRuleChange { roles, at_times, when_done, enabled } = body;
    let times: Result<Vec<NaiveTime>, _> =
        at_times.iter().map(|time| NaiveTime::parse_from_str(time, "%H:%M")).collect();
    let times = times.map_err(|_| app::Error::field("at_times", "时间请写成 10:30 这样"))?;
    Ok(Change { roles, times, when_done, enabled })
}

/// Changes a rule.
#[utoipa::path(
    operation_id = "digest_rules_change",
    tag = "digests", security(("session" = [])), params(("id" = i64, Path)), request_body = DigestRuleChange,
    responses((status = 204), Refusals, WriteRefusals))]
#[put("/digest-rules/{id}")]
pub async fn change(who: SignedIn, id: web::Path<i64>, body: Json<DigestRuleChange>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    digests::change(app, school, viewer, *id, change_of(body.0)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A rule for another form.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDigestRule {
    about: AboutName,
    /// The form's code; left out for movements.
    #[serde(default)]
    form: Option<String>,
    rule: DigestRuleChange,
}

/// A rule's number.
#[derive(Debug, Serialize, ToSchema)]
pub struct DigestRuleAdded {
    id: i64,
}

/// Adds a rule about a form that has none of its kind.
#[utoipa::path(
    operation_id = "digest_rules_create",
    tag = "digests", security(("session" = [])), request_body = NewDigestRule,
    responses((status = 201, body = DigestRuleAdded), Refusals, WriteRefusals))]
#[post("/digest-rules")]
pub async fn create(who: SignedIn, body: Json<NewDigestRule>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let NewDigestRule { about, form, rule } = body.0;
    let wanted = change_of(rule)?;
    let id = digests::add(app, school, viewer, about.into(), form.as_deref(), wanted).await?;
    Ok(HttpResponse::Created().json(DigestRuleAdded { id }))
}

/// What a rule would send now.
#[derive(Debug, Serialize, ToSchema)]
pub struct DigestPreview {
    /// The most frequent first, at most 50.
    items: Vec<DigestMessage>,
}

/// One message and how many would get it.
#[derive(Debug, Serialize, ToSchema)]
struct DigestMessage {
    title: String,
    text: String,
    /// The page it opens.
    path: String,
    receivers: usize,
}

/// What a rule would send now, whether it is at work or not. Nothing is sent.
#[utoipa::path(
    operation_id = "digest_rules_preview",
    tag = "digests", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = DigestPreview), Refusals))]
#[get("/digest-rules/{id}/preview")]
pub async fn preview(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<DigestPreview>> {
    let (app, school, viewer) = who.parts()?;
    let items = digests::preview(app, school, viewer, *id).await?;
    let items = items.into_iter().map(|one| DigestMessage {
        title: one.title,
        text: one.sentence,
        path: one.path,
        receivers: one.receivers,
    });
    Ok(web::Json(DigestPreview { items: items.collect() }))
}
