//! 零报告: signed off as it was known then, beside what is known now.

use chrono::TimeDelta;
use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    audit::details,
    browser_client::Browser,
    test_app::{TestApp, health_report, normal_answers},
};

/// The class with the fewest students of the counsellor's, its college, and who is in it.
async fn class_of(test: &TestApp, counsellor: &str) -> (i32, i32, Vec<String>) {
    let sql = "select d.department_id, d.college_id, array_agg(s.number order by s.number)
        from persons s
        join memberships m on m.corp_id = s.corp_id and m.person_id = s.person_id and m.is_main and m.until_date is null
        join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id and d.kind = 'class'
        join grants g on g.corp_id = d.corp_id and g.department_id = d.department_id and g.role = 'counsellor'
        join persons c on c.corp_id = g.corp_id and c.person_id = g.person_id and c.number = $1
        where s.kind = 'student' group by 1, 2 order by count(*), 1 limit 1";
    let row = test.owner.query_one(sql, &[&counsellor]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

async fn row(viewer: &Browser, rest: &str, department: i32) -> Value {
    let table = viewer.get(&format!("/sign-offs?form=health-daily{rest}")).await;
    assert_eq!(table.status, StatusCode::OK, "{}", table.body);
    let found = table.items().iter().find(|row| row["department"]["id"] == json!(department));
    found.unwrap_or_else(|| panic!("no {department} in {}", table.body)).clone()
}

fn sign(department: i32, note: &str) -> Value {
    json!({ "form": "health-daily", "department": department, "note": note })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_stands_beside_what_is_known_now() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let (class, college, students) = class_of(&test, &counsellor_id).await;
    let people = students.len();
    for student in &students[1..] {
        let student = test.sign_in(student).await;
        assert!(student.post("/reports", &health_report(normal_answers())).await.status.is_success());
    }
    let counsellor = test.sign_in(&counsellor_id).await;
    let bare = counsellor.post("/sign-offs", &sign(class, "")).await;
    assert_eq!(bare.fields(), ["note"], "while somebody is missing a word is needed");
    assert!(bare.body.to_string().contains("还有 1 人未报"), "{}", bare.body);
    let signed = counsellor.post("/sign-offs", &sign(class, "一人请假未批，已联系")).await;
    assert_eq!(signed.status, StatusCode::OK, "{}", signed.body);
    let again = counsellor.post("/sign-offs", &sign(class, "")).await;
    assert_eq!(again.body, signed.body, "a second tap is the same");

    let of_college = format!("&college={college}");
    let seen = row(&counsellor, &of_college, class).await;
    let known = json!({ "expected": people, "reported": people - 1, "unreported": 1, "abnormal": 0 });
    assert_eq!((&seen["signed"]["known"], &seen["now"], &seen["differs"]), (&known, &known, &json!(false)));
    assert_eq!((&seen["signed"]["note"], &seen["may_sign"]), (&json!("一人请假未批，已联系"), &json!(true)));

    // The table of figures says so beside the class, and beside no other.
    let table = counsellor.get("/statistics/health-daily?by=class").await;
    for row in table.body["rows"].as_array().unwrap() {
        let signed = row.get("signed_off_at").is_some();
        assert_eq!(signed, row["department"]["id"] == json!(class), "{row}");
    }

    // The leave is granted afterwards, for the day that was signed.
    test.clock.advance(TimeDelta::days(1));
    let counsellor = test.sign_in(&counsellor_id).await;
    let leave = json!({ "number": students[0], "kind": "leave", "from": "2020-03-04", "last": "2020-03-04", "reason": "补假" });
    assert_eq!(counsellor.post("/exemptions", &leave).await.status, StatusCode::OK);
    let seen = row(&counsellor, &format!("{of_college}&day=2020-03-04"), class).await;
    let corrected = json!({ "expected": people - 1, "reported": people - 1, "unreported": 0, "abnormal": 0 });
    assert_eq!(
        (&seen["signed"]["known"], &seen["now"]),
        (&known, &corrected),
        "frozen, and beside it corrected"
    );
    assert_eq!(seen["differs"], json!(true));

    // A college shows how many of its classes are signed.
    let office = test.sign_in(&test.persona("school_office")).await;
    let seen = row(&office, "&day=2020-03-04", college).await;
    assert_eq!((&seen["classes_signed"], &seen["signed"]), (&json!(1), &Value::Null));
    assert!(seen["classes"].as_i64().unwrap() >= 1);
    let stored: String =
        test.one("select coalesce(string_agg(encode(note, 'escape'), ''), '') from sign_offs", &[]).await;
    assert!(!stored.contains("请假"), "sealed");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_to_report_is_signed_without_a_word_and_taken_back_on_record() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let (class, college, students) = class_of(&test, &counsellor_id).await;
    for student in &students {
        test.sign_in(student).await.post("/reports", &health_report(normal_answers())).await;
    }
    let counsellor = test.sign_in(&counsellor_id).await;
    let signed = counsellor.post("/sign-offs", &sign(class, "")).await;
    assert_eq!(signed.status, StatusCode::OK, "{}", signed.body);
    let office = test.sign_in(&test.persona("school_office")).await;
    let second = office.post("/sign-offs", &sign(class, "")).await;
    assert_eq!((second.status, second.code()), (StatusCode::CONFLICT, "overtaken"));
    let name: String = test.one("select name from persons where number = $1", &[&counsellor_id]).await;
    assert!(
        second.body["detail"].as_str().unwrap().contains(&name),
        "it says who was faster: {}",
        second.body
    );

    let path = format!("/sign-offs/{}", signed.body["id"]);
    let other = test.sign_in(test.personas("counsellor").last().unwrap()).await;
    assert_eq!(other.delete(&path).await.status, StatusCode::NOT_FOUND, "not theirs");
    assert_eq!(other.post("/sign-offs", &sign(class, "x")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(counsellor.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(counsellor.delete(&path).await.status, StatusCode::NOT_FOUND, "once");
    assert_eq!(details(&test, Act::SignOffRevoked).await.len(), 1, "and on record");
    let by: i64 = test.one("select revoked_by from sign_offs", &[]).await;
    let member: i64 = test.one("select member_id from members where userid = $1", &[&counsellor_id]).await;
    assert_eq!(by, member);
    assert!(row(&counsellor, &format!("&college={college}"), class).await["signed"].is_null());
    assert_eq!(
        office.post("/sign-offs", &sign(class, "")).await.status,
        StatusCode::OK,
        "it may be signed anew"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_a_whole_college_are_for_who_has_all_of_it() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let (_, college, _) = class_of(&test, &counsellor_id).await;
    let office = test.sign_in(&test.persona("college_office")).await;
    let signed = office.post("/sign-offs", &sign(college, "三人未报，已逐一联系")).await;
    assert_eq!(signed.status, StatusCode::OK, "{}", signed.body);
    let whole = row(&office, "", college).await;
    assert!(whole["signed"]["known"]["expected"].as_i64().unwrap() > 0, "{whole}");
    assert_eq!(whole["signed"]["note"], json!("三人未报，已逐一联系"));
    let part = row(&test.sign_in(&counsellor_id).await, "", college).await;
    assert_eq!(
        (&part["signed"]["known"], &part["signed"]["note"], &part["signed"]["by"], &part["differs"]),
        (&Value::Null, &Value::Null, &whole["signed"]["by"], &json!(false)),
        "that it was signed and by whom, not with what"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_begun_or_is_nobodys_is_not_signed() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let (class, college, _) = class_of(&test, &counsellor_id).await;
    let counsellor = test.sign_in(&counsellor_id).await;
    let mut tomorrow = sign(class, "x");
    tomorrow["day"] = json!("2020-03-05");
    assert_eq!(counsellor.post("/sign-offs", &tomorrow).await.fields(), ["day"]);
    assert_eq!(counsellor.post("/sign-offs", &sign(college, "x")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        counsellor.post("/sign-offs", &sign(1, "x")).await.status,
        StatusCode::NOT_FOUND,
        "the school"
    );
    let seen = row(&counsellor, "", college).await;
    assert_eq!(seen["may_sign"], json!(false), "their classes are theirs, the college is not");
    for role in ["student", "administrator", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(
            viewer.post("/sign-offs", &sign(class, "x")).await.status,
            StatusCode::FORBIDDEN,
            "{role}"
        );
    }
}
