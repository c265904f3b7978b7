//! What breaks while a school reports: the server is killed, Postgres goes away, Redis is whatever it can be, the clock jumps
//! over midnight. Nothing that was acknowledged is lost, nothing is there twice. The same on a large scale is `make chaos`.

use std::{
    net::SocketAddr,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    task::{AbortHandle, JoinSet},
    time,
};
use url::Url;

use crate::{
    browser_client::{Browser, IN_CLIENT},
    crowd::{Sender, sign_in_everybody},
    process::Server,
    test_app::TestApp,
};

/// So many reports of each, at so many a second, each until it is taken.
pub async fn report_all(sender: &Sender, userids: &[String], each: usize, per_second: f64) -> JoinSet<Value> {
    let mut tick = time::interval(Duration::from_secs_f64(1.0 / per_second));
    let mut reports = JoinSet::new();
    for number in 0..each {
        for userid in userids {
            tick.tick().await;
            let (sender, userid) = (sender.clone(), userid.clone());
            reports.spawn(async move {
                sender.report_until_taken(&userid, &format!("report-{number}-{userid}")).await
            });
        }
    }
    reports
}

/// Every report of everybody is there, once: a revision for each key, a row for each person. Gives those missing, those
/// there beyond their number, and rows beyond one a person.
pub async fn missing_and_doubled(test: &TestApp, userids: &[String], each: usize) -> (i64, i64, i64) {
    let each = i64::try_from(each).unwrap();
    let sql = "select coalesce(sum(greatest($2 - revisions, 0)), 0)::bigint, coalesce(sum(greatest(revisions - $2, 0)), 0)::bigint,
                      coalesce(sum(greatest(reports - 1, 0)), 0)::bigint
               from (select b.userid, count(distinct r.report_id) as reports, count(v.revision) as revisions
                     from members b
                     left join reports r on r.corp_id = b.corp_id and r.person_id = b.person_id
                     left join report_revisions v on v.corp_id = r.corp_id and v.report_id = r.report_id
                     where b.userid = any($1) group by b.userid) people";
    let row = test.owner.query_one(sql, &[&userids, &each]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

/// Kills a server and starts it again until it is told that it is enough; gives how often.
pub fn keep_killing(mut server: Server, pause: impl Fn(u32) -> Duration + Send + 'static) -> Killer {
    let enough = Arc::new(AtomicBool::new(false));
    let told = enough.clone();
    let killing = tokio::spawn(async move {
        let mut kills = 0;
        while !told.load(Ordering::Relaxed) {
            time::sleep(pause(kills)).await;
            server.kill().await;
            kills += 1;
            server.restart().await;
        }
        (server, kills)
    });
    Killer { enough, killing }
}

pub struct Killer {
    enough: Arc<AtomicBool>,
    killing: tokio::task::JoinHandle<(Server, u32)>,
}

impl Killer {
    /// The server runs again when this gives it back.
    pub async fn stop(self) -> (Server, u32) {
        self.enough.store(true, Ordering::Relaxed);
        self.killing.await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    let test = TestApp::start().await;
    let userids = sign_in_everybody(&test).await;
    let server = Server::start(&test, |_| ()).await;
    let sender = Sender::to(&server.url);
    let killer = keep_killing(server, |kills| Duration::from_millis(50 + u64::from(kills) * 130 % 400));
    let reports = report_all(&sender, &userids, 4, 60.0).await;
    let (_server, kills) = killer.stop().await;
    let taken = reports.join_all().await.len();
    assert_eq!(taken, userids.len() * 4);
    assert!(kills > 2, "it was killed {kills} times");
    assert_eq!(missing_and_doubled(&test, &userids, 4).await, (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_end_says_goodbye_first() {
    let test = TestApp::start().await;
    let userids = sign_in_everybody(&test).await;
    let mut server = Server::start(&test, |_| ()).await;
    let sender = Sender::to(&server.url);
    let ready = server.url.join("readyz").unwrap();
    let before = sender.get(&userids[0], "me").await.unwrap();
    assert!(before.status().is_success() && before.headers().get("connection").is_none());

    let ending = tokio::spawn(async move { server.terminate().await });
    // It tells whoever watches it, and answers as before; each answer is the last of its connection.
    while reqwest::get(ready.clone()).await.expect("it still answers").status().is_success() {}
    let goodbye = sender.get(&userids[0], "me").await.unwrap();
    assert!(goodbye.status().is_success());
    assert_eq!(goodbye.headers()["connection"], "close");
    ending.await.unwrap();
}

/// A way to Postgres that can be cut: what a stopped Postgres looks like from the service's side.
pub struct Gate {
    address: SocketAddr,
    to: SocketAddr,
    accepting: AbortHandle,
}

impl Gate {
    pub async fn open(database: &Url) -> Self {
        let host = database.host_str().unwrap();
        let to = format!("{host}:{}", database.port().unwrap_or(5432)).parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, to, accepting: accept(listener, to) }
    }

    /// The same database, through the gate.
    pub fn url(&self, database: &Url) -> String {
        let mut url = database.clone();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.to_string()
    }

    /// Every connection is cut, and new ones are refused.
    pub fn shut(&self) {
        self.accepting.abort();
    }

    pub async fn reopen(&mut self) {
        // The old listener goes with its task.
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        self.accepting = accept(listener, self.to);
    }
}

fn accept(listener: TcpListener, to: SocketAddr) -> AbortHandle {
    let accepting = tokio::spawn(async move {
        // Dropped with the task, and all connections with it.
        let mut connections = JoinSet::new();
        loop {
            let Ok((mut one, _)) = listener.accept().await else { continue };
            connections.spawn(async move {
                if let Ok(mut other) = TcpStream::connect(to).await {
                    let _ = copy_bidirectional(&mut one, &mut other).await;
                }
            });
        }
    });
    accepting.abort_handle()
}

/// A server that reaches Postgres through a gate.
pub async fn behind_a_gate(test: &TestApp) -> (Server, Gate) {
    let database = Url::parse(test.settings["database"]["url"].as_str().unwrap()).unwrap();
    let gate = Gate::open(&database).await;
    let url = gate.url(&database);
    let server = Server::start(test, |config| {
        config["database"]["url"] = url.into();
        config["database"]["wait_seconds"] = 1.into();
    })
    .await;
    (server, gate)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_postgres_the_server_says_when_to_come_again_and_goes_on_when_it_is_back() {
    let test = TestApp::start().await;
    let userids = sign_in_everybody(&test).await;
    let (server, mut gate) = behind_a_gate(&test).await;
    let sender = Sender::to(&server.url);
    let first = sender.report(&userids[0], "before-the-cut").await.unwrap();
    assert_eq!(first.status(), StatusCode::CREATED);
    gate.shut();
    for userid in &userids[1..4] {
        let refused = sender.report(userid, "while-it-is-cut").await.unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.headers().contains_key("retry-after"));
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["code"], json!("unavailable"));
    }
    gate.reopen().await;
    for userid in &userids[1..4] {
        sender.report_until_taken(userid, "while-it-is-cut").await;
    }
    assert_eq!(missing_and_doubled(&test, &userids[..4], 1).await, (0, 0, 0));
}

/// Ends every connection of the service's role to the test's database.
pub async fn end_connections(test: &TestApp) -> i64 {
    test.one(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity
         where datname = current_database() and usename = 'rollcall_app'",
        &[],
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_postgres_ends_lose_and_double_nothing() {
    let test = TestApp::start().await;
    let userids = sign_in_everybody(&test).await;
    let sender = Sender::to(&test.url);
    let mut ended = 0;
    for number in 0..3 {
        let mut reports = JoinSet::new();
        for userid in userids.clone() {
            let sender = sender.clone();
            reports.spawn(async move {
                sender.report_until_taken(&userid, &format!("round-{number}-{userid}")).await
            });
        }
        // While they are on their way.
        while reports.len() > userids.len() / 2 {
            ended += end_connections(&test).await;
            reports.join_next().await.unwrap().unwrap();
        }
        reports.join_all().await;
    }
    assert!(ended > 0, "some connection was ended");
    assert_eq!(missing_and_doubled(&test, &userids, 3).await, (0, 0, 0));
}

/// A Redis of a test's own, to be killed and worse.
pub struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    pub fn free_port() -> u16 {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    pub async fn start(port: u16) -> Self {
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
            .arg(port.to_string())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed");
        let redis = Self { child, port };
        while redis.connect().await.is_err() {
            time::sleep(Duration::from_millis(10)).await;
        }
        redis
    }

    async fn connect(&self) -> redis::RedisResult<redis::aio::MultiplexedConnection> {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port))?;
        client.get_multiplexed_async_connection().await
    }

    pub async fn command(&self, words: &[&str]) {
        let mut connection = self.connect().await.expect("a connection");
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        let _: redis::Value = command.query_async(&mut connection).await.expect("redis does it");
    }

    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it ran");
    }
}

/// How it went with one state of Redis.
pub struct Went {
    pub what: &'static str,
    pub reports: usize,
    pub taken: usize,
    pub sign_ins: usize,
    pub signed_in: usize,
    pub still_signed_in: bool,
    pub longest: Duration,
}

/// Reports and sign-ins with Redis in every state it can be in; `each` of them.
pub async fn with_redis_in_trouble(test: &TestApp, userids: &[String], each: usize) -> Vec<Went> {
    let port = Redis::free_port();
    let server =
        Server::start(test, |config| config["redis"]["url"] = format!("redis://127.0.0.1:{port}").into())
            .await;
    test.simulator.set_app_url(server.url.clone());
    let sender = Sender::to(&server.url);
    let mut went = vec![morning(&server, &sender, "absent at start", userids, each).await];
    let mut redis = Redis::start(port).await;
    went.push(morning(&server, &sender, "there", userids, each).await);
    redis.command(&["FLUSHALL"]).await;
    went.push(morning(&server, &sender, "flushed", userids, each).await);
    redis.command(&["CLIENT", "PAUSE", "600000", "ALL"]).await;
    went.push(morning(&server, &sender, "slow", userids, each).await);
    redis.kill().await;
    went.push(morning(&server, &sender, "killed", userids, each).await);
    let mut redis = Redis::start(port).await;
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]).await;
    went.push(morning(&server, &sender, "full", userids, each).await);
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]).await;
    redis.command(&["REPLICAOF", "127.0.0.1", "1"]).await;
    went.push(morning(&server, &sender, "read-only", userids, each).await);
    redis.kill().await;
    went
}

