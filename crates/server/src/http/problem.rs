//! Errors as RFC 9457 problems. What went wrong inside is told to the log, not to the member.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use app::{Error, FieldError};
use serde::Serialize;
use utoipa::ToSchema;

/// The body of every error answer, `application/problem+json`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: `code` tells programs what happened.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: &'static str,
    /// What happened.
    #[schema(example = "填写有误")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// For programs; docs/ERRORS.md lists them.
    #[schema(example = "invalid")]
    pub code: &'static str,
    /// What to do.
    pub detail: String,
    /// Each field at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Field>,
}

/// One field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FieldError)]
pub struct Field {
    /// Its name as it was sent.
    #[schema(example = "temperature")]
    pub field: String,
    /// What to do.
    #[schema(example = "体温应在 34.0 到 43.0℃ 之间，最多 1 位小数")]
    pub message: String,
}

impl From<FieldError> for Field {
    fn from(error: FieldError) -> Self {
        Self { field: error.field, message: error.message }
    }
}

/// What a handler fails with.
pub struct Failure {
    status: StatusCode,
    /// Boxed: a result's bad side should not be larger than its good one.
    problem: Box<Problem>,
    retry_after: Option<u64>,
}

/// A handler's answer.
pub type Answer<T> = Result<T, Failure>;

/// Whether a browser went there by a link: whoever stands before it is told on a page, not in JSON.
pub fn wants_page(request: &HttpRequest) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

impl Failure {
    /// One of [`HTTP_FAILURES`], which no use case knows.
    pub fn http(code: &'static str) -> Self {
        match HTTP_FAILURES.iter().find(|known| known.0 == code) {
            Some(&(code, status, title, remedy)) => Self::new(status, code, title, remedy),
            None => app::Error::internal(format!("a failure without a description: {code}")).into(),
        }
    }

    fn new(status: u16, code: &'static str, title: &str, detail: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let problem = Problem {
            kind: "about:blank",
            title: title.to_owned(),
            status: status.as_u16(),
            code,
            detail: detail.to_owned(),
            errors: Vec::new(),
        };
        Self { status, problem: Box::new(problem), retry_after: None }
    }

    /// The same, for a browser that came by a link: a page instead of JSON.
    pub fn page(self) -> HttpResponse {
        let Problem { title, detail, .. } = *self.problem;
        let body = format!(
            "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title}</title><h1>{title}</h1><p>{detail}</p><p><a href=\"/auth/start\">重新登录</a></p></html>"
        );
        HttpResponse::build(self.status).content_type("text/html; charset=utf-8").body(body)
    }

    /// The document alone, for an answer whose status is out already.
    pub fn problem(self) -> Problem {
        *self.problem
    }

    /// For programs: what happened.
    pub fn code(&self) -> &'static str {
        self.problem.code
    }

    /// The same, saying when to come back, in seconds.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let known = error.describe();
        if known.status >= 500 {
            // Of Postgres's own words only those of a connection: others may quote what somebody wrote.
            let cause = match &error {
                Error::Unavailable(cause) => cause.to_string(),
                _ => String::new(),
            };
            tracing::error!(
                code = known.code,
                error = &error as &dyn std::error::Error,
                cause,
                "request failed"
            );
        }
        let retry_after = matches!(error, Error::Unavailable(_)).then_some(2);
        let mut failure = Self::new(known.status, known.code, known.title, known.remedy);
        let errors = match error {
            Error::Invalid(errors) => errors.into_iter().map(Field::from).collect(),
            Error::Overtaken(words) | Error::BudgetSpent(words) if !words.is_empty() => {
                failure.problem.detail = words;
                Vec::new()
            }
            _ => Vec::new(),
        };
        failure.problem.errors = errors;
        failure.retry_after = retry_after;
        failure
    }
}

/// This stands in the log. What is told to whoever asked may name people and repeat what they sent: the log gets the code alone.
impl std::fmt::Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Problem { status, code, .. } = *self.problem;
        f.debug_struct("Failure").field("status", &status).field("code", &code).finish_non_exhaustive()
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.problem.status, self.problem.code)
    }
}

impl std::error::Error for Failure {}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.content_type("application/problem+json");
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.json(&self.problem)
    }
}

/// Code, status, title and remedy of every failure that HTTP itself has, for docs/ERRORS.md.
pub const HTTP_FAILURES: [(&str, u16, &str, &str); 17] = [
    ("malformed", 400, "内容不是 JSON", "请刷新页面后重试"),
    ("callback_refused", 403, "回调校验未通过", "请核对 Token、EncodingAESKey 与回调地址"),
    ("foreign_sign_in", 403, "登录链接不是本机发起的", "请从企业微信工作台重新打开点名"),
    ("foreign_site", 403, "请求来自其他网站", "请从点名的页面内操作"),
    (
        "second_factor_missing",
        403,
        "此操作需要二次验证",
        "请先在电脑页面右上角的“登录设备”里设置二次验证，然后再做一次",
    ),
    (
        "second_factor_needed",
        403,
        "此操作需要二次验证",
        "请填写验证器上的 6 位数字或一个恢复码，然后再做一次",
    ),
    ("sign_in_again", 403, "此操作需要重新登录确认", "请重新登录，然后再做一次"),
    ("sign_in_failed", 403, "登录没有成功", "请从企业微信工作台重新打开点名"),
    ("unknown_member", 403, "通讯录里没有您的账号", "请联系学校信息中心核对企业微信通讯录"),
    ("no_such_address", 404, "没有这个地址", "请检查地址，或从工作台重新打开"),
    ("too_slow", 408, "内容没有及时传完", "网络太慢，请换一个网络后重试"),
    ("too_large", 413, "内容太长", "请缩短文字后重新提交"),
    ("packed_body", 415, "内容经过压缩", "请不压缩，直接提交"),
    ("unsupported_media_type", 415, "内容类型不对", "请用 application/json 提交"),
    ("unknown_host", 421, "域名未登记", "请使用学校提供的地址访问"),
    ("too_many_requests", 429, "操作太频繁", "请稍等几秒再试"),
    ("too_many_files", 503, "同时上传的文件太多", "这个文件没有收下，请稍等几秒再上传"),
];
