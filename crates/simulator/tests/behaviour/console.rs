//! The admin console in a browser: what is clicked there is so, and the app is told of it.

use serde_json::json;

use super::support::{Reaction, Sim, client, crypto};

/// Sends a form, and gives the page it leads to.
async fn click(sim: &Sim, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = sim.http.post(sim.url(path)).form(fields).send().await.unwrap();
    assert_eq!(answer.status(), 303, "{path}");
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    open(sim, &to).await
}

async fn open(sim: &Sim, path: &str) -> String {
    let answer = sim.http.get(sim.url(path)).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

#[tokio::test]
async fn the_directory_is_edited_and_everybody_is_told() {
    let (sim, server) = Sim::with_server().await;
    let college = sim.department("信息学院").to_string();
    let student = sim.student(0);
    let page = open(&sim, &format!("/console/contacts?department={college}")).await;
    assert!(page.contains("信息学院") && page.contains("添加成员"));

    let new = [
        ("name", "新来"),
        ("userid", "New.1"),
        ("mobile", "10099990001"),
        ("position", "助教"),
        ("department", &college),
        ("status", "1"),
    ];
    assert!(click(&sim, "/console/contacts/members", &new).await.contains("已添加成员"));
    assert!(click(&sim, "/console/contacts/members", &new).await.contains("帐号或部门已存在"));
    let member = client(&sim).member("new.1").await.unwrap();
    assert_eq!((member.name.as_deref(), member.position.as_deref()), (Some("新来"), Some("助教")));

    // Moved, made a leader, disabled.
    let change = [
        ("name", "新来"),
        ("mobile", ""),
        ("position", "组长"),
        ("department", "1，信息学院"),
        ("leads", &college),
        ("status", "2"),
    ];
    assert!(click(&sim, "/console/contacts/members/new.1", &change).await.contains("已保存"));
    let member = client(&sim).member("new.1").await.unwrap();
    assert_eq!(
        (member.department.len(), member.is_leader_in_dept, member.status),
        (2, vec![Some(0), Some(1)], Some(2))
    );
    assert!(click(&sim, "/console/contacts/members/new.1/delete", &[]).await.contains("已删除成员"));

    let made =
        click(&sim, "/console/contacts/departments", &[("name", "新部门"), ("parent", &college)]).await;
    assert!(made.contains("已添加部门") && made.contains("新部门"));
    let id = client(&sim)
        .departments(None)
        .await
        .unwrap()
        .into_iter()
        .find(|d| d.name.as_deref() == Some("新部门"))
        .unwrap()
        .id;
    let moved = [("name", "改名部门"), ("parent", "1"), ("order", "7")];
    assert!(click(&sim, &format!("/console/contacts/departments/{id}"), &moved).await.contains("已保存"));
    let full = click(&sim, &format!("/console/contacts/departments/{college}/delete"), &[]).await;
    assert!(full.contains("部门下还有成员或子部门"));
    let own = [("name", "信息学院"), ("parent", &college), ("order", "1")];
    assert!(
        click(&sim, &format!("/console/contacts/departments/{college}"), &own)
            .await
            .contains("不能移到自己下面")
    );
    assert!(
        click(&sim, &format!("/console/contacts/departments/{id}/delete"), &[]).await.contains("已删除部门")
    );
    assert!(open(&sim, &format!("/console/contacts?q={student}")).await.contains(&student));

    sim.running.callbacks_delivered().await;
    let told: String = server.take_events(&sim.school).into_iter().map(|(_, xml)| xml).collect();
    for event in [
        "create_user",
        "subscribe",
        "update_user",
        "unsubscribe",
        "delete_user",
        "create_party",
        "update_party",
        "delete_party",
    ] {
        assert!(told.contains(event), "{event}");
    }
}

#[tokio::test]
async fn the_app_is_set_up_and_what_is_closed_is_refused() {
    let sim = Sim::start();
    let token = sim.app_token().await;
    let page = open(&sim, "/console/app").await;
    assert!(page.contains(&sim.school.spec.app.secret) && page.contains("可见范围"));
    assert!(click(&sim, "/console/app/range", &[("departments", "信息学院")]).await.contains("已保存"));
    assert_eq!(sim.inspect("settings").await["visible"], json!([sim.department("信息学院")]));
    assert!(
        click(&sim, "/console/app/range", &[("departments", "没有的部门")]).await.contains("没有唯一的部门")
    );

    assert!(click(&sim, "/console/app/products", &[("usage", "on")]).await.contains("已保存"));
    assert_eq!(sim.post("wedrive/mng_capacity", &token, "{}").await["errcode"], 48002);
    assert!(click(&sim, "/console/app/trusted-ips", &[("ips", "nonsense")]).await.contains("85007"));
    let waits = click(&sim, "/console/app/trusted-ips", &[("ips", "203.0.113.9，198.51.100.7")]).await;
    assert!(waits.contains("约一分钟后生效"));
    assert_eq!(sim.app_get("department/simplelist", &[]).await["errcode"], 60020);
    assert!(click(&sim, "/console/app/state", &[("workbench", "on")]).await.contains("已保存"));
    assert_eq!(sim.get_token(&sim.school.spec.app.secret).await["errcode"], 50003);
}

#[tokio::test]
async fn an_address_is_saved_when_it_proves_itself() {
    let (sim, server) = Sim::with_server().await;
    let app = &sim.school.spec.app;
    assert!(open(&sim, "/console/receiving").await.contains(&app.encoding_aes_key));
    let url = format!("{}/elsewhere", server.url);
    let fields = [("url", url.as_str()), ("token", &app.token), ("encoding_aes_key", &app.encoding_aes_key)];
    assert!(click(&sim, "/console/receiving/app", &fields).await.contains("85011"));
    server.plan([Reaction::Prove(crypto(&sim.school, &app.name))]);
    let saved = click(&sim, "/console/receiving/app", &fields).await;
    assert!(saved.contains("通过了验证") && saved.contains("/elsewhere"));
}

#[tokio::test]
async fn faults_the_clock_and_what_happened() {
    let sim = Sim::start();
    assert!(open(&sim, "/console/log").await.contains("还没有记录"));
    let fault = [("path", "message/send"), ("fault", "frequency"), ("times", "1")];
    assert!(click(&sim, "/console/faults", &fault).await.contains("message/send"));
    assert_eq!(sim.send(&sim.student(0), json!({})).await["errcode"], 45009);
    assert_eq!(sim.send(&sim.student(0), json!({})).await["errcode"], 0);
    let usage = open(&sim, "/console/usage").await;
    assert!(usage.contains("message/send") && usage.contains("45009（1）") && usage.contains("送达"));
    let log = open(&sim, "/console/log?kind=call").await;
    assert!(log.contains("message/send") && log.contains("（故障）"));
    assert!(open(&sim, "/console/log?kind=send").await.contains("你好"));
    assert!(open(&sim, "/console/log?kind=callback").await.contains("还没有记录"));

    click(&sim, "/console/faults", &[("path", "callback/contacts"), ("fault", "lose"), ("times", "3")]).await;
    assert!(click(&sim, "/console/faults/end", &[]).await.contains("结束了 1 个故障"));
    let before = sim.inspect("clock").await["offset_seconds"].as_i64().unwrap();
    click(&sim, "/console/faults/clock", &[("minutes", "90")]).await;
    assert_eq!(sim.inspect("clock").await["offset_seconds"].as_i64().unwrap() - before, 5400);
    let token = sim.app_token().await;
    click(&sim, "/console/faults/tokens", &[]).await;
    assert_eq!(sim.get("department/simplelist", &[("access_token", &token)]).await["errcode"], 40014);
    assert!(click(&sim, "/console/faults/reset", &[]).await.contains("最初的状态"));
    assert!(open(&sim, "/console/log").await.contains("还没有记录"));
}
