//! `rollcall migrate`.

use std::sync::Arc;

use anyhow::Context;
use domain::clock::Clock;

use crate::{compose, config::Config};

/// Brings the schema up to date, then makes the database know the configured schools and built-in forms.
pub async fn run(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<()> {
    let owner =
        config.database.owner_url.as_ref().context("migrate 需要 database.owner_url（表的所有者）")?;
    let ran = store::migrate::up(owner).await?;
    let app = compose::app(config, clock)?;
    compose::register(&app, config).await?;
    let text = if ran.is_empty() {
        "数据库结构已是最新。\n".to_owned()
    } else {
        format!("已执行：{}\n", ran.join("、"))
    };
    super::print(&text)
}
