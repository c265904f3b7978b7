//! How Postgres hands its log to the backup (docs/BACKUP.md).

use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Nullable},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::Result;

/// What Postgres says of its archiving.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Archiver {
    /// Whether it archives at all: `archive_mode`.
    #[diesel(sql_type = Bool)]
    pub archives: bool,
    /// Whether its last try failed.
    #[diesel(sql_type = Bool)]
    pub fails: bool,
    /// Seconds since the last part of the log was archived; none: none was.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub seconds: Option<i64>,
}

/// Looks at it. Any role may.
pub async fn look(conn: &mut AsyncPgConnection) -> Result<Archiver> {
    Ok(diesel::sql_query(
        "select current_setting('archive_mode') <> 'off' as archives,
                coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) as fails,
                extract(epoch from clock_timestamp() - last_archived_time)::bigint as seconds
         from pg_stat_archiver",
    )
    .get_result(conn)
    .await?)
}
