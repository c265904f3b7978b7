//! Signing in through WeCom, and what a session is.
//!
//! WeCom may call back twice, with another code and the same state; Back replays the call. Each of these ends
//! signed in, and a code is exchanged at most once ever. Only hashes of states, bindings, codes and sessions are
//! kept.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    CorpId, MemberId,
    policy::Viewer,
    second_factor::Standing,
    security_event::{Failing, Kind},
    session::{self, Device},
};
use store::{
    AsyncPgConnection, jobs as queue,
    security_events::{self as events, Event},
    sessions::{self, Session},
    sign_in_flows::{self, SignInFlow},
    viewers,
};
use subtle::ConstantTimeEq;
use wecom::oauth::{Identity, Scope, is_code_spent};

pub use domain::session::Channel;

use crate::{
    App, Error, Result, School,
    jobs::refresh_member,
    remembered_viewers, secret,
    security_events::{self, Origin},
};

/// Life of a sign-in under way.
pub const FLOW_LIFE: TimeDelta = TimeDelta::minutes(10);
/// A session unused this long ends.
pub const IDLE: TimeDelta = TimeDelta::hours(2);
/// A session ends after this whatever happens.
pub const ABSOLUTE: TimeDelta = TimeDelta::hours(12);
/// A used session's clock is wound at most this often.
const TOUCH: TimeDelta = TimeDelta::minutes(1);

/// A sign-in begun.
#[derive(Debug)]
pub struct Started {
    /// Where to send the browser.
    pub location: String,
    /// The cookie that binds the sign-in to this browser.
    pub binding: String,
}

/// Whether a path may be returned to: relative to this host, and of this host.
pub fn is_return_path(path: &str) -> bool {
    path.len() <= 512
        && path.starts_with('/')
        && !path.starts_with("//")
        && !path.starts_with("/auth/")
        && !path.contains('\\')
        && path.chars().all(|c| !c.is_control())
}

/// Begins a sign-in that ends at `origin`, the address the browser came to: cookies are that host's. `binding` is
/// the browser's, if it has one from an earlier sign-in in another tab.
pub async fn start(
    app: &App,
    school: &School,
    channel: Channel,
    origin: &str,
    to: &str,
    binding: Option<&str>,
) -> Result<Started> {
    if !is_return_path(to) {
        return Err(Error::field("to", "登录后返回的地址必须是本站的相对路径，例如 /h5/"));
    }
    let (state, binding) = begin(app, school, to, binding, None).await?;
    let redirect = format!("{origin}/auth/callback");
    let location = match channel {
        Channel::InClient => school.wecom.authorize_url(&redirect, &state, Scope::Base),
        Channel::Browser => school.wecom.login_url(&redirect, &state),
    };
    Ok(Started { location: location.into(), binding })
}

/// Keeps a way to WeCom and back under a new state: a sign-in, or the consent of a member. Gives the state and the
/// cookie that binds it.
pub(crate) async fn begin(
    app: &App,
    school: &School,
    to: &str,
    binding: Option<&str>,
    consent_of: Option<MemberId>,
) -> Result<(String, String)> {
    let now = app.now();
    let state = secret::token()?;
    let binding = match binding
        .filter(|known| known.len() == 64 && known.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        Some(known) => known.to_owned(),
        None => secret::token()?,
    };
    let flow = SignInFlow {
        state_hash: secret::hash(state.as_bytes()),
        binding_hash: secret::hash(binding.as_bytes()),
        corp_id: school.corp(),
        return_to: to.to_owned(),
        created_at: now,
        expires_at: now + FLOW_LIFE,
        used_at: None,
        session_hash: None,
        consent_of,
    };
    let mut conn = app.store().control().await?;
    sign_in_flows::insert(&mut conn, &flow).await?;
    Ok((state, binding))
}

/// What is kept of a state.
pub(crate) fn state_hash(state: &str) -> Vec<u8> {
    secret::hash(state.as_bytes())
}

/// Whether a way was begun by the browser of this cookie.
pub(crate) fn is_bound(flow: &SignInFlow, binding: Option<&str>) -> bool {
    let binding_hash = secret::hash(binding.unwrap_or_default().as_bytes());
    bool::from(binding_hash.ct_eq(&flow.binding_hash))
}

/// Records a code before its exchange; false when it was seen before, by anyone.
pub(crate) async fn use_code(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    code: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(sign_in_flows::use_code(conn, corp, &secret::hash(code.as_bytes()), now).await?)
}

