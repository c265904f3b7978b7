//! 核对: another authority's list of who has reported there, beside what stands here.

use actix_web::{HttpResponse, get, post, web};
use app::portal::{self, Asked, Comparison, Names, Which};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    body::{File, LIST_LIMIT},
    input::{self, IdempotencyKey, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    routes::{
        dto::Department,
        roster::{RosterError, told},
        statistics::By,
    },
    who::SignedIn,
};

/// What to count.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ComparisonQuery {
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// By what to group.
    #[serde(default)]
    by: By,
    /// Only those counted under this department.
    department: Option<i32>,
}

/// A day of an entry, by department.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalComparison {
    day: NaiveDate,
    by: By,
    /// The hour this was true.
    as_of: DateTime<Utc>,
    /// The form whose reports are what stands here; null: who opened the entry.
    form: Option<String>,
    /// The day's list of theirs; null: there is none yet, and nobody stands there.
    list: Option<PortalList>,
    rows: Vec<PortalUnit>,
    total: PortalUnit,
    /// How many a reminder of mine would tell: who is left, has to report that day and was not told by this list.
    to_remind: i64,
}

/// A list of theirs.
#[derive(Debug, Serialize, ToSchema)]
struct PortalList {
    /// Whom the file named: reported or missing.
    names: ListNames,
    /// Numbers of it that nobody here has.
    unknown: i32,
    by: String,
    at: DateTime<Utc>,
}

/// Whom a file names.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PortalListNames)]
pub enum ListNames {
    /// 已上报名单
    #[default]
    Reported,
    /// 未上报名单: all the others have reported.
    Missing,
}

impl From<ListNames> for Names {
    fn from(names: ListNames) -> Self {
        match names {
            ListNames::Reported => Self::Reported,
            ListNames::Missing => Self::Missing,
        }
    }
}

/// People of a department.
#[derive(Debug, Serialize, ToSchema)]
struct PortalUnit {
    /// Null: the total, or those under no department of that kind.
    department: Option<Department>,
    /// Whom the entry is for.
    people: i64,
    /// Here and there.
    both: i64,
    /// There, and not here.
    only_there: i64,
    /// Here, and not there.
    only_here: i64,
    /// Neither here nor there.
    neither: i64,
}

impl PortalUnit {
    fn new(department: Option<(i32, String)>, counts: Comparison) -> Self {
        Self {
            department: department.map(Department::from),
            people: counts.people,
            both: counts.both,
            only_there: counts.only_there,
            only_here: counts.only_here,
            neither: counts.neither(),
        }
    }
}

/// A day of an entry: who has reported here and there, by department.
#[utoipa::path(
    operation_id = "portal_comparison",
    tag = "portal", security(("session" = [])), params(("id" = i64, Path), ComparisonQuery),
    responses((status = 200, body = PortalComparison), Refusals))]
#[get("/portal/entries/{id}/comparison")]
pub async fn comparison(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<ComparisonQuery>,
) -> Answer<web::Json<PortalComparison>> {
    let (app, school, viewer) = who.parts()?;
    let ComparisonQuery { day, by, department } = query.0;
    let asked = Asked { entry: *id, day, department };
    let found = portal::comparison(app, school, viewer, asked, by.into()).await?;
    let list = found.list.map(|list| PortalList {
        names: if list.names == "missing" { ListNames::Missing } else { ListNames::Reported },
        unknown: list.unknown,
        by: list.by,
        at: list.at,
    });
    Ok(web::Json(PortalComparison {
        day: found.day,
        by,
        as_of: found.as_of,
        form: found.form,
        list,
        rows: found.rows.into_iter().map(|unit| PortalUnit::new(unit.department, unit.counts)).collect(),
        total: PortalUnit::new(None, found.total),
        to_remind: found.to_remind,
    }))
}

/// Which people.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PortalWhich)]
pub enum State {
    /// Whom the entry is for.
    #[default]
    All,
    /// Here and there.
    Both,
    /// There, and not here.
    OnlyThere,
    /// Here, and not there.
    OnlyHere,
    /// Neither.
    Neither,
    /// Here.
    Here,
    /// Not here.
    NotHere,
    /// There.
    There,
    /// Not there.
    NotThere,
}

impl From<State> for Which {
    fn from(state: State) -> Self {
        match state {
            State::All => Self::All,
            State::Both => Self::Both,
            State::OnlyThere => Self::OnlyThere,
            State::OnlyHere => Self::OnlyHere,
            State::Neither => Self::Neither,
            State::Here => Self::Here,
            State::NotHere => Self::NotHere,
            State::There => Self::There,
            State::NotThere => Self::NotThere,
        }
    }
}

/// Which people of a day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// Behind which number.
    #[serde(default)]
    #[param(inline)]
    state: State,
    /// Only those counted under this department.
    department: Option<i32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// People, by number.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalPeople {
    items: Vec<PortalPerson>,
    next_cursor: Option<String>,
}

