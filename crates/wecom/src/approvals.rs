//! Approvals (审批), for leave and for leaving the grounds (docs 91982, 91853, 91816, 91983). The console must give the app the approvals' data (审批数据权限).

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::{Client, Patience};
use crate::error::Result;
use crate::lenient;
use crate::pages::{Paging, fields};
use crate::usage::span;

/// Longest stretch of one question; that of WeCom's older call, the present one's is not confirmed.
pub const APPROVAL_SPAN: TimeDelta = TimeDelta::days(30);

/// `record_type` of a leave, among the filters.
pub const LEAVE: i64 = 1;

/// What approvals are looked for; all must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovalFilter {
    /// Of this form.
    pub template_id: Option<String>,
    /// By this member.
    pub creator: Option<String>,
    /// By members of one of these departments.
    pub departments: Vec<i64>,
    /// 1 waiting, 2 granted, 3 refused, 4 withdrawn, 6 withdrawn after it was granted, 7 deleted, 10 paid.
    pub sp_status: Option<i64>,
    /// 1 leave ([`LEAVE`]), 2 forgotten punch, 3 trip, 4 out, 5 overtime; forms made after May 2021.
    pub record_type: Option<i64>,
}

impl ApprovalFilter {
    fn rows(&self) -> Vec<Value> {
        let one = |key: &str, value: String| json!({ "key": key, "value": value });
        let mut rows = Vec::new();
        rows.extend(self.template_id.iter().map(|id| one("template_id", id.clone())));
        rows.extend(self.creator.iter().map(|userid| one("creator", userid.clone())));
        rows.extend(self.departments.iter().map(|id| one("department", id.to_string())));
        rows.extend(self.sp_status.iter().map(|status| one("sp_status", status.to_string())));
        rows.extend(self.record_type.iter().map(|kind| one("record_type", kind.to_string())));
        rows
    }
}

/// A form of approvals.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ApprovalTemplate {
    /// Its name in each language.
    #[serde(default, deserialize_with = "lenient::items")]
    pub template_names: Vec<Words>,
    /// Control by control: `{property: {control, id, title, …}, config}`.
    #[serde(default)]
    pub template_content: TemplateContent,
}

/// The controls of a form.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct TemplateContent {
    /// Each with a shape of its own.
    #[serde(default, deserialize_with = "lenient::items")]
    pub controls: Vec<Value>,
}

/// Words in a language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// The words.
    pub text: String,
    /// `zh_CN`, `en`.
    #[serde(default)]
    pub lang: String,
}

/// Somebody asks for something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Application {
    /// Who asks.
    pub creator_userid: String,
    /// By which form.
    pub template_id: String,
    /// 1: the form's own approvers; 0: those of `process`.
    pub use_template_approver: u8,
    /// Who decides, where the form's own don't: `{node_list: [{type, apv_rel, userid}]}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Value>,
    /// What is filled in: `{contents: [{control, id, value}]}`.
    pub apply_data: Value,
    /// Up to three lines that the list shows.
    pub summary_list: Vec<Summary>,
}

/// A line of a list of approvals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// In each language.
    pub summary_info: Vec<Words>,
}

/// An approval. What was filled in stays as WeCom writes it: each control has a shape of its own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Approval {
    /// Its number.
    pub sp_no: String,
    /// The form's name.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub sp_name: Option<String>,
    /// See [`ApprovalFilter::sp_status`].
    #[serde(deserialize_with = "lenient::number")]
    pub sp_status: i64,
    /// The form.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub template_id: Option<String>,
    /// Unix seconds.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub apply_time: Option<i64>,
    /// Who asked.
    pub applyer: Applicant,
    /// What they filled in.
    #[serde(default)]
    pub apply_data: ApprovalData,
    /// What WeCom adds: process, comments, who is told.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Applicant {
    /// User id.
    pub userid: String,
    /// Their department; WeCom writes a text.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub partyid: Option<i64>,
}

/// What was filled in.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ApprovalData {
    /// Control by control: `{control, id, title, value}`.
    #[serde(default, deserialize_with = "lenient::items")]
    pub contents: Vec<Value>,
}

/// Time away that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Unix seconds.
    pub begin: i64,
    /// Unix seconds; of half days, when the last of them begins.
    pub end: i64,
    /// By half days (`halfday`: 0:00 is the morning, 12:00 the afternoon) rather than by the hour.
    pub half_days: bool,
    /// Which kind of leave, in the form's words; none of another form.
    pub kind: Option<String>,
}

fn absence(range: &Value) -> Option<Absence> {
    Some(Absence {
        begin: range["new_begin"].as_i64()?,
        end: range["new_end"].as_i64()?,
        half_days: range["type"] == "halfday",
        kind: None,
    })
}

impl Approval {
    /// From when until when somebody is on leave; none where it is not about leave.
    pub fn leave(&self) -> Option<Absence> {
        let mut vacations =
            self.apply_data.contents.iter().filter(|content| content["control"] == "Vacation");
        vacations.find_map(|content| {
            let vacation = content.pointer("/value/vacation")?;
            let range = vacation.pointer("/attendance/date_range")?;
            let words = vacation.pointer("/selector/options/0/value/0/text");
            let kind = words.and_then(Value::as_str).map(str::to_owned);
            Some(Absence { kind, ..absence(range)? })
        })
    }

    /// From when until when somebody wants to be away: as a leave says it, or else as the first span of time in the form does.
    ///
    /// UNCONFIRMED: the shapes of `DateRange` and `Attendance` (外出). The page of docs that has them was not to be had; they
    /// are taken to hold the same range as a leave.
    pub fn absence(&self) -> Option<Absence> {
        let spans =
            self.apply_data.contents.iter().filter_map(|content| match content["control"].as_str()? {
                "DateRange" => content.pointer("/value/date_range"),
                "Attendance" => content.pointer("/value/attendance/date_range"),
                _ => None,
            });
        self.leave().or_else(|| spans.filter_map(absence).next())
    }
}

impl Client {
    /// Numbers of approvals that were asked for, page by page (doc 91816): at most [`APPROVAL_SPAN`], of members in the app's
    /// visible range.
    pub fn approval_numbers(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        filter: &ApprovalFilter,
    ) -> Result<impl Stream<Item = Result<Vec<String>>> + Send + 'static + use<>> {
        span(from, to, APPROVAL_SPAN)?;
        let body = json!({
            // Texts here, numbers everywhere else.
            "starttime": from.timestamp().to_string(),
            "endtime": to.timestamp().to_string(),
            "size": 100,
            "filters": filter.rows(),
        });
        Ok(self.pages("oa/getapprovalinfo", Paging::NewCursor, fields(body), "/sp_no_list"))
    }

    /// A form and its controls (doc 91982).
    pub async fn approval_template(&self, template_id: &str) -> Result<ApprovalTemplate> {
        let body = json!({ "template_id": template_id }).to_string();
        self.post("oa/gettemplatedetail", body, Patience::Reads).await
    }

    /// Asks for somebody, and gives the approval's number (doc 91853).
    pub async fn apply(&self, application: &Application) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            sp_no: String,
        }
        let answer: Answer =
            self.post("oa/applyevent", json!(application).to_string(), Patience::None).await?;
        Ok(answer.sp_no)
    }

    /// An approval (doc 91983).
    pub async fn approval(&self, sp_no: &str) -> Result<Approval> {
        #[derive(Deserialize)]
        struct Answer {
            info: Approval,
        }
        let body = json!({ "sp_no": sp_no }).to_string();
        let answer: Answer = self.post("oa/getapprovaldetail", body, Patience::Reads).await?;
        Ok(answer.info)
    }
}
