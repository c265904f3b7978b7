//! A little server that answers as told, and a client for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wecom::client::Builder;
use wecom::{App, Client, MemoryTokens, TokenStore};

/// One request as the server saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub path: String,
    pub query: HashMap<String, String>,
    pub body: String,
}

/// A server that answers each request by a function.
pub struct Fake {
    pub address: String,
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    pub async fn start(answer: impl Fn(&Seen) -> (u16, String) + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (log, answer) = (seen.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (log, answer) = (log.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut bytes = Vec::new();
                    let (head, length) = loop {
                        let mut chunk = [0; 4096];
                        let n = socket.read(&mut chunk).await.unwrap_or(0);
                        if n == 0 {
                            return;
                        }
                        bytes.extend_from_slice(&chunk[..n]);
                        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                            let length = head
                                .lines()
                                .find_map(|line| line.strip_prefix("content-length:"))
                                .map_or(0, |length| length.trim().parse().unwrap());
                            break (end + 4, length);
                        }
                    };
                    while bytes.len() < head + length {
                        let mut chunk = [0; 4096];
                        let n = socket.read(&mut chunk).await.unwrap();
                        bytes.extend_from_slice(&chunk[..n]);
                    }
                    let first = String::from_utf8_lossy(&bytes);
                    let target = first.split(' ').nth(1).unwrap();
                    let url = url::Url::parse(&format!("http://x{target}")).unwrap();
                    let request = Seen {
                        path: url.path().trim_start_matches("/cgi-bin/").into(),
                        query: url.query_pairs().into_owned().collect(),
                        body: String::from_utf8(bytes[head..].to_vec()).unwrap(),
                    };
                    let (status, body) = answer(&request);
                    log.lock().unwrap().push(request);
                    let response = format!(
                        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = socket.write_all(response.as_bytes()).await;
                });
            }
        });
        Fake { address, seen }
    }

    pub fn calls(&self, path: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.path == path).cloned().collect()
    }
}

/// A clock that stands until it is moved.
#[derive(Clone)]
pub struct TestClock(pub Arc<AtomicI64>);

impl TestClock {
    pub fn new() -> Self {
        TestClock(Arc::new(AtomicI64::new(1_700_000_000)))
    }

    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn clock(&self) -> wecom::Clock {
        let seconds = self.0.clone();
        Arc::new(move || DateTime::<Utc>::from_timestamp(seconds.load(Ordering::SeqCst), 0).unwrap())
    }
}

pub fn client(fake: &Fake, clock: &TestClock, store: Arc<dyn TokenStore>) -> Client {
    builder(fake, clock, store, "the-secret").backoff(Duration::from_millis(1)).build().unwrap()
}

/// A client that waits as long as it would in earnest.
pub fn builder(fake: &Fake, clock: &TestClock, store: Arc<dyn TokenStore>, secret: &str) -> Builder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let app = App {
        name: "rollcall".into(),
        corpid: "wwcorp".into(),
        secret: secret.into(),
        agent_id: Some(1_000_002),
    };
    Client::builder(app, clock.clock()).api(&fake.address).token_store(store)
}

pub fn memory() -> Arc<dyn TokenStore> {
    Arc::new(MemoryTokens::default())
}

pub fn ok(body: &str) -> (u16, String) {
    (200, body.into())
}

pub fn error(code: i64) -> (u16, String) {
    (
        200,
        format!(
            r#"{{"errcode":{code},"errmsg":"no, hint: [1_2_ab], from ip: 203.0.113.9, more info at x"}}"#
        ),
    )
}
