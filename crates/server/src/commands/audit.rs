//! `rollcall audit verify` and `rollcall audit rotate-key`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use app::{
    App, School,
    audit::{Verified, anchors::Anchors, rotate_key, verify},
};
use chrono::TimeDelta;
use clap::Subcommand;
use domain::CorpId;

use super::Told;

/// What waits longer for its number is told: the sealer looks each second.
const LATE: TimeDelta = TimeDelta::minutes(1);

/// What is done with the record of looks and changes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 逐条核对审计链：查出改动、删除、插入、调换顺序和截断，并说明在哪里；有问题时退出码为 1
    Verify {
        /// 外部留存的链头文件；不写则用配置中的 audit.anchor_file
        #[arg(long)]
        anchors: Option<PathBuf>,
    },
    /// 换一把签名密钥：以后的链头用新的签，以前的照样核对得了
    RotateKey {
        /// 哪个学校（corp_id）；只有一个学校时可省略
        #[arg(long)]
        corp: Option<CorpId>,
    },
}

/// Verifies the chains of all schools and prints what is wrong.
pub async fn run(app: &App, anchors: Option<&Path>) -> anyhow::Result<()> {
    let (text, well) = report(app, anchors).await?;
    super::print(&text)?;
    if well { Ok(()) } else { Err(Told.into()) }
}

/// Makes a new key of a school and prints its name.
pub async fn rotate(app: &App, school: &School) -> anyhow::Result<()> {
    let kid = rotate_key(app, school).await?;
    super::print(&format!("{}：新的审计签名密钥 {kid}，从下一个链头起使用。\n", school.corp.name))
}

/// What the command prints, and whether all is well.
pub async fn report(app: &App, anchors: Option<&Path>) -> anyhow::Result<(String, bool)> {
    let mut schools: Vec<_> = app.schools().collect();
    schools.sort_by_key(|school| school.corp());
    let configured = schools.first().and_then(|school| school.anchor_file.as_deref());
    let outside = match (anchors, configured) {
        (Some(path), _) => read(path)?,
        // Nothing was signed yet.
        (None, Some(path)) if !path.exists() => Anchors::default(),
        (None, Some(path)) => read(path)?,
        (None, None) => Anchors::default(),
    };
    let mut well = outside.broken.is_empty();
    let mut text = String::new();
    for line in &outside.broken {
        text.push_str(&format!("  ✗ 外部留存文件第 {line} 行不是链头，或已损坏\n"));
    }
    for school in schools {
        let verified = verify(app, school, &outside).await?;
        well &= verified.flaws.is_empty();
        text.push_str(&words(&school.corp.name, &verified, app.now()));
    }
    Ok((text, well))
}

fn read(path: &Path) -> anyhow::Result<Anchors> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("读不到外部留存文件 {}（--anchors 或 audit.anchor_file）", path.display())
    })?;
    Ok(Anchors::read(&text))
}

fn words(school: &str, verified: &Verified, now: chrono::DateTime<chrono::Utc>) -> String {
    let Verified { cut_to, cuts, sealed_to, waiting, heads, anchors, flaws } = verified;
    let mut text = format!(
        "{school}\n  已封存到第 {sealed_to} 号，链头 {heads} 个，外部留存 {anchors} 个，等待封存 {} 条\n",
        waiting.events
    );
    if *cut_to > 0 {
        text.push_str(&format!(
            "  第 1 到 {cut_to} 号已按保存期限截去，截断记录 {cuts} 份；从第 {} 号核对起\n",
            cut_to + 1
        ));
    }
    if waiting.since.is_some_and(|since| now - since > LATE) {
        text.push_str("  ! 有记录超过一分钟没有封存\n    → 检查后台任务（rollcall serve 或 rollcall worker）是否在运行\n");
    }
    if *anchors == 0 {
        text.push_str(
            "  ! 没有外部留存可以对照：有人连同签名一起截断时查不出来\n    → 配置 audit.anchor_file，或用 --anchors 指定留存的文件\n",
        );
    }
    if flaws.is_empty() {
        text.push_str("  ✓ 完整，没有发现改动\n");
    }
    for flaw in flaws {
        text.push_str(&format!("  ✗ {}\n", flaw.words()));
    }
    if !flaws.is_empty() {
        text.push_str("    → 不要改动数据库；保留现场和备份，报告数据保护负责人\n");
    }
    text
}
