//! The OpenAPI document, collected from the handlers themselves. docs/openapi.json is this, committed.

use std::collections::BTreeMap;

use actix_web::App;
use utoipa::{
    IntoResponses, OpenApi, ToSchema,
    openapi::{
        ContentBuilder, RefOr, Response, ResponseBuilder, ResponsesBuilder,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_actix_web::AppExt;

use super::{
    problem::{Field, Problem},
    routes,
    who::SESSION,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rollcall 点名",
        description = "学校的企业微信点名应用接口。错误一律为 application/problem+json。"
    ),
    components(schemas(Problem, Field))
)]
struct Document;

/// The whole document.
pub fn document() -> utoipa::openapi::OpenApi {
    let (_, mut document) =
        App::new().into_utoipa_app().openapi(Document::openapi()).configure(routes::api).split_for_parts();
    if let Some(components) = document.components.as_mut() {
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(SESSION, "登录后由服务器设置"));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("device", bearer);
        let code = ApiKeyValue::with_description("Authorization", "Pairing 加门岗管理页面上的配对码");
        components.add_security_scheme("pairing", SecurityScheme::ApiKey(ApiKey::Header(code)));
        let link = ApiKeyValue::with_description("Authorization", "Visit 加访客链接里 #t= 后面的部分");
        components.add_security_scheme("visit", SecurityScheme::ApiKey(ApiKey::Header(link)));
    }
    document
}

/// The document as it is committed: indented, with a final newline.
pub fn text() -> String {
    let mut text = document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// What every operation behind a session may be refused with.
#[derive(Debug)]
pub struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[
            ("401", "尚未登录"),
            ("403", "没有权限"),
            ("404", "没有找到"),
            ("421", "域名未登记"),
            ("422", "填写有误"),
            ("429", "操作太频繁"),
            ("500", "系统出错了"),
            ("503", "系统繁忙"),
        ])
    }
}

/// What a write may be refused with beyond [`Refusals`].
#[derive(Debug)]
pub struct WriteRefusals;

impl IntoResponses for WriteRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[
            ("400", "内容不是 JSON"),
            ("408", "内容没有及时传完"),
            ("409", "与当前状态不符"),
            ("413", "内容太长"),
            ("415", "内容类型不对"),
        ])
    }
}

fn refusals(statuses: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let problem = || {
        ContentBuilder::new().schema(Some(utoipa::openapi::Ref::from_schema_name(Problem::name()))).build()
    };
    let responses = statuses.iter().fold(ResponsesBuilder::new(), |responses, (status, title)| {
        let response =
            ResponseBuilder::new().description(*title).content("application/problem+json", problem()).build();
        responses.response(*status, response)
    });
    responses.build().responses
}
