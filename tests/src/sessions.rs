//! Where somebody is signed in, and the end of it.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::TestApp;

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
}
