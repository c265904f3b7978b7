//! Changes of cards: kept as exact bytes in the transaction of what caused them, and made once by a code that is good once.
//!
//! A change that was tried and not answered is tried again with the same bytes: if it had been made, the code is used and
//! WeCom says so.

use chrono::{DateTime, TimeDelta, Utc};
use domain::MemberId;
use futures_util::future::join_all;
use store::{
    Scoped,
    cards::{self as rows, End, NewUpdate, Update},
    jobs as queue,
};
use wecom::message::{CardUpdate, TemplateCard};

use crate::{App, Error, Result, School, jobs::update_cards, outbox::CALLS_AT_ONCE};

/// Tries of one change at most; with the pauses between them they last half a day.
const TRIES: i32 = 20;
/// The longest pause between two tries.
const LONGEST: i64 = 3600;
/// The code was used, or has ended (doc 94888).
const CODE_IS_OVER: i64 = 60140;

/// A change of a card.
pub(crate) struct Change {
    /// `click 17` of the inbox, or `cut-off 5` of a batch.
    pub cause: String,
    /// The batch that brought the card, where it is known.
    pub batch_id: Option<i64>,
    /// Whose card; none: everybody's of the batch.
    pub member: Option<MemberId>,
    /// Whether nothing more is to be done on the card.
    pub settled: bool,
    /// For whom it changes; nobody: there is nothing to be done.
    pub userids: Vec<String>,
    /// Good once.
    pub response_code: String,
    /// … and until here.
    pub useful_until: DateTime<Utc>,
    /// What stands in its place.
    pub card: TemplateCard,
}

/// Keeps a change, with the job that makes it. The caller rings `job_added` after its commit.
pub(crate) async fn keep(app: &App, tx: &mut Scoped, school: &School, change: Change) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let body = match change.userids.is_empty() {
        true => None,
        false => {
            let update = CardUpdate {
                to: change.userids.into(),
                agent_id: school.agent_id,
                response_code: change.response_code,
                change: wecom::message::Change::Replace(Box::new(change.card)),
            };
            let body = update.to_body();
            let body =
                body.map_err(|error| Error::Internal("a change of a card".into(), Some(Box::new(error))))?;
            Some(app.store().keyring().seal(rows::body_place(corp, &change.cause), body.as_bytes())?)
        }
    };
    let update = NewUpdate {
        cause: &change.cause,
        batch_id: change.batch_id,
        member: change.member,
        settled: change.settled,
        body: body.as_ref(),
        useful_until: change.useful_until,
        at: now,
    };
    if rows::add_update(tx, corp, &update).await? && body.is_some() {
        queue::add(tx, &update_cards::job(corp, now), now).await?;
    }
    Ok(())
}

/// Makes the changes whose time has come, as many at once as the sender sends.
pub(crate) async fn make(app: &App, school: &School) -> Result<()> {
    let corp = school.corp();
    loop {
        let mut tx = app.store().scoped(corp).await?;
        let waiting = rows::waiting(&mut tx, corp, CALLS_AT_ONCE as i64, app.now()).await?;
        tx.commit().await?;
        if waiting.is_empty() {
            return Ok(());
        }
        for made in join_all(waiting.iter().map(|update| try_once(app, school, update))).await {
            made?;
        }
    }
}

async fn try_once(app: &App, school: &School, update: &Update) -> Result<()> {
    let corp = school.corp();
    let now = app.now();
    let mut tx = app.store().scoped(corp).await?;
    if update.useful_until <= now {
        rows::finish(&mut tx, corp, update.update_id, End::Gone, now).await?;
        tx.commit().await?;
        return Ok(());
    }
    rows::note_try(&mut tx, corp, update.update_id).await?;
    tx.commit().await?;

    let body = app.store().keyring().open(rows::body_place(corp, &update.cause), &update.body)?;
    let body = String::from_utf8(body).map_err(|_| Error::internal("a kept change of a card"))?;
    let answer = school.wecom.update_card(&body).await;
    let now = app.now();
    let text;
    let end = match answer {
        Ok(_) => End::Done,
        // Without an answer it may have been made: then its own code is the one that is used.
        Err(error) if error.code() == Some(CODE_IS_OVER) && update.attempts > 0 => End::Done,
        Err(error) if error.code() == Some(CODE_IS_OVER) => End::Gone,
        Err(error) => {
            text = error.to_string();
            tracing::warn!(
                corp,
                update = update.update_id,
                error = &error as &dyn std::error::Error,
                "a card was not changed"
            );
            let tries = update.attempts + 1;
            match is_final(&error) || tries >= TRIES {
                true => End::Failed(&text),
                false => End::Later(now + pause(&error, tries), &text),
            }
        }
    };
    let mut tx = app.store().scoped(corp).await?;
    rows::finish(&mut tx, corp, update.update_id, end, now).await?;
    tx.commit().await?;
    Ok(())
}

/// 5, 10, 20 … seconds, an hour at most; never before WeCom's own pause has ended.
fn pause(error: &wecom::Error, tries: i32) -> TimeDelta {
    let usual = 5 * 2_i64.saturating_pow(tries.unsigned_abs().saturating_sub(1));
    let own = error.retry_after().and_then(|pause| TimeDelta::from_std(pause).ok());
    TimeDelta::seconds(usual.min(LONGEST)).max(own.unwrap_or_default() + TimeDelta::seconds(1))
}

/// Whether WeCom refused this very change.
fn is_final(error: &wecom::Error) -> bool {
    match error {
        wecom::Error::Api(answer) => {
            matches!(answer.class(), wecom::Class::Param | wecom::Class::NotFound | wecom::Class::Other)
                && !error.is_ambiguous()
        }
        wecom::Error::Message(_) => true,
        _ => false,
    }
}
