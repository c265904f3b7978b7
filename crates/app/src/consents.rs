//! 授权: a member lets WeCom show us the phone and mail it withholds, and takes it back.
//!
//! The way is that of a sign-in (doc 91022): to WeCom with a state, bound to the browser by a cookie, and back with a code
//! that is exchanged once. The consent of somebody else than who is signed in counts for nothing.

use domain::{
    person_field::{PersonField, Said, Source},
    policy::{Viewer, ViewerPerson},
};
use store::{consents, sign_in_flows};
use wecom::oauth::{Identity, Scope, UserDetail, is_code_spent};

use crate::{
    App, Error, Result, School, person_fields,
    sign_in::{self, Return, Started},
};

/// Where the way begins and ends.
pub const PAGE: &str = "/h5/me/data";
/// WeCom: the app may ask for no withheld field (doc 95833).
const NO_PERMISSION: i64 = 92001;
/// WeCom: the ticket is too old, or not one (doc 95833).
const TICKET_SPENT: [i64; 2] = [84014, 84015];

/// How a member's way to WeCom ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// WeCom has shown a phone or a mail address.
    Given,
    /// The member did not agree.
    Refused,
    /// They agreed, and there was neither phone nor mail.
    Nothing,
    /// The app may not ask: somebody has to allow it in WeCom.
    Unavailable,
    /// Somebody else agreed.
    Other,
    /// The way took too long or was gone before: once more.
    Again,
    /// It came back twice, or Back was pressed: it has ended before.
    Before,
    /// WeCom did not answer.
    Busy,
    /// Only inside 企业微信.
    Elsewhere,
}

impl Outcome {
    /// As the page's address says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Nothing => "nothing",
            Self::Unavailable => "unavailable",
            Self::Other => "other",
            Self::Again => "again",
            Self::Before => "before",
            Self::Busy => "busy",
            Self::Elsewhere => "elsewhere",
        }
    }
}

fn person(viewer: &Viewer) -> Result<&ViewerPerson> {
    viewer.person.as_ref().ok_or(Error::NotFound)
}

/// Sends the member to WeCom's page of consent.
pub async fn start(
    app: &App,
    school: &School,
    viewer: &Viewer,
    origin: &str,
    binding: Option<&str>,
) -> Result<Started> {
    person(viewer)?;
    let (state, binding) = sign_in::begin(app, school, PAGE, binding, Some(viewer.member)).await?;
    let redirect = format!("{origin}/auth/consent/callback");
    let location = school.wecom.authorize_url(&redirect, &state, Scope::PrivateInfo);
    Ok(Started { location: location.into(), binding })
}

/// Takes the member back. Without a code they did not agree.
pub async fn finish(app: &App, school: &School, viewer: &Viewer, back: Return<'_>) -> Result<Outcome> {
    let person = person(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().unscoped().await?;
    let state_hash = sign_in::state_hash(back.state);
    let Some(flow) = sign_in_flows::find(&mut tx, corp, &state_hash, now).await? else {
        return Ok(Outcome::Again);
    };
    if flow.consent_of != Some(viewer.member) || !sign_in::is_bound(&flow, back.binding) {
        return Ok(Outcome::Other);
    }
    if flow.used_at.is_some() || !sign_in_flows::take(&mut tx, corp, &state_hash, now).await? {
        return Ok(Outcome::Before);
    }
    let fresh = !back.code.is_empty() && sign_in::use_code(&mut tx, corp, back.code, now).await?;
    tx.commit().await?;
    if back.code.is_empty() {
        return Ok(Outcome::Refused);
    }
    if !fresh {
        return Ok(Outcome::Again);
    }
    let detail = match detail(school, viewer, back.code).await? {
        Ok(detail) => detail,
        Err(outcome) => return Ok(outcome),
    };

    let mail = detail.biz_mail.or(detail.email);
    let gender = match detail.gender {
        Some(1) => Some("male".to_owned()),
        Some(2) => Some("female".to_owned()),
        _ => None,
    };
    // What WeCom goes on withholding stays as it was known: it is no word that there is none.
    let shown =
        [(PersonField::Phone, detail.mobile), (PersonField::Mail, mail), (PersonField::Gender, gender)];
    let shown: Vec<_> = shown
        .into_iter()
        .filter_map(|(field, value)| Some((field, value.filter(|value| !value.trim().is_empty())?)))
        .collect();
    if !shown.iter().any(|(field, _)| matches!(field, PersonField::Phone | PersonField::Mail)) {
        return Ok(Outcome::Nothing);
    }
    let mut tx = app.store().scoped(corp).await?;
    let fields: Vec<&str> = shown.iter().map(|(field, _)| field.as_str()).collect();
    consents::give(&mut tx, corp, person.id, viewer.member, &fields, now).await?;
    for (field, value) in shown {
        let word = Said { source: Source::Consent, value, since: now };
        person_fields::say(&mut tx, app.store().keyring(), corp, person.id, field, word).await?;
    }
    tx.commit().await?;
    Ok(Outcome::Given)
}

/// From the code to what the member shows, or why there is nothing.
async fn detail(
    school: &School,
    viewer: &Viewer,
    code: &str,
) -> Result<std::result::Result<UserDetail, Outcome>> {
    let (userid, ticket) = match school.wecom.user_info(code).await {
        Ok(Identity::Member { userid, ticket }) => (userid, ticket),
        Ok(Identity::Outsider) => return Ok(Err(Outcome::Other)),
        Err(error) => return Ok(Err(trouble(school, &error))),
    };
    if !userid.eq_ignore_ascii_case(&viewer.userid) {
        return Ok(Err(Outcome::Other));
    }
    // Without a ticket the member is outside the app's visible range, or the app asks for nothing.
    let Some(ticket) = ticket else { return Ok(Err(Outcome::Unavailable)) };
    match school.wecom.user_detail(&ticket).await {
        Ok(detail) if detail.userid.eq_ignore_ascii_case(&viewer.userid) => Ok(Ok(detail)),
        Ok(_) => Ok(Err(Outcome::Other)),
        Err(error) => Ok(Err(trouble(school, &error))),
    }
}

fn trouble(school: &School, error: &wecom::Error) -> Outcome {
    match error.code() {
        Some(NO_PERMISSION) => {
            tracing::error!(
                corp = school.corp(),
                "members can't show their phone: choose the sensitive fields of the app in 企业微信管理后台 > 应用管理"
            );
            Outcome::Unavailable
        }
        Some(code) if TICKET_SPENT.contains(&code) => Outcome::Again,
        _ if is_code_spent(error) => Outcome::Again,
        _ => {
            tracing::error!(corp = school.corp(), error = error as &dyn std::error::Error, "consent failed");
            Outcome::Busy
        }
    }
}

/// Takes the consent back: what came of it is deleted, and what is shown falls back to the next source. Once more does
/// nothing.
pub async fn withdraw(app: &App, school: &School, viewer: &Viewer) -> Result<()> {
    let person = person(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    person_fields::unsay(&mut tx, app.store().keyring(), corp, person.id, Source::Consent).await?;
    consents::withdraw(&mut tx, corp, person.id, app.now()).await?;
    tx.commit().await?;
    Ok(())
}
