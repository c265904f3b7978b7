//! Several corps, directories of one's own, and the dump.

use serde_json::{Value, json};
use simulator::school::School;
use simulator::{Config, DirectoryFile, Simulator};

use crate::support::Sim;

async fn get(url: String, query: &[(&str, &str)]) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(url).query(query).send().await.unwrap().json().await.unwrap()
}

fn school() -> School {
    School::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/school-small.toml")).unwrap()
}

#[actix_web::test]
async fn a_token_reaches_its_own_corp_and_a_fault_of_one_spares_the_others() {
    let running = Simulator::start(Config { corps: 3, ..Config::local(school()) }).unwrap();
    let url = |path: &str| format!("{}{path}", running.url());
    let corps = get(url("/_sim/corps"), &[]).await["items"].as_array().unwrap().clone();
    assert_eq!(corps.len(), 3);
    let text = |corp: &Value, pointer: &str| corp.pointer(pointer).unwrap().as_str().unwrap().to_owned();

    let mut tokens = Vec::new();
    for corp in &corps {
        let (id, secret) = (text(corp, "/corpid"), text(corp, "/app/secret"));
        let answer = get(url("/cgi-bin/gettoken"), &[("corpid", &id), ("corpsecret", &secret)]).await;
        tokens.push(text(&answer, "/access_token"));
        // The secret of another corp is a wrong one.
        let other = corps.iter().find(|other| text(other, "/corpid") != id).unwrap();
        let other = text(other, "/app/secret");
        let answer = get(url("/cgi-bin/gettoken"), &[("corpid", &id), ("corpsecret", &other)]).await;
        assert_eq!(answer["errcode"], 40001, "{answer}");
    }
    let second = text(&corps[1], "/corpid");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let order = client.post(url(&format!("/_sim/corps/{second}/faults")));
    let order = order.json(&json!({ "path": "user/get", "errcode": -1 })).send().await.unwrap();
    assert_eq!(order.status(), 200);

    let userid = school().students().next().unwrap().number.clone();
    for (token, errcode) in tokens.iter().zip([0, -1, 0]) {
        let answer = get(url("/cgi-bin/user/get"), &[("access_token", token), ("userid", &userid)]).await;
        assert_eq!(answer["errcode"], errcode, "{answer}");
    }
    let stranger = get(url("/cgi-bin/user/get"), &[("access_token", "none"), ("userid", &userid)]).await;
    assert_eq!(stranger["errcode"], 40014);
    let unknown = client.get(url("/_sim/corps/wwnone/faults")).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    running.stop().await;
}

#[actix_web::test]
async fn what_was_dumped_can_be_loaded() {
    let sim = Sim::start();
    let userid = sim.student(0);
    sim.control(&format!("members/{userid}"), json!({ "status": 2, "position": "班长" })).await;
    let dump = sim.inspect("dump").await;
    let directory = DirectoryFile::parse(&dump.to_string()).unwrap();
    let again = Simulator::start(Config { directory: Some(directory), ..Config::local(school()) }).unwrap();
    let second = get(format!("{}/_sim/dump", again.url()), &[]).await;
    assert_eq!(second["directory"], dump["directory"]);
    let member = get(format!("{}/_sim/members/{userid}", again.url()), &[]).await;
    assert_eq!((&member["status"], &member["position"]), (&json!(2), &json!("班长")));
    again.stop().await;
}

#[actix_web::test]
async fn a_directory_that_does_not_hang_together_is_refused() {
    let wrong = [
        json!({ "department": [], "userlist": [] }),
        json!({ "department": [{ "id": 1, "name": "公司" }, { "id": 2, "name": "甲", "parentid": 3 }], "userlist": [] }),
        json!({ "department": [{ "id": 1, "name": "公司" }],
                "userlist": [{ "userid": "a", "name": "甲", "department": [7] }] }),
        json!({ "department": [{ "id": 1, "name": "公司" }],
                "userlist": [{ "userid": "a", "name": "甲", "department": [1] },
                             { "userid": "A", "name": "乙", "department": [1] }] }),
    ];
    for directory in wrong {
        let file = DirectoryFile::parse(&directory.to_string()).unwrap();
        let config = Config { directory: Some(file), ..Config::local(school()) };
        assert!(Simulator::start(config).is_err(), "{directory}");
    }
}

#[actix_web::test]
async fn a_school_grows_to_the_members_asked_for() {
    let large = school().scaled(2000).unwrap();
    assert_eq!(large.people.iter().filter(|person| person.has_account).count(), 2000);
    assert!(
        large.departments.len() > 2000 / 60 && large.departments.len() < 2000 / 30,
        "{}",
        large.departments.len()
    );
}
