//! 表单: forms as they are designed and run.

use actix_web::{HttpResponse, delete, get, post, put, web};
use app::campaigns::{self, New};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{campaign::CampaignState, form::Schedule};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{dto::Department, form_document::Document, retention::CampaignEnding};
use crate::http::{
    input::{self, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::{Answer, Field},
    who::SignedIn,
};

/// How far a form has come.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignState)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 草稿: never published.
    Draft,
    /// 未开始
    Planned,
    /// 进行中
    Running,
    /// 已结束
    Ended,
}

impl From<State> for CampaignState {
    fn from(state: State) -> Self {
        match state {
            State::Draft => Self::Draft,
            State::Planned => Self::Planned,
            State::Running => Self::Running,
            State::Ended => Self::Ended,
        }
    }
}

impl From<CampaignState> for State {
    fn from(state: CampaignState) -> Self {
        match state {
            CampaignState::Draft => Self::Draft,
            CampaignState::Planned => Self::Planned,
            CampaignState::Running => Self::Running,
            CampaignState::Ended => Self::Ended,
        }
    }
}

/// Which forms.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only those that have come this far.
    #[param(inline)]
    state: Option<State>,
    /// Only those with this in their title.
    text: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Forms, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignList {
    items: Vec<Campaign>,
    next_cursor: Option<String>,
}

/// A form as it is run.
#[derive(Debug, Serialize, ToSchema)]
pub struct Campaign {
    code: String,
    title: String,
    state: State,
    /// The newest version; null: never published.
    version: Option<i32>,
    published_at: Option<DateTime<Utc>>,
    /// The first day it is asked.
    starts_on: NaiveDate,
    /// The last.
    ends_on: NaiveDate,
    /// Who answers for it; null: it came with Rollcall.
    owner: Option<String>,
    /// Whose it is; null: the whole school's.
    department: Option<Department>,
    purpose: String,
    legal_basis: String,
    cadence: super::form_document::Cadence,
    /// Whether something is drafted that is not published.
    has_changes: bool,
    /// Whether I may change it.
    may_edit: bool,
    /// How its answers end.
    ending: CampaignEnding,
}

impl Campaign {
    fn of(campaign: campaigns::Campaign) -> Answer<Self> {
        Ok(Self {
            cadence: super::form_document::Cadence::of(&campaign.cadence)?,
            code: campaign.code,
            title: campaign.title,
            state: campaign.state.into(),
            version: campaign.version,
            published_at: campaign.published_at,
            starts_on: campaign.starts_on,
            ends_on: campaign.ends_on,
            owner: campaign.owner,
            department: campaign.department.map(Department::from),
            purpose: campaign.purpose,
            legal_basis: campaign.legal_basis,
            has_changes: campaign.has_changes,
            may_edit: campaign.may_edit,
            ending: campaign.ending.into(),
        })
    }
}

/// The forms I may see, as they are asked now.
#[utoipa::path(
    operation_id = "campaigns_list",
    tag = "campaigns", security(("session" = [])), params(ListQuery),
    responses((status = 200, body = CampaignList), Refusals))]
#[get("/campaigns")]
pub async fn list(who: SignedIn, query: Query<ListQuery>) -> Answer<web::Json<CampaignList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let text = query.0.text.filter(|text| !text.contains('\0'));
    let state = query.0.state.map(CampaignState::from);
    let before = paging.after.as_deref();
    let page = campaigns::list(app, school, viewer, state, text.as_deref(), before, paging.limit).await?;
    let page = page.try_map(Campaign::of)?;
    Ok(web::Json(CampaignList { items: page.items, next_cursor: paging.cursor(page.next)? }))
}

/// A form to be begun.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCampaign {
    /// Small letters, digits and `-`; nobody else's.
    #[schema(example = "dormitory-check")]
    code: String,
    /// At most 30 characters.
    title: String,
    /// The code of a form it is to be like; left out: without questions.
    like: Option<String>,
    /// The college whose it is; left out: the whole school's, or mine.
    department: Option<i32>,
}

/// A form to be designed.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignDesign {
    campaign: Campaign,
    /// What is drafted, or else asked.
    document: Document,
    /// Which document that is, to be sent back with what is made of it.
    digest: String,
    /// What keeps it from being published, by question or part of the form.
    flaws: Vec<Field>,
    /// What the departments it asks are called.
    departments: Vec<Department>,
}

impl CampaignDesign {
    fn of(design: campaigns::Design) -> Answer<Self> {
        Ok(Self {
            campaign: Campaign::of(design.campaign)?,
            document: Document::of(&design.form)?,
            digest: design.digest,
            flaws: design.flaws.into_iter().map(Field::from).collect(),
            departments: design.departments.into_iter().map(Department::from).collect(),
        })
    }
}

