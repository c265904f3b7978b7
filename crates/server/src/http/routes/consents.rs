//! A member's way to WeCom's page of consent and back, and taking it back. The rules are in `app::consents`.

use actix_web::{HttpRequest, HttpResponse, delete, get, http::header, web::Data};
use app::{
    consents::{self, Outcome, PAGE},
    sign_in::{self, Return},
};
use serde::Deserialize;

use super::auth::{address_checked, is_in_client, origin};
use crate::{
    config::Config,
    http::{
        input::Query,
        limits::Limits,
        openapi::{Refusals, WriteRefusals},
        problem::{Answer, Failure},
        who::{BINDING, SignedIn, cookie},
    },
};

/// Back to the member's data, which says how it ended.
fn page(outcome: Outcome) -> HttpResponse {
    let to = match outcome {
        Outcome::Before => PAGE.to_owned(),
        outcome => format!("{PAGE}?consent={}", outcome.as_str()),
    };
    HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish()
}

/// A browser whose session has ended comes by a link: it signs in first and is at the page then.
fn sign_in_first() -> HttpResponse {
    let to = format!("/auth/start?to={PAGE}");
    HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish()
}

/// Sends the member to WeCom's page of consent.
#[get("/auth/consent")]
pub async fn start(
    request: HttpRequest,
    who: Answer<SignedIn>,
    limits: Data<Limits>,
    config: Data<Config>,
) -> HttpResponse {
    let Ok(who) = who else { return sign_in_first() };
    begin(&request, &who, &limits, &config).await.unwrap_or_else(Failure::page)
}

async fn begin(
    request: &HttpRequest,
    who: &SignedIn,
    limits: &Limits,
    config: &Config,
) -> Answer<HttpResponse> {
    address_checked(request, limits, config)?;
    let (app, school, viewer) = who.parts()?;
    // The page of consent is one of the client's (doc 91022); a browser on a PC has none.
    if !is_in_client(request) {
        return Ok(page(Outcome::Elsewhere));
    }
    let binding = request.cookie(BINDING);
    let binding = binding.as_ref().map(|cookie| cookie.value());
    let started = consents::start(app, school, viewer, &origin(request, config), binding).await?;
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, started.location))
        .cookie(cookie(BINDING, started.binding, sign_in::FLOW_LIFE))
        .finish())
}

#[derive(Deserialize)]
struct Callback {
    /// Missing when the member did not agree.
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

/// Takes the member back from WeCom.
#[get("/auth/consent/callback")]
pub async fn callback(request: HttpRequest, who: Answer<SignedIn>, query: Query<Callback>) -> HttpResponse {
    let Ok(who) = who else { return sign_in_first() };
    end(&request, &who, &query.0).await.unwrap_or_else(Failure::page)
}

async fn end(request: &HttpRequest, who: &SignedIn, query: &Callback) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let binding = request.cookie(BINDING);
    let back = Return {
        code: &query.code,
        state: &query.state,
        binding: binding.as_ref().map(|cookie| cookie.value()),
        session: None,
    };
    Ok(page(consents::finish(app, school, viewer, back).await?))
}

/// Takes my consent back: what WeCom showed is deleted, and what is on record falls back to the roster. Once more does
/// nothing.
#[utoipa::path(
    operation_id = "consents_withdraw",
    tag = "me", security(("session" = [])), responses((status = 204), Refusals, WriteRefusals))]
#[delete("/me/consent")]
pub async fn withdraw(who: SignedIn) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    consents::withdraw(app, school, viewer).await?;
    Ok(HttpResponse::NoContent().finish())
}
