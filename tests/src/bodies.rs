//! Bodies: who may not send one is told before it is read, and nothing packed is unpacked. And cookies that nobody has keep
//! nobody else out.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::http::who::SESSION;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    browser_client::Browser,
    callbacks::{change, crypto, gzip_bomb, signed},
    gates::{gate, zone},
    test_app::{TestApp, root},
};

/// Begins a POST that says it has a megabyte to send, and keeps it back. The status of the answer.
async fn begun(browser: &Browser, path: &str, header: &str) -> u16 {
    let url = browser.url(path);
    let mut stream = TcpStream::connect(url.socket_addrs(|| None).unwrap()[0]).await.unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nX-Requested-With: rollcall\r\nCookie: {SESSION}={}\r\n\
         {header}\r\nContent-Length: 1000000\r\n\r\nbegun",
        url.authority(),
        browser.cookie(SESSION).unwrap_or_default(),
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_send_a_file_is_told_before_it_is_read() {
    let test = TestApp::start().await;
    let (stranger, student) = (test.browser(), test.sign_in(&test.persona("student")).await);
    let text = std::fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut files = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let content = &methods["post"]["requestBody"]["content"];
        if content["application/octet-stream"].is_null() {
            continue;
        }
        files += 1;
        let path = path.replace("{id}", "1");
        // A picture anybody may send, for a form that asks for one.
        let (path, refusal) = match path.as_str() {
            "/api/v1/attachments" => (format!("{path}?form=health-daily"), 422),
            _ => (path, 403),
        };
        let kind = "Content-Type: application/octet-stream";
        assert_eq!(begun(&stranger, &path, kind).await, 401, "{path}");
        assert_eq!(begun(&student, &path, kind).await, refusal, "{path}");
    }
    assert!(files >= 19, "{files}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_packed_is_refused_before_it_is_read() {
    let test = TestApp::start_empty().await;
    let callback = signed(&test, "x");
    let path = format!("{}?{}", callback.path(), callback.query().unwrap());
    for path in [path.as_str(), "/api/v1/reports", "/api/v1/roster", "/auth/sign-out", "/nothing"] {
        for packed in ["gzip", "deflate", "br", "identity, gzip"] {
            let status = begun(&test.browser(), path, &format!("Content-Encoding: {packed}")).await;
            assert_eq!(status, 415, "{packed} {path}");
        }
    }
    // One that would fit, were it unpacked only afterwards.
    let bomb = gzip_bomb(60);
    assert!(bomb.len() < server::http::body::BODY_LIMIT, "{}", bomb.len());
    let send = |encoding: &'static str, body: Vec<u8>| {
        reqwest::Client::new().post(callback.clone()).header("Content-Encoding", encoding).body(body).send()
    };
    let answer = send("gzip", bomb).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "packed_body");

    // What says that it is not packed is taken.
    let (contacts, _) = crypto("contacts");
    let encrypt = contacts.encrypt(&change("a", 1), [1; 16]);
    let body = format!("<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>");
    let plain = reqwest::Client::new().post(signed(&test, &encrypt)).header("Content-Encoding", "identity");
    assert_eq!(plain.body(body).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(test.one::<i64>("select count(*) from inbox", &[]).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_sessions_and_tokens_that_nobody_has_keeps_nobody_out() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "校园", None).await;
    let device = gate(&test, &administrator, campus, "东门", json!({})).await;
    let http = reqwest::Client::new();
    for batch in 0..30 {
        let guesses = (0..100).map(|guess| {
            let cookie = format!("{SESSION}={:064x}", batch * 100 + guess);
            http.get(student.url("/api/v1/me")).header("Cookie", cookie).send()
        });
        for answer in join_all(guesses).await {
            assert_eq!(answer.unwrap().status(), StatusCode::UNAUTHORIZED);
        }
    }
    let guessed = http.get(student.url("/api/v1/gate/guide")).header("Authorization", "Bearer guessed");
    // Unknown, or too many to be looked up.
    let refusals = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS];
    assert!(refusals.contains(&guessed.send().await.unwrap().status()));

    // All of them come from the same network.
    device.guide().await;
    assert_eq!(student.get("/me").await.status, StatusCode::OK);
    let another = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(another.get("/me").await.status, StatusCode::OK);
}
