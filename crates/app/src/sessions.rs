//! The sessions of an account: whose they are sees them and ends them, and an administrator ends those of somebody who has
//! lost a phone. What was ended is refused at once, also where somebody only looks.

use domain::{
    audit::Act,
    policy::{Action, Viewer},
};
use serde_json::json;
use store::{
    access_log::{self, Access},
    audit::{self, Event},
    members, sessions,
};

pub use store::sessions::Known;

use crate::{App, Error, Result, School, remembered_viewers, secret};

/// One's own sessions, the last seen first. `session`: the cookie of the one that asks.
pub async fn list(app: &App, school: &School, viewer: &Viewer, session: &str) -> Result<Vec<Known>> {
    let this = secret::hash(session.as_bytes());
    let mut tx = app.store().unscoped().await?;
    let known = sessions::of_member(&mut tx, school.corp(), viewer.member, &this, app.now()).await?;
    tx.commit().await?;
    Ok(known)
}

/// Ends one of one's own sessions, by its number.
pub async fn end(app: &App, school: &School, viewer: &Viewer, session_id: i64) -> Result<()> {
    let mut tx = app.store().unscoped().await?;
    let ended = sessions::end(&mut tx, school.corp(), viewer.member, session_id).await?;
    let ended = ended.ok_or(Error::NotFound)?;
    tx.commit().await?;
    remembered_viewers::forget(app, school, &[ended]).await;
    Ok(())
}

/// Ends all of one's own sessions but the one that asks. How many it were.
pub async fn end_others(app: &App, school: &School, viewer: &Viewer, session: &str) -> Result<usize> {
    let this = secret::hash(session.as_bytes());
    let mut tx = app.store().unscoped().await?;
    let ended = sessions::end_all(&mut tx, school.corp(), viewer.member, Some(&this)).await?;
    tx.commit().await?;
    remembered_viewers::forget(app, school, &ended).await;
    Ok(ended.len())
}

/// Ends all sessions of an account, by its userid. How many it were. Whose account it is reads in the log of looks who did
/// it. For administrators.
pub async fn end_of(app: &App, school: &School, viewer: &Viewer, userid: &str) -> Result<usize> {
    if !viewer.may(Action::Administer) {
        return Err(Error::Forbidden);
    }
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let (member, person) = members::account(&mut tx, corp, userid).await?.ok_or(Error::NotFound)?;
    let ended = sessions::end_all(&mut tx, corp, member, None).await?;
    if !ended.is_empty() {
        let (by, now) = (viewer.member, app.now());
        let mut act = Event::new(corp, Act::SessionsEnded, Some(by), now).on("account", member);
        if let Some(person) = person {
            act = act.of(person);
            let look = Access { corp, viewer: by, person, field: "sessions", purpose: "protect", at: now };
            access_log::insert(&mut tx, app.store().keyring(), look).await?;
        }
        audit::insert(&mut tx, act.saying(json!({ "sessions": ended.len() }))).await?;
    }
    tx.commit().await?;
    remembered_viewers::forget(app, school, &ended).await;
    tracing::warn!(corp, ended = ended.len(), "an administrator ended the sessions of an account");
    Ok(ended.len())
}
