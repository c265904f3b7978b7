//! Tokens: their life, and which secret may do what.

use serde_json::json;

use super::support::Sim;

#[tokio::test]
async fn a_token_is_the_same_until_it_expires() {
    let sim = Sim::start();
    let first = sim.get_token(&sim.school.spec.app.secret).await;
    assert_eq!(first["expires_in"], 7200);
    sim.advance(6000).await;
    let second = sim.get_token(&sim.school.spec.app.secret).await;
    assert_eq!(first["access_token"], second["access_token"]);
    assert!(second["expires_in"].as_i64().unwrap() <= 1200);

    sim.advance(1201).await;
    let token = first["access_token"].as_str().unwrap();
    let refused = sim.get("department/simplelist", &[("access_token", token)]).await;
    assert_eq!(refused["errcode"], 42001);
    let third = sim.get_token(&sim.school.spec.app.secret).await;
    assert_ne!(first["access_token"], third["access_token"]);
}

#[tokio::test]
async fn the_policy_of_tokens_can_be_switched() {
    let sim = Sim::start();
    let works = async |token: &str| {
        sim.get("department/simplelist", &[("access_token", token)]).await["errcode"] == 0
    };

    sim.control("settings", json!({ "tokens": "new" })).await;
    let (first, second) = (sim.app_token().await, sim.app_token().await);
    assert_ne!(first, second);
    assert!(works(&first).await && works(&second).await);

    sim.control("settings", json!({ "tokens": "replace" })).await;
    let third = sim.app_token().await;
    assert!(!works(&second).await && works(&third).await);
}

#[tokio::test]
async fn a_token_can_become_invalid_before_its_time() {
    let sim = Sim::start();
    let token = sim.app_token().await;
    sim.http.delete(sim.url("/_sim/tokens")).send().await.unwrap();
    assert_eq!(sim.get("user/get", &[("access_token", &token)]).await["errcode"], 40014);
    assert_eq!(sim.get("user/get", &[]).await["errcode"], 41001);
}

#[tokio::test]
async fn gettoken_refuses_what_is_wrong_or_missing() {
    let sim = Sim::start();
    let corp = sim.school.spec.corp.id.as_str();
    let code = async |query: &[(&str, &str)]| sim.get("gettoken", query).await["errcode"].clone();
    assert_eq!(code(&[("corpsecret", "x")]).await, 41002);
    assert_eq!(code(&[("corpid", corp)]).await, 41004);
    assert_eq!(code(&[("corpid", "ww1"), ("corpsecret", "x")]).await, 40013);
    assert_eq!(code(&[("corpid", corp), ("corpsecret", "x")]).await, 40001);
}

#[tokio::test]
async fn too_many_wrong_secrets_bar_the_address_for_an_hour() {
    let sim = Sim::start();
    sim.control("settings", json!({ "wrong_secrets": 3 })).await;
    for _ in 0..3 {
        assert_eq!(sim.get_token("wrong").await["errcode"], 40001);
    }
    assert_eq!(sim.get_token(&sim.school.spec.app.secret).await["errcode"], 45009);
    sim.advance(3600).await;
    assert_eq!(sim.get_token(&sim.school.spec.app.secret).await["errcode"], 0);
}

#[tokio::test]
async fn each_secret_may_do_its_own() {
    let sim = Sim::start();
    let (app, contacts) = (sim.app_token().await, sim.contacts_token().await);
    let student = sim.student(0);
    for (path, query) in [
        ("department/list", ("id", "1")),
        ("department/get", ("id", "1")),
        ("user/get", ("userid", student.as_str())),
        ("user/list", ("department_id", "1")),
        ("user/simplelist", ("department_id", "1")),
    ] {
        assert_eq!(sim.get(path, &[("access_token", &app), query]).await["errcode"], 0, "{path}");
        assert_eq!(sim.get(path, &[("access_token", &contacts), query]).await["errcode"], 48009, "{path}");
    }
    let departments = async |token: &str| {
        let answer = sim.get("department/simplelist", &[("access_token", token)]).await;
        answer["department_id"].as_array().unwrap().len()
    };
    assert_eq!(departments(&app).await, departments(&contacts).await);
    assert_eq!(sim.post("user/list_id", &app, "{}").await["errcode"], 48002);
    assert_eq!(sim.post("user/list_id", &contacts, "{}").await["errcode"], 0);
    assert_eq!(sim.post("message/send", &contacts, "{}").await["errcode"], 48002);
    let code = [("access_token", contacts.as_str()), ("code", "x")];
    assert_eq!(sim.get("auth/getuserinfo", &code).await["errcode"], 50001);
    assert_eq!(sim.get("get_jsapi_ticket", &code).await["errcode"], 48002);
}

#[tokio::test]
async fn calls_from_untrusted_addresses_are_refused() {
    let sim = Sim::start();
    sim.control("settings", json!({ "trusted_ips": ["203.0.113.9"] })).await;
    let refused = sim.app_get("department/simplelist", &[]).await;
    assert_eq!(refused["errcode"], 60020);
    assert!(refused["errmsg"].as_str().unwrap().contains("from ip: 127.0.0.1"));
}

#[tokio::test]
async fn tickets_are_two_live_two_hours_and_are_limited() {
    let sim = Sim::start();
    let corp = sim.app_get("get_jsapi_ticket", &[]).await["ticket"].clone();
    let app = sim.app_get("ticket/get", &[("type", "agent_config")]).await["ticket"].clone();
    assert_ne!(corp, app);
    assert_eq!(sim.app_get("get_jsapi_ticket", &[]).await["ticket"], corp);
    assert_eq!(sim.app_get("ticket/get", &[("type", "other")]).await["errcode"], 91040);
    for _ in 0..98 {
        assert_eq!(sim.app_get("get_jsapi_ticket", &[]).await["errcode"], 0);
    }
    assert_eq!(sim.app_get("get_jsapi_ticket", &[]).await["errcode"], 45009);
    sim.advance(7200).await;
    assert_ne!(sim.app_get("get_jsapi_ticket", &[]).await["ticket"], corp);
}

#[tokio::test]
async fn success_may_come_without_a_code() {
    let sim = Sim::start();
    sim.control("settings", json!({ "omit_errcode": true })).await;
    let answer = sim.app_get("user/get", &[("userid", &sim.student(0))]).await;
    assert!(answer.get("errcode").is_none() && answer.get("userid").is_some());
}
