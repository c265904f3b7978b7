//! 告知书: published version by version, agreed to before the first answer, and taken back.

use app::retention;
use chrono::TimeDelta;
use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    audit::details,
    browser_client::{Browser, Reply},
    databases,
    test_app::{Shape, TestApp, health_report, normal_answers},
};

/// Of a school whose basis is its duty.
pub async fn publish(administrator: &Browser, after: i32, text: &str) -> Reply {
    publish_by(administrator, after, text, false).await
}

pub async fn publish_by(administrator: &Browser, after: i32, text: &str, rests_on_consent: bool) -> Reply {
    let notice = json!({ "after": after, "text": text, "legal_basis": "个人信息保护法第十三条",
        "rests_on_consent": rests_on_consent });
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
        json!({ "notice": null, "agreed_at": null, "missing": false, "withdrawal": null }),
        "nothing to agree to"
    );
    assert_eq!(agree(&student, 1).await.code(), "overtaken", "what is not there can't be agreed to");

    let first = publish(&administrator, 0, " 我们会收集您每天的体温。 ").await;
    assert_eq!((first.status, &first.body), (StatusCode::CREATED, &json!({ "version": 1 })));
    assert_eq!(publish(&administrator, 0, "同一时刻的另一版").await.code(), "overtaken");
    assert_eq!(details(&test, Act::NoticePublished).await, [json!({ "version": 1, "on_consent": false })]);
    let told = mine(&student).await;
    assert_eq!(told["notice"]["text"], json!("我们会收集您每天的体温。"));
    assert_eq!(told["agreed_at"], Value::Null);
    for _ in 0..2 {
        assert_eq!(agree(&student, 1).await.status, StatusCode::NO_CONTENT, "twice is harmless");
    }
    let agreed = mine(&student).await;
    assert_eq!(
        (&agreed["agreed_at"], &agreed["withdrawal"]),
        (&json!("2020-03-04T00:00:00Z"), &json!("keeps"))
    );
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
    assert_eq!(told["withdrawal"], json!("keeps"), "their word to the one before can be taken back");
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
    let empty = json!({ "after": 0, "text": " ", "legal_basis": "", "rests_on_consent": false });
    assert_eq!(administrator.post("/privacy-notices", &empty).await.fields(), ["text"]);
    let groundless = json!({ "after": 0, "text": "我们会收集您每天的体温。", "legal_basis": " ", "rests_on_consent": false });
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

/// What is left of somebody's reports: they themselves, their revisions, the answers, what was looked into, trips and pictures.
pub async fn reports_of(test: &TestApp, number: &str) -> String {
    let sql = "with own as (select r.report_id from reports r join persons p using (corp_id, person_id) where p.number = $1)
        select concat_ws(' ', (select count(*) from own), (select count(*) from report_revisions join own using (report_id)),
          (select count(*) from report_answers join own using (report_id)), (select count(*) from reviews join own using (report_id)),
          (select count(*) from review_acts join own using (report_id)), (select count(*) from review_warnings join own using (report_id)),
          (select count(*) from trips t join persons p using (corp_id, person_id) where p.number = $1),
          (select count(*) from attachments t join persons p using (corp_id, person_id) where p.number = $1))";
    test.one(sql, &[&number]).await
}

pub const NOTHING: &str = "0 0 0 0 0 0 0 0";

pub async fn run(test: &TestApp) {
    retention::run(&test.app, test.school(), None).await.unwrap();
}

pub async fn withdraw(browser: &Browser) {
    let taken_back = browser.delete("/me/privacy-notice/agreement").await;
    assert_eq!(taken_back.status, StatusCode::NO_CONTENT, "{}", taken_back.body);
}

pub async fn person(test: &TestApp, number: &str) -> i64 {
    test.one("select person_id from persons where number = $1", &[&number]).await
}

/// A health report, and one for somebody else.
pub async fn report(browser: &Browser, answers: Value) -> Value {
    let sent = browser.post("/reports", &health_report(answers)).await;
    assert!(sent.status.is_success(), "{}", sent.body);
    sent.body
}

