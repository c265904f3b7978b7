//! Devices at gates. They are no members: a code shown on the administrators' page pairs one, once and within ten minutes,
//! and from then on its token is who it is, until somebody withdraws it.

use chrono::TimeDelta;
use domain::{
    export::is_text,
    policy::{Action, Viewer},
};
use store::{
    Scoped,
    gate_devices::{self, Device, NewPairing},
    gates,
};

pub use store::gate_devices::{Paired, Row};

use crate::{App, Error, Page, Result, School, secret};

/// Life of a pairing code.
pub const PAIRING: TimeDelta = TimeDelta::minutes(10);
/// Characters of a name at most.
const MAX_NAME: usize = 40;

fn may(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::ManageGates) { Ok(()) } else { Err(Error::Forbidden) }
}

/// A code that pairs one device with a gate. It is shown once; only its hash is kept.
pub async fn offer(app: &App, school: &School, viewer: &Viewer, gate: i64, name: &str) -> Result<String> {
    may(viewer)?;
    let name = name.trim();
    if !is_text(name, MAX_NAME) {
        return Err(Error::field("name", format!("请给设备起个名字，1 到 {MAX_NAME} 个字")));
    }
    let (corp, now) = (school.corp(), app.now());
    let code = secret::pairing_code()?;
    let mut tx = app.store().scoped(corp).await?;
    let found = gates::gates(&mut tx, corp, Some(gate)).await?;
    if !found.iter().any(|gate| gate.closed_at.is_none()) {
        return Err(Error::NotFound);
    }
    let code_hash = secret::hash(code.as_bytes());
    let (by, expires_at) = (viewer.member, now + PAIRING);
    gate_devices::offer(
        &mut tx,
        NewPairing { corp, code_hash: &code_hash, gate, name, by, at: now, expires_at },
    )
    .await?;
    tx.commit().await?;
    Ok(code)
}

/// Pairs the device that brings a code, however its people typed it. Gives the token, which is kept nowhere else.
pub async fn pair(app: &App, school: &School, code: &str) -> Result<(String, Paired)> {
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let code = code.to_ascii_uppercase();
    let token = secret::token()?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let (code_hash, token_hash) = (secret::hash(code.as_bytes()), secret::hash(token.as_bytes()));
    let paired = gate_devices::pair(&mut tx, corp, &code_hash, &token_hash, app.now()).await?;
    let paired = paired.ok_or(Error::UnknownDevice)?;
    tx.commit().await?;
    tracing::info!(corp, device = paired.device_id, "a device was paired with a gate");
    Ok((token, paired))
}

/// The device of a token.
pub(crate) async fn device(tx: &mut Scoped, token: &str) -> Result<Device> {
    let corp = tx.corp();
    let found = gate_devices::by_token(tx, corp, &secret::hash(token.as_bytes())).await?;
    found.ok_or(Error::UnknownDevice)
}

/// Devices, the newest first; `before` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    gate: Option<i64>,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Row>> {
    may(viewer)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = gate_devices::list(&mut tx, school.corp(), gate, before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |row| row.device_id.to_string()))
}

/// Makes a device's token worthless at once. What it has not told us yet can't be told any more.
pub async fn withdraw(app: &App, school: &School, viewer: &Viewer, device: i64) -> Result<()> {
    may(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    if !gate_devices::withdraw(&mut tx, corp, device, viewer.member, app.now()).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    tracing::info!(corp, device, "a device at a gate was withdrawn");
    Ok(())
}
