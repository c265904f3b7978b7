//! Application messages (doc 90236).
//!
//! A message is turned into its bytes once, and those bytes are what is stored, sent and, after an ambiguous
//! answer, sent again: WeCom recognises a repeat only by equal JSON.

mod card;
mod chat;
mod content;
mod update;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::client::{Client, Done, Patience};
use crate::contacts::DepartmentId;
use crate::error::Result;
use crate::lenient;

pub use card::*;
pub use chat::{Chat, ChatChange, ChatMessage, NewChat};
pub use content::{Article, ArticleLink, KeptArticle, Media, MiniProgramNotice, NoticeItem, Video};
pub(crate) use content::{at_most, check_link, filled, within};
pub use update::{CardUpdate, Change};

/// Members one call may address.
pub const MAX_RECIPIENTS: usize = 1000;
/// Bytes of a text message; WeCom cuts what is longer.
pub const MAX_TEXT_BYTES: usize = 2048;
/// Bytes of a card's title. WeCom's pages disagree between characters and bytes; bytes are safe in both.
pub const MAX_TITLE_BYTES: usize = 128;
/// Bytes of a card's description.
pub const MAX_DESCRIPTION_BYTES: usize = 512;
/// Bytes of a card's link.
pub const MAX_URL_BYTES: usize = 2048;
/// Departments one call may address.
pub const MAX_DEPARTMENTS: usize = 100;
/// Tags one call may address.
pub const MAX_TAGS: usize = 100;
/// Characters of a card's button.
pub const MAX_BUTTON_CHARS: usize = 4;
/// Longest interval in which WeCom recognises a repeat.
pub const MAX_DUPLICATE_CHECK: Duration = Duration::from_secs(14_400);

/// A message that WeCom would refuse, cut, or send to someone else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Nobody to send to.
    #[error("the message has no recipient")]
    NoRecipient,
    /// More than [`MAX_RECIPIENTS`].
    #[error("{0} recipients are more than the {MAX_RECIPIENTS} of one call")]
    TooManyRecipients(usize),
    /// A user id with a separator in it, an empty one, or `@all`.
    #[error("a recipient is not a user id")]
    BadRecipient,
    /// A text is empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// A text is too long.
    #[error("{field} has {length} {unit}, WeCom takes {limit}")]
    TooLong {
        /// Which text.
        field: &'static str,
        /// Its length.
        length: usize,
        /// What is counted.
        unit: &'static str,
        /// The most WeCom takes.
        limit: usize,
    },
    /// A link without `http://` or `https://`.
    #[error("the link must begin with http:// or https://")]
    BadLink,
    /// The same twice where each must be its own.
    #[error("{0}: the same twice")]
    Repeated(&'static str),
    /// Something that can't stand here.
    #[error("{0} can't stand here")]
    Unexpected(&'static str),
    /// A `task_id` of other characters than letters, digits and `_-@`, or longer than 128.
    #[error("task_id takes 1 to 128 of letters, digits, _ - @")]
    BadTaskId,
    /// A picture's proportion.
    #[error("aspect_ratio must be above 1.3 and below 2.25")]
    BadRatio,
    /// An interval outside 1 s to 4 h.
    #[error("the duplicate check must be between 1 second and 4 hours")]
    BadInterval,
}

/// What a message shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Content {
    /// Plain text; `\n` and `<a href>` work.
    Text {
        /// At most [`MAX_TEXT_BYTES`].
        content: String,
    },
    /// A picture.
    Image(Media),
    /// A recording.
    Voice(Media),
    /// A film.
    Video(Video),
    /// A file to open.
    File(Media),
    /// A card that opens a link.
    TextCard {
        /// At most [`MAX_TITLE_BYTES`].
        title: String,
        /// At most [`MAX_DESCRIPTION_BYTES`].
        description: String,
        /// Where a tap leads.
        url: String,
        /// Text of the button; WeCom writes 详情 where there is none.
        #[serde(rename = "btntxt", skip_serializing_if = "Option::is_none")]
        button: Option<String>,
    },
    /// One to eight articles that stand elsewhere.
    News {
        /// The first is shown large.
        articles: Vec<Article>,
    },
    /// One to eight articles that WeCom keeps.
    MpNews {
        /// The first is shown large.
        articles: Vec<KeptArticle>,
    },
    /// Headings, bold, links, code, quotations, `<font color="info|comment|warning">`. Not shown in the WeChat plugin.
    Markdown {
        /// At most [`MAX_TEXT_BYTES`].
        content: String,
    },
    /// A notice of the mini program bound to the app.
    #[serde(rename = "miniprogram_notice")]
    MiniProgramNotice(MiniProgramNotice),
    /// A card with parts of its own, most of which call back.
    #[serde(rename = "template_card")]
    TemplateCard(Box<TemplateCard>),
}

