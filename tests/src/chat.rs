//! Words in the app's chat: a number reports, a few words are answered, coming in is greeted once a day.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    callbacks,
    privacy_notices::{agree, publish},
    test_app::{TestApp, health_report},
};

/// Somebody writes, and is answered.
async fn say(test: &TestApp, userid: &str, words: &str) -> Value {
    test.control(&format!("messages/{userid}/say"), &json!({ "content": words })).await;
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
    test.messages_of(userid)
        .await
        .into_iter()
        .find(|message| message["own"] == json!(false))
        .unwrap_or_default()
}

fn text(message: &Value) -> &str {
    assert_eq!(message["msgtype"], json!("text"), "{message}");
    message["content"]["content"].as_str().unwrap()
}

/// Those who wrote nothing themselves.
async fn answers(test: &TestApp, userid: &str) -> usize {
    test.messages_of(userid).await.iter().filter(|message| message["own"] == json!(false)).count()
}

/// The day after somebody reported normally.
async fn reported_yesterday() -> (TestApp, String) {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let yesterday = json!({ "temperature": 36.3, "place": "湖北", "abnormal": false });
    let reply = test.sign_in(&student).await.post("/reports", &health_report(yesterday)).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    test.clock.advance(TimeDelta::days(1));
    (test, student)
}

