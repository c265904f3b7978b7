//! What is ours: the database, its clock, its structure, Redis.

use std::sync::Arc;

use domain::clock::Clock;
use store::cache::Cache;

use super::finding::{Both, Finding, Step};
use crate::{commands::serve::MAX_SKEW, compose, config::Config};

const KEY: Step = ("sealing.key", "密钥文件", "Key file");
const DATABASE: Step = ("database", "数据库", "Database");
const CLOCK: Step = ("database.clock", "时钟", "Clock");
const REDIS: Step = ("redis", "Redis", "Redis");

pub async fn examine(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match compose::store(config) {
        Ok(store) => {
            findings.push(Finding::passed(KEY, ""));
            findings.extend(database(&store, clock).await);
        }
        Err(error) => findings.push(Finding::failed(
            KEY,
            format!("{error:#}"),
            Both::new(
                "按提示修正 sealing.key_file 或 database.url",
                "Put sealing.key_file or database.url right as the reason says",
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
            vec![Finding::passed(DATABASE, ""), clock]
        }
        Err(error) => vec![unreachable(&error)],
    }
}

async fn redis(config: &Config) -> Finding {
    match &config.redis.url {
        None => Finding::skipped(REDIS, Both::new("未配置，可以不用", "not configured, not needed")),
        url if Cache::new(url.as_deref()).answers().await => Finding::passed(REDIS, ""),
        _ => Finding::warned(
            REDIS,
            Both::new(
                "Redis 没有应答：点名照常工作，只是慢一些；检查 redis.url",
                "Redis does not answer: Rollcall works without, but slower; check redis.url",
            ),
        ),
    }
}
