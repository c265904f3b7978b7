//! 审计: who looked at whose data and who changed what, for auditors; sealed each second, signed and told outside, and cut at
//! the front when it was kept long enough.

pub mod anchors;
pub(crate) mod cutting;
mod keys;
pub mod sealing;
mod verify;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use domain::{
    CorpId, DepartmentId, PersonId,
    audit::{Act, against_head, event_hash},
    policy::{Action, Viewer},
};
use serde_json::json;
use store::{
    Scoped, access_log,
    audit::{self as rows, Event, HeadRow, Question, Waiting},
    exports,
};

pub use keys::rotate as rotate_key;
pub(crate) use keys::{is_signed_text, sign};
pub use store::audit::{Row, SeenBy};
pub use verify::{Verified, verify};

use crate::{
    App, Error, FieldError, Page, Result, School, page,
    reasons::{self, UNREADABLE},
};

/// People asked about at most.
const MOST: usize = 200;
/// Viewers told of at most.
const MOST_VIEWERS: i64 = 200;
/// Numbers that are told where they are wrong.
const TOLD: usize = 20;

fn may(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Audit) { Ok(()) } else { Err(Error::Forbidden) }
}

/// From when to when, and which acts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// At or after this.
    pub from: Option<DateTime<Utc>>,
    /// Before this.
    pub until: Option<DateTime<Utc>>,
    /// Only these.
    pub act: Option<Act>,
}

/// An event as it is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What it says.
    pub row: Row,
    /// Of a look or an export: what for.
    pub purpose: Option<String>,
    /// Whether that is what its hash was made of.
    pub intact: bool,
}

/// How far the chain is.
#[derive(Debug, Clone)]
pub struct State {
    /// The last number that was cut, having been kept long enough; 0: none was.
    pub cut_to: i64,
    /// The last number; 0: nothing was sealed yet.
    pub sealed_to: i64,
    /// What waits for a number.
    pub waiting: Waiting,
    /// The newest head; none: nothing was signed yet.
    pub head: Option<SignedHead>,
}

/// A head, looked at again.
#[derive(Debug, Clone)]
pub struct SignedHead {
    /// As it is kept.
    pub row: HeadRow,
    /// Whether it is signed by us and the chain goes by it.
    pub holds: bool,
    /// What its signature is checked with, where the key opens.
    pub public_key: Option<Vec<u8>>,
}

/// A page of events, and how far the chain is.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The newest first.
    pub page: Page<Shown>,
    /// How far the chain is.
    pub state: State,
}

/// What was done from one moment to another, the newest first; `before` is the last page's `next`. The reading is itself on record.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    span: Span,
    before: Option<&str>,
    limit: i64,
) -> Result<Listed> {
    may(viewer)?;
    check(span)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let listed = read(app, &mut tx, &question(span), before, limit).await?;
    note_read(&mut tx, viewer, "audit", listed.page.items.len(), app.now()).await?;
    tx.commit().await?;
    Ok(listed)
}

/// Records that a page of what only auditors read was read: what looks were for, or why somebody may read more. It is no look at the
/// people it is about, who would learn that they are being looked into.
pub(crate) async fn note_read(
    tx: &mut Scoped,
    viewer: &Viewer,
    kind: &str,
    rows: usize,
    now: DateTime<Utc>,
) -> Result<()> {
    let event = Event::new(tx.corp(), Act::AuditRead, Some(viewer.member), now);
    Ok(rows::insert(tx, event.saying(json!({ "kind": kind, "rows": rows }))).await?)
}

/// Whose looks and changes, and at whose data.
#[derive(Debug, Clone, Copy)]
pub struct People<'a> {
    /// Only what whoever has this number did.
    pub actor: Option<&'a str>,
    /// Only what was done about these, by number; none of the three: about anybody.
    pub numbers: &'a [String],
    /// … and about whoever was counted under this department in that time.
    pub department: Option<DepartmentId>,
    /// … and about whoever this export named.
    pub export: Option<i64>,
}

