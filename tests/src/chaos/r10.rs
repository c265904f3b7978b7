//! R10: WeCom answers nonsense; nobody is lost, and the administrators decide.

use std::time::Instant;

use serde_json::{Value, json};
use sync::{State, Trigger};

use super::rows;
use crate::test_app::{REFERENCE, Shape, TestApp, roster_files_of};

const PRESENT: &str = "select count(*) from members where left_on is null";

async fn end_faults(test: &TestApp) {
    reqwest::Client::new().delete(format!("{}/_sim/faults", test.simulator.url())).send().await.unwrap();
}

async fn fault(test: &TestApp, path: &str, body: Value) {
    let fault = json!({ "path": path, "body": body.to_string(), "times": 100_000 });
    test.control("faults", &fault).await;
}

/// A full look while WeCom is like that: how many members it closed.
async fn look(test: &TestApp, what: &str) {
    let before: i64 = test.one(PRESENT, &[]).await;
    let now = test.app.now();
    let outcome = test.school().mirror.full(Trigger::Schedule, now, test.school().today(now)).await;
    let closed = before - test.one::<i64>(PRESENT, &[]).await;
    let held = outcome.as_ref().is_ok_and(|outcome| outcome.state == State::Held);
    let pass = closed == 0 && (held || outcome.is_err());
    rows::write("R10", &format!("{what}: members closed"), closed as f64, "members", "0", pass);
    end_faults(test).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R10"]
async fn wecom_answers_nonsense() {
    for app_secret_alone in [false, true] {
        let test = TestApp::start_with(Shape { app_secret_alone, ..Shape::reference() }).await;
        test.sync().await;
        let (people, grants) = roster_files_of(REFERENCE);
        app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
        if app_secret_alone { shrink(&test).await } else { answer_nonsense(&test).await }
    }
}

async fn answer_nonsense(test: &TestApp) {
    let empty = |list: &str| json!({ "errcode": 0, "errmsg": "ok", list: [], "next_cursor": "" });
    fault(test, "user/list_id", empty("dept_user")).await;
    fault(test, "user/list", empty("userlist")).await;
    look(test, "an empty list").await;
    test.control("faults", &json!({ "path": "user/list", "errcode": 60011, "skip": 3, "times": 1 })).await;
    fault(test, "user/list_id", empty("dept_user")).await;
    look(test, "a page missing").await;
    let root = json!({ "id": 1, "name": "学校", "parentid": 0, "order": 1 });
    fault(test, "department/list", json!({ "errcode": 0, "department": [root] })).await;
    fault(test, "department/simplelist", json!({ "errcode": 0, "department_id": [root] })).await;
    fault(test, "user/list_id", empty("dept_user")).await;
    look(test, "only the root").await;
    // The second of the pages that list everyone never comes: WeCom says that the first was all.
    let half = test.inspect("dump").await["directory"]["userlist"].as_array().unwrap().clone();
    let half: Vec<Value> = (half.iter().take(half.len() / 2))
        .map(|one| json!({ "userid": one["userid"], "department": one["department"][0] }))
        .collect();
    fault(test, "user/list_id", json!({ "errcode": 0, "dept_user": half, "next_cursor": "" })).await;
    fault(test, "user/list", empty("userlist")).await;
    look(test, "half the members").await;
}

/// The visible range becomes one college, and the place of the administrators, who could not be told otherwise: WeCom
/// takes leave of everybody else, one by one.
async fn shrink(test: &TestApp) {
    let members: i64 = test.one(PRESENT, &[]).await;
    let administrator = test.personas_of(REFERENCE, "administrator")[0].clone();
    let visible: Vec<i32> = test
        .owner
        .query(
            "select min(department_id) from departments where kind = 'college'
             union select d.department_id from member_departments d join members m using (corp_id, member_id) where m.userid = $1",
            &[&administrator],
        )
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    test.control("settings", &json!({ "visible": visible })).await;
    let began = Instant::now();
    test.simulator.callbacks_delivered().await;
    let events: i64 = test.one("select count(*) from inbox", &[]).await;
    rows::write("R10", "unsubscribe events", events as f64, "events", "≥ 8000", events >= 8000);
    test.run_jobs().await;
    let closed = members - test.one::<i64>(PRESENT, &[]).await;
    let budget = (members * 2 / 100).max(50);
    rows::write(
        "R10",
        "closed after them",
        closed as f64,
        "members",
        "≤ the hour's budget",
        closed <= budget,
    );
    let told = test.messages_of(&administrator).await;
    let seconds = began.elapsed().as_secs_f64();
    rows::write(
        "R10",
        "administrators told after",
        seconds,
        "s",
        "≤ 60",
        !told.is_empty() && seconds <= 60.0,
    );

    // What is approved is exactly what was shown.
    let held = test
        .owner
        .query_one("select run_id, held_digest, rows_held from sync_runs where state = 'held' order by 1 desc limit 1", &[])
        .await
        .unwrap();
    let (run, digest): (i64, Vec<u8>) = (held.get(0), held.get(1));
    let shown: i64 =
        test.one("select count(*) from sync_held where run_id = $1 and kind = 'member'", &[&run]).await;
    let before: i64 = test.one(PRESENT, &[]).await;
    let now = test.app.now();
    let approved = test.school().mirror.approve(run, &digest, now, test.school().today(now)).await;
    let closed = before - test.one::<i64>(PRESENT, &[]).await;
    let differs = (closed - shown).abs();
    let pass = approved.is_ok() && differs == 0;
    rows::write("R10", "approved, and other than shown", differs as f64, "members", "0", pass);
}
