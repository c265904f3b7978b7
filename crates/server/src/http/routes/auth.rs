//! Sign-in and sign-out: redirects and cookies. The rules are in `app::sign_in`.

use std::net::{IpAddr, SocketAddr};

use actix_web::{HttpRequest, HttpResponse, get, http::header, post, web::Data};
use app::sign_in::{self, Channel, Outcome, Return};
use domain::{security_event, session::Device};
use serde::Deserialize;

use crate::{
    config::Config,
    http::{
        input::Query,
        limits::Limits,
        problem::{Answer, Failure},
        who::{AGAIN, AtSchool, BINDING, SESSION, cookie, forget, host},
    },
};

#[derive(Deserialize)]
struct Start {
    #[serde(default = "home")]
    to: String,
}

fn home() -> String {
    "/".into()
}

/// Sends the browser to WeCom.
#[get("/auth/start")]
pub async fn start(
    request: HttpRequest,
    at: AtSchool,
    query: Query<Start>,
    limits: Data<Limits>,
    config: Data<Config>,
) -> HttpResponse {
    begin(&request, &at, &query.0, &limits, &config).await.unwrap_or_else(Failure::page)
}

async fn begin(
    request: &HttpRequest,
    at: &AtSchool,
    query: &Start,
    limits: &Limits,
    config: &Config,
) -> Answer<HttpResponse> {
    address_checked(request, limits, config)?;
    let channel = Channel::of_user_agent(user_agent(request));
    let binding = request.cookie(BINDING);
    let binding = binding.as_ref().map(|cookie| cookie.value());
    // Back to the host the browser came to: its cookies are that host's.
    let origin = origin(request, config);
    let started = sign_in::start(&at.app, at.school()?, channel, &origin, &query.to, binding).await?;
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, started.location))
        .cookie(cookie(BINDING, started.binding, sign_in::FLOW_LIFE))
        .finish())
}

/// Refuses an address that begins too many ways to WeCom.
pub(super) fn address_checked(request: &HttpRequest, limits: &Limits, config: &Config) -> Answer<()> {
    limits.check_address(client_address(request, &config.server.trusted_proxies))
}

/// Refuses an address that opens too many links of visitors.
pub(super) fn visit_checked(request: &HttpRequest, limits: &Limits, config: &Config) -> Answer<()> {
    limits.check_visit(client_address(request, &config.server.trusted_proxies))
}

/// Whether it is 企业微信's own browser.
pub(super) fn is_in_client(request: &HttpRequest) -> bool {
    channel(request) == Channel::InClient
}

/// Inside 企业微信, or a browser.
pub fn channel(request: &HttpRequest) -> Channel {
    Channel::of_user_agent(user_agent(request))
}

/// The network the browser is in, as security events keep it; empty: unknown.
pub fn network(request: &HttpRequest, config: &Config) -> String {
    client_address(request, &config.server.trusted_proxies).map(security_event::network).unwrap_or_default()
}

/// What the browser calls itself.
fn user_agent(request: &HttpRequest) -> &str {
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or_default()
}

/// Where the browser came to: scheme, host and port.
pub fn origin(request: &HttpRequest, config: &Config) -> String {
    let scheme = config.server.public_url.split_once("://").map_or("https", |(scheme, _)| scheme);
    format!("{scheme}://{}", host(request))
}

#[derive(Deserialize)]
struct Callback {
    /// Missing when the member did not agree.
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

/// Takes the browser back from WeCom.
#[get("/auth/callback")]
pub async fn callback(
    request: HttpRequest,
    at: AtSchool,
    query: Query<Callback>,
    limits: Data<Limits>,
    config: Data<Config>,
) -> HttpResponse {
    end(&request, &at, &query.0, &limits, &config).await.unwrap_or_else(Failure::page)
}

async fn end(
    request: &HttpRequest,
    at: &AtSchool,
    query: &Callback,
    limits: &Limits,
    config: &Config,
) -> Answer<HttpResponse> {
    limits.check_return(client_address(request, &config.server.trusted_proxies))?;
    let value = |name| request.cookie(name).map(|cookie| cookie.value().to_owned());
    let (binding, session) = (value(BINDING), value(SESSION));
    let back = Return {
        code: &query.code,
        state: &query.state,
        binding: binding.as_deref(),
        session: session.as_deref(),
    };
    let see = |to: &str| {
        let mut response = HttpResponse::SeeOther();
        response.insert_header((header::LOCATION, to.to_owned()));
        response
    };
    let device = Device::of_user_agent(user_agent(request));
    let network = network(request, config);
    Ok(match sign_in::finish(&at.app, at.school()?, back, device, &network).await? {
        Outcome::SignedIn { session, to } => {
            limits.strangers.given(&session);
            see(&to).cookie(cookie(SESSION, session, sign_in::ABSOLUTE)).cookie(forget(AGAIN)).finish()
        }
        Outcome::Already { to } => see(&to).finish(),
        Outcome::Again { to } if request.cookie(AGAIN).is_none() => {
            let query: String =
                url::form_urlencoded::Serializer::new(String::new()).append_pair("to", &to).finish();
            see(&format!("/auth/start?{query}"))
                .cookie(cookie(AGAIN, "1".into(), chrono::TimeDelta::minutes(1)))
                .finish()
        }
        Outcome::Again { .. } => return Err(Failure::http("sign_in_failed")),
        Outcome::Foreign => return Err(Failure::http("foreign_sign_in")),
        Outcome::Stranger => return Err(Failure::http("unknown_member")),
    })
}

/// Ends the session.
#[post("/auth/sign-out")]
pub async fn sign_out(
    request: HttpRequest,
    at: AtSchool,
    limits: Data<Limits>,
    config: Data<Config>,
) -> Answer<HttpResponse> {
    limits.check_return(client_address(&request, &config.server.trusted_proxies))?;
    if let Some(session) = request.cookie(SESSION) {
        sign_in::sign_out(&at.app, at.school()?, session.value()).await?;
    }
    Ok(HttpResponse::NoContent()
        .insert_header(("Clear-Site-Data", "\"cache\", \"storage\""))
        .cookie(forget(SESSION))
        .finish())
}

/// The address of the client: the peer's, or what a proxy we trust says. Where it says nothing we can read, the proxy's own: then all
/// who come through it share one limit, rather than nobody having any.
fn client_address(request: &HttpRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    // The last hop before us is the only one our proxy vouches for: some proxies add to the line, others add a line.
    let forwarded = request.headers().get_all("x-forwarded-for").last().and_then(|line| line.to_str().ok());
    let last = forwarded.and_then(|line| line.rsplit(',').next()).map(str::trim);
    // Some name the port too.
    let address =
        last.and_then(|last| last.parse().or_else(|_| last.parse().map(|of: SocketAddr| of.ip())).ok());
    Some(address.unwrap_or(peer))
}
