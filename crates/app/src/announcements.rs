//! 通知: what somebody in charge tells many at once, now or later. Who that is follows from the mirror at the moment it goes
//! out; what becomes of each is kept.

mod recalls;
mod sending;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    DepartmentId,
    announcement::{self as rules, RECALLED_WITHIN, Words},
    audit::Act,
    kinds::TagId,
    policy::{Action, Scope, Viewer},
};
use serde_json::{Value, json};
use store::{
    Scoped, Sealed,
    announcements::{self as rows, Row, audience, recalls as recall_rows},
    audit::{self, Event},
    departments,
    idempotency_keys::{self, Claim, Claimed},
    jobs as queue, tags,
};

pub use recalls::recall;
pub(crate) use recalls::recall_asked;
pub(crate) use sending::send_due;
pub use store::announcements::{
    audience::{Named, Outcome, Size, Somebody},
    recalls::Outcome as Batch,
};

use crate::{App, Error, Page, Result, School, jobs, secret};

/// Batches shown at most.
const BATCHES: i64 = 200;
/// Unknown numbers named at most.
const UNKNOWN: usize = 200;

fn scope(viewer: &Viewer) -> Result<Scope> {
    let scope = viewer.scope(Action::Announce);
    if scope.is_empty() { Err(Error::Forbidden) } else { Ok(scope) }
}

/// Whom it is for, as somebody says it.
#[derive(Debug, Clone, Default)]
pub struct Audience<'a> {
    /// Departments, with everybody below them.
    pub departments: &'a [DepartmentId],
    /// Tags.
    pub tags: &'a [TagId],
    /// A pasted list of numbers.
    pub numbers: &'a str,
}

/// What somebody wants to send.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// Heading.
    pub title: &'a str,
    /// The text.
    pub text: &'a str,
    /// The page it opens.
    pub link: Option<&'a str>,
    /// Whom it is for.
    pub audience: Audience<'a>,
    /// When it goes out; none: now.
    pub send_at: Option<DateTime<Utc>>,
    /// Quiet hours do not hold it back.
    pub urgent: bool,
}

/// Whom an announcement would reach.
#[derive(Debug, Clone)]
pub struct Preview {
    /// How many.
    pub size: Size,
    /// Numbers of the list that nobody of the sender's scope has; the first of them.
    pub unknown: Vec<String>,
    /// How many those are.
    pub unknown_count: usize,
    /// Who, by number.
    pub page: Page<Somebody>,
}

/// Whom an announcement would reach now; `after` is the last page's `next`.
pub async fn preview(
    app: &App,
    school: &School,
    viewer: &Viewer,
    wanted: &Audience<'_>,
    after: Option<&str>,
    limit: i64,
) -> Result<Preview> {
    let scope = scope(viewer)?;
    let corp = school.corp();
    let today = school.today(app.now());
    let mut tx = app.store().scoped(corp).await?;
    let (resolved, unknown) = resolve(app, &mut tx, school, &scope, wanted).await?;
    let size = audience::size(&mut tx, corp, &resolved, &scope, today).await?;
    let rows = audience::list(&mut tx, corp, &resolved, &scope, today, (after, limit + 1)).await?;
    tx.commit().await?;
    let unknown_count = unknown.len();
    let unknown = unknown.into_iter().take(UNKNOWN).collect();
    Ok(Preview { size, unknown, unknown_count, page: Page::cut(rows, limit, |row| row.key.clone()) })
}

