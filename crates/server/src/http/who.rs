//! Who asks: the school follows from the host name, the viewer from the session cookie.

use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::header::USER_AGENT,
    web::Data,
};
use app::{App, School, platform::visits, sign_in};
use domain::{CorpId, policy::Viewer};
use futures_util::future::LocalBoxFuture;

use super::{
    Hosts,
    problem::{Answer, Failure},
};

/// The session cookie. `__Host-`: this host only, secure, whole site.
pub const SESSION: &str = "__Host-session";
/// The cookie that binds a sign-in to its browser.
pub const BINDING: &str = "__Host-sign-in";
/// Set when a sign-in was started again, so that it happens once.
pub const AGAIN: &str = "__Host-again";

/// A cookie as all of ours are. An explicit life: iOS web views forget session cookies.
pub fn cookie(name: &'static str, value: String, life: chrono::TimeDelta) -> Cookie<'static> {
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
    cookie(name, String::new(), chrono::TimeDelta::zero())
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
}

impl SignedIn {
    /// What every use case takes.
    pub fn parts(&self) -> Answer<(&App, &School, &Viewer)> {
        Ok((&self.at.app, self.at.school()?, &self.viewer))
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
        let browser = request.headers().get(USER_AGENT).cloned();
        Box::pin(async move {
            let at = at?;
            let session = session.ok_or(app::Error::NotSignedIn)?;
            let viewer =
                sign_in::viewer(&at.app, at.school()?, &session).await?.ok_or(app::Error::NotSignedIn)?;
            if let Some(limits) = limits {
                limits.check_member(viewer.corp, viewer.member)?;
            }
            let browser = browser.as_ref().and_then(|words| words.to_str().ok()).unwrap_or_default();
            visits::note(&at.app, at.school()?, &viewer, &path, browser);
            Ok(Self { at, viewer })
        })
    }
}
