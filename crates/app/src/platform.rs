//! 企业微信使用情况: how the school uses the platform. Figures are collected by a job, brought as the console's export, or entered by
//! hand; each says where it comes from and the hour it was true, and stays when WeCom has it no more.

mod briefing;
pub(crate) mod collect;
mod files;
mod lists;
pub mod visits;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use domain::{
    audit::Act,
    platform::{self as rules, Metric, Reading, Source},
    policy::{Action, Viewer},
};
use serde_json::json;
use store::{
    Scoped,
    audit::{self, Event},
    jobs as queue,
    platform::{self as rows, Figure, NewFigure, Origin},
};

pub use briefing::{Briefing, briefing};
pub use files::{FiguresOutcome, UsageOutcome, add_figures, add_usage};
pub use lists::{Asked, AskedRecords, Record, Records, Usage, records, usage};
pub use store::platform::{Collection, usage::Of, usage::Row as UsageRow};

use crate::{App, Error, FieldError, Result, School, forms, jobs::collect_platform};

/// Days of figures at most.
const MOST_DAYS: i64 = 190;
/// Days that are shown where nobody says which.
const USUAL_DAYS: u64 = 29;

/// For those who see how the school uses the platform.
fn see(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::SeePlatform) { Ok(()) } else { Err(Error::Forbidden) }
}

/// For those who run it.
fn administer(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Refuses whoever may bring no export of the console. Asked before the file is read, too: nobody else's is to lie in memory.
pub fn may_bring(viewer: &Viewer) -> Result<()> {
    administer(viewer)
}

/// Everything that is known of a span of days.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The first day.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
    /// The hour this was read.
    pub as_of: DateTime<Utc>,
    /// Whether figures are being collected now.
    pub collecting: bool,
    /// When they are next.
    pub next_at: DateTime<Utc>,
    /// What is known, in the page's order; every metric, also those of which nothing is.
    pub metrics: Vec<Known>,
    /// How collecting went.
    pub collections: Vec<Collection>,
}

/// What is known of a metric.
#[derive(Debug, Clone)]
pub struct Known {
    /// Which.
    pub metric: Metric,
    /// By part; of a metric without parts one, or none where nothing is known.
    pub parts: Vec<Part>,
}

/// … of a part of it.
#[derive(Debug, Clone)]
pub struct Part {
    /// A form, a module, a role; empty: the whole.
    pub part: String,
    /// What a form is called.
    pub title: Option<String>,
    /// The newest reading that counts.
    pub now: Told,
    /// Other sources' readings of the same day.
    pub others: Vec<Told>,
    /// What counts of each day of the span.
    pub days: Vec<Reading>,
}

/// A reading, and who entered it.
#[derive(Debug, Clone)]
pub struct Told {
    /// The reading.
    pub reading: Reading,
    /// By name.
    pub entered_by: Option<String>,
}

