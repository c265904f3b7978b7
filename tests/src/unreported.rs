//! The counsellor's list.

use reqwest::StatusCode;
use serde_json::json;

use crate::test_app::{TestApp, health_report, normal_answers};

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_the_counsellors_own_classes_and_shrinks() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let mine = test.students_of(&userid).await;
    assert!(!mine.is_empty());
    let counsellor = test.sign_in(&userid).await;
    let list = counsellor.get("/unreported/health-daily").await;
    let numbers: Vec<String> =
        list.items().iter().map(|row| row["number"].as_str().unwrap().to_owned()).collect();
    assert_eq!(numbers, mine);
    assert_eq!((&list.body["total"], &list.body["expected"]), (&json!(mine.len()), &json!(mine.len())));

    let student = test.sign_in(&mine[0]).await;
    student.post("/reports", &health_report(normal_answers())).await;
    let list = counsellor.get("/unreported/health-daily").await;
    assert_eq!((&list.body["total"], &list.body["expected"]), (&json!(mine.len() - 1), &json!(mine.len())));
    assert!(list.items().iter().all(|row| row["number"] != json!(mine[0])));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_cover_everyone_once() {
    let test = TestApp::start().await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let total = office.get("/unreported/health-daily").await.body["total"].as_u64().unwrap() as usize;
    let mut seen = Vec::new();
    let mut path = "/unreported/health-daily?limit=7".to_owned();
    loop {
        let page = office.get(&path).await;
        seen.extend(page.items().iter().map(|row| row["number"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/unreported/health-daily?limit=7&cursor={cursor}");
    }
    assert_eq!(seen.len(), total);
    assert!(seen.is_sorted_by(|a, b| a < b), "in order, nobody twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_with_a_scope_see_a_list() {
    let test = TestApp::start().await;
    for (role, status) in [
        ("student", StatusCode::FORBIDDEN),
        ("administrator", StatusCode::FORBIDDEN),
        ("college_leader", StatusCode::OK),
        ("school_leader", StatusCode::OK),
    ] {
        let viewer = test.sign_in(&test.persona(role)).await;
        let list = viewer.get("/unreported/health-daily").await;
        assert_eq!(list.status, status, "{role}");
        if status == StatusCode::OK {
            assert!(list.items().iter().all(|row| row["phone_masked"].is_null()), "leaders do not call");
        }
    }
}
