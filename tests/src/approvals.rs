//! What is granted in WeCom (审批): leave exempts on whole days, a 出校申请 opens the gates in its hours, and both end with the
//! approval.

use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::{Shape, TestApp};

const TEMPLATE: &str = "Bs5KJ2NT4ncf4ZygaE8MB3779yUW8nsMaJd3mmE9v";

/// 出校申请
const OUTING: &str = "Bs5Lq7TxY2vRk9ZpWcE4GhU8nJmD1oFsA6iKbVt3e";

async fn start() -> TestApp {
    start_with([Some(TEMPLATE), None]).await
}

/// With these forms named: for leave, and for permits.
async fn start_with(approvals: [Option<&'static str>; 2]) -> TestApp {
    let test = TestApp::start_with(Shape { approvals, ..Shape::default() }).await;
    test.sync().await;
    test.import_roster().await;
    // Nobody asks but those of the test.
    test.control("settings", &json!({ "leave_a_day": 0 })).await;
    test
}

/// What is on record of an act: by whom, whose data, what it was done to, and more of it.
async fn recorded(test: &TestApp, act: Act) -> Vec<(Option<i64>, Option<String>, String, Value)> {
    let sql = "select e.actor, p.number, e.object, e.detail::text from audit_events e
               left join persons p on p.corp_id = e.corp_id and p.person_id = e.subject
               where e.action = $1 order by e.event_id";
    let rows = test.owner.query(sql, &[&act.as_str()]).await.unwrap();
    let detail = |text: &str| serde_json::from_str(text).unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), detail(row.get(3)))).collect()
}

/// A leave of a student's, asked for today.
async fn ask(test: &TestApp, userid: &str, begin: &str, end: &str, status: u64) -> String {
    let leave = json!({
        "userid": userid, "begin": format!("{begin}:00+08:00"), "end": format!("{end}:00+08:00"), "status": status,
        "asked": "2020-03-03T04:00:00Z",
    });
    let asked = test.control("approvals", &leave).await;
    asked["sp_no"].as_str().unwrap().to_owned()
}

/// Looks at schedules, and lets the next look at the approvals come.
async fn look(test: &TestApp) {
    app::jobs::look_at_schedules(&test.app).await;
    test.clock.advance(chrono::TimeDelta::minutes(11));
    test.run_jobs().await;
}

