//! Figures over a span of days: the trend, and departments beside each other.

use actix_web::{get, web};
use app::statistics::{self, Span, Spanned};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{By, Row};
use crate::http::{input::Query, openapi::Refusals, problem::Answer, who::SignedIn};

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SpanQuery {
    /// The first day; if left out, so that there are fourteen. 92 days at most.
    from: Option<NaiveDate>,
    /// The last day; today if left out.
    to: Option<NaiveDate>,
    /// The slot of each day, counted from 0; the first if left out.
    slot: Option<i16>,
    /// By what to group; the trend is their sum.
    #[serde(default)]
    by: By,
    /// Only those counted under this department.
    department: Option<i32>,
}

impl SpanQuery {
    fn of<'a>(&self, form: &'a str) -> Spanned<'a> {
        let Self { from, to, slot, department, .. } = self;
        Spanned { form, from: *from, to: *to, slot: *slot, department: *department }
    }
}

/// Figures day by day, each by the roster of that day.
#[derive(Debug, Serialize, ToSchema)]
pub struct Trend {
    form: String,
    from: NaiveDate,
    to: NaiveDate,
    /// The hour these were true.
    as_of: DateTime<Utc>,
    /// The days the form is asked; of a form of the week its last days.
    days: Vec<TrendDay>,
}

/// The figures of a day.
#[derive(Debug, Serialize, ToSchema)]
struct TrendDay {
    day: NaiveDate,
    /// The hour its figures are read.
    cutoff: DateTime<Utc>,
    counts: Row,
}

/// Figures of what I may see, day by day.
#[utoipa::path(
    operation_id = "statistics_trend",
    tag = "statistics", security(("session" = [])), params(("form" = String, Path), SpanQuery),
    responses((status = 200, body = Trend), Refusals))]
#[get("/statistics/{form}/trend")]
pub async fn trend(
    who: SignedIn,
    form: web::Path<String>,
    query: Query<SpanQuery>,
) -> Answer<web::Json<Trend>> {
    let (app, school, viewer) = who.parts()?;
    let span = statistics::span(app, school, viewer, query.0.of(&form), query.0.by.into()).await?;
    let days = span.days.into_iter().map(|of| TrendDay {
        day: of.day,
        cutoff: of.cutoff_at,
        counts: Row::new(None, of.total),
    });
    Ok(web::Json(Trend {
        form: form.into_inner(),
        from: span.from,
        to: span.to,
        as_of: span.as_of,
        days: days.collect(),
    }))
}

/// Departments beside each other over a span of days.
#[derive(Debug, Serialize, ToSchema)]
pub struct Comparison {
    form: String,
    from: NaiveDate,
    to: NaiveDate,
    by: By,
    /// The hour this was true.
    as_of: DateTime<Utc>,
    /// The days the form is asked.
    days: Vec<NaiveDate>,
    /// In the directory's order of the last day.
    rows: Vec<ComparisonRow>,
    /// The sums over all departments, day after day: who is expected on ten days counts ten times.
    total: Row,
}

/// A department over the span.
#[derive(Debug, Serialize, ToSchema)]
struct ComparisonRow {
    /// The sums over all days.
    sum: Row,
    /// Each day, in the order of `days`; zeros where nobody was expected.
    days: Vec<Row>,
}

/// Figures of what I may see, by department and day.
#[utoipa::path(
    operation_id = "statistics_comparison",
    tag = "statistics", security(("session" = [])), params(("form" = String, Path), SpanQuery),
    responses((status = 200, body = Comparison), Refusals))]
#[get("/statistics/{form}/comparison")]
pub async fn comparison(
    who: SignedIn,
    form: web::Path<String>,
    query: Query<SpanQuery>,
) -> Answer<web::Json<Comparison>> {
    let (app, school, viewer) = who.parts()?;
    let span = statistics::span(app, school, viewer, query.0.of(&form), query.0.by.into()).await?;
    Ok(web::Json(Comparison {
        by: query.0.by,
        from: span.from,
        to: span.to,
        as_of: span.as_of,
        days: span.days.iter().map(|of| of.day).collect(),
        rows: rows(&span),
        total: Row::new(None, span.days.iter().map(|of| of.total).sum()),
        form: form.into_inner(),
    }))
}

fn rows(span: &Span) -> Vec<ComparisonRow> {
    // Departments of the last day first, in its order; then those that were closed before.
    let mut departments: Vec<Option<(i32, String)>> = Vec::new();
    for row in span.days.iter().rev().flat_map(|of| &of.rows) {
        let id = row.department.as_ref().map(|(id, _)| *id);
        if !departments.iter().any(|known| known.as_ref().map(|(id, _)| *id) == id) {
            departments.push(row.department.clone());
        }
    }
    let row = |department: Option<(i32, String)>| {
        let id = department.as_ref().map(|(id, _)| *id);
        let of_day = |of: &statistics::OfDay| {
            let found = of.rows.iter().find(|row| row.department.as_ref().map(|(id, _)| *id) == id);
            found.map(|row| row.counts).unwrap_or_default()
        };
        let days: Vec<_> = span.days.iter().map(of_day).collect();
        ComparisonRow {
            sum: Row::new(department, days.iter().copied().sum()),
            days: days.into_iter().map(|counts| Row::new(None, counts)).collect(),
        }
    };
    departments.into_iter().map(row).collect()
}
