//! The forms someone is asked today, and the built-in ones.

mod built_in;

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::{
    CorpId, PersonId,
    form::{
        Period, Schedule, Turn,
        answers::{Answers, Published},
    },
    policy::{Action, Scope, Viewer, ViewerPerson},
    region,
};
use store::{
    AsyncPgConnection, Scoped, exemptions,
    expected::Question,
    forms::{self, Campaign, FormVersion},
    outages, persons,
    reports::{self, Key},
    reviews, trips,
};

use crate::{App, Error, Result, School, reports::Receipt};

pub use built_in::publish_built_in;

/// Compiled versions by id. A version never changes, so nothing here ever goes stale.
#[derive(Default)]
pub(crate) struct Cache(RwLock<HashMap<i64, Arc<Published>>>);

/// A published version with its ids, and from when to when it is asked.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub form_id: i64,
    pub form_version_id: i64,
    pub published: Arc<Published>,
    pub schedule: Schedule,
}

impl Loaded {
    fn new(campaign: &Campaign, form_version_id: i64, published: Arc<Published>) -> Self {
        Self { form_id: campaign.form_id, form_version_id, published, schedule: campaign.schedule() }
    }

    /// Who is expected on `day` for its slot, as far as `scope` goes.
    pub fn question(&self, corp: i32, day: NaiveDate, slot: i16, scope: Scope) -> Question {
        let form = &self.published.form;
        Question {
            corp,
            form_id: self.form_id,
            audience: form.audience.clone(),
            day,
            period: form.cadence.period(day, slot),
            scope,
            under: None,
            person: None,
        }
    }

    /// Whether the question's form may be answered by this person: who is expected, or, whenever it happens, who is on
    /// the roster.
    pub async fn asks(&self, tx: &Scoped, question: &Question, person: PersonId) -> Result<bool> {
        let asked = match self.published.form.is_event() {
            true => question.asks(tx, person).await?,
            false => question.includes(tx, person).await?,
        };
        Ok(asked)
    }

    /// The turns of a day, in its order.
    pub fn turns(&self, school: &School, day: NaiveDate) -> Vec<Turn> {
        self.published.form.turns(school.zone, self.schedule, day)
    }

    /// The turn a figure of this day is about: the slot that was asked for, or the last that had begun at `now`. Days
    /// outside the schedule have the turns they would have had.
    pub fn turn_of(
        &self,
        school: &School,
        day: NaiveDate,
        slot: Option<i16>,
        now: DateTime<Utc>,
    ) -> Option<Turn> {
        let always =
            Schedule { starts_on: self.schedule.starts_on.min(day), ends_on: self.schedule.ends_on.max(day) };
        let turns = self.published.form.turns(school.zone, always, day);
        match slot {
            Some(slot) => turns.into_iter().find(|turn| turn.period.slot == slot),
            None => {
                let begun = turns.iter().rev().find(|turn| turn.window.opens_at <= now);
                begun.or(turns.first()).copied()
            }
        }
    }
}

/// The version asked now of the form with this code.
pub(crate) async fn current(app: &App, tx: &mut Scoped, code: &str) -> Result<Loaded> {
    let found = newest(tx, tx.corp(), code).await?;
    load(app, tx, found).await
}

/// Which version that is; none: there is no such form.
pub(crate) async fn newest(
    conn: &AsyncPgConnection,
    corp: CorpId,
    code: &str,
) -> store::Result<Option<(Campaign, i64)>> {
    // Postgres takes no NUL, and no form is called what is not a name.
    if is_name(code) { forms::newest(conn, corp, code).await } else { Ok(None) }
}

/// The form of a version that was found, compiled.
pub(crate) async fn load(app: &App, tx: &mut Scoped, found: Option<(Campaign, i64)>) -> Result<Loaded> {
    let (campaign, newest) = found.ok_or(Error::NotFound)?;
    match known(app, newest)? {
        Some(published) => Ok(Loaded::new(&campaign, newest, published)),
        None => version(app, tx, newest).await,
    }
}

/// One version, however old: what its answers were given on.
pub(crate) async fn version(app: &App, tx: &mut Scoped, form_version_id: i64) -> Result<Loaded> {
    let corp = tx.corp();
    let (campaign, version) = forms::version(tx, corp, form_version_id)
        .await?
        .ok_or_else(|| Error::internal("answers to a version that is not there"))?;
    compiled(app, &campaign, version)
}

