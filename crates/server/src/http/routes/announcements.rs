//! 通知: what somebody in charge tells many at once.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, post, put, web};
use app::announcements::{self, Audience, Draft, Listed, Named};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reminders::ReminderState;
use crate::http::{
    input::{self, IdempotencyKey, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Whom an announcement is for: everybody of any of these.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnouncementAudience {
    /// Departments and classes, with everybody below them.
    #[serde(default)]
    departments: Vec<i32>,
    /// Tags of WeCom's directory.
    #[serde(default)]
    tags: Vec<i32>,
    /// A pasted list of student and staff numbers, at most 3000.
    #[serde(default)]
    numbers: String,
}

impl AnnouncementAudience {
    fn audience(&self) -> Audience<'_> {
        Audience { departments: &self.departments, tags: &self.tags, numbers: &self.numbers }
    }
}

/// What is to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnouncementDraft {
    /// At most 42 characters.
    title: String,
    /// At most 170 characters.
    text: String,
    /// `https://…`; left out: a page of ours that shows the text.
    #[serde(default)]
    link: Option<String>,
    audience: AnnouncementAudience,
    /// When it goes out; left out: now.
    #[serde(default)]
    send_at: Option<DateTime<Utc>>,
    /// Whether it goes out in quiet hours too, instead of at their end.
    #[serde(default)]
    urgent: bool,
}

impl AnnouncementDraft {
    fn draft(&self) -> Draft<'_> {
        Draft {
            title: &self.title,
            text: &self.text,
            link: self.link.as_deref(),
            audience: self.audience.audience(),
            send_at: self.send_at,
            urgent: self.urgent,
        }
    }
}

/// Whom an announcement would reach now.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnnouncementPreview {
    people: i64,
    /// … who have no active account.
    unreachable: i64,
    /// Numbers of the list that nobody of mine has; the first 200.
    unknown: Vec<String>,
    unknown_count: usize,
    items: Vec<AnnouncementReceiver>,
    next_cursor: Option<String>,
}

/// Somebody it would reach.
#[derive(Debug, Serialize, ToSchema)]
struct AnnouncementReceiver {
    /// Null: an account that is nobody of the roster.
    number: Option<String>,
    name: String,
    place: Option<String>,
    reachable: bool,
}

/// Whom an announcement would reach now: how many, who, and which numbers of the list are unknown. Nothing is sent.
#[utoipa::path(
    operation_id = "announcements_preview",
    tag = "announcements", security(("session" = [])), params(PageQuery), request_body = AnnouncementAudience,
    responses((status = 200, body = AnnouncementPreview), Refusals, WriteRefusals))]
#[post("/announcements/preview")]
pub async fn preview(
    who: SignedIn,
    query: Query<PageQuery>,
    body: Json<AnnouncementAudience>,
) -> Answer<web::Json<AnnouncementPreview>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let audience = body.0.audience();
    let found =
        announcements::preview(app, school, viewer, &audience, paging.after.as_deref(), paging.limit).await?;
    let items = found.page.items.into_iter().map(|one| AnnouncementReceiver {
        number: one.number,
        name: one.name,
        place: one.place,
        reachable: one.reachable,
    });
    Ok(web::Json(AnnouncementPreview {
        people: found.size.people,
        unreachable: found.size.unreachable,
        unknown: found.unknown,
        unknown_count: found.unknown_count,
        items: items.collect(),
        next_cursor: paging.cursor(found.page.next)?,
    }))
}

/// An announcement's number.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnnouncementAdded {
    id: i64,
}

/// Sends an announcement, now or at its time. Who it reaches is looked at then.
#[utoipa::path(
    operation_id = "announcements_create",
    tag = "announcements", security(("session" = [])), request_body = AnnouncementDraft,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 of A-Za-z0-9_-")),
    responses((status = 201, body = AnnouncementAdded), Refusals, WriteRefusals))]
#[post("/announcements")]
pub async fn create(
    who: SignedIn,
    key: IdempotencyKey,
    body: Json<AnnouncementDraft>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let id = announcements::create(app, school, viewer, &key.0, &body.0.draft()).await?;
    Ok(HttpResponse::Created().json(AnnouncementAdded { id }))
}

