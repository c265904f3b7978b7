//! `rollcall retention`: what would be purged when, purging it now, and checking a certificate.

use std::path::{Path, PathBuf};

use anyhow::Context;
use app::{
    App,
    retention::{self, Planned, Proven},
};
use clap::Subcommand;
use domain::{CorpId, retention::Stage};

use super::Told;

/// Who a purge by command was by, in the certificate.
const OPERATOR: &str = "rollcall retention run";

/// What is done about what was kept long enough.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 列出每张表单的答案何时隐藏、何时删除；只看不删
    Plan {
        /// 哪个学校（corp_id）；不写则全部
        #[arg(long)]
        corp: Option<CorpId>,
    },
    /// 立即删除已到期限的内容并出具证明；平时由后台任务每小时做
    Run {
        /// 哪个学校（corp_id）；不写则全部
        #[arg(long)]
        corp: Option<CorpId>,
    },
    /// 核对一份删除证明是否由这个公钥签名、有没有被改动；不需要数据库
    Verify {
        /// 从“保存期限”页面下载的证明（JSON）
        file: PathBuf,
        /// 审计公钥（Ed25519，十六进制），见审计页面
        #[arg(long)]
        public_key: String,
    },
}

/// Prints when the answers of each form are hidden and gone.
pub async fn plan(app: &App, corp: Option<CorpId>) -> anyhow::Result<()> {
    let mut text = String::new();
    for school in schools(app, corp)? {
        text.push_str(&format!("{}（保存期限 {}）\n", school.corp.name, school.retention.version));
        for form in retention::plan(app, school).await? {
            text.push_str(&words(&form));
        }
    }
    super::print(&text)
}

fn words(form: &Planned) -> String {
    let Planned { code, title, ends_on, ending, .. } = form;
    let what = match ending.stage {
        Stage::Kept => format!("{} 起隐藏，{} 之前删除", ending.hidden_on, ending.gone_by),
        Stage::Held => match ending.held_until {
            Some(until) => format!("保全到 {until}，不删除"),
            None => "保全中，不删除".to_owned(),
        },
        Stage::Hidden => "已隐藏，下一次运行时删除".to_owned(),
        Stage::Purged => match ending.certificate {
            Some(id) => format!("已删除，证明 {id}"),
            None => "已删除".to_owned(),
        },
    };
    format!("  {title}（{code}）最后一天 {ends_on}：{what}\n")
}

/// Purges what is due.
pub async fn run(app: &App, corp: Option<CorpId>) -> anyhow::Result<()> {
    let mut text = String::new();
    for school in schools(app, corp)? {
        let purged = retention::run(app, school, Some(OPERATOR)).await?;
        text.push_str(&format!("{}：删除了 {purged} 张表单的答案\n", school.corp.name));
    }
    super::print(&text)
}

/// Says whether a certificate holds.
pub fn verify(file: &Path, public_key: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("读不到证明 {}", file.display()))?;
    match retention::verify(&text, public_key) {
        Ok(proven) => super::print(&held(&proven)),
        Err(wrong) => {
            super::print(&format!("✗ {wrong}\n"))?;
            Err(Told.into())
        }
    }
}

fn held(proven: &Proven) -> String {
    let Proven { school, form, last_day, rows, data_keys } = proven;
    let last_day = last_day.map(|day| format!("（最后一天 {day}）")).unwrap_or_default();
    format!("✓ 签名有效，没有被改动\n  {school}：{form}{last_day}，删除 {rows} 行，销毁密钥 {data_keys} 个\n")
}

fn schools(app: &App, corp: Option<CorpId>) -> anyhow::Result<Vec<&app::School>> {
    if corp.is_some() {
        return Ok(vec![super::school(app, corp)?]);
    }
    let mut schools: Vec<_> = app.schools().collect();
    schools.sort_by_key(|school| school.corp());
    Ok(schools)
}
