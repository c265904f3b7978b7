//! What leaves: [`say`] keeps what a mailing says, the sender groups who gets the same, freezes who and the exact bytes, notes
//! the try, sends, and records what became of each.
//!
//! Killed anywhere, it goes on: inside WeCom's duplicate window the same bytes are the same message. What WeCom would not
//! know again (a plain text) is never sent twice: without an answer it ends unknown.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use domain::CorpId;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::{Deserialize, Serialize};
use store::{
    Scoped, jobs as queue, mailings,
    outbox::{self, Batch, BatchEnd, Group, NewBatch, PerMember, Waiting},
};
use wecom::Message;

use crate::{
    App, Error, Result, School,
    cards::{CountCard, FormCard},
    jobs::{refresh_member, sync_directory},
    reminders,
};

/// How long WeCom drops a repeat of the same bytes (doc 90236; at most four hours).
pub(crate) const DUPLICATE_WINDOW: Duration = Duration::from_secs(1800);
/// An ambiguous batch is tried again until here and then unknown: safely inside [`DUPLICATE_WINDOW`].
const REPEAT_WITHIN: TimeDelta = TimeDelta::minutes(25);
/// Recipients of one call at most (doc 90236).
const BATCH: i64 = 1000;
/// Calls at once of one process.
pub(crate) const CALLS_AT_ONCE: usize = 10;
/// Batches frozen before they are sent at most: what is frozen is not looked at again, so they are few, and reach few.
const BATCHES_AHEAD: usize = 50;
/// … and the people in them.
const PEOPLE_AHEAD: usize = 10_000;
/// WeCom drops the 31st message a minute to one member, and the 1001st an hour, without a word (doc 90312). Its
/// clock is not ours, so we stay below.
const PER_MINUTE: i64 = 25;
/// … and in an hour.
const PER_HOUR: i64 = 900;
/// So many invalid recipients of one message are asked about one by one.
const FEW_INVALID: usize = 20;
/// Recipients a day of one app, for each account of the corp (doc 90312).
const MESSAGES_PER_ACCOUNT: i64 = 200;

/// What a message says, without those who get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    /// A card that opens a page of ours.
    Card(Card),
    /// A card that reports, or opens the form.
    Form(FormCard),
    /// A card with a figure that opens what it counts.
    Count(CountCard),
    /// A text.
    Text(String),
}

/// A card that opens a page of ours. It may stand on a lock screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Card {
    /// Heading.
    pub title: String,
    /// A sentence or two.
    pub description: String,
    /// The page it opens, a path of this host; or a whole `https://` address.
    pub path: String,
    /// On the button.
    pub button: String,
}

/// A page's whole address.
fn address(school: &School, path: &str) -> String {
    if path.starts_with("https://") { path.to_owned() } else { format!("{}{path}", school.public_url) }
}

impl Content {
    /// Whether every batch of it is a message of its own, so that WeCom knows a repeat.
    fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Text(_))
    }

    /// The message of one batch. Its number makes it different from every other: WeCom would swallow an equal one.
    fn message(&self, school: &School, to: Vec<String>, batch_id: i64) -> Message {
        let content = match self {
            Self::Card(card) => wecom::Content::TextCard {
                title: card.title.clone(),
                description: card.description.clone(),
                url: numbered(&address(school, &card.path), batch_id),
                button: Some(card.button.clone()),
            },
            Self::Form(card) => wecom::Content::TemplateCard(Box::new(card.new_card(school, batch_id))),
            Self::Count(card) => wecom::Content::TemplateCard(Box::new(card.new_card(school, batch_id))),
            Self::Text(text) => wecom::Content::Text { content: text.clone() },
        };
        let duplicate_check = self.is_repeatable().then_some(DUPLICATE_WINDOW);
        Message { to: to.into(), agent_id: school.agent_id, content, duplicate_check }
    }
}

