//! What happened at a device a moment ago: for the screen of a gate whose code people scan themselves.

use domain::gate::Refusal;
use store::passages;

use super::{Answer, Direction, PHOTO, face, heard, own::OWN};
use crate::{App, Error, Result, School, gate_devices::device};

/// A scan of a moment ago.
#[derive(Debug, Clone)]
pub struct Recent {
    /// Its number: the next ones have larger ones.
    pub id: i64,
    /// Its name, by which the photo is asked for.
    pub scan: String,
    /// Which way.
    pub direction: Direction,
    /// What became of it.
    pub answer: Answer,
}

/// Who scanned the code of the device of this token within the last two minutes, those after the one of this number.
pub async fn recent(app: &App, school: &School, token: &str, after: i64) -> Result<Vec<Recent>> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let device = device(&mut tx, token).await?;
    heard(&mut tx, &device, now).await?;
    let (today, since) = (school.today(now), now - PHOTO);
    let rows = passages::recent(&mut tx, corp, (device.device_id, OWN), after, since, today).await?;
    tx.commit().await?;
    let recent = rows.into_iter().map(|row| {
        let strange = || Error::internal("a passage nobody understands");
        let refusal = row.said.reason.as_deref().map(|reason| Refusal::parse(reason).ok_or_else(strange));
        let refusal = refusal.transpose()?;
        let face = face(app, corp, &row.said)?;
        let answer = Answer { refusal, flags: row.said.flags, face, at: row.said.received_at };
        let direction = Direction::parse(&row.direction).ok_or_else(strange)?;
        Ok(Recent { id: row.passage_id, scan: row.scan_id, direction, answer })
    });
    recent.collect()
}
