//! 核查: what stands out is noticed, told, looked at on record, sent back, put right and closed.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser_client::{Browser, Reply},
    test_app::{TestApp, health_report, normal_answers},
};

/// Feverish, and well all the same.
fn contradiction() -> Value {
    json!({ "temperature": 38.4, "place": "非疫区", "abnormal": false })
}

fn ill() -> Value {
    json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察", "symptoms": ["发热"] })
}

async fn report(student: &Browser, answers: Value) -> String {
    let reply = student.post("/reports", &health_report(answers)).await;
    assert!(reply.status.is_success(), "{}", reply.body);
    reply.body["receipt"].as_str().unwrap().to_owned()
}

async fn act(viewer: &Browser, receipt: &str, act: &str, note: &str) -> Reply {
    viewer.post(&format!("/reviews/{receipt}/{act}"), &json!({ "note": note })).await
}

async fn detail(viewer: &Browser, receipt: &str) -> Value {
    let reply = viewer.get(&format!("/reviews/{receipt}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body
}

fn state(detail: &Value) -> &str {
    detail["state"].as_str().unwrap_or("none")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_out_is_noticed_and_what_is_put_right_before_anybody_looked_is_closed() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await;
    let counsellor = test.sign_in(&counsellor_id).await;
    let (one, two, three) = (
        test.sign_in(&students[0]).await,
        test.sign_in(&students[1]).await,
        test.sign_in(&students[2]).await,
    );
    let contradicting = report(&one, contradiction()).await;
    test.clock.advance(TimeDelta::minutes(1));
    let sick = report(&two, ill()).await;
    report(&three, normal_answers()).await;

    let list = counsellor.get("/reviews").await;
    let found: Vec<(&Value, &Value)> =
        list.items().iter().map(|row| (&row["receipt"], &row["flags"])).collect();
    let expected = [
        (&json!(sick), &json!(["abnormal"])),
        (&json!(contradicting), &json!(["abnormal", "contradiction"])),
    ];
    assert_eq!(found, expected, "the newest first, and nobody who is well: {}", list.body);
    assert_eq!(
        counsellor.get("/reviews/counts").await.body,
        json!({ "open": 2, "sent_back": 0, "answered": 0 })
    );
    let by_flag = counsellor.get("/reviews?flag=contradiction&state=open&form=health-daily").await;
    assert_eq!(by_flag.items().len(), 1);
    assert!(counsellor.get("/reviews?form=trips").await.items().is_empty());
    assert!(counsellor.get("/reviews?department=999999").await.items().is_empty());
    let page = counsellor.get("/reviews?limit=1").await;
    let cursor = page.body["next_cursor"].as_str().unwrap();
    let rest = counsellor.get(&format!("/reviews?limit=1&cursor={cursor}")).await;
    assert_eq!(rest.items()[0]["receipt"], json!(contradicting));
    assert!(rest.body["next_cursor"].is_null());

    let head = detail(&counsellor, &contradicting).await;
    assert_eq!(head["checks"], json!(["体温偏高，却填“身体无异常”"]));
    assert_eq!(head["acts"][0]["act"], json!("opened"));
    assert!(head["acts"][0]["by"].is_null() && head.get("answers").is_none(), "{head}");
    assert!(!head.to_string().contains("38.4"), "the head holds none of the answers");

    // Before anybody looked, the person puts it right.
    report(&one, normal_answers()).await;
    let head = detail(&counsellor, &contradicting).await;
    assert_eq!((state(&head), &head["flags_now"]), ("closed", &json!([])));
    // And wrong again: it is open again.
    report(&one, contradiction()).await;
    assert_eq!(state(&detail(&counsellor, &contradicting).await), "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_back_may_be_changed_once_after_the_cut_off_and_is_closed() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let student_id = test.students_of(&counsellor_id).await[0].clone();
    let student = test.sign_in(&student_id).await;
    let receipt = report(&student, contradiction()).await;
    test.clock.set_time("21:00");
    let student = test.sign_in(&student_id).await;
    let late = student.post("/reports", &health_report(normal_answers())).await;
    assert_eq!((late.status, late.code()), (StatusCode::CONFLICT, "cutoff_passed"));

    let counsellor = test.sign_in(&counsellor_id).await;
    let bare = act(&counsellor, &receipt, "send-back", "  ").await;
    assert_eq!(bare.fields(), ["note"], "why is needed");
    let back = act(&counsellor, &receipt, "send-back", "请核对体温后重填").await;
    assert_eq!(back.body, json!({ "receipt": receipt, "state": "sent_back", "told": true }));
    test.clock.advance(TimeDelta::minutes(1));
    let again = act(&counsellor, &receipt, "send-back", "请核对体温后重填").await;
    assert_eq!(again.status, StatusCode::OK, "a second tap is the same");
    let acts = detail(&counsellor, &receipt).await["acts"].clone();
    assert_eq!(acts.as_array().unwrap().len(), 2, "{acts}");

    // The person is told, and of what only on the page.
    test.run_jobs().await;
    let messages: Vec<String> =
        test.messages_of(&student_id).await.iter().map(|message| message.to_string()).collect();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].contains("退回") && !messages[0].contains("体温"), "{messages:?}");
    let own = student.get(&format!("/reports/{receipt}")).await;
    assert_eq!(own.body["send_back_note"], json!("请核对体温后重填"));
    let form = student.get("/forms/health-daily").await;
    assert_eq!(
        (&form.body["sent_back"], &form.body["send_back_note"]),
        (&json!(true), &json!("请核对体温后重填"))
    );

    // The next morning it still waits for them.
    test.clock.advance(TimeDelta::hours(11));
    let student = test.sign_in(&student_id).await;
    let counsellor = test.sign_in(&counsellor_id).await;
    let today = student.get("/forms").await;
    let waiting = &today.items()[0];
    assert_eq!(
        (&waiting["sent_back"], &waiting["day"], &waiting["receipt"]["receipt"]),
        (&json!(true), &json!("2020-03-04"), &json!(receipt))
    );
    assert_eq!(today.items().iter().filter(|form| form["code"] == "health-daily").count(), 2, "and today's");
    let filled = student.get(&format!("/forms/health-daily?receipt={receipt}")).await;
    assert_eq!((&filled.body["day"], &filled.body["answers"]), (&json!("2020-03-04"), &contradiction()));
    let mut corrected = health_report(ill());
    corrected["receipt"] = json!(receipt);
    let put_right = student.post("/reports", &corrected).await;
    assert_eq!(put_right.status, StatusCode::OK, "{}", put_right.body);
    assert_eq!(
        (&put_right.body["revision"], &put_right.body["receipt"], &put_right.body["day"]),
        (&json!(2), &json!(receipt), &json!("2020-03-04"))
    );
    let mut yesterday = health_report(normal_answers());
    yesterday["day"] = json!("2020-03-04");
    assert_eq!(student.post("/reports", &yesterday).await.fields(), ["day"], "once");
    let head = detail(&counsellor, &receipt).await;
    assert_eq!((state(&head), &head["acts"][0]["act"]), ("answered", &json!("answered")));

    // Who looks at the first revision does not close the second.
    let stale =
        counsellor.post(&format!("/reviews/{receipt}/close"), &json!({ "note": "", "revision": 1 })).await;
    assert_eq!((stale.status, stale.code()), (StatusCode::CONFLICT, "overtaken"));
    assert!(stale.body["detail"].as_str().unwrap().contains("重新提交"), "{}", stale.body);
    assert_eq!(act(&counsellor, &receipt, "note", "已电话核实").await.status, StatusCode::OK);
    let closed =
        counsellor.post(&format!("/reviews/{receipt}/close"), &json!({ "note": "", "revision": 2 })).await;
    assert_eq!(closed.body["state"], json!("closed"), "{}", closed.body);
    assert!(student.get(&format!("/reports/{receipt}")).await.body["send_back_note"].is_null());
    let office = test.sign_in(&test.persona("school_office")).await;
    let second = act(&office, &receipt, "close", "").await;
    assert_eq!((second.status, second.code()), (StatusCode::CONFLICT, "overtaken"));
    assert!(
        second.body["detail"].as_str().unwrap().contains("办结"),
        "it says who was faster: {}",
        second.body
    );

    // What was said stands sealed.
    let rows: String =
        test.one("select coalesce(string_agg(encode(note, 'escape'), ''), '') from review_acts", &[]).await;
    assert!(!rows.contains("体温") && !rows.contains("核实"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_not_noticed_is_sent_back_by_person_and_day() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let student_id = test.students_of(&counsellor_id).await[0].clone();
    let counsellor = test.sign_in(&counsellor_id).await;
    let student = test.sign_in(&student_id).await;
    let receipt = report(&student, normal_answers()).await;
    let person: i64 = test.one("select person_id from persons where number = $1", &[&student_id]).await;
    let body = json!({ "form": "health-daily", "person": person, "note": "所在地与请假记录不一致" });
    let back = counsellor.post("/reviews", &body).await;
    assert_eq!(back.body, json!({ "receipt": receipt, "state": "sent_back", "told": true }));
    assert_eq!(counsellor.post("/reviews", &body).await.status, StatusCode::OK, "a second tap is the same");
    let head = detail(&counsellor, &receipt).await;
    assert_eq!((&head["flags"], head["acts"].as_array().unwrap().len()), (&json!([]), 1));
    report(&student, normal_answers()).await;
    assert_eq!(state(&detail(&counsellor, &receipt).await), "answered", "whoever sent it back looks again");
    let nothing = json!({ "form": "health-daily", "person": person, "day": "2020-03-01", "note": "x" });
    assert_eq!(counsellor.post("/reviews", &nothing).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_looked_at_on_record_and_by_nobody_else() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let student_id = test.students_of(&counsellor_id).await[0].clone();
    let student = test.sign_in(&student_id).await;
    let receipt = report(&student, contradiction()).await;
    report(&student, ill()).await;
    let path = format!("/reviews/{receipt}/answers");
    let counsellor = test.sign_in(&counsellor_id).await;
    assert_eq!(counsellor.post(&path, &json!({ "purpose": " " })).await.fields(), ["purpose"]);
    let looks: i64 = test.one("select count(*) from access_log", &[]).await;
    assert_eq!(looks, 0);
    let seen = counsellor.post(&path, &json!({ "purpose": "核实异常情况" })).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.body);
    let revisions = seen.body["revisions"].as_array().unwrap();
    assert_eq!(revisions.iter().map(|one| &one["answers"]).collect::<Vec<_>>(), [&ill(), &contradiction()]);
    assert_eq!(revisions[0]["changed"], json!(["abnormal", "condition", "symptoms"]));
    assert_eq!(revisions[1]["changed"], json!([]));
    assert_eq!(revisions[0]["texts"]["temperature"], json!("38.4℃"));
    assert_eq!(seen.body["fields"][0]["name"], json!("temperature"));
    let log = student.get("/access-log").await;
    assert_eq!(
        (&log.items()[0]["field"], &log.items()[0]["purpose"]),
        (&json!("answers"), &json!("核实异常情况")),
        "the person sees who looked, and what for"
    );

    // Another counsellor's report is not there.
    let other = test.sign_in(test.personas("counsellor").last().unwrap()).await;
    assert!(other.get("/reviews").await.items().is_empty());
    assert_eq!(other.get("/reviews/counts").await.body["open"], json!(0));
    let purpose = json!({ "purpose": "x" });
    assert_eq!(other.post(&path, &purpose).await.status, StatusCode::NOT_FOUND);
    assert_eq!(other.get(&format!("/reviews/{receipt}")).await.status, StatusCode::NOT_FOUND);
    for what in ["send-back", "note", "close"] {
        assert_eq!(act(&other, &receipt, what, "x").await.status, StatusCode::NOT_FOUND, "{what}");
    }
    for role in ["student", "college_leader", "school_leader", "administrator"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/reviews").await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(viewer.post(&path, &purpose).await.status, StatusCode::FORBIDDEN, "{role}");
    }
    let looks: i64 = test.one("select count(*) from access_log", &[]).await;
    assert_eq!(looks, 1, "who is refused leaves no look");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_checks_say_and_others_noted_is_a_look_once_a_day() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await;
    let contradicting = report(&test.sign_in(&students[0]).await, contradiction()).await;
    let sick = report(&test.sign_in(&students[1]).await, ill()).await;
    let counsellor = test.sign_in(&counsellor_id).await;
    assert_eq!(counsellor.get("/reviews").await.items().len(), 2);
    assert_eq!(test.looks_at(&students[0]).await, ["state"], "the list says flags");
    for _ in 0..2 {
        let head = detail(&counsellor, &contradicting).await;
        assert_eq!(head["checks"].as_array().unwrap().len(), 1, "what was answered, in part");
    }
    assert_eq!(test.looks_at(&students[0]).await, ["state", "review_note"]);

    assert!(act(&counsellor, &sick, "note", "已电话询问").await.status.is_success());
    assert_eq!(detail(&counsellor, &sick).await["acts"][0]["note"], json!("已电话询问"));
    assert_eq!(test.looks_at(&students[1]).await, ["state"], "no check holds, and their own note they know");
    let office = test.sign_in(&test.persona("school_office")).await;
    for _ in 0..2 {
        assert_eq!(detail(&office, &sick).await["acts"][0]["note"], json!("已电话询问"));
    }
    assert_eq!(test.looks_at(&students[1]).await, ["state", "review_note", "state"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_in_charge_are_told_once_how_many_and_never_whose() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await;
    for student in &students[..2] {
        report(&test.sign_in(student).await, contradiction()).await;
    }
    test.run_jobs().await;
    let told = test.messages_of(&counsellor_id).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let text = told[0].to_string();
    assert!(text.contains("2 份填报需要核查") && text.contains("/h5/reviews"), "{text}");
    let name: String = test.one("select name from persons where number = $1", &[&students[0]]).await;
    for word in [students[0].as_str(), &name, "体温", "异常", "发热"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    for other in [test.persona("college_office"), test.personas("counsellor").last().unwrap().clone()] {
        assert!(test.messages_of(&other).await.is_empty(), "not theirs: {other}");
    }

    // A minute later another one comes: it waits until ten minutes are over, and is told once.
    test.clock.advance(TimeDelta::minutes(1));
    report(&test.sign_in(&students[2]).await, ill()).await;
    test.run_jobs().await;
    assert_eq!(test.messages_of(&counsellor_id).await.len(), 1, "not at once again");
    test.clock.advance(TimeDelta::minutes(10));
    for _ in 0..2 {
        app::jobs::look_at_schedules(&test.app).await;
        test.run_jobs().await;
        let told = test.messages_of(&counsellor_id).await;
        assert_eq!(told.len(), 2, "each is told once");
        assert!(told.iter().any(|message| message.to_string().contains("1 份填报需要核查")), "{told:?}");
        test.clock.advance(TimeDelta::minutes(11));
    }
    let waiting: i64 = test.one("select count(*) from review_warnings where told_at is null", &[]).await;
    assert_eq!(waiting, 0);
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_in_a_minute_are_two_messages_and_no_flood() {
    let test = TestApp::start().await;
    let students: Vec<String> = test
        .owner
        .query(
            "select p.number from persons p join memberships m using (corp_id, person_id) join departments d using (corp_id, department_id)
             join members a on a.corp_id = p.corp_id and a.person_id = p.person_id
             where p.kind = 'student' and m.is_main and m.until_date is null and d.college_id is not null order by 1 limit 50",
            &[],
        )
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(students.len(), 50);
    let mut of_each = std::collections::BTreeMap::new();
    for counsellor in test.personas("counsellor") {
        let theirs = test.students_of(&counsellor).await;
        of_each.insert(counsellor, students.iter().filter(|student| theirs.contains(student)).count());
    }
    assert!(of_each.values().any(|theirs| *theirs > 20), "{of_each:?}");
    for student in &students {
        report(&test.sign_in(student).await, ill()).await;
        test.clock.advance(TimeDelta::seconds(1));
        // The worker looks after each of them.
        test.run_jobs().await;
    }
    for (counsellor, theirs) in of_each.iter().filter(|(_, theirs)| **theirs > 0) {
        assert_eq!(test.messages_of(counsellor).await.len(), 1, "{counsellor} of {theirs}");
    }
    test.clock.advance(TimeDelta::minutes(10));
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    for (counsellor, theirs) in of_each.iter().filter(|(_, theirs)| **theirs > 1) {
        let told = test.messages_of(counsellor).await;
        assert_eq!(told.len(), 2, "{counsellor}: {told:?}");
        let rest = format!("{} 份填报需要核查", theirs - 1);
        assert!(told[0].to_string().contains(&rest), "{rest}: {told:?}");
    }
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_class_has_no_counsellor_the_college_office_is_told() {
    let test = TestApp::start().await;
    let office = test.persona("college_office");
    // A student under this office's college, whose counsellors are gone.
    let student: String = test
        .one(
            "select s.number from persons s
             join memberships m on m.corp_id = s.corp_id and m.person_id = s.person_id and m.is_main and m.until_date is null
             join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id
             join grants g on g.corp_id = d.corp_id and g.department_id = d.college_id and g.role = 'college_office'
             join persons o on o.corp_id = g.corp_id and o.person_id = g.person_id and o.number = $1
             where s.kind = 'student' order by s.number limit 1",
            &[&office],
        )
        .await;
    test.owner.execute("delete from grants where role = 'counsellor'", &[]).await.unwrap();
    report(&test.sign_in(&student).await, ill()).await;
    test.run_jobs().await;
    let told = test.messages_of(&office).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].to_string().contains("1 份填报需要核查"));
    assert!(test.messages_of(&test.persona("school_office")).await.is_empty(), "the nearest office alone");
}
