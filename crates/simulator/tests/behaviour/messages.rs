//! Messages: who gets them, and what the answer admits.

use serde_json::{Value, json};

use super::support::Sim;

async fn messages(sim: &Sim, userid: &str) -> Vec<Value> {
    sim.inspect(&format!("messages/{userid}")).await["items"].as_array().unwrap().clone()
}

/// What the ledger says became of the last message for someone.
async fn outcome(sim: &Sim, userid: &str) -> String {
    let sends = sim.inspect(&format!("ledger?kind=send&limit=1&userid={userid}")).await;
    sends["items"][0]["outcomes"][userid].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn some_may_get_it_and_others_not() {
    let sim = Sim::start();
    let (one, two, teacher) = (sim.student(0), sim.student(1), sim.teacher());
    sim.control(&format!("members/{two}"), json!({ "licensed": false })).await;
    sim.control(&format!("members/{teacher}"), json!({ "status": 2 })).await;

    let answer = sim.send(&format!("{one}|{two}|{teacher}|NoBody|{one}"), json!({})).await;
    assert_eq!(answer["errcode"], 0);
    assert_eq!(answer["invaliduser"], format!("nobody|{}", teacher.to_lowercase()));
    assert_eq!(answer["unlicenseduser"], two);
    assert_eq!(messages(&sim, &one).await.len(), 1);
    assert_eq!(messages(&sim, &one).await[0]["content"]["content"], "你好");
    assert_eq!(messages(&sim, &two).await.len(), 0);
    assert_eq!(messages(&sim, &teacher).await.len(), 0);

    let answer = sim.send("nobody|noone", json!({})).await;
    assert_eq!(answer["errcode"], 81013);
}

#[tokio::test]
async fn departments_reach_everyone_below_them() {
    let sim = Sim::start();
    let college = sim.department("信息学院").to_string();
    let answer = sim.send("", json!({ "toparty": format!("{college}|77777") })).await;
    assert_eq!(answer["errcode"], 0);
    assert_eq!(answer["invalidparty"], "77777");
    let sends = sim.inspect("ledger?kind=send").await;
    let reached = sends["items"][0]["outcomes"].as_object().unwrap().len();
    let of_college = |person: &&simulator::school::Person| person.has_account && person.college() == Some(0);
    assert_eq!(reached, sim.school.people.iter().filter(of_college).count());
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_named() {
    let sim = Sim::start();
    let one = sim.student(0);
    let users = |count: usize| vec!["x"; count].join("|");
    for (touser, more, code) in [
        ("", json!({}), 82001),
        (one.as_str(), json!({ "agentid": null }), 40056),
        (&one, json!({ "agentid": "1000002" }), 40056),
        (&one, json!({ "agentid": 1_000_003 }), 301_002),
        (&one, json!({ "msgtype": "poem" }), 40008),
        (&one, json!({ "text": { "content": "" } }), 44004),
        (&one, json!({ "touser": [one] }), 40031),
        (&users(1001), json!({}), 40032),
        ("", json!({ "toparty": users(101) }), 82002),
        ("", json!({ "totag": users(101) }), 82003),
        (&one, json!({ "enable_duplicate_check": 1, "duplicate_check_interval": 14_401 }), 40058),
    ] {
        assert_eq!(sim.send(touser, more.clone()).await["errcode"], code, "{more}");
    }
    let card = |content: Value| json!({ "msgtype": "textcard", "textcard": content });
    let long = format!("https://a.example/{}", "x".repeat(2048));
    for (content, code) in [
        (json!({ "description": "d", "url": "https://a.example" }), 41016),
        (json!({ "title": "t", "url": "https://a.example" }), 41033),
        (json!({ "title": "t", "description": "d" }), 41010),
        (json!({ "title": "t", "description": "d", "url": "a.example" }), 45034),
        (json!({ "title": "t", "description": "d", "url": long }), 40039),
    ] {
        assert_eq!(sim.send(&one, card(content.clone())).await["errcode"], code, "{content}");
    }
    assert_eq!(messages(&sim, &one).await.len(), 0);
    assert_eq!(sim.app_get("message/send", &[]).await["errcode"], 40058);
    let malformed = sim.post("message/send", &sim.app_token().await, r#"{"touser":"#).await;
    assert_ne!(malformed["errcode"], 0);
    assert!(malformed["errmsg"].as_str().unwrap().starts_with("Warning: wrong json format."));
}

#[tokio::test]
async fn what_is_too_long_is_cut() {
    let sim = Sim::start();
    let one = sim.student(0);
    // 2048 bytes are 682 characters of three bytes and two bytes that make none.
    sim.send(&one, json!({ "text": { "content": "点".repeat(700) } })).await;
    assert_eq!(messages(&sim, &one).await[0]["content"]["content"], "点".repeat(682));
    let card = json!({
        "title": "题".repeat(200), "description": "文".repeat(600), "url": "https://a.example/", "btntxt": "点这里去填写",
    });
    sim.send(&one, json!({ "msgtype": "textcard", "textcard": card })).await;
    let card = messages(&sim, &one).await[0].clone();
    assert_eq!(card["msgtype"], "textcard");
    assert_eq!(card["content"]["title"], "题".repeat(128));
    assert_eq!(card["content"]["description"], "文".repeat(512));
    assert_eq!(card["content"]["btntxt"], "点这里去");
}

#[tokio::test]
async fn more_than_thirty_a_minute_are_lost_without_a_word() {
    let sim = Sim::start();
    let one = sim.student(0);
    for _ in 0..32 {
        let answer = sim.send(&one, json!({})).await;
        assert_eq!(answer["errcode"], 0);
        assert!(answer.get("invaliduser").is_none());
    }
    assert_eq!(messages(&sim, &one).await.len(), 30);
    assert_eq!(outcome(&sim, &one).await, "dropped");
    sim.advance(60).await;
    sim.send(&one, json!({})).await;
    assert_eq!(messages(&sim, &one).await.len(), 31);
}

#[tokio::test]
async fn the_same_body_within_the_interval_is_not_delivered_again() {
    let sim = Sim::start();
    let one = sim.student(0);
    let check = json!({ "enable_duplicate_check": 1, "duplicate_check_interval": 600 });
    for _ in 0..2 {
        assert_eq!(sim.send(&one, check.clone()).await["errcode"], 0);
    }
    assert_eq!(messages(&sim, &one).await.len(), 1);
    assert_eq!(outcome(&sim, &one).await, "duplicate");
    sim.advance(601).await;
    sim.send(&one, check).await;
    assert_eq!(messages(&sim, &one).await.len(), 2);
    // Without the check equal bodies are two messages.
    for _ in 0..2 {
        sim.send(&one, json!({})).await;
    }
    assert_eq!(messages(&sim, &one).await.len(), 4);
}

#[tokio::test]
async fn a_sends_answer_can_get_lost_while_the_message_arrives() {
    let sim = Sim::start();
    let one = sim.student(0);
    let fault =
        json!({ "path": "/cgi-bin/message/send", "http_status": 502, "takes_effect": true, "times": 1 });
    sim.control("faults", fault).await;
    let token = sim.app_token().await;
    let body = json!({
        "touser": one, "msgtype": "text", "agentid": 1_000_002, "text": { "content": "一" }, "enable_duplicate_check": 1,
    });
    let send = || {
        sim.http.post(sim.url("/cgi-bin/message/send")).query(&[("access_token", &token)]).json(&body).send()
    };
    assert_eq!(send().await.unwrap().status(), 502);
    assert_eq!(messages(&sim, &one).await.len(), 1);
    assert_eq!(send().await.unwrap().status(), 200);
    assert_eq!(messages(&sim, &one).await.len(), 1);
}

#[tokio::test]
async fn a_fault_can_single_out_recipients() {
    let sim = Sim::start();
    let (one, two, three) = (sim.student(0), sim.student(1), sim.student(2));
    let outcomes = json!({ &one: "invalid", &two: "dropped" });
    sim.control("faults", json!({ "path": "message/send", "recipients": outcomes, "times": 1 })).await;
    let answer = sim.send(&format!("{one}|{two}|{three}"), json!({})).await;
    assert_eq!(answer["invaliduser"], one);
    assert_eq!(messages(&sim, &one).await.len(), 0);
    assert_eq!(messages(&sim, &two).await.len(), 0);
    assert_eq!(messages(&sim, &three).await.len(), 1);
}

#[tokio::test]
async fn a_message_can_be_taken_back_for_a_day() {
    let sim = Sim::start();
    let (one, two) = (sim.student(0), sim.student(1));
    let token = sim.app_token().await;
    let first = sim.send(&format!("{one}|{two}"), json!({})).await["msgid"].as_str().unwrap().to_owned();
    let recall = async |msgid: &str| {
        let body = json!({ "msgid": msgid }).to_string();
        sim.post("message/recall", &token, &body).await
    };
    super::answers::fits("message_recall", &recall(&first).await);
    for userid in [&one, &two] {
        assert_eq!(messages(&sim, userid).await[0]["recalled"], true);
        let page = sim.page("/client/messages/app", userid).await.text().await.unwrap();
        assert!(page.contains("该消息已被撤回"));
    }
    assert_eq!(recall("mid_of_another_app").await["errcode"], 40058);
    assert_eq!(sim.post("message/recall", &token, "{}").await["errcode"], 40063);
    assert_eq!(sim.post("message/recall", &sim.contacts_token().await, "{}").await["errcode"], 48002);

    let late = sim.send(&one, json!({})).await["msgid"].as_str().unwrap().to_owned();
    sim.advance(24 * 3600 + 1).await;
    let token = sim.app_token().await;
    let body = json!({ "msgid": late }).to_string();
    assert_eq!(sim.post("message/recall", &token, &body).await["errcode"], 42052);
}
