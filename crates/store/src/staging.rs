//! The bulk path of a sync run: a connection of its own that holds the school's lock and copies what WeCom showed
//! into the staging tables. COPY can't write under row-level security, so rows land here first.

use domain::CorpId;
use tokio_postgres::{
    Client,
    binary_copy::BinaryCopyInWriter,
    error::SqlState,
    types::{ToSql, Type},
};

use crate::{Result, Store};

/// First half of the advisory lock's key; the corp is the second.
const LOCK: i32 = 0x5379_6e63; // "Sync"

/// A department as WeCom showed it.
#[derive(Debug, Clone)]
pub struct Department {
    /// WeCom's id.
    pub department_id: i32,
    /// Its name.
    pub name: String,
    /// The one above; 0 at the top.
    pub parent_id: i32,
    /// Larger sorts first.
    pub sort_order: i64,
}

/// A member as WeCom showed it.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// As WeCom gives it.
    pub userid: &'a str,
    /// Lower-cased.
    pub userid_key: &'a str,
    /// None: withheld.
    pub name: Option<&'a str>,
    /// None: withheld.
    pub position: Option<&'a str>,
    /// None: withheld.
    pub status: Option<i16>,
    /// None: withheld.
    pub main_department_id: Option<i32>,
}

/// A member in a department, as WeCom showed it.
#[derive(Debug, Clone)]
pub struct MemberDepartment<'a> {
    /// Lower-cased.
    pub userid_key: &'a str,
    /// Which department.
    pub department_id: i32,
    /// None: not shown.
    pub is_leader: Option<bool>,
    /// None: not shown.
    pub sort_order: Option<i64>,
}

/// The right to change a school's mirror, and the way to copy into staging. Both end when it is dropped, or when
/// the process dies.
pub struct Stage {
    client: Client,
    corp: CorpId,
}

impl Stage {
    /// Takes the school's lock, waiting at most `seconds`; `None` when somebody else keeps it. What runs before
    /// left in staging is cleared.
    pub async fn open(store: &Store, corp: CorpId, seconds: u32) -> Result<Option<Self>> {
        let client = store.bulk().await?;
        // 0 would mean to wait forever.
        client.batch_execute(&format!("set lock_timeout = '{}ms'", (seconds * 1000).max(1))).await?;
        match client.execute("select pg_advisory_lock($1, $2)", &[&LOCK, &corp]).await {
            Ok(_) => {}
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        // Nobody else writes to our staging: what is waited for now is housekeeping of Postgres's own.
        client.batch_execute("set lock_timeout = '1min'").await?;
        let stage = Self { client, corp };
        stage.clear().await?;
        Ok(Some(stage))
    }

    /// Empties the school's staging.
    pub async fn clear(&self) -> Result<()> {
        for table in ["staging_departments", "staging_members", "staging_member_departments"] {
            self.client.execute(&format!("delete from {table} where corp_id = $1"), &[&self.corp]).await?;
        }
        Ok(())
    }

    /// Copies departments.
    pub async fn departments(&self, run: i64, rows: &[Department]) -> Result<()> {
        let mut copy = self
            .copy(
                "staging_departments (corp_id, run_id, department_id, name, parent_id, sort_order)",
                &[Type::INT4, Type::INT8, Type::INT4, Type::TEXT, Type::INT4, Type::INT8],
            )
            .await?;
        for row in rows {
            copy.row(&[&self.corp, &run, &row.department_id, &row.name, &row.parent_id, &row.sort_order])
                .await?;
        }
        copy.finish().await
    }

    /// Copies members; each userid_key at most once.
    pub async fn members(&self, run: i64, rows: &[Member<'_>]) -> Result<()> {
        let mut copy = self
            .copy(
                "staging_members (corp_id, run_id, userid, userid_key, name, position, status, main_department_id)",
                &[
                    Type::INT4,
                    Type::INT8,
                    Type::TEXT,
                    Type::TEXT,
                    Type::TEXT,
                    Type::TEXT,
                    Type::INT2,
                    Type::INT4,
                ],
            )
            .await?;
        for row in rows {
            copy.row(&[
                &self.corp,
                &run,
                &row.userid,
                &row.userid_key,
                &row.name,
                &row.position,
                &row.status,
                &row.main_department_id,
            ])
            .await?;
        }
        copy.finish().await
    }

    /// Copies who is in which department; each pair at most once.
    pub async fn member_departments(&self, run: i64, rows: &[MemberDepartment<'_>]) -> Result<()> {
        let mut copy = self
            .copy(
                "staging_member_departments (corp_id, run_id, userid_key, department_id, is_leader, sort_order)",
                &[Type::INT4, Type::INT8, Type::TEXT, Type::INT4, Type::BOOL, Type::INT8],
            )
            .await?;
        for row in rows {
            copy.row(&[
                &self.corp,
                &run,
                &row.userid_key,
                &row.department_id,
                &row.is_leader,
                &row.sort_order,
            ])
            .await?;
        }
        copy.finish().await
    }

    async fn copy(&self, into: &str, types: &[Type]) -> Result<Copy> {
        let sink = self.client.copy_in(&format!("copy {into} from stdin binary")).await?;
        Ok(Copy { writer: Box::pin(BinaryCopyInWriter::new(sink, types)) })
    }
}

struct Copy {
    writer: std::pin::Pin<Box<BinaryCopyInWriter>>,
}

impl Copy {
    async fn row(&mut self, values: &[&(dyn ToSql + Sync)]) -> Result<()> {
        Ok(self.writer.as_mut().write(values).await?)
    }

    async fn finish(mut self) -> Result<()> {
        self.writer.as_mut().finish().await?;
        Ok(())
    }
}