pub async fn report_for(browser: &Browser, person: i64) {
    let mut behalf = health_report(normal_answers());
    behalf["behalf"] = json!({ "person": person, "reason": "手机坏了" });
    let sent = browser.post("/reports", &behalf).await;
    assert!(sent.status.is_success(), "{}", sent.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_back_a_consent_has_what_they_answered_erased_an_hour_later() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let counsellor_id = test.persona("counsellor");
    let counsellor = test.sign_in(&counsellor_id).await;
    let students = test.students_of(&counsellor_id).await;
    let [gone, again, told] = &students[..3] else { panic!("a class of three") };
    let text = "我们会收集您每天的体温。";
    assert_eq!(publish_by(&administrator, 0, text, true).await.status, StatusCode::CREATED);
    let (gone_browser, again_browser) = (test.sign_in(gone).await, test.sign_in(again).await);
    let told_browser = test.sign_in(told).await;
    for browser in [&gone_browser, &again_browser, &told_browser] {
        assert_eq!(agree(browser, 1).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(mine(&gone_browser).await["withdrawal"], json!("erases"));
    // Somebody was ill: it was looked into, a trip and a picture came with it, and their counsellor corrected it.
    let ill = json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察", "symptoms": ["发热"] });
    let receipt = report(&gone_browser, ill).await["receipt"].as_str().unwrap().to_owned();
    let noted = counsellor.post(&format!("/reviews/{receipt}/note"), &json!({ "note": "已电话询问" })).await;
    assert!(noted.status.is_success(), "{}", noted.body);
    report_for(&counsellor, person(&test, gone).await).await;
    let brought = "with own as (select r.report_id, r.form_id, r.person_id, r.revision from reports r
                                join persons p using (corp_id, person_id) where p.number = $1),
          seen as (insert into attachments (corp_id, attachment_id, form_id, person_id, uploaded_by, content, bytes, made_at, report_id)
                   select 1, repeat('a', 32), form_id, person_id, (select min(member_id) from members), '\\x00', 1, now(), report_id from own)
        insert into trips (corp_id, report_id, person_id, left_on, region)
        select 1, report_id, person_id, '2020-03-01', '410300' from own";
    assert_eq!(test.owner.execute(brought, &[gone]).await.unwrap(), 1);
    report(&again_browser, normal_answers()).await;
    report(&again_browser, normal_answers()).await;
    report_for(&counsellor, person(&test, told).await).await;
    let (was_gone, was_again, was_told) =
        (reports_of(&test, gone).await, reports_of(&test, again).await, reports_of(&test, told).await);
    assert!(was_gone.starts_with("1 2 2 1") && was_gone.ends_with("1 1"), "{was_gone}");
    assert!(was_again.starts_with("1 2 2"), "{was_again}");

    for browser in [&gone_browser, &again_browser, &told_browser, &told_browser] {
        withdraw(browser).await;
    }
    assert_eq!(details(&test, Act::NoticeWithdrawn).await, [(); 3].map(|()| json!({ "erases": true })));
    let warned: i64 = test.one("select count(*) from outbox o join mailings m using (corp_id, mailing_id) where m.kind = 'notice'", &[]).await;
    assert_eq!(warned, 3, "each reads that there is an hour");
    assert_eq!(agree(&again_browser, 1).await.status, StatusCode::NO_CONTENT, "a slip of the thumb");
    test.clock.advance(TimeDelta::minutes(59));
    run(&test).await;
    assert_eq!(reports_of(&test, gone).await, was_gone, "there is an hour to think again");

    // Who has it on the screen sees them reported until it is gone.
    let seen = counsellor.get("/unreported/health-daily").await;
    assert!(!seen.body.to_string().contains(gone.as_str()), "{}", seen.body);

    // A form that is held keeps everything until it is held no more.
    let office = test.sign_in(&test.persona("school_office")).await;
    let hold = json!({ "form": "health-daily", "reason": "复核", "until": "2020-03-20" });
    let held = office.post("/retention/holds", &hold).await;
    assert!(held.status.is_success(), "{}", held.body);
    test.clock.advance(TimeDelta::minutes(2));
    run(&test).await;
    assert_eq!(reports_of(&test, gone).await, was_gone, "on hold");
    let id: i64 = test.one("select max(hold_id) from retention_holds", &[]).await;
    let lifted = office.post(&format!("/retention/holds/{id}/end"), &json!({})).await;
    assert!(lifted.status.is_success(), "{}", lifted.body);
    // What is written this moment is left for the next time, and keeps nothing else from its end.
    let locked =
        "select from reports r join persons p using (corp_id, person_id) where p.number = $1 for update of r";
    let other = databases::connect(&test.owner_url().parse().unwrap()).await;
    other.batch_execute("begin").await.unwrap();
    assert_eq!(other.query(locked, &[gone]).await.unwrap().len(), 1);
    run(&test).await;
    assert_eq!(reports_of(&test, gone).await, was_gone);
    other.batch_execute("rollback").await.unwrap();
    run(&test).await;

    assert_eq!(reports_of(&test, gone).await, NOTHING);
    assert_eq!(reports_of(&test, again).await, was_again, "who agreed again keeps everything");
    assert_eq!(reports_of(&test, told).await, was_told, "what the office answered rests on its duty");
    assert_eq!(details(&test, Act::WithdrawnErased).await, [json!({ "rows": 1, "policy": "2026-11" })]);
    run(&test).await;
    assert_eq!(details(&test, Act::WithdrawnErased).await.len(), 1, "once");
    let over: i64 = test.one("select count(*) from notice_agreements where erased_at is not null", &[]).await;
    assert_eq!(over, 2, "of whom nothing is left is not looked at again");
    let missing = counsellor.get("/unreported/health-daily").await;
    assert!(missing.body.to_string().contains(gone.as_str()), "they have not reported: {}", missing.body);
    assert_eq!(agree(&gone_browser, 1).await.status, StatusCode::NO_CONTENT);
    assert_eq!(report(&gone_browser, normal_answers()).await["revision"], json!(1));

    // Another time, after what was erased before.
    withdraw(&gone_browser).await;
    test.clock.advance(TimeDelta::minutes(61));
    run(&test).await;
    assert_eq!(reports_of(&test, gone).await, NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_under_a_duty_stays_and_under_a_consent_goes_whatever_came_later() {
    let test = TestApp::start().await;
    let administrator_id = test.persona("administrator");
    let number = test.persona("student");
    // A duty, a consent, a duty again: a day each.
    for (version, rests_on_consent) in [(1, false), (2, true), (3, false)] {
        let administrator = test.sign_in(&administrator_id).await;
        let published =
            publish_by(&administrator, version - 1, "我们会收集您每天的体温。", rests_on_consent).await;
        assert_eq!(published.status, StatusCode::CREATED, "{}", published.body);
        let student = test.sign_in(&number).await;
        assert_eq!(agree(&student, version).await.status, StatusCode::NO_CONTENT);
        report(&student, normal_answers()).await;
        test.clock.advance(TimeDelta::days(1));
    }
    let student = test.sign_in(&number).await;
    assert_eq!(
        mine(&student).await["withdrawal"],
        json!("erases"),
        "their consent of the second day stands too"
    );
    // Within the hour they agree again, to what holds then: nothing is lost, and taking that back is of the consent too.
    withdraw(&student).await;
    test.clock.advance(TimeDelta::minutes(60));
    assert_eq!(agree(&student, 3).await.status, StatusCode::NO_CONTENT);
    test.clock.advance(TimeDelta::hours(1));
    run(&test).await;
    assert_eq!(test.one::<i64>("select count(*) from reports", &[]).await, 3);
    assert_eq!(mine(&student).await["withdrawal"], json!("erases"));
    withdraw(&student).await;
    // Later it is too late for what was answered before; what is answered then is under the new word.
    test.clock.advance(TimeDelta::minutes(61));
    assert_eq!(agree(&student, 3).await.status, StatusCode::NO_CONTENT);
    run(&test).await;
    assert_eq!(mine(&student).await["withdrawal"], json!("keeps"), "nothing is left of the consent");
    let days: String = test
        .one("select string_agg(day::text, ' ' order by day) from reports r join persons p using (corp_id, person_id) where p.number = $1", &[&number])
        .await;
    assert_eq!(days, "2020-03-04 2020-03-06");
    let student = test.sign_in(&number).await;
    withdraw(&student).await;
    test.clock.advance(TimeDelta::hours(30));
    run(&test).await;
    let left: i64 = test.one("select count(*) from reports", &[]).await;
    assert_eq!(left, 2, "as long as all answers");
    assert_eq!(details(&test, Act::WithdrawnErased).await.len(), 1);
}
