//! Members' contacts outside the corp (客户联系; docs 96358, 92571, 92113). The console must list the app under 客户联系's 可调用应用.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;

use crate::client::{Client, Patience};
use crate::contacts::DepartmentId;
use crate::error::{Error, Result};
use crate::lenient;
use crate::usage::span;

/// Longest stretch of one question.
pub const BEHAVIOUR_SPAN: TimeDelta = TimeDelta::days(30);
/// Members, and departments, of one question.
pub const MAX_ASKED: usize = 100;
/// The member has no contact outside.
const NO_CONTACT: i64 = 84061;

/// What members did with people outside on one day; of all that were asked about together.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Behaviour {
    /// The day's first second in Shanghai, Unix seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub stat_time: i64,
    /// Chats of two in which a member spoke.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub chat_cnt: Option<i64>,
    /// Messages members sent.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub message_cnt: Option<i64>,
    /// Per cent of chats that were answered; none where there was no chat.
    #[serde(default)]
    pub reply_percentage: Option<f64>,
    /// Minutes until the first answer; none where there was no chat.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub avg_reply_time: Option<i64>,
    /// Outsiders who deleted or blocked a member.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub negative_feedback_cnt: Option<i64>,
    /// Requests members sent.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub new_apply_cnt: Option<i64>,
    /// New contacts.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub new_contact_cnt: Option<i64>,
}

impl Client {
    /// Day by day what these members and departments, together, did with people outside (doc 96358): both ends in it, at most
    /// [`BEHAVIOUR_SPAN`], 180 days back. A day's figures are filled in the morning after; before, they are zero.
    pub async fn behaviour(
        &self,
        userids: &[String],
        departments: &[DepartmentId],
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Behaviour>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::items")]
            behavior_data: Vec<Behaviour>,
        }
        if from != to {
            span(from, to, BEHAVIOUR_SPAN)?;
        }
        let asked = userids.len().max(departments.len());
        if asked == 0 || asked > MAX_ASKED {
            return Err(Error::Settings(format!("ask about 1 to {MAX_ASKED} members or departments")));
        }
        let body = json!({
            "userid": userids, "partyid": departments, "start_time": from.timestamp(), "end_time": to.timestamp(),
        });
        let api = "externalcontact/get_user_behavior_data";
        let answer: Answer = self.post(api, body.to_string(), Patience::Reads).await?;
        Ok(answer.behavior_data)
    }

    /// User ids of members who may have contacts outside (doc 92571).
    pub async fn members_with_outsiders(&self) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::texts")]
            follow_user: Vec<String>,
        }
        let api = "externalcontact/get_follow_user_list";
        let answer: Answer = self.get(api, Vec::new(), Patience::Reads).await?;
        Ok(answer.follow_user)
    }

    /// Ids of a member's contacts outside (doc 92113): `wm…` of WeChat, `wo…` of another corp.
    pub async fn outsiders(&self, userid: &str) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::texts")]
            external_userid: Vec<String>,
        }
        let query = vec![("userid", userid.to_owned())];
        match self.get::<Answer>("externalcontact/list", query, Patience::Reads).await {
            Ok(answer) => Ok(answer.external_userid),
            Err(Error::Api(error)) if error.code == NO_CONTACT => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
