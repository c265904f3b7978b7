//! Reporting: answers, taken once however often they are sent, and kept in every revision.

mod history;
mod load;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    PersonId,
    form::{Flag, Turn, answers::Answers},
    policy::{Action, Scope, Viewer},
    review::{self, ReviewAct, ReviewState},
};
use futures_util::try_join;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{
    Scoped, Sealed, attachments,
    idempotency_keys::{self, Claim, Claimed},
    jobs as queue,
    reports::{self, Key, NewReport, Source},
    reviews, trips,
};

use crate::{
    App, Error, Result, School, attachments::shown as pictures, forms, jobs::warn_reviews, privacy_notices,
    retention::shown_after, secret,
};

pub(crate) use history::revisions_of;
pub use history::{By, OwnForm, OwnReport, OwnRevision, OwnWithForm, history, own, own_forms, revisions};
pub use load::{Loaded, Row, cell, form, load};

/// Months for whose answers there is room, as far as this process knows.
#[derive(Default)]
pub(crate) struct Months(Arc<Mutex<HashSet<NaiveDate>>>);

/// What someone sends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The form's code.
    pub form: String,
    /// The version they saw.
    pub version: i32,
    /// For which day; one that takes answers now, and may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<NaiveDate>,
    /// For which slot; may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<i16>,
    /// Of a form answered by event: the report to be changed; none: a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// By field name.
    pub answers: Answers,
    /// Names of the fields that were left as they were carried over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<String>,
    /// 代报: for whom, and why not themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behalf: Option<Behalf>,
}

/// Somebody who can't answer themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behalf {
    /// Who.
    pub person: PersonId,
    /// Why.
    pub reason: String,
}

/// What someone keeps of a report. Carries none of the answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The form's code.
    pub form: String,
    /// For which day; none: answered once, or by event.
    pub day: Option<NaiveDate>,
    /// For which slot.
    pub slot: i16,
    /// 16 letters and digits; the same through all revisions.
    pub receipt: String,
    /// 1 for the first.
    pub revision: i32,
    /// `normal` or `abnormal`.
    pub state: String,
    /// Whether the first revision came after the cut-off.
    pub late: bool,
    /// `self`, `behalf`, `card`, `chat` or `import`: from whom the last revision came.
    pub source: String,
    /// When the first revision came.
    pub submitted_at: DateTime<Utc>,
    /// When the last one came.
    pub revised_at: DateTime<Utc>,
}

impl Receipt {
    pub(crate) fn of(form: &str, report: &reports::Report) -> Self {
        Self {
            form: form.to_owned(),
            day: report.day,
            slot: report.slot,
            receipt: report.receipt.clone(),
            revision: report.revision,
            state: report.state.clone(),
            late: report.late,
            source: report.source.clone(),
            submitted_at: report.submitted_at,
            revised_at: report.revised_at,
        }
    }
}

/// Takes a report, or the next revision of one. The same `key` gives the same receipt.
pub async fn submit(
    app: &App,
    school: &School,
    viewer: &Viewer,
    key: &str,
    submission: &Submission,
) -> Result<Receipt> {
    let source = if submission.behalf.is_some() { Source::Behalf } else { Source::OneSelf };
    take(app, school, viewer, ("POST /reports", key), submission, source).await
}

/// The same from the chat: by a tap on a card, or by what somebody wrote.
pub(crate) async fn submit_from_chat(
    app: &App,
    school: &School,
    viewer: &Viewer,
    key: &str,
    submission: &Submission,
    source: Source,
) -> Result<Receipt> {
    take(app, school, viewer, ("chat", key), submission, source).await
}

