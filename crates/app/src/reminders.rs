//! Reminders: planned once per occasion, sent by a job, each with a result the counsellor sees.
//!
//! A plan is one transaction: the round under its unique occasion and a row per person. The sender drops those
//! who have reported since, freezes who and the exact bytes, notes the try, sends, and records what became of
//! each. Killed anywhere, it goes on: inside WeCom's duplicate window the same bytes are the same message.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::{
    DepartmentId, PersonId,
    policy::{Action, Scope, Viewer},
    reminder,
};
use serde_json::{Value, json};
use store::{
    Scoped,
    idempotency_keys::{self, Claim, Claimed},
    jobs as queue,
    outbox::{self, Batch, NewBatch},
    reminders::{self, BatchEnd, NewRound, Outcome, PerMember, Planned, Round, Rule, Waiting},
};
use wecom::{Content, Message};

use crate::{
    App, Error, Page, Result, School, forms, jobs, secret,
    statistics::{Asked, question},
};

/// How long WeCom drops a repeat of the same bytes (doc 90236; at most four hours).
pub(crate) const DUPLICATE_WINDOW: Duration = Duration::from_secs(1800);
/// An ambiguous batch is tried again until here and then unknown: safely inside [`DUPLICATE_WINDOW`].
const REPEAT_WITHIN: TimeDelta = TimeDelta::minutes(25);
/// Recipients of one call at most (doc 90236).
const BATCH: i64 = 1000;
/// WeCom drops the 31st message a minute to one member, and the 1001st an hour, without a word (doc 90312). Its
/// clock is not ours, so we stay below.
const PER_MEMBER: PerMember = PerMember { minute: 25, hour: 900 };
/// Recipients a day of one app, for each account of the corp (doc 90312).
const MESSAGES_PER_ACCOUNT: i64 = 200;

/// Whom a counsellor wants to remind.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The form's code.
    pub form: &'a str,
    /// Only these; none: all unreported of the viewer's scope.
    pub people: Option<&'a [PersonId]>,
    /// Only those counted under this department.
    pub department: Option<DepartmentId>,
}

