//! Figures of a form on a day, and the people behind each number.

use actix_web::{get, web};
use app::statistics::{self, Asked};
use chrono::{DateTime, NaiveDate, Utc};
use domain::statistics::Counts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::dto::Department;
use crate::http::{
    input::{self, Query},
    openapi::Refusals,
    problem::Answer,
    who::SignedIn,
};

/// What to count.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TableQuery {
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// The slot of the day, counted from 0; if left out, the last that has begun.
    slot: Option<i16>,
    /// By what to group.
    #[serde(default)]
    by: By,
    /// Only those counted under this department.
    department: Option<i32>,
}

/// By what figures are grouped.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// 学院
    #[default]
    College,
    /// 年级
    Grade,
    /// 班级
    Class,
}

/// A table of figures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statistics)]
pub struct Table {
    form: String,
    day: NaiveDate,
    by: By,
    /// The hour the day's figures are read.
    cutoff: DateTime<Utc>,
    /// The hour these were true.
    as_of: DateTime<Utc>,
    rows: Vec<Row>,
    total: Row,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatisticsRow)]
struct Row {
    /// None: the total, or those counted under no department of that kind.
    department: Option<Department>,
    /// 应报
    expected: i64,
    /// 已报
    reported: i64,
    /// 未报
    unreported: i64,
    /// 正常
    normal: i64,
    /// 异常
    abnormal: i64,
}

impl Row {
    fn new(department: Option<(i32, String)>, counts: Counts) -> Self {
        Self {
            department: department.map(Department::from),
            expected: counts.expected,
            reported: counts.reported,
            unreported: counts.unreported(),
            normal: counts.normal(),
            abnormal: counts.abnormal,
        }
    }
}

/// Figures of what I may see, by department.
#[utoipa::path(
    operation_id = "statistics_table",
    tag = "statistics", security(("session" = [])), params(("form" = String, Path), TableQuery),
    responses((status = 200, body = Table), Refusals))]
#[get("/statistics/{form}")]
pub async fn table(
    who: SignedIn,
    form: web::Path<String>,
    query: Query<TableQuery>,
) -> Answer<web::Json<Table>> {
    let (app, school, viewer) = who.parts()?;
    let by = match query.0.by {
        By::College => statistics::By::College,
        By::Grade => statistics::By::Grade,
        By::Class => statistics::By::Class,
    };
    let asked = Asked { form: &form, day: query.0.day, slot: query.0.slot, department: query.0.department };
    let table = statistics::table(app, school, viewer, asked, by).await?;
    Ok(web::Json(Table {
        form: form.into_inner(),
        day: table.day,
        by: query.0.by,
        cutoff: table.cutoff_at,
        as_of: table.as_of,
        rows: table.rows.into_iter().map(|row| Row::new(row.department, row.counts)).collect(),
        total: Row::new(None, table.total),
    }))
}

/// Of which figure.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExplanationQuery {
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// The slot of the day, counted from 0; if left out, the last that has begun.
    slot: Option<i16>,
    /// Only those counted under this department.
    department: Option<i32>,
}

/// How the number expected came about: enrolled less those exempt.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explanation {
    day: NaiveDate,
    /// On the roster that day, and asked by the form.
    enrolled: i64,
    /// Those exempt, by kind; who is exempt for several reasons counts once.
    exempt: Vec<Exempt>,
    expected: i64,
    /// How enrolled differs from the day before.
    changed: EnrolledChanged,
}

/// Who is asked and was not on the day before, and the other way round.
#[derive(Debug, Serialize, ToSchema)]
struct EnrolledChanged {
    /// On the roster since that day.
    arrived: i64,
    /// From another department, or back.
    moved_in: i64,
    /// Into another department, or away.
    moved_out: i64,
    /// On the roster until the day before: 毕业, 退学 …
    left: i64,
}

