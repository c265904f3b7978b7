//! Signing in, and everything WeCom and browsers do to it.

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::json;
use url::Url;

use crate::{
    browser_client::{Browser, IN_CLIENT},
    test_app::TestApp,
};

fn location(response: &reqwest::Response, base: &Url) -> Url {
    base.join(response.headers()["location"].to_str().unwrap()).unwrap()
}

/// Goes to WeCom and comes back with the callback's address, not yet opened.
pub(crate) async fn to_callback(browser: &Browser) -> Url {
    let trusted = browser.url("/");
    to_callback_of(browser, &trusted).await.unwrap()
}

/// The same at another server of the deployment than the one whose address is registered with WeCom as `trusted`. What
/// went wrong, where there is no way on.
pub(crate) async fn to_callback_of(browser: &Browser, trusted: &Url) -> Result<Url, String> {
    let here = browser.url("/");
    let way_on = |response: &reqwest::Response| -> Result<Url, String> {
        let to = response.headers().get("location").and_then(|to| to.to_str().ok());
        let to = to.ok_or_else(|| format!("no way on: {}", response.status()))?;
        here.join(to).map_err(|error| error.to_string())
    };
    let start = browser.request(Method::GET, browser.url("/auth/start?to=/healthz"), None, &[]).await;
    let mut wecom = way_on(&start)?;
    let back = trusted.join("/auth/callback").unwrap();
    let pairs: Vec<(String, String)> = wecom
        .query_pairs()
        .map(|(name, value)| match &*name {
            "redirect_uri" => (name.into_owned(), back.to_string()),
            _ => (name.into_owned(), value.into_owned()),
        })
        .collect();
    wecom.query_pairs_mut().clear().extend_pairs(pairs);
    let mut callback = way_on(&browser.request(Method::GET, wecom, None, &[]).await)?;
    callback.set_port(here.port()).map_err(|()| "no port".to_owned())?;
    Ok(callback)
}

