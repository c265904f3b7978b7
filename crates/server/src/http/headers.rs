//! Headers of every answer, and the check that a write comes from our own pages.

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderValue},
    },
    middleware::Next,
};

use tracing_actix_web::RequestId;

use super::{problem::Failure, who};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    font-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Adds the security headers. What a handler set itself stays.
pub async fn secure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = request.extensions().get::<RequestId>().map(ToString::to_string);
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    // What a member reads out to the information centre, and what the log line carries.
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id).ok()) {
        headers.insert(header::HeaderName::from_static("x-request-id"), id);
    }
    let mut set = |name: &'static str, value: &'static str| {
        let name = header::HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set("content-security-policy", CSP);
    set("x-content-type-options", "nosniff");
    set("referrer-policy", "no-referrer");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("permissions-policy", "geolocation=(self), camera=(self), microphone=()");
    set("strict-transport-security", "max-age=31536000; includeSubDomains");
    set("cache-control", "no-store");
    Ok(response)
}

/// Refuses a body that is packed, before any of it is read: how much comes out of it is known when it lies in memory. Our own
/// pages pack none. It is an answer and not an error, of which the log would have a line each.
pub async fn unpacked(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let mut codings = request.headers().get_all(header::CONTENT_ENCODING);
    if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let answer = Failure::http("packed_body").error_response();
        return Ok(request.into_response(answer));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Refuses a write that another site's page sent with the member's cookie. Browsers say where a request comes from; with a
/// session's cookie one that doesn't must say it is our page, by a header that no form of another site's can have.
pub async fn same_site(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) && is_foreign(&request) {
        let failure = Failure::http("foreign_site");
        return Ok(request.error_response(failure));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn is_foreign(request: &ServiceRequest) -> bool {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    if let Some(origin) = text("origin") {
        let host = who::host(request.request());
        return origin.split_once("://").is_none_or(|(_, from)| from != host);
    }
    // An old web view. Devices at gates, visitors and WeCom's callbacks have no session.
    request.request().cookie(who::SESSION).is_some() && text("x-requested-with").is_none()
}
