//! Meetings the app books (docs 99104, 99047, 99048, 99050, 99049, 98156). The console must list the app under the meetings'
//! 可调用接口的应用, and its visible range must hold everybody in them. An app sees its own meetings alone; of others there is only
//! the number, by [`Client::meeting_starts`].

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Client, Done, Patience};
use crate::error::Result;
use crate::lenient;
use crate::pages::{Paging, fields};
use crate::usage::span;

/// Longest stretch of one question about a member's meetings.
pub const BOOKED_SPAN: TimeDelta = TimeDelta::days(180);
/// Longest stretch of one question about who came.
pub const ATTENDED_SPAN: TimeDelta = TimeDelta::days(31);

/// A meeting to book, or what is to change of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Booking {
    /// Whose meeting it is. Needed for a new one, fixed then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_userid: Option<String>,
    /// At most 40 bytes or 20 characters. Needed for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Unix seconds, in the future. Needed for a new one; changed together with the length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_start: Option<i64>,
    /// Seconds, 300 to 86,399. Needed for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_duration: Option<i64>,
    /// At most 500 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// At most 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Who is asked to come: 100, or 300 by what the corp bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitees: Option<Invitees>,
}

/// Members by user id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Invitees {
    /// User ids.
    pub userid: Vec<String>,
}

/// A meeting that was booked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Booked {
    /// Its id.
    pub meetingid: String,
    /// What people type to join.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub meeting_code: Option<String>,
    /// What people tap to join.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub meeting_link: Option<String>,
    /// Of paid corps: who was asked and has no account for meetings.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub excess_users: Vec<String>,
}

/// A meeting as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Meeting {
    /// Whose it is; WeCom fills one of two fields.
    #[serde(alias = "creator_userid", default, deserialize_with = "lenient::optional_text")]
    pub admin_userid: Option<String>,
    /// Its title.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub title: Option<String>,
    /// Unix seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub meeting_start: i64,
    /// Seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub meeting_duration: i64,
    /// 1 to come, 2 running, 3 ended, 4 cancelled, 5 expired.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub status: Option<i64>,
    /// 0 single, 1 recurring, 2 WeChat only, 3 rooms, 5 personal, 6 webinar.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub meeting_type: Option<i64>,
    /// Who is in it.
    #[serde(default)]
    pub attendees: Attendees,
}

/// Who is in a meeting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Attendees {
    /// Members.
    #[serde(default, deserialize_with = "lenient::items")]
    pub member: Vec<Attendee>,
    /// People from outside; their ids change from meeting to meeting.
    #[serde(default, deserialize_with = "lenient::items")]
    pub tmp_external_user: Vec<Attendee>,
}

/// Somebody in a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Attendee {
    /// Who.
    #[serde(alias = "tmp_external_userid", default, deserialize_with = "lenient::optional_text")]
    pub userid: Option<String>,
    /// 1 came, 2 did not; other values occur.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub status: Option<i64>,
    /// Unix seconds.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub first_join_time: Option<i64>,
    /// Unix seconds.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub last_quit_time: Option<i64>,
    /// Times joined.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub total_join_count: Option<i64>,
    /// Seconds in it.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub cumulative_time: Option<i64>,
}

/// Somebody joined once; who comes and goes has several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Attended {
    /// Who; none for people from outside.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub userid: Option<String>,
    /// Unix seconds; WeCom writes a text.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub join_time: Option<i64>,
    /// Unix seconds; WeCom writes a text.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub quit_time: Option<i64>,
}

impl Client {
    /// Books a meeting (doc 99104).
    pub async fn book_meeting(&self, booking: &Booking) -> Result<Booked> {
        self.post("meeting/create", json!(booking).to_string(), Patience::None).await
    }

    /// Changes a meeting that has not begun (doc 99047).
    pub async fn change_meeting(&self, meetingid: &str, change: &Booking) -> Result<()> {
        let mut body = json!(change);
        body["meetingid"] = json!(meetingid);
        let Done {} = self.post("meeting/update", body.to_string(), Patience::None).await?;
        Ok(())
    }

    /// Cancels a meeting (doc 99048).
    pub async fn cancel_meeting(&self, meetingid: &str) -> Result<()> {
        let body = json!({ "meetingid": meetingid }).to_string();
        let Done {} = self.post("meeting/cancel", body, Patience::None).await?;
        Ok(())
    }

    /// Ids of a member's meetings that this app booked, page by page (doc 99050): at most [`BOOKED_SPAN`].
    pub fn meeting_ids(
        &self,
        userid: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<impl Stream<Item = Result<Vec<String>>> + Send + 'static + use<>> {
        span(from, to, BOOKED_SPAN)?;
        let body = json!({
            "userid": userid, "begin_time": from.timestamp(), "end_time": to.timestamp(), "limit": 100,
        });
        Ok(self.pages("meeting/get_user_meetingid", Paging::Cursor, fields(body), "/meetingid_list"))
    }

    /// A meeting of this app (doc 99049).
    pub async fn meeting(&self, meetingid: &str) -> Result<Meeting> {
        let body = json!({ "meetingid": meetingid }).to_string();
        self.post("meeting/get_info", body, Patience::Reads).await
    }

    /// Who came to a meeting of this app and when, page by page (doc 98156): at most [`ATTENDED_SPAN`]. Whether the corp must have
    /// paid for it is not confirmed.
    pub fn meeting_attended(
        &self,
        meetingid: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<impl Stream<Item = Result<Vec<Attended>>> + Send + 'static + use<>> {
        span(from, to, ATTENDED_SPAN)?;
        let body = json!({
            "meetingid": meetingid, "start_time": from.timestamp(), "end_time": to.timestamp(), "limit": 100,
        });
        let api = "meeting/get_attendee_list";
        Ok(self.pages(api, Paging::CursorWhileMore, fields(body), "/attendee_list"))
    }

    /// Who is in a running meeting of this app, page by page (doc 98157). Whether the corp must have paid for it is not confirmed.
    pub fn meeting_present(
        &self,
        meetingid: &str,
    ) -> impl Stream<Item = Result<Vec<Attended>>> + Send + 'static + use<> {
        let body = json!({ "meetingid": meetingid, "limit": 50 });
        let api = "meeting/get_realtime_attendee_list";
        self.pages(api, Paging::CursorWhileMore, fields(body), "/attendee_list")
    }
}
