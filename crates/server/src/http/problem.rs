//! Errors as RFC 9457 problems. What went wrong inside is told to the log, not to the member.

use actix_web::{
    HttpResponse, ResponseError,
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
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    /// Boxed: a result's bad side should not be larger than its good one.
    problem: Box<Problem>,
    retry_after: Option<u64>,
}

/// A handler's answer.
pub type Answer<T> = Result<T, Failure>;

impl Failure {
    /// A failure of HTTP itself, which no use case knows.
    pub fn http(status: StatusCode, code: &'static str, title: &str, detail: &str) -> Self {
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

    /// The same, naming a field.
    pub fn with_field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.problem.errors.push(Field { field: field.into(), message: message.into() });
        self
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
        let status = StatusCode::from_u16(known.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            tracing::error!(code = known.code, error = &error as &dyn std::error::Error, "request failed");
        }
        let retry_after = matches!(error, Error::Unavailable(_)).then_some(2);
        let errors = match error {
            Error::Invalid(errors) => errors.into_iter().map(Field::from).collect(),
            _ => Vec::new(),
        };
        let mut failure = Self::http(status, known.code, known.title, known.remedy);
        failure.problem.errors = errors;
        failure.retry_after = retry_after;
        failure
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
