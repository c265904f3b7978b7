//! Signatures for 企业微信's JS-SDK: for our own pages, with the right one of two tickets.

use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    browser::chromium,
    test_app::{TestApp, root},
};

/// The ticket WeCom gives for signing.
async fn ticket(test: &TestApp, api: &str) -> String {
    let token = test.school().wecom.access_token().await.unwrap();
    let url = format!("{}/cgi-bin/{api}", test.simulator.url());
    let url = url::Url::parse_with_params(
        &url,
        [("access_token", token.expose_secret()), ("type", "agent_config")],
    );
    let answer: Value = reqwest::get(url.unwrap()).await.unwrap().json().await.unwrap();
    answer["ticket"].as_str().unwrap().to_owned()
}

fn address(kind: &str, page: &str) -> String {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("kind", kind)
        .append_pair("url", page)
        .finish();
    format!("/jssdk?{query}")
}

#[tokio::test(flavor = "multi_thread")]
async fn our_pages_are_signed_with_the_ticket_of_their_kind() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let page = format!("{}h5/?from=%E5%B7%A5%E4%BD%9C%E5%8F%B0", test.url);
    for (kind, api) in [("config", "get_jsapi_ticket"), ("agent", "ticket/get")] {
        let reply = student.get(&address(kind, &page)).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        let signed = reply.body;
        assert_eq!(signed["agentId"], json!(test.school().agent_id));
        assert_eq!(signed["corpId"], json!(test.school().corp.wecom_corpid));
        let (nonce, seconds) = (signed["nonceStr"].as_str().unwrap(), signed["timestamp"].as_i64().unwrap());
        let ticket = ticket(&test, api).await;
        let expected = wecom::crypto::jsapi_signature(&ticket, nonce, seconds, &page);
        assert_eq!(signed["signature"], json!(expected), "{kind}");
        assert!(!signed.to_string().contains(&ticket));
    }
    let calls = test.inspect("ledger?kind=call&path=ticket/get").await;
    let ours = calls.as_array().or(calls["items"].as_array()).unwrap().len();
    student.get(&address("agent", &page)).await;
    let calls = test.inspect("ledger?kind=call&path=ticket/get").await;
    assert_eq!(
        calls.as_array().or(calls["items"].as_array()).unwrap().len(),
        ours,
        "a ticket is asked for once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_is_signed_for() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let mut port = test.url.clone();
    port.set_port(Some(test.url.port().unwrap() ^ 1)).unwrap();
    let mut user = test.url.clone();
    user.set_username("somebody").unwrap();
    for page in ["https://evil.example.com/", port.as_str(), user.as_str(), "/h5/", "javascript:alert(1)", ""]
    {
        let reply = student.get(&address("config", page)).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
        assert_eq!(reply.fields(), ["url"], "{page}");
    }
    let neither = student.get(&address("both", test.url.as_str())).await;
    assert!(neither.status.is_client_error(), "{}", neither.body);
    let reply = test.browser().get(&address("config", test.url.as_str())).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

/// For `make interop`: Tencent's own SDK takes our signatures, judged by Tencent's own signer.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the npm packages of tests/interop: run `make interop`"]
async fn tencents_sdk_takes_our_signatures_in_chromium() {
    let test = TestApp::start().await;
    let status = Command::new("node")
        .arg("jssdk.mjs")
        .current_dir(root().join("tests/interop"))
        .env("SERVER_URL", test.url.as_str().trim_end_matches('/'))
        .env("SIMULATOR_URL", test.simulator.url())
        .env("CHROMIUM", chromium())
        .env("STUDENT", test.persona("student"))
        .env("CORP", &test.school().corp.wecom_corpid)
        .env("AGENT", test.school().agent_id.to_string())
        .env("CONFIG_TICKET", ticket(&test, "get_jsapi_ticket").await)
        .env("AGENT_TICKET", ticket(&test, "ticket/get").await)
        .status()
        .await
        .expect("node runs");
    assert!(status.success());
}