/// Exemptions by approval of a student, as their counsellor sees them.
async fn leave_of(test: &TestApp, number: &str) -> Vec<Value> {
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    let list = counsellor.get("/exemptions?past=true&limit=200").await;
    list.items().iter().filter(|one| one["number"] == json!(number)).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn granted_leave_exempts_and_withdrawn_leave_does_not() {
    let test = start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let (granted, waiting, morning) = (&students[0], &students[1], &students[2]);
    let number = ask(&test, granted, "2020-03-04T00:00", "2020-03-06T00:00", 2).await;
    let later = ask(&test, waiting, "2020-03-04T08:00", "2020-03-04T18:00", 1).await;
    ask(&test, morning, "2020-03-04T08:00", "2020-03-04T12:00", 2).await;
    look(&test).await;
    let leave = leave_of(&test, granted).await;
    assert_eq!(leave.len(), 1, "{leave:?}");
    assert_eq!(
        (&leave[0]["from"], &leave[0]["last"], &leave[0]["source"], &leave[0]["reason"]),
        (&json!("2020-03-04"), &json!("2020-03-05"), &json!("approval"), &json!("企业微信审批：事假"))
    );
    assert!(leave_of(&test, waiting).await.is_empty() && leave_of(&test, morning).await.is_empty());
    let student = test.sign_in(granted).await;
    assert_eq!(student.get("/forms").await.items()[0]["state"], json!("exempt"));

    // What was read is not read again.
    let reads = test.count_calls("oa/getapprovaldetail").await;
    look(&test).await;
    assert_eq!(test.count_calls("oa/getapprovaldetail").await, reads);

    test.control(&format!("approvals/{later}"), &json!({ "status": 2 })).await;
    test.control(&format!("approvals/{number}"), &json!({ "status": 6 })).await;
    look(&test).await;
    assert_eq!(leave_of(&test, waiting).await[0]["last"], json!("2020-03-04"));
    let ended = leave_of(&test, granted).await;
    assert_eq!(ended[0]["revoke_reason"], json!("企业微信审批在通过后撤销"), "{ended:?}");
    test.forget_viewers().await;
    assert_ne!(student.get("/forms").await.items()[0]["state"], json!("exempt"));
    look(&test).await;
    assert_eq!(leave_of(&test, granted).await.len(), 1);
    test.assert_no_failed_jobs().await;

    // In the audit nobody did it here, and each once.
    let given = |number: &String| (None, Some(number.clone()), String::new(), json!({ "exemptions": 1 }));
    assert_eq!(recorded(&test, Act::ExemptionsGranted).await, [given(granted), given(waiting)]);
    let id: i64 = test.one("select exemption_id from exemptions where revoked_at is not null", &[]).await;
    let ended = (None, None, format!("exemption:{id}"), json!({}));
    assert_eq!(recorded(&test, Act::ExemptionRevoked).await, [ended]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_says_when_to_look() {
    let test = start().await;
    let student = test.students_of(&test.persona("counsellor")).await[0].clone();
    let number = ask(&test, &student, "2020-03-05T09:00", "2020-03-05T17:00", 1).await;
    test.inspect("callbacks?wait=true").await;
    test.run_jobs().await;
    assert!(leave_of(&test, &student).await.is_empty());
    test.control(&format!("approvals/{number}"), &json!({ "status": 2 })).await;
    test.inspect("callbacks?wait=true").await;
    test.run_jobs().await;
    assert_eq!(leave_of(&test, &student).await[0]["from"], json!("2020-03-05"));
    assert_eq!(test.count_calls("oa/getapprovalinfo").await, 0, "one application was read, not all of them");
    test.control(&format!("approvals/{number}"), &json!({ "status": 7 })).await;
    test.inspect("callbacks?wait=true").await;
    test.run_jobs().await;
    assert_eq!(leave_of(&test, &student).await[0]["revoke_reason"], json!("企业微信审批单已删除"));
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_days_are_read_as_wecom_writes_them() {
    let test = start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    // From the afternoon of the 4th to the afternoon of the 5th: the 5th is a whole day.
    let leave = |userid: &str, begin: &str, end: &str| json!({ "userid": userid, "begin": begin, "end": end, "half_days": true, "status": 2, "asked": "2020-03-03T04:00:00Z" });
    let whole = leave(&students[0], "2020-03-04T12:00:00+08:00", "2020-03-05T12:00:00+08:00");
    test.control("approvals", &whole).await;
    let half = leave(&students[1], "2020-03-04T00:00:00+08:00", "2020-03-04T00:00:00+08:00");
    test.control("approvals", &half).await;
    look(&test).await;
    let days = leave_of(&test, &students[0]).await;
    assert_eq!((&days[0]["from"], &days[0]["last"]), (&json!("2020-03-05"), &json!("2020-03-05")));
    assert!(leave_of(&test, &students[1]).await.is_empty(), "a morning is no day");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_form_nothing_is_read() {
    let test = TestApp::start().await;
    let student = test.students_of(&test.persona("counsellor")).await[0].clone();
    ask(&test, &student, "2020-03-04T00:00", "2020-03-06T00:00", 2).await;
    test.inspect("callbacks?wait=true").await;
    look(&test).await;
    assert!(leave_of(&test, &student).await.is_empty());
    assert_eq!(
        test.count_calls("oa/getapprovalinfo").await + test.count_calls("oa/getapprovaldetail").await,
        0
    );
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(counsellor.get("/exemptions").await.status, StatusCode::OK);
}

/// Permits of a person, as the security office sees them: from, until, by whom, and why they ended.
async fn permits_of(test: &TestApp, number: &str) -> Vec<[Value; 4]> {
    let office = test.sign_in(&test.persona("school_office")).await;
    let list = office.get("/gate-permits?past=true&limit=200").await;
    let of = |one: &Value| ["from", "until", "granted_by", "revoke_reason"].map(|field| one[field].clone());
    list.items().iter().filter(|one| one["number"] == json!(number)).map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outing_that_is_granted_is_a_permit_and_no_leave() {
    let test = start_with([Some(TEMPLATE), Some(OUTING)]).await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let outing = |userid: &str, status: u64| {
        json!({
            "form": "outing", "userid": userid, "begin": "2020-03-04T00:00:00+08:00", "end": "2020-03-05T22:30:00+08:00",
            "status": status, "asked": "2020-03-03T04:00:00Z",
        })
    };
    let asked = test.control("approvals", &outing(&students[0], 2)).await;
    test.control("approvals", &outing(&students[1], 1)).await;
    ask(&test, &students[2], "2020-03-04T00:00", "2020-03-06T00:00", 2).await;
    look(&test).await;
    let permit = [json!("2020-03-03T16:00:00Z"), json!("2020-03-05T14:30:00Z"), Value::Null, Value::Null];
    assert_eq!(permits_of(&test, &students[0]).await, [permit]);
    assert!(leave_of(&test, &students[0]).await.is_empty(), "who is out for an evening reports all the same");
    assert!(permits_of(&test, &students[1]).await.is_empty(), "it waits");
    assert!(permits_of(&test, &students[2]).await.is_empty(), "leave is another form's");
    assert_eq!(leave_of(&test, &students[2]).await.len(), 1);
    look(&test).await;
    assert_eq!(permits_of(&test, &students[0]).await.len(), 1);

    let held = test.sign_in(&students[0]).await.get("/me/gate-permits").await.items().to_vec();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (&held[0]["kind"], &held[0]["reason"]),
        (&json!("standing"), &json!("企业微信审批：出校申请"))
    );
    assert!(
        test.sign_in(&students[1]).await.get("/me/gate-permits").await.items().is_empty(),
        "and nobody else's"
    );

    let number = asked["sp_no"].as_str().unwrap();
    test.control(&format!("approvals/{number}"), &json!({ "status": 6 })).await;
    look(&test).await;
    let ended = permits_of(&test, &students[0]).await;
    assert_eq!(ended[0][3], json!("企业微信审批在通过后撤销"));
    assert!(test.sign_in(&students[0]).await.get("/me/gate-permits").await.items().is_empty());
    look(&test).await;
    test.assert_no_failed_jobs().await;

    // In the audit nobody did it here, and each once.
    let said = json!({ "kind": "standing", "from": "2020-03-03T16:00:00Z", "until": "2020-03-05T14:30:00Z" });
    let given = (None, Some(students[0].clone()), String::new(), said);
    assert_eq!(recorded(&test, Act::PermitsGiven).await, [given]);
    let id: i64 = test.one("select permit_id from gate_permits", &[]).await;
    let ended = (None, None, format!("permit:{id}"), json!({}));
    assert_eq!(recorded(&test, Act::PermitRevoked).await, [ended]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_form_may_be_leave_and_permit() {
    let test = start_with([Some(TEMPLATE), Some(TEMPLATE)]).await;
    let students = test.students_of(&test.persona("counsellor")).await;
    ask(&test, &students[0], "2020-03-04T08:00", "2020-03-04T18:00", 2).await;
    ask(&test, &students[1], "2020-03-04T19:00", "2020-03-04T21:00", 2).await;
    look(&test).await;
    assert_eq!(leave_of(&test, &students[0]).await.len(), 1);
    assert_eq!(permits_of(&test, &students[0]).await.len(), 1);
    assert!(leave_of(&test, &students[1]).await.is_empty(), "an evening is no day");
    assert_eq!(permits_of(&test, &students[1]).await[0][1], json!("2020-03-04T13:00:00Z"));
    test.assert_no_failed_jobs().await;
}
