//! Reminders: planned once, sent to those who still have not reported, each with a result.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::json;

use crate::test_app::{TestApp, health_report, link_of, normal_answers, title_of, words_of};

/// What holds for all reminders, as an administrator says it.
async fn set(test: &TestApp, settings: serde_json::Value) {
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    assert_eq!(administrator.put("/reminder-settings", &settings).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counsellor_reminds_and_a_student_reports() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let round = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    assert_eq!((round.status, &round.body["planned"]), (StatusCode::ACCEPTED, &json!(students.len())));
    test.run_jobs().await;

    let result = counsellor.get(&format!("/reminders/{}", round.body["round"])).await;
    assert_eq!(result.body["counts"], json!({ "sent": students.len() }));
    for student in &students {
        assert_eq!(test.messages_of(student).await.len(), 1, "{student}");
    }
    let message = test.messages_of(&students[0]).await[0].to_string();
    assert!(message.contains("健康日报") && message.contains("/h5/forms/health-daily"), "{message}");
    let row = &counsellor.get("/unreported/health-daily").await.items()[0].clone();
    assert_eq!(row["last_reminder"]["state"], json!("sent"));
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_reported_is_left_alone() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let round = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    // Between the plan and the sending one of them reports.
    let quick = test.sign_in(&students[0]).await;
    quick.post("/reports", &health_report(normal_answers())).await;
    test.run_jobs().await;
    assert!(test.messages_of(&students[0]).await.is_empty());
    let result = counsellor.get(&format!("/reminders/{}", round.body["round"])).await;
    assert_eq!(result.body["counts"], json!({ "sent": students.len() - 1, "skipped": 1 }));
    let next = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    assert_eq!(next.body["planned"], json!(students.len() - 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_round_and_foreign_people_are_left_out() {
    let test = TestApp::start().await;
    let counsellors = test.personas("counsellor");
    let mine = test.students_of(&counsellors[0]).await;
    let ids: Vec<i64> = test
        .owner
        .query("select person_id from persons where kind = 'student'", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(ids.len() > mine.len());
    let counsellor = test.sign_in(&counsellors[0]).await;
    let body = json!({ "form": "health-daily", "people": ids });
    let first = counsellor.post_with("/reminders", "one-evening", &body).await;
    let again = counsellor.post_with("/reminders", "one-evening", &body).await;
    assert_eq!(first.body, again.body);
    assert_eq!(first.body["planned"], json!(mine.len()), "only my own");
    test.run_jobs().await;
    let sent: i64 = test.one("select count(*) from outbox where state = 'sent'", &[]).await;
    assert_eq!(sent, mine.len() as i64);

    let other = test.sign_in(&test.persona("student")).await;
    assert_eq!(
        other.post("/reminders", &json!({ "form": "health-daily" })).await.status,
        StatusCode::FORBIDDEN
    );
    let stranger = test.sign_in(&test.persona("school_office")).await;
    assert_eq!(
        stranger.get(&format!("/reminders/{}", first.body["round"])).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        counsellor.post("/reminders", &json!({ "form": "health-daily", "people": [] })).await.fields(),
        ["people"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_shows_those_who_are_still_ones_own_and_leaders_send_none() {
    let test = TestApp::start().await;
    let counsellors = test.personas("counsellor");
    let students = test.students_of(&counsellors[0]).await;
    let theirs = test.students_of(counsellors.last().unwrap()).await;
    let counsellor = test.sign_in(&counsellors[0]).await;
    let round = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    let path = format!("/reminders/{}?limit=200", round.body["round"]);
    assert_eq!(counsellor.get(&path).await.items().len(), students.len());
    // One of them is in a class of the other counsellor's by now.
    let sql = "update memberships set department_id = (
                 select m.department_id from memberships m join persons p using (corp_id, person_id)
                 where p.number = $2 and m.is_main and m.until_date is null)
               where is_main and until_date is null
                 and person_id = (select person_id from persons where number = $1)";
    assert_eq!(test.owner.execute(sql, &[&students[0], &theirs[0]]).await.unwrap(), 1);
    assert_eq!(counsellor.get(&path).await.items().len(), students.len() - 1);
    for role in ["college_leader", "school_leader"] {
        let leader = test.sign_in(&test.persona(role)).await;
        let refused = leader.post("/reminders", &json!({ "form": "health-daily" })).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(leader.get(&path).await.status, StatusCode::FORBIDDEN, "{role}");
        let invited = leader.post("/registration/invitations", &json!({})).await;
        assert_eq!(invited.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(leader.get("/me").await.body["may"]["remind"], json!(false), "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_sends_at_its_times_and_not_twice() {
    let test = TestApp::start().await;
    let plan = async |time: &str| {
        test.clock.set_time(time);
        app::reminders::plan_due(&test.app, test.school()).await.unwrap()
    };
    let students: i64 = test.one("select count(*) from persons where kind = 'student'", &[]).await;
    let asked = students - 2; // two stand outside the colleges
    assert_eq!(plan("09:59").await, 0);
    assert_eq!(plan("10:00").await, 1);
    assert_eq!(plan("10:00").await, 0, "an occasion is planned once");
    test.run_jobs().await;
    assert_eq!(test.one::<i64>("select count(*) from outbox where state = 'sent'", &[]).await, asked);
    assert_eq!(plan("11:00").await, 0);

    let student = test.persona("student");
    test.sign_in(&student).await.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(plan("14:01").await, 1);
    test.run_jobs().await;
    assert_eq!(test.messages_of(&student).await.len(), 1, "reported, so left alone");
    assert_eq!(test.one::<i64>("select count(*) from outbox where state = 'sent'", &[]).await, 2 * asked - 1);
    assert_eq!(plan("14:40").await, 0, "a missed time is not made up for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_that_came_too_late_expires() {
    let test = TestApp::start().await;
    test.clock.set_time("10:00");
    assert_eq!(app::reminders::plan_due(&test.app, test.school()).await.unwrap(), 1);
    // WeCom is away for hours; the next time of the rule has come.
    test.clock.advance(TimeDelta::hours(4));
    test.run_jobs().await;
    let sent: i64 = test.one("select count(*) from outbox where state <> 'expired'", &[]).await;
    assert_eq!(sent, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_not_a_second_message() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    // The message is delivered, the answer is not.
    test.control(
        "faults",
        &json!({ "path": "/cgi-bin/message/send", "takes_effect": true, "http_status": 502, "times": 1 }),
    )
    .await;
    counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    test.run_jobs().await;
    assert_eq!(test.one::<String>("select state from outbox_batches", &[]).await, "frozen");
    test.clock.advance(TimeDelta::minutes(1));
    test.run_jobs().await;
    assert_eq!(test.one::<String>("select state from outbox_batches", &[]).await, "sent");
    for student in &students {
        assert_eq!(test.messages_of(student).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_comes_ends_unknown_and_is_not_repeated() {
    let test = TestApp::start().await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    test.control("faults", &json!({ "path": "/cgi-bin/message/send", "http_status": 502, "times": 100 }))
        .await;
    let round = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    test.run_jobs().await;
    test.clock.advance(TimeDelta::minutes(26));
    test.run_jobs().await;
    let result = counsellor.get(&format!("/reminders/{}", round.body["round"])).await;
    assert_eq!(result.body["counts"].as_object().unwrap().keys().collect::<Vec<_>>(), ["unknown"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_gets_so_many_messages_a_minute_and_the_rest_a_minute_later() {
    let test = TestApp::start().await;
    set(&test, json!({ "quiet": null, "most_a_day": 50 })).await;
    let userid = test.persona("counsellor");
    let student = test.students_of(&userid).await.swap_remove(0);
    let counsellor = test.sign_in(&userid).await;
    let person: i64 =
        test.one("select person_id from members where userid_key = $1", &[&student.to_lowercase()]).await;
    let body = json!({ "form": "health-daily", "people": [person] });
    for _ in 0..27 {
        assert_eq!(counsellor.post("/reminders", &body).await.status, StatusCode::ACCEPTED);
    }
    test.run_jobs().await;
    // WeCom would drop the 31st without a word; we stop before that and lose none.
    assert_eq!(test.messages_of(&student).await.len(), 25);
    test.clock.advance(TimeDelta::seconds(61));
    test.run_jobs().await;
    assert_eq!(test.messages_of(&student).await.len(), 27);
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_send_a_batch_once() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    // WeCom takes its time, so that a second worker finds the batch still frozen.
    test.control("faults", &json!({ "path": "message/send", "delay_ms": 300 })).await;
    counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    let first = tokio::spawn({
        let app = test.app.clone();
        async move { app::jobs::run_one(&app).await }
    });
    // The tick adds a twin while the first one is at work; a second worker looks for something to do.
    while test.one::<i64>("select count(*) from jobs where state = 'running'", &[]).await == 0 {
        tokio::task::yield_now().await;
    }
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    assert!(first.await.unwrap().unwrap());
    test.run_jobs().await;
    let ledger = test.inspect("ledger?kind=call&path=message/send").await;
    assert_eq!(ledger["items"].as_array().expect("items").len(), 1, "one call");
    assert_eq!(test.messages_of(&students[0]).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wecom_would_not_hear_is_sent_when_it_listens_again() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    // Our address is not on the app's list: an administrator needs forty minutes to put that right.
    test.control("faults", &json!({ "path": "message/send", "errcode": 60020 })).await;
    let round = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    for _ in 0..8 {
        test.run_jobs().await;
        test.clock.advance(TimeDelta::minutes(5));
    }
    let url = format!("{}/_sim/faults", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    test.run_jobs().await;
    let result = counsellor.get(&format!("/reminders/{}", round.body["round"])).await;
    assert_eq!(result.body["counts"], json!({ "sent": students.len() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_waits_out_wecoms_own_pause() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    test.control("faults", &json!({ "path": "message/send", "errcode": 45009, "times": 1 })).await;
    counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    test.run_jobs().await;
    test.clock.advance(TimeDelta::seconds(16));
    test.run_jobs().await;
    let calls = test.inspect("ledger?kind=call&path=message/send").await;
    assert_eq!(calls["items"].as_array().expect("items").len(), 1, "the pause is kept");
    let next: chrono::DateTime<chrono::Utc> =
        test.one("select run_at from jobs where kind = 'send_messages' and state = 'waiting'", &[]).await;
    // WeCom bars for a minute, and our usual fifteen seconds would be four questions in vain.
    assert!(next - domain::clock::Clock::now(&*test.clock) > TimeDelta::seconds(20), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_reminder_expires_too() {
    let test = TestApp::start().await;
    set(&test, json!({ "quiet": null, "most_a_day": 6 })).await;
    test.control("faults", &json!({ "path": "message/send", "errcode": 60020 })).await;
    test.clock.set_time("23:50");
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    let round = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    test.run_jobs().await;
    test.clock.advance(TimeDelta::minutes(20));
    test.run_jobs().await;
    let result = counsellor.get(&format!("/reminders/{}", round.body["round"])).await;
    assert_eq!(result.body["counts"].as_object().unwrap().keys().collect::<Vec<_>>(), ["expired"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_request() {
    let test = TestApp::start().await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    let everyone = json!({ "form": "health-daily" });
    let first = counsellor.post_with("/reminders", "tonight-once", &everyone).await;
    let other = counsellor
        .post_with("/reminders", "tonight-once", &json!({ "form": "health-daily", "people": [1] }))
        .await;
    assert_eq!((other.status, other.code()), (StatusCode::UNPROCESSABLE_ENTITY, "key_reused"));
    test.clock.advance(TimeDelta::days(1));
    let again = test.sign_in(&test.persona("counsellor")).await;
    let repeat = again.post_with("/reminders", "tonight-once", &everyone).await;
    assert_eq!(repeat.body, first.body, "a repeat past midnight is still the same round");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_reminder_two_hours_later_arrives() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let student = test.students_of(&userid).await.swap_remove(0);
    // By WeCom's clock both fall into the half hour in which it drops a message that it has had.
    for _ in 0..2 {
        let counsellor = test.sign_in(&userid).await;
        counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
        test.run_jobs().await;
        test.clock.advance(TimeDelta::hours(2));
    }
    let messages = test.messages_of(&student).await;
    assert_eq!(messages.len(), 2);
    let [one, other] = [&messages[0]["content"], &messages[1]["content"]];
    assert_eq!((title_of(one), words_of(one)), (title_of(other), words_of(other)), "they say the same");
    assert_ne!(link_of(one), link_of(other), "and each carries a number of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counsellor_says_it_in_their_own_words() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let body =
        json!({ "form": "health-daily", "words": "{name}同学，请在 {closes} 前完成“{form}”，有困难找我。" });
    let round = counsellor.post("/reminders", &body).await;
    assert_eq!(round.body["planned"], json!(students.len()), "{}", round.body);
    test.run_jobs().await;
    for student in &students {
        let name: String = test.one("select name from persons where number = $1", &[student]).await;
        let message = test.messages_of(student).await.swap_remove(0);
        let words = format!("{name}同学，请在 今晚 24:00 前完成“健康日报”，有困难找我。");
        assert_eq!(words_of(&message["content"]), words);
    }
    let result = counsellor.get(&format!("/reminders/{}", round.body["round"])).await;
    assert_eq!(result.body["counts"], json!({ "sent": students.len() }));
    for words in ["打 {phone} 找我", "还有 {count} 人", &"长".repeat(121)] {
        let refused = counsellor.post("/reminders", &json!({ "form": "health-daily", "words": words })).await;
        assert_eq!(refused.fields(), ["words"], "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_more_of_a_day_than_the_school_allows() {
    let test = TestApp::start().await;
    set(&test, json!({ "quiet": null, "most_a_day": 2 })).await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let mut last = json!(null);
    for _ in 0..3 {
        last = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await.body;
        test.run_jobs().await;
        test.clock.advance(TimeDelta::minutes(10));
    }
    assert_eq!(test.messages_of(&students[0]).await.len(), 2);
    let result = counsellor.get(&format!("/reminders/{}", last["round"])).await;
    assert_eq!(result.body["counts"], json!({ "limited": students.len() }), "and the counsellor sees why");
    // Planned while there was room, and there is none any more when they are to go: those of one minute wait for each other.
    set(&test, json!({ "quiet": null, "most_a_day": 4 })).await;
    for _ in 0..2 {
        counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    }
    set(&test, json!({ "quiet": null, "most_a_day": 3 })).await;
    test.run_jobs().await;
    assert_eq!(test.messages_of(&students[0]).await.len(), 3);
    let waiting: i64 =
        test.one("select count(*) from outbox where state in ('waiting', 'frozen')", &[]).await;
    assert_eq!(waiting, 0, "whoever has had enough waits for nothing");
    test.clock.advance(TimeDelta::days(1));
    let counsellor = test.sign_in(&userid).await;
    counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    test.run_jobs().await;
    assert_eq!(test.messages_of(&students[0]).await.len(), 4, "another day");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_quiet_hours_a_message_waits_for_their_end() {
    let test = TestApp::start().await;
    set(&test, json!({ "quiet": { "from": "12:00", "until": "14:00" }, "most_a_day": 6 })).await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    test.clock.set_time("12:30");
    let counsellor = test.sign_in(&userid).await;
    counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    test.run_jobs().await;
    assert_eq!(test.messages_of(&students[0]).await.len(), 0);
    test.clock.set_time("14:00");
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    // Their counsellor's, and the rule's of 14:00.
    assert_eq!(test.messages_of(&students[0]).await.len(), 2);

    // What was frozen before and could not be sent is held back too.
    test.control("faults", &json!({ "path": "message/send", "errcode": 60020 })).await;
    test.clock.set_time("15:00");
    set(&test, json!({ "quiet": { "from": "15:10", "until": "16:00" }, "most_a_day": 6 })).await;
    let counsellor = test.sign_in(&userid).await;
    counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    test.run_jobs().await;
    let url = format!("{}/_sim/faults", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    for time in ["15:10", "15:59"] {
        test.clock.set_time(time);
        app::jobs::look_at_schedules(&test.app).await;
        test.run_jobs().await;
        assert_eq!(test.messages_of(&students[0]).await.len(), 2, "{time}");
    }
    test.clock.set_time("16:00");
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    assert_eq!(test.messages_of(&students[0]).await.len(), 3);

    // Nothing is promised that can't be kept.
    set(&test, json!({ "quiet": { "from": "22:30", "until": "06:30" }, "most_a_day": 6 })).await;
    test.clock.set_time("22:45");
    let counsellor = test.sign_in(&userid).await;
    let refused = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["form"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_wecom_calls_invalid_the_directory_is_asked_about() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    // The mirror knows of neither yet: one is gone from WeCom, one is outside the app's visible range.
    for path in ["callback/rollcall", "callback/contacts"] {
        test.control("faults", &json!({ "path": path, "lose": true })).await;
    }
    let url = format!("{}/_sim/members/{}", test.simulator.url(), students[0]);
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    let others: Vec<&String> = students[2..].iter().collect();
    let office: i32 = test.one("select min(department_id) from departments where kind = 'office'", &[]).await;
    test.control("settings", &json!({ "visible": [office], "visible_members": others })).await;
    let round = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    test.run_jobs().await;
    let result = counsellor.get(&format!("/reminders/{}", round.body["round"])).await;
    let sent = students.len() - 2;
    assert_eq!(result.body["counts"], json!({ "sent": sent, "invalid": 1, "out_of_range": 1 }));
    let left: bool =
        test.one("select left_on is not null from members where userid = $1", &[&students[0]]).await;
    assert!(left, "the directory was asked, and says that they have left");
    // Nobody reminds them any more.
    let next = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
    assert_eq!(next.body["planned"], json!(students.len() - 1));
}
