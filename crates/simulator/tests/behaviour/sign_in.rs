//! The two sign-in pages, and what a code is good for.

use serde_json::json;
use url::Url;

use super::support::Sim;

const RETURN: &str = "http://127.0.0.1:1/auth/callback?flow=1";

fn authorize(sim: &Sim, scope: &str) -> String {
    let mut url = Url::parse(&sim.url("/connect/oauth2/authorize")).unwrap();
    url.query_pairs_mut()
        .append_pair("appid", &sim.school.spec.corp.id)
        .append_pair("redirect_uri", RETURN)
        .append_pair("response_type", "code")
        .append_pair("scope", scope)
        .append_pair("state", "abc123")
        .append_pair("agentid", "1000002");
    path_of(url)
}

fn login(sim: &Sim) -> String {
    let mut url = Url::parse(&sim.url("/wwlogin/sso/login")).unwrap();
    url.query_pairs_mut()
        .append_pair("login_type", "CorpApp")
        .append_pair("appid", &sim.school.spec.corp.id)
        .append_pair("agentid", "1000002")
        .append_pair("redirect_uri", RETURN)
        .append_pair("state", "a_b-c");
    path_of(url)
}

fn path_of(url: Url) -> String {
    format!("{}?{}", url.path(), url.query().unwrap())
}