/// A link with the number of the message it stands in.
pub(crate) fn numbered(url: &str, batch_id: i64) -> String {
    let (page, anchor) =
        url.split_once('#').map_or((url, String::new()), |(page, anchor)| (page, format!("#{anchor}")));
    let separator = if page.contains('?') { '&' } else { '?' };
    format!("{page}{separator}m={batch_id}{anchor}")
}

/// Keeps what a variant of a mailing says, after checking that WeCom would take it.
pub(crate) async fn say(
    app: &App,
    tx: &mut Scoped,
    corp: CorpId,
    mailing_id: i64,
    variant: &str,
    content: &Content,
) -> Result<()> {
    let school = app.school(corp)?;
    let to = vec!["somebody".to_owned()];
    content
        .message(school, to, i64::MAX)
        .to_body()
        .map_err(|error| Error::Internal("a message".into(), Some(Box::new(error))))?;
    let plain =
        serde_json::to_vec(content).map_err(|_| Error::internal("a content that can't be written"))?;
    let row = format!("{mailing_id} {variant}");
    let sealed = app.store().keyring().seal(mailings::content_place(corp, &row), &plain)?;
    mailings::add_content(tx, corp, mailing_id, variant, &sealed).await?;
    Ok(())
}

/// Keeps what many variants of a mailing say, after checking that WeCom would take each.
pub(crate) async fn say_all(
    app: &App,
    tx: &mut Scoped,
    corp: CorpId,
    mailing_id: i64,
    contents: &[(String, Content)],
) -> Result<()> {
    let school = app.school(corp)?;
    let mut sealed = Vec::with_capacity(contents.len());
    for (variant, content) in contents {
        content
            .message(school, vec!["somebody".to_owned()], i64::MAX)
            .to_body()
            .map_err(|error| Error::Internal("a message".into(), Some(Box::new(error))))?;
        let plain =
            serde_json::to_vec(content).map_err(|_| Error::internal("a content that can't be written"))?;
        let row = format!("{mailing_id} {variant}");
        let place = mailings::content_place(corp, &row);
        sealed.push((variant.as_str(), app.store().keyring().seal(place, &plain)?));
    }
    mailings::add_contents(tx, corp, mailing_id, &sealed).await?;
    Ok(())
}

/// What a variant of a mailing says.
pub(crate) async fn said(
    app: &App,
    tx: &mut Scoped,
    corp: CorpId,
    mailing_id: i64,
    variant: &str,
) -> Result<Content> {
    let sealed = mailings::content(tx, corp, mailing_id, variant).await?;
    let row = format!("{mailing_id} {variant}");
    let plain = app.store().keyring().open(mailings::content_place(corp, &row), &sealed)?;
    serde_json::from_slice(&plain).map_err(|_| Error::internal("a kept content"))
}

/// What became of the attempt to freeze batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freezing {
    /// Some are frozen; there may be more.
    Frozen,
    /// Nothing waits that may go now.
    Nothing,
    /// Those who wait have had their fill of messages for now, or the app has for today.
    NoRoom,
}

