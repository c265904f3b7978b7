//! 二次验证: mine, and the end of another's.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use app::{
    second_factors::{self, Mine},
    security_events::Origin,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth;
use crate::{
    config::Config,
    http::{
        input::Json,
        openapi::{Refusals, WriteRefusals},
        problem::Answer,
        who::{SESSION, SignedIn},
    },
};

/// How my second factor stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct MySecondFactor {
    #[schema(value_type = SecondFactorRule)]
    rule: &'static str,
    /// Whether it belongs to what I may do, so that I can set one up.
    wanted: bool,
    /// Since when there is one; null: there is none.
    confirmed_at: Option<DateTime<Utc>>,
    /// Codes for a lost phone that were not used yet.
    recoveries_left: i64,
}

/// What the school wants of those who change others' rights and data.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "names domain::second_factor::Rule in the document")]
enum SecondFactorRule {
    /// Nobody is asked.
    Off,
    /// Whoever has one is asked for it.
    Optional,
    /// Whoever ought to have one does nothing dangerous without.
    Required,
}

/// A second factor that is being set up. Shown once.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondFactorBegun {
    /// As one types it into an authenticator.
    secret: String,
    /// The same as a QR code says it.
    uri: String,
}

/// A code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorCode {
    /// Six digits of the authenticator, or a code for a lost phone.
    code: String,
}

/// What takes the place of a code when the phone is lost. Shown once.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondFactorConfirmed {
    /// Each good once.
    recovery_codes: Vec<String>,
}

/// Whose second factor is to be removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetSecondFactor {
    /// As WeCom gives it, whatever the case.
    userid: String,
}

/// Whether there was one.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondFactorReset {
    removed: bool,
}

/// The cookie of the session that asks. Whoever is signed in has one.
fn own(request: &HttpRequest) -> Answer<String> {
    let cookie = request.cookie(SESSION).ok_or(app::Error::NotSignedIn)?;
    Ok(cookie.value().to_owned())
}

/// How my second factor stands.
#[utoipa::path(
    operation_id = "second_factors_get",
    tag = "me", security(("session" = [])), responses((status = 200, body = MySecondFactor), Refusals))]
#[get("/me/second-factor")]
pub async fn get(who: SignedIn) -> Answer<web::Json<MySecondFactor>> {
    let (app, school, viewer) = who.parts()?;
    let Mine { rule, wanted, confirmed_at, recoveries_left } =
        second_factors::get(app, school, viewer).await?;
    Ok(web::Json(MySecondFactor { rule: rule.as_str(), wanted, confirmed_at, recoveries_left }))
}

/// Begins to set up a second factor; it counts once a code of it was shown.
#[utoipa::path(
    operation_id = "second_factors_begin",
    tag = "me", security(("session" = [])),
    responses((status = 200, body = SecondFactorBegun), Refusals, WriteRefusals))]
#[post("/me/second-factor")]
pub async fn begin(who: SignedIn) -> Answer<web::Json<SecondFactorBegun>> {
    let (app, school, viewer) = who.just_signed_in_parts()?;
    let begun = second_factors::begin(app, school, viewer).await?;
    Ok(web::Json(SecondFactorBegun { secret: begun.secret, uri: begun.uri }))
}

/// Shows a code of what was begun. Gives the codes for a lost phone, this once. Five wrong ones in five minutes, and none is taken.
#[utoipa::path(
    operation_id = "second_factors_confirm",
    tag = "me", security(("session" = [])), request_body = SecondFactorCode,
    responses((status = 200, body = SecondFactorConfirmed), Refusals, WriteRefusals))]
#[post("/me/second-factor/confirmation")]
pub async fn confirm(
    who: SignedIn,
    request: HttpRequest,
    config: web::Data<Config>,
    body: Json<SecondFactorCode>,
) -> Answer<web::Json<SecondFactorConfirmed>> {
    let (app, school, viewer) = who.parts()?;
    let network = auth::network(&request, &config);
    let origin = Origin { channel: auth::channel(&request), network: &network };
    let (session, code) = (own(&request)?, &body.0.code);
    let recovery_codes = second_factors::confirm(app, school, viewer, &session, code, origin).await?;
    Ok(web::Json(SecondFactorConfirmed { recovery_codes }))
}

/// Proves me by a code: for some minutes this session may do dangerous acts. Five wrong ones in five minutes, and none is taken.
#[utoipa::path(
    operation_id = "second_factors_prove",
    tag = "me", security(("session" = [])), request_body = SecondFactorCode,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/me/second-factor/proof")]
pub async fn prove(
    who: SignedIn,
    request: HttpRequest,
    config: web::Data<Config>,
    body: Json<SecondFactorCode>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let network = auth::network(&request, &config);
    let origin = Origin { channel: auth::channel(&request), network: &network };
    second_factors::prove(app, school, viewer, &own(&request)?, &body.0.code, origin).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Removes my second factor by a code.
#[utoipa::path(
    operation_id = "second_factors_remove",
    tag = "me", security(("session" = [])), request_body = SecondFactorCode,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/me/second-factor/removal")]
pub async fn remove(
    who: SignedIn,
    request: HttpRequest,
    config: web::Data<Config>,
    body: Json<SecondFactorCode>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.just_signed_in_parts()?;
    let network = auth::network(&request, &config);
    let origin = Origin { channel: auth::channel(&request), network: &network };
    second_factors::remove(app, school, viewer, &body.0.code, origin).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Removes the second factor of another account: phone and codes are lost. Whose it was is told.
#[utoipa::path(
    operation_id = "accounts_reset_second_factor",
    tag = "accounts", security(("session" = [])), request_body = ResetSecondFactor,
    responses((status = 200, body = SecondFactorReset), Refusals, WriteRefusals))]
#[post("/accounts/second-factor/reset")]
pub async fn reset_of_account(
    who: SignedIn,
    body: Json<ResetSecondFactor>,
) -> Answer<web::Json<SecondFactorReset>> {
    let (app, school, viewer) = who.fresh_parts()?;
    let removed = second_factors::reset(app, school, viewer, body.0.userid.trim()).await?;
    Ok(web::Json(SecondFactorReset { removed }))
}
