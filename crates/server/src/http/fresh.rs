//! Answers that pages ask for again and again. Where nothing has changed but the hour, only the hour is sent.

use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH},
    },
};
use serde::Serialize;

use super::problem::Failure;

/// The hour at which what the client has is still true, on a 304.
const AS_OF: HeaderName = HeaderName::from_static("x-as-of");

/// A JSON answer with an `as_of`. A client that names the `ETag` it has gets 304 if all but that is the same.
#[derive(Debug)]
pub struct Fresh<T>(pub T);

impl<T: Serialize> Responder for Fresh<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let (text, mut value) = match (serde_json::to_string(&self.0), serde_json::to_value(&self.0)) {
            (Ok(text), Ok(value)) => (text, value),
            (Err(error), _) | (_, Err(error)) => {
                return HttpResponse::from_error(Failure::from(app::Error::internal(error.to_string())));
            }
        };
        let as_of = value.as_object_mut().and_then(|answer| answer.remove("as_of"));
        let mut hasher = DefaultHasher::new();
        value.to_string().hash(&mut hasher);
        let tag = format!("W/\"{:016x}\"", hasher.finish());
        let known = request.headers().get(IF_NONE_MATCH).and_then(|known| known.to_str().ok());
        if known == Some(tag.as_str()) {
            let mut answer = HttpResponse::build(StatusCode::NOT_MODIFIED);
            answer.insert_header((ETAG, tag));
            if let Some(as_of) = as_of.as_ref().and_then(|as_of| as_of.as_str()) {
                answer.insert_header((AS_OF, as_of));
            }
            return answer.finish();
        }
        HttpResponse::Ok()
            .insert_header((ETAG, tag))
            .insert_header((CONTENT_TYPE, "application/json"))
            .body(text)
    }
}
