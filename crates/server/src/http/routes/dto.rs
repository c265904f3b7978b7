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

/// What someone keeps of a report.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Receipt {
    /// The form's code.
    pub form: String,
    /// For which day.
    pub day: NaiveDate,
    /// 16 letters and digits; the same through all revisions.
    pub receipt: String,
    /// 1 for the first.
    pub revision: i32,
    /// Whether the answers are abnormal.
    pub state: State,
    /// When the first revision came.
    pub submitted_at: DateTime<Utc>,
    /// When the last one came.
    pub revised_at: DateTime<Utc>,
}

impl From<app::reports::Receipt> for Receipt {
    fn from(receipt: app::reports::Receipt) -> Self {
        let app::reports::Receipt { form, day, receipt, revision, state, submitted_at, revised_at } = receipt;
        Self { form, day, receipt, revision, state: State::of(&state), submitted_at, revised_at }
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
