//! What WeCom does beside the answers: waits, crowds, order, replies, signatures.

use serde_json::json;
use wecom::callback::{Receiver, Reply};

use super::support::{Reaction, Sim, client};

#[tokio::test]
async fn an_address_may_call_a_minute_after_it_was_added() {
    let sim = Sim::start();
    let token = sim.app_token().await;
    let call =
        async || sim.get("department/simplelist", &[("access_token", &token)]).await["errcode"].clone();
    sim.control("settings", json!({ "trusted_ips": ["203.0.113.9"] })).await;
    sim.control("settings", json!({ "trusted_ips": ["203.0.113.9", "127.0.0.1"] })).await;
    assert_eq!(call().await, 60020);
    sim.advance(60).await;
    assert_eq!(call().await, 0);
    sim.control("settings", json!({ "wrong_secrets": 5 })).await;
    assert_eq!(call().await, 0, "another setting doesn't begin it anew");
}

#[tokio::test]
async fn too_many_calls_at_once_are_refused() {
    let sim = Sim::start();
    let token = sim.app_token().await;
    sim.control("settings", json!({ "concurrency": 1 })).await;
    sim.control("faults", json!({ "path": "user/get", "times": 1, "silence": true })).await;
    let url = sim.url(&format!("/cgi-bin/user/get?userid=a&access_token={token}"));
    let waiting = tokio::spawn(sim.http.get(url).send());
    // It is under way once the fault was met.
    while !sim.inspect("faults").await["items"].as_array().unwrap().is_empty() {}
    let other = sim.app_get("user/get", &[("userid", &sim.student(0))]).await;
    assert_eq!(other["errcode"], 45033);
    assert_eq!(sim.app_get("department/simplelist", &[]).await["errcode"], 0, "each API by itself");
    waiting.abort();
}

#[tokio::test]
async fn the_debug_mode_is_for_five_calls_a_minute() {
    let sim = Sim::start();
    let mut codes = Vec::new();
    for _ in 0..6 {
        codes.push(sim.app_get("department/simplelist", &[("debug", "1")]).await["errcode"].clone());
    }
    assert_eq!(codes, [0, 0, 0, 0, 0, 45009].map(|code| json!(code)));
}

#[tokio::test]
async fn a_code_may_be_told_apart() {
    let sim = Sim::start();
    sim.control("settings", json!({ "codes_told_apart": true })).await;
    let code = super::sign_in::code(&sim, &sim.student(0), "snsapi_base").await;
    let old = sim.app_get("user/getuserinfo", &[("code", &code)]).await;
    assert_eq!((&old["UserId"], &old["DeviceId"]), (&json!(sim.student(0)), &json!("")), "the old path");
    assert_eq!(sim.app_get("auth/getuserinfo", &[("code", &code)]).await["errcode"], 42022);
    let late = super::sign_in::code(&sim, &sim.student(0), "snsapi_base").await;
    sim.advance(301).await;
    assert_eq!(sim.app_get("auth/getuserinfo", &[("code", &late)]).await["errcode"], 42003);
    assert_eq!(sim.app_get("auth/getuserinfo", &[("code", "x")]).await["errcode"], 40029);
}

#[tokio::test]
async fn a_callback_may_be_overtaken() {
    let (sim, server) = Sim::with_server().await;
    sim.control("faults", json!({ "path": "callback/rollcall", "times": 1, "reorder": true })).await;
    for words in ["one", "two"] {
        sim.control(&format!("messages/{}/say", sim.student(0)), json!({ "content": words })).await;
    }
    sim.running.callbacks_delivered().await;
    let told: Vec<String> = server.take_events(&sim.school).into_iter().map(|(_, xml)| xml).collect();
    assert!(told[0].contains("two") && told[1].contains("one"), "{told:?}");
}

#[tokio::test]
async fn a_passive_reply_is_shown_if_it_is_genuine() {
    let (sim, server) = Sim::with_server().await;
    let (app, corp, student) = (sim.school.spec.app.clone(), sim.school.spec.corp.id.clone(), sim.student(0));
    let own = Receiver::new(&app.token, &app.encoding_aes_key, &corp).unwrap();
    let forged = Receiver::new("OTHER", &app.encoding_aes_key, &corp).unwrap();
    let common = wecom::callback::Common { from: student.clone(), to: corp, ..Default::default() };
    let reply = |receiver: &Receiver, words: &str| {
        Reaction::Say(receiver.reply(&Reply::Text(words.into()), &common, 1_700_000_000))
    };
    server.plan([reply(&own, "收到"), reply(&forged, "假的"), Reaction::Say("success".into())]);
    for _ in 0..3 {
        sim.control(&format!("messages/{student}/say"), json!({ "content": "在吗" })).await;
        sim.running.callbacks_delivered().await;
    }
    let page = sim.page("/client/messages/app", &student).await.text().await.unwrap();
    assert!(page.contains("收到") && !page.contains("假的") && !page.contains("success"));
}

