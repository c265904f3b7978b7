//! Who asks: the school follows from the host name, the viewer from the session cookie.

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::header::{self, USER_AGENT},
    web::Data,
};
use app::{
    App, School,
    platform::visits,
    sign_in::{self, Present},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{CorpId, MemberId, policy::Viewer, second_factor::Standing};
use futures_util::future::LocalBoxFuture;

use super::{
    Hosts, limits,
    problem::{Answer, Failure},
    strangers::Lookup,
};
use crate::config::{Config, Server};

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

/// The host a request names, with its port: its own, and not what a header says that a proxy would set, or anybody.
pub(super) fn host(request: &HttpRequest) -> &str {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    named.or_else(|| request.uri().authority().map(|authority| authority.as_str())).unwrap_or_default()
}

/// The school of a request, whoever asks.
pub(super) fn at_school(request: &HttpRequest) -> Answer<AtSchool> {
    let unknown = || Failure::http("unknown_host");
    let app = request.app_data::<Data<App>>().ok_or_else(unknown)?;
    let hosts = request.app_data::<Data<Hosts>>().ok_or_else(unknown)?;
    let named = host(request);
    let host = named.rsplit_once(':').map_or(named, |(host, _)| host).to_lowercase();
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
    /// How sure it is that it is still them. Of who only looks it is known whether they signed in today.
    sure: Sure,
}

/// How sure it is that whoever asks is who signed in.
#[derive(Debug, Clone, Copy)]
struct Sure {
    /// They signed in a moment ago.
    just_signed_in: bool,
    /// … or some hours ago.
    recently: bool,
    /// A moment ago, and proved themselves by their second factor; else the code of what is missing.
    fresh: Result<(), &'static str>,
}

impl Sure {
    /// Of somebody of whom nothing is known but that they have the cookie.
    const NOT_ASKED: Self = Self { just_signed_in: false, recently: false, fresh: Err("sign_in_again") };

    /// Of somebody who only looks: nothing that is dangerous is a look.
    fn of_looking(since: DateTime<Utc>, server: &Server, now: DateTime<Utc>) -> Self {
        Self { recently: Self::is_recent(since, server, now), ..Self::NOT_ASKED }
    }

    fn is_within(minutes: u32, at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        now - at <= TimeDelta::minutes(minutes.into())
    }

    /// Whichever is longer: a school may make both what it likes.
    fn is_recent(since: DateTime<Utc>, server: &Server, now: DateTime<Utc>) -> bool {
        Self::is_within(server.reveal_sign_in_minutes.max(server.fresh_sign_in_minutes), since, now)
    }

    fn of(since: DateTime<Utc>, factor: Standing, server: &Server, now: DateTime<Utc>) -> Self {
        let is_fresh = |at: DateTime<Utc>| Self::is_within(server.fresh_sign_in_minutes, at, now);
        let fresh = match factor {
            _ if !is_fresh(since) => Err("sign_in_again"),
            Standing::NotAsked => Ok(()),
            Standing::Missing => Err("second_factor_missing"),
            Standing::Held { proven_at } if proven_at.is_some_and(is_fresh) => Ok(()),
            Standing::Held { .. } => Err("second_factor_needed"),
        };
        Self { just_signed_in: is_fresh(since), recently: Self::is_recent(since, server, now), fresh }
    }
}

/// Left with a request once it is known who asks: whoever refuses it later can say whom.
#[derive(Debug, Clone)]
pub struct Asked {
    /// All use cases.
    pub app: App,
    /// The school.
    pub corp: CorpId,
    /// The account.
    pub member: MemberId,
}

impl SignedIn {
    /// What every use case takes.
    pub fn parts(&self) -> Answer<(&App, &School, &Viewer)> {
        Ok((&self.at.app, self.at.school()?, &self.viewer))
    }

    /// The same for dangerous acts: whoever finds a screen unlocked hours after somebody signed in is not to do them, nor
    /// whoever signed in with another's phone and has not their authenticator.
    pub fn fresh_parts(&self) -> Answer<(&App, &School, &Viewer)> {
        self.sure.fresh.map_err(Failure::http)?;
        self.parts()
    }

    /// The same for setting up what [`fresh_parts`](Self::fresh_parts) asks for.
    pub fn just_signed_in_parts(&self) -> Answer<(&App, &School, &Viewer)> {
        if self.sure.just_signed_in { self.parts() } else { Err(Failure::http("sign_in_again")) }
    }

    /// The same for what is nobody else's to see, and what leaves the house by name: a phone in full, what somebody
    /// answered, a picture of them, a sheet of people.
    pub fn recent_parts(&self) -> Answer<(&App, &School, &Viewer)> {
        if self.sure.recently { self.parts() } else { Err(Failure::http("sign_in_again")) }
    }
}

impl FromRequest for SignedIn {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let at = at_school(request);
        let session = request.cookie(SESSION).map(|cookie| cookie.value().to_owned());
        let limits = request.app_data::<Data<limits::Limits>>().cloned();
        let path = request.path().to_owned();
        let only_looks = request.method().is_safe();
        let browser = request.headers().get(USER_AGENT).cloned();
        let config = request.app_data::<Data<Config>>().cloned();
        let request = request.clone();
        Box::pin(async move {
            let at = at?;
            let session = session.ok_or(app::Error::NotSignedIn)?;
            let lookup = Lookup::of_session(&request, &session).ok_or(app::Error::NotSignedIn)?;
            let found = if only_looks {
                let found = sign_in::remembered_viewer(&at.app, at.school()?, &session).await?;
                found.map(|(viewer, since)| {
                    let sure = config.as_ref().map_or(Sure::NOT_ASKED, |config| {
                        Sure::of_looking(since, &config.server, at.app.now())
                    });
                    (viewer, sure)
                })
            } else {
                let present = sign_in::viewer(&at.app, at.school()?, &session).await?;
                present.map(|Present { viewer, signed_in_at, factor }| {
                    let sure = config.as_ref().map_or(Sure::NOT_ASKED, |config| {
                        Sure::of(signed_in_at, factor, &config.server, at.app.now())
                    });
                    (viewer, sure)
                })
            };
            let Some((viewer, sure)) = found else {
                lookup.missed();
                return Err(Failure::from(app::Error::NotSignedIn));
            };
            lookup.found();
            let asked = Asked { app: at.app.clone(), corp: viewer.corp, member: viewer.member };
            request.extensions_mut().insert(asked);
            if let Some(limits) = limits {
                limits.check_member(viewer.corp, viewer.member)?;
            }
            let browser = browser.as_ref().and_then(|words| words.to_str().ok()).unwrap_or_default();
            visits::note(&at.app, at.school()?, &viewer, &path, browser);
            Ok(Self { at, viewer, sure })
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
    device: Option<limits::GateDevice>,
}

impl AtGate {
    /// Which device it is, for limits of its own; none: its token is new here.
    pub(super) fn device(&self) -> Option<limits::GateDevice> {
        self.device
    }

    /// What the use cases of devices take.
    pub fn parts(&self) -> Answer<(&App, &School, &str)> {
        Ok((&self.at.app, self.at.school()?, self.token.as_str()))
    }
}

impl FromRequest for AtGate {
    type Error = Failure;
    type Future = std::future::Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(at_gate(request))
    }
}

/// With its token on the way to be looked up: [`refusals::note`](super::refusals::note) sees how that ended.
fn at_gate(request: &HttpRequest) -> Answer<AtGate> {
    let at = at_school(request)?;
    let token = authorization(request, "Bearer")?;
    let lookup = Lookup::of_device(request, &token).ok_or_else(limits::too_many)?;
    let device = lookup.known().map(|name| (at.corp, name));
    if let Some(limits) = request.app_data::<Data<limits::Limits>>() {
        limits.check_device(device)?;
    }
    request.extensions_mut().insert(lookup);
    Ok(AtGate { at, token, device })
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
