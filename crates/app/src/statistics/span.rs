//! 趋势 and 对比: the figures of a form over a span of days, each day by the roster of that day.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    DepartmentId, clock,
    form::Cadence,
    policy::{Action, Scope, Viewer},
    statistics::Counts,
};
use store::{
    expected::Question,
    statistics::{self, By, Row},
};

use crate::{App, Error, Result, School, forms};

/// Days of a span at most.
pub const MOST_DAYS: u64 = 92;
/// Days of a span if nothing is said, the last one today.
const USUAL_DAYS: u64 = 14;

/// Which days of which form.
#[derive(Debug, Clone, Copy)]
pub struct Spanned<'a> {
    /// The form's code.
    pub form: &'a str,
    /// The first day; if left out, so that there are fourteen.
    pub from: Option<NaiveDate>,
    /// The last day; today if left out. Days to come have no figures.
    pub to: Option<NaiveDate>,
    /// The slot of each day; the first if left out.
    pub slot: Option<i16>,
    /// Only those counted under this department.
    pub department: Option<DepartmentId>,
}

/// Figures day by day.
#[derive(Debug, Clone)]
pub struct Span {
    /// The first day.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
    /// The hour these were true.
    pub as_of: DateTime<Utc>,
    /// The days the form is asked, in order; of a form of the week its last days.
    pub days: Vec<OfDay>,
}

/// The figures of a day.
#[derive(Debug, Clone)]
pub struct OfDay {
    /// The day.
    pub day: NaiveDate,
    /// The hour its figures are read.
    pub cutoff_at: DateTime<Utc>,
    /// By department, in the directory's order.
    pub rows: Vec<Row>,
    /// Their sum.
    pub total: Counts,
}

/// The figures of a span of what the viewer may see.
pub async fn span(app: &App, school: &School, viewer: &Viewer, asked: Spanned<'_>, by: By) -> Result<Span> {
    let mut tx = app.store().reading(school.corp()).await?;
    let found = span_in(app, &mut tx, school, viewer.scope(Action::SeeStatistics), asked, by).await?;
    tx.commit().await?;
    Ok(found)
}

/// The same in a transaction, for those in a scope.
pub(crate) async fn span_in(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    scope: Scope,
    asked: Spanned<'_>,
    by: By,
) -> Result<Span> {
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let now = app.now();
    let today = school.today(now);
    let (from, to) = ends(asked, today)?;
    let loaded = forms::current(app, tx, asked.form).await?;
    let form = &loaded.published.form;
    if matches!(form.cadence, Cadence::Once | Cadence::Event) {
        return Err(Error::field("form", "这张表单不是按天或按周填报的，没有趋势和对比"));
    }
    let slot = asked.slot.unwrap_or(0);
    let mut days: Vec<OfDay> = Vec::new();
    let mut last = None;
    // From the end, so that of a week its last day counts.
    for day in from.iter_days().take_while(|day| *day <= to.min(today)).collect::<Vec<_>>().into_iter().rev()
    {
        let turn = loaded.turns(school, day).into_iter().find(|turn| turn.period.slot == slot);
        let Some(turn) = turn.filter(|turn| last != Some(turn.period)) else { continue };
        last = Some(turn.period);
        let question =
            Question { under: asked.department, ..loaded.question(school.corp(), day, slot, scope.clone()) };
        let rows = statistics::by(tx, &question, by).await?;
        let total = rows.iter().map(|row| row.counts).sum();
        days.push(OfDay { day, cutoff_at: turn.window.cutoff_at, rows, total });
    }
    days.reverse();
    Ok(Span { from, to, as_of: now, days })
}

fn ends(asked: Spanned<'_>, today: NaiveDate) -> Result<(NaiveDate, NaiveDate)> {
    for (name, day) in [("from", asked.from), ("to", asked.to)] {
        if day.is_some_and(|day| clock::parse_day(&day.to_string()).is_none()) {
            return Err(Error::field(name, "请填 1900 到 2199 年之间的日期，例如 2020-03-04"));
        }
    }
    let to = asked.to.unwrap_or_else(|| asked.from.map_or(today, |from| from.max(today)));
    let from = asked.from.unwrap_or_else(|| to - Days::new(USUAL_DAYS - 1));
    if from > to {
        return Err(Error::field("from", "开始日期不能晚于结束日期"));
    }
    if (to - from).num_days() >= i64::try_from(MOST_DAYS).unwrap_or(i64::MAX) {
        return Err(Error::field("from", format!("一次最多看 {MOST_DAYS} 天，请缩短日期范围")));
    }
    Ok((from, to))
}
