//! What of a passage is a look at somebody: on the screen of a gate, and in lists of them.

use chrono::{DateTime, Utc};
use domain::{
    PersonId,
    gate::{Refusal, alarm::AlarmKind},
    policy::Viewer,
};
use store::{
    Scoped,
    access_log::{self, Looks},
    gate_alarms,
    gate_devices::Device,
    passages::Row,
};

use crate::{
    App, Result, School,
    reading_budgets::{self, WORK},
};

/// What a look at whose passages a list shows is called in the record of looks.
pub(super) const LOOK: &str = "passage";
/// … and a look at whose report is abnormal, as every list that shows it calls it.
pub(super) const STATE: &str = "state";

/// Records that the screen of a gate shows something of somebody, as a look of whoever paired the device: once a day for each. It is
/// counted against no budget: a device shows whom it just scanned.
pub(super) async fn at_gate(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    device: &Device,
    (person, field): (PersonId, &str),
    now: DateTime<Utc>,
) -> Result<()> {
    let looks = Looks {
        corp: school.corp(),
        viewer: device.paired_by,
        people: &[person],
        field,
        purpose: "gate",
        day: school.today(now),
        at: now,
    };
    access_log::insert_once(tx, app.store().keyring(), looks).await?;
    Ok(())
}

/// Whose report a passage shows to be abnormal; none: it says nothing of it.
pub(crate) fn shown_abnormal(row: &Row) -> Option<PersonId> {
    row.person_id.filter(|_| row.reason.as_deref() == Some(Refusal::Abnormal.as_str()))
}

/// Whose report an alarm shows to be abnormal; none: it says nothing of it.
pub(crate) fn alarmed_abnormal(row: &gate_alarms::Row) -> Option<PersonId> {
    row.person_id.filter(|_| row.kind == AlarmKind::Abnormal.as_str())
}

/// Records of whom a list says where they were, and of which of them that their report is abnormal; counted as what they are.
pub(crate) async fn in_list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    tx: Scoped,
    people: Vec<PersonId>,
    abnormal: Vec<PersonId>,
) -> Result<Scoped> {
    let tx = reading_budgets::look_at_list(app, school, viewer, tx, (LOOK, WORK), people).await?;
    reading_budgets::look_at_list(app, school, viewer, tx, (STATE, WORK), abnormal).await
}
