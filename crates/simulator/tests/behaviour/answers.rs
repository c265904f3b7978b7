//! Every answer has the fields and types that the documentation gives it, and no others.

use serde_json::{Value, json};

use super::support::Sim;

/// Compares an answer with `fixtures/wecom/answers/<name>.json`.
pub fn fits(name: &str, answer: &Value) {
    let path = format!("{}/../../fixtures/wecom/answers/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let names = |list: &str| -> Vec<String> {
        let names = golden[list].as_array().into_iter().flatten();
        names.map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    compare(name, &golden["answer"], answer, &names("may_be_absent"), &names("legacy"));
}

fn compare(at: &str, golden: &Value, answer: &Value, may_be_absent: &[String], legacy: &[String]) {
    match (golden, answer) {
        (Value::Object(golden), Value::Object(answer)) => {
            for (name, value) in answer {
                match golden.get(name) {
                    Some(golden) => compare(&format!("{at}.{name}"), golden, value, may_be_absent, legacy),
                    None => assert!(legacy.contains(name), "{at}.{name} is not documented"),
                }
            }
            for name in golden.keys().filter(|name| !may_be_absent.contains(name)) {
                assert!(answer.contains_key(name), "{at}.{name} is missing");
            }
        }
        (Value::Array(golden), Value::Array(answer)) => {
            for value in answer {
                compare(&format!("{at}[]"), &golden[0], value, may_be_absent, legacy);
            }
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => {}
        _ => panic!("{at}: {golden} is documented, {answer} came"),
    }
}

#[tokio::test]
async fn the_directorys_answers_are_as_documented() {
    let sim = Sim::start();
    fits("gettoken", &sim.get_token(&sim.school.spec.app.secret).await);
    fits("department_simplelist", &sim.app_get("department/simplelist", &[]).await);
    fits("department_list", &sim.app_get("department/list", &[]).await);
    let college = sim.department("信息学院").to_string();
    fits("department_get", &sim.app_get("department/get", &[("id", &college)]).await);
    fits("user_get", &sim.app_get("user/get", &[("userid", &sim.teacher())]).await);
    fits("user_list", &sim.app_get("user/list", &[("department_id", &college)]).await);
    fits("user_simplelist", &sim.app_get("user/simplelist", &[("department_id", &college)]).await);
    let contacts = sim.contacts_token().await;
    fits("user_list_id", &sim.post("user/list_id", &contacts, "{}").await);
    fits("get_jsapi_ticket", &sim.app_get("get_jsapi_ticket", &[]).await);
    fits("ticket_get", &sim.app_get("ticket/get", &[("type", "agent_config")]).await);
    fits("agent_get", &sim.app_get("agent/get", &[("agentid", "1000002")]).await);
    fits("refusal", &sim.get("user/get", &[("access_token", "nonsense")]).await);
}

#[tokio::test]
async fn the_answer_to_a_message_admits_everything_as_documented() {
    let sim = Sim::start();
    sim.control(&format!("members/{}", sim.student(1)), json!({ "licensed": false })).await;
    let touser = format!("{}|{}|nobody", sim.student(0), sim.student(1));
    fits("message_send", &sim.send(&touser, json!({ "toparty": "77777", "totag": "5" })).await);
}

#[tokio::test]
async fn the_answers_about_a_visitor_are_as_documented() {
    let sim = Sim::start();
    let private = super::sign_in::code(&sim, &sim.student(0), "snsapi_privateinfo").await;
    let info = sim.app_get("auth/getuserinfo", &[("code", &private)]).await;
    fits("auth_getuserinfo", &info);
    let body = json!({ "user_ticket": info["user_ticket"] }).to_string();
    fits("auth_getuserdetail", &sim.post("auth/getuserdetail", &sim.app_token().await, &body).await);
    let outsider = super::sign_in::code(&sim, "@outsider", "snsapi_base").await;
    fits("auth_getuserinfo_outsider", &sim.app_get("auth/getuserinfo", &[("code", &outsider)]).await);
}