/// Whether this can be a form's code or a receipt.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A version this process has compiled before.
fn known(app: &App, form_version_id: i64) -> Result<Option<Arc<Published>>> {
    let cache = app.0.forms.0.read().map_err(|_| Error::internal("the cache of forms is poisoned"))?;
    Ok(cache.get(&form_version_id).cloned())
}

pub(crate) fn compiled(app: &App, campaign: &Campaign, version: FormVersion) -> Result<Loaded> {
    let id = version.form_version_id;
    if let Some(published) = known(app, id)? {
        return Ok(Loaded::new(campaign, id, published));
    }
    let form = serde_json::from_value(version.definition)
        .map_err(|error| Error::Internal("a stored form".into(), Some(Box::new(error))))?;
    let published = Arc::new(Published::new(form, &version.schema).map_err(Error::internal)?);
    let mut cache = app.0.forms.0.write().map_err(|_| Error::internal("the cache of forms is poisoned"))?;
    cache.insert(id, published.clone());
    Ok(Loaded::new(campaign, id, published))
}

/// The turns that take answers now, with the time the service was away added to their hours.
pub(crate) async fn open_turns(
    tx: &mut Scoped,
    school: &School,
    loaded: &Loaded,
    now: DateTime<Utc>,
) -> Result<Vec<(NaiveDate, Turn)>> {
    let today = school.today(now);
    // A night's turn may be open past midnight, where the service was away.
    let days = [today.checked_sub_days(Days::new(1)), Some(today)];
    let mut turns: Vec<(NaiveDate, Turn)> = Vec::new();
    for day in days.into_iter().flatten() {
        for turn in loaded.turns(school, day) {
            match turns.iter_mut().find(|(_, known)| known.period == turn.period) {
                // A week's turn is of both days: today's roster counts.
                Some((known, _)) => *known = day,
                None => turns.push((day, turn)),
            }
        }
    }
    // Outages are asked for only where they can matter: past some cut-off.
    let since = turns.iter().map(|(_, turn)| turn.window.opens_at).min().unwrap_or(now);
    if turns.iter().any(|(_, turn)| turn.window.opens_at <= now && now >= turn.window.cutoff_at) {
        let outages = outages::since(tx, school.corp(), since).await?;
        for (_, turn) in &mut turns {
            turn.window = turn.window.extended(&outages);
        }
    }
    turns.retain(|(_, turn)| turn.window.is_open(now));
    // What is answered once or by event counts under today's roster.
    for (day, turn) in &mut turns {
        if turn.period.day.is_none() {
            *day = today;
        }
    }
    Ok(turns)
}

/// Where someone stands with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// 未报
    Unreported,
    /// 已报
    Reported,
    /// 免报
    Exempt,
    /// 随时: answered whenever it happens.
    Anytime,
    /// The form does not ask them.
    NotExpected,
}

/// A form as it stands for someone.
#[derive(Debug, Clone)]
pub struct FormToday {
    /// The form.
    pub form: Arc<Published>,
    /// The day it is about.
    pub day: NaiveDate,
    /// For what an answer counts.
    pub period: Period,
    /// What the slot is called, where there are several.
    pub slot_title: Option<String>,
    /// From when it takes answers.
    pub opens_at: DateTime<Utc>,
    /// From when on an answer is late, and one that was given stands.
    pub cutoff_at: DateTime<Utc>,
    /// Until when it takes answers.
    pub closes_at: DateTime<Utc>,
    /// Where the viewer stands with it.
    pub standing: Standing,
    /// What they keep, if they have answered.
    pub receipt: Option<Receipt>,
    /// Trips of theirs that are under way, to be closed.
    pub open_trips: Vec<OpenTrip>,
    /// Whether it was sent back to be put right.
    pub sent_back: bool,
    /// … and what is to be put right.
    pub send_back_note: Option<String>,
    /// Of a form answered by event: what was sent back.
    pub returned: Vec<Receipt>,
}

/// A trip under way.
#[derive(Debug, Clone)]
pub struct OpenTrip {
    /// The report that tells of it.
    pub receipt: Receipt,
    /// The day they left.
    pub left_on: NaiveDate,
    /// Where to, in words: 河南省郑州市金水区.
    pub place: String,
}

