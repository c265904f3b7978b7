//! 访客: a member of the staff invites somebody, who opens a link and shows a code at the gates; the security office sees who is
//! expected and who is inside.
//!
//! The link is shown once: of what it has behind its `#` only a hash is kept. Whoever lost it makes another one, and the one
//! before leads nowhere.

mod link;

use chrono::{DateTime, NaiveTime, Utc};
use domain::{
    CorpId, PersonId,
    audit::Act,
    clock,
    gate::visitor::{self as rules, About, Draft, State, Term, VisitorId},
    phone,
    policy::{Action, Viewer},
};
use serde_json::{Value, json};
use store::{
    Sealed,
    access_log::Access,
    audit::{self, Event},
    gates::{self, Zone},
    idempotency_keys::{self, Claim, Claimed},
    visitors::{self as rows, NewVisitor, Row, about_place, phone_place},
};

pub use link::{Visit, open};

use crate::{
    App, Error, Page, Result, School,
    people::PURPOSES,
    reading_budgets::{self, WORK},
    secret,
};

/// Where a link leads.
const PAGE: &str = "/h5/visit#t=";
/// What is said of a visit, in the record of looks at its host.
pub(crate) const WORDS: &str = "visitor_about";

/// The host a viewer is: staff, on the roster.
fn host(viewer: &Viewer) -> Result<PersonId> {
    let person = viewer.person.as_ref().filter(|_| viewer.may_invite_visitors());
    person.map(|person| person.id).ok_or(Error::Forbidden)
}

fn may_manage(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::ManageVisitors) { Ok(()) } else { Err(Error::Forbidden) }
}

/// What is said of a visit.
pub(crate) fn about(app: &App, corp: CorpId, key: &str, sealed: &Sealed) -> Result<About> {
    let opened = app.store().keyring().open(about_place(corp, key), sealed)?;
    serde_json::from_slice(&opened).map_err(|_| Error::internal("words of a visit nobody understands"))
}

fn phone_of(app: &App, corp: CorpId, row: &Row) -> Result<String> {
    let opened = app.store().keyring().open(phone_place(corp, &row.key), &row.phone)?;
    String::from_utf8(opened).map_err(|_| Error::internal("a phone that is not text"))
}

/// A visitor as they are shown to their host and to the security office.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Number.
    pub id: VisitorId,
    /// Name.
    pub name: String,
    /// Phone, masked.
    pub phone: String,
    /// What is said of the visit.
    pub about: About,
    /// Who invited them.
    pub host: String,
    /// Of which department.
    pub host_place: Option<String>,
    /// Names of the zones.
    pub zones: Vec<String>,
    /// From when …
    pub from: DateTime<Utc>,
    /// … until when.
    pub until: DateTime<Utc>,
    /// How it stands.
    pub state: State,
    /// Whether they are inside.
    pub inside: bool,
    /// … although their time is over.
    pub overstayed: bool,
    /// Their last passage.
    pub passed_at: Option<DateTime<Utc>>,
}

fn term(row: &Row) -> Term {
    Term { from: row.from_time, until: row.until_time, cancelled: row.cancelled_at }
}

fn shown(app: &App, corp: CorpId, row: Row, now: DateTime<Utc>) -> Result<Shown> {
    let term = term(&row);
    Ok(Shown {
        phone: phone::mask(&phone_of(app, corp, &row)?),
        about: about(app, corp, &row.key, &row.about)?,
        id: row.visitor_id,
        name: row.name,
        host: row.host,
        host_place: row.host_place,
        zones: row.zones,
        from: row.from_time,
        until: row.until_time,
        state: term.state(now),
        inside: row.inside,
        overstayed: term.is_overstayed(row.inside, now),
        passed_at: row.passed_at,
    })
}

