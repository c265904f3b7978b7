//! 核查: what stands out, and what is done about it.

use std::collections::BTreeMap;

use actix_web::{get, post, web};
use app::reviews::{self, Did, Seen, Unnoticed, Wanted};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    form::Flag,
    review::{ReviewAct, ReviewState},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    dto::{Source, State},
    form_document::Field,
};
use crate::http::{
    input::{self, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Whose turn it is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReviewState)]
pub enum StateName {
    /// 待核查
    Open,
    /// 已退回: the person's turn.
    SentBack,
    /// 已重填
    Answered,
    /// 已办结
    Closed,
}

impl From<StateName> for ReviewState {
    fn from(state: StateName) -> Self {
        match state {
            StateName::Open => Self::Open,
            StateName::SentBack => Self::SentBack,
            StateName::Answered => Self::Answered,
            StateName::Closed => Self::Closed,
        }
    }
}

impl From<ReviewState> for StateName {
    fn from(state: ReviewState) -> Self {
        match state {
            ReviewState::Open => Self::Open,
            ReviewState::SentBack => Self::SentBack,
            ReviewState::Answered => Self::Answered,
            ReviewState::Closed => Self::Closed,
        }
    }
}

/// Why a report is to be reviewed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReviewFlag)]
pub enum FlagName {
    /// 异常
    Abnormal,
    /// 矛盾
    Contradiction,
    /// 风险
    Risk,
    /// 地点不符
    Place,
}

impl From<FlagName> for Flag {
    fn from(flag: FlagName) -> Self {
        match flag {
            FlagName::Abnormal => Self::Abnormal,
            FlagName::Contradiction => Self::Contradiction,
            FlagName::Risk => Self::Risk,
            FlagName::Place => Self::Place,
        }
    }
}

fn flags(names: &[String]) -> Vec<FlagName> {
    let name = |flag| match flag {
        Flag::Abnormal => FlagName::Abnormal,
        Flag::Contradiction => FlagName::Contradiction,
        Flag::Risk => FlagName::Risk,
        Flag::Place => FlagName::Place,
    };
    names.iter().filter_map(|flag| Flag::parse(flag)).map(name).collect()
}

/// Which reviews.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReviewQuery {
    /// In this state.
    #[param(inline)]
    state: Option<StateName>,
    /// Opened for this.
    #[param(inline)]
    flag: Option<FlagName>,
    /// Of the form with this code.
    form: Option<String>,
    /// Only of those counted under this department today.
    department: Option<i32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Reviews, those first with which something was done last.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewList {
    items: Vec<Review>,
    next_cursor: Option<String>,
}

/// A report, and how far its review is. Carries none of the answers.
#[derive(Debug, Serialize, ToSchema)]
struct Review {
    receipt: String,
    /// The person's id.
    person: i64,
    number: String,
    name: String,
    /// Class or department.
    place: Option<String>,
    /// The form's code.
    form: String,
    /// The form's title.
    form_title: String,
    /// Null: answered once, or by event.
    day: Option<NaiveDate>,
    slot: i16,
    /// The report's; to be sent with what is done about it.
    revision: i32,
    /// The report's, now.
    report_state: State,
    /// What stands out in it now.
    flags_now: Vec<FlagName>,
    revised_at: DateTime<Utc>,
    /// Null: it was never noticed.
    state: Option<StateName>,
    /// What it was opened for; none: somebody sent it back without any.
    flags: Vec<FlagName>,
    opened_at: Option<DateTime<Utc>>,
    changed_at: Option<DateTime<Utc>>,
}

impl From<reviews::Row> for Review {
    fn from(row: reviews::Row) -> Self {
        Self {
            receipt: row.receipt,
            person: row.person_id,
            number: row.number,
            name: row.name,
            place: row.place,
            form: row.form,
            form_title: row.form_title,
            day: row.day,
            slot: row.slot,
            revision: row.revision,
            report_state: State::of(&row.report_state),
            flags_now: flags(&row.flags_now),
            revised_at: row.revised_at,
            state: row.state.as_deref().and_then(ReviewState::parse).map(StateName::from),
            flags: flags(&row.flags.unwrap_or_default()),
            opened_at: row.opened_at,
            changed_at: row.changed_at,
        }
    }
}

/// Reviews of those I look after.
#[utoipa::path(
    operation_id = "reviews_list",
    tag = "reviews", security(("session" = [])), params(ReviewQuery),
    responses((status = 200, body = ReviewList), Refusals))]
