//! 扫码进出校: a code opens a gate once, for whom the gate's rules let through; devices are no members; keys can be killed.

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{
    browser_client::{Browser, Reply},
    test_app::{TestApp, health_report, normal_answers},
};

/// A device at a gate.
pub struct Device {
    browser: Browser,
    token: String,
    pub id: i64,
    pub gate: i64,
}

/// A name of a scan nobody used before.
pub fn scan_id() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("scan-{:08}", COUNTER.fetch_add(1, Ordering::Relaxed))
}

impl Device {
    /// The line of header that says which device it is.
    pub fn authorization(&self) -> String {
        format!("Authorization: Bearer {}", self.token)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.browser.post_raw(path, body.to_string(), &headers).await
    }

    /// The same; whoever is asked to wait does, as a device does: a test is quicker than people at a gate.
    async fn post_patiently(&self, path: &str, body: &Value) -> Reply {
        loop {
            let reply = self.post(path, body).await;
            if reply.status != StatusCode::TOO_MANY_REQUESTS {
                return reply;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Vec<u8>) {
        let bearer = format!("Bearer {}", self.token);
        let url = self.browser.url(&format!("/api/v1{path}"));
        let response = self.browser.request(Method::GET, url, None, &[("Authorization", &bearer)]).await;
        (response.status(), response.bytes().await.unwrap().to_vec())
    }

    pub async fn guide(&self) -> Value {
        let (status, body) = self.get("/gate/guide").await;
        assert_eq!(status, StatusCode::OK);
        serde_json::from_slice(&body).unwrap()
    }

    /// Scans a code under a new name.
    pub async fn scan(&self, code: &str, direction: &str) -> Value {
        self.scan_as(&scan_id(), code, direction).await
    }

    pub async fn scan_as(&self, id: &str, code: &str, direction: &str) -> Value {
        let scan = json!({ "id": id, "code": code, "direction": direction });
        let reply = self.post_patiently("/gate/scans", &scan).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.body
    }

    pub async fn carry(&self, passages: &[Value]) -> Value {
        let reply = self.post_patiently("/gate/passages", &json!({ "passages": passages })).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.body
    }
}

/// Makes a zone.
pub async fn zone(administrator: &Browser, name: &str, hard_from: Option<&str>) -> i64 {
    let zone = json!({ "name": name, "kind": "campus", "hard_from": hard_from });
    let made = administrator.post("/gate-zones", &zone).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    made.body["id"].as_i64().unwrap()
}

/// Makes a gate with these rules and pairs a device with it.
pub async fn gate(test: &TestApp, administrator: &Browser, zone: i64, name: &str, rules: Value) -> Device {
    let gate =
        json!({ "zone": zone, "name": name, "directions": "both", "failure": "closed", "rules": rules });
    let made = administrator.post("/gates", &gate).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    pair(test, administrator, made.body["id"].as_i64().unwrap()).await
}

/// Pairs one more device with a gate.
pub async fn pair(test: &TestApp, administrator: &Browser, gate: i64) -> Device {
    let offered = administrator.post(&format!("/gates/{gate}/pairing"), &json!({ "name": "闸机" })).await;
    assert_eq!(offered.status, StatusCode::OK, "{}", offered.body);
    let browser = test.browser();
    let paired = bring(&browser, offered.body["code"].as_str().unwrap()).await;
    assert_eq!(paired.status, StatusCode::CREATED, "{}", paired.body);
    let token = paired.body["token"].as_str().unwrap().to_owned();
    Device { browser, token, id: paired.body["id"].as_i64().unwrap(), gate }
}

async fn bring(browser: &Browser, code: &str) -> Reply {
    browser.post_raw("/gate/pairing", "", &[("Authorization", &format!("Pairing {code}"))]).await
}

/// Ten minutes of somebody's codes.
pub async fn codes(person: &Browser) -> Vec<Value> {
    let reply = person.post("/me/gate-codes", &json!({})).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body["codes"].as_array().unwrap().clone()
}

/// What somebody's phone shows now.
pub async fn code(person: &Browser) -> String {
    codes(person).await[0]["code"].as_str().unwrap().to_owned()
}

/// Why not.
pub fn reason(decision: &Value) -> &str {
    decision["reason"].as_str().unwrap_or("allowed")
}

async fn report(student: &Browser) {
    let reply = student.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_opens_a_gate_once_and_says_who_to_the_guard() {
    let test = TestApp::start().await;
    let number = test.students_of(&test.persona("counsellor")).await[0].clone();
    let student = test.sign_in(&number).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let east = gate(&test, &administrator, campus, "东门", json!({})).await;
    let west = gate(&test, &administrator, campus, "西门", json!({})).await;
    let name: String = test.one("select name from persons where number = $1", &[&number]).await;

    let batch = codes(&student).await;
    assert_eq!(batch.len(), 60);
    let shown = batch[0]["code"].as_str().unwrap();
    assert!(shown.starts_with("G1:") && shown.len() < 200, "{shown}");
    assert!(!shown.contains(&number));
    let id = scan_id();
    let first = east.scan_as(&id, shown, "in").await;
    assert_eq!((reason(&first), &first["person"]["name"]), ("allowed", &json!(name)), "{first}");
    assert!(first["person"]["place"].is_string());
    assert_eq!(east.scan_as(&id, shown, "in").await, first, "told again, the same answer");
    assert_eq!(reason(&east.scan(shown, "in").await), "used");
    assert_eq!(reason(&west.scan(shown, "in").await), "used", "at another gate too");
    assert_eq!(reason(&east.scan(&code(&student).await, "out").await), "allowed", "the next code is another");

    // The batch is good as it is shown, and not before or after.
    let fourth = batch[3]["code"].as_str().unwrap();
    assert_eq!(reason(&east.scan(fourth, "in").await), "early");
    test.clock.advance(TimeDelta::seconds(30));
    assert_eq!(reason(&east.scan(batch[4]["code"].as_str().unwrap(), "in").await), "early");
    test.clock.advance(TimeDelta::seconds(24));
    assert_eq!(reason(&east.scan(fourth, "in").await), "allowed");
    let third = batch[2]["code"].as_str().unwrap();
    let late = east.scan(third, "in").await;
    assert_eq!((reason(&late), &late["person"]["name"]), ("expired", &json!(name)));
    assert!(late["message"].as_str().unwrap().contains("过期"));

    // What nobody signed says nothing of anybody.
    for strange in
        ["", "G1:", "https://example.com", &shown.replace("G1:", "HC1:"), &shown[..shown.len() - 3]]
    {
        let refused = east.scan(strange, "in").await;
        assert_eq!((reason(&refused), &refused["person"]), ("unreadable", &Value::Null), "{strange}");
    }
    let kept: i64 = test.one("select count(*) from passages", &[]).await;
    assert_eq!(kept, 13, "every scan is kept, each once");
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_at_two_gates_at_the_same_moment_opens_one() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.students_of(&test.persona("counsellor")).await[0]).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let mut devices = Vec::new();
    for name in ["东门", "西门", "南门", "北门"] {
        devices.push(gate(&test, &administrator, campus, name, json!({})).await);
    }
    for _ in 0..5 {
        let shown = code(&student).await;
        let scans = devices.iter().map(|device| device.scan(&shown, "in"));
        let decisions = futures_util::future::join_all(scans).await;
        let mut reasons: Vec<&str> = decisions.iter().map(reason).collect();
        reasons.sort_unstable();
        assert_eq!(reasons, ["allowed", "used", "used", "used"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_asks_for_what_its_rules_say() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let rules = json!({ "forms": ["health-daily"], "entering": { "report": true, "normal": true },
        "hours": [{ "from": "06:00", "until": "23:00" }], "leaving": { "permit": "outside_hours" } });
    let east = gate(&test, &administrator, campus, "东门", rules.clone()).await;
    let scan = async |person: &Browser, direction: &str| {
        let decision = east.scan(&code(person).await, direction).await;
        reason(&decision).to_owned()
    };

    let (well, ill) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    assert_eq!(scan(&well, "in").await, "no_report");
    assert_eq!(scan(&well, "out").await, "allowed", "who goes out is not asked");
    report(&well).await;
    assert_eq!(scan(&well, "in").await, "allowed");
    let answers = json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察",
        "symptoms": ["发热"], "treatment": "服药" });
    assert_eq!(ill.post("/reports", &health_report(answers)).await.status, StatusCode::CREATED);
    assert_eq!(scan(&ill, "in").await, "abnormal");

    let leave =
        json!({ "number": students[2], "kind": "internship", "from": "2020-03-01", "reason": "顶岗实习" });
    assert_eq!(counsellor.post("/exemptions", &leave).await.status, StatusCode::OK);
    assert_eq!(scan(&test.sign_in(&students[2]).await, "in").await, "allowed", "who need not report");
    assert_eq!(scan(&counsellor, "in").await, "allowed", "whom the form does not ask");

    // Whoever left the school has nothing to show at its gates, and what they have is worth nothing.
    let gone = test.sign_in(&students[3]).await;
    let before = code(&gone).await;
    test.owner
        .execute("update persons set until_date = '2020-03-04' where number = $1", &[&students[3]])
        .await
        .unwrap();
    assert_eq!(reason(&east.scan(&before, "out").await), "left");

    test.clock.set_time("23:30");
    let well = test.sign_in(&students[0]).await;
    assert_eq!(scan(&well, "in").await, "hours");
    assert_eq!(scan(&well, "out").await, "no_permit");

    // Rules are data: changed, they count at once.
    let only_out =
        json!({ "zone": campus, "name": "东门", "directions": "out", "failure": "open", "rules": {} });
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let changed = administrator.put(&format!("/gates/{}", east.gate), &only_out).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.body);
    assert_eq!(scan(&well, "in").await, "direction");
    assert_eq!(scan(&well, "out").await, "allowed");
    for (field, wrong) in [
        ("rules.forms", json!({ "forms": ["no-such-form"] })),
        ("rules.forms", json!({ "entering": { "report": true } })),
        ("rules.hours", json!({ "hours": [{ "from": "6点", "until": "23:00" }] })),
    ] {
        let gate = json!({ "zone": campus, "name": "北门", "directions": "both", "failure": "closed", "rules": wrong });
        let refused = administrator.post("/gates", &gate).await;
        assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec![field]));
    }
    let twice = json!({ "zone": campus, "name": "东门", "directions": "both", "failure": "closed" });
    assert_eq!(administrator.post("/gates", &twice).await.fields(), ["name"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn anti_passback_warns_and_then_refuses_unless_a_gate_may_have_more_to_tell() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.students_of(&test.persona("counsellor")).await[0]).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", Some("2020-03-05")).await;
    let east = gate(&test, &administrator, campus, "东门", json!({})).await;
    let west = gate(&test, &administrator, campus, "西门", json!({})).await;
    assert_eq!(east.scan(&code(&student).await, "in").await["flags"], json!([]));
    let warned = east.scan(&code(&student).await, "in").await;
    assert_eq!((reason(&warned), &warned["flags"]), ("allowed", &json!(["passback"])));

    let hard = json!({ "name": "东校区", "kind": "campus", "hard_from": "2020-03-04" });
    let changed = administrator.put(&format!("/gate-zones/{campus}"), &hard).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.body);
    assert_eq!(reason(&east.scan(&code(&student).await, "in").await), "already_in");
    test.clock.advance(TimeDelta::minutes(2));
    assert_eq!(reason(&east.scan(&code(&student).await, "out").await), "allowed");
    assert_eq!(reason(&east.scan(&code(&student).await, "out").await), "already_out");
    // The other gate has been silent: it may have seen them come in.
    test.clock.advance(TimeDelta::minutes(11));
    let warned = east.scan(&code(&student).await, "out").await;
    assert_eq!((reason(&warned), &warned["flags"]), ("allowed", &json!(["passback"])));
    west.guide().await;
    assert_eq!(reason(&east.scan(&code(&student).await, "out").await), "already_out");
    // Forgiven at four.
    test.clock.set_time("23:59");
    test.clock.advance(TimeDelta::hours(4) + TimeDelta::minutes(2));
    west.guide().await;
    let student = test.sign_in(&test.students_of(&test.persona("counsellor")).await[0]).await;
    let forgiven = east.scan(&code(&student).await, "out").await;
    assert_eq!((reason(&forgiven), &forgiven["flags"]), ("allowed", &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_paired_once_and_withdrawn_at_once_and_is_no_member() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let east = gate(&test, &administrator, campus, "东门", json!({})).await;
    let offer = format!("/gates/{}/pairing", east.gate);
    let offered = administrator.post(&offer, &json!({ "name": "二号闸机" })).await.body;
    let shown = offered["code"].as_str().unwrap().to_owned();
    assert_eq!((&offered["seconds"], shown.len()), (&json!(600), 12), "60 bits");
    let stranger = test.browser();
    assert_eq!(bring(&stranger, "ABCDEFGH").await.status, StatusCode::UNAUTHORIZED);
    let typed = format!("{}-{}-{}", &shown[..4].to_lowercase(), &shown[4..8], &shown[8..]);
    assert_eq!(bring(&stranger, &typed).await.status, StatusCode::CREATED, "however it was typed");
    assert_eq!(bring(&stranger, &shown).await.code(), "unknown_device", "once");
    let late = administrator.post(&offer, &json!({ "name": "三号闸机" })).await.body;
    test.clock.advance(TimeDelta::minutes(10));
    assert_eq!(bring(&stranger, late["code"].as_str().unwrap()).await.status, StatusCode::UNAUTHORIZED);
    let open: i64 = test
        .one(
            "select count(*) from gate_devices where length(token_hash) = 32 and token_hash <> $1",
            &[&east.token.as_bytes()],
        )
        .await;
    assert_eq!(open, 2, "of tokens only hashes are kept");

    // A session is no token, and a token no session.
    let as_member = administrator.get("/gate/guide").await;
    assert_eq!((as_member.status, as_member.code()), (StatusCode::UNAUTHORIZED, "unknown_device"));
    let (status, _) = east.get("/me").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    east.guide().await;
    let withdrawn = administrator.delete(&format!("/gate-devices/{}", east.id)).await;
    assert_eq!(withdrawn.status, StatusCode::NO_CONTENT);
    for path in ["/gate/guide", "/gate/scans/scan-00000000/photo"] {
        assert_eq!(east.get(path).await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    let scan = json!({ "id": "scan-of-nobody", "code": "G1:", "direction": "in" });
    assert_eq!(east.post("/gate/scans", &scan).await.status, StatusCode::UNAUTHORIZED);
    let carried = json!({ "passages": [{ "id": "scan-of-nobody", "code": "G1:", "direction": "in", "at": "2020-03-04T00:00:00Z" }] });
    assert_eq!(east.post("/gate/passages", &carried).await.status, StatusCode::UNAUTHORIZED);
    let listed = administrator.get(&format!("/gate-devices?gate={}", east.gate)).await;
    assert_eq!(listed.items().len(), 2);
    assert!(listed.items()[1]["withdrawn_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_asks_too_much_waits_and_another_goes_on() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.students_of(&test.persona("counsellor")).await[0]).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let east = gate(&test, &administrator, campus, "东门", json!({})).await;
    let west = pair(&test, &administrator, east.gate).await;

    // Of what costs most less than of all else: a device that is told to wait for a guide goes on letting people through.
    let mut guides = 0;
    while east.get("/gate/guide").await.0 == StatusCode::OK {
        guides += 1;
        assert!(guides < 500, "nobody is asked to wait");
    }
    assert!(guides >= 20, "a device that comes and goes needs some: {guides}");
    assert_eq!(reason(&east.scan(&code(&student).await, "in").await), "allowed");
    west.guide().await;

    // What is no scan costs nothing, so that it is quick; it counts all the same.
    let nothing = json!({ "id": "x", "code": "G1:", "direction": "in" });
    let mut asked = 0;
    loop {
        let tries = (0..50).map(|_| east.post("/gate/scans", &nothing));
        let replies = futures_util::future::join_all(tries).await;
        let refused: Vec<&Reply> =
            replies.iter().filter(|reply| reply.status == StatusCode::TOO_MANY_REQUESTS).collect();
        asked += replies.len() - refused.len();
        if let Some(refused) = refused.first() {
            assert_eq!(refused.code(), "too_many_requests");
            assert!(refused.headers.contains_key("retry-after"));
            break;
        }
        assert!(asked < 10_000, "nobody is asked to wait");
    }
    assert!(asked >= 50, "a busy gate asks for much: {asked}");
    test.clock.advance(TimeDelta::seconds(20));
    assert_eq!(reason(&west.scan(&code(&student).await, "out").await), "allowed");
    // A moment later it is heard again.
    test.clock.advance(TimeDelta::seconds(20));
    assert_eq!(reason(&east.scan(&code(&student).await, "in").await), "allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_key_is_worth_nothing_and_its_people_get_new_codes() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.students_of(&test.persona("counsellor")).await[0]).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let east = gate(&test, &administrator, campus, "东门", json!({})).await;
    let old = code(&student).await;
    let keys = administrator.get("/gate-keys").await;
    assert_eq!(keys.items().len(), 1);
    let id = keys.items()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        student.post(&format!("/gate-keys/{id}/kill"), &json!({})).await.status,
        StatusCode::FORBIDDEN
    );
    let killed = administrator.post(&format!("/gate-keys/{id}/kill"), &json!({})).await;
    assert_eq!(killed.status, StatusCode::NO_CONTENT);
    assert_eq!(reason(&east.scan(&old, "in").await), "killed_key");
    assert_eq!(reason(&east.scan(&code(&student).await, "in").await), "allowed");
    let guide = east.guide().await;
    assert_eq!(guide["killed"], json!([id]));
    assert!(guide["keys"].as_array().unwrap().iter().all(|key| key["id"] != json!(id)));
    for id in ["00000000", "zz", id.as_str()] {
        let again = administrator.post(&format!("/gate-keys/{id}/kill"), &json!({})).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND, "{id}");
    }
    // The day's keys lie sealed, and go after thirty days.
    test.clock.advance(TimeDelta::days(32));
    app::jobs::look_at_schedules(&test.app).await;
    test.clock.advance(TimeDelta::hours(1));
    test.run_jobs().await;
    let left: i64 = test.one("select count(*) from gate_pseudonyms", &[]).await;
    assert_eq!(left, 0, "nobody knows whose the codes were");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_opens_where_others_may_not() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let dormitory = zone(&administrator, "3号宿舍楼", None).await;
    let always = json!({ "leaving": { "permit": "always" } });
    let east = gate(&test, &administrator, campus, "东门", always.clone()).await;
    let door = gate(&test, &administrator, dormitory, "正门", always).await;
    let student = test.sign_in(&students[0]).await;
    let out = async |device: &Device| reason(&device.scan(&code(&student).await, "out").await).to_owned();
    assert_eq!(out(&east).await, "no_permit");

    let single = json!({ "numbers": format!("{}\n{}", students[0], students[1]), "kind": "single",
        "from": "2020-03-04T00:00:00Z", "until": "2020-03-04T10:00:00Z", "zones": [campus], "reason": "就医" });
    let given = counsellor.post("/gate-permits", &single).await;
    assert_eq!(given.body["added"], json!(2), "{}", given.body);
    assert_eq!(counsellor.post("/gate-permits", &single).await.body["added"], json!(0), "the same again");
    assert_eq!(out(&door).await, "no_permit", "of another zone");
    assert_eq!(out(&east).await, "allowed");
    assert_eq!(out(&east).await, "no_permit", "once");
    let used: Vec<i64> = counsellor
        .get("/gate-permits")
        .await
        .items()
        .iter()
        .map(|row| row["used"].as_i64().unwrap())
        .collect();
    assert_eq!(used.iter().sum::<i64>(), 1);

    let standing = json!({ "numbers": students[0], "kind": "standing", "from": "2020-03-04T00:00:00Z",
        "until": "2020-03-05T00:00:00Z", "reason": "校外实习" });
    assert_eq!(counsellor.post("/gate-permits", &standing).await.body["added"], json!(1));
    for _ in 0..3 {
        assert_eq!(out(&door).await, "allowed");
    }
    let id = counsellor.get("/gate-permits").await.items()[0]["id"].clone();
    let revoke = format!("/gate-permits/{id}/revocation");
    assert_eq!(counsellor.post(&revoke, &json!({ "reason": " " })).await.fields(), ["reason"]);
    let ended = counsellor.post(&revoke, &json!({ "reason": "实习结束" })).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.body);
    assert_eq!(out(&door).await, "no_permit", "at once");

    // Nobody gives permits to students of others.
    let other = test.personas("counsellor").last().unwrap().clone();
    let theirs = test.students_of(&other).await[0].clone();
    let strange = json!({ "numbers": format!("{} {theirs}", students[0]), "kind": "single", "from": "2020-03-05T00:00:00Z",
        "until": "2020-03-06T00:00:00Z", "reason": "就医" });
    let refused = counsellor.post("/gate-permits", &strange).await;
    assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["numbers"]));
    assert!(refused.body.to_string().contains(&theirs) && !refused.body.to_string().contains(&students[0]));
    assert_eq!(
        test.sign_in(&test.persona("school_leader")).await.get("/gate-permits").await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn leave_opens_where_the_gate_says_so() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let strict =
        gate(&test, &administrator, campus, "东门", json!({ "leaving": { "permit": "always" } })).await;
    let rules = json!({ "leaving": { "permit": "always" }, "leave": true });
    let mild = gate(&test, &administrator, campus, "西门", rules).await;
    let student = test.sign_in(&students[0]).await;
    let out = async |device: &Device| reason(&device.scan(&code(&student).await, "out").await).to_owned();
    assert_eq!(out(&mild).await, "no_permit");
    let leave = json!({ "number": students[0], "kind": "leave", "from": "2020-03-04", "last": "2020-03-04", "reason": "就医" });
    assert_eq!(counsellor.post("/exemptions", &leave).await.status, StatusCode::OK);
    assert_eq!(out(&mild).await, "allowed");
    assert_eq!(out(&strict).await, "no_permit");
    assert_eq!(mild.guide().await["keys"][0]["permitted_out"].as_array().unwrap().len(), 1, "offline too");
    assert_eq!(strict.guide().await["keys"][0]["permitted_out"].as_array().unwrap().len(), 0);
    test.clock.advance(TimeDelta::days(1));
    let student = test.sign_in(&students[0]).await;
    assert_eq!(reason(&mild.scan(&code(&student).await, "out").await), "no_permit", "the day after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_shows_a_code_and_people_scan_it_themselves() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let (first, second) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let east = gate(&test, &administrator, campus, "东门", json!({})).await;
    let name: String = test.one("select name from persons where number = $1", &[&students[0]]).await;
    let shown = async || {
        let (status, body) = east.get("/gate/codes?direction=out").await;
        assert_eq!(status, StatusCode::OK);
        let batch: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(batch["codes"].as_array().unwrap().len(), 60);
        let path = batch["codes"][0]["path"].as_str().unwrap().to_owned();
        path.strip_prefix("/h5/gate-scan?c=").unwrap().to_owned()
    };
    let shows = shown().await;
    let pass = async |person: &Browser, id: &str, code: &str| {
        let reply = person.post("/me/passages", &json!({ "id": id, "code": code })).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.body
    };
    let passed = pass(&first, "of-the-first", &shows).await;
    assert_eq!(
        (&passed["allowed"], &passed["gate"], &passed["direction"]),
        (&json!(true), &json!("东门"), &json!("out"))
    );
    assert_eq!(pass(&first, "of-the-first", &shows).await, passed, "told again, the same answer");
    assert_eq!(reason(&pass(&first, "another-one", &shows).await), "used", "once for each");
    assert_eq!(reason(&pass(&second, "of-the-first", &shows).await), "allowed", "a name of one's own");
    let kept: i64 =
        test.one("select count(*) from passages where direction = 'out' and not offline", &[]).await;
    assert_eq!(kept, 3);

    // The guard sees who it was.
    let (_, body) = east.get("/gate/recent").await;
    let recent: Value = serde_json::from_slice(&body).unwrap();
    let items = recent["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(
        (&items[0]["decision"]["person"]["name"], &items[0]["decision"]["allowed"]),
        (&json!(name), &json!(true))
    );
    let (_, body) = east.get(&format!("/gate/recent?after={}", items[2]["id"])).await;
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["items"], json!([]));

    test.clock.advance(TimeDelta::seconds(25));
    assert_eq!(reason(&pass(&first, "a-picture-of-it", &shows).await), "expired");
    let mut changed = shows.clone().into_bytes();
    changed[100] = if changed[100] == b'A' { b'B' } else { b'A' };
    let own = code(&first).await;
    for strange in ["", "x", &String::from_utf8(changed).unwrap(), &own, &shows[..80]] {
        let refused = first.post("/me/passages", &json!({ "id": "a-strange-one", "code": strange })).await;
        assert_eq!(
            (refused.status, refused.fields()),
            (StatusCode::UNPROCESSABLE_ENTITY, vec!["code"]),
            "{strange}"
        );
    }
    assert_eq!(
        reason(&east.scan(&format!("G1:{shows}"), "out").await),
        "unreadable",
        "it is nobody's own code"
    );

    // A gate of one direction shows no other, and a device that was withdrawn nothing.
    let only_in =
        json!({ "zone": campus, "name": "东门", "directions": "in", "failure": "open", "rules": {} });
    assert_eq!(
        administrator.put(&format!("/gates/{}", east.gate), &only_in).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(east.get("/gate/codes?direction=out").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, body) = east.get("/gate/codes?direction=in").await;
    let batch: Value = serde_json::from_slice(&body).unwrap();
    let shows = batch["codes"][0]["path"].as_str().unwrap().split_once("?c=").unwrap().1.to_owned();
    assert_eq!(
        administrator.delete(&format!("/gate-devices/{}", east.id)).await.status,
        StatusCode::NO_CONTENT
    );
    let refused = first.post("/me/passages", &json!({ "id": "of-no-device", "code": shows })).await;
    assert_eq!(refused.fields(), ["code"]);
    assert_eq!(east.get("/gate/codes?direction=in").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_sees_the_photo_of_whom_they_scanned_and_the_person_that_they_did() {
    let test = TestApp::start().await;
    let number = test.students_of(&test.persona("counsellor")).await[0].clone();
    let student = test.sign_in(&number).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(format!("{number}.jpg"), zip::write::SimpleFileOptions::default()).unwrap();
    let mut picture = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(300, 400, image::Rgb([9, 9, 9]))
        .write_to(&mut picture, image::ImageFormat::Jpeg)
        .unwrap();
    std::io::Write::write_all(&mut zip, &picture.into_inner()).unwrap();
    let file = zip.finish().unwrap().into_inner();
    let sent = administrator
        .post_raw("/photos/uploads", file, &[("Content-Type", "application/octet-stream")])
        .await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    test.run_jobs().await;

    let campus = zone(&administrator, "东校区", None).await;
    let east = gate(&test, &administrator, campus, "东门", json!({})).await;
    let west = pair(&test, &administrator, east.gate).await;
    let decision = east.scan(&code(&student).await, "in").await;
    let path = decision["person"]["photo"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
    let (status, picture) = east.get(&path).await;
    assert_eq!(status, StatusCode::OK);
    assert!(picture.starts_with(&[0xFF, 0xD8]), "a JPEG");
    assert_eq!(west.get(&path).await.0, StatusCode::NOT_FOUND, "another device's scan");
    let looks = student.get("/access-log").await;
    assert_eq!((&looks.items()[0]["field"], &looks.items()[0]["purpose"]), (&json!("photo"), &json!("gate")));
    test.clock.advance(TimeDelta::minutes(3));
    assert_eq!(east.get(&path).await.0, StatusCode::NOT_FOUND, "a moment later");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_what_a_permit_is_for_is_on_record_once_a_day() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let student = test.students_of(&userid).await[0].clone();
    let counsellor = test.sign_in(&userid).await;
    let standing = json!({ "numbers": student, "kind": "standing", "from": "2020-03-04T00:00:00Z",
        "until": "2020-03-05T00:00:00Z", "reason": "就医" });
    assert_eq!(counsellor.post("/gate-permits", &standing).await.body["added"], json!(1));
    assert_eq!(counsellor.get("/gate-permits").await.items()[0]["reason"], json!("就医"));
    assert_eq!(test.sign_in(&student).await.get("/me/gate-permits").await.items().len(), 1);
    assert!(test.looks_at(&student).await.is_empty(), "neither who wrote it nor whose it is");
    let office = test.sign_in(&test.persona("school_office")).await;
    for _ in 0..2 {
        assert_eq!(office.get("/gate-permits").await.items()[0]["reason"], json!("就医"));
    }
    assert_eq!(test.looks_at(&student).await, ["permit_reason"]);
}
