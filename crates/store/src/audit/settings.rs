//! Settings that protect people: on record whenever they are others than those recorded last.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Integer, Jsonb},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, audit::Act};
use serde_json::Value;

use super::{Event, insert};
use crate::{Result, prepared::prepared};

/// First half of the advisory lock's key; the corp is the second.
const SETTINGS_LOCK: i32 = 0x5365_7474; // "Sett"

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = Jsonb)]
    detail: Value,
}

/// Records the settings of a school unless the last record says the same; whether it did. Of several processes that start at once the
/// second waits for the first to commit, and sees what it recorded.
pub async fn note_settings(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    settings: Value,
    now: DateTime<Utc>,
) -> Result<bool> {
    diesel::sql_query("select pg_advisory_xact_lock($1, $2)")
        .bind::<Integer, _>(SETTINGS_LOCK)
        .bind::<Integer, _>(corp)
        .execute(conn)
        .await?;
    // The act stands in the text: the index is of it alone.
    let sql = "select detail from audit_events where corp_id = $1 and action = 'settings_changed'
               order by event_id desc limit 1";
    let last: Option<Said> = prepared(sql).bind::<Integer, _>(corp).get_result(conn).await.optional()?;
    if last.is_some_and(|last| last.detail == settings) {
        return Ok(false);
    }
    insert(conn, Event::new(corp, Act::SettingsChanged, None, now).saying(settings)).await?;
    Ok(true)
}
