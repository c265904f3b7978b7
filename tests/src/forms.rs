//! Forms as the API shows them.

use reqwest::StatusCode;
use serde_json::json;

use crate::test_app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_form_says_what_is_asked_and_until_when() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let list = student.get("/forms").await;
    let codes: Vec<&str> = list.items().iter().map(|item| item["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["health-daily", "basic-info", "trips"], "what is due first, what is anytime last");
    let item = &list.items()[0];
    assert_eq!(
        (&item["code"], &item["title"], &item["day"]),
        (&json!("health-daily"), &json!("健康日报"), &json!("2020-03-04"))
    );
    assert_eq!(item["closes_at"], json!("2020-03-04T16:00:00Z"));
    let form = student.get("/forms/health-daily").await;
    let names: Vec<&str> =
        form.body["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["temperature", "place", "abnormal", "condition", "symptoms", "treatment", "contacts"]);
    assert_eq!(form.body["fields"][0]["carry_over"], json!("never"));
    assert_eq!(student.get("/forms/nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exempt_and_those_outside_the_colleges_are_not_asked() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    test.owner
        .execute(
            "insert into exemptions (corp_id, person_id, kind, from_date, until_date, reason, source, granted_at)
             select 1, person_id, 'leave', '2020-03-01', '2020-03-08', '事假', 'manual', now() from persons where number = $1",
            &[&students[0]],
        )
        .await
        .unwrap();
    let exempt = test.sign_in(&students[0]).await;
    let daily =
        exempt.get("/forms").await.items().iter().find(|form| form["code"] == "health-daily").cloned();
    assert_eq!(daily.unwrap()["state"], json!("exempt"));

    let outside: String = test
        .one(
            "select p.number from persons p join memberships m using (corp_id, person_id)
             join departments d using (corp_id, department_id) where d.college_id is null and p.kind = 'student' limit 1",
            &[],
        )
        .await;
    let outside = test.sign_in(&outside).await;
    let asked = outside.get("/forms").await;
    assert!(asked.items().iter().all(|form| form["code"] == json!("trips")), "{}", asked.body);
}