/// Reminds now those of the viewer's scope who have not reported. The same `key` is the same round.
pub async fn remind(
    app: &App,
    school: &School,
    viewer: &Viewer,
    key: &str,
    wanted: Wanted<'_>,
) -> Result<Planned> {
    let now = app.now();
    let corp = school.corp();
    if wanted.people.is_some_and(|people| people.is_empty() || people.len() > 1000) {
        return Err(Error::field("people", "请选择 1 到 1000 人"));
    }
    let body =
        json!({ "form": wanted.form, "people": wanted.people, "department": wanted.department }).to_string();
    let request_hash = secret::hash(body.as_bytes());
    let claim =
        Claim { corp, member: viewer.member, key, operation: "POST /reminders", request_hash: &request_hash };
    let asked = Asked { form: wanted.form, day: None, slot: None, department: wanted.department };
    let mut tx = app.store().scoped(corp).await?;
    match idempotency_keys::claim(&mut tx, claim, now).await? {
        Claimed::New => {}
        Claimed::Answered(kept) => return planned_before(&kept),
        Claimed::Mismatch => return Err(Error::KeyReused),
    }
    let (loaded, question) = question(app, &mut tx, school, viewer, Action::Remind, asked).await?;
    // What is answered by event nobody has left unreported.
    if loaded.published.form.is_event() {
        return Err(Error::field("form", "随时填报的表单没有未报名单，不能催办"));
    }
    let turn = loaded.turn_of(school, question.day, Some(question.period.slot), now);
    let closes = turn.ok_or_else(|| Error::internal("a question without a turn"))?.window.closes_at;
    let round = NewRound {
        occasion: &format!("member {} {key}", viewer.member),
        rule_id: None,
        by_member: Some(viewer.member),
        people: wanted.people,
        useful_until: closes,
        at: now,
    };
    let planned = reminders::plan(&mut tx, &question, &round).await?;
    let planned = planned.ok_or_else(|| Error::internal("a new key met an old round"))?;
    let kept = json!({ "round": planned.round_id, "people": planned.people });
    idempotency_keys::settle(&mut tx, claim, &kept).await?;
    queue::add(&mut tx, &jobs::send_messages::job(corp, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(planned)
}

fn planned_before(kept: &Value) -> Result<Planned> {
    let number = |name: &str| kept.get(name).and_then(Value::as_i64);
    match (number("round"), number("people").map(usize::try_from)) {
        (Some(round_id), Some(Ok(people))) => Ok(Planned { round_id, people }),
        _ => Err(Error::internal("a kept round")),
    }
}

/// What became of a round the viewer asked for.
#[derive(Debug, Clone)]
pub struct RoundResult {
    /// Its head.
    pub round: Round,
    /// How many stand in each state.
    pub counts: Vec<(String, i64)>,
    /// One row per person.
    pub page: Page<Outcome>,
}

/// A round of the viewer's own; `after` is the last page's `next`.
pub async fn result(
    app: &App,
    school: &School,
    viewer: &Viewer,
    round_id: i64,
    after: Option<&str>,
    limit: i64,
) -> Result<RoundResult> {
    let after = after.map_or(Ok(0), str::parse).map_err(|_| crate::bad_cursor())?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let round = reminders::own_round(&mut tx, corp, viewer.member, round_id).await?.ok_or(Error::NotFound)?;
    let counts = reminders::counts(&mut tx, corp, round_id).await?;
    let rows = reminders::outcomes(&mut tx, corp, round_id, after, limit + 1).await?;
    tx.commit().await?;
    Ok(RoundResult { round, counts, page: Page::cut(rows, limit, |row| row.reminder_id.to_string()) })
}

/// The school's rules.
pub async fn rules(app: &App, school: &School, viewer: &Viewer, form: Option<&str>) -> Result<Vec<Rule>> {
    if !viewer.may(Action::Administer) && !viewer.may(Action::Remind) {
        return Err(Error::Forbidden);
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    if form.is_some_and(|code| !forms::is_name(code)) {
        return Ok(Vec::new());
    }
    let rules = reminders::rules(&mut tx, school.corp(), form).await?;
    tx.commit().await?;
    Ok(rules)
}

/// Plans the rounds of a school's rules that are due now, each at most once. Gives the rounds planned.
pub async fn plan_due(app: &App, school: &School) -> Result<usize> {
    let now = app.now();
    let day = school.today(now);
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let mut planned = 0;
    for rule in reminders::rules(&mut tx, corp, None).await?.iter().filter(|rule| rule.enabled) {
        let times: Vec<NaiveTime> = rule.at_times.iter().copied().flatten().collect();
        for time in reminder::due(school.zone, day, &times, now) {
            planned += usize::from(plan_rule(app, &mut tx, school, rule, &times, time, day, now).await?);
        }
    }
    if planned > 0 {
        queue::add(&mut tx, &jobs::send_messages::job(corp, now), now).await?;
    }
    tx.commit().await?;
    if planned > 0 {
        app.job_added().notify_one();
    }
    Ok(planned)
}

#[expect(clippy::too_many_arguments, reason = "a step of plan_due, split off for reading")]
async fn plan_rule(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    rule: &Rule,
    times: &[NaiveTime],
    time: NaiveTime,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<bool> {
    let loaded = forms::current(app, tx, &rule.form_code).await?;
    // The turn that takes answers now; outside the form's schedule and hours there is nothing to remind of.
    let open = |turn: &domain::form::Turn| turn.window.is_open(now);
    let Some(turn) = loaded.turns(school, day).into_iter().rfind(open) else { return Ok(false) };
    let closes = turn.window.closes_at;
    let round = NewRound {
        occasion: &format!("rule {} {}", rule.rule_id, time.format("%H:%M")),
        rule_id: Some(rule.rule_id),
        by_member: None,
        people: None,
        useful_until: reminder::useful_until(school.zone, day, times, now, closes),
        at: now,
    };
    let question = loaded.question(school.corp(), day, turn.period.slot, Scope::School);
    Ok(reminders::plan(tx, &question, &round).await?.is_some())
}

/// What became of the attempt to freeze a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freezing {
    /// One is frozen; there may be more.
    Frozen,
    /// Nothing waits.
    Nothing,
    /// Those who wait have had their fill of messages for now, or the app has for today.
    NoRoom,
}

/// Waiting reminders of the oldest round that may be sent now; the app's limit of the day is kept.
async fn take_waiting(tx: &mut Scoped, school: &School, now: DateTime<Utc>) -> Result<Option<Vec<Waiting>>> {
    let corp = school.corp();
    let rounds = reminders::waiting_rounds(tx, corp).await?;
    if rounds.is_empty() {
        return Ok(None);
    }
    let midnight = domain::clock::end_of_day(school.zone, now.with_timezone(&school.zone).date_naive())
        - TimeDelta::days(1);
    let sent = outbox::recipients_since(tx, corp, school.wecom.name(), midnight).await?;
    // The corp has at least as many accounts as members.
    let allowed = store::members::count_present(tx, corp).await?.max(1) * MESSAGES_PER_ACCOUNT;
    let limit = BATCH.min(allowed - sent);
    for round in rounds {
        if limit <= 0 {
            tracing::error!(corp, sent, allowed, "the app has sent all messages that WeCom allows it today");
            break;
        }
        let taken = reminders::take_waiting(tx, corp, round, limit, PER_MEMBER, now).await?;
        if !taken.is_empty() {
            return Ok(Some(taken));
        }
    }
    Ok(Some(Vec::new()))
}

/// Freezes the next batch of waiting reminders.
pub(crate) async fn freeze_next(app: &App, school: &School) -> Result<Freezing> {
    let now = app.now();
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    reminders::drop_needless(&mut tx, corp, now).await?;
    let taken = take_waiting(&mut tx, school, now).await?;
    let waits = taken.is_some();
    let taken = taken.unwrap_or_default();
    let Some(first) = taken.first() else {
        tx.commit().await?;
        return Ok(if waits { Freezing::NoRoom } else { Freezing::Nothing });
    };
    let content = reminders::round_content(&mut tx, corp, first.round_id).await?;
    let loaded = forms::current(app, &mut tx, &content.form_code).await?;
    let form = loaded.published.form.clone();
    let turn = loaded.turn_of(school, content.day, Some(content.slot), now);
    let closes = turn.map_or(now, |turn| turn.window.closes_at);
    let closes_text = if closes == domain::clock::end_of_day(school.zone, content.day) {
        "今晚 24:00".to_owned()
    } else {
        let local = closes.with_timezone(&school.zone);
        let today = local.date_naive() == content.day;
        local.format(if today { "%H:%M" } else { "%-m 月 %-d 日 %H:%M" }).to_string()
    };
    let template = content
        .wording
        .as_deref()
        .unwrap_or("辅导员提醒您：今天的“{form}”还没有填写，请在 {closes} 前完成。");
    let description = reminder::wording(template, &form.title, &closes_text);
    let batch_of = |batch_id: i64| Message {
        to: taken.iter().map(|waiting| waiting.userid.clone()).collect::<Vec<_>>().into(),
        agent_id: school.agent_id,
        content: Content::TextCard {
            title: format!("{}待填写", form.title),
            description: description.clone(),
            // The batch's own id makes every message different: WeCom would swallow an equal one as a repeat.
            url: format!("{}/h5/forms/{}?from=reminder-{batch_id}", school.public_url, form.code),
            button: Some("去填写".into()),
        },
        duplicate_check: Some(DUPLICATE_WINDOW),
    };
    // Every limit is checked before anything is written.
    batch_of(i64::MAX)
        .to_body()
        .map_err(|error| Error::Internal("a reminder".into(), Some(Box::new(error))))?;
    let body = |batch_id| batch_of(batch_id).to_body().unwrap_or_default();
    let useful_until = taken.iter().map(|waiting| waiting.useful_until).min().unwrap_or(now);
    let batch = NewBatch { app: school.wecom.name(), recipients: taken.len(), useful_until, at: now };
    let batch_id = outbox::freeze(&mut tx, corp, batch, body).await?;
    reminders::put_into(&mut tx, corp, batch_id, &taken, now).await?;
    tx.commit().await?;
    Ok(Freezing::Frozen)
}

/// What a try to send leaves to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// Nothing frozen is left.
    Empty,
    /// A batch found its end; there may be more.
    Settled,
    /// WeCom can't be asked for so long; the batch stays frozen.
    Later(TimeDelta),
}

/// Sends the oldest frozen batch.
pub(crate) async fn send_next(app: &App, school: &School) -> Result<Sending> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let Some(batch) = outbox::frozen(&mut tx, corp, 1).await?.pop() else { return Ok(Sending::Empty) };
    let now = app.now();
    let over = match batch.first_try_at {
        Some(first) if now - first > REPEAT_WITHIN => {
            Some(BatchEnd::Unknown("no answer inside the duplicate window"))
        }
        // It may have arrived already: the same bytes again are the same message, whatever the hour.
        Some(_) => None,
        None => (batch.useful_until <= now).then_some(BatchEnd::Expired),
    };
    if let Some(end) = over {
        reminders::finish(&mut tx, corp, batch.batch_id, &end, now).await?;
        tx.commit().await?;
        return Ok(Sending::Settled);
    }
    outbox::note_try(&mut tx, corp, batch.batch_id, now).await?;
    tx.commit().await?;

    let answer = school.wecom.send(&batch.body).await;
    record(app, school, &batch, answer).await
}

async fn record(
    app: &App,
    school: &School,
    batch: &Batch,
    answer: wecom::Result<wecom::Sent>,
) -> Result<Sending> {
    /// All recipients invalid (doc 90236).
    const NOBODY_VALID: i64 = 81013;
    let corp = school.corp();
    let text;
    let (sent, everyone);
    let end = match answer {
        Ok(answered) => {
            sent = answered;
            BatchEnd::Sent {
                msgid: sent.msgid.as_deref(),
                invalid: &sent.invalid,
                unlicensed: &sent.unlicensed,
            }
        }
        Err(error) if error.code() == Some(NOBODY_VALID) => {
            everyone = recipients(&batch.body);
            BatchEnd::Sent { msgid: None, invalid: &everyone, unlicensed: &[] }
        }
        Err(error) => {
            tracing::warn!(
                corp,
                batch = batch.batch_id,
                error = &error as &dyn std::error::Error,
                "a batch was not sent"
            );
            let later = Sending::Later(pause_after(&error));
            if error.is_ambiguous() {
                return Ok(later);
            }
            if !is_final(&error) {
                // It certainly did not arrive: as if it had not been tried.
                let mut tx = app.store().scoped(corp).await?;
                outbox::take_back_try(&mut tx, corp, batch.batch_id, batch.first_try_at).await?;
                tx.commit().await?;
                return Ok(later);
            }
            text = error.to_string();
            BatchEnd::Failed(&text)
        }
    };
    let mut tx = app.store().scoped(corp).await?;
    reminders::finish(&mut tx, corp, batch.batch_id, &end, app.now()).await?;
    tx.commit().await?;
    Ok(Sending::Settled)
}

/// When to ask again: after WeCom's own pause, where there is one.
fn pause_after(error: &wecom::Error) -> TimeDelta {
    let pause = error.retry_after().and_then(|pause| TimeDelta::from_std(pause).ok());
    pause.map_or(TimeDelta::seconds(15), |pause| pause + TimeDelta::seconds(1))
}

/// Whether WeCom refused this very message, so that the same bytes will never be taken. Everything else (no
/// connection, no token, a secret or address to be put right, a limit reached) passes, or is put right by a person,
/// while the reminder is still of use.
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