#[tokio::test]
async fn a_signature_is_judged_as_the_client_would() {
    let sim = Sim::start();
    let (app, url) = (client(&sim), "http://127.0.0.1:1/h5/?a=1#/form");
    let signed = app.sign_config(url, "n".into(), 1_700_000_000).await.unwrap();
    app.sign_agent_config(url, "n".into(), 1_700_000_000).await.unwrap();
    let judge = async |kind: &str, url: &str| {
        let ask = json!({
            "kind": kind, "url": url, "nonce": signed.nonce, "timestamp": signed.timestamp, "signature": signed.signature,
        });
        sim.control("jssdk/verify", ask).await["errcode"].clone()
    };
    assert_eq!(judge("config", url).await, 0);
    assert_eq!(judge("agent_config", url).await, 42012, "the other ticket");
    assert_eq!(judge("config", "http://127.0.0.1:1/h5/?a=2").await, 40093);
    assert_eq!(judge("config", "https://elsewhere.example.com/").await, 50001);
}

#[tokio::test]
async fn who_may_not_write_and_who_can_t_be_deleted() {
    let sim = Sim::start();
    let contacts = super::support::contacts_client(&sim);
    let creator = sim.teacher();
    sim.control("settings", json!({ "creator": creator, "accounts": 1 })).await;
    assert_eq!(contacts.delete_member(&creator).await.unwrap_err().code(), Some(301_005));
    let new = wecom::write::MemberChange {
        userid: "new1".into(),
        name: Some("新".into()),
        mobile: Some("10099990001".into()),
        ..Default::default()
    };
    assert_eq!(contacts.create_member(&new).await.unwrap_err().code(), Some(45024));
    sim.control("settings", json!({ "contacts_edit": false })).await;
    assert_eq!(contacts.delete_member(&sim.student(0)).await.unwrap_err().code(), Some(60011));
    sim.control("settings", json!({ "app_closed": true })).await;
    assert_eq!(sim.get_token(&sim.school.spec.app.secret).await["errcode"], 50003);
}

#[tokio::test]
async fn what_is_not_confirmed_can_be_either_way() {
    let (sim, server) = Sim::with_server().await;
    let (student, secret) = (sim.student(0), sim.school.spec.app.secret.clone());
    let contacts = super::support::contacts_client(&sim);
    let number = &sim.school.people.iter().find(|person| person.number == student).unwrap().phone;
    assert_eq!(contacts.userid_of_mobile(number).await.unwrap(), student);
    let switch =
        async |name: &str, on: bool| sim.control("settings", json!({ "unconfirmed": { name: on } })).await;
    switch("lookups_by_assistant", false).await;
    assert_eq!(contacts.userid_of_mobile(number).await.unwrap_err().code(), Some(48002));

    assert_eq!(sim.app_get("user/get", &[("userid", &student)]).await["mobile"], "");
    switch("withheld_absent", true).await;
    assert!(sim.app_get("user/get", &[("userid", &student)]).await.get("mobile").is_none());
    client(&sim).member(&student).await.unwrap();

    // At its first address, where sign-ins come back to.
    sim.running.set_app_url("http://127.0.0.1:1".parse().unwrap());
    switch("consent_refused", true).await;
    let location = super::sign_in::location(&sim, &student, "snsapi_privateinfo").await;
    assert!(!location.contains("code=") && location.contains("state="), "{location}");
    assert!(super::sign_in::location(&sim, &student, "snsapi_base").await.contains("code="));

    // Tried again: encrypted anew, or the very same.
    sim.running.set_app_url(server.url.parse().unwrap());
    let mut bodies = Vec::new();
    for same in [false, true] {
        switch("callback_same_body", same).await;
        server.take();
        server.plan([Reaction::Status(500)]);
        sim.control(&format!("messages/{student}/say"), json!({ "content": "x" })).await;
        sim.running.callbacks_delivered().await;
        let tries = server.take();
        assert_eq!(tries.len(), 2);
        bodies.push(tries[0].body == tries[1].body);
    }
    assert_eq!(bodies, [false, true]);

    sim.control("settings", json!({ "trusted_ips": ["203.0.113.9"] })).await;
    assert_eq!(sim.get_token(&secret).await["errcode"], 0);
    switch("gettoken_needs_trusted_ip", true).await;
    assert_eq!(sim.get_token(&secret).await["errcode"], 60020);
}
