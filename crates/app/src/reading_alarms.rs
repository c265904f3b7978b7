//! 查看告警: what stands out of how much somebody reads, for those who audit.

use chrono::TimeDelta;
use domain::{
    export::is_text,
    policy::{Action, Role, Viewer},
};
use store::{gate_alarms::holders, reading_alarms as rows};

pub use store::reading_alarms::Row;

use crate::{
    App, Error, Page, Result, School, audit,
    notices::{self, Notice},
    reasons,
};

fn may(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Audit) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Tells the data protection officer, or else the auditors, of how many accounts something stands out: never of whom, nor whose data
/// it was. Where it is the officer's own, the auditors hear of it, too. One transaction: a kill tells nobody twice. Of a member's day
/// they hear once, and again when all they heard of was settled and it goes on.
pub(crate) async fn tell(app: &App, school: &School) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let readers = rows::told(&mut tx, corp, now).await?;
    let accounts = readers.len();
    if accounts > 0 {
        let officer = school.data_protection_officer.as_deref();
        let is_officer = |one: &str| officer.is_some_and(|officer| one.eq_ignore_ascii_case(officer));
        let asks_auditors = officer.is_none() || readers.iter().any(|reader| is_officer(reader));
        let mut to = match asks_auditors {
            true => holders(&mut tx, corp, Role::Auditor, school.today(now)).await?,
            false => Vec::new(),
        };
        to.retain(|one| !is_officer(one));
        if asks_auditors && to.is_empty() {
            tracing::error!(corp, accounts, "somebody reads unusually much and there is no auditor to tell");
        }
        to.extend(officer.map(str::to_owned));
        if !to.is_empty() {
            let notice = Notice {
                title: "查看告警",
                description: &format!("有 {accounts} 个账号查看他人信息的数量需要核实。"),
                path: "/admin/reading-alarms",
                button: "去核实",
                useful_for: TimeDelta::days(2),
                urgent: false,
                occasion: None,
            };
            notices::tell(app, &mut tx, school, to, notice, now).await?;
        }
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

/// Alarms, the newest first; `before` is the last page's `next`. The reading is on record.
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
    let found = rows::list(&mut tx, school.corp(), viewer.member, open, before, limit + 1).await?;
    let page = Page::cut(found, limit, |row| row.alarm_id.to_string());
    audit::note_read(&mut tx, viewer, "reading_alarms", page.items.len(), app.now()).await?;
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

/// Notes what became of an alarm, once. Nobody does so of their own.
pub async fn settle(app: &App, school: &School, viewer: &Viewer, alarm: i64, note: &str) -> Result<()> {
    may(viewer)?;
    let note = note.trim();
    if !is_text(note, 200) {
        return Err(Error::field("note", "请写明核实情况，不超过 200 字"));
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
