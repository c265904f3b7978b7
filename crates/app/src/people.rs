//! One person's data: who the viewer is, a phone number on record, and who looked.

use chrono::{DateTime, Utc};
use domain::{
    PersonId,
    policy::{Action, Viewer},
};
use store::{
    access_log::{self, Access, purpose_place, purpose_row},
    contacts,
    unreported::phone_place,
    viewers::{self, Profile},
};

use crate::{App, Error, Page, Result, School, reading_budgets, reasons};

/// The viewer's own card.
pub async fn profile(app: &App, school: &School, viewer: &Viewer) -> Result<Profile> {
    let mut tx = app.store().scoped(school.corp()).await?;
    let profile = viewers::profile(&mut tx, viewer, school.today(app.now())).await?;
    tx.commit().await?;
    Ok(profile)
}

/// What a phone number may be looked at for.
pub const PURPOSES: [&str; 1] = ["call"];

/// A person's phone, in full. The look is recorded in the same transaction, so that none goes unrecorded.
pub async fn reveal_phone(
    app: &App,
    school: &School,
    viewer: &Viewer,
    person: PersonId,
    purpose: &str,
) -> Result<String> {
    if !PURPOSES.contains(&purpose) {
        return Err(Error::field("purpose", "请说明查看电话的用途：call（拨打电话）"));
    }
    let scope = viewer.scope(Action::RevealPhone);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let corp = school.corp();
    let now = app.now();
    let mut tx = app.store().scoped(corp).await?;
    let contact =
        contacts::find(&mut tx, corp, person, &scope, school.today(now)).await?.ok_or(Error::NotFound)?;
    let sealed = contact.phone.ok_or(Error::NotFound)?;
    let phone = app.store().keyring().open(phone_place(corp, &contact.number), &sealed)?;
    let access = Access { corp, viewer: viewer.member, person, field: "phone", purpose, at: now };
    let tx = reading_budgets::look(app, school, viewer, tx, access).await?;
    tx.commit().await?;
    String::from_utf8(phone).map_err(|_| Error::internal("a phone that is not text"))
}

/// A look at somebody's data, as they see it.
#[derive(Debug, Clone)]
pub struct Look {
    /// When.
    pub at: DateTime<Utc>,
    /// Who looked, by name or account.
    pub viewer: String,
    /// At what.
    pub field: String,
    /// What for.
    pub purpose: String,
}

/// Who looked at the viewer's own data, newest first; `before` is the last page's `next`.
pub async fn looks_at_me(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Look>> {
    let Some(person) = &viewer.person else { return Ok(Page { items: Vec::new(), next: None }) };
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let rows = access_log::of_person(&mut tx, corp, person.id, before, limit + 1).await?;
    tx.commit().await?;
    let open = |look: access_log::Look| -> Result<Look> {
        let row = purpose_row(look.viewer, person.id, look.at);
        let purpose = reasons::shown(app, purpose_place(corp, &row), &look.purpose)?;
        let viewer = look.viewer_name.unwrap_or(look.viewer_userid);
        Ok(Look { at: look.at, viewer, field: look.field, purpose })
    };
    Page::cut(rows, limit, |look| look.access_id.to_string()).try_map(open)
}
