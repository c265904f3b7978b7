//! 我的数据: everything that is held on me, to keep.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY},
    post, web,
};
use app::{
    School,
    my_data::copy::{self, Document, Format},
};
use chrono::{DateTime, Utc};
use domain::my_data::LEFT_OUT;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::readable;
use crate::http::{
    input::Json,
    openapi::{Refusals, WriteRefusals},
    problem::{Answer, Failure, wants_page},
    routes::{dto::DownloadReady, sessions},
    who::SignedIn,
};

/// How much is held on me.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldData {
    /// In the order they are to be shown.
    groups: Vec<HeldGroup>,
    /// Copies I may still take today.
    copies_left: i64,
}

/// What is held of one kind.
#[derive(Debug, Serialize, ToSchema)]
struct HeldGroup {
    #[schema(value_type = HeldGroupName)]
    name: &'static str,
    /// Records.
    count: i64,
}

/// The kinds there are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "names domain::my_data::Group in the document")]
enum HeldGroupName {
    /// 登记信息与账号
    Profile,
    /// 班级、学籍与住宿
    Standing,
    /// 填报与行程
    Reports,
    /// 核查与跟进
    Care,
    /// 消息与邀请
    Messages,
    /// 门禁与访客
    Gates,
    /// 使用记录
    Use,
    /// 权限与访问记录
    Rights,
}

/// How much is held on me, and how many copies of it I may still take today.
#[utoipa::path(
    operation_id = "me_data_held",
    tag = "me", security(("session" = [])), responses((status = 200, body = HeldData), Refusals))]
#[get("/me/data/held")]
pub async fn held(who: SignedIn) -> Answer<web::Json<HeldData>> {
    let (app, school, viewer) = who.parts()?;
    let held = copy::held(app, school, viewer).await?;
    let groups = held.groups.into_iter().map(|(group, count)| HeldGroup { name: group.as_str(), count });
    Ok(web::Json(HeldData { groups: groups.collect(), copies_left: held.copies_left }))
}

/// As what the copy is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyWanted {
    /// json: a file for programs. html: a page for people, which can be kept and printed.
    format: CopyFormat,
}

/// As what a copy is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CopyFormat {
    /// 数据文件
    Json,
    /// 阅读版
    Html,
}

/// Everything that is held on me.
#[derive(Debug, Serialize, ToSchema)]
pub struct DataCopy {
    /// All of it as it was then.
    made_at: DateTime<Utc>,
    school: String,
    /// My account in WeCom.
    userid: String,
    parts: Vec<DataPart>,
    /// What is held and not in here, and why.
    left_out: Vec<LeftOut>,
}

/// Records of one kind.
#[derive(Debug, Serialize, ToSchema)]
struct DataPart {
    name: &'static str,
    #[schema(value_type = HeldGroupName)]
    group: &'static str,
    /// What it is called.
    title: &'static str,
    /// What its fields are called, in the order they are read.
    fields: Vec<DataField>,
    /// An object a record, the newest first.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<Map<String, Value>>,
}

/// A field of records.
#[derive(Debug, Serialize, ToSchema)]
struct DataField {
    name: &'static str,
    title: &'static str,
}

/// A table that is in no part.
#[derive(Debug, Serialize, ToSchema)]
struct LeftOut {
    table: &'static str,
    reason: &'static str,
}

/// I take a copy of everything that is held on me, after a fresh sign-in. Ten a day; that it was taken is on record.
#[utoipa::path(
    operation_id = "me_data_copies_ask",
    tag = "me", security(("session" = [])), request_body = CopyWanted,
    responses((status = 201, body = DownloadReady), Refusals, WriteRefusals))]
#[post("/me/data/copies")]
pub async fn ask(who: SignedIn, request: HttpRequest, body: Json<CopyWanted>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    let format = match body.0.format {
        CopyFormat::Json => Format::Json,
        CopyFormat::Html => Format::Html,
    };
    let ticket = copy::ask(app, school, viewer, &sessions::own(&request)?, format).await?;
    Ok(HttpResponse::Created().json(DownloadReady { path: format!("/api/v1/me/data/copies/{ticket}") }))
}

/// The copy I asked for within the last minute, once, as a file or as a page. One at a time.
#[utoipa::path(
    operation_id = "me_data_copies_get",
    tag = "me", security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = DataCopy), Refusals))]
#[get("/me/data/copies/{id}")]
pub async fn get(who: SignedIn, request: HttpRequest, ticket: web::Path<String>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    match copy::fetch(app, school, viewer, &sessions::own(&request)?, &ticket).await {
        Ok((format, document)) => Ok(answer(school, format, document)),
        Err(error) if wants_page(&request) => Ok(Failure::from(error).page()),
        Err(error) => Err(error.into()),
    }
}

fn answer(school: &School, format: Format, document: Document) -> HttpResponse {
    let name = format!("my-data-{}", school.today(document.made_at).format("%Y%m%d"));
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store, private"));
    match format {
        Format::Json => {
            response.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.json\"")));
            response.json(written(school, document))
        }
        Format::Html => {
            // Shown where it is opened, since 企业微信's own browser saves no files; kept under this name elsewhere.
            response.insert_header((CONTENT_DISPOSITION, format!("inline; filename=\"{name}.html\"")));
            response.insert_header((CONTENT_SECURITY_POLICY, readable::policy()));
            response.content_type("text/html; charset=utf-8").body(readable::page(school, &document))
        }
    }
}

fn written(school: &School, document: Document) -> DataCopy {
    let parts = document.parts.into_iter().map(|rows| DataPart {
        name: rows.part.name,
        group: rows.part.group.as_str(),
        title: rows.part.title,
        fields: rows
            .part
            .columns
            .iter()
            .map(|column| DataField { name: column.name, title: column.title })
            .collect(),
        rows: rows.rows,
    });
    DataCopy {
        made_at: document.made_at,
        school: school.corp.name.clone(),
        userid: document.userid,
        parts: parts.collect(),
        left_out: LEFT_OUT.iter().map(|&(table, reason)| LeftOut { table, reason }).collect(),
    }
}
