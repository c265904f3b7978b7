//! When nobody could report: windows that were open then are longer by it.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::{TestApp, health_report, normal_answers};

async fn outages(test: &TestApp) -> i64 {
    test.one("select count(*) from outages", &[]).await
}

fn yesterday() -> Value {
    let mut report = health_report(normal_answers());
    report["day"] = json!("2020-03-04");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_an_outage_and_the_first_word_is_none() {
    let test = TestApp::start().await;
    app::outages::beat(&test.app).await;
    assert_eq!(outages(&test).await, 0, "a new installation was never away");
    test.clock.advance(TimeDelta::minutes(3));
    app::outages::beat(&test.app).await;
    assert_eq!(outages(&test).await, 0, "three minutes are no outage");
    test.clock.advance(TimeDelta::minutes(4));
    app::outages::beat(&test.app).await;
    app::outages::beat(&test.app).await;
    assert_eq!(outages(&test).await, 1, "of two processes one finds it");
    let minutes: f64 =
        test.one("select extract(epoch from until_time - from_time)::float8 / 60 from outages", &[]).await;
    assert!((minutes - 4.0).abs() < 0.01, "{minutes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_lost_to_an_outage_is_reported_after_midnight_and_is_not_late() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    test.clock.set_time("15:00");
    app::outages::beat(&test.app).await;
    // Down until ten past midnight: five hours were left until the cut-off, nine until the end.
    test.clock.advance(TimeDelta::hours(9) + TimeDelta::minutes(10));
    let student = test.sign_in(&students[0]).await;
    assert_eq!(student.post("/reports", &yesterday()).await.fields(), ["day"], "before it is noticed");
    app::outages::beat(&test.app).await;

    test.clock.advance(TimeDelta::minutes(20));
    let listed = student.get("/forms").await;
    let of_yesterday = listed.items().iter().find(|form| form["day"] == json!("2020-03-04"));
    assert_eq!(of_yesterday.unwrap()["state"], json!("unreported"), "{}", listed.body);
    let taken = student.post("/reports", &yesterday()).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.body);
    assert_eq!((&taken.body["day"], &taken.body["late"]), (&json!("2020-03-04"), &json!(false)));

    test.clock.advance(TimeDelta::hours(5));
    let late = test.sign_in(&students[1]).await.post("/reports", &yesterday()).await;
    assert_eq!(
        (late.status, &late.body["late"]),
        (StatusCode::CREATED, &json!(true)),
        "past the longer cut-off"
    );
    test.clock.advance(TimeDelta::hours(4));
    let refused = test.sign_in(&students[2]).await.post("/reports", &yesterday()).await;
    assert_eq!(refused.fields(), ["day"], "after it yesterday is over");
    let today = test.sign_in(&students[2]).await.post("/reports", &health_report(normal_answers())).await;
    assert_eq!((today.status, &today.body["day"]), (StatusCode::CREATED, &json!("2020-03-05")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_records_one_and_takes_it_back() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let recorded =
        json!({ "from": "2020-03-03T20:00:00Z", "until": "2020-03-03T22:00:00Z", "note": "机房断电" });
    assert_eq!(administrator.post("/outages", &recorded).await.body, json!({ "added": true }));
    assert_eq!(administrator.post("/outages", &recorded).await.body, json!({ "added": false }), "once");
    for (from, until, field) in [
        ("2020-03-03T20:00:00Z", "2020-03-04T00:00:01Z", "until"),
        ("2020-03-03T20:00:00Z", "2020-03-03T20:00:00Z", "from"),
        ("2020-03-01T00:00:00Z", "2020-03-03T00:00:01Z", "from"),
    ] {
        let reply = administrator.post("/outages", &json!({ "from": from, "until": until })).await;
        assert_eq!(reply.fields(), [field], "{from} {until}");
    }
    app::outages::beat(&test.app).await;
    test.clock.advance(TimeDelta::hours(1));
    app::outages::beat(&test.app).await;
    let list = administrator.get("/outages").await;
    let causes: Vec<&Value> = list.items().iter().map(|outage| &outage["cause"]).collect();
    assert_eq!(causes, [&json!("noticed"), &json!("recorded")], "the newest first");
    assert_eq!(list.items()[1]["note"], json!("机房断电"));
    assert!(list.items()[1]["by"].is_string() && list.items()[0]["by"].is_null());
    let gone = administrator.delete(&format!("/outages/{}", list.items()[1]["id"])).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let stays = administrator.delete(&format!("/outages/{}", list.items()[0]["id"])).await;
    assert_eq!(stays.status, StatusCode::NOT_FOUND, "what was noticed was so");
    assert_eq!(outages(&test).await, 1);
    for role in ["student", "counsellor", "school_office"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/outages").await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(viewer.post("/outages", &recorded).await.status, StatusCode::FORBIDDEN, "{role}");
    }
}