/// Announcements, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnnouncementList {
    items: Vec<AnnouncementHead>,
    next_cursor: Option<String>,
}

/// An announcement.
#[derive(Debug, Serialize, ToSchema)]
struct AnnouncementHead {
    id: i64,
    title: String,
    state: AnnouncementState,
    /// When it is to go out.
    send_at: DateTime<Utc>,
    /// When it went out.
    sent_at: Option<DateTime<Utc>>,
    by: String,
}

/// How far an announcement is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnnouncementState {
    /// It waits for its time.
    Scheduled,
    /// It went out.
    Sent,
    /// It was cancelled before it went out.
    Cancelled,
    /// Whoever wrote it might not send it any more.
    Refused,
    /// It is being taken back.
    Recalling,
    /// It was taken back, as far as WeCom does.
    Recalled,
}

fn head(one: &Listed) -> AnnouncementHead {
    let row = &one.row;
    let state = match (row.state.as_str(), row.recall_asked_at, row.recall_ended_at) {
        (_, Some(_), Some(_)) => AnnouncementState::Recalled,
        (_, Some(_), None) => AnnouncementState::Recalling,
        ("scheduled", ..) => AnnouncementState::Scheduled,
        ("cancelled", ..) => AnnouncementState::Cancelled,
        ("refused", ..) => AnnouncementState::Refused,
        _ => AnnouncementState::Sent,
    };
    AnnouncementHead {
        id: row.announcement_id,
        title: one.words.title.clone(),
        state,
        send_at: row.send_at,
        sent_at: row.sent_at,
        by: row.by_name.clone(),
    }
}

/// Announcements: of everybody for those who write to the whole school, else mine.
#[utoipa::path(
    operation_id = "announcements_list",
    tag = "announcements", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = AnnouncementList), Refusals))]
#[get("/announcements")]
pub async fn list(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<AnnouncementList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = announcements::list(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.iter().map(head).collect();
    Ok(web::Json(AnnouncementList { items, next_cursor: paging.cursor(page.next)? }))
}

/// A department or tag by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnnouncementPart)]
struct Part {
    id: i32,
    name: String,
}

impl From<Named> for Part {
    fn from(named: Named) -> Self {
        Self { id: named.id, name: named.name }
    }
}

/// An announcement, whom it is for, and how far it got.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnnouncementDetail {
    #[serde(flatten)]
    head: AnnouncementHead,
    text: String,
    link: Option<String>,
    /// Whether it goes out in quiet hours too.
    urgent: bool,
    /// A change names it.
    revision: i32,
    departments: Vec<Part>,
    tags: Vec<Part>,
    numbers: Vec<String>,
    /// How many people stand in each state.
    #[schema(value_type = BTreeMap<String, i64>)]
    counts: BTreeMap<ReminderState, i64>,
    /// The first 200 batches, and what became of taking them back.
    batches: Vec<AnnouncementBatch>,
    /// Whether it can be taken back now.
    recallable: bool,
    recall_asked_at: Option<DateTime<Utc>>,
}

/// A batch of an announcement.
#[derive(Debug, Serialize, ToSchema)]
struct AnnouncementBatch {
    id: i64,
    recipients: i32,
    state: ReminderState,
    /// recalled, too_late, unknown or failed; null: not known yet, or nothing to be taken back.
    recall: Option<String>,
    /// What WeCom said and what to do, in Chinese.
    error: Option<String>,
    at: DateTime<Utc>,
}

/// One of them.
#[utoipa::path(
    operation_id = "announcements_get",
    tag = "announcements", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = AnnouncementDetail), Refusals))]
