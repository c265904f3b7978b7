//! R10: WeCom answers nonsense; nobody is lost, and the administrators decide.

use std::time::Instant;

use serde_json::{Value, json};
use sync::{State, Trigger};

use super::rows;
use crate::test_app::TestApp;

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
    let test = TestApp::start_with("fixtures/school.toml", None).await;
    test.sync().await;
    let school =
        simulator::school::School::load(crate::test_app::root().join("fixtures/school.toml")).unwrap();
    let (mut people, mut grants) = (Vec::new(), Vec::new());
    simulator::school::roster::write_people(&school, &mut people).unwrap();
    simulator::school::roster::write_grants(&school, &mut grants).unwrap();
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    let members: i64 = test.one(PRESENT, &[]).await;

    let empty = |list: &str| json!({ "errcode": 0, "errmsg": "ok", list: [], "next_cursor": "" });
    fault(&test, "user/list_id", empty("dept_user")).await;
    fault(&test, "user/list", empty("userlist")).await;
    look(&test, "an empty list").await;
    test.control("faults", &json!({ "path": "user/list", "errcode": 60011, "skip": 3, "times": 1 })).await;
    fault(&test, "user/list_id", empty("dept_user")).await;
    look(&test, "a page missing").await;
    let root = json!({ "id": 1, "name": "学校", "parentid": 0, "order": 1 });
    fault(&test, "department/list", json!({ "errcode": 0, "department": [root] })).await;
    fault(&test, "department/simplelist", json!({ "errcode": 0, "department_id": [root] })).await;
    fault(&test, "user/list_id", empty("dept_user")).await;
    look(&test, "only the root").await;
    // The second of the pages that list everyone never comes: WeCom says that the first was all.
    let half = test.inspect("dump").await["directory"]["userlist"].as_array().unwrap().clone();
    let half: Vec<Value> = (half.iter().take(half.len() / 2))
        .map(|one| json!({ "userid": one["userid"], "department": one["department"][0] }))
        .collect();
    fault(&test, "user/list_id", json!({ "errcode": 0, "dept_user": half, "next_cursor": "" })).await;
    fault(&test, "user/list", empty("userlist")).await;
    look(&test, "half the members").await;

    // The visible range becomes one college: WeCom takes leave of everybody else, one by one.
    let college: i32 = test
        .one("select department_id from departments where kind = 'college' order by 1 limit 1", &[])
        .await;
    let nobody = json!({ "path": "user/list_id", "errcode": 48002, "times": 100_000 });
    test.control("faults", &nobody).await;
    test.control("settings", &json!({ "visible": [college] })).await;
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
    let told = test.messages_of(&test.personas_of("fixtures/school.toml", "administrator")[0]).await;
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
