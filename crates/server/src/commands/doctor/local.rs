//! What is ours: the database, its clock, its structure, Redis.

use std::sync::Arc;

use domain::clock::Clock;
use secrecy::ExposeSecret;
use store::{archiver::Archiver, cache::Cache};

use super::finding::{Both, Finding, Step};
use crate::{commands::serve::MAX_SKEW, compose, config::Config};

const DATABASE: Step = ("database", "数据库", "Database");
const CLOCK: Step = ("database.clock", "时钟", "Clock");
const ARCHIVE: Step = ("database.archive", "备份：日志归档", "Backup: the log archived");
const REDIS: Step = ("redis", "Redis", "Redis");

/// Seconds. Where something is written Postgres archives every 45 s, which is how a restore loses a minute at most.
const LATE: i64 = 300;

pub async fn examine(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match compose::store(config, clock.clone()) {
        Ok(store) => findings.extend(database(&store, clock).await),
        Err(error) => findings.push(Finding::failed(
            DATABASE,
            format!("{error:#}"),
            Both::new(
                "按提示修正配置中的 sealing 或 database.url",
                "Put sealing or database.url of the configuration right as the reason says",
            ),
        )),
    }
    findings.push(redis(config).await);
    findings
}

async fn database(store: &store::Store, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let unreachable = |error: &dyn std::fmt::Display| {
        Finding::failed(
            DATABASE,
            error.to_string(),
            Both::new(
                "检查 database.url、Postgres 是否在运行、密码与防火墙；数据库结构由 rollcall migrate 建立",
                "Check database.url, that Postgres runs, the password and the firewall; rollcall migrate makes the tables",
            ),
        )
    };
    let mut conn = match store.control().await {
        Ok(conn) => conn,
        Err(error) => return vec![unreachable(&error)],
    };
    match store::corps::database_clock(&mut conn).await {
        Ok(there) => {
            let skew = (there - clock.now()).abs();
            let clock = if skew <= MAX_SKEW {
                Finding::passed(CLOCK, "")
            } else {
                Finding::failed(
                    CLOCK,
                    format!("{} s", skew.num_seconds()),
                    Both::new(
                        "本机与数据库的时钟相差过大：用 chrony 或 ntpd 校时",
                        "Host and database differ: set the time by chrony or ntpd",
                    ),
                )
            };
            let archive = match store::archiver::look(&mut conn).await {
                Ok(seen) => archive(&seen),
                Err(error) => unreachable(&error),
            };
            vec![Finding::passed(DATABASE, ""), clock, archive]
        }
        Err(error) => vec![unreachable(&error)],
    }
}

fn archive(seen: &Archiver) -> Finding {
    let warned = |zh: &str, en: &str| Finding::warned(ARCHIVE, Both::new(zh, en));
    match seen {
        Archiver { archives: false, .. } => warned(
            "Postgres 没有归档日志（archive_mode = off），最近一次备份以后的数据会丢：按 docs/BACKUP.md 设置；另有备份方式可不理会",
            "Postgres does not archive its log (archive_mode = off): what came after the last backup would be lost; set it up by \
             docs/BACKUP.md, unless you back up otherwise",
        ),
        Archiver { fails: true, .. } => warned(
            "Postgres 归档日志失败：看它的日志，检查备份库是否已挂载、是否已满、口令是否正确",
            "Postgres fails to archive its log: read its own, and see whether the repository is mounted, full, or has another passphrase",
        ),
        Archiver { seconds: Some(seconds), .. } if *seconds <= LATE => {
            Finding::passed(ARCHIVE, format!("{seconds} s"))
        }
        Archiver { .. } => warned(
            "五分钟以上没有归档日志：检查 archive_timeout；一直没有写入时也会这样",
            "No log was archived for five minutes: look at archive_timeout; it is the same where nothing is written",
        ),
    }
}

async fn redis(config: &Config) -> Finding {
    match &config.redis.url {
        None => Finding::skipped(REDIS, Both::new("未配置，可以不用", "not configured, not needed")),
        Some(url) if Cache::new(Some(url.expose_secret())).answers().await => Finding::passed(REDIS, ""),
        _ => Finding::warned(
            REDIS,
            Both::new(
                "Redis 没有应答：点名照常工作，只是慢一些；检查 redis.url",
                "Redis does not answer: Rollcall works without, but slower; check redis.url",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Outcome;

    fn is_well(archives: bool, fails: bool, seconds: Option<i64>) -> bool {
        match archive(&Archiver { archives, fails, seconds }).outcome {
            Outcome::Passed { .. } => true,
            Outcome::Warned { .. } => false,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_log_that_is_not_archived_is_a_warning() {
        assert!(is_well(true, false, Some(LATE)));
        for (archives, fails, seconds) in [
            (false, false, Some(1)),
            (true, true, Some(1)),
            (true, false, Some(LATE + 1)),
            (true, false, None),
        ] {
            assert!(!is_well(archives, fails, seconds), "{archives} {fails} {seconds:?}");
        }
    }
}
