//! 告警: the security office hears once of what stands out at the gates, of how many and never of whom; and says what became
//! of it.

use chrono::TimeDelta;
use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    audit::details,
    browser_client::Browser,
    gates::{code, gate, zone},
    test_app::{TestApp, health_report, normal_answers},
};

/// A member of the staff who is the security office from now on.
async fn guard(test: &TestApp) -> String {
    let userid = test.persona("staff");
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let school: i32 = test.one("select department_id from departments where kind = 'school'", &[]).await;
    let grant = json!({ "number": userid, "role": "gate_guard", "department": school, "purpose": "值班", "last": "2020-07-31" });
    let given = administrator.post("/grants", &grant).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.body);
    test.run_jobs().await;
    userid
}

async fn told(test: &TestApp, userid: &str) -> Vec<String> {
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    let messages = test.messages_of(userid).await;
    messages.iter().map(Value::to_string).filter(|message| message.contains("门禁告警")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_security_office_hears_once_of_what_stands_out() {
    let test = TestApp::start().await;
    let office = guard(&test).await;
    let userid = test.persona("counsellor");
    let number = test.students_of(&userid).await[0].clone();
    let ill = test.sign_in(&number).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let rules = json!({ "forms": ["health-daily"], "entering": { "normal": true } });
    let east = gate(&test, &administrator, campus, "东门", rules).await;
    let answers = json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察",
        "symptoms": ["发热"], "treatment": "服药" });
    assert_eq!(ill.post("/reports", &health_report(answers)).await.status, StatusCode::CREATED);
    assert_eq!(told(&test, &office).await, Vec::<String>::new());
    for _ in 0..2 {
        assert_eq!(east.scan(&code(&ill).await, "in").await["reason"], json!("abnormal"));
    }
    for nth in 0..6 {
        east.scan(&format!("G1:{nth}"), "in").await;
    }
    let messages = told(&test, &office).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    let name: String = test.one("select name from persons where number = $1", &[&number]).await;
    assert!(messages[0].contains("2 条告警"), "{}", messages[0]);
    assert!(!messages[0].contains(&name) && !messages[0].contains(&number), "it may stand on a lock screen");
    assert_eq!(told(&test, &office).await.len(), 1, "not again");

    let guard = test.sign_in(&office).await;
    let listed = guard.get("/gate-alarms?open=true").await;
    let kinds: Vec<&str> = listed.items().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["forged", "abnormal"]);
    assert_eq!((&listed.items()[1]["name"], &listed.items()[1]["gate"]), (&json!(name), &json!("东门")));
    assert_eq!(listed.items()[0]["name"], Value::Null);
    for other in ["counsellor", "school_leader", "administrator"] {
        let other = test.sign_in(&test.persona(other)).await;
        assert_eq!(other.get("/gate-alarms").await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(
        test.looks_at(&number).await,
        ["state", "passage", "state"],
        "on the screen of the gate, and in the list"
    );
    let settle = format!("/gate-alarms/{}/settlement", listed.items()[1]["id"]);
    assert_eq!(guard.post(&settle, &json!({ "note": " " })).await.fields(), ["note"]);
    let settled = guard.post(&settle, &json!({ "note": "已送校医院" })).await;
    assert_eq!(settled.status, StatusCode::NO_CONTENT, "{}", settled.body);
    assert_eq!(guard.post(&settle, &json!({ "note": "又一次" })).await.status, StatusCode::NOT_FOUND, "once");
    assert_eq!(details(&test, Act::GateAlarmSettled).await.len(), 1, "and on record");
    assert_eq!(guard.get("/gate-alarms?open=true").await.items().len(), 1);
    assert_eq!(guard.get("/gate-alarms").await.items()[1]["note"], json!("已送校医院"));

    // Who comes again after it was looked after is another alarm, and no third while nobody looked after that one.
    test.clock.advance(TimeDelta::minutes(1));
    for _ in 0..2 {
        assert_eq!(east.scan(&code(&ill).await, "in").await["reason"], json!("abnormal"));
    }
    let kinds: Vec<Value> =
        guard.get("/gate-alarms?open=true").await.items().iter().map(|row| row["kind"].clone()).collect();
    assert_eq!(kinds, [json!("abnormal"), json!("forged")]);
    assert_eq!(told(&test, &office).await.len(), 1, "told after a pause");

    // A silence is one alarm, told after a pause; where it was heard again, the next one is another.
    test.clock.advance(TimeDelta::minutes(11));
    assert_eq!(told(&test, &office).await.len(), 2);
    assert_eq!(told(&test, &office).await.len(), 2);
    east.guide().await;
    assert_eq!(told(&test, &office).await.len(), 2);
    test.clock.advance(TimeDelta::minutes(11));
    assert_eq!(told(&test, &office).await.len(), 3);
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_turned_away_for_being_abnormal_reads_who_saw_it() {
    let test = TestApp::start().await;
    let office = guard(&test).await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await;
    let (ill, well) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    let administrator_id = test.persona("administrator");
    let administrator = test.sign_in(&administrator_id).await;
    let campus = zone(&administrator, "东校区", None).await;
    let rules = json!({ "forms": ["health-daily"], "entering": { "report": true, "normal": true } });
    let east = gate(&test, &administrator, campus, "东门", rules).await;
    let answers = json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察",
        "symptoms": ["发热"], "treatment": "服药" });
    assert_eq!(ill.post("/reports", &health_report(answers)).await.status, StatusCode::CREATED);
    assert_eq!(well.post("/reports", &health_report(normal_answers())).await.status, StatusCode::CREATED);
    let name = async |number: &str| -> String {
        test.one("select name from persons where number = $1", &[&number]).await
    };
    let seen_of = async |person: &Browser| -> Vec<[String; 3]> {
        let log = person.get("/access-log").await;
        let said = |look: &Value, field: &str| look[field].as_str().unwrap().to_owned();
        log.items().iter().map(|look| ["viewer", "field", "purpose"].map(|field| said(look, field))).collect()
    };
    let look =
        |viewer: &String, field: &str, purpose: &str| [viewer.clone(), field.to_owned(), purpose.to_owned()];

    // The guard's screen says it by name: a look of whoever paired the device, once a day.
    for _ in 0..2 {
        assert_eq!(east.scan(&code(&ill).await, "in").await["reason"], json!("abnormal"));
        test.clock.advance(TimeDelta::seconds(20));
    }
    assert_eq!(east.scan(&code(&well).await, "in").await["allowed"], json!(true));
    let pairing = name(&administrator_id).await;
    assert_eq!(seen_of(&ill).await, [look(&pairing, "state", "gate")]);
    assert!(seen_of(&well).await.is_empty(), "whoever passes is not said to be well or ill");

    // So do the lists of alarms and passages, both together once a day for each viewer.
    let guard = test.sign_in(&office).await;
    let guard_name = name(&office).await;
    for path in ["/gate-alarms", "/passages", "/gate-alarms", "/passages"] {
        let listed = guard.get(path).await;
        assert!(listed.body.to_string().contains("abnormal"), "{path}: {}", listed.body);
    }
    let by_guard = [look(&guard_name, "state", "work"), look(&guard_name, "passage", "work")];
    assert_eq!(seen_of(&ill).await[..2], by_guard);
    assert_eq!(seen_of(&well).await, [look(&guard_name, "passage", "work")]);

    // Of the first rows of a sheet it is one where they say why somebody was not let through.
    let counsellor = test.sign_in(&counsellor_id).await;
    let counsellor_name = name(&counsellor_id).await;
    for (columns, due) in [(["name", "gate"], 1), (["name", "outcome"], 2)] {
        let columns = columns.map(|column| json!({ "column": column, "title": column }));
        let sheet = json!({ "dataset": "passages", "order": "listed", "columns": columns, "filters": {} });
        let preview = counsellor.post("/exports/preview", &sheet).await;
        assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
        let seen = seen_of(&ill).await;
        let looks = seen.iter().filter(|look| look[0] == counsellor_name).count();
        assert_eq!(looks, due, "{seen:?}");
    }
    assert_eq!(seen_of(&ill).await[0], look(&counsellor_name, "state", "work"));

    // A device shows whom it just scanned: that alone is counted against nobody's budget.
    let counted: i64 =
        test.one("select sum(people)::bigint from reading_budgets where kind = 'states'", &[]).await;
    assert_eq!(counted, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_is_shut_may_be_silent_and_what_comes_later_is_looked_at_too() {
    let test = TestApp::start().await;
    let office = guard(&test).await;
    let student = test.sign_in(&test.students_of(&test.persona("counsellor")).await[0]).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let night = json!({ "hours": [{ "from": "20:00", "until": "23:00" }] });
    let east = gate(&test, &administrator, campus, "东门", night).await;
    let shown = code(&student).await;
    test.clock.advance(TimeDelta::minutes(11));
    assert_eq!(told(&test, &office).await, Vec::<String>::new());
    let late =
        json!({ "id": "a-screenshot", "code": shown, "direction": "in", "at": "2020-03-04T00:01:00Z" });
    east.carry(std::slice::from_ref(&late)).await;
    assert_eq!(told(&test, &office).await.len(), 1);
    east.carry(&[late]).await;
    let guard = test.sign_in(&office).await;
    let kinds: Vec<Value> =
        guard.get("/gate-alarms").await.items().iter().map(|row| row["kind"].clone()).collect();
    assert_eq!(kinds, [json!("disputed")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_of_an_alarm_is_the_school_s() {
    let test = TestApp::start().await;
    let number = test.students_of(&test.persona("counsellor")).await[0].clone();
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let rules = json!({ "forms": ["health-daily"], "entering": { "normal": true } });
    let east = gate(&test, &administrator, campus, "东门", rules).await;
    let answers = json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察",
        "symptoms": ["发热"], "treatment": "服药" });
    // At eight, and at half past seven of the morning after: one day in Greenwich.
    for due in [1_i64, 2] {
        let ill = test.sign_in(&number).await;
        assert_eq!(ill.post("/reports", &health_report(answers.clone())).await.status, StatusCode::CREATED);
        assert_eq!(east.scan(&code(&ill).await, "in").await["reason"], json!("abnormal"));
        let alarms: i64 = test.one("select count(*) from gate_alarms where kind = 'abnormal'", &[]).await;
        assert_eq!(alarms, due);
        test.clock.advance(TimeDelta::minutes(23 * 60 + 30));
    }
}
