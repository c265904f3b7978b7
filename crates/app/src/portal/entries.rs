//! Entries as they are kept: listed, made, changed, ordered and ended, and how many opened each by day.

use chrono::{Days as Span, NaiveDate};
use domain::{
    DepartmentId,
    form::Cadence,
    policy::{Action, Viewer},
    portal::{self, Draft, Entry},
};
use serde_json::{Value, json};
use store::{
    Scoped,
    announcements::audience,
    departments,
    idempotency_keys::{self, Claim, Claimed},
    portal::{self as rows, By, Row, passes},
};

use super::{find, may_manage, may_read, most};
use crate::{App, Error, Page, Result, School, forms, secret};

/// An entry as it is kept.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its row.
    pub row: Row,
    /// The departments it names, with their names.
    pub departments: Vec<(DepartmentId, String)>,
    /// How many of the viewer's opened it today.
    pub today: i64,
}

/// Those that stand, in their order; or, with `ended`, those that were ended, the newest first: `before` is the last
/// page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    ended: bool,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Listed>> {
    may_read(viewer)?;
    let corp = school.corp();
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().reading(corp).await?;
    let page = if ended {
        let found = rows::ended(&mut tx, corp, before, limit + 1).await?;
        Page::cut(found, limit, |row| row.entry_id.to_string())
    } else {
        Page { items: rows::standing(&mut tx, corp, most()).await?, next: None }
    };
    let today = school.today(app.now());
    let scope = viewer.scope(Action::SeeStatistics);
    let passed = match scope.is_empty() {
        true => Vec::new(),
        false => passes::by_day(&mut tx, corp, None, (today, today), &scope).await?,
    };
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        let departments = names(&mut tx, &row).await?;
        let today = passed.iter().find(|passed| passed.entry_id == row.entry_id);
        items.push(Listed { today: today.map_or(0, |passed| passed.people), departments, row });
    }
    tx.commit().await?;
    Ok(Page { items, next: page.next })
}

async fn names(tx: &mut Scoped, row: &Row) -> Result<Vec<(DepartmentId, String)>> {
    let Some(ids) = &row.departments else { return Ok(Vec::new()) };
    let corp = tx.corp();
    let named = audience::departments(tx, corp, ids).await?;
    Ok(named.into_iter().map(|one| (one.id, one.name)).collect())
}

