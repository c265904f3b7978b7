//! 激活: who of the roster has an account in WeCom and uses it, and who does not.

use domain::{
    DepartmentId,
    policy::{Action, Scope, Viewer},
};
use store::{
    invitations,
    registration::{self, Question},
};

pub use store::registration::{By, PersonRow, Row};

use crate::{App, Error, Page, Result, School};

/// Whose registration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// Only those whose main place is under this department.
    pub department: Option<DepartmentId>,
    /// Only `student`, or only `staff`.
    pub kind: Option<&'static str>,
}

fn question(app: &App, school: &School, viewer: &Viewer, action: Action, asked: Asked) -> Result<Question> {
    let scope = viewer.scope(action);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let day = school.today(app.now());
    Ok(Question { corp: school.corp(), day, scope, under: asked.department, kind: asked.kind })
}

/// The figures of what the viewer may see, grouped.
pub async fn table(app: &App, school: &School, viewer: &Viewer, asked: Asked, by: By) -> Result<Vec<Row>> {
    let question = question(app, school, viewer, Action::SeeStatistics, asked)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = registration::by(&mut tx, &question, by).await?;
    tx.commit().await?;
    Ok(rows)
}

/// How many accounts the school's WeCom has and may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seats {
    /// Accounts in WeCom now.
    pub used: i64,
    /// Accounts it may have.
    pub limit: i64,
}

/// The accounts of the school, for those who see all of its figures.
pub async fn seats(app: &App, school: &School, viewer: &Viewer) -> Result<Option<Seats>> {
    if viewer.scope(Action::SeeStatistics) != Scope::School {
        return Ok(None);
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    let used = registration::accounts_used(&mut tx, school.corp()).await?;
    tx.commit().await?;
    Ok(Some(Seats { used, limit: school.accounts.into() }))
}

/// Somebody who is not activated.
#[derive(Debug, Clone)]
pub struct NotActivated {
    /// Who.
    pub row: PersonRow,
    /// Whether they were invited today.
    pub invited_today: bool,
}

/// Who is not activated, by number; `after` is the last page's `next`.
pub async fn not_activated(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<NotActivated>> {
    let question = question(app, school, viewer, Action::SeePeople, asked)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = registration::not_activated(&mut tx, &question, after, limit + 1).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.person_id).collect();
    let invited = invitations::invited_on(&mut tx, question.corp, &ids, question.day).await?;
    tx.commit().await?;
    Page::cut(rows, limit, |row| row.number.clone()).try_map(|row| {
        let invited_today = invited.contains(&row.person_id);
        Ok(NotActivated { row, invited_today })
    })
}
