//! 进出: what devices carry later, in any order and more than once, against a model of its own; the tables of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, stream};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser_client::Browser,
    dice::Dice,
    exports::sheet,
    gates::{self, Device, code, codes, gate, reason, zone},
    test_app::{TestApp, health_report, normal_answers},
};

/// A passage of the model.
#[derive(Clone)]
struct Event {
    device: usize,
    id: String,
    person: usize,
    code: String,
    enters: bool,
    at: DateTime<Utc>,
    allowed: bool,
}

impl Event {
    fn told(&self) -> Value {
        let reason = if self.allowed { Value::Null } else { json!("device") };
        json!({ "id": self.id, "code": self.code, "direction": if self.enters { "in" } else { "out" }, "at": self.at,
                "reason": reason })
    }
}

/// Ten minutes of codes of everybody, every ten minutes: code, person, when it is shown.
async fn all_codes(
    test: &TestApp,
    people: &[Browser],
    batches: usize,
) -> Vec<(String, usize, DateTime<Utc>)> {
    let mut all = Vec::new();
    for _ in 0..batches {
        for (person, browser) in people.iter().enumerate() {
            for shown in codes(browser).await {
                let at = shown["from"].as_str().unwrap().parse().unwrap();
                all.push((shown["code"].as_str().unwrap().to_owned(), person, at));
            }
        }
        test.clock.advance(TimeDelta::minutes(10));
    }
    all
}

/// What the model says of a history: who is inside, and which passages contradict others.
struct Model {
    inside: BTreeMap<usize, bool>,
    double: BTreeSet<String>,
    travel: BTreeSet<String>,
}

fn model(events: &[Event], gate_of: impl Fn(usize) -> usize) -> Model {
    let mut of: HashMap<usize, Vec<&Event>> = HashMap::new();
    for event in events.iter().filter(|event| event.allowed) {
        of.entry(event.person).or_default().push(event);
    }
    let mut model = Model { inside: BTreeMap::new(), double: BTreeSet::new(), travel: BTreeSet::new() };
    for (person, mut passed) in of {
        // Of two at the same moment, the one that comes in is the last.
        passed.sort_by_key(|event| (event.at, event.enters));
        model.inside.insert(person, passed.last().unwrap().enters);
        for (nth, one) in passed.iter().enumerate() {
            for other in
                passed[nth + 1..].iter().take_while(|other| other.at - one.at < TimeDelta::seconds(60))
            {
                let apart = (other.at - one.at).num_milliseconds();
                if one.code == other.code && apart <= 25_000 {
                    model.double.extend([one.id.clone(), other.id.clone()]);
                } else if gate_of(one.device) != gate_of(other.device) {
                    model.travel.extend([one.id.clone(), other.id.clone()]);
                }
            }
        }
    }
    model
}

/// How large a history is.
pub struct Size {
    /// Who passes.
    pub people: usize,
    /// Times ten minutes.
    pub batches: usize,
    /// Passages.
    pub events: usize,
}

