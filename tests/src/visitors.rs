//! 访客: invited by staff, let in by their link at their time and place and let out at any, seen by those who keep the gates,
//! and forgotten.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser_client::{Browser, Reply},
    exports::sheet,
    gates::{Device, code, gate, scan_id, zone},
    test_app::TestApp,
};

/// From nine to five on the day tests begin.
fn invitation(zones: &[i64]) -> Value {
    json!({ "name": "来访人", "phone": "100 1234 5678", "reason": "设备检修", "company": "某某公司", "plate": "豫c00001",
        "zones": zones, "from": "2020-03-04T01:00:00Z", "until": "2020-03-04T09:00:00Z" })
}

/// Invites somebody; gives their number and what the link has behind its `#`.
async fn invite(host: &Browser, invitation: &Value) -> (i64, String) {
    let invited = host.post("/me/visitors", invitation).await;
    assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.body);
    (invited.body["id"].as_i64().unwrap(), token_of(&invited.body))
}

fn token_of(answer: &Value) -> String {
    answer["path"].as_str().unwrap().strip_prefix("/h5/visit#t=").unwrap().to_owned()
}

/// What a visitor's browser is told, which has no session.
async fn open(test: &TestApp, token: &str) -> Reply {
    test.browser().post_raw("/visit", "", &[("Authorization", &format!("Visit {token}"))]).await
}

async fn visit(test: &TestApp, token: &str) -> Value {
    let reply = open(test, token).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body
}

/// What a visitor's phone shows now.
async fn shown(test: &TestApp, token: &str) -> String {
    visit(test, token).await["codes"][0]["code"].as_str().expect("a code").to_owned()
}

fn reason(decision: &Value) -> &str {
    decision["reason"].as_str().unwrap_or("allowed")
}

async fn told(test: &TestApp, userid: &str) -> Vec<String> {
    test.run_jobs().await;
    let messages = test.messages_of(userid).await;
    messages.iter().map(Value::to_string).filter(|message| message.contains("您的访客到了")).collect()
}

/// A campus with a gate, and a host.
struct Place {
    campus: i64,
    east: Device,
    userid: String,
    host: Browser,
}

