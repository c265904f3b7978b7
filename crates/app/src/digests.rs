//! 摘要推送: those in charge are told the figures of what they look after at their hours, without a name.
//!
//! One mailing an occasion (rule, day, time), planned in one transaction. The figures come from one look for all receivers
//! at the roll the pages are read from; receivers whose figures read the same share a variant.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use domain::{
    bulletin::Bulletin,
    digest::{self, About, Timing, Words},
    form::PersonKind,
    policy::{Action, Role, Scope, Viewer},
};
use store::{
    Scoped,
    digests::{self as rows, DONE, Wanted},
    expected::Question,
    jobs as queue,
    mailings::{self, About as OfForm, Kind, NewMailing},
    movements,
};

use crate::{
    App, Error, Result, School, bulletins, forms,
    jobs::send_messages,
    outbox::{self, Card, Content},
    roll,
};

pub use store::digests::Rule;

/// Variants a preview shows at most.
const PREVIEWED: usize = 50;

/// Adds the rules that come with Rollcall, for a form and for the movements of the staff.
pub(crate) async fn add_built_in(tx: &mut Scoped, corp: i32, form_id: i64, now: DateTime<Utc>) -> Result<()> {
    let leaders = [Role::CollegeLeader, Role::CollegeOffice, Role::SchoolOffice, Role::SchoolLeader];
    type BuiltIn<'a> = (About, &'a [Role], &'a [(u32, u32)]);
    let rules: [BuiltIn<'_>; 3] = [
        (About::Unreported, &[Role::Counsellor], &[(10, 30), (16, 0), (21, 30)]),
        (About::Summary, &leaders, &[(21, 0)]),
        (About::Movements, &[Role::DepartmentHead], &[(17, 0)]),
    ];
    for (about, roles, times) in rules {
        let times = times.iter().filter_map(|(hour, minute)| NaiveTime::from_hms_opt(*hour, *minute, 0));
        let timing = Timing { roles: roles.to_vec(), times: times.collect() };
        let form_id = (about != About::Movements).then_some(form_id);
        let wanted = Wanted { timing: &timing, when_done: false, enabled: true, by: None, at: now };
        rows::add(tx, corp, about.as_str(), form_id, wanted).await?;
    }
    Ok(())
}

