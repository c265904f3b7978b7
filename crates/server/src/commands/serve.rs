//! `rollcall serve` and `rollcall worker`.

use std::{net::TcpListener, sync::Arc, time::Duration};

use anyhow::Context;
use app::{App, audit::sealing, jobs, outages, platform::visits, security_events};
use domain::clock::Clock;
use tokio::{sync::watch, task::JoinSet};

use crate::{compose, config::Config, http};

/// Host and database may differ by this much at most: leases and days would go wrong beyond.
pub(super) const MAX_SKEW: chrono::TimeDelta = chrono::TimeDelta::seconds(2);
/// Jobs run side by side in one process.
const WORKERS: usize = 2;

/// Serves until told to stop; with the worker inside unless told not to.
pub async fn run(config: Config, clock: Arc<dyn Clock>, with_worker: bool) -> anyhow::Result<()> {
    let app = start(&config, clock).await?;
    let listener = listen(config.server.listen, "server.listen")?;
    let metrics = http::metrics::install();
    let metrics = match config.server.metrics_listen {
        Some(address) => {
            let listener = listen(address, "server.metrics_listen")?;
            Some(tokio::spawn(http::metrics::serve(app.clone(), metrics, listener)?))
        }
        None => None,
    };
    let (stop, stopped) = watch::channel(false);
    let mut background = if with_worker { background(&app, &stopped).await? } else { JoinSet::new() };
    // This process takes reports; while none does, windows grow longer.
    background.spawn(outages::keep_beating(app.clone(), stopped.clone()));
    background.spawn(visits::keep_flushing(app.clone(), stopped.clone()));
    background.spawn(security_events::keep_flushing(app.clone(), stopped.clone()));
    tracing::info!(address = %listener.local_addr()?, "ready");
    http::serve(app, Arc::new(config), listener, true)?.await?;
    finish(stop, background).await;
    if let Some(metrics) = metrics {
        metrics.abort();
    }
    Ok(())
}

/// Runs jobs until told to stop.
pub async fn worker(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<()> {
    let app = start(&config, clock).await?;
    let (stop, stopped) = watch::channel(false);
    let background = background(&app, &stopped).await?;
    tracing::info!("ready");
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    finish(stop, background).await;
    Ok(())
}

/// The application, ready to work: the database is there, its clock is ours, the schools are known.
async fn start(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<App> {
    let app = compose::app(config, clock)?;
    let mut conn = app.store().control().await.context("连不上数据库（database.url）")?;
    let skew = (store::corps::database_clock(&mut conn).await? - app.now()).abs();
    anyhow::ensure!(
        skew <= MAX_SKEW,
        "本机与数据库的时钟相差 {} 秒：请先校时（chrony 或 ntpd）",
        skew.num_seconds()
    );
    drop(conn);
    open_keys(&app);
    compose::register(&app, config)
        .await
        .context("登记学校失败：数据库结构是否已升级（rollcall migrate）？")?;
    for school in app.schools() {
        app::keys::belong(app.store(), school.corp()).await.context("数据密钥不在")?;
    }
    compose::note_settings(&app, config).await.context("设置没有记入审计")?;
    Ok(app)
}

/// Opens the data keys before anybody waits for one. One that does not open is told and not fatal: what it sealed can't be read, all
/// else can.
fn open_keys(app: &App) {
    let opened = app.store().keyring().open_all().unwrap_or_else(|error| {
        tracing::error!(%error, "the data keys can't be read");
        Vec::new()
    });
    for (info, opened) in opened {
        if let Err(error) = opened {
            tracing::error!(key = %info.id, purpose = %info.purpose, %error, "a data key does not open");
        }
    }
}

fn listen(address: std::net::SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| format!("{address} 已被占用：请改 {key}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn background(app: &App, stopped: &watch::Receiver<bool>) -> anyhow::Result<JoinSet<()>> {
    let now = app.now();
    for school in app.schools() {
        let mut tx = app.store().scoped(school.corp()).await?;
        store::jobs::add(&mut tx, &jobs::sync_directory::job(school.corp(), ::sync::Trigger::Boot, now), now)
            .await?;
        tx.commit().await?;
    }
    let mut tasks = JoinSet::new();
    for _ in 0..WORKERS {
        tasks.spawn(jobs::work(app.clone(), stopped.clone()));
    }
    tasks.spawn(jobs::tick(app.clone(), stopped.clone()));
    tasks.spawn(sealing::keep_sealing(app.clone(), stopped.clone()));
    Ok(tasks)
}

/// Lets the jobs at hand end, for a while.
async fn finish(stop: watch::Sender<bool>, mut tasks: JoinSet<()>) {
    let _ = stop.send(true);
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(Duration::from_secs(20), all).await.is_err() {
        tracing::warn!("a job did not end in time; its lease runs out and another process takes it");
    }
}
