//! What handlers read from a request: JSON bodies, idempotency keys, pages.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use app::{App, School, cursors};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::form_urlencoded;
use utoipa::IntoParams;

use super::{
    body::Small,
    problem::{Answer, Failure},
};

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
        let body = Small::from_request(request, payload);
        Box::pin(async move {
            if !is_json {
                return Err(Failure::http("unsupported_media_type"));
            }
            let Small(body) = body.await?;
            parse(&body)
        })
    }
}

/// What Postgres keeps in no text, as JSON writes it.
const NUL: &[u8] = b"\\u0000";

/// Where a NUL stands in a document, by field; none: nowhere.
fn nul(value: &Value, at: &str) -> Option<String> {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match value {
        Value::String(text) => text.contains('\0').then(|| at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(place, item)| nul(item, &below(&place.to_string())))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, inner)| {
            if name.contains('\0') { Some(at.to_owned()) } else { nul(inner, &below(name)) }
        }),
        _ => None,
    }
}

fn has_nul(field: &str) -> Failure {
    app::Error::field(field, "含有看不见的空字符，请删去后重新填写").into()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Answer<Json<T>> {
    if body.windows(NUL.len()).any(|bytes| bytes == NUL)
        && let Ok(value) = serde_json::from_slice(body)
        && let Some(field) = nul(&value, "")
    {
        return Err(has_nul(&field));
    }
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

/// Characters of a file's name that are kept.
const FILE_NAME: usize = 100;

/// The `X-File-Name` of an upload, percent-encoded: what whoever brings the file calls it. None: nobody said, or it is none.
/// It is in no address, for addresses stand in logs.
#[derive(Debug, Clone)]
pub struct FileName(pub Option<String>);

impl FromRequest for FileName {
    type Error = Failure;
    type Future = Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = request.headers().get("X-File-Name").and_then(|name| name.to_str().ok());
        ready(Ok(Self(name.and_then(file_name))))
    }
}

fn file_name(text: &str) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next()?)? * 16 + digit(rest.next()?)?,
            byte => byte,
        });
    }
    let whole = String::from_utf8(bytes).ok()?;
    // Where it lay on whose disk is nobody's business.
    let name = whole.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(FILE_NAME).collect();
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Query parameters. What does not fit names the field.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Failure;
    type Future = Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut asked = form_urlencoded::parse(request.query_string().as_bytes());
        if let Some((field, _)) = asked.find(|(_, value)| value.contains('\0')) {
            return ready(Err(has_nul(&field)));
        }
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

/// A checked page of a school's list.
pub struct Paging<'a> {
    app: &'a App,
    school: &'a School,
    /// The key after which it begins.
    pub after: Option<String>,
    /// Rows at most.
    pub limit: i64,
}

/// Reads the two parameters of a page.
pub fn paging<'a>(
    app: &'a App,
    school: &'a School,
    cursor: Option<&str>,
    limit: Option<i64>,
) -> Answer<Paging<'a>> {
    let limit = limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(app::Error::field("limit", "每页应为 1 到 200 条").into());
    }
    let after = cursor.map(|cursor| cursors::open(app, school, cursor)).transpose()?;
    Ok(Paging { app, school, after, limit })
}

impl Paging<'_> {
    /// The key after which the next page begins, as clients see it and as it stands in addresses: sealed.
    pub fn cursor(&self, next: Option<String>) -> Answer<Option<String>> {
        Ok(next.map(|key| cursors::seal(self.app, self.school, &key)).transpose()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_what_it_is_called_and_not_where_it_lay() {
        let read = |text: &str| file_name(text).unwrap_or_default();
        assert_eq!(read("members.csv"), "members.csv");
        assert_eq!(read("%E4%B8%89%E6%9C%88.xlsx"), "三月.xlsx");
        assert_eq!(read("C:%5CUsers%5Csomebody%5C1.csv"), "1.csv");
        assert_eq!(read("%0A1%00.csv"), "1.csv");
        assert_eq!(read(&"a".repeat(300)).len(), FILE_NAME);
        for strange in ["", "%", "%4", "%zz", "%E4", "%2F", "  "] {
            assert_eq!(file_name(strange), None, "{strange}");
        }
    }
}
