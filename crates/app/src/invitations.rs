//! 邀请激活: WeCom invites those of the roster who have an account and do not use it, each at most once a day.

use chrono::{DateTime, Utc};
use domain::{
    DepartmentId, PersonId,
    policy::{Action, Scope, Viewer},
};
use store::{
    invitations::{self, NewRound, Outcome},
    jobs as queue,
    registration::Question,
};

use crate::{App, Error, Page, Result, School, jobs::send_invitations};

/// Whom to invite.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Only these; none: everybody who is not activated.
    pub people: Option<&'a [PersonId]>,
    /// Only those under this department.
    pub department: Option<DepartmentId>,
    /// Only `student`, or only `staff`.
    pub kind: Option<&'static str>,
}

/// Whom the viewer may have invited: an administrator everybody, without seeing them.
fn scope(viewer: &Viewer) -> Result<Scope> {
    let scope = viewer.scope(Action::Invite);
    if scope.is_empty() { Err(Error::Forbidden) } else { Ok(scope) }
}

/// Invites those of the viewer's scope who are not activated. The same `key` is the same round. Its number, and how many
/// people are in it.
pub async fn invite(
    app: &App,
    school: &School,
    viewer: &Viewer,
    key: &str,
    wanted: Wanted<'_>,
) -> Result<(i64, usize)> {
    let scope = scope(viewer)?;
    if wanted.people.is_some_and(|people| people.is_empty() || people.len() > 1000) {
        return Err(Error::field("people", "请选择 1 到 1000 人"));
    }
    let (corp, now) = (school.corp(), app.now());
    let question =
        Question { corp, day: school.today(now), scope, under: wanted.department, kind: wanted.kind };
    let mut tx = app.store().scoped(corp).await?;
    let new = NewRound { by: viewer.member, key, people: wanted.people, at: now };
    let (round, people) = invitations::begin(&mut tx, &question, new).await?;
    queue::add(&mut tx, &send_invitations::job(corp, round, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    tracing::info!(corp, round, people, "invitations were asked for");
    Ok((round, people))
}

/// What became of a round.
#[derive(Debug, Clone)]
pub struct RoundResult {
    /// When it was begun.
    pub at: DateTime<Utc>,
    /// How many stand in each state.
    pub counts: Vec<(String, i64)>,
    /// Those whom the viewer may see one by one.
    pub page: Page<Outcome>,
}

/// A round of the viewer's own; `after` is the last page's `next`.
pub async fn result(
    app: &App,
    school: &School,
    viewer: &Viewer,
    round: i64,
    after: Option<&str>,
    limit: i64,
) -> Result<RoundResult> {
    scope(viewer)?;
    let corp = school.corp();
    let day = school.today(app.now());
    let mut tx = app.store().scoped(corp).await?;
    let at = invitations::own_round(&mut tx, corp, viewer.member, round).await?.ok_or(Error::NotFound)?;
    let counts = invitations::counts(&mut tx, corp, round).await?;
    let visible = Question { corp, day, scope: viewer.scope(Action::SeePeople), under: None, kind: None };
    let rows = invitations::outcomes(&mut tx, &visible, round, after, limit + 1).await?;
    tx.commit().await?;
    Ok(RoundResult { at, counts, page: Page::cut(rows, limit, |row| row.number.clone()) })
}
