//! A rule before it goes: what each step would say, who would get it now and why the others would not, and when it comes next.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::{
    exemption::ExemptionKind,
    policy::{Action, Scope, Viewer},
    reminder::{Rule, To, plan},
};
use store::{
    Scoped,
    expected::Question,
    jobs as queue,
    mailings::{self, Kind, NewMailing},
    reminder_rules as rows, reminder_settings,
    reminders::{self, Candidate},
    school_days,
};

use super::change::{check, form_of};
use super::{Draft, may_change, may_read};
use crate::{
    App, Error, Page, Result, School, forms, jobs,
    outbox::{self, Content},
    reminders::{Receiver, Said, asked, card, most},
};

/// Moments that are told beforehand at most.
const MOMENTS: usize = 6;
/// Days that are looked at for them.
const HORIZON: u64 = 14;

/// A card as somebody would get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Heading.
    pub title: String,
    /// Its words.
    pub description: String,
    /// On the button.
    pub button: String,
}

/// What a step would do now.
#[derive(Debug, Clone)]
pub struct StepOutlook {
    /// Whom it tells.
    pub to: To,
    /// As the viewer would get it.
    pub card: Card,
    /// How many would get it.
    pub receivers: i64,
    /// How many would not: `reported`, `exempt`, `limited`, `unreachable`.
    pub left_out: Vec<(String, i64)>,
}

/// What a rule would do.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// The day the figures are of.
    pub day: NaiveDate,
    /// Whether the form takes answers now; otherwise nothing would be sent, whoever is missing.
    pub open: bool,
    /// Step by step.
    pub steps: Vec<StepOutlook>,
    /// When it sends next, and whom it tells.
    pub moments: Vec<(DateTime<Utc>, To)>,
}

/// The turn the figures of a rule are about: the one that takes answers now, or else the day's.
struct Looked {
    loaded: forms::Loaded,
    day: NaiveDate,
    closes: DateTime<Utc>,
    open: bool,
    question: Question,
}

async fn look(app: &App, tx: &mut Scoped, school: &School, code: &str, rule: &Rule) -> Result<Looked> {
    let now = app.now();
    let loaded = form_of(app, tx, code, rule).await?;
    let open = forms::open_turns(tx, school, &loaded, now).await?.pop();
    let today = school.today(now);
    let usual = || loaded.turn_of(school, today, None, now).map(|turn| (today, turn));
    let (day, turn) = open.or_else(usual).ok_or_else(|| Error::internal("a form without a turn"))?;
    let question = asked(school, &loaded, rule, day, turn.period.slot);
    Ok(Looked { day, closes: turn.window.closes_at, open: open.is_some(), question, loaded })
}

/// What a rule would do now, step by step, and when it comes next: of one that is not saved too.
pub async fn outlook(app: &App, school: &School, viewer: &Viewer, draft: Draft<'_>) -> Result<Outlook> {
    may_change(viewer)?;
    check(None, draft.rule)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let looked = look(app, &mut tx, school, draft.form, draft.rule).await?;
    let most = most(&mut tx, school, now).await?;
    let exempt: i64 = {
        let parts = looked.question.explain(&mut tx).await?;
        let exempt = parts.iter().filter(|part| part.kind.as_deref().is_some_and(is_exemption));
        exempt.map(|part| part.people).sum()
    };
    let own = store::viewers::profile(&mut tx, viewer, school.today(now)).await?.name;
    let mut steps = Vec::with_capacity(draft.rule.steps.len());
    let people = reminders::reasons(&mut tx, &looked.question, most).await?;
    let missing: i64 =
        people.iter().filter(|reason| reason.state != "reported").map(|reason| reason.people).sum();
    let expected: i64 = people.iter().map(|reason| reason.people).sum();
    for step in &draft.rule.steps {
        let (receivers, mut left_out) = match step.to {
            To::Person => counted(people.iter().map(|reason| (reason.state.as_str(), reason.people))),
            to => {
                let roles = to.roles();
                let found =
                    reminders::in_charge(&mut tx, &looked.question, roles, to == To::School, most).await?;
                counted(found.iter().map(|one| (one.state.as_str(), 1)))
            }
        };
        if step.to == To::Person && exempt > 0 {
            left_out.push(("exempt".into(), exempt));
        }
        let said = said(school, &looked, &step.wording);
        let card = preview(&said, step.to, &own, (missing, expected));
        steps.push(StepOutlook { to: step.to, card, receivers, left_out });
    }
    let moments = moments(&mut tx, school, &looked.loaded, draft.rule, now).await?;
    tx.commit().await?;
    Ok(Outlook { day: looked.day, open: looked.open, steps, moments })
}

fn is_exemption(kind: &str) -> bool {
    ExemptionKind::ALL.into_iter().any(|known| known.as_str() == kind)
}

/// Those who would get it, and the others by why not.
fn counted<'a>(states: impl Iterator<Item = (&'a str, i64)>) -> (i64, Vec<(String, i64)>) {
    let (mut waiting, mut others) = (0, Vec::<(String, i64)>::new());
    for (state, people) in states {
        if state == "waiting" {
            waiting += people;
        } else if let Some((_, count)) = others.iter_mut().find(|(known, _)| known == state) {
            *count += people;
        } else {
            others.push((state.to_owned(), people));
        }
    }
    (waiting, others)
}

