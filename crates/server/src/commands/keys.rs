//! `rollcall keys`: the data keys, looked at and changed while the service runs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

use anyhow::Context;
use app::keys::{Done, Progress, Used};
use clap::Subcommand;
use domain::{CorpId, clock::Clock};
use store::{
    Store,
    sealed::{KeyInfo, Purpose, keyring::KNOWN_AFTER},
};

use crate::{compose, config::Config, secrets};

/// Values between two lines of progress.
const TELL_EVERY: usize = 10_000;

/// What is done with the data keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 列出数据密钥：学校、用途、月份、算法、由什么包裹
    Status {
        /// 同时数出每把密钥下有多少个值（要读完所有密封的列；需要 database.owner_url）
        #[arg(long)]
        values: bool,
    },
    /// 现在就换新的数据密钥；三十秒后开始使用。已有的值用 reencrypt 换过去
    Rotate {
        /// 只换这一用途，如 contact、answers-12；不写则全部
        #[arg(long)]
        purpose: Option<String>,
    },
    /// 用现在的第一把包裹密钥（或 Vault）把全部数据密钥重新包裹一遍；之后旧的那一行可以删去
    Rewrap,
    /// 把全部密封的值换到最新的数据密钥下；服务照常运行，中断后再运行会接着做（需要 database.owner_url）
    Reencrypt {
        /// 完成后销毁已无任何值、且被替换一小时以上的旧密钥。此前的数据库备份从此读不到密封的内容
        #[arg(long)]
        destroy_old: bool,
    },
}

/// Runs one of them.
pub async fn run(config: &Config, clock: Arc<dyn Clock>, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Status { values } => super::print(&status(config, clock, *values).await?),
        Command::Rotate { purpose } => super::print(&rotate(config, clock, purpose.as_deref()).await?),
        Command::Rewrap => super::print(&rewrap(config, clock).await?),
        Command::Reencrypt { destroy_old } => reencrypt(config, clock, *destroy_old).await,
    }
}

fn names(config: &Config) -> HashMap<CorpId, &str> {
    config.schools.iter().map(|school| (school.corp_id, school.name.as_str())).collect()
}

fn corps(config: &Config) -> Vec<CorpId> {
    config.schools.iter().map(|school| school.corp_id).collect()
}

/// What `status` prints.
///
/// # Errors
/// The keys or, where values are counted, the database can't be read.
pub async fn status(config: &Config, clock: Arc<dyn Clock>, values: bool) -> anyhow::Result<String> {
    let (used, gone) = if values {
        let store = compose::owner_store(config, clock)?;
        let (used, gone) = app::keys::usage(&store, &corps(config)).await?;
        (used, Some(gone))
    } else {
        let keyring = secrets::keyring(config, clock)?;
        let all = keyring.all();
        let newest = keyring.newest();
        let used = all.into_iter().map(|info| Used { values: 0, is_newest: newest.contains(&info.id), info });
        (used.collect(), None)
    };
    let names = names(config);
    let mut text = String::new();
    let mut school = None;
    for one in &used {
        if school != Some(one.info.corp) {
            school = Some(one.info.corp);
            text.push_str(names.get(&one.info.corp).copied().unwrap_or("配置里没有的学校"));
            text.push('\n');
        }
        text.push_str(&line(one, values));
    }
    if used.is_empty() {
        text.push_str("还没有数据密钥，第一次密封时建立。\n");
    }
    if let Some(gone @ 1..) = gone {
        text.push_str(&format!("{gone} 个值的密钥已经销毁，读不到了。\n"));
    }
    Ok(text)
}

fn line(one: &Used, values: bool) -> String {
    let KeyInfo { id, purpose, month, algorithm, created_at, wrapped_by, .. } = &one.info;
    let state = if one.is_newest { "在用" } else { "旧" };
    let count = if values { format!("  {} 个值", one.values) } else { String::new() };
    format!(
        "  {purpose}  {}  {}  {id}  {wrapped_by}  建于 {}  {state}{count}\n",
        month.format("%Y-%m"),
        algorithm.as_str(),
        created_at.format("%Y-%m-%d %H:%M UTC")
    )
}