/// The browser of somebody whom WeCom knows and Rollcall does not yet.
pub(crate) fn browser_of(test: &TestApp, userid: &str) -> Browser {
    let browser = Browser::new(test.url.clone(), IN_CLIENT);
    browser.set_cookie("simulator_user", userid);
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn signs_in_from_the_workbench_and_on_a_pc() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    for browser in [test.sign_in(&student).await, test.sign_in_on_pc(&student).await] {
        let me = browser.get("/me").await;
        assert_eq!(me.status, StatusCode::OK);
        assert_eq!(me.body["userid"], json!(student));
        assert_eq!(me.body["person"]["number"], json!(student));
        assert_eq!(me.body["today"], json!("2020-03-04"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_cookie_is_safe_and_only_its_hash_is_kept() {
    let test = TestApp::start().await;
    let browser = browser_of(&test, &test.persona("student"));
    let callback = to_callback(&browser).await;
    let response = browser.request(Method::GET, callback, None, &[]).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let cookie = response
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .find(|cookie| cookie.starts_with("__Host-session="))
        .expect("a session cookie");
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    let token = browser.cookie("__Host-session").unwrap();
    let kept: i64 =
        test.one("select count(*) from sessions where encode(session_hash, 'hex') = $1", &[&token]).await;
    assert_eq!(kept, 0, "the token itself is not in the database");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sign_in_is_a_session_of_its_own_and_ends_the_one_before() {
    let test = TestApp::start().await;
    let browser = browser_of(&test, &test.persona("student"));
    // One that somebody else made up and put there.
    let mut before = vec!["ab".repeat(32)];
    browser.set_cookie("__Host-session", &before[0]);
    for _ in 0..3 {
        let (at, response) = browser.open(browser.url("/auth/start?to=/healthz")).await;
        assert_eq!((at.path(), response.status()), ("/healthz", StatusCode::OK));
        let token = browser.cookie("__Host-session").unwrap();
        assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "32 bytes");
        assert!(!before.contains(&token), "a session of its own");
        before.push(token);
    }
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    before.pop();
    let elsewhere = test.browser();
    for token in &before {
        elsewhere.set_cookie("__Host-session", token);
        assert_eq!(elsewhere.get("/me").await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_deployment_has_no_account_of_anybodys() {
    let test = TestApp::start_empty().await;
    for table in ["persons", "members", "grants", "sessions", "gate_devices", "gate_pairings", "visitors"] {
        let there: i64 = test.one(&format!("select count(*) from {table}"), &[]).await;
        assert_eq!(there, 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn back_and_refresh_end_signed_in_with_one_exchange() {
    let test = TestApp::start().await;
    let browser = browser_of(&test, &test.persona("student"));
    let callback = to_callback(&browser).await;
    for _ in 0..6 {
        let (at, response) = browser.open(callback.clone()).await;
        assert_eq!((at.path(), response.status()), ("/healthz", StatusCode::OK));
    }
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    let codes: i64 = test.one("select count(*) from used_codes", &[]).await;
    assert_eq!(codes, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_state_with_another_code_ends_signed_in() {
    let test = TestApp::start().await;
    let browser = browser_of(&test, &test.persona("student"));
    let first = to_callback(&browser).await;
    let mut second = first.clone();
    let state = first.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    second.query_pairs_mut().clear().append_pair("code", "another-code").append_pair("state", &state);
    for callback in [first, second] {
        let (at, response) = browser.open(callback).await;
        assert_eq!((at.path(), response.status()), ("/healthz", StatusCode::OK));
    }
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_both_end_signed_in() {
    let test = TestApp::start().await;
    let browser = browser_of(&test, &test.persona("student"));
    let (one, two) = (to_callback(&browser).await, to_callback(&browser).await);
    for callback in [one, two] {
        let (at, response) = browser.open(callback).await;
        assert_eq!((at.path(), response.status()), ("/healthz", StatusCode::OK));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_begun_in_another_browser_is_refused() {
    let test = TestApp::start().await;
    let attacker = browser_of(&test, &test.persona("student"));
    let callback = to_callback(&attacker).await;
    let victim = test.browser();
    let response = victim.request(Method::GET, callback, None, &[]).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(victim.cookie("__Host-session"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_code_a_hundred_times_at_once_is_exchanged_once() {
    let test = TestApp::start().await;
    let browser = browser_of(&test, &test.persona("student"));
    let callback = to_callback(&browser).await;
    let browser = std::sync::Arc::new(browser);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (browser, callback) = (browser.clone(), callback.clone());
        requests.spawn(async move { browser.request(Method::GET, callback, None, &[]).await.status() });
    }
    while let Some(status) = requests.join_next().await {
        assert!(status.unwrap().as_u16() < 500);
    }
    let sessions: i64 = test.one("select count(*) from sessions", &[]).await;
    assert_eq!(sessions, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_expires_and_is_started_again_once() {
    let test = TestApp::start().await;
    let browser = browser_of(&test, &test.persona("student"));
    let callback = to_callback(&browser).await;
    test.clock.advance(TimeDelta::minutes(11));
    let response = browser.request(Method::GET, callback.clone(), None, &[]).await;
    assert_eq!(location(&response, &browser.url("/")).path(), "/auth/start");
    let again = browser.request(Method::GET, callback, None, &[]).await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN, "no endless circle");
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_only_to_paths_of_this_host() {
    let test = TestApp::start_empty().await;
    let browser = test.browser();
    for to in ["//evil.example/", "https://evil.example/", "/%5Cevil.example", "evil", "/auth/start"] {
        let url = browser.url(&format!("/auth/start?to={to}"));
        let response = browser.request(Method::GET, url, None, &[]).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{to}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_idles_out_and_never_outlives_twelve_hours() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let idle = test.sign_in(&student).await;
    test.clock.advance(TimeDelta::minutes(121));
    assert_eq!(idle.get("/me").await.status, StatusCode::UNAUTHORIZED);

    test.clock.set_time("08:00");
    let busy = test.sign_in(&student).await;
    for _ in 0..7 {
        test.clock.advance(TimeDelta::minutes(100));
        assert_eq!(busy.get("/me").await.status, StatusCode::OK);
        test.forget_viewers().await;
    }
    test.clock.advance(TimeDelta::minutes(100));
    assert_eq!(busy.get("/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session() {
    let test = TestApp::start().await;
    let browser = test.sign_in(&test.persona("student")).await;
    let token = browser.cookie("__Host-session").unwrap();
    let response = browser.request(Method::POST, browser.url("/auth/sign-out"), None, &[]).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    // What the page kept goes too, and the cookie.
    let cleared = response.headers()["clear-site-data"].to_str().unwrap();
    assert!(cleared.contains("\"cache\"") && cleared.contains("\"storage\""), "{cleared}");
    assert_eq!(browser.cookie("__Host-session"), None);
    browser.set_cookie("__Host-session", &token);
    assert_eq!(browser.get("/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_signed_out() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let browser = test.sign_in(&student).await;
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    let url = format!("{}/_sim/members/{student}", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
    test.forget_viewers().await;
    assert_eq!(browser.get("/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_without_a_session() {
    let test = TestApp::start().await;
    let stranger = test.browser();
    for path in [
        "/me",
        "/forms",
        "/reports?form=health-daily",
        "/statistics/health-daily",
        "/unreported/health-daily",
        "/sync-runs",
    ] {
        let reply = stranger.get(path).await;
        assert_eq!((reply.status, reply.code()), (StatusCode::UNAUTHORIZED, "not_signed_in"), "{path}");
    }
    stranger.set_cookie("__Host-session", &"0".repeat(64));
    assert_eq!(stranger.get("/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_out_even_while_wecom_does_not_answer() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let browser = test.sign_in(&student).await;
    test.control("faults", &json!({ "path": "department/simplelist", "http_status": 502 })).await;
    let url = format!("{}/_sim/members/{student}", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    test.simulator.callbacks_delivered().await;
    app::jobs::run_one(&test.app).await.unwrap();
    test.forget_viewers().await;
    assert_eq!(browser.get("/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_member_is_looked_at_and_let_in_a_moment_later() {
    let test = TestApp::start().await;
    let department: i32 =
        test.one("select department_id from departments where kind = 'class' limit 1", &[]).await;
    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    test.control("faults", &json!({ "path": "callback/rollcall", "lose": true })).await;
    test.control("members", &json!({ "userid": "new.one", "name": "新生", "department": [department] }))
        .await;
    let browser = browser_of(&test, "new.one");
    let callback = to_callback(&browser).await;
    let refused = browser.request(Method::GET, callback, None, &[]).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(refused.text().await.unwrap().contains("通讯录里没有您的账号"));
    test.run_jobs().await;
    let (at, response) = browser.open(browser.url("/auth/start?to=/healthz")).await;
    assert_eq!((at.path(), response.status()), ("/healthz", StatusCode::OK));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_comes_back_to_the_host_it_began_at() {
    let test = TestApp::start_empty().await;
    let mut url = test.browser().url("/auth/start?to=/h5/");
    url.set_host(Some("localhost")).unwrap();
    let response = test.browser().request(Method::GET, url.clone(), None, &[]).await;
    let wecom = location(&response, &url);
    let back = wecom.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
    assert_eq!(back, format!("http://localhost:{}/auth/callback", url.port().unwrap()));
}
