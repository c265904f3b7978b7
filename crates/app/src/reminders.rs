//! Reminders: planned once per occasion, sent by [`crate::outbox`], each with a result the counsellor sees.
//!
//! A plan is one transaction: the round under its unique occasion, what it says, and a row per person.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
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
    reminders::{self, NewRound, Outcome, Planned, Round, Rule},
};

use crate::{
    App, Error, Page, Result, School, cards, forms, jobs,
    outbox::Card,
    secret,
    statistics::{Asked, question},
};

/// What a counsellor's tap says.
const BY_COUNSELLOR: &str = "辅导员提醒您：今天的“{form}”还没有填写，请在 {closes} 前完成。";

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
    let turn = turn.ok_or_else(|| Error::internal("a question without a turn"))?;
    let closes = turn.window.closes_at;
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
    let card = card(school, &loaded, question.day, closes, BY_COUNSELLOR);
    cards::offer(app, &mut tx, school, &loaded, planned.round_id, (question.day, turn), card).await?;
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
    Ok(RoundResult { round, counts, page: Page::cut(rows, limit, |row| row.outbox_id.to_string()) })
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
        occasion: &format!("rule {} {day} {} {}", rule.rule_id, turn.period.slot, time.format("%H:%M")),
        rule_id: Some(rule.rule_id),
        by_member: None,
        people: None,
        useful_until: reminder::useful_until(school.zone, day, times, now, closes),
        at: now,
    };
    let question = loaded.question(school.corp(), day, turn.period.slot, Scope::School);
    let Some(planned) = reminders::plan(tx, &question, &round).await? else { return Ok(false) };
    let card = card(school, &loaded, day, closes, &rule.wording);
    cards::offer(app, tx, school, &loaded, planned.round_id, (day, turn), card).await?;
    Ok(true)
}

/// What a reminder says, and where it leads.
fn card(
    school: &School,
    loaded: &forms::Loaded,
    day: NaiveDate,
    closes: DateTime<Utc>,
    wording: &str,
) -> Card {
    let form = &loaded.published.form;
    Card {
        title: format!("{}待填写", form.title),
        description: reminder::wording(wording, &form.title, &cards::hour(school, day, closes)),
        path: format!("/h5/forms/{}?from=reminder", form.code),
        button: "去填写".to_owned(),
    }
}
