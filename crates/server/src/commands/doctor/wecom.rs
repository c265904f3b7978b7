//! What WeCom says of us: secrets, address, the app and its visible range, and a call of each API that is used.

use std::{fmt::Display, sync::Arc};

use domain::clock::Clock;
use futures_util::TryStreamExt;
use url::Url;
use wecom::{Agent, Client};

use super::finding::{Both, Finding, Step};
use crate::{
    compose,
    config::{Config, School},
};

const SECRET: Step = ("wecom.app.secret", "应用 Secret", "The app's secret");
const AGENT: Step = ("wecom.app.agent", "应用与可信 IP", "The app and the trusted IP");
const ENABLED: Step = ("wecom.app.enabled", "应用已启用", "The app is enabled");
const RANGE: Step = ("wecom.app.range", "可见范围", "Visible range");
const DOMAIN: Step = ("wecom.app.domain", "网页授权可信域名", "Trusted domain");
const DEPARTMENTS: Step = ("wecom.app.departments", "读取部门", "Reading departments");
const MEMBERS: Step = ("wecom.app.members", "读取成员", "Reading members");
const SENDING: Step = ("wecom.app.send", "发送消息的权限（不发出消息）", "Right to send (nothing is sent)");
const CONFIG_TICKET: Step = ("wecom.jssdk.config", "JS-SDK 企业票据", "JS-SDK ticket of the corp");
const AGENT_TICKET: Step = ("wecom.jssdk.agent", "JS-SDK 应用票据", "JS-SDK ticket of the app");
const CONTACTS: Step = ("wecom.contacts.secret", "通讯录同步 Secret", "Contacts-sync secret");
const MEMBER_IDS: Step =
    ("wecom.contacts.member_ids", "通讯录同步：全部成员 ID", "Contacts sync: all member ids");

/// A message nobody is named in: WeCom looks at secret, address and app first, then misses the recipients (82001).
const NOBODY_NAMED: i64 = 82001;

pub async fn examine(config: &Config, school: &School, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match compose::app_client(config, school, clock, &compose::Shared::in_memory()) {
        Ok(app) => examine_app(&app, config, school, &mut findings).await,
        Err(error) => findings.push(Finding::failed(SECRET, format!("{error:#}"), by_reason())),
    }
    match compose::contacts_client(config, school, clock, &compose::Shared::in_memory()) {
        Ok(Some(contacts)) => examine_contacts(&contacts, &mut findings).await,
        Ok(None) => findings.push(Finding::skipped(
            CONTACTS,
            Both::new(
                "未配置：成员变动只能靠定时同步发现",
                "not configured: changes are found by the timed sync only",
            ),
        )),
        Err(error) => findings.push(Finding::failed(CONTACTS, format!("{error:#}"), by_reason())),
    }
    findings
}

async fn examine_app(app: &Client, config: &Config, school: &School, findings: &mut Vec<Finding>) {
    // One wrong secret is one call: repeated ones block our address.
    if let Err(error) = app.access_token().await {
        findings.push(refused(SECRET, &error));
        findings.push(Finding::skipped(AGENT, Both::new("没有 Secret 就无从检查", "nothing to look with")));
        return;
    }
    findings.push(Finding::passed(SECRET, ""));
    let agent = match app.agent().await {
        Ok(agent) => agent,
        Err(error) => return findings.push(refused(AGENT, &error)),
    };
    findings.push(Finding::passed(
        AGENT,
        format!("{} ({})", agent.name.as_deref().unwrap_or("–"), agent.agent_id),
    ));
    findings.push(enabled(&agent));
    findings.push(range(&agent));
    findings.push(domain(&agent, config, school));

    let departments = app.departments(None).await;
    let first = departments.as_ref().ok().and_then(|all| all.first()).map(|first| first.id);
    findings.push(outcome(DEPARTMENTS, departments.map(|all| all.len())));
    if let Some(department) = first {
        findings.push(outcome(MEMBERS, app.simple_members(department).await.map(|all| all.len())));
    }
    let unaddressed = serde_json::json!({
        "touser": "", "msgtype": "text", "agentid": agent.agent_id, "text": { "content": "doctor" }
    });
    findings.push(match app.send(&unaddressed.to_string()).await {
        Err(error) if error.code() == Some(NOBODY_NAMED) => Finding::passed(SENDING, ""),
        Err(error) => refused(SENDING, &error),
        Ok(_) => Finding::passed(SENDING, ""),
    });
    let page = format!("{}/", public_url(config, school));
    findings.push(outcome(CONFIG_TICKET, app.sign_config(&page, "doctor".into(), 0).await.map(|_| "")));
    findings.push(outcome(AGENT_TICKET, app.sign_agent_config(&page, "doctor".into(), 0).await.map(|_| "")));
}

