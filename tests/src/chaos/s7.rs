//! S7: 50,000 members are reminded, in groups and each in words of their own, while WeCom takes 50 ms for a call.

use std::time::Instant;

use serde_json::json;
use simulator::school::{School, roster};

use super::{r1::holder, rows};
use crate::test_app::{REFERENCE, Shape, TestApp, root};

const MEMBERS: usize = 50_000;
/// What WeCom takes for a call, in seconds.
const CALL: f64 = 0.05;

/// Reminds everybody who is missing with this wording. Gives how many, the calls it took, and the seconds: from the plan on.
async fn remind(test: &TestApp, wording: &str) -> (i64, i64, f64) {
    let administrator = test.sign_in_on_pc(&holder(test, "administrator").await).await;
    let rules = administrator.get("/reminder-rules?form=health-daily").await;
    let rule = rules.items()[0].clone();
    let mut changed = rule["rule"].clone();
    changed["steps"][0]["wording"] = json!(wording);
    let body = json!({ "revision": rule["revision"], "form": "health-daily", "name": rule["name"], "rule": changed });
    let saved = administrator.put(&format!("/reminder-rules/{}", rule["id"]), &body).await;
    assert!(saved.status.is_success(), "{}", saved.body);
    let (before, began) = (sent(test).await, Instant::now());
    assert_eq!(app::reminders::plan_due(&test.app, test.school()).await.unwrap(), 1);
    test.run_jobs().await;
    let seconds = began.elapsed().as_secs_f64();
    let after = sent(test).await;
    (after.0 - before.0, after.1 - before.1, seconds)
}

/// Reminders and calls so far.
async fn sent(test: &TestApp) -> (i64, i64) {
    (
        test.one("select count(*) from outbox where state = 'sent'", &[]).await,
        test.one("select count(*) from outbox_batches where state = 'sent'", &[]).await,
    )
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make bench ONLY=S7"]
async fn fifty_thousand_reminders() {
    let test = TestApp::start_with(Shape { members: Some(MEMBERS), ..Shape::reference() }).await;
    test.sync().await;
    let school = School::load(root().join(REFERENCE)).unwrap().scaled(MEMBERS).unwrap();
    let (mut people, mut grants) = (Vec::new(), Vec::new());
    roster::write_people(&school, &mut people).unwrap();
    roster::write_grants(&school, &mut grants).unwrap();
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    test.run_jobs().await;
    test.owner.batch_execute("analyze").await.unwrap();
    test.control("faults", &json!({ "path": "message/send", "delay_ms": 50 })).await;

    test.clock.set_time("10:00");
    let (people, calls, seconds) = remind(&test, "您今天的“{form}”还没有填写，请在 {closes} 前完成。").await;
    let yardstick = (people as f64 / 1000.0).ceil() * CALL;
    let what = format!("{people} reminders in {calls} calls of 50 ms");
    rows::compare(
        "S7",
        &what,
        seconds,
        "s",
        "the calls one after the other",
        yardstick,
        "≤ 5 s",
        seconds <= 5.0,
    );

    test.clock.set_time("14:00");
    let (people, _, seconds) = remind(&test, "{name}，您今天的“{form}”还没有填写。").await;
    let yardstick = people as f64 * CALL / 10.0;
    let what = format!("{people} reminders, each a call of its own, ten at once");
    rows::compare(
        "S7",
        &what,
        seconds,
        "s",
        "the calls, ten at once",
        yardstick,
        "≤ 360 s",
        seconds <= 360.0,
    );
    let unsent: i64 = test.one("select count(*) from outbox where state <> 'sent'", &[]).await;
    rows::write("S7", "… reminders that were not sent", unsent as f64, "reminders", "0", unsent == 0);
}