/// Zones a visitor can be invited into.
pub async fn zones(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<Zone>> {
    host(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let zones = gates::zones(&mut tx, school.corp()).await?;
    tx.commit().await?;
    Ok(zones)
}

/// Invites somebody. The same `key` is the same invitation, with a new link. Its number, and the link as a path of this host.
pub async fn invite(
    app: &App,
    school: &School,
    viewer: &Viewer,
    key: &str,
    draft: Draft<'_>,
) -> Result<(VisitorId, String)> {
    let host = host(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let body = json!({
        "name": draft.name, "phone": draft.phone, "reason": draft.reason, "company": draft.company,
        "plate": draft.plate, "zones": draft.zones, "from": draft.from, "until": draft.until });
    let request_hash = secret::hash(body.to_string().as_bytes());
    let operation = "POST /me/visitors";
    let claim = Claim { corp, member: viewer.member, key, operation, request_hash: &request_hash };
    let token = secret::id()?;
    let (token_hash, link) = (secret::hash(token.as_bytes()), format!("{PAGE}{token}"));
    let mut tx = app.store().scoped(corp).await?;
    match idempotency_keys::claim(&tx, app.store().keyring(), claim, now).await? {
        Claimed::New => {}
        // The answer with the link before was lost, and of that link there is only a hash.
        Claimed::Answered(kept) => {
            let id = kept.as_i64().ok_or_else(|| Error::internal("a kept invitation"))?;
            rows::renew(&mut tx, corp, id, &token_hash).await?;
            tx.commit().await?;
            return Ok((id, link));
        }
        Claimed::Mismatch => return Err(Error::KeyReused),
    }
    let invitation = rules::check(draft, now).map_err(Error::Invalid)?;
    let about =
        serde_json::to_vec(&invitation.about).map_err(|_| Error::internal("words that can't be kept"))?;
    let (row, keyring) = (rows::key(host, key), app.store().keyring());
    let new = NewVisitor {
        host,
        request_key: key,
        name: &invitation.name,
        phone: keyring.seal(phone_place(corp, &row), invitation.phone.as_bytes())?,
        about: keyring.seal(about_place(corp, &row), &about)?,
        zones: &invitation.zones,
        from: invitation.from,
        until: invitation.until,
        token_hash: &token_hash,
        by: viewer.member,
        at: now,
    };
    if gates::known_zones(&mut tx, corp, &invitation.zones).await?.len() != invitation.zones.len() {
        return Err(Error::field("zones", "没有这个区域，请重新选择"));
    }
    // The invitation lasts longer than what was answered under its key.
    let id = rows::add(&mut tx, corp, &new).await?.ok_or(Error::KeyReused)?;
    idempotency_keys::settle(&mut tx, app.store().keyring(), claim, &Value::from(id)).await?;
    tx.commit().await?;
    Ok((id, link))
}

/// The viewer's own visitors, the newest first; `before` is the last page's `next`.
pub async fn own(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Shown>> {
    let host = host(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let (before, asked) = (cursor(before)?, (Some(host), rows::Which::All));
    let mut tx = app.store().scoped(corp).await?;
    let found = rows::list(&mut tx, corp, school.today(now), asked, before, limit + 1).await?;
    tx.commit().await?;
    Page::cut(found, limit, |row| row.visitor_id.to_string()).try_map(|row| shown(app, corp, row, now))
}

fn cursor(before: Option<&str>) -> Result<Option<VisitorId>> {
    before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())
}

/// Makes another link of the viewer's own invitation; the one before leads nowhere.
pub async fn renew(app: &App, school: &School, viewer: &Viewer, id: VisitorId) -> Result<String> {
    let host = host(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let token = secret::id()?;
    let mut tx = app.store().scoped(corp).await?;
    let found = rows::find(&mut tx, corp, school.today(now), Some(host), id).await?.ok_or(Error::NotFound)?;
    if !matches!(term(&found).state(now), State::Early | State::Open) {
        return Err(Error::field("id", "这次邀请已结束或已取消，请重新邀请"));
    }
    rows::renew(&mut tx, corp, id, &secret::hash(token.as_bytes())).await?;
    tx.commit().await?;
    Ok(format!("{PAGE}{token}"))
}

/// Takes the viewer's own invitation back.
pub async fn cancel_own(app: &App, school: &School, viewer: &Viewer, id: VisitorId) -> Result<()> {
    let host = host(viewer)?;
    take_back(app, school, viewer, Some(host), id).await
}

/// Takes anybody's invitation back.
pub async fn cancel(app: &App, school: &School, viewer: &Viewer, id: VisitorId) -> Result<()> {
    may_manage(viewer)?;
    take_back(app, school, viewer, None, id).await
}

/// Whoever is inside still gets out. One's own is one's own affair; somebody else's is on record.
async fn take_back(
    app: &App,
    school: &School,
    viewer: &Viewer,
    host: Option<PersonId>,
    id: VisitorId,
) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let found = rows::find(&mut tx, corp, school.today(now), host, id).await?.ok_or(Error::NotFound)?;
    let cancelled = rows::cancel(&mut tx, corp, id, viewer.member, now).await?;
    let own = viewer.person.as_ref().is_some_and(|person| person.id == found.host_id);
    if cancelled && !own {
        let event = Event::new(corp, Act::VisitCancelled, Some(viewer.member), now);
        audit::insert(&mut tx, event.of(found.host_id).on("visitor", id)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Which visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// 今天来访: expected at some time of today.
    Today,
    /// 在校
    Inside,
    /// 超时未离校
    Overstayed,
    /// All that are known.
    All,
}

/// Visitors of the school, the newest first; `before` is the last page's `next`. What is said of a visit is a look at what its host
/// told us, once a day for each host.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    which: Which,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Shown>> {
    may_manage(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let which = match which {
        Which::Today => rows::Which::Expected(
            clock::instant(school.zone, today, NaiveTime::MIN),
            clock::end_of_day(school.zone, today),
        ),
        Which::Inside => rows::Which::Inside,
        Which::Overstayed => rows::Which::Overstayed(now),
        Which::All => rows::Which::All,
    };
    let before = cursor(before)?;
    let mut tx = app.store().scoped(corp).await?;
    let found = rows::list(&mut tx, corp, today, (None, which), before, limit + 1).await?;
    let page = Page::cut(found, limit, |row| row.visitor_id.to_string());
    let hosts = page.items.iter().map(|row| row.host_id).collect();
    reading_budgets::note(app, school, viewer, &mut tx, (WORDS, WORK), hosts, now).await?;
    tx.commit().await?;
    page.try_map(|row| shown(app, corp, row, now))
}

/// A visitor's phone, in full. A visitor has no account to read who looked: their host has, so the look is one at what the host
/// told us.
pub async fn reveal_phone(
    app: &App,
    school: &School,
    viewer: &Viewer,
    id: VisitorId,
    purpose: &str,
) -> Result<String> {
    may_manage(viewer)?;
    if !PURPOSES.contains(&purpose) {
        return Err(Error::field("purpose", "请说明查看电话的用途：call（拨打电话）"));
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let found = rows::find(&mut tx, corp, school.today(now), None, id).await?.ok_or(Error::NotFound)?;
    let phone = phone_of(app, corp, &found)?;
    let person = found.host_id;
    let access = Access { corp, viewer: viewer.member, person, field: "visitor_phone", purpose, at: now };
    let tx = reading_budgets::look(app, school, viewer, tx, access).await?;
    tx.commit().await?;
    Ok(phone)
}