async fn morning(
    server: &Server,
    sender: &Sender,
    what: &'static str,
    userids: &[String],
    each: usize,
) -> Went {
    let (mut taken, mut signed_in, mut longest) = (0, 0, Duration::ZERO);
    for userid in userids.iter().take(each) {
        let began = Instant::now();
        let sent = sender.report(userid, &format!("{}-{userid}", what.replace(' ', "-"))).await;
        longest = longest.max(began.elapsed());
        taken += usize::from(sent.is_ok_and(|response| response.status().is_success()));
        let browser = Browser::new(server.url.clone(), IN_CLIENT);
        browser.set_cookie("simulator_user", userid);
        let (at, response) = browser.open(browser.url("/auth/start?to=/healthz")).await;
        signed_in += usize::from((at.path(), response.status()) == ("/healthz", StatusCode::OK));
    }
    let me = sender.get(&userids[0], "me").await;
    let still_signed_in = me.is_ok_and(|response| response.status() == StatusCode::OK);
    Went { what, reports: each, taken, sign_ins: each, signed_in, still_signed_in, longest }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_redis_does_reports_are_taken_and_nobody_is_signed_out() {
    let test = TestApp::start().await;
    let userids = sign_in_everybody(&test).await;
    for went in with_redis_in_trouble(&test, &userids, 4).await {
        assert_eq!((went.taken, went.signed_in, went.still_signed_in), (4, 4, true), "{}", went.what);
    }
}

/// Reports while the clock goes over midnight and jumps about. Gives how many are on a day that was not the school's.
pub async fn around_midnight(test: &TestApp, userids: &[String]) -> i64 {
    let sender = Sender::to(&test.url);
    let jumps = [
        TimeDelta::seconds(2),
        TimeDelta::hours(1),
        TimeDelta::hours(-1),
        TimeDelta::days(1),
        TimeDelta::days(-1),
        TimeDelta::seconds(2),
    ];
    test.clock.set_time("23:59");
    test.clock.advance(TimeDelta::seconds(59));
    for (number, jump) in jumps.into_iter().enumerate() {
        // Who reported on a day before its cut-off may not change it after; so everybody reports once in each step.
        let mut reports = JoinSet::new();
        for userid in userids.iter().skip(number).step_by(jumps.len()) {
            let (sender, userid) = (sender.clone(), userid.clone());
            reports.spawn(async move {
                sender.report_until_taken(&userid, &format!("midnight-{number}-{userid}")).await
            });
        }
        let half = reports.len() / 2;
        while reports.len() > half {
            reports.join_next().await.unwrap().unwrap();
        }
        test.clock.advance(jump);
        reports.join_all().await;
    }
    test.one(
        "select count(*) from reports where day <> (submitted_at at time zone 'Asia/Shanghai')::date",
        &[],
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn over_midnight_and_back_every_report_is_on_its_own_day() {
    let test = TestApp::start().await;
    let userids = sign_in_everybody(&test).await;
    // Sessions of a crowd begin at the test's morning and would be over.
    test.owner
        .batch_execute("update sessions set idle_until = idle_until + interval '3 days', ends_at = ends_at + interval '3 days'")
        .await
        .unwrap();
    assert_eq!(around_midnight(&test, &userids).await, 0);
    let days: i64 = test.one("select count(distinct day) from reports", &[]).await;
    assert!(days > 1, "on both sides of midnight");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_back_reminds_nobody_twice() {
    let test = TestApp::start().await;
    let planned = async || {
        app::reminders::plan_due(&test.app, test.school()).await.unwrap();
        test.run_jobs().await;
        test.one::<i64>("select count(*) from outbox", &[]).await
    };
    test.clock.set_time("10:00");
    let first = planned().await;
    assert!(first > 0);
    for jump in [TimeDelta::hours(-1), TimeDelta::hours(1), TimeDelta::days(-1), TimeDelta::days(1)] {
        test.clock.advance(jump);
        let again = planned().await;
        let today: i64 = test
            .one("select count(*) from outbox join mailings o using (corp_id, mailing_id) where o.day = '2020-03-04'", &[])
            .await;
        assert_eq!(today, first, "after a jump of {jump}; {again} in all");
    }
}
