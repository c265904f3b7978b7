//! The API is what its document says.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};

use crate::test_app::{TestApp, root};

#[test]
fn the_committed_documents_are_what_the_code_makes() {
    let committed =
        std::fs::read_to_string(root().join("docs/openapi.json")).expect("docs/openapi.json: run `make api`");
    assert_eq!(committed, server::http::openapi::text(), "docs/openapi.json is old: run `make api`");
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
    let mut elsewhere = browser.url("/api/v1/me");
    elsewhere.set_host(Some("localhost")).unwrap();
    let response = browser.request(Method::GET, elsewhere, None, &[]).await;
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST, "a host nobody registered");
}
