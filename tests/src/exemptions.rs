//! 免报: who need not answer, how it explains the figures, and how it is taken back.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser_client::{Browser, Reply},
    test_app::TestApp,
};

async fn send(browser: &Browser, path: &str, file: &str) -> Reply {
    let file = file.as_bytes().to_vec();
    browser.post_raw(path, file, &[("Content-Type", "application/octet-stream")]).await
}

async fn explanation(browser: &Browser, rest: &str) -> Value {
    let reply = browser.get(&format!("/statistics/health-daily/explanation{rest}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body
}

fn leave(number: &str) -> Value {
    json!({ "number": number, "kind": "leave", "from": "2020-03-04", "last": "2020-03-05", "reason": "回家看病" })
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolled_less_exempt_is_expected_day_by_day() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let before = explanation(&counsellor, "").await;
    let enrolled = before["enrolled"].as_i64().unwrap();
    assert_eq!((before["expected"].as_i64(), &before["exempt"]), (Some(enrolled), &json!([])));

    let added = counsellor.post("/exemptions", &leave(&students[0])).await;
    assert_eq!((added.status, &added.body["added"]), (StatusCode::OK, &json!(true)), "{}", added.body);
    let again = counsellor.post("/exemptions", &leave(&students[0])).await;
    assert_eq!(again.body["added"], json!(false), "a second tap adds nothing");
    let suspended =
        json!({ "number": students[0], "kind": "suspension", "from": "2020-03-05", "reason": "休学一年" });
    assert_eq!(counsellor.post("/exemptions", &suspended).await.status, StatusCode::OK);
    let intern =
        json!({ "number": students[1], "kind": "internship", "from": "2020-03-01", "reason": "顶岗实习" });
    assert_eq!(counsellor.post("/exemptions", &intern).await.status, StatusCode::OK);

    let today = explanation(&counsellor, "").await;
    assert_eq!(
        today["exempt"],
        json!([{ "kind": "internship", "people": 1 }, { "kind": "leave", "people": 1 }])
    );
    assert_eq!(today["expected"], json!(enrolled - 2));
    let table = counsellor.get("/statistics/health-daily").await;
    assert_eq!(table.body["total"]["expected"], today["expected"], "the figure and its explanation agree");
    let tomorrow = explanation(&counsellor, "?day=2020-03-05").await;
    assert_eq!(
        tomorrow["exempt"],
        json!([{ "kind": "suspension", "people": 1 }, { "kind": "internship", "people": 1 }]),
        "who is exempt twice counts once"
    );
    let yesterday = explanation(&counsellor, "?day=2020-03-03").await;
    assert_eq!(yesterday["expected"], json!(enrolled - 1));

    // The student is not asked today.
    let student = test.sign_in(&students[0]).await;
    let forms = student.get("/forms").await;
    assert_eq!(forms.items()[0]["state"], json!("exempt"), "{}", forms.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exemption_is_taken_back_with_a_reason_and_stays_on_record() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let student = test.students_of(&userid).await[0].clone();
    let counsellor = test.sign_in(&userid).await;
    counsellor.post("/exemptions", &leave(&student)).await;
    let id = counsellor.get("/exemptions").await.items()[0]["id"].clone();
    let path = format!("/exemptions/{id}/revocation");
    let bare = counsellor.post(&path, &json!({ "reason": " " })).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    let other = test.personas("counsellor").last().unwrap().clone();
    let other = test.sign_in(&other).await;
    let reason = json!({ "reason": "登记错了" });
    assert_eq!(other.post(&path, &reason).await.status, StatusCode::NOT_FOUND, "another's student");
    assert_eq!(counsellor.post(&path, &reason).await.status, StatusCode::NO_CONTENT);
    assert_eq!(counsellor.post(&path, &reason).await.status, StatusCode::NOT_FOUND, "once");
    assert_eq!(explanation(&counsellor, "").await["exempt"], json!([]));
    assert!(counsellor.get("/exemptions").await.items().is_empty());
    let kept = counsellor.get("/exemptions?past=true").await;
    assert_eq!(kept.items()[0]["revoke_reason"], json!("登记错了"));
    // It may be granted anew.
    assert_eq!(counsellor.post("/exemptions", &leave(&student)).await.body["added"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_why_somebody_is_exempt_is_on_record_once_a_day() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    for student in &students[..2] {
        assert_eq!(counsellor.post("/exemptions", &leave(student)).await.status, StatusCode::OK);
    }
    assert_eq!(counsellor.get("/exemptions").await.items().len(), 2);
    assert!(test.looks_at(&students[0]).await.is_empty(), "who wrote it knows it");

    // A page that is open asks again and again, and sometimes twice at once.
    let office_id = test.persona("school_office");
    let office = test.sign_in(&office_id).await;
    let (one, other) = tokio::join!(office.get("/exemptions"), office.get("/exemptions"));
    assert_eq!((one.items().len(), other.items().len()), (2, 2), "{} {}", one.body, other.body);
    assert_eq!(office.get("/exemptions").await.items().len(), 2);
    for student in &students[..2] {
        assert_eq!(test.looks_at(student).await, ["exemption_reason"]);
    }
    // What the page does not show is not looked at.
    let college = test.sign_in(&test.persona("college_office")).await;
    assert_eq!(college.get("/exemptions?limit=1").await.items()[0]["number"], json!(students[1]));
    assert_eq!(test.looks_at(&students[1]).await.len(), 2);
    assert_eq!(test.looks_at(&students[0]).await.len(), 1);

    let log = test.sign_in(&students[0]).await.get("/access-log").await;
    let name: String = test.one("select name from persons where number = $1", &[&office_id]).await;
    assert_eq!(
        (&log.items()[0]["field"], &log.items()[0]["purpose"], &log.items()[0]["viewer"]),
        (&json!("exemption_reason"), &json!("work"), &json!(name))
    );

    // Another day is another look, and why something was taken back is another's word to who had granted it.
    test.clock.advance(TimeDelta::days(1));
    let office = test.sign_in(&office_id).await;
    let list = office.get("/exemptions").await;
    assert_eq!(test.looks_at(&students[0]).await.len(), 2);
    let id = &list.items().iter().find(|one| one["number"] == json!(students[0])).unwrap()["id"];
    let ended = office.post(&format!("/exemptions/{id}/revocation"), &json!({ "reason": "登记错了" })).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.body);
    let counsellor = test.sign_in(&userid).await;
    for _ in 0..2 {
        assert_eq!(counsellor.get("/exemptions?past=true").await.items().len(), 2);
    }
    assert_eq!(test.looks_at(&students[0]).await.len(), 3);
    assert_eq!(test.looks_at(&students[1]).await.len(), 3, "their own words still");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_exempts_students_of_others() {
    let test = TestApp::start().await;
    let mine = test.students_of(&test.persona("counsellor")).await;
    let other = test.personas("counsellor").last().unwrap().clone();
    let theirs = test.students_of(&other).await;
    assert!(!mine.contains(&theirs[0]));
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    let refused = counsellor.post("/exemptions", &leave(&theirs[0])).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.to_string().contains("不在您的数据范围内"), "{}", refused.body);
    let list = format!("学号,类型,开始日期,结束日期,事由\n{},请假,2020-03-04,2020-03-04,x\n", theirs[0]);
    let looked = send(&counsellor, "/exemptions/list", &list).await;
    assert_eq!(looked.body["error_count"], json!(1), "{}", looked.body);
    for role in ["student", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/exemptions").await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(
            viewer.post("/exemptions", &leave(&mine[0])).await.status,
            StatusCode::FORBIDDEN,
            "{role}"
        );
        assert_eq!(send(&viewer, "/exemptions/list", &list).await.status, StatusCode::FORBIDDEN, "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_looked_at_brought_and_undone() {
    let test = TestApp::start().await;
    let before = crate::databases::dump(&test.owner).await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let wrong = format!("学号,免报类型,开始日期,结束日期,事由\n{},旅行,2020-03-04,,x\n", students[0]);
    let looked = send(&administrator, "/exemptions/list/preview", &wrong).await;
    assert_eq!(looked.body["errors"][0]["line"], json!(2), "{}", looked.body);
    assert_eq!(looked.body["errors"][0]["column"], json!("免报类型"));

    let mut list = String::from("学号,免报类型,开始日期,结束日期,事由\n");
    for student in &students {
        list.push_str(&format!("{student},实习,2020-03-01,2020-06-30,顶岗实习\n"));
    }
    let looked = send(&administrator, "/exemptions/list/preview", &list).await;
    assert_eq!(looked.body["added"], json!(students.len()), "{}", looked.body);
    assert_eq!(crate::databases::dump(&test.owner).await, before, "looking writes nothing");
    let brought = send(&administrator, "/exemptions/list", &list).await;
    assert_eq!(brought.body["added"], json!(students.len()));
    let again = send(&administrator, "/exemptions/list", &list).await;
    assert_eq!(again.body["added"], json!(0));
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(explanation(&counsellor, "").await["expected"], json!(0));

    let import = administrator.get("/roster/imports").await.items()[0].clone();
    assert_eq!(import["kind"], json!("exemptions"));
    let path = format!("/roster/imports/{}/undo", import["id"]);
    assert_eq!(administrator.post(&path, &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(crate::databases::dump(&test.owner).await, before);
}