async fn take(
    app: &App,
    school: &School,
    viewer: &Viewer,
    (operation, key): (&str, &str),
    submission: &Submission,
    source: Source,
) -> Result<Receipt> {
    let corp = school.corp();
    let now = app.now();
    let today = school.today(now);
    let body = serde_json::to_vec(submission).map_err(|_| Error::internal("a submission"))?;
    let request_hash = secret::hash(&body);
    let claim = Claim { corp, member: viewer.member, key, operation, request_hash: &request_hash };
    ensure_month(app, school, today).await?;

    let mut tx = app.store().to_begin(corp).await?;
    let ((), claimed, newest) = try_join!(
        tx.begin(),
        idempotency_keys::claim(&tx, app.store().keyring(), claim, now),
        forms::newest(&tx, corp, &submission.form),
    )?;
    match claimed {
        Claimed::New => {}
        Claimed::Answered(receipt) => {
            return serde_json::from_value(receipt).map_err(|_| Error::internal("a kept receipt"));
        }
        Claimed::Mismatch => return Err(Error::KeyReused),
    }
    // All else after the claim: a repeat of what was taken yesterday still gets its receipt.
    let loaded = forms::load(app, &mut tx, newest).await.map_err(|error| match error {
        Error::NotFound => Error::field("form", "没有这个表单，请刷新页面"),
        other => other,
    })?;
    let form = &loaded.published.form;
    if submission.version != form.version {
        return Err(Error::FormChanged);
    }
    // Also what was sent back: nothing comes to a form whose answers are hidden already, for they are being purged.
    if loaded.schedule.ends_on <= shown_after(app, corp)? {
        return Err(Error::FormClosed);
    }
    let (day, turn) = open_turn(&mut tx, school, viewer, &loaded, submission, now).await?;
    loaded.published.check(&submission.answers, today).map_err(Error::Invalid)?;
    let (person, among) = whose(viewer, submission)?;
    let question = loaded.question(corp, day, turn.period.slot, among);
    let key = Key { corp, form_id: loaded.form_id, person, period: turn.period, occurrence: 0 };
    // None of these waits for another's answer.
    let (is_asked, hindrance, before, away) = try_join!(
        loaded.asks(&tx, &question, person),
        async {
            let asks_first = form.is_sensitive() && submission.behalf.is_none();
            if asks_first { privacy_notices::hindrance(school, &tx, person).await } else { Ok(None) }
        },
        async { if form.is_event() { Ok(None) } else { Ok(reports::by_key(&tx, key).await?) } },
        async { if form.place.is_some() { Ok(trips::away(&tx, corp, person).await?) } else { Ok(None) } },
    )?;
    if !is_asked {
        // Not expected, and not theirs, look the same.
        return Err(if submission.behalf.is_some() { Error::NotFound } else { Error::NotExpected });
    }
    // Whoever answers for somebody else does so by their office, not by that person's word.
    if let Some(hindrance) = hindrance {
        return Err(hindrance);
    }
    let (key, before) =
        if form.is_event() { event(&mut tx, &loaded, key, submission).await? } else { (key, before) };
    if let Some(before) = &before {
        may_be_changed(&mut tx, &loaded, turn, before, now).await?;
    }
    // What was answered in an earlier campaign keeps its month, whose room may be gone with it.
    if let Some(before) = before.as_ref().filter(|before| before.month() != reports::month(today)) {
        reports::ensure_partition(&mut tx, before.month()).await?;
    }
    let answers = loaded.published.coarse(submission.answers.clone());
    let report_id = before.as_ref().map(|before| before.report_id);
    let pictures = pictures(&mut tx, &loaded, person, &answers, report_id).await?;
    let flags = form.flags(&answers, away.as_deref());
    let draft_of = Draft { key, answers: &answers, flags, source, day: today, at: now };
    let report = NewReport {
        by_member: Some(viewer.member),
        late: now >= turn.window.cutoff_at,
        reason: submission.behalf.as_ref().map(|behalf| sealed_reason(app, key, behalf)).transpose()?,
        carried: carried(&loaded, submission, source),
        ..draft(app, &loaded, draft_of)?
    };
    let written = reports::submit(&mut tx, &report).await?;
    attachments::tie(&mut tx, corp, &pictures, written.report_id).await?;
    if let Some(fields) = &form.trip {
        trips::keep(&mut tx, corp, written.report_id, person, fields.trip(&answers).as_ref()).await?;
    }
    let stands_out = move_review(&mut tx, &report, &written).await?;
    let receipt = Receipt {
        form: form.code.clone(),
        day: key.period.day,
        slot: key.period.slot,
        receipt: written.receipt,
        revision: written.revision,
        state: report.state.to_owned(),
        late: written.late,
        source: source.as_str().to_owned(),
        submitted_at: written.submitted_at,
        revised_at: now,
    };
    let kept = serde_json::to_value(&receipt).map_err(|_| Error::internal("a receipt"))?;
    idempotency_keys::settle(&mut tx, app.store().keyring(), claim, &kept).await?;
    tx.commit().await?;
    if stands_out {
        app.job_added().notify_one();
    }
    Ok(receipt)
}