/// What the browser brings back from WeCom.
#[derive(Debug, Clone, Copy)]
pub struct Return<'a> {
    /// WeCom's code.
    pub code: &'a str,
    /// The state we sent.
    pub state: &'a str,
    /// The cookie that binds the sign-in to its browser.
    pub binding: Option<&'a str>,
    /// The browser's session, if it has one.
    pub session: Option<&'a str>,
}

/// How a return from WeCom ends.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new session: its cookie, and the page to go to.
    SignedIn {
        /// The cookie's value.
        session: String,
        /// The page.
        to: String,
    },
    /// This very session came from this flow: straight on.
    Already {
        /// The page.
        to: String,
    },
    /// Start again, once: the flow or its code is spent or has expired.
    Again {
        /// The page wanted.
        to: String,
    },
    /// The browser is not the one that began: someone else's link.
    Foreign,
    /// WeCom knows them, the school's directory does not, or they have left.
    Stranger,
}

/// Ends a sign-in with this browser, which comes from `network`. How it ended is kept among the security events.
pub async fn finish(
    app: &App,
    school: &School,
    back: Return<'_>,
    device: Device,
    network: &str,
) -> Result<Outcome> {
    let origin = Origin { channel: device.channel, network };
    let (outcome, failing) = match end(app, school, back, device, network).await {
        Err(error @ Error::Wecom(_)) => (Err(error), Some(Failing::Wecom)),
        Err(error) => (Err(error), None),
        Ok((outcome, failing)) => (Ok(outcome), failing),
    };
    if let Some(failing) = failing {
        security_events::sign_in_failed(app, school, failing, origin);
    }
    outcome
}

/// The same, with the check it ended at.
async fn end(
    app: &App,
    school: &School,
    back: Return<'_>,
    device: Device,
    network: &str,
) -> Result<(Outcome, Option<Failing>)> {
    let now = app.now();
    let state_hash = state_hash(back.state);
    let mut tx = app.store().unscoped().await?;
    let found = sign_in_flows::find(&mut tx, school.corp(), &state_hash, now).await?;
    // Somebody's way to consent signs nobody in.
    let Some(flow) = found.filter(|flow| flow.consent_of.is_none()) else {
        return Ok((Outcome::Again { to: "/".into() }, Some(Failing::UnknownState)));
    };
    if !is_bound(&flow, back.binding) {
        return Ok((Outcome::Foreign, Some(Failing::OtherBrowser)));
    }
    let to = flow.return_to;
    if flow.used_at.is_some() {
        let session_hash = back.session.map(|session| secret::hash(session.as_bytes()));
        let own = session_hash.is_some() && session_hash == flow.session_hash;
        return Ok(if own {
            (Outcome::Already { to }, None)
        } else {
            (Outcome::Again { to }, Some(Failing::SpentState))
        });
    }
    let first = use_code(&mut tx, school.corp(), back.code, now).await?
        && sign_in_flows::take(&mut tx, school.corp(), &state_hash, now).await?;
    tx.commit().await?;
    if !first {
        return Ok((Outcome::Again { to }, Some(Failing::SpentCode)));
    }

    let userid = match school.wecom.user_info(back.code).await {
        Ok(Identity::Member { userid, .. }) => userid,
        Ok(Identity::Outsider) => return Ok((Outcome::Stranger, Some(Failing::Stranger))),
        Err(error) if is_code_spent(&error) => {
            return Ok((Outcome::Again { to }, Some(Failing::SpentCode)));
        }
        Err(error) => return Err(error.into()),
    };
    let Some(member) = find_member(app, school, &userid).await? else {
        return Ok((Outcome::Stranger, Some(Failing::Stranger)));
    };

    let token = secret::token()?;
    let session = Session {
        session_hash: secret::hash(token.as_bytes()),
        corp_id: school.corp(),
        member_id: member,
        signed_in_at: now,
        seen_at: now,
        idle_until: now + IDLE,
        ends_at: now + ABSOLUTE,
        channel: device.channel.as_str(),
        system: device.system.as_str(),
        browser: device.browser.as_str(),
    };
    let corp = school.corp();
    let event = Event {
        kind: Kind::SignedIn,
        member: Some(member),
        reason: "",
        channel: device.channel,
        network,
        operation: "",
        at: now,
    };
    let mut tx = app.store().scoped(corp).await?;
    sessions::lock(&mut tx, corp, member).await?;
    if let Some(old) = back.session {
        sessions::delete(&mut tx, corp, &secret::hash(old.as_bytes())).await?;
    }
    sessions::insert(&mut tx, &session).await?;
    let ended = sessions::end_beyond(&mut tx, corp, member, session.channel, session::MOST, now).await?;
    sign_in_flows::finish(&mut tx, corp, &state_hash, &session.session_hash).await?;
    events::add(&mut tx, corp, event, 1).await?;
    tx.commit().await?;
    remembered_viewers::forget(app, school, &ended).await;
    Ok((Outcome::SignedIn { session: token, to }, None))
}

