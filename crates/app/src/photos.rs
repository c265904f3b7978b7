//! 照片: brought as a .zip by administrators, looked at one by one on record.

mod archive;
pub(crate) mod picture;
mod receive;
pub(crate) mod take;

use domain::{
    DepartmentId, PersonId,
    audit::Act,
    photo::Outcome,
    policy::{Action, Viewer},
};
use store::{
    access_log::Access,
    audit::{self, Event},
    photos::{self, Question, picture_place, uploads},
};

pub use receive::{LIMIT, Receiving};
pub use store::photos::{
    Coverage, PersonRow,
    uploads::{Count, Row as ResultRow, Upload},
};

use crate::{App, Error, Page, Result, School, reading_budgets};

/// What a photo is looked at for, as the record says.
const PURPOSE: &str = "identify";

fn administer(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// A person's photo, a JPEG. The look is recorded in the same transaction, so that none goes unrecorded.
pub async fn look(app: &App, school: &School, viewer: &Viewer, person: PersonId) -> Result<Vec<u8>> {
    let scope = viewer.scope(Action::SeePhoto);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let found = photos::find(&mut tx, corp, person, &scope, school.today(now)).await?;
    let sealed = found.ok_or(Error::NotFound)?;
    let picture = app.store().keyring().open(picture_place(corp, &person.to_string()), &sealed)?;
    let access = Access { corp, viewer: viewer.member, person, field: "photo", purpose: PURPOSE, at: now };
    let tx = reading_budgets::look(app, school, viewer, tx, access).await?;
    tx.commit().await?;
    Ok(picture)
}

/// The viewer's own photo, a JPEG.
pub async fn own(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<u8>> {
    let person = viewer.person.as_ref().ok_or(Error::NotFound)?.id;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let sealed = photos::own(&mut tx, corp, person).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    Ok(app.store().keyring().open(picture_place(corp, &person.to_string()), &sealed)?)
}

/// Whether there is a photo of the viewer.
pub async fn has_own(app: &App, school: &School, viewer: &Viewer) -> Result<bool> {
    let Some(person) = &viewer.person else { return Ok(false) };
    let mut tx = app.store().scoped(school.corp()).await?;
    let has = photos::has(&mut tx, school.corp(), person.id).await?;
    tx.commit().await?;
    Ok(has)
}

/// Removes a person's photo, for good: an office's to do, and the administrators', who see none.
pub async fn remove(app: &App, school: &School, viewer: &Viewer, person: PersonId) -> Result<()> {
    let scope = viewer.scope(Action::DeletePhotos);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    if !photos::remove(&mut tx, corp, person, &scope, school.today(now)).await? {
        return Err(Error::NotFound);
    }
    audit::insert(&mut tx, Event::new(corp, Act::PhotoRemoved, Some(viewer.member), now).of(person)).await?;
    tx.commit().await?;
    tracing::info!(corp, "a photo was removed");
    Ok(())
}

/// Of whom.
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

/// Who of the viewer's scope has a photo, by college.
pub async fn coverage(app: &App, school: &School, viewer: &Viewer, asked: Asked) -> Result<Vec<Coverage>> {
    let question = question(app, school, viewer, Action::SeeStatistics, asked)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = photos::coverage(&mut tx, &question).await?;
    tx.commit().await?;
    Ok(rows)
}

/// People of the viewer's scope with a photo, or those without, by number; `after` is the last page's `next`.
pub async fn people(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked,
    with: bool,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<PersonRow>> {
    let question = question(app, school, viewer, Action::SeePeople, asked)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = photos::people(&mut tx, &question, with, after, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |row| row.number.clone()))
}

/// Uploads, newest first; `before` is the last page's `next`. For administrators.
pub async fn uploads(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Upload>> {
    administer(viewer)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = uploads::list(&mut tx, school.corp(), before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |upload| upload.upload_id.to_string()))
}

/// An upload, and how far it is. For administrators.
pub async fn upload(
    app: &App,
    school: &School,
    viewer: &Viewer,
    upload: i64,
) -> Result<(Upload, Vec<Count>)> {
    administer(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let found = uploads::find(&mut tx, corp, upload).await?.ok_or(Error::NotFound)?;
    let counts = uploads::counts(&mut tx, corp, upload).await?;
    tx.commit().await?;
    Ok((found, counts))
}

/// What became of the files of an upload, in the .zip's order; `after` is the last page's `next`. For administrators.
pub async fn results(
    app: &App,
    school: &School,
    viewer: &Viewer,
    upload: i64,
    outcome: Option<Outcome>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<ResultRow>> {
    administer(viewer)?;
    let after = after.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    uploads::find(&mut tx, corp, upload).await?.ok_or(Error::NotFound)?;
    let rows = uploads::results(&mut tx, corp, upload, outcome, after, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |row| row.entry_no.to_string()))
}