/// Begins a form, anew or like another. The same again is the same form.
#[utoipa::path(
    operation_id = "campaigns_create",
    tag = "campaigns", security(("session" = [])), request_body = NewCampaign,
    responses((status = 200, body = CampaignDesign), Refusals, WriteRefusals))]
#[post("/campaigns")]
pub async fn create(who: SignedIn, body: Json<NewCampaign>) -> Answer<web::Json<CampaignDesign>> {
    let (app, school, viewer) = who.parts()?;
    let NewCampaign { code, title, like, department } = &body.0;
    let new = New { code, title, like: like.as_deref(), department: *department };
    let made = campaigns::create(app, school, viewer, new).await?;
    Ok(web::Json(CampaignDesign::of(made)?))
}

/// A form's draft, or its newest version where nothing is drafted.
#[utoipa::path(
    operation_id = "campaigns_get",
    tag = "campaigns", security(("session" = [])), params(("code" = String, Path, description = "e.g. `health-daily`")),
    responses((status = 200, body = CampaignDesign), Refusals))]
#[get("/campaigns/{code}")]
pub async fn get(who: SignedIn, code: web::Path<String>) -> Answer<web::Json<CampaignDesign>> {
    let (app, school, viewer) = who.parts()?;
    Ok(web::Json(CampaignDesign::of(campaigns::get(app, school, viewer, &code).await?)?))
}

/// Throws away a draft that was never published.
#[utoipa::path(
    operation_id = "campaigns_delete",
    tag = "campaigns", security(("session" = [])), params(("code" = String, Path, description = "its code")),
    responses((status = 204), Refusals, WriteRefusals))]
#[delete("/campaigns/{code}")]
pub async fn delete(who: SignedIn, code: web::Path<String>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    campaigns::delete(app, school, viewer, &code).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A draft to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftToSave {
    /// Of the document it was made of.
    digest: String,
    document: Document,
}

/// Saves the draft. 409 when somebody saved another meanwhile; the same again changes nothing.
#[utoipa::path(
    operation_id = "campaigns_save",
    tag = "campaigns", security(("session" = [])), params(("code" = String, Path, description = "its code")),
    request_body = DraftToSave,
    responses((status = 200, body = CampaignDesign), Refusals, WriteRefusals))]
#[put("/campaigns/{code}/draft")]
pub async fn save(
    who: SignedIn,
    code: web::Path<String>,
    body: Json<DraftToSave>,
) -> Answer<web::Json<CampaignDesign>> {
    let (app, school, viewer) = who.parts()?;
    let DraftToSave { digest, document } = body.0;
    let saved = campaigns::save(app, school, viewer, &code, &digest, document.read()?).await?;
    Ok(web::Json(CampaignDesign::of(saved)?))
}

/// What publishing the draft would change, for whom.
#[derive(Debug, Serialize, ToSchema)]
pub struct Outlook {
    /// The document this is about.
    digest: String,
    /// Who would be expected today.
    expected: i64,
    /// Who is by what is published; null: nothing is.
    expected_before: Option<i64>,
    /// What differs from what is published; null: nothing is.
    difference: Option<Difference>,
}

/// How the draft differs from what is published.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FormDifference)]
struct Difference {
    /// Titles of new questions.
    added: Vec<String>,
    /// Of questions that are gone.
    removed: Vec<String>,
    /// Of questions that are asked otherwise.
    changed: Vec<String>,
    /// Whether the others stand in another order.
    reordered: bool,
    /// What else: title, purpose, legal_basis, cadence, audience, abnormal, checks, statistics, trip.
    parts: Vec<&'static str>,
}

/// What publishing would change.
#[utoipa::path(
    operation_id = "campaigns_outlook",
    tag = "campaigns", security(("session" = [])), params(("code" = String, Path, description = "its code")),
    responses((status = 200, body = Outlook), Refusals))]
#[get("/campaigns/{code}/outlook")]
pub async fn outlook(who: SignedIn, code: web::Path<String>) -> Answer<web::Json<Outlook>> {
    let (app, school, viewer) = who.parts()?;
    let outlook = campaigns::outlook(app, school, viewer, &code).await?;
    Ok(web::Json(Outlook {
        digest: outlook.digest,
        expected: outlook.expected,
        expected_before: outlook.expected_before,
        difference: outlook.difference.map(|difference| Difference {
            added: difference.added,
            removed: difference.removed,
            changed: difference.changed,
            reordered: difference.reordered,
            parts: difference.parts,
        }),
    }))
}

/// Which document is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Of the draft as it was seen.
    digest: String,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedVersion {
    /// The newest version.
    version: i32,
    /// False: it was published already.
    published: bool,
}

