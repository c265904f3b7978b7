//! Why somebody is away, let through or answered for, and what people's data was looked at for, lies sealed; whoever may read it
//! reads it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser_client::Browser,
    test_app::{TestApp, health_report, normal_answers},
};

/// What may stand nowhere in the clear.
const WHY: &str = "canary-住院";
/// Where it might.
const TABLES: [&str; 16] = [
    "exemptions",
    "status_changes",
    "memberships",
    "report_revisions",
    "gate_permits",
    "grant_acts",
    "phone_corrections",
    "access_log",
    "exports",
    "reading_lifts",
    "reading_alarms",
    "gate_alarms",
    "change_sets",
    "changes",
    "audit_unsealed",
    "audit_events",
];

async fn lies_open_nowhere(test: &TestApp) {
    let bytes: String = WHY.bytes().map(|byte| format!("{byte:02x}")).collect();
    for table in TABLES {
        // Bytes are printed in hexadecimal.
        let sql = format!("select coalesce(string_agg(t::text, ''), '') from {table} t");
        let text: String = test.one(&sql, &[]).await;
        assert!(!text.contains("canary") && !text.contains(&bytes), "{table}");
    }
}

async fn person(test: &TestApp, number: &str) -> i64 {
    test.one("select person_id from persons where number = $1", &[&number]).await
}

