//! The app's tile on the workbench: to do and done for everybody, unreported for those who look after others.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use serde_json::json;
use wecom::{menu::MenuButton, workbench::Tile};

use crate::{
    callbacks,
    test_app::{Shape, TestApp, health_report, normal_answers},
};

async fn start() -> TestApp {
    let test = TestApp::start_with(Shape { workbench: true, ..Shape::default() }).await;
    test.sync().await;
    test.import_roster().await;
    // Once a form is answered once it stays so, and does not come back every day.
    test.owner
        .execute("update forms set ends_on = starts_on - 1 where code = 'basic-info'", &[])
        .await
        .unwrap();
    test
}

/// What the clock would ask for, and what comes of it.
async fn look(test: &TestApp) {
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
}

/// What a member sees: `待填 1, 已填 0`.
async fn tile(test: &TestApp, userid: &str) -> String {
    match test.school().wecom.workbench_tile(userid).await.expect("a tile") {
        Tile::Keys(keys) => {
            keys.iter().map(|key| format!("{} {}", key.key, key.data)).collect::<Vec<_>>().join(", ")
        }
        other => panic!("{other:?}"),
    }
}

async fn fillings(test: &TestApp) -> usize {
    test.count_calls("agent/batch_set_workbench_data").await
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_follow_what_is_reported() {
    let test = start().await;
    let counsellor = test.persona("counsellor");
    let students = test.students_of(&counsellor).await;
    let all = students.len();
    look(&test).await;
    assert_eq!(tile(&test, &students[0]).await, "待填 1, 已填 0");
    assert_eq!(tile(&test, &counsellor).await, format!("待填 0, 已填 0, 未报 {all}/{all}"));
    let leader = test.persona("school_leader");
    assert!(tile(&test, &leader).await.contains("未报 58/58"), "{}", tile(&test, &leader).await);
    let first = fillings(&test).await;
    assert!(first < 15, "those who see the same are filled together: {first}");

    let reply = test.sign_in(&students[0]).await.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    look(&test).await;
    assert_eq!(
        tile(&test, &students[0]).await,
        "待填 1, 已填 0",
        "not at once: what comes meanwhile goes together"
    );
    test.clock.advance(TimeDelta::seconds(31));
    test.run_jobs().await;
    assert_eq!(tile(&test, &students[0]).await, "待填 0, 已填 1");
    assert_eq!(tile(&test, &counsellor).await, format!("待填 0, 已填 0, 未报 {}/{all}", all - 1));
    let second = fillings(&test).await;
    test.clock.advance(TimeDelta::minutes(6));
    look(&test).await;
    assert_eq!(fillings(&test).await, second, "what is shown is not sent again");

    // At midnight a new day begins.
    test.clock.set_time("23:59");
    look(&test).await;
    test.clock.advance(TimeDelta::minutes(2));
    look(&test).await;
    test.clock.advance(TimeDelta::seconds(31));
    look(&test).await;
    assert_eq!(tile(&test, &students[0]).await, "待填 1, 已填 0");
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_lead_to_other_systems_where_there_is_room() {
    let test = start().await;
    let counsellor = test.persona("counsellor");
    let student = test.students_of(&counsellor).await[0].clone();
    let office = test.sign_in(&test.persona("school_office")).await;
    for (title, kind) in
        [("教育厅填报", "student"), ("教职工系统", "staff"), ("图书馆", "student"), ("网课", "student")]
    {
        let entry = json!({
            "title": title, "note": "", "icon": "report", "address": "https://other.example/", "kinds": [kind],
            "departments": null, "from": "2020-03-01",
        });
        assert_eq!(office.post("/portal/entries", &entry).await.status, StatusCode::CREATED);
    }
    look(&test).await;
    assert_eq!(tile(&test, &student).await, "待填 1, 已填 0, 教育厅填报 打开, 图书馆 打开");
    let counsellors = tile(&test, &counsellor).await;
    assert!(counsellors.contains("未报") && counsellors.ends_with("教职工系统 打开"), "{counsellors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_touched_unless_the_school_says_so() {
    let test = TestApp::start().await;
    look(&test).await;
    for path in ["agent/set_workbench_template", "agent/batch_set_workbench_data", "menu/create"] {
        assert_eq!(test.count_calls(path).await, 0, "{path}");
    }
    assert_eq!(test.one::<i64>("select count(*) from tiles", &[]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_and_the_kind_of_tile_are_set_once() {
    let test = start().await;
    look(&test).await;
    let menu = test.school().wecom.menu().await.unwrap();
    assert_eq!(
        menu.iter().map(|button| button.name.as_str()).collect::<Vec<_>>(),
        ["今日填报", "填报记录", "我的"]
    );
    // What an administrator makes of it later is theirs.
    let theirs = [MenuButton::page("学校主页", "https://school.example/")];
    test.school().wecom.set_menu(&theirs).await.unwrap();
    for _ in 0..3 {
        test.clock.advance(TimeDelta::minutes(6));
        look(&test).await;
    }
    assert_eq!(test.school().wecom.menu().await.unwrap()[0].name, "学校主页");
    assert_eq!(test.count_calls("agent/set_workbench_template").await, 1);
    assert_eq!(test.count_calls("menu/create").await, 2, "ours and theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_that_is_switched_off_waits_until_it_is_switched_on() {
    let test = start().await;
    let student = test.persona("student");
    test.control("settings", &json!({ "workbench": false })).await;
    for _ in 0..6 {
        look(&test).await;
        test.clock.advance(TimeDelta::minutes(6));
    }
    assert_eq!(test.count_calls("agent/get_workbench_template").await, 1, "asked once an hour at most");
    let error: String = test.one("select error from workbenches", &[]).await;
    assert!(error.contains("94000"), "{error}");
    assert_eq!(fillings(&test).await, 0);

    test.control("settings", &json!({ "workbench": true })).await;
    let (crypto, _) = callbacks::crypto("app");
    let xml = "<xml><ToUserName>x</ToUserName><FromUserName>sys</FromUserName><CreateTime>1583280000</CreateTime>\
               <MsgType>event</MsgType><Event>switch_workbench_mode</Event><Mode>1</Mode><AgentID>1000002</AgentID></xml>";
    assert_eq!(callbacks::post(&test, "1/callback/rollcall", &crypto, xml, 1).await, StatusCode::OK);
    test.run_jobs().await;
    assert_eq!(tile(&test, &student).await, "待填 1, 已填 0");
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_tile_can_not_be_filled_holds_up_nobody() {
    let test = start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    // One of them has gone, and the mirror does not know yet.
    let url = format!("{}/_sim/members/{}", test.simulator.url(), students[3]);
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    test.simulator.callbacks_delivered().await;
    app::jobs::look_at_schedules(&test.app).await;
    let jobs = "delete from jobs where kind <> 'fill_tiles'";
    test.owner.execute(jobs, &[]).await.unwrap();
    test.run_jobs().await;
    for student in students.iter().filter(|student| **student != students[3]) {
        assert_eq!(tile(&test, student).await, "待填 1, 已填 0", "{student}");
    }
    let refused =
        test.owner.query("select not_before from tiles where error is not null", &[]).await.unwrap();
    let again: Vec<DateTime<Utc>> = refused.iter().map(|row| row.get(0)).collect();
    assert_eq!(again.len(), 1);
    assert!(again[0] - test.app.now() > TimeDelta::hours(20), "and is not asked about again today");
}

#[tokio::test(flavor = "multi_thread")]
async fn wecom_being_away_loses_nothing() {
    let test = start().await;
    let student = test.persona("student");
    test.control(
        "faults",
        &json!({ "path": "agent/batch_set_workbench_data", "http_status": 502, "times": 20 }),
    )
    .await;
    look(&test).await;
    for _ in 0..40 {
        test.clock.advance(TimeDelta::minutes(1));
        look(&test).await;
    }
    assert_eq!(tile(&test, &student).await, "待填 1, 已填 0");
}