#[get("/reviews")]
pub async fn list(who: SignedIn, query: Query<ReviewQuery>) -> Answer<web::Json<ReviewList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let wanted = Wanted {
        state: query.0.state.map(ReviewState::from),
        flag: query.0.flag.map(Flag::from),
        form: query.0.form.filter(|form| !form.contains('\0')),
        under: query.0.department,
    };
    let page = reviews::list(app, school, viewer, &wanted, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(Review::from).collect();
    Ok(web::Json(ReviewList { items, next_cursor: paging.cursor(page.next)? }))
}

/// Whose reviews are counted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CountsQuery {
    /// Only of those counted under this department today.
    department: Option<i32>,
}

/// Reviews that are not settled.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewCounts {
    /// 待核查
    open: i64,
    /// 已退回
    sent_back: i64,
    /// 已重填
    answered: i64,
}

/// How many reviews are not settled, for a badge.
#[utoipa::path(
    operation_id = "reviews_counts",
    tag = "reviews", security(("session" = [])), params(CountsQuery),
    responses((status = 200, body = ReviewCounts), Refusals))]
#[get("/reviews/counts")]
pub async fn counts(who: SignedIn, query: Query<CountsQuery>) -> Answer<web::Json<ReviewCounts>> {
    let (app, school, viewer) = who.parts()?;
    let counts = reviews::counts(app, school, viewer, query.0.department).await?;
    Ok(web::Json(ReviewCounts { open: counts.open, sent_back: counts.sent_back, answered: counts.answered }))
}

/// A report, its review, and what was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewDetail {
    #[serde(flatten)]
    review: Review,
    /// What those of the form's checks say that hold now.
    checks: Vec<String>,
    /// What was done, the newest first.
    acts: Vec<Act>,
    /// Whether `POST /reviews/{receipt}/answers` is mine.
    may_see_answers: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewActRow)]
struct Act {
    act: ActName,
    /// The report's, then.
    revision: i32,
    note: Option<String>,
    /// Null: by itself.
    by: Option<String>,
    at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReviewAct)]
enum ActName {
    /// 发现
    Opened,
    /// 退回
    SentBack,
    /// 重填
    Answered,
    /// 备注
    Noted,
    /// 办结
    Closed,
}

impl From<ReviewAct> for ActName {
    fn from(act: ReviewAct) -> Self {
        match act {
            ReviewAct::Opened => Self::Opened,
            ReviewAct::SentBack => Self::SentBack,
            ReviewAct::Answered => Self::Answered,
            ReviewAct::Noted => Self::Noted,
            ReviewAct::Closed => Self::Closed,
        }
    }
}

/// A report of somebody I look after, without its answers. It need not have been noticed.
#[utoipa::path(
    operation_id = "reviews_get",
    tag = "reviews", security(("session" = [])), params(("receipt" = String, Path)),
    responses((status = 200, body = ReviewDetail), Refusals))]
#[get("/reviews/{receipt}")]
pub async fn get(who: SignedIn, receipt: web::Path<String>) -> Answer<web::Json<ReviewDetail>> {
    let (app, school, viewer) = who.parts()?;
    let head = reviews::head(app, school, viewer, &receipt).await?;
    let acts = head.acts.into_iter().map(|act| Act {
        act: act.act.into(),
        revision: act.revision,
        note: act.note,
        by: act.by,
        at: act.at,
    });
    Ok(web::Json(ReviewDetail {
        acts: acts.collect(),
        review: head.row.into(),
        checks: head.checks,
        may_see_answers: head.may_see_answers,
    }))
}

/// What a look is for.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AnswersPurpose)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// The person reads it among the looks at their data. At most 100 characters.
    #[schema(example = "核实异常情况")]
    purpose: String,
}

/// The answers of one report, in every revision.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewAnswers {
    /// The form's title.
    title: String,
    /// The questions, those of the newest version first.
    fields: Vec<Field>,
    /// The newest first.
    revisions: Vec<Revision>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewRevision)]
struct Revision {
    revision: i32,
    at: DateTime<Utc>,
    state: State,
    source: Source,
    /// 代报: why not from the person.
    reason: Option<String>,
    /// Names of the fields whose answer was carried over.
    carried: Vec<String>,
    /// By field name; null: they are kept no longer.
    answers: Option<Map<String, Value>>,
    /// The same in words, by field name.
    texts: BTreeMap<String, String>,
    /// Names of the fields that were answered otherwise before.
    changed: Vec<String>,
}

/// What somebody answered. The look is on record, with its purpose, and the person sees it.
#[utoipa::path(
    operation_id = "reviews_answers",
    tag = "reviews", security(("session" = [])), params(("receipt" = String, Path)), request_body = Purpose,
    responses((status = 200, body = ReviewAnswers), Refusals, WriteRefusals))]
