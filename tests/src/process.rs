//! Further processes of the same installation: this very program, started again as a little service that calls
//! WeCom when it is told to. What they share with each other is the database, nothing else.

use std::{
    env,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::clock::Clock;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use server::config::Config;
use url::Url;

use crate::test_app::TestApp;

const SETTINGS: &str = "ROLLCALL_TEST_PROCESS";
/// Marks an answer among what a test program prints by itself.
const ANSWER: &str = "answer: ";

/// Where the other process finds everything.
#[derive(Serialize, Deserialize)]
struct Settings {
    config: serde_json::Value,
    now: DateTime<Utc>,
    /// Whether a server does the work behind the requests too, as one that is a whole installation does.
    #[serde(default)]
    with_worker: bool,
    /// Where a server's log goes: as JSON, as in a deployment. None: it keeps none.
    #[serde(default)]
    log: Option<PathBuf>,
}

impl Settings {
    fn new(config: serde_json::Value, test: &TestApp) -> Self {
        Self { config, now: test.app.now(), with_worker: false, log: None }
    }
}

/// What it is told to do, all at once.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Exchange these codes.
    SignIns(Vec<String>),
    /// Read the departments so many times.
    Departments(usize),
    /// Make the mirror equal WeCom.
    Sync,
    /// Work on the queue until nothing is due.
    Jobs,
}

/// How many of them succeeded, and the first thing that went wrong.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub struct Answer {
    pub succeeded: usize,
    pub trouble: Option<String>,
    /// Of a sync: rows written, seconds, of these seconds waiting for WeCom, and the most memory it ever had, in MiB. Of
    /// jobs: seconds, and the most memory beyond what it had before.
    pub measured: Vec<f64>,
}

/// A running process; killed when dropped.
pub struct Process {
    _child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Another process of the test's installation.
    pub fn start(test: &TestApp) -> Self {
        let settings = Settings::new(test.settings.clone(), test);
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "process::service", "--ignored", "--nocapture"])
            .env(SETTINGS, serde_json::to_string(&settings).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("this program starts again");
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { _child: child, orders, answers }
    }

    /// Gives an order and does not wait.
    pub async fn order(&mut self, order: &Order) {
        let line = serde_json::to_string(order).unwrap() + "\n";
        self.orders.write_all(line.as_bytes()).await.unwrap();
    }

    /// The answer to the last order.
    pub async fn answer(&mut self) -> Answer {
        loop {
            let line = self.answers.next_line().await.unwrap().expect("the process is alive");
            // The test harness prints its own words on the same line.
            if let Some((_, answer)) = line.split_once(ANSWER) {
                return serde_json::from_str(answer).unwrap();
            }
        }
    }
}

/// A server of the test's installation in a process of its own, to be killed and started again at the same address.
pub struct Server {
    child: Child,
    pub url: Url,
    settings: Settings,
}

impl Server {
    /// At an address of its own; `change` is done to the configuration first.
    pub async fn start(test: &TestApp, change: impl FnOnce(&mut serde_json::Value)) -> Self {
        // The port is free now, and nobody else is given it as long as others are asked for too.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = Url::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        let mut config = test.settings.clone();
        config["server"]["listen"] = format!("127.0.0.1:{port}").into();
        config["server"]["public_url"] = url.as_str().trim_end_matches('/').into();
        change(&mut config);
        let settings = Settings::new(config, test);
        let child = Self::run(&settings).await;
        Self { child, url, settings }
    }

    /// One that does the work behind the requests too.
    pub async fn start_with_worker(test: &TestApp) -> Self {
        let mut server = Self::start(test, |_| ()).await;
        server.settings.with_worker = true;
        server.kill().await;
        server.restart().await;
        server
    }

    /// One that keeps a log in this file, with or without the work behind the requests.
    pub async fn start_logged(
        test: &TestApp,
        log: &Path,
        with_worker: bool,
        change: impl FnOnce(&mut serde_json::Value),
    ) -> Self {
        let mut server = Self::start(test, change).await;
        server.settings.with_worker = with_worker;
        server.settings.log = Some(log.to_owned());
        server.kill().await;
        server.restart().await;
        server
    }

