//! 我的数据: everything that is held on somebody is handed to them, nothing of anybody else, and so many times a day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use domain::my_data::{LEFT_OUT, PARTS};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::privacy::{Class, manifest};
use store::my_data::held::SOURCES;
use tokio_postgres::types::Type;

use crate::{
    browser_client::{Browser, Reply},
    databases,
    test_app::{TestApp, health_report},
};

/// Asks for a copy.
async fn ask(browser: &Browser, format: &str) -> Reply {
    browser.post("/me/data/copies", &json!({ "format": format })).await
}

/// Where a copy that was asked for is to be fetched.
async fn asked(browser: &Browser, format: &str) -> String {
    let reply = ask(browser, format).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    reply.body["path"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned()
}

fn ill(temperature: f64) -> Value {
    json!({ "temperature": temperature, "place": "非疫区", "abnormal": true, "condition": "居家观察", "symptoms": ["发热"] })
}

async fn copy(browser: &Browser) -> Reply {
    let reply = browser.get(&asked(browser, "json").await).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply
}

/// The rows of a part.
fn rows<'a>(copy: &'a Reply, part: &str) -> &'a [Value] {
    let parts = copy.body["parts"].as_array().expect("parts");
    let found = parts.iter().find(|one| one["name"] == json!(part)).unwrap_or_else(|| panic!("no {part}"));
    found["rows"].as_array().expect("rows")
}

async fn person(test: &TestApp, number: &str) -> i64 {
    test.one("select person_id from persons where number = $1", &[&number]).await
}

