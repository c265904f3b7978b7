//! Requests of anybody, by the sessions `crowd` gives everybody; over one connection pool, so that many are quick.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use reqwest::{Method, header};
use serde_json::Value;
use tokio::time;
use url::Url;

use crate::browser_client::ON_PC;

/// What came back.
#[derive(Debug, Clone)]
pub struct Told {
    pub status: u16,
    /// JSON, or null.
    pub body: Value,
    /// All of it, where it is text.
    pub text: String,
    pub bytes: Vec<u8>,
}

impl Told {
    /// Neither refused nor hidden.
    pub fn is_permitted(&self) -> bool {
        !matches!(self.status, 401 | 403 | 404)
    }

    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What the sessions of a world begin with: its own, since Redis is shared.
pub fn word(server: &Url) -> String {
    format!("world-{}-", server.port().unwrap_or_default())
}

#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    word: String,
    api: String,
    counter: AtomicU32,
}

impl Client {
    pub fn to(server: &Url) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, word: word(server), api: format!("{server}api/v1"), counter: AtomicU32::default() }
    }

    /// The cookie of somebody's session.
    pub fn cookie(&self, userid: &str) -> String {
        format!("{}={}{userid}", server::http::who::SESSION, self.word)
    }

    /// The same people at one more server of the same installation, which is asked beside this one: keys of its own.
    pub fn beside(&self, server: &Url, nth: u32) -> Self {
        let counter = AtomicU32::new(nth * 100_000_000);
        Self { word: self.word.clone(), counter, ..Self::to(server) }
    }

    /// The same people at another server of the same installation.
    pub fn at(&self, server: &Url) -> Self {
        // No key again that was used before.
        let counter = AtomicU32::new(self.counter.load(Ordering::Relaxed));
        Self { word: self.word.clone(), counter, ..Self::to(server) }
    }

    /// One request of somebody's (of nobody: without a session). Who is asked to wait waits and asks again.
    pub async fn send(&self, userid: Option<&str>, method: &Method, path: &str, body: &[u8]) -> Told {
        let key = format!("authz-key-{}", self.counter.fetch_add(1, Ordering::Relaxed));
        let kind = if body.starts_with(b"{") { "application/json" } else { "application/octet-stream" };
        for _ in 0..600 {
            let mut request = self
                .http
                .request(method.clone(), format!("{}{path}", self.api))
                .header(header::USER_AGENT, ON_PC)
                .header("X-Requested-With", "rollcall")
                .header("Idempotency-Key", &key);
            if let Some(userid) = userid {
                request = request.header(header::COOKIE, self.cookie(userid));
            }
            if !body.is_empty() {
                request = request.header(header::CONTENT_TYPE, kind).body(body.to_vec());
            }
            let response = request.send().await.expect("an answer");
            let status = response.status().as_u16();
            let bytes = response.bytes().await.expect("an answer");
            if status == 429 {
                // A pause of the browser's: twenty requests a second are one member's.
                time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            let bytes = bytes.to_vec();
            let text = String::from_utf8(bytes.clone()).unwrap_or_default();
            let body = serde_json::from_str(&text).unwrap_or_default();
            return Told { status, body, text, bytes };
        }
        panic!("{method} {path}: asked to wait for ever");
    }

    pub async fn get(&self, userid: &str, path: &str) -> Told {
        self.send(Some(userid), &Method::GET, path, b"").await
    }

    pub async fn post(&self, userid: &str, path: &str, body: &Value) -> Told {
        self.send(Some(userid), &Method::POST, path, body.to_string().as_bytes()).await
    }

    /// All items of a list, page by page: small ones, so that there are several.
    pub async fn pages(&self, userid: &str, path: &str) -> Result<Vec<Value>, Told> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        let mark = if path.contains('?') { '&' } else { '?' };
        loop {
            let told = self.get(userid, &format!("{path}{mark}limit=9{cursor}")).await;
            let Some(page) = told.body["items"].as_array().filter(|_| told.succeeded()) else {
                return Err(told);
            };
            items.extend(page.iter().cloned());
            let Some(next) = told.body["next_cursor"].as_str() else { return Ok(items) };
            cursor = format!("&cursor={next}");
        }
    }
}
