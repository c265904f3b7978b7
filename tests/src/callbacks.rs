//! Callbacks: verified, kept once, handled in a job.

use std::io::{Cursor, Read, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::StatusCode;
use serde_json::json;
use url::Url;
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

/// The callback's address, signed for a ciphertext.
pub(crate) fn signed(test: &TestApp, encrypt: &str) -> Url {
    let signature = crypto("contacts").0.signature("1583280000", "nonce", encrypt);
    let query = format!("msg_signature={signature}&timestamp=1583280000&nonce=nonce");
    test.url.join(&format!("wecom/1/callback/contacts?{query}")).unwrap()
}

/// So many mebibytes of nothing, packed by gzip: a thousandth of it. The archive has packed it already and counted its sum.
pub(crate) fn gzip_bomb(mebibytes: u32) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("nothing", zip::write::SimpleFileOptions::default()).unwrap();
    for _ in 0..mebibytes {
        zip.write_all(&[0; 1 << 20]).unwrap();
    }
    let mut archive = zip::ZipArchive::new(zip.finish().unwrap()).unwrap();
    let mut file = archive.by_index_raw(0).unwrap();
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    file.read_to_end(&mut bytes).unwrap();
    bytes.extend(file.crc32().to_le_bytes());
    bytes.extend((mebibytes << 20).to_le_bytes());
    bytes
}

/// What attacks the readers of XML, Base64 and ciphertext, some of it by a holder of the token.
pub(crate) fn hostile_bodies(test: &TestApp) -> Vec<(Url, String)> {
    let laughs: String =
        (1..9).map(|i| format!("<!ENTITY a{i} \"{}\">", format!("&a{};", i - 1).repeat(10))).collect();
    let attributes: String = (0..6000).map(|i| format!(" a{i}=\"\"")).collect();
    let mut bodies: Vec<(Url, String)> = [
        String::new(),
        "<xml>".into(),
        format!("<!DOCTYPE x [<!ENTITY a0 \"ha\">{laughs}]><xml><Encrypt>&a8;</Encrypt></xml>"),
        "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><xml><Encrypt>x</Encrypt></xml>".into(),
        "<!DOCTYPE x [<!ENTITY b SYSTEM \"http://127.0.0.1:1/\">]><xml><Encrypt>&b;</Encrypt></xml>".into(),
        format!("<xml{attributes}><Encrypt>x</Encrypt></xml>"),
        "<a>".repeat(20_000),
        "<xml><Encrypt/></xml>".into(),
    ]
    .map(|body| (signed(test, "x"), body))
    .into();

    let (contacts, corpid) = crypto("contacts");
    let xml = change("a", 1);
    let good = STANDARD.decode(contacts.encrypt(&xml, [1; 16])).unwrap();
    // In this mode of encryption a bit changed in one block changes the same bit of the next block's plaintext:
    // the first block sets the length, the last but one the padding.
    let length = |wanted: u32| {
        let mut bad = good.clone();
        let flip = (wanted ^ xml.len() as u32).to_be_bytes();
        bad.iter_mut().zip(flip).for_each(|(byte, flip)| *byte ^= flip);
        bad
    };
    let pad = 32 - (20 + xml.len() + corpid.len()) % 32;
    let padding = |wanted: u8| {
        let mut bad = good.clone();
        let at = bad.len() - 17;
        bad[at] ^= wanted ^ pad as u8;
        bad
    };
    let damaged =
        [length(0), length(u32::MAX), padding(0), padding(33), padding(255), good[..16].into(), vec![]];
    bodies.extend(damaged.map(|bad| {
        let encrypt = STANDARD.encode(bad);
        (signed(test, &encrypt), format!("<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"))
    }));
    // No signature at all.
    bodies.push((test.url.join("wecom/1/callback/contacts").unwrap(), "<xml/>".into()));
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_bodies_are_refused_alike() {
    let test = TestApp::start_empty().await;
    for (url, body) in hostile_bodies(&test) {
        assert!(body.len() < 64 * 1024 - 1, "would be refused for its size");
        let shown: String = body.chars().take(80).collect();
        let response = reqwest::Client::new().post(url).body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{shown}");
    }
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