fn administer(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// The school's rules.
pub async fn list(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<Rule>> {
    administer(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rules = rows::rules(&mut tx, school.corp(), None).await?;
    tx.commit().await?;
    Ok(rules)
}

/// What a rule is to be.
#[derive(Debug, Clone)]
pub struct Change {
    /// Who is told.
    pub roles: Vec<Role>,
    /// Times of the school's day.
    pub times: Vec<NaiveTime>,
    /// Whether it is told that all have reported.
    pub when_done: bool,
    /// Whether it is at work.
    pub enabled: bool,
}

/// Changes a rule.
pub async fn change(app: &App, school: &School, viewer: &Viewer, id: i64, change: Change) -> Result<()> {
    administer(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let rule = rows::rules(&mut tx, corp, Some(id)).await?.into_iter().next().ok_or(Error::NotFound)?;
    let timing = timing(about_of(&rule)?, change.roles, change.times)?;
    let (when_done, enabled) = (change.when_done, change.enabled);
    let wanted = Wanted { timing: &timing, when_done, enabled, by: Some(viewer.member), at: app.now() };
    rows::change(&mut tx, corp, id, wanted).await?;
    tx.commit().await?;
    Ok(())
}

/// Adds a rule for a form that has none of its kind. Its number.
pub async fn add(
    app: &App,
    school: &School,
    viewer: &Viewer,
    about: About,
    form: Option<&str>,
    change: Change,
) -> Result<i64> {
    administer(viewer)?;
    let corp = school.corp();
    let timing = timing(about, change.roles, change.times)?;
    let mut tx = app.store().scoped(corp).await?;
    let form_id = match (about, form) {
        (About::Movements, _) => None,
        (_, None) => return Err(Error::field("form", "请选择表单")),
        (_, Some(code)) => {
            let loaded = match forms::current(app, &mut tx, code).await {
                Err(Error::NotFound) => return Err(Error::field("form", "没有这张表单，或还没有发布")),
                loaded => loaded?,
            };
            if loaded.published.form.is_event() {
                return Err(Error::field("form", "随时填报的表单没有应报人数，不能推送摘要"));
            }
            Some(loaded.form_id)
        }
    };
    let (when_done, enabled) = (change.when_done, change.enabled);
    let wanted = Wanted { timing: &timing, when_done, enabled, by: Some(viewer.member), at: app.now() };
    let added = rows::add(&mut tx, corp, about.as_str(), form_id, wanted).await?;
    let added = added.ok_or_else(|| Error::field("form", "已有同样的摘要，请直接修改"))?;
    tx.commit().await?;
    Ok(added)
}

fn timing(about: About, roles: Vec<Role>, times: Vec<NaiveTime>) -> Result<Timing> {
    Timing::new(about, roles, times).map_err(|flaw| Error::Invalid(vec![flaw]))
}

fn about_of(rule: &Rule) -> Result<About> {
    About::parse(&rule.about).ok_or_else(|| Error::internal("a digest about nothing known"))
}

/// What would be sent, and to how many.
#[derive(Debug, Clone)]
pub struct Previewed {
    /// Heading.
    pub title: String,
    /// The sentence.
    pub sentence: String,
    /// The page it opens.
    pub path: String,
    /// How many would get exactly this.
    pub receivers: usize,
}

/// What a rule would send now, the most frequent first.
pub async fn preview(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<Vec<Previewed>> {
    administer(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let rule = rows::rules(&mut tx, corp, Some(id)).await?.into_iter().next().ok_or(Error::NotFound)?;
    let told = figures(app, &mut tx, school, &rule, school.today(now), now).await?;
    tx.commit().await?;
    let mut previewed: Vec<Previewed> = (told.said.into_iter())
        .map(|(said, receivers)| Previewed {
            title: said.words.title,
            sentence: said.words.sentence,
            path: said.path,
            receivers: receivers.len(),
        })
        .collect();
    previewed.sort_by_key(|one| std::cmp::Reverse(one.receivers));
    previewed.truncate(PREVIEWED);
    Ok(previewed)
}

/// Plans the digests that are due now, each at most once. How many messages there are in them.
pub async fn plan_due(app: &App, school: &School) -> Result<usize> {
    let (corp, now) = (school.corp(), app.now());
    let day = school.today(now);
    let mut tx = app.store().scoped(corp).await?;
    let rules = rows::rules(&mut tx, corp, None).await?;
    tx.commit().await?;
    let mut messages = 0;
    for rule in rules.iter().filter(|rule| rule.enabled) {
        for time in digest::due(school.zone, day, &rule.at_times, now) {
            match plan(app, school, rule, day, time, now).await {
                Ok(planned) => messages += planned,
                // The next tick tries again; the other rules don't wait for it.
                Err(error) => tracing::warn!(
                    corp,
                    rule = rule.rule_id,
                    error = &error as &dyn std::error::Error,
                    "could not plan a digest"
                ),
            }
        }
    }
    if messages > 0 {
        app.job_added().notify_one();
    }
    Ok(messages)
}

async fn plan(
    app: &App,
    school: &School,
    rule: &Rule,
    day: NaiveDate,
    time: NaiveTime,
    now: DateTime<Utc>,
) -> Result<usize> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let occasion = format!("{}{}", of_day(rule, day), time.format("%H:%M"));
    if mailings::is_planned(&mut tx, corp, &occasion).await? {
        return Ok(0);
    }
    let told = figures(app, &mut tx, school, rule, day, now).await?;
    let new = NewMailing {
        kind: Kind::Notice,
        occasion: Some(&occasion),
        about: told.about,
        rule_id: None,
        by_member: None,
        urgent: false,
        at: now,
    };
    // Planned meanwhile by another process: its figures are as good.
    let Some(mailing) = mailings::add(&mut tx, corp, new).await? else { return Ok(0) };
    let useful_until = digest::useful_until(school.zone, day, &rule.at_times, now);
    let mut messages = 0;
    for (number, (said, receivers)) in told.said.into_iter().enumerate() {
        // Who was told that all have reported is known by the variant.
        let variant = if said.done { format!("{DONE} {number}") } else { number.to_string() };
        let card = Card {
            title: said.words.title,
            description: said.words.sentence,
            path: said.path,
            button: said.button.to_owned(),
        };
        outbox::say(app, &mut tx, corp, mailing, &variant, &Content::Card(card)).await?;
        let userids: Vec<String> = receivers.iter().map(|userid| userid.to_lowercase()).collect();
        messages += mailings::address(&mut tx, corp, mailing, &variant, &userids, useful_until, now).await?;
    }
    if messages > 0 {
        queue::add(&mut tx, &send_messages::job(corp, now), now).await?;
    }
    tx.commit().await?;
    Ok(messages)
}

/// How the occasions of a rule's day begin.
fn of_day(rule: &Rule, day: NaiveDate) -> String {
    format!("digest {} {day} ", rule.rule_id)
}

/// What some are told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    words: Words,
    path: String,
    button: &'static str,
    /// Says that all have reported.
    done: bool,
}

/// What a rule tells now, and whom.
struct Told {
    about: Option<OfForm>,
    said: BTreeMap<Said, Vec<String>>,
}

/// What a rule tells now. Nobody is told anything on a day its form does not run, or who has nobody to answer for.
async fn figures(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    rule: &Rule,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Told> {
    let about = about_of(rule)?;
    let receivers = rows::receivers(tx, school.corp(), &rule.known_roles(), day).await?;
    let mut told = Told { about: None, said: BTreeMap::new() };
    if receivers.is_empty() {
        return Ok(told);
    }
    match (about, &rule.form_code) {
        (About::Movements, _) => movements_of(tx, school, &receivers, day, &mut told).await?,
        (_, Some(code)) => {
            let counted = Counted { rule, about, code, day, now };
            counted.tell(app, tx, school, &receivers, &mut told).await?;
        }
        (_, None) => return Err(Error::internal("a digest without a form")),
    }
    Ok(told)
}

impl Told {
    fn add(&mut self, said: Said, viewer: &Viewer) {
        self.said.entry(said).or_default().push(viewer.userid.clone());
    }
}

async fn movements_of(
    tx: &mut Scoped,
    school: &School,
    receivers: &[Viewer],
    day: NaiveDate,
    told: &mut Told,
) -> Result<()> {
    let question = Question::of_roster(school.corp(), day, vec![PersonKind::Staff], Scope::School);
    let placed = movements::by_place(tx, &question).await?;
    for viewer in receivers {
        let scope = viewer.scope(About::Movements.action());
        let theirs = placed.iter().filter(|place| scope.covers(&place.path));
        let movement: domain::movement::Movement = theirs.map(|place| place.movement).sum();
        if movement.staff == 0 {
            continue;
        }
        let unit = unit_of(viewer, &scope).unwrap_or_default();
        let words = digest::movements(&unit, day, movement);
        let path = format!("/admin/movements?day={day}");
        told.add(Said { words, path, button: "去确认", done: false }, viewer);
    }
    Ok(())
}

/// What somebody looks after, by name; none: the whole school.
fn unit_of(viewer: &Viewer, scope: &Scope) -> Option<String> {
    if *scope == Scope::School { None } else { bulletins::own(viewer) }
}

/// A digest of a form.
struct Counted<'a> {
    rule: &'a Rule,
    about: About,
    code: &'a str,
    day: NaiveDate,
    now: DateTime<Utc>,
}

impl Counted<'_> {
    async fn tell(
        &self,
        app: &App,
        tx: &mut Scoped,
        school: &School,
        receivers: &[Viewer],
        told: &mut Told,
    ) -> Result<()> {
        let Self { rule, about, code, day, now } = *self;
        let loaded = forms::current(app, tx, code).await?;
        // The last turn of the day that has begun; where there is none, the form does not run.
        let begun = |turn: &domain::form::Turn| turn.window.opens_at <= now;
        let turn = loaded.turns(school, day).into_iter().rfind(begun);
        let Some(turn) = turn.filter(|_| !loaded.published.form.is_event()) else { return Ok(()) };
        let form = &loaded.published.form;
        let question = loaded.question(school.corp(), day, turn.period.slot, Scope::School);
        told.about = Some(OfForm { form_id: question.form_id, day, period: question.period });
        let roll = roll::of(app, tx, &question).await?;
        let told_before = match (about, rule.when_done) {
            (About::Unreported, true) => rows::told_done(tx, school.corp(), &of_day(rule, day)).await?,
            _ => Vec::new(),
        };
        let slot = forms::slot_title(form, turn.period.slot);
        let name = slot.as_ref().map_or_else(|| form.title.clone(), |slot| format!("{}·{slot}", form.title));
        let local = |at: DateTime<Utc>| at.with_timezone(&school.zone).naive_local();
        for viewer in receivers {
            let scope = viewer.scope(about.action());
            let counts = roll.seen_in(scope.clone()).counts();
            if counts.expected == 0 {
                continue;
            }
            let done = counts.unreported() == 0;
            let (words, path, button) = match about {
                About::Summary => {
                    let unit = unit_of(viewer, &scope);
                    let bulletin = Bulletin {
                        form,
                        slot: slot.as_deref(),
                        unit: unit.as_deref(),
                        day,
                        as_of: local(now),
                        cutoff: local(turn.window.cutoff_at),
                        counts,
                    };
                    let title = format!("填报汇总：{}", bulletin.title());
                    let words = Words { title, sentence: bulletin.sentence() };
                    (words, format!("/h5/statistics/{code}?day={day}"), "看统计")
                }
                _ if !done => (
                    digest::unreported(&name, local(now), counts),
                    format!("/h5/unreported/{code}"),
                    "看名单",
                ),
                _ if rule.when_done && !told_before.contains(&viewer.member) => (
                    digest::all_reported(&name, local(now), counts),
                    format!("/h5/statistics/{code}?day={day}"),
                    "看统计",
                ),
                _ => continue,
            };
            told.add(Said { words, path, button, done: done && about == About::Unreported }, viewer);
        }
        Ok(())
    }
}
