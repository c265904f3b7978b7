//! 审计: acts leave events, events are sealed once each, and whoever touches the record is found out (goal Z9).

use std::path::{Path, PathBuf};

use app::{
    App,
    audit::{anchors::Anchors, rotate_key, sealing, verify},
    cursors, retention,
};
use chrono::TimeDelta;
use domain::{
    audit::{Act, Flaw},
    second_factor::Rule,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::{
    commands::{audit::report, keys as command},
    compose,
    config::{Config, ReadingBudget},
};
use store::audit::{self as rows, Event};

use crate::{
    databases,
    gates::{gate, zone},
    keys::owners,
    test_app::TestApp,
};

/// The deployment with a file outside and somebody who is told of it.
pub fn anchored(test: &TestApp, file: &Path, officer: Option<&str>) -> App {
    let mut config = Config::clone(&test.config);
    config.audit.anchor_file = Some(file.to_owned());
    config.schools[0].data_protection_officer = officer.map(str::to_owned);
    compose::app(&config, test.clock.clone()).unwrap()
}

/// A file of this test's own that is not there yet.
pub fn outside(name: &str) -> PathBuf {
    let file = std::env::temp_dir().join(format!("rollcall-audit-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&file);
    file
}

/// What the file says.
pub fn told(file: &Path) -> Anchors {
    Anchors::read(&std::fs::read_to_string(file).unwrap())
}

/// Records so many looks, seals them and signs how far that is.
pub async fn fill(app: &App, test: &TestApp, events: i64) {
    let member: i64 = test.one("select min(member_id) from members", &[]).await;
    let mut tx = app.store().scoped(1).await.unwrap();
    for nth in 0..events {
        let look = Event::new(1, Act::Look, Some(member), app.now()).of(nth + 1).on("access", nth + 1);
        rows::insert(&mut tx, look.saying(json!({ "field": "phone" }))).await.unwrap();
    }
    tx.commit().await.unwrap();
    let school = app.school(1).unwrap();
    sealing::seal(app, school).await.unwrap();
    test.clock.advance(TimeDelta::minutes(11));
    assert!(sealing::sign_if_due(app, school).await.unwrap());
}

/// What verifying finds.
pub async fn flaws(app: &App, outside: &Anchors) -> Vec<Flaw> {
    verify(app, app.school(1).unwrap(), outside).await.unwrap().flaws
}

/// Copies the record beside it.
pub async fn keep(test: &TestApp) {
    keep_as(test, "kept").await;
}

/// … into a schema of this name.
pub async fn keep_as(test: &TestApp, schema: &str) {
    let mut sql = format!("drop schema if exists {schema} cascade; create schema {schema};");
    for table in TABLES {
        sql.push_str(&format!("create table {schema}.{table} as table {table};"));
    }
    test.owner.batch_execute(&sql).await.unwrap();
}

/// Puts the record back as it was kept.
pub async fn put_back(test: &TestApp) {
    test.owner.batch_execute(&put_back_from("kept")).await.unwrap();
}

/// The statements that put the record back as it was kept in a schema.
pub fn put_back_from(schema: &str) -> String {
    let mut sql = format!("begin; truncate {};", TABLES.join(", "));
    for table in TABLES {
        let own_ids = if table == "audit_events" { "overriding system value" } else { "" };
        sql.push_str(&format!("insert into {table} {own_ids} select * from {schema}.{table};"));
    }
    format!("{sql} commit")
}

/// The statements that put back what was cut since it was kept in a schema, and leave the rest.
pub fn bring_back_from(schema: &str) -> String {
    format!(
        "insert into audit_events overriding system value select * from {schema}.audit_events k
           where not exists (select from audit_events e where e.corp_id = k.corp_id and e.event_id = k.event_id);
         insert into audit_chain select * from {schema}.audit_chain k
           where not exists (select from audit_chain c where c.corp_id = k.corp_id and c.seq = k.seq)"
    )
}

// What refers to a key comes after it.
const TABLES: [&str; 6] =
    ["audit_events", "audit_unsealed", "audit_chain", "audit_keys", "audit_heads", "audit_cuts"];

/// A record of which the first 40 events and what was there before are cut: kept as `before` from before the cut, sealed and signed since.
/// Up to which number it is cut.
pub async fn cut_once(app: &App, test: &TestApp) -> i64 {
    fill(app, test, 20).await;
    fill(app, test, 20).await;
    let cut_to = sealed_to(test).await;
    test.clock.advance(TimeDelta::days(401));
    fill(app, test, 20).await;
    keep_as(test, "before").await;
    end(app).await;
    seal_and_sign(app, test).await;
    cut_to
}

/// Ends what was kept long enough.
async fn end(app: &App) {
    retention::run(app, app.school(1).unwrap(), None).await.unwrap();
}

async fn seal_and_sign(app: &App, test: &TestApp) {
    let school = app.school(1).unwrap();
    sealing::seal(app, school).await.unwrap();
    test.clock.advance(TimeDelta::minutes(11));
    assert!(sealing::sign_if_due(app, school).await.unwrap());
}

/// The last number of the chain.
async fn sealed_to(test: &TestApp) -> i64 {
    test.one("select coalesce(max(seq), 0) from audit_chain", &[]).await
}

/// What is on record of an act, the oldest first.
pub async fn details(test: &TestApp, act: Act) -> Vec<Value> {
    let sql = "select detail::text from audit_events where action = $1 order by event_id";
    let rows = test.owner.query(sql, &[&act.as_str()]).await.unwrap();
    rows.iter().map(|row| serde_json::from_str(row.get(0)).unwrap()).collect()
}

fn acts(list: &[Value]) -> Vec<&str> {
    list.iter().map(|event| event["act"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_and_changes_leave_events_without_what_was_seen() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    let row = counsellor.get("/unreported/health-daily").await.items()[0].clone();
    let looked =
        counsellor.post(&format!("/people/{}/phone", row["id"]), &json!({ "purpose": "call" })).await;
    let phone = looked.body["phone"].as_str().unwrap().to_owned();
    let campus = zone(&administrator, "东校区", None).await;
    gate(&test, &administrator, campus, "东门", json!({})).await;
    let office = test.sign_in(&test.persona("college_office")).await;
    let college: i32 =
        test.one("select department_id from departments where name = $1", &[&"信息学院"]).await;
    let teacher = test.persona("staff");
    let grant = json!({ "number": teacher, "role": "college_leader", "department": college,
        "purpose": "春季学期", "last": "2020-07-31" });
    assert_eq!(office.post("/grants", &grant).await.status, StatusCode::OK);

    let list = administrator.get("/audit").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.body);
    let done = acts(list.items());
    for act in ["look", "zone_changed", "gate_changed", "device_offered", "device_paired", "grant_given"] {
        assert!(done.contains(&act), "{act} of {done:?}");
    }
    let look = list.items().iter().find(|event| event["act"] == json!("look")).unwrap();
    let name: String = test.one("select name from persons where number = $1", &[&userid]).await;
    assert_eq!((&look["actor"]["name"], &look["actor"]["number"]), (&json!(name), &json!(userid)));
    assert_eq!((&look["subject"]["number"], &look["purpose"]), (&row["number"], &json!("call")));
    assert_eq!(look["details"], json!([{ "name": "field", "value": "phone" }]));
    assert_eq!((&look["seq"], &look["intact"]), (&Value::Null, &json!(true)), "it waits");
    let given = list.items().iter().find(|event| event["act"] == json!("grant_given")).unwrap();
    assert_eq!(given["subject"]["number"], json!(teacher));
    assert!(given["object"].as_str().unwrap().starts_with("grant:"), "{given}");
    let all: String = test.one("select string_agg(e::text, '') from audit_events e", &[]).await;
    assert!(!all.contains(&phone), "what was seen is not in it");

    // Looking at what would be leaves nothing.
    let before: i64 = test.one("select count(*) from audit_events", &[]).await;
    let days = |preview: bool| json!({ "text": "2020-05-01,放假,劳动节", "preview": preview });
    let looked = administrator.post("/school-days", &days(true)).await;
    assert_eq!(looked.status, StatusCode::OK, "{}", looked.body);
    let after: i64 = test.one("select count(*) from audit_events", &[]).await;
    assert_eq!(before, after);
    administrator.post("/school-days", &days(false)).await;
    let after: i64 = test.one("select count(*) from audit_events", &[]).await;
    assert_eq!(before + 1, after);

    // Who sees and adds can't change.
    let service =
        databases::connect(&test.settings["database"]["url"].as_str().unwrap().parse().unwrap()).await;
    service.batch_execute("begin; set local rollcall.corp_id = '1'").await.unwrap();
    let own: i64 = service.query_one("select count(*) from audit_events", &[]).await.unwrap().get(0);
    assert_eq!(own, after);
    service.batch_execute("rollback").await.unwrap();
    for sql in [
        "update audit_events set actor = null",
        "delete from audit_events",
        "update audit_chain set seq = seq + 1",
        "delete from audit_chain",
        "delete from audit_heads",
        "delete from audit_cuts",
        "delete from access_log",
        "truncate audit_events",
    ] {
        let refused =
            service.batch_execute(&format!("begin; set local rollcall.corp_id = '1'; {sql}; commit")).await;
        assert!(refused.is_err(), "{sql}");
        service.batch_execute("rollback").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_sealed_once_however_late_it_commits_and_however_many_seal() {
    let test = TestApp::start().await;
    let (app, school) = (&test.app, test.school());
    let event = || Event::new(1, Act::Look, None, app.now()).of(1);
    // One takes its id and commits after those that came later are sealed.
    let mut late = app.store().scoped(1).await.unwrap();
    rows::insert(&mut late, event()).await.unwrap();
    let mut early = app.store().scoped(1).await.unwrap();
    for _ in 0..50 {
        rows::insert(&mut early, event()).await.unwrap();
    }
    early.commit().await.unwrap();
    sealing::seal(app, school).await.unwrap();
    let before = sealed_to(&test).await;
    assert!(before >= 50);
    late.commit().await.unwrap();
    assert_eq!(sealing::seal(app, school).await.unwrap(), 1);
    let ids: i64 = test
        .one(
            "select count(*) from audit_chain c join audit_chain d on d.seq = c.seq - 1 where c.event_id < d.event_id",
            &[],
        )
        .await;
    assert_eq!(ids, 1, "the late one stands after those it was before");

    // Acts and several sealers at once.
    let writers = (0..8).map(|_| async {
        for _ in 0..20 {
            let mut tx = app.store().scoped(1).await.unwrap();
            rows::insert(&mut tx, event()).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    let sealers = (0..4).map(|_| async {
        for _ in 0..20 {
            sealing::seal(app, school).await.unwrap();
        }
    });
    tokio::join!(futures_util::future::join_all(writers), futures_util::future::join_all(sealers));
    sealing::seal(app, school).await.unwrap();
    let events: i64 = test.one("select count(*) from audit_events", &[]).await;
    let numbers: i64 = test.one("select count(distinct event_id) from audit_chain", &[]).await;
    assert_eq!((sealed_to(&test).await, numbers), (events, events));
    assert_eq!(sealing::seal(app, school).await.unwrap(), 0, "nothing is left");
    assert_eq!(flaws(app, &Anchors::default()).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_touches_the_record_is_found_out() {
    let test = TestApp::start().await;
    let file = outside("touched");
    let app = anchored(&test, &file, None);
    fill(&app, &test, 20).await;
    fill(&app, &test, 20).await;
    let anchors = told(&file);
    assert_eq!((anchors.lines.len(), anchors.broken.len()), (2, 0));
    let (text, well) = report(&app, None).await.unwrap();
    assert!(well && text.contains("✓ 完整"), "{text}");
    keep(&test).await;
    let last = sealed_to(&test).await;

    let of = |seq: i64| format!("(select event_id from audit_chain where seq = {seq})");
    let cases: [(String, &str); 9] = [
        (format!("update audit_events set subject = 999 where event_id = {}", of(5)), "第 5 号记录的内容被改动"),
        (format!("delete from audit_events where event_id = {}", of(5)), "第 5 号记录的内容被删除"),
        ("delete from audit_chain where seq = 5".into(), "第 5 号记录被删除"),
        (
            "insert into audit_events (corp_id, at, action, object, detail, nonce, hash)
             select corp_id, at, action, object, detail, nonce, hash from audit_events limit 1"
                .into(),
            "不在链上",
        ),
        (
            "update audit_chain set seq = 900 where seq = 5; update audit_chain set seq = 5 where seq = 6;
             update audit_chain set seq = 6 where seq = 900"
                .into(),
            "第 5 号处链条断开",
        ),
        ("delete from audit_chain where seq > 30".into(), "链尾被截断"),
        (
            format!(
                "delete from audit_events where event_id in (select event_id from audit_chain where seq > {0});
                 delete from audit_chain where seq > {0}",
                last - 3
            ),
            "链尾被截断",
        ),
        // With the heads, too: the file outside knows.
        (
            "delete from audit_events where event_id in (select event_id from audit_chain where seq > 10);
             delete from audit_chain where seq > 10; delete from audit_heads where seq > 10"
                .into(),
            "链尾被截断",
        ),
        ("update audit_heads set hash = decode(repeat('00', 32), 'hex')".into(), "签名无效"),
    ];
    for (sql, words) in cases {
        test.owner.batch_execute(&sql).await.unwrap();
        let (text, well) = report(&app, None).await.unwrap();
        assert!(!well && text.contains(words), "{sql}: {text}");
        put_back(&test).await;
        assert_eq!(flaws(&app, &anchors).await, [], "it is whole again");
    }

    // A line outside that somebody changed, and a file that is not there.
    let changed = std::fs::read_to_string(&file).unwrap().replacen("\"seq\":", "\"seq\":1", 1);
    std::fs::write(&file, changed).unwrap();
    let (text, well) = report(&app, Some(&file)).await.unwrap();
    assert!(!well && text.contains("第 1 行"), "{text}");
    assert!(report(&app, Some(&outside("nowhere"))).await.is_err());
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_signed_when_something_is_new_and_the_days_is_told() {
    let test = TestApp::start().await;
    let file = outside("told");
    let officer = test.persona("staff");
    let app = anchored(&test, &file, Some(&officer));
    let school = app.school(1).unwrap();
    fill(&app, &test, 3).await;
    test.clock.advance(TimeDelta::minutes(11));
    assert!(!sealing::sign_if_due(&app, school).await.unwrap(), "nothing is new");
    let head: String = test.one("select encode(hash, 'hex') from audit_heads", &[]).await;
    test.run_jobs().await;
    assert_eq!(test.messages_of(&officer).await.len(), 0, "the day is not over");

    test.clock.advance(TimeDelta::days(1));
    fill(&app, &test, 3).await;
    test.run_jobs().await;
    let messages = test.messages_of(&officer).await;
    assert_eq!(messages.len(), 1);
    assert!(messages[0].to_string().contains(&head), "{}", messages[0]);
    fill(&app, &test, 3).await;
    test.run_jobs().await;
    assert_eq!(test.messages_of(&officer).await.len(), 1, "once a day");
    assert_eq!(told(&file).lines.len(), 3);
    let anchored: i64 = test.one("select count(*) from audit_heads where anchored = 'file'", &[]).await;
    assert_eq!(anchored, 3);
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_signs_what_comes_and_what_was_signed_before_still_holds() {
    let test = TestApp::start().await;
    let file = outside("rotated");
    let app = anchored(&test, &file, None);
    fill(&app, &test, 2).await;
    test.clock.advance(TimeDelta::minutes(1));
    let new = rotate_key(&app, app.school(1).unwrap()).await.unwrap();
    fill(&app, &test, 2).await;
    let sql = "select encode(kid, 'hex') from audit_heads order by seq";
    let signed: Vec<String> =
        test.owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(signed.len(), 2);
    assert_ne!(signed[0], new);
    assert_eq!(signed[1], new);
    assert_eq!(flaws(&app, &told(&file)).await, []);
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_does_to_keys_is_on_record() {
    let test = TestApp::start().await;
    let owners = owners(&test);
    command::rotate(&owners, test.clock.clone(), Some("contact")).await.unwrap();
    test.clock.advance(TimeDelta::hours(2));
    let anew = command::Command::Reencrypt { destroy_old: true };
    command::run(&owners, test.clock.clone(), &anew).await.unwrap();
    command::rewrap(&owners, test.clock.clone()).await.unwrap();
    let kid = rotate_key(&test.app, test.school()).await.unwrap();
    let said = details(&test, Act::KeysChanged).await;
    let acts: Vec<&str> = said.iter().map(|one| one["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["rotated", "reencrypted", "destroyed", "rewrapped", "signing_key"]);
    assert_eq!((&said[0]["keys"], &said[2]["keys"]), (&json!(1), &json!(1)), "{said:?}");
    assert!(said[1]["values"].as_i64() > Some(0) && said[3]["keys"].as_i64() > Some(0), "{said:?}");
    assert_eq!(said[4]["kid"], json!(kid));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_on_record_once_until_they_are_others() {
    let test = TestApp::start().await;
    let config = Config::clone(&test.config);
    let starts = (0..4).map(|_| compose::note_settings(&test.app, &config));
    for noted in futures_util::future::join_all(starts).await {
        noted.unwrap();
    }
    let said = details(&test, Act::SettingsChanged).await;
    assert_eq!(said.len(), 1, "of four processes one: {said:?}");
    assert_eq!(
        [&said[0]["second_factor"], &said[0]["fresh_minutes"], &said[0]["officer"], &said[0]["budgets"]],
        [&json!("optional"), &json!(720), &Value::Null, &Value::Null]
    );

    let officer = test.persona("staff");
    let mut other = config.clone();
    other.server.fresh_sign_in_minutes = 600;
    other.schools[0].second_factor = Rule::Off;
    other.schools[0].data_protection_officer = Some(officer.clone());
    other.schools[0].retention.insert("answers".into(), 60);
    let budget = ReadingBudget {
        phones: Some(100),
        answers: None,
        photos: None,
        states: None,
        whereabouts: None,
        exported: None,
    };
    other.schools[0].reading_budgets.insert("counsellor".into(), budget);
    let app = compose::app(&other, test.clock.clone()).unwrap();
    for _ in 0..2 {
        compose::note_settings(&app, &other).await.unwrap();
    }
    let said = details(&test, Act::SettingsChanged).await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(
        [&said[1]["second_factor"], &said[1]["fresh_minutes"], &said[1]["officer"], &said[1]["budgets"]],
        [
            &json!("off"),
            &json!(600),
            &json!(officer),
            &json!("counsellor phones 100 answers 600 photos 600 states 600 whereabouts 1500 exported 50000")
        ]
    );
    assert!(said[1]["kept_days"].as_str().unwrap().starts_with("answers 60, "), "{said:?}");
    compose::note_settings(&test.app, &config).await.unwrap();
    assert_eq!(details(&test, Act::SettingsChanged).await.len(), 3, "and back again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_is_cut_after_four_hundred_days_and_the_rest_is_whole() {
    let test = TestApp::start().await;
    let file = outside("cut");
    let app = anchored(&test, &file, None);
    fill(&app, &test, 20).await;
    let cut_to = sealed_to(&test).await;
    let signed: i64 = test.one("select max(seq) from audit_heads", &[]).await;
    assert_eq!(signed, cut_to);
    test.clock.advance(TimeDelta::days(400) - TimeDelta::minutes(11));
    fill(&app, &test, 20).await;
    let cuts = "select count(*) from audit_cuts";
    let first = "select coalesce(min(seq), 0) from audit_chain";
    // The head that covers the first was signed eleven minutes after them, and that is as long ago as it may be.
    end(&app).await;
    assert_eq!((test.one::<i64>(cuts, &[]).await, test.one::<i64>(first, &[]).await), (0, 1));
    test.clock.advance(TimeDelta::minutes(1));
    end(&app).await;
    assert_eq!((test.one::<i64>(cuts, &[]).await, test.one::<i64>(first, &[]).await), (1, cut_to + 1));
    let removed: i64 = test.one("select removed from retention_runs where class = 'audit'", &[]).await;
    assert_eq!(removed, cut_to);
    // It is itself on record, first waiting and then sealed.
    let said = details(&test, Act::AuditCut).await;
    assert_eq!((said.len(), &said[0]["seq"], &said[0]["after"]), (1, &json!(cut_to), &json!(0)));
    assert_eq!((&said[0]["removed"], &said[0]["policy"]), (&json!(cut_to), &json!("2026-11")));
    assert_eq!(flaws(&app, &told(&file)).await, []);
    seal_and_sign(&app, &test).await;
    let (text, well) = report(&app, None).await.unwrap();
    assert!(well && text.contains(&format!("第 1 到 {cut_to} 号已按保存期限截去")), "{text}");
    // Nothing is left to cut.
    end(&app).await;
    assert_eq!(test.one::<i64>(cuts, &[]).await, 1);

    // A school where nothing was done for as long: numbers go on where they were.
    let last = sealed_to(&test).await;
    test.clock.advance(TimeDelta::days(402));
    end(&app).await;
    let ended: i64 = test.one("select max(seq) from audit_cuts", &[]).await;
    assert_eq!(ended, last);
    seal_and_sign(&app, &test).await;
    assert_eq!(test.one::<i64>(first, &[]).await, last + 1);
    assert_eq!(flaws(&app, &told(&file)).await, []);
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_touches_a_cut_is_found_out() {
    let test = TestApp::start().await;
    let file = outside("cut-touched");
    let app = anchored(&test, &file, None);
    let cut_to = cut_once(&app, &test).await;
    keep(&test).await;
    let (text, well) = report(&app, None).await.unwrap();
    assert!(well, "{text}");
    let bring_back = bring_back_from("before");
    let drop_event = "delete from audit_chain c using audit_events e
        where e.corp_id = c.corp_id and e.event_id = c.event_id and e.action = 'audit_cut';
        delete from audit_events where action = 'audit_cut'";
    let take = |until: i64| {
        format!(
            "delete from audit_events where event_id in (select event_id from audit_chain where seq <= {until});
             delete from audit_chain where seq <= {until}"
        )
    };
    let forge = |until: i64| {
        format!(
            "insert into audit_cuts
             select k.corp_id, c.seq, c.hash, k.seq, k.hash, k.day, c.seq - k.seq, k.policy, k.kid, k.signature, k.cut_at
             from audit_cuts k, audit_chain c where c.seq = {until}; {}",
            take(until)
        )
    };
    let cases: [(String, String); 11] = [
        (forge(cut_to + 2), format!("截到第 {} 号的截断记录不是本系统签的", cut_to + 2)),
        ("update audit_cuts set removed = removed - 1".into(), "不是本系统签的".into()),
        ("update audit_cuts set day = day + 1".into(), "不是本系统签的".into()),
        (take(cut_to + 2), format!("第 {} 到 {} 号记录被删除", cut_to + 1, cut_to + 2)),
        ("delete from audit_cuts".into(), format!("第 1 到 {cut_to} 号记录被删除")),
        ("delete from audit_cuts".into(), format!("截到第 {cut_to} 号的截断记录不见了")),
        // What was cut is there again: all of it, the events alone, and with the cut gone.
        (bring_back.clone(), format!("第 {cut_to} 号记录已按保存期限截去，现在又出现了")),
        (
            "insert into audit_events overriding system value select * from before.audit_events k
             where not exists (select from audit_events e where e.corp_id = k.corp_id and e.event_id = k.event_id)"
                .into(),
            "不在链上".into(),
        ),
        (format!("{bring_back}; delete from audit_cuts"), "截断记录不见了".into()),
        (format!("{bring_back}; delete from audit_cuts; {drop_event}"), "链尾被截断".into()),
        // The whole as it was before: the file outside knows that it went on.
        (put_back_from("before"), "链尾被截断".into()),
    ];
    for (sql, words) in cases {
        test.owner.batch_execute(&sql).await.unwrap();
        let (text, well) = report(&app, None).await.unwrap();
        assert!(!well && text.contains(&words), "{sql}: {text}");
        put_back(&test).await;
        assert_eq!(flaws(&app, &told(&file)).await, [], "it is whole again");
    }
    // A cut nobody told of.
    test.owner.batch_execute(drop_event).await.unwrap();
    assert!(flaws(&app, &told(&file)).await.contains(&Flaw::CutUntold { cut: cut_to }));
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_is_not_cut() {
    let test = TestApp::start().await;
    let file = outside("cut-not");
    let app = anchored(&test, &file, None);
    fill(&app, &test, 20).await;
    fill(&app, &test, 20).await;
    test.clock.advance(TimeDelta::days(401));
    keep(&test).await;
    let whole = sealed_to(&test).await;
    let school = app.school(1).unwrap();
    let event = "(select event_id from audit_chain where seq = 5)";
    let cases = [
        format!("update audit_events set subject = 999 where event_id = {event}"),
        format!("delete from audit_events where event_id = {event}"),
        "delete from audit_chain where seq = 5".into(),
        "update audit_heads set hash = decode(repeat('00', 32), 'hex') where seq = (select min(seq) from audit_heads)"
            .into(),
        // By the clock of the database it is young, whatever the service thinks.
        "update audit_chain set sealed_at = now() where seq = 5".into(),
    ];
    for sql in cases {
        test.owner.batch_execute(&sql).await.unwrap();
        let before: i64 = test.one("select count(*) from audit_chain", &[]).await;
        assert!(retention::run(&app, school, None).await.is_err(), "{sql}");
        let after: i64 = test.one("select count(*) from audit_chain", &[]).await;
        assert!(after >= before, "{sql}: what was purged meanwhile is on record, and nothing went");
        assert_eq!(test.one::<i64>("select count(*) from audit_cuts", &[]).await, 0, "{sql}");
        put_back(&test).await;
    }
    // As nothing stands outside, nothing goes; and where it does, all that may.
    test.owner.batch_execute("update audit_heads set anchored = null").await.unwrap();
    end(&app).await;
    assert_eq!(test.one::<i64>("select count(*) from audit_cuts", &[]).await, 0);
    put_back(&test).await;
    end(&app).await;
    assert_eq!(test.one::<i64>("select max(seq) from audit_cuts", &[]).await, whole);
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_can_cut_nothing_young_and_not_behind_a_head() {
    let test = TestApp::start().await;
    fill(&test.app, &test, 20).await;
    let signed = sealed_to(&test).await;
    let mut tx = test.app.store().scoped(1).await.unwrap();
    rows::insert(&mut tx, Event::new(1, Act::Look, None, test.app.now()).of(1)).await.unwrap();
    tx.commit().await.unwrap();
    sealing::seal(&test.app, test.school()).await.unwrap();
    assert_eq!(sealed_to(&test).await, signed + 1);
    let service =
        databases::connect(&test.settings["database"]["url"].as_str().unwrap().parse().unwrap()).await;
    let begin = "begin; set local rollcall.corp_id = '1';";
    // A cut that nobody signed: the database can't know.
    let named = |seq: i64| {
        format!(
            "insert into audit_cuts
             select 1, c.seq, c.hash, 0, decode(repeat('00', 32), 'hex'), date '2021-04-08', c.seq, 'x', k.kid, ''::bytea, now()
             from audit_chain c, audit_keys k where c.seq = {seq};"
        )
    };
    let cases = [
        ("select cut_audit(3)".to_owned(), "no cut of the audit"),
        (format!("{} select cut_audit(2)", named(3)), "no cut of the audit"),
        (format!("{} select cut_audit({})", named(signed + 1), signed + 1), "no head of the audit"),
        (format!("{} update audit_cuts set hash = hash; select cut_audit(3)", named(3)), "permission denied"),
    ];
    for (sql, why) in cases {
        let refused = service.batch_execute(&format!("{begin} {sql}")).await.expect_err(&sql);
        let words = refused.as_db_error().map(|error| error.message().to_owned()).unwrap_or_default();
        assert!(words.contains(why), "{sql}: {words}");
        service.batch_execute("rollback").await.unwrap();
    }
    // Of two looks one is young by the clock of the database.
    let looks = "insert into access_log (corp_id, at, viewer, person_id, field, purpose)
        select 1, now() - days * interval '1 day', (select min(member_id) from members), (select min(person_id) from persons),
          'phone', 'call'::bytea from unnest(array[179, 181]) as days";
    test.owner.batch_execute(looks).await.unwrap();
    service.batch_execute(begin).await.unwrap();
    let ended = service.query_one("select end_access_log(now(), 10)", &[]).await.unwrap();
    assert_eq!(ended.get::<_, i64>(0), 1);
    service.batch_execute("rollback").await.unwrap();
    // One head of these is young: what is behind the last old one stays.
    test.owner.batch_execute("update audit_heads set signed_at = now()").await.unwrap();
    let young = service.batch_execute(&format!("{begin} {} select cut_audit(3)", named(3))).await;
    assert!(young.is_err());
    service.batch_execute("rollback").await.unwrap();
    test.owner.batch_execute("update audit_heads set signed_at = '2020-03-04'").await.unwrap();
    service.batch_execute(&format!("{begin} {} select cut_audit(3); commit", named(3))).await.unwrap();
    let found = flaws(&test.app, &Anchors::default()).await;
    assert!(found.contains(&Flaw::CutForged { cut: 3 }), "{found:?}");
    assert!(found.contains(&Flaw::LinksGone { from: 1, until: 3 }), "{found:?}");
    // And nothing is cut on top of it.
    test.clock.advance(TimeDelta::days(401));
    assert!(retention::run(&test.app, test.school(), None).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_end_after_four_hundred_days_and_the_page_says_so() {
    let test = TestApp::start().await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    let row = counsellor.get("/unreported/health-daily").await.items()[0].clone();
    counsellor.post(&format!("/people/{}/phone", row["id"]), &json!({ "purpose": "call" })).await;
    let student = test.sign_in(row["number"].as_str().unwrap()).await;
    let log = student.get("/access-log").await;
    assert_eq!((log.items().len(), &log.body["kept_days"]), (1, &json!(400)));
    let looks = "select count(*) from access_log";
    test.clock.advance(TimeDelta::days(400));
    end(&test.app).await;
    assert_eq!(test.one::<i64>(looks, &[]).await, 1, "the last day");
    test.clock.advance(TimeDelta::seconds(1));
    end(&test.app).await;
    assert_eq!(test.one::<i64>(looks, &[]).await, 0);
    let removed: i64 = test.one("select removed from retention_runs where class = 'audit'", &[]).await;
    assert_eq!(removed, 1, "and no event: nothing of them was signed");
}

#[tokio::test(flavor = "multi_thread")]
async fn auditors_look_through_it_and_nobody_else() {
    let test = TestApp::start().await;
    let search = json!({ "numbers": [] });
    for role in ["student", "counsellor", "college_office", "school_office", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/audit").await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(viewer.post("/audit/searches", &search).await.status, StatusCode::FORBIDDEN, "{role}");
    }
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    let list = counsellor.get("/unreported/health-daily").await;
    for row in &list.items()[..3] {
        counsellor.post(&format!("/people/{}/phone", row["id"]), &json!({ "purpose": "call" })).await;
        test.clock.advance(TimeDelta::minutes(1));
    }
    let auditor = test.persona("staff");
    test.owner
        .execute(
            "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
             select 1, person_id, 'auditor', 1, '审计', 'manual', '2020-01-01', '2021-01-01' from persons where number = $1",
            &[&auditor],
        )
        .await
        .unwrap();
    test.forget_viewers().await;
    let auditor = test.sign_in(&auditor).await;

    let looks = auditor.get("/audit?act=look&limit=2").await;
    assert_eq!(acts(looks.items()), ["look", "look"], "{}", looks.body);
    let cursor = looks.body["next_cursor"].as_str().unwrap();
    let rest = auditor.get(&format!("/audit?act=look&limit=2&cursor={cursor}")).await;
    assert_eq!((rest.items().len(), &rest.body["next_cursor"]), (1, &Value::Null));
    assert_eq!(auditor.get("/audit?act=nothing").await.fields(), ["act"]);
    let turned = auditor.get("/audit?from=2020-03-05T00:00:00Z&until=2020-03-04T00:00:00Z").await;
    assert_eq!(turned.fields(), ["until"]);
    let early = auditor.get("/audit?act=look&until=2020-03-04T00:01:00Z").await;
    assert_eq!(early.items().len(), 1, "{}", early.body);

    // Who saw these people between then and then.
    let number = |place: usize| list.items()[place]["number"].clone();
    let asked = json!({ "numbers": [number(0), number(1)], "act": "look",
        "from": "2020-03-04T00:00:00Z", "until": "2020-03-04T01:00:00Z" });
    let seen = auditor.post("/audit/searches", &asked).await;
    assert_eq!(seen.items().len(), 2, "{}", seen.body);
    assert!(seen.items().iter().all(|event| event["actor"]["number"] == json!(userid)));
    let done = auditor.post("/audit/searches", &json!({ "actor": userid, "act": "look" })).await;
    assert_eq!(done.items().len(), 3, "{}", done.body);
    let strange = auditor.post("/audit/searches", &json!({ "numbers": ["nobody"] })).await;
    assert_eq!(strange.fields(), ["numbers"]);
    assert_eq!(auditor.post("/audit/searches", &json!({ "actor": "nobody" })).await.fields(), ["actor"]);
    // Who saw them, in one answer: by number, by class, by what an export named.
    let numbers = json!({ "numbers": [number(0), number(1)] });
    let seen = auditor.post("/audit/viewers", &numbers).await;
    assert_eq!((seen.status, seen.items().len()), (StatusCode::OK, 1), "{}", seen.body);
    let by = &seen.items()[0];
    assert_eq!((&by["number"], &by["people"], &by["looks"]), (&json!(userid), &json!(2), &json!(2)));
    assert_eq!(by["fields"], json!(["phone"]));
    let before = json!({ "numbers": [number(0)], "until": "2020-03-04T00:00:00Z" });
    assert_eq!(auditor.post("/audit/viewers", &before).await.items().len(), 0);
    let class: i32 = test
        .one(
            "select m.department_id from memberships m join persons p using (corp_id, person_id)
             where p.number = $1 and m.is_main and m.until_date is null",
            &[&number(0).as_str().unwrap()],
        )
        .await;
    let college: i32 =
        test.one("select college_id from departments where department_id = $1", &[&class]).await;
    let of_class = auditor.post("/audit/viewers", &json!({ "department": class })).await;
    let of_college = auditor.post("/audit/viewers", &json!({ "department": college })).await;
    assert!(of_college.body["people"].as_i64() > of_class.body["people"].as_i64(), "{}", of_college.body);
    assert_eq!(of_college.items()[0]["people"], json!(3), "{}", of_college.body);
    assert_eq!(
        auditor.post("/audit/viewers", &json!({ "department": 999_999 })).await.fields(),
        ["department"]
    );
    assert_eq!(auditor.post("/audit/viewers", &json!({ "export": 999_999 })).await.fields(), ["export"]);
    assert_eq!(auditor.post("/audit/viewers", &json!({})).await.fields(), ["numbers"]);
    let definition = json!({ "dataset": "people", "columns": [{ "column": "number", "title": "学号" }], "order": "number" });
    let sheet =
        json!({ "name": "名单", "definition": definition, "purpose": "期末签到", "full_phones": false });
    let counsellor = test.sign_in(&userid).await;
    let made = counsellor.post("/exports", &sheet).await;
    test.run_jobs().await;
    let of_export = auditor.post("/audit/viewers", &json!({ "export": made.body["id"] })).await;
    let by = &of_export.items()[0];
    assert_eq!((&by["number"], &by["people"]), (&json!(userid), &of_export.body["people"]));
    assert_eq!(by["fields"], json!(["export", "phone"]));
    let events = auditor
        .post("/audit/searches", &json!({ "export": made.body["id"], "act": "look", "limit": 200 }))
        .await;
    assert_eq!(Some(events.items().len() as i64), by["looks"].as_i64(), "the same looks one by one");
    for role in ["counsellor", "school_office"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.post("/audit/viewers", &numbers).await.status, StatusCode::FORBIDDEN, "{role}");
    }
    // Who holds what, all over the school, and nothing of it to change.
    let held = auditor.get("/grants?role=counsellor").await;
    assert!(held.items().len() > 1, "{}", held.body);
    assert!(held.items().iter().all(|row| row["may_end"] == json!(false)), "{}", held.body);
    let end = format!("/grants/{}/end", held.items()[0]["id"]);
    assert_eq!(auditor.post(&end, &json!({ "reason": "换人" })).await.status, StatusCode::FORBIDDEN);
    // To ask is itself on record, without the numbers; by a cursor of something else too.
    let other = cursors::seal(&test.app, test.school(), "253402300799000000/1").unwrap();
    let later = json!({ "actor": userid, "act": "look", "cursor": other });
    let from_later = auditor.post("/audit/searches", &later).await;
    assert!(!from_later.items().is_empty(), "{}", from_later.body);
    let asked = auditor.get("/audit?act=audit_searched").await;
    assert_eq!(asked.items().len(), 9, "{}", asked.body);
    let detail: String = test
        .one("select string_agg(detail::text, ' ') from audit_events where action = 'audit_searched'", &[])
        .await;
    assert!(!detail.contains(number(0).as_str().unwrap()), "{detail}");

    // How far it is sealed, and whether the last signature fits.
    let open = auditor.get("/audit").await.body;
    assert_eq!((&open["sealed_to"], &open["head"]), (&json!(0), &Value::Null));
    assert!(open["waiting"].as_i64().unwrap() > 3 && open["waiting_since"].is_string(), "{open}");
    sealing::seal(&test.app, test.school()).await.unwrap();
    sealing::sign_if_due(&test.app, test.school()).await.unwrap();
    let sealed = auditor.get("/audit").await;
    assert_eq!(sealed.body["waiting"], json!(0));
    assert_eq!(sealed.items()[0]["seq"], sealed.body["sealed_to"]);
    assert_eq!(
        (&sealed.body["head"]["holds"], &sealed.body["head"]["anchored"]),
        (&json!(true), &json!(false))
    );
    test.owner
        .batch_execute("update audit_events set object = 'access:0' where action = 'look'")
        .await
        .unwrap();
    let touched = auditor.get("/audit?act=look").await;
    assert!(touched.items().iter().all(|event| event["intact"] == json!(false)), "{}", touched.body);
    test.owner.batch_execute("delete from audit_chain where seq > 1").await.unwrap();
    assert_eq!(auditor.get("/audit").await.body["head"]["holds"], json!(false));
}
