//! 使用情况简报: a month's figures in sentences.

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use domain::{
    platform::{self as rules, Metric, Per, Reading, briefing as words},
    policy::Viewer,
};
use store::platform as rows;

use super::{Told, by_part, form_titles, see};
use crate::{App, Error, Result, School};

/// A month's briefing.
#[derive(Debug, Clone)]
pub struct Briefing {
    /// What stands above it.
    pub title: String,
    /// The first day of the month.
    pub first: NaiveDate,
    /// The last day that is in it: the month's, or today.
    pub last: NaiveDate,
    /// The hour it was made.
    pub as_of: DateTime<Utc>,
    /// What it says.
    pub sections: Vec<words::Section>,
}

/// The briefing of a month, `2020-03`; of this one as far as it is.
pub async fn briefing(app: &App, school: &School, viewer: &Viewer, month: &str) -> Result<Briefing> {
    see(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let first = format!("{month}-01")
        .parse::<NaiveDate>()
        .ok()
        .filter(|first| month.len() == 7 && first.year() >= 2000 && *first <= today);
    let first = first.ok_or_else(|| Error::field("month", "请选择本月或更早的月份，例如 2020-03"))?;
    let ends = first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(first);
    let last = ends.min(today);
    let mut tx = app.store().scoped(corp).await?;
    let figures = rows::figures(&mut tx, corp, first, last).await?;
    let forms = form_titles(app, &mut tx).await?;
    tx.commit().await?;
    let counting: Vec<Reading> = by_part(figures)
        .into_iter()
        .flat_map(|(metric, parts)| parts.into_values().map(move |days| (metric, days)))
        .flat_map(|(metric, days)| {
            days.into_iter().filter_map(move |(day, readings)| of_month(metric, day >= first, &readings))
        })
        .collect();
    let month = words::Month { first, readings: counting.iter().collect(), forms: &forms };
    Ok(Briefing { title: month.title(), first, last, as_of: now, sections: month.sections() })
}

/// What counts of a day. Of a standing also the last before the month; of what happens, the month's days alone.
fn of_month(metric: Metric, within: bool, readings: &[Told]) -> Option<Reading> {
    let wanted = within || metric.per() == Per::Now;
    let counts = rules::counting(readings.iter().map(|told| &told.reading)).cloned();
    counts.filter(|_| wanted)
}
