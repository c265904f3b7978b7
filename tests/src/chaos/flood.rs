//! Flood: ten thousand forged callbacks a second, some of them packed, without Redis, and real ones among them. What it costs the server is its own
//! time on the processor, by its process: whoever forges runs on the same machine.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Client;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time,
};
use url::Url;
use wecom::crypto::CallbackCrypto;

use super::rows;
use crate::{
    callbacks::{change, crypto, gzip_bomb},
    process::Server,
    secrets::event,
    test_app::TestApp,
};

const PER_SECOND: f64 = 10_000.0;
const REAL_PER_SECOND: f64 = 20.0;
const LASTS: Duration = Duration::from_secs(20);
/// Connections, each with so many requests under way.
const CONNECTIONS: usize = 32;
/// One in so many senders packs what it sends.
const PACKED: usize = 16;
const AT_ONCE: usize = 10;
/// WeCom waits five seconds for an answer and one for that of a verification: no event may take as long as that.
const PATIENCE: Duration = Duration::from_secs(1);

/// A file of this test's own that is not there yet.
fn log_file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("rollcall-{name}-{}.log", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

/// Signed with another token: what whoever knows everything but the token can send.
fn forged(url: &Url) -> (Url, String) {
    let (_, corpid) = crypto("contacts");
    let forger = CallbackCrypto::new("AnotherToken", "RollcallDevelopmentKeyForTheContacts0000003", &corpid);
    event(url, &forger.unwrap(), &change("somebody", 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_callbacks_are_told_in_a_line_and_not_in_one_each() {
    let test = TestApp::start_empty().await;
    let log = log_file("refusals");
    let server = Server::start_logged(&test, &log, false, |_| ()).await;
    let http = Client::new();
    for _ in 0..50 {
        let (url, body) = forged(&server.url);
        assert_eq!(http.post(url).body(body).send().await.unwrap().status(), 403);
    }
    let said = fs::read_to_string(&log).unwrap();
    // Its clock stands still: all were refused in one second.
    assert_eq!(said.lines().filter(|line| line.contains("callback refused")).count(), 1, "{said}");
    assert!(!said.contains("Error encountered"), "{said}");
    fs::remove_file(&log).unwrap();
}

/// Seconds of processor time that a process has had.
fn processor(id: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // Behind the name, which may hold anything; Linux counts hundredths.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    ticks / 100.0
}

/// Resident memory of a process, in MiB.
fn resident(id: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Sends the same request again and again over one connection until it is told that it is enough, and counts those refused;
/// fails at any other answer.
async fn forge(server: Url, enough: Arc<AtomicBool>, refused: Arc<AtomicUsize>) {
    let (url, body) = forged(&server);
    let request = format!(
        "POST {}?{} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
        url.path(),
        url.query().unwrap_or_default(),
        body.len()
    );
    let mut stream = TcpStream::connect(server.socket_addrs(|| None).unwrap()[0]).await.unwrap();
    stream.set_nodelay(true).unwrap();
    // All answers are alike, down to their length.
    stream.write_all(request.as_bytes()).await.unwrap();
    let length = first_answer(&mut stream).await.len();
    let batch = request.repeat(AT_ONCE);
    let mut answers = vec![0; length * AT_ONCE];
    let mut tick = time::interval(pause());
    while !enough.load(Ordering::Relaxed) {
        tick.tick().await;
        stream.write_all(batch.as_bytes()).await.unwrap();
        stream.read_exact(&mut answers).await.unwrap();
        assert!(answers.chunks(length).all(|answer| answer.starts_with(b"HTTP/1.1 403")), "refused, each");
        refused.fetch_add(AT_ONCE, Ordering::Relaxed);
    }
}

/// Between two batches of one sender.
fn pause() -> Duration {
    Duration::from_secs_f64((CONNECTIONS * AT_ONCE) as f64 / PER_SECOND)
}

/// The same with packed bodies, which are not read: each ends its connection.
async fn forge_packed(server: Url, enough: Arc<AtomicBool>, refused: Arc<AtomicUsize>) {
    let (url, bomb) = (forged(&server).0, gzip_bomb(1));
    let head = format!(
        "POST {}?{} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        url.path(),
        url.query().unwrap_or_default(),
        bomb.len()
    );
    let request = [head.into_bytes(), bomb].concat();
    let address = server.socket_addrs(|| None).unwrap()[0];
    let mut tick = time::interval(pause());
    while !enough.load(Ordering::Relaxed) {
        tick.tick().await;
        for _ in 0..AT_ONCE {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(&request).await.unwrap();
            let answer = first_answer(&mut stream).await;
            assert!(answer.starts_with(b"HTTP/1.1 415"), "refused, each");
            refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Reads one answer.
async fn first_answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    let mut part = [0; 4096];
    loop {
        let got = stream.read(&mut part).await.unwrap();
        assert!(got > 0, "the connection is kept open");
        read.extend_from_slice(&part[..got]);
        let text = String::from_utf8_lossy(&read).to_ascii_lowercase();
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let whole = head.len() + 4 + length.trim().parse::<usize>().unwrap();
        if read.len() >= whole {
            read.truncate(whole);
            return read;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=flood"]
async fn ten_thousand_forged_callbacks_a_second() {
    let test = TestApp::start_empty().await;
    let log = log_file("flood");
    let without_redis = |config: &mut serde_json::Value| config["redis"] = serde_json::json!({});
    let server = Server::start_logged(&test, &log, false, without_redis).await;
    let (contacts, _) = crypto("contacts");
    let http = Client::new();
    let (url, body) = event(&server.url, &contacts, &change("warm", 1));
    assert!(http.post(url).body(body).send().await.unwrap().status().is_success());

    let (enough, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut forgers = JoinSet::new();
    for nth in 0..CONNECTIONS {
        let (url, enough, refused) = (server.url.clone(), enough.clone(), refused.clone());
        if nth % PACKED == 0 {
            forgers.spawn(forge_packed(url, enough, refused));
        } else {
            forgers.spawn(forge(url, enough, refused));
        }
    }
    let (before, memory, began) = (processor(server.id()), resident(server.id()), Instant::now());
    let counted = refused.load(Ordering::Relaxed);
    let mut tick = time::interval(Duration::from_secs_f64(1.0 / REAL_PER_SECOND));
    let (mut real, mut sent) = (JoinSet::new(), 0_i32);
    while began.elapsed() < LASTS {
        tick.tick().await;
        let (url, body) = event(&server.url, &contacts, &change(&format!("real-{sent}"), 1));
        sent += 1;
        let sending = http.post(url).body(body).timeout(PATIENCE).send();
        real.spawn(async move { sending.await.is_ok_and(|answer| answer.status() == 200) });
    }
    let seconds = began.elapsed().as_secs_f64();
    let used = processor(server.id()) - before;
    let grown = resident(server.id()) - memory;
    let forged = (refused.load(Ordering::Relaxed) - counted) as f64;
    enough.store(true, Ordering::Relaxed);
    forgers.join_all().await;
    let answered = real.join_all().await.into_iter().filter(|answered| *answered).count();

    let rate = forged / seconds;
    rows::write("flood", "forged callbacks refused", rate, "/s", "10,000/s", rate >= 0.99 * PER_SECOND);
    let cores = used / forged * PER_SECOND;
    rows::write(
        "flood",
        "processor time at 10,000/s, real ones with it",
        cores,
        "cores",
        "≤ 1",
        cores <= 1.0,
    );
    let share = 100.0 * answered as f64 / f64::from(sent);
    rows::write("flood", "real ones answered 200 within 1 s meanwhile", share, "%", "≥ 99 %", share >= 99.0);
    let kept: i64 = test.one("select count(*) - 1 from inbox", &[]).await;
    let lost = answered as i64 - kept;
    rows::write("flood", "real ones answered and not kept", lost.max(0) as f64, "events", "0", lost <= 0);
    rows::write("flood", "memory of the server grown", grown, "MiB", "≤ 64 MiB", grown <= 64.0);
    let lines = fs::read_to_string(&log).unwrap().lines().count() as f64;
    rows::write("flood", "lines of its log", lines, "lines", "≤ 100", lines <= 100.0);
    fs::remove_file(&log).unwrap();
}
