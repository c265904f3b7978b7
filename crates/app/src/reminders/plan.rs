//! What rules plan: at each time of a rule, step by step, as long as somebody is missing.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    form::Turn,
    policy::Scope,
    reminder::{Calendar, Due, Occasion, Quiet, Rule, Step, To, plan},
};
use store::{
    Scoped,
    expected::Question,
    jobs as queue, mailings,
    reminder_rules::{self, Row},
    reminder_settings,
    reminders::{self, Most, NewEscalation, NewRound},
    school_days,
};

use super::{MOST_RULES, Said, most};
use crate::{App, Error, Result, School, cards, forms, jobs, outbox};

/// Plans the rounds of a school's rules that are due now, each at most once. Gives the rounds planned.
pub async fn plan_due(app: &App, school: &School) -> Result<usize> {
    let now = app.now();
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let rows = reminder_rules::list(&mut tx, corp, None, true, 0, MOST_RULES).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let times = Times::of(&mut tx, school, now).await?;
    let mut planned = 0;
    for row in &rows {
        let rule = row.rule()?;
        for due in plan::due(&rule, school.zone, &times.calendar, &times.quiet, now) {
            planned += usize::from(plan_step(app, &mut tx, school, row, &rule, due, &times).await?);
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

/// What a plan of now goes by.
struct Times {
    now: DateTime<Utc>,
    calendar: Calendar,
    quiet: Vec<Quiet>,
    most: Most,
}

impl Times {
    async fn of(tx: &mut Scoped, school: &School, now: DateTime<Utc>) -> Result<Self> {
        let (corp, today) = (school.corp(), school.today(now));
        let yesterday = today.checked_sub_days(Days::new(1)).unwrap_or(today);
        let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
        Ok(Self {
            now,
            calendar: school_days::calendar(tx, corp, yesterday, tomorrow).await?,
            quiet: reminder_settings::get(tx, corp).await?.quiet.into_iter().collect(),
            most: most(tx, school, now).await?,
        })
    }
}

async fn plan_step(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    row: &Row,
    rule: &Rule,
    due: Due,
    times: &Times,
) -> Result<bool> {
    // Outside the form's schedule and hours there is nothing to remind of.
    let Some(standing) = standing(app, tx, school, &row.form_code, rule, times.now).await? else {
        return Ok(false);
    };
    let Some(step) = rule.steps.get(due.step) else { return Ok(false) };
    let Standing { loaded, day, turn, question } = standing;
    // What the night moved into the next day says nothing of that day's turn.
    if due.meant_at < turn.window.opens_at {
        return Ok(false);
    }
    let closes = turn.window.closes_at;
    let useful_until = due.useful_until.map_or(closes, |until| until.min(closes));
    let occasion =
        Occasion { rule_id: row.rule_id, day: due.day, slot: turn.period.slot, time: due.time, to: step.to };
    let name = occasion.to_string();
    if mailings::is_planned(tx, school.corp(), &name).await? {
        return Ok(false);
    }
    let said = Said { school, loaded: &loaded, day, closes, wording: &step.wording };
    if step.to == To::Person {
        let mut quiet = times.quiet.clone();
        quiet.extend(rule.quiet);
        let moments = plan::spread(school.zone, due.at, rule.spread_minutes, &quiet, useful_until);
        let round = NewRound {
            occasion: &name,
            rule_id: Some(row.rule_id),
            by_member: None,
            people: None,
            by: said.by(),
            moments: &moments,
            useful_until,
            most: times.most,
            at: times.now,
        };
        let Some(planned) = reminders::plan(tx, &question, &round).await? else { return Ok(false) };
        let said = said.cards(&planned.variants);
        cards::offer(app, tx, school, &loaded, planned.round_id, (day, turn), said).await?;
        return Ok(true);
    }
    escalate(app, tx, &said, row.rule_id, step, &question, &name, (due.at, useful_until), times).await
}

#[expect(clippy::too_many_arguments, reason = "a step of plan_step, split off for reading")]
async fn escalate(
    app: &App,
    tx: &mut Scoped,
    said: &Said<'_>,
    rule_id: i64,
    step: &Step,
    question: &Question,
    occasion: &str,
    (not_before, useful_until): (DateTime<Utc>, DateTime<Utc>),
    times: &Times,
) -> Result<bool> {
    let whole_school = step.to == To::School;
    let people = reminders::in_charge(tx, question, step.to.roles(), whole_school, times.most).await?;
    let (to, contents) = said.escalations(step.to, people);
    let escalation = NewEscalation { occasion, rule_id, to: &to, not_before, useful_until, at: times.now };
    let Some(mailing) = reminders::escalate(tx, question, &escalation).await? else { return Ok(false) };
    outbox::say_all(app, tx, question.corp, mailing, &contents).await?;
    Ok(true)
}

/// A form that takes answers now, and whom a rule asks of it.
struct Standing {
    loaded: forms::Loaded,
    /// The day whose roster counts.
    day: NaiveDate,
    turn: Turn,
    question: Question,
}

/// The turn of a rule's form that takes answers now, the last of several, with those the rule asks; none: it takes none, or
/// asks none of them.
async fn standing(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    form: &str,
    rule: &Rule,
    now: DateTime<Utc>,
) -> Result<Option<Standing>> {
    let loaded = match forms::current(app, tx, form).await {
        // Never published: it asks nobody.
        Err(Error::NotFound) => return Ok(None),
        loaded => loaded?,
    };
    // What is answered by event nobody has left unreported.
    if loaded.published.form.is_event() {
        return Ok(None);
    }
    let Some((day, turn)) = forms::open_turns(tx, school, &loaded, now).await?.pop() else { return Ok(None) };
    let question = asked(school, &loaded, rule, day, turn.period.slot);
    Ok((!question.audience.kinds.is_empty()).then_some(Standing { loaded, day, turn, question }))
}

/// Those a rule asks of a form's audience.
pub(crate) fn asked(
    school: &School,
    loaded: &forms::Loaded,
    rule: &Rule,
    day: NaiveDate,
    slot: i16,
) -> Question {
    let scope = rule.departments.clone().map_or(Scope::School, Scope::Departments);
    let mut question = loaded.question(school.corp(), day, slot, scope);
    if let Some(kinds) = &rule.kinds {
        question.audience.kinds.retain(|kind| kinds.contains(kind));
    }
    question
}