    /// Without a word of warning.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it ran");
    }

    /// As systemd does it: it ends when it has answered what is under way.
    pub async fn terminate(&mut self) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        assert!(self.child.wait().await.unwrap().success(), "it ended by itself, and well");
    }

    /// What it is configured with from its next start on.
    pub fn reconfigure(&mut self, change: impl FnOnce(&mut serde_json::Value)) {
        change(&mut self.settings.config);
    }

    /// Its process, for /proc.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Again, at the same address.
    pub async fn restart(&mut self) {
        self.child = Self::run(&self.settings).await;
    }

    async fn run(settings: &Settings) -> Child {
        let log = match &settings.log {
            None => Stdio::inherit(),
            Some(path) => File::options().create(true).append(true).open(path).unwrap().into(),
        };
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "process::server", "--ignored", "--nocapture"])
            .env(SETTINGS, serde_json::to_string(settings).unwrap())
            // The log of a deployment that says nothing of it.
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("this program starts again");
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        while !said.next_line().await.unwrap().expect("the server is alive").contains(ANSWER) {}
        // Its test harness says after a minute that the test is long, and ends when nobody listens.
        tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
        child
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by other tests as a process of its own"]
async fn server() {
    let Ok(settings) = env::var(SETTINGS) else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings: Settings = serde_json::from_str(&settings).unwrap();
    if settings.log.is_some() {
        server::telemetry::init();
    }
    let config: Arc<Config> = Arc::new(serde_json::from_value(settings.config).unwrap());
    let app = server::compose::app(&config, Arc::new(Standing(settings.now))).unwrap();
    let listener = std::net::TcpListener::bind(config.server.listen).unwrap();
    listener.set_nonblocking(true).unwrap();
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    if settings.with_worker {
        tokio::spawn(app::audit::sealing::keep_sealing(app.clone(), stopped.clone()));
        for _ in 0..2 {
            tokio::spawn(app::jobs::work(app.clone(), stopped.clone()));
        }
        tokio::spawn(app::jobs::tick(app.clone(), stopped));
    }
    if let Some(address) = config.server.metrics_listen {
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let metrics = server::http::metrics::install();
        tokio::spawn(server::http::metrics::serve(app.clone(), metrics, listener).unwrap());
    }
    let running = server::http::serve(app, config.clone(), listener, true).unwrap();
    tokio::io::stdout().write_all(format!("{ANSWER}ready\n").as_bytes()).await.unwrap();
    tokio::io::stdout().flush().await.unwrap();
    running.await.unwrap();
}

#[derive(Debug)]
struct Standing(DateTime<Utc>);

impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by other tests as a process of its own"]
async fn service() {
    let Ok(settings) = env::var(SETTINGS) else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings: Settings = serde_json::from_str(&settings).unwrap();
    let config = serde_json::from_value(settings.config).unwrap();
    let app = server::compose::app(&config, Arc::new(Standing(settings.now))).unwrap();
    let wecom = &app.school(1).unwrap().wecom;
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await.unwrap() {
        let mut measured = Vec::new();
        let outcomes: Vec<Result<(), String>> = match serde_json::from_str(&order).unwrap() {
            Order::SignIns(codes) => {
                join_all(codes.iter().map(async |code| told(wecom.user_info(code).await))).await
            }
            Order::Departments(times) => {
                join_all((0..times).map(async |_| told(wecom.departments(None).await))).await
            }
            Order::Jobs => {
                let (idle, began) = (memory("VmRSS:"), std::time::Instant::now());
                let mut outcome = app::jobs::run_one(&app).await;
                while matches!(outcome, Ok(true)) {
                    outcome = app::jobs::run_one(&app).await;
                }
                measured = vec![began.elapsed().as_secs_f64(), peak_memory() - idle];
                vec![told(outcome)]
            }
            Order::Sync => {
                let (school, began) = (app.school(1).unwrap(), std::time::Instant::now());
                let outcome =
                    school.mirror.full(sync::Trigger::Command, app.now(), school.today(app.now())).await;
                let seconds = began.elapsed().as_secs_f64();
                if let Ok(outcome) = &outcome {
                    let reading = outcome.reading.as_secs_f64();
                    measured = vec![outcome.rows_written() as f64, seconds, reading, peak_memory()];
                }
                vec![told(outcome)]
            }
        };
        let answer = Answer {
            succeeded: outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
            trouble: outcomes.into_iter().find_map(Result::err),
            measured,
        };
        let line = format!("{ANSWER}{}\n", serde_json::to_string(&answer).unwrap());
        tokio::io::stdout().write_all(line.as_bytes()).await.unwrap();
        tokio::io::stdout().flush().await.unwrap();
    }
}

fn told<T>(outcome: Result<T, impl std::fmt::Display>) -> Result<(), String> {
    outcome.map(drop).map_err(|error| error.to_string())
}

/// The most memory this process ever had, in MiB.
fn peak_memory() -> f64 {
    memory("VmHWM:")
}

/// A figure of this process's memory, in MiB.
fn memory(figure: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(figure)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(f64::NAN) / 1024.0
}
