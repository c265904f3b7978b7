//! 班级与辅导员: which class has no counsellor, which student no class, and a counsellor named by hand.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{browser_client::Browser, test_app::TestApp};

async fn classes(browser: &Browser, rest: &str) -> Value {
    let reply = browser.get(&format!("/class-counsellors{rest}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body
}

/// Takes the counsellor from one class of the first college. Gives the class's number.
async fn class_without(test: &TestApp) -> i32 {
    let counsellor = test.persona("counsellor");
    let class: i32 = test
        .one(
            "select min(g.department_id) from grants g join persons p on p.person_id = g.person_id
             where p.number = $1 and g.role = 'counsellor'",
            &[&counsellor],
        )
        .await;
    test.owner
        .execute("delete from grants where role = 'counsellor' and department_id = $1", &[&class])
        .await
        .unwrap();
    class
}

fn named(number: &str) -> Value {
    json!({ "number": number, "purpose": "代管班级", "last": "2020-07-31" })
}

#[tokio::test(flavor = "multi_thread")]
async fn classes_without_a_counsellor_are_listed_with_their_students() {
    let test = TestApp::start().await;
    let school_office = test.sign_in(&test.persona("school_office")).await;
    // The exchange students of the small school are nobody's.
    let all = classes(&school_office, "").await;
    assert_eq!((&all["classes_without"], &all["students_without"]), (&json!(1), &json!(2)), "{all}");
    let last = all["items"].as_array().unwrap().last().unwrap();
    assert!(last["students"].as_i64().unwrap() > 0 && !last["counsellors"].as_array().unwrap().is_empty());

    let class = class_without(&test).await;
    let students: i64 = test
        .one(
            "select count(*) from memberships where department_id = $1 and is_main and until_date is null",
            &[&class],
        )
        .await;
    for (role, others, their_students) in
        [("school_office", 1, 2), ("college_office", 0, 0), ("administrator", 1, 2)]
    {
        let viewer = test.sign_in(&test.persona(role)).await;
        let gaps = classes(&viewer, "?without=true").await;
        let items = gaps["items"].as_array().unwrap();
        assert_eq!(items.len(), 1 + others, "{role}: {gaps}");
        let item = items.last().unwrap();
        assert_eq!((&item["class"]["id"], &item["students"]), (&json!(class), &json!(students)), "{role}");
        assert_eq!(
            (&gaps["classes_without"], &gaps["students_without"]),
            (&json!(1 + others), &json!(students + their_students)),
            "{role}"
        );
        assert_eq!(item["may_appoint"], json!(role != "administrator"), "{role}");
    }
    // Page by page it is the same list.
    let mut seen = Vec::new();
    let mut rest = "?limit=1".to_owned();
    loop {
        let page = classes(&school_office, &rest).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|row| row["class"]["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        rest = format!("?limit=1&cursor={cursor}");
    }
    let whole: Vec<Value> =
        all["items"].as_array().unwrap().iter().map(|row| row["class"]["id"].clone()).collect();
    assert_eq!(seen, whole);
    for role in ["student", "counsellor", "college_leader", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        for path in ["/class-counsellors", "/class-counsellors/without-class"] {
            assert_eq!(viewer.get(path).await.status, StatusCode::FORBIDDEN, "{role} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_sees_its_own_college_only() {
    let test = TestApp::start().await;
    let college_office = test.sign_in(&test.persona("college_office")).await;
    let own = classes(&college_office, "").await;
    let colleges: std::collections::BTreeSet<&str> =
        own["items"].as_array().unwrap().iter().map(|row| row["college"]["name"].as_str().unwrap()).collect();
    assert_eq!(colleges.into_iter().collect::<Vec<_>>(), ["信息学院"]);
    let school_office = test.sign_in(&test.persona("school_office")).await;
    let all = classes(&school_office, "").await;
    let foreign = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["college"]["name"] == json!("管理学院"))
        .map(|row| row["class"]["id"].clone())
        .unwrap();
    let somebody = test.persona("counsellor");
    let not_mine =
        college_office.post(&format!("/class-counsellors/{foreign}/grants"), &named(&somebody)).await;
    let not_there = college_office.post("/class-counsellors/99999/grants", &named(&somebody)).await;
    assert_eq!((not_mine.status, &not_mine.body), (StatusCode::NOT_FOUND, &not_there.body));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counsellor_is_named_sees_the_class_and_is_ended() {
    let test = TestApp::start().await;
    let class = class_without(&test).await;
    let path = format!("/class-counsellors/{class}/grants");
    let office_id = test.persona("college_office");
    let office = test.sign_in(&office_id).await;
    let teacher = test.persona("staff");
    let browser = test.sign_in(&teacher).await;
    assert_eq!(browser.get("/unreported/health-daily").await.status, StatusCode::FORBIDDEN);

    for (field, wrong) in [
        ("last", json!({ "number": teacher, "purpose": "代管", "last": "2020-03-03" })),
        ("last", json!({ "number": teacher, "purpose": "代管", "last": "2021-03-04" })),
        ("purpose", json!({ "number": teacher, "purpose": " ", "last": "2020-07-31" })),
        ("number", named("nobody")),
        ("number", named(&test.persona("student"))),
        ("number", named(&office_id)),
    ] {
        let reply = office.post(&path, &wrong).await;
        assert_eq!(
            (reply.status, reply.fields()),
            (StatusCode::UNPROCESSABLE_ENTITY, vec![field]),
            "{wrong}"
        );
    }
    for role in ["administrator", "counsellor", "college_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        let reply = viewer.post(&path, &named(&teacher)).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{role} names nobody");
    }
    let added = office.post(&path, &named(&teacher)).await;
    assert_eq!((added.status, &added.body["added"]), (StatusCode::OK, &json!(true)), "{}", added.body);
    assert_eq!(office.post(&path, &named(&teacher)).await.body["added"], json!(false), "a second tap");

    test.forget_viewers().await;
    let list = browser.get("/unreported/health-daily").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.body);
    assert!(!list.items().is_empty(), "they see the class");
    assert_eq!(classes(&office, "?without=true").await["items"], json!([]));
    let all = classes(&office, "").await;
    let row = all["items"].as_array().unwrap().iter().find(|row| row["class"]["id"] == json!(class)).unwrap();
    let counsellor = &row["counsellors"][0];
    assert_eq!(
        (&counsellor["number"], &counsellor["source"], &counsellor["last"]),
        (&json!(teacher), &json!("manual"), &json!("2020-07-31"))
    );
    // The roster and the directory leave alone what was given by hand.
    test.import_roster().await;
    test.owner
        .execute("delete from grants where role = 'counsellor' and source = 'roster'", &[])
        .await
        .unwrap();
    test.sync().await;

    let end = format!("/class-counsellors/grants/{}", counsellor["id"]);
    let stranger = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(stranger.delete(&end).await.status, StatusCode::FORBIDDEN);
    test.clock.advance(chrono::TimeDelta::days(1));
    let office = test.sign_in(&office_id).await;
    assert_eq!(office.delete(&end).await.status, StatusCode::NO_CONTENT);
    assert_eq!(office.delete(&end).await.status, StatusCode::NOT_FOUND, "once");
    let browser = test.sign_in(&teacher).await;
    assert_eq!(browser.get("/unreported/health-daily").await.status, StatusCode::FORBIDDEN);
    let acts: String = test
        .one(
            "select string_agg(a.act || ' ' || m.userid, ', ' order by a.act_id)
             from grant_acts a join members m on m.member_id = a.made_by",
            &[],
        )
        .await;
    assert_eq!(acts, format!("given {office_id}, ended {office_id}"), "who and when is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_roster_gives_is_not_ended_by_hand_and_a_day_that_began_leaves_nothing() {
    let test = TestApp::start().await;
    let office = test.sign_in(&test.persona("college_office")).await;
    let all = classes(&office, "").await;
    let roster = all["items"][0]["counsellors"][0].clone();
    assert_eq!(roster["source"], json!("roster"));
    let reply = office.delete(&format!("/class-counsellors/grants/{}", roster["id"])).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);

    let before = crate::databases::dump(&test.owner).await;
    let class = &all["items"][0]["class"]["id"];
    let teacher = test.persona("staff");
    office.post(&format!("/class-counsellors/{class}/grants"), &named(&teacher)).await;
    let id: i64 = test.one("select grant_id from grants where source = 'manual'", &[]).await;
    assert_eq!(
        office.delete(&format!("/class-counsellors/grants/{id}")).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(crate::databases::dump(&test.owner).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_student_without_a_class_is_listed() {
    let test = TestApp::start().await;
    let list = "学号,姓名,身份,年级,班级,手机\n2020990001,新同学,学生,2019,,\n";
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let octets = [("Content-Type", "application/octet-stream")];
    let brought = administrator.post_raw("/roster", list, &octets).await;
    assert_eq!(brought.status, StatusCode::OK, "{}", brought.body);
    for role in ["school_office", "administrator"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        let found = viewer.get("/class-counsellors/without-class").await;
        let numbers: Vec<&str> = found.items().iter().map(|row| row["number"].as_str().unwrap()).collect();
        assert_eq!(numbers, ["2020990001"], "{role}");
        assert_eq!(classes(&viewer, "").await["without_class"], json!(1));
    }
    let college_office = test.sign_in(&test.persona("college_office")).await;
    assert!(college_office.get("/class-counsellors/without-class").await.items().is_empty(), "of no college");
}