#[get("/announcements/{id}")]
pub async fn get(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<AnnouncementDetail>> {
    let (app, school, viewer) = who.parts()?;
    let found = announcements::get(app, school, viewer, *id).await?;
    let batches = found.batches.into_iter().map(|batch| AnnouncementBatch {
        id: batch.batch_id,
        recipients: batch.recipients,
        state: ReminderState::of(&batch.state),
        recall: batch.recall,
        error: batch.error,
        at: batch.at,
    });
    let listed = Listed { row: found.row, words: found.words };
    let head = head(&listed);
    let Listed { row, words } = listed;
    Ok(web::Json(AnnouncementDetail {
        head,
        text: words.text,
        link: words.link,
        urgent: row.urgent,
        revision: row.revision,
        departments: found.departments.into_iter().map(Part::from).collect(),
        tags: found.tags.into_iter().map(Part::from).collect(),
        numbers: found.numbers,
        counts: found.counts.into_iter().map(|(state, count)| (ReminderState::of(&state), count)).collect(),
        batches: batches.collect(),
        recallable: found.recallable,
        recall_asked_at: row.recall_asked_at,
    }))
}

/// A changed announcement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnouncementChange {
    /// The revision that was on the screen.
    revision: i32,
    draft: AnnouncementDraft,
}

/// Changes an announcement that has not gone out.
#[utoipa::path(
    operation_id = "announcements_change",
    tag = "announcements", security(("session" = [])), params(("id" = i64, Path)), request_body = AnnouncementChange,
    responses((status = 204), Refusals, WriteRefusals))]
#[put("/announcements/{id}")]
pub async fn change(
    who: SignedIn,
    id: web::Path<i64>,
    body: Json<AnnouncementChange>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let AnnouncementChange { revision, draft } = &body.0;
    announcements::change(app, school, viewer, *id, *revision, &draft.draft()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Cancels an announcement that has not gone out.
#[utoipa::path(
    operation_id = "announcements_cancel",
    tag = "announcements", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, (status = 409, description = "与当前状态不符")))]
#[post("/announcements/{id}/cancel")]
pub async fn cancel(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    announcements::cancel(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes an announcement back: who has not got it does not, and WeCom takes it from who has, within 24 hours.
#[utoipa::path(
    operation_id = "announcements_recall",
    tag = "announcements", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 202), Refusals, (status = 409, description = "与当前状态不符")))]
#[post("/announcements/{id}/recall")]
pub async fn recall(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    announcements::recall(app, school, viewer, *id).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Which of those it was sent to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// Only those it stands so with.
    #[param(inline)]
    state: Option<ReminderState>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Those it was sent to.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnnouncementPeople {
    items: Vec<AnnouncementOutcome>,
    next_cursor: Option<String>,
}

/// What became of one of them.
#[derive(Debug, Serialize, ToSchema)]
struct AnnouncementOutcome {
    /// Order in the list.
    id: i64,
    number: Option<String>,
    name: String,
    state: ReminderState,
    at: DateTime<Utc>,
}

/// Those it was sent to, with what became of each.
#[utoipa::path(
    operation_id = "announcements_people",
    tag = "announcements", security(("session" = [])), params(("id" = i64, Path), PeopleQuery),
    responses((status = 200, body = AnnouncementPeople), Refusals))]
#[get("/announcements/{id}/people")]
pub async fn people(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<PeopleQuery>,
) -> Answer<web::Json<AnnouncementPeople>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let (after, state) = (paging.after.as_deref(), query.0.state.map(ReminderState::name));
    let page = announcements::people(app, school, viewer, *id, state, after, paging.limit).await?;
    let items = page.items.into_iter().map(|row| AnnouncementOutcome {
        id: row.outbox_id,
        number: row.number,
        name: row.name,
        state: ReminderState::of(&row.state),
        at: row.at,
    });
    Ok(web::Json(AnnouncementPeople { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// An announcement as somebody got it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnnouncementReceived {
    title: String,
    text: String,
    link: Option<String>,
    sent_at: DateTime<Utc>,
}

/// An announcement that was sent to me.
#[utoipa::path(
    operation_id = "announcements_received",
    tag = "announcements", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = AnnouncementReceived), Refusals))]
#[get("/announcements/received/{id}")]
pub async fn received(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<AnnouncementReceived>> {
    let (app, school, viewer) = who.parts()?;
    let (words, sent_at) = announcements::received(app, school, viewer, *id).await?;
    Ok(web::Json(AnnouncementReceived { title: words.title, text: words.text, link: words.link, sent_at }))
}
