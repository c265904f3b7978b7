//! The schools of this deployment, and the host names that lead to them.

use chrono::NaiveDate;
use diesel::{prelude::*, upsert::excluded};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;

use crate::{
    Result,
    schema::{corp_hosts, corps},
};

/// A school.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = corps, check_for_backend(diesel::pg::Pg))]
pub struct Corp {
    /// Our small integer.
    pub corp_id: CorpId,
    /// What people read.
    pub name: String,
    /// WeCom's corpid, `ww…`.
    pub wecom_corpid: String,
    /// IANA name; the school's day is this zone's.
    pub time_zone: String,
    /// What the first sync finds counts as true since this day, unless the roster says otherwise.
    pub records_begin_on: NaiveDate,
}

/// Makes the table say what the configuration says.
pub async fn upsert(conn: &mut AsyncPgConnection, corp: &Corp, hosts: &[String]) -> Result<()> {
    diesel::insert_into(corps::table)
        .values(corp)
        .on_conflict(corps::corp_id)
        .do_update()
        .set(corp)
        .execute(conn)
        .await?;
    diesel::delete(corp_hosts::table.filter(corp_hosts::corp_id.eq(corp.corp_id))).execute(conn).await?;
    let rows: Vec<_> = hosts
        .iter()
        .map(|host| (corp_hosts::host.eq(host.to_lowercase()), corp_hosts::corp_id.eq(corp.corp_id)))
        .collect();
    diesel::insert_into(corp_hosts::table)
        .values(rows)
        .on_conflict(corp_hosts::host)
        .do_update()
        .set(corp_hosts::corp_id.eq(excluded(corp_hosts::corp_id)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Every school, by id.
pub async fn list(conn: &mut AsyncPgConnection) -> Result<Vec<Corp>> {
    Ok(corps::table.order(corps::corp_id).select(Corp::as_select()).load(conn).await?)
}

#[derive(QueryableByName)]
struct Clock {
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    now: chrono::DateTime<chrono::Utc>,
}

/// The database's clock, to be compared with the host's at start.
pub async fn database_clock(conn: &mut AsyncPgConnection) -> Result<chrono::DateTime<chrono::Utc>> {
    let row: Clock = diesel::sql_query("select clock_timestamp() as now").get_result(conn).await?;
    Ok(row.now)
}
