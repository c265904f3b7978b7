//! 运行状况: what waits and fails is told with its reason and since when, and a dead job is settled on record.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::TestApp;

async fn operations(test: &TestApp) -> Value {
    let browser = test.sign_in_on_pc(&test.persona("administrator")).await;
    let reply = browser.get("/operations").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body
}

fn found(rows: &Value, fits: impl Fn(&Value) -> bool) -> &Value {
    rows.as_array().unwrap().iter().find(|row| fits(row)).unwrap_or(&Value::Null)
}

/// What the metrics say about a deployment with one dead job and one message that does not get through. Called where
/// metrics are read: a process has one recorder.
pub async fn metrics_tell_what_waits(test: &TestApp, address: std::net::SocketAddr) {
    let read = async |line: &str| -> f64 {
        let text = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
        let value = text.lines().find_map(|text| text.strip_prefix(line));
        value.unwrap_or_else(|| panic!("no {line}: {text}")).trim().parse().unwrap()
    };
    bury(test).await;
    test.control("faults", &json!({ "path": "message/send", "errcode": 60020 })).await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(
        counsellor.post("/reminders", &json!({ "form": "health-daily" })).await.status,
        StatusCode::ACCEPTED
    );
    test.run_jobs().await;
    test.clock.advance(TimeDelta::minutes(2));
    let labels = "corp=\"1\",kind=\"take_photos\",state=\"dead\"";
    assert_eq!(read(&format!("rollcall_queue_jobs{{{labels}}} ")).await, 1.0);
    assert_eq!(read(&format!("rollcall_queue_oldest_seconds{{{labels}}} ")).await, 120.0);
    assert!(read("rollcall_outbox_people{corp=\"1\",state=\"frozen\"} ").await > 0.0);
    assert_eq!(read("rollcall_outbox_people{corp=\"1\",state=\"sent\"} ").await, 0.0);
    assert_eq!(read("rollcall_outbox_oldest_seconds{corp=\"1\",state=\"frozen\"} ").await, 120.0);
    assert_eq!(read("rollcall_outbox_failing_batches{corp=\"1\"} ").await, 1.0);
    assert_eq!(read("rollcall_wecom_refused{corp=\"1\",app=\"rollcall\"} ").await, 0.0);
    assert!(read("rollcall_messages_left_today{corp=\"1\"} ").await > 1000.0);
    assert!(read("rollcall_wecom_minute_left{corp=\"1\",api=\"user/list\"} ").await <= 8000.0);
    // Nobody seals here, so that what was done waits.
    let waits: i64 = test.one("select count(*) from audit_unsealed", &[]).await;
    assert_eq!(read("rollcall_audit_unsealed{corp=\"1\"} ").await, waits as f64);
    read("rollcall_audit_unsealed_seconds{corp=\"1\"} ").await;
    read("rollcall_clock_skew_seconds{corp=\"1\"} ").await;
    // A dead job that is settled is told no more.
    test.owner.execute("update jobs set state = 'done' where state = 'dead'", &[]).await.unwrap();
    assert_eq!(read(&format!("rollcall_queue_jobs{{{labels}}} ")).await, 0.0);
}

