//! How the platform is used: active members, operation logs, meetings (docs 92714, 100178, 100179, 98079, 99651). The
//! console must list the app under 可调用接口的应用 of each product (48002 otherwise).
//!
//! What WeCom has no call for (who used it last and where, opens of each app, users of the drive) is not here.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures_util::Stream;
use serde::Deserialize;
use serde_json::{Map, json};

use crate::client::{Client, Patience};
use crate::error::{Error, Result};
use crate::lenient;
use crate::pages::{Paging, fields};

/// Longest stretch of one question to an operation log.
pub const LOG_SPAN: TimeDelta = TimeDelta::days(7);
/// Longest stretch of one question about files.
pub const FILE_SPAN: TimeDelta = TimeDelta::days(14);
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

/// Something done with a file, in corps that watch over theirs (文件防泄漏).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FileOperation {
    /// When, Unix seconds.
    pub time: i64,
    /// Who, if a member.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub userid: Option<String>,
    /// What was done.
    pub operation: FileOperationKind,
    /// The file's name.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub file_info: Option<String>,
    /// Bytes.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub file_size: Option<i64>,
    /// Lower-case hex.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub file_md5: Option<String>,
}

/// What was done with a file: 101 uploaded, 103 downloaded; the rest of WeCom's table is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FileOperationKind {
    /// What.
    #[serde(rename = "type", deserialize_with = "lenient::number")]
    pub kind: i64,
    /// Where.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub source: Option<i64>,
}

pub(crate) fn span(from: DateTime<Utc>, to: DateTime<Utc>, longest: TimeDelta) -> Result<()> {
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
    ) -> Result<impl Stream<Item = Result<Vec<Operation>>> + Send + 'static + use<>> {
        self.operations("security/member_oper_log/list", from, to, oper_type)
    }

    /// What administrators did in the console, page by page (doc 100179). What was done through the API is not in it.
    pub fn admin_operations(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        oper_type: Option<i64>,
    ) -> Result<impl Stream<Item = Result<Vec<Operation>>> + Send + 'static + use<>> {
        self.operations("security/admin_oper_log/list", from, to, oper_type)
    }

    fn operations(
        &self,
        api: &'static str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        oper_type: Option<i64>,
    ) -> Result<impl Stream<Item = Result<Vec<Operation>>> + Send + 'static + use<>> {
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

    /// What was done with files, page by page (doc 98079): at most [`FILE_SPAN`], by up to 100 members, or by all. Only of corps that
    /// switched 文件防泄漏 on.
    pub fn file_operations(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        userids: &[String],
    ) -> Result<impl Stream<Item = Result<Vec<FileOperation>>> + Send + 'static + use<>> {
        span(from, to, FILE_SPAN)?;
        let mut body =
            fields(json!({ "start_time": from.timestamp(), "end_time": to.timestamp(), "limit": 1000 }));
        if !userids.is_empty() {
            body.insert("userid_list".into(), json!(userids));
        }
        Ok(self.pages("security/get_file_oper_record", Paging::CursorWhileMore, body, "/record_list"))
    }

    /// Meetings that were started, newest first, page by page (doc 99651): `from` is in, `to` is out, at most [`MEETING_SPAN`].
    pub fn meeting_starts(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<impl Stream<Item = Result<Vec<MeetingStart>>> + Send + 'static + use<>> {
        span(from, to, MEETING_SPAN)?;
        let body =
            json!({ "type": 1, "begin_time": from.timestamp(), "end_time": to.timestamp(), "limit": 1000 });
        let (api, body) = ("meeting/statistics/get_start_list", fields(body));
        Ok(self.pages(api, Paging::CursorWhileMore, body, "/meeting_list"))
    }
}