async fn today(test: &TestApp, student: &str) -> Option<Value> {
    let today = test.school().today(test.app.now()).to_string();
    let own = test.sign_in(student).await.get("/reports?form=health-daily").await;
    own.items().iter().find(|report| report["day"] == json!(today)).cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_reports_with_the_rest_as_it_was() {
    let (test, student) = reported_yesterday().await;
    test.clock.set_time("08:05");
    let answer = say(&test, &student, "３６．４℃").await;
    let said = text(&answer);
    assert!(
        said.starts_with("已报 08:05：健康日报，体温 36.4℃，其余与上次相同，包括“身体是否异常”。"),
        "{said}"
    );
    let report = today(&test, &student).await.expect("a report");
    assert_eq!(report["answers"], json!({ "temperature": 36.4, "place": "湖北", "abnormal": false }));
    assert_eq!(report["source"], json!("chat"));

    // A second number changes nothing.
    test.clock.set_time("09:00");
    let answer = say(&test, &student, "36.9").await;
    assert!(text(&answer).contains("已在 08:05 填报过，这次没有改动"), "{answer}");
    let report = today(&test, &student).await.expect("a report");
    assert_eq!((&report["revision"], &report["answers"]["temperature"]), (&json!(1), &json!(36.4)));
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_again_is_answered_once() {
    let (test, student) = reported_yesterday().await;
    let (crypto, _) = callbacks::crypto("app");
    let xml = format!(
        "<xml><ToUserName>x</ToUserName><FromUserName>{student}</FromUserName><CreateTime>1583366520</CreateTime>\
         <MsgType>text</MsgType><Content>36,4</Content><MsgId>77</MsgId><AgentID>1000002</AgentID></xml>"
    );
    for repeat in 0..20 {
        assert_eq!(
            callbacks::post(&test, "1/callback/rollcall", &crypto, &xml, repeat).await,
            StatusCode::OK
        );
    }
    test.run_jobs().await;
    // The process died before it was marked handled.
    test.owner.execute("update inbox set handled_at = null", &[]).await.unwrap();
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    assert_eq!(answers(&test, &student).await, 1);
    assert_eq!(today(&test, &student).await.expect("a report")["revision"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_as_it_was_is_opened() {
    let (test, student) = reported_yesterday().await;
    let other = test.students_of(&test.persona("counsellor")).await.pop().unwrap();
    assert_ne!(other, student);
    for (who, number, why) in [
        (&student, "37.5", "不能直接沿用"),
        (&student, "99", "体温应在 34.0 到 43.0℃ 之间"),
        (&student, "36.45", "最多 1 位小数"),
        (&other, "36.5", "不能直接沿用"),
    ] {
        let answer = say(&test, who, number).await;
        let said = text(&answer);
        assert!(said.contains(why) && said.contains("/h5/forms/health-daily?from=chat"), "{number}: {said}");
        assert!(today(&test, who).await.is_none(), "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_agreed_to_the_notice_is_led_to_it() {
    let (test, student) = reported_yesterday().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(publish(&administrator, 0, "我们会收集您每天的体温。").await.status, StatusCode::CREATED);
    let answer = say(&test, &student, "36.4").await;
    let said = text(&answer);
    assert!(said.contains("请先阅读告知书") && said.contains("/h5/forms/health-daily?from=chat"), "{said}");
    assert!(today(&test, &student).await.is_none());

    let signed_in = test.sign_in(&student).await;
    assert_eq!(agree(&signed_in, 1).await.status, StatusCode::NO_CONTENT);
    let answer = say(&test, &student, "36.4").await;
    assert!(text(&answer).starts_with("已报"), "{answer}");
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_names_the_last_reports_and_not_what_they_say() {
    let (test, student) = reported_yesterday().await;
    say(&test, &student, "36.4").await;
    let answer = say(&test, &student, "历史").await;
    let said = text(&answer);
    assert!(said.starts_with("最近 2 次填报：\n3月5日 08:00 健康日报\n3月4日 08:00 健康日报\n"), "{said}");
    assert!(!said.contains("36.") && !said.contains("正常") && !said.contains("湖北"), "{said}");
    let none = test.students_of(&test.persona("counsellor")).await.pop().unwrap();
    assert!(text(&say(&test, &none, "历史").await).starts_with("还没有填报记录"));
}

#[tokio::test(flavor = "multi_thread")]
async fn unreported_is_a_count_for_a_counsellor_and_ones_own_for_the_others() {
    let test = TestApp::start().await;
    let counsellor = test.persona("counsellor");
    let students = test.students_of(&counsellor).await;
    let normal = health_report(json!({ "temperature": 36.3, "place": "湖北", "abnormal": false }));
    test.sign_in(&students[0]).await.post("/reports", &normal).await;
    let answer = say(&test, &counsellor, "未报").await;
    let content = &answer["content"];
    assert_eq!((&answer["msgtype"], &content["card_type"]), (&json!("template_card"), &json!("text_notice")));
    let figure = format!("{}/{}", students.len() - 1, students.len());
    assert_eq!(content["emphasis_content"]["title"], json!(figure));
    assert!(
        content["card_action"]["url"].as_str().unwrap().contains("/h5/unreported/health-daily"),
        "{content}"
    );
    let names: Vec<String> = test
        .owner
        .query("select name from persons where number = any($1)", &[&students])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(!names.iter().any(|name| content.to_string().contains(name)), "no names in messages");

    let answer = say(&test, &students[1], "未报").await;
    let own = text(&answer);
    assert!(own.starts_with("您有 2 项待填：") && own.contains("健康日报（20:00 截止）"), "{own}");
}

#[tokio::test(flavor = "multi_thread")]
async fn anything_else_gets_one_helpful_answer() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    for (number, words) in ["你好", "三十六度四", "<script>"].into_iter().enumerate() {
        let answer = say(&test, &student, words).await;
        let said = text(&answer);
        assert!(said.contains("例如 36.4") && said.contains("历史") && said.contains("未报"), "{said}");
        assert!(!said.contains("script"), "nothing that was written comes back");
        assert_eq!(answers(&test, &student).await, number + 1);
        // The same words in the same second would be the same message.
        test.control("clock", &json!({ "advance_seconds": 1 })).await;
    }
    let counsellor = test.persona("counsellor");
    assert!(text(&say(&test, &counsellor, "?").await).contains("还有多少人未报"));
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_nobodys_is_told_so() {
    let test = TestApp::start_empty().await;
    test.sync().await;
    let answer = say(&test, &test.persona("student"), "36.4").await;
    assert!(text(&answer).contains("还没有对应到学校名册"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_keep_to_what_a_member_may_be_sent() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    for number in 0..28 {
        test.control(&format!("messages/{student}/say"), &json!({ "content": format!("你好 {number}") }))
            .await;
    }
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
    assert_eq!(answers(&test, &student).await, 25, "WeCom would drop the 31st of a minute without a word");
    test.clock.advance(TimeDelta::seconds(61));
    test.run_jobs().await;
    assert_eq!(answers(&test, &student).await, 28);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_not_late() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    test.control("faults", &json!({ "path": "message/send", "errcode": 60020, "times": 3 })).await;
    say(&test, &student, "你好").await;
    test.clock.advance(TimeDelta::minutes(11));
    test.run_jobs().await;
    assert_eq!(answers(&test, &student).await, 0, "nobody wants it any more");
}

/// Opens the app from the workbench, as the client does; the app hears of it.
async fn come_in(test: &TestApp, userid: &str) {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client.get(format!("{}/client/app", test.simulator.url()));
    let answer = request.header("cookie", format!("simulator_user={userid}")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    test.control("clock", &json!({ "advance_seconds": 1 })).await;
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_in_is_greeted_once_a_day_if_something_waits() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    for _ in 0..3 {
        come_in(&test, &student).await;
    }
    assert_eq!(answers(&test, &student).await, 1);
    let greeting = test.messages_of(&student).await[0].clone();
    let said = text(&greeting);
    assert!(said.starts_with("您有 2 项待填：\n健康日报（20:00 截止）\n"), "{said}");
    assert!(said.contains("直接回复体温即可，例如 36.5"), "{said}");

    // With everything done there is nothing to say.
    test.owner.execute("update forms set ends_on = starts_on where code = 'basic-info'", &[]).await.unwrap();
    test.clock.advance(TimeDelta::days(1));
    let normal = health_report(json!({ "temperature": 36.3, "place": "湖北", "abnormal": false }));
    assert_eq!(test.sign_in(&student).await.post("/reports", &normal).await.status, StatusCode::CREATED);
    come_in(&test, &student).await;
    assert_eq!(answers(&test, &student).await, 1);
    test.clock.advance(TimeDelta::days(1));
    come_in(&test, &student).await;
    assert_eq!(answers(&test, &student).await, 2);
}
