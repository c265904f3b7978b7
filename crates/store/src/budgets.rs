//! Calls of WeCom's APIs, counted for all processes, on the database's clock.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types::Timestamptz};
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
