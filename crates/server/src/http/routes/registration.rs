//! 激活: who of the roster uses WeCom, and who does not yet.

use actix_web::{get, web};
use app::registration::{self, Asked};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, Query},
    openapi::Refusals,
    problem::Answer,
    who::SignedIn,
};

/// By what figures are grouped.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RegistrationBy)]
pub enum By {
    /// Students, and staff by kind.
    #[default]
    Kind,
    /// 学院
    College,
    /// 班级
    Class,
}

/// Students or staff.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[schema(as = PersonKind)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 学生
    Student,
    /// 教职工
    Staff,
}

pub(super) fn kind(kind: Option<Kind>) -> Option<&'static str> {
    kind.map(|kind| match kind {
        Kind::Student => "student",
        Kind::Staff => "staff",
    })
}

/// What to count.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TableQuery {
    /// By what to group.
    #[serde(default)]
    by: By,
    /// Only students, or only staff.
    #[param(inline)]
    kind: Option<Kind>,
    /// Only those under this department.
    department: Option<i32>,
}

/// Registration of the roster, by group.
#[derive(Debug, Serialize, ToSchema)]
pub struct Registration {
    by: By,
    rows: Vec<RegistrationRow>,
    total: RegistrationRow,
    /// For those who see the figures of the whole school.
    seats: Option<Seats>,
}

/// Accounts of the school's WeCom.
#[derive(Debug, Serialize, ToSchema)]
struct Seats {
    /// In WeCom now.
    #[schema(example = 16450)]
    used: i64,
    /// At most.
    #[schema(example = 50000)]
    limit: i64,
}

/// The figures of a group.
#[derive(Debug, Default, Serialize, ToSchema)]
struct RegistrationRow {
    /// Of groups by department; null for the total and for people without a place.
    department: Option<i32>,
    /// The department's name; `student`, `staff` or a kind of staff; null for the total and for people without a place.
    name: Option<String>,
    /// On the roster today.
    rostered: i64,
    /// With an account in WeCom.
    with_account: i64,
    /// Whose account is activated.
    activated: i64,
}

/// Who of the roster uses WeCom, of what I may see.
#[utoipa::path(
    operation_id = "registration_table",
    tag = "registration", security(("session" = [])), params(TableQuery),
    responses((status = 200, body = Registration), Refusals))]
#[get("/registration")]
pub async fn table(who: SignedIn, query: Query<TableQuery>) -> Answer<web::Json<Registration>> {
    let (app, school, viewer) = who.parts()?;
    let by = match query.0.by {
        By::Kind => registration::By::Kind,
        By::College => registration::By::College,
        By::Class => registration::By::Class,
    };
    let asked = Asked { department: query.0.department, kind: kind(query.0.kind) };
    let rows = registration::table(app, school, viewer, asked, by).await?;
    let total = rows.iter().fold(RegistrationRow::default(), |sum, row| RegistrationRow {
        rostered: sum.rostered + row.rostered,
        with_account: sum.with_account + row.with_account,
        activated: sum.activated + row.activated,
        ..sum
    });
    let rows = rows.into_iter().map(|row| RegistrationRow {
        department: row.department_id,
        name: row.name,
        rostered: row.rostered,
        with_account: row.with_account,
        activated: row.activated,
    });
    let seats = registration::seats(app, school, viewer).await?;
    let seats = seats.map(|seats| Seats { used: seats.used, limit: seats.limit });
    Ok(web::Json(Registration { by: query.0.by, rows: rows.collect(), total, seats }))
}

/// Which of those not activated.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// Only students, or only staff.
    #[param(inline)]
    kind: Option<Kind>,
    /// Only those under this department.
    department: Option<i32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Who is not activated, by number.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotActivatedList {
    items: Vec<NotActivated>,
    next_cursor: Option<String>,
}

/// Somebody who is not activated.
#[derive(Debug, Serialize, ToSchema)]
struct NotActivated {
    id: i64,
    number: String,
    name: String,
    /// Class or department.
    place: Option<String>,
    /// no_account, not_activated or disabled.
    state: &'static str,
    /// Whether they were invited today; they are not again before tomorrow.
    invited_today: bool,
}

/// Who of the roster does not use WeCom, of those I may see one by one.
#[utoipa::path(
    operation_id = "registration_not_activated",
    tag = "registration", security(("session" = [])), params(PeopleQuery),
    responses((status = 200, body = NotActivatedList), Refusals))]
#[get("/registration/not-activated")]
pub async fn not_activated(who: SignedIn, query: Query<PeopleQuery>) -> Answer<web::Json<NotActivatedList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let asked = Asked { department: query.0.department, kind: kind(query.0.kind) };
    let page = registration::not_activated(app, school, viewer, asked, paging.after.as_deref(), paging.limit)
        .await?;
    let items =
        page.items.into_iter().map(|registration::NotActivated { row, invited_today }| NotActivated {
            id: row.person_id,
            number: row.number,
            name: row.name,
            place: row.place,
            state: match row.status {
                _ if !row.has_account => "no_account",
                Some(2) => "disabled",
                _ => "not_activated",
            },
            invited_today,
        });
    Ok(web::Json(NotActivatedList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}