/// Every form of the school as it stands for the viewer, one row a turn; those that do not ask them are left out.
pub async fn today(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<FormToday>> {
    let Some(person) = &viewer.person else { return Ok(Vec::new()) };
    let now = app.now();
    let today = school.today(now);
    let mut tx = app.store().reading(school.corp()).await?;
    let sent_back = store::reviews::sent_back_of(&mut tx, school.corp(), person.id).await?;
    let mut found = Vec::new();
    for (campaign, version) in forms::list(&mut tx, school.corp(), Some(today)).await? {
        let loaded = compiled(app, &campaign, version)?;
        if !loaded.published.form.audience.kinds.contains(&person.kind) {
            continue;
        }
        let mut turns: Vec<(NaiveDate, Turn)> =
            loaded.turns(school, today).into_iter().map(|turn| (today, turn)).collect();
        // With the hours an outage added, also of yesterday.
        for (day, open) in open_turns(&mut tx, school, &loaded, now).await? {
            match turns.iter_mut().find(|(_, turn)| turn.period == open.period) {
                Some((_, turn)) => *turn = open,
                None => turns.insert(0, (day, open)),
            }
        }
        let periods: Vec<Period> = turns.iter().map(|(_, turn)| turn.period).collect();
        for (day, turn) in turns {
            let (standing, _) = stand(app, &mut tx, school, &loaded, person, day, turn).await?;
            if standing.standing != Standing::NotExpected {
                found.push(standing);
            }
        }
        // What was sent back waits for them, however long ago its turn was; what is answered by event names it itself.
        for report in sent_back.iter().filter(|report| report.form_id == loaded.form_id) {
            let period = Period { day: report.day, slot: report.slot };
            if periods.contains(&period) || loaded.published.form.is_event() {
                continue;
            }
            if let Some((day, turn)) = turn_of_report(school, &loaded, report, now) {
                let (standing, _) = stand(app, &mut tx, school, &loaded, person, day, turn).await?;
                found.push(back(app, &mut tx, standing, &loaded.published.form.code, report).await?);
            }
        }
    }
    tx.commit().await?;
    // What is to be done stands first, what is due first before all; what can be done at any time stands last.
    found.sort_by_key(|form| {
        let place = match form.standing {
            _ if form.sent_back => 0,
            Standing::Unreported => 1,
            Standing::Reported | Standing::Exempt | Standing::NotExpected => 2,
            Standing::Anytime => 3,
        };
        (place, form.cutoff_at)
    });
    Ok(found)
}

/// The form as it stands with a report that was sent back.
async fn back(
    app: &App,
    tx: &mut Scoped,
    standing: FormToday,
    code: &str,
    report: &reports::Report,
) -> Result<FormToday> {
    let note = crate::reviews::send_back_note(app, tx, report.report_id).await?;
    Ok(FormToday {
        standing: Standing::Reported,
        receipt: Some(Receipt::of(code, report)),
        open_trips: Vec::new(),
        sent_back: true,
        send_back_note: note,
        ..standing
    })
}

/// The turn a report was given for, and the day whose roster counts when it is changed.
pub(crate) fn turn_of_report(
    school: &School,
    loaded: &Loaded,
    report: &reports::Report,
    now: DateTime<Utc>,
) -> Option<(NaiveDate, Turn)> {
    let today = school.today(now);
    let turn = loaded.turn_of(school, report.day.unwrap_or(today), Some(report.slot), now)?;
    let daily = matches!(loaded.published.form.cadence, domain::form::Cadence::Daily { .. });
    let day = report.day.filter(|_| daily).unwrap_or(today);
    (turn.period == Period { day: report.day, slot: report.slot }).then_some((day, turn))
}

/// A form to be filled in: the turn's own answers, or what is carried over from the last ones.
#[derive(Debug, Clone)]
pub struct FormToFill {
    /// Where the viewer stands with it.
    pub today: FormToday,
    /// What the fields start with.
    pub answers: Answers,
    /// Names of the fields whose start was carried over.
    pub carried: Vec<String>,
    /// Whether the viewer answered it before, this time or another.
    pub answered_before: bool,
    /// Whom it is filled in for, where that is not the viewer.
    pub behalf: Option<BehalfOf>,
}

/// Somebody a form is filled in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BehalfOf {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Student or staff number.
    pub number: String,
}

/// Which turn of a form is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meant {
    /// Of this day.
    pub day: Option<NaiveDate>,
    /// Of this slot.
    pub slot: Option<i16>,
    /// The report with this receipt, to be changed.
    pub receipt: Option<String>,
    /// 代报: for this person, whom the viewer looks after.
    pub person: Option<PersonId>,
}

