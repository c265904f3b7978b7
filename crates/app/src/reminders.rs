//! Reminders: planned once per occasion, sent by [`crate::outbox`], each with a result the counsellor sees.
//!
//! A plan is one transaction: the round under its unique occasion, what it says, and a row per person. What rules plan is in
//! [`plan_due`]; here stands what a counsellor's tap does, and what reminders may do at all.

mod content;
mod plan;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    DepartmentId, PersonId, clock,
    policy::{Action, Viewer},
    reminder::{self, To, wording},
};
use serde_json::{Value, json};
use store::{
    Scoped,
    idempotency_keys::{self, Claim, Claimed},
    jobs as queue, reminder_rules, reminder_settings,
    reminders::{self, Most, NewRound, Outcome, Round},
};

pub use plan::plan_due;

pub(crate) use content::{Receiver, Said, card};
pub(crate) use plan::asked;

use crate::{
    App, Error, Page, Result, School, cards, jobs, secret,
    statistics::{Asked, question},
};

/// What a counsellor's tap says, unless they say something of their own.
const BY_COUNSELLOR: &str = "辅导员提醒您：今天的“{form}”还没有填写，请在 {closes} 前完成。";
/// Rules of a school at most.
pub(crate) const MOST_RULES: i64 = 500;

/// Whom a counsellor wants to remind.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The form's code.
    pub form: &'a str,
    /// Only these; none: all unreported of the viewer's scope.
    pub people: Option<&'a [PersonId]>,
    /// Only those counted under this department.
    pub department: Option<DepartmentId>,
    /// In these words, with variables; none: in the usual ones.
    pub words: Option<&'a str>,
}

/// A round somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Its id.
    pub round_id: i64,
    /// Persons in it.
    pub people: usize,
}

/// Reminds now those of the viewer's scope who have not reported. The same `key` is the same round. In quiet hours it goes out
/// at their end, if the form still takes answers then.
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
    let words = wanted.words.map(str::trim).filter(|words| !words.is_empty());
    if let Some(words) = words {
        wording::check(words, To::Person).map_err(|problem| Error::field("words", problem))?;
    }
    let mut body = json!({ "form": wanted.form, "people": wanted.people, "department": wanted.department });
    if let Some(words) = words {
        body["words"] = json!(words);
    }
    let request_hash = secret::hash(body.to_string().as_bytes());
    let claim =
        Claim { corp, member: viewer.member, key, operation: "POST /reminders", request_hash: &request_hash };
    let asked = Asked { form: wanted.form, day: None, slot: None, department: wanted.department };
    let mut tx = app.store().scoped(corp).await?;
    match idempotency_keys::claim(&tx, app.store().keyring(), claim, now).await? {
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
    let quiet = reminder_settings::get(&mut tx, corp).await?.quiet;
    let begins = quiet.and_then(|quiet| quiet.ends(school.zone, now)).unwrap_or(now);
    if begins > now && begins >= closes {
        return Err(Error::field(
            "form",
            "现在是学校的免打扰时段，到结束时已经截止，不能发提醒；可以打电话联系",
        ));
    }
    let said =
        Said { school, loaded: &loaded, day: question.day, closes, wording: words.unwrap_or(BY_COUNSELLOR) };
    let round = NewRound {
        occasion: &format!("member {} {key}", viewer.member),
        rule_id: None,
        by_member: Some(viewer.member),
        people: wanted.people,
        by: said.by(),
        moments: &[begins],
        useful_until: closes,
        most: most(&mut tx, school, now).await?,
        at: now,
    };
    let planned = reminders::plan(&mut tx, &question, &round).await?;
    let planned = planned.ok_or_else(|| Error::internal("a new key met an old round"))?;
    let said = said.cards(&planned.variants);
    cards::offer(app, &mut tx, school, &loaded, planned.round_id, (question.day, turn), said).await?;
    let kept = json!({ "round": planned.round_id, "people": planned.people });
    idempotency_keys::settle(&mut tx, app.store().keyring(), claim, &kept).await?;
    queue::add(&mut tx, &jobs::send_messages::job(corp, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(Planned { round_id: planned.round_id, people: planned.people })
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

/// A round of the viewer's own, with those of it who are theirs today; `after` is the last page's `next`.
pub async fn result(
    app: &App,
    school: &School,
    viewer: &Viewer,
    round_id: i64,
    after: Option<&str>,
    limit: i64,
) -> Result<RoundResult> {
    let scope = viewer.scope(Action::Remind);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let after = after.map_or(Ok(0), str::parse).map_err(|_| crate::bad_cursor())?;
    let (corp, today) = (school.corp(), school.today(app.now()));
    let mut tx = app.store().scoped(corp).await?;
    let round = reminders::own_round(&mut tx, corp, viewer.member, round_id).await?.ok_or(Error::NotFound)?;
    let counts = reminders::counts(&mut tx, corp, round_id).await?;
    let rows = reminders::outcomes(&mut tx, corp, round_id, (&scope, today), after, limit + 1).await?;
    tx.commit().await?;
    Ok(RoundResult { round, counts, page: Page::cut(rows, limit, |row| row.outbox_id.to_string()) })
}

/// How many reminders a day the school allows one person, and since when today is.
pub(crate) async fn most(tx: &mut Scoped, school: &School, now: DateTime<Utc>) -> Result<Most> {
    let settings = reminder_settings::get(tx, school.corp()).await?;
    let since = clock::end_of_day(school.zone, school.today(now)) - TimeDelta::days(1);
    Ok(Most { a_day: settings.most_a_day, since })
}

/// The mailings whose reminders quiet hours hold back now: of all in the school's own, of a rule in the rule's.
pub(crate) async fn held(tx: &mut Scoped, school: &School, now: DateTime<Utc>) -> Result<Vec<i64>> {
    let corp = school.corp();
    let is_quiet =
        |quiet: Option<reminder::Quiet>| quiet.is_some_and(|quiet| quiet.ends(school.zone, now).is_some());
    let all = is_quiet(reminder_settings::get(tx, corp).await?.quiet);
    let mut quiet = Vec::new();
    for row in reminder_rules::list(tx, corp, None, false, 0, MOST_RULES).await? {
        if is_quiet(row.rule()?.quiet) {
            quiet.push(row.rule_id);
        }
    }
    if !all && quiet.is_empty() {
        return Ok(Vec::new());
    }
    Ok(store::outbox::held(tx, corp, &quiet, all, now).await?)
}
