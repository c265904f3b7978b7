//! 二次验证: whoever changes others' rights or data sets one up, proves themselves by it before a dangerous act, and removes it
//! by a code; whoever has lost it has it reset by an administrator, and reads who did.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    CorpId, MemberId,
    audit::Act,
    policy::{Action, Viewer},
    second_factor::{self, Given, RECOVERY_CODES, Rule, TRIES, TRIES_WITHIN},
    security_event::Kind,
};
use store::{
    Scoped,
    access_log::{self, Access},
    audit::{self, Event},
    members,
    second_factors::{self as rows, SecondFactor, secret_place},
    security_events::{self as events, Event as SecurityEvent},
    sessions,
};

use crate::{
    App, Error, Result, School,
    notices::{self, Notice},
    secret,
    security_events::Origin,
};

/// How one's own stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mine {
    /// What the school wants.
    pub rule: Rule,
    /// Whether it belongs to what I may do.
    pub wanted: bool,
    /// Since when there is one; none: there is none.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Codes for a lost phone that were not used yet.
    pub recoveries_left: i64,
}

/// How one's own stands.
pub async fn get(app: &App, school: &School, viewer: &Viewer) -> Result<Mine> {
    let corp = school.corp();
    let mut tx = app.store().reading(corp).await?;
    let confirmed = rows::confirmed(&mut tx, corp, viewer.member).await?;
    tx.commit().await?;
    let (confirmed_at, recoveries_left) = confirmed.map_or((None, 0), |(at, left)| (Some(at), left));
    Ok(Mine { rule: school.second_factor, wanted: is_wanted(school, viewer), confirmed_at, recoveries_left })
}

fn is_wanted(school: &School, viewer: &Viewer) -> bool {
    school.second_factor != Rule::Off && viewer.wants_second_factor()
}

/// A second factor that is being set up: shown once, and never again.
pub struct Begun {
    /// The secret as one types it.
    pub secret: String,
    /// The same as a QR code says it.
    pub uri: String,
}

/// Neither.
impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Begun")
    }
}

/// Begins to set one up. It counts once a code of it was shown.
pub async fn begin(app: &App, school: &School, viewer: &Viewer) -> Result<Begun> {
    if !is_wanted(school, viewer) {
        return Err(Error::Forbidden);
    }
    let (corp, member) = (school.corp(), viewer.member);
    let bytes = secret::bytes::<{ second_factor::SECRET_BYTES }>()?;
    let sealed = app.store().keyring().seal(secret_place(corp, &member.to_string()), &bytes)?;
    let mut tx = app.store().scoped(corp).await?;
    if !rows::begin(&mut tx, corp, member, &sealed, app.now()).await? {
        return Err(Error::Overtaken("您已经设置了二次验证；要换手机，请先移除".into()));
    }
    tx.commit().await?;
    Ok(Begun {
        secret: second_factor::base32(&bytes),
        uri: second_factor::uri(&school.corp.name, &viewer.userid, &bytes),
    })
}