async fn examine_contacts(contacts: &Client, findings: &mut Vec<Finding>) {
    if let Err(error) = contacts.access_token().await {
        return findings.push(refused(CONTACTS, &error));
    }
    findings.push(Finding::passed(CONTACTS, ""));
    let mut pages = Box::pin(contacts.member_ids());
    findings.push(outcome(MEMBER_IDS, pages.try_next().await.map(|page| page.map_or(0, |page| page.len()))));
}

fn enabled(agent: &Agent) -> Finding {
    if !agent.is_closed {
        return Finding::passed(ENABLED, "");
    }
    let remedy = Both::new("「应用管理 → 该应用」启用它", "Enable it under 应用管理 → the app");
    Finding::failed(ENABLED, "close = 1", remedy)
}

fn range(agent: &Agent) -> Finding {
    const ROOT: i32 = 1;
    if agent.allowed_departments.contains(&ROOT) {
        return Finding::passed(RANGE, "");
    }
    let seen = format!("{:?}", agent.allowed_departments);
    Finding::warned(
        RANGE,
        Both::new(
            format!(
                "应用只对部门 {seen} 可见，其余人收不到提醒、打不开应用：「应用管理 → 该应用 → 可见范围」选择全公司"
            ),
            format!(
                "Only departments {seen} see the app; nobody else gets reminders or opens it: choose the whole corp under 应用管理 → the app → 可见范围"
            ),
        ),
    )
}

/// Host and port must be equal; a scheme isn't written there (doc 91335).
fn domain(agent: &Agent, config: &Config, school: &School) -> Finding {
    let own = authority(public_url(config, school));
    match (&own, &agent.redirect_domain) {
        (Some(own), Some(there)) if own.eq_ignore_ascii_case(there) => Finding::passed(DOMAIN, there),
        (own, there) => Finding::failed(
            DOMAIN,
            format!("{} ≠ {}", there.as_deref().unwrap_or("–"), own.as_deref().unwrap_or("–")),
            Both::new(
                "「应用管理 → 该应用 → 网页授权及JS-SDK → 可信域名」填写 public_url 的主机名（含端口），完全一致",
                "Set 应用管理 → the app → 网页授权及JS-SDK → 可信域名 to public_url's host (and port), exactly",
            ),
        ),
    }
}

pub fn public_url<'a>(config: &'a Config, school: &'a School) -> &'a str {
    school.public_url.as_deref().unwrap_or(&config.server.public_url)
}

fn authority(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn outcome(step: Step, result: wecom::Result<impl Display>) -> Finding {
    match result {
        Ok(detail) => Finding::passed(step, detail.to_string()),
        Err(error) => refused(step, &error),
    }
}

fn refused(step: Step, error: &wecom::Error) -> Finding {
    let remedy = error.remedy().map_or_else(by_reason, |remedy| Both::new(remedy.zh(), remedy.en()));
    Finding::failed(step, error.to_string(), remedy)
}

fn by_reason() -> Both {
    Both::new(
        "按错误码查 https://open.work.weixin.qq.com/devtool/query，或稍后再试",
        "Look the code up at https://open.work.weixin.qq.com/devtool/query, or try again later",
    )
}
