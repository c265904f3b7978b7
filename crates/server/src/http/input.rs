//! What handlers read from a request: JSON bodies, idempotency keys, pages.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::problem::{Answer, Failure};

/// The largest body taken, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// A JSON body. What does not fit names the field.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Answer<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        let is_json =
            kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        let body = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            if !is_json {
                return Err(Failure::http("unsupported_media_type"));
            }
            let body = body.await.map_err(|_| too_large())?;
            parse(&body)
        })
    }
}

/// The answer to a body over [`BODY_LIMIT`].
pub fn too_large() -> Failure {
    Failure::http("too_large")
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Answer<Json<T>> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut reader).map(Json).map_err(|error| {
        let inner = error.inner();
        if inner.is_syntax() || inner.is_eof() {
            return Failure::http("malformed");
        }
        let text = inner.to_string();
        let quoted = text.split('`').nth(1).unwrap_or_default();
        let path = error.path().to_string();
        let (field, message) = if text.starts_with("missing field") {
            (quoted.to_owned(), format!("缺少 {quoted}"))
        } else if text.starts_with("unknown field") {
            (quoted.to_owned(), format!("没有 {quoted} 这一项，请去掉"))
        } else {
            let field = if path == "." { String::new() } else { path };
            (field, "类型不对，请按接口说明填写".to_owned())
        };
        let invalid = app::Error::Invalid(vec![app::FieldError { field, message }]);
        invalid.into()
    })
}

/// The `Idempotency-Key` of a write: sent again with the same key, the same answer.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub String);

impl FromRequest for IdempotencyKey {
    type Error = Failure;
    type Future = Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = request.headers().get("Idempotency-Key").and_then(|key| key.to_str().ok());
        let valid = |key: &&str| {
            (8..=64).contains(&key.len())
                && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        ready(key.filter(valid).map(|key| Self(key.to_owned())).ok_or_else(|| {
            app::Error::field(
                "Idempotency-Key",
                "请在请求头里带上 8 到 64 位字母、数字、_ 或 - 的 Idempotency-Key",
            )
            .into()
        }))
    }
}

/// Query parameters. What does not fit names the field.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Failure;
    type Future = Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = web::Query::<T>::from_query(request.query_string());
        ready(parsed.map(|query| Self(query.into_inner())).map_err(|error| {
            let text = error.to_string();
            let field = text.split('`').nth(1).unwrap_or_default().to_owned();
            app::Error::field(&field, "地址里的参数不对，请检查日期、数字和选项").into()
        }))
    }
}

/// Where a page begins and how long it is. Flattened structs lose their types in queries, so each list repeats
/// these two fields and makes this of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    pub limit: Option<i64>,
}

/// A checked page.
#[derive(Debug)]
pub struct Paging {
    /// The key after which it begins.
    pub after: Option<String>,
    /// Rows at most.
    pub limit: i64,
}

/// Reads the two parameters of a page.
pub fn paging(cursor: Option<&str>, limit: Option<i64>) -> Answer<Paging> {
    let limit = limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(app::Error::field("limit", "每页应为 1 到 200 条").into());
    }
    let decode = |cursor: &str| {
        let key = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        (!key.chars().any(char::is_control)).then_some(key)
    };
    let after = match cursor {
        None => None,
        Some(cursor) => {
            Some(decode(cursor).ok_or_else(|| app::Error::field("cursor", "翻页位置无效，请回到第一页"))?)
        }
    };
    Ok(Paging { after, limit })
}

/// A page's key as clients see it: opaque.
pub fn cursor(next: Option<String>) -> Option<String> {
    next.map(|key| URL_SAFE_NO_PAD.encode(key))
}
