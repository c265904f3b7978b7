//! Collecting figures, each collector for itself: one that fails leaves its figures as they are, with since when and why, and the
//! others go on.

mod api;
mod logs;
mod own;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::platform::{Collector, Metric, Source, wanting};
use store::platform::{self as rows, NewFigure, Origin};

use crate::{App, Error, Result, School, outbox};

/// Why a collector can't, in words for the page; none: it could.
type Could = Option<String>;

/// Collects what there is.
pub(crate) async fn all(app: &App, school: &School) -> Result<()> {
    let corp = school.corp();
    for collector in Collector::ALL {
        let error = match one(app, school, collector).await {
            Ok(could) => could,
            Err(Error::Wecom(error)) => {
                tracing::warn!(
                    corp,
                    collector = collector.as_str(),
                    error = &error as &dyn std::error::Error,
                    "WeCom gave no figures"
                );
                Some(outbox::words(&error))
            }
            // Postgres is not there: the job comes again.
            Err(error @ Error::Unavailable(_)) => return Err(error),
            Err(error) => {
                tracing::error!(
                    corp,
                    collector = collector.as_str(),
                    error = &error as &dyn std::error::Error,
                    "figures could not be collected"
                );
                Some("点名内部出错，已记录；下次采集时重试，若持续出现请查看服务日志".into())
            }
        };
        let mut tx = app.store().scoped(corp).await?;
        rows::tried(&mut tx, corp, collector.as_str(), error.as_deref(), app.now()).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn one(app: &App, school: &School, collector: Collector) -> Result<Could> {
    match collector {
        Collector::Registration => own::registration(app, school).await,
        Collector::Visits => own::visits(app, school).await,
        Collector::Reports => own::reports(app, school).await,
        Collector::Questionnaire => own::questionnaire(app, school).await,
        Collector::Active => api::active(app, school).await,
        Collector::Drive => api::drive(app, school).await,
        Collector::Meetings => api::meetings(app, school).await,
        Collector::Living => api::living(app, school).await,
        Collector::MemberLog => logs::members(app, school).await,
        Collector::AdminLog => logs::administrators(app, school).await,
    }
}

fn figure(metric: Metric, part: &str, day: NaiveDate, value: i64) -> NewFigure {
    NewFigure { metric: metric.as_str(), part: part.to_owned(), day, value }
}

/// Keeps what was read just now.
async fn keep(
    app: &App,
    school: &School,
    source: Source,
    figures: &[NewFigure],
    note: Option<&str>,
) -> Result<()> {
    let origin = Origin { source: source.as_str(), as_of: app.now(), by: None, note };
    let mut tx = app.store().scoped(school.corp()).await?;
    rows::keep(&mut tx, school.corp(), figures, origin).await?;
    tx.commit().await?;
    Ok(())
}

/// Days that are to be asked for: of the last `window` those that were not read when they were final.
async fn days(
    app: &App,
    school: &School,
    metric: Metric,
    source: Source,
    window: u16,
) -> Result<Vec<NaiveDate>> {
    let (corp, today) = (school.corp(), school.today(app.now()));
    let since = wanting(school.zone, today, window, |_| None).first().copied().unwrap_or(today);
    let mut tx = app.store().scoped(corp).await?;
    let read = rows::read_at(&mut tx, corp, metric.as_str(), source.as_str(), since).await?;
    tx.commit().await?;
    let mut known: HashMap<NaiveDate, DateTime<Utc>> = HashMap::new();
    for (day, as_of) in read {
        // Of several parts the one that was read first.
        known.entry(day).and_modify(|first| *first = as_of.min(*first)).or_insert(as_of);
    }
    Ok(wanting(school.zone, today, window, |day| known.get(&day).copied()))
}
