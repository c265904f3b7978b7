//! What WeCom will meet at our address: the callback URLs, verified as WeCom does, and the domain's file.

use std::{sync::Arc, time::Duration};

use domain::clock::Clock;
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use wecom::crypto::CallbackCrypto;

use super::{
    finding::{Both, Finding, Step},
    wecom::public_url,
};
use crate::config::{Config, School};

const APP: Step = ("callback.app", "应用的回调 URL", "The app's callback URL");
const CONTACTS: Step = ("callback.contacts", "通讯录同步的回调 URL", "Contacts sync's callback URL");
const FILE: Step = ("domain.file", "域名校验文件", "The domain's verification file");

/// WeCom waits so long for the answer (doc 90930).
const WECOM_WAITS: Duration = Duration::from_secs(1);
/// How long a file may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is to come back.
const ECHO: &str = "1616140317555161061";

pub async fn examine(config: &Config, school: &School, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let base = public_url(config, school);
    let client = match reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build() {
        Ok(client) => client,
        Err(error) => return vec![Finding::failed(APP, error.to_string(), unreachable(base))],
    };
    let address = |app: &str| format!("{base}/wecom/{}/callback/{app}", school.corp_id);
    let now = clock.now().timestamp();
    let app =
        Keys { token: &school.app.token, key: &school.app.encoding_aes_key, corpid: &school.wecom_corpid };
    let mut findings = vec![callback(&client, APP, &address(&school.app.name), &app, now).await];
    if let Some(contacts) = &school.contacts {
        let keys =
            Keys { token: &contacts.token, key: &contacts.encoding_aes_key, corpid: &school.wecom_corpid };
        findings.push(callback(&client, CONTACTS, &address(app::school::CONTACTS), &keys, now).await);
    }
    findings.push(files(&client, base, school).await);
    findings
}

struct Keys<'a> {
    token: &'a SecretString,
    key: &'a SecretString,
    corpid: &'a str,
}

async fn callback(client: &reqwest::Client, step: Step, address: &str, keys: &Keys<'_>, now: i64) -> Finding {
    let signed = match signed(address, keys, now) {
        Ok(url) => url,
        Err(reason) => {
            let remedy = Both::new(
                "从「接收消息 → 设置API接收」重新复制 Token 与 EncodingAESKey（43 位）到配置文件",
                "Copy Token and EncodingAESKey (43 characters) from 接收消息 → 设置API接收 again",
            );
            return Finding::failed(step, reason, remedy);
        }
    };
    let answer = async {
        let answer = client.get(signed).timeout(WECOM_WAITS).send().await?;
        let status = answer.status();
        Ok::<_, reqwest::Error>((status, answer.text().await?))
    };
    match answer.await {
        Ok((status, text)) if status.is_success() && text == ECHO => Finding::passed(step, address),
        Ok((status, _)) if status.is_success() => Finding::failed(
            step,
            format!("{address}: HTTP {status}"),
            Both::new(
                "应答应是明文本身，不带引号与换行：检查反向代理是否改写了应答，或把它指向了别的服务",
                "The answer must be the bare text: see whether a proxy rewrites it or leads to another service",
            ),
        ),
        Ok((status, _)) => Finding::failed(
            step,
            format!("{address}: HTTP {status}"),
            Both::new(
                "服务拒绝了自己的签名：运行中的 rollcall 用的是另一份配置？改过配置后要重启；反向代理要原样转发查询参数",
                "The service refused its own signature: does it run with another configuration? Restart it; the proxy must pass the query on as it is",
            ),
        ),
        Err(error) => Finding::failed(step, error.without_url().to_string(), unreachable(address)),
    }
}

fn signed(address: &str, keys: &Keys<'_>, now: i64) -> Result<Url, String> {
    let crypto = CallbackCrypto::new(keys.token.expose_secret(), keys.key.expose_secret(), keys.corpid)
        .map_err(|error| error.to_string())?;
    let mut url = Url::parse(address).map_err(|error| format!("{address}: {error}"))?;
    let (timestamp, nonce) = (now.to_string(), "doctor");
    // The random bytes need not surprise anybody here.
    let echo = crypto.encrypt(ECHO, *b"rollcall-doctor!");
    let signature = crypto.signature(&timestamp, nonce, &echo);
    url.query_pairs_mut()
        .append_pair("msg_signature", &signature)
        .append_pair("timestamp", &timestamp)
        .append_pair("nonce", nonce)
        .append_pair("echostr", &echo);
    Ok(url)
}

async fn files(client: &reqwest::Client, base: &str, school: &School) -> Finding {
    if school.verify_files.is_empty() {
        return Finding::warned(
            FILE,
            Both::new(
                "没有配置 verify_files：JS-SDK 需要域名归属校验，从「网页授权及JS-SDK」下载 WW_verify 文件并写入配置",
                "No verify_files: the JS-SDK needs the domain verified; take the WW_verify file from 网页授权及JS-SDK",
            ),
        );
    }
    for (name, content) in &school.verify_files {
        let address = format!("{base}/{name}");
        let answer =
            async { client.get(&address).timeout(PATIENCE).send().await?.error_for_status()?.text().await };
        match answer.await {
            Ok(text) if text.trim() == content.trim() => {}
            Ok(_) => {
                let remedy = Both::new(
                    "文件内容与配置不同：检查反向代理是否用了旧文件",
                    "Another content than configured: see whether the proxy serves an old file",
                );
                return Finding::failed(FILE, address, remedy);
            }
            Err(error) => {
                return Finding::failed(FILE, error.without_url().to_string(), unreachable(&address));
            }
        }
    }
    Finding::passed(FILE, "")
}

fn unreachable(address: &str) -> Both {
    Both::new(
        format!(
            "从本机打不开 {address}：服务在运行吗？域名解析、证书与反向代理对吗？（企业微信要求 1 秒内应答）"
        ),
        format!(
            "{address} can't be opened from here: is the service running, are DNS, certificate and proxy right? (WeCom waits one second)"
        ),
    )
}