/// Devices that hear nothing for as long as it takes and then tell what happened, shuffled and a fifth of it again: nothing is
/// lost or double, and what is known afterwards is what the model says. Gives how many were new and how many told again.
pub async fn histories(size: Size) -> (usize, usize) {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let mut devices = Vec::new();
    for name in ["东门", "西门", "南门"] {
        devices.push(gate(&test, &administrator, campus, name, json!({})).await);
    }
    // Two lanes of the first gate.
    devices.push(gates::pair(&test, &administrator, devices[0].gate).await);
    let gate_of = |device: usize| if device == 3 { 0 } else { device };
    let sql =
        "select m.userid from members m join persons p using (corp_id, person_id) where p.kind = 'student'
        and m.left_on is null order by 1 limit $1";
    let rows = test.owner.query(sql, &[&i64::try_from(size.people).unwrap()]).await.unwrap();
    let userids: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let mut people = Vec::new();
    for userid in &userids {
        people.push(test.sign_in(userid).await);
    }
    let shown = all_codes(&test, &people, size.batches).await;
    assert_eq!(shown.len(), size.people * size.batches * 60);

    let mut dice = Dice::new(0x9E37_79B9_7F4A_7C15);
    let events: Vec<Event> = (0..size.events)
        .map(|nth| {
            let (code, person, from) = shown[dice.below(shown.len())].clone();
            Event {
                device: dice.below(4),
                id: format!("carried-{nth:07}"),
                person,
                code,
                enters: dice.below(2) == 0,
                // Within its life, to the tenth of a second.
                at: from + TimeDelta::milliseconds(100 * dice.below(240) as i64),
                allowed: dice.below(20) > 0,
            }
        })
        .collect();

    // Shuffled, so that a later passage often comes first; and a fifth of the tellings is told again.
    let mut order: Vec<usize> = (0..size.events).collect();
    for nth in (1..size.events).rev() {
        order.swap(nth, dice.below(nth + 1));
    }
    let mut tellings: Vec<(usize, Vec<Value>)> = Vec::new();
    for device in 0..4 {
        let own: Vec<&Event> =
            order.iter().map(|nth| &events[*nth]).filter(|event| event.device == device).collect();
        tellings
            .extend(own.chunks(100).map(|part| (device, part.iter().map(|event| event.told()).collect())));
    }
    let again: Vec<_> = tellings.iter().filter(|_| dice.below(5) == 0).cloned().collect();
    tellings.extend(again);
    for nth in (1..tellings.len()).rev() {
        tellings.swap(nth, dice.below(nth + 1));
    }
    let (mut taken, mut known) = (0, 0);
    let answers: Vec<Value> = stream::iter(tellings)
        .map(|(device, part)| {
            let device = &devices[device];
            async move { device.carry(&part).await }
        })
        .buffer_unordered(4)
        .collect()
        .await;
    for answer in answers {
        taken += usize::try_from(answer["taken"].as_u64().unwrap()).unwrap();
        known += usize::try_from(answer["known"].as_u64().unwrap()).unwrap();
    }
    assert_eq!(taken, size.events, "none is lost, none is double");
    assert!(known > size.events / 20, "many were told again: {known}");

    let due = model(&events, gate_of);
    assert!(due.double.len().min(due.travel.len()) > size.events / 20, "something to be found");
    let sql = "select scan_id, flags from passages";
    let mut found = Model { inside: BTreeMap::new(), double: BTreeSet::new(), travel: BTreeSet::new() };
    for row in test.owner.query(sql, &[]).await.unwrap() {
        let (id, flags): (String, Vec<String>) = (row.get(0), row.get(1));
        for flag in flags {
            match flag.as_str() {
                "double" => found.double.insert(id.clone()),
                "travel" => found.travel.insert(id.clone()),
                other => panic!("{id}: {other}"),
            };
        }
    }
    let sql = "select m.userid, x.inside from gate_presence x join members m using (corp_id, person_id)
        where m.left_on is null";
    for row in test.owner.query(sql, &[]).await.unwrap() {
        let userid: String = row.get(0);
        let person = userids.iter().position(|known| *known == userid).unwrap();
        found.inside.insert(person, row.get(1));
    }
    assert_eq!(found.inside, due.inside);
    assert_eq!(found.double, due.double);
    assert_eq!(found.travel, due.travel);
    let inside = due.inside.values().filter(|inside| **inside).count();
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let figures = leader.get("/passages/inside").await.body;
    assert_eq!(figures["zones"][0]["inside"], json!(inside), "{figures}");
    (taken, known)
}

