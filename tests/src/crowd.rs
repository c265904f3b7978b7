//! A whole school that reports at once: signed in without each going through WeCom first, and sending until it is heard.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time,
};
use url::Url;

use crate::test_app::{TestApp, health_report, normal_answers};

/// Gives every account a session, whose cookie [`Sender`] knows. Gives the userids of the colleges' students, by number.
pub async fn sign_in_everybody(test: &TestApp) -> Vec<String> {
    sign_in_as(test, "crowd-").await;
    let sql = "select b.userid from persons p join members b using (corp_id, person_id)
               join memberships m using (corp_id, person_id)
               join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id
               where p.kind = 'student' and m.is_main and m.until_date is null and d.college_id is not null and b.left_on is null
               order by p.number";
    test.owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Gives every account the session of this word and its userid, unless it has it. Tests beside each other remember viewers in one Redis: where
/// rights differ, so must the words.
pub async fn sign_in_as(test: &TestApp, word: &str) {
    test.owner
        .execute(
            "insert into sessions (session_hash, corp_id, member_id, signed_in_at, seen_at, idle_until, ends_at)
             select sha256(convert_to($2::text || userid, 'UTF8')), corp_id, member_id, $1, $1, $1::timestamptz + interval '2 hours',
                    $1::timestamptz + interval '12 hours'
             from members where left_on is null on conflict do nothing",
            &[&test.app.now(), &word],
        )
        .await
        .unwrap();
}

/// Sends reports for whoever it is told to.
#[derive(Clone)]
pub struct Sender {
    http: reqwest::Client,
    url: Url,
}

impl Sender {
    /// To the server at this address.
    pub fn to(server: &Url) -> Self {
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(256)
            .timeout(Duration::from_secs(30))
            .build()
            .expect("a client");
        Self { http, url: server.join("/api/v1/").unwrap() }
    }

    /// One try.
    pub async fn report(&self, userid: &str, key: &str) -> reqwest::Result<reqwest::Response> {
        assert!(key.len() >= 8, "no such key: {key}");
        self.http
            .post(self.url.join("reports").unwrap())
            .header("Cookie", session(userid))
            .header("X-Requested-With", "rollcall")
            .header("Idempotency-Key", key)
            .json(&health_report(normal_answers()))
            .send()
            .await
    }

    /// As a phone does it: the same again, with the same key, when the server said to come again, until it says that it has
    /// it. Gives the receipt.
    pub async fn report_until_taken(&self, userid: &str, key: &str) -> Value {
        let mut last = String::new();
        for _ in 0..3000 {
            let mut pause = Duration::from_millis(20);
            match self.report(userid, key).await {
                Ok(response) if response.status().is_success() => {
                    if let Ok(receipt) = response.json().await {
                        return receipt;
                    }
                }
                Ok(response) => {
                    let status = response.status();
                    let may_repeat = status.is_server_error()
                        || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
                    pause = pause.max(asked_to_wait(&response));
                    last = format!("{status} {}", response.text().await.unwrap_or_default());
                    assert!(may_repeat, "{userid} {key}: {last}");
                }
                Err(error) => last = format!("{error:?}"),
            }
            // A pause of the phone's, not of the test's.
            time::sleep(pause).await;
        }
        panic!("{userid} {key} was never taken: {last}");
    }

    /// What somebody sees at this path of the API.
    pub async fn get(&self, userid: &str, path: &str) -> reqwest::Result<reqwest::Response> {
        self.http.get(self.url.join(path).unwrap()).header("Cookie", session(userid)).send().await
    }
}

/// What `Retry-After` says; no time where it says nothing.
fn asked_to_wait(response: &reqwest::Response) -> Duration {
    let seconds = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

fn session(userid: &str) -> String {
    format!("{}=crowd-{userid}", server::http::who::SESSION)
}

/// The line of header that says that it is [`sign_in_everybody`]'s somebody.
pub fn cookie(userid: &str) -> String {
    format!("Cookie: {}", session(userid))
}

/// One connection to the server, kept open. A client's comforts cost more than some of what is measured: this one writes a
/// request and reads its answer.
pub struct Line {
    stream: BufReader<TcpStream>,
    host: String,
    body: String,
}

impl Line {
    /// To the server at this address.
    pub async fn to(server: &Url) -> Self {
        let host = format!("{}:{}", server.host_str().unwrap(), server.port().unwrap());
        let stream = BufReader::new(TcpStream::connect(&host).await.expect("the server listens"));
        Self { stream, host, body: health_report(normal_answers()).to_string() }
    }

    /// Sends a report of [`sign_in_everybody`]'s somebody. Gives the answer's status and body.
    pub async fn report(&mut self, userid: &str, key: &str) -> (u16, String) {
        let body = self.body.clone();
        self.post("reports", &format!("{}\r\nIdempotency-Key: {key}", cookie(userid)), &body).await
    }

    /// Posts a document with these lines of header. Gives the answer's status and body.
    pub async fn post(&mut self, path: &str, header: &str, body: &str) -> (u16, String) {
        let host = &self.host;
        let request = format!(
            "POST /api/v1/{path} HTTP/1.1\r\nHost: {host}\r\n{header}\r\nX-Requested-With: rollcall\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await.expect("a request is written");
        let first = self.head().await;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("a status, and not {first:?}"));
        let mut length = 0;
        loop {
            let line = self.head().await.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    async fn head(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.expect("a line");
        line.trim_end().to_owned()
    }
}
