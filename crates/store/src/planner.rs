//! Help for Postgres's planner after a bulk load.

use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::Result;

/// Gathers fresh figures over the directory's tables, this transaction's rows included. A tenth of a second for a
/// school; without it the next statements may take minutes.
pub async fn refresh_statistics(conn: &mut AsyncPgConnection) -> Result<()> {
    diesel::sql_query("call refresh_statistics()").execute(conn).await?;
    Ok(())
}