/// The turn that is answered, and the day whose roster counts for it: one that is open, or that of a report that was sent
/// back.
async fn open_turn(
    tx: &mut Scoped,
    school: &School,
    viewer: &Viewer,
    loaded: &forms::Loaded,
    submission: &Submission,
    now: DateTime<Utc>,
) -> Result<(NaiveDate, Turn)> {
    let today = school.today(now);
    // Where a report is named it is that one, if it was sent back.
    if submission.receipt.is_some()
        && let Some(turn) = sent_back_turn(tx, school, viewer, loaded, submission, now).await?
    {
        return Ok(turn);
    }
    let open = forms::open_turns(tx, school, loaded, now).await?;
    let is_meant = |(day, turn): &&(NaiveDate, Turn)| {
        submission.day.is_none_or(|meant| meant == *day || turn.period.day == Some(meant))
            && submission.slot.is_none_or(|slot| slot == turn.period.slot)
    };
    // Left open, it is the newest: at midnight today's, also where an outage keeps yesterday's open.
    if let Some(meant) = open.iter().rev().find(is_meant) {
        return Ok(*meant);
    }
    if !loaded.published.form.is_event()
        && let Some(turn) = sent_back_turn(tx, school, viewer, loaded, submission, now).await?
    {
        return Ok(turn);
    }
    match submission.day {
        Some(day) if day != today => Err(Error::field("day", format!("只能填报今天（{today}）的内容"))),
        _ => Err(Error::FormClosed),
    }
}

/// The turn of the report that is meant, if it was sent back and waits to be put right.
async fn sent_back_turn(
    tx: &mut Scoped,
    school: &School,
    viewer: &Viewer,
    loaded: &forms::Loaded,
    submission: &Submission,
    now: DateTime<Utc>,
) -> Result<Option<(NaiveDate, Turn)>> {
    let behalf = submission.behalf.as_ref().map(|behalf| behalf.person);
    let Some(person) = behalf.or(viewer.person.as_ref().map(|person| person.id)) else { return Ok(None) };
    let corp = tx.corp();
    let sent_back = reviews::sent_back_of(tx, corp, person).await?;
    let is_meant = |report: &&reports::Report| {
        report.form_id == loaded.form_id
            && match &submission.receipt {
                Some(receipt) => report.receipt == *receipt,
                None => {
                    report.day == submission.day && submission.slot.is_none_or(|slot| slot == report.slot)
                }
            }
    };
    let report = sent_back.iter().find(is_meant);
    Ok(report.and_then(|report| forms::turn_of_report(school, loaded, report, now)))
}

/// Who is answered for, and among whom they must be: the viewer, or somebody they look after.
fn whose(viewer: &Viewer, submission: &Submission) -> Result<(PersonId, Scope)> {
    let Some(Behalf { person, reason }) = &submission.behalf else {
        let person = viewer.person.as_ref().ok_or(Error::NotExpected)?;
        return Ok((person.id, Scope::School));
    };
    let scope = viewer.scope(Action::ReportFor);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    if !(1..=200).contains(&reason.trim().chars().count()) {
        return Err(Error::field("reason", "请写明为什么代报，不超过 200 字"));
    }
    Ok((*person, scope))
}

fn sealed_reason(app: &App, key: Key, behalf: &Behalf) -> Result<Sealed> {
    let row = key.row();
    let place = reports::reason_place(key.corp, &row);
    Ok(app.store().keyring().seal(place, behalf.reason.trim().as_bytes())?)
}

/// Which event is told of, and the report that is changed by it, if it is known to be one.
async fn event(
    tx: &mut Scoped,
    loaded: &forms::Loaded,
    key: Key,
    submission: &Submission,
) -> Result<(Key, Option<reports::Report>)> {
    let Some(receipt) = &submission.receipt else {
        let occurrence = reports::next_occurrence(tx, key.corp, loaded.form_id, key.person).await?;
        return Ok((Key { occurrence, ..key }, None));
    };
    let unknown = || Error::field("receipt", "没有这条记录，请刷新页面");
    if !forms::is_name(receipt) {
        return Err(unknown());
    }
    let report = reports::by_receipt(tx, key.corp, Some(key.person), receipt)
        .await?
        .filter(|report| report.form_id == loaded.form_id)
        .ok_or_else(unknown)?;
    Ok((report.key(key.corp), Some(report)))
}

/// What was sent may be changed until the cut-off, an event's for a day and while its trip is under way; later only what
/// was sent back.
async fn may_be_changed(
    tx: &mut Scoped,
    loaded: &forms::Loaded,
    turn: Turn,
    before: &reports::Report,
    now: DateTime<Utc>,
) -> Result<()> {
    let corp = tx.corp();
    let in_time = if loaded.published.form.is_event() {
        now - before.submitted_at < forms::EVENT_CHANGES
    } else {
        now < turn.window.cutoff_at
    };
    // Held, so that of two changes at once the second finds it answered.
    let may = in_time
        || reviews::lock(tx, corp, before.report_id).await? == Some(ReviewState::SentBack)
        || (loaded.published.form.trip.is_some() && trips::is_open(tx, corp, before.report_id).await?);
    if may { Ok(()) } else { Err(Error::CutoffPassed) }
}

