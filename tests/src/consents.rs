//! What WeCom withholds comes by the member's consent, is known by its source, and goes when it is taken back.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::{browser_client::Browser, test_app::TestApp};

const THEIRS: &str = "13900000001";

/// A student whose phone in WeCom is another than on the roster.
async fn student_with_a_new_phone(test: &TestApp) -> (String, Browser) {
    let student = test.persona("student");
    test.control(&format!("members/{student}"), &json!({ "mobile": THEIRS })).await;
    let browser = test.sign_in(&student).await;
    (student, browser)
}

async fn consent(browser: &Browser) -> Url {
    let start = browser.request(Method::GET, browser.url("/auth/consent"), None, &[]).await;
    assert_eq!(start.status(), StatusCode::FOUND);
    let wecom = location(browser, &start);
    assert!(wecom.query().unwrap().contains("scope=snsapi_privateinfo"), "{wecom}");
    assert!(wecom.query().unwrap().contains("agentid="), "{wecom}");
    let back = browser.request(Method::GET, wecom, None, &[]).await;
    location(browser, &back)
}

fn location(browser: &Browser, response: &reqwest::Response) -> Url {
    browser.url("/").join(response.headers()["location"].to_str().unwrap()).unwrap()
}

/// Where a way to consent ends: the page, and what it is told.
async fn ends(browser: &Browser, callback: Url) -> String {
    let response = browser.request(Method::GET, callback, None, &[]).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    response.headers()["location"].to_str().unwrap().to_owned()
}

