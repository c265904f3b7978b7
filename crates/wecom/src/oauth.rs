//! Who is it? Sign-in inside the client and on a PC (docs 91022, 91023, 95833, 98152).

use std::fmt;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::client::{Client, Patience};
use crate::error::{Error, Result};
use crate::lenient;

/// What a sign-in asks the member for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Silent: the user id.
    Base,
    /// With a consent page: also a ticket for phone, mail and the like.
    PrivateInfo,
}

/// Who came back with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A member of the corp, in the app's visible range or not.
    Member {
        /// As WeCom gives it.
        userid: String,
        /// For [`Client::user_detail`]; only after consent.
        ticket: Option<UserTicket>,
    },
    /// Somebody from outside the corp.
    Outsider,
}

/// Opens a member's withheld fields for half an hour. Never printed.
#[derive(Clone)]
pub struct UserTicket(pub SecretString);

impl fmt::Debug for UserTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserTicket")
    }
}

impl PartialEq for UserTicket {
    fn eq(&self, other: &Self) -> bool {
        use secrecy::ExposeSecret;
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for UserTicket {}

/// What a member has consented to show. Everything else is none.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct UserDetail {
    /// As WeCom gives it.
    pub userid: String,
    /// 1 male, 2 female; none when withheld.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub gender: Option<i64>,
    /// Link to the picture.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub avatar: Option<String>,
    /// Phone number.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub mobile: Option<String>,
    /// Private mail address.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub email: Option<String>,
    /// Mail address of the corp.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub biz_mail: Option<String>,
}

impl fmt::Debug for UserDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserDetail").field("userid", &self.userid).finish_non_exhaustive()
    }
}

/// Whether the code can't be used (any more): begin the sign-in again, never try the code again.
pub fn is_code_spent(error: &Error) -> bool {
    // Unknown, expired after five minutes, used: WeCom tells them apart in some corps and not in others.
    matches!(error.code(), Some(40029 | 42003 | 42022))
}

impl Client {
    /// Where to send a browser inside the 企业微信 client (doc 91022). `state` comes back as it is: at most 128
    /// letters and digits.
    pub fn authorize_url(&self, redirect_uri: &str, state: &str, scope: Scope) -> Url {
        let mut url = self.inner().authorize_url.clone();
        let scope = match scope {
            Scope::Base => "snsapi_base",
            Scope::PrivateInfo => "snsapi_privateinfo",
        };
        url.query_pairs_mut()
            .append_pair("appid", self.corpid())
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("scope", scope)
            .append_pair("state", state);
        if let Some(agent_id) = self.agent_id() {
            url.query_pairs_mut().append_pair("agentid", &agent_id.to_string());
        }
        url.set_fragment(Some("wechat_redirect"));
        url
    }

    /// Where to send a PC's browser (doc 98152): a page with a code to scan.
    pub fn login_url(&self, redirect_uri: &str, state: &str) -> Url {
        let mut url = self.inner().login_url.clone();
        url.query_pairs_mut().append_pair("login_type", "CorpApp").append_pair("appid", self.corpid());
        if let Some(agent_id) = self.agent_id() {
            url.query_pairs_mut().append_pair("agentid", &agent_id.to_string());
        }
        url.query_pairs_mut().append_pair("redirect_uri", redirect_uri).append_pair("state", state);
        url
    }

    /// Exchanges a code for an identity (doc 91023). A code works once; see [`is_code_spent`].
    pub async fn user_info(&self, code: &str) -> Result<Identity> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, alias = "UserId", deserialize_with = "lenient::optional_text")]
            userid: Option<String>,
            #[serde(default)]
            user_ticket: Option<SecretString>,
        }
        let query = vec![("code", code.to_owned())];
        let answer: Answer = self.get("auth/getuserinfo", query, Patience::None).await?;
        Ok(match answer.userid {
            Some(userid) => Identity::Member { userid, ticket: answer.user_ticket.map(UserTicket) },
            None => Identity::Outsider,
        })
    }

    /// What the member has consented to show (doc 95833).
    pub async fn user_detail(&self, ticket: &UserTicket) -> Result<UserDetail> {
        use secrecy::ExposeSecret;
        let body = serde_json::json!({ "user_ticket": ticket.0.expose_secret() }).to_string();
        let mut detail: UserDetail = self.post("auth/getuserdetail", body, Patience::Reads).await?;
        // "0" is how gender is withheld.
        detail.gender = detail.gender.filter(|gender| *gender != 0);
        Ok(detail)
    }
}
