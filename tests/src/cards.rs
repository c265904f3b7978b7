//! Cards that work: a reminder that reports by two taps, and says what is true whatever else happened.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    callbacks,
    privacy_notices::publish,
    test_app::{TestApp, health_report, normal_answers},
};

/// A class on the day after its students reported normally, but for the last of them; with their counsellor's reminder out.
struct Morning {
    test: TestApp,
    counsellor: String,
    students: Vec<String>,
}

impl Morning {
    async fn start() -> Self {
        let morning = Self::before_the_reminder().await;
        morning.remind().await;
        morning
    }

    async fn before_the_reminder() -> Self {
        let test = TestApp::start().await;
        let counsellor = test.persona("counsellor");
        let students = test.students_of(&counsellor).await;
        for student in &students[..students.len() - 1] {
            let answers = json!({ "temperature": 36.3, "place": "湖北", "abnormal": false });
            let reply = test.sign_in(student).await.post("/reports", &health_report(answers)).await;
            assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
        }
        test.clock.advance(TimeDelta::days(1));
        Self { test, counsellor, students }
    }

    async fn remind(&self) {
        let counsellor = self.test.sign_in(&self.counsellor).await;
        let round = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
        assert_eq!(round.status, StatusCode::ACCEPTED, "{}", round.body);
        self.test.run_jobs().await;
    }

    /// The newest message of somebody.
    async fn card(&self, student: &str) -> Value {
        self.test.messages_of(student).await.first().cloned().expect("a message")
    }

    /// A tap in the client, and all that comes of it.
    async fn tap(&self, student: &str, band: &str) {
        self.tap_only(student, band).await;
        self.test.run_jobs().await;
    }

    async fn tap_only(&self, student: &str, band: &str) {
        let msgid = self.card(student).await["msgid"].clone();
        let click = json!({ "msgid": msgid, "key": "submit", "selected": { "measured": [band] } });
        self.test.control(&format!("messages/{student}/click"), &click).await;
        self.test.simulator.callbacks_delivered().await;
    }

    async fn reports_today(&self) -> i64 {
        let today = self.test.school().today(self.test.app.now());
        self.test.one("select count(*) from reports where day = $1", &[&today]).await
    }

