//! The lists behind the figures: members with their last use, and what WeCom's logs have.

use actix_web::{get, web};
use app::platform::{self, Asked, AskedRecords, Of, Records};
use chrono::{DateTime, NaiveDate, Utc};
use domain::platform::{line::AccountState, operation::Log};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, Paging, Query},
    openapi::Refusals,
    problem::Answer,
    who::SignedIn,
};

/// Whose word it is.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlatformUsageOf)]
pub enum OfDto {
    /// The mirror, with the visits to Rollcall.
    #[default]
    Own,
    /// The console's newest export.
    Console,
}

/// What becomes of an account.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlatformAccountState)]
pub enum StateDto {
    /// 已激活
    Activated,
    /// 未激活
    NotActivated,
    /// 已禁用
    Disabled,
    /// 已退出
    Left,
}

/// Which members.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
    /// Whose word it is: own (the usual) or console.
    #[serde(default)]
    #[param(inline)]
    of: OfDto,
    /// Only with an account of this state.
    #[param(inline)]
    state: Option<StateDto>,
    /// Only who used it last on this: android, ios, windows, mac or other; of the console as it says.
    client: Option<String>,
    /// Only who has not used it for so many days, or never.
    unused_days: Option<u64>,
    /// Only under this department; of own alone.
    department: Option<i32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Members with their last use.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlatformUsageList {
    items: Vec<PlatformUsageRow>,
    next_cursor: Option<String>,
    /// Of all pages.
    total: i64,
}

/// A member's use.
#[derive(Debug, Serialize, ToSchema)]
struct PlatformUsageRow {
    id: i64,
    /// The day this is true of.
    recorded_on: NaiveDate,
    account: String,
    name: Option<String>,
    /// Class or department.
    place: Option<String>,
    /// activated, not_activated, disabled or left.
    state: String,
    /// The day of the last use; null: none is known.
    last_used_on: Option<NaiveDate>,
    /// On what.
    client: Option<String>,
}

/// 成员使用记录: who has an account, what becomes of it, when it was used last and on what.
#[utoipa::path(
    operation_id = "platform_usage",
    tag = "platform", security(("session" = [])), params(UsageQuery),
    responses((status = 200, body = PlatformUsageList), Refusals))]
#[get("/platform/usage")]
pub async fn usage(who: SignedIn, query: Query<UsageQuery>) -> Answer<web::Json<PlatformUsageList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let asked = Asked {
        of: match query.0.of {
            OfDto::Own => Of::Own,
            OfDto::Console => Of::Console,
        },
        state: query.0.state.map(|state| match state {
            StateDto::Activated => AccountState::Activated,
            StateDto::NotActivated => AccountState::NotActivated,
            StateDto::Disabled => AccountState::Disabled,
            StateDto::Left => AccountState::Left,
        }),
        client: query.0.client.as_deref(),
        unused_days: query.0.unused_days,
        department: query.0.department,
    };
    let found = platform::usage(app, school, viewer, asked, paging.after.as_deref(), paging.limit).await?;
    let items = found.page.items.into_iter().map(|row| PlatformUsageRow {
        id: row.id,
        recorded_on: row.recorded_on,
        account: row.account,
        name: row.name,
        place: row.place,
        state: row.state,
        last_used_on: row.last_used_on,
        client: row.client,
    });
    Ok(web::Json(PlatformUsageList {
        items: items.collect(),
        next_cursor: paging.cursor(found.page.next)?,
        total: found.total,
    }))
}

/// Which external contacts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ContactsQuery {
    /// 1 added, 2 deleted; both if left out.
    kind: Option<i32>,
    /// From this day; 180 days up to the last if left out.
    from: Option<NaiveDate>,
    /// To this day; today if left out.
    to: Option<NaiveDate>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// One of WeCom's two logs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlatformLog)]
pub enum LogDto {
    /// 成员操作记录
    Member,
    /// 管理端操作日志
    Admin,
}

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RecordsQuery {
    /// Which log.
    #[param(inline)]
    log: LogDto,
    /// Only of this type of WeCom's.
    kind: Option<i32>,
    /// From this day; 180 days up to the last if left out.
    from: Option<NaiveDate>,
    /// To this day; today if left out.
    to: Option<NaiveDate>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Records of a log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlatformRecordList {
    items: Vec<PlatformRecord>,
    next_cursor: Option<String>,
    /// Of all pages.
    total: i64,
}

/// What somebody did.
#[derive(Debug, Serialize, ToSchema)]
struct PlatformRecord {
    id: i64,
    at: DateTime<Utc>,
    /// As WeCom gives it; empty: the corp itself.
    userid: String,
    name: Option<String>,
    /// Class or department.
    place: Option<String>,
    /// WeCom's type.
    kind: i32,
    /// What it is called, in Chinese; null: WeCom does not say.
    title: Option<&'static str>,
    /// WeCom's words; for administrators.
    words: Option<String>,
    /// From where; for administrators.
    ip: Option<String>,
}

fn list(paging: &Paging<'_>, found: Records) -> Answer<PlatformRecordList> {
    let items = found.page.items.into_iter().map(|row| PlatformRecord {
        id: row.id,
        at: row.at,
        userid: row.userid,
        name: row.name,
        place: row.place,
        kind: row.kind,
        title: row.title,
        words: row.words,
        ip: row.ip,
    });
    Ok(PlatformRecordList {
        items: items.collect(),
        next_cursor: paging.cursor(found.page.next)?,
        total: found.total,
    })
}

/// 外部沟通使用记录: who added and deleted contacts outside, newest first.
#[utoipa::path(
    operation_id = "platform_contacts",
    tag = "platform", security(("session" = [])), params(ContactsQuery),
    responses((status = 200, body = PlatformRecordList), Refusals))]
#[get("/platform/contacts")]
pub async fn contacts(who: SignedIn, query: Query<ContactsQuery>) -> Answer<web::Json<PlatformRecordList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let asked = AskedRecords { log: None, kind: query.0.kind, from: query.0.from, to: query.0.to };
    let found = platform::records(app, school, viewer, asked, paging.after.as_deref(), paging.limit).await?;
    Ok(web::Json(list(&paging, found)?))
}

/// What members did with their accounts, or administrators in the console, newest first.
#[utoipa::path(
    operation_id = "platform_records",
    tag = "platform", security(("session" = [])), params(RecordsQuery),
    responses((status = 200, body = PlatformRecordList), Refusals))]
#[get("/platform/records")]
pub async fn records(who: SignedIn, query: Query<RecordsQuery>) -> Answer<web::Json<PlatformRecordList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let log = match query.0.log {
        LogDto::Member => Log::Member,
        LogDto::Admin => Log::Admin,
    };
    let asked = AskedRecords { log: Some(log), kind: query.0.kind, from: query.0.from, to: query.0.to };
    let found = platform::records(app, school, viewer, asked, paging.after.as_deref(), paging.limit).await?;
    Ok(web::Json(list(&paging, found)?))
}
