//! The app itself, as the administrator set it up (doc 90227).

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Client, Done, Patience};
use crate::contacts::DepartmentId;
use crate::error::{Error, Result};
use crate::lenient;

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub agent_id: i64,
    /// Its name; none when withheld.
    pub name: Option<String>,
    /// Members who see it singly, by user id.
    pub allowed_members: Vec<String>,
    /// Departments that see it, each with all below it.
    pub allowed_departments: Vec<DepartmentId>,
    /// Tags whose members see it.
    pub allowed_tags: Vec<i64>,
    /// Whether the administrator disabled it.
    pub is_closed: bool,
    /// The trusted domain of sign-in: host, with the port where there is one.
    pub redirect_domain: Option<String>,
    /// Where it opens from the workbench.
    pub home_url: Option<String>,
}

/// What is to change of the app: what is absent stays. Its visible range is set in the console alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AgentChange {
    /// 1 to 32 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 4 to 120 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// An uploaded picture, square.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_mediaid: Option<String>,
    /// Host, and port where there is one; its ownership must be proved (85005). At most 20 changes a month (85004).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_domain: Option<String>,
    /// 1: `enter_agent` is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isreportenter: Option<u8>,
    /// 1: the place is told with the entering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_location_flag: Option<u8>,
    /// Where it opens from the workbench, with its scheme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_url: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(deserialize_with = "lenient::number")]
    agentid: i64,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    name: Option<String>,
    #[serde(default)]
    allow_userinfos: Option<Users>,
    #[serde(default)]
    allow_partys: Option<Parties>,
    #[serde(default)]
    allow_tags: Option<Tags>,
    #[serde(default, deserialize_with = "lenient::optional_number")]
    close: Option<i64>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    redirect_domain: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    home_url: Option<String>,
}

#[derive(Deserialize)]
struct Users {
    #[serde(default, deserialize_with = "lenient::items")]
    user: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    userid: String,
}

#[derive(Deserialize)]
struct Parties {
    #[serde(default, deserialize_with = "lenient::numbers")]
    partyid: Vec<DepartmentId>,
}

#[derive(Deserialize)]
struct Tags {
    #[serde(default, deserialize_with = "lenient::numbers")]
    tagid: Vec<i64>,
}

impl Client {
    /// Ids and names of the apps this secret knows: its own (doc 90227).
    pub async fn agents(&self) -> Result<Vec<(i64, String)>> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(deserialize_with = "lenient::number")]
            agentid: i64,
            #[serde(default)]
            name: String,
        }
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::items")]
            agentlist: Vec<Head>,
        }
        let answer: Answer = self.get("agent/list", Vec::new(), Patience::Reads).await?;
        Ok(answer.agentlist.into_iter().map(|head| (head.agentid, head.name)).collect())
    }

    /// Addresses that callbacks come from, for a firewall (doc 92521): single ones, or ranges as `101.226.103.*`. They change;
    /// ask daily.
    pub async fn callback_addresses(&self) -> Result<Vec<String>> {
        self.addresses("getcallbackip").await
    }

    /// Addresses of WeCom's API, for a firewall (doc 92520).
    pub async fn api_addresses(&self) -> Result<Vec<String>> {
        self.addresses("get_api_domain_ip").await
    }

    async fn addresses(&self, api: &'static str) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::texts")]
            ip_list: Vec<String>,
        }
        let answer: Answer = self.get(api, Vec::new(), Patience::Reads).await?;
        Ok(answer.ip_list)
    }

    /// Changes the app this client speaks for (doc 90228).
    pub async fn change_agent(&self, change: &AgentChange) -> Result<()> {
        let mut body = json!(change);
        body["agentid"] = json!(self.agent_id());
        let Done {} = self.post("agent/set", body.to_string(), Patience::Reads).await?;
        Ok(())
    }

    /// The app this client speaks for (doc 90227). The app's own secret; another app's meets 301002.
    pub async fn agent(&self) -> Result<Agent> {
        let Some(id) = self.agent_id() else {
            return Err(Error::Settings(format!("{} has no agent id", self.name())));
        };
        let answer: Answer =
            self.get("agent/get", vec![("agentid", id.to_string())], Patience::Reads).await?;
        let users = answer.allow_userinfos.map(|users| users.user).unwrap_or_default();
        Ok(Agent {
            agent_id: answer.agentid,
            name: answer.name,
            allowed_members: users.into_iter().map(|user| user.userid).collect(),
            allowed_departments: answer.allow_partys.map(|parties| parties.partyid).unwrap_or_default(),
            allowed_tags: answer.allow_tags.map(|tags| tags.tagid).unwrap_or_default(),
            is_closed: answer.close == Some(1),
            redirect_domain: answer.redirect_domain,
            home_url: answer.home_url,
        })
    }
}
