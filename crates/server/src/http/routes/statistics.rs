//! Figures of a form on a day, and the people behind each number.

use actix_web::{get, web};
use app::statistics::{self, Asked};
use chrono::{DateTime, NaiveDate, Utc};
use domain::statistics::Counts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub mod categories;
pub mod forms;
pub mod span;

use super::dto::Department;
use crate::http::{
    fresh::Fresh,
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
    pub(super) day: Option<NaiveDate>,
    /// The slot of the day, counted from 0; if left out, the last that has begun.
    pub(super) slot: Option<i16>,
    /// By what to group.
    #[serde(default)]
    pub(super) by: By,
    /// Only those counted under this department.
    pub(super) department: Option<i32>,
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
    /// 学院; those under none by the department they are counted under: 教职工.
    Department,
}

impl From<By> for statistics::By {
    fn from(by: By) -> Self {
        match by {
            By::College => Self::College,
            By::Grade => Self::Grade,
            By::Class => Self::Class,
            By::Department => Self::Department,
        }
    }
}

/// A table of figures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statistics)]
pub struct Table {
    form: String,
    day: NaiveDate,
    /// The slot of the day, counted from 0.
    slot: i16,
    by: By,
    /// The hour the day's figures are read.
    cutoff: DateTime<Utc>,
    /// The hour these were true.
    as_of: DateTime<Utc>,
    rows: Vec<Row>,
    total: Row,
}

impl Table {
    pub(super) fn new(form: String, by: By, found: statistics::Table) -> Self {
        Self {
            form,
            day: found.day,
            slot: found.slot,
            by,
            cutoff: found.cutoff_at,
            as_of: found.as_of,
            rows: found
                .rows
                .into_iter()
                .map(|row| {
                    let signed_off_at =
                        row.department.as_ref().and_then(|(id, _)| found.signed.get(id)).copied();
                    Row { signed_off_at, ..Row::new(row.department, row.counts) }
                })
                .collect(),
            total: Row::new(None, found.total),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatisticsRow)]
pub(super) struct Row {
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
    /// 迟报: of those who have reported, after the cut-off.
    late: i64,
    /// 已签报: when the class or college was signed off for this turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_off_at: Option<DateTime<Utc>>,
}

impl Row {
    pub(super) fn new(department: Option<(i32, String)>, counts: Counts) -> Self {
        Self {
            department: department.map(Department::from),
            expected: counts.expected,
            reported: counts.reported,
            unreported: counts.unreported(),
            normal: counts.normal(),
            abnormal: counts.abnormal,
            late: counts.late,
            signed_off_at: None,
        }
    }
}

/// Figures of what I may see, by department.
#[utoipa::path(
    operation_id = "statistics_table",
    tag = "statistics", security(("session" = [])), params(("form" = String, Path), TableQuery),
    responses(
        (status = 200, body = Table),
        (status = 304, description = "与 If-None-Match 所指的相同，只有时间不同"),
        Refusals))]
#[get("/statistics/{form}")]
pub async fn table(who: SignedIn, form: web::Path<String>, query: Query<TableQuery>) -> Answer<Fresh<Table>> {
    let (app, school, viewer) = who.parts()?;
    let asked = Asked { form: &form, day: query.0.day, slot: query.0.slot, department: query.0.department };
    let found = statistics::table(app, school, viewer, asked, query.0.by.into()).await?;
    Ok(Fresh(Table::new(form.into_inner(), query.0.by, found)))
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
    /// A counted field: only those who answered it …
    field: Option<String>,
    /// … with an answer of this category; left out or empty: of none.
    category: Option<String>,
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
    /// 迟报
    Late,
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
    /// What they are counted under: a class, or a department.
    place: Option<String>,
    state: PersonState,
    /// Whether the first answer came after the cut-off.
    late: bool,
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
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let which = match query.0.state {
        Which::Expected => statistics::Which::Expected,
        Which::Reported => statistics::Which::Reported,
        Which::Unreported => statistics::Which::Unreported,
        Which::Normal => statistics::Which::Normal,
        Which::Abnormal => statistics::Which::Abnormal,
        Which::Late => statistics::Which::Late,
    };
    let category = query.0.category.as_deref().filter(|category| !category.is_empty());
    let fact = query.0.field.as_deref().map(|field| statistics::Fact { field, category });
    let after = paging.after.as_deref();
    let asked = Asked { form: &form, day: query.0.day, slot: query.0.slot, department: query.0.department };
    let page = statistics::people(app, school, viewer, asked, (which, fact), after, paging.limit).await?;
    let items = page
        .items
        .into_iter()
        .map(|row| PersonRow {
            id: row.person_id,
            number: row.number,
            name: row.name,
            class: row.class_id.zip(row.class_name).map(Department::from),
            college: row.college_id.zip(row.college_name).map(Department::from),
            place: row.place,
            late: row.late.unwrap_or_default(),
            state: match row.state.as_deref() {
                None => PersonState::Unreported,
                Some("abnormal") => PersonState::Abnormal,
                Some(_) => PersonState::Normal,
            },
            revised_at: row.revised_at,
        })
        .collect();
    Ok(web::Json(PersonList { items, next_cursor: paging.cursor(page.next)? }))
}