/// People exempt.
#[derive(Debug, Serialize, ToSchema)]
struct Exempt {
    /// leave, internship, suspension or deferral.
    kind: &'static str,
    people: i64,
}

/// How the number expected came about.
#[utoipa::path(
    operation_id = "statistics_explain",
    tag = "statistics", security(("session" = [])), params(("form" = String, Path), ExplanationQuery),
    responses((status = 200, body = Explanation), Refusals))]
#[get("/statistics/{form}/explanation")]
pub async fn explain(
    who: SignedIn,
    form: web::Path<String>,
    query: Query<ExplanationQuery>,
) -> Answer<web::Json<Explanation>> {
    let (app, school, viewer) = who.parts()?;
    let asked = Asked { form: &form, day: query.0.day, slot: query.0.slot, department: query.0.department };
    let explained = statistics::explain(app, school, viewer, asked).await?;
    let exempt =
        explained.exempt.into_iter().map(|(kind, of)| Exempt { kind: kind.as_str(), people: of }).collect();
    Ok(web::Json(Explanation {
        day: explained.day,
        enrolled: explained.enrolled,
        exempt,
        expected: explained.expected,
        changed: EnrolledChanged {
            arrived: explained.changed.arrived,
            moved_in: explained.changed.moved_in,
            moved_out: explained.changed.moved_out,
            left: explained.changed.left,
        },
    }))
}

/// Which people.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// The day; today if left out.
    day: Option<NaiveDate>,
    /// The slot of the day, counted from 0; if left out, the last that has begun.
    slot: Option<i16>,
    /// Only those counted under this department.
    department: Option<i32>,
    /// Which of those expected.
    #[serde(default)]
    #[param(inline)]
    state: Which,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Which of those expected.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// 应报
    #[default]
    Expected,
    /// 已报
    Reported,
    /// 未报
    Unreported,
    /// 正常
    Normal,
    /// 异常
    Abnormal,
}

/// The people behind a number.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonList {
    items: Vec<PersonRow>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PersonRow {
    id: i64,
    /// Student or staff number.
    number: String,
    name: String,
    class: Option<Department>,
    college: Option<Department>,
    state: PersonState,
    /// When they last answered.
    revised_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PersonState {
    Unreported,
    Normal,
    Abnormal,
}

/// The people behind a number, by student or staff number.
#[utoipa::path(
    operation_id = "statistics_people",
    tag = "statistics", security(("session" = [])), params(("form" = String, Path), PeopleQuery),
    responses((status = 200, body = PersonList), Refusals))]
#[get("/statistics/{form}/people")]
pub async fn people(
    who: SignedIn,
    form: web::Path<String>,
    query: Query<PeopleQuery>,
) -> Answer<web::Json<PersonList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(query.0.cursor.as_deref(), query.0.limit)?;
    let which = match query.0.state {
        Which::Expected => statistics::Which::Expected,
        Which::Reported => statistics::Which::Reported,
        Which::Unreported => statistics::Which::Unreported,
        Which::Normal => statistics::Which::Normal,
        Which::Abnormal => statistics::Which::Abnormal,
    };
    let asked = Asked { form: &form, day: query.0.day, slot: query.0.slot, department: query.0.department };
    let page =
        statistics::people(app, school, viewer, asked, which, paging.after.as_deref(), paging.limit).await?;
    let items = page
        .items
        .into_iter()
        .map(|row| PersonRow {
            id: row.person_id,
            number: row.number,
            name: row.name,
            class: row.class_id.zip(row.class_name).map(Department::from),
            college: row.college_id.zip(row.college_name).map(Department::from),
            state: match row.state.as_deref() {
                None => PersonState::Unreported,
                Some("abnormal") => PersonState::Abnormal,
                Some(_) => PersonState::Normal,
            },
            revised_at: row.revised_at,
        })
        .collect();
    Ok(web::Json(PersonList { items, next_cursor: input::cursor(page.next) }))
}