#[tokio::test(flavor = "multi_thread")]
async fn passages_in_any_order_and_again_say_what_they_say_in_order() {
    histories(Size { people: 40, batches: 8, events: 20_000 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_decided_alone_is_kept_and_what_it_should_not_have_is_told() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let student = test.sign_in(&test.students_of(&userid).await[0]).await;
    let counsellor = test.sign_in(&userid).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let east = gate(&test, &administrator, campus, "东门", json!({})).await;
    let shown = code(&student).await;
    let told =
        |id: &str, code: &str, at: &str| json!({ "id": id, "code": code, "direction": "in", "at": at });
    let passages = [
        told("in-its-time", &shown, "2020-03-04T00:00:12Z"),
        told("a-screenshot", &shown, "2020-03-04T00:00:40Z"),
        told("of-nobody-known", "G1:ABC", "2020-03-04T00:00:12Z"),
        told("a-wrong-clock", &shown, "2031-01-01T00:00:00Z"),
        told("a-clock-without-power", &shown, "1970-01-01T00:00:00Z"),
    ];
    test.clock.advance(TimeDelta::hours(1));
    assert_eq!(east.carry(&passages).await, json!({ "taken": 5, "known": 0 }));
    assert_eq!(east.carry(&passages[..2]).await, json!({ "taken": 0, "known": 2 }));
    let sql = "select scan_id, array_to_string(flags, ' '), person_id is not null, at::text from passages";
    let rows = test.owner.query(sql, &[]).await.unwrap();
    let kept: BTreeMap<String, (String, bool)> =
        rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    let of = |id: &str| (kept[id].0.as_str(), kept[id].1);
    assert_eq!(of("in-its-time"), ("", true));
    assert_eq!(of("a-screenshot"), ("disputed", true));
    assert_eq!(of("of-nobody-known"), ("disputed", false));
    for id in ["a-wrong-clock", "a-clock-without-power"] {
        assert!(kept[id].0.contains("clock") && kept[id].0.contains("disputed"), "{id}: {}", kept[id].0);
    }
    let flagged = counsellor.get("/passages?flagged=true").await;
    assert_eq!(flagged.items().len(), 3, "a counsellor sees what is of their students");
    let leader = test.sign_in(&test.persona("school_leader")).await;
    assert_eq!(
        leader.get("/passages?flagged=true").await.items().len(),
        4,
        "and who sees the school all of it"
    );

    let many: Vec<Value> =
        (0..101).map(|nth| told(&format!("many-{nth:04}"), "G1:", "2020-03-04T00:00:00Z")).collect();
    let refused = east.post("/gate/passages", &json!({ "passages": many })).await;
    assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["passages"]));
    let refused = east
        .post("/gate/passages", &json!({ "passages": [told("短", "G1:", "2020-03-04T00:00:00Z")] }))
        .await;
    assert_eq!(refused.fields(), ["passages.0.id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_did_counts_where_it_did_not_hear_our_answer() {
    let test = TestApp::start().await;
    let number = test.students_of(&test.persona("counsellor")).await[0].clone();
    let student = test.sign_in(&number).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let rules = json!({ "forms": ["health-daily"], "entering": { "report": true } });
    let east = gate(&test, &administrator, campus, "东门", rules).await;
    let kept = async |id: &str| -> (String, String, Option<bool>) {
        let sql = "select x.decision, array_to_string(x.flags, ' '),
                     (select s.inside from gate_presence s where s.person_id = x.person_id)
                   from passages x where x.scan_id = $1";
        let row = test.owner.query_one(sql, &[&id]).await.unwrap();
        (row.get(0), row.get(1), row.get(2))
    };
    let of = |decision: &str, flags: &str, inside| (decision.to_owned(), flags.to_owned(), inside);

    // We let nobody in without a report; the device, which has not heard, let them in.
    let shown = code(&student).await;
    assert_eq!(reason(&east.scan_as("refused-by-us", &shown, "in").await), "no_report");
    let mut told = json!({ "id": "refused-by-us", "code": shown, "direction": "in", "at": test.app.now() });
    for _ in 0..2 {
        assert_eq!(east.carry(&[told.clone()]).await, json!({ "taken": 0, "known": 1 }));
        assert_eq!(kept("refused-by-us").await, of("allowed", "disputed", Some(true)));
    }
    // We let them out; the device did not.
    test.clock.advance(TimeDelta::seconds(20));
    let shown = code(&student).await;
    assert_eq!(reason(&east.scan_as("allowed-by-us", &shown, "out").await), "allowed");
    assert_eq!(kept("allowed-by-us").await, of("allowed", "", Some(false)));
    told = json!({ "id": "allowed-by-us", "code": shown, "direction": "out", "at": test.app.now(), "reason": "device" });
    east.carry(&[told]).await;
    assert_eq!(kept("allowed-by-us").await, of("refused", "", Some(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_permit_is_used_up_where_the_device_decided() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let number = test.students_of(&userid).await[0].clone();
    let student = test.sign_in(&number).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let east =
        gate(&test, &administrator, campus, "东门", json!({ "leaving": { "permit": "always" } })).await;
    let permit = json!({ "numbers": number, "kind": "single", "from": "2020-03-04T00:00:00Z",
        "until": "2020-03-05T00:00:00Z", "reason": "就医" });
    let counsellor = test.sign_in(&userid).await;
    assert_eq!(counsellor.post("/gate-permits", &permit).await.body["added"], json!(1));
    let permitted = async || east.guide().await["keys"][0]["permitted_out"].as_array().unwrap().len();
    assert_eq!(permitted().await, 1);
    let passage = |id: &str, way: &str, code: String| json!({ "id": id, "code": code, "direction": way, "at": test.app.now() });
    let came = passage("came-in-without", "in", code(&student).await);
    test.clock.advance(TimeDelta::seconds(20));
    let went = passage("went-out-by-it", "out", code(&student).await);
    east.carry(&[came, went]).await;
    let used: String =
        test.one("select string_agg(scan_id, ' ') from passages where permit_id is not null", &[]).await;
    assert_eq!(used, "went-out-by-it");
    assert_eq!(permitted().await, 0);
    test.clock.advance(TimeDelta::seconds(20));
    assert_eq!(reason(&east.scan(&code(&student).await, "out").await), "no_permit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_asks_for_daily_forms_and_for_none_that_has_ended() {
    let test = TestApp::start().await;
    let number = test.students_of(&test.persona("counsellor")).await[0].clone();
    let student = test.sign_in(&number).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let rules = |form: &str| json!({ "forms": [form], "entering": { "report": true } });
    let draft = json!({ "zone": campus, "name": "西门", "directions": "both", "failure": "closed", "rules": rules("trips") });
    let refused = administrator.post("/gates", &draft).await;
    assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["rules.forms"]));
    let east = gate(&test, &administrator, campus, "东门", rules("health-daily")).await;
    let denied = async || east.guide().await["keys"][0]["denied_in"].as_array().unwrap().len();
    assert_eq!(reason(&east.scan(&code(&student).await, "in").await), "no_report");
    assert!(denied().await > 0);
    let ended = "update forms set ends_on = date '2020-03-03' where code = 'health-daily'";
    test.owner.execute(ended, &[]).await.unwrap();
    test.clock.advance(TimeDelta::seconds(20));
    assert_eq!(reason(&east.scan(&code(&student).await, "in").await), "allowed");
    assert_eq!(denied().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_knows_whom_not_to_let_through_and_nothing_of_them() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let rules = json!({ "forms": ["health-daily"], "entering": { "report": true }, "leaving": { "permit": "always" } });
    let east = gate(&test, &administrator, campus, "东门", rules).await;
    let denied = |guide: &Value, way: &str| guide["keys"][0][way].as_array().unwrap().len();
    let before = east.guide().await;
    let asked: i64 = test
        .one(
            "select count(*) from persons p join memberships m using (corp_id, person_id)
              join departments d using (corp_id, department_id)
              where p.kind = 'student' and m.is_main and m.until_date is null and d.college_id is not null",
            &[],
        )
        .await;
    assert_eq!(denied(&before, "denied_in") as i64, asked, "nobody has reported yet");
    assert_eq!((denied(&before, "denied_out"), denied(&before, "permitted_out")), (0, 0));

    let student = test.sign_in(&students[0]).await;
    assert_eq!(student.post("/reports", &health_report(normal_answers())).await.status, StatusCode::CREATED);
    let counsellor = test.sign_in(&userid).await;
    let permit = json!({ "numbers": students[1], "kind": "standing", "from": "2020-03-04T00:00:00Z",
        "until": "2020-03-05T00:00:00Z", "reason": "就医" });
    assert_eq!(counsellor.post("/gate-permits", &permit).await.body["added"], json!(1));
    let after = east.guide().await;
    assert_eq!(denied(&after, "denied_in") as i64, asked - 1);
    assert_eq!((denied(&after, "permitted_in"), denied(&after, "permitted_out")), (0, 1));
    assert_eq!(after["rules"]["forms"], json!(["health-daily"]));
    let text = after.to_string();
    let sql = "select name, number from persons";
    for row in test.owner.query(sql, &[]).await.unwrap() {
        let (name, number): (String, String) = (row.get(0), row.get(1));
        assert!(!text.contains(&name) && !text.contains(&number), "a stolen device tells nothing");
    }
    // By night it has the next day's keys already.
    assert_eq!(after["keys"].as_array().unwrap().len(), 1);
    test.clock.set_time("23:00");
    assert_eq!(east.guide().await["keys"].as_array().unwrap().len(), 2);
}

/// Lets somebody pass now.
async fn pass(device: &Device, person: &Browser, direction: &str) -> Value {
    let decision = device.scan(&code(person).await, direction).await;
    assert_eq!(decision["allowed"], json!(true), "{decision}");
    decision
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_figures_and_who_has_not_come_back() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let east = gate(&test, &administrator, campus, "东门", json!({})).await;
    let west = gate(&test, &administrator, campus, "西门", json!({})).await;
    let other = test.personas("counsellor").last().unwrap().clone();
    let stranger = test.sign_in(&test.students_of(&other).await[0]).await;
    let (first, second) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    pass(&east, &first, "out").await;
    pass(&east, &second, "out").await;
    pass(&east, &stranger, "out").await;
    test.clock.advance(TimeDelta::seconds(30));
    let hasty = pass(&west, &first, "in").await;
    assert_eq!(hasty["flags"], json!(["travel"]), "from one gate to the other in half a minute");
    test.clock.advance(TimeDelta::hours(1));

    let counsellor = test.sign_in(&userid).await;
    let list = counsellor.get("/passages").await;
    let shown: Vec<(&str, &str)> = list
        .items()
        .iter()
        .map(|row| (row["number"].as_str().unwrap(), row["direction"].as_str().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [(students[0].as_str(), "in"), (students[1].as_str(), "out"), (students[0].as_str(), "out")],
        "the newest first, and nobody of others"
    );
    assert_eq!(test.looks_at(&students[0]).await, ["passage"], "twice on the list, and looked at once");
    assert_eq!(list.items()[0]["college"], json!("信息学院"));
    let page = counsellor.get("/passages?limit=2").await;
    let rest = counsellor
        .get(&format!("/passages?limit=2&cursor={}", page.body["next_cursor"].as_str().unwrap()))
        .await;
    assert_eq!((page.items().len(), rest.items().len()), (2, 1));
    let count = async |rest: &str| counsellor.get(&format!("/passages{rest}")).await.items().len();
    assert_eq!(count("?direction=in").await, 1);
    assert_eq!(count("?flagged=true").await, 2, "both that contradict each other");
    assert_eq!(count("?to=2020-03-03").await, 0);
    assert_eq!(count(&format!("?gate={}&from=2020-03-04", east.gate)).await, 2);

    let own = first.get("/me/passages").await;
    let told: Vec<(&str, &str)> = own
        .items()
        .iter()
        .map(|row| (row["gate"].as_str().unwrap(), row["direction"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("西门", "in"), ("东门", "out")], "one's own, the newest first");
    assert_eq!(counsellor.get("/me/passages").await.items().len(), 0, "and nobody else's");
    assert_eq!(first.get("/me").await.body["person"]["gates"], json!(true));
    let found = counsellor.get("/departments?purpose=see_passages&text=%E4%BF%A1%E6%81%AF").await;
    assert!(!found.items().is_empty(), "their classes can be picked");
    assert_eq!(first.get("/departments?purpose=see_passages").await.status, StatusCode::FORBIDDEN);

    let inside = counsellor.get("/passages/inside").await.body;
    let zone = &inside["zones"][0];
    assert_eq!((&zone["inside"], &zone["outside"]), (&json!(1), &json!(1)), "{inside}");
    let own: i64 = test
        .one("select count(*) from memberships m join grants g using (corp_id, department_id) join persons p on p.person_id = g.person_id
              where p.number = $1 and m.is_main and m.until_date is null", &[&userid])
        .await;
    assert_eq!(zone["unknown"], json!(own - 2), "{inside}");
    let hours = counsellor.get("/passages/hours").await;
    assert_eq!(hours.items().len(), 2);
    assert_eq!((&hours.items()[0]["hour"], &hours.items()[0]["left"]), (&json!(8), &json!(2)));
    let table = counsellor.get("/passages/table?by=day").await;
    let day = &table.items()[0];
    assert_eq!(
        (&day["day"], &day["entered"], &day["left"], &day["people"]),
        (&json!("2020-03-04"), &json!(1), &json!(2), &json!(2))
    );
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let colleges = leader.get("/passages/table").await;
    assert_eq!(colleges.items().iter().map(|row| row["left"].as_i64().unwrap()).sum::<i64>(), 3);

    let outside = async |rest: &str| {
        let reply = counsellor.get(&format!("/passages/outside?zone={campus}{rest}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.items().iter().map(|row| row["number"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(outside("").await, [students[1].clone()]);
    assert_eq!(outside("&at=2020-03-04T00:00:20Z").await, students[..2].to_vec(), "as it was then");
    assert_eq!(counsellor.get("/passages/outside?zone=99").await.status, StatusCode::NOT_FOUND);
    assert_eq!(administrator.get("/passages").await.status, StatusCode::FORBIDDEN);

    let columns: Vec<Value> = [
        ("index", "序号"),
        ("number", "学号"),
        ("name", "姓名"),
        ("college", "学院名称"),
        ("major", "专业名称"),
        ("place", "班级名称"),
        ("passed_at", "进出时间"),
        ("direction", "进出类型"),
    ]
    .iter()
    .map(|(column, title)| json!({ "column": column, "title": title }))
    .collect();
    let asked = json!({ "name": "进出查询表", "purpose": "核对", "definition":
        { "dataset": "passages", "order": "listed", "columns": columns, "filters": { "from": "2020-03-04", "to": "2020-03-04" } } });
    let rows = sheet(&test, &counsellor, &asked).await;
    assert_eq!(rows[0], ["序号", "学号", "姓名", "学院名称", "专业名称", "班级名称", "进出时间", "进出类型"]);
    assert_eq!(rows.len(), 4);
    assert_eq!(
        (rows[1][1].as_str(), rows[1][6].as_str(), rows[1][7].as_str()),
        (students[0].as_str(), "2020-03-04 08:00", "进")
    );

    // Other filters, other rows: a sheet has what the page shows.
    let columns = json!([{ "column": "number", "title": "学号" }, { "column": "outcome", "title": "结果" }, { "column": "flags", "title": "需核对" }]);
    let picked = async |filters: Value| {
        let definition =
            json!({ "dataset": "passages", "order": "listed", "columns": columns, "filters": filters });
        let asked = json!({ "name": "进出查询表", "purpose": "核对", "definition": definition });
        sheet(&test, &counsellor, &asked).await[1..].to_vec()
    };
    let row = |student: usize, outcome: &str, flags: &str| {
        vec![students[student].clone(), outcome.to_owned(), flags.to_owned()]
    };
    assert_eq!(picked(json!({ "gate": west.gate })).await, [row(0, "放行", "一分钟两岗")]);
    assert_eq!(
        picked(json!({ "direction": "out" })).await,
        [row(1, "放行", ""), row(0, "放行", "一分钟两岗")]
    );
    assert_eq!(picked(json!({ "outcome": "flagged" })).await.len(), 2);
    assert!(picked(json!({ "outcome": "refused" })).await.is_empty());
    // The same code again is refused.
    let again = code(&second).await;
    east.scan(&again, "in").await;
    east.scan(&again, "in").await;
    assert_eq!(picked(json!({ "outcome": "refused" })).await, [row(1, "这个通行码已经用过，请等下一个", "")]);
    assert_eq!(picked(json!({ "outcome": "allowed" })).await.len(), 4);
}

/// A definition of these columns, each headed by its name.
fn asked(name: &str, dataset: &str, columns: &[&str], filters: Value) -> Value {
    let columns: Vec<Value> =
        columns.iter().map(|column| json!({ "column": column, "title": column })).collect();
    json!({ "name": name, "purpose": "核对", "definition":
        { "dataset": dataset, "order": "listed", "columns": columns, "filters": filters } })
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_and_who_is_not_back_leave_as_sheets_of_what_their_pages_show() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let east = gate(&test, &administrator, campus, "东门", json!({})).await;
    let other = test.personas("counsellor").last().unwrap().clone();
    let stranger = test.sign_in(&test.students_of(&other).await[0]).await;
    let (first, second) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    pass(&east, &first, "out").await;
    pass(&east, &second, "out").await;
    pass(&east, &stranger, "out").await;
    test.clock.advance(TimeDelta::hours(1));
    pass(&east, &second, "in").await;

    let counsellor = test.sign_in(&userid).await;
    let columns = ["index", "unit", "entered", "exited", "count"];
    for by in ["college", "class", "day"] {
        let shown = counsellor.get(&format!("/passages/table?by={by}")).await;
        let rows =
            sheet(&test, &counsellor, &asked("统计", "passage_table", &columns, json!({ "by": by }))).await;
        assert_eq!(rows.len(), shown.items().len() + 2, "a heading and a sum: {rows:?}");
        for (place, (row, unit)) in rows[1..].iter().zip(shown.items()).enumerate() {
            let named = unit["day"].as_str().or(unit["name"].as_str()).unwrap();
            let figure = |name: &str| unit[name].to_string();
            let figures = ["entered", "left", "people"].map(figure);
            let due = [vec![(place + 1).to_string(), named.to_owned()], figures.to_vec()].concat();
            assert_eq!(*row, due, "{by}");
        }
        assert_eq!(rows.last().unwrap()[1..], ["合计", "1", "2", "2"], "{by}");
    }
    let looks: i64 = test.one("select count(*) from access_log", &[]).await;
    assert_eq!(looks, 0, "figures name nobody");
    let figures = asked("统计", "passage_table", &columns, json!({}));
    let whole = sheet(&test, &administrator, &figures).await;
    assert_eq!(whole.last().unwrap()[1..], ["合计", "1", "3", "3"], "an administrator has the school's");

    let columns = ["index", "number", "name", "passed_at", "gate"];
    let missing = |filters: Value| asked("未归", "outsiders", &columns, filters);
    let name: String = test.one("select name from persons where number = $1", &[&students[0]]).await;
    let now = sheet(&test, &counsellor, &missing(json!({ "zone": campus }))).await;
    assert_eq!(now[1..], [["1", &students[0], &name, "2020-03-04 08:00", "东门"]]);
    let then = missing(json!({ "zone": campus, "at": "2020-03-04T00:30:00Z" }));
    let then = sheet(&test, &counsellor, &then).await;
    let numbers: Vec<&str> = then[1..].iter().map(|row| row[1].as_str()).collect();
    assert_eq!(numbers, [&students[0], &students[1]], "as it was then");
    let looks: i64 = test.one("select count(*) from access_log", &[]).await;
    assert_eq!(looks, 3, "whoever is named can see it");
    let none = sheet(&test, &counsellor, &missing(json!({ "zone": 99 }))).await;
    assert_eq!(none.len(), 1);
    let unsaid = counsellor.post("/exports", &missing(json!({}))).await;
    assert_eq!(unsaid.fields(), ["filters.zone"]);
    let later = missing(json!({ "zone": campus, "at": "2020-03-05T00:00:00Z" }));
    assert_eq!(counsellor.post("/exports/preview", &later["definition"]).await.fields(), ["at"]);
    let refused = administrator.post("/exports", &missing(json!({ "zone": campus }))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "names are not for administrators");

    // A guard takes neither along.
    test.owner
        .execute(
            "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
             select 1, person_id, 'gate_guard', 1, '值班', 'manual', '2020-01-01', '2021-01-01' from persons where number = $1",
            &[&test.persona("staff")],
        )
        .await
        .unwrap();
    test.forget_viewers().await;
    let guard = test.sign_in(&test.persona("staff")).await;
    assert_eq!(guard.get("/passages/table").await.status, StatusCode::OK);
    for wanted in [figures, missing(json!({ "zone": campus }))] {
        assert_eq!(guard.post("/exports", &wanted).await.status, StatusCode::FORBIDDEN);
    }
}

/// Forgets what is no longer of use, as the hour comes round.
async fn sweep(test: &TestApp) {
    app::jobs::look_at_schedules(&test.app).await;
    test.clock.advance(TimeDelta::hours(1));
    test.run_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_passed_is_known_for_thirty_days_and_a_single_permit_is_never_good_again() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let east =
        gate(&test, &administrator, campus, "东门", json!({ "leaving": { "permit": "always" } })).await;
    let counsellor = test.sign_in(&userid).await;
    let permit = json!({ "numbers": students[0], "kind": "single", "from": "2020-03-04T00:00:00Z",
        "until": "2020-05-04T00:00:00Z", "reason": "就医" });
    assert_eq!(counsellor.post("/gate-permits", &permit).await.body["added"], json!(1));
    let (first, second) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    pass(&east, &first, "out").await;
    pass(&east, &second, "in").await;
    let early = counsellor.get("/passages/table?from=2020-02-01").await;
    assert_eq!(early.fields(), ["from"], "of days nobody knows any more there are no figures");
    assert_eq!(counsellor.get("/passages/hours?day=2020-02-03").await.fields(), ["day"]);
    assert_eq!(counsellor.get("/passages/hours?day=2020-02-04").await.status, StatusCode::OK);

    test.clock.advance(TimeDelta::days(29));
    sweep(&test).await;
    let kept = async || test.one::<i64>("select count(*) from passages", &[]).await;
    assert_eq!(kept().await, 2);
    test.clock.advance(TimeDelta::days(1));
    sweep(&test).await;
    assert_eq!(kept().await, 1, "what the permit was used for");
    let first = test.sign_in(&students[0]).await;
    let again = east.scan(&code(&first).await, "out").await;
    assert_eq!(again["reason"], json!("no_permit"), "{again}");
    test.clock.advance(TimeDelta::days(60));
    sweep(&test).await;
    assert_eq!(kept().await, 0);
}
