//! 告警: what the security office hears of at the gates, and says what became of it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    export::is_text,
    gate::{
        Flag, HEARD, Refusal,
        alarm::{self, AlarmKind},
    },
    policy::{Action, Role, Viewer},
};
use store::{
    Scoped,
    gate_alarms::{self as rows, Forged},
    gate_devices::Device,
    jobs as queue,
};

pub use store::gate_alarms::Row;

use crate::{
    App, Error, Page, Result, School,
    gates::rules_of,
    jobs::warn_gates,
    notices::{self, Notice},
    passages, reasons,
};

/// The security office is not told twice within this long; what comes meanwhile is told together after it.
const PAUSE: TimeDelta = TimeDelta::minutes(5);

fn may(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::HandleGateAlarms) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Whether a refusal is to be looked at.
pub(crate) fn is_alarming(refusal: Refusal) -> bool {
    alarm::of_refusal(refusal).is_some()
}

/// Raises what passages that were just kept say, in their transaction. Says whether there is something to be told; the caller
/// rings `job_added` after its commit.
pub(crate) async fn raise(
    tx: &mut Scoped,
    school: &School,
    device: &Device,
    kept: &[i64],
    refusal: Option<Refusal>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let corp = tx.corp();
    let flags = Flag::ALL.into_iter().filter_map(alarm::of_flag).map(AlarmKind::as_str);
    let mut raised =
        rows::of_passages(tx, corp, kept, &flags.collect::<Vec<_>>(), school.zone.name()).await?;
    if refusal.and_then(alarm::of_refusal) == Some(AlarmKind::Forged) {
        let since = now - TimeDelta::minutes(alarm::FORGED_WITHIN);
        let (gate, device) = (device.gate_id, device.device_id);
        let at = Forged { gate, device, since, at_least: alarm::FORGED_AT_LEAST, now };
        raised += rows::forged(tx, corp, at).await?;
    }
    Ok(raised > 0 && queue::add(tx, &warn_gates::job(corp, now), now).await?)
}

/// Raises that devices are not heard while their gates are open, and has told what waits. Says whether a job was added.
pub(crate) async fn look(tx: &mut Scoped, school: &School, now: DateTime<Utc>) -> Result<bool> {
    let corp = tx.corp();
    let time = now.with_timezone(&school.zone).time();
    let mut silent = Vec::new();
    for device in rows::unheard(tx, corp, now - HEARD).await? {
        if rules_of(&device.rules)?.is_open(time) {
            silent.push(device.device_id);
        }
    }
    if !silent.is_empty() {
        rows::silent(tx, corp, &silent, now).await?;
    }
    if rows::outstanding(tx, corp, now - PAUSE).await? {
        return Ok(queue::add(tx, &warn_gates::job(corp, now), now).await?);
    }
    Ok(false)
}

/// Tells the security office how many there are, and never of whom. One transaction: a kill tells nobody twice.
pub(crate) async fn tell(app: &App, school: &School) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    if !rows::outstanding(&mut tx, corp, now - PAUSE).await? {
        return Ok(());
    }
    let to = rows::holders(&mut tx, corp, Role::GateGuard, school.today(now)).await?;
    let alarms = rows::told(&mut tx, corp, now).await?;
    if to.is_empty() {
        tracing::error!(corp, alarms, "there are alarms at the gates and nobody is the security office");
    } else {
        let notice = Notice {
            title: "门禁告警",
            description: &format!("门岗有 {alarms} 条告警需要查看。"),
            path: "/h5/gate-alarms",
            button: "去查看",
            useful_for: TimeDelta::hours(12),
            urgent: true,
            occasion: None,
        };
        notices::tell(app, &mut tx, school, to, notice, now).await?;
    }
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}

/// An alarm, with what became of it.
#[derive(Debug, Clone)]
pub struct Alarm {
    /// All else.
    pub row: Row,
    /// What whoever looked after it says of it.
    pub note: Option<String>,
}

/// Alarms, the newest first; `before` is the last page's `next`. Whose passages they are of is on record as a look, and of whom they
/// say that their report is abnormal.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    open: bool,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Alarm>> {
    may(viewer)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let found = rows::list(&mut tx, school.corp(), school.zone.name(), open, before, limit + 1).await?;
    let page = Page::cut(found, limit, |row| row.alarm_id.to_string());
    let people = page.items.iter().filter_map(|row| row.person_id).collect();
    let abnormal = page.items.iter().filter_map(passages::alarmed_abnormal).collect();
    let tx = passages::in_list(app, school, viewer, tx, people, abnormal).await?;
    tx.commit().await?;
    let opened = |row: Row| -> Result<Alarm> {
        let number = row.alarm_id.to_string();
        let place = rows::note_place(school.corp(), &number);
        let sealed = row.note.as_ref();
        let note = sealed.map(|note| reasons::shown(app, place, note)).transpose()?;
        Ok(Alarm { row, note })
    };
    page.try_map(opened)
}

/// Notes what became of an alarm, once.
pub async fn settle(app: &App, school: &School, viewer: &Viewer, alarm: i64, note: &str) -> Result<()> {
    may(viewer)?;
    let note = note.trim();
    if !is_text(note, 200) {
        return Err(Error::field("note", "请写明处理情况，不超过 200 字"));
    }
    let corp = school.corp();
    let sealed = app.store().keyring().seal(rows::note_place(corp, &alarm.to_string()), note.as_bytes())?;
    let mut tx = app.store().scoped(corp).await?;
    if !rows::settle(&mut tx, corp, alarm, viewer.member, &sealed, app.now()).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
