//! 通行证: given to one person or to all of a list, for a time and some zones; ended with a reason.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    PersonId,
    export::is_text,
    policy::{Action, Scope, Viewer},
};
use store::{
    exemptions,
    gate_permits::{self, NewPermits, Question},
    gates,
    words::Words,
};

pub use store::gate_permits::{Own, Row};

use crate::{
    App, Error, FieldError, Page, Result, School,
    reading_budgets::{self, WORK},
    reasons::{self, Reasoned},
};

/// A permit holds no longer than this.
const LONGEST: TimeDelta = TimeDelta::days(400);
/// People of a list at most.
const MOST: usize = 5_000;
/// Numbers that are told where they are wrong.
const TOLD: usize = 20;

/// How often a permit is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 单次: once in and once out.
    Single,
    /// 长期
    Standing,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Standing => "standing",
        }
    }
}

fn scope(viewer: &Viewer) -> Result<Scope> {
    let scope = viewer.scope(Action::ManagePermits);
    if scope.is_empty() { Err(Error::Forbidden) } else { Ok(scope) }
}

fn question(app: &App, school: &School, viewer: &Viewer, past: bool) -> Result<Question> {
    let now = app.now();
    Ok(Question { corp: school.corp(), scope: scope(viewer)?, today: school.today(now), now, past })
}

/// Permits of those the viewer may give them to, newest first; `before` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    past: bool,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Reasoned<Row>>> {
    let question = question(app, school, viewer, past)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = gate_permits::list(&mut tx, &question, before, limit + 1).await?;
    let Page { items, next } = Page::cut(rows, limit, |row| row.permit_id.to_string());
    let others =
        |row: &&Row| reasons::are_of_others(viewer, row.granted_by_member, row.revoke_reason.is_some());
    let people = items.iter().filter(others).map(|row| row.person_id).collect();
    reading_budgets::note(app, school, viewer, &mut tx, ("permit_reason", WORK), people, question.now)
        .await?;
    tx.commit().await?;
    let of = |row: &Row| Words { corp: question.corp, person: row.person_id, at: row.granted_at };
    let items = reasons::opened_with_ends(
        app,
        gate_permits::reason_place,
        gate_permits::revoke_place,
        items,
        |row| (of(row), &row.reason, row.revoke_reason.as_ref()),
    )?;
    Ok(Page { items, next })
}

/// What the viewer holds themselves, now or later: at most `limit`.
pub async fn own(app: &App, school: &School, viewer: &Viewer, limit: i64) -> Result<Vec<Reasoned<Own>>> {
    let Some(person) = &viewer.person else { return Ok(Vec::new()) };
    let mut tx = app.store().reading(school.corp()).await?;
    let rows = gate_permits::own(&mut tx, school.corp(), person.id, app.now(), limit).await?;
    tx.commit().await?;
    let of = |row: &Own| Words { corp: school.corp(), person: person.id, at: row.granted_at };
    reasons::opened(app, gate_permits::reason_place, rows, |row| (of(row), &row.reason))
}

/// Permits to be given.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Student or staff numbers, separated by anything that is in none.
    pub numbers: &'a str,
    /// How often each is good.
    pub kind: Kind,
    /// From when …
    pub from: DateTime<Utc>,
    /// … until when.
    pub until: DateTime<Utc>,
    /// Of these zones; none: of all.
    pub zones: Vec<i64>,
    /// Why.
    pub reason: &'a str,
}

/// Whether a permit can hold from the one to the other.
pub(crate) fn is_span(from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
    from < until && until - from <= LONGEST
}

/// Gives everybody of a list a permit: all of them, or nobody. How many were new.
pub async fn add(app: &App, school: &School, viewer: &Viewer, new: New<'_>) -> Result<usize> {
    let scope = scope(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let mut wrong = Vec::new();
    let mut say = |field: &str, message: String| wrong.push(FieldError { field: field.into(), message });
    // Looked up in lower case, and named as they were written.
    let as_written: BTreeMap<String, &str> = new
        .numbers
        .split(|letter: char| letter.is_whitespace() || ",;，；、".contains(letter))
        .filter(|number| !number.is_empty())
        .map(|number| (number.to_lowercase(), number))
        .collect();
    let numbers: Vec<String> = as_written.keys().cloned().collect();
    if numbers.is_empty() || numbers.len() > MOST || new.numbers.contains('\0') {
        say("numbers", format!("请填写学号或工号，每次 1 到 {MOST} 个"));
    }
    if new.until <= new.from || new.until <= now {
        say("until", "截止时间应晚于开始时间，并且还没有过去".into());
    } else if !is_span(new.from, new.until) {
        say("until", "通行证最长 400 天，请缩短".into());
    }
    let reason = new.reason.trim();
    if !is_text(reason, 200) {
        say("reason", "请写明事由，不超过 200 字".into());
    }
    let mut zones = new.zones.clone();
    zones.sort_unstable();
    zones.dedup();
    if zones.len() > 100 {
        say("zones", "区域太多，全部区域请留空".into());
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let mut tx = app.store().scoped(corp).await?;
    if gates::known_zones(&mut tx, corp, &zones).await?.len() != zones.len() {
        return Err(Error::field("zones", "没有这个区域，请重新选择"));
    }
    let named = exemptions::named(&mut tx, corp, &scope, &numbers, school.today(now)).await?;
    let known: HashMap<String, PersonId> =
        named.into_iter().map(|named| (named.number.to_lowercase(), named.person_id)).collect();
    let strange: Vec<&str> = as_written
        .iter()
        .filter(|(number, _)| !known.contains_key(*number))
        .map(|(_, written)| *written)
        .collect();
    if !strange.is_empty() {
        let told = strange.iter().take(TOLD).copied().collect::<Vec<_>>().join("、");
        let message = format!("有 {} 个不在名册里，或不在您的数据范围内，请核对：{told}", strange.len());
        return Err(Error::field("numbers", message));
    }
    let mut people: Vec<PersonId> = known.into_values().collect();
    people.sort_unstable();
    let permits = NewPermits {
        corp,
        people: &people,
        kind: new.kind.as_str(),
        from: new.from,
        until: new.until,
        zones: &zones,
        reason,
        by: viewer.member,
        at: now,
    };
    let added = gate_permits::add(&mut tx, app.store().keyring(), permits).await?;
    tx.commit().await?;
    Ok(added)
}

/// Ends a permit; the record of it stays, with the reason.
pub async fn revoke(app: &App, school: &School, viewer: &Viewer, id: i64, reason: &str) -> Result<()> {
    let question = question(app, school, viewer, true)?;
    let reason = reason.trim();
    if !is_text(reason, 200) {
        return Err(Error::field("reason", "请写明撤销原因，不超过 200 字"));
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    if !gate_permits::revoke(&mut tx, app.store().keyring(), &question, id, viewer.member, reason).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
