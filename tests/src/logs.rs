//! The log of a server: on standard error, a line of JSON for each thing, whatever was sent. An error of ours stands there and is
//! not told to whoever met it.

use std::fs;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::http::who::SESSION;

use crate::{
    browser_client::{Browser, IN_CLIENT},
    process::Server,
    test_app::TestApp,
};

/// What would be a line of its own, were it written as it was sent.
const FORGED: &str = "{\"level\":\"ERROR\",\"forged\":true}";

/// A server that keeps a log, and the browser of a student at it.
async fn logged(test: &TestApp, name: &str) -> (Server, Browser, std::path::PathBuf) {
    let log = std::env::temp_dir().join(format!("rollcall-log-{name}-{}.log", std::process::id()));
    let _ = fs::remove_file(&log);
    let server = Server::start_logged(test, &log, false, |_| ()).await;
    let session = test.sign_in(&test.persona("student")).await.cookie(SESSION).unwrap();
    let browser = Browser::new(server.url.clone(), IN_CLIENT);
    browser.set_cookie(SESSION, &session);
    (server, browser, log)
}

fn lines(log: &std::path::Path) -> Vec<Value> {
    let said = fs::read_to_string(log).unwrap();
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_is_json_and_what_was_sent_is_none() {
    let test = TestApp::start().await;
    let (_server, browser, log) = logged(&test, "lines").await;
    let forged: String = url::form_urlencoded::byte_serialize(format!("\r\n{FORGED}\n").as_bytes()).collect();
    for path in [format!("/reports/{forged}"), format!("/me?x={forged}"), format!("/{forged}")] {
        browser.get(&path).await;
    }
    let report = json!({ "form": format!("a\n{FORGED}\n"), "version": 1, "answers": {} });
    assert!(browser.post("/reports", &report).await.status.is_client_error());
    let url = browser.url(&format!("/auth/callback?code={forged}&state={forged}"));
    browser.request(Method::GET, url, None, &[("User-Agent", &forged), ("Referer", &forged)]).await;

    let lines = lines(&log);
    assert!(!lines.is_empty(), "what is refused is told");
    for line in &lines {
        assert!(line["forged"].is_null(), "{line}");
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "UTC: {line}");
        assert!(line["level"].is_string() && line["target"].is_string(), "{line}");
    }
    fs::remove_file(&log).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_ours_is_told_to_the_log_and_to_nobody_else() {
    let test = TestApp::start().await;
    let (_server, browser, log) = logged(&test, "errors").await;
    test.owner.batch_execute("alter table corrections rename to corrections_elsewhere").await.unwrap();
    let broken = browser.get("/me/corrections").await;
    assert_eq!((broken.status, broken.code()), (StatusCode::INTERNAL_SERVER_ERROR, "internal"));
    let told = broken.body.to_string().to_lowercase();
    for word in ["corrections", "relation", "select", "query", "diesel", "panicked", ".rs"] {
        assert!(!told.contains(word), "{word}: {told}");
    }

    let id = broken.headers["x-request-id"].to_str().unwrap();
    let is_it = |line: &&Value| line["level"] == "ERROR" && line["fields"]["code"] == "internal";
    let lines = lines(&log);
    let line = lines.iter().find(is_it).expect("the error is in the log");
    let spans = line["spans"].as_array().unwrap();
    let request = spans.iter().find(|span| span["name"] == "request").expect("of which request");
    assert_eq!(
        (&request["id"], &request["method"], &request["route"]),
        (&json!(id), &json!("GET"), &json!("/api/v1/me/corrections")),
        "what a member reads out leads to the line"
    );
    fs::remove_file(&log).unwrap();
}
