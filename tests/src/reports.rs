//! Reporting: taken, corrected, kept, read back; and everything that must not be taken.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::{TestApp, health_report, normal_answers};

async fn reports(test: &TestApp) -> i64 {
    test.one("select count(*) from reports", &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_taken_corrected_and_read_back() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;

    let form = student.get("/forms/health-daily").await;
    assert_eq!(form.body["state"], json!("unreported"));
    assert_eq!(form.body["answers"], json!({}));
    let first = student.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!((&first.body["revision"], &first.body["state"]), (&json!(1), &json!("normal")));

    test.clock.advance(TimeDelta::minutes(5));
    let ill = json!({ "temperature": 38.2, "place": "湖北", "abnormal": true, "condition": "居家观察", "symptoms": ["发热", "咳嗽"] });
    let second = student.post("/reports", &health_report(ill.clone())).await;
    assert_eq!(second.status, StatusCode::OK);
    assert_eq!((&second.body["revision"], &second.body["state"]), (&json!(2), &json!("abnormal")));
    assert_eq!(second.body["receipt"], first.body["receipt"]);
    assert_eq!(second.body["submitted_at"], first.body["submitted_at"]);

    let history = student.get("/reports?form=health-daily").await;
    assert_eq!(history.items().len(), 1);
    assert_eq!(history.items()[0]["answers"], ill);
    let receipt = first.body["receipt"].as_str().unwrap();
    let revisions = student.get(&format!("/reports/{receipt}/revisions")).await;
    let kept: Vec<&Value> = revisions.items().iter().map(|revision| &revision["answers"]).collect();
    assert_eq!(kept, [&ill, &normal_answers()]);
    let today = student.get("/forms").await;
    let daily = today.items().iter().find(|form| form["code"] == "health-daily").unwrap();
    assert_eq!(daily["state"], json!("reported"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_change_is_carried_over_and_the_temperature_is_asked() {
    let test = TestApp::start().await;
    let userid = test.persona("student");
    let student = test.sign_in(&userid).await;
    let answers = json!({ "temperature": 36.5, "place": "南阳", "abnormal": false });
    assert_eq!(student.post("/reports", &health_report(answers)).await.status, StatusCode::CREATED);
    test.clock.advance(TimeDelta::days(1));
    let student = test.sign_in(&userid).await;
    let form = student.get("/forms/health-daily").await;
    assert_eq!(form.body["day"], json!("2020-03-05"));
    assert_eq!(form.body["answers"], json!({ "place": "南阳" }));
    assert_eq!(form.body["carried"], json!(["place"]));
    assert_eq!(form.body["state"], json!("unreported"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_report() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let report = health_report(normal_answers());
    let first = student.post_with("/reports", "key-of-today", &report).await;
    for _ in 0..3 {
        let again = student.post_with("/reports", "key-of-today", &report).await;
        assert_eq!(again.body, first.body);
    }
    let revision: i32 = test.one("select revision from reports", &[]).await;
    assert_eq!(revision, 1);
    let other = health_report(json!({ "temperature": 36.6, "place": "非疫区", "abnormal": false }));
    let reused = student.post_with("/reports", "key-of-today", &other).await;
    assert_eq!((reused.status, reused.code()), (StatusCode::UNPROCESSABLE_ENTITY, "key_reused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_a_request_says_nothing_without_the_key() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let report = health_report(normal_answers());
    for student in students.iter().take(2) {
        let student = test.sign_in(student).await;
        let first = student.post_with("/reports", "the-same-key", &report).await;
        assert_eq!(first.status, StatusCode::CREATED);
        assert_eq!(student.post_with("/reports", "the-same-key", &report).await.body, first.body);
    }
    // Of equal requests a hash would be equal: whoever tried all answers would find whose they are.
    let kinds: i64 = test.one("select count(distinct request_hash) from idempotency_keys", &[]).await;
    assert_eq!(kinds, 2);
    let shortest: i32 = test.one("select min(length(request_hash)) from idempotency_keys", &[]).await;
    assert!(shortest > 32, "a bare hash: {shortest} bytes");
    // A receipt says whether somebody is well: no word of it lies open.
    let kept: String =
        test.one("select string_agg(encode(response, 'escape'), ' ') from idempotency_keys", &[]).await;
    for word in ["receipt", "normal", "health-daily"] {
        assert!(!kept.contains(word), "{word} in {kept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_once_are_one_report() {
    let test = TestApp::start().await;
    let student = std::sync::Arc::new(test.sign_in(&test.persona("student")).await);
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..20 {
        let student = student.clone();
        requests.spawn(async move {
            let key = format!("parallel-{}", number / 2);
            student.post_with("/reports", &key, &health_report(normal_answers())).await.status
        });
    }
    while let Some(status) = requests.join_next().await {
        assert!(status.unwrap().is_success());
    }
    assert_eq!(reports(&test).await, 1);
    let revisions: Vec<i32> = test
        .owner
        .query("select revision from report_revisions order by revision", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(revisions, (1..=10).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_names_the_field_and_stores_nothing() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let with = |name: &str, value: Value| {
        let mut answers = normal_answers();
        answers[name] = value;
        health_report(answers)
    };
    let mut yesterday = health_report(normal_answers());
    yesterday["day"] = json!("2020-03-03");
    let mut other_person = health_report(normal_answers());
    other_person["person_id"] = json!(2);
    let mut no_answers = health_report(normal_answers());
    no_answers.as_object_mut().unwrap().remove("answers");
    let cases = [
        (with("temperature", json!(99)), "temperature"),
        (with("temperature", json!("36.5")), "temperature"),
        (with("temperature", json!(null)), "temperature"),
        (with("place", json!("月球")), "place"),
        (with("abnormal", json!("否")), "abnormal"),
        (with("unknown", json!(1)), "unknown"),
        (with("symptoms", json!(["发热"])), "symptoms"),
        (yesterday, "day"),
        (other_person, "person_id"),
        (no_answers, "answers"),
        (json!({ "form": "nothing", "version": 1, "answers": {} }), "form"),
        (json!({ "form": "health-daily", "version": "1", "answers": {} }), "version"),
    ];
    for (body, field) in cases {
        let reply = student.post("/reports", &body).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(reply.fields(), [field], "{body}");
        assert_eq!(reply.headers["content-type"], "application/problem+json");
        let message = reply.body["errors"][0]["message"].as_str().unwrap();
        assert!(message.chars().any(|c| c > '\u{2e80}'), "in Chinese: {message}");
    }
    assert_eq!(reports(&test).await, 0);
    let keys: i64 = test.one("select count(*) from idempotency_keys", &[]).await;
    assert_eq!(keys, 0, "a refused write keeps no key");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_submission_is_refused() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let json_type = ("Content-Type", "application/json");
    let key = ("Idempotency-Key", "a-good-key");
    let report = health_report(normal_answers()).to_string();
    let big = health_report(json!({ "temperature": 36.5, "place": "x".repeat(1 << 20), "abnormal": false }))
        .to_string();
    type Case<'a> = (String, &'a [(&'a str, &'a str)], u16);
    let cases: [Case<'_>; 6] = [
        (big, &[key, json_type], 413),
        ("{".into(), &[key, json_type], 400),
        (report.clone(), &[key], 415),
        (report.clone(), &[json_type], 422),
        (report.clone(), &[("Idempotency-Key", "short"), json_type], 422),
        (report.clone(), &[key, json_type, ("Origin", "https://evil.example")], 403),
    ];
    for (body, headers, status) in cases {
        let reply = student.post_raw("/reports", body, headers).await;
        assert_eq!(reply.status.as_u16(), status, "{headers:?}");
        assert!(reply.body["title"].is_string(), "a problem: {:?}", reply.body);
    }
    assert_eq!(reports(&test).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_and_a_closed_form_are_told_apart() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let mut old = health_report(normal_answers());
    old["version"] = json!(7);
    let reply = student.post("/reports", &old).await;
    assert_eq!((reply.status, reply.code()), (StatusCode::CONFLICT, "form_changed"));
    let staff = test.sign_in(&test.persona("counsellor")).await;
    let reply = staff.post("/reports", &health_report(normal_answers())).await;
    assert_eq!((reply.status, reply.code()), (StatusCode::FORBIDDEN, "not_expected"));
    assert!(staff.get("/forms").await.items().iter().all(|form| form["code"] != "health-daily"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_belongs_to_the_schools_day() {
    let test = TestApp::start().await;
    let userid = test.persona("student");
    test.clock.set_time("23:59");
    let student = test.sign_in(&userid).await;
    student.post("/reports", &health_report(normal_answers())).await;
    test.clock.advance(TimeDelta::minutes(2));
    let next = student.post("/reports", &health_report(normal_answers())).await;
    assert_eq!((next.status, &next.body["day"]), (StatusCode::CREATED, &json!("2020-03-05")));
    let days = student.get("/reports?form=health-daily").await;
    let days: Vec<&str> = days.items().iter().map(|report| report["day"].as_str().unwrap()).collect();
    assert_eq!(days, ["2020-03-05", "2020-03-04"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_pages_end_and_never_repeat() {
    let test = TestApp::start().await;
    let userid = test.persona("student");
    for _ in 0..5 {
        let student = test.sign_in(&userid).await;
        assert!(student.post("/reports", &health_report(normal_answers())).await.status.is_success());
        test.clock.advance(TimeDelta::days(1));
    }
    let student = test.sign_in(&userid).await;
    let mut seen = BTreeSet::new();
    let mut path = "/reports?form=health-daily&limit=2".to_owned();
    loop {
        let page = student.get(&path).await;
        assert!(page.items().len() <= 2);
        for report in page.items() {
            assert!(seen.insert(report["day"].as_str().unwrap().to_owned()), "no day twice");
        }
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/reports?form=health-daily&limit=2&cursor={cursor}");
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(student.get("/reports?form=health-daily&cursor=%21").await.fields(), ["cursor"]);
    assert_eq!(student.get("/reports?form=health-daily&limit=0").await.fields(), ["limit"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_another_ones_report() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let one = test.sign_in(&students[0]).await;
    let receipt = one.post("/reports", &health_report(normal_answers())).await.body["receipt"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = test.sign_in(&students[1]).await;
    assert_eq!(other.get(&format!("/reports/{receipt}/revisions")).await.status, StatusCode::NOT_FOUND);
    assert!(other.get("/reports?form=health-daily").await.items().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_ciphertext_in_the_database() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let answers = json!({
        "temperature": 38.7, "place": "非疫区", "abnormal": true, "condition": "其他", "symptoms": ["其他"],
        "treatment": "canary-treatment", "contacts": "canary-contacts",
    });
    assert_eq!(student.post("/reports", &health_report(answers)).await.status, StatusCode::CREATED);
    for table in ["reports", "report_revisions", "report_answers", "idempotency_keys", "jobs"] {
        let text: String =
            test.one(&format!("select coalesce(string_agg(t::text, ''), '') from {table} t"), &[]).await;
        let bytes: String = if table == "report_answers" {
            test.one(
                &format!("select coalesce(string_agg(encode(answers, 'escape'), ''), '') from {table}"),
                &[],
            )
            .await
        } else {
            String::new()
        };
        for canary in ["canary", "38.7"] {
            assert!(!text.contains(canary) && !bytes.contains(canary), "{canary} in {table}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_cutoff_a_first_report_is_late_and_one_that_was_sent_stands() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    test.clock.set_time("19:59");
    let (early, late) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    let first = early.post("/reports", &health_report(normal_answers())).await;
    assert_eq!((first.status, &first.body["late"]), (StatusCode::CREATED, &json!(false)));
    assert_eq!(early.post("/reports", &health_report(normal_answers())).await.status, StatusCode::OK);

    test.clock.set_time("20:00");
    let changed = early.post("/reports", &health_report(normal_answers())).await;
    assert_eq!((changed.status, changed.code()), (StatusCode::CONFLICT, "cutoff_passed"));
    let first = late.post("/reports", &health_report(normal_answers())).await;
    assert_eq!((first.status, &first.body["late"]), (StatusCode::CREATED, &json!(true)));
    let again = late.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(again.code(), "cutoff_passed");
    let revisions: i64 = test.one("select count(*) from report_revisions", &[]).await;
    assert_eq!(revisions, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_carried_over_is_kept_as_such_and_a_measured_value_never_is() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let mut report = health_report(normal_answers());
    report["carried"] = json!(["place", "temperature", "abnormal", "nothing", "place"]);
    let receipt = student.post("/reports", &report).await.body["receipt"].as_str().unwrap().to_owned();
    let revisions = student.get(&format!("/reports/{receipt}/revisions")).await;
    assert_eq!(revisions.items()[0]["carried"], json!(["place"]));
    assert_eq!(revisions.items()[0]["source"], json!("self"));
}

fn trip(returned_on: Option<&str>) -> Value {
    let mut answers = json!({
        "left_on": "2020-03-01", "out_transport": "火车", "out_number": "G1234 次 8 车 12A", "reason": "探亲访友",
        "destination": "330106", "address": "文三路", "returned": returned_on.is_some(),
    });
    if let Some(day) = returned_on {
        answers["returned_on"] = json!(day);
        answers["back_transport"] = json!("飞机");
    }
    json!({ "form": "trips", "version": 1, "answers": answers })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_is_registered_closed_later_and_then_stands() {
    let test = TestApp::start().await;
    let userid = test.persona("student");
    let student = test.sign_in(&userid).await;
    let out = student.post("/reports", &trip(None)).await;
    assert_eq!((out.status, &out.body["day"]), (StatusCode::CREATED, &Value::Null), "{}", out.body);
    let other = student.post("/reports", &trip(Some("2020-03-03"))).await;
    assert_eq!(other.status, StatusCode::CREATED, "another trip is another report");
    assert_ne!(other.body["receipt"], out.body["receipt"]);
    let form = student.get("/forms/trips").await;
    assert_eq!((&form.body["state"], &form.body["answers"]), (&json!("anytime"), &json!({})));
    let open: Vec<&Value> =
        form.body["open_trips"].as_array().unwrap().iter().map(|open| &open["receipt"]["receipt"]).collect();
    assert_eq!(open, [&out.body["receipt"]]);

    // Weeks later, from another phone, it is closed by its receipt.
    test.clock.advance(TimeDelta::days(20));
    let student = test.sign_in(&userid).await;
    let receipt = out.body["receipt"].as_str().unwrap();
    let form = student.get(&format!("/forms/trips?receipt={receipt}")).await;
    assert_eq!(form.body["answers"]["destination"], json!("330106"));
    let mut back = trip(Some("2020-03-20"));
    back["receipt"] = json!(receipt);
    let closed = student.post("/reports", &back).await;
    assert_eq!((closed.status, &closed.body["revision"]), (StatusCode::OK, &json!(2)), "{}", closed.body);
    let again = student.post("/reports", &back).await;
    assert_eq!(again.code(), "cutoff_passed", "a closed trip stands");
    let kept: String = test
        .one(
            "select string_agg(left_on || ' ' || coalesce(returned_on::text, '-') || ' ' || region, ',' order by report_id)
             from trips",
            &[],
        )
        .await;
    assert_eq!(kept, "2020-03-01 2020-03-20 330106,2020-03-01 2020-03-03 330106");

    let mut early = trip(Some("2020-02-28"));
    early["answers"]["left_on"] = json!("2020-03-24");
    assert_eq!(student.post("/reports", &early).await.fields(), ["returned_on"]);
    let mut nowhere = trip(None);
    nowhere["answers"]["destination"] = json!("330100");
    nowhere["answers"]["left_on"] = json!("2020-03-24");
    assert_eq!(student.post("/reports", &nowhere).await.fields(), ["destination"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_to_be_closed_is_ones_own() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let (one, other) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    let out = one.post("/reports", &trip(None)).await;
    let receipt = out.body["receipt"].as_str().unwrap();
    let mut stolen = trip(Some("2020-03-03"));
    stolen["receipt"] = json!(receipt);
    assert_eq!(other.post("/reports", &stolen).await.fields(), ["receipt"]);
    assert_eq!(other.get(&format!("/forms/trips?receipt={receipt}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(other.get(&format!("/reports/{receipt}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(one.get(&format!("/reports/{receipt}")).await.body["title"], json!("假期活动轨迹"));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_against_each_other_and_against_a_trip_are_flagged() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let flags = async |number: &str| -> Vec<String> {
        test.one(
            "select flags from reports r join persons p using (corp_id, person_id) where p.number = $1 and r.day is not null",
            &[&number],
        )
        .await
    };
    let feverish = json!({ "temperature": 38.0, "place": "非疫区", "abnormal": false });
    test.sign_in(&students[0]).await.post("/reports", &health_report(feverish)).await;
    assert_eq!(flags(&students[0]).await, ["abnormal", "contradiction"]);

    let away = test.sign_in(&students[1]).await;
    away.post("/reports", &trip(None)).await;
    away.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(flags(&students[1]).await, ["place"], "away in 浙江, and says elsewhere");
    let reviews: i64 = test.one("select count(*) from reviews where state = 'open'", &[]).await;
    assert_eq!(reviews, 2);
    let told = json!({ "temperature": 36.5, "place": "浙江", "abnormal": false });
    away.post("/reports", &health_report(told)).await;
    assert_eq!(flags(&students[1]).await, Vec::<String>::new());
    let closed: i64 = test.one("select count(*) from reviews where state = 'closed'", &[]).await;
    assert_eq!(closed, 1, "put right before anybody looked");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_answered_for_by_who_looks_after_them() {
    let test = TestApp::start().await;
    let counsellor = test.persona("counsellor");
    let students = test.students_of(&counsellor).await;
    let id: i64 = test.one("select person_id from persons where number = $1", &[&students[0]]).await;
    let counsellor = test.sign_in(&counsellor).await;
    let mut report = health_report(normal_answers());
    report["behalf"] = json!({ "person": id, "reason": "手机坏了，电话核实" });
    let given = counsellor.post("/reports", &report).await;
    assert_eq!(
        (given.status, &given.body["source"]),
        (StatusCode::CREATED, &json!("behalf")),
        "{}",
        given.body
    );
    let student = test.sign_in(&students[0]).await;
    let receipt = given.body["receipt"].as_str().unwrap();
    let revisions = student.get(&format!("/reports/{receipt}/revisions")).await;
    assert_eq!(revisions.items()[0]["reason"], json!("手机坏了，电话核实"));

    report["behalf"] = json!({ "person": id, "reason": " " });
    assert_eq!(counsellor.post("/reports", &report).await.fields(), ["reason"]);
    let stranger: i64 = test
        .one(
            "select p.person_id from persons p join memberships m using (corp_id, person_id)
             join departments d using (corp_id, department_id)
             where p.kind = 'student' and d.college_id is not null and d.college_id <> (
               select d.college_id from persons p join memberships m using (corp_id, person_id)
               join departments d using (corp_id, department_id) where p.number = $1 limit 1) limit 1",
            &[&students[0]],
        )
        .await;
    report["behalf"] = json!({ "person": stranger, "reason": "电话核实" });
    assert_eq!(counsellor.post("/reports", &report).await.status, StatusCode::NOT_FOUND);
    report["behalf"] = json!({ "person": id, "reason": "电话核实" });
    assert_eq!(student.post("/reports", &report).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_cut_off_what_was_sent_stands() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let first = student.post("/reports", &health_report(normal_answers())).await;
    let receipt = first.body["receipt"].as_str().unwrap().to_owned();
    let own = student.get(&format!("/reports/{receipt}")).await;
    assert_eq!((&own.body["changeable"], &own.body["title"]), (&json!(true), &json!("健康日报")));
    test.clock.set_time("20:00");
    let student = test.sign_in(&test.persona("student")).await;
    let refused = student.post("/reports", &health_report(normal_answers())).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "cutoff_passed"));
    assert!(refused.body["detail"].as_str().unwrap().contains("辅导员"), "{}", refused.body);
    let own = student.get(&format!("/reports/{receipt}")).await;
    assert_eq!(own.body["changeable"], json!(false));

    // Sent back, it may be changed after all, and stands first.
    test.owner
        .execute(
            "insert into reviews (corp_id, report_id, state, flags, opened_at, changed_at)
             select 1, report_id, 'sent_back', '{}', now(), now() from reports",
            &[],
        )
        .await
        .unwrap();
    let today = student.get("/forms").await;
    assert_eq!(
        (&today.items()[0]["code"], &today.items()[0]["sent_back"]),
        (&json!("health-daily"), &json!(true))
    );
    let put_right = student.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(put_right.status, StatusCode::OK, "{}", put_right.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_is_open_until_its_return_is_told() {
    let test = TestApp::start().await;
    let userid = test.persona("student");
    let student = test.sign_in(&userid).await;
    let mut answers = json!({
        "left_on": "2020-03-03", "out_transport": "火车", "reason": "探亲访友", "destination": "410105",
        "address": "纬五路", "returned": false,
    });
    let trip = |answers: &Value| json!({ "form": "trips", "version": 1, "answers": answers });
    let taken = student.post("/reports", &trip(&answers)).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.body);
    assert_eq!(taken.body["day"], Value::Null);
    let receipt = taken.body["receipt"].as_str().unwrap().to_owned();

    // Days later it is still theirs to close, and its place stands in words.
    test.clock.advance(TimeDelta::days(3));
    let student = test.sign_in(&userid).await;
    let today = student.get("/forms").await;
    let form = today.items().iter().find(|form| form["code"] == "trips").cloned().unwrap();
    assert_eq!(form["open_trips"][0]["place"], json!("河南省郑州市金水区"));
    assert_eq!(form["open_trips"][0]["receipt"]["receipt"], json!(receipt));
    let opened = student.get(&format!("/forms/trips?receipt={receipt}")).await;
    assert_eq!(opened.body["answers"], answers);
    answers["returned"] = json!(true);
    answers["returned_on"] = json!("2020-03-07");
    answers["back_transport"] = json!("火车");
    let close = |answers: &Value| {
        let mut report = trip(answers);
        report["receipt"] = json!(receipt);
        report
    };
    let early = {
        let mut early = answers.clone();
        early["returned_on"] = json!("2020-03-01");
        early
    };
    assert_eq!(student.post("/reports", &close(&early)).await.fields(), ["returned_on"]);
    let closed = student.post("/reports", &close(&answers)).await;
    assert_eq!((closed.status, &closed.body["revision"]), (StatusCode::OK, &json!(2)), "{}", closed.body);
    let today = student.get("/forms").await;
    let form = today.items().iter().find(|form| form["code"] == "trips").cloned().unwrap();
    assert_eq!(form["open_trips"], json!([]));
    // Closed and a day old, it stands.
    let again = student.post("/reports", &close(&answers)).await;
    assert_eq!(again.code(), "cutoff_passed");

    let forms = student.get("/reports/forms").await;
    assert_eq!((&forms.items()[0]["code"], &forms.items()[0]["reports"]), (&json!("trips"), &json!(1)));
    let history = student.get("/reports?form=trips").await;
    assert_eq!((&history.items()[0]["day"], &history.items()[0]["answers"]), (&Value::Null, &answers));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_loaded_is_there_once_with_its_trips_and_todays_reviews() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let load = async |form: &str, day: &str, answers: Value| {
        let rows = vec![(students[0].clone(), answers.as_object().cloned().unwrap())];
        let loaded =
            app::reports::load(&test.app, test.school(), form, day.parse().unwrap(), rows).await.unwrap();
        assert_eq!(loaded.errors, []);
        loaded.written
    };
    let ill = json!({ "temperature": 38.2, "place": "非疫区", "abnormal": true, "condition": "居家观察", "symptoms": ["发热"] });
    assert_eq!(load("health-daily", "2020-03-03", ill.clone()).await, 1);
    let reviews: i64 = test.one("select count(*) from reviews", &[]).await;
    assert_eq!(reviews, 0, "what stood out yesterday was looked at where it comes from");
    for written in [1, 0] {
        assert_eq!(load("health-daily", "2020-03-04", ill.clone()).await, written);
        assert_eq!(test.one::<i64>("select count(*) from reviews where state = 'open'", &[]).await, 1);
        assert_eq!(load("trips", "2020-03-04", trip(None)["answers"].clone()).await, written);
        assert_eq!(test.one::<i64>("select count(*) from trips where returned_on is null", &[]).await, 1);
    }
    let student = test.sign_in(&students[0]).await;
    let history = student.get("/reports?form=health-daily").await;
    assert_eq!(history.items().len(), 2);
    assert_eq!((&history.items()[0]["answers"], &history.items()[0]["source"]), (&ill, &json!("import")));
}