/// Settles everything that waits and must not go out any more, also what is not to go yet.
pub(crate) async fn drop_needless(app: &App, school: &School) -> Result<()> {
    let mut tx = app.store().scoped(school.corp()).await?;
    outbox::drop_needless(&mut tx, school.corp(), None, app.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Freezes what waits and may go now, a few batches at a time. Each person is looked at once more: nothing is frozen for who
/// has reported, or what is of no use any more.
pub(crate) async fn freeze_next(app: &App, school: &School) -> Result<Freezing> {
    let now = app.now();
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let held = reminders::held(&mut tx, school, now).await?;
    let most = reminders::most(&mut tx, school, now).await?;
    let per_member = PerMember { minute: PER_MINUTE, hour: PER_HOUR, reminders: most };
    // Some groups may have had their fill; a few more are looked at, so that they don't hold up the others.
    let groups = outbox::waiting_groups(&mut tx, corp, 200, &held, now).await?;
    let mut room = if groups.is_empty() { 0 } else { room_today(&mut tx, school, now).await? };
    let (mut frozen, mut people, mut settled) = (0, 0, 0);
    for group in &groups {
        while frozen < BATCHES_AHEAD && people < PEOPLE_AHEAD && room > 0 {
            let mut taken =
                outbox::take_waiting(&mut tx, corp, group, BATCH.min(room), per_member, now).await?;
            if taken.is_empty() {
                break;
            }
            let ids: Vec<i64> = taken.iter().map(|waiting| waiting.outbox_id).collect();
            let needless: HashSet<i64> =
                outbox::drop_needless(&mut tx, corp, Some(&ids), now).await?.into_iter().collect();
            settled += needless.len();
            taken.retain(|waiting| !needless.contains(&waiting.outbox_id));
            if taken.is_empty() {
                continue;
            }
            freeze(app, &mut tx, school, group, &taken, now).await?;
            frozen += 1;
            people += taken.len();
            room -= i64::try_from(taken.len()).unwrap_or(i64::MAX);
        }
    }
    // Whoever has had as many reminders as the school allows waits for nothing.
    if frozen + settled == 0 && !groups.is_empty() {
        settled = outbox::settle_limited(&mut tx, corp, most, now).await?;
    }
    tx.commit().await?;
    Ok(match (groups.is_empty(), frozen + settled) {
        (true, _) => Freezing::Nothing,
        (false, 0) => Freezing::NoRoom,
        (false, _) => Freezing::Frozen,
    })
}

/// How many recipients WeCom still allows the app today.
async fn room_today(tx: &mut Scoped, school: &School, now: DateTime<Utc>) -> Result<i64> {
    let Today { allowed, sent } = today(tx, school, now).await?;
    if sent >= allowed {
        let corp = school.corp();
        tracing::error!(corp, sent, allowed, "the app has sent all messages that WeCom allows it today");
    }
    Ok(allowed - sent)
}

/// The app's account of the day.
#[derive(Debug, Clone, Copy)]
pub struct Today {
    /// Recipients WeCom allows.
    pub allowed: i64,
    /// Recipients of what was sent, or is about to be.
    pub sent: i64,
}

/// What the app was allowed to send today, and has sent.
pub(crate) async fn today(tx: &mut Scoped, school: &School, now: DateTime<Utc>) -> Result<Today> {
    let corp = school.corp();
    let midnight = domain::clock::end_of_day(school.zone, now.with_timezone(&school.zone).date_naive())
        - TimeDelta::days(1);
    let sent = outbox::recipients_since(tx, corp, school.wecom.name(), midnight).await?;
    // The corp has at least as many accounts as members.
    let allowed = store::members::count_present(tx, corp).await?.max(1) * MESSAGES_PER_ACCOUNT;
    Ok(Today { allowed, sent })
}

async fn freeze(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    group: &Group,
    taken: &[Waiting],
    now: DateTime<Utc>,
) -> Result<()> {
    let corp = school.corp();
    let content = said(app, tx, corp, group.mailing_id, &group.variant).await?;
    let to: Vec<String> = taken.iter().map(|waiting| waiting.userid.clone()).collect();
    let batch = NewBatch {
        app: school.wecom.name(),
        recipients: taken.len(),
        repeatable: content.is_repeatable(),
        useful_until: taken.iter().map(|waiting| waiting.useful_until).min().unwrap_or(now),
        at: now,
    };
    let batch_id = outbox::freeze(tx, corp, batch, |batch_id| {
        let body = content.message(school, to, batch_id).to_body();
        let body = body.map_err(|error| Error::Internal("a message".into(), Some(Box::new(error))))?;
        let row = batch_id.to_string();
        Ok::<_, Error>(app.store().keyring().seal(outbox::body_place(corp, &row), body.as_bytes())?)
    })
    .await?;
    outbox::put_into(tx, corp, batch_id, taken, now).await?;
    Ok(())
}

/// What a try to send leaves to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sending {
    /// Nothing frozen is left.
    Empty,
    /// Batches found their ends; there may be more.
    Settled,
    /// WeCom can't be asked for so long; what is frozen stays so.
    Later(TimeDelta),
}

/// Sends the oldest frozen batches, at most [`CALLS_AT_ONCE`] at once.
pub(crate) async fn send_frozen(app: &App, school: &School) -> Result<Sending> {
    let corp = school.corp();
    let now = app.now();
    let mut tx = app.store().scoped(corp).await?;
    let held = reminders::held(&mut tx, school, now).await?;
    let batches = outbox::frozen(&mut tx, corp, BATCHES_AHEAD as i64, &held, now).await?;
    tx.commit().await?;
    let mut sending = Sending::Empty;
    let mut batches = batches.iter();
    let mut under_way = FuturesUnordered::new();
    let mut failed = None;
    loop {
        // Once WeCom can't be asked, the rest waits for the next time; what is under way comes to its end.
        while under_way.len() < CALLS_AT_ONCE
            && failed.is_none()
            && !matches!(sending, Sending::Later(_))
            && let Some(batch) = batches.next()
        {
            under_way.push(send(app, school, batch));
        }
        let Some(one) = under_way.next().await else { return failed.map_or(Ok(sending), Err) };
        let one = match one {
            Ok(one) => one,
            Err(error) => {
                failed = Some(error);
                continue;
            }
        };
        sending = match (sending, one) {
            (Sending::Later(a), Sending::Later(b)) => Sending::Later(a.max(b)),
            (Sending::Later(pause), _) | (_, Sending::Later(pause)) => Sending::Later(pause),
            _ => Sending::Settled,
        };
    }
}

async fn send(app: &App, school: &School, batch: &Batch) -> Result<Sending> {
    let corp = school.corp();
    let now = app.now();
    let over = match batch.first_try_at {
        Some(_) if !batch.repeatable => {
            Some(BatchEnd::Unknown("没有收到企业微信的答复；再发可能重复，所以不再发送"))
        }
        Some(first) if now - first > REPEAT_WITHIN => {
            Some(BatchEnd::Unknown("一直没有收到企业微信的答复；再发可能重复，所以不再发送"))
        }
        // It may have arrived already: the same bytes again are the same message, whatever the hour.
        Some(_) => None,
        None => (batch.useful_until <= now).then_some(BatchEnd::Expired),
    };
    let mut tx = app.store().scoped(corp).await?;
    if let Some(end) = over {
        outbox::finish(&mut tx, corp, batch.batch_id, &end, now).await?;
        tx.commit().await?;
        return Ok(Sending::Settled);
    }
    let tries = outbox::note_try(&mut tx, corp, batch.batch_id, now).await?;
    tx.commit().await?;
    // Taken back meanwhile, or another worker was faster.
    let Some(tries) = tries else { return Ok(Sending::Settled) };
    if tries > batch.attempts + 1 && !batch.repeatable {
        // Somebody tried it since it was read, and a repeat would be a second message.
        return Ok(Sending::Settled);
    }

    let row = batch.batch_id.to_string();
    let body = app.store().keyring().open(outbox::body_place(corp, &row), &batch.body)?;
    let body = String::from_utf8(body).map_err(|_| Error::internal("a kept body"))?;
    let answer = school.wecom.send(&body).await;
    record(app, school, batch, tries, &body, answer).await
}

async fn record(
    app: &App,
    school: &School,
    batch: &Batch,
    tries: i32,
    body: &str,
    answer: wecom::Result<wecom::Sent>,
) -> Result<Sending> {
    /// All recipients invalid (doc 90236).
    const NOBODY_VALID: i64 = 81013;
    /// The `task_id` of a card was used before (doc 90236).
    const TASK_IS_KNOWN: i64 = 42014;
    let corp = school.corp();
    let text;
    let (sent, everyone);
    let end = match answer {
        Ok(answered) => {
            sent = answered;
            BatchEnd::Sent {
                msgid: sent.msgid.as_deref(),
                response_code: sent.response_code.as_deref(),
                invalid: &sent.invalid,
                unlicensed: &sent.unlicensed,
            }
        }
        Err(error) if error.code() == Some(NOBODY_VALID) => {
            everyone = recipients(body);
            BatchEnd::Sent { msgid: None, response_code: None, invalid: &everyone, unlicensed: &[] }
        }
        // It arrived when it was tried before: a card's task is good once, whether or not WeCom looks for repeats first.
        Err(error) if error.code() == Some(TASK_IS_KNOWN) && tries > 1 => {
            BatchEnd::Sent { msgid: None, response_code: None, invalid: &[], unlicensed: &[] }
        }
        Err(error) => {
            tracing::warn!(
                corp,
                batch = batch.batch_id,
                error = &error as &dyn std::error::Error,
                "a batch was not sent"
            );
            text = words(&error);
            if error.is_ambiguous() || !is_final(&error) {
                let mut tx = app.store().scoped(corp).await?;
                if !error.is_ambiguous() {
                    // It certainly did not arrive: as if it had not been tried.
                    outbox::take_back_try(&mut tx, corp, batch.batch_id, batch.first_try_at).await?;
                }
                outbox::note_failing(&mut tx, corp, batch.batch_id, &text, app.now()).await?;
                tx.commit().await?;
                return Ok(Sending::Later(pause_after(&error)));
            }
            BatchEnd::Failed(&text)
        }
    };
    let now = app.now();
    let mut tx = app.store().scoped(corp).await?;
    outbox::finish(&mut tx, corp, batch.batch_id, &end, now).await?;
    if let BatchEnd::Sent { invalid, .. } = &end {
        hint(&mut tx, corp, invalid, now).await?;
    }
    tx.commit().await?;
    Ok(Sending::Settled)
}

/// Whom WeCom calls invalid the directory is asked about: they have left, or the app does not see them.
async fn hint(tx: &mut Scoped, corp: CorpId, invalid: &[String], now: DateTime<Utc>) -> Result<()> {
    // More than a few are looked at together, as a sync looks at everybody.
    if invalid.len() > FEW_INVALID {
        queue::add(tx, &sync_directory::job(corp, sync::Trigger::Event, now), now).await?;
        return Ok(());
    }
    for userid in invalid {
        queue::add(tx, &refresh_member::job(corp, userid, now), now).await?;
    }
    Ok(())
}

/// What WeCom said and what a person can do about it, in Chinese.
pub(crate) fn words(error: &wecom::Error) -> String {
    if let wecom::Error::Paused { code, .. } = error {
        return format!("企业微信限制了调用频率（错误码 {code}），暂停结束后自动重试");
    }
    let remedy = error.remedy().map(|remedy| format!("。{}", remedy.zh())).unwrap_or_default();
    format!("{}{remedy}", sync::explain(error))
}

/// When to ask again: after WeCom's own pause, where there is one.
fn pause_after(error: &wecom::Error) -> TimeDelta {
    let pause = error.retry_after().and_then(|pause| TimeDelta::from_std(pause).ok());
    pause.map_or(TimeDelta::seconds(15), |pause| pause + TimeDelta::seconds(1))
}

/// Whether WeCom refused this very message, so that the same bytes will never be taken. Everything else (no
/// connection, no token, a secret or address to be put right, a limit reached) passes, or is put right by a person,
/// while the message is still of use.
fn is_final(error: &wecom::Error) -> bool {
    match error {
        wecom::Error::Api(answer) => {
            matches!(answer.class(), wecom::Class::Param | wecom::Class::NotFound | wecom::Class::Other)
        }
        wecom::Error::Message(_) => true,
        _ => false,
    }
}

/// The lower-cased recipients a frozen body names.
fn recipients(body: &str) -> Vec<String> {
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let to = body.get("touser").and_then(|to| to.as_str()).unwrap_or_default();
    to.split('|').map(str::to_lowercase).collect()
}
