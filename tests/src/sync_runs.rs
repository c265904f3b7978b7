//! The mirror: equal to WeCom, quiet when nothing changed, careful when much is gone.

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    callbacks::{change, crypto, post},
    test_app::TestApp,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_second_sync_and_the_second_import_write_nothing() {
    let test = TestApp::start().await;
    let fingerprint = "select md5(string_agg(line, '' order by line)) from (
        select 'd' || xmin || t::text as line from departments t union all select 'dv' || xmin || t::text from department_versions t
        union all select 'm' || xmin || t::text from members t union all select 'mv' || xmin || t::text from member_versions t
        union all select 'md' || xmin || t::text from member_departments t union all select 'ms' || xmin || t::text from memberships t
        union all select 'g' || xmin || t::text from grants t union all select 'p' || xmin || t::text from persons t) rows";
    let before: String = test.one(fingerprint, &[]).await;
    test.sync().await;
    test.import_roster().await;
    assert_eq!(
        test.one::<String>(fingerprint, &[]).await,
        before,
        "no row was written, not even with the same values"
    );
    let run = test
        .owner
        .query_one(
            "select state, rows_added, rows_changed, rows_closed from sync_runs order by run_id desc limit 1",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (run.get::<_, String>(0).as_str(), run.get::<_, i32>(1), run.get::<_, i32>(2), run.get::<_, i32>(3)),
        ("applied", 0, 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_answer_closes_nobody() {
    let test = TestApp::start().await;
    let members: i64 = test.one("select count(*) from members where left_on is null", &[]).await;
    for path in ["/cgi-bin/user/list_id", "/cgi-bin/user/list"] {
        let body =
            json!({ "errcode": 0, "errmsg": "ok", "dept_user": [], "userlist": [], "next_cursor": "" });
        test.control("faults", &json!({ "path": path, "body": body.to_string(), "times": 1000 })).await;
    }
    test.sync().await;
    assert_eq!(test.one::<i64>("select count(*) from members where left_on is null", &[]).await, members);
    let state: String = test.one("select state from sync_runs order by run_id desc limit 1", &[]).await;
    assert_eq!(state, "held");

    let administrator = test.sign_in(&test.persona("administrator")).await;
    let run = administrator.get("/sync-runs?limit=1").await.items()[0].clone();
    let detail = administrator.get(&format!("/sync-runs/{}", run["id"])).await;
    assert!(!detail.body["held"].as_array().unwrap().is_empty());
    let stale = administrator
        .post(&format!("/sync-runs/{}/approval", run["id"]), &json!({ "digest": "00".repeat(32) }))
        .await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!(test.one::<i64>("select count(*) from members where left_on is null", &[]).await, members);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_page_changes_nothing() {
    let test = TestApp::start().await;
    let members: i64 = test.one("select count(*) from members where left_on is null", &[]).await;
    test.control("faults", &json!({ "path": "/cgi-bin/user/list", "errcode": 60011, "times": 1 })).await;
    let now = test.app.now();
    let _ = test.school().mirror.full(sync::Trigger::Command, now, test.school().today(now)).await;
    assert_eq!(test.one::<i64>("select count(*) from members where left_on is null", &[]).await, members);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_see_and_start_runs() {
    let test = TestApp::start().await;
    for role in ["student", "counsellor", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/sync-runs").await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(viewer.post("/sync-runs", &json!({})).await.status, StatusCode::FORBIDDEN, "{role}");
    }
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let asked = administrator.post("/sync-runs", &json!({})).await;
    assert_eq!((asked.status, &asked.body["queued"]), (StatusCode::ACCEPTED, &json!(true)));
    let again = administrator.post("/sync-runs", &json!({})).await;
    assert_eq!(again.body["queued"], json!(false), "one waits already");
    test.run_jobs().await;
    let runs = administrator.get("/sync-runs").await;
    assert_eq!(runs.items()[0]["state"], json!("applied"));
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removals_wait_until_exactly_they_are_approved() {
    let test = TestApp::start().await;
    let leavers: Vec<String> =
        test.students_of(&test.persona("counsellor")).await.into_iter().take(7).collect();
    for student in &leavers {
        let url = format!("{}/_sim/members/{student}", test.simulator.url());
        assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    }
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
    let gone = "select count(*) from members where left_on is not null";
    assert_eq!(test.one::<i64>(gone, &[]).await, 0, "a class that loses a fifth is a matter for a person");

    let told = test.messages_of(&test.persona("administrator")).await;
    assert_eq!(told.len(), 1, "the administrators are told");
    assert!(told[0].to_string().contains("通讯录同步等待确认"));

    let administrator = test.sign_in(&test.persona("administrator")).await;
    let held = administrator.get("/sync-runs").await;
    let run = held.items().iter().find(|run| run["state"] == json!("held")).expect("a held run").clone();
    let detail = administrator.get(&format!("/sync-runs/{}", run["id"])).await;
    let shown: Vec<&str> = detail.body["held"]
        .as_array()
        .unwrap()
        .iter()
        .map(|held| held["subject"].as_str().unwrap())
        .collect();
    assert!(leavers.iter().all(|student| shown.contains(&student.as_str())), "{shown:?}");

    let path = format!("/sync-runs/{}/approval", run["id"]);
    let approved = administrator.post(&path, &json!({ "digest": run["held_digest"] })).await;
    assert_eq!(approved.status, StatusCode::ACCEPTED);
    test.run_jobs().await;
    assert_eq!(test.one::<i64>(gone, &[]).await, leavers.len() as i64);
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_that_drips_away_is_held_too() {
    let test = TestApp::start().await;
    let class = test.students_of(&test.persona("counsellor")).await;
    assert!(class.len() < 40, "eight are more than a fifth of {}", class.len());
    let gone = "select count(*) from members where left_on is not null";
    for (part, left) in [(&class[..4], 4), (&class[4..8], 4)] {
        for student in part {
            let url = format!("{}/_sim/members/{student}", test.simulator.url());
            assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
        }
        test.simulator.callbacks_delivered().await;
        test.run_jobs().await;
        assert_eq!(
            test.one::<i64>(gone, &[]).await,
            left,
            "four may leave, four more of the same class wait"
        );
    }
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let run = administrator.get("/sync-runs?limit=1").await.items()[0].clone();
    assert!(run["reason"].as_str().unwrap().contains("一小时内已减少 4 人"), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_no_longer_to_be_judged_leads_to_the_one_that_is() {
    let test = TestApp::start().await;
    let class = test.students_of(&test.persona("counsellor")).await;
    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    test.control("faults", &json!({ "path": "callback/rollcall", "lose": true })).await;
    for student in &class[..7] {
        let url = format!("{}/_sim/members/{student}", test.simulator.url());
        assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    }
    let (first, second) = (test.sync().await, test.sync().await);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let old = administrator.get(&format!("/sync-runs/{}", first.run_id)).await.body;
    assert_eq!((&old["state"], &old["superseded_by"]), (&json!("discarded"), &json!(second.run_id)), "{old}");
    let new = administrator.get(&format!("/sync-runs/{}", second.run_id)).await.body;
    assert_eq!((&new["state"], &new["superseded_by"]), (&json!("held"), &json!(null)), "{new}");
    let stale = administrator
        .post(&format!("/sync-runs/{}/approval", first.run_id), &json!({ "digest": old["held_digest"] }))
        .await;
    assert_eq!(stale.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_the_mirror_may_be_from_wecom_is_told() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(counsellor.get("/mirror").await.status, StatusCode::FORBIDDEN);
    test.clock.advance(chrono::TimeDelta::hours(1));
    test.sync().await;
    let quiet = administrator.get("/mirror").await.body;
    assert!(quiet["read_at"].as_str().unwrap().starts_with("2020-03-04T01:00:0"), "{quiet}");
    assert_eq!(quiet["rows_held"], json!(0), "{quiet}");
    assert!(quiet["members_seen"].as_i64().unwrap() > 50, "{quiet}");

    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    test.control(&format!("members/{}", test.persona("student")), &json!({ "name": "新名字" })).await;
    let found = test.sync().await;
    let told = administrator.get("/mirror").await.body;
    assert_eq!(told["difference_run"], json!(found.run_id), "{told}");
    assert_eq!(told["difference_rows"], json!(1), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_say_how_old_the_mirror_is_and_what_it_could_not_see() {
    let test = TestApp::start().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let metrics = server::http::metrics::install();
    let server = server::http::metrics::serve(test.app.clone(), metrics, listener).unwrap();
    let handle = server.handle();
    tokio::spawn(server);
    let read = async |name: &str| -> f64 {
        let text = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
        let line = format!("{name}{{corp=\"1\"}} ");
        let value = text.lines().find_map(|text| text.strip_prefix(&line));
        value.unwrap_or_else(|| panic!("no {name}: {text}")).parse().unwrap()
    };
    assert_eq!(read("rollcall_mirror_not_visible").await, 0.0);
    assert_eq!(read("rollcall_mirror_held").await, 0.0);
    let first = read("rollcall_mirror_difference_rows").await;
    assert!(first > 100.0, "the first look found everything");
    let fresh = read("rollcall_mirror_age_seconds").await;
    test.clock.advance(chrono::TimeDelta::hours(1));
    let older = read("rollcall_mirror_age_seconds").await;
    assert!((older - fresh - 3600.0).abs() <= 1.0, "{fresh} and an hour later {older}, in whole seconds");

    // Something changed, and no event told.
    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    test.control(&format!("members/{}", test.persona("student")), &json!({ "name": "新名字" })).await;
    test.sync().await;
    assert!(read("rollcall_mirror_age_seconds").await < 3600.0);
    assert_eq!(read("rollcall_mirror_difference_rows").await, 1.0);
    crate::operations::metrics_tell_what_waits(&test, address).await;
    handle.stop(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_events_is_a_look_at_everyone_now_and_then() {
    let test = TestApp::start().await;
    let (contacts, _) = crypto("contacts");
    let flood = async |from: u32| {
        for number in from..from + 400 {
            let event = change(&format!("nobody-{number}"), 1);
            assert_eq!(post(&test, "1/callback/contacts", &contacts, &event, 0).await, StatusCode::OK);
        }
        test.run_jobs().await;
    };
    let looks = async || {
        test.one::<i64>("select count(*) from sync_runs where trigger = 'event' and members_seen > 10", &[])
            .await
    };
    flood(0).await;
    assert_eq!(looks().await, 1, "more than are asked for one by one");
    flood(400).await;
    assert_eq!(looks().await, 1, "WeCom is given a rest");
    let waiting = "select count(*) from inbox where handled_at is null";
    assert_eq!(test.one::<i64>(waiting, &[]).await, 400, "and nothing is forgotten");
    test.clock.advance(chrono::TimeDelta::seconds(15));
    test.run_jobs().await;
    assert_eq!((looks().await, test.one::<i64>(waiting, &[]).await), (2, 0));
}