/// Shows that one holds what was begun: from now on it counts, for this session too. Gives the codes for a lost phone, each good
/// once, which are shown now and never again. `session`: the cookie of the one that asks.
pub async fn confirm(
    app: &App,
    school: &School,
    viewer: &Viewer,
    session: &str,
    code: &str,
    origin: Origin<'_>,
) -> Result<Vec<String>> {
    if !is_wanted(school, viewer) {
        return Err(Error::Forbidden);
    }
    let (corp, member, now) = (school.corp(), viewer.member, app.now());
    let Some(Given::Code(code)) = Given::parse(code) else { return Err(not_a_code()) };
    let mut tx = app.store().scoped(corp).await?;
    let begun = rows::lock(&mut tx, corp, member).await?.filter(|factor| factor.confirmed_at.is_none());
    let begun = begun.ok_or_else(|| Error::Overtaken("请从头开始设置二次验证".into()))?;
    // What was begun and left is not to be guessed by whoever comes to the screen: it would give them the codes for a lost phone.
    if events::wrong_codes(&mut tx, corp, member, now - TRIES_WITHIN).await? >= TRIES {
        return Err(Error::TriesTaken);
    }
    let bytes = open(app, corp, member, &begun)?;
    let Some(step) = second_factor::taken(&bytes, code, now, begun.used_step) else {
        events::add(&mut tx, corp, tried(false, member, "code", origin, now), 1).await?;
        tx.commit().await?;
        return Err(wrong_code());
    };
    rows::use_step(&mut tx, corp, member, step).await?;
    rows::confirm(&mut tx, corp, member, now).await?;
    let recoveries = (0..RECOVERY_CODES).map(|_| secret::recovery_code()).collect::<Result<Vec<String>>>()?;
    let hashes: Vec<Vec<u8>> =
        recoveries.iter().map(|recovery| second_factor::recovery_hash(&bytes, recovery)).collect();
    rows::add_recoveries(&mut tx, corp, member, &hashes).await?;
    sessions::prove(&mut tx, corp, &secret::hash(session.as_bytes()), now).await?;
    audit::insert(&mut tx, Event::new(corp, Act::SecondFactorSet, Some(member), now)).await?;
    let words = "您的账号刚刚设置了二次验证。如果不是您做的，请马上联系信息中心。";
    tell(app, &mut tx, school, &viewer.userid, "已设置二次验证", words).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(recoveries.iter().map(|recovery| second_factor::in_fours(recovery)).collect())
}

/// Proves oneself by a code, or by one for a lost phone: for so long as a sign-in is fresh, dangerous acts are taken. `session`: the
/// cookie of the one that asks.
pub async fn prove(
    app: &App,
    school: &School,
    viewer: &Viewer,
    session: &str,
    code: &str,
    origin: Origin<'_>,
) -> Result<()> {
    let now = app.now();
    let mut tx = checked(app, school, viewer, code, origin).await?;
    sessions::prove(&mut tx, school.corp(), &secret::hash(session.as_bytes()), now).await?;
    tx.commit().await?;
    // Of a code for a lost phone they are told.
    app.job_added().notify_one();
    Ok(())
}

/// Removes one's own by a code, or by one for a lost phone.
pub async fn remove(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    origin: Origin<'_>,
) -> Result<()> {
    let (corp, member) = (school.corp(), viewer.member);
    let mut tx = checked(app, school, viewer, code, origin).await?;
    rows::remove(&mut tx, corp, member).await?;
    let act = Event::new(corp, Act::SecondFactorRemoved, Some(member), app.now());
    audit::insert(&mut tx, act).await?;
    let words = "您的账号刚刚移除了二次验证。如果不是您做的，请马上联系信息中心。";
    tell(app, &mut tx, school, &viewer.userid, "已移除二次验证", words).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}

