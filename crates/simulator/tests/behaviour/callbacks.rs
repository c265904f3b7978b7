//! Callbacks: what is told to whom, and how hard WeCom tries.

use serde_json::{Value, json};

use super::support::{Reaction, Sim, crypto};

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    let (text, _) = rest.split_once(&format!("</{name}>")).unwrap();
    text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")).unwrap_or(text)
}

async fn callbacks(sim: &Sim) -> Vec<Value> {
    sim.inspect("ledger?kind=callback").await["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_move_is_told_to_the_assistant_in_ids_alone() {
    let (sim, server) = Sim::with_server().await;
    let student = sim.student(0);
    let other = "2019软件技术1班";
    assert_ne!(sim.class_of(&student), other);
    sim.control(&format!("members/{student}"), json!({ "department": [other] })).await;
    sim.running.callbacks_delivered().await;

    let events = server.take_events(&sim.school);
    let [(receiver, xml)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(receiver, "contacts");
    let id = sim.department(other).to_string();
    for (name, value) in [
        ("ToUserName", sim.school.spec.corp.id.as_str()),
        ("FromUserName", "sys"),
        ("MsgType", "event"),
        ("Event", "change_contact"),
        ("ChangeType", "update_user"),
        ("UserID", &student),
        ("Department", &id),
    ] {
        assert_eq!(element(xml, name), value);
    }
    assert!(!xml.contains("<Name>") && !xml.contains("<NewUserID>"));
    assert_eq!(sim.app_get("user/get", &[("userid", &student)]).await["department"][0].to_string(), id);
}

#[tokio::test]
async fn each_change_is_told_to_those_who_hear_of_it() {
    let (sim, server) = Sim::with_server().await;
    let college = sim.department("信息学院");
    let class = sim.department("2019软件技术1班");
    let told = async |sim: &Sim| -> Vec<String> {
        sim.running.callbacks_delivered().await;
        let mut told: Vec<String> = server
            .take_events(&sim.school)
            .into_iter()
            .map(|(receiver, xml)| {
                let event = element(&xml, "Event");
                let change = if event == "change_contact" { element(&xml, "ChangeType") } else { event };
                let subject = if receiver == "contacts" {
                    ["UserID", "Id"].into_iter().find(|name| xml.contains(&format!("<{name}>"))).unwrap()
                } else {
                    assert_eq!(element(&xml, "AgentID"), "1000002");
                    "FromUserName"
                };
                format!("{receiver} {change} {}", element(&xml, subject))
            })
            .collect();
        told.sort();
        told
    };

    sim.control("members", json!({ "userid": "New.One", "name": "新同学", "department": [class] })).await;
    assert_eq!(told(&sim).await, ["contacts create_user New.One", "rollcall subscribe New.One"]);
    sim.control("members/new.one", json!({ "name": "新名字", "position": "班长", "mobile": "10000000000" }))
        .await;
    assert_eq!(told(&sim).await, [] as [&str; 0]);
    sim.control("members/new.one", json!({ "is_leader": [true] })).await;
    assert_eq!(told(&sim).await, ["contacts update_user New.One"]);
    sim.control("members/new.one", json!({ "userid": "newer.one" })).await;
    assert_eq!(told(&sim).await, ["contacts update_user New.One"]);
    sim.control("members/newer.one", json!({ "status": 2 })).await;
    assert_eq!(told(&sim).await, ["rollcall unsubscribe newer.one"]);
    sim.control("members/newer.one", json!({ "status": 1 })).await;
    assert_eq!(told(&sim).await, ["rollcall subscribe newer.one"]);
    sim.http.delete(sim.url("/_sim/members/newer.one")).send().await.unwrap();
    assert_eq!(told(&sim).await, ["contacts delete_user newer.one", "rollcall unsubscribe newer.one"]);

    let made = sim.control("departments", json!({ "name": "2020软件技术1班", "parent": college })).await;
    let id = made["id"].as_u64().unwrap();
    assert_eq!(told(&sim).await, [format!("contacts create_party {id}")]);
    sim.control(&format!("departments/{id}"), json!({ "name": "2020软件技术2班" })).await;
    assert_eq!(told(&sim).await, [] as [&str; 0]);
    sim.control(&format!("departments/{id}"), json!({ "parent": "管理学院" })).await;
    assert_eq!(told(&sim).await, [format!("contacts update_party {id}")]);
    sim.http.delete(sim.url(&format!("/_sim/departments/{id}"))).send().await.unwrap();
    assert_eq!(told(&sim).await, [format!("contacts delete_party {id}")]);
}

#[tokio::test]
async fn a_smaller_range_tells_the_app_of_everyone_outside() {
    let (sim, server) = Sim::with_server().await;
    let college = sim.department("信息学院");
    sim.control("settings", json!({ "visible": [college] })).await;
    sim.running.callbacks_delivered().await;
    let gone = server.take_events(&sim.school);
    assert!(
        gone.iter().all(|(receiver, xml)| receiver == "rollcall" && element(xml, "Event") == "unsubscribe")
    );
    let outside =
        sim.school.people.iter().filter(|person| person.has_account && person.college() != Some(0)).count();
    assert_eq!(gone.len(), outside);

    sim.control("settings", json!({ "visible": [1] })).await;
    sim.running.callbacks_delivered().await;
    let back = server.take_events(&sim.school);
    assert_eq!(back.iter().filter(|(_, xml)| element(xml, "Event") == "subscribe").count(), outside);
}

#[tokio::test]
async fn a_callback_is_tried_three_times_with_the_same_inner_xml() {
    let (sim, server) = Sim::with_server().await;
    sim.control("settings", json!({ "callback_timeout_ms": 1500 })).await;
    server.plan([Reaction::Status(500), Reaction::Hang]);
    sim.page("/client/app", &sim.student(0)).await;
    sim.running.callbacks_delivered().await;

    let tries = server.take();
    assert_eq!(tries.len(), 3);
    assert_ne!(tries[0].body, tries[1].body);
    let opened: Vec<_> = tries.iter().map(|received| super::support::open(&sim.school, received)).collect();
    assert!(opened.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(element(&opened[0].1, "Event"), "enter_agent");
    let entry = &callbacks(&sim).await[0];
    assert_eq!(entry["tries"], json!(["500", "timeout", "200"]));
    assert_eq!(entry["delivered"], true);
}

#[tokio::test]
async fn after_three_tries_an_event_is_lost() {
    let (sim, server) = Sim::with_server().await;
    server.plan([Reaction::Status(404), Reaction::Status(302), Reaction::Status(204)]);
    sim.page("/client/app", &sim.student(0)).await;
    sim.running.callbacks_delivered().await;
    assert_eq!(server.take().len(), 3);
    let entry = &callbacks(&sim).await[0];
    assert_eq!((&entry["tries"], &entry["delivered"]), (&json!(["404", "302", "204"]), &json!(false)));

    sim.running.set_app_url("http://127.0.0.1:1".parse().unwrap());
    sim.page("/client/app", &sim.student(0)).await;
    sim.running.callbacks_delivered().await;
    assert_eq!(callbacks(&sim).await[1]["tries"], json!(["connection", "connection", "connection"]));
}

#[tokio::test]
async fn a_callback_can_get_lost_or_come_twice() {
    let (sim, server) = Sim::with_server().await;
    sim.control("faults", json!({ "path": "callback/rollcall", "lose": true, "times": 1 })).await;
    sim.control("faults", json!({ "path": "callback/rollcall", "duplicate": true, "times": 1 })).await;
    sim.page("/client/app", &sim.student(0)).await;
    sim.running.callbacks_delivered().await;
    assert_eq!(server.take().len(), 0);
    assert_eq!(callbacks(&sim).await[0]["delivered"], false);
    sim.page("/client/app", &sim.student(0)).await;
    sim.running.callbacks_delivered().await;
    assert_eq!(server.take().len(), 2);
}

#[tokio::test]
async fn an_address_is_verified_by_an_encrypted_number() {
    let (sim, server) = Sim::with_server().await;
    server.plan([Reaction::Say("0".into())]);
    let answer = sim.control("callbacks/contacts/verification", json!({})).await;
    assert_eq!(answer["accepted"], false);

    let asked = server.take().remove(0);
    let query = |name: &str| asked.query[name].as_str();
    let keys = crypto(&sim.school, "contacts");
    keys.verify(query("msg_signature"), query("timestamp"), query("nonce"), query("echostr")).unwrap();
    let echo = keys.decrypt(query("echostr")).unwrap().message;
    assert!(echo.parse::<u64>().is_ok(), "{echo}");
}
