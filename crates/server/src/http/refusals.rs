//! Notes who was refused what: an operation that is not theirs, something asked for by an id that is not theirs or not there,
//! what comes too often, and wrong input, which is kept where it comes in bulk. And notes whose token was nobody's.

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
    web::Data,
};
use app::security_events::{self, Origin};

use super::{
    problem::Failure,
    routes::auth,
    strangers::Lookup,
    who::{self, Asked},
};
use crate::config::Config;

/// Notes it. What is refused for another reason (no session, a form that is closed) is none of it.
pub async fn note(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    if let Some(reason) = reason(&response) {
        tell(&response, reason);
    }
    let lookup = response.request().extensions_mut().remove::<Lookup>();
    if let Some(lookup) = lookup {
        end(lookup, &response);
    }
    Ok(response)
}

/// The lookup of a device's token, which its use case did.
fn end(lookup: Lookup, response: &ServiceResponse) {
    match failure(response).map(Failure::code) {
        Some("unknown_device") => lookup.missed(),
        None if response.status().is_success() => lookup.found(),
        _ => {}
    }
}

fn failure(response: &ServiceResponse) -> Option<&Failure> {
    response.response().error().and_then(|error| error.as_error::<Failure>())
}

fn reason(response: &ServiceResponse) -> Option<&'static str> {
    let is_too_often = response.status() == StatusCode::TOO_MANY_REQUESTS;
    // A sign-in that comes too often is answered by a page, and what is packed before anything is read: without the failure.
    let Some(failure) = failure(response) else {
        let is_packed = response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return is_too_often.then_some("too_many_requests").or(is_packed.then_some("packed_body"));
    };
    let by_id = || response.request().match_pattern().is_some_and(|route| route.contains('{'));
    match failure.code() {
        code @ ("forbidden" | "foreign_site" | "sign_in_again" | "second_factor_needed") => Some(code),
        code @ "not_found" if by_id() => Some(code),
        code @ ("invalid" | "malformed" | "too_large" | "unsupported_media_type") => Some(code),
        code if is_too_often => Some(code),
        _ => None,
    }
}

fn tell(response: &ServiceResponse, reason: &'static str) {
    let request = response.request();
    let asked = request.extensions().get::<Asked>().cloned();
    let (app, corp, member) = match (asked, reason) {
        (Some(asked), _) => (asked.app, asked.corp, Some(asked.member)),
        // Who has not signed in is refused everything, and that is told by no one.
        (None, "forbidden" | "not_found") => return,
        (None, _) => {
            let Ok(at) = who::at_school(request) else { return };
            let Ok(corp) = at.school().map(app::School::corp) else { return };
            (at.app, corp, None)
        }
    };
    let Some(config) = request.app_data::<Data<Config>>() else { return };
    let route = request.match_pattern().unwrap_or_default();
    let operation = format!("{} {route}", request.method());
    let network = auth::network(request, config);
    let origin = Origin { channel: auth::channel(request), network: &network };
    security_events::refused(&app, corp, member, reason, operation, origin);
}
