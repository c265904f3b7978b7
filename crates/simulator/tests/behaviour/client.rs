//! The client's pages.

use serde_json::json;

use super::support::Sim;

async fn html(sim: &Sim, path: &str, userid: &str) -> String {
    let answer = sim.page(path, userid).await;
    assert_eq!(answer.status(), 200, "{path}");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'self'"));
    let html = answer.text().await.unwrap();
    // Nothing from elsewhere, and nothing that the policy would stop.
    assert!(
        !html.contains("style=") && !html.contains("src=\"http") && !html.contains("href=\"https://"),
        "{html}"
    );
    html
}

#[tokio::test]
async fn the_first_page_offers_personas_and_a_search() {
    let sim = Sim::start();
    let answer = sim.http.get(sim.url("/")).send().await.unwrap().text().await.unwrap();
    for persona in sim.school.personas() {
        assert!(answer.contains(&persona.name) && answer.contains(persona.role.title()));
    }
    let class = sim.class_of(&sim.student(0));
    let found = sim
        .http
        .get(sim.url("/"))
        .query(&[("q", class.as_str())])
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let classmates = sim.school.students().filter(|student| sim.class_of(&student.number) == class);
    for classmate in classmates {
        assert!(found.contains(&format!("userid={}&", classmate.number)), "{}", classmate.number);
    }
    let nobody = sim.http.get(sim.url("/?q=%3Cscript%3E")).send().await.unwrap().text().await.unwrap();
    assert!(nobody.contains("没有找到「&lt;script&gt;」"));
}

#[tokio::test]
async fn the_workbench_opens_the_app() {
    let sim = Sim::start();
    let student = sim.student(0);
    assert!(html(&sim, "/client/workbench", &student).await.contains("点名"));
    let opened = sim.page("/client/app", &student).await;
    assert_eq!(opened.status(), 303);
    assert_eq!(opened.headers()["location"], "http://127.0.0.1:1/auth/start?to=/h5/");

    sim.control("settings", json!({ "visible": [sim.department("管理学院")] })).await;
    assert!(html(&sim, "/client/workbench", &student).await.contains("不可见"));
}

#[tokio::test]
async fn a_card_leads_to_the_app_signed_in_as_its_reader() {
    let sim = Sim::start();
    let student = sim.student(0);
    let card = json!({
        "title": "请填写<今天>的日报",
        "description": "<div class=\"gray\">3月4日</div>还没有上报<script>",
        "url": "http://127.0.0.1:1/h5/reports/health-daily?from=card",
    });
    sim.send(&student, json!({ "msgtype": "textcard", "textcard": card })).await;
    assert!(html(&sim, "/client/messages", &student).await.contains("class=\"badge\">1<"));
    let page = html(&sim, "/client/messages/app", &student).await;
    assert!(page.contains("请填写&lt;今天&gt;的日报"));
    assert!(page.contains("<div class=\"gray\">3月4日</div>还没有上报&lt;script&gt;"));
    assert!(page.contains("详情"));
    assert_eq!(sim.page("/client/unread", &student).await.text().await.unwrap(), r#"{"unread":0}"#);

    let start = page.find("/client/open?").unwrap();
    let link = page[start..].split('"').next().unwrap().to_owned();
    let opened = sim.page(&link, &student).await;
    assert_eq!(
        opened.headers()["location"],
        "http://127.0.0.1:1/auth/start?to=%2Fh5%2Freports%2Fhealth-daily%3Ffrom%3Dcard"
    );
    let elsewhere = sim.page("/client/open?url=https%3A%2F%2Fother.example%2Fx", &student).await;
    assert_eq!(elsewhere.headers()["location"], "https://other.example/x");
    assert_eq!(sim.page("/client/open?url=javascript%3Aalert(1)", &student).await.status(), 400);
}

#[tokio::test]
async fn the_other_pages_show_the_person_and_the_school() {
    let sim = Sim::start();
    let student = sim.student(0);
    let person = sim.school.students().next().unwrap();
    let me = html(&sim, "/client/me", &student).await;
    assert!(me.contains(&person.name) && me.contains(&student) && !me.contains(&person.phone));
    let contacts = html(&sim, "/client/contacts", &student).await;
    assert!(contacts.contains("信息学院") && contacts.contains("负责人"));
    let class = sim.department(&sim.class_of(&student));
    assert!(
        html(&sim, &format!("/client/contacts?department={class}"), &student).await.contains(&person.name)
    );
    assert!(html(&sim, "/client/messages", &student).await.contains("还没有消息"));
}

#[tokio::test]
async fn who_is_nobody_is_asked_to_choose() {
    let sim = Sim::start();
    for path in ["/client/workbench", "/client/messages", "/client/me", "/client/app", "/client/unread"] {
        let answer = sim.page(path, "nobody").await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
            (303, "/"),
            "{path}"
        );
    }
    let elsewhere = sim.page(&format!("/choose?userid={}&to=//evil.example", sim.student(0)), "").await;
    assert_eq!(elsewhere.headers()["location"], "/client/workbench");
    assert_eq!(sim.page("/choose?userid=nobody", "").await.status(), 400);
}
