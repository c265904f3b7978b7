//! The command line: one binary, many roles.

pub mod audit;
pub mod config;
pub mod doctor;
pub mod import;
pub mod keys;
pub mod migrate;
pub mod reference;
pub mod retention;
pub mod serve;
pub mod sync;
pub mod wecom;

use std::{path::PathBuf, sync::Arc};

use chrono::NaiveDate;
use clap::{Parser, Subcommand};
use domain::{CorpId, clock::Clock};

use crate::{clock::SystemClock, compose, config::Config, http::openapi, telemetry};

/// 点名：学校的企业微信点名应用
#[derive(Debug, Parser)]
#[command(name = "rollcall", version)]
pub struct Cli {
    /// 配置文件
    #[arg(long, env = "ROLLCALL_CONFIG", default_value = "rollcall.toml", global = true)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 启动服务（默认连同后台任务）
    Serve {
        /// 后台任务由另外的 rollcall worker 承担
        #[arg(long)]
        no_worker: bool,
    },
    /// 只运行后台任务
    Worker,
    /// 建立或升级数据库结构，登记配置中的学校与内置表单
    Migrate,
    /// 立即与企业微信通讯录同步一次
    Sync {
        /// 哪个学校（corp_id）；只有一个学校时可省略
        #[arg(long)]
        corp: Option<CorpId>,
    },
    /// 导入名册
    Import {
        /// 人员名册 CSV
        #[arg(long)]
        people: PathBuf,
        /// 授权名册 CSV（辅导员带班、学院办公室等）
        #[arg(long)]
        grants: Option<PathBuf>,
        /// 哪个学校（corp_id）；只有一个学校时可省略
        #[arg(long)]
        corp: Option<CorpId>,
    },
    /// 导入某一天的上报记录
    ImportReports {
        /// 表单代号，如 health-daily
        #[arg(long)]
        form: String,
        /// 日期，如 2020-03-04
        #[arg(long)]
        day: NaiveDate,
        /// CSV：number 列与表单字段列
        file: PathBuf,
        /// 哪个学校（corp_id）；只有一个学校时可省略
        #[arg(long)]
        corp: Option<CorpId>,
    },
    /// 输出 OpenAPI 文档
    Openapi,
    /// 输出 docs/ 里由代码生成的表：CONFIG.md、ERRORS.md、RIGHTS.md 或 PRIVACY.md
    Reference {
        /// 哪一张
        #[arg(value_enum)]
        table: reference::Table,
    },
    /// 逐项检查真实配置：密钥、可信 IP、域名、回调、可见范围、接口权限，并说明去哪里改
    Doctor {
        /// 报告的语言
        #[arg(long, value_enum, default_value = "zh")]
        lang: doctor::Language,
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 审计链：谁看过、改过什么的记录
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// 保存期限：何时删除什么，立即删除，核对删除证明
    Retention {
        #[command(subcommand)]
        command: retention::Command,
    },
    /// 数据密钥：查看、轮换、换包裹的密钥、把已有的值重新密封
    Keys {
        #[command(subcommand)]
        command: keys::Command,
    },
    /// 手工核对、加密、解密企业微信回调，排查「签名失败」
    Wecom {
        #[command(subcommand)]
        command: wecom::Command,
    },
    /// 检查配置
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
}

/// A command failed and has said so to the person: nothing is left to log.
#[derive(Debug, thiserror::Error)]
#[error("failed")]
pub struct Told;

/// Runs one command to its end.
pub async fn run() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match &cli.command {
        Command::Openapi => return print(&openapi::text()),
        Command::Reference { table } => return print(&reference::text(*table)),
        Command::Wecom { command } => {
            let done = wecom::run(command, SystemClock.now().timestamp());
            return print(&done.inspect_err(complain).map_err(|_| Told)?);
        }
        Command::Retention { command: retention::Command::Verify { file, public_key } } => {
            return retention::verify(file, public_key);
        }
        _ => {}
    }
    telemetry::init();
    // Two providers could be compiled in; name ours. An error means it was named before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config::load(&cli.config)?;
    let clock = Arc::new(SystemClock);
    match cli.command {
        Command::Serve { no_worker } => serve::run(config, clock, !no_worker).await,
        Command::Worker => serve::worker(config, clock).await,
        Command::Migrate => migrate::run(&config, clock).await,
        Command::Sync { corp } => sync::run(&compose::app(&config, clock)?, corp).await,
        Command::Import { people, grants, corp } => {
            import::roster(&compose::app(&config, clock)?, corp, &people, grants.as_deref()).await
        }
        Command::ImportReports { form, day, file, corp } => {
            import::reports(&compose::app(&config, clock)?, corp, &form, day, &file).await
        }
        Command::Doctor { lang, json } => {
            let (text, well) = doctor::report(&doctor::examine(&config, clock).await, lang, json)?;
            print(&text)?;
            if well { Ok(()) } else { Err(Told.into()) }
        }
        Command::Audit { command: audit::Command::Verify { anchors } } => {
            audit::run(&compose::app(&config, clock)?, anchors.as_deref()).await
        }
        Command::Retention { command: retention::Command::Plan { corp } } => {
            retention::plan(&compose::app(&config, clock)?, corp).await
        }
        Command::Retention { command: retention::Command::Run { corp } } => {
            retention::run(&compose::app(&config, clock)?, corp).await
        }
        Command::Audit { command: audit::Command::RotateKey { corp } } => {
            let app = compose::app(&config, clock)?;
            audit::rotate(&app, school(&app, corp)?).await
        }
        Command::Keys { command } => keys::run(&config, clock, &command).await,
        Command::Config { command: config::Command::Check } => {
            compose::app(&config, clock.clone())?;
            let found = Config::secrets(&cli.config)?;
            print(&config::report(&found, &doctor::examine_keys(&config, clock)))
        }
        Command::Openapi
        | Command::Reference { .. }
        | Command::Wecom { .. }
        | Command::Retention { command: retention::Command::Verify { .. } } => Ok(()),
    }
}

/// What a command tells the person who gave it.
#[expect(clippy::print_stdout, reason = "the one place where commands speak")]
fn print(text: &str) -> anyhow::Result<()> {
    print!("{text}");
    Ok(())
}

/// What a command that keeps no log tells the person when it failed.
#[expect(clippy::print_stderr, reason = "the one place where commands complain")]
fn complain(error: &anyhow::Error) {
    eprintln!("{error:#}");
}

/// The school a command is for.
fn school(app: &app::App, corp: Option<CorpId>) -> anyhow::Result<&app::School> {
    match corp {
        Some(corp) => app.school(corp).map_err(|_| anyhow::anyhow!("配置里没有 corp_id 为 {corp} 的学校")),
        None => {
            let mut schools = app.schools();
            match (schools.next(), schools.next()) {
                (Some(only), None) => Ok(only),
                _ => anyhow::bail!("配置里不止一个学校：请用 --corp 指明"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        super::Cli::command().debug_assert();
    }
}
