//! 企业微信使用情况: figures by metric, day and source, and how collecting them went.

pub mod livings;
pub mod records;
pub mod usage;
pub mod visits;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId};

use crate::{
    Result,
    schema::{platform_collections, platform_figures},
};

/// A figure to be kept.
#[derive(Debug, Clone)]
pub struct NewFigure {
    /// Of `domain::platform::Metric`.
    pub metric: &'static str,
    /// A form, a module, a role; empty: the whole.
    pub part: String,
    /// What it is true of.
    pub day: NaiveDate,
    /// In the metric's unit.
    pub value: i64,
}

/// Where figures come from, and when they were true.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// api, own, console or hand.
    pub source: &'static str,
    /// The hour.
    pub as_of: DateTime<Utc>,
    /// Who brought or entered them.
    pub by: Option<MemberId>,
    /// What they add.
    pub note: Option<&'a str>,
}

/// Keeps figures. A newer reading of the same source takes the place of the one before, an older one does not; readings of
/// other sources stand beside it. How many rows differ by it.
pub async fn keep(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    figures: &[NewFigure],
    origin: Origin<'_>,
) -> Result<usize> {
    let mut kept = 0;
    for part in figures.chunks(10_000) {
        kept += diesel::sql_query(
            "insert into platform_figures as kept (corp_id, metric, part, day, value, source, as_of, note, entered_by)
             select distinct on (r.metric, r.part, r.day) $1, r.*, $6, $7, $8, $9
             from unnest($2, $3, $4, $5) as r (metric, part, day, value) order by r.metric, r.part, r.day, r.value desc
             on conflict (corp_id, metric, part, day, source) do update
             set value = excluded.value, as_of = excluded.as_of, note = excluded.note, entered_by = excluded.entered_by
             where kept.as_of <= excluded.as_of",
        )
        .bind::<Integer, _>(corp)
        .bind::<Array<Text>, _>(part.iter().map(|one| one.metric).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|one| one.part.as_str()).collect::<Vec<_>>())
        .bind::<Array<Date>, _>(part.iter().map(|one| one.day).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(part.iter().map(|one| one.value).collect::<Vec<_>>())
        .bind::<Text, _>(origin.source)
        .bind::<Timestamptz, _>(origin.as_of)
        .bind::<Nullable<Text>, _>(origin.note)
        .bind::<Nullable<BigInt>, _>(origin.by)
        .execute(conn)
        .await?;
    }
    Ok(kept)
}

/// Takes back what somebody entered or brought; what is collected stays. False: there is no such figure.
pub async fn remove(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    (metric, part, day): (&str, &str, NaiveDate),
    source: &str,
) -> Result<bool> {
    let row = platform_figures::table
        .filter(platform_figures::corp_id.eq(corp))
        .filter(platform_figures::metric.eq(metric))
        .filter(platform_figures::part.eq(part))
        .filter(platform_figures::day.eq(day))
        .filter(platform_figures::source.eq(source))
        .filter(platform_figures::entered_by.is_not_null());
    Ok(diesel::delete(row).execute(conn).await? == 1)
}

/// A figure as it is kept.
#[derive(Debug, Clone, QueryableByName)]
pub struct Figure {
    /// Of `domain::platform::Metric`.
    #[diesel(sql_type = Text)]
    pub metric: String,
    /// A form, a module, a role; empty: the whole.
    #[diesel(sql_type = Text)]
    pub part: String,
    /// What it is true of.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// api, own, console or hand.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// In the metric's unit.
    #[diesel(sql_type = BigInt)]
    pub value: i64,
    /// The hour it was true.
    #[diesel(sql_type = Timestamptz)]
    pub as_of: DateTime<Utc>,
    /// What whoever entered it, or WeCom, adds.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
    /// Who entered it, by name.
    #[diesel(sql_type = Nullable<Text>)]
    pub entered_by: Option<String>,
}

/// Every reading of a span of days, both ends in it, and of what has none there the last one before.
pub async fn figures(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Figure>> {
    Ok(diesel::sql_query(
        "with wanted as (
           select * from platform_figures where corp_id = $1 and day between $2 and $3
           union all
           (select distinct on (metric, part, source) * from platform_figures b where corp_id = $1 and day < $2
            order by metric, part, source, day desc)
         )
         select w.metric, w.part, w.day, w.source, w.value, w.as_of, w.note, coalesce(p.name, m.name, m.userid) as entered_by
         from wanted w
         left join members m on m.corp_id = w.corp_id and m.member_id = w.entered_by
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         order by w.metric, w.part, w.day, w.source",
    )
    .bind::<Integer, _>(corp)
    .bind::<Date, _>(from)
    .bind::<Date, _>(to)
    .load(conn)
    .await?)
}

/// When each day of a metric was read last, part by part, of one source, since a day.
pub async fn read_at(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    metric: &str,
    source: &str,
    since: NaiveDate,
) -> Result<Vec<(NaiveDate, DateTime<Utc>)>> {
    Ok(platform_figures::table
        .filter(platform_figures::corp_id.eq(corp))
        .filter(platform_figures::metric.eq(metric))
        .filter(platform_figures::source.eq(source))
        .filter(platform_figures::day.ge(since))
        .select((platform_figures::day, platform_figures::as_of))
        .load(conn)
        .await?)
}

/// How collecting went.
#[derive(Debug, Clone, Queryable)]
pub struct Collection {
    /// Of `domain::platform::Collector`.
    pub collector: String,
    /// The last try.
    pub tried_at: DateTime<Utc>,
    /// The last that went well.
    pub collected_at: Option<DateTime<Utc>>,
    /// Since when it fails; none: it does not.
    pub failing_since: Option<DateTime<Utc>>,
    /// Why, in Chinese.
    pub error: Option<String>,
}

/// How collecting went, each collector's last.
pub async fn collections(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Collection>> {
    Ok(platform_collections::table
        .filter(platform_collections::corp_id.eq(corp))
        .order(platform_collections::collector)
        .select((
            platform_collections::collector,
            platform_collections::tried_at,
            platform_collections::collected_at,
            platform_collections::failing_since,
            platform_collections::error,
        ))
        .load(conn)
        .await?)
}

/// Keeps how a try went; of one that fails again, since when it does.
pub async fn tried(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    collector: &str,
    error: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::sql_query(
        "insert into platform_collections as kept (corp_id, collector, tried_at, collected_at, failing_since, error)
         values ($1, $2, $4, case when $3 is null then $4 end, case when $3 is not null then $4 end, $3)
         on conflict (corp_id, collector) do update
         set tried_at = excluded.tried_at, collected_at = coalesce(excluded.collected_at, kept.collected_at),
             failing_since = case when excluded.error is not null then coalesce(kept.failing_since, excluded.failing_since) end,
             error = excluded.error",
    )
    .bind::<Integer, _>(corp)
    .bind::<Text, _>(collector)
    .bind::<Nullable<Text>, _>(error)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a job of this kind is due or running.
pub async fn collecting(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    kind: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    use crate::schema::jobs;
    let waiting = jobs::state.eq("waiting").and(jobs::run_at.le(now));
    let busy = jobs::table
        .filter(jobs::corp_id.eq(corp))
        .filter(jobs::kind.eq(kind))
        .filter(waiting.or(jobs::state.eq("running")));
    Ok(diesel::select(diesel::dsl::exists(busy)).get_result(conn).await?)
}
