//! Notes who was refused what: an operation that is not theirs, or something asked for by an id that is not theirs or not there.

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use app::security_events::{self, Origin};

use super::{problem::Failure, routes::auth, who::Asked};
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
    Ok(response)
}

fn reason(response: &ServiceResponse) -> Option<&'static str> {
    let failure = response.response().error()?.as_error::<Failure>()?;
    let by_id = || response.request().match_pattern().is_some_and(|route| route.contains('{'));
    match failure.code() {
        code @ "forbidden" => Some(code),
        code @ "not_found" if by_id() => Some(code),
        _ => None,
    }
}

fn tell(response: &ServiceResponse, reason: &'static str) {
    let request = response.request();
    let Some(asked) = request.extensions().get::<Asked>().cloned() else { return };
    let Some(config) = request.app_data::<Data<Config>>() else { return };
    let route = request.match_pattern().unwrap_or_default();
    let operation = format!("{} {route}", request.method());
    let network = auth::network(request, config);
    let origin = Origin { channel: auth::channel(request), network: &network };
    security_events::refused(&asked.app, asked.corp, asked.member, reason, operation, origin);
}