/// Somebody.
#[derive(Debug, Serialize, ToSchema)]
struct PortalPerson {
    number: String,
    name: String,
    college: Option<String>,
    /// Class or department.
    place: Option<String>,
    /// Whether they have reported here, or opened the entry.
    here: bool,
    /// Whether they stand on the day's list.
    there: bool,
    /// Whether they were reminded by this list.
    reminded: bool,
}

/// The people behind a number of an entry's day.
#[utoipa::path(
    operation_id = "portal_people",
    tag = "portal", security(("session" = [])), params(("id" = i64, Path), PeopleQuery),
    responses((status = 200, body = PortalPeople), Refusals))]
#[get("/portal/entries/{id}/people")]
pub async fn people(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<PeopleQuery>,
) -> Answer<web::Json<PortalPeople>> {
    let (app, school, viewer) = who.parts()?;
    let PeopleQuery { day, state, department, cursor, limit } = query.0;
    let paging = input::paging(app, school, cursor.as_deref(), limit)?;
    let asked = Asked { entry: *id, day, department };
    let after = paging.after.as_deref();
    let page = portal::people(app, school, viewer, asked, state.into(), after, paging.limit).await?;
    let items = page.items.into_iter().map(|person| PortalPerson {
        number: person.number,
        name: person.name,
        college: person.college,
        place: person.place,
        here: person.here,
        there: person.there,
        reminded: person.reminded,
    });
    Ok(web::Json(PortalPeople { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Of which day a file is.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// Whom the file names.
    #[serde(default)]
    #[param(inline)]
    names: ListNames,
}

/// What a list does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalListOutcome {
    /// Numbers of the file, each once.
    rows: usize,
    /// … of people the entry was for.
    known: usize,
    /// … of people of ours it was not for.
    others: usize,
    /// … that nobody of ours has.
    unknown_count: usize,
    /// The first 200 of those.
    unknown: Vec<String>,
    /// The first 500 wrong cells; nothing is written while there is one.
    errors: Vec<RosterError>,
    error_count: usize,
}

async fn bring(
    who: SignedIn,
    id: i64,
    query: ListQuery,
    body: File,
    write: bool,
) -> Answer<web::Json<PortalListOutcome>> {
    let (app, school, viewer) = who.parts()?;
    portal::may_bring(viewer)?;
    let (file, _place) = body.read(&who, LIST_LIMIT).await?;
    let found = portal::bring(app, school, viewer, (id, query.day), query.names.into(), file, write).await?;
    Ok(web::Json(PortalListOutcome {
        rows: found.rows,
        known: found.known,
        others: found.others,
        unknown_count: found.unknown_count,
        unknown: found.unknown,
        error_count: found.errors.len(),
        errors: told(found.errors),
    }))
}

/// Looks at a list of theirs (.xlsx or CSV) without writing anything.
#[utoipa::path(
    operation_id = "portal_lists_preview",
    tag = "portal", security(("session" = [])), params(("id" = i64, Path), ListQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = PortalListOutcome), Refusals, WriteRefusals))]
#[post("/portal/entries/{id}/list/preview")]
pub async fn preview(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<ListQuery>,
    body: File,
) -> Answer<web::Json<PortalListOutcome>> {
    bring(who, *id, query.0, body, false).await
}

/// Takes a list of theirs for a day, in the place of the day's last one: all of it, or nothing.
#[utoipa::path(
    operation_id = "portal_lists_import",
    tag = "portal", security(("session" = [])), params(("id" = i64, Path), ListQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = PortalListOutcome), Refusals, WriteRefusals))]
#[post("/portal/entries/{id}/list")]
pub async fn import(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<ListQuery>,
    body: File,
) -> Answer<web::Json<PortalListOutcome>> {
    bring(who, *id, query.0, body, true).await
}

/// Whom to remind.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalReminder {
    /// The day; today if left out.
    #[serde(default)]
    day: Option<NaiveDate>,
    /// Only those counted under this department.
    #[serde(default)]
    department: Option<i32>,
    /// What it says, at most 170 characters; left out: the usual words.
    #[serde(default)]
    text: Option<String>,
}

/// How many were reminded.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalReminded {
    /// Those who were not reminded by this list before.
    people: usize,
}

/// Reminds those of mine who are not on the day's list; where there is none, those who have not reported here. Nobody is told
/// twice by the same list.
#[utoipa::path(
    operation_id = "portal_remind",
    tag = "portal", security(("session" = [])), request_body = PortalReminder,
    params(("id" = i64, Path), ("Idempotency-Key" = String, Header, description = "8 to 64 of A-Za-z0-9_-")),
    responses((status = 200, body = PortalReminded), Refusals, WriteRefusals))]
#[post("/portal/entries/{id}/reminders")]
pub async fn remind(
    who: SignedIn,
    id: web::Path<i64>,
    key: IdempotencyKey,
    body: Json<PortalReminder>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let PortalReminder { day, department, text } = &body.0;
    let wanted = portal::Wanted { entry: *id, day: *day, department: *department, text: text.as_deref() };
    let reminded = portal::remind(app, school, viewer, &key.0, wanted).await?;
    Ok(HttpResponse::Ok().json(PortalReminded { people: reminded.people }))
}