/// The same of people: what somebody did, who looked at these. The search is itself on record, without the numbers.
pub async fn search(
    app: &App,
    school: &School,
    viewer: &Viewer,
    span: Span,
    people: People<'_>,
    before: Option<&str>,
    limit: i64,
) -> Result<Listed> {
    may(viewer)?;
    check(span)?;
    let (corp, now) = (school.corp(), app.now());
    let actor = people.actor.map(str::trim).filter(|actor| !actor.is_empty());
    let mut tx = app.store().scoped(corp).await?;
    let mut question = question(span);
    question.subjects = asked_about(&mut tx, school, span, people).await?;
    if let Some(number) = actor {
        let found =
            if number.contains('\0') { Vec::new() } else { rows::members_of(&mut tx, corp, number).await? };
        if found.is_empty() {
            return Err(Error::field("actor", "没有这个学号或工号的账号，请核对"));
        }
        question.actors = Some(found);
    }
    // Every page of it: a cursor may be another search's, and who begins on a later page has searched too.
    let asked = question.subjects.as_ref().map_or(0, Vec::len);
    note(&mut tx, viewer, people, actor.is_some(), asked, now).await?;
    let listed = read(app, &mut tx, &question, before, limit).await?;
    tx.commit().await?;
    Ok(listed)
}

/// Records that somebody searched: how many they asked about, and not whom.
async fn note(
    tx: &mut Scoped,
    viewer: &Viewer,
    people: People<'_>,
    by_actor: bool,
    asked: usize,
    now: DateTime<Utc>,
) -> Result<()> {
    let (department, export) = (people.department, people.export);
    let detail = json!({ "by_actor": by_actor, "people": asked, "department": department, "export": export });
    let event = Event::new(tx.corp(), Act::AuditSearched, Some(viewer.member), now);
    Ok(rows::insert(tx, event.saying(detail)).await?)
}

/// Who saw these people in a time: everybody who looked at one of them, those first who saw most. At most 200; itself on record.
pub async fn viewers(
    app: &App,
    school: &School,
    viewer: &Viewer,
    span: Span,
    people: People<'_>,
) -> Result<Seen> {
    may(viewer)?;
    check(span)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let about = asked_about(&mut tx, school, span, people).await?;
    let about = about.ok_or_else(|| {
        Error::field("numbers", "请填写学号或工号，或者选一个部门、填一个导出编号：查的是谁看过他们")
    })?;
    note(&mut tx, viewer, people, false, about.len(), now).await?;
    let mut found = rows::viewers(&mut tx, corp, &about, (span.from, span.until), MOST_VIEWERS + 1).await?;
    tx.commit().await?;
    let shown = usize::try_from(MOST_VIEWERS).unwrap_or(usize::MAX);
    let more = found.len() > shown;
    found.truncate(shown);
    Ok(Seen { people: about.len(), viewers: found, more })
}

/// Who saw some people.
#[derive(Debug, Clone)]
pub struct Seen {
    /// How many people were asked about.
    pub people: usize,
    /// Who looked at one of them.
    pub viewers: Vec<SeenBy>,
    /// Whether there are more.
    pub more: bool,
}

fn check(span: Span) -> Result<()> {
    match (span.from, span.until) {
        (Some(from), Some(until)) if from >= until => {
            Err(Error::field("until", "结束时间应晚于开始时间，请核对"))
        }
        _ => Ok(()),
    }
}

fn question(span: Span) -> Question {
    Question { from: span.from, until: span.until, act: span.act, ..Question::default() }
}

/// Numbers in lower case, each as it was written.
fn as_written(numbers: &[String]) -> Result<BTreeMap<String, &str>> {
    let written: BTreeMap<String, &str> = numbers
        .iter()
        .map(|number| number.trim())
        .filter(|number| !number.is_empty())
        .map(|number| (number.to_lowercase(), number))
        .collect();
    if written.len() > MOST || written.keys().any(|number| number.contains('\0')) {
        return Err(Error::field("numbers", format!("请填写学号或工号，每次最多 {MOST} 个")));
    }
    Ok(written)
}

/// Whom somebody asks about; none: they name nobody.
async fn asked_about(
    tx: &mut Scoped,
    school: &School,
    span: Span,
    people: People<'_>,
) -> Result<Option<Vec<PersonId>>> {
    let corp = tx.corp();
    let numbers = as_written(people.numbers)?;
    let mut about = BTreeSet::new();
    if !numbers.is_empty() {
        about.extend(subjects(tx, &numbers).await?);
    }
    if let Some(department) = people.department {
        let day = |at: Option<DateTime<Utc>>| at.map(|at| school.today(at));
        let there = rows::persons_under(tx, corp, department, (day(span.from), day(span.until))).await?;
        if there.is_empty() {
            return Err(Error::field("department", "这个部门在这段时间里没有人，请核对"));
        }
        about.extend(there);
    }
    if let Some(export) = people.export {
        let named = rows::persons_in_export(tx, corp, export).await?;
        if named.is_empty() {
            return Err(Error::field("export", "没有这个编号的导出，或者里面没有人，请核对"));
        }
        about.extend(named);
    }
    let nobody = numbers.is_empty() && people.department.is_none() && people.export.is_none();
    Ok((!nobody).then(|| about.into_iter().collect()))
}

