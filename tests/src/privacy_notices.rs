//! 告知书: published version by version, agreed to before the first answer, and taken back.

use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    audit::details,
    browser_client::{Browser, Reply},
    test_app::{Shape, TestApp, health_report, normal_answers},
};

pub async fn publish(administrator: &Browser, after: i32, text: &str) -> Reply {
    let notice = json!({ "after": after, "text": text, "legal_basis": "个人信息保护法第十三条" });
    administrator.post("/privacy-notices", &notice).await
}

pub async fn agree(browser: &Browser, version: i32) -> Reply {
    browser.post("/me/privacy-notice/agreement", &json!({ "version": version, "locale": "zh-CN" })).await
}

async fn mine(browser: &Browser) -> Value {
    let reply = browser.get("/me/privacy-notice").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_agreed_to_taken_back_and_overtaken_by_the_next() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let student = test.sign_in(&test.persona("student")).await;
    assert_eq!(
        mine(&student).await,
        json!({ "notice": null, "agreed_at": null, "missing": false }),
        "nothing to agree to"
    );
    assert_eq!(agree(&student, 1).await.code(), "overtaken", "what is not there can't be agreed to");

    let first = publish(&administrator, 0, " 我们会收集您每天的体温。 ").await;
    assert_eq!((first.status, &first.body), (StatusCode::CREATED, &json!({ "version": 1 })));
    assert_eq!(publish(&administrator, 0, "同一时刻的另一版").await.code(), "overtaken");
    assert_eq!(details(&test, Act::NoticePublished).await, [json!({ "version": 1 })]);
    let told = mine(&student).await;
    assert_eq!(told["notice"]["text"], json!("我们会收集您每天的体温。"));
    assert_eq!(told["agreed_at"], Value::Null);
    for _ in 0..2 {
        assert_eq!(agree(&student, 1).await.status, StatusCode::NO_CONTENT, "twice is harmless");
    }
    assert_eq!(mine(&student).await["agreed_at"], json!("2020-03-04T00:00:00Z"));
    let kept: i64 = test.one("select count(*) from notice_agreements", &[]).await;
    assert_eq!(kept, 1);
    assert_eq!(administrator.get("/privacy-notices").await.items()[0]["agreed"], json!(1));

    for _ in 0..2 {
        let taken_back = student.delete("/me/privacy-notice/agreement").await;
        assert_eq!(taken_back.status, StatusCode::NO_CONTENT, "twice is harmless");
    }
    assert_eq!(mine(&student).await["agreed_at"], Value::Null, "they are asked again");
    assert_eq!(agree(&student, 1).await.status, StatusCode::NO_CONTENT);

    assert_eq!(publish(&administrator, 1, "还会收集您的行程。").await.status, StatusCode::CREATED);
    let told = mine(&student).await;
    assert_eq!((&told["notice"]["version"], &told["agreed_at"]), (&json!(2), &Value::Null), "asked anew");
    assert_eq!(agree(&student, 1).await.code(), "overtaken", "to what no longer holds");
    let listed = administrator.get("/privacy-notices").await;
    let versions: Vec<&Value> = listed.items().iter().map(|one| &one["version"]).collect();
    assert_eq!(versions, [&json!(2), &json!(1)]);
    let asked = student.post("/me/data/copies", &json!({ "format": "json" })).await;
    let path = asked.body["path"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    let copy = student.get(path).await;
    let parts = copy.body["parts"].as_array().unwrap();
    let given = parts.iter().find(|part| part["name"] == json!("notice_agreements")).unwrap();
    assert_eq!(given["rows"].as_array().unwrap().len(), 2, "also the one that was taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_says_something_and_administrators_alone_publish_it() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let student = test.sign_in(&test.persona("student")).await;
    let empty = json!({ "after": 0, "text": " ", "legal_basis": "" });
    assert_eq!(administrator.post("/privacy-notices", &empty).await.fields(), ["text"]);
    let groundless = json!({ "after": 0, "text": "我们会收集您每天的体温。", "legal_basis": " " });
    assert_eq!(administrator.post("/privacy-notices", &groundless).await.fields(), ["legal_basis"]);
    assert_eq!(student.get("/privacy-notices").await.status, StatusCode::FORBIDDEN);
    assert_eq!(publish(&student, 0, "我们会收集您每天的体温。").await.status, StatusCode::FORBIDDEN);
    assert_eq!(publish(&administrator, 0, "我们会收集您每天的体温。").await.status, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_sensitive_is_taken_before_the_school_said_what_becomes_of_it() {
    let test = TestApp::start_with(Shape { answers_without_notice: false, ..Shape::default() }).await;
    test.sync().await;
    test.import_roster().await;
    let student = test.sign_in(&test.persona("student")).await;
    let report = health_report(normal_answers());
    assert_eq!(student.get("/me/privacy-notice").await.body["missing"], json!(true));
    let refused = student.post("/reports", &report).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "notice_missing"));
    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(publish(&administrator, 0, "我们会收集您每天的体温。").await.status, StatusCode::CREATED);
    assert_eq!(student.get("/me/privacy-notice").await.body["missing"], json!(false));
    assert_eq!(student.post("/reports", &report).await.code(), "notice_first");
    assert_eq!(agree(&student, 1).await.status, StatusCode::NO_CONTENT);
    assert_eq!(student.post("/reports", &report).await.status, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_sensitive_is_taken_from_who_has_not_agreed_or_took_it_back() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await;
    let student = test.sign_in(&students[0]).await;
    let report = health_report(normal_answers());
    let first = student.post_with("/reports", "before-the-notice", &report).await;
    assert_eq!(first.status, StatusCode::CREATED, "where nothing is published nobody is asked");

    assert_eq!(publish(&administrator, 0, "我们会收集您每天的体温。").await.status, StatusCode::CREATED);
    let refused = student.post("/reports", &report).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "notice_first"));
    let repeated = student.post_with("/reports", "before-the-notice", &report).await;
    assert_eq!(repeated.body, first.body, "what was taken keeps its receipt");

    assert_eq!(agree(&student, 1).await.status, StatusCode::NO_CONTENT);
    assert_eq!(student.post("/reports", &report).await.body["revision"], json!(2));
    assert_eq!(student.delete("/me/privacy-notice/agreement").await.status, StatusCode::NO_CONTENT);
    assert_eq!(student.post("/reports", &report).await.code(), "notice_first", "at once");
    assert_eq!(agree(&student, 1).await.status, StatusCode::NO_CONTENT);
    assert_eq!(publish(&administrator, 1, "还会收集您的行程。").await.status, StatusCode::CREATED);
    assert_eq!(student.post("/reports", &report).await.code(), "notice_first", "to another version");

    // 代报 is by the counsellor's office, not by the word of whoever can't answer.
    let other: i64 = test.one("select person_id from persons where number = $1", &[&students[1]]).await;
    let mut behalf = report.clone();
    behalf["behalf"] = json!({ "person": other, "reason": "手机坏了" });
    let told = test.sign_in(&counsellor_id).await.post("/reports", &behalf).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.body);
    let revisions: i64 = test.one("select count(*) from report_revisions", &[]).await;
    assert_eq!(revisions, 3, "what was refused is not kept");
}
