//! A visitor's own school: a roster dropped on the simulator's page is what Rollcall mirrors, imports and asks.

use reqwest::{StatusCode, multipart};
use serde_json::json;

use crate::{
    browser_client::{Browser, IN_CLIENT},
    test_app::{Shape, TestApp, health_report, normal_answers},
};

/// Two colleges, a few classes, staff, and a mistake.
fn roster() -> Vec<u8> {
    let mut text =
        String::from("2019 级花名册,,,,,,,,\n学号,姓名,所属学院,年级,行政班级,联系电话,身份,部门,辅导员\n");
    for n in 0..60 {
        let (college, class) = if n < 40 { ("护理学院", n / 20 + 1) } else { ("旅游学院", 1) };
        text.push_str(&format!(
            "2019{n:04},同学{n},{college},2019,护理{class}班,1000000{n:04},学生,,辅导员{class}\n"
        ));
    }
    text.push_str("T1,辅导员1,护理学院,,,,教职工,,\nT2,某老师,,,,,教职工,教务处,\n20190000,重号,旅游学院,2019,1班,,学生,,\n");
    encoding_rs::GB18030.encode(&text).0.into_owned()
}

async fn drop_roster(test: &TestApp, roster: Vec<u8>) -> reqwest::Response {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let form = multipart::Form::new()
        .part("roster", multipart::Part::bytes(roster).file_name("名册.csv"))
        .text("name", "试点职业学院");
    http.post(format!("{}/roster", test.simulator.url())).multipart(form).send().await.unwrap()
}

async fn page(test: &TestApp, path: &str) -> String {
    reqwest::get(format!("{}{path}", test.simulator.url())).await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_roster_is_synced_imported_and_answers_todays_form() {
    let test = TestApp::start_with(Shape::default()).await;
    let dropped = drop_roster(&test, roster()).await;
    assert_eq!(
        (dropped.status(), dropped.headers()["location"].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/roster")
    );
    let found = page(&test, "/roster").await;
    for told in ["试点职业学院", "有 1 处问题", "第 65 行", "虚构", "演示管理员"] {
        assert!(found.contains(told), "{told}");
    }
    let outcome = test.sync().await;
    assert!(matches!(outcome.state, sync::State::Applied), "{outcome:?}");
    let (people, grants) = (page(&test, "/roster/people.csv").await, page(&test, "/roster/grants.csv").await);
    let report = app::roster::import(&test.app, test.school(), people.as_bytes(), Some(grants.as_bytes()))
        .await
        .expect("the roster that goes with the directory is imported");
    assert_eq!((report.without_account, report.accounts_unknown), (0, 0), "both sides name the same people");
    assert_eq!(test.one::<i64>("select count(*) from persons where kind = 'student'", &[]).await, 60);
    assert_eq!(test.one::<i64>("select count(*) from departments where kind = 'class'", &[]).await, 3);

    // A student of the visitor's answers today's form …
    let student = test.sign_in("20190003").await;
    let me = student.get("/me").await.body;
    assert_eq!((&me["person"]["name"], &me["person"]["class"]["name"]), (&json!("同学3"), &json!("护理1班")));
    let sent = student.post("/reports", &health_report(normal_answers())).await;
    assert!(sent.status.is_success(), "{}", sent.body);
    // … their counsellor, whom the file names, misses the others of the class …
    let counsellor = test.sign_in("T1").await;
    let list = counsellor.get("/unreported/health-daily?limit=200").await;
    assert_eq!(list.body["total"], json!(39), "40 of two classes less one: {}", list.body);
    // … and the invented administrator and leader may enter.
    assert_eq!(test.sign_in("demo-admin").await.get("/sync-runs").await.status, StatusCode::OK);
    let leader = test.sign_in("demo-leader").await;
    let table = leader.get("/statistics/health-daily?by=college").await;
    assert_eq!(table.body["rows"].as_array().unwrap().len(), 2, "{}", table.body);

    // Forgotten: the demo school is back, and nobody of the visitor's is there.
    let http = reqwest::Client::new();
    let forgotten = http.post(format!("{}/roster/forget", test.simulator.url())).send().await.unwrap();
    assert!(forgotten.status().is_success());
    assert!(!page(&test, "/?q=%E5%90%8C%E5%AD%A63").await.contains("20190003"));
    assert_eq!(
        http.get(format!("{}/roster/people.csv", test.simulator.url())).send().await.unwrap().status(),
        404
    );
    let gone = Browser::new(test.url.clone(), IN_CLIENT);
    gone.set_cookie("simulator_user", "20190003");
    let (at, _) = gone.open(gone.url("/auth/start?to=/healthz")).await;
    assert_ne!(at.path(), "/healthz", "WeCom knows them no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_roster_changes_nothing() {
    let test = TestApp::start_empty().await;
    let refused = drop_roster(&test, b"PK\x03\x04nonsense".to_vec()).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let refused = drop_roster(&test, vec![b'x'; 21 << 20]).await;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let http = reqwest::Client::new();
    let elsewhere = http
        .post(format!("{}/roster/forget", test.simulator.url()))
        .header("Sec-Fetch-Site", "cross-site")
        .send()
        .await
        .unwrap();
    assert_eq!(elsewhere.status(), StatusCode::FORBIDDEN, "no other site's form");
    assert!(page(&test, "/").await.contains("全部是虚构的人"));
}
