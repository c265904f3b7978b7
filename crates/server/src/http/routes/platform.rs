//! 企业微信使用情况: how the school uses the platform.

pub mod files;
pub mod lists;

use actix_web::{HttpResponse, delete, get, post, put, web};
use app::platform::{self, Entered, Known, Part, Told};
use chrono::{DateTime, NaiveDate, Utc};
use domain::platform::{Metric, Per, Reading, Source, Unit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Where a reading comes from; the first that is there counts.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlatformSource)]
pub enum SourceDto {
    /// WeCom's interface.
    Api,
    /// Our own records.
    Own,
    /// The console's export.
    Console,
    /// Entered by somebody.
    Hand,
}

impl From<Source> for SourceDto {
    fn from(source: Source) -> Self {
        match source {
            Source::Api => Self::Api,
            Source::Own => Self::Own,
            Source::Console => Self::Console,
            Source::Hand => Self::Hand,
        }
    }
}

/// What a value counts.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlatformUnit)]
enum UnitDto {
    People,
    Times,
    Items,
    Gigabytes,
    Yuan,
}

/// Of what a value is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlatformPer)]
enum PerDto {
    /// A standing: the newest is what holds.
    Now,
    /// What happened on a day.
    Day,
    /// What happened in a week, under its Monday.
    Week,
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SpanQuery {
    /// The first day; thirty days up to the last if left out.
    from: Option<NaiveDate>,
    /// The last day; today if left out. At most 190 days.
    to: Option<NaiveDate>,
}

/// How the school uses the platform.
#[derive(Debug, Serialize, ToSchema)]
pub struct Platform {
    from: NaiveDate,
    to: NaiveDate,
    as_of: DateTime<Utc>,
    /// Whether figures are being collected now.
    collecting: bool,
    /// When they are next.
    next_at: DateTime<Utc>,
    metrics: Vec<PlatformMetric>,
    collectors: Vec<PlatformCollector>,
}

/// What is known of a metric.
#[derive(Debug, Serialize, ToSchema)]
struct PlatformMetric {
    #[schema(example = "active_members")]
    metric: &'static str,
    /// As schools say it, in Chinese.
    title: &'static str,
    /// registration, activity, own, meetings, living, drive, contacts or logs.
    group: &'static str,
    unit: UnitDto,
    per: PerDto,
    /// Days after which WeCom has it no more; null: it does not say.
    window_days: Option<u16>,
    /// Where it comes from by itself; null: it is brought or entered.
    collected_from: Option<SourceDto>,
    /// Who collects it; null: nobody can.
    collector: Option<&'static str>,
    /// Whether an administrator may enter it.
    is_entered: bool,
    has_parts: bool,
    /// What is known, by part; empty: nothing.
    parts: Vec<PlatformPart>,
}

/// What is known of a part of a metric.
#[derive(Debug, Serialize, ToSchema)]
struct PlatformPart {
    /// A form's code, a module, a role, a size; empty: the whole.
    part: String,
    /// What a form is called.
    title: Option<String>,
    /// The newest that counts.
    now: PlatformReading,
    /// Other sources' readings of the same day.
    others: Vec<PlatformReading>,
    /// What counts of each day of the span.
    days: Vec<PlatformDay>,
}

/// A reading.
#[derive(Debug, Serialize, ToSchema)]
struct PlatformReading {
    /// What it is true of.
    day: NaiveDate,
    value: f64,
    source: SourceDto,
    /// The hour it was true.
    as_of: DateTime<Utc>,
    note: Option<String>,
    /// Who entered or brought it.
    entered_by: Option<String>,
}

/// What counts of a day.
#[derive(Debug, Serialize, ToSchema)]
struct PlatformDay {
    day: NaiveDate,
    value: f64,
    source: SourceDto,
}

/// How collecting went.
#[derive(Debug, Serialize, ToSchema)]
struct PlatformCollector {
    #[schema(example = "meetings")]
    collector: String,
    tried_at: DateTime<Utc>,
    /// The last time it went well.
    collected_at: Option<DateTime<Utc>>,
    /// Since when it fails; null: it does not.
    failing_since: Option<DateTime<Utc>>,
    /// Why, in Chinese, with what to do.
    error: Option<String>,
}

fn metric(known: Known) -> PlatformMetric {
    let Known { metric, parts } = known;
    PlatformMetric {
        metric: metric.as_str(),
        title: metric.title(),
        group: metric.group().as_str(),
        unit: match metric.unit() {
            Unit::People => UnitDto::People,
            Unit::Times => UnitDto::Times,
            Unit::Items => UnitDto::Items,
            Unit::Gigabytes => UnitDto::Gigabytes,
            Unit::Yuan => UnitDto::Yuan,
        },
        per: match metric.per() {
            Per::Now => PerDto::Now,
            Per::Day => PerDto::Day,
            Per::Week => PerDto::Week,
        },
        window_days: metric.window(),
        collected_from: metric.collected_from().map(SourceDto::from),
        collector: metric.collector().map(|collector| collector.as_str()),
        is_entered: metric.is_entered(),
        has_parts: metric.has_parts(),
        parts: parts.into_iter().map(|one| part(metric, one)).collect(),
    }
}

fn part(metric: Metric, part: Part) -> PlatformPart {
    let shown = |reading: &Reading| metric.unit().shown(reading.value);
    let told = |told: Told| PlatformReading {
        day: told.reading.day,
        value: shown(&told.reading),
        source: told.reading.source.into(),
        as_of: told.reading.as_of,
        note: told.reading.note,
        entered_by: told.entered_by,
    };
    let days = part.days.iter().map(|reading| PlatformDay {
        day: reading.day,
        value: shown(reading),
        source: reading.source.into(),
    });
    PlatformPart {
        days: days.collect(),
        part: part.part,
        title: part.title,
        now: told(part.now),
        others: part.others.into_iter().map(told).collect(),
    }
}

/// How the school uses the platform: every figure with its source and the hour it was true.
#[utoipa::path(
    operation_id = "platform_get",
    tag = "platform", security(("session" = [])), params(SpanQuery),
    responses((status = 200, body = Platform), Refusals))]
