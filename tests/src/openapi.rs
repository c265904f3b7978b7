//! The API is what its document says.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use server::commands::reference::{Table, text};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::test_app::{TestApp, root};

#[test]
fn the_committed_documents_are_what_the_code_makes() {
    let committed =
        std::fs::read_to_string(root().join("docs/openapi.json")).expect("docs/openapi.json: run `make api`");
    assert_eq!(committed, server::http::openapi::text(), "docs/openapi.json is old: run `make api`");
    for (file, table) in [
        ("CONFIG.md", Table::Config),
        ("ERRORS.md", Table::Errors),
        ("RIGHTS.md", Table::Rights),
        ("PRIVACY.md", Table::Privacy),
    ] {
        let committed = std::fs::read_to_string(root().join("docs").join(file)).unwrap_or_default();
        assert_eq!(
            committed.trim_end(),
            text(table).trim_end(),
            "docs/{file} is old: write it with `rollcall reference`"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_there_and_asks_for_a_session() {
    let test = TestApp::start_empty().await;
    let document = test.browser().get("/openapi.json").await.body;
    let mut operations = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let concrete = path
                .replace("{code}", "health-daily")
                .replace("{form}", "health-daily")
                .replace("{receipt}", "X");
            let concrete = concrete.replace("{id}", "1").replace("{round}", "1");
            let concrete = concrete.replace("{day}", "2020-03-04").replace("{department}", "1");
            let url = test.url.join(&concrete).unwrap();
            let id = operation["operationId"].as_str().unwrap();
            assert!(operations.insert(id.to_owned()), "{id} names two operations");
            let method: Method = method.to_uppercase().parse().unwrap();
            let reply = test.browser().request(method, url, None, &[]).await;
            assert_eq!(reply.status(), StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    assert!(operations.len() >= 19, "{operations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_security_headers() {
    let test = TestApp::start_empty().await;
    for path in ["/healthz", "/api/v1/me", "/nothing", "/auth/callback?code=a&state=b"] {
        let response = test.browser().request(Method::GET, test.url.join(path).unwrap(), None, &[]).await;
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        assert!(header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert!(header("access-control-allow-origin").is_empty(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_places_answer() {
    let test = TestApp::start_empty().await;
    let browser = test.browser();
    for (path, status, text) in [
        ("/healthz", 200, "ok"),
        ("/readyz", 200, "ready"),
        ("/WW_verify_0123456789abcdef.txt", 200, "0123456789abcdef"),
    ] {
        let response = browser.request(Method::GET, browser.url(path), None, &[]).await;
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8", "{path}");
        assert_eq!(
            (response.status().as_u16(), response.text().await.unwrap().as_str()),
            (status, text),
            "{path}"
        );
    }
    for path in ["/WW_verify_aaaaaaaaaaaaaaaa.txt", "/WW_verify_short.txt", "/etc/passwd", "/h5/missing.js"] {
        let response = browser.request(Method::GET, browser.url(path), None, &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let elsewhere = [("Host", "elsewhere.example")];
    let response = browser.request(Method::GET, browser.url("/api/v1/me"), None, &elsewhere).await;
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST, "a host nobody registered");
    // What a proxy might say of the host is not believed: anybody can say it.
    for said in [("X-Forwarded-Host", "elsewhere.example"), ("Forwarded", "host=elsewhere.example")] {
        let response = browser.request(Method::GET, browser.url("/api/v1/me"), None, &[said]).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{said:?}");
    }
    // Nothing is echoed.
    for path in ["/api/v1/me", "/h5/"] {
        let said = [("X-Canary", "canary-trace")];
        let response = browser.request(Method::TRACE, browser.url(path), None, &said).await;
        assert!(response.status().is_client_error(), "TRACE {path}: {}", response.status());
        assert!(!response.text().await.unwrap().contains("canary"), "TRACE {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_which_two_things_can_be_thought_is_refused() {
    let test = TestApp::start_empty().await;
    let address = test.url.socket_addrs(|| None).unwrap()[0];
    let host = test.url.authority();
    for doubtful in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: +2",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Content-Length: 2\r\nHost: elsewhere.example",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST /api/v1/reports HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{doubtful}\r\n\r\n{{}}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(str::from_utf8(&answer).unwrap(), "HTTP/1.1 400", "{doubtful}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_input_is_refused_and_never_an_error_of_ours() {
    let test = TestApp::start().await;
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let student = test.sign_in(&test.persona("student")).await;
    for path in [
        "/statistics/health-daily?day=-9999-01-01",
        "/statistics/health-daily?day=+99999-01-01",
        "/statistics/a%00b",
        "/statistics/health-daily/people?cursor=YQBi",
        "/unreported/health-daily?department=99999999999",
        "/reminders/abc",
        "/reminder-rules?form=a%00b",
    ] {
        let reply = leader.get(path).await;
        assert!(reply.status.is_client_error() || reply.items().is_empty(), "{path}: {}", reply.status);
        if reply.status.is_client_error() {
            assert_eq!(reply.headers["content-type"], "application/problem+json", "{path}");
        }
    }
    for path in
        ["/reports?form=health-daily&cursor=LTIwMDAwMC0wMS0wMQ", "/reports/a%00b/revisions", "/forms/%00"]
    {
        assert!(student.get(path).await.status.is_client_error(), "{path}");
    }
    // Said twice, in an address or in a body: nobody guesses which was meant.
    let twice = leader.get("/statistics/health-daily?day=2020-03-04&day=2020-03-03").await;
    assert_eq!((twice.status, twice.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["day"]));
    let body = r#"{"field":"phone","field":"name","value":"10099990001"}"#;
    let twice = student.post_raw("/me/corrections", body, &[("Content-Type", "application/json")]).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", twice.body);
}
