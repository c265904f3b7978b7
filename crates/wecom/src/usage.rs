//! How the platform is used: active members, operation logs, meetings, drive (docs 92714, 100178, 100179, 99651, 95856). The
//! console must list the app under 可调用接口的应用 of each product (48002 otherwise).
//!
//! What WeCom has no call for (who used it last and where, opens of each app, users of the drive) is not here.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures_util::Stream;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::client::{Client, Patience};
use crate::error::{Error, Result};
use crate::lenient;
use crate::pages::Paging;

/// Longest stretch of one question to an operation log.
pub const LOG_SPAN: TimeDelta = TimeDelta::days(7);
/// Longest stretch of one question about meetings.
pub const MEETING_SPAN: TimeDelta = TimeDelta::days(30);

/// Something a member or an administrator did.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Operation {
    /// When, Unix seconds.
    pub time: i64,
    /// Who; absent for the corp itself.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub userid: Option<String>,
    /// Of members: 1 external contact added, 2 deleted, 4 new device, 8 member invited, 9 login banned, …. Of administrators:
    /// 2 rights, 3 members and departments, 8 app, 11 contacts, 12 corp, 13 external contacts, 7 other.
    #[serde(deserialize_with = "lenient::number")]
    pub oper_type: i64,
    /// Of administrators: what exactly; WeCom's table of it is not confirmed.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub detail_type: Option<i64>,
    /// Free words in Chinese; may name people.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub detail_info: Option<String>,
    /// Of members with the last part hidden, of administrators whole.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub ip: Option<String>,
}

/// A meeting that somebody started. There is no title, no id and no list of participants to be had.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MeetingStart {
    /// Who started it, or made it where an outsider came first.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub userid: Option<String>,
    /// Unix seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub start_time: i64,
}

/// The drive's size in bytes. What is used of it is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct DriveCapacity {
    /// Shared by all.
    #[serde(rename = "total_capacity_for_all", deserialize_with = "lenient::number")]
    pub everyone: i64,
    /// Of paid accounts.
    #[serde(rename = "total_capacity_for_vip", default, deserialize_with = "lenient::optional_number")]
    pub paid: Option<i64>,
}

fn span(from: DateTime<Utc>, to: DateTime<Utc>, longest: TimeDelta) -> Result<()> {
    if from < to && to - from <= longest {
        return Ok(());
    }
    Err(Error::Settings(format!("from must be before to, and at most {} days before", longest.num_days())))
}

impl Client {
    /// How many members were active on a day, at most 30 days back (doc 92714). The contacts-sync secret only. When a day's figure
    /// is final is not confirmed: take today's for a part, and ask for yesterday's after the night.
    pub async fn active_members(&self, day: NaiveDate) -> Result<i64> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(deserialize_with = "lenient::number")]
            active_cnt: i64,
        }
        let body = json!({ "date": day.format("%Y-%m-%d").to_string() }).to_string();
        let answer: Answer = self.post("user/get_active_stat", body, Patience::Reads).await?;
        Ok(answer.active_cnt)
    }

    /// What members did, page by page (doc 100178): at most [`LOG_SPAN`] at a time and 180 days back; of one type, or of all.
    pub fn member_operations(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        oper_type: Option<i64>,
    ) -> Result<impl Stream<Item = Result<Vec<Operation>>> + Send + 'static> {
        self.operations("security/member_oper_log/list", from, to, oper_type)
    }

    /// What administrators did in the console, page by page (doc 100179). What was done through the API is not in it.
    pub fn admin_operations(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        oper_type: Option<i64>,
    ) -> Result<impl Stream<Item = Result<Vec<Operation>>> + Send + 'static> {
        self.operations("security/admin_oper_log/list", from, to, oper_type)
    }

    fn operations(
        &self,
        api: &'static str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        oper_type: Option<i64>,
    ) -> Result<impl Stream<Item = Result<Vec<Operation>>> + Send + 'static> {
        span(from, to, LOG_SPAN)?;
        let mut body = Map::new();
        body.insert("start_time".into(), from.timestamp().into());
        body.insert("end_time".into(), to.timestamp().into());
        body.insert("limit".into(), 400.into());
        if let Some(oper_type) = oper_type {
            body.insert("oper_type".into(), oper_type.into());
        }
        Ok(self.pages(api, Paging::CursorWhileMore, body, "/record_list"))
    }

    /// Meetings that were started, newest first, page by page (doc 99651): `from` is in, `to` is out, at most [`MEETING_SPAN`].
    pub fn meeting_starts(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<impl Stream<Item = Result<Vec<MeetingStart>>> + Send + 'static> {
        span(from, to, MEETING_SPAN)?;
        let body =
            json!({ "type": 1, "begin_time": from.timestamp(), "end_time": to.timestamp(), "limit": 1000 });
        let Value::Object(body) = body else { return Err(Error::Settings("no object".into())) };
        Ok(self.pages("meeting/statistics/get_start_list", Paging::CursorWhileMore, body, "/meeting_list"))
    }

    /// How large the drive is (doc 95856).
    pub async fn drive_capacity(&self) -> Result<DriveCapacity> {
        self.post("wedrive/mng_capacity", "{}".into(), Patience::Reads).await
    }
}
