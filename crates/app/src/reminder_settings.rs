//! What holds for all reminders of a school: quiet hours, and how many a day one person gets.

use domain::{
    policy::{Action, Viewer},
    reminder::Settings,
};
use store::reminder_settings as rows;

use crate::{App, Error, FieldError, Result, School};

/// As they stand.
pub async fn get(app: &App, school: &School, viewer: &Viewer) -> Result<Settings> {
    if !viewer.may(Action::Administer) && !viewer.may(Action::Remind) {
        return Err(Error::Forbidden);
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    let settings = rows::get(&mut tx, school.corp()).await?;
    tx.commit().await?;
    Ok(settings)
}

/// Changes them for everything that goes out from now on.
pub async fn set(app: &App, school: &School, viewer: &Viewer, settings: Settings) -> Result<()> {
    if !viewer.may(Action::Administer) {
        return Err(Error::Forbidden);
    }
    let flaws = settings.check();
    if !flaws.is_empty() {
        let wrong = flaws.into_iter();
        let wrong = wrong.map(|flaw| FieldError { field: flaw.field.into(), message: flaw.problem });
        return Err(Error::Invalid(wrong.collect()));
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    rows::set(&mut tx, school.corp(), settings, viewer.member, app.now()).await?;
    tx.commit().await?;
    Ok(())
}