fn said<'a>(school: &'a School, looked: &'a Looked, wording: &'a str) -> Said<'a> {
    Said { school, loaded: &looked.loaded, day: looked.day, closes: looked.closes, wording }
}

/// The card as the viewer would get it, were they the receiver.
fn preview(said: &Said<'_>, to: To, own: &str, missing: (i64, i64)) -> Card {
    let class = (to == To::Person).then_some("（班级）");
    let college = (to == To::Person).then_some("（学院）");
    let receiver =
        Receiver { name: Some(own), class, college, missing: (to != To::Person).then_some(missing) };
    let card = card(said, to, receiver);
    Card { title: card.title, description: card.description, button: card.button }
}

/// When the rule sends next, within the days the form is asked.
async fn moments(
    tx: &mut Scoped,
    school: &School,
    loaded: &forms::Loaded,
    rule: &Rule,
    now: DateTime<Utc>,
) -> Result<Vec<(DateTime<Utc>, To)>> {
    let today = school.today(now);
    let until = today.checked_add_days(Days::new(HORIZON)).unwrap_or(today);
    let calendar = school_days::calendar(tx, school.corp(), today, until).await?;
    let quiet: Vec<_> = reminder_settings::get(tx, school.corp()).await?.quiet.into_iter().collect();
    let mut found = Vec::new();
    for day in today.iter_days().take_while(|day| *day < until) {
        if !rule.days.include(&calendar, day) || found.len() >= MOMENTS {
            continue;
        }
        let turns = loaded.turns(school, day);
        let is_open = |due: &plan::Due| {
            turns.iter().any(|turn| turn.window.is_open(due.at) && turn.window.opens_at <= due.meant_at)
        };
        let of_day = plan::of_day(rule, school.zone, &quiet, day).into_iter();
        let mut of_day: Vec<_> = of_day
            .filter(|due| due.at > now && is_open(due))
            .filter_map(|due| Some((due.at, rule.steps.get(due.step)?.to)))
            .collect();
        of_day.sort_unstable();
        found.extend(of_day);
    }
    found.truncate(MOMENTS);
    Ok(found)
}

/// Those of the viewer's scope whom a rule's reminder would go to now, and those it would not, by number; `after` is the last
/// page's `next`.
pub async fn candidates(
    app: &App,
    school: &School,
    viewer: &Viewer,
    id: i64,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<Candidate>> {
    may_read(viewer)?;
    let scope = viewer.scope(Action::SeePeople);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let row = rows::find(&mut tx, corp, id, false).await?.ok_or(Error::NotFound)?;
    let rule = row.rule()?;
    let looked = look(app, &mut tx, school, &row.form_code, &rule).await?;
    let mut question = looked.question;
    // The rule's departments are a filter beside the viewer's scope, not instead of it.
    let departments = match std::mem::replace(&mut question.scope, scope) {
        Scope::School => None,
        Scope::Departments(departments) => Some(departments),
    };
    let most = most(&mut tx, school, now).await?;
    let found =
        reminders::candidates(&mut tx, &question, departments.as_deref(), most, after, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(found, limit, |row| row.number.clone()))
}

/// Sends a step to the viewer alone, marked as a test. The same `key` sends once.
pub async fn test(
    app: &App,
    school: &School,
    viewer: &Viewer,
    key: &str,
    draft: Draft<'_>,
    to: To,
) -> Result<()> {
    may_change(viewer)?;
    check(None, draft.rule)?;
    let step = draft.rule.step(to).ok_or_else(|| Error::field("to", "规则里没有这一步"))?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let looked = look(app, &mut tx, school, draft.form, draft.rule).await?;
    let own = store::viewers::profile(&mut tx, viewer, school.today(now)).await?.name;
    let most = most(&mut tx, school, now).await?;
    let people = reminders::reasons(&mut tx, &looked.question, most).await?;
    let missing = people.iter().filter(|reason| reason.state != "reported").map(|reason| reason.people).sum();
    let expected = people.iter().map(|reason| reason.people).sum();
    let said = said(school, &looked, &step.wording);
    let receiver = Receiver {
        name: Some(&own),
        missing: (to != To::Person).then_some((missing, expected)),
        ..Receiver::default()
    };
    let occasion = format!("test {} {key}", viewer.member);
    let mailing = NewMailing {
        kind: Kind::Notice,
        occasion: Some(&occasion),
        about: None,
        rule_id: None,
        by_member: Some(viewer.member),
        urgent: true,
        at: now,
    };
    if let Some(mailing) = mailings::add(&mut tx, corp, mailing).await? {
        let content = marked(card(&said, to, receiver));
        outbox::say(app, &mut tx, corp, mailing, "", &content).await?;
        let to = [viewer.userid.to_lowercase()];
        mailings::address(&mut tx, corp, mailing, "", &to, now + TimeDelta::minutes(30), now).await?;
        queue::add(&mut tx, &jobs::send_messages::job(corp, now), now).await?;
    }
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}

/// Nobody takes a test for the real thing.
fn marked(card: outbox::Card) -> Content {
    Content::Card(outbox::Card { title: format!("【测试】{}", card.title), ..card })
}
