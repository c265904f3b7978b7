//! Live teaching (直播) the app books (docs 93637, 93640, 93638, 93634, 93635, 93636, 93874). The console must list the app under the lives'
//! 可调用接口的应用. An app sees its own lives alone: those that teachers start by hand are invisible.

use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Client, Done, Patience};
use crate::error::{Error, Result};
use crate::lenient;
use crate::pages::{Paging, fields};

/// A live to book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NewLiving {
    /// Who speaks.
    pub anchor_userid: String,
    /// At most 20 characters.
    pub theme: String,
    /// Unix seconds.
    pub living_start: i64,
    /// Seconds.
    pub living_duration: i64,
    /// At most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// 0 any, 1 small class, 2 large class (corps of schools only), 3 training.
    #[serde(rename = "type")]
    pub kind: i64,
    /// Seconds before the start.
    pub remind_time: i64,
}

/// What is to change of a live that has not begun; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LivingChange {
    /// At most 20 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub living_start: Option<i64>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub living_duration: Option<i64>,
    /// At most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A live as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Living {
    /// Its title.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub theme: Option<String>,
    /// When it began, or will, Unix seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub living_start: i64,
    /// Seconds.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub living_duration: Option<i64>,
    /// 0 booked, 1 live, 2 ended, 3 expired, 4 cancelled.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub status: Option<i64>,
    /// Who speaks.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub anchor_userid: Option<String>,
    /// Their main department.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub main_department: Option<i64>,
    /// People who watched.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub viewer_num: Option<i64>,
    /// Comments.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub comment_num: Option<i64>,
    /// People who spoke.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub mic_num: Option<i64>,
}

/// A page of who watched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Watched {
    /// Members.
    #[serde(default, deserialize_with = "lenient::items")]
    pub users: Vec<Viewer>,
    /// People from outside.
    #[serde(default, deserialize_with = "lenient::items")]
    pub external_users: Vec<Viewer>,
}

/// Somebody who watched.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Viewer {
    /// Who.
    #[serde(alias = "external_userid", default, deserialize_with = "lenient::optional_text")]
    pub userid: Option<String>,
    /// Seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub watch_time: i64,
    /// 1: commented.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub is_comment: Option<i64>,
    /// 1: spoke.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub is_mic: Option<i64>,
}

impl Client {
    /// Books a live and gives its id (doc 93637).
    pub async fn book_living(&self, living: &NewLiving) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            livingid: String,
        }
        let answer: Answer = self.post("living/create", json!(living).to_string(), Patience::None).await?;
        Ok(answer.livingid)
    }

    /// Changes a live that has not begun (doc 93640).
    pub async fn change_living(&self, livingid: &str, change: &LivingChange) -> Result<()> {
        let mut body = json!(change);
        body["livingid"] = json!(livingid);
        let Done {} = self.post("living/modify", body.to_string(), Patience::None).await?;
        Ok(())
    }

    /// Deletes what was recorded of a live (doc 93874).
    pub async fn delete_replay(&self, livingid: &str) -> Result<()> {
        let body = json!({ "livingid": livingid }).to_string();
        let Done {} = self.post("living/delete_replay_data", body, Patience::None).await?;
        Ok(())
    }

    /// Cancels a live that has not begun (doc 93638).
    pub async fn cancel_living(&self, livingid: &str) -> Result<()> {
        let body = json!({ "livingid": livingid }).to_string();
        let Done {} = self.post("living/cancel", body, Patience::None).await?;
        Ok(())
    }

    /// Ids of a member's lives that this app booked, page by page (doc 93634).
    pub fn living_ids(
        &self,
        userid: &str,
    ) -> impl Stream<Item = Result<Vec<String>>> + Send + 'static + use<> {
        let body = json!({ "userid": userid, "limit": 100 });
        self.pages("living/get_user_all_livingid", Paging::Cursor, fields(body), "/livingid_list")
    }

    /// A live of this app (doc 93635).
    pub async fn living(&self, livingid: &str) -> Result<Living> {
        #[derive(Deserialize)]
        struct Answer {
            living_info: Living,
        }
        let query = vec![("livingid", livingid.to_owned())];
        let answer: Answer = self.get("living/get_living_info", query, Patience::Reads).await?;
        Ok(answer.living_info)
    }

    /// Who watched a live of this app, page by page (doc 93636).
    pub fn living_watched(
        &self,
        livingid: &str,
    ) -> impl Stream<Item = Result<Watched>> + Send + 'static + use<> {
        let api = "living/get_watch_stat";
        let answers = self.answers(api, Paging::KeyUntilEnding, fields(json!({ "livingid": livingid })));
        answers.map(move |answer| {
            serde_json::from_value(answer?["stat_info"].take())
                .map_err(|_| Error::Unknown { api, reason: "stat_info can't be read".into() })
        })
    }
}
