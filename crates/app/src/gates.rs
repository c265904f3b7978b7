//! Zones and their gates: what each asks for is data, changed without a programmer.

use chrono::{Datelike, NaiveDate};
use domain::{
    audit::Act,
    export::is_text,
    gate::{Directions, Failure, Rules, ZoneKind},
    policy::{Action, Viewer},
};
use serde_json::{Value, json};
use store::{
    Scoped,
    audit::{self, Event},
    gates::{self, GateDraft, ZoneDraft},
};

pub use store::gates::{Gate, Zone};

use crate::{App, Error, FieldError, Result, School};

/// Characters of a name at most.
const MAX_NAME: usize = 40;

fn may_change(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::ManageGates) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Whoever sees figures of gates or gives permits names them.
fn may_read(viewer: &Viewer) -> Result<()> {
    let may = [Action::ManageGates, Action::SeePassageFigures, Action::ManagePermits];
    if may.into_iter().any(|action| viewer.may(action)) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Records in the audit what was done to a zone or a gate.
async fn note(
    app: &App,
    tx: &mut Scoped,
    viewer: &Viewer,
    act: Act,
    (noun, id): (&str, i64),
    how: &str,
) -> Result<()> {
    let event = Event::new(tx.corp(), act, Some(viewer.member), app.now()).on(noun, id);
    Ok(audit::insert(tx, event.saying(json!({ "act": how }))).await?)
}

/// Whether the viewer has a gate to show a code at.
pub async fn are_there(app: &App, school: &School, viewer: &Viewer) -> Result<bool> {
    if viewer.person.is_none() {
        return Ok(false);
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    let there = gates::is_any_open(&mut tx, school.corp()).await?;
    tx.commit().await?;
    Ok(there)
}

/// Every zone.
pub async fn zones(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<Zone>> {
    may_read(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let zones = gates::zones(&mut tx, school.corp()).await?;
    tx.commit().await?;
    Ok(zones)
}

/// What a zone is to be.
#[derive(Debug, Clone, Copy)]
pub struct NewZone<'a> {
    /// Its name.
    pub name: &'a str,
    /// What kind of place.
    pub kind: ZoneKind,
    /// From which day on anti-passback refuses; none: it warns.
    pub hard_from: Option<NaiveDate>,
}

fn zone_draft(new: NewZone<'_>) -> Result<ZoneDraft<'_>> {
    let name = new.name.trim();
    if !is_text(name, MAX_NAME) {
        return Err(Error::field("name", format!("请给区域起个名字，1 到 {MAX_NAME} 个字")));
    }
    if new.hard_from.is_some_and(|day| !(2000..2200).contains(&day.year())) {
        return Err(Error::field("hard_from", "请填日期，例如 2020-03-11；只提醒不拦截请留空"));
    }
    Ok(ZoneDraft { name, kind: new.kind.as_str(), hard_from: new.hard_from })
}

fn name_is_taken() -> Error {
    Error::field("name", "这个名字已经有了，请换一个")
}

/// Makes a zone.
pub async fn add_zone(app: &App, school: &School, viewer: &Viewer, new: NewZone<'_>) -> Result<i64> {
    may_change(viewer)?;
    let draft = zone_draft(new)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let id = gates::add_zone(&mut tx, school.corp(), draft).await?.ok_or_else(name_is_taken)?;
    note(app, &mut tx, viewer, Act::ZoneChanged, ("zone", id), "created").await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a zone.
pub async fn change_zone(
    app: &App,
    school: &School,
    viewer: &Viewer,
    zone: i64,
    new: NewZone<'_>,
) -> Result<()> {
    may_change(viewer)?;
    let draft = zone_draft(new)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    if gates::zone_is_named(&mut tx, corp, draft.name, zone).await? {
        return Err(name_is_taken());
    }
    if !gates::change_zone(&mut tx, corp, zone, draft).await? {
        return Err(Error::NotFound);
    }
    note(app, &mut tx, viewer, Act::ZoneChanged, ("zone", zone), "changed").await?;
    tx.commit().await?;
    Ok(())
}

/// Every gate.
pub async fn list(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<Gate>> {
    may_read(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let found = gates::gates(&mut tx, school.corp(), None).await?;
    tx.commit().await?;
    Ok(found)
}

/// What a gate is to be.
#[derive(Debug, Clone)]
pub struct NewGate<'a> {
    /// Its zone.
    pub zone: i64,
    /// Its name.
    pub name: &'a str,
    /// The directions it serves.
    pub directions: Directions,
    /// What its devices do when they hear nothing from us.
    pub failure: Failure,
    /// What it asks for.
    pub rules: Rules,
    /// Out of use.
    pub closed: bool,
}

/// A gate as it may be kept: its zone and its forms are there, and no other gate of the zone has its name.
async fn checked<'a>(
    tx: &mut Scoped,
    new: &'a NewGate<'_>,
    rules: &'a Value,
    except: Option<i64>,
) -> Result<GateDraft<'a>> {
    let corp = tx.corp();
    let mut wrong = new.rules.check();
    let mut say = |field: &str, message: &str| {
        wrong.push(FieldError { field: field.into(), message: message.into() });
    };
    let name = new.name.trim();
    if !is_text(name, MAX_NAME) {
        say("name", "请给门岗起个名字，1 到 40 个字");
    }
    if gates::known_zones(tx, corp, &[new.zone]).await?.is_empty() {
        say("zone", "没有这个区域，请重新选择");
    }
    let mut forms = new.rules.forms.clone();
    forms.sort_unstable();
    forms.dedup();
    if wrong.is_empty() && gates::daily_forms(tx, corp, &forms).await?.len() != forms.len() {
        wrong.push(FieldError {
            field: "rules.forms".into(),
            message: "只能选每天填报的表单，请重新选择".into(),
        });
    }
    if wrong.is_empty() {
        let all = gates::gates(tx, corp, None).await?;
        let taken = all
            .iter()
            .any(|gate| gate.zone_id == new.zone && gate.name == name && except != Some(gate.gate_id));
        if taken {
            return Err(name_is_taken());
        }
        return Ok(GateDraft {
            zone: new.zone,
            name,
            directions: new.directions.as_str(),
            failure: new.failure.as_str(),
            rules,
            closed: new.closed,
        });
    }
    Err(Error::Invalid(wrong))
}

fn to_value(rules: &Rules) -> Result<Value> {
    serde_json::to_value(rules).map_err(|error| Error::internal(error.to_string()))
}

/// Rules as they are kept.
pub fn rules_of(kept: &Value) -> Result<Rules> {
    serde_json::from_value(kept.clone())
        .map_err(|error| Error::Internal("a gate's rules".into(), Some(Box::new(error))))
}

/// Makes a gate.
pub async fn add(app: &App, school: &School, viewer: &Viewer, new: NewGate<'_>) -> Result<i64> {
    may_change(viewer)?;
    let rules = to_value(&new.rules)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let draft = checked(&mut tx, &new, &rules, None).await?;
    let id = gates::add_gate(&mut tx, corp, draft, app.now()).await?.ok_or_else(name_is_taken)?;
    note(app, &mut tx, viewer, Act::GateChanged, ("gate", id), "created").await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a gate; its devices learn of it when they next ask.
pub async fn change(app: &App, school: &School, viewer: &Viewer, gate: i64, new: NewGate<'_>) -> Result<()> {
    may_change(viewer)?;
    let rules = to_value(&new.rules)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    if gates::gates(&mut tx, corp, Some(gate)).await?.is_empty() {
        return Err(Error::NotFound);
    }
    let draft = checked(&mut tx, &new, &rules, Some(gate)).await?;
    if !gates::change_gate(&mut tx, corp, gate, draft, app.now()).await? {
        return Err(Error::NotFound);
    }
    let act = if new.closed { "closed" } else { "changed" };
    note(app, &mut tx, viewer, Act::GateChanged, ("gate", gate), act).await?;
    tx.commit().await?;
    Ok(())
}
