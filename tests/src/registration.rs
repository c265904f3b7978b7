//! Registration: who of the roster uses WeCom, in each viewer's own part of the school.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser_client::{Browser, Reply},
    test_app::{REFERENCE, Shape, TestApp, roster_files_of},
};

fn row(table: &Value, name: &str) -> (i64, i64, i64) {
    let row = table["rows"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
    let figure = |field: &str| row[field].as_i64().unwrap();
    (figure("rostered"), figure("with_account"), figure("activated"))
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_on_the_roster_is_counted_once_however_grouped() {
    let test = TestApp::start().await;
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let people: i64 = test.one("select count(*) from persons", &[]).await;
    let accounts: i64 =
        test.one("select count(*) from members where person_id is not null and left_on is null", &[]).await;
    let mut totals = Vec::new();
    for by in ["kind", "college", "class"] {
        let table = leader.get(&format!("/registration?by={by}")).await;
        assert_eq!(table.status, StatusCode::OK);
        let rows = table.body["rows"].as_array().unwrap();
        let sum: i64 = rows.iter().map(|row| row["rostered"].as_i64().unwrap()).sum();
        assert_eq!(sum, people, "{by}");
        totals.push(table.body["total"].clone());
    }
    assert!(totals.iter().all(|total| *total == totals[0]));
    assert_eq!(totals[0]["rostered"], json!(people));
    assert_eq!(totals[0]["with_account"], json!(accounts));
    let by_kind = leader.get("/registration").await.body;
    let students: i64 = test.one("select count(*) from persons where kind = 'student'", &[]).await;
    assert_eq!(row(&by_kind, "student"), (students, students, students), "every student has one");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_activated_is_listed_with_the_reason() {
    let test = TestApp::start().await;
    let counsellor = test.persona("counsellor");
    let students = test.students_of(&counsellor).await;
    let viewer = test.sign_in(&counsellor).await;
    assert!(viewer.get("/registration/not-activated").await.items().is_empty());

    test.control(&format!("members/{}", students[0]), &json!({ "status": 4 })).await;
    test.control(&format!("members/{}", students[1]), &json!({ "status": 2 })).await;
    test.sync().await;
    let list = viewer.get("/registration/not-activated?kind=student").await;
    let mut told: Vec<(&str, &str)> = list
        .items()
        .iter()
        .map(|row| (row["number"].as_str().unwrap(), row["state"].as_str().unwrap()))
        .collect();
    told.sort_by_key(|(_, state)| *state);
    // Who was disabled has left the app's range; their account is closed here.
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&(students[0].as_str(), "not_activated")), "{told:?}");
    assert!(
        told.iter().any(|(number, state)| *number == students[1] && *state != "not_activated"),
        "{told:?}"
    );
    let own = viewer.get("/registration?by=class").await.body;
    assert_eq!(own["total"]["rostered"].as_i64().unwrap() - own["total"]["activated"].as_i64().unwrap(), 2);
    assert_eq!(own["total"]["rostered"], json!(students.len()), "nobody of another's classes");

    // Staff without an account, whom a leader sees.
    let office = test.sign_in(&test.persona("school_office")).await;
    let list = office.get("/registration/not-activated?kind=staff").await;
    assert!(list.items().iter().any(|row| row["state"] == "no_account"));
    let page = office.get("/registration/not-activated?limit=1").await;
    let next = page.body["next_cursor"].as_str().unwrap();
    let second = office.get(&format!("/registration/not-activated?limit=1&cursor={next}")).await;
    assert_ne!(page.items()[0]["number"], second.items()[0]["number"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_figures_and_a_student_nothing() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(administrator.get("/registration").await.status, StatusCode::OK);
    assert_eq!(
        administrator.get("/registration/not-activated").await.status,
        StatusCode::FORBIDDEN,
        "figures, not people"
    );
    let student = test.sign_in(&test.persona("student")).await;
    assert_eq!(student.get("/registration").await.status, StatusCode::FORBIDDEN);
}

/// Two students of a counsellor who are not activated.
async fn two_not_activated(test: &TestApp) -> (String, Vec<String>) {
    let counsellor = test.persona("counsellor");
    let students = test.students_of(&counsellor).await;
    for student in &students[..2] {
        test.control(&format!("members/{student}"), &json!({ "status": 4 })).await;
    }
    test.sync().await;
    (counsellor, students)
}

async fn person_id(test: &TestApp, number: &str) -> i64 {
    test.one("select person_id from persons where number = $1", &[&number]).await
}

async fn invite(test: &TestApp, browser: &Browser, body: &Value) -> Reply {
    let made = browser.post("/registration/invitations", body).await;
    assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.body);
    test.run_jobs().await;
    browser.get(&format!("/registration/invitations/{}", made.body["id"])).await
}

fn states(round: &Reply) -> Vec<(&str, &str)> {
    round
        .items()
        .iter()
        .map(|row| (row["number"].as_str().unwrap(), row["state"].as_str().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn those_not_activated_are_invited_once_a_day_each_with_a_result() {
    let test = TestApp::start().await;
    let (userid, students) = two_not_activated(&test).await;
    let counsellor = test.sign_in(&userid).await;
    let one = person_id(&test, &students[0]).await;
    let first = invite(&test, &counsellor, &json!({ "people": [one] })).await;
    assert_eq!(states(&first), [(students[0].as_str(), "invited")]);
    assert_eq!(test.count_calls("batch/invite").await, 1);
    let list = counsellor.get("/registration/not-activated").await;
    let invited: Vec<_> = list.items().iter().map(|row| row["invited_today"].as_bool().unwrap()).collect();
    assert_eq!(invited, [true, false]);

    // Everybody: who was invited today is left out, whoever asks.
    let key = "everybody-of-mine";
    let made = counsellor.post_with("/registration/invitations", key, &json!({})).await;
    let again = counsellor.post_with("/registration/invitations", key, &json!({})).await;
    assert_eq!(made.body, again.body, "a second tap is the same round");
    test.run_jobs().await;
    let all = counsellor.get(&format!("/registration/invitations/{}", made.body["id"])).await;
    assert_eq!(
        states(&all),
        [(students[0].as_str(), "already"), (students[1].as_str(), "invited")],
        "{}",
        all.body
    );
    assert_eq!(test.count_calls("batch/invite").await, 2);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let whole = invite(&test, &administrator, &json!({ "kind": "student" })).await;
    assert_eq!(whole.body["counts"], json!([{ "state": "already", "people": 2 }]), "{}", whole.body);
    assert!(whole.items().is_empty(), "figures, not people");
    assert_eq!(test.count_calls("batch/invite").await, 2);

    test.clock.advance(TimeDelta::days(1));
    let counsellor = test.sign_in(&userid).await;
    let tomorrow = invite(&test, &counsellor, &json!({ "people": [one] })).await;
    assert_eq!(states(&tomorrow), [(students[0].as_str(), "invited")]);
    let path = format!("/registration/invitations/{}", made.body["id"]);
    let other = test.sign_in(test.personas("counsellor").last().unwrap()).await;
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
    let foreign = invite(&test, &other, &json!({ "people": [one] })).await;
    assert!(foreign.items().is_empty() && foreign.body["counts"] == json!([]), "another's student");
    let student = test.sign_in(&students[2]).await;
    let refused = student.post("/registration/invitations", &json!({})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let nobody = counsellor.post("/registration/invitations", &json!({ "people": [] })).await;
    assert_eq!(nobody.fields(), ["people"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_wecom_does_not_know_is_told_and_a_lost_answer_is_not_repeated() {
    let test = TestApp::start().await;
    let (userid, students) = two_not_activated(&test).await;
    let counsellor = test.sign_in(&userid).await;
    let (one, two) = (person_id(&test, &students[0]).await, person_id(&test, &students[1]).await);
    let unknown = json!({ "errcode": 0, "errmsg": "ok", "invaliduser": [students[0].to_uppercase()] });
    let fault =
        json!({ "path": "batch/invite", "body": unknown.to_string(), "http_status": 200, "times": 1 });
    test.control("faults", &fault).await;
    let round = invite(&test, &counsellor, &json!({ "people": [one] })).await;
    assert_eq!(states(&round), [(students[0].as_str(), "invalid")]);
    // It did not reach them: another try is welcome.
    let lost = json!({ "path": "batch/invite", "http_status": 502, "takes_effect": true, "times": 1 });
    test.control("faults", &lost).await;
    let round = invite(&test, &counsellor, &json!({ "people": [one, two] })).await;
    assert_eq!(
        states(&round),
        [(students[0].as_str(), "unknown"), (students[1].as_str(), "unknown")],
        "{}",
        round.body
    );
    let calls = test.count_calls("batch/invite").await;
    let round = invite(&test, &counsellor, &json!({})).await;
    assert!(states(&round).iter().all(|(_, state)| *state == "already"));
    assert_eq!(test.count_calls("batch/invite").await, calls);
    // Busy is no answer: it goes on by itself.
    test.clock.advance(TimeDelta::days(1));
    let counsellor = test.sign_in(&userid).await;
    test.control("faults", &json!({ "path": "batch/invite", "errcode": 45009, "times": 1 })).await;
    let made = counsellor.post("/registration/invitations", &json!({ "people": [one] })).await;
    test.run_jobs().await;
    let path = format!("/registration/invitations/{}", made.body["id"]);
    assert_eq!(states(&counsellor.get(&path).await), [(students[0].as_str(), "waiting")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_phone_is_put_right_kept_and_offered_to_wecom() {
    let test = TestApp::start().await;
    let (userid, students) = two_not_activated(&test).await;
    let counsellor = test.sign_in(&userid).await;
    let person = person_id(&test, &students[0]).await;
    let path = format!("/people/{person}/phone-correction");
    let body = json!({ "phone": "100-9999 0001", "reason": "换号" });
    let bad = counsellor.post(&path, &json!({ "phone": "12a", "reason": " " })).await;
    assert_eq!(bad.fields(), ["phone"]);
    let before = databases_dump(&test).await;
    let done = counsellor.post(&path, &body).await;
    assert_eq!((done.status, &done.body["wecom"]), (StatusCode::OK, &json!("planned")), "{}", done.body);
    let again = counsellor.post(&path, &body).await;
    assert_eq!(again.body["wecom"], json!("same"), "the same again changes nothing");
    let shown = counsellor.post(&format!("/people/{person}/phone"), &json!({ "purpose": "call" })).await;
    assert_eq!(shown.body["phone"], json!("10099990001"));
    let log = counsellor.get("/phone-corrections").await;
    assert_eq!(log.items().len(), 1);
    assert_eq!(log.items()[0]["new"], json!("100****0001"));
    assert!(log.items()[0]["old"].as_str().unwrap().contains("****"), "{}", log.body);
    let noted: String = test
        .one("select field from access_log where person_id = $1 order by access_id limit 1", &[&person])
        .await;
    assert_eq!(noted, "phone_correction", "they can read that it was changed");
    // Why is another's word to who did not write it: a look, once a day.
    let office = test.sign_in(&test.persona("school_office")).await;
    for _ in 0..2 {
        assert_eq!(office.get("/phone-corrections").await.items()[0]["reason"], json!("换号"));
    }
    let looks = test.looks_at(&students[0]).await;
    assert_eq!(looks, ["phone_correction", "phone", "phone_correction_reason"]);

    // The next roster has the old number still; it does not bring it back. A third one is news.
    test.import_roster().await;
    let shown = counsellor.post(&format!("/people/{person}/phone"), &json!({ "purpose": "call" })).await;
    assert_eq!(shown.body["phone"], json!("10099990001"), "the roster knows nothing of it yet");

    // Into WeCom by a plan an administrator approves.
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let plan = done.body["plan"].as_i64().unwrap();
    let detail = administrator.get(&format!("/write-plans/{plan}")).await;
    let steps = administrator.get(&format!("/write-plans/{plan}/steps")).await;
    assert_eq!(
        (&steps.items()[0]["kind"], &steps.items()[0]["after"]),
        (&json!("set_phone"), &json!("100****0001"))
    );
    let approval = json!({ "digest": detail.body["digest"] });
    let approved = administrator.post(&format!("/write-plans/{plan}/approval"), &approval).await;
    assert_eq!(approved.status, StatusCode::ACCEPTED, "{}", approved.body);
    test.run_jobs().await;
    let member = test.inspect(&format!("members/{}", students[0])).await;
    assert_eq!(member["mobile"], json!("10099990001"));

    // Undone, the roster is as it was.
    let imports = administrator.get("/roster/imports").await;
    let set = imports.items().iter().find(|set| set["kind"] == "corrections").expect("among the changes");
    let undo = format!("/roster/imports/{}/undo", set["id"]);
    assert_eq!(administrator.post(&undo, &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(databases_dump(&test).await, before);

    let other = test.sign_in(test.personas("counsellor").last().unwrap()).await;
    assert_eq!(other.post(&path, &body).await.status, StatusCode::NOT_FOUND);
    for viewer in [students[2].clone(), test.persona("school_leader"), test.persona("administrator")] {
        let refused = test.sign_in(&viewer).await.post(&path, &body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{viewer}");
    }
    // Who is activated changes it themselves, or the console does.
    let active = person_id(&test, &students[2]).await;
    let done = counsellor.post(&format!("/people/{active}/phone-correction"), &body).await;
    assert_eq!(done.body["wecom"], json!("by_hand"), "{}", done.body);
}

/// People of the roster, byte by byte.
async fn databases_dump(test: &TestApp) -> String {
    test.one("select string_agg(p::text, E'\n' order by person_id) from persons p", &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_are_shown_to_those_who_see_the_whole_school() {
    let test = TestApp::start().await;
    let present: i64 = test.one("select count(*) from members where left_on is null", &[]).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let seats = administrator.get("/registration").await.body["seats"].clone();
    assert_eq!(seats, json!({ "used": present, "limit": test.school().accounts }));
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(counsellor.get("/registration").await.body["seats"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_school_is_counted_as_it_is() {
    let test = TestApp::start_with(Shape::reference()).await;
    test.sync().await;
    let (people, grants) = roster_files_of(REFERENCE);
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    let leader = test.sign_in(&test.personas_of(REFERENCE, "school_leader")[0]).await;
    let table = leader.get("/registration").await.body;
    let students = row(&table, "student");
    assert_eq!((students.0, students.2), (15_390, 15_390));
    let staff = leader.get("/registration?kind=staff").await.body;
    let total = |field: &str| staff["total"][field].as_i64().unwrap();
    assert_eq!((total("rostered"), total("activated")), (1_156, 1_060), "91.7 %");
    assert_eq!(domain::statistics::rate(total("activated"), total("rostered")), Some(91.7));
}