#[get("/platform")]
pub async fn get(who: SignedIn, query: Query<SpanQuery>) -> Answer<web::Json<Platform>> {
    let (app, school, viewer) = who.parts()?;
    let found = platform::look(app, school, viewer, query.0.from, query.0.to).await?;
    let collectors = found.collections.into_iter().map(|one| PlatformCollector {
        collector: one.collector,
        tried_at: one.tried_at,
        collected_at: one.collected_at,
        failing_since: one.failing_since,
        error: one.error,
    });
    Ok(web::Json(Platform {
        from: found.from,
        to: found.to,
        as_of: found.as_of,
        collecting: found.collecting,
        next_at: found.next_at,
        metrics: found.metrics.into_iter().map(metric).collect(),
        collectors: collectors.collect(),
    }))
}

/// Has figures collected now; while they are, nothing more happens.
#[utoipa::path(
    operation_id = "platform_collect",
    tag = "platform", security(("session" = [])),
    responses((status = 204), Refusals))]
#[post("/platform/collection")]
pub async fn collect(who: SignedIn) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    platform::collect_now(app, school, viewer).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which month.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MonthQuery {
    /// This one or an earlier one.
    #[param(example = "2020-03")]
    month: String,
}

/// A month's briefing.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlatformBriefing {
    title: String,
    /// The school.
    school: String,
    first: NaiveDate,
    /// The last day that is in it.
    last: NaiveDate,
    as_of: DateTime<Utc>,
    sections: Vec<PlatformBriefingSection>,
}

/// A heading and what stands below it, in Chinese.
#[derive(Debug, Serialize, ToSchema)]
struct PlatformBriefingSection {
    title: &'static str,
    lines: Vec<PlatformBriefingLine>,
}

/// A sentence, and what it rests on.
#[derive(Debug, Serialize, ToSchema)]
struct PlatformBriefingLine {
    text: String,
    /// As a reader is told; empty: it says that there is no figure.
    sources: Vec<&'static str>,
    /// The hour the newest of its figures was true.
    as_of: Option<DateTime<Utc>>,
}

/// The figures of a month as an information centre writes them. No names.
#[utoipa::path(
    operation_id = "platform_briefing",
    tag = "platform", security(("session" = [])), params(MonthQuery),
    responses((status = 200, body = PlatformBriefing), Refusals))]
#[get("/platform/briefing")]
pub async fn briefing(who: SignedIn, query: Query<MonthQuery>) -> Answer<web::Json<PlatformBriefing>> {
    let (app, school, viewer) = who.parts()?;
    let found = platform::briefing(app, school, viewer, &query.0.month).await?;
    let sections = found.sections.into_iter().map(|section| PlatformBriefingSection {
        title: section.group.title(),
        lines: section
            .lines
            .into_iter()
            .map(|line| PlatformBriefingLine {
                text: line.text,
                sources: line.sources.into_iter().map(Source::title).collect(),
                as_of: line.as_of,
            })
            .collect(),
    });
    Ok(web::Json(PlatformBriefing {
        title: found.title,
        school: school.corp.name.clone(),
        first: found.first,
        last: found.last,
        as_of: found.as_of,
        sections: sections.collect(),
    }))
}

/// A figure to be entered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlatformEntry {
    #[schema(example = "drive_used")]
    metric: String,
    /// The size a price is for; left out: the whole.
    #[serde(default)]
    part: String,
    /// The day it is true of.
    day: NaiveDate,
    /// As people say it: people, times, GB, yuan.
    #[schema(example = 30)]
    value: f64,
    /// Where it was read, at most 200 characters.
    #[serde(default)]
    note: String,
}

/// Keeps a figure that somebody enters; the same again changes nothing. What is collected stays, and counts before it.
#[utoipa::path(
    operation_id = "platform_enter",
    tag = "platform", security(("session" = [])), request_body = PlatformEntry,
    responses((status = 204), Refusals, WriteRefusals))]
#[put("/platform/figures")]
pub async fn enter(who: SignedIn, body: Json<PlatformEntry>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let PlatformEntry { metric, part, day, value, note } = &body.0;
    let entered = Entered { metric, part, day: *day, value: *value, note };
    platform::enter(app, school, viewer, entered).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What of a figure is taken back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RemoveQuery {
    /// console or hand.
    #[param(inline)]
    source: SourceDto,
    /// The size a price is for; left out: the whole.
    #[serde(default)]
    part: String,
}

/// Takes back what was entered or brought.
#[utoipa::path(
    operation_id = "platform_remove",
    tag = "platform", security(("session" = [])),
    params(("metric" = String, Path), ("day" = NaiveDate, Path), RemoveQuery),
    responses((status = 204), Refusals))]
#[delete("/platform/figures/{metric}/{day}")]
pub async fn remove(
    who: SignedIn,
    path: web::Path<(String, NaiveDate)>,
    query: Query<RemoveQuery>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let (metric, day) = path.into_inner();
    let source = match query.0.source {
        SourceDto::Api => Source::Api,
        SourceDto::Own => Source::Own,
        SourceDto::Console => Source::Console,
        SourceDto::Hand => Source::Hand,
    };
    platform::remove(app, school, viewer, (&metric, &query.0.part, day), source).await?;
    Ok(HttpResponse::NoContent().finish())
}