/// The store of a command that changes keys, once the database has answered: what is done is recorded there.
async fn recording(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Store> {
    let store = compose::store(config, clock)?;
    drop(
        store
            .control()
            .await
            .context("连不上数据库（database.url）：改动密钥要记入审计，没有改动任何密钥")?,
    );
    Ok(store)
}

/// Records what was done to keys, by school.
async fn note(
    config: &Config,
    store: &Store,
    clock: &Arc<dyn Clock>,
    counts: &BTreeMap<CorpId, usize>,
    done: impl Fn(usize) -> Done,
) -> anyhow::Result<()> {
    // Keys of a school that is no longer served have nowhere to be recorded.
    for corp in corps(config) {
        let Some(count) = counts.get(&corp).copied().filter(|count| *count > 0) else { continue };
        let noted = app::keys::note(store, corp, &done(count), clock.now()).await;
        noted.with_context(|| format!("密钥已经改动，但学校 {corp} 的审计没有记上"))?;
    }
    Ok(())
}

/// How many of these keys are whose.
fn by_school(keys: &[KeyInfo]) -> BTreeMap<CorpId, usize> {
    let mut counts: BTreeMap<CorpId, usize> = BTreeMap::new();
    for key in keys {
        *counts.entry(key.corp).or_default() += 1;
    }
    counts
}

/// Makes new data keys, which the audit has; what `rotate` prints.
///
/// # Errors
/// There is no such purpose, the database does not answer, or no key can be made.
pub async fn rotate(config: &Config, clock: Arc<dyn Clock>, purpose: Option<&str>) -> anyhow::Result<String> {
    let purpose = match purpose {
        Some(name) => Some(
            Purpose::parse(name)
                .ok_or_else(|| anyhow::anyhow!("没有用途 {name}：rollcall keys status 列出了现有的用途"))?,
        ),
        None => None,
    };
    let store = recording(config, clock.clone()).await?;
    let made = store.keyring().rotate(purpose)?;
    note(config, &store, &clock, &by_school(&made), Done::Rotated).await?;
    Ok(format!(
        "新建了 {} 把数据密钥，{} 秒后开始使用。已有的值：rollcall keys reencrypt\n",
        made.len(),
        KNOWN_AFTER.num_seconds()
    ))
}

/// Wraps all data keys anew, which the audit has; what `rewrap` prints.
///
/// # Errors
/// The database does not answer, or a key can't be opened, wrapped or written.
pub async fn rewrap(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<String> {
    let store = recording(config, clock.clone()).await?;
    let keyring = store.keyring();
    let began = Instant::now();
    let count = keyring.rewrap()?;
    note(config, &store, &clock, &by_school(&keyring.all()), Done::Rewrapped).await?;
    Ok(format!(
        "{count} 把数据密钥已由 {} 重新包裹，用了 {:.1} 秒。重启各进程后，旧的包裹密钥可以从配置中删去；密钥目录的副本也要重做\n",
        keyring.wrapped_by(),
        began.elapsed().as_secs_f64()
    ))
}

async fn reencrypt(config: &Config, clock: Arc<dyn Clock>, destroy_old: bool) -> anyhow::Result<()> {
    let store = compose::owner_store(config, clock.clone())?;
    let names = names(config);
    let mut told = (String::new(), 0);
    let all = app::keys::reencrypt(&store, &corps(config), |progress| {
        let place = format!("{} {}", progress.corp, progress.column);
        if told.0 != place {
            told = (place, 0);
        }
        if progress.renewed >= told.1 + TELL_EVERY {
            told.1 = progress.renewed;
            // Progress that can't be printed stops nothing.
            let _ = super::print(&words(progress, &names));
        }
    })
    .await?;
    let mut text: String =
        all.iter().filter(|one| one.is_worth_a_line()).map(|one| words(one, &names)).collect();
    let renewed: usize = all.iter().map(|one| one.renewed).sum();
    let mut counts: BTreeMap<CorpId, usize> = BTreeMap::new();
    for one in &all {
        *counts.entry(one.corp).or_default() += one.renewed;
    }
    note(config, &store, &clock, &counts, Done::Reencrypted).await?;
    text.push_str(&format!("共 {renewed} 个值换到了最新的数据密钥下。\n"));
    if all.iter().any(|one| one.overtaken > 0) {
        text.push_str("有值在此期间被改过，由改的人以当时的密钥密封；再运行一次即可全部换到。\n");
    }
    super::print(&text)?;
    if destroy_old {
        let gone = app::keys::destroy_old(&store, &corps(config), clock.now()).await?;
        note(config, &store, &clock, &by_school(&gone), Done::Destroyed).await?;
        super::print(&format!(
            "销毁了 {} 把旧密钥。现在做一次完整备份：此前的备份里，由它们密封的内容读不到了。\n",
            gone.len()
        ))?;
    }
    Ok(())
}

fn words(progress: &Progress, names: &HashMap<CorpId, &str>) -> String {
    let Progress { corp, column, renewed, overtaken, unreadable } = progress;
    let school = names.get(corp).copied().unwrap_or_default();
    let mut text = format!("  {school}  {column}  {renewed} 个值");
    if *overtaken > 0 {
        text.push_str(&format!("，{overtaken} 个同时被改过"));
    }
    if *unreadable > 0 {
        text.push_str(&format!("，{unreadable} 个打不开（密钥已销毁或内容损坏）"));
    }
    text.push('\n');
    text
}
