//! 更正申请: a member says what is wrong, the counsellor checks it, the office puts it right, and all of it can be undone.

use chrono::TimeDelta;
use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    audit::details,
    browser_client::{Browser, Reply},
    test_app::{TestApp, roster_files},
};

const RIGHT: &str = "13900000002";

/// A student of the first counsellor, who has a college office above them, and everybody's browser.
struct People {
    student: Browser,
    number: String,
    counsellor: Browser,
    counsellor_id: String,
    office: Browser,
    office_id: String,
}

async fn people(test: &TestApp) -> People {
    let counsellor_id = test.persona("counsellor");
    let number = test.students_of(&counsellor_id).await[0].clone();
    let office_id = test.persona("college_office");
    People {
        student: test.sign_in(&number).await,
        counsellor: test.sign_in(&counsellor_id).await,
        office: test.sign_in_on_pc(&office_id).await,
        number,
        counsellor_id,
        office_id,
    }
}

async fn submit(browser: &Browser, field: &str, value: &str) -> i64 {
    let reply = browser.post("/me/corrections", &json!({ "field": field, "value": value })).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body["id"].as_i64().unwrap()
}

async fn act(browser: &Browser, id: i64, what: &str, body: Value) -> StatusCode {
    browser.post(&format!("/corrections/{id}/{what}"), &body).await.status
}

async fn mine(browser: &Browser) -> Value {
    browser.get("/me/corrections").await.items()[0].clone()
}

async fn fact(browser: &Browser, field: &str) -> (Value, Value) {
    let data = browser.get("/me/data").await.body;
    let facts = data["facts"].as_array().unwrap();
    let fact = facts.iter().find(|fact| fact["field"] == json!(field)).unwrap();
    (fact["value"].clone(), fact["source"].clone())
}

