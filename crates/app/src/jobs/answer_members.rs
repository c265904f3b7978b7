//! Answers what members did in the chat: taps on cards, words, coming in. Apart from what needs a look at the directory,
//! since somebody waits.

use chrono::{DateTime, TimeDelta, Utc};
use domain::CorpId;
use store::{inbox, jobs::NewJob};

use super::{Done, handle_inbox};
use crate::{App, Result, School, chat};

pub(crate) const KIND: &str = "answer_members";

/// Messages read at once.
const PAGE: i64 = 200;
/// What can't be answered by then never will be, and is left to whoever reads the log.
const GIVE_UP: TimeDelta = TimeDelta::hours(1);

/// The job; one that waits serves every message that came meanwhile.
pub fn job(corp: CorpId, now: DateTime<Utc>) -> NewJob {
    super::new(corp, KIND, now)
}

pub(crate) async fn run(app: &App, school: &School) -> Result<Done> {
    let corp = school.corp();
    let mut after = 0;
    loop {
        let mut tx = app.store().scoped(corp).await?;
        let messages = inbox::from_members(&mut tx, corp, after, PAGE).await?;
        tx.commit().await?;
        let Some(last) = messages.last() else { return Ok(Done::Yes) };
        after = last.inbox_id;
        for message in &messages {
            // One that fails holds up none of the others, nor who comes next: it is tried again when the clock looks.
            if let Err(error) = answer(app, school, message).await {
                tracing::error!(
                    corp,
                    inbox = message.inbox_id,
                    error = &error as &dyn std::error::Error,
                    "a member was not answered"
                );
            }
        }
    }
}

async fn answer(app: &App, school: &School, message: &inbox::Message) -> Result<()> {
    let corp = school.corp();
    let effect = match handle_inbox::read(app, corp, message) {
        Ok(event) if message.app == school.wecom.name() => {
            match chat::answer(app, school, message.inbox_id, message.received_at, event).await {
                Err(error) if app.now() - message.received_at < GIVE_UP => return Err(error),
                Err(error) => {
                    tracing::error!(
                        corp,
                        inbox = message.inbox_id,
                        error = &error as &dyn std::error::Error,
                        "given up"
                    );
                    chat::Effect::Nothing
                }
                Ok(effect) => effect,
            }
        }
        Ok(_) => chat::Effect::Nothing,
        // Kept for us to look at, and not tried again and again.
        Err(error) => {
            tracing::error!(
                corp,
                inbox = message.inbox_id,
                error = &error as &dyn std::error::Error,
                "a kept message can't be read"
            );
            chat::Effect::Nothing
        }
    };
    let mut tx = app.store().scoped(corp).await?;
    chat::keep(app, &mut tx, school, effect).await?;
    inbox::mark_handled(&mut tx, corp, &[message.inbox_id], app.now()).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}