    async fn updates(&self) -> Vec<String> {
        let sql = "select state from card_updates order by update_id";
        self.test.owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    async fn update_calls(&self) -> usize {
        self.test.count_calls("message/update_template_card").await
    }
}

fn words(card: &Value) -> String {
    let content = &card["content"];
    format!(
        "{} {}",
        content["main_title"]["title"].as_str().unwrap(),
        content["sub_title_text"].as_str().unwrap()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn two_taps_report_and_the_card_turns() {
    let morning = Morning::start().await;
    let (test, student) = (&morning.test, &morning.students[0]);
    let card = morning.card(student).await;
    assert_eq!(card["msgtype"], json!("template_card"));
    let content = &card["content"];
    assert_eq!(content["main_title"]["title"], json!("健康日报待填写"));
    assert_eq!(
        content["horizontal_content_list"],
        json!([
            { "keyname": "表单", "value": "健康日报" },
            { "keyname": "截止", "value": "20:00，之后算迟报" },
            { "keyname": "其余", "value": "与上次相同，包括“身体是否异常”" },
        ])
    );
    let selection = &content["button_selection"];
    assert_eq!(selection["title"], json!("体温"));
    let options = selection["option_list"].as_array().unwrap();
    assert_eq!(options[0], json!({ "id": "none", "text": "请选择体温" }), "nothing is chosen for anybody");
    assert_eq!(options[5], json!({ "id": "36.5", "text": "36.5℃" }));
    assert_eq!(selection["selected_id"], json!("none"));
    let buttons: Vec<&Value> =
        content["button_list"].as_array().unwrap().iter().map(|one| &one["text"]).collect();
    assert_eq!(buttons, ["提交", "打开"]);
    let batch: String = test
        .one(
            "select batch_id::text from outbox o join persons p using (corp_id, person_id)
                                  where p.number = $1",
            &[student],
        )
        .await;
    assert_eq!(card["task_id"], json!(batch), "a card is known by its batch");

    let counsellor = test.sign_in(&morning.counsellor).await;
    let before = counsellor.get("/unreported/health-daily").await.body["total"].as_i64().unwrap();
    test.clock.set_time("07:42");
    morning.tap(student, "36.5").await;

    let signed_in = test.sign_in(student).await;
    let own = signed_in.get("/reports?form=health-daily").await;
    let report = &own.items()[0];
    assert_eq!(report["answers"], json!({ "temperature": 36.5, "place": "湖北", "abnormal": false }));
    assert_eq!((&report["source"], &report["revision"]), (&json!("card"), &json!(1)));
    let receipt = report["receipt"].as_str().unwrap();
    let revisions = signed_in.get(&format!("/reports/{receipt}/revisions")).await;
    let revision = &revisions.items()[0];
    assert_eq!((&revision["source"], &revision["carried"]), (&json!("card"), &json!(["abnormal", "place"])));
    let after = counsellor.get("/unreported/health-daily").await.body["total"].as_i64().unwrap();
    assert_eq!(after, before - 1);

    let turned = morning.card(student).await;
    assert_eq!(turned["disabled"], json!("已报 07:42"));
    assert!(words(&turned).starts_with("健康日报已填报"), "{turned}");
    let classmate = morning.card(&morning.students[1]).await;
    assert_eq!(words(&classmate), words(&card), "the others' cards are as they were");
    assert_eq!(morning.update_calls().await, 1);
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_was_normal_by_their_own_word_is_asked_one_thing() {
    let morning = Morning::before_the_reminder().await;
    let test = &morning.test;
    let students = &morning.students;
    let of = |number: &str| format!("(select person_id from persons where number = '{number}')");
    let change = async |set: &str, number: &str| {
        let sql = format!("update reports set {set} where person_id = {}", of(number));
        assert_eq!(test.owner.execute(&sql, &[]).await.unwrap(), 1);
    };
    change("state = 'abnormal'", &students[1]).await;
    change("flags = '{contradiction}'", &students[2]).await;
    change("source = 'behalf'", &students[3]).await;
    morning.remind().await;
    let quick = |card: &Value| card["content"].get("button_selection").is_some();
    assert!(quick(&morning.card(&students[0]).await));
    for student in [&students[1], &students[2], &students[3], students.last().unwrap()] {
        let card = morning.card(student).await;
        assert!(!quick(&card), "{student}");
        let buttons = card["content"]["button_list"].as_array().unwrap();
        assert_eq!(buttons.len(), 1);
        assert!(buttons[0]["url"].as_str().unwrap().contains("/h5/forms/health-daily?from=reminder&m="));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_before_the_notice_is_agreed_to_leads_to_it() {
    let morning = Morning::start().await;
    let (test, student) = (&morning.test, &morning.students[0]);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(publish(&administrator, 0, "我们会收集您每天的体温。").await.status, StatusCode::CREATED);
    morning.tap(student, "36.5").await;
    assert_eq!(morning.reports_today().await, 0);
    let card = morning.card(student).await;
    assert!(words(&card).contains("请先阅读告知书"), "{card}");
    let button = &card["content"]["button_list"][0];
    assert!(button["url"].as_str().unwrap().contains("/h5/forms/health-daily?from=card"), "{card}");
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_is_one_report_however_often_it_comes() {
    let morning = Morning::start().await;
    let (test, student) = (&morning.test, &morning.students[0]);
    let (crypto, _) = callbacks::crypto("app");
    let task = morning.card(student).await["task_id"].as_str().unwrap().to_owned();
    let event = |code: &str, band: &str| {
        format!(
            "<xml><ToUserName>x</ToUserName><FromUserName>{student}</FromUserName><CreateTime>1583366520</CreateTime>\
             <MsgType>event</MsgType><Event>template_card_event</Event><EventKey>submit</EventKey><TaskId>{task}</TaskId>\
             <CardType>button_interaction</CardType><ResponseCode>{code}</ResponseCode><AgentID>1000002</AgentID>\
             <SelectedItems><SelectedItem><QuestionKey>measured</QuestionKey><OptionIds><OptionId>{band}</OptionId></OptionIds>\
             </SelectedItem></SelectedItems></xml>"
        )
    };
    // WeCom repeats one tap, and the member taps on while nothing has changed yet.
    for repeat in 0..30 {
        let xml = event("code-1", "36.5");
        assert_eq!(callbacks::post(test, "1/callback/rollcall", &crypto, &xml, repeat).await, StatusCode::OK);
    }
    for number in 2..12 {
        let xml = event(&format!("code-{number}"), "36.8");
        assert_eq!(callbacks::post(test, "1/callback/rollcall", &crypto, &xml, 1).await, StatusCode::OK);
    }
    test.run_jobs().await;
    assert_eq!(morning.reports_today().await, 1);
    let own = test.sign_in(student).await.get("/reports?form=health-daily").await;
    assert_eq!(
        (&own.items()[0]["revision"], &own.items()[0]["answers"]["temperature"]),
        (&json!(1), &json!(36.5))
    );
    assert_eq!(morning.updates().await.len(), 11, "one change for each tap");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_the_report_and_the_card_changes_nothing() {
    let morning = Morning::start().await;
    let (test, student) = (&morning.test, &morning.students[0]);
    // The change is made, and its answer lost.
    test.control(
        "faults",
        &json!({ "path": "message/update_template_card", "takes_effect": true, "http_status": 502, "times": 1 }),
    )
    .await;
    morning.tap(student, "36.5").await;
    assert_eq!(morning.updates().await, ["waiting"]);
    // The process died after the report, and before the tap was marked handled.
    let sql = "update inbox set handled_at = null where event = 'template_card_event'";
    assert_eq!(test.owner.execute(sql, &[]).await.unwrap(), 1);
    test.owner.execute("delete from card_updates", &[]).await.unwrap();
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    assert_eq!(morning.reports_today().await, 1);
    let own = test.sign_in(student).await.get("/reports?form=health-daily").await;
    assert_eq!(own.items()[0]["revision"], json!(1));
    assert_eq!(morning.card(student).await["disabled"], json!("已报 08:00"));
    assert_eq!(morning.updates().await, ["gone"], "the code was used by the change that was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_not_answered_is_tried_again_and_not_for_ever() {
    let morning = Morning::start().await;
    let (test, students) = (&morning.test, &morning.students);
    let lost = json!({ "path": "message/update_template_card", "takes_effect": true, "http_status": 502, "times": 1 });
    test.control("faults", &lost).await;
    morning.tap(&students[0], "36.5").await;
    test.clock.advance(TimeDelta::seconds(10));
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    assert_eq!(morning.updates().await, ["done"], "its own code was used");
    assert_eq!(morning.update_calls().await, 2);

    // Silent for a while.
    test.control(
        "faults",
        &json!({ "path": "message/update_template_card", "http_status": 502, "times": 4 }),
    )
    .await;
    morning.tap(&students[1], "36.6").await;
    assert_eq!(morning.reports_today().await, 2, "what was reported is reported");
    for _ in 0..8 {
        test.clock.advance(TimeDelta::minutes(2));
        app::jobs::look_at_schedules(&test.app).await;
        test.run_jobs().await;
    }
    assert_eq!(morning.updates().await, ["done", "done"]);
    assert_eq!(morning.card(&students[1]).await["disabled"], json!("已报 08:00"));

    // Silent for good.
    test.control("faults", &json!({ "path": "message/update_template_card", "http_status": 502 })).await;
    morning.tap(&students[2], "36.6").await;
    let before = morning.update_calls().await;
    for _ in 0..11 {
        test.clock.advance(TimeDelta::hours(1));
        app::jobs::look_at_schedules(&test.app).await;
        test.run_jobs().await;
    }
    let tries = morning.update_calls().await - before;
    assert!(tries > 5, "{tries}");
    // Later only the end is recorded, and WeCom is asked no more.
    let sql = "update card_updates set attempts = 19, not_before = at where state = 'waiting' and member_id is not null";
    assert_eq!(test.owner.execute(sql, &[]).await.unwrap(), 1);
    for _ in 0..2 {
        app::jobs::look_at_schedules(&test.app).await;
        test.run_jobs().await;
    }
    assert_eq!(morning.updates().await[2], "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_used_is_not_used_again() {
    let morning = Morning::start().await;
    let (test, student) = (&morning.test, &morning.students[0]);
    test.control("faults", &json!({ "path": "message/update_template_card", "errcode": 60140, "times": 1 }))
        .await;
    morning.tap(student, "36.5").await;
    assert_eq!(morning.updates().await, ["gone"]);
    test.clock.advance(TimeDelta::hours(1));
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    assert_eq!(morning.update_calls().await, 1);
    assert_eq!(morning.reports_today().await, 1);
    // The next tap brings a code of its own.
    morning.tap(student, "36.5").await;
    assert_eq!(morning.card(student).await["disabled"], json!("已报 08:00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_chose_nothing_is_asked_again() {
    let morning = Morning::start().await;
    let student = &morning.students[0];
    for wrong in ["none", "36.55"] {
        morning.tap(student, wrong).await;
        assert_eq!(morning.reports_today().await, 0, "{wrong}");
        if wrong == "none" {
            let card = morning.card(student).await;
            assert!(words(&card).contains("还没有选择体温"), "{card}");
            assert_eq!(
                (&card["disabled"], card["content"]["button_list"].as_array().unwrap().len()),
                (&Value::Null, 2)
            );
        }
    }
    // No choice at all comes as no choice.
    let other = &morning.students[1];
    let msgid = morning.card(other).await["msgid"].clone();
    morning
        .test
        .control(&format!("messages/{other}/click"), &json!({ "msgid": msgid, "key": "submit" }))
        .await;
    morning.test.simulator.callbacks_delivered().await;
    morning.test.run_jobs().await;
    assert!(words(&morning.card(other).await).contains("还没有选择体温"));
    morning.tap(other, "36.4").await;
    assert_eq!(morning.card(other).await["disabled"], json!("已报 08:00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_reported_since_is_told_when() {
    let morning = Morning::start().await;
    let (test, student) = (&morning.test, &morning.students[0]);
    test.clock.set_time("09:30");
    let reply = test.sign_in(student).await.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    test.clock.set_time("11:00");
    morning.tap(student, "36.9").await;
    assert_eq!(morning.card(student).await["disabled"], json!("已报 09:30"));
    let own = test.sign_in(student).await.get("/reports?form=health-daily").await;
    assert_eq!(
        (&own.items()[0]["source"], &own.items()[0]["answers"]["temperature"]),
        (&json!("self"), &json!(36.5))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_back_is_put_right_on_the_page() {
    let morning = Morning::start().await;
    let (test, student) = (&morning.test, &morning.students[0]);
    let ill = json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察", "symptoms": ["发热"] });
    let reply = test.sign_in(student).await.post("/reports", &health_report(ill)).await;
    let receipt = reply.body["receipt"].as_str().unwrap().to_owned();
    let counsellor = test.sign_in(&morning.counsellor).await;
    let back = counsellor.post(&format!("/reviews/{receipt}/send-back"), &json!({ "note": "请核对" })).await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.body);
    // The reminder stands below the word that it was sent back: it is the older one that is tapped.
    let msgid = test.messages_of(student).await.last().unwrap()["msgid"].clone();
    let click = json!({ "msgid": msgid, "key": "submit", "selected": { "measured": ["36.5"] } });
    test.control(&format!("messages/{student}/click"), &click).await;
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
    let card = test.messages_of(student).await.last().unwrap().clone();
    assert!(words(&card).starts_with("健康日报已退回"), "{card}");
    assert_eq!(card["disabled"], Value::Null, "打开 still opens");
    let own = test.sign_in(student).await.get("/reports?form=health-daily").await;
    assert_eq!(own.items()[0]["revision"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_normal_is_opened() {
    let morning = Morning::start().await;
    let (test, student) = (&morning.test, &morning.students[0]);
    // Yesterday's report is not what it was when the card went out.
    let sql = "update reports set state = 'abnormal' where person_id = (select person_id from persons where number = $1)";
    test.owner.execute(sql, &[student]).await.unwrap();
    morning.tap(student, "36.5").await;
    assert_eq!(morning.reports_today().await, 0);
    let card = morning.card(student).await;
    assert!(words(&card).contains("请打开填写"), "{card}");
    assert!(
        card["content"]["card_action"]["url"].as_str().unwrap().ends_with("/h5/forms/health-daily?from=card")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_of_yesterday_reports_nothing_today() {
    let morning = Morning::start().await;
    let test = &morning.test;
    test.clock.advance(TimeDelta::days(1));
    morning.tap(&morning.students[0], "36.5").await;
    assert_eq!(morning.reports_today().await, 0);
    let card = morning.card(&morning.students[0]).await;
    assert_eq!(card["disabled"], json!("已截止"));
    assert!(words(&card).contains("今晚 24:00 截止，没有提交"), "{card}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_nobody_knows_any_more_says_so() {
    let morning = Morning::start().await;
    let (test, student) = (&morning.test, &morning.students[0]);
    test.owner.execute("update outbox set batch_id = null", &[]).await.unwrap();
    morning.tap(student, "36.5").await;
    assert_eq!(morning.reports_today().await, 0);
    assert!(words(&morning.card(student).await).starts_with("卡片已失效"));
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_cut_off_the_cards_of_a_batch_turn_together() {
    let morning = Morning::start().await;
    let test = &morning.test;
    let students = &morning.students;
    test.clock.set_time("07:42");
    morning.tap(&students[0], "36.5").await;
    let calls = morning.update_calls().await;
    let look = async || {
        app::jobs::look_at_schedules(&test.app).await;
        test.run_jobs().await;
        morning.update_calls().await - calls
    };
    test.clock.set_time("19:59");
    // The rule's rounds stay out of this: only the counsellor's is looked at.
    assert_eq!(look().await, 0);
    let batches: i64 =
        test.one("select count(*) from outbox_batches where response_code is not null", &[]).await;
    test.clock.set_time("20:00");
    assert_eq!(look().await, usize::try_from(batches).unwrap(), "one call a batch");
    let turned = morning.card(&students[1]).await;
    assert_eq!(turned["disabled"], json!("已截止"));
    assert!(words(&turned).contains("已于 20:00 截止。没有填报的，今晚 24:00前可以打开补报"), "{turned}");
    assert_eq!(
        morning.card(&students[0]).await["disabled"],
        json!("已报 07:42"),
        "who has reported is left alone"
    );
    assert_eq!(look().await, usize::try_from(batches).unwrap(), "once");
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_whose_code_has_ended_are_left_alone() {
    let morning = Morning::start().await;
    let test = &morning.test;
    // Nobody looked for three days.
    test.clock.advance(TimeDelta::days(3));
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    assert_eq!(morning.updates().await, Vec::<String>::new());
    assert_eq!(morning.update_calls().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_moves_the_cut_off_of_cards_too() {
    let morning = Morning::start().await;
    let test = &morning.test;
    let at = |hour: i64| -> DateTime<Utc> {
        let now = test.app.now();
        now.date_naive().and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::hours(hour)
    };
    // Two hours of the afternoon nobody could report: 14:00 to 16:00 at the school.
    test.owner
        .execute(
            "insert into outages (corp_id, from_time, until_time, cause, at) values (1, $1, $2, 'recorded', $2)",
            &[&at(6), &at(8)],
        )
        .await
        .unwrap();
    for (time, expected) in [("20:30", false), ("22:00", true)] {
        test.clock.set_time(time);
        app::jobs::look_at_schedules(&test.app).await;
        test.run_jobs().await;
        let turned = morning.updates().await.iter().any(|state| state == "done");
        assert_eq!(turned, expected, "{time}");
    }
}
