//! The API is what its document says.

use std::collections::{BTreeMap, BTreeSet};

use app::cursors;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use server::{
    commands::reference::{Table, text},
    http::who::SESSION,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::test_app::{TestApp, health_report, normal_answers, root};

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

/// What every answer tells the browser, word for word.
const HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "geolocation=(self), camera=(self), microphone=()"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
];

/// Fails where one is missing. `what`: the request.
fn check_headers(what: &str, answer: &Response) {
    let header = |name: &str| {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    for (name, value) in HEADERS {
        assert_eq!(header(name), value, "{what}: {name}");
    }
    let policy = header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{what}: {policy}");
    // Pages and their files are nobody's; what the API says is kept by no browser.
    let cached = header("cache-control");
    assert!(
        cached.contains("no-store") || (!what.contains("/api/") && !cached.is_empty()),
        "{what}: {cached}"
    );
    assert!(header("access-control-allow-origin").is_empty(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_is_told_that_it_may_ask_nothing() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let from = ("Origin", "https://elsewhere.example");
    for (method, asked) in [("OPTIONS", "POST"), ("OPTIONS", "GET"), ("OPTIONS", "DELETE"), ("GET", "GET")] {
        for path in ["/api/v1/me", "/api/v1/reports", "/api/v1/me/gate-codes", "/h5/", "/auth/start"] {
            let headers =
                [from, ("Access-Control-Request-Method", asked), ("Access-Control-Request-Headers", "x")];
            let method: Method = method.parse().unwrap();
            let url = test.url.join(path).unwrap();
            let answer = student.request(method.clone(), url, None, &headers).await;
            let told = answer.headers().keys().find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(told, None, "{method} {path}");
            assert!(
                method != Method::OPTIONS || !answer.status().is_success(),
                "{path}: {}",
                answer.status()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_security_headers() {
    let test = TestApp::start().await;
    let mut people = vec![test.browser()];
    for role in ["administrator", "school_office", "counsellor", "student"] {
        people.push(test.sign_in(&test.persona(role)).await);
    }
    let document = test.browser().get("/openapi.json").await.body;
    let reads = document["paths"].as_object().unwrap().iter();
    let reads = reads.filter(|(path, methods)| !path.contains('{') && methods.get("get").is_some());
    let mut paths: Vec<String> = reads.map(|(path, _)| path.clone()).collect();
    assert!(paths.len() > 50, "{paths:?}");
    let others = ["/", "/h5/", "/admin/", "/gate/", "/healthz", "/readyz", "/WW_verify_0123456789abcdef.txt"];
    paths.extend(others.map(str::to_owned));
    paths.extend(["/nothing", "/h5/missing.js", "/api/v1/nothing", "/auth/start?to=/h5/"].map(str::to_owned));
    paths.push("/auth/callback?code=a&state=b".to_owned());
    let mut seen = BTreeSet::new();
    for (nth, path) in paths.iter().enumerate() {
        // Nobody, and somebody of those in turn: no one member asks too often.
        for browser in [&people[0], &people[1 + nth % 4]] {
            let answer = browser.request(Method::GET, test.url.join(path).unwrap(), None, &[]).await;
            seen.insert(answer.status().as_u16());
            check_headers(&format!("GET {path}: {}", answer.status()), &answer);
        }
    }
    assert!([200, 401, 403, 404].iter().all(|status| seen.contains(status)), "{seen:?}");

    // What is refused before anything looks at it.
    let student = &people[4];
    let json = ("Content-Type", "application/json");
    for (expected, headers, body) in [
        (400, vec![json], "{".to_owned()),
        (403, vec![json, ("Sec-Fetch-Site", "cross-site")], "{}".to_owned()),
        (413, vec![json], format!("\"{}\"", "a".repeat(70_000))),
        (415, vec![("Content-Type", "text/plain")], "{}".to_owned()),
        (421, vec![json, ("Host", "elsewhere.example")], "{}".to_owned()),
        (422, vec![json], "{}".to_owned()),
    ] {
        let url = test.url.join("/api/v1/me/corrections").unwrap();
        let answer = student.request(Method::POST, url, Some(body.into()), &headers).await;
        assert_eq!(answer.status().as_u16(), expected);
        check_headers(&format!("POST /api/v1/me/corrections: {expected}"), &answer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_another_sites_page_sends_is_refused() {
    let test = TestApp::start_empty().await;
    test.sync().await;
    let student = test.sign_in(&test.persona("student")).await;
    let cookie = format!("{SESSION}={}", student.cookie(SESSION).unwrap());
    let here = test.url.origin().ascii_serialization();
    let ours = ("X-Requested-With", "rollcall");
    let (refused, taken) = (StatusCode::FORBIDDEN, StatusCode::OK);
    let http = reqwest::Client::new();
    for (headers, expected) in [
        (vec![("Sec-Fetch-Site", "cross-site")], refused),
        (vec![("Sec-Fetch-Site", "same-site")], refused),
        // The browser's word, whatever the page says beside it.
        (vec![("Sec-Fetch-Site", "cross-site"), ("Origin", here.as_str()), ours], refused),
        (vec![("Sec-Fetch-Site", "same-origin")], taken),
        (vec![("Origin", "https://elsewhere.example")], refused),
        (vec![("Origin", "null"), ours], refused),
        (vec![("Origin", here.as_str())], taken),
        // A browser that says neither: an old web view, with another site's form, and with our page.
        (vec![], refused),
        (vec![ours], taken),
    ] {
        let mut request =
            http.post(test.url.join("/api/v1/me/sessions/end-others").unwrap()).header("Cookie", &cookie);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), expected, "{headers:?}");
        if expected == refused {
            let said: Value = answer.json().await.unwrap();
            assert_eq!(said["code"], "foreign_site", "{headers:?}");
        }
    }
    // Without a session there is nothing to be done in somebody's name: gates, visitors, WeCom.
    let nobody = http.post(test.url.join("/api/v1/gate/scans").unwrap()).send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    // A look changes nothing.
    let look = http.get(test.url.join("/api/v1/me").unwrap()).header("Cookie", &cookie);
    assert_eq!(look.header("Sec-Fetch-Site", "cross-site").send().await.unwrap().status(), taken);
}

/// What a look may write: that it took place and counts, that a session is in use, and a ticket of WeCom's that it was first to
/// need. Everything else stays as it is.
const NOTED: [&str; 8] = [
    "access_log",
    "audit_events",
    "audit_unsealed",
    "reading_budgets",
    "security_events",
    "sessions",
    "wecom_budgets",
    "wecom_tokens",
];

/// Every table but [`NOTED`], and a hash of all its rows.
async fn rows(test: &TestApp) -> BTreeMap<String, String> {
    let sql = "select relname::text from pg_class
        where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace";
    let mut rows = BTreeMap::new();
    for row in test.owner.query(sql, &[]).await.unwrap() {
        let table: String = row.get(0);
        if !NOTED.contains(&table.as_str()) {
            let sql = format!(
                "select md5(coalesce(string_agg(t::text, E'\\n' order by t::text), '')) from {table} t"
            );
            let hash = test.one(&sql, &[]).await;
            rows.insert(table, hash);
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_changes_nothing_but_what_is_noted_of_looks() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let reported = student.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(reported.status, StatusCode::CREATED, "{}", reported.body);
    let mut people = Vec::new();
    for role in ["administrator", "school_office", "counsellor", "school_leader", "college_office"] {
        people.push(test.sign_in(&test.persona(role)).await);
    }
    people.push(student);
    test.run_jobs().await;
    let before = rows(&test).await;
    assert!(before.len() > 80, "{}", before.len());

    let document = test.browser().get("/openapi.json").await.body;
    let mut shown = 0;
    let paths = document["paths"].as_object().unwrap().iter();
    for (nth, (path, _)) in paths.filter(|(_, methods)| methods.get("get").is_some()).enumerate() {
        let path = path.replace("{code}", "health-daily").replace("{form}", "health-daily");
        let path = path.replace("{id}", "1").replace("{round}", "1").replace("{receipt}", "X");
        let path = path.replace("{day}", "2020-03-04").replace("{department}", "1");
        // Two of them each, in turn: no one member asks too often.
        for browser in [&people[nth % 6], &people[(nth + 1) % 6]] {
            let answer = browser.request(Method::GET, browser.url(&path), None, &[]).await;
            assert!(answer.status().as_u16() < 500, "{path}: {}", answer.status());
            shown += usize::from(answer.status() == StatusCode::OK);
        }
    }
    assert!(shown > 40, "{shown} were shown something");
    let after = rows(&test).await;
    let changed: Vec<&String> =
        before.keys().filter(|table| before.get(*table) != after.get(*table)).collect();
    assert!(changed.is_empty(), "{changed:?}");
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
    for path in [
        "/WW_verify_aaaaaaaaaaaaaaaa.txt",
        "/WW_verify_short.txt",
        "/etc/passwd",
        "/h5/missing.js",
        "/.git/HEAD",
        "/.env",
        "/rollcall.toml",
        // Another port, inside.
        "/metrics",
    ] {
        let response = browser.request(Method::GET, browser.url(path), None, &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    // A folder is a place in the application like any other: nobody is told what is in it.
    let page = async |path: &str| -> String {
        browser.request(Method::GET, browser.url(path), None, &[]).await.text().await.unwrap()
    };
    assert_eq!(page("/h5/assets/").await, page("/h5/").await);
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
    // As of another list.
    let day = cursors::seal(&test.app, test.school(), "-200000-01-01").unwrap();
    let reports = format!("/reports?form=health-daily&cursor={day}");
    for path in [reports.as_str(), "/reports/a%00b/revisions", "/forms/%00"] {
        assert!(student.get(path).await.status.is_client_error(), "{path}");
    }
    // No text in the database holds a NUL: it is told by field, wherever it stands.
    let nul = json!({ "dataset": "people", "columns": [{ "column": "number", "title": "学\u{0}号" }], "order": "number" });
    let nul = leader.post("/exports/preview", &nul).await;
    assert_eq!((nul.status, nul.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["columns.0.title"]));
    let nul = leader.get("/statistics/health-daily?day=2020-03-04%00").await;
    assert_eq!((nul.status, nul.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["day"]));
    // Said twice, in an address or in a body: nobody guesses which was meant.
    let twice = leader.get("/statistics/health-daily?day=2020-03-04&day=2020-03-03").await;
    assert_eq!((twice.status, twice.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["day"]));
    let body = r#"{"field":"phone","field":"name","value":"10099990001"}"#;
    let twice = student.post_raw("/me/corrections", body, &[("Content-Type", "application/json")]).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", twice.body);
}
