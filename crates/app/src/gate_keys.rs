//! The keys of 通行码, and the switch that makes them worthless: every code of theirs is refused at once, and whoever asks
//! for codes gets new ones.

use chrono::Days;
use domain::policy::{Action, Viewer};
use store::gate_keys;

pub use store::gate_keys::Key;

use crate::{App, Error, Result, School};

/// Days whose keys are shown.
const SHOWN: u64 = 30;

fn may(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::KillGateKeys) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Keys of the last days, the newest first.
pub async fn list(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<Key>> {
    may(viewer)?;
    let today = school.today(app.now());
    let since = today.checked_sub_days(Days::new(SHOWN)).unwrap_or(today);
    let mut tx = app.store().scoped(school.corp()).await?;
    let keys = gate_keys::since(&mut tx, school.corp(), since).await?;
    tx.commit().await?;
    Ok(keys)
}

/// Makes the keys of this name, in hex, worthless.
pub async fn kill(app: &App, school: &School, viewer: &Viewer, kid: &str) -> Result<()> {
    may(viewer)?;
    let kid = hex::decode(kid).map_err(|_| Error::NotFound)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    if !gate_keys::kill(&mut tx, corp, &kid, viewer.member, app.now()).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    tracing::warn!(corp, "the keys of a day's codes were killed");
    Ok(())
}
