//! Signatures for pages that use the JS-SDK (docs 90514, 96909).

use secrecy::ExposeSecret;

use crate::client::Client;
use crate::crypto::jsapi_signature;
use crate::error::Result;
use crate::token::TokenKind;

/// What a page gives to `getConfigSignature` or `getAgentConfigSignature`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSignature {
    /// `nonceStr`.
    pub nonce: String,
    /// Seconds.
    pub timestamp: i64,
    /// Lower-case hex.
    pub signature: String,
}

impl Client {
    /// Signs for `wx.config` with the corp's ticket. `url` is the page's `location.href` up to `#`; check that its
    /// host is one of your own before you sign. `nonce` is random, `timestamp` in seconds.
    pub async fn sign_config(&self, url: &str, nonce: String, timestamp: i64) -> Result<PageSignature> {
        self.sign(TokenKind::CorpTicket, url, nonce, timestamp).await
    }

    /// Signs for `wx.agentConfig` with the app's ticket: another ticket, the same algorithm.
    pub async fn sign_agent_config(&self, url: &str, nonce: String, timestamp: i64) -> Result<PageSignature> {
        self.sign(TokenKind::AgentTicket, url, nonce, timestamp).await
    }

    async fn sign(&self, kind: TokenKind, url: &str, nonce: String, timestamp: i64) -> Result<PageSignature> {
        let ticket = self.ticket(kind).await?;
        let url = url.split_once('#').map_or(url, |(before, _)| before);
        let signature = jsapi_signature(ticket.expose_secret(), &nonce, timestamp, url);
        Ok(PageSignature { nonce, timestamp, signature })
    }
}