/// The account of a userid. One the mirror has not seen yet is looked at by a job: the member comes back in a moment.
async fn find_member(app: &App, school: &School, userid: &str) -> Result<Option<i64>> {
    let mut tx = app.store().scoped(school.corp()).await?;
    let found = viewers::member_of(&mut tx, school.corp(), userid).await?;
    if found.is_none() {
        let now = app.now();
        queue::add(&mut tx, &refresh_member::job(school.corp(), userid, now), now).await?;
    }
    tx.commit().await?;
    if found.is_none() {
        app.job_added().notify_one();
    }
    Ok(found)
}

/// The viewer of a session cookie and when they signed in, if the session holds and its member is still there; for somebody
/// who only looks, as it was known up to three seconds ago.
pub async fn remembered_viewer(
    app: &App,
    school: &School,
    session: &str,
) -> Result<Option<(Viewer, DateTime<Utc>)>> {
    let hash = secret::hash(session.as_bytes());
    if let Some(known) = remembered_viewers::recall(app, school, &hash).await {
        return Ok(Some(known));
    }
    let Some(Present { viewer, signed_in_at, .. }) = viewer(app, school, session).await? else {
        return Ok(None);
    };
    remembered_viewers::remember(app, school, &hash, &viewer, signed_in_at).await;
    Ok(Some((viewer, signed_in_at)))
}

/// Who is there now, and how sure that is.
#[derive(Debug)]
pub struct Present {
    /// Who.
    pub viewer: Viewer,
    /// When they signed in.
    pub signed_in_at: DateTime<Utc>,
    /// Whether a second factor is asked for, and when it was last shown.
    pub factor: Standing,
}

/// The same as it is now: for whoever is about to change something.
pub async fn viewer(app: &App, school: &School, session: &str) -> Result<Option<Present>> {
    let hash = secret::hash(session.as_bytes());
    let now = app.now();
    let (corp, today) = (school.corp(), school.today(now));
    let mut conn = app.store().control().await?;
    let found = viewers::of_session(&mut conn, corp, &hash, today, now).await?;
    // Not kept while somebody waits for the next one.
    drop(conn);
    let Some(session) = found else { return Ok(None) };
    if session.viewer.is_none() {
        // The member has left or is disabled. Should they come back, they sign in anew.
        let mut tx = app.store().scoped(school.corp()).await?;
        sessions::delete(&mut tx, school.corp(), &hash).await?;
        tx.commit().await?;
    } else if now - session.seen_at > TOUCH {
        let mut tx = app.store().scoped(school.corp()).await?;
        sessions::touch(&mut tx, school.corp(), &hash, now, now + IDLE).await?;
        tx.commit().await?;
    }
    let (held, proven_at) = (session.has_factor, session.proven_at);
    Ok(session.viewer.map(|viewer| {
        let wanted = viewer.wants_second_factor();
        let factor = Standing::of(school.second_factor, wanted, held, proven_at);
        Present { viewer, signed_in_at: session.signed_in_at, factor }
    }))
}

/// Ends a session.
pub async fn sign_out(app: &App, school: &School, session: &str) -> Result<()> {
    let hash = secret::hash(session.as_bytes());
    let mut conn = app.store().control().await?;
    sessions::delete(&mut conn, school.corp(), &hash).await?;
    remembered_viewers::forget(app, school, &[hash]).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_return_path;

    #[test]
    fn only_paths_of_this_host_are_returned_to() {
        for path in ["/", "/h5/", "/h5/reports?form=health-daily", "/admin/statistics#a"] {
            assert!(is_return_path(path), "{path}");
        }
        for path in
            ["", "h5", "//evil.example", "/\\evil.example", "https://evil.example", "/auth/start", "/a\nb"]
        {
            assert!(!is_return_path(path), "{path}");
        }
    }
}