/// Removes that of another account, by its userid: the phone is lost, and so are the codes. Whether there was one. Whose it was
/// is told at once and reads in the log of looks who did it. For administrators, and for nobody's own.
pub async fn reset(app: &App, school: &School, viewer: &Viewer, userid: &str) -> Result<bool> {
    if !viewer.may(Action::Administer) {
        return Err(Error::Forbidden);
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let (member, person) = members::account(&mut tx, corp, userid).await?.ok_or(Error::NotFound)?;
    if member == viewer.member {
        return Err(Error::field("userid", "不能重置自己的：请用验证码或恢复码移除，或请另一位管理员重置"));
    }
    if !rows::remove(&mut tx, corp, member).await? {
        // What was only begun goes too.
        tx.commit().await?;
        return Ok(false);
    }
    let mut act = Event::new(corp, Act::SecondFactorReset, Some(viewer.member), now);
    if let Some(person) = person {
        act = act.of(person);
        let by = viewer.member;
        let look = Access { corp, viewer: by, person, field: "second_factor", purpose: "protect", at: now };
        access_log::insert(&mut tx, app.store().keyring(), look).await?;
    }
    audit::insert(&mut tx, act.on("account", member)).await?;
    let words = "管理员移除了您的二次验证。如果不是您要求的，请马上联系信息中心；需要时请重新设置。";
    tell(app, &mut tx, school, userid, "二次验证已被重置", words).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    tracing::warn!(corp, "an administrator reset the second factor of an account");
    Ok(true)
}

/// Tells somebody in WeCom what became of their second factor: whoever did it without them is found out.
async fn tell(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    userid: &str,
    title: &str,
    words: &str,
) -> Result<()> {
    let notice = Notice {
        title,
        description: words,
        path: "/admin/sessions",
        button: "查看",
        useful_for: TimeDelta::days(2),
        urgent: true,
        occasion: None,
    };
    notices::tell(app, tx, school, vec![userid.to_owned()], notice, app.now()).await
}

/// Takes a code of somebody's in a transaction that goes on. A wrong one is kept, and nothing else.
async fn checked(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    origin: Origin<'_>,
) -> Result<Scoped> {
    let (corp, member, now) = (school.corp(), viewer.member, app.now());
    let given = Given::parse(code).ok_or_else(not_a_code)?;
    let mut tx = app.store().scoped(corp).await?;
    let factor = rows::lock(&mut tx, corp, member).await?.filter(|factor| factor.confirmed_at.is_some());
    let factor = factor.ok_or_else(|| Error::field("code", "您还没有设置二次验证"))?;
    // Counted under the lock: codes tried side by side wait for each other.
    if events::wrong_codes(&mut tx, corp, member, now - TRIES_WITHIN).await? >= TRIES {
        return Err(Error::TriesTaken);
    }
    let bytes = open(app, corp, member, &factor)?;
    let (is_right, reason) = match given {
        Given::Code(code) => match second_factor::taken(&bytes, code, now, factor.used_step) {
            Some(step) => {
                rows::use_step(&mut tx, corp, member, step).await?;
                (true, "code")
            }
            None => (false, "code"),
        },
        Given::Recovery(code) => {
            let hash = second_factor::recovery_hash(&bytes, &code);
            let is_right = rows::use_recovery(&mut tx, corp, member, &hash).await?;
            if is_right {
                let act = Event::new(corp, Act::RecoveryCodeUsed, Some(member), now);
                audit::insert(&mut tx, act).await?;
                let left = rows::confirmed(&mut tx, corp, member).await?.map_or(0, |(_, left)| left);
                let words = format!(
                    "您的账号刚刚用掉了一个恢复码，还剩 {left} 个。如果不是您做的，请马上联系信息中心；用完之前请移除后重新设置。"
                );
                tell(app, &mut tx, school, &viewer.userid, "已使用恢复码", &words).await?;
            }
            (is_right, "recovery")
        }
    };
    events::add(&mut tx, corp, tried(is_right, member, reason, origin, now), 1).await?;
    if is_right {
        return Ok(tx);
    }
    tx.commit().await?;
    Err(wrong_code())
}

/// A code that was tried, as it is kept.
fn tried<'a>(
    is_right: bool,
    member: MemberId,
    reason: &'a str,
    origin: Origin<'a>,
    at: DateTime<Utc>,
) -> SecurityEvent<'a> {
    SecurityEvent {
        kind: if is_right { Kind::FactorPassed } else { Kind::FactorFailed },
        member: Some(member),
        reason,
        channel: origin.channel,
        network: origin.network,
        operation: "",
        at,
    }
}

fn open(app: &App, corp: CorpId, member: MemberId, factor: &SecondFactor) -> Result<Vec<u8>> {
    Ok(app.store().keyring().open(secret_place(corp, &member.to_string()), &factor.secret)?)
}

fn not_a_code() -> Error {
    Error::field("code", "请填写验证器上的 6 位数字")
}

fn wrong_code() -> Error {
    Error::field("code", "验证码不对或已经用过：请等验证器换下一个再填，并核对手机的时间")
}
