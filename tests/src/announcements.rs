//! 通知: who it reaches is what the mirror shows when it goes out; it goes out once, and can be taken back.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{audit::details, browser_client::Browser, test_app::TestApp};

fn draft(audience: Value) -> Value {
    json!({ "title": "停水通知", "text": "明天 8:00–12:00 停水。\n请提前储水。", "audience": audience })
}

async fn college_of(test: &TestApp, office: &str) -> i32 {
    test.one(
        "select g.department_id from grants g join persons p using (corp_id, person_id)
         where g.role = 'college_office' and p.number = $1",
        &[&office],
    )
    .await
}

async fn another_college(test: &TestApp, college: i32) -> i32 {
    test.one("select department_id from departments where kind = 'college' and department_id <> $1 and name in ('信息学院', '管理学院')", &[&college])
        .await
}

/// The userids of active accounts under a department: counted without our own question.
async fn accounts_under(test: &TestApp, department: i32) -> BTreeSet<String> {
    let sql = "with recursive below as (
            select department_id from departments where department_id = $1
            union all select d.department_id from departments d join below b on d.parent_id = b.department_id)
        select distinct m.userid from members m join member_departments md using (corp_id, member_id)
        where md.until_date is null and m.left_on is null and (m.status is null or m.status = 1)
          and md.department_id in (select department_id from below)";
    test.owner.query(sql, &[&department]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn got(test: &TestApp, userid: &str) -> Vec<Value> {
    let of_ours = |message: &Value| message["content"]["title"] == json!("停水通知");
    test.messages_of(userid).await.into_iter().filter(of_ours).collect()
}

async fn send(browser: &Browser, key: &str, body: &Value) -> i64 {
    let reply = browser.post_with("/announcements", key, body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    reply.body["id"].as_i64().unwrap()
}

async fn state(browser: &Browser, id: i64) -> String {
    let reply = browser.get(&format!("/announcements/{id}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body["state"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_and_a_list_get_it_once_each_and_unknown_numbers_are_told() {
    let test = TestApp::start().await;
    let office_id = test.persona("college_office");
    let college = college_of(&test, &office_id).await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let mut expected = accounts_under(&test, college).await;
    assert!(expected.len() > 10);
    // Somebody of the college stands on the list too, and somebody of nowhere.
    let elsewhere = test.persona("school_leader");
    let inside = expected.iter().next().unwrap().clone();
    expected.insert(elsewhere.clone());
    let numbers = format!("{inside}\n{elsewhere}，99999999");
    let audience = json!({ "departments": [college], "numbers": numbers });

    let preview = administrator.post("/announcements/preview?limit=200", &audience).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
    assert_eq!((&preview.body["unknown"], &preview.body["unknown_count"]), (&json!(["99999999"]), &json!(1)));
    let reachable = preview.items().iter().filter(|one| one["reachable"] == json!(true)).count();
    assert_eq!(reachable, expected.len());
    let people = preview.body["people"].as_i64().unwrap();
    assert_eq!(people - preview.body["unreachable"].as_i64().unwrap(), expected.len() as i64);
    let first = administrator.post("/announcements/preview?limit=5", &audience).await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let rest =
        administrator.post(&format!("/announcements/preview?limit=200&cursor={cursor}"), &audience).await;
    assert_eq!(5 + rest.items().len() as i64, people, "the pages are the whole");

    let body = draft(audience);
    let id = send(&administrator, "water-is-off-tomorrow", &body).await;
    assert_eq!(send(&administrator, "water-is-off-tomorrow", &body).await, id, "the same key, the same one");
    let other = administrator
        .post_with("/announcements", "water-is-off-tomorrow", &draft(json!({ "numbers": inside })))
        .await;
    assert_eq!(other.code(), "key_reused");
    test.run_jobs().await;
    for userid in &expected {
        let told = got(&test, userid).await;
        assert_eq!(told.len(), 1, "{userid}");
        assert!(
            told[0]["content"]["url"].as_str().unwrap().contains(&format!("/h5/announcements/{id}?m=")),
            "{told:?}"
        );
    }
    let all: i64 = test.one("select count(*) from outbox where state = 'sent'", &[]).await;
    assert_eq!(all as usize, expected.len(), "and nobody else");

    let detail = administrator.get(&format!("/announcements/{id}")).await.body;
    assert_eq!((&detail["state"], &detail["counts"]["sent"]), (&json!("sent"), &json!(expected.len())));
    let people = administrator.get(&format!("/announcements/{id}/people?state=sent&limit=200")).await;
    assert_eq!(people.items().len(), expected.len());
    let none = administrator.get(&format!("/announcements/{id}/people?state=failed")).await;
    assert_eq!(none.items().len(), 0);
    // Who got it reads it; who did not has no such thing.
    let reader = test.sign_in(&inside).await;
    let read = reader.get(&format!("/announcements/received/{id}")).await;
    assert_eq!(read.body["text"], json!("明天 8:00–12:00 停水。\n请提前储水。"));
    let outsider = test.sign_in(&test.persona("school_office")).await;
    assert_eq!(outsider.get(&format!("/announcements/received/{id}")).await.status, StatusCode::NOT_FOUND);
    // Words are sealed.
    let kept: Vec<u8> = test.one("select content from announcements", &[]).await;
    assert!(!String::from_utf8_lossy(&kept).contains("停水"));
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_reads_what_became_of_its_own_and_of_nobody_once_it_has_moved_on() {
    let test = TestApp::start().await;
    let office_id = test.persona("college_office");
    let office = test.sign_in(&office_id).await;
    let college = college_of(&test, &office_id).await;
    // Accounts the roster does not know are of the college too.
    let expected = accounts_under(&test, college).await.len();
    let id = send(&office, "water-of-the-college", &draft(json!({ "departments": [college] }))).await;
    test.run_jobs().await;
    let reached = async || {
        let people = office.get(&format!("/announcements/{id}/people?limit=200")).await;
        assert_eq!(people.status, StatusCode::OK, "{}", people.body);
        let counts = office.get(&format!("/announcements/{id}")).await.body["counts"].clone();
        let counted: i64 = counts.as_object().unwrap().values().map(|people| people.as_i64().unwrap()).sum();
        assert_eq!(people.items().len() as i64, counted, "{counts}");
        people.items().len()
    };
    assert!(reached().await >= expected, "each of {expected}");
    let moves = "update grants g set department_id = $2 from persons p
                 where p.corp_id = g.corp_id and p.person_id = g.person_id and p.number = $1 and g.role = 'college_office'";
    let other = another_college(&test, college).await;
    assert_eq!(test.owner.execute(moves, &[&office_id, &other]).await.unwrap(), 1);
    test.forget_viewers().await;
    assert_eq!(reached().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_its_time_and_reaches_those_who_are_there_then() {
    let test = TestApp::start().await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let college = college_of(&test, &test.persona("college_office")).await;
    let before = accounts_under(&test, college).await;
    let mut body = draft(json!({ "departments": [college] }));
    body["send_at"] = json!(test.app.now() + TimeDelta::hours(2));
    body["link"] = json!("https://www.school.example/water?x=1#now");
    let id = send(&administrator, "water-later", &body).await;
    test.run_jobs().await;
    assert_eq!(state(&administrator, id).await, "scheduled");

    // Meanwhile somebody leaves and somebody comes.
    let gone = before.iter().next().unwrap().clone();
    let come = test.persona("school_leader");
    test.owner
        .execute("update members set left_on = date '2020-03-04' where userid = $1", &[&gone])
        .await
        .unwrap();
    let sql = "insert into member_departments (corp_id, member_id, department_id, from_date, run_id)
               select corp_id, member_id, $2::integer, date '2020-03-04', run_id from members where userid = $1";
    test.owner.execute(sql, &[&come, &college]).await.unwrap();

    // The job was lost; the clock asks for another.
    test.owner.execute("delete from jobs", &[]).await.unwrap();
    test.clock.advance(TimeDelta::hours(2));
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    for _ in 0..2 {
        app::jobs::look_at_schedules(&test.app).await;
        test.run_jobs().await;
    }
    assert_eq!(state(&administrator, id).await, "sent");
    assert!(got(&test, &gone).await.is_empty());
    let told = got(&test, &come).await;
    assert_eq!(told.len(), 1);
    let url = told[0]["content"]["url"].as_str().unwrap();
    assert!(url.starts_with("https://www.school.example/water?x=1&m=") && url.ends_with("#now"), "{url}");
    assert_eq!(
        test.one::<i64>(
            "select count(*) from mailings where occasion = $1",
            &[&format!("announcement {id}")]
        )
        .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_send_it_once() {
    let test = TestApp::start().await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let student = test.persona("student");
    send(&administrator, "only-once-please", &draft(json!({ "numbers": student }))).await;
    test.owner.execute("update jobs set unique_key = null", &[]).await.unwrap();
    let sql = "insert into jobs (corp_id, kind, payload, run_at, max_attempts, created_at)
               select corp_id, kind, payload, run_at, max_attempts, created_at from jobs where kind = 'send_announcements'";
    assert_eq!(test.owner.execute(sql, &[]).await.unwrap(), 1);
    let one = async || while app::jobs::run_one(&test.app).await.unwrap() {};
    tokio::join!(one(), one());
    test.run_jobs().await;
    assert_eq!(got(&test, &student).await.len(), 1);
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_it_goes_out_it_is_changed_or_cancelled() {
    let test = TestApp::start().await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let (student, other) = (test.persona("student"), test.persona("counsellor"));
    let later = |numbers: &str, hours: i64| {
        let mut body = draft(json!({ "numbers": numbers }));
        body["send_at"] = json!(test.app.now() + TimeDelta::hours(hours));
        body
    };
    let id = send(&administrator, "to-be-changed", &later(&student, 1)).await;
    let path = format!("/announcements/{id}");
    let change = json!({ "revision": 1, "draft": later(&other, 1) });
    assert_eq!(administrator.put(&path, &change).await.status, StatusCode::NO_CONTENT);
    let stale = administrator.put(&path, &change).await;
    assert_eq!((stale.status, stale.code()), (StatusCode::CONFLICT, "overtaken"));
    let detail = administrator.get(&path).await.body;
    assert_eq!((&detail["revision"], &detail["numbers"]), (&json!(2), &json!([other])));
    test.clock.advance(TimeDelta::hours(1));
    test.run_jobs().await;
    assert!(got(&test, &student).await.is_empty());
    assert_eq!(got(&test, &other).await.len(), 1);
    let late = administrator.put(&path, &json!({ "revision": 2, "draft": later(&student, 1) })).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "it went out");
    assert_eq!(administrator.post(&format!("{path}/cancel"), &json!({})).await.status, StatusCode::CONFLICT);

    let second = send(&administrator, "to-be-cancelled", &later(&student, 1)).await;
    for _ in 0..2 {
        let cancelled = administrator.post(&format!("/announcements/{second}/cancel"), &json!({})).await;
        assert_eq!(cancelled.status, StatusCode::NO_CONTENT);
    }
    test.clock.advance(TimeDelta::hours(2));
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    assert_eq!(state(&administrator, second).await, "cancelled");
    let recorded = details(&test, Act::AnnouncementChanged).await;
    let due = ["created", "changed", "created", "cancelled"].map(|act| json!({ "act": act }));
    assert_eq!(recorded, due, "once each, and nothing of what it says");
    assert!(got(&test, &student).await.is_empty());
    let list = administrator.get("/announcements?limit=1").await;
    assert_eq!((&list.items()[0]["id"], list.body["next_cursor"].is_string()), (&json!(second), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_taken_back_from_who_has_it_and_from_who_has_not() {
    let test = TestApp::start().await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let (student, second) = (test.persona("student"), test.persona("counsellor"));
    let id = send(&administrator, "a-mistake-in-it", &draft(json!({ "numbers": student }))).await;
    test.run_jobs().await;
    let detail = administrator.get(&format!("/announcements/{id}")).await.body;
    assert_eq!(detail["recallable"], json!(true));
    // WeCom is busy at first: it is tried again.
    test.control("faults", &json!({ "path": "message/recall", "http_status": 502, "times": 10 })).await;
    for _ in 0..2 {
        let asked = administrator.post(&format!("/announcements/{id}/recall"), &json!({})).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    }
    test.run_jobs().await;
    assert_eq!(state(&administrator, id).await, "recalling");
    let recorded = details(&test, Act::AnnouncementChanged).await;
    assert_eq!(recorded, [json!({ "act": "created" }), json!({ "act": "recalled" })]);
    let url = format!("{}/_sim/faults", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    test.clock.advance(TimeDelta::minutes(1));
    test.run_jobs().await;
    assert_eq!(got(&test, &student).await[0]["recalled"], json!(true));
    let detail = administrator.get(&format!("/announcements/{id}")).await.body;
    assert_eq!((&detail["state"], &detail["counts"]), (&json!("recalled"), &json!({ "recalled": 1 })));
    assert_eq!(detail["batches"][0]["recall"], json!("recalled"));
    let reader = test.sign_in(&student).await;
    assert_eq!(reader.get(&format!("/announcements/received/{id}")).await.status, StatusCode::NOT_FOUND);

    // One that has not left does not leave.
    test.control("faults", &json!({ "path": "message/send", "errcode": 60020 })).await;
    let held = send(&administrator, "held-at-the-door", &draft(json!({ "numbers": second }))).await;
    test.run_jobs().await;
    assert_eq!(test.one::<i64>("select count(*) from outbox_batches where state = 'frozen'", &[]).await, 1);
    let asked = administrator.post(&format!("/announcements/{held}/recall"), &json!({})).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED);
    let url = format!("{}/_sim/faults", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    test.clock.advance(TimeDelta::minutes(5));
    test.run_jobs().await;
    assert!(got(&test, &second).await.is_empty());
    assert_eq!(
        administrator.get(&format!("/announcements/{held}")).await.body["counts"],
        json!({ "recalled": 1 })
    );

    // A day later it is too late, and an old one is never asked for.
    let old = send(&administrator, "an-old-one-of-yesterday", &draft(json!({ "numbers": second }))).await;
    test.run_jobs().await;
    test.clock.advance(TimeDelta::hours(24));
    let again = test.sign_in_on_pc(&test.persona("administrator")).await;
    let late = again.post(&format!("/announcements/{old}/recall"), &json!({})).await;
    assert_eq!((late.status, late.code()), (StatusCode::CONFLICT, "overtaken"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_college_office_writes_to_its_college_alone() {
    let test = TestApp::start().await;
    for role in ["student", "counsellor", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/announcements").await.status, StatusCode::FORBIDDEN, "{role}");
        let refused = viewer.post("/announcements", &draft(json!({ "numbers": "1" }))).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role}");
    }
    let office_id = test.persona("college_office");
    let office = test.sign_in_on_pc(&office_id).await;
    let college = college_of(&test, &office_id).await;
    let foreign = another_college(&test, college).await;
    let refused = office.post("/announcements", &draft(json!({ "departments": [foreign] }))).await;
    assert_eq!(refused.fields(), ["departments"]);
    // Somebody of another college is nobody they know.
    let stranger: String = test
        .one(
            "select p.number from persons p join memberships m using (corp_id, person_id) join departments d using (corp_id, department_id)
             where d.college_id = $1 and m.until_date is null and p.kind = 'student' order by 1 limit 1",
            &[&foreign],
        )
        .await;
    let preview = office
        .post("/announcements/preview", &json!({ "departments": [college], "numbers": stranger }))
        .await;
    assert_eq!(preview.body["unknown"], json!([stranger]));
    let own = accounts_under(&test, college).await.len() as i64;
    let reach = preview.body["people"].as_i64().unwrap() - preview.body["unreachable"].as_i64().unwrap();
    assert_eq!(reach, own);
    assert_eq!(office.post("/announcements", &draft(json!({}))).await.fields(), ["audience"]);
    let nobody = office.post("/announcements", &draft(json!({ "numbers": stranger }))).await;
    assert_eq!(nobody.fields(), ["audience"], "nobody would get it");

    let mut body = draft(json!({ "departments": [college] }));
    body["send_at"] = json!(test.app.now() + TimeDelta::hours(1));
    let id = send(&office, "from-the-college", &body).await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    assert_eq!(state(&administrator, id).await, "scheduled", "who writes to the whole school sees all");
    let theirs = send(&administrator, "from-the-school", &body).await;
    assert_eq!(office.get(&format!("/announcements/{theirs}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.get("/announcements").await.items().len(), 1);

    // Whoever may write no more when it is to go out, has not written it.
    test.owner.execute("delete from grants where role = 'college_office'", &[]).await.unwrap();
    test.clock.advance(TimeDelta::hours(1));
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
    assert_eq!(state(&administrator, id).await, "refused");
    assert_eq!(state(&administrator, theirs).await, "sent");
    let wrong = administrator.post("/announcements", &json!({ "title": "", "text": "文", "link": "http://x", "audience": { "departments": [college] } })).await;
    assert_eq!(wrong.fields(), ["title", "link"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_hold_back_what_is_not_urgent() {
    let test = TestApp::start().await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let quiet = json!({ "quiet": { "from": "22:00", "until": "07:00" }, "most_a_day": 6 });
    assert_eq!(administrator.put("/reminder-settings", &quiet).await.status, StatusCode::NO_CONTENT);
    let receiver = test.persona("counsellor");
    let to = json!({ "numbers": receiver });

    test.clock.set_time("22:30");
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    send(&administrator, "it-can-wait-a-night", &draft(to.clone())).await;
    test.run_jobs().await;
    assert_eq!(got(&test, &receiver).await.len(), 0, "it waits");
    let mut urgent = draft(to);
    urgent["urgent"] = json!(true);
    let id = send(&administrator, "it-can-not-wait", &urgent).await;
    assert_eq!(administrator.get(&format!("/announcements/{id}")).await.body["urgent"], json!(true));
    test.run_jobs().await;
    assert_eq!(got(&test, &receiver).await.len(), 1, "it does not");

    test.clock.advance(TimeDelta::hours(8) + TimeDelta::minutes(31));
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    assert_eq!(got(&test, &receiver).await.len(), 2, "in the morning it goes");
}