/// The form with this code, ready to be filled in by the viewer.
pub async fn to_fill(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    meant: &Meant,
) -> Result<FormToFill> {
    let now = app.now();
    let corp = school.corp();
    let mut tx = app.store().reading(corp).await?;
    let loaded = current(app, &mut tx, code).await?;
    if let Some(person) = meant.person {
        let turn = meant_turn(&mut tx, school, &loaded, meant, now).await?;
        let filled = to_fill_for(&mut tx, school, viewer, &loaded, person, turn, now).await?;
        tx.commit().await?;
        return Ok(filled);
    }
    let person = viewer.person.as_ref().ok_or(Error::NotExpected)?;
    let named = match &meant.receipt {
        Some(receipt) if is_name(receipt) => {
            let report = reports::by_receipt(&mut tx, corp, Some(person.id), receipt)
                .await?
                .filter(|report| report.form_id == loaded.form_id);
            Some(report.ok_or(Error::NotFound)?)
        }
        Some(_) => return Err(Error::NotFound),
        None => None,
    };
    // A report that is named brings its own turn.
    let meant = match named.as_ref().filter(|_| !loaded.published.form.is_event()) {
        Some(report) => Meant { day: report.day, slot: Some(report.slot), ..Meant::default() },
        None => meant.clone(),
    };
    let (day, turn) = meant_turn(&mut tx, school, &loaded, &meant, now).await?;
    let (mut today, own) = stand(app, &mut tx, school, &loaded, person, day, turn).await?;
    let own = match named {
        Some(report) => {
            today.sent_back = reviews::is_sent_back(&mut tx, corp, report.report_id).await?;
            if today.sent_back {
                today = back(app, &mut tx, today, code, &report).await?;
            }
            today.receipt = Some(Receipt::of(code, &report));
            Some(report)
        }
        None => own,
    };
    let given = match &own {
        Some(report) => crate::reports::open(app, &mut tx, report).await?,
        None => None,
    };
    let (answers, carried, answered_before) = match given {
        Some(answers) => (answers, Vec::new(), true),
        None => {
            let last = reports::of_person(&mut tx, corp, loaded.form_id, person.id, None, 1).await?.pop();
            let answered_before = last.is_some();
            let last = match last {
                Some(report) => crate::reports::open(app, &mut tx, &report).await?.unwrap_or_default(),
                None => Answers::new(),
            };
            let carried = loaded.published.carry_over(&last);
            let names = carried.keys().cloned().collect();
            (carried, names, answered_before)
        }
    };
    tx.commit().await?;
    Ok(FormToFill { today, answers, carried, answered_before, behalf: None })
}

/// The turn that is meant: one that takes answers now, or the one the day would have.
async fn meant_turn(
    tx: &mut Scoped,
    school: &School,
    loaded: &Loaded,
    meant: &Meant,
    now: DateTime<Utc>,
) -> Result<(NaiveDate, Turn)> {
    let open = open_turns(tx, school, loaded, now).await?;
    let chosen = open.into_iter().find(|(day, turn)| {
        meant.day.is_none_or(|meant| meant == *day || turn.period.day == Some(meant))
            && meant.slot.is_none_or(|slot| slot == turn.period.slot)
    });
    let usual = || {
        let day = meant.day.unwrap_or_else(|| school.today(now));
        Some((day, loaded.turn_of(school, day, meant.slot, now)?))
    };
    chosen.or_else(usual).ok_or(Error::NotFound)
}

/// The form for somebody the viewer looks after: empty, since what they answered before is not the viewer's to see.
async fn to_fill_for(
    tx: &mut Scoped,
    school: &School,
    viewer: &Viewer,
    loaded: &Loaded,
    person: PersonId,
    (day, turn): (NaiveDate, Turn),
    now: DateTime<Utc>,
) -> Result<FormToFill> {
    let corp = school.corp();
    may_report_for(tx, viewer, loaded, day, turn.period.slot, person).await?;
    let scope = viewer.scope(Action::ReportFor);
    let subject = persons::subject(tx, corp, &scope, person, school.today(now)).await?;
    let subject = subject.ok_or(Error::NotFound)?;
    let key = Key { corp, form_id: loaded.form_id, person, period: turn.period, occurrence: 0 };
    let form = &loaded.published.form;
    let standing = match form.is_event() {
        true => Standing::Anytime,
        false if reports::by_key(tx, key).await?.is_some() => Standing::Reported,
        false => Standing::Unreported,
    };
    let Turn { period, window } = turn;
    let today = FormToday {
        form: loaded.published.clone(),
        day,
        period,
        slot_title: slot_title(form, period.slot),
        opens_at: window.opens_at,
        cutoff_at: window.cutoff_at,
        closes_at: window.closes_at,
        standing,
        receipt: None,
        open_trips: Vec::new(),
        sent_back: false,
        send_back_note: None,
        returned: Vec::new(),
    };
    let behalf = Some(BehalfOf { person, name: subject.name, number: subject.number });
    Ok(FormToFill { today, answers: Answers::new(), carried: Vec::new(), answered_before: false, behalf })
}

