//! Shapes that several operations share.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A department.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Department {
    /// WeCom's number.
    pub id: i32,
    /// Its name.
    #[schema(example = "2018应用电子技术2班")]
    pub name: String,
}

impl From<(i32, String)> for Department {
    fn from((id, name): (i32, String)) -> Self {
        Self { id, name }
    }
}

/// Where a file that was asked for is to be fetched.
#[derive(Debug, Serialize, ToSchema)]
pub struct DownloadReady {
    /// A path of this host, good for one fetch and for a minute, in this session alone.
    pub path: String,
}

/// What someone keeps of a report.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Receipt {
    /// The form's code.
    pub form: String,
    /// For which day, of a week its Monday; null: answered once, or by event.
    pub day: Option<NaiveDate>,
    /// For which slot of the day, counted from 0.
    pub slot: i16,
    /// 16 letters and digits; the same through all revisions.
    pub receipt: String,
    /// 1 for the first.
    pub revision: i32,
    /// Whether the answers are abnormal.
    pub state: State,
    /// Whether the first revision came after the cut-off.
    pub late: bool,
    /// From whom the last revision came.
    pub source: Source,
    /// When the first revision came.
    pub submitted_at: DateTime<Utc>,
    /// When the last one came.
    pub revised_at: DateTime<Utc>,
}

impl From<app::reports::Receipt> for Receipt {
    fn from(receipt: app::reports::Receipt) -> Self {
        Self {
            form: receipt.form,
            day: receipt.day,
            slot: receipt.slot,
            receipt: receipt.receipt,
            revision: receipt.revision,
            state: State::of(&receipt.state),
            late: receipt.late,
            source: Source::of(&receipt.source),
            submitted_at: receipt.submitted_at,
            revised_at: receipt.revised_at,
        }
    }
}

/// From whom answers came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportSource)]
pub enum Source {
    /// The person.
    #[serde(rename = "self")]
    OneSelf,
    /// 代报
    Behalf,
    /// The person, by a tap on a card.
    Card,
    /// The person, by what they wrote in the chat.
    Chat,
    /// Loaded from a file.
    Import,
}

impl Source {
    /// From the database's word.
    pub fn of(source: &str) -> Self {
        match source {
            "behalf" => Self::Behalf,
            "card" => Self::Card,
            "chat" => Self::Chat,
            "import" => Self::Import,
            _ => Self::OneSelf,
        }
    }
}

/// 正常 or 异常.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 正常
    Normal,
    /// 异常
    Abnormal,
}

impl State {
    /// From the database's word.
    pub fn of(state: &str) -> Self {
        if state == "abnormal" { Self::Abnormal } else { Self::Normal }
    }
}