/// To whom a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// Members, all of departments, and all of tags; at least one of anything.
    Some {
        /// User ids as WeCom gives them, at most [`MAX_RECIPIENTS`].
        members: Vec<String>,
        /// At most [`MAX_DEPARTMENTS`]; everyone below them too.
        departments: Vec<DepartmentId>,
        /// At most [`MAX_TAGS`].
        tags: Vec<u32>,
    },
    /// Everyone who sees the app. Said in full, so that it never happens by accident.
    EveryoneWhoSeesTheApp,
}

impl From<Vec<String>> for To {
    fn from(members: Vec<String>) -> Self {
        To::Some { members, departments: Vec::new(), tags: Vec::new() }
    }
}

/// A message of the app.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// To whom.
    pub to: To,
    /// The app that sends; must be the one whose token is used.
    pub agent_id: i64,
    /// What it shows.
    pub content: Content,
    /// How long WeCom shall drop a repeat of the same bytes.
    pub duplicate_check: Option<Duration>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "String::is_empty")]
    touser: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    toparty: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    totag: String,
    msgtype: &'static str,
    // WeCom knows the app of a mini program's notice by its appid.
    #[serde(skip_serializing_if = "Option::is_none")]
    agentid: Option<i64>,
    #[serde(flatten)]
    content: &'a Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_duplicate_check: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate_check_interval: Option<u64>,
}

impl Message {
    /// The exact bytes of the call, after checking every limit. Equal messages give equal bytes.
    pub fn to_body(&self) -> Result<String, MessageError> {
        let (touser, toparty, totag) = self.to.joined()?;
        self.content.check()?;
        let notice = matches!(self.content, Content::MiniProgramNotice(_));
        if notice && self.to == To::EveryoneWhoSeesTheApp {
            return Err(MessageError::Unexpected("@all"));
        }
        let interval = self.duplicate_check.map(|interval| interval.as_secs());
        if interval.is_some_and(|seconds| seconds == 0 || seconds > MAX_DUPLICATE_CHECK.as_secs()) {
            return Err(MessageError::BadInterval);
        }
        let body = Body {
            touser,
            toparty,
            totag,
            msgtype: self.content.msgtype(),
            agentid: (!notice).then_some(self.agent_id),
            content: &self.content,
            enable_duplicate_check: interval.map(|_| 1),
            duplicate_check_interval: interval,
        };
        // Plain structs of strings and numbers always serialise.
        Ok(serde_json::to_string(&body).unwrap_or_default())
    }
}

impl To {
    /// `touser`, `toparty`, `totag`.
    fn joined(&self) -> Result<(String, String, String), MessageError> {
        let To::Some { members, departments, tags } = self else {
            return Ok(("@all".into(), String::new(), String::new()));
        };
        if members.is_empty() && departments.is_empty() && tags.is_empty() {
            return Err(MessageError::NoRecipient);
        }
        if members.len() > MAX_RECIPIENTS {
            return Err(MessageError::TooManyRecipients(members.len()));
        }
        at_most("departments", departments.len(), MAX_DEPARTMENTS)?;
        at_most("tags", tags.len(), MAX_TAGS)?;
        // "@all" would reach everyone who sees the app.
        if !members.iter().all(|id| is_user_id(id)) {
            return Err(MessageError::BadRecipient);
        }
        Ok((members.join("|"), joined(departments), joined(tags)))
    }
}

fn joined(ids: &[impl ToString]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("|")
}

/// Letters, digits and `_.@-`, at most 64 bytes, the first a letter or digit (doc 90195).
fn is_user_id(id: &str) -> bool {
    id.len() <= 64
        && id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || "_.@-".contains(c))
}

/// What became of a message. Members who had more than 30 in a minute or 1000 in an hour get nothing, and
/// WeCom does not say so: keeping count is the sender's part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// For recalling the message within 24 hours.
    pub msgid: Option<String>,
    /// Of cards that call back: for one [update](Client::update_card) within 72 hours.
    pub response_code: Option<String>,
    /// Lower-cased user ids that do not exist or do not see the app.
    pub invalid: Vec<String>,
    /// Lower-cased user ids that see the app but have no basic licence.
    pub unlicensed: Vec<String>,
}

#[derive(Deserialize)]
struct SendResponse {
    #[serde(default, deserialize_with = "lenient::optional_text")]
    msgid: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    response_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::texts")]
    invaliduser: Vec<String>,
    #[serde(default, deserialize_with = "lenient::texts")]
    unlicenseduser: Vec<String>,
}

impl Client {
    /// Takes a message back from everyone who got it (doc 94867): within 24 hours (42052), by the app that sent it
    /// (40058). It vanishes from WeCom's own clients, not from the WeChat plugin.
    pub async fn recall(&self, msgid: &str) -> Result<()> {
        let body = serde_json::json!({ "msgid": msgid }).to_string();
        let Done {} = self.post("message/recall", body, Patience::Reads).await?;
        Ok(())
    }

