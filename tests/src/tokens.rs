//! WeCom's tokens in Postgres: one lease at a time, sealed, expired only by who met the failing one.

use serde_json::json;
use store::tokens::{self, Key, Token};

use crate::{
    process::{Answer, Order, Process},
    test_app::TestApp,
};

const KEY: Key<'static> = Key { corp: 1, app: "some", kind: "access_token" };

fn token(test: &TestApp, value: &str) -> Token {
    let now = test.app.now();
    Token { value: value.into(), obtained_at: now, expires_at: now + chrono::TimeDelta::hours(2) }
}

async fn stored(test: &TestApp) -> Option<String> {
    use secrecy::ExposeSecret;
    let mut tx = test.app.store().scoped(1).await.unwrap();
    let stored = tokens::load(&mut tx, test.app.store().keyring(), KEY).await.unwrap();
    stored.token.map(|token| token.value.expose_secret().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_refreshes_and_a_dead_one_does_not_block_for_ever() {
    let test = TestApp::start_empty().await;
    let lease = async |seconds: f64| {
        let mut tx = test.app.store().scoped(1).await.unwrap();
        let lease = tokens::lease(&mut tx, KEY, seconds).await.unwrap();
        tx.commit().await.unwrap();
        lease
    };
    let release = async |lease| {
        let mut tx = test.app.store().scoped(1).await.unwrap();
        tokens::release(&mut tx, KEY, lease).await.unwrap();
        tx.commit().await.unwrap();
    };
    let first = lease(60.0).await.expect("free");
    assert_eq!(lease(60.0).await, None, "taken");
    release(first - chrono::TimeDelta::seconds(1)).await;
    assert_eq!(lease(60.0).await, None, "only its holder gives it back");
    release(first).await;
    // One that is over the moment it is taken, as a dead process's is after a while.
    assert!(lease(0.0).await.is_some());
    assert!(lease(60.0).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_kept_sealed_and_expired_by_its_own_value_only() {
    let test = TestApp::start_empty().await;
    let ring = test.app.store().keyring();
    let mut tx = test.app.store().scoped(1).await.unwrap();
    let lease = tokens::lease(&mut tx, KEY, 60.0).await.unwrap().unwrap();
    tokens::save(&mut tx, ring, KEY, &token(&test, "tok-first"), lease).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(stored(&test).await.as_deref(), Some("tok-first"));
    let bytes: Vec<u8> = test.one("select value from wecom_tokens where app = 'some'", &[]).await;
    assert!(!String::from_utf8_lossy(&bytes).contains("tok-first"));
    let held: bool =
        test.one("select refreshing_until is not null from wecom_tokens where app = 'some'", &[]).await;
    assert!(!held, "saving gives the lease back");

    for (failed, left) in [("tok-older", Some("tok-first")), ("tok-first", None)] {
        let mut tx = test.app.store().scoped(1).await.unwrap();
        tokens::expire(&mut tx, KEY, failed).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(stored(&test).await.as_deref(), left);
    }
    // Another school sees none of it.
    let mut tx = test.app.store().scoped(2).await.unwrap();
    assert!(tokens::load(&mut tx, ring, Key { corp: 2, ..KEY }).await.unwrap().token.is_none());
}

/// A second process of the same installation: its own memory and connections, the same database.
fn second_process(test: &TestApp) -> app::App {
    server::compose::app(&test.config, test.clock.clone()).expect("the parts fit")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_sign_ins_at_once_in_two_processes_ask_for_one_token() {
    use futures_util::{StreamExt, stream};
    use wecom::oauth::Scope;

    let test = TestApp::start_empty().await;
    let student = test.persona("student");
    let page = test.school().wecom.authorize_url(&format!("{}auth/callback", test.url), "s1", Scope::Base);
    let http =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let code = async || {
        let cookie = format!("simulator_user={student}");
        let answer = http.get(page.clone()).header("cookie", cookie).send().await.unwrap();
        let there = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        there.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
    };
    let mut codes: Vec<String> = stream::iter(0..1000).map(|_| code()).buffer_unordered(8).collect().await;
    let mut processes = [Process::start(&test), Process::start(&test)];
    let halves = [codes.split_off(500), codes];
    for (process, codes) in processes.iter_mut().zip(halves) {
        process.order(&Order::SignIns(codes)).await;
    }
    for process in &mut processes {
        assert_eq!(process.answer().await, Answer { succeeded: 500, trouble: None, measured: Vec::new() });
    }
    assert_eq!(test.count_calls("gettoken").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_failure_of_an_old_token_leaves_the_fresh_one_alone() {
    use secrecy::ExposeSecret;

    let test = TestApp::start_empty().await;
    let other = second_process(&test);
    let (here, there) = (&test.school().wecom, &other.school(1).unwrap().wecom);
    let old = here.access_token().await.unwrap();
    // WeCom ends the token before its time; the other process notices and fetches a new one.
    let tokens = format!("{}/_sim/tokens", test.simulator.url());
    reqwest::Client::new().delete(tokens).send().await.unwrap();
    there.departments(None).await.unwrap();
    let fresh = there.access_token().await.unwrap();
    assert_ne!(old.expose_secret(), fresh.expose_secret());
    assert_eq!(test.count_calls("gettoken").await, 2);
    // Only now does this process fail with the old one. It takes the fresh one and asks for none.
    here.departments(None).await.unwrap();
    assert_eq!(here.access_token().await.unwrap().expose_secret(), fresh.expose_secret());
    assert_eq!(test.count_calls("gettoken").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_secret_is_asked_about_once_by_all_processes() {
    let test = TestApp::start_empty().await;
    let mut config = server::config::Config::clone(&test.config);
    config.schools[0].app.secret = "a-secret-of-another-app".into();
    let process = || server::compose::app(&config, test.clock.clone()).expect("the parts fit");
    for _ in 0..3 {
        let refused = process().school(1).unwrap().wecom.access_token().await;
        assert!(matches!(refused, Err(wecom::Error::Configuration { .. })));
    }
    assert_eq!(test.count_calls("gettoken").await, 1);
    // The corrected secret is tried at once, and works.
    test.school().wecom.access_token().await.unwrap();
    assert_eq!(test.count_calls("gettoken").await, 2);
    let left: i64 = test.one("select count(*) from wecom_tokens where refused_code is not null", &[]).await;
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_calls_stop_every_process_and_only_that_api() {
    let test = TestApp::start_empty().await;
    let other = second_process(&test);
    let (here, there) = (&test.school().wecom, &other.school(1).unwrap().wecom);
    test.control("faults", &json!({ "path": "message/send", "errcode": 45009, "times": 1 })).await;
    assert_eq!(here.send("{}").await.unwrap_err().code(), Some(45009));
    for process in [here, there] {
        let paused = process.send("{}").await.unwrap_err();
        assert!(matches!(paused, wecom::Error::Paused { code: 45009, .. }), "{paused}");
        process.departments(None).await.unwrap();
    }
    assert_eq!(test.count_calls("message/send").await, 1);
    let calls: i64 =
        test.one("select minute_calls from wecom_budgets where api = 'department/list'", &[]).await;
    assert_eq!(calls, 400, "two processes, a block each");
}
