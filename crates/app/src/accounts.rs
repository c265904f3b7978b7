//! Whose account is whose. An account whose userid is a student or staff number is linked by itself; the rest by rules
//! that are looked at first, or by hand.

use domain::{
    MemberId,
    policy::{Action, Viewer},
};
use store::{
    accounts,
    audit::By,
    change_sets::{self, Act},
    grants, members,
};

pub use store::accounts::{Leftover, Pair};

use crate::{App, Error, Page, Result, School};

/// Pairs shown at most; the next are shown when these are settled.
const SHOWN: i64 = 500;

fn administer(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// What there is to settle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matches {
    /// What rules would link.
    pub proposals: Vec<Pair>,
    /// What is linked and has another name.
    pub conflicts: Vec<Pair>,
}

/// What rules would link, and what does not fit. For administrators.
pub async fn matches(app: &App, school: &School, viewer: &Viewer) -> Result<Matches> {
    administer(viewer)?;
    let (corp, day) = (school.corp(), school.today(app.now()));
    let mut tx = app.store().scoped(corp).await?;
    let proposals = accounts::proposals(&mut tx, corp, day, SHOWN).await?;
    let conflicts = accounts::conflicts(&mut tx, corp, SHOWN).await?;
    tx.commit().await?;
    Ok(Matches { proposals, conflicts })
}

/// Which leftovers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Accounts of nobody.
    Accounts,
    /// Persons without an account.
    Persons,
}

/// What no rule covers, by userid or number; `after` is the last page's `next`. For administrators.
pub async fn leftovers(
    app: &App,
    school: &School,
    viewer: &Viewer,
    side: Side,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<Leftover>> {
    administer(viewer)?;
    let (corp, day) = (school.corp(), school.today(app.now()));
    let mut tx = app.store().scoped(corp).await?;
    let rows = match side {
        Side::Accounts => accounts::without_person(&mut tx, corp, day, after, limit + 1).await?,
        Side::Persons => accounts::without_account(&mut tx, corp, day, after, limit + 1).await?,
    };
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |row| row.subject.clone()))
}

/// Links accounts to persons, by userid and number; their places and grants follow. Can be undone among the imports. How
/// many were linked: a pair of which either side is taken by now is passed over. Whose each became is in the audit. For
/// administrators, who can't link their own.
pub async fn link(app: &App, school: &School, viewer: &Viewer, pairs: &[(String, String)]) -> Result<usize> {
    administer(viewer)?;
    // What an account is linked to says what it may: nobody gives that to themselves.
    let own = viewer.userid.to_lowercase();
    if pairs.iter().any(|(userid, _)| userid.to_lowercase() == own) {
        return Err(Error::field("links", "不能关联自己的账号，请由其他管理员办理"));
    }
    change(app, school, viewer, async |tx, corp, by| {
        let linked = accounts::link(tx, corp, pairs, by).await?;
        Ok((linked, format!("关联账号 {linked} 个")))
    })
    .await
}

/// Takes an account from its person, whom the audit names. For administrators, who can't take their own: it may become another's.
pub async fn unlink(app: &App, school: &School, viewer: &Viewer, member: MemberId) -> Result<()> {
    administer(viewer)?;
    if member == viewer.member {
        return Err(Error::field("id", "不能取消自己账号的关联，请由其他管理员办理"));
    }
    let unlinked = change(app, school, viewer, async |tx, corp, by| {
        let unlinked = accounts::unlink(tx, corp, member, by).await?;
        Ok((unlinked, format!("取消关联账号 {unlinked} 个")))
    })
    .await?;
    if unlinked == 0 { Err(Error::NotFound) } else { Ok(()) }
}

async fn change(
    app: &App,
    school: &School,
    viewer: &Viewer,
    act: impl AsyncFnOnce(&mut store::Scoped, domain::CorpId, By) -> Result<(usize, String)>,
) -> Result<usize> {
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let before = grants::holding(&mut tx, corp, viewer.member, today).await?;
    let changes = change_sets::begin(&mut tx).await?;
    let by = By { member: Some(viewer.member), at: now };
    let (done, title) = act(&mut tx, corp, by).await?;
    sync::follow::follow(&mut tx, corp, today, by).await?;
    if before.grew_to(&grants::holding(&mut tx, corp, viewer.member, today).await?) {
        return Err(Error::field("id", "这样会给您自己新的授权，请由其他管理员办理"));
    }
    let act = Act { kind: "accounts", run_id: None, title: &title, by: Some(viewer.member), at: now };
    change_sets::end(&mut tx, corp, changes, act).await?;
    tx.commit().await?;
    Ok(done)
}
