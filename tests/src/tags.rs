//! Tags in the mirror: who has them, since when, and what a gap does to them.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sync::{Outcome, State};
use wecom::tags::Tagged;

use crate::{browser_client::Browser, test_app::TestApp};

fn contacts(test: &TestApp) -> &wecom::Client {
    test.school().mirror.contacts.as_ref().expect("the contacts-sync assistant")
}

fn whom(members: &[&String], departments: &[i32]) -> Tagged {
    Tagged {
        members: members.iter().map(|userid| (*userid).clone()).collect(),
        departments: departments.to_vec(),
    }
}

/// `tag userid from..until`, for each interval.
async fn history(test: &TestApp) -> Vec<String> {
    let sql = "select t.name || ' ' || m.userid || ' ' || i.from_date || '..' || coalesce(i.until_date::text, '')
               from tag_members i join tags t using (corp_id, tag_id) join members m using (corp_id, member_id) order by 1";
    test.owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn counts(browser: &Browser, query: &str) -> Vec<(String, Value, Value)> {
    let reply = browser.get(&format!("/tags{query}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    let row = |tag: &Value| {
        (tag["name"].as_str().unwrap().to_owned(), tag["members"].clone(), tag["departments"].clone())
    };
    reply.items().iter().map(row).collect()
}

async fn fail(test: &TestApp, path: &str, errcode: i64) {
    test.control("faults", &json!({ "path": path, "errcode": errcode })).await;
}

async fn end_faults(test: &TestApp) {
    let url = format!("{}/_sim/faults", test.simulator.url());
    reqwest::Client::new().delete(url).send().await.unwrap();
}

fn quiet(outcome: &Outcome) {
    assert_eq!((outcome.rows_written(), outcome.state), (0, State::Applied), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_mirrored_with_their_history() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let office: i32 = test.one("select department_id from departments where name = '信息中心'", &[]).await;
    let wecom = contacts(&test);
    let monitors = wecom.create_tag("班长").await.unwrap();
    wecom.tag(monitors, &whom(&[&students[0], &students[1]], &[office])).await.unwrap();
    let empty = wecom.create_tag("空标签").await.unwrap();
    let first = test.sync().await;
    assert_eq!((first.rows_added, first.rows_changed, first.rows_closed), (2 + 2 + 1, 0, 0), "{first}");
    quiet(&test.sync().await);
    assert_eq!(
        history(&test).await,
        [format!("班长 {} 2020-03-04..", students[0]), format!("班长 {} 2020-03-04..", students[1])]
    );

    test.clock.advance(TimeDelta::days(2));
    test.control("clock", &json!({ "advance_seconds": 172_800 })).await;
    wecom.untag(monitors, &whom(&[&students[0]], &[office])).await.unwrap();
    wecom.tag(monitors, &whom(&[&students[2], &students[3]], &[])).await.unwrap();
    wecom.rename_tag(monitors, "学生干部").await.unwrap();
    wecom.delete_tag(empty).await.unwrap();
    let second = test.sync().await;
    assert_eq!((second.rows_added, second.rows_changed, second.rows_closed), (2, 1, 1 + 1 + 1), "{second}");
    quiet(&test.sync().await);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(counts(&administrator, "").await, [("学生干部".to_owned(), json!(3), json!(0))]);
    assert_eq!(
        counts(&administrator, "?day=2020-03-05").await,
        [("学生干部".to_owned(), json!(2), json!(1)), ("空标签".to_owned(), json!(0), json!(0))],
        "who had it that day"
    );
    let future = administrator.get("/tags?day=2020-03-09").await;
    assert_eq!((future.status, future.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["day"]));

    // Given and taken on one day leaves no trace; a tag that comes back is the same.
    wecom.tag(monitors, &whom(&[&students[0]], &[])).await.unwrap();
    test.sync().await;
    wecom.untag(monitors, &whom(&[&students[0]], &[])).await.unwrap();
    test.sync().await;
    assert_eq!(history(&test).await.iter().filter(|line| line.contains(&students[0])).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_tags_is_reverted_to_the_byte() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let wecom = contacts(&test);
    let tag = wecom.create_tag("班长").await.unwrap();
    wecom.tag(tag, &whom(&[&students[0]], &[1])).await.unwrap();
    test.sync().await;
    let before = crate::databases::dump(&test.owner).await;
    test.clock.advance(TimeDelta::days(1));
    test.control("clock", &json!({ "advance_seconds": 86_400 })).await;
    wecom.delete_tag(tag).await.unwrap();
    let other = wecom.create_tag("学委").await.unwrap();
    wecom.tag(other, &whom(&[&students[1]], &[])).await.unwrap();
    let run = test.sync().await;
    assert_ne!(crate::databases::dump(&test.owner).await, before);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let undone = administrator.post(&format!("/sync-runs/{}/reversion", run.run_id), &json!({})).await;
    assert_eq!(undone.status, StatusCode::NO_CONTENT, "{}", undone.body);
    assert_eq!(crate::databases::dump(&test.owner).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_can_not_be_read_is_told_and_loses_nobody() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let wecom = contacts(&test);
    let tag = wecom.create_tag("班长").await.unwrap();
    wecom.tag(tag, &whom(&[&students[0]], &[])).await.unwrap();
    test.sync().await;
    let before = history(&test).await;
    wecom.untag(tag, &whom(&[&students[0]], &[])).await.unwrap();
    let administrator = test.sign_in(&test.persona("administrator")).await;
    for (path, told) in [("/cgi-bin/tag/get", "标签“班长”没有读到"), ("/cgi-bin/tag/list", "标签没有读到")]
    {
        fail(&test, path, 81011).await;
        // A member who leaves is none of the tag's business.
        let leaver = students[if path.ends_with("get") { 5 } else { 6 }].clone();
        test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
        let url = format!("{}/_sim/members/{leaver}", test.simulator.url());
        reqwest::Client::new().delete(url).send().await.unwrap();
        let outcome = test.sync().await;
        assert_eq!((outcome.state, outcome.reason.as_deref()), (State::Applied, None), "{outcome}");
        assert!(
            outcome.tag_gaps.clone().is_some_and(|gaps| gaps.contains(told) && gaps.contains("81011")),
            "{outcome}"
        );
        assert_eq!(history(&test).await, before, "{path}");
        let left = "select left_on is not null from members where userid = $1";
        assert!(test.one::<bool>(left, &[&leaver]).await);
        let mirror = administrator.get("/mirror").await;
        assert!(mirror.body["tag_gaps"].as_str().unwrap().contains(told), "{}", mirror.body);
        end_faults(&test).await;
    }
    assert_eq!(test.sync().await.rows_closed, 1);
    assert!(history(&test).await.is_empty(), "it began and ended on one day");
    assert_eq!(administrator.get("/mirror").await.body["tag_gaps"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_directory_has_a_gap_no_tag_is_lost_and_new_ones_come() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let wecom = contacts(&test);
    let tag = wecom.create_tag("班长").await.unwrap();
    wecom.tag(tag, &whom(&[&students[0], &students[1]], &[])).await.unwrap();
    test.sync().await;
    wecom.untag(tag, &whom(&[&students[0]], &[])).await.unwrap();
    wecom.tag(tag, &whom(&[&students[2]], &[])).await.unwrap();
    test.control("faults", &json!({ "path": "/cgi-bin/user/list", "errcode": 60011, "times": 1 })).await;
    let outcome = test.sync().await;
    assert!(outcome.reason.is_some(), "{outcome}");
    assert!(outcome.tag_gaps.is_some_and(|gaps| gaps.contains("1 项标签移除没有执行")));
    assert_eq!(history(&test).await.len(), 3);
    end_faults(&test).await;
    test.sync().await;
    assert_eq!(history(&test).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_says_when_to_look_at_a_tag() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    // What the app itself tags, the assistant is told of.
    let app = &test.school().mirror.app;
    let tag = app.create_tag("值班").await.unwrap();
    app.tag(tag, &whom(&[&students[0]], &[])).await.unwrap();
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
    assert_eq!(history(&test).await, [format!("值班 {} 2020-03-04..", students[0])]);
    let run = "select trigger || ' ' || state from sync_runs order by run_id desc limit 1";
    assert_eq!(test.one::<String>(run, &[]).await, "event applied");
    app.untag(tag, &whom(&[&students[0]], &[])).await.unwrap();
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
    assert!(history(&test).await.is_empty());
    test.assert_no_failed_jobs().await;
    quiet(&test.sync().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_dates_tags_from_when_records_begin_and_a_locked_tag_does_not_keep_history_from_beginning()
 {
    let test = TestApp::start_empty().await;
    let student = test.persona("student");
    let tag = contacts(&test).create_tag("班长").await.unwrap();
    contacts(&test).tag(tag, &whom(&[&student], &[])).await.unwrap();
    fail(&test, "/cgi-bin/tag/get", 81011).await;
    test.sync().await;
    end_faults(&test).await;
    test.sync().await;
    assert_eq!(history(&test).await, [format!("班长 {student} 2020-03-04..")]);

    let test = TestApp::start_empty().await;
    let tag = contacts(&test).create_tag("班长").await.unwrap();
    contacts(&test).tag(tag, &whom(&[&student], &[])).await.unwrap();
    test.sync().await;
    assert_eq!(history(&test).await, [format!("班长 {student} 2017-09-01..")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_alone_reads_tags_of_those_it_sees() {
    let shape = crate::test_app::Shape { app_secret_alone: true, ..crate::test_app::Shape::default() };
    let test = TestApp::start_with(shape).await;
    let student = test.persona("student");
    let app = &test.school().mirror.app;
    let tag = app.create_tag("班长").await.unwrap();
    app.tag(tag, &whom(&[&student], &[1])).await.unwrap();
    test.sync().await;
    assert_eq!(history(&test).await.len(), 1);
    quiet(&test.sync().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_tags_and_who_writes_to_a_college_their_names() {
    let test = TestApp::start().await;
    for role in ["student", "counsellor", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/tags").await.status, StatusCode::FORBIDDEN, "{role}");
    }
    let wecom = contacts(&test);
    for n in 0..3 {
        wecom.create_tag(&format!("标签{n}")).await.unwrap();
    }
    test.sync().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let first = administrator.get("/tags?limit=2").await;
    assert_eq!(first.items().len(), 2);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let rest = administrator.get(&format!("/tags?limit=2&cursor={cursor}")).await;
    assert_eq!((rest.items().len(), &rest.body["next_cursor"]), (1, &Value::Null));
    assert_eq!(rest.items()[0]["members"], json!(0));
    // Whoever writes to a college reads which there are: how many have one is of the whole school.
    let office = test.sign_in(&test.persona("college_office")).await;
    let named = office.get("/tags").await;
    assert_eq!(named.items().len(), 3, "{}", named.body);
    let counts: Vec<_> = named.items().iter().map(|tag| (&tag["members"], &tag["departments"])).collect();
    assert_eq!(counts, [(&Value::Null, &Value::Null); 3]);
}