#[test]
fn every_table_that_says_something_of_people_is_handed_over_or_has_its_reason() {
    let handed: BTreeSet<&str> = SOURCES.iter().flat_map(|source| source.tables).copied().collect();
    let left_out: BTreeMap<&str, &str> = LEFT_OUT.iter().copied().collect();
    assert_eq!(left_out.len(), LEFT_OUT.len(), "a table stands there twice");
    assert!(left_out.values().all(|reason| !reason.trim().is_empty()));
    let both: Vec<_> = handed.iter().filter(|table| left_out.contains_key(*table)).collect();
    assert!(both.is_empty(), "handed over and left out: {both:?}");
    let manifest = manifest().unwrap();
    let of_people: BTreeSet<&str> = manifest
        .tables()
        .filter(|table| !table.of(Class::Personal).is_empty() || !table.of(Class::Sensitive).is_empty())
        .map(|table| table.name.as_str())
        .collect();
    let known: BTreeSet<&str> = handed.iter().chain(left_out.keys()).copied().collect();
    let forgotten: Vec<_> = of_people.difference(&known).collect();
    assert!(forgotten.is_empty(), "say something of people and are in no copy: {forgotten:?}");
    let invented: Vec<_> = known.difference(&of_people).collect();
    assert!(invented.is_empty(), "say nothing of people: {invented:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_that_is_read_has_its_words_and_the_other_way_round() {
    let (owner, _) = databases::fresh().await;
    let owner = databases::connect(&owner).await;
    for (part, source) in PARTS.iter().zip(SOURCES) {
        assert_eq!(part.name, source.part);
        let statement = owner
            .prepare_typed(source.sql, &[Type::INT4, Type::INT8, Type::INT8_ARRAY, Type::DATE])
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", part.name));
        let read: BTreeSet<String> =
            statement.columns().iter().map(|column| column.name().to_owned()).collect();
        let mut said: BTreeSet<String> = part.columns.iter().map(|column| column.name.to_owned()).collect();
        // What opens the sealed ones is no part of the copy.
        said.extend(source.sealed.iter().map(|column| format!("{}_row", column.name)));
        if part.name == "reports" {
            said.insert("answers_version".to_owned());
        }
        assert_eq!(read, said, "{}", part.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_has_what_one_said_and_what_others_did_about_it_opened() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await;
    let (number, id) = (&students[0], person(&test, &students[0]).await);
    let (student, counsellor) = (test.sign_in(number).await, test.sign_in(&counsellor_id).await);
    let phone = student.post("/me/data/contact", &json!({})).await.body["phone"].clone();
    let receipt = student.post("/reports", &health_report(ill(38.4))).await.body["receipt"].clone();
    test.clock.advance(TimeDelta::minutes(1));
    let changed = student.post("/reports", &health_report(ill(38.9))).await;
    assert!(changed.status.is_success(), "{}", changed.body);
    let back = format!("/reviews/{}/send-back", receipt.as_str().unwrap());
    let sent_back = counsellor.post(&back, &json!({ "note": "请再量一次" })).await;
    assert!(sent_back.status.is_success(), "{}", sent_back.body);
    let called = counsellor.post(&format!("/people/{id}/phone"), &json!({ "purpose": "call" })).await;
    assert_eq!(called.status, StatusCode::OK, "{}", called.body);
    let wrong = json!({ "field": "name", "value": "新的名字", "note": "户口本上是这个" });
    assert_eq!(student.post("/me/corrections", &wrong).await.status, StatusCode::OK);
    test.run_jobs().await;

    let copy = copy(&student).await;
    assert_eq!(copy.headers["cache-control"], "no-store, private");
    assert_eq!(copy.headers["content-disposition"], "attachment; filename=\"my-data-20200304.json\"");
    assert_eq!(copy.body["userid"], json!(number));
    let profile = rows(&copy, "profile");
    assert_eq!((&profile[0]["number"], &profile[0]["phone"]), (&json!(number), &phone), "in full");
    assert_eq!(rows(&copy, "accounts").len(), 1);
    assert!(!rows(&copy, "memberships").is_empty());

    let reports = rows(&copy, "reports");
    let temperatures: Vec<&Value> = reports
        .iter()
        .map(|report| {
            let answers = report["answers"].as_array().unwrap();
            answers.iter().find(|answer| answer["field"] == json!("temperature")).unwrap()
        })
        .collect();
    assert_eq!(temperatures.len(), 2, "every revision");
    assert_eq!((&temperatures[0]["value"], &temperatures[0]["words"]), (&json!(38.9), &json!("38.9℃")));
    assert_eq!(temperatures[1]["words"], json!("38.4℃"));
    assert_eq!((&reports[1]["receipt"], &reports[1]["at"]), (&receipt, &json!("2020-03-04T00:00:00Z")));

    let acts = rows(&copy, "review_acts");
    let noted = acts.iter().find(|act| act["act"] == json!("sent_back")).expect("it was sent back");
    let name: String = test.one("select name from persons where number = $1", &[&counsellor_id]).await;
    assert_eq!((&noted["note"], &noted["done_by"]), (&json!("请再量一次"), &json!(name)));
    let looks = rows(&copy, "access_log");
    assert!(
        looks.iter().any(|look| look["field"] == json!("phone") && look["viewer"] == json!(name)),
        "{looks:?}"
    );
    let correction = &rows(&copy, "corrections")[0];
    assert_eq!(
        (&correction["proposed"], &correction["note"]),
        (&json!("新的名字"), &json!("户口本上是这个"))
    );
    let messages = rows(&copy, "messages");
    assert!(messages.iter().any(|message| message["content"].is_object()), "what was sent: {messages:?}");
    assert_eq!(rows(&copy, "data_copies").len(), 1, "this one");
    let sql =
        "select count(*) from access_log l join members m on m.corp_id = l.corp_id and m.member_id = l.viewer
        where m.userid = $1";
    let recorded: i64 = test.one(sql, &[number]).await;
    assert_eq!(recorded, 0, "a copy of one's own is no look at somebody");

    // What is counted beforehand is what is handed over.
    let held = student.get("/me/data/held").await;
    let counted: i64 =
        held.body["groups"].as_array().unwrap().iter().map(|group| group["count"].as_i64().unwrap()).sum();
    let handed: usize = copy.body["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["rows"].as_array().unwrap().len())
        .sum();
    assert_eq!(counted, i64::try_from(handed).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_out_about_one_is_in_ones_own_copy_and_in_no_other() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await;
    let counsellor = test.sign_in(&counsellor_id).await;
    let found =
        json!({ "person": person(&test, &students[0]).await, "reason": "hospital", "note": "在校医院输液" });
    let told = counsellor.post("/unreported/health-daily/follow-ups", &found).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);

    let (theirs, anothers) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    let own = copy(&theirs).await;
    let row = &rows(&own, "follow_ups")[0];
    assert_eq!((&row["reason"], &row["note"]), (&json!("hospital"), &json!("在校医院输液")));
    for browser in [&anothers, &counsellor] {
        let other = copy(browser).await;
        assert!(rows(&other, "follow_ups").is_empty());
        assert!(!other.body.to_string().contains("输液"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readable_copy_opens_as_a_page_that_can_do_nothing() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let wrong = json!({ "field": "name", "value": "新的名字", "note": "<b>户口本</b> & 学生证" });
    assert_eq!(student.post("/me/corrections", &wrong).await.status, StatusCode::OK);
    let reply = student.get(&asked(&student, "html").await).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(reply.headers["content-disposition"], "inline; filename=\"my-data-20200304.html\"");
    assert_eq!(reply.headers["cache-control"], "no-store, private");
    let policy = reply.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let page = reply.body.as_str().unwrap();
    assert!(page.contains("&lt;b&gt;户口本&lt;/b&gt; &amp; 学生证") && !page.contains("<b>"));
    for part in PARTS {
        assert!(page.contains(part.title), "{}", part.title);
    }
    assert!(page.contains("2020-03-04 08:00:00"), "in the school's time");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_copy_at_a_time_and_ten_a_day() {
    let test = TestApp::start().await;
    let userid = test.persona("student");
    let student = test.sign_in(&userid).await;
    let member: i64 = test.one("select member_id from members where userid = $1", &[&userid]).await;
    let key = "hashtextextended(format('data copy %s %s', 1, $1::bigint), 0)";
    let locked: bool = test.one(&format!("select pg_try_advisory_lock({key})"), &[&member]).await;
    assert!(locked);
    let meanwhile = ask(&student, "json").await;
    assert_eq!((meanwhile.status, meanwhile.code()), (StatusCode::TOO_MANY_REQUESTS, "copies_taken"));
    let unlocked: bool = test.one(&format!("select pg_advisory_unlock({key})"), &[&member]).await;
    assert!(unlocked);

    for left in (0..10).rev() {
        copy(&student).await;
        assert_eq!(student.get("/me/data/held").await.body["copies_left"], json!(left));
    }
    let eleventh = ask(&student, "html").await;
    assert_eq!((eleventh.status, eleventh.code()), (StatusCode::TOO_MANY_REQUESTS, "copies_taken"));
    let kept: i64 = test.one("select count(*) from data_copies", &[]).await;
    assert_eq!(kept, 10, "what was refused is not noted");

    test.clock.advance(TimeDelta::days(1));
    let student = test.sign_in(&userid).await;
    copy(&student).await;
    let mut tx = test.app.store().scoped(1).await.unwrap();
    store::my_data::copies::sweep(&mut tx, 1, test.app.now()).await.unwrap();
    tx.commit().await.unwrap();
    let left: i64 = test.one("select count(*) from data_copies", &[]).await;
    assert_eq!(left, 1, "those of the day before are forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_fetched_once_within_a_minute_in_the_session_that_asked_and_fetching_notes_nothing() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let (student, other) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    let elsewhere = test.sign_in_on_pc(&students[0]).await;
    let path = asked(&student, "json").await;
    for browser in [&other, &elsewhere] {
        assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "a link that went astray");
    }
    // A phone's web view hands the link to its download manager, which begins anew.
    for _ in 0..3 {
        assert_eq!(student.get(&path).await.status, StatusCode::OK, "one fetch");
    }
    assert_eq!(student.get(&path).await.status, StatusCode::NOT_FOUND, "used up");
    let noted: i64 = test.one("select count(*) from data_copies", &[]).await;
    assert_eq!(noted, 1);
    assert_eq!(student.get("/me/data/copies/nothing").await.status, StatusCode::NOT_FOUND);
    let path = asked(&student, "json").await;
    test.clock.advance(TimeDelta::seconds(61));
    assert_eq!(student.get(&path).await.code(), "not_found");
    let url = student.url(&format!("/api/v1{path}"));
    let page = student.request(Method::GET, url, None, &[("Accept", "text/html")]).await;
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        page.headers()["content-type"],
        "text/html; charset=utf-8",
        "who came by a link is told on a page"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_the_roster_does_not_know_has_what_their_account_left() {
    let test = TestApp::start_empty().await;
    test.sync().await;
    let student = test.sign_in(&test.persona("student")).await;
    let copy = copy(&student).await;
    assert_eq!(rows(&copy, "accounts").len(), 1);
    assert!(rows(&copy, "profile").is_empty() && rows(&copy, "reports").is_empty());
    let asked = ask(&student, "xml").await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", asked.body);
}
