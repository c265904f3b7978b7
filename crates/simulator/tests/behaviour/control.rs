//! The simulator's own controls.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::support::{Sim, json_of};

async fn refused(sim: &Sim, path: &str, body: Value) -> u16 {
    let answer = sim.http.post(sim.url(&format!("/_sim/{path}"))).json(&body).send().await.unwrap();
    let status = answer.status().as_u16();
    assert!(json_of(answer).await["error"].is_string(), "{path} {body}");
    status
}

#[tokio::test]
async fn the_clock_goes_where_it_is_set() {
    let sim = Sim::start();
    let set = sim.control("clock", json!({ "set": "2020-03-04T02:00:00Z" })).await;
    let now: DateTime<Utc> = set["now"].as_str().unwrap().parse().unwrap();
    assert_eq!(now.date_naive().to_string(), "2020-03-04");
    sim.advance(86_400).await;
    assert!(sim.inspect("clock").await["now"].as_str().unwrap().starts_with("2020-03-05"));
    assert_eq!(refused(&sim, "clock", json!({ "advance_seconds": i64::MAX })).await, 400);
    assert_eq!(refused(&sim, "clock", json!({ "advance": 1 })).await, 400);
}

#[tokio::test]
async fn personas_are_listed_with_three_fields() {
    let sim = Sim::start();
    let personas = sim.inspect("personas").await;
    let mut roles = BTreeSet::new();
    for persona in personas.as_array().unwrap() {
        let fields: Vec<&str> = persona.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["name", "role", "userid"]);
        roles.insert(persona["role"].as_str().unwrap());
    }
    assert_eq!(roles.len(), 9);
}

#[tokio::test]
async fn a_call_can_fail_in_any_way_that_is_ordered() {
    let sim = Sim::start();
    let token = sim.app_token().await;
    let call =
        || sim.http.get(sim.url("/cgi-bin/department/simplelist")).query(&[("access_token", &token)]).send();

    sim.control(
        "faults",
        json!({ "path": "department/simplelist", "errcode": 42001, "times": 1, "skip": 1 }),
    )
    .await;
    assert_eq!(json_of(call().await.unwrap()).await["errcode"], 0);
    let answer = json_of(call().await.unwrap()).await;
    assert_eq!(answer["errcode"], 42001);
    assert!(answer["errmsg"].as_str().unwrap().starts_with("access_token expired, hint: ["));
    assert_eq!(json_of(call().await.unwrap()).await["errcode"], 0);

    sim.control("faults", json!({ "path": "department/simplelist", "http_status": 503, "body": "<html>" }))
        .await;
    for _ in 0..2 {
        let answer = call().await.unwrap();
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.text().await.unwrap(), "<html>");
    }
    let faults = sim.inspect("faults").await["items"].clone();
    let id = faults[0]["id"].as_u64().unwrap();
    sim.http.delete(sim.url(&format!("/_sim/faults/{id}"))).send().await.unwrap();
    assert_eq!(json_of(call().await.unwrap()).await["errcode"], 0);

    sim.control("faults", json!({ "path": "department/simplelist", "delay_ms": 3_600_000 })).await;
    let impatient = sim
        .http
        .get(sim.url("/cgi-bin/department/simplelist"))
        .timeout(std::time::Duration::from_millis(200));
    assert!(impatient.send().await.unwrap_err().is_timeout());
    sim.http.delete(sim.url("/_sim/faults")).send().await.unwrap();
    assert_eq!(json_of(call().await.unwrap()).await["errcode"], 0);
    assert_eq!(refused(&sim, "faults", json!({ "path": "gettoken" })).await, 400);
}

#[tokio::test]
async fn the_ledger_has_every_call_and_no_secret() {
    let sim = Sim::start();
    let student = sim.student(0);
    sim.app_get("user/get", &[("userid", &student)]).await;
    let calls = sim.inspect("ledger?kind=call").await;
    let calls = calls["items"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!((&calls[0]["path"], &calls[0]["secret"]), (&json!("gettoken"), &json!("app")));
    assert_eq!(calls[1]["query"], json!({ "userid": student }));
    assert_eq!(calls[1]["errcode"], 0);
    assert!(!json!(calls).to_string().contains(&sim.school.spec.app.secret));
    let after = calls[0]["id"].as_u64().unwrap();
    let rest = sim.inspect(&format!("ledger?after={after}&path=/cgi-bin/user/get")).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn changes_that_make_no_sense_are_refused() {
    let sim = Sim::start();
    let student = sim.student(0);
    let own = format!("members/{student}");
    assert_eq!(refused(&sim, &own, json!({ "nam": "x" })).await, 400);
    assert_eq!(refused(&sim, &own, json!({ "status": 3 })).await, 400);
    assert_eq!(refused(&sim, &own, json!({ "department": [77777] })).await, 404);
    assert_eq!(refused(&sim, &own, json!({ "department": ["学院办公室"] })).await, 400);
    assert_eq!(refused(&sim, &own, json!({ "is_leader": [true, true] })).await, 400);
    assert_eq!(refused(&sim, &own, json!({ "userid": sim.student(1) })).await, 409);
    assert_eq!(refused(&sim, "members/nobody", json!({ "name": "x" })).await, 404);
    assert_eq!(
        refused(&sim, "members", json!({ "userid": student, "name": "x", "department": [1] })).await,
        409
    );
    assert_eq!(
        refused(&sim, "members", json!({ "userid": "-x", "name": "x", "department": [1] })).await,
        400
    );
    let college = sim.department("信息学院");
    let below = sim.department("2018软件技术1班");
    assert_eq!(refused(&sim, &format!("departments/{college}"), json!({ "parent": below })).await, 409);
    assert_eq!(refused(&sim, "departments", json!({ "name": "信息学院" })).await, 409);
    let full = sim.http.delete(sim.url(&format!("/_sim/departments/{college}"))).send().await.unwrap();
    assert_eq!(full.status(), 409);
    assert_eq!(refused(&sim, "settings", json!({ "tokens": "sometimes" })).await, 400);
    assert_eq!(refused(&sim, "nothing", json!({})).await, 404);
    let ledger = sim.inspect("ledger?kind=callback").await;
    assert_eq!(ledger["items"], json!([]));
}

#[tokio::test]
async fn a_reset_brings_back_the_beginning() {
    let sim = Sim::start();
    let student = sim.student(0);
    let token = sim.app_token().await;
    sim.advance(1_000_000).await;
    sim.control(&format!("members/{student}"), json!({ "name": "别名" })).await;
    sim.control("faults", json!({ "path": "gettoken", "errcode": -1 })).await;
    sim.control("reset", json!({})).await;
    sim.running.callbacks_delivered().await;
    assert_eq!(sim.inspect("clock").await["offset_seconds"], 0);
    assert_eq!(sim.inspect("faults").await["items"], json!([]));
    let person = sim.school.students().next().unwrap();
    assert_eq!(sim.inspect(&format!("members/{student}")).await["name"], person.name);
    assert_eq!(sim.get("user/get", &[("access_token", &token)]).await["errcode"], 40014);
}
