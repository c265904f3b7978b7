//! Handles what came in by callback: events say when to look, WeCom's read API says what is.

use std::{collections::HashMap, sync::Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use domain::CorpId;
use store::{
    inbox,
    jobs::{self as queue, NewJob},
    sessions,
};
use wecom::callback::{ContactChange, Event};
use wecom::xml::Element;

use super::{Done, read_approvals, sync_directory};
use crate::{App, Error, Result, School, tiles};

pub(crate) const KIND: &str = "handle_inbox";

/// Messages read at once: their hints become one refresh. More than a few hundred members in it are looked at by
/// reading everyone, which is less work than asking for each; so a flood of events costs a few looks.
const BATCH: i64 = 5000;

/// From one look at everyone that events asked for to the next, at least: a look at a school of a thousand departments takes
/// a thousand calls, and WeCom allows 10,000 a minute and 150,000 an hour. What comes meanwhile is seen by the next.
const PACE: TimeDelta = TimeDelta::seconds(15);

/// When this process last looked at everyone of a school because events asked for it.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<HashMap<CorpId, DateTime<Utc>>>);

impl Looks {
    /// How long the next has to wait.
    fn rest(&self, corp: CorpId, now: DateTime<Utc>) -> Option<TimeDelta> {
        let last = self.0.lock().ok()?.get(&corp).copied()?;
        Some(last + PACE - now).filter(|rest| *rest > TimeDelta::zero())
    }

    fn ended(&self, corp: CorpId, now: DateTime<Utc>) {
        if let Ok(mut looks) = self.0.lock() {
            looks.insert(corp, now);
        }
    }
}

/// The job; one that waits serves every message that came meanwhile.
pub fn job(corp: CorpId, now: DateTime<Utc>) -> NewJob {
    super::new(corp, KIND, now)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    let corp = school.corp();
    loop {
        let mut tx = app.store().scoped(corp).await?;
        let messages = inbox::unhandled(&mut tx, corp, BATCH).await?;
        tx.commit().await?;
        if messages.is_empty() {
            return Ok(Done::Yes);
        }
        let mut hints = sync::Hints::default();
        let mut leaving = Vec::new();
        let mut approvals = Vec::new();
        for message in &messages {
            match read(app, corp, message) {
                Ok(Event::Approval { info, .. }) => approvals.extend(leave_in(school, &info)),
                Ok(Event::WorkbenchMode { on }) => tiles::switched(app, school, on).await?,
                Ok(event) => note(&mut hints, &mut leaving, event),
                // Kept for us to look at, and not tried again and again: it would block all that come after.
                Err(error) => tracing::error!(
                    corp,
                    inbox = message.inbox_id,
                    error = &error as &dyn std::error::Error,
                    "a kept message can't be read"
                ),
            }
        }
        if !hints.members.is_empty() || !hints.departments.is_empty() || !hints.tags.is_empty() {
            let now = app.now();
            // Whoever may have left is signed out at once; who has not signs in again without noticing.
            let mut tx = app.store().scoped(corp).await?;
            sessions::delete_of_members(&mut tx, corp, &leaving).await?;
            tx.commit().await?;
            let many = hints.are_many();
            if let Some(rest) = app.looks().rest(corp, now).filter(|_| many) {
                return Ok(Done::Later(rest, "刚核对过全部成员，稍后再核对".into()));
            }
            let outcome = school.mirror.refresh(hints, now, school.today(now)).await?;
            if many {
                app.looks().ended(corp, app.now());
            }
            if outcome.state == sync::State::Held {
                // What an event made look wrong is judged by a look at everyone: that is what can be approved.
                let mut tx = app.store().scoped(corp).await?;
                queue::add(&mut tx, &sync_directory::job(corp, sync::Trigger::Event, now), now).await?;
                tx.commit().await?;
            }
        }
        if !approvals.is_empty() {
            let now = app.now();
            let mut tx = app.store().scoped(corp).await?;
            for number in &approvals {
                queue::add(&mut tx, &read_approvals::job(corp, number, now), now).await?;
            }
            tx.commit().await?;
        }
        let ids: Vec<i64> = messages.iter().map(|message| message.inbox_id).collect();
        let mut tx = app.store().scoped(corp).await?;
        inbox::mark_handled(&mut tx, corp, &ids, app.now()).await?;
        tx.commit().await?;
    }
}

pub(super) fn read(app: &App, corp: CorpId, message: &inbox::Message) -> Result<Event> {
    let row = hex::encode(&message.digest);
    let xml = app.store().keyring().open(inbox::place(corp, &row), &message.message)?;
    Event::parse(&String::from_utf8_lossy(&xml)).map_err(|error| Error::internal(error.to_string()))
}

/// The number of an application by a form the school has named.
fn leave_in(school: &School, info: &Element) -> Option<String> {
    let template = info.text_of("TemplateId")?;
    let number = info.text_of("SpNo").filter(|number| !number.is_empty() && number.len() <= 64)?;
    school.approvals.ids().any(|id| id == template).then(|| number.to_owned())
}

fn note(hints: &mut sync::Hints, leaving: &mut Vec<String>, event: Event) {
    match event {
        Event::Contact(ContactChange::UserDeleted { userid }) | Event::Unsubscribe { userid } => {
            leaving.push(userid.to_lowercase());
            hints.members.push(userid);
        }
        Event::Contact(ContactChange::UserCreated { userid, .. }) | Event::Subscribe { userid } => {
            hints.members.push(userid)
        }
        Event::Contact(ContactChange::UserUpdated { userid, new_userid, .. }) => {
            if let Some(new_userid) = new_userid {
                hints.renamed.push((userid.clone(), new_userid.clone()));
                hints.members.push(new_userid);
            }
            hints.members.push(userid);
        }
        Event::Contact(
            ContactChange::DepartmentCreated { id, .. }
            | ContactChange::DepartmentUpdated { id, .. }
            | ContactChange::DepartmentDeleted { id },
        ) => hints.departments.push(id),
        Event::Contact(ContactChange::TagUpdated(change)) => hints.tags.push(change.tag_id),
        // Nothing here is kept by us, so there is nothing to look at.
        _ => {}
    }
}
