//! Entries as they are kept, and how many opened each.

use actix_web::{HttpResponse, get, post, put, web};
use app::portal::{self, Draft, Listed};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::form::PersonKind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Icon;
use crate::http::{
    input::{self, IdempotencyKey, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    routes::dto::Department,
    who::SignedIn,
};

/// Students or staff.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PortalKind)]
pub enum Kind {
    /// 学生
    Student,
    /// 教职工
    Staff,
}

impl From<Kind> for PersonKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Student => Self::Student,
            Kind::Staff => Self::Staff,
        }
    }
}

/// An entry as somebody wants it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalDraft {
    /// At most 12 characters.
    title: String,
    /// A line below, at most 40 characters.
    #[serde(default)]
    note: String,
    icon: Icon,
    /// `https://…`, without a user or a password.
    address: String,
    /// Whom it is for.
    kinds: Vec<Kind>,
    /// Only those counted under one of these; null or left out: the whole school.
    #[serde(default)]
    departments: Option<Vec<i32>>,
    /// The code of a daily form whose reports are compared with lists; null or left out: who opened the entry.
    #[serde(default)]
    form: Option<String>,
    /// The first day it is shown.
    from: NaiveDate,
    /// The last; null or left out: until further notice.
    #[serde(default)]
    last: Option<NaiveDate>,
}

impl PortalDraft {
    fn kinds(&self) -> Vec<PersonKind> {
        self.kinds.iter().map(|kind| PersonKind::from(*kind)).collect()
    }

    fn draft<'a>(&'a self, kinds: &'a [PersonKind]) -> Draft<'a> {
        Draft {
            title: &self.title,
            note: &self.note,
            icon: self.icon.into(),
            address: &self.address,
            kinds,
            departments: self.departments.as_deref(),
            from: self.from,
            last: self.last,
        }
    }
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EntriesQuery {
    /// Those that were ended, the newest first, instead of those that stand.
    #[serde(default)]
    ended: bool,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out. Those that stand come whole: they are 60 at most.
    limit: Option<i64>,
}

/// Entries.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalEntries {
    items: Vec<PortalEntry>,
    next_cursor: Option<String>,
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalEntry {
    id: i64,
    title: String,
    note: String,
    icon: Icon,
    address: String,
    kinds: Vec<Kind>,
    /// Null: the whole school.
    departments: Option<Vec<Department>>,
    form: Option<String>,
    from: NaiveDate,
    last: Option<NaiveDate>,
    /// A change names it.
    revision: i32,
    /// How many of mine opened it today.
    today: i64,
    /// Who changed it last.
    by: String,
    changed_at: DateTime<Utc>,
    /// Since when it is shown to nobody.
    ended_at: Option<DateTime<Utc>>,
}

impl From<Listed> for PortalEntry {
    fn from(listed: Listed) -> Self {
        let Listed { row, departments, today } = listed;
        let kinds = row.audience().kinds.into_iter().map(|kind| match kind {
            PersonKind::Student => Kind::Student,
            PersonKind::Staff => Kind::Staff,
        });
        Self {
            id: row.entry_id,
            icon: Icon::of(&row.icon),
            kinds: kinds.collect(),
            departments: row
                .departments
                .is_some()
                .then(|| departments.into_iter().map(Department::from).collect()),
            title: row.title,
            note: row.note,
            address: row.address,
            form: row.form,
            from: row.from_date,
            last: row.until_date.and_then(|until| until.checked_sub_days(Days::new(1))),
            revision: row.revision,
            today,
            by: row.by,
            changed_at: row.changed_at,
            ended_at: row.closed_at,
        }
    }
}

/// Entries in their order; or those that were ended, the newest first.
#[utoipa::path(
    operation_id = "portal_entries_list",
    tag = "portal", security(("session" = [])), params(EntriesQuery),
    responses((status = 200, body = PortalEntries), Refusals))]
