//! R6: what WeCom can answer instead of an answer, and what becomes of a message.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::rows;
use crate::{
    process::{Order, Process},
    test_app::TestApp,
};

/// Callers in each of the two processes.
const CALLERS: usize = 200;

/// A trouble, as the simulator makes it, and what its end must be for those reminded.
struct Trouble {
    name: &'static str,
    fault: Value,
    /// The state of every reminder once WeCom is well again.
    end: &'static str,
    /// Whether a call of the API is made only after a pause.
    pauses: bool,
}

fn trouble(name: &'static str, fault: Value) -> Trouble {
    Trouble { name, fault, end: "sent", pauses: false }
}

/// Each once, then WeCom is well.
fn troubles() -> Vec<Trouble> {
    let code = |name, code: i64| trouble(name, json!({ "errcode": code }));
    vec![
        code("-1", -1),
        trouble("-1 although it was sent", json!({ "errcode": -1, "takes_effect": true })),
        code("40014", 40014),
        code("42001", 42001),
        code("40001", 40001),
        Trouble { pauses: true, ..code("45009", 45009) },
        Trouble { pauses: true, ..code("45033", 45033) },
        code("48002", 48002),
        code("60020", 60020),
        Trouble { end: "invalid", ..code("81013", 81013) },
        trouble("HTTP 502", json!({ "http_status": 502 })),
        trouble("HTTP 502 although it was sent", json!({ "http_status": 502, "takes_effect": true })),
        trouble("a page of HTML", json!({ "body": "<html>网关超时</html>" })),
        trouble("cut JSON although it was sent", json!({ "cut": true })),
        trouble("a lost connection", json!({ "reset": true })),
    ]
}

/// Lets a counsellor remind one class while WeCom is in trouble once. Gives the messages each student got and the
/// state of the reminders at the end.
async fn remind_through(trouble: &Trouble) -> (Vec<usize>, Vec<String>) {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let mut fault = trouble.fault.clone();
    fault["path"] = json!("message/send");
    fault["times"] = json!(1);
    test.control("faults", &fault).await;
    counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    test.run_jobs().await;
    if trouble.pauses {
        // As if the pause had passed; it runs on the database's clock.
        let paused = test
            .owner
            .execute(
                "update wecom_budgets set paused_until = clock_timestamp() where paused_until is not null",
                &[],
            )
            .await
            .unwrap();
        assert_eq!(paused, 1, "{}: the API is paused for all processes", trouble.name);
    }
    test.clock.advance(TimeDelta::seconds(31));
    test.run_jobs().await;
    let mut messages = Vec::new();
    for student in &students {
        messages.push(test.messages_of(student).await.len());
    }
    let states = test.owner.query("select distinct state from outbox", &[]).await.unwrap();
    (messages, states.iter().map(|row| row.get(0)).collect())
}

async fn once_through(trouble: &Trouble) -> bool {
    let (messages, states) = remind_through(trouble).await;
    let wanted = usize::from(trouble.end == "sent");
    states == [trouble.end] && messages.iter().all(|count| *count == wanted)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_survives_wecoms_trouble_and_comes_once() {
    let few = [
        "-1 although it was sent",
        "42001",
        "45009",
        "81013",
        "a page of HTML",
        "cut JSON although it was sent",
    ];
    for trouble in troubles().iter().filter(|trouble| few.contains(&trouble.name)) {
        let (messages, states) = remind_through(trouble).await;
        let wanted = usize::from(trouble.end == "sent");
        assert_eq!(states, [trouble.end], "{}", trouble.name);
        assert!(messages.iter().all(|count| *count == wanted), "{}: {messages:?}", trouble.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_in_two_processes_ask_for_one_token_each_time_it_ends() {
    for policy in ["same", "new", "replace"] {
        let (asked, answered) = expire_under(policy, 20).await;
        assert_eq!((asked, answered), (vec![1, 1, 1], 120), "tokens: {policy}");
    }
}

/// Two processes call while tokens end before their time, twice. Gives how often WeCom was asked for a token in each
/// round, and how many calls succeeded.
async fn expire_under(policy: &str, callers: usize) -> (Vec<usize>, usize) {
    let test = TestApp::start_empty().await;
    test.control("settings", &json!({ "tokens": policy })).await;
    let mut processes = [Process::start(&test), Process::start(&test)];
    let (mut asked, mut answered) = (Vec::new(), 0);
    for round in 0..3 {
        if round > 0 {
            let tokens = format!("{}/_sim/tokens", test.simulator.url());
            reqwest::Client::new().delete(tokens).send().await.unwrap();
        }
        for process in &mut processes {
            process.order(&Order::Departments(callers)).await;
        }
        for process in &mut processes {
            let answer = process.answer().await;
            assert_eq!(answer.trouble, None);
            answered += answer.succeeded;
        }
        let before: usize = asked.iter().sum();
        asked.push(test.count_calls("gettoken").await - before);
    }
    (asked, answered)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R6"]
async fn wecom_in_trouble() {
    for trouble in troubles() {
        let through = once_through(&trouble).await;
        let goal = format!("1: every reminder {} and no message twice", trouble.end);
        rows::write("R6", trouble.name, f64::from(u8::from(through)), "as it should", &goal, through);
    }
    let silence = trouble(
        "10 s of silence",
        json!({ "delay_ms": 10_000, "takes_effect": true, "http_status": 200, "body": "{}" }),
    );
    let through = once_through(&silence).await;
    rows::write("R6", silence.name, f64::from(u8::from(through)), "as it should", "1: sent once", through);

    for policy in ["same", "new", "replace"] {
        let (asked, answered) = expire_under(policy, CALLERS).await;
        let what = format!("gettoken an expiry, 400 callers in two processes, tokens: {policy}");
        let pass = asked == [1, 1, 1] && answered == 3 * 2 * CALLERS;
        rows::write("R6", &what, *asked.iter().max().unwrap_or(&0) as f64, "calls", "1", pass);
    }

    // Six hours without WeCom: nothing floods in afterwards.
    let test = TestApp::start().await;
    test.clock.set_time("10:00");
    test.control("faults", &json!({ "path": "message/send", "reset": true })).await;
    app::reminders::plan_due(&test.app, test.school()).await.unwrap();
    for _ in 0..72 {
        test.run_jobs().await;
        test.clock.advance(TimeDelta::minutes(5));
    }
    let faults = format!("{}/_sim/faults", test.simulator.url());
    reqwest::Client::new().delete(faults).send().await.unwrap();
    test.run_jobs().await;
    let late: i64 = test.one("select count(*) from outbox where state = 'sent'", &[]).await;
    rows::write("R6", "messages after an outage of 6 h", late as f64, "messages", "0", late == 0);
    let open: i64 = test.one("select count(*) from outbox where state in ('waiting', 'frozen')", &[]).await;
    rows::write("R6", "reminders left without an end by it", open as f64, "reminders", "0", open == 0);
}
