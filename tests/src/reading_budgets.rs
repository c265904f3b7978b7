//! 查看额度与告警: how many people's data one account may read a day, who lifts it, and what is told of it.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser_client::{Browser, Reply},
    test_app::{Shape, TestApp, health_report},
};

/// A school that lets its counsellors read so much.
async fn school(budget: Value) -> TestApp {
    let reading_budgets = json!({ "counsellor": budget });
    let test = TestApp::start_with(Shape { reading_budgets, ..Shape::default() }).await;
    test.sync().await;
    test.import_roster().await;
    test
}

/// A member of the staff who audits from now on.
async fn auditor(test: &TestApp) -> String {
    let userid = test.persona("staff");
    let sql = "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
        select 1, person_id, 'auditor', 1, '审计', 'manual', '2020-01-01', '2021-01-01' from persons where number = $1";
    assert_eq!(test.owner.execute(sql, &[&userid]).await.unwrap(), 1);
    test.forget_viewers().await;
    userid
}

async fn call(browser: &Browser, person: &Value) -> Reply {
    browser.post(&format!("/people/{person}/phone"), &json!({ "purpose": "call" })).await
}

/// Ids of a counsellor's students.
async fn students(browser: &Browser) -> Vec<Value> {
    let list = browser.get("/unreported/health-daily?limit=200").await;
    let ids: Vec<Value> = list.items().iter().map(|row| row["id"].clone()).collect();
    assert!(ids.len() > 21, "{}", list.body);
    ids
}

/// What somebody has read on a day already, so many days ago.
async fn has_read(test: &TestApp, userid: &str, kind: &str, days_ago: i32, (people, at_night): (i64, i64)) {
    let sql = "insert into reading_budgets (corp_id, member_id, day, kind, people, at_night)
        select 1, member_id, date '2020-03-04' - $3::int, $2, $4, $5 from members where userid = $1";
    let added = test.owner.execute(sql, &[&userid, &kind, &days_ago, &people, &at_night]).await.unwrap();
    assert_eq!(added, 1);
}