#[get("/portal/entries")]
pub async fn list(who: SignedIn, query: Query<EntriesQuery>) -> Answer<web::Json<PortalEntries>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let before = paging.after.as_deref();
    let page = portal::list(app, school, viewer, query.0.ended, before, paging.limit).await?;
    let items = page.items.into_iter().map(PortalEntry::from).collect();
    Ok(web::Json(PortalEntries { items, next_cursor: paging.cursor(page.next)? }))
}

/// One of them.
#[utoipa::path(
    operation_id = "portal_entries_get",
    tag = "portal", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = PortalEntry), Refusals))]
#[get("/portal/entries/{id}")]
pub async fn get(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<PortalEntry>> {
    let (app, school, viewer) = who.parts()?;
    Ok(web::Json(portal::get(app, school, viewer, *id).await?.into()))
}

/// An entry's number.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalEntryAdded {
    id: i64,
}

/// Makes an entry, after the others.
#[utoipa::path(
    operation_id = "portal_entries_create",
    tag = "portal", security(("session" = [])), request_body = PortalDraft,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 of A-Za-z0-9_-")),
    responses((status = 201, body = PortalEntryAdded), Refusals, WriteRefusals))]
#[post("/portal/entries")]
pub async fn create(who: SignedIn, key: IdempotencyKey, body: Json<PortalDraft>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let kinds = body.0.kinds();
    let (draft, form) = (body.0.draft(&kinds), body.0.form.as_deref());
    let id = portal::create(app, school, viewer, &key.0, &draft, form).await?;
    Ok(HttpResponse::Created().json(PortalEntryAdded { id }))
}

/// A changed entry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalChange {
    /// The revision that was on the screen.
    revision: i32,
    entry: PortalDraft,
}

/// Changes an entry that stands.
#[utoipa::path(
    operation_id = "portal_entries_change",
    tag = "portal", security(("session" = [])), params(("id" = i64, Path)), request_body = PortalChange,
    responses((status = 204), Refusals, WriteRefusals))]
#[put("/portal/entries/{id}")]
pub async fn change(who: SignedIn, id: web::Path<i64>, body: Json<PortalChange>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let PortalChange { revision, entry } = &body.0;
    let kinds = entry.kinds();
    let draft = entry.draft(&kinds);
    portal::change(app, school, viewer, (*id, *revision), &draft, entry.form.as_deref()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The order of entries.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalOrder {
    /// Every entry that stands, once.
    ids: Vec<i64>,
}

/// Puts the entries in another order.
#[utoipa::path(
    operation_id = "portal_entries_order",
    tag = "portal", security(("session" = [])), request_body = PortalOrder,
    responses((status = 204), Refusals, WriteRefusals))]
#[put("/portal/entries/order")]
pub async fn order(who: SignedIn, body: Json<PortalOrder>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    portal::order(app, school, viewer, &body.0.ids).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends an entry: shown to nobody from now on; what was counted stays. Again is the same.
#[utoipa::path(
    operation_id = "portal_entries_end",
    tag = "portal", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals))]
#[post("/portal/entries/{id}/end")]
pub async fn end(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    portal::end(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How far back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DaysQuery {
    /// Days, 1 to 92, today the last of them; 30 if left out.
    days: Option<u64>,
}

/// How many opened an entry, day by day.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalDays {
    items: Vec<PortalDay>,
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
struct PortalDay {
    day: NaiveDate,
    /// Each counted once a day.
    people: i64,
}

/// How many of mine opened an entry on each of the last days; of the whole school also accounts nobody's.
#[utoipa::path(
    operation_id = "portal_entries_days",
    tag = "portal", security(("session" = [])), params(("id" = i64, Path), DaysQuery),
    responses((status = 200, body = PortalDays), Refusals))]
#[get("/portal/entries/{id}/days")]
pub async fn days(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<DaysQuery>,
) -> Answer<web::Json<PortalDays>> {
    let (app, school, viewer) = who.parts()?;
    let found = portal::days(app, school, viewer, *id, query.0.days.unwrap_or(30)).await?;
    let items = found.days.into_iter().map(|(day, people)| PortalDay { day, people }).collect();
    Ok(web::Json(PortalDays { items }))
}
