//! 代报: a counsellor answers for somebody of theirs who can't, sees nothing of what they answered before, and the person
//! sees who it was and why.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::{TestApp, health_report, normal_answers};

async fn person(test: &TestApp, number: &str) -> i64 {
    test.one("select person_id from persons where number = $1", &[&number]).await
}

fn report_for(person: i64, reason: &str) -> Value {
    let mut report = health_report(normal_answers());
    report["behalf"] = json!({ "person": person, "reason": reason });
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_for_somebody_else_says_nothing_of_what_they_answered() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let number = test.students_of(&counsellor_id).await[0].clone();
    let id = person(&test, &number).await;
    let student = test.sign_in(&number).await;
    let answers = json!({ "temperature": 36.4, "place": "南阳", "abnormal": false });
    let receipt = student.post("/reports", &health_report(answers)).await.body["receipt"].clone();

    // Today's, and what the next day would carry over.
    for state in ["reported", "unreported"] {
        let counsellor = test.sign_in(&counsellor_id).await;
        let form = counsellor.get(&format!("/forms/health-daily?person={id}")).await;
        assert_eq!(form.status, StatusCode::OK, "{}", form.body);
        assert_eq!(form.body["behalf"]["person"], json!(id));
        assert_eq!(form.body["behalf"]["number"], json!(number));
        assert_eq!((&form.body["answers"], &form.body["carried"]), (&json!({}), &json!([])));
        assert_eq!((&form.body["state"], &form.body["receipt"]), (&json!(state), &Value::Null));
        let said = form.body.to_string();
        assert!(!said.contains("36.4") && !said.contains(receipt.as_str().unwrap()), "{said}");
        test.clock.advance(TimeDelta::days(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_for_those_one_looks_after_who_are_expected() {
    let test = TestApp::start().await;
    let counsellors = test.personas("counsellor");
    let mine = test.students_of(&counsellors[0]).await;
    let theirs = test.students_of(counsellors.last().unwrap()).await[0].clone();
    assert!(!mine.contains(&theirs));
    let counsellor = test.sign_in(&counsellors[0]).await;
    let (my_id, their_id) = (person(&test, &mine[0]).await, person(&test, &theirs).await);

    let ask = |id: i64| format!("/forms/health-daily?person={id}");
    assert_eq!(counsellor.get(&ask(my_id)).await.status, StatusCode::OK);
    let not_mine = counsellor.get(&ask(their_id)).await;
    let not_there = counsellor.get(&ask(999_999_999)).await;
    assert_eq!((not_mine.status, &not_mine.body), (StatusCode::NOT_FOUND, &not_there.body));
    assert_eq!(
        counsellor.post("/reports", &report_for(their_id, "住院")).await.status,
        StatusCode::NOT_FOUND
    );
    for role in ["student", "school_leader", "college_leader", "administrator"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get(&ask(my_id)).await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(
            viewer.post("/reports", &report_for(my_id, "住院")).await.status,
            StatusCode::FORBIDDEN,
            "{role}"
        );
    }
    // Who is exempt is not expected.
    test.owner
        .execute(
            "insert into exemptions (corp_id, person_id, kind, from_date, until_date, reason, source, granted_at)
             values (1, $1, 'leave', '2020-03-01', '2020-03-08', '事假', 'manual', now())",
            &[&my_id],
        )
        .await
        .unwrap();
    assert_eq!(counsellor.get(&ask(my_id)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_sees_who_answered_for_them_and_why() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let number = test.students_of(&counsellor_id).await[0].clone();
    let id = person(&test, &number).await;
    let counsellor = test.sign_in(&counsellor_id).await;
    for reason in [" ".to_owned(), "长".repeat(201)] {
        assert_eq!(counsellor.post("/reports", &report_for(id, &reason)).await.fields(), ["reason"]);
    }
    let taken = counsellor.post("/reports", &report_for(id, "手机损坏")).await;
    assert_eq!(
        (taken.status, &taken.body["source"]),
        (StatusCode::CREATED, &json!("behalf")),
        "{}",
        taken.body
    );
    let receipt = taken.body["receipt"].as_str().unwrap();
    // It is the person's, not the counsellor's.
    assert_eq!(counsellor.get(&format!("/reports/{receipt}")).await.status, StatusCode::NOT_FOUND);

    let student = test.sign_in(&number).await;
    let name: String = test
        .one(
            "select p.name from persons p join members m using (corp_id, person_id) where m.userid = $1",
            &[&counsellor_id],
        )
        .await;
    let own = student.get(&format!("/reports/{receipt}")).await;
    assert_eq!(own.body["by"], json!({ "name": name, "role": "counsellor" }), "{}", own.body);
    assert_eq!((&own.body["reason"], &own.body["changeable"]), (&json!("手机损坏"), &json!(true)));

    // Their own word comes after it, and the difference stays on record.
    let corrected = json!({ "temperature": 36.9, "place": "非疫区", "abnormal": false });
    assert_eq!(student.post("/reports", &health_report(corrected)).await.status, StatusCode::OK);
    let own = student.get(&format!("/reports/{receipt}")).await;
    assert_eq!((&own.body["source"], &own.body["by"]), (&json!("self"), &Value::Null));
    let revisions = student.get(&format!("/reports/{receipt}/revisions")).await;
    assert_eq!(revisions.items()[1]["by"]["name"], json!(name));
    assert_eq!(revisions.items()[0]["by"], Value::Null);
}