/// Publishes exactly the draft that was seen, as the next version. Each flaw is told by question or part of the form.
#[utoipa::path(
    operation_id = "campaigns_publish",
    tag = "campaigns", security(("session" = [])), params(("code" = String, Path, description = "its code")),
    request_body = Seen,
    responses((status = 200, body = PublishedVersion), Refusals, WriteRefusals))]
#[post("/campaigns/{code}/publish")]
pub async fn publish(
    who: SignedIn,
    code: web::Path<String>,
    body: Json<Seen>,
) -> Answer<web::Json<PublishedVersion>> {
    let (app, school, viewer) = who.parts()?;
    let (version, published) = campaigns::publish(app, school, viewer, &code, &body.0.digest).await?;
    Ok(web::Json(PublishedVersion { version, published }))
}

/// From when to when a form is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignSchedule {
    /// The first day; of a form that runs, as it is.
    starts_on: NaiveDate,
    /// The last, at most 400 days from the first.
    ends_on: NaiveDate,
}

/// Says from when to when a form is asked.
#[utoipa::path(
    operation_id = "campaigns_schedule",
    tag = "campaigns", security(("session" = [])), params(("code" = String, Path, description = "its code")),
    request_body = CampaignSchedule,
    responses((status = 200, body = Campaign), Refusals, WriteRefusals))]
#[put("/campaigns/{code}/schedule")]
pub async fn schedule(
    who: SignedIn,
    code: web::Path<String>,
    body: Json<CampaignSchedule>,
) -> Answer<web::Json<Campaign>> {
    // An earlier last day has answers purged.
    let (app, school, viewer) = who.fresh_parts()?;
    let wanted = Schedule { starts_on: body.0.starts_on, ends_on: body.0.ends_on };
    Ok(web::Json(Campaign::of(campaigns::schedule(app, school, viewer, &code, wanted).await?)?))
}

/// Ends a form now: yesterday was its last day, and nothing is taken any more. Its answers are kept for the days `ending` says; what was
/// counted stays longer.
#[utoipa::path(
    operation_id = "campaigns_end",
    tag = "campaigns", security(("session" = [])), params(("code" = String, Path, description = "its code")),
    responses((status = 200, body = Campaign), Refusals, WriteRefusals))]
#[post("/campaigns/{code}/end")]
pub async fn end(who: SignedIn, code: web::Path<String>) -> Answer<web::Json<Campaign>> {
    let (app, school, viewer) = who.fresh_parts()?;
    Ok(web::Json(Campaign::of(campaigns::end(app, school, viewer, &code).await?)?))
}

/// Makes me the one who answers for a form, for instance when whoever did has left.
#[utoipa::path(
    operation_id = "campaigns_take_over",
    tag = "campaigns", security(("session" = [])), params(("code" = String, Path, description = "its code")),
    responses((status = 200, body = Campaign), Refusals, WriteRefusals))]
#[put("/campaigns/{code}/owner")]
pub async fn take_over(who: SignedIn, code: web::Path<String>) -> Answer<web::Json<Campaign>> {
    let (app, school, viewer) = who.parts()?;
    Ok(web::Json(Campaign::of(campaigns::take_over(app, school, viewer, &code).await?)?))
}

/// What was done to a form, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignActs {
    items: Vec<CampaignAct>,
    next_cursor: Option<String>,
}

/// Something that was done to a form.
#[derive(Debug, Serialize, ToSchema)]
struct CampaignAct {
    /// created, saved, published, scheduled, ended, taken_over or deleted.
    act: String,
    /// published: the version.
    version: Option<i32>,
    /// created, scheduled, ended: the first day since then.
    starts_on: Option<NaiveDate>,
    /// And the last.
    ends_on: Option<NaiveDate>,
    by: String,
    at: DateTime<Utc>,
}

/// Who made, changed, published, scheduled and ended a form.
#[utoipa::path(
    operation_id = "campaigns_acts",
    tag = "campaigns", security(("session" = [])), params(("code" = String, Path, description = "its code"), PageQuery),
    responses((status = 200, body = CampaignActs), Refusals))]
#[get("/campaigns/{code}/acts")]
pub async fn acts(
    who: SignedIn,
    code: web::Path<String>,
    query: Query<PageQuery>,
) -> Answer<web::Json<CampaignActs>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = campaigns::acts(app, school, viewer, &code, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|act| CampaignAct {
        act: act.act,
        version: act.version,
        starts_on: act.starts_on,
        ends_on: act.ends_on,
        by: act.by_name,
        at: act.at,
    });
    Ok(web::Json(CampaignActs { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}
