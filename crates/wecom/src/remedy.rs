//! What a person can do about a refusal, and where to click (docs 90313 and 90664).

use crate::error::{ApiError, Error};

/// What to do, in two languages. Console pages are named as WeCom's console names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    zh: String,
    en: String,
}

impl Remedy {
    /// 简体中文。
    pub fn zh(&self) -> &str {
        &self.zh
    }

    /// English.
    pub fn en(&self) -> &str {
        &self.en
    }
}

impl Error {
    /// What a person must put right before the call can succeed; none where waiting or the program's own care helps.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Error::Configuration { refusal, .. } => refusal.remedy(),
            Error::Api(error) => error.remedy(),
            Error::NotSent { .. } => Some(Remedy {
                zh: "检查本机能否访问企业微信：DNS、出口防火墙、代理；测试 curl -I https://qyapi.weixin.qq.com".into(),
                en: "Check that this machine reaches WeCom: DNS, firewall, proxy; try curl -I https://qyapi.weixin.qq.com".into(),
            }),
            _ => None,
        }
    }
}

impl ApiError {
    /// What a person must put right before the call can succeed.
    pub fn remedy(&self) -> Option<Remedy> {
        let (zh, en) = match self.code {
            40001 | 40091 | 41004 => (
                "核对 Secret：自建应用在「应用管理 → 该应用 → Secret」，通讯录同步在「管理工具 → 通讯录同步」；重置后旧的立即失效。改好之前不要反复重试：多次出错会使本机 IP 被封一小时",
                "Compare the secret: of an app under 应用管理 → the app → Secret, of contacts sync under 管理工具 → 通讯录同步. A reset ends the old one at once. Do not retry before that: repeated wrong secrets block this IP for an hour",
            ),
            40013 | 41002 => (
                "核对企业 ID（ww 开头）：「我的企业 → 企业信息 → 企业 ID」",
                "Compare the corp id (ww…): 我的企业 → 企业信息 → 企业ID",
            ),
            60020 | 301042 => {
                let ip = self.source_ip().unwrap_or("本机出口 IP");
                return Some(Remedy {
                    zh: format!(
                        "把 {ip} 加入可信 IP：自建应用在「应用管理 → 该应用 → 企业可信IP」，通讯录同步在「管理工具 → 通讯录同步 → 企业可信IP」；约 1 分钟后生效"
                    ),
                    en: format!(
                        "Add {} to 企业可信IP: of an app under 应用管理 → the app → 企业可信IP, of contacts sync under 管理工具 → 通讯录同步; it takes about a minute",
                        self.source_ip().unwrap_or("this machine's public address")
                    ),
                });
            }
            40056 | 301002 => (
                "核对 AgentId：它和 Secret 要取自同一个应用（「应用管理 → 该应用」页首）",
                "Compare the AgentId: it and the secret must be of one app (top of 应用管理 → the app)",
            ),
            48001 | 48002 | 48004 => (
                "这个 Secret 无权调用此接口：发消息、读成员要用自建应用的；列出全部成员 ID、写通讯录要用通讯录同步的（「管理工具 → 通讯录同步」，开启 API 接口同步）",
                "This secret may not call this: messages and member details take the app's, listing all member ids and writing contacts take that of contacts sync (管理工具 → 通讯录同步, API sync switched on)",
            ),
            48006 => (
                "应用久未使用，接口权限已被收回：「应用管理 → 该应用」重新启用",
                "The app was unused for long and lost its rights: enable it again under 应用管理 → the app",
            ),
            48009 => (
                "通讯录同步的 Secret 不能从新增 IP 读取详情：改用自建应用的 Secret 读取，并把它的可见范围设为全公司",
                "The contacts-sync secret may not read details from a new IP: read them with the app's secret, and let the app see the whole corp",
            ),
            50001 => (
                "域名不是该应用的可信域名：「应用管理 → 该应用 → 网页授权及JS-SDK」，主机名与端口要完全一致",
                "The host is no trusted domain of the app: 应用管理 → the app → 网页授权及JS-SDK; host and port must be equal",
            ),
            50003 => (
                "应用已停用：「应用管理 → 该应用」启用",
                "The app is disabled: enable it under 应用管理 → the app",
            ),
            50002 | 60011 | 60021 | 60030 | 92000 => (
                "对象不在应用的可见范围内：「应用管理 → 该应用 → 可见范围」加入相应的部门或成员",
                "Outside the app's visible range: add the department or member under 应用管理 → the app → 可见范围",
            ),
            43012 => (
                "先为应用配置回调：「应用管理 → 该应用 → 接收消息 → 设置API接收」",
                "Set up the app's callback first: 应用管理 → the app → 接收消息 → 设置API接收",
            ),
            45009 => (
                "调用过于频繁，企业微信会封禁一个时段（1 分钟、1 小时或到当天结束）：等它过去，并查明是谁在大量调用",
                "Too many calls; WeCom blocks for a minute, an hour or the rest of the day: wait, and find out who calls so often",
            ),
            301007 => (
                "企业已解散或被封禁：联系企业微信客服",
                "The corp is dissolved or banned: turn to WeCom's support",
            ),
            80001 | 85005 => (
                "JS-SDK 域名未通过校验：「应用管理 → 该应用 → 网页授权及JS-SDK」下载 WW_verify 文件并放到域名根目录，域名须已备案",
                "The JS-SDK domain is not verified: take the WW_verify file from 应用管理 → the app → 网页授权及JS-SDK and serve it at the root of the host, which needs an ICP filing",
            ),
            _ => return None,
        };
        Some(Remedy { zh: zh.into(), en: en.into() })
    }

    /// The address the call came from, as WeCom saw it.
    pub fn source_ip(&self) -> Option<&str> {
        let after = self.hint.split_once("from ip:")?.1.trim_start();
        let end =
            after.find(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':')).unwrap_or(after.len());
        after.get(..end).filter(|ip| !ip.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_not_allowed_is_named() {
        let errmsg =
            "not allow to access from your ip, hint: [1_2_ab], from ip: 203.0.113.9, more info at https://x";
        let remedy = Error::Api(ApiError::new("user/get", 60020, errmsg)).remedy().unwrap();
        assert!(remedy.zh().contains("把 203.0.113.9 加入可信 IP"), "{}", remedy.zh());
        assert!(remedy.en().contains("Add 203.0.113.9 to"), "{}", remedy.en());
        let unnamed = ApiError::new("user/get", 60020, "").remedy().unwrap();
        assert!(unnamed.en().contains("this machine's public address"));
    }

    #[test]
    fn what_passes_by_itself_has_none() {
        for code in [-1, 0, 40014, 42001, 45033, 60111] {
            assert_eq!(ApiError::new("user/get", code, "").remedy(), None, "{code}");
        }
    }
}