    /// How many messages each app sent today or yesterday: app, its name, messages. WeCom's page of it could not be read: shape and
    /// meaning are taken from a client library's sample, and not confirmed.
    pub async fn message_counts(&self, yesterday: bool) -> Result<Vec<(i64, String, i64)>> {
        #[derive(Deserialize)]
        struct Row {
            #[serde(deserialize_with = "lenient::number")]
            agentid: i64,
            #[serde(default)]
            app_name: String,
            #[serde(deserialize_with = "lenient::number")]
            count: i64,
        }
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::items")]
            statistics: Vec<Row>,
        }
        let body = serde_json::json!({ "time_type": u8::from(yesterday) }).to_string();
        let answer: Answer = self.post("message/get_statistics", body, Patience::Reads).await?;
        Ok(answer.statistics.into_iter().map(|row| (row.agentid, row.app_name, row.count)).collect())
    }

    /// Sends frozen bytes (doc 90236). Nothing is repeated here except with a new token: whether an ambiguous
    /// answer ([`Error::is_ambiguous`](crate::Error::is_ambiguous)) may be tried again depends on when the first try was.
    /// If nobody can be reached WeCom answers with an error, code 81013.
    pub async fn send(&self, body: &str) -> Result<Sent> {
        let response: SendResponse = self.post("message/send", body.to_owned(), Patience::None).await?;
        let lower = |ids: Vec<String>| ids.into_iter().map(|id| id.to_lowercase()).collect();
        Ok(Sent {
            msgid: response.msgid,
            response_code: response.response_code,
            invalid: lower(response.invaliduser),
            unlicensed: lower(response.unlicenseduser),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(to: &[&str], content: &str) -> Message {
        Message {
            to: to.iter().map(|id| id.to_string()).collect::<Vec<_>>().into(),
            agent_id: 1_000_002,
            content: Content::Text { content: content.into() },
            duplicate_check: None,
        }
    }

    #[test]
    fn the_bytes_of_a_message_are_fixed() {
        assert_eq!(
            text(&["zhang.san", "2018001"], "请 \"上报\"\n").to_body().unwrap(),
            r#"{"touser":"zhang.san|2018001","msgtype":"text","agentid":1000002,"text":{"content":"请 \"上报\"\n"}}"#
        );
        let card = Message {
            content: Content::TextCard {
                title: "健康日报".into(),
                description: "截止 18:00".into(),
                url: "https://app.example/h5/".into(),
                button: Some("去上报".into()),
            },
            duplicate_check: Some(Duration::from_secs(1800)),
            ..text(&["a"], "")
        };
        assert_eq!(
            card.to_body().unwrap(),
            concat!(
                r#"{"touser":"a","msgtype":"textcard","agentid":1000002,"textcard":{"title":"健康日报","#,
                r#""description":"截止 18:00","url":"https://app.example/h5/","btntxt":"去上报"},"#,
                r#""enable_duplicate_check":1,"duplicate_check_interval":1800}"#
            )
        );
    }

    #[test]
    fn a_message_is_never_sent_to_everyone_by_accident() {
        for id in ["@all", "", "a|b", "a,b", " a", "张三", &"x".repeat(65)] {
            assert_eq!(text(&["good", id], "hi").to_body(), Err(MessageError::BadRecipient), "{id}");
        }
        assert_eq!(text(&[], "hi").to_body(), Err(MessageError::NoRecipient));
        assert!(text(&["zhang.san@school"], "hi").to_body().is_ok());
        assert_eq!(text(&["a"; 1001], "hi").to_body(), Err(MessageError::TooManyRecipients(1001)));
        assert!(text(&["a"; 1000], "hi").to_body().is_ok());
    }

    #[test]
    fn limits_count_bytes() {
        // 点 is three bytes: 682 of them fit into 2048, 683 do not.
        assert!(text(&["a"], &"点".repeat(682)).to_body().is_ok());
        assert_eq!(
            text(&["a"], &"点".repeat(683)).to_body(),
            Err(MessageError::TooLong { field: "the text", length: 2049, unit: "bytes", limit: 2048 })
        );
        assert_eq!(text(&["a"], "").to_body(), Err(MessageError::Empty("the text")));
        let card = |title: &str, description: &str, url: &str, button: Option<&str>| {
            Message {
                content: Content::TextCard {
                    title: title.into(),
                    description: description.into(),
                    url: url.into(),
                    button: button.map(Into::into),
                },
                ..text(&["a"], "")
            }
            .to_body()
        };
        let link = "https://app.example/";
        assert!(card(&"a".repeat(128), &"a".repeat(512), link, Some("马上填报")).is_ok());
        assert!(card(&"点".repeat(43), "x", link, None).is_err());
        assert!(card("x", &"点".repeat(171), link, None).is_err());
        assert!(card("x", "x", &format!("{link}{}", "a".repeat(2048)), None).is_err());
        assert!(card("x", "x", link, Some("马上去填报")).is_err());
        assert_eq!(card("x", "x", "app.example", None), Err(MessageError::BadLink));
        let mut never = text(&["a"], "x");
        never.duplicate_check = Some(Duration::ZERO);
        assert_eq!(never.to_body(), Err(MessageError::BadInterval));
    }
}