async fn told(test: &TestApp, userid: &str) -> Vec<Value> {
    test.run_jobs().await;
    test.messages_of(userid).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_said_to_be_wrong_checked_and_put_right() {
    let test = TestApp::start().await;
    let people = people(&test).await;
    let id = submit(&people.student, "phone", "139-0000 0002").await;
    assert_eq!(submit(&people.student, "phone", RIGHT).await, id, "the same again is the same request");
    let another = json!({ "field": "phone", "value": "13900000003" });
    let refused = people.student.post("/me/corrections", &another).await;
    assert_eq!(refused.fields(), ["field"], "one open request a field");
    assert_eq!(mine(&people.student).await["state"], json!("submitted"));
    assert_eq!(mine(&people.student).await["proposed"], json!("139****0002"));

    // The counsellor is told once, and of nobody by name.
    let messages = told(&test, &people.counsellor_id).await;
    assert_eq!(messages.len(), 1);
    let text = messages[0].to_string();
    assert!(text.contains("有 1 条信息更正待核对") && text.contains("/h5/corrections"), "{text}");
    assert!(!text.contains(RIGHT) && !text.contains(&people.number), "{text}");
    assert!(told(&test, &people.office_id).await.is_empty(), "not the office's turn yet");

    let list = people.counsellor.get("/corrections").await;
    let row = &list.items()[0];
    assert_eq!((&row["may_check"], &row["may_fix"]), (&json!(true), &json!(false)));
    assert_eq!(row["proposed"], json!("139****0002"));
    assert!(row["current"].as_str().unwrap().starts_with("100****"), "{row}");
    // A look at the full numbers is on record.
    let values = people.counsellor.post(&format!("/corrections/{id}/values"), &json!({})).await;
    assert_eq!(values.body["proposed"], json!(RIGHT), "{}", values.body);
    let looks = people.student.get("/access-log").await;
    let seen = (&looks.items()[0]["field"], &looks.items()[0]["purpose"]);
    assert_eq!(seen, (&json!("phone"), &json!("correction")), "{}", looks.body);

    assert_eq!(
        act(&people.counsellor, id, "fix", json!({})).await,
        StatusCode::FORBIDDEN,
        "not theirs to fix"
    );
    assert_eq!(act(&people.counsellor, id, "confirmation", json!({})).await, StatusCode::NO_CONTENT);
    assert_eq!(act(&people.counsellor, id, "confirmation", json!({})).await, StatusCode::NOT_FOUND, "once");
    assert_eq!(mine(&people.student).await["state"], json!("checked"));
    let messages = told(&test, &people.office_id).await;
    assert_eq!(messages.len(), 1);
    assert!(messages[0].to_string().contains("有 1 条信息更正待处理"));

    let before = fact(&people.student, "phone").await;
    let state = crate::databases::dump(&test.owner).await;
    assert_eq!(act(&people.office, id, "fix", json!({})).await, StatusCode::NO_CONTENT);
    assert_eq!(act(&people.office, id, "fix", json!({})).await, StatusCode::NOT_FOUND, "once");
    let said = details(&test, Act::CorrectionSettled).await;
    assert_eq!(said, [json!({ "act": "checked" }), json!({ "act": "fixed" })]);
    assert_eq!(fact(&people.student, "phone").await, (json!("139****0002"), json!("correction")));
    assert_eq!(people.student.post("/me/data/contact", &json!({})).await.body["phone"], json!(RIGHT));
    assert_eq!(mine(&people.student).await["state"], json!("fixed"));
    let messages = told(&test, &people.number).await;
    assert_eq!(messages.len(), 1, "the member hears the outcome once");
    assert!(messages[0].to_string().contains("/h5/me/data"), "{}", messages[0]);
    let settled = people.office.get("/corrections?settled=true").await;
    assert_eq!(settled.items()[0]["state"], json!("fixed"));
    assert!(people.office.get("/corrections").await.items().is_empty());

    // Undone among the imports, everything is as it was, and the request waits again.
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let set = administrator.get("/roster/imports").await.items()[0].clone();
    assert_eq!((&set["kind"], &set["title"]), (&json!("corrections"), &json!("信息更正 1 条：手机")));
    let undo = format!("/roster/imports/{}/undo", set["id"]);
    assert_eq!(administrator.post(&undo, &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(crate::databases::dump(&test.owner).await, state);
    assert_eq!(fact(&people.student, "phone").await, before);
    assert_eq!(mine(&people.student).await["state"], json!("checked"));
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roster_does_not_bring_the_mistake_back_until_it_says_something_new() {
    let test = TestApp::start().await;
    let people = people(&test).await;
    let (was, _) = fact(&people.student, "major").await;
    for (field, value) in [("major", "应用电子技术"), ("name", "更正名")] {
        let id = submit(&people.student, field, value).await;
        assert_eq!(act(&people.office, id, "fix", json!({})).await, StatusCode::NO_CONTENT, "need not wait");
    }
    let rows = async || crate::databases::dump(&test.owner).await;
    let before = rows().await;
    test.import_roster().await;
    assert_eq!(rows().await, before, "the same roster again writes no row");
    assert_eq!(fact(&people.student, "major").await, (json!("应用电子技术"), json!("correction")));
    assert_eq!(fact(&people.student, "name").await, (json!("更正名"), json!("correction")));

    let roster = String::from_utf8(roster_files().0).unwrap();
    let import = async |major: &str| {
        let lines = roster.lines().map(|line| match line.starts_with(&format!("{},", people.number)) {
            true => line.replace(was.as_str().unwrap(), major),
            false => line.to_owned(),
        });
        let file: String = lines.map(|line| line + "\n").collect();
        app::roster::import(&test.app, test.school(), file.as_bytes(), None).await.expect("an import");
    };
    import("会计").await;
    assert_eq!(fact(&people.student, "major").await, (json!("会计"), json!("roster")));
    assert_eq!(fact(&people.student, "name").await.1, json!("correction"), "each field for itself");
    import(was.as_str().unwrap()).await;
    assert_eq!(fact(&people.student, "major").await, (was, json!("roster")), "the correction has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_elsewhere_is_closed_with_a_word() {
    let test = TestApp::start().await;
    let people = people(&test).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let state = crate::databases::dump(&test.owner).await;
    let class = submit(&people.student, "class", "2018软件技术2班").await;
    let phone = submit(&people.student, "phone", RIGHT).await;
    let list = administrator.get("/corrections").await;
    let ids: Vec<i64> = list.items().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [class], "administrators see what takes a roster, and no phones: {}", list.body);
    assert_eq!(act(&administrator, phone, "fix", json!({})).await, StatusCode::NOT_FOUND);
    assert_eq!(list.items()[0]["written"], json!(false));

    let bare = administrator.post(&format!("/corrections/{class}/fix"), &json!({})).await;
    assert_eq!((bare.status, bare.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["note"]));
    let done = json!({ "note": "已在企业微信调整班级" });
    assert_eq!(act(&administrator, class, "fix", done).await, StatusCode::NO_CONTENT);
    let own = people.student.get("/me/corrections").await;
    let closed = own.items().iter().find(|row| row["id"] == json!(class)).unwrap();
    assert_eq!((&closed["state"], &closed["answer"]), (&json!("fixed"), &json!("已在企业微信调整班级")));
    assert!(
        administrator.get("/roster/imports").await.items().iter().all(|set| set["kind"] != "corrections")
    );
    let now = crate::databases::dump(&test.owner).await;
    let roster = |dump: &str| -> Vec<String> {
        dump.lines().filter(|line| !line.starts_with("corrections ")).map(str::to_owned).collect()
    };
    assert_eq!(roster(&now), roster(&state), "nothing of the roster was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_refused_with_a_reason_or_taken_back() {
    let test = TestApp::start().await;
    let people = people(&test).await;
    let id = submit(&people.student, "grade", "2017级").await;
    let bare = people.counsellor.post(&format!("/corrections/{id}/refusal"), &json!({ "reason": " " })).await;
    assert_eq!(bare.fields(), ["reason"]);
    let reason = json!({ "reason": "录取通知书为 2018 级" });
    assert_eq!(act(&people.counsellor, id, "refusal", reason.clone()).await, StatusCode::NO_CONTENT);
    let own = mine(&people.student).await;
    assert_eq!((&own["state"], &own["answer"]), (&json!("refused"), &reason["reason"]));
    assert_eq!(act(&people.counsellor, id, "refusal", reason).await, StatusCode::NOT_FOUND);
    assert_eq!(told(&test, &people.number).await.len(), 1);

    let again = submit(&people.student, "grade", "2017").await;
    assert_ne!(again, id, "they may ask anew");
    let path = format!("/me/corrections/{again}/withdrawal");
    let other = test.sign_in(&test.personas("student").last().unwrap().clone()).await;
    assert_eq!(other.post(&path, &json!({})).await.status, StatusCode::NOT_FOUND, "another's");
    assert_eq!(people.student.post(&path, &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(people.student.post(&path, &json!({})).await.status, StatusCode::NOT_FOUND, "once");
    assert_eq!(act(&people.office, again, "fix", json!({})).await, StatusCode::NOT_FOUND);
    assert_eq!(mine(&people.student).await["state"], json!("withdrawn"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_counsellor_it_is_the_offices_turn_at_once() {
    let test = TestApp::start().await;
    let people = people(&test).await;
    test.owner.execute("delete from grants where role = 'counsellor'", &[]).await.unwrap();
    let id = submit(&people.student, "phone", RIGHT).await;
    assert_eq!(mine(&people.student).await["state"], json!("checked"));
    assert_eq!(told(&test, &people.office_id).await.len(), 1);
    // Without an office the administrators hear, who can appoint one.
    test.owner
        .execute("delete from grants where role in ('college_office', 'school_office')", &[])
        .await
        .unwrap();
    let path = format!("/me/corrections/{id}/withdrawal");
    people.student.post(&path, &json!({})).await;
    submit(&people.student, "phone", RIGHT).await;
    let messages = told(&test, &test.persona("administrator")).await;
    assert_eq!(messages.len(), 1);
    assert!(messages[0].to_string().contains("请先授权"), "{}", messages[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_what_somebody_asks_for_is_on_record_once_a_day() {
    let test = TestApp::start().await;
    let people = people(&test).await;
    let id = submit(&people.student, "major", "会计").await;
    assert_eq!(mine(&people.student).await["proposed"], json!("会计"));
    assert!(test.looks_at(&people.number).await.is_empty(), "their own they read");
    for _ in 0..2 {
        assert_eq!(people.counsellor.get("/corrections").await.items()[0]["proposed"], json!("会计"));
        let values = people.counsellor.post(&format!("/corrections/{id}/values"), &json!({})).await;
        assert_eq!(values.body["proposed"], json!("会计"), "{}", values.body);
    }
    assert_eq!(test.looks_at(&people.number).await, ["correction_request"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_class_does_not_exist_and_nobody_settles_their_own() {
    let test = TestApp::start().await;
    let people = people(&test).await;
    let id = submit(&people.student, "major", "会计").await;
    let stranger = test.sign_in(&test.personas("counsellor").last().unwrap().clone()).await;
    assert!(stranger.get("/corrections").await.items().is_empty());
    for (what, body) in
        [("confirmation", json!({})), ("refusal", json!({ "reason": "不是" })), ("values", json!({}))]
    {
        let not_mine = stranger.post(&format!("/corrections/{id}/{what}"), &body).await;
        let not_there = stranger.post(&format!("/corrections/999999/{what}"), &body).await;
        assert_eq!((not_mine.status, &not_mine.body), (StatusCode::NOT_FOUND, &not_there.body), "{what}");
    }
    for role in ["student", "school_leader", "college_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/corrections").await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(act(&viewer, id, "fix", json!({})).await, StatusCode::FORBIDDEN, "{role}");
    }
    let own = submit(&people.office, "phone", RIGHT).await;
    assert_eq!(act(&people.office, own, "fix", json!({})).await, StatusCode::NOT_FOUND);
    let school_office = test.sign_in(&test.persona("school_office")).await;
    assert_eq!(act(&school_office, own, "fix", json!({})).await, StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_sealed_checked_and_not_without_end() {
    let test = TestApp::start().await;
    let people = people(&test).await;
    for (field, value) in [("phone", "没有"), ("grade", "大一"), ("name", " "), ("number", "a b")] {
        let reply: Reply =
            people.student.post("/me/corrections", &json!({ "field": field, "value": value })).await;
        assert_eq!(
            (reply.status, reply.fields()),
            (StatusCode::UNPROCESSABLE_ENTITY, vec!["value"]),
            "{field}"
        );
    }
    let claim = json!({ "field": "other", "value": "户籍所在地有误", "note": "请见入学登记表" });
    assert_eq!(people.student.post("/me/corrections", &claim).await.status, StatusCode::OK);
    let kept: String = test
        .one(
            "select string_agg(encode(proposed, 'escape') || encode(note, 'escape'), '') from corrections",
            &[],
        )
        .await;
    assert!(!kept.contains("户籍") && !kept.contains("入学"), "sealed");
    let row = people.counsellor.get("/corrections").await.items()[0].clone();
    assert_eq!((&row["proposed"], &row["note"]), (&claim["value"], &claim["note"]));

    for made in 1..7 {
        let id = submit(&people.student, "phone", &format!("1390000000{made}")).await;
        people.student.post(&format!("/me/corrections/{id}/withdrawal"), &json!({})).await;
        test.clock.advance(TimeDelta::minutes(1));
    }
    let claim = json!({ "field": "phone", "value": RIGHT });
    let reply = people.student.post("/me/corrections", &claim).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "enough for a day");
    test.clock.advance(TimeDelta::days(1));
    let student = test.sign_in(&people.number).await;
    assert_eq!(student.post("/me/corrections", &claim).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn settled_requests_are_forgotten_after_half_a_year() {
    let test = TestApp::start().await;
    let people = people(&test).await;
    let settled = submit(&people.student, "major", "会计").await;
    act(&people.office, settled, "fix", json!({})).await;
    submit(&people.student, "phone", RIGHT).await;
    test.run_jobs().await;
    test.clock.advance(TimeDelta::days(181));
    let mut tx = test.app.store().scoped(1).await.unwrap();
    store::corrections::sweep(&mut tx, 1, test.app.now() - TimeDelta::days(180)).await.unwrap();
    tx.commit().await.unwrap();
    let left: String = test.one("select string_agg(field, ' ') from corrections", &[]).await;
    assert_eq!(left, "phone", "the open one stays");
    assert_eq!(
        test.one::<i64>("select count(*) from person_fields where source = 'correction'", &[]).await,
        1,
        "what was put right stays right"
    );
}
