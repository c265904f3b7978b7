//! 未报跟进: why somebody has not reported, as it is found out.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::{TestApp, health_report, normal_answers};

const PATH: &str = "/unreported/health-daily/follow-ups";

async fn person(test: &TestApp, number: &str) -> i64 {
    test.one("select person_id from persons where number = $1", &[&number]).await
}

fn found_out(person: i64, reason: &str, note: &str) -> Value {
    json!({ "person": person, "reason": reason, "note": note })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_stands_beside_the_person_and_its_history_is_kept() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let who = person(&test, &students[0]).await;
    let added = counsellor.post(PATH, &found_out(who, "unreachable", "")).await;
    assert_eq!((added.status, &added.body), (StatusCode::OK, &json!({ "added": true })), "{}", added.body);
    let again = counsellor.post(PATH, &found_out(who, "unreachable", "")).await;
    assert_eq!(again.body, json!({ "added": false }), "a second tap adds nothing");
    test.clock.advance(TimeDelta::minutes(5));
    counsellor.post(PATH, &found_out(who, "hospital", "在校医院输液")).await;

    let list = counsellor.get("/unreported/health-daily").await;
    let row = list.items().iter().find(|row| row["id"] == json!(who)).unwrap();
    assert_eq!(row["follow_up"]["reason"], json!("hospital"), "the newest counts");
    assert!(row["follow_up"].get("note").is_none(), "what else was said is read one person at a time: {row}");
    assert_eq!((&list.body["followed_up"], &list.body["total"]), (&json!(1), &json!(students.len())));
    let with = counsellor.get("/unreported/health-daily?followed_up=true").await;
    assert_eq!(with.items().len(), 1);
    let without = counsellor.get("/unreported/health-daily?followed_up=false").await;
    assert_eq!(without.items().len(), students.len() - 1);
    let history = counsellor.get(&format!("{PATH}?person={who}")).await;
    let reasons: Vec<&Value> = history.items().iter().map(|one| &one["reason"]).collect();
    assert_eq!(reasons, [&json!("hospital"), &json!("unreachable")]);
    assert_eq!(history.items()[0]["note"], json!("在校医院输液"));
    let stored: String =
        test.one("select coalesce(string_agg(encode(note, 'escape'), ''), '') from follow_ups", &[]).await;
    assert!(!stored.contains("输液"), "sealed");

    // Of another day nothing is known.
    test.clock.advance(TimeDelta::days(1));
    let counsellor = test.sign_in(&userid).await;
    assert_eq!(counsellor.get("/unreported/health-daily").await.body["followed_up"], json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let who = person(&test, &students[0]).await;
    assert_eq!(counsellor.post(PATH, &found_out(who, "other", " ")).await.fields(), ["note"]);
    assert_eq!(counsellor.post(PATH, &found_out(who, "tired", "")).await.fields(), ["reason"]);
    test.sign_in(&students[0]).await.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(counsellor.post(PATH, &found_out(who, "refused", "")).await.fields(), ["person"]);

    let other = test.students_of(test.personas("counsellor").last().unwrap()).await;
    let stranger = person(&test, &other[0]).await;
    let refused = counsellor.post(PATH, &found_out(stranger, "refused", "")).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "another counsellor's student is not there");
    assert_eq!(counsellor.get(&format!("{PATH}?person={stranger}")).await.status, StatusCode::NOT_FOUND);
    for role in ["student", "college_leader", "administrator"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        let refused = viewer.post(PATH, &found_out(who, "refused", "")).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_assistant_finds_out_and_reads_nothing_others_found_out() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    test.owner
        .execute(
            "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
             select p.corp_id, p.person_id, 'class_assistant', m.department_id, '班级学生干部', 'roster', '2020-01-01', '2020-12-31'
             from persons p join memberships m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.is_main
               and m.until_date is null
             where p.number = $1",
            &[&students[0]],
        )
        .await
        .unwrap();
    let class: i32 = test
        .one(
            "select m.department_id from memberships m join persons p using (corp_id, person_id)
             where p.number = $1 and m.is_main and m.until_date is null",
            &[&students[0]],
        )
        .await;
    let mate: String = test
        .one(
            "select p.number from persons p join memberships m using (corp_id, person_id)
             where m.department_id = $1 and m.is_main and m.until_date is null and p.number <> $2 order by 1 limit 1",
            &[&class, &students[0]],
        )
        .await;
    let who = person(&test, &mate).await;
    let counsellor = test.sign_in(&userid).await;
    let assistant = test.sign_in(&students[0]).await;
    counsellor.post(PATH, &found_out(who, "hospital", "辅导员的说明")).await;
    let seen = assistant.get(&format!("{PATH}?person={who}")).await;
    assert_eq!((&seen.items()[0]["reason"], &seen.items()[0]["note"]), (&Value::Null, &Value::Null));
    assert!(seen.items()[0]["by"].is_string(), "only that somebody asked: {}", seen.body);
    let list = assistant.get("/unreported/health-daily").await;
    let row = list.items().iter().find(|row| row["id"] == json!(who)).unwrap();
    assert_eq!(row["follow_up"]["reason"], Value::Null);
    // A fellow student sees no figure and nobody's state, and says so to nobody in a sheet.
    for path in [
        "/statistics/health-daily",
        "/statistics/health-daily/people",
        "/trips",
        "/residences/buildings",
        "/exports",
    ] {
        assert_eq!(assistant.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let added = assistant.post(PATH, &found_out(who, "other", "同学的说明")).await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.body);
    let own = assistant.get(&format!("{PATH}?person={who}")).await;
    assert_eq!(
        (&own.items()[0]["reason"], &own.items()[0]["note"]),
        (&json!("other"), &json!("同学的说明")),
        "their own they read"
    );
    let all = counsellor.get(&format!("{PATH}?person={who}")).await;
    assert_eq!(all.items()[0]["note"], json!("同学的说明"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_found_out_is_a_look_once_a_day() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let student = test.students_of(&userid).await[0].clone();
    let who = person(&test, &student).await;
    let counsellor = test.sign_in(&userid).await;
    counsellor.post(PATH, &found_out(who, "hospital", "在校医院输液")).await;
    let path = format!("{PATH}?person={who}");
    assert_eq!(counsellor.get(&path).await.items().len(), 1);
    assert_eq!(counsellor.get("/unreported/health-daily?followed_up=true").await.items().len(), 1);
    assert!(test.looks_at(&student).await.is_empty(), "who found out knows it");
    let office = test.sign_in(&test.persona("school_office")).await;
    let list = office.get("/unreported/health-daily?followed_up=true").await;
    assert_eq!(list.items()[0]["follow_up"]["reason"], json!("hospital"), "{}", list.body);
    assert!(!list.body.to_string().contains("输液"), "{}", list.body);
    assert_eq!(test.looks_at(&student).await, ["follow_up_reason"], "and no note is opened");
    for _ in 0..2 {
        assert_eq!(office.get("/unreported/health-daily?followed_up=true").await.items().len(), 1);
        assert_eq!(office.get(&path).await.items()[0]["note"], json!("在校医院输液"));
    }
    assert_eq!(test.looks_at(&student).await, ["follow_up_reason", "follow_up_note"]);
}