/// Whether the viewer may answer for this person, who must be expected on the day. Not expected, and not theirs, look
/// the same.
pub(crate) async fn may_report_for(
    tx: &mut Scoped,
    viewer: &Viewer,
    loaded: &Loaded,
    day: NaiveDate,
    slot: i16,
    person: PersonId,
) -> Result<()> {
    let scope = viewer.scope(Action::ReportFor);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    // Not expected, and not theirs, look the same.
    let question = loaded.question(tx.corp(), day, slot, scope);
    if loaded.asks(tx, &question, person).await? { Ok(()) } else { Err(Error::NotFound) }
}

/// Where a person stands with one turn of a form, and their report of it.
async fn stand(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    loaded: &Loaded,
    person: &ViewerPerson,
    day: NaiveDate,
    turn: Turn,
) -> Result<(FormToday, Option<reports::Report>)> {
    let corp = school.corp();
    let form = &loaded.published.form;
    let Turn { period, window } = turn;
    let key = Key { corp, form_id: loaded.form_id, person: person.id, period, occurrence: 0 };
    let own = if form.is_event() { None } else { reports::by_key(tx, key).await? };
    let receipt_of = |report: &reports::Report| Receipt::of(&form.code, report);
    let (mut open_trips, mut returned) = (Vec::new(), Vec::new());
    if form.is_event() {
        for (report, left_on, region) in trips::open_reports(tx, corp, loaded.form_id, person.id).await? {
            open_trips.push(OpenTrip { receipt: receipt_of(&report), left_on, place: region::path(&region) });
        }
        let sent_back = reviews::sent_back(tx, corp, loaded.form_id, person.id).await?;
        returned = sent_back.iter().map(receipt_of).collect();
    }
    let receipt = own.as_ref().map(receipt_of);
    let sent_back = match &own {
        Some(report) => reviews::is_sent_back(tx, corp, report.report_id).await?,
        None => !returned.is_empty(),
    };
    let send_back_note = match own.as_ref().filter(|_| sent_back) {
        Some(report) => crate::reviews::send_back_note(app, tx, report.report_id).await?,
        None => None,
    };
    let standing = if receipt.is_some() {
        Standing::Reported
    } else if is_expected(tx, loaded, corp, day, period.slot, person.id).await? {
        if form.is_event() { Standing::Anytime } else { Standing::Unreported }
    } else if form.audience.kinds.contains(&person.kind)
        && exemptions::covers(tx, corp, person.id, day).await?
    {
        Standing::Exempt
    } else {
        Standing::NotExpected
    };
    let today = FormToday {
        form: loaded.published.clone(),
        day,
        period,
        slot_title: slot_title(form, period.slot),
        opens_at: window.opens_at,
        cutoff_at: window.cutoff_at,
        closes_at: window.closes_at,
        standing,
        receipt,
        open_trips,
        sent_back,
        returned,
        send_back_note,
    };
    Ok((today, own))
}

/// What a slot is called; none where there is one.
pub(crate) fn slot_title(form: &domain::form::Form, slot: i16) -> Option<String> {
    let domain::form::Cadence::Daily { slots } = &form.cadence else { return None };
    slots.get(usize::try_from(slot).ok()?)?.title.clone()
}

/// Whether the form asks this person on this day.
pub(crate) async fn is_expected(
    tx: &mut Scoped,
    loaded: &Loaded,
    corp: i32,
    day: NaiveDate,
    slot: i16,
    person: i64,
) -> Result<bool> {
    loaded.asks(tx, &loaded.question(corp, day, slot, Scope::School), person).await
}

/// How long an event's report may be changed by whom it is from, if it tells of no open trip.
pub(crate) const EVENT_CHANGES: TimeDelta = TimeDelta::hours(24);