async fn subjects(tx: &mut Scoped, numbers: &BTreeMap<String, &str>) -> Result<Vec<PersonId>> {
    let corp = tx.corp();
    let asked: Vec<String> = numbers.keys().cloned().collect();
    let found: HashMap<String, PersonId> = rows::persons_of(tx, corp, &asked).await?.into_iter().collect();
    let strange: Vec<&str> = numbers
        .iter()
        .filter(|(number, _)| !found.contains_key(*number))
        .map(|(_, written)| *written)
        .collect();
    if !strange.is_empty() {
        let told = strange.iter().take(TOLD).copied().collect::<Vec<_>>().join("、");
        let message = format!("有 {} 个不在名册里，请核对：{told}", strange.len());
        return Err(Error::Invalid(vec![FieldError { field: "numbers".into(), message }]));
    }
    Ok(found.into_values().collect())
}

async fn read(
    app: &App,
    tx: &mut Scoped,
    question: &Question,
    before: Option<&str>,
    limit: i64,
) -> Result<Listed> {
    let corp = tx.corp();
    let before = before.map(page::parse_moment).transpose()?;
    let found = rows::list(tx, corp, question, before, limit + 1).await?;
    let page = Page::cut(found, limit, |row| page::moment(row.at, row.event_id));
    let shown = |row: Row| -> Result<Shown> {
        let purpose = purpose(app, corp, &row)?;
        // What it was for is no part of the event: its seal says whether it is as it was written.
        let is_read = purpose.as_deref() != Some(UNREADABLE);
        let intact = is_read && event_hash(&row.content(corp)) == row.hash;
        Ok(Shown { purpose, row, intact })
    };
    let page = page.try_map(shown)?;
    Ok(Listed { page, state: state(app, tx).await? })
}

/// What a look or an export was for; none: it is neither.
fn purpose(app: &App, corp: CorpId, row: &Row) -> Result<Option<String>> {
    let (sealed, place) = match (&row.look_purpose, &row.export_purpose) {
        (Some(sealed), _) => (sealed, access_log::purpose_place(corp, &row.look_row)),
        (None, Some(sealed)) => (sealed, exports::purpose_place(corp, &row.export_row)),
        (None, None) => return Ok(None),
    };
    Ok(Some(reasons::shown(app, place, sealed)?))
}

async fn state(app: &App, tx: &mut Scoped) -> Result<State> {
    let corp = tx.corp();
    let head = match rows::last_head(tx, corp, None).await? {
        None => None,
        Some(row) => Some(look_again(app, tx, row).await?),
    };
    let sealed_to = rows::last_link(tx, corp).await?.map_or(0, |(seq, _)| seq);
    let cut_to = rows::cuts(tx, corp).await?.last().map_or(0, |row| row.cut.seq);
    Ok(State { cut_to, sealed_to, waiting: rows::unsealed(tx, corp).await?, head })
}

async fn look_again(app: &App, tx: &mut Scoped, row: HeadRow) -> Result<SignedHead> {
    let corp = tx.corp();
    let known = keys::public(app, corp, &rows::keys(tx, corp).await?);
    let public_key = known.get(&row.kid).cloned();
    let signed = public_key.as_deref().is_some_and(|key| keys::has_signed(key, corp, &row));
    // The link of the head's number is the first after the one before it, or the last that was cut.
    let link = rows::links(tx, corp, row.seq.saturating_sub(1), 1).await?.into_iter().next();
    let mut kept = link.filter(|link| link.seq == row.seq).map(|link| link.hash);
    if kept.is_none() {
        let cuts = rows::cuts(tx, corp).await?;
        let (begun, _) = cutting::read(corp, &cuts, &known);
        kept = (begun.began() == row.seq).then(|| begun.hash().to_vec());
    }
    let holds = signed && against_head(row.seq, &row.hash, kept.as_deref()).is_none();
    Ok(SignedHead { row, holds, public_key })
}