/// The kinds of alarms, with how many people each says.
async fn alarms(test: &TestApp) -> Vec<(String, i64)> {
    let rows =
        test.owner.query("select kind, people from reading_alarms order by alarm_id", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn looks(test: &TestApp) -> i64 {
    test.one("select count(*) from access_log", &[]).await
}

/// What those who audit were told.
async fn told(test: &TestApp, userid: &str) -> Vec<String> {
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    let messages = test.messages_of(userid).await;
    messages.iter().map(Value::to_string).filter(|message| message.contains("查看告警")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_a_days_budget_nothing_is_shown_until_somebody_else_lifts_it() {
    let test = school(json!({ "phones": 20 })).await;
    let auditor_id = auditor(&test).await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    let people = students(&counsellor).await;
    for person in &people[..20] {
        let shown = call(&counsellor, person).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
    }
    assert_eq!(alarms(&test).await, [], "an honest day");
    let again = call(&counsellor, &people[0]).await;
    assert_eq!(again.status, StatusCode::OK, "the same person again is free: {}", again.body);
    assert_eq!(looks(&test).await, 21, "and on record");

    for _ in 0..2 {
        let refused = call(&counsellor, &people[20]).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.body);
        assert_eq!(refused.body["code"], json!("budget_spent"));
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("看手机号的额度是 20 人") && detail.contains("审计员"), "{detail}");
    }
    assert_eq!(looks(&test).await, 21, "what is not shown is no look");
    let spent: i64 = test.one("select people from reading_budgets where kind = 'phones'", &[]).await;
    assert_eq!(spent, 20);
    assert_eq!(alarms(&test).await, [("refused".to_owned(), 20)]);

    // Those who audit hear of it once, of how many accounts and of nobody.
    let messages = told(&test, &auditor_id).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    let name: String = test.one("select name from persons where number = $1", &[&userid]).await;
    assert!(messages[0].contains("1 个账号"), "{}", messages[0]);
    assert!(!messages[0].contains(&name) && !messages[0].contains(&userid), "it may stand on a lock screen");
    assert_eq!(told(&test, &auditor_id).await.len(), 1, "not again");

    // Whoever audits lifts it for today, with a reason, and for somebody else.
    let lift = |number: &str, reading: &str, reason: &str| json!({ "number": number, "reading": reading, "reason": reason });
    let auditor = test.sign_in(&auditor_id).await;
    let own = auditor.post("/reading-lifts", &lift(&auditor_id, "phones", "自查")).await;
    assert_eq!(own.fields(), ["number"], "{}", own.body);
    let none = auditor.post("/reading-lifts", &lift(&userid, "phones", " ")).await;
    assert_eq!(none.fields(), ["reason"]);
    let nobody = auditor.post("/reading-lifts", &lift("nobody", "phones", "家访")).await;
    assert_eq!(nobody.fields(), ["number"]);
    let asked = counsellor.post("/reading-lifts", &lift(&userid, "phones", "家访")).await;
    assert_eq!(asked.status, StatusCode::FORBIDDEN);
    for _ in 0..3 {
        let given = auditor.post("/reading-lifts", &lift(&userid, "phones", "全班家访")).await;
        assert_eq!(given.status, StatusCode::OK, "{}", given.body);
    }
    let fourth = auditor.post("/reading-lifts", &lift(&userid, "phones", "全班家访")).await;
    assert_eq!(fourth.fields(), ["number"], "{}", fourth.body);
    assert_eq!(call(&counsellor, &people[20]).await.status, StatusCode::OK);
    let lifts = auditor.get("/reading-lifts").await;
    assert_eq!(lifts.items().len(), 3, "{}", lifts.body);
    assert_eq!((&lifts.items()[0]["people"], &lifts.items()[0]["reason"]), (&json!(20), &json!("全班家访")));
    let events = auditor.get("/audit?act=reading_lifted").await;
    assert_eq!(events.items().len(), 3, "{}", events.body);
    assert_eq!(events.items()[0]["subject"]["number"], json!(userid));

    // What became of the alarm is noted once, by somebody else.
    let open = auditor.get("/reading-alarms?open=true").await;
    let alarm = &open.items()[0];
    assert_eq!((&alarm["kind"], &alarm["number"]), (&json!("refused"), &json!(userid)));
    assert_eq!((&alarm["people"], &alarm["usual"], &alarm["own"]), (&json!(20), &json!(20), &json!(false)));
    let path = format!("/reading-alarms/{}/settlement", alarm["id"]);
    assert_eq!(auditor.post(&path, &json!({ "note": "" })).await.fields(), ["note"]);
    let note = json!({ "note": "已问，全班家访" });
    assert_eq!(auditor.post(&path, &note).await.status, StatusCode::NO_CONTENT);
    assert_eq!(auditor.post(&path, &note).await.status, StatusCode::NOT_FOUND, "once");
    assert_eq!(auditor.get("/reading-alarms?open=true").await.items().len(), 0);
    assert_eq!(auditor.get("/reading-alarms").await.items()[0]["note"], json!("已问，全班家访"));
    assert_eq!(auditor.get("/audit?act=reading_alarm_settled").await.items().len(), 1);

    // Another day is another budget.
    test.clock.advance(TimeDelta::days(1));
    let counsellor = test.sign_in(&userid).await;
    assert_eq!(call(&counsellor, &people[0]).await.status, StatusCode::OK);
    let days: i64 = test.one("select count(distinct day) from reading_budgets", &[]).await;
    assert_eq!(days, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_once_spend_no_more_than_the_budget() {
    let test = school(json!({ "phones": 20 })).await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    let people = students(&counsellor).await;
    has_read(&test, &userid, "phones", 0, (10, 0)).await;
    let asked = people[..20].iter().map(|person| call(&counsellor, person));
    let answers = futures_util::future::join_all(asked).await;
    let shown = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(shown, 10, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert_eq!(looks(&test).await, 10);
    let spent: i64 = test.one("select people from reading_budgets", &[]).await;
    assert_eq!(spent, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_lifts_given_at_once_no_more_than_three_stand() {
    let test = school(json!({ "phones": 20 })).await;
    let auditor_id = auditor(&test).await;
    let auditor = test.sign_in(&auditor_id).await;
    let lift = json!({ "number": test.persona("counsellor"), "reading": "phones", "reason": "全班家访" });
    let answers = futures_util::future::join_all((0..6).map(|_| auditor.post("/reading-lifts", &lift))).await;
    let given = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    let refused = answers.iter().filter(|answer| answer.fields() == ["number"]).count();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!((given, refused), (3, 3), "{statuses:?}");
    let people: i64 = test.one("select sum(people)::bigint from reading_lifts", &[]).await;
    assert_eq!(people, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_settles_an_alarm_of_an_account_they_had_before() {
    let test = school(json!({ "phones": 20 })).await;
    let auditor_id = auditor(&test).await;
    let before = test.persona("student");
    has_read(&test, &before, "phones", 0, (30, 0)).await;
    let sql = "update members set left_on = '2020-03-01',
        person_id = (select person_id from persons where number = $1) where userid = $2";
    assert_eq!(test.owner.execute(sql, &[&auditor_id, &before]).await.unwrap(), 1);
    test.owner
        .batch_execute(
            "insert into reading_alarms (corp_id, member_id, day, kind, reading, people, at)
             select corp_id, member_id, day, 'unusual', kind, people, day from reading_budgets",
        )
        .await
        .unwrap();
    test.forget_viewers().await;
    let settled = json!({ "note": "已问" });
    let own = test.sign_in(&auditor_id).await;
    let alarm = own.get("/reading-alarms?open=true").await.items()[0].clone();
    assert_eq!(alarm["own"], json!(true));
    let path = format!("/reading-alarms/{}/settlement", alarm["id"]);
    assert_eq!(own.post(&path, &settled).await.status, StatusCode::NOT_FOUND);
    let other = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(other.get("/reading-alarms?open=true").await.items()[0]["own"], json!(false));
    assert_eq!(other.post(&path, &settled).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn far_more_than_usual_and_many_at_night_stand_out_and_an_honest_day_does_not() {
    let test = TestApp::start().await;
    let [one, other] = [0, 1].map(|nth| test.personas("counsellor")[nth].clone());
    // Thirty a day are thrice what one of them usually reads, and not what the other does.
    for days_ago in 1..=10 {
        has_read(&test, &one, "phones", days_ago, (9, 0)).await;
        has_read(&test, &other, "phones", days_ago, (10, 0)).await;
    }
    let mut people = Vec::new();
    for userid in [&one, &other] {
        has_read(&test, userid, "phones", 0, (29, 0)).await;
        let counsellor = test.sign_in(userid).await;
        people = students(&counsellor).await;
        assert_eq!(call(&counsellor, &people[0]).await.status, StatusCode::OK);
    }
    assert_eq!(alarms(&test).await, [("unusual".to_owned(), 30)]);
    let of: String = test
        .one("select m.userid from reading_alarms a join members m using (corp_id, member_id)", &[])
        .await;
    assert_eq!(of, one);

    // Late in the evening the other one reads on.
    test.clock.advance(TimeDelta::days(1));
    test.clock.set_time("22:30");
    has_read(&test, &other, "phones", -1, (30, 30)).await;
    let counsellor = test.sign_in(&other).await;
    assert_eq!(call(&counsellor, &people[1]).await.status, StatusCode::OK);
    assert_eq!(alarms(&test).await.last(), Some(&("off_hours".to_owned(), 31)));
    // And takes a list along: once for what she reads one by one, once for what she takes.
    has_read(&test, &other, "exported", -1, (1_000, 1_000)).await;
    has_read(&test, &other, "exported", 0, (40_000, 0)).await;
    assert_eq!(counsellor.post("/exports", &list()).await.status, StatusCode::ACCEPTED);
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
    let kinds: Vec<String> = alarms(&test).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["unusual", "off_hours", "night_export"]);

    // The officer who is named hears of it, and nobody else: of two accounts' days.
    let officer = test.persona("staff");
    let mut config = server::config::Config::clone(&test.config);
    config.schools[0].data_protection_officer = Some(officer.clone());
    let app = server::compose::app(&config, test.clock.clone()).unwrap();
    app::jobs::look_at_schedules(&app).await;
    test.clock.advance(TimeDelta::hours(10));
    while app::jobs::run_one(&app).await.unwrap() {}
    let messages = test.messages_of(&officer).await;
    let messages: Vec<String> =
        messages.iter().map(Value::to_string).filter(|message| message.contains("查看告警")).collect();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].contains("2 个账号"), "{}", messages[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_settled_hides_nothing_that_is_read_after_it() {
    let test = school(json!({ "phones": 60 })).await;
    let auditor_id = auditor(&test).await;
    let userid = test.persona("counsellor");
    has_read(&test, &userid, "phones", 0, (29, 0)).await;
    let counsellor = test.sign_in(&userid).await;
    let people = students(&counsellor).await;
    assert_eq!(call(&counsellor, &people[0]).await.status, StatusCode::OK);
    assert_eq!(alarms(&test).await, [("unusual".to_owned(), 30)]);
    assert_eq!(told(&test, &auditor_id).await.len(), 1);
    let auditor = test.sign_in(&auditor_id).await;
    let alarm = auditor.get("/reading-alarms?open=true").await.items()[0]["id"].clone();
    let path = format!("/reading-alarms/{alarm}/settlement");
    let settled = auditor.post(&path, &json!({ "note": "已问，逐个通知" })).await;
    assert_eq!(settled.status, StatusCode::NO_CONTENT, "{}", settled.body);

    // Whoever looked after thirty knows of fifty-nine, and not of sixty.
    test.owner.batch_execute("update reading_budgets set people = 58").await.unwrap();
    assert_eq!(call(&counsellor, &people[1]).await.status, StatusCode::OK);
    assert_eq!(alarms(&test).await.len(), 1);
    assert_eq!(told(&test, &auditor_id).await.len(), 1);
    assert_eq!(call(&counsellor, &people[2]).await.status, StatusCode::OK);
    assert_eq!(alarms(&test).await[1..], [("unusual".to_owned(), 60)]);
    assert_eq!(told(&test, &auditor_id).await.len(), 2);

    // What is open hides nothing of another kind of data, and is not raised twice; they were told of it.
    for _ in 0..2 {
        assert_eq!(call(&counsellor, &people[3]).await.body["code"], json!("budget_spent"));
    }
    has_read(&test, &userid, "exported", 0, (1_000, 0)).await;
    assert_eq!(counsellor.post("/exports", &list()).await.status, StatusCode::ACCEPTED);
    test.run_jobs().await;
    let rows =
        test.owner.query("select kind, reading from reading_alarms order by alarm_id", &[]).await.unwrap();
    let raised: Vec<(&str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(
        raised,
        [("unusual", "phones"), ("unusual", "phones"), ("refused", "phones"), ("unusual", "exported")]
    );
    assert_eq!(told(&test, &auditor_id).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_of_the_officers_own_is_told_to_the_auditors_too() {
    let test = school(json!({ "phones": 20 })).await;
    let auditor_id = auditor(&test).await;
    let officer = test.persona("counsellor");
    has_read(&test, &officer, "phones", 0, (30, 0)).await;
    test.owner
        .batch_execute(
            "insert into reading_alarms (corp_id, member_id, day, kind, reading, people, at)
             select corp_id, member_id, day, 'unusual', kind, people, day from reading_budgets",
        )
        .await
        .unwrap();
    let mut config = server::config::Config::clone(&test.config);
    config.schools[0].data_protection_officer = Some(officer.clone());
    let app = server::compose::app(&config, test.clock.clone()).unwrap();
    app::jobs::look_at_schedules(&app).await;
    while app::jobs::run_one(&app).await.unwrap() {}
    for userid in [&auditor_id, &officer] {
        let messages = test.messages_of(userid).await;
        let told = messages.iter().filter(|message| message.to_string().contains("查看告警")).count();
        assert_eq!(told, 1, "{userid}");
    }
}

/// The students of whoever asks.
fn list() -> Value {
    let definition = json!({ "dataset": "people", "columns": [{ "column": "number", "title": "学号" }], "order": "number" });
    json!({ "name": "名单", "definition": definition, "purpose": "期末签到", "full_phones": false })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_beyond_the_budget_is_not_made_and_leaves_nothing() {
    let test = school(json!({ "exported": 1000 })).await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    // It would name more than are left.
    has_read(&test, &userid, "exported", 0, (999, 0)).await;
    let asked = counsellor.post("/exports", &list()).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    test.run_jobs().await;
    let export = counsellor.get(&format!("/exports/{}", asked.body["id"])).await.body;
    assert_eq!(export["state"], json!("failed"), "{export}");
    assert!(export["message"].as_str().unwrap().contains("导出名单的额度是 1000 人"), "{export}");
    assert_eq!(looks(&test).await, 0);
    let pieces: i64 = test.one("select count(*) from export_chunks", &[]).await;
    assert_eq!(pieces, 0);
    assert_eq!(alarms(&test).await, [("refused".to_owned(), 999)]);

    // Nothing is left: it is refused at once. Figures name nobody.
    test.owner.batch_execute("update reading_budgets set people = 1000").await.unwrap();
    let refused = counsellor.post("/exports", &list()).await;
    assert_eq!(refused.body["code"], json!("budget_spent"), "{}", refused.body);
    let figures = json!({ "name": "班级", "purpose": "汇总", "full_phones": false, "definition":
        { "dataset": "classes", "columns": [{ "column": "place", "title": "班级" }], "order": "place" } });
    assert_eq!(counsellor.post("/exports", &figures).await.status, StatusCode::ACCEPTED);
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_where_people_are_are_within_a_budget_of_their_own() {
    let test = school(json!({ "whereabouts": 300 })).await;
    let userid = test.persona("counsellor");
    let student = test.sign_in(&test.students_of(&userid).await[0]).await;
    let trip = json!({ "form": "trips", "version": 1, "answers": { "left_on": "2020-03-01", "out_transport": "火车",
        "reason": "探亲访友", "destination": "420102", "address": "某小区", "returned": false } });
    assert_eq!(student.post("/reports", &trip).await.status, StatusCode::CREATED);
    has_read(&test, &userid, "whereabouts", 0, (300, 0)).await;
    let counsellor = test.sign_in(&userid).await;
    let refused = counsellor.get("/trips").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.body);
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("看行踪名单的额度是 300 人"), "{detail}");
    assert_eq!(counsellor.get("/trips/summary").await.status, StatusCode::OK, "figures name nobody");
    assert_eq!(counsellor.get("/unreported/health-daily").await.status, StatusCode::OK);
    assert_eq!(looks(&test).await, 0);
    assert_eq!(alarms(&test).await, [("refused".to_owned(), 300)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_those_who_stand_out_are_within_a_budget_and_others_are_not() {
    let test = school(json!({ "states": 300 })).await;
    let userid = test.persona("counsellor");
    let student = test.sign_in(&test.students_of(&userid).await[0]).await;
    let fever = json!({ "temperature": 38.0, "place": "非疫区", "abnormal": false });
    assert_eq!(student.post("/reports", &health_report(fever)).await.status, StatusCode::CREATED);
    has_read(&test, &userid, "states", 0, (300, 0)).await;
    let counsellor = test.sign_in(&userid).await;
    for path in ["/statistics/health-daily/people?limit=200", "/reviews"] {
        let refused = counsellor.get(path).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.body);
        assert_eq!(refused.body["code"], json!("budget_spent"));
    }
    let missing = counsellor.get("/statistics/health-daily/people?state=unreported").await;
    assert_eq!(missing.status, StatusCode::OK, "{}", missing.body);
    assert_eq!(looks(&test).await, 0);
    assert_eq!(alarms(&test).await, [("refused".to_owned(), 300)]);

    test.owner.batch_execute("update reading_budgets set people = 299").await.unwrap();
    for path in ["/statistics/health-daily/people?limit=200", "/reviews"] {
        let shown = counsellor.get(path).await;
        assert_eq!(shown.status, StatusCode::OK, "the second time is free: {}", shown.body);
    }
    assert_eq!(looks(&test).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_and_alarms_go_after_half_a_year() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    has_read(&test, &userid, "phones", 181, (5, 0)).await;
    has_read(&test, &userid, "phones", 180, (5, 0)).await;
    test.owner
        .batch_execute(
            "insert into reading_alarms (corp_id, member_id, day, kind, reading, people, at, told_at)
             select corp_id, member_id, day, 'refused', kind, people, day, day from reading_budgets",
        )
        .await
        .unwrap();
    app::jobs::look_at_schedules(&test.app).await;
    test.clock.advance(TimeDelta::hours(1));
    test.run_jobs().await;
    for table in ["reading_budgets", "reading_alarms"] {
        let left: i64 = test.one(&format!("select count(*) from {table}"), &[]).await;
        assert_eq!(left, 1, "{table}");
    }
}

#[test]
fn a_school_may_ask_for_other_numbers_but_not_for_none() {
    use domain::{
        policy::Role,
        reading::{Limits, Reading},
    };
    let school = |budgets: Value| -> server::config::School {
        let mut school = json!({ "corp_id": 1, "name": "小河学院", "wecom_corpid": "ww1", "hosts": ["localhost"],
            "records_begin_on": "2017-09-01", "app": { "agentid": 1, "secret": "s", "token": "t", "encoding_aes_key": "k" } });
        school["reading_budgets"] = budgets;
        serde_json::from_value(school).unwrap()
    };
    let budgets = school(json!({ "counsellor": { "phones": 100 } })).reading_budgets().unwrap();
    let counsellor = budgets.of([Role::Counsellor]);
    assert_eq!(counsellor.phones, 100);
    assert_eq!(counsellor.get(Reading::Answers), Limits::of(Role::Counsellor).answers, "the others stay");
    for wrong in [json!({ "counsellor": { "phones": 19 } }), json!({ "tutor": { "phones": 100 } })] {
        assert!(school(wrong.clone()).reading_budgets().is_err(), "{wrong}");
    }
}
