//! `rollcall doctor` over a whole deployment: green where all is well, and the right line red where it isn't.

use std::sync::Arc;

use reqwest::StatusCode;
use secrecy::SecretString;
use serde_json::json;
use server::{
    commands::doctor::{Finding, Language, Outcome, examine, report},
    config::Config,
};

use crate::test_app::TestApp;

async fn look(test: &TestApp, change: impl FnOnce(&mut Config)) -> Vec<Finding> {
    let mut config = Config::clone(&test.config);
    change(&mut config);
    // The machine's clock: the one of tests stands in 2020, which the doctor would rightly find wrong.
    examine(&config, Arc::new(server::clock::SystemClock)).await
}

/// The steps that failed, and the report in Chinese.
fn failures(findings: &[Finding]) -> (Vec<&'static str>, String) {
    let failed = findings.iter().filter(|finding| finding.has_failed()).map(|finding| finding.step).collect();
    let (text, well) = report(findings, Language::Zh, false).unwrap();
    assert_eq!(well, !findings.iter().any(Finding::has_failed));
    (failed, text)
}

/// The steps that are to be minded.
fn minded(findings: &[Finding]) -> Vec<&'static str> {
    let warned = findings.iter().filter(|finding| matches!(finding.outcome, Outcome::Warned { .. }));
    warned.map(|finding| finding.step).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_without_a_privacy_notice_is_told_until_it_has_one() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let text = failures(&look(&test, |_| {}).await).1;
    assert!(text.contains("还没有发布告知书"), "{text}");
    let notice = json!({ "after": 0, "text": "我们会收集您每天的体温。", "legal_basis": "个人信息保护法第十三条",
            "rests_on_consent": false });
    let published = administrator.post("/privacy-notices", &notice).await;
    assert_eq!(published.status, StatusCode::CREATED, "{}", published.body);
    let findings = look(&test, |_| {}).await;
    let text = failures(&findings).1;
    assert!(!minded(&findings).contains(&"privacy_notice") && text.contains("告知书  v1"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_deployment_is_green_and_nobody_is_disturbed() {
    let test = TestApp::start().await;
    let findings = look(&test, |_| {}).await;
    let (failed, text) = failures(&findings);
    assert_eq!(failed, [""; 0], "{text}");
    assert!(text.ends_with("没有未通过的项；带 ! 的请留意。\n"), "{text}");
    // The Postgres of tests is not backed up, keys were last made in 2020, and nobody was told what becomes of their answers:
    // nothing else is to be minded.
    assert_eq!(minded(&findings), ["sealing.rotation", "database.archive", "privacy_notice"], "{text}");
    assert!(text.contains("sealing.key_file：文件 ") && text.contains("全部打得开"), "{text}");
    assert!(findings.len() > 12, "{text}");
    assert_eq!(test.inspect("ledger?kind=send").await.to_string().matches("\"touser\"").count(), 0);
    let (json, _) = report(&findings, Language::En, true).unwrap();
    for secret in ["secret-of-the-small", "RollcallAppToken", "KeyForThe"] {
        assert!(!json.contains(secret) && !text.contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_tried_once_and_named() {
    let test = TestApp::start().await;
    let before =
        test.inspect("ledger?kind=call&path=gettoken&limit=1000").await.to_string().matches("40001").count();
    let findings = look(&test, |config| config.schools[0].app.secret = SecretString::from("wrong")).await;
    let (failed, text) = failures(&findings);
    assert_eq!(failed, ["wecom.app.secret"], "{text}");
    assert!(text.contains("应用管理 → 该应用 → Secret"), "{text}");
    let after =
        test.inspect("ledger?kind=call&path=gettoken&limit=1000").await.to_string().matches("40001").count();
    assert_eq!(after - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_trusted_is_named_with_the_place_to_add_it() {
    let test = TestApp::start().await;
    test.control("settings", &json!({ "trusted_ips": ["203.0.113.9"] })).await;
    let (failed, text) = failures(&look(&test, |_| {}).await);
    assert_eq!(failed, ["wecom.app.agent", "wecom.contacts.member_ids"], "{text}");
    assert!(text.contains("把 127.0.0.1 加入可信 IP") && text.contains("企业可信IP"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_range_is_a_warning_and_another_app_a_failure() {
    let test = TestApp::start().await;
    test.control("settings", &json!({ "visible": [2] })).await;
    let (failed, text) = failures(&look(&test, |_| {}).await);
    assert_eq!(failed, [""; 0], "{text}");
    assert!(text.contains("  ! 可见范围") && text.contains("选择全公司"), "{text}");
    let (failed, text) = failures(&look(&test, |config| config.schools[0].app.agentid = 1_000_099).await);
    assert_eq!(failed, ["wecom.app.agent"]);
    assert!(text.contains("核对 AgentId"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_domain_and_file_are_looked_at_from_outside() {
    let test = TestApp::start().await;
    let other_key = |config: &mut Config| {
        config.schools[0].app.encoding_aes_key = SecretString::from("b".repeat(43));
        config.schools[0].verify_files.insert("WW_verify_0123456789abcdef.txt".into(), "another".into());
    };
    let (failed, text) = failures(&look(&test, other_key).await);
    assert_eq!(failed, ["callback.app", "domain.file"], "{text}");
    assert!(text.contains("改过配置后要重启") && text.contains("检查反向代理"), "{text}");

    let (failed, text) = failures(
        &look(&test, |config| config.schools[0].app.encoding_aes_key = SecretString::from("short")).await,
    );
    assert_eq!(failed, ["callback.app"], "{text}");
    assert!(text.contains("43 位"), "{text}");

    let elsewhere = |config: &mut Config| config.schools[0].public_url = Some("http://127.0.0.1:9".into());
    let (failed, text) = failures(&look(&test, elsewhere).await);
    assert_eq!(failed, ["wecom.app.domain", "callback.app", "callback.contacts", "domain.file"], "{text}");
    assert!(text.contains("网页授权及JS-SDK") && text.contains("打不开"), "{text}");
}