/// Checks that everything named is the sender's to write to. Numbers nobody has are given back.
async fn resolve(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    scope: &Scope,
    wanted: &Audience<'_>,
) -> Result<(rows::Audience, Vec<String>)> {
    let corp = school.corp();
    let numbers = rules::numbers(wanted.numbers).map_err(|flaw| Error::Invalid(vec![flaw]))?;
    if wanted.departments.is_empty() && wanted.tags.is_empty() && numbers.is_empty() {
        return Err(Error::field("audience", "请选择部门、班级或标签，或粘贴学号、工号"));
    }
    if wanted.departments.len().max(wanted.tags.len()) > rules::MOST_PARTS {
        return Err(Error::field("audience", format!("部门和标签各最多 {} 个", rules::MOST_PARTS)));
    }
    let open = departments::open(tx, corp).await?;
    let theirs = |id: &DepartmentId| {
        open.iter().any(|one| {
            one.department_id == *id && scope.covers(&[Some(*id), one.class_id, one.grade_id, one.college_id])
        })
    };
    if !wanted.departments.iter().all(theirs) {
        return Err(Error::field("departments", "有部门不存在，或不在您负责的范围内，请重新选择"));
    }
    if !wanted.tags.is_empty() {
        let known = tags::all(tx, corp).await?;
        let is_open = |id: &TagId| known.iter().any(|tag| tag.tag_id == *id && tag.closed_on.is_none());
        if !wanted.tags.iter().all(is_open) {
            return Err(Error::field("tags", "有标签已不存在，请重新选择"));
        }
    }
    let lowered: Vec<String> = numbers.iter().map(|number| number.to_lowercase()).collect();
    let today = school.today(app.now());
    let found: BTreeMap<String, i64> = (audience::people_of(tx, corp, &lowered, scope, today).await?)
        .into_iter()
        .map(|(person, number)| (number, person))
        .collect();
    let unknown = numbers.into_iter().filter(|number| !found.contains_key(&number.to_lowercase())).collect();
    let distinct = |ids: &[i32]| {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let resolved = rows::Audience {
        departments: distinct(wanted.departments),
        tags: distinct(wanted.tags),
        people: found.into_values().collect(),
    };
    Ok((resolved, unknown))
}

fn seal(app: &App, school: &School, id: i64, words: &Words) -> Result<Sealed> {
    let plain = serde_json::to_vec(words).map_err(|_| Error::internal("words that can't be written"))?;
    Ok(app.store().keyring().seal(rows::content_place(school.corp(), &id.to_string()), &plain)?)
}

fn open(app: &App, school: &School, id: i64, sealed: &Sealed) -> Result<Words> {
    let plain = app.store().keyring().open(rows::content_place(school.corp(), &id.to_string()), sealed)?;
    serde_json::from_slice(&plain).map_err(|_| Error::internal("the words of an announcement"))
}

/// What was checked of a draft.
struct Checked {
    words: Words,
    audience: rows::Audience,
    send_at: DateTime<Utc>,
}

async fn check(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    scope: &Scope,
    draft: &Draft<'_>,
) -> Result<Checked> {
    let now = app.now();
    let words = Words::new(draft.title, draft.text, draft.link).map_err(Error::Invalid)?;
    let send_at = rules::send_at(draft.send_at, now).map_err(|flaw| Error::Invalid(vec![flaw]))?;
    let (audience, _) = resolve(app, tx, school, scope, &draft.audience).await?;
    let size = audience::size(tx, school.corp(), &audience, scope, school.today(now)).await?;
    if size.people == 0 {
        return Err(Error::field("audience", "按所选条件没有人会收到，请重新选择"));
    }
    Ok(Checked { words, audience, send_at })
}

/// Keeps an announcement that goes out at its time. The same `key` is the same announcement. Its number.
pub async fn create(
    app: &App,
    school: &School,
    viewer: &Viewer,
    key: &str,
    draft: &Draft<'_>,
) -> Result<i64> {
    let scope = scope(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let body = json!({
        "title": draft.title, "text": draft.text, "link": draft.link, "departments": draft.audience.departments,
        "tags": draft.audience.tags, "numbers": draft.audience.numbers, "send_at": draft.send_at,
        "urgent": draft.urgent });
    let request_hash = secret::hash(body.to_string().as_bytes());
    let operation = "POST /announcements";
    let claim = Claim { corp, member: viewer.member, key, operation, request_hash: &request_hash };
    let mut tx = app.store().scoped(corp).await?;
    match idempotency_keys::claim(&tx, app.store().keyring(), claim, now).await? {
        Claimed::New => {}
        Claimed::Answered(kept) => {
            return kept.as_i64().ok_or_else(|| Error::internal("a kept announcement"));
        }
        Claimed::Mismatch => return Err(Error::KeyReused),
    }
    let Checked { words, audience, send_at } = check(app, &mut tx, school, &scope, draft).await?;
    let wanted =
        rows::Wanted { audience: &audience, send_at, urgent: draft.urgent, by: viewer.member, at: now };
    let id = rows::add(&mut tx, corp, wanted, |id| seal(app, school, id, &words)).await?;
    note(app, &mut tx, viewer, id, "created").await?;
    idempotency_keys::settle(&mut tx, app.store().keyring(), claim, &Value::from(id)).await?;
    queue::add(&mut tx, &jobs::send_announcements::job(corp, send_at, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    tracing::info!(corp, announcement = id, "an announcement was written");
    Ok(id)
}

/// Changes one that has not gone out; `revision` is the one on the screen.
pub async fn change(
    app: &App,
    school: &School,
    viewer: &Viewer,
    id: i64,
    revision: i32,
    draft: &Draft<'_>,
) -> Result<()> {
    let scope = scope(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let row = find(&mut tx, school, viewer, id).await?;
    if row.state != "scheduled" || row.revision != revision {
        return Err(overtaken(&row));
    }
    let Checked { words, audience, send_at } = check(app, &mut tx, school, &scope, draft).await?;
    let content = seal(app, school, id, &words)?;
    let wanted =
        rows::Wanted { audience: &audience, send_at, urgent: draft.urgent, by: viewer.member, at: now };
    rows::change(&mut tx, corp, id, revision, wanted, &content).await?;
    note(app, &mut tx, viewer, id, "changed").await?;
    queue::add(&mut tx, &jobs::send_announcements::job(corp, send_at, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}

/// Cancels one that has not gone out; again is the same.
pub async fn cancel(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<()> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let row = find(&mut tx, school, viewer, id).await?;
    match row.state.as_str() {
        "cancelled" => return Ok(()),
        "scheduled" => rows::cancel(&mut tx, corp, id, viewer.member, app.now()).await?,
        _ => return Err(overtaken(&row)),
    };
    note(app, &mut tx, viewer, id, "cancelled").await?;
    tx.commit().await?;
    Ok(())
}

/// Records what was done to an announcement, and nothing of what it says.
async fn note(app: &App, tx: &mut Scoped, viewer: &Viewer, id: i64, act: &str) -> Result<()> {
    let event = Event::new(tx.corp(), Act::AnnouncementChanged, Some(viewer.member), app.now());
    let event = event.on("announcement", id).saying(json!({ "act": act }));
    Ok(audit::insert(tx, event).await?)
}

fn overtaken(row: &Row) -> Error {
    Error::Overtaken(match row.state.as_str() {
        "sent" => "通知已经发出，不能再修改或取消；24 小时内可以撤回".into(),
        "cancelled" => "通知已经取消".into(),
        "refused" => "通知没有发出：发送人已没有权限".into(),
        _ => "通知刚刚被修改过，请刷新后再改".into(),
    })
}

/// One the viewer may see, locked: whoever writes to the whole school sees all, others their own.
async fn find(tx: &mut Scoped, school: &School, viewer: &Viewer, id: i64) -> Result<Row> {
    let scope = scope(viewer)?;
    let by = (scope != Scope::School).then_some(viewer.member);
    rows::find(tx, school.corp(), id, by).await?.ok_or(Error::NotFound)
}

/// An announcement and its words.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its row.
    pub row: Row,
    /// What it says.
    pub words: Words,
}

/// Announcements, the newest first; `before` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Listed>> {
    let by = (scope(viewer)? != Scope::School).then_some(viewer.member);
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = rows::list(&mut tx, school.corp(), by, before, limit + 1).await?;
    tx.commit().await?;
    Page::cut(rows, limit, |row| row.announcement_id.to_string()).try_map(|row| {
        let words = open(app, school, row.announcement_id, &row.content)?;
        Ok(Listed { row, words })
    })
}

/// An announcement, whom it is for, and how far it got.
#[derive(Debug, Clone)]
pub struct Detail {
    /// Its row.
    pub row: Row,
    /// What it says.
    pub words: Words,
    /// Departments it is for.
    pub departments: Vec<Named>,
    /// Tags it is for.
    pub tags: Vec<Named>,
    /// Numbers of the list.
    pub numbers: Vec<String>,
    /// Since it went out: how many stand in each state.
    pub counts: Vec<(String, i64)>,
    /// The first batches, and what became of taking them back.
    pub batches: Vec<Batch>,
    /// Whether it can be taken back now.
    pub recallable: bool,
}

/// One of them.
pub async fn get(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<Detail> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let row = find(&mut tx, school, viewer, id).await?;
    let departments = audience::departments(&mut tx, corp, &row.departments).await?;
    let tags = audience::tags(&mut tx, corp, &row.tags).await?;
    let within = (&viewer.scope(Action::Announce), school.today(app.now()));
    let numbers = audience::numbers_of(&mut tx, corp, &row.people, within).await?;
    let (counts, batches) = match row.mailing_id {
        Some(mailing) => (
            audience::counts(&mut tx, corp, mailing, within).await?,
            recall_rows::outcomes(&mut tx, corp, mailing, BATCHES).await?,
        ),
        None => (Vec::new(), Vec::new()),
    };
    tx.commit().await?;
    let words = open(app, school, id, &row.content)?;
    let recallable = row.recall_asked_at.is_none()
        && row.sent_at.is_some_and(|sent_at| app.now() - sent_at < RECALLED_WITHIN);
    Ok(Detail { row, words, departments, tags, numbers, counts, batches, recallable })
}

/// Those it was sent to who are in the viewer's scope today, with what became of each; `after` is the last page's `next`.
pub async fn people(
    app: &App,
    school: &School,
    viewer: &Viewer,
    id: i64,
    state: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<Outcome>> {
    let after = after.map_or(Ok(0), str::parse).map_err(|_| crate::bad_cursor())?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let row = find(&mut tx, school, viewer, id).await?;
    let rows = match row.mailing_id {
        Some(mailing) => {
            let within = (&viewer.scope(Action::Announce), school.today(app.now()));
            audience::outcomes(&mut tx, corp, mailing, within, state, after, limit + 1).await?
        }
        None => Vec::new(),
    };
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |row| row.outbox_id.to_string()))
}

/// What one says to somebody who got it, and when it was sent.
pub async fn received(
    app: &App,
    school: &School,
    viewer: &Viewer,
    id: i64,
) -> Result<(Words, DateTime<Utc>)> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let found = rows::received(&mut tx, corp, id, viewer.member).await?;
    tx.commit().await?;
    let (sealed, at) = found.ok_or(Error::NotFound)?;
    Ok((open(app, school, id, &sealed)?, at))
}
