//! Signatures with which our pages may use 企业微信's JS-SDK.

use std::time::Duration;

use url::Url;
use wecom::jssdk::PageSignature;

use crate::{App, Error, Result, School, secret};

/// How long a page waits for a ticket that isn't there yet. It is fetched by a task of its own, which goes on after
/// that; the page works without the SDK and asks again.
const WAIT: Duration = Duration::from_secs(1);

/// Which ticket signs: the two differ, the algorithm is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The corp's, for `getConfigSignature`.
    Config,
    /// The app's, for `getAgentConfigSignature`.
    Agent,
}

/// Signs the address of one of our own pages. `origin` is where the browser came to.
pub async fn sign(app: &App, school: &School, origin: &str, kind: Kind, page: &str) -> Result<PageSignature> {
    if !is_ours(school, origin, page) {
        return Err(Error::field("url", "只能为本站页面签名：请传当前页面 location.href 中 # 之前的部分"));
    }
    let (nonce, now) = (secret::receipt()?, app.now().timestamp());
    let signature = async {
        match kind {
            Kind::Config => school.wecom.sign_config(page, nonce, now).await,
            Kind::Agent => school.wecom.sign_agent_config(page, nonce, now).await,
        }
    };
    match tokio::time::timeout(WAIT, signature).await {
        Ok(signed) => Ok(signed?),
        Err(_) => Err(Error::Wecom(wecom::Error::TokenBusy { app: school.wecom.name().to_owned() })),
    }
}

/// Whether scheme, host and port are ours. A signature for another origin would lend it our rights in the client.
fn is_ours(school: &School, origin: &str, page: &str) -> bool {
    let Ok(page) = Url::parse(page) else { return false };
    let ours = |own: &str| Url::parse(own).is_ok_and(|own| own.origin() == page.origin());
    page.username().is_empty() && page.password().is_none() && (ours(&school.public_url) || ours(origin))
}
