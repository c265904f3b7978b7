//! Registration: who of the roster uses WeCom, in each viewer's own part of the school.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::TestApp;

fn row(table: &Value, name: &str) -> (i64, i64, i64) {
    let row = table["rows"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
    let figure = |field: &str| row[field].as_i64().unwrap();
    (figure("rostered"), figure("with_account"), figure("activated"))
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_on_the_roster_is_counted_once_however_grouped() {
    let test = TestApp::start().await;
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let people: i64 = test.one("select count(*) from persons", &[]).await;
    let accounts: i64 =
        test.one("select count(*) from members where person_id is not null and left_on is null", &[]).await;
    let mut totals = Vec::new();
    for by in ["kind", "college", "class"] {
        let table = leader.get(&format!("/registration?by={by}")).await;
        assert_eq!(table.status, StatusCode::OK);
        let rows = table.body["rows"].as_array().unwrap();
        let sum: i64 = rows.iter().map(|row| row["rostered"].as_i64().unwrap()).sum();
        assert_eq!(sum, people, "{by}");
        totals.push(table.body["total"].clone());
    }
    assert!(totals.iter().all(|total| *total == totals[0]));
    assert_eq!(totals[0]["rostered"], json!(people));
    assert_eq!(totals[0]["with_account"], json!(accounts));
    let by_kind = leader.get("/registration").await.body;
    let students: i64 = test.one("select count(*) from persons where kind = 'student'", &[]).await;
    assert_eq!(row(&by_kind, "student"), (students, students, students), "every student has one");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_activated_is_listed_with_the_reason() {
    let test = TestApp::start().await;
    let counsellor = test.persona("counsellor");
    let students = test.students_of(&counsellor).await;
    let viewer = test.sign_in(&counsellor).await;
    assert!(viewer.get("/registration/not-activated").await.items().is_empty());

    test.control(&format!("members/{}", students[0]), &json!({ "status": 4 })).await;
    test.control(&format!("members/{}", students[1]), &json!({ "status": 2 })).await;
    test.sync().await;
    let list = viewer.get("/registration/not-activated?kind=student").await;
    let mut told: Vec<(&str, &str)> = list
        .items()
        .iter()
        .map(|row| (row["number"].as_str().unwrap(), row["state"].as_str().unwrap()))
        .collect();
    told.sort_by_key(|(_, state)| *state);
    // Who was disabled has left the app's range; their account is closed here.
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&(students[0].as_str(), "not_activated")), "{told:?}");
    assert!(
        told.iter().any(|(number, state)| *number == students[1] && *state != "not_activated"),
        "{told:?}"
    );
    let own = viewer.get("/registration?by=class").await.body;
    assert_eq!(own["total"]["rostered"].as_i64().unwrap() - own["total"]["activated"].as_i64().unwrap(), 2);
    assert_eq!(own["total"]["rostered"], json!(students.len()), "nobody of another's classes");

    // Staff without an account, whom a leader sees.
    let office = test.sign_in(&test.persona("school_office")).await;
    let list = office.get("/registration/not-activated?kind=staff").await;
    assert!(list.items().iter().any(|row| row["state"] == "no_account"));
    let page = office.get("/registration/not-activated?limit=1").await;
    let next = page.body["next_cursor"].as_str().unwrap();
    let second = office.get(&format!("/registration/not-activated?limit=1&cursor={next}")).await;
    assert_ne!(page.items()[0]["number"], second.items()[0]["number"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_figures_and_a_student_nothing() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(administrator.get("/registration").await.status, StatusCode::OK);
    assert_eq!(
        administrator.get("/registration/not-activated").await.status,
        StatusCode::FORBIDDEN,
        "figures, not people"
    );
    let student = test.sign_in(&test.persona("student")).await;
    assert_eq!(student.get("/registration").await.status, StatusCode::FORBIDDEN);
}