async fn place(test: &TestApp, rules: Value) -> Place {
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let east = gate(test, &administrator, campus, "东门", rules).await;
    let userid = test.persona("staff");
    let host = test.sign_in(&userid).await;
    Place { campus, east, userid, host }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_comes_in_at_their_time_and_place_and_gets_out_at_any() {
    let test = TestApp::start().await;
    let rules = json!({ "forms": ["health-daily"], "entering": { "report": true, "permit": "always" } });
    let Place { campus, east, userid, host } = place(&test, rules).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let dormitory = zone(&administrator, "3号宿舍楼", None).await;
    let door = gate(&test, &administrator, dormitory, "正门", json!({})).await;
    let zones = host.get("/me/visitor-zones").await;
    assert_eq!(zones.items()[0], json!({ "id": campus, "name": "东校区" }));
    let (_, token) = invite(&host, &invitation(&[campus])).await;
    let name: String = test.one("select name from persons where number = $1", &[&userid]).await;

    // Too early there is nothing to show.
    let before = visit(&test, &token).await;
    assert_eq!(
        (&before["state"], &before["codes"], &before["host"]),
        (&json!("early"), &json!([]), &json!(name))
    );
    assert_eq!((&before["zones"], &before["forgotten_on"]), (&json!(["东校区"]), &json!("2020-04-04")));
    test.clock.set_time("09:00");
    let open = visit(&test, &token).await;
    assert_eq!((&open["state"], open["codes"].as_array().unwrap().len()), (&json!("open"), 60));
    let first = open["codes"][0]["code"].as_str().unwrap();
    assert!(first.starts_with("G1:") && first.len() < 200, "{first}");
    assert_eq!(reason(&door.scan(first, "in").await), "visit_elsewhere");
    let id = scan_id();
    let entered = east.scan_as(&id, first, "in").await;
    assert_eq!((reason(&entered), &entered["person"]["name"]), ("allowed", &json!("来访人")), "{entered}");
    let guest = json!({ "host": name, "until": "2020-03-04T09:00:00Z", "reason": "设备检修", "company": "某某公司",
        "plate": "豫C00001" });
    assert_eq!(entered["person"]["guest"], guest);
    assert_eq!(east.scan_as(&id, first, "in").await, entered, "told again, the same answer");
    assert_eq!(reason(&east.scan(first, "in").await), "used");

    // The host hears of it once, and not who it is of.
    let messages = told(&test, &userid).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].contains("09:00") && !messages[0].contains("来访人"), "{}", messages[0]);
    for direction in ["out", "in"] {
        test.clock.advance(TimeDelta::minutes(2));
        assert_eq!(reason(&east.scan(&shown(&test, &token).await, direction).await), "allowed");
    }
    assert_eq!(told(&test, &userid).await.len(), 1, "once a day");

    // Who keeps the gates sees them apart from the people of the school.
    let office = test.sign_in(&test.persona("school_office")).await;
    let inside = office.get("/visitors?show=inside").await;
    let row = &inside.items()[0];
    assert_eq!((&row["name"], &row["phone"]), (&json!("来访人"), &json!("100****5678")));
    assert_eq!(
        (&row["inside"], &row["overstayed"], &row["host"]),
        (&json!(true), &json!(false), &json!(name))
    );
    assert_eq!(office.get("/visitors?show=overstayed").await.items().len(), 0);
    assert_eq!(office.get("/visitors").await.items().len(), 1, "expected today");
    let figures = office.get("/passages/inside").await;
    let zone = &figures.body["zones"][0];
    assert_eq!((&zone["visitors"], &zone["inside"]), (&json!(1), &json!(0)), "{zone}");
    let passages = office.get("/passages?allowed=true").await;
    let row = &passages.items()[0];
    assert_eq!(
        (&row["name"], &row["visitor"], &row["number"]),
        (&json!("来访人"), &json!(true), &Value::Null)
    );
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(
        counsellor.get("/passages").await.items().len(),
        0,
        "a visitor is of nobody's part of the school"
    );
    assert_eq!(counsellor.get("/passages/inside").await.body["zones"][0]["visitors"], Value::Null);

    // Their time is over: they get out, and it is seen that they stayed.
    test.clock.set_time("17:30");
    let office = test.sign_in(&test.persona("school_office")).await;
    assert_eq!(office.get("/visitors?show=overstayed").await.items().len(), 1);
    let over = visit(&test, &token).await;
    assert_eq!((&over["state"], &over["inside"]), (&json!("over"), &json!(true)));
    assert_eq!(reason(&east.scan(&shown(&test, &token).await, "in").await), "visit_over");
    let left = east.scan(&shown(&test, &token).await, "out").await;
    assert_eq!((reason(&left), &left["flags"]), ("allowed", &json!(["overstayed"])));
    assert_eq!(visit(&test, &token).await["codes"], json!([]), "and nothing is left to show");
    assert_eq!(office.get("/visitors?show=inside").await.items().len(), 0);
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_its_hosts_and_its_link_is_worth_what_the_host_says() {
    let test = TestApp::start().await;
    let Place { campus, east, userid, host } = place(&test, json!({})).await;
    test.clock.set_time("09:30");
    let student = test.sign_in(&test.students_of(&test.persona("counsellor")).await[0]).await;
    for refused in [
        student.post("/me/visitors", &invitation(&[campus])).await,
        student.get("/me/visitors").await,
        student.get("/me/visitor-zones").await,
        student.get("/visitors").await,
        host.get("/visitors").await,
    ] {
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    }
    for (field, value) in [
        ("name", json!(" ")),
        ("phone", json!("一二三")),
        ("reason", json!("")),
        ("zones", json!([])),
        ("zones", json!([campus + 99])),
        ("until", json!("2020-03-04T01:00:00Z")),
        ("until", json!("2020-03-12T01:00:00Z")),
    ] {
        let mut wrong = invitation(&[campus]);
        wrong[field] = value;
        let reply = host.post("/me/visitors", &wrong).await;
        assert_eq!((reply.status, reply.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec![field]));
    }

    // Sent again, it is the same invitation; the link whose answer was lost leads nowhere.
    let once = host.post_with("/me/visitors", "the-same-request", &invitation(&[campus])).await.body;
    let again = host.post_with("/me/visitors", "the-same-request", &invitation(&[campus])).await.body;
    assert_eq!(once["id"], again["id"]);
    let mut other = invitation(&[campus]);
    other["name"] = json!("另一位来访人");
    let reused = host.post_with("/me/visitors", "the-same-request", &other).await;
    assert_eq!((reused.status, reused.code()), (StatusCode::UNPROCESSABLE_ENTITY, "key_reused"));
    assert_eq!(host.get("/me/visitors").await.items().len(), 1);
    assert_eq!(open(&test, &token_of(&once)).await.code(), "unknown_visit");
    let id = again["id"].as_i64().unwrap();
    let token = token_of(&again);
    let stored: i64 =
        test.one("select count(*) from visitors where position($1 in visitors::text) > 0", &[&token]).await;
    assert_eq!(stored, 0, "of links only hashes are kept");
    let sealed: i64 = test.one("select count(*) from visitors where position('10012345678'::bytea in phone) > 0 or position(convert_to('设备检修', 'UTF8') in about) > 0", &[]).await;
    assert_eq!(sealed, 0);
    for wrong in ["", "x", "00000000000000000000000000000000", &"a".repeat(500), &token[1..]] {
        assert_eq!(open(&test, wrong).await.code(), "unknown_visit", "{wrong}");
    }
    let renewed = host.post(&format!("/me/visitors/{id}/link"), &json!({})).await;
    assert_eq!(renewed.status, StatusCode::OK, "{}", renewed.body);
    assert_eq!(open(&test, &token).await.status, StatusCode::UNAUTHORIZED);
    let token = token_of(&renewed.body);

    // Another host's is not there.
    let other = test.personas("staff").into_iter().find(|other| *other != userid).expect("two of the staff");
    let other = test.sign_in(&other).await;
    assert_eq!(other.get("/me/visitors").await.items().len(), 0);
    for act in ["link", "cancellation"] {
        for id in [id, 99_999_999] {
            let reply = other.post(&format!("/me/visitors/{id}/{act}"), &json!({})).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{act}");
        }
    }

    // Taken back: who is outside does not come in, and who is inside gets out.
    let (second, inside) = invite(&host, &invitation(&[campus])).await;
    assert_eq!(reason(&east.scan(&shown(&test, &inside).await, "in").await), "allowed");
    let ready = shown(&test, &token).await;
    for id in [id, second] {
        let path = format!("/me/visitors/{id}/cancellation");
        for _ in 0..2 {
            assert_eq!(host.post(&path, &json!({})).await.status, StatusCode::NO_CONTENT);
        }
        assert_eq!(host.post(&format!("/me/visitors/{id}/link"), &json!({})).await.fields(), ["id"]);
    }
    assert_eq!(reason(&east.scan(&ready, "in").await), "visit_cancelled");
    let cancelled = visit(&test, &token).await;
    assert_eq!((&cancelled["state"], &cancelled["codes"]), (&json!("cancelled"), &json!([])));
    let left = east.scan(&shown(&test, &inside).await, "out").await;
    assert_eq!((reason(&left), &left["flags"]), ("allowed", &json!(["overstayed"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_visitors_phone_is_on_record_and_their_host_reads_it() {
    let test = TestApp::start().await;
    let Place { campus, host, .. } = place(&test, json!({})).await;
    let (id, _) = invite(&host, &invitation(&[campus])).await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let path = format!("/visitors/{id}/phone");
    assert_eq!(office.post(&path, &json!({ "purpose": "聊天" })).await.fields(), ["purpose"]);
    assert_eq!(host.get("/access-log").await.items().len(), 0);
    let seen = office.post(&path, &json!({ "purpose": "call" })).await;
    assert_eq!(seen.body["phone"], json!("10012345678"), "{}", seen.body);
    let looks = host.get("/access-log").await;
    assert_eq!((looks.items().len(), &looks.items()[0]["field"]), (1, &json!("visitor_phone")));
    for (who, due) in [("counsellor", StatusCode::FORBIDDEN), ("administrator", StatusCode::FORBIDDEN)] {
        let who = test.sign_in(&test.persona(who)).await;
        assert_eq!(who.post(&path, &json!({ "purpose": "call" })).await.status, due);
        assert_eq!(who.post(&format!("/visitors/{id}/cancellation"), &json!({})).await.status, due);
    }
    let nothing = office.post("/visitors/99999999/phone", &json!({ "purpose": "call" })).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    let taken_back = office.post(&format!("/visitors/{id}/cancellation"), &json!({})).await;
    assert_eq!(taken_back.status, StatusCode::NO_CONTENT);
    assert_eq!(host.get("/me/visitors").await.items()[0]["state"], json!("cancelled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_somebody_elses_invitation_back_is_on_record_and_a_host_is_not() {
    let test = TestApp::start().await;
    let Place { campus, userid, host, .. } = place(&test, json!({})).await;
    let (own, _) = invite(&host, &invitation(&[campus])).await;
    let (others, _) = invite(&host, &invitation(&[campus])).await;
    let office_id = test.persona("school_office");
    let office = test.sign_in(&office_id).await;
    let (theirs, _) = invite(&office, &invitation(&[campus])).await;
    let by_host = host.post(&format!("/me/visitors/{own}/cancellation"), &json!({})).await;
    assert_eq!(by_host.status, StatusCode::NO_CONTENT);
    // Again it is nothing new; and what the office itself invited is its own, whichever page it is taken back on.
    for id in [others, others, theirs, own] {
        let taken_back = office.post(&format!("/visitors/{id}/cancellation"), &json!({})).await;
        assert_eq!(taken_back.status, StatusCode::NO_CONTENT, "{}", taken_back.body);
    }
    let sql = "select w.number, h.number, e.object, e.detail::text from audit_events e
               join members m on m.corp_id = e.corp_id and m.member_id = e.actor
               join persons w on w.corp_id = m.corp_id and w.person_id = m.person_id
               join persons h on h.corp_id = e.corp_id and h.person_id = e.subject
               where e.action = 'visit_cancelled'";
    let rows = test.owner.query(sql, &[]).await.unwrap();
    let recorded: Vec<[String; 4]> =
        rows.iter().map(|row| [0, 1, 2, 3].map(|column| row.get(column))).collect();
    assert_eq!(recorded, [[office_id, userid, format!("visitor:{others}"), "{}".to_owned()]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_what_a_visit_is_for_is_on_record_once_a_day_and_their_host_reads_it() {
    let test = TestApp::start().await;
    let Place { campus, east, userid, host } = place(&test, json!({})).await;
    let (_, token) = invite(&host, &invitation(&[campus])).await;
    assert_eq!(host.get("/me/visitors").await.items()[0]["reason"], json!("设备检修"));
    assert!(test.looks_at(&userid).await.is_empty(), "the host wrote it");
    let office = test.sign_in(&test.persona("school_office")).await;
    for _ in 0..2 {
        assert_eq!(office.get("/visitors").await.items()[0]["reason"], json!("设备检修"));
    }
    assert_eq!(test.looks_at(&userid).await, ["visitor_about"]);

    // On a guard's screen it is a look of whoever paired the device.
    test.clock.set_time("09:00");
    for direction in ["in", "out"] {
        let seen = east.scan(&shown(&test, &token).await, direction).await;
        assert_eq!(seen["person"]["guest"]["reason"], json!("设备检修"), "{seen}");
        test.clock.advance(TimeDelta::minutes(2));
    }
    let log = host.get("/access-log").await;
    let looks: Vec<(&Value, &Value)> =
        log.items().iter().map(|look| (&look["field"], &look["purpose"])).collect();
    let about = json!("visitor_about");
    assert_eq!(looks, [(&about, &json!("gate")), (&about, &json!("work"))], "{}", log.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_decided_about_a_visitor_by_itself_is_looked_at_later() {
    let test = TestApp::start().await;
    let Place { campus, east, userid, host } = place(&test, json!({})).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let dormitory = zone(&administrator, "3号宿舍楼", None).await;
    let door = gate(&test, &administrator, dormitory, "正门", json!({})).await;
    test.clock.set_time("09:30");
    let (_, token) = invite(&host, &invitation(&[campus])).await;
    let guide = east.guide().await;
    assert!(!guide.to_string().contains("visitor"), "no guide says who is expected: {guide}");
    let carried = |id: &str, code: &str, direction: &str, at: &str| json!({ "id": id, "code": code, "direction": direction, "at": at, "reason": null });
    let (first, second) = (shown(&test, &token).await, shown(&test, &token).await);
    east.carry(&[carried("came-in-here", &first, "in", "2020-03-04T01:30:05Z")]).await;
    test.clock.advance(TimeDelta::minutes(3));
    door.carry(&[carried("came-in-there", &second, "in", "2020-03-04T01:30:06Z")]).await;
    let flags = async |scan: &str| -> Vec<String> {
        test.one("select flags from passages where scan_id = $1 and visitor_id is not null", &[&scan]).await
    };
    assert_eq!(flags("came-in-here").await, ["travel"]);
    assert_eq!(flags("came-in-there").await, ["disputed", "travel"]);
    assert_eq!(told(&test, &userid).await.len(), 1, "of two passages of a day once");

    // The security office reads whom its alarms are of, for as long as the visitor is known.
    let office = test.sign_in(&test.persona("school_office")).await;
    let alarms = async || -> Vec<Value> {
        let listed = office.get("/gate-alarms").await;
        listed.items().iter().map(|row| json!([row["kind"], row["name"], row["visitor"]])).collect()
    };
    let named = alarms().await;
    assert!(named.contains(&json!(["disputed", "来访人", true])), "{named:?}");
    let out = carried("went-out-late", &second, "out", "2020-03-04T01:32:00Z");
    east.carry(std::slice::from_ref(&out)).await;
    assert_eq!(east.carry(&[out]).await["known"], json!(1), "each once");
    test.assert_no_failed_jobs().await;
    let mut tx = test.app.store().scoped(1).await.unwrap();
    store::visitors::sweep(&mut tx, 1, test.app.now() + TimeDelta::days(1)).await.unwrap();
    tx.commit().await.unwrap();
    let forgotten = alarms().await;
    assert!(forgotten.contains(&json!(["disputed", null, true])), "{forgotten:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_passages_and_its_sheet_can_be_of_visitors_alone() {
    let test = TestApp::start().await;
    let Place { campus, east, host, .. } = place(&test, json!({})).await;
    test.clock.set_time("09:30");
    let (_, token) = invite(&host, &invitation(&[campus])).await;
    let student = test.sign_in(&test.students_of(&test.persona("counsellor")).await[0]).await;
    for shown in [shown(&test, &token).await, code(&student).await] {
        assert_eq!(reason(&east.scan(&shown, "in").await), "allowed");
    }
    let office = test.sign_in(&test.persona("school_office")).await;
    assert_eq!(office.get("/passages?visitors=false").await.items().len(), 2);
    let alone = office.get("/passages?visitors=true").await;
    assert_eq!((alone.items().len(), &alone.items()[0]["name"]), (1, &json!("来访人")));
    let asked = |filters: Value| {
        let columns = ["name", "place"].map(|column| json!({ "column": column, "title": column }));
        json!({ "name": "进出", "purpose": "核对", "definition":
            { "dataset": "passages", "order": "listed", "columns": columns, "filters": filters } })
    };
    assert_eq!(sheet(&test, &office, &asked(json!({}))).await.len(), 3, "a heading and both");
    let alone = sheet(&test, &office, &asked(json!({ "visitors": true }))).await;
    assert_eq!(alone[1..], [["来访人", "访客"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_is_forgotten_thirty_days_later_and_that_one_came_is_not() {
    let test = TestApp::start().await;
    let Place { campus, east, host, .. } = place(&test, json!({})).await;
    test.clock.set_time("09:30");
    let (_, token) = invite(&host, &invitation(&[campus])).await;
    east.scan(&shown(&test, &token).await, "in").await;
    // Three days too late: what is known of passages lasts as much longer.
    test.clock.advance(TimeDelta::days(3));
    let left = east.scan(&shown(&test, &token).await, "out").await;
    assert_eq!(left["flags"], json!(["overstayed"]), "{left}");
    test.run_jobs().await;
    let swept = async || {
        app::jobs::look_at_schedules(&test.app).await;
        test.clock.advance(TimeDelta::hours(1));
        test.run_jobs().await;
        let left: i64 = test.one("select count(*) from visitors", &[]).await;
        left
    };
    test.clock.advance(TimeDelta::days(27));
    assert_eq!(swept().await, 1, "not yet: it ended at five");
    test.clock.advance(TimeDelta::days(1));
    assert_eq!(swept().await, 0);
    assert_eq!(open(&test, &token).await.code(), "unknown_visit");
    let names: i64 = test.one("select count(*) from gate_pseudonyms where visitor_id is not null", &[]).await;
    assert_eq!(names, 0);
    let office = test.sign_in(&test.persona("school_office")).await;
    let passages = office.get("/passages?from=2020-03-07&to=2020-03-07").await;
    assert_eq!(passages.items().len(), 1, "{}", passages.body);
    let row = &passages.items()[0];
    assert_eq!((&row["visitor"], &row["name"]), (&json!(true), &Value::Null));
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_another_school_leads_nowhere_and_who_tries_too_many_waits() {
    let test = TestApp::start().await;
    let Place { campus, host, .. } = place(&test, json!({})).await;
    invite(&host, &invitation(&[campus])).await;
    let sql = "
        insert into corps values (2, '另一所学校', 'wwother', 'Asia/Shanghai', '2017-09-01');
        insert into persons (corp_id, number, name, kind, from_date) values (2, 'T1', '外校', 'staff', '2017-09-01');
        insert into sync_runs (corp_id, trigger, state, started_at) values (2, 'boot', 'applied', '2020-03-01T00:00:00Z');
        insert into members (corp_id, userid, userid_key, person_id, joined_on, run_id)
        select 2, 'T1', 't1', p.person_id, '2020-03-01', r.run_id from persons p, sync_runs r
        where p.corp_id = 2 and r.corp_id = 2;
        insert into visitors (corp_id, host_id, request_key, name, phone, about, zones, from_time, until_time, token_hash,
                              invited_by, invited_at)
        select 2, m.person_id, v.request_key, v.name, v.phone, v.about, v.zones, v.from_time, v.until_time,
               sha256('of-another-school'::bytea), m.member_id, v.invited_at
        from visitors v, members m where m.corp_id = 2;";
    test.owner.batch_execute(sql).await.unwrap();
    let there: i64 = test.one("select count(*) from visitors where corp_id = 2", &[]).await;
    assert_eq!(there, 1);
    assert_eq!(open(&test, "of-another-school").await.code(), "unknown_visit");

    let browser = test.browser();
    let mut asked = 0;
    loop {
        let reply = browser.post_raw("/visit", "", &[("Authorization", "Visit guessed")]).await;
        asked += 1;
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        assert_eq!(reply.code(), "unknown_visit");
        assert!(asked < 100_000, "nobody is asked to wait");
    }
    assert!(asked > 200, "a campus shares an address: {asked}");
    // The limit tells: nobody's account, somebody's network.
    app::security_events::flush(&test.app).await;
    let told: String = test
        .one(
            "select concat_ws(' ', operation, reason, network, times, coalesce(member_id, 0)) from security_events
             where kind = 'refused'",
            &[],
        )
        .await;
    assert_eq!(told, "POST /api/v1/visit too_many_requests 127.0.0.0/24 1 0");
}
