//! Where somebody is signed in, and the end of it.

use chrono::TimeDelta;
use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::http::who::SESSION;

use crate::{
    audit::details,
    browser_client::{Browser, IN_CLIENT, Reply},
    test_app::{Shape, TestApp},
};

#[tokio::test(flavor = "multi_thread")]
async fn one_sees_where_one_is_signed_in_and_ends_it_at_once() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let phone = test.sign_in(&student).await;
    let pc = test.sign_in_on_pc(&student).await;
    let listed = phone.get("/me/sessions").await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
    let told: Vec<Value> = listed
        .items()
        .iter()
        .map(|session| json!([session["channel"], session["system"], session["browser"], session["this"]]))
        .collect();
    assert_eq!(
        told,
        [json!(["pc", "other", "chrome", false]), json!(["h5", "android", "wecom", true])],
        "the last seen first"
    );
    let told: i64 = test.one("select count(*) from sessions s where s::text like '%Mozilla%'", &[]).await;
    assert_eq!(told, 0, "what a browser calls itself is not kept");

    // Both were here a moment ago, and are remembered.
    for browser in [&phone, &pc] {
        assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    }
    let (other, own) = (listed.items()[0]["id"].clone(), listed.items()[1]["id"].clone());
    let stranger = test.sign_in(&test.persona("counsellor")).await;
    for id in [&other, &own] {
        let reply = stranger.delete(&format!("/me/sessions/{id}")).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "another's session looks like none");
    }
    assert_eq!(phone.delete(&format!("/me/sessions/{other}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(pc.get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(phone.delete(&format!("/me/sessions/{other}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(phone.get("/me/sessions").await.items().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_others_end_and_the_one_that_asks_stays() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let lost = [test.sign_in(&student).await, test.sign_in_on_pc(&student).await];
    let own = test.sign_in(&student).await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    for browser in &lost {
        assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    }
    let ended = own.post("/me/sessions/end-others", &json!({})).await;
    assert_eq!((ended.status, &ended.body["ended"]), (StatusCode::OK, &json!(2)));
    for browser in &lost {
        assert_eq!(browser.get("/me").await.status, StatusCode::UNAUTHORIZED);
    }
    for browser in [&own, &counsellor] {
        assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sixth_session_ends_the_one_not_seen_for_the_longest_time() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let pc = test.sign_in_on_pc(&student).await;
    let mut phones = Vec::new();
    for _ in 0..5 {
        phones.push(test.sign_in(&student).await);
    }
    test.clock.advance(TimeDelta::minutes(5));
    // The first is in use; the second is then the one that was left alone for the longest time.
    assert_eq!(phones[0].get("/me").await.status, StatusCode::OK);
    phones.push(test.sign_in(&student).await);
    for (place, phone) in phones.iter().enumerate() {
        let expected = if place == 1 { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
        assert_eq!(phone.get("/me").await.status, expected, "{place}");
    }
    assert_eq!(pc.get("/me").await.status, StatusCode::OK, "the other channel has room of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_ends_the_sessions_of_an_account_and_its_person_reads_who() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let lost = [test.sign_in(&student).await, test.sign_in_on_pc(&student).await];
    let end = json!({ "userid": student });
    for role in ["student", "counsellor", "college_office", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        let refused = viewer.post("/accounts/sessions/end", &end).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role}");
    }
    for browser in &lost {
        assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    }
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let nobody = administrator.post("/accounts/sessions/end", &json!({ "userid": "nobody-here" })).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let ended = administrator.post("/accounts/sessions/end", &end).await;
    // The student asked for it above, by a third one.
    assert_eq!((ended.status, &ended.body["ended"]), (StatusCode::OK, &json!(3)), "{}", ended.body);
    for browser in &lost {
        assert_eq!(browser.get("/me").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(administrator.get("/me").await.status, StatusCode::OK);
    let again = administrator.post("/accounts/sessions/end", &end).await;
    assert_eq!(again.body["ended"], json!(0));

    let looks = test.sign_in(&student).await.get("/access-log").await;
    let told: Vec<&str> = looks.items().iter().map(|look| look["field"].as_str().unwrap()).collect();
    assert_eq!(told, ["sessions"], "once, since there was nothing to end again");
    assert_eq!(details(&test, Act::SessionsEnded).await, [json!({ "sessions": 3 })]);
}

/// What is only done by somebody who signed in a moment ago.
const DANGEROUS: [(&str, &str, &str); 34] = [
    (
        "POST",
        "/grants",
        r#"{"number":"1","role":"college_leader","department":1,"purpose":"春季学期","last":"2020-07-31"}"#,
    ),
    ("POST", "/grants/1/end", r#"{"reason":"换人"}"#),
    ("POST", "/class-counsellors/1/grants", r#"{"number":"1","purpose":"代管班级","last":"2020-07-31"}"#),
    ("DELETE", "/class-counsellors/grants/1", ""),
    ("POST", "/sync-runs/1/approval", r#"{"digest":"00"}"#),
    ("POST", "/write-plans/1/approval", r#"{"digest":"00"}"#),
    ("DELETE", "/photos/1", ""),
    ("POST", "/sync-runs/999999/reversion", "{}"),
    ("POST", "/campaigns/nothing/end", "{}"),
    ("PUT", "/campaigns/nothing/schedule", r#"{"starts_on":"2020-03-04","ends_on":"2020-05-31"}"#),
    ("POST", "/statuses/graduation", r#"{"department":999999,"on":"2020-07-01","reason":"毕业"}"#),
    ("POST", "/statuses", r#"{"number":"nobody","kind":"departure","from":"2020-07-01","reason":"离职"}"#),
    ("POST", "/statuses/stays", r#"{"number":"nobody","from":"2019-09-01","reason":"更正"}"#),
    ("POST", "/statuses/places/999999/dates", r#"{"from":"2019-09-02","reason":"更正"}"#),
    ("POST", "/statuses/999999/revocation", r#"{"reason":"登记错了"}"#),
    ("POST", "/statuses/list", "{}"),
    ("POST", "/statuses/numbers", "{}"),
    ("POST", "/kinds/persons", r#"{"digest":"00"}"#),
    ("DELETE", "/me/privacy-notice/agreement", ""),
    ("POST", "/accounts/sessions/end", r#"{"userid":"nobody-here"}"#),
    ("POST", "/me/data/copies", r#"{"format":"json"}"#),
    ("POST", "/gate-keys/00/kill", "{}"),
    ("POST", "/gates/999999/pairing", r#"{"name":"东门 1 号闸机"}"#),
    ("POST", "/retention/holds", r#"{"form":"health-daily","reason":"校内调查","until":"2020-12-31"}"#),
    ("POST", "/retention/holds/1/end", "{}"),
    ("POST", "/reading-lifts", r#"{"number":"nobody","reading":"phones","reason":"家访"}"#),
    ("POST", "/kinds", r#"{"rules":{},"digest":"00"}"#),
    ("POST", "/accounts/second-factor/reset", r#"{"userid":"nobody-here"}"#),
    ("POST", "/accounts/links", r#"{"links":[{"userid":"nobody-here","number":"1"}]}"#),
    ("DELETE", "/accounts/999999/link", ""),
    ("POST", "/roster", "{}"),
    (
        "POST",
        "/privacy-notices",
        r#"{"after":99,"text":"我们会收集您每天的体温。","legal_basis":"学校规定","rests_on_consent":false}"#,
    ),
    ("POST", "/roster/imports/999999/undo", "{}"),
    (
        "POST",
        "/exports",
        r#"{"name":"填报","purpose":"报送","definition":{"dataset":"report_answers","order":"number",
            "columns":[{"column":"number","title":"学号"}],"filters":{"form":"health-daily","day":"2020-03-04"}}}"#,
    ),
];

async fn ask(browser: &Browser, (method, path, body): (&str, &str, &str)) -> Reply {
    match method {
        "POST" => browser.post(path, &serde_json::from_str(body).unwrap()).await,
        "PUT" => browser.put(path, &serde_json::from_str(body).unwrap()).await,
        _ => browser.delete(path).await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dangerous_acts_want_a_fresh_sign_in_and_others_do_not() {
    // A few on each server: one member's requests are limited, and what is refused for that says nothing here.
    for acts in DANGEROUS.chunks(DANGEROUS.len().div_ceil(2)) {
        want_a_fresh_sign_in(acts).await;
    }
}

async fn want_a_fresh_sign_in(acts: &[(&str, &str, &str)]) {
    let is_open = |reply: &Reply| !["sign_in_again", "too_many_requests"].contains(&reply.code());
    let test = TestApp::start_with(Shape { fresh_sign_in_minutes: 10, ..Shape::default() }).await;
    test.sync().await;
    test.import_roster().await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    for &act in acts {
        let reply = ask(&administrator, act).await;
        assert!(is_open(&reply), "{act:?}: a moment ago: {}", reply.body);
    }
    test.clock.advance(TimeDelta::minutes(11));
    for &act in acts {
        let reply = ask(&administrator, act).await;
        assert_eq!((reply.status, reply.code()), (StatusCode::FORBIDDEN, "sign_in_again"), "{act:?}");
    }
    let classes = json!({ "name": "班级", "purpose": "报送", "definition": { "dataset": "classes", "order": "place",
        "columns": [{ "column": "place", "title": "班级" }] } });
    let asked = administrator.post("/exports", &classes).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "a sheet of figures: {}", asked.body);
    assert_eq!(administrator.post("/kinds/preview", &json!({})).await.status, StatusCode::OK);

    // The same browser signs in once more and comes back to where it was.
    let (at, response) = administrator.open(administrator.url("/auth/start?to=/healthz")).await;
    assert_eq!((at.path(), response.status()), ("/healthz", StatusCode::OK));
    for &act in acts {
        let reply = ask(&administrator, act).await;
        assert!(is_open(&reply), "{act:?}: once more: {}", reply.body);
    }
    assert_eq!(administrator.get("/me/sessions").await.items().len(), 1, "it took the place of the old one");
}

#[test]
fn a_sign_in_is_fresh_for_ten_minutes_unless_configured_otherwise() {
    let text =
        std::fs::read_to_string(crate::test_app::root().join("deploy/production/rollcall.toml")).unwrap();
    let mut production: toml::Table = toml::from_str(&text).unwrap();
    let read: server::config::Server = production.remove("server").unwrap().try_into().unwrap();
    assert_eq!(read.fresh_sign_in_minutes, 10);
}

/// Who can write to Redis puts the office's viewer under a session of their own making, and puts back what was ended.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_planted_in_redis_opens_nothing() {
    let Ok(url) = std::env::var("ROLLCALL_TEST_REDIS_URL") else { return };
    let test = TestApp::start().await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let key_of = async |session: &str| -> String {
        test.one("select 'viewer:1:' || encode(sha256(convert_to($1, 'UTF8')), 'hex')", &[&session]).await
    };
    let own = key_of(&office.cookie(SESSION).unwrap()).await;
    let mut redis = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    // Tests beside this one may empty the same Redis at any moment.
    let mut remembered: Option<Vec<u8>> = None;
    for _ in 0..100 {
        assert_eq!(office.get("/me").await.status, StatusCode::OK);
        remembered = redis::cmd("GET").arg(&own).query_async(&mut redis).await.unwrap();
        if remembered.is_some() {
            break;
        }
    }
    let remembered = remembered.expect("the office is remembered");

    let stranger = Browser::new(test.url.clone(), IN_CLIENT);
    let made_up = "ab".repeat(32);
    stranger.set_cookie(SESSION, &made_up);
    let planted = key_of(&made_up).await;
    let _: () =
        redis::cmd("SETEX").arg(&planted).arg(60).arg(&remembered).query_async(&mut redis).await.unwrap();
    assert_eq!(stranger.get("/me").await.status, StatusCode::UNAUTHORIZED);

    test.owner.execute("delete from sessions", &[]).await.unwrap();
    test.clock.advance(TimeDelta::seconds(4));
    let _: () = redis::cmd("SETEX").arg(&own).arg(60).arg(&remembered).query_async(&mut redis).await.unwrap();
    assert_eq!(office.get("/me").await.status, StatusCode::UNAUTHORIZED);
}
