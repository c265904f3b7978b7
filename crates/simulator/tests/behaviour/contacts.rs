//! Reading the directory.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use simulator::school::ROOT;

use super::support::Sim;

fn ids(answer: &Value, list: &str, field: &str) -> Vec<u64> {
    answer[list].as_array().unwrap().iter().map(|item| item[field].as_u64().unwrap()).collect()
}

fn userids(answer: &Value, list: &str) -> Vec<String> {
    answer[list].as_array().unwrap().iter().map(|item| item["userid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn both_ways_of_reading_give_the_same_school() {
    let sim = Sim::start();
    let mut by_department: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let departments = sim.app_get("department/simplelist", &[]).await;
    let departments = ids(&departments, "department_id", "id");
    for id in &departments {
        let members = sim.app_get("user/list", &[("department_id", &id.to_string())]).await;
        for member in members["userlist"].as_array().unwrap() {
            let of = member["department"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap());
            by_department.insert(member["userid"].as_str().unwrap().into(), of.collect());
        }
    }

    let contacts = sim.contacts_token().await;
    let mut by_cursor: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let mut cursor = String::new();
    let mut pages = 0;
    loop {
        let body = json!({ "cursor": cursor, "limit": 7 }).to_string();
        let page = sim.post("user/list_id", &contacts, &body).await;
        for row in page["dept_user"].as_array().unwrap() {
            let of = by_cursor.entry(row["userid"].as_str().unwrap().into()).or_default();
            assert!(of.insert(row["department"].as_u64().unwrap()), "twice: {row}");
        }
        pages += 1;
        cursor = page["next_cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert!(pages > 10);
    assert_eq!(by_department, by_cursor);
    assert_eq!(by_cursor.len(), sim.school.people.iter().filter(|person| person.has_account).count());
    // Leaders of a college stand in it and in its office.
    assert!(by_cursor.values().any(|of| of.len() == 2));
}

#[tokio::test]
async fn a_subtree_can_be_asked_for() {
    let sim = Sim::start();
    let college = sim.department("信息学院");
    let answer = sim.app_get("department/list", &[("id", &college.to_string())]).await;
    let names: Vec<&str> =
        answer["department"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["信息学院", "学院办公室", "2018级", "2019级", "2018软件技术1班", "2019软件技术1班"]);
    let leaders = answer["department"][0]["department_leader"].as_array().unwrap();
    let leader = sim.app_get("user/get", &[("userid", leaders[0].as_str().unwrap())]).await;
    assert_eq!(leader["department"][0], college);
    assert_eq!(leader["is_leader_in_dept"], json!([1, 0]));
    assert_eq!(leader["position"], "院长");
}

#[tokio::test]
async fn what_is_unknown_is_refused() {
    let sim = Sim::start();
    let code = async |path: &str, query: &[(&str, &str)]| sim.app_get(path, query).await["errcode"].clone();
    assert_eq!(code("user/get", &[("userid", "nobody")]).await, 60111);
    assert_eq!(code("user/get", &[("userid", &sim.without_account())]).await, 60111);
    assert_eq!(code("user/get", &[]).await, 41009);
    assert_eq!(code("user/list", &[("department_id", "77777")]).await, 60123);
    assert_eq!(code("department/get", &[("id", "x")]).await, 60123);
    let contacts = sim.contacts_token().await;
    assert_eq!(sim.post("user/list_id", &contacts, r#"{"cursor":"zz"}"#).await["errcode"], 60268);
    assert_eq!(sim.post("user/list_id", &contacts, r#"{"limit":10001}"#).await["errcode"], 40058);
    let other = sim.http.get(sim.url("/cgi-bin/shakearound/list")).send().await.unwrap();
    assert_eq!(other.status(), 404);
}

#[tokio::test]
async fn user_ids_have_no_case() {
    let sim = Sim::start();
    let teacher = sim.teacher();
    assert_ne!(teacher, teacher.to_lowercase());
    let answer = sim.app_get("user/get", &[("userid", &teacher.to_lowercase())]).await;
    assert_eq!(answer["userid"], teacher);
}

#[tokio::test]
async fn sensitive_fields_are_withheld() {
    let sim = Sim::start();
    let student = sim.student(0);
    let answer = sim.app_get("user/get", &[("userid", &student)]).await;
    assert_eq!(answer["gender"], "0");
    assert_eq!(answer["mobile"], "");
    assert!(answer.get("avatar").is_none());
    assert!(sim.inspect(&format!("members/{student}")).await["mobile"].as_str().unwrap().starts_with("100"));
}

#[tokio::test]
async fn a_smaller_range_hides_the_rest_from_the_app_alone() {
    let sim = Sim::start();
    let all = ids(&sim.app_get("department/simplelist", &[]).await, "department_id", "id");
    let college = sim.department("信息学院");
    sim.control("settings", json!({ "visible": [college] })).await;

    let visible = sim.app_get("department/simplelist", &[]).await;
    assert_eq!(visible["department_id"][0], json!({ "id": college, "parentid": ROOT, "order": 99_800 }));
    assert_eq!(visible["department_id"].as_array().unwrap().len(), 6);
    let contacts = sim.contacts_token().await;
    let seen = sim.get("department/simplelist", &[("access_token", &contacts)]).await;
    assert_eq!(ids(&seen, "department_id", "id"), all);

    let other = sim.department("管理学院").to_string();
    assert_eq!(sim.app_get("user/list", &[("department_id", &other)]).await["errcode"], 60011);
    assert_eq!(sim.app_get("department/get", &[("id", &other)]).await["errcode"], 60011);
    let outside = sim.school.students().find(|student| student.college() == Some(1)).unwrap();
    assert_eq!(sim.app_get("user/get", &[("userid", &outside.number)]).await["errcode"], 60111);
    let inside = sim.app_get("user/simplelist", &[("department_id", &college.to_string())]).await;
    assert_eq!(userids(&inside, "userlist").len(), 1);
}