/// Where a person is sent by a sign-in page.
async fn sent_to(sim: &Sim, page: &str, userid: &str) -> Url {
    let answer = sim.page(page, userid).await;
    assert_eq!(answer.status(), 302, "{}", answer.text().await.unwrap());
    answer.headers()["location"].to_str().unwrap().parse().unwrap()
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// A fresh code for a person.
pub async fn code(sim: &Sim, userid: &str, scope: &str) -> String {
    parameter(&sent_to(sim, &authorize(sim, scope), userid).await, "code")
}

/// Where somebody who signs in is sent.
pub async fn location(sim: &Sim, userid: &str, scope: &str) -> String {
    sent_to(sim, &authorize(sim, scope), userid).await.into()
}

async fn user_info(sim: &Sim, code: &str) -> serde_json::Value {
    sim.app_get("auth/getuserinfo", &[("code", code)]).await
}

#[tokio::test]
async fn both_pages_sign_in_without_a_click() {
    let sim = Sim::start();
    let teacher = sim.teacher();
    for (page, state) in [(authorize(&sim, "snsapi_base"), "abc123"), (login(&sim), "a_b-c")] {
        // The cookie may be in lower case, as WeCom's answers are.
        let to = sent_to(&sim, &page, &teacher.to_lowercase()).await;
        assert!(to.as_str().starts_with(RETURN), "{to}");
        assert_eq!(parameter(&to, "state"), state);
        let info = user_info(&sim, &parameter(&to, "code")).await;
        assert_eq!(info["userid"], teacher);
        assert!(info.get("user_ticket").is_none());
    }
    let signed_in = sim.inspect(&format!("ledger?kind=sign_in&userid={teacher}")).await;
    assert_eq!(signed_in["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_code_is_good_once_and_for_five_minutes() {
    let sim = Sim::start();
    let used = code(&sim, &sim.student(0), "snsapi_base").await;
    assert_eq!(user_info(&sim, &used).await["errcode"], 0);
    assert_eq!(user_info(&sim, &used).await["errcode"], 40029);

    let late = code(&sim, &sim.student(0), "snsapi_base").await;
    sim.advance(301).await;
    assert_eq!(user_info(&sim, &late).await["errcode"], 40029);
    assert_eq!(user_info(&sim, "unknown").await["errcode"], 40029);
    assert_eq!(sim.app_get("auth/getuserinfo", &[]).await["errcode"], 41008);
}

#[tokio::test]
async fn consent_opens_the_sensitive_fields_for_half_an_hour() {
    let sim = Sim::start();
    let person = sim.school.students().next().unwrap();
    let private = code(&sim, &person.number, "snsapi_privateinfo").await;
    let ticket = user_info(&sim, &private).await["user_ticket"].clone();
    let token = sim.app_token().await;
    let detail = async |ticket: &serde_json::Value| {
        sim.post("auth/getuserdetail", &token, &json!({ "user_ticket": ticket }).to_string()).await
    };
    let answer = detail(&ticket).await;
    assert_eq!(answer["mobile"], person.phone);
    assert!(answer["gender"] == "1" || answer["gender"] == "2");
    assert_eq!(detail(&json!("unknown")).await["errcode"], 84015);
    assert_eq!(detail(&json!("")).await["errcode"], 84090);
    sim.advance(1801).await;
    assert_eq!(detail(&ticket).await["errcode"], 84014);
}

#[tokio::test]
async fn a_page_that_was_called_wrongly_sends_nobody_anywhere() {
    let sim = Sim::start();
    let student = sim.student(0);
    let good = authorize(&sim, "snsapi_base");
    let elsewhere = good.replace("127.0.0.1%3A1%2F", "evil.example%2F");
    let other_port = good.replace("127.0.0.1%3A1%2F", "127.0.0.1%3A2%2F");
    let script = good.replace("http%3A%2F%2F127.0.0.1%3A1%2Fauth%2Fcallback", "javascript%3Aalert");
    for wrong in [
        elsewhere,
        other_port,
        script,
        good.replace("state=abc123", "state=a-b"),
        good.replace("response_type=code", "response_type=token"),
        good.replace("snsapi_base", "snsapi_all"),
        good.replace("agentid=1000002", "agentid=7"),
        good.replace(&sim.school.spec.corp.id, "wwother"),
        login(&sim).replace("CorpApp", "ServiceApp"),
        login(&sim).replace("127.0.0.1%3A1%2F", "evil.example%2F"),
    ] {
        let answer = sim.page(&wrong, &student).await;
        assert_eq!(answer.status(), 400, "{wrong}");
        assert!(answer.headers().get("location").is_none());
    }
}

#[tokio::test]
async fn who_is_not_an_active_member_is_not_signed_in_as_one() {
    let sim = Sim::start();
    let student = sim.student(0);
    let kept = code(&sim, &student, "snsapi_base").await;
    sim.control(&format!("members/{student}"), json!({ "status": 2 })).await;
    assert_eq!(sim.page(&authorize(&sim, "snsapi_base"), &student).await.status(), 400);

    sim.http.delete(sim.url(&format!("/_sim/members/{student}"))).send().await.unwrap();
    let info = user_info(&sim, &kept).await;
    assert!(info.get("userid").is_none() && info.get("openid").is_some());
    let outsider = code(&sim, "@outsider", "snsapi_base").await;
    assert!(user_info(&sim, &outsider).await.get("openid").is_some());

    // Out of the app's range: OAuth still says who it is, the PC page has nothing for them.
    let other = sim.school.students().find(|person| person.college() == Some(1)).unwrap().number.clone();
    sim.control("settings", json!({ "visible": [sim.department("信息学院")] })).await;
    let outside = code(&sim, &other, "snsapi_privateinfo").await;
    let info = user_info(&sim, &outside).await;
    assert_eq!(info["userid"], other);
    assert!(info.get("user_ticket").is_none());
    assert_eq!(sim.page(&login(&sim), &other).await.status(), 400);
}

#[tokio::test]
async fn a_browser_without_the_cookie_is_asked() {
    let sim = Sim::start();
    for page in [authorize(&sim, "snsapi_base"), login(&sim)] {
        let answer = sim.http.get(sim.url(&page)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let html = answer.text().await.unwrap();
        let persona = &sim.school.personas()[0];
        assert!(html.contains(&persona.name) && html.contains("搜索"));
        // The choice leads back to this very page, now with the cookie.
        let start = html.find(&format!("/choose?userid={}", persona.userid)).unwrap();
        let link = html[start..].split('"').next().unwrap().replace("&amp;", "&");
        let chosen = sim.http.get(sim.url(&link)).send().await.unwrap();
        assert_eq!(chosen.status(), 303);
        let cookie = chosen.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.starts_with(&format!("simulator_user={};", persona.userid)), "{cookie}");
        let back = chosen.headers()["location"].to_str().unwrap();
        assert!(sent_to(&sim, back, &persona.userid).await.as_str().starts_with(RETURN));
    }
}