#[post("/reviews/{receipt}/answers")]
pub async fn answers(
    who: SignedIn,
    receipt: web::Path<String>,
    body: Json<Purpose>,
) -> Answer<web::Json<ReviewAnswers>> {
    let (app, school, viewer) = who.recent_parts()?;
    let found = reviews::answers(app, school, viewer, &receipt, &body.0.purpose).await?;
    let revisions = found.revisions.into_iter().map(|one| Revision {
        revision: one.revision,
        at: one.at,
        state: State::of(&one.state),
        source: Source::of(&one.source),
        reason: one.reason,
        carried: one.carried,
        answers: one.answers,
        texts: one.texts,
        changed: one.changed,
    });
    Ok(web::Json(ReviewAnswers {
        title: found.title,
        fields: found.fields.iter().map(Field::from).collect(),
        revisions: revisions.collect(),
    }))
}

/// What is said.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ReviewNote)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// At most 200 characters; to send back and to note it is needed, and what is sent back with it the person reads.
    #[serde(default)]
    note: String,
    /// The revision that was on the screen: if there is another by now, nothing is done.
    #[serde(default)]
    revision: Option<i32>,
}

/// How far the review is now.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewDone {
    receipt: String,
    state: StateName,
    /// Sent back: whether a message can reach the person; else null.
    told: Option<bool>,
}

async fn act(
    who: SignedIn,
    receipt: web::Path<String>,
    body: Json<Note>,
    act: ReviewAct,
) -> Answer<web::Json<ReviewDone>> {
    let (app, school, viewer) = who.parts()?;
    let seen = Seen { note: &body.0.note, revision: body.0.revision };
    let Did { state, told } = reviews::act(app, school, viewer, &receipt, act, seen).await?;
    Ok(web::Json(ReviewDone { receipt: receipt.into_inner(), state: state.into(), told }))
}

/// Sends a report back to be put right, noticed or not. The same again changes nothing; 409 where somebody else was faster.
#[utoipa::path(
    operation_id = "reviews_send_back",
    tag = "reviews", security(("session" = [])), params(("receipt" = String, Path)), request_body = Note,
    responses((status = 200, body = ReviewDone), Refusals, WriteRefusals))]
#[post("/reviews/{receipt}/send-back")]
pub async fn send_back(
    who: SignedIn,
    receipt: web::Path<String>,
    body: Json<Note>,
) -> Answer<web::Json<ReviewDone>> {
    act(who, receipt, body, ReviewAct::SentBack).await
}

/// Keeps a note with a review, for those who look at it next.
#[utoipa::path(
    operation_id = "reviews_note",
    tag = "reviews", security(("session" = [])), params(("receipt" = String, Path)), request_body = Note,
    responses((status = 200, body = ReviewDone), Refusals, WriteRefusals))]
#[post("/reviews/{receipt}/note")]
pub async fn note(
    who: SignedIn,
    receipt: web::Path<String>,
    body: Json<Note>,
) -> Answer<web::Json<ReviewDone>> {
    act(who, receipt, body, ReviewAct::Noted).await
}

/// Closes a review. The same again changes nothing; 409 where somebody else was faster.
#[utoipa::path(
    operation_id = "reviews_close",
    tag = "reviews", security(("session" = [])), params(("receipt" = String, Path)), request_body = Note,
    responses((status = 200, body = ReviewDone), Refusals, WriteRefusals))]
#[post("/reviews/{receipt}/close")]
pub async fn close(
    who: SignedIn,
    receipt: web::Path<String>,
    body: Json<Note>,
) -> Answer<web::Json<ReviewDone>> {
    act(who, receipt, body, ReviewAct::Closed).await
}

/// A report named by its person and day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReview {
    /// The form's code.
    form: String,
    /// The person's id.
    person: i64,
    /// Today if left out.
    #[serde(default)]
    day: Option<NaiveDate>,
    /// If left out, the last that has begun.
    #[serde(default)]
    slot: Option<i16>,
    /// What is to be put right; the person reads it. At most 200 characters.
    note: String,
}

/// Sends back a report that was not noticed. Of a form answered by event it is the person's last one.
#[utoipa::path(
    operation_id = "reviews_create",
    tag = "reviews", security(("session" = [])), request_body = NewReview,
    responses((status = 200, body = ReviewDone), Refusals, WriteRefusals))]
#[post("/reviews")]
pub async fn send_back_unnoticed(who: SignedIn, body: Json<NewReview>) -> Answer<web::Json<ReviewDone>> {
    let (app, school, viewer) = who.parts()?;
    let of = Unnoticed { form: &body.0.form, person: body.0.person, day: body.0.day, slot: body.0.slot };
    let (receipt, did) = reviews::send_back_unnoticed(app, school, viewer, of, &body.0.note).await?;
    Ok(web::Json(ReviewDone { receipt, state: did.state.into(), told: did.told }))
}