/// One of them.
pub async fn get(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<Listed> {
    may_read(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().reading(corp).await?;
    let row = find(&mut tx, id).await?;
    let today = school.today(app.now());
    let scope = viewer.scope(Action::SeeStatistics);
    let passed = match scope.is_empty() {
        true => Vec::new(),
        false => passes::by_day(&mut tx, corp, Some(id), (today, today), &scope).await?,
    };
    let departments = names(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(Listed { row, departments, today: passed.first().map_or(0, |passed| passed.people) })
}

/// What was checked of a draft: the entry, and the form it is compared with.
async fn check(
    app: &App,
    tx: &mut Scoped,
    draft: &Draft<'_>,
    form: Option<&str>,
) -> Result<(Entry, Option<i64>)> {
    let entry = Entry::new(draft).map_err(Error::Invalid)?;
    if let Some(asked) = &entry.audience.departments {
        let corp = tx.corp();
        let open = departments::open(tx, corp).await?;
        let is_part =
            |id: &DepartmentId| open.iter().any(|one| one.department_id == *id && one.kind != "school");
        if !asked.iter().all(is_part) {
            return Err(Error::field("departments", "有部门已不存在，或选了学校本身；给全校的请选“全校”"));
        }
    }
    let Some(code) = form.map(str::trim).filter(|code| !code.is_empty()) else { return Ok((entry, None)) };
    let unknown = || Error::field("form", "没有这张表单，请另选");
    let loaded = match forms::current(app, tx, code).await {
        Ok(loaded) => loaded,
        Err(Error::NotFound) => return Err(unknown()),
        Err(error) => return Err(error),
    };
    if !matches!(loaded.published.form.cadence, Cadence::Daily { .. }) {
        return Err(Error::field("form", "只能与每天填报的表单核对，请另选，或改为与打开入口的人核对"));
    }
    Ok((entry, Some(loaded.form_id)))
}

/// Makes an entry, after the others. The same `key` is the same one. Its number.
pub async fn create(
    app: &App,
    school: &School,
    viewer: &Viewer,
    key: &str,
    draft: &Draft<'_>,
    form: Option<&str>,
) -> Result<i64> {
    may_manage(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let kinds: Vec<&str> = draft.kinds.iter().map(|kind| kind.as_str()).collect();
    let body = json!({ "title": draft.title, "note": draft.note, "icon": draft.icon.as_str(), "address": draft.address,
        "kinds": kinds, "departments": draft.departments, "from": draft.from, "last": draft.last, "form": form });
    let request_hash = secret::hash(body.to_string().as_bytes());
    let operation = "POST /portal/entries";
    let claim = Claim { corp, member: viewer.member, key, operation, request_hash: &request_hash };
    let mut tx = app.store().scoped(corp).await?;
    match idempotency_keys::claim(&tx, app.store().keyring(), claim, now).await? {
        Claimed::New => {}
        Claimed::Answered(kept) => return kept.as_i64().ok_or_else(|| Error::internal("a kept entry")),
        Claimed::Mismatch => return Err(Error::KeyReused),
    }
    let (entry, form_id) = check(app, &mut tx, draft, form).await?;
    if rows::lock(&mut tx, corp).await?.len() >= portal::MAX_ENTRIES {
        return Err(Error::field(
            "title",
            format!("最多同时有 {} 个入口，请先停用不用的", portal::MAX_ENTRIES),
        ));
    }
    let id = rows::add(&mut tx, corp, &entry, form_id, By { member: viewer.member, at: now }).await?;
    idempotency_keys::settle(&mut tx, app.store().keyring(), claim, &Value::from(id)).await?;
    tx.commit().await?;
    tracing::info!(corp, entry = id, "an entry was made");
    Ok(id)
}

/// Changes one; `revision` is the one on the screen.
pub async fn change(
    app: &App,
    school: &School,
    viewer: &Viewer,
    (id, revision): (i64, i32),
    draft: &Draft<'_>,
    form: Option<&str>,
) -> Result<()> {
    may_manage(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let row = find(&mut tx, id).await?;
    let (entry, form_id) = check(app, &mut tx, draft, form).await?;
    let by = By { member: viewer.member, at: app.now() };
    if !rows::change(&mut tx, corp, (id, revision), &entry, form_id, by).await? {
        return Err(Error::Overtaken(match row.closed_at {
            Some(_) => "这个入口已经停用，不能再修改；如需再用，请新建一个".into(),
            None => format!("{} 刚刚修改过这个入口，请刷新后再改", row.by),
        }));
    }
    tx.commit().await?;
    Ok(())
}

/// Puts those that stand in this order, which names each of them once.
pub async fn order(app: &App, school: &School, viewer: &Viewer, ids: &[i64]) -> Result<()> {
    may_manage(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let mut stand = rows::lock(&mut tx, corp).await?;
    let mut named = ids.to_vec();
    stand.sort_unstable();
    named.sort_unstable();
    if stand != named {
        return Err(Error::Overtaken("入口刚刚有增减，请刷新后再排序".into()));
    }
    rows::order(&mut tx, corp, ids, By { member: viewer.member, at: app.now() }).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends one: it is shown to nobody, and what was counted stays. Again is the same.
pub async fn end(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<()> {
    may_manage(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    find(&mut tx, id).await?;
    rows::end(&mut tx, corp, id, By { member: viewer.member, at: app.now() }).await?;
    tx.commit().await?;
    Ok(())
}

/// How many opened an entry, day by day.
#[derive(Debug, Clone)]
pub struct Days {
    /// Each day, also those on which nobody did.
    pub days: Vec<(NaiveDate, i64)>,
}

/// Days shown at most.
const MOST_DAYS: u64 = 92;

/// How many of the viewer's opened an entry on each of the last `count` days.
pub async fn days(app: &App, school: &School, viewer: &Viewer, id: i64, count: u64) -> Result<Days> {
    let scope = viewer.scope(Action::SeeStatistics);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    if !(1..=MOST_DAYS).contains(&count) {
        return Err(Error::field("days", format!("请填 1 到 {MOST_DAYS} 天")));
    }
    let corp = school.corp();
    let today = school.today(app.now());
    let from = today.checked_sub_days(Span::new(count - 1)).unwrap_or(today);
    let mut tx = app.store().reading(corp).await?;
    find(&mut tx, id).await?;
    let passed = passes::by_day(&mut tx, corp, Some(id), (from, today), &scope).await?;
    tx.commit().await?;
    let people = |day: NaiveDate| passed.iter().find(|one| one.day == day).map_or(0, |one| one.people);
    let days = from.iter_days().take_while(|day| *day <= today).map(|day| (day, people(day))).collect();
    Ok(Days { days })
}