/// Puts a dead job into the queue.
pub async fn bury(test: &TestApp) -> i64 {
    let now = test.app.now();
    test.one(
        "insert into jobs (corp_id, kind, payload, unique_key, state, run_at, attempts, max_attempts, last_error, created_at, finished_at)
         values (1, 'take_photos', 'null', 'take_photos 99', 'dead', $1, 20, 20, '数据库暂时没有响应', $1, $1)
         returning job_id",
        &[&now],
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_job_is_retried_or_given_up_and_who_did_it_stands_there() {
    let test = TestApp::start().await;
    for role in ["student", "counsellor", "school_office", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        for path in ["/operations", "/operations/dead-jobs"] {
            assert_eq!(viewer.get(path).await.status, StatusCode::FORBIDDEN, "{role} {path}");
        }
        let refused = viewer.post("/operations/dead-jobs/1/retry", &json!({})).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role}");
    }
    let (one, two) = (bury(&test).await, bury(&test).await);
    let found_dead = operations(&test).await;
    let dead = found(&found_dead["jobs"], |row| row["state"] == json!("dead"));
    assert_eq!((&dead["kind"], &dead["jobs"]), (&json!("take_photos"), &json!(2)));
    assert!(dead["since"].is_string());

    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let list = administrator.get("/operations/dead-jobs?limit=1").await;
    let newest = &list.items()[0];
    assert_eq!(
        (&newest["id"], &newest["reason"], &newest["settled_as"]),
        (&json!(two), &json!("数据库暂时没有响应"), &Value::Null)
    );
    let cursor = list.body["next_cursor"].as_str().unwrap();
    let rest = administrator.get(&format!("/operations/dead-jobs?cursor={cursor}")).await;
    assert_eq!(rest.items()[0]["id"], json!(one));

    let path = |id: i64, act: &str| format!("/operations/dead-jobs/{id}/{act}");
    let retried = administrator.post(&path(one, "retry"), &json!({})).await;
    assert_eq!(retried.status, StatusCode::NO_CONTENT, "{}", retried.body);
    assert_eq!(test.one::<String>("select state from jobs where job_id = $1", &[&one]).await, "waiting");
    assert_eq!(administrator.post(&path(one, "retry"), &json!({})).await.status, StatusCode::NOT_FOUND);
    // Its twin waits by now: a second one would do the same work.
    assert_eq!(administrator.post(&path(two, "retry"), &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(test.one::<String>("select state from jobs where job_id = $1", &[&two]).await, "done");

    // It fails again, and says why in words an administrator can use.
    test.run_jobs().await;
    let why: String = test.one("select last_error from jobs where job_id = $1", &[&one]).await;
    assert_eq!(why, "程序内部错误（an upload without a number），详情见服务日志");

    let three = bury(&test).await;
    assert_eq!(administrator.post(&path(three, "discard"), &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(administrator.post(&path(three, "discard"), &json!({})).await.status, StatusCode::NOT_FOUND);
    let list = administrator.get("/operations/dead-jobs").await;
    let row = found(&list.body["items"], |row| row["id"] == json!(three));
    let name: String =
        test.one("select name from persons where number = $1", &[&test.persona("administrator")]).await;
    assert_eq!(
        (&row["settled_as"], &row["settled_by"], &row["state"]),
        (&json!("discarded"), &json!(name), &json!("done"))
    );
    // Who did what is in the audit, too; asked for in vain leaves nothing.
    let sql = "select string_agg(concat_ws(' ', action, object), ', ' order by event_id) from audit_events
               where action in ('job_retried', 'job_discarded')";
    let acts: String = test.one(sql, &[]).await;
    assert_eq!(acts, format!("job_retried job:{one}, job_retried job:{two}, job_discarded job:{three}"));
    // It stays on record when done jobs are swept.
    test.clock.advance(TimeDelta::days(2));
    let sweep = "insert into jobs (corp_id, kind, payload, run_at, max_attempts, created_at) values (1, 'sweep', 'null', $1, 20, $1)";
    test.owner.execute(sweep, &[&test.app.now()]).await.unwrap();
    test.owner
        .execute("delete from jobs where kind = 'take_photos' and state = 'waiting'", &[])
        .await
        .unwrap();
    test.run_jobs().await;
    assert_eq!(test.one::<i64>("select count(*) from jobs where settled_as = 'discarded'", &[]).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_job_nobody_looks_at_is_gone_after_ninety_days() {
    let test = TestApp::start().await;
    bury(&test).await;
    for (days, left) in [(89, 1), (2, 0)] {
        test.clock.advance(TimeDelta::days(days));
        let sweep = "insert into jobs (corp_id, kind, payload, run_at, max_attempts, created_at) values (1, 'sweep', 'null', $1, 20, $1)";
        test.owner.execute(sweep, &[&test.app.now()]).await.unwrap();
        test.run_jobs().await;
        assert_eq!(test.one::<i64>("select count(*) from jobs where state = 'dead'", &[]).await, left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_get_through_says_why_and_since_when() {
    let test = TestApp::start().await;
    let quiet = operations(&test).await;
    assert_eq!((&quiet["failing"], &quiet["sent_today"]), (&json!([]), &json!(0)));
    assert_eq!(quiet["apps"][0]["standing"], json!("good"));
    assert!(quiet["apps"][0]["since"].is_string() && quiet["mirror_read_at"].is_string());
    let budget = found(&quiet["budgets"], |row| row["api"] == json!("user/list"));
    assert!(budget["minute_left"].as_i64().unwrap() < 8000, "{budget}");

    test.control("faults", &json!({ "path": "message/send", "errcode": 60020 })).await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await.len();
    let counsellor = test.sign_in(&counsellor_id).await;
    counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    let begun = test.app.now();
    for _ in 0..3 {
        test.run_jobs().await;
        test.clock.advance(TimeDelta::minutes(1));
    }
    let failing = operations(&test).await;
    let batch = &failing["failing"][0];
    assert_eq!((&batch["state"], &batch["recipients"]), (&json!("frozen"), &json!(students)));
    let words = batch["error"].as_str().unwrap();
    assert!(words.contains("60020") && words.contains("可信 IP"), "{words}");
    assert_eq!(batch["since"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap(), begun);
    assert!(batch["attempts"].as_i64().unwrap() >= 3, "{batch}");
    let frozen = found(&failing["messages"], |row| row["state"] == json!("frozen"));
    assert_eq!(frozen["people"], json!(students));
    assert!(frozen["since"].is_string());
    assert_eq!(failing["sent_today"], json!(students), "what is about to be sent is taken too");

    let url = format!("{}/_sim/faults", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    test.run_jobs().await;
    let well = operations(&test).await;
    assert_eq!(well["failing"], json!([]));
    assert_eq!(found(&well["messages"], |row| row["state"] == json!("sent"))["people"], json!(students));

    // WeCom bars the API for a minute.
    test.control("faults", &json!({ "path": "message/send", "errcode": 45009, "times": 1 })).await;
    counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    test.run_jobs().await;
    let paused = operations(&test).await;
    let send = found(&paused["budgets"], |row| row["api"] == json!("message/send"));
    assert!(
        send["paused_until"].is_string() && send["paused_words"].as_str().unwrap().contains("45009"),
        "{send}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_secret_is_told_with_what_to_do_and_since_when() {
    let test = TestApp::start().await;
    let refusal = store::tokens::Refusal {
        code: 40001,
        hint: String::new(),
        until: test.app.now() + TimeDelta::minutes(10),
        credentials: "x".into(),
    };
    let key = store::tokens::Key { corp: 1, app: "contacts", kind: "access_token" };
    let refuse = async || {
        let mut tx = test.app.store().scoped(1).await.unwrap();
        let lease = store::tokens::lease(&mut tx, key, 0.0).await.unwrap().unwrap();
        store::tokens::refuse(&mut tx, key, &refusal, lease).await.unwrap();
        tx.commit().await.unwrap();
    };
    let told = async || {
        let told = operations(&test).await;
        found(&told["apps"], |app| app["app"] == json!("contacts")).clone()
    };
    refuse().await;
    let first = told().await;
    assert_eq!(first["standing"], json!("refused"));
    assert!(first["words"].as_str().unwrap().contains("核对 Secret"), "{first}");
    refuse().await;
    assert_eq!(told().await["since"], first["since"], "since the first refusal");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_forgotten_after_a_week_and_to_whom_after_four_hundred_days() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await.len() as i64;
    let remind = async || {
        let counsellor = test.sign_in(&counsellor_id).await;
        counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
        test.run_jobs().await;
    };
    let sweep = async || {
        let sql = "insert into jobs (corp_id, kind, payload, run_at, max_attempts, created_at) values (1, 'sweep', 'null', $1, 20, $1)";
        test.owner.execute(sql, &[&test.app.now()]).await.unwrap();
        test.run_jobs().await;
    };
    let left = async || -> (i64, i64, i64) {
        (
            test.one("select count(*) from mailing_contents", &[]).await,
            test.one("select count(*) from outbox_batches where length(body) > 0", &[]).await,
            test.one("select count(*) from outbox", &[]).await,
        )
    };
    remind().await;
    assert_eq!(left().await, (1, 1, students));
    test.clock.advance(TimeDelta::days(6));
    remind().await;
    sweep().await;
    assert_eq!(left().await, (2, 2, 2 * students), "six days are no week");
    test.clock.advance(TimeDelta::days(2));
    sweep().await;
    assert_eq!(left().await, (1, 1, 2 * students), "the first is forgotten, the second is not");
    test.clock.advance(TimeDelta::days(7));
    sweep().await;
    assert_eq!(left().await, (0, 0, 2 * students));
    test.clock.advance(TimeDelta::days(385));
    sweep().await;
    assert_eq!(left().await, (0, 0, 2 * students), "the four hundredth day of the first");
    test.clock.advance(TimeDelta::days(1));
    sweep().await;
    assert_eq!(left().await, (0, 0, students));
}