/// Opens, moves or closes the review of a report that was just written. Whether it was opened, of which those in charge
/// are told.
async fn move_review(tx: &mut Scoped, report: &NewReport, written: &reports::Written) -> Result<bool> {
    let corp = report.key.corp;
    // A first report has no review yet.
    let before =
        if written.revision == 1 { None } else { reviews::lock(tx, corp, written.report_id).await? };
    let Some((state, act)) = review::after_report(before, !report.flags.is_empty()) else { return Ok(false) };
    let new = reviews::NewAct {
        act,
        revision: written.revision,
        note: None,
        by_member: report.by_member.filter(|_| act == ReviewAct::Answered),
        at: report.at,
    };
    if act != ReviewAct::Opened {
        reviews::put(tx, corp, written.report_id, state, &new).await?;
        return Ok(false);
    }
    reviews::open(tx, corp, written.report_id, &report.flags, &new).await?;
    queue::add(tx, &warn_reviews::job(corp, report.at), report.at).await?;
    Ok(true)
}

/// Of the fields said to be carried over, those that may be: in the chat also what a quick answer takes over.
fn carried(loaded: &forms::Loaded, submission: &Submission, source: Source) -> Vec<String> {
    let form = &loaded.published.form;
    let same = form.quick.as_ref().filter(|_| matches!(source, Source::Card | Source::Chat));
    let may = |name: &&String| {
        let prefilled =
            form.field(name).is_some_and(|field| field.carry_over == domain::form::CarryOver::Prefill);
        (prefilled || same.is_some_and(|quick| quick.same.contains(name)))
            && submission.answers.contains_key(*name)
    };
    let mut names: Vec<String> = submission.carried.iter().filter(may).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Makes room for the answers of a day's month, once per process and month.
async fn ensure_month(app: &App, school: &School, day: NaiveDate) -> Result<()> {
    let month = reports::month(day);
    let months = &app.0.months.0;
    let known =
        |months: &Mutex<HashSet<NaiveDate>>| months.lock().is_ok_and(|months| months.contains(&month));
    if known(months) {
        return Ok(());
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    reports::ensure_partition(&mut tx, month).await?;
    tx.commit().await?;
    if let Ok(mut months) = months.lock() {
        months.insert(month);
    }
    Ok(())
}

/// Checked answers, to be coded and sealed.
struct Draft<'a> {
    key: Key,
    answers: &'a Answers,
    flags: Vec<Flag>,
    source: Source,
    day: NaiveDate,
    at: DateTime<Utc>,
}

fn draft(app: &App, loaded: &forms::Loaded, of: Draft<'_>) -> Result<NewReport> {
    let plaintext = serde_json::to_vec(of.answers).map_err(|_| Error::internal("answers"))?;
    let row = of.key.row();
    Ok(NewReport {
        key: of.key,
        form_version_id: loaded.form_version_id,
        receipt: secret::receipt()?,
        state: loaded.published.state(of.answers).as_str(),
        facts: serde_json::to_value(loaded.published.facts(of.answers))
            .map_err(|_| Error::internal("facts"))?,
        flags: of.flags,
        carried: Vec::new(),
        late: false,
        source: of.source,
        reason: None,
        answers: app.store().keyring().seal(of.key.place(&row), &plaintext)?,
        by_member: None,
        month: reports::month(of.day),
        at: of.at,
    })
}

/// Opens the answers of a report's newest revision; none: they are kept no longer.
pub(crate) async fn open(app: &App, tx: &mut Scoped, report: &reports::Report) -> Result<Option<Answers>> {
    let corp = tx.corp();
    let sealed = reports::answers(tx, corp, report, shown_after(app, corp)?).await?;
    Ok(sealed.map(|sealed| unseal(app, report.key(corp), &sealed)).transpose()?.flatten())
}

/// The answers in the open; none: they are kept no longer.
fn unseal(app: &App, key: Key, answers: &store::Sealed) -> Result<Option<Answers>> {
    // A purge destroys the key first: until the row goes too, and in a backup for ever, it opens for nobody.
    if app.store().keyring().is_gone(answers)? {
        return Ok(None);
    }
    let row = key.row();
    let plaintext = app.store().keyring().open(key.place(&row), answers)?;
    let value: Value =
        serde_json::from_slice(&plaintext).map_err(|_| Error::internal("sealed answers are not JSON"))?;
    match value {
        Value::Object(answers) => Ok(Some(answers)),
        _ => Err(Error::internal("sealed answers are no object")),
    }
}
