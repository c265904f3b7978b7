//! 部门人员流动日报: where the staff of each department are, and who signed for it.

use actix_web::{HttpResponse, get, put, web};
use app::movements;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{movement::Movement as Figures, policy::Action, region};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::dto::Department;
use crate::http::{
    fresh::Fresh,
    input::{self, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Of which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MovementQuery {
    /// The day; today if left out.
    day: Option<NaiveDate>,
}

/// A day of the departments I may see.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovementTable {
    day: NaiveDate,
    /// The hour this was true.
    as_of: DateTime<Utc>,
    /// In the directory's order.
    rows: Vec<MovementRow>,
    total: Movement,
}

/// A department's day.
#[derive(Debug, Serialize, ToSchema)]
struct MovementRow {
    department: Department,
    movement: Movement,
    /// 负责人: heads and leaders by grant.
    heads: Option<String>,
    signed: Option<MovementSignature>,
    /// Whether it is mine to sign.
    mine: bool,
}

/// The figures of a department. Somebody may be both away and on leave.
#[derive(Debug, Serialize, ToSchema)]
struct Movement {
    /// 总人数: staff on the roster that day.
    staff: i64,
    /// 外出人数: on a trip that is under way.
    away: i64,
    /// 返回人数: back from one on that day.
    returned: i64,
    /// 请假人数
    on_leave: i64,
}

/// What stands signed.
#[derive(Debug, Serialize, ToSchema)]
struct MovementSignature {
    by: String,
    at: DateTime<Utc>,
    note: Option<String>,
    /// Whether the figures have changed since.
    changed: bool,
    /// The figures as they were known then; null where I see a part of the department alone.
    movement: Option<Movement>,
}

impl From<Figures> for Movement {
    fn from(figures: Figures) -> Self {
        let Figures { staff, away, returned, on_leave } = figures;
        Self { staff, away, returned, on_leave }
    }
}

/// Where the staff of each department are on a day.
#[utoipa::path(
    operation_id = "movements_table",
    tag = "movements", security(("session" = [])), params(MovementQuery),
    responses(
        (status = 200, body = MovementTable),
        (status = 304, description = "与 If-None-Match 所指的相同，只有时间不同"),
        Refusals))]
#[get("/movements")]
pub async fn table(who: SignedIn, query: Query<MovementQuery>) -> Answer<Fresh<MovementTable>> {
    let (app, school, viewer) = who.parts()?;
    let table = movements::table(app, school, viewer, query.0.day).await?;
    let signable = viewer.scope(Action::SignOff);
    let rows = table.rows.into_iter().map(|(row, signed)| MovementRow {
        mine: signable.covers(&[Some(row.department_id)]),
        signed: signed.map(|signed| MovementSignature {
            by: signed.by,
            at: signed.at,
            note: signed.note,
            changed: signed.known.is_some_and(|known| known != row.movement),
            movement: signed.known.map(Movement::from),
        }),
        department: (row.department_id, row.name).into(),
        movement: row.movement.into(),
        heads: row.heads,
    });
    Ok(Fresh(MovementTable {
        day: table.day,
        as_of: table.as_of,
        rows: rows.collect(),
        total: table.total.into(),
    }))
}

/// Behind which number.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementState {
    /// 总人数
    #[default]
    Staff,
    /// 外出
    Away,
    /// 返回
    Returned,
    /// 请假
    OnLeave,
}

/// Which people.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MovementPeopleQuery {
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// Only of this department.
    department: Option<i32>,
    /// Behind which number.
    #[serde(default)]
    #[param(inline)]
    state: MovementState,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// The people behind a number.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovementPersonList {
    items: Vec<MovementPerson>,
    next_cursor: Option<String>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct MovementPerson {
    id: i64,
    /// Staff number.
    number: String,
    name: String,
    /// Their department.
    place: Option<String>,
    away: bool,
    returned: bool,
    on_leave: bool,
    /// Where to, in words.
    region: Option<String>,
}

/// The people behind a number, by staff number.
#[utoipa::path(
    operation_id = "movements_people",
    tag = "movements", security(("session" = [])), params(MovementPeopleQuery),
    responses((status = 200, body = MovementPersonList), Refusals))]
#[get("/movements/people")]
pub async fn people(
    who: SignedIn,
    query: Query<MovementPeopleQuery>,
) -> Answer<web::Json<MovementPersonList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let which = match query.0.state {
        MovementState::Staff => movements::Which::Staff,
        MovementState::Away => movements::Which::Away,
        MovementState::Returned => movements::Which::Returned,
        MovementState::OnLeave => movements::Which::OnLeave,
    };
    let asked = movements::Asked { day: query.0.day, department: query.0.department, which };
    let page = movements::people(app, school, viewer, asked, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|row| MovementPerson {
        id: row.person_id,
        number: row.number,
        name: row.name,
        place: row.place,
        away: row.away,
        returned: row.returned,
        on_leave: row.on_leave,
        region: row.region.as_deref().map(region::path),
    });
    Ok(web::Json(MovementPersonList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// A signature.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMovementSignature {
    /// What is added, at most 100 characters.
    note: Option<String>,
}

/// Signs a department's day with the figures as they are known now, in place of what was signed before.
#[utoipa::path(
    operation_id = "movements_sign",
    tag = "movements", security(("session" = [])),
    params(("day" = NaiveDate, Path), ("department" = i32, Path)), request_body = NewMovementSignature,
    responses((status = 204), Refusals, WriteRefusals))]
#[put("/movements/{day}/{department}/signature")]
pub async fn sign(
    who: SignedIn,
    path: web::Path<(NaiveDate, i32)>,
    body: Json<NewMovementSignature>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let (day, department) = path.into_inner();
    movements::sign(app, school, viewer, day, department, body.0.note.as_deref()).await?;
    Ok(HttpResponse::NoContent().finish())
}