async fn done(browser: &Browser, path: &str, body: &Value) {
    let reply = browser.post(path, body).await;
    assert!(reply.status.is_success(), "{path}: {}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn reasons_are_ciphertext_in_the_database_and_words_on_the_pages() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await;
    let counsellor = test.sign_in(&counsellor_id).await;
    let office = test.sign_in(&test.persona("school_office")).await;

    let leave = json!({ "number": students[0], "kind": "leave", "from": "2020-03-10", "last": "2020-03-11", "reason": WHY });
    done(&counsellor, "/exemptions", &leave).await;
    let permit = json!({ "numbers": students[0], "kind": "standing", "from": "2020-03-04T00:00:00Z",
        "until": "2020-03-05T00:00:00Z", "reason": WHY });
    done(&counsellor, "/gate-permits", &permit).await;
    let mut report = health_report(normal_answers());
    report["behalf"] = json!({ "person": person(&test, &students[1]).await, "reason": WHY });
    done(&counsellor, "/reports", &report).await;
    let class: String = test
        .one(
            "select min(d.name) from departments d where d.kind = 'class' and d.college_id = (
               select h.college_id from memberships m join departments h using (corp_id, department_id)
               join persons p using (corp_id, person_id) where p.number = $1 and m.is_main and m.until_date is null)
             and d.department_id not in (select department_id from memberships m join persons p using (corp_id, person_id)
               where p.number = $1)",
            &[&students[2]],
        )
        .await;
    let transfer = json!({ "number": students[2], "kind": "transfer", "from": "2020-03-02", "department": class, "reason": WHY });
    done(&office, "/statuses", &transfer).await;
    let list =
        format!("学号,免报类型,开始日期,结束日期,事由\n{},请假,2020-03-20,2020-03-21,{WHY}\n", students[3]);
    let listed =
        office.post_raw("/exemptions/list", list, &[("Content-Type", "application/octet-stream")]).await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
    lies_open_nowhere(&test).await;

    let exemptions = counsellor.get("/exemptions").await;
    assert_eq!(exemptions.items().len(), 2, "{}", exemptions.body);
    assert!(exemptions.items().iter().all(|one| one["reason"] == json!(WHY)), "{}", exemptions.body);
    assert_eq!(counsellor.get("/gate-permits").await.items()[0]["reason"], json!(WHY));
    assert_eq!(office.get("/statuses").await.items()[0]["reason"], json!(WHY));
    let timeline = office.post("/statuses/timeline", &json!({ "number": students[2] })).await;
    assert_eq!(timeline.body["changes"][0]["reason"], json!(WHY));
    assert_ne!(timeline.body["places"][0]["reason"], json!(WHY), "of a place it is the kind of change");
    let own = test.sign_in(&students[0]).await;
    assert_eq!(own.get("/me/gate-permits").await.items()[0]["reason"], json!(WHY));
    let answered = test.sign_in(&students[1]).await;
    let receipt = answered.get("/reports?form=health-daily").await.items()[0]["receipt"].clone();
    let revisions = answered.get(&format!("/reports/{}/revisions", receipt.as_str().unwrap())).await;
    assert_eq!(revisions.items()[0]["reason"], json!(WHY));

    // In the copy of one's own data, too.
    for (number, parts) in [
        (&students[0], vec!["exemptions", "gate_permits"]),
        (&students[1], vec!["reports"]),
        (&students[2], vec!["status_changes"]),
    ] {
        let browser = test.sign_in(number).await;
        let asked = browser.post("/me/data/copies", &json!({ "format": "json" })).await;
        let path = asked.body["path"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
        let copy = browser.get(path).await;
        for part in parts {
            let all = copy.body["parts"].as_array().unwrap();
            let found = all.iter().find(|one| one["name"] == json!(part)).unwrap();
            assert_eq!(found["rows"][0]["reason"], json!(WHY), "{part}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn why_something_ended_or_was_put_right_is_ciphertext_too() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await;
    let counsellor = test.sign_in(&counsellor_id).await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let ended = json!({ "reason": WHY });

    let leave = json!({ "number": students[0], "kind": "leave", "from": "2020-03-10", "last": "2020-03-11", "reason": "家中有事" });
    done(&counsellor, "/exemptions", &leave).await;
    let id = counsellor.get("/exemptions").await.items()[0]["id"].clone();
    done(&counsellor, &format!("/exemptions/{id}/revocation"), &ended).await;
    let permit = json!({ "numbers": students[0], "kind": "standing", "from": "2020-03-04T00:00:00Z",
        "until": "2020-03-05T00:00:00Z", "reason": "实习" });
    done(&counsellor, "/gate-permits", &permit).await;
    let id = counsellor.get("/gate-permits").await.items()[0]["id"].clone();
    done(&counsellor, &format!("/gate-permits/{id}/revocation"), &ended).await;
    let away =
        json!({ "number": students[1], "kind": "withdrawal", "from": "2020-03-02", "reason": "个人原因" });
    done(&office, "/statuses", &away).await;
    let id = office.get("/statuses").await.items()[0]["id"].clone();
    done(&office, &format!("/statuses/{id}/revocation"), &ended).await;
    let phone = json!({ "phone": "10099990001", "reason": WHY });
    let path = format!("/people/{}/phone-correction", person(&test, &students[2]).await);
    done(&counsellor, &path, &phone).await;
    let college: i32 =
        test.one("select min(department_id) from departments where kind = 'college'", &[]).await;
    let grant = json!({ "number": test.persona("staff"), "role": "college_leader", "department": college,
        "purpose": "春季学期", "last": "2020-07-31" });
    done(&office, "/grants", &grant).await;
    let id: i64 = test.one("select grant_id from grants where source = 'manual'", &[]).await;
    done(&office, &format!("/grants/{id}/end"), &ended).await;
    lies_open_nowhere(&test).await;

    let why = json!(WHY);
    assert_eq!(counsellor.get("/exemptions?past=true").await.items()[0]["revoke_reason"], why);
    assert_eq!(counsellor.get("/gate-permits?past=true").await.items()[0]["revoke_reason"], why);
    assert_eq!(office.get("/statuses?revoked=true").await.items()[0]["revoke_reason"], why);
    assert_eq!(counsellor.get("/phone-corrections").await.items()[0]["reason"], why);
    assert_eq!(office.get("/grants/acts").await.items()[0]["reason"], why);
    let own = test.sign_in(&students[0]).await;
    let asked = own.post("/me/data/copies", &json!({ "format": "json" })).await;
    let path = asked.body["path"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    let copy = own.get(path).await;
    for part in ["exemptions", "gate_permits"] {
        let all = copy.body["parts"].as_array().unwrap();
        let found = all.iter().find(|one| one["name"] == json!(part)).unwrap();
        assert_eq!(found["rows"][0]["revoke_reason"], why, "{part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_s_data_was_looked_at_for_is_ciphertext_too() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await;
    let why = json!(WHY);
    let student = test.sign_in(&students[0]).await;
    // A fever and nothing unusual: somebody looks into it.
    let strange = json!({ "temperature": 38.4, "place": "非疫区", "abnormal": false });
    let sent = student.post("/reports", &health_report(strange)).await;
    let receipt = sent.body["receipt"].as_str().unwrap().to_owned();
    let counsellor = test.sign_in(&counsellor_id).await;
    done(&counsellor, &format!("/reviews/{receipt}/answers"), &json!({ "purpose": WHY })).await;
    let sheet = json!({
        "name": "名单", "purpose": WHY, "full_phones": false,
        "definition": {
            "dataset": "people", "order": "number",
            "columns": [{ "column": "number", "title": "学号" }, { "column": "name", "title": "姓名" }],
        },
    });
    let asked = counsellor.post("/exports", &sheet).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;

    let auditor_id = test.persona("staff");
    let sql = "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
        select 1, person_id, 'auditor', 1, '审计', 'manual', '2020-01-01', '2021-01-01' from persons where number = $1";
    assert_eq!(test.owner.execute(sql, &[&auditor_id]).await.unwrap(), 1);
    test.forget_viewers().await;
    let auditor = test.sign_in(&auditor_id).await;
    let lift = json!({ "number": counsellor_id, "reading": "phones", "reason": WHY });
    done(&auditor, "/reading-lifts", &lift).await;
    let alarm: i64 = test
        .one(
            "insert into reading_alarms (corp_id, member_id, day, kind, reading, people, at)
             select 1, member_id, '2020-03-04', 'refused', 'phones', 20, $2 from members where userid = $1 returning alarm_id",
            &[&counsellor_id, &test.app.now()],
        )
        .await;
    done(&auditor, &format!("/reading-alarms/{alarm}/settlement"), &json!({ "note": WHY })).await;
    lies_open_nowhere(&test).await;

    let looks = student.get("/access-log").await;
    let read: Vec<(&Value, &Value)> =
        looks.items().iter().map(|look| (&look["field"], &look["purpose"])).collect();
    assert_eq!(read, [(&json!("export"), &why), (&json!("answers"), &why)], "{}", looks.body);
    let asked = student.post("/me/data/copies", &json!({ "format": "json" })).await;
    let path = asked.body["path"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    let copy = student.get(path).await;
    let parts = copy.body["parts"].as_array().unwrap();
    let part = parts.iter().find(|part| part["name"] == json!("access_log")).unwrap();
    assert_eq!(part["rows"][1]["purpose"], why, "{part}");
    assert_eq!(counsellor.get("/exports").await.items()[0]["purpose"], why);
    let events = auditor.get("/audit?act=look&limit=200").await;
    let told = events.items().iter().filter(|event| event["purpose"] == why).count();
    assert_eq!(told, students.len() + 1, "whom the sheet named, and one look: {}", events.body);
    assert_eq!(auditor.get("/reading-lifts").await.items()[0]["reason"], why);
    assert_eq!(auditor.get("/reading-alarms").await.items()[0]["note"], why);

    // One byte of each is changed: the lists are there, and say which can't be read.
    let spoil =
        "update access_log set purpose = set_byte(purpose, length(purpose) - 1, 255 - get_byte(purpose, length(purpose) - 1));
        update exports set purpose = set_byte(purpose, length(purpose) - 1, 255 - get_byte(purpose, length(purpose) - 1));
        update reading_lifts set reason = set_byte(reason, length(reason) - 1, 255 - get_byte(reason, length(reason) - 1));
        update reading_alarms set note = set_byte(note, length(note) - 1, 255 - get_byte(note, length(note) - 1))";
    test.owner.batch_execute(spoil).await.unwrap();
    let spoiled = json!("（读不出）");
    assert_eq!(student.get("/access-log").await.items()[0]["purpose"], spoiled);
    assert_eq!(counsellor.get("/exports").await.items()[0]["purpose"], spoiled);
    assert_eq!(auditor.get("/reading-lifts").await.items()[0]["reason"], spoiled);
    assert_eq!(auditor.get("/reading-alarms").await.items()[0]["note"], spoiled);
    let events = auditor.get("/audit?act=look&limit=200").await;
    let told = events.items().iter().filter(|event| event["purpose"] == spoiled);
    let told: Vec<&Value> = told.map(|event| &event["intact"]).collect();
    assert_eq!(told, vec![&json!(false); students.len() + 1], "{}", events.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_keeps_its_reason_through_a_return_and_its_revocation() {
    let test = TestApp::start().await;
    let student = test.students_of(&test.persona("counsellor")).await[0].clone();
    let office = test.sign_in(&test.persona("school_office")).await;
    let away = json!({ "number": student, "kind": "suspension", "from": "2020-02-01", "reason": WHY });
    done(&office, "/exemptions", &away).await;
    let standing = async || {
        let timeline = office.post("/statuses/timeline", &json!({ "number": student })).await;
        let all = timeline.body["exemptions"].as_array().unwrap().clone();
        let standing: Vec<Value> = all.into_iter().filter(|one| one["revoked"] == json!(false)).collect();
        assert_eq!(standing.len(), 1, "{}", timeline.body);
        (standing[0]["last"].clone(), standing[0]["reason"].clone())
    };
    assert_eq!(standing().await, (Value::Null, json!(WHY)));
    let back = json!({ "number": student, "kind": "return", "from": "2020-03-04", "reason": "病愈" });
    done(&office, "/statuses", &back).await;
    assert_eq!(standing().await, (json!("2020-03-03"), json!(WHY)));
    lies_open_nowhere(&test).await;
    let change = office.get("/statuses").await.items()[0]["id"].clone();
    done(&office, &format!("/statuses/{change}/revocation"), &json!({ "reason": "登记错了" })).await;
    assert_eq!(standing().await, (Value::Null, json!(WHY)));
    lies_open_nowhere(&test).await;
}
