//! Calls of WeCom's APIs, counted for all processes, on the database's clock.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Double, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;

use crate::{Result, schema::wecom_budgets};

/// What was called, and until when nobody calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = wecom_budgets, treat_none_as_null = true)]
pub struct Budget {
    /// When the minute began that is counted.
    pub minute_begins: DateTime<Utc>,
    /// Calls taken since.
    pub minute_calls: i64,
    /// When the hour began that is counted.
    pub hour_begins: DateTime<Utc>,
    /// Calls taken since.
    pub hour_calls: i64,
    /// Nobody calls before this.
    pub paused_until: Option<DateTime<Utc>>,
    /// WeCom's code that led to it.
    pub paused_code: Option<i64>,
    /// Pauses that came one upon the other.
    pub strikes: i32,
}

/// Locks the budget of an API for this transaction, and says what time it is.
pub async fn lock(conn: &mut AsyncPgConnection, corp: CorpId, api: &str) -> Result<(Budget, DateTime<Utc>)> {
    diesel::insert_into(wecom_budgets::table)
        .values((wecom_budgets::corp_id.eq(corp), wecom_budgets::api.eq(api)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let budget =
        wecom_budgets::table.find((corp, api)).select(Budget::as_select()).for_update().first(conn).await?;
    // After the lock: a transaction's own time may be older than what another one wrote meanwhile.
    let now = diesel::select(diesel::dsl::sql::<Timestamptz>("clock_timestamp()")).get_result(conn).await?;
    Ok((budget, now))
}

/// Writes a locked budget.
pub async fn save(conn: &mut AsyncPgConnection, corp: CorpId, api: &str, budget: &Budget) -> Result<()> {
    diesel::update(wecom_budgets::table.find((corp, api))).set(budget).execute(conn).await?;
    Ok(())
}

/// Calls of an API, as its windows stand on the database's clock.
#[derive(Debug, Clone, QueryableByName)]
pub struct Used {
    /// Path of the call.
    #[diesel(sql_type = Text)]
    pub api: String,
    /// Calls taken in the minute that is counted.
    #[diesel(sql_type = BigInt)]
    pub minute_calls: i64,
    /// … in the hour.
    #[diesel(sql_type = BigInt)]
    pub hour_calls: i64,
    /// Nobody calls before this; none: no pause.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub paused_until: Option<DateTime<Utc>>,
    /// WeCom's code that led to it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub paused_code: Option<i64>,
    /// How long the pause still lasts, in seconds.
    #[diesel(sql_type = Double)]
    pub paused_seconds: f64,
}

/// What was called lately, by API.
pub async fn used(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Used>> {
    Ok(diesel::sql_query(
        "select api,
                case when minute_begins > now - interval '1 minute' then minute_calls else 0 end as minute_calls,
                case when hour_begins > now - interval '1 hour' then hour_calls else 0 end as hour_calls,
                case when paused_until > now then paused_until end as paused_until,
                case when paused_until > now then paused_code end as paused_code,
                greatest(0, extract(epoch from paused_until - now))::double precision as paused_seconds
         from wecom_budgets, lateral (select clock_timestamp() as now) clock
         where corp_id = $1 order by api",
    )
    .bind::<Integer, _>(corp)
    .load(conn)
    .await?)
}