async fn fact(browser: &Browser, field: &str) -> Value {
    let data = browser.get("/me/data").await;
    assert_eq!(data.status, StatusCode::OK, "{}", data.body);
    let facts = data.body["facts"].as_array().unwrap();
    facts.iter().find(|fact| fact["field"] == json!(field)).cloned().unwrap_or_else(|| panic!("no {field}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_says_whose_word_it_is_and_what_is_unknown_stays_so() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let browser = test.sign_in(&student).await;
    let number = fact(&browser, "number").await;
    assert_eq!((&number["value"], &number["source"]), (&json!(student), &json!("roster")));
    assert_eq!(number["since"], json!("2020-03-04"), "when the roster was imported");
    for (field, source) in [
        ("name", "roster"),
        ("major", "roster"),
        ("grade", "roster"),
        ("place", "directory"),
        ("account", "directory"),
    ] {
        let fact = fact(&browser, field).await;
        assert_eq!(fact["source"], json!(source), "{fact}");
        assert!(fact["value"].as_str().is_some_and(|value| !value.is_empty()), "{fact}");
    }
    let phone = fact(&browser, "phone").await;
    assert!(phone["value"].as_str().unwrap().starts_with("100****"), "{phone}");
    for field in ["mail", "gender"] {
        let fact = fact(&browser, field).await;
        assert_eq!((&fact["value"], &fact["source"]), (&Value::Null, &Value::Null), "{fact}");
    }
    let own = browser.post("/me/data/contact", &json!({})).await;
    assert_eq!(own.body["phone"].as_str().unwrap().len(), 11);
    let looks: i64 = test.one("select count(*) from access_log", &[]).await;
    assert_eq!(looks, 0, "one's own phone is no look at somebody");
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_fills_the_phone_and_taking_it_back_falls_back_to_the_roster() {
    let test = TestApp::start().await;
    let (student, browser) = student_with_a_new_phone(&test).await;
    let roster = browser.post("/me/data/contact", &json!({})).await.body["phone"].clone();
    let callback = consent(&browser).await;
    assert_eq!(ends(&browser, callback).await, "/h5/me/data?consent=given");

    let phone = fact(&browser, "phone").await;
    assert_eq!(phone["source"], json!("consent"));
    assert_eq!(phone["since"], json!("2020-03-04"));
    assert_eq!(browser.post("/me/data/contact", &json!({})).await.body["phone"], json!(THEIRS));
    assert!(["male", "female"].contains(&fact(&browser, "gender").await["value"].as_str().unwrap()));
    assert!(browser.get("/me/data").await.body["consented_at"].is_string());
    let open: String =
        test.one("select string_agg(encode(value, 'escape'), '') from person_fields", &[]).await;
    assert!(!open.contains(THEIRS), "sealed");

    // Who may call them calls the number that counts.
    let class = "select person_id from persons where number = $1";
    let id: i64 = test.one(class, &[&student]).await;
    let counsellor = counsellor_of(&test, &student).await;
    let call = json!({ "purpose": "call" });
    let counsellor = test.sign_in(&counsellor).await;
    let seen = counsellor.post(&format!("/people/{id}/phone"), &call).await;
    assert_eq!(seen.body["phone"], json!(THEIRS), "{}", seen.body);

    // A roster that says what it said before does not take it away.
    test.import_roster().await;
    assert_eq!(fact(&browser, "phone").await["source"], json!("consent"));

    for _ in 0..2 {
        assert_eq!(browser.delete("/me/consent").await.status, StatusCode::NO_CONTENT, "twice is harmless");
    }
    assert_eq!(fact(&browser, "phone").await["source"], json!("roster"));
    assert_eq!(fact(&browser, "gender").await["value"], Value::Null);
    assert_eq!(browser.post("/me/data/contact", &json!({})).await.body["phone"], roster);
    let kept: i64 = test.one("select count(*) from person_fields", &[]).await;
    assert_eq!(kept, 0, "nothing of what came by consent is kept");
    assert_eq!(browser.get("/me/data").await.body["consented_at"], Value::Null);
    let withdrawn: i64 = test.one("select count(*) from consents where withdrawn_at is not null", &[]).await;
    assert_eq!(withdrawn, 1, "that it was given and taken back is on record");
}

async fn counsellor_of(test: &TestApp, student: &str) -> String {
    for counsellor in test.personas("counsellor") {
        if test.students_of(&counsellor).await.iter().any(|number| number == student) {
            return counsellor;
        }
    }
    panic!("nobody looks after {student}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_counts_once_and_only_for_whoever_went() {
    let test = TestApp::start().await;
    let (_, browser) = student_with_a_new_phone(&test).await;
    let callback = consent(&browser).await;
    let foreign = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(ends(&foreign, callback.clone()).await, "/h5/me/data?consent=other", "another browser");
    assert_eq!(ends(&browser, callback.clone()).await, "/h5/me/data?consent=given");
    assert_eq!(ends(&browser, callback.clone()).await, "/h5/me/data", "Back");
    let given: i64 = test.one("select count(*) from consents", &[]).await;
    assert_eq!((given, test.count_calls("auth/getuserdetail").await), (1, 1));

    // The state of a consent signs nobody in, and that of a sign-in is no consent.
    let callback = consent(&browser).await;
    let mut as_sign_in = callback.clone();
    as_sign_in.set_path("/auth/callback");
    browser.set_cookie("__Host-session", "");
    assert_eq!(ends(&browser, as_sign_in).await, "/auth/start?to=%2F");
    assert_eq!(browser.cookie("__Host-session").as_deref(), Some(""), "no session comes of it");
    let unknown = browser.url("/auth/consent/callback?code=a&state=b");
    let signed_in = test.sign_in(&test.persona("student")).await;
    assert_eq!(ends(&signed_in, unknown).await, "/h5/me/data?consent=again");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_at_wecom_gives_nothing() {
    let test = TestApp::start().await;
    let (_, browser) = student_with_a_new_phone(&test).await;
    let start = browser.request(Method::GET, browser.url("/auth/consent"), None, &[]).await;
    browser.set_cookie("simulator_user", &test.persona("counsellor"));
    let back = browser.request(Method::GET, location(&browser, &start), None, &[]).await;
    let callback = location(&browser, &back);
    assert_eq!(ends(&browser, callback).await, "/h5/me/data?consent=other");
    let kept: i64 = test.one("select count(*) from person_fields", &[]).await;
    assert_eq!(kept, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_agree_is_back_at_their_data_and_nothing_is_kept() {
    let test = TestApp::start().await;
    let (_, browser) = student_with_a_new_phone(&test).await;
    let switch = async |on: bool| {
        test.control("settings", &json!({ "unconfirmed": { "consent_refused": on } })).await;
    };
    switch(true).await;
    let callback = consent(&browser).await;
    assert_eq!(ends(&browser, callback).await, "/h5/me/data?consent=refused");
    assert_eq!(fact(&browser, "phone").await["source"], json!("roster"));
    assert_eq!(test.count_calls("auth/getuserdetail").await, 0);
    switch(false).await;
    let callback = consent(&browser).await;
    assert_eq!(ends(&browser, callback).await, "/h5/me/data?consent=given", "they may think again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_on_a_pc_and_one_that_is_signed_out_are_sent_on_kindly() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let pc = test.sign_in_on_pc(&student).await;
    assert_eq!(ends(&pc, pc.url("/auth/consent")).await, "/h5/me/data?consent=elsewhere");
    let nobody = test.browser();
    assert_eq!(ends(&nobody, nobody.url("/auth/consent")).await, "/auth/start?to=/h5/me/data");
}

#[tokio::test(flavor = "multi_thread")]
async fn wecom_out_of_order_is_told_and_leaves_what_is_known() {
    let test = TestApp::start().await;
    let (_, browser) = student_with_a_new_phone(&test).await;
    for (errcode, told) in [(92001, "unavailable"), (84014, "again"), (60020, "busy")] {
        let fault = json!({ "path": "auth/getuserdetail", "errcode": errcode, "times": 1 });
        test.control("faults", &fault).await;
        let callback = consent(&browser).await;
        assert_eq!(ends(&browser, callback).await, format!("/h5/me/data?consent={told}"), "{errcode}");
    }
    assert_eq!(fact(&browser, "phone").await["source"], json!("roster"));
}
