//! The school's table, what each viewer sees of it, and the people behind the numbers.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::{TestApp, health_report, normal_answers};

fn counts(row: &Value) -> [i64; 5] {
    ["expected", "reported", "unreported", "normal", "abnormal"].map(|name| row[name].as_i64().unwrap())
}

/// Every row and the total add up.
fn assert_adds_up(table: &Value) {
    let rows = table["rows"].as_array().unwrap();
    let mut sum = [0; 5];
    for row in rows.iter().chain([&table["total"]]) {
        let [expected, reported, unreported, normal, abnormal] = counts(row);
        assert_eq!((reported + unreported, normal + abnormal), (expected, reported), "{row}");
    }
    for row in rows {
        for (total, value) in sum.iter_mut().zip(counts(row)) {
            *total += value;
        }
    }
    assert_eq!(sum, counts(&table["total"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_counts_and_drills_down() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let one = test.sign_in(&students[0]).await;
    one.post("/reports", &health_report(normal_answers())).await;
    let two = test.sign_in(&students[1]).await;
    let fever = json!({ "temperature": 38.0, "place": "非疫区", "abnormal": false });
    two.post("/reports", &health_report(fever)).await;

    let leader = test.sign_in(&test.persona("school_leader")).await;
    let school = leader.get("/statistics/health-daily?by=college").await;
    assert_adds_up(&school.body);
    assert_eq!(counts(&school.body["total"]), [58, 2, 56, 1, 1]);
    let names: Vec<&str> = school.body["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["department"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["信息学院", "管理学院"]);

    let college = &school.body["rows"][0];
    let id = &college["department"]["id"];
    for by in ["grade", "class"] {
        let below = leader.get(&format!("/statistics/health-daily?by={by}&department={id}")).await;
        assert_adds_up(&below.body);
        assert_eq!(counts(&below.body["total"]), counts(college), "{by}");
    }
    for (state, count) in
        [("expected", 0), ("reported", 1), ("unreported", 2), ("normal", 3), ("abnormal", 4)]
    {
        let people = leader
            .get(&format!("/statistics/health-daily/people?department={id}&state={state}&limit=200"))
            .await;
        assert_eq!(people.items().len() as i64, counts(college)[count], "{state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_sees_their_part_and_no_more() {
    let test = TestApp::start().await;
    let total = |table: &Value| counts(&table["total"])[0];
    let counsellor = test.persona("counsellor");
    let mine = test.students_of(&counsellor).await.len() as i64;
    let table = test.sign_in(&counsellor).await.get("/statistics/health-daily").await;
    assert_eq!(total(&table.body), mine);

    let leader = test.sign_in(&test.persona("college_leader")).await;
    let table = leader.get("/statistics/health-daily").await;
    assert_eq!(table.body["rows"].as_array().unwrap().len(), 1);
    let own = table.body["rows"][0]["department"]["id"].clone();
    let everything = test.sign_in(&test.persona("school_leader")).await.get("/statistics/health-daily").await;
    let rows = everything.body["rows"].as_array().unwrap();
    let foreign = rows.iter().map(|row| &row["department"]["id"]).find(|id| **id != own).unwrap();
    let table = leader.get(&format!("/statistics/health-daily?department={foreign}")).await;
    assert_eq!(total(&table.body), 0);
    let people = leader.get(&format!("/statistics/health-daily/people?department={foreign}")).await;
    assert!(people.items().is_empty());

    let student = test.sign_in(&test.persona("student")).await;
    assert_eq!(student.get("/statistics/health-daily").await.status, StatusCode::FORBIDDEN);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(administrator.get("/statistics/health-daily").await.status, StatusCode::OK, "counts");
    assert_eq!(
        administrator.get("/statistics/health-daily/people").await.status,
        StatusCode::FORBIDDEN,
        "no people"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_day_uses_the_roster_of_that_day() {
    let test = TestApp::start().await;
    let leader = test.persona("school_leader");
    let before = test.sign_in(&leader).await.get("/statistics/health-daily?day=2020-03-04").await;
    let student = test.persona("student");
    test.clock.advance(chrono::TimeDelta::days(3));
    let url = format!("{}/_sim/members/{student}", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
    let leader = test.sign_in(&leader).await;
    let then = leader.get("/statistics/health-daily?day=2020-03-04").await;
    assert_eq!(then.body["total"], before.body["total"]);
    let now = leader.get("/statistics/health-daily").await;
    assert_eq!(counts(&now.body["total"])[0], counts(&before.body["total"])[0] - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_before_the_form_is_empty_and_a_bad_day_is_told() {
    let test = TestApp::start().await;
    let leader = test.sign_in(&test.persona("school_leader")).await;
    assert_eq!(
        leader.get("/statistics/health-daily?day=yesterday").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        leader.get("/statistics/health-daily?by=planet").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(leader.get("/statistics/nothing").await.status, StatusCode::NOT_FOUND);
    let early = leader.get("/statistics/health-daily?day=2010-01-01").await;
    assert_eq!(counts(&early.body["total"]), [0; 5]);
}
