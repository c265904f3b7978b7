//! One person's data: the phone on record, and who looked.

use reqwest::StatusCode;
use serde_json::json;

use crate::test_app::{TestApp, roster_files};

async fn person_id(test: &TestApp, number: &str) -> i64 {
    test.one("select person_id from persons where number = $1", &[&number]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_masked_until_tapped_and_the_tap_is_recorded() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    let list = counsellor.get("/unreported/health-daily").await;
    let row = &list.items()[0];
    let masked = row["phone_masked"].as_str().unwrap();
    assert!(masked.starts_with("100****"), "{masked}");

    let reply = counsellor.post(&format!("/people/{}/phone", row["id"]), &json!({ "purpose": "call" })).await;
    assert_eq!(reply.status, StatusCode::OK);
    let phone = reply.body["phone"].as_str().unwrap();
    assert_eq!((phone.len(), &phone[..3], &phone[7..]), (11, "100", &masked[7..]));

    let student = test.sign_in(row["number"].as_str().unwrap()).await;
    let looks = student.get("/access-log").await;
    assert_eq!(looks.items().len(), 1);
    assert_eq!((&looks.items()[0]["field"], &looks.items()[0]["purpose"]), (&json!("phone"), &json!("call")));
    let name: String = test.one("select name from persons where number = $1", &[&userid]).await;
    assert_eq!(looks.items()[0]["viewer"], json!(name));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_outside_the_scope_does_not_exist() {
    let test = TestApp::start().await;
    let counsellors = test.personas("counsellor");
    let mine = test.students_of(&counsellors[0]).await;
    let all: Vec<String> = test
        .owner
        .query("select number from persons where kind = 'student'", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let foreign = all.iter().find(|number| !mine.contains(number)).expect("a student of someone else's");
    let counsellor = test.sign_in(&counsellors[0]).await;
    let foreign = person_id(&test, foreign).await;
    let call = json!({ "purpose": "call" });
    let not_mine = counsellor.post(&format!("/people/{foreign}/phone"), &call).await;
    let not_there = counsellor.post("/people/999999999/phone", &call).await;
    assert_eq!(not_mine.status, StatusCode::NOT_FOUND);
    assert_eq!(not_mine.body, not_there.body);
    let bad = counsellor.post(&format!("/people/{foreign}/phone"), &json!({ "purpose": "curious" })).await;
    assert_eq!(bad.fields(), ["purpose"]);
    for role in ["student", "school_leader", "college_leader", "administrator"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        let reply = viewer.post(&format!("/people/{foreign}/phone"), &call).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{role}");
    }
    let looks: i64 = test.one("select count(*) from access_log", &[]).await;
    assert_eq!(looks, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_are_ciphertext_in_the_database() {
    let test = TestApp::start().await;
    let people = String::from_utf8(roster_files().0).unwrap();
    let phones: Vec<&str> = people
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').find(|cell| cell.starts_with("100") && cell.len() == 11))
        .collect();
    assert!(phones.len() > 50, "the roster has phones");
    let dump: String = test
        .one("select string_agg(p::text || encode(coalesce(phone, ''), 'escape'), '') from persons p", &[])
        .await;
    for phone in phones {
        assert!(!dump.contains(phone), "a phone lies open");
    }
}
