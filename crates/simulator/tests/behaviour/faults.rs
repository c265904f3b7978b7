//! Faults of the connection, scripts of them, and callbacks to an address of one's own.

use std::time::Duration;

use serde_json::json;

use wecom::crypto::CallbackCrypto;

use crate::support::{Reaction, Sim};

#[tokio::test]
async fn a_script_is_met_in_its_order() {
    let sim = Sim::start();
    let token = sim.app_token().await;
    let script = json!([
        { "path": "user/get", "errcode": 45009, "times": 1 },
        { "path": "user/get", "reset": true, "times": 1 },
        { "path": "user/get", "cut": true, "times": 1 },
        { "path": "user/get", "huge_bytes": 3_000_000, "times": 1 },
        { "path": "user/get", "silence": true, "times": 1 },
    ]);
    sim.control("faults", script).await;
    let userid = sim.student(0);
    let query = [("access_token", token.as_str()), ("userid", userid.as_str())];
    let ask = || sim.http.get(sim.url("/cgi-bin/user/get")).query(&query);

    assert_eq!(sim.get("user/get", &query).await["errcode"], 45009);
    assert!(ask().send().await.is_err(), "no answer at all");
    let cut = ask().send().await.unwrap();
    assert!(cut.content_length().unwrap() > 0);
    assert!(cut.bytes().await.is_err(), "the rest never comes");
    assert_eq!(ask().send().await.unwrap().bytes().await.unwrap().len(), 3_000_000);
    let silence = ask().timeout(Duration::from_millis(200)).send().await.unwrap_err();
    assert!(silence.is_timeout());
    assert_eq!(sim.get("user/get", &query).await["errcode"], 0);
}

#[tokio::test]
async fn a_script_with_one_mistake_orders_nothing() {
    let sim = Sim::start();
    let script = json!([{ "path": "user/get", "errcode": -1 }, { "path": "user/get" }]);
    let answer = sim.http.post(sim.url("/_sim/faults")).json(&script).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 400);
    assert_eq!(sim.inspect("faults").await["items"], json!([]));
}

#[tokio::test]
async fn an_address_is_saved_only_if_it_proves_its_keys() {
    let (sim, server) = Sim::with_server().await;
    let app = sim.school.spec.app.clone();
    let url = format!("{}/wecom/1/callback/rollcall", server.url.trim_end_matches('/'));
    let address = json!({ "url": url, "token": app.token, "encoding_aes_key": app.encoding_aes_key });
    let keys = || CallbackCrypto::new(&app.token, &app.encoding_aes_key, &sim.school.spec.corp.id).unwrap();
    server.plan([Reaction::Prove(keys()), Reaction::Prove(keys())]);
    // Another token than the server's, nobody at the address, a key that is none.
    for (field, wrong, status) in [
        ("token", json!("AnotherToken"), 409),
        ("url", json!("http://127.0.0.1:1/callback"), 409),
        ("encoding_aes_key", json!("short"), 400),
    ] {
        let mut address = address.clone();
        address[field] = wrong;
        let answer = sim.http.post(sim.url("/_sim/callbacks/rollcall")).json(&address).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{address}");
    }
    assert_eq!(sim.control("callbacks/rollcall", address).await["accepted"], true);
    // From now on the saved address counts, not where the server is said to be.
    sim.running.set_app_url("http://127.0.0.1:1".parse().unwrap());
    let userid = sim.student(0);
    sim.control(&format!("members/{userid}"), json!({ "status": 2 })).await;
    sim.running.callbacks_delivered().await;
    let told = sim.inspect(&format!("ledger?kind=callback&userid={userid}")).await;
    let told = told["items"].as_array().unwrap();
    assert!(
        told.iter().any(|entry| entry["event"] == "unsubscribe" && entry["delivered"] == true),
        "{told:?}"
    );
}
