//! Who asks: the school follows from the host name, the viewer from the session cookie.

use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::header::{self, USER_AGENT},
    web::Data,
};
use app::{App, School, platform::visits, sign_in};
use chrono::TimeDelta;
use domain::{CorpId, policy::Viewer};
use futures_util::future::LocalBoxFuture;

use super::{
    Hosts,
    problem::{Answer, Failure},
};
use crate::config::Config;

/// The session cookie. `__Host-`: this host only, secure, whole site.
pub const SESSION: &str = "__Host-session";
/// The cookie that binds a sign-in to its browser.
pub const BINDING: &str = "__Host-sign-in";
/// Set when a sign-in was started again, so that it happens once.
pub const AGAIN: &str = "__Host-again";

/// A cookie as all of ours are. An explicit life: iOS web views forget session cookies.
pub fn cookie(name: &'static str, value: String, life: TimeDelta) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(life.num_seconds()))
        .finish()
}

/// The end of a cookie.
pub fn forget(name: &'static str) -> Cookie<'static> {
    cookie(name, String::new(), TimeDelta::zero())
}

/// The school the host name leads to.
#[derive(Debug, Clone)]
pub struct AtSchool {
    /// All use cases.
    pub app: App,
    corp: CorpId,
}

impl AtSchool {
    /// The school.
    pub fn school(&self) -> Answer<&School> {
        Ok(self.app.school(self.corp)?)
    }
}

fn at_school(request: &HttpRequest) -> Answer<AtSchool> {
    let unknown = || Failure::http("unknown_host");
    let app = request.app_data::<Data<App>>().ok_or_else(unknown)?;
    let hosts = request.app_data::<Data<Hosts>>().ok_or_else(unknown)?;
    let info = request.connection_info();
    let host = info.host().rsplit_once(':').map_or(info.host(), |(host, _)| host).to_lowercase();
    let corp = hosts.0.get(&host).copied().ok_or_else(unknown)?;
    Ok(AtSchool { app: app.get_ref().clone(), corp })
}

impl FromRequest for AtSchool {
    type Error = Failure;
    type Future = std::future::Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(at_school(request))
    }
}

/// A signed-in viewer. A handler that takes this can't be reached by anybody else.
#[derive(Debug)]
pub struct SignedIn {
    /// The school and all use cases.
    pub at: AtSchool,
    /// Who.
    pub viewer: Viewer,
    /// Whether they signed in a moment ago. Known of whoever changes something; who only looks is not asked.
    is_fresh: bool,
}

impl SignedIn {
    /// What every use case takes.
    pub fn parts(&self) -> Answer<(&App, &School, &Viewer)> {
        Ok((&self.at.app, self.at.school()?, &self.viewer))
    }

    /// The same for dangerous acts: whoever finds a screen unlocked hours after somebody signed in is not to do them.
    pub fn fresh_parts(&self) -> Answer<(&App, &School, &Viewer)> {
        if self.is_fresh { self.parts() } else { Err(Failure::http("sign_in_again")) }
    }
}

impl FromRequest for SignedIn {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let at = at_school(request);
        let session = request.cookie(SESSION).map(|cookie| cookie.value().to_owned());
        let limits = request.app_data::<Data<super::limits::Limits>>().cloned();
        let path = request.path().to_owned();
        let only_looks = request.method().is_safe();
        let browser = request.headers().get(USER_AGENT).cloned();
        let fresh = request
            .app_data::<Data<Config>>()
            .map(|config| TimeDelta::minutes(config.server.fresh_sign_in_minutes.into()));
        Box::pin(async move {
            let at = at?;
            let session = session.ok_or(app::Error::NotSignedIn)?;
            let (viewer, signed_in_at) = if only_looks {
                (sign_in::remembered_viewer(&at.app, at.school()?, &session).await?, None)
            } else {
                sign_in::viewer(&at.app, at.school()?, &session).await?.unzip()
            };
            let is_fresh = signed_in_at.zip(fresh).is_some_and(|(since, life)| at.app.now() - since <= life);
            let viewer = viewer.ok_or(app::Error::NotSignedIn)?;
            if let Some(limits) = limits {
                limits.check_member(viewer.corp, viewer.member)?;
            }
            let browser = browser.as_ref().and_then(|words| words.to_str().ok()).unwrap_or_default();
            visits::note(&at.app, at.school()?, &viewer, &path, browser);
            Ok(Self { at, viewer, is_fresh })
        })
    }
}

/// A device at a gate: no member, with a token of its own. Whether the token is worth anything the use case finds out, in
/// the transaction of the work.
#[derive(Debug)]
pub struct AtGate {
    /// The school and all use cases.
    pub at: AtSchool,
    token: String,
}

impl AtGate {
    /// What the use cases of devices take.
    pub fn parts(&self) -> Answer<(&App, &School, &str)> {
        Ok((&self.at.app, self.at.school()?, self.token.as_str()))
    }
}

impl FromRequest for AtGate {
    type Error = Failure;
    type Future = std::future::Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = authorization(request, "Bearer");
        std::future::ready(at_school(request).and_then(|at| Ok(Self { at, token: token? })))
    }
}

/// A device that brings the code it is to be paired by.
#[derive(Debug)]
pub struct Pairing {
    /// The school and all use cases.
    pub at: AtSchool,
    code: String,
}

impl Pairing {
    /// What pairing takes.
    pub fn parts(&self) -> Answer<(&App, &School, &str)> {
        Ok((&self.at.app, self.at.school()?, self.code.as_str()))
    }
}

impl FromRequest for Pairing {
    type Error = Failure;
    type Future = std::future::Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let code = authorization(request, "Pairing");
        std::future::ready(at_school(request).and_then(|at| Ok(Self { at, code: code? })))
    }
}

/// A visitor, who has no account: who they are is what their link has behind its `#`.
#[derive(Debug)]
pub struct Visitor {
    /// The school and all use cases.
    pub at: AtSchool,
    token: String,
}

impl Visitor {
    /// What the use cases of visitors take.
    pub fn parts(&self) -> Answer<(&App, &School, &str)> {
        Ok((&self.at.app, self.at.school()?, self.token.as_str()))
    }
}

impl FromRequest for Visitor {
    type Error = Failure;
    type Future = std::future::Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = authorization(request, "Visit").map_err(|_| Failure::from(app::Error::UnknownVisit));
        std::future::ready(at_school(request).and_then(|at| Ok(Self { at, token: token? })))
    }
}

/// What an `Authorization` header of a scheme says.
fn authorization(request: &HttpRequest, scheme: &str) -> Answer<String> {
    let unknown = || Failure::from(app::Error::UnknownDevice);
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (named, value) = header.and_then(|text| text.split_once(' ')).ok_or_else(unknown)?;
    let value = value.trim();
    if !named.eq_ignore_ascii_case(scheme) || value.is_empty() || value.len() > 128 {
        return Err(unknown());
    }
    Ok(value.to_owned())
}