/// Everything of a span of days, both ends in it; the last thirty where nobody says which.
pub async fn look(
    app: &App,
    school: &School,
    viewer: &Viewer,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<Overview> {
    see(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let (from, to) = span(school.today(now), from, to)?;
    let mut tx = app.store().scoped(corp).await?;
    let figures = rows::figures(&mut tx, corp, from, to).await?;
    let collections = rows::collections(&mut tx, corp).await?;
    let collecting = rows::collecting(&mut tx, corp, collect_platform::KIND, now).await?;
    let titles = form_titles(app, &mut tx).await?;
    tx.commit().await?;
    let mut known = by_part(figures);
    let metrics = Metric::ALL.into_iter().map(|metric| {
        let parts = known.remove(&metric).unwrap_or_default().into_iter();
        let parts = parts.filter_map(|(part, days)| part_of(part, days, from, &titles)).collect();
        Known { metric, parts }
    });
    let metrics = metrics.collect();
    let next_at = rules::next_collection(school.zone, now);
    Ok(Overview { from, to, as_of: now, collecting, next_at, metrics, collections })
}

fn span(today: NaiveDate, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<(NaiveDate, NaiveDate)> {
    let to = to.unwrap_or(today);
    let usual = to.checked_sub_days(Days::new(USUAL_DAYS)).unwrap_or(to);
    let from = from.unwrap_or(usual);
    if to > today {
        return Err(Error::field("to", "还没有到这一天，请选择今天或更早的日期"));
    }
    if from > to || from.year() < 2000 {
        return Err(Error::field("from", "开始日期要在结束日期之前，且不早于 2000 年"));
    }
    if (to - from).num_days() >= MOST_DAYS {
        return Err(Error::field("from", format!("一次最多看 {MOST_DAYS} 天，请缩短时间段")));
    }
    Ok((from, to))
}

type ByDay = BTreeMap<NaiveDate, Vec<Told>>;

fn by_part(figures: Vec<Figure>) -> BTreeMap<Metric, BTreeMap<String, ByDay>> {
    let mut known: BTreeMap<Metric, BTreeMap<String, ByDay>> = BTreeMap::new();
    for told in figures.into_iter().filter_map(told) {
        let Reading { metric, part, day, .. } = &told.reading;
        let (metric, part, day) = (*metric, part.clone(), *day);
        known.entry(metric).or_default().entry(part).or_default().entry(day).or_default().push(told);
    }
    known
}

/// A row, unless it is of a metric or a source that this version does not know.
fn told(figure: Figure) -> Option<Told> {
    let metric = Metric::parse(&figure.metric)?;
    let source = Source::parse(&figure.source)?;
    let Figure { part, day, value, as_of, note, entered_by, .. } = figure;
    Some(Told { reading: Reading { metric, part, day, source, value, as_of, note }, entered_by })
}

fn part_of(part: String, days: ByDay, from: NaiveDate, titles: &[(String, String)]) -> Option<Part> {
    let counting = |readings: &[Told]| rules::counting(readings.iter().map(|told| &told.reading)).cloned();
    let (newest, last) = days.last_key_value()?;
    // What is of parts is of its day: a form that ended last month has no figure now.
    let metric = last.first()?.reading.metric;
    if *newest < from && metric.per() != rules::Per::Now {
        return None;
    }
    let counts = counting(last)?;
    let (mut now, mut others) = (None, Vec::new());
    for told in last {
        if told.reading == counts && now.is_none() {
            now = Some(told.clone());
        } else {
            others.push(told.clone());
        }
    }
    let shown = days.range(from..).filter_map(|(_, readings)| counting(readings)).collect();
    let title = titles.iter().find(|(code, _)| *code == part).map(|(_, title)| title.clone());
    Some(Part { part, title, now: now?, others, days: shown })
}

/// What forms are called, by code.
async fn form_titles(app: &App, tx: &mut store::Scoped) -> Result<Vec<(String, String)>> {
    let corp = tx.corp();
    let mut titles = Vec::new();
    for (campaign, version) in store::forms::list(tx, corp, None).await? {
        let loaded = forms::compiled(app, &campaign, version)?;
        titles.push((loaded.published.form.code.clone(), loaded.published.form.title.clone()));
    }
    Ok(titles)
}

/// What somebody enters.
#[derive(Debug, Clone, Copy)]
pub struct Entered<'a> {
    /// Of which metric.
    pub metric: &'a str,
    /// What of it, e.g. the size a price is for; empty: the whole.
    pub part: &'a str,
    /// The day it is true of.
    pub day: NaiveDate,
    /// As people say it: GB, yuan.
    pub value: f64,
    /// Where it was read, or why it is so.
    pub note: &'a str,
}

/// Keeps what somebody enters. What is collected stays beside it, and counts before it.
pub async fn enter(app: &App, school: &School, viewer: &Viewer, entered: Entered<'_>) -> Result<()> {
    administer(viewer)?;
    let now = app.now();
    let mut wrong: Vec<FieldError> = Vec::new();
    let mut say = |field: &str, message: &str| {
        wrong.push(FieldError { field: field.into(), message: message.into() });
    };
    let metric = Metric::parse(entered.metric).filter(|metric| metric.is_entered());
    if metric.is_none() {
        say("metric", "这一项不能登记，请从列表里选择");
    }
    let part = entered.part.trim();
    let has_parts = metric.is_some_and(Metric::has_parts);
    if has_parts && (part.is_empty() || part.chars().count() > 40 || part.chars().any(char::is_control)) {
        say("part", "请填写规格，例如 1TB，不超过 40 个字");
    }
    if !has_parts && !part.is_empty() {
        say("part", "这一项没有规格，请留空");
    }
    if entered.day > school.today(now) || entered.day.year() < 2000 {
        say("day", "请填写今天或更早的日期，不早于 2000 年");
    }
    let value = metric.and_then(|metric| metric.unit().kept(entered.value));
    if metric.is_some() && value.is_none() {
        say("value", "请填写 0 或更大的数；人数、次数应为整数");
    }
    let note = entered.note.trim();
    if note.chars().count() > 200 || note.chars().any(char::is_control) {
        say("note", "说明不超过 200 字");
    }
    let (Some(metric), Some(value), true) = (metric, value, wrong.is_empty()) else {
        return Err(Error::Invalid(wrong));
    };
    let figure = NewFigure { metric: metric.as_str(), part: part.to_owned(), day: entered.day, value };
    let origin = Origin {
        source: Source::Hand.as_str(),
        as_of: now,
        by: Some(viewer.member),
        note: Some(note).filter(|note| !note.is_empty()),
    };
    let mut tx = app.store().scoped(school.corp()).await?;
    rows::keep(&mut tx, school.corp(), &[figure], origin).await?;
    record(app, &mut tx, viewer, metric, entered.day, "set").await?;
    tx.commit().await?;
    Ok(())
}

/// Records that somebody entered or removed a figure, and not what it is.
async fn record(
    app: &App,
    tx: &mut Scoped,
    viewer: &Viewer,
    metric: Metric,
    day: NaiveDate,
    act: &str,
) -> Result<()> {
    let event = Event::new(tx.corp(), Act::FigureChanged, Some(viewer.member), app.now());
    let detail = json!({ "act": act, "metric": metric.as_str(), "day": day });
    Ok(audit::insert(tx, event.saying(detail)).await?)
}

/// Takes back what was entered or brought.
pub async fn remove(
    app: &App,
    school: &School,
    viewer: &Viewer,
    (metric, part, day): (&str, &str, NaiveDate),
    source: Source,
) -> Result<()> {
    administer(viewer)?;
    let metric = Metric::parse(metric).ok_or(Error::NotFound)?;
    // Postgres takes no NUL, and no part has one.
    if part.contains('\0') {
        return Err(Error::NotFound);
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    let which = (metric.as_str(), part, day);
    if !rows::remove(&mut tx, school.corp(), which, source.as_str()).await? {
        return Err(Error::NotFound);
    }
    record(app, &mut tx, viewer, metric, day, "removed").await?;
    tx.commit().await?;
    Ok(())
}

/// Has figures collected now, unless they are.
pub async fn collect_now(app: &App, school: &School, viewer: &Viewer) -> Result<()> {
    administer(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let added = queue::add(&mut tx, &collect_platform::job(corp, now), now).await?;
    tx.commit().await?;
    if added {
        app.job_added().notify_one();
    }
    Ok(())
}
