//! Callbacks: verified, kept once, handled in a job.

use reqwest::StatusCode;
use serde_json::json;
use wecom::crypto::CallbackCrypto;

use crate::test_app::{TestApp, root};

pub(crate) fn crypto(app: &str) -> (CallbackCrypto, String) {
    let spec: toml::Table =
        toml::from_str(&std::fs::read_to_string(root().join("fixtures/school-small.toml")).unwrap()).unwrap();
    let text = |section: &str, key: &str| spec[section][key].as_str().unwrap().to_owned();
    let corpid = text("corp", "id");
    (CallbackCrypto::new(&text(app, "token"), &text(app, "encoding_aes_key"), &corpid).unwrap(), corpid)
}

/// Posts an event as WeCom does, freshly encrypted each time.
pub(crate) async fn post(
    test: &TestApp,
    path: &str,
    crypto: &CallbackCrypto,
    xml: &str,
    random: u8,
) -> StatusCode {
    let encrypt = crypto.encrypt(xml, [random; 16]);
    let signature = crypto.signature("1583280000", "nonce", &encrypt);
    let url = format!("{}wecom/{path}?msg_signature={signature}&timestamp=1583280000&nonce=nonce", test.url);
    let body = format!("<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>");
    reqwest::Client::new().post(url).body(body).send().await.unwrap().status()
}

pub(crate) fn change(userid: &str, time: u32) -> String {
    format!(
        "<xml><ToUserName>x</ToUserName><FromUserName>sys</FromUserName><CreateTime>{time}</CreateTime>\
         <MsgType>event</MsgType><Event>change_contact</Event><ChangeType>update_user</ChangeType><UserID>{userid}</UserID></xml>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_kept_once_however_often_it_comes() {
    let test = TestApp::start_empty().await;
    let (contacts, _) = crypto("contacts");
    for random in 0..5 {
        assert_eq!(
            post(&test, "1/callback/contacts", &contacts, &change("a", 1), random).await,
            StatusCode::OK
        );
    }
    assert_eq!(test.one::<i64>("select count(*) from inbox", &[]).await, 1);
    assert_eq!(post(&test, "1/callback/contacts", &contacts, &change("b", 1), 0).await, StatusCode::OK);
    assert_eq!(
        test.one::<i64>("select count(*) from inbox", &[]).await,
        2,
        "two members in one second are two events"
    );
    let message: String = test.one("select encode(message, 'escape') from inbox limit 1", &[]).await;
    assert!(!message.contains("UserID"), "kept sealed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forged_or_for_another_is_refused_alike() {
    let test = TestApp::start_empty().await;
    let (contacts, corpid) = crypto("contacts");
    let forged =
        CallbackCrypto::new("AnotherToken", "RollcallDevelopmentKeyForTheContacts0000003", &corpid).unwrap();
    let other = CallbackCrypto::new(
        "RollcallContactsToken",
        "RollcallDevelopmentKeyForTheContacts0000003",
        "wwother",
    )
    .unwrap();
    let xml = change("a", 1);
    for (path, crypto) in [
        ("1/callback/contacts", &forged),
        ("1/callback/contacts", &other),
        ("1/callback/rollcall", &contacts),
        ("1/callback/nothing", &contacts),
        ("2/callback/contacts", &contacts),
    ] {
        assert_eq!(post(&test, path, crypto, &xml, 1).await, StatusCode::FORBIDDEN, "{path}");
    }
    let url = format!("{}wecom/1/callback/contacts?msg_signature=a&timestamp=1&nonce=2", test.url);
    for body in ["", "<xml>", "<!DOCTYPE a [<!ENTITY b \"c\">]><xml><Encrypt>&b;</Encrypt></xml>"] {
        let status = reqwest::Client::new().post(&url).body(body).send().await.unwrap().status();
        assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
    }
    let big = "x".repeat(1 << 20);
    let status = reqwest::Client::new().post(&url).body(big).send().await.unwrap().status();
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(test.one::<i64>("select count(*) from inbox", &[]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn wecom_can_prove_the_address() {
    let test = TestApp::start_empty().await;
    for app in ["contacts", "app"] {
        let (crypto, _) = crypto(app);
        let echo = crypto.encrypt("1616140317555161061", [9; 16]);
        let signature = crypto.signature("1", "n", &echo);
        let name = if app == "app" { "rollcall" } else { app };
        let mut url = test.url.join(&format!("wecom/1/callback/{name}")).unwrap();
        url.query_pairs_mut()
            .append_pair("msg_signature", &signature)
            .append_pair("timestamp", "1")
            .append_pair("nonce", "n")
            .append_pair("echostr", &echo);
        let response = reqwest::get(url).await.unwrap();
        assert_eq!(response.text().await.unwrap(), "1616140317555161061");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_moved_in_wecom_is_moved_here() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let class_of = "select d.department_id from memberships m
        join persons p using (corp_id, person_id) join departments d using (corp_id, department_id)
        where p.number = $1 and m.until_date is null and m.is_main";
    let before: i32 = test.one(class_of, &[&student]).await;
    let other: i32 = test
        .one("select department_id from departments where kind = 'class' and college_id is not null and department_id <> $1 order by 1 limit 1", &[&before])
        .await;
    test.control(&format!("members/{student}"), &json!({ "department": [other] })).await;
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
    assert_eq!(test.one::<i32>(class_of, &[&student]).await, other);
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_read_does_not_block_the_next() {
    let test = TestApp::start().await;
    let (contacts, _) = crypto("contacts");
    let student = test.persona("student");
    assert_eq!(post(&test, "1/callback/contacts", &contacts, &change("someone", 1), 1).await, StatusCode::OK);
    // Sealed with a key that is gone.
    test.owner.execute("update inbox set message = '\\x00'", &[]).await.unwrap();
    assert_eq!(post(&test, "1/callback/contacts", &contacts, &change(&student, 2), 2).await, StatusCode::OK);
    test.run_jobs().await;
    assert_eq!(test.one::<i64>("select count(*) from inbox where handled_at is null", &[]).await, 0);
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_a_job_gets_one() {
    let test = TestApp::start().await;
    let (contacts, _) = crypto("contacts");
    assert_eq!(post(&test, "1/callback/contacts", &contacts, &change("someone", 1), 1).await, StatusCode::OK);
    test.owner.execute("delete from jobs", &[]).await.unwrap();
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    assert_eq!(test.one::<i64>("select count(*) from inbox where handled_at is null", &[]).await, 0);
}
