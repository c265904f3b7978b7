//! 一键通报: a sentence without names, of what each viewer may see.

use reqwest::StatusCode;
use serde_json::json;

use crate::test_app::{TestApp, health_report, normal_answers};

#[tokio::test(flavor = "multi_thread")]
async fn the_sentence_says_what_the_table_says_and_names_nobody() {
    let test = TestApp::start().await;
    let counsellor = test.persona("counsellor");
    let students = test.students_of(&counsellor).await;
    test.sign_in(&students[0]).await.post("/reports", &health_report(normal_answers())).await;
    test.clock.set_time("10:00");
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let told = leader.get("/statistics/health-daily/bulletin").await.body;
    assert_eq!(
        told["sentence"],
        json!("截至3月4日10:00，应报58人，已报1人，未报57人，上报率1.72%；体温等异常0人。")
    );
    assert_eq!((&told["title"], &told["unit"]), (&json!("健康日报（3月4日）"), &json!(null)));
    let table = leader.get("/statistics/health-daily").await.body;
    assert_eq!((&told["table"]["total"], &told["table"]["rows"]), (&table["total"], &table["rows"]));

    let college = &table["rows"][0]["department"];
    let of_college = leader
        .get(&format!("/statistics/health-daily/bulletin?by=class&department={}", college["id"]))
        .await
        .body;
    assert_eq!(of_college["unit"], college["name"]);
    let sentence = of_college["sentence"].as_str().unwrap();
    assert!(sentence.contains(&format!("{}应报", college["name"].as_str().unwrap())), "{sentence}");

    let mine = test.sign_in(&counsellor).await.get("/statistics/health-daily/bulletin?by=class").await.body;
    assert!(
        mine["sentence"].as_str().unwrap().contains(&format!("应报{}人，已报1人", students.len())),
        "{}",
        mine["sentence"]
    );
    let names = test.owner.query("select name from persons", &[]).await.unwrap();
    for name in names.iter().map(|row| row.get::<_, String>(0)) {
        assert!(
            !mine["sentence"].as_str().unwrap().contains(&name) && !sentence.contains(&name),
            "nobody is named"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_cut_off_it_says_so() {
    let test = TestApp::start().await;
    test.clock.set_time("21:00");
    let student = test.sign_in(&test.persona("student")).await;
    student.post("/reports", &health_report(normal_answers())).await;
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let told = leader.get("/statistics/health-daily/bulletin").await.body;
    let sentence = told["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("截至3月4日21:00（已过20:00的截止时间），应报58人，已报1人"), "{sentence}");
    assert!(sentence.contains("其中迟报1人"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_viewers_is_not_told() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    assert_eq!(student.get("/statistics/health-daily/bulletin").await.status, StatusCode::FORBIDDEN);
    let leader = test.sign_in(&test.persona("college_leader")).await;
    let own = leader.get("/statistics/health-daily/bulletin").await.body;
    assert_eq!(own["table"]["rows"].as_array().unwrap().len(), 1);
    let school =
        test.sign_in(&test.persona("school_leader")).await.get("/statistics/health-daily").await.body;
    let rows = school["rows"].as_array().unwrap();
    let foreign = rows.iter().find(|row| row["department"] != own["table"]["rows"][0]["department"]).unwrap();
    let path = |id: &str| format!("/statistics/health-daily/bulletin?department={id}");
    let theirs = leader.get(&path(&foreign["department"]["id"].to_string())).await.body;
    let nobodys = leader.get(&path("999999")).await.body;
    assert_eq!((&theirs["sentence"], &theirs["unit"]), (&nobodys["sentence"], &json!(null)));
}
