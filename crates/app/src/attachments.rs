//! 附件: pictures that answers show. One is sent while the form is filled in, and tied to the report when that is taken.

use domain::{
    CorpId, PersonId,
    attachment::{self, MAX_UNTIED},
    form::{FieldKind, answers::Answers},
    policy::{Action, Viewer},
};
use store::{
    Scoped, Sealed,
    access_log::Access,
    attachments::{self, NewAttachment, content_place, content_row},
};
use tokio::sync::Semaphore;

use crate::{
    App, Error, FieldError, Result, School, forms,
    photos::picture::{self, Unfit},
    privacy_notices, reading_budgets,
    retention::shown_after,
    secret,
};

/// What somebody else's picture is looked at for, as the record says.
const PURPOSE: &str = "review";

/// Pictures decoded at once: a camera's is ninety megabytes then.
static DECODING: Semaphore = Semaphore::const_new(2);

/// Answers that may show a picture more.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    form: i64,
    person: PersonId,
}

/// Whether a picture may be sent for answers to a form: the viewer's own, or those of `person`, whom they look after. Asked
/// before it is read: what nobody waits for is not to lie in memory.
pub async fn may_send(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    person: Option<PersonId>,
) -> Result<Owner> {
    let corp = school.corp();
    let now = app.now();
    let mut tx = app.store().scoped(corp).await?;
    let loaded = forms::current(app, &mut tx, code).await?;
    if loaded.schedule.ends_on <= shown_after(app, corp)? {
        return Err(Error::FormClosed);
    }
    let form = &loaded.published.form;
    if !form.fields.iter().any(|field| matches!(field.kind, FieldKind::Photos { .. })) {
        return Err(Error::field("form", "这张表单不收照片"));
    }
    let person = match person {
        None => {
            let own = viewer.person.as_ref().filter(|own| form.audience.kinds.contains(&own.kind));
            let own = own.ok_or(Error::NotExpected)?.id;
            if form.is_sensitive()
                && let Some(hindrance) = privacy_notices::hindrance(school, &tx, own).await?
            {
                return Err(hindrance);
            }
            own
        }
        Some(person) => {
            let day = school.today(now);
            let turn = loaded.turn_of(school, day, None, now).ok_or(Error::NotFound)?;
            forms::may_report_for(&mut tx, viewer, &loaded, day, turn.period.slot, person).await?;
            person
        }
    };
    has_room(&mut tx, person).await?;
    tx.commit().await?;
    Ok(Owner { form: loaded.form_id, person })
}

/// Takes a picture for answers that may show it. Gives its id.
pub async fn take(
    app: &App,
    school: &School,
    viewer: &Viewer,
    owner: Owner,
    file: Vec<u8>,
) -> Result<String> {
    let (corp, now) = (school.corp(), app.now());
    let Owner { form, person } = owner;
    let content = made(file).await?;
    let attachment_id = secret::id()?;
    let row = content_row(form, &attachment_id);
    let sealed = app.store().keyring().seal(content_place(corp, &row), &content)?;
    let new = NewAttachment {
        attachment_id,
        form_id: form,
        person,
        uploaded_by: viewer.member,
        content: sealed,
        bytes: i32::try_from(content.len()).unwrap_or(i32::MAX),
        at: now,
    };
    let mut tx = app.store().scoped(corp).await?;
    // Others may have come while this one was read and made small.
    has_room(&mut tx, person).await?;
    attachments::insert(&mut tx, corp, &new).await?;
    tx.commit().await?;
    Ok(new.attachment_id)
}

async fn has_room(tx: &mut Scoped, person: PersonId) -> Result<()> {
    let corp = tx.corp();
    if attachments::untied(tx, corp, person).await? < MAX_UNTIED {
        return Ok(());
    }
    Err(Error::field("file", format!("还没有提交的照片已有 {MAX_UNTIED} 张，请先提交表单或删除几张")))
}

/// The picture that is kept: decoded and encoded anew, so that nothing else of the file is left.
async fn made(file: Vec<u8>) -> Result<Vec<u8>> {
    let _turn = DECODING.acquire().await.map_err(|_| Error::internal("nothing is decoded any more"))?;
    // A file that makes the decoder panic is no picture.
    let made = tokio::task::spawn_blocking(move || picture::make(&file, picture::ATTACHMENT)).await;
    made.unwrap_or(Err(Unfit::NotPicture)).map_err(|unfit| match unfit {
        Unfit::NotPicture => Error::field("file", "这不是能打开的照片，请换一张 JPG 或 PNG 图片"),
        Unfit::TooLarge => Error::field("file", "照片太大，请换一张较小的图片"),
    })
}

/// A picture, a JPEG, of the viewer's own answers; none: it is not theirs, or not there.
pub async fn own(app: &App, school: &School, viewer: &Viewer, id: &str) -> Result<Option<Vec<u8>>> {
    if !attachment::is_id(id) {
        return Ok(None);
    }
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let person = viewer.person.as_ref().map(|person| person.id);
    let kept = shown_after(app, corp)?;
    let own = attachments::own(&mut tx, corp, id, person, viewer.member, kept).await?;
    tx.commit().await?;
    own.map(|own| opened(app, corp, id, own.form_id, &own.content)).transpose()
}

/// A picture, a JPEG, of somebody's whose answers the viewer may see, which goes on record.
pub async fn look(app: &App, school: &School, viewer: &Viewer, id: &str) -> Result<Vec<u8>> {
    if !attachment::is_id(id) {
        return Err(Error::NotFound);
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let kept = shown_after(app, corp)?;
    let scope = viewer.scope(Action::SeeAnswers);
    if scope.is_empty() {
        return Err(Error::NotFound);
    }
    let shown = attachments::in_scope(&mut tx, corp, id, &scope, school.today(now), kept).await?;
    let shown = shown.ok_or(Error::NotFound)?;
    let content = opened(app, corp, id, shown.form_id, &shown.content)?;
    let access = Access {
        corp,
        viewer: viewer.member,
        person: shown.person_id,
        field: "attachment",
        purpose: PURPOSE,
        at: now,
    };
    let tx = reading_budgets::look(app, school, viewer, tx, access).await?;
    tx.commit().await?;
    Ok(content)
}

fn opened(app: &App, corp: CorpId, id: &str, form_id: i64, content: &Sealed) -> Result<Vec<u8>> {
    Ok(app.store().keyring().open(content_place(corp, &content_row(form_id, id)), content)?)
}

/// Takes back a picture the viewer sent, as long as no report shows it.
pub async fn remove(app: &App, school: &School, viewer: &Viewer, id: &str) -> Result<()> {
    let corp = school.corp();
    if !attachment::is_id(id) {
        return Err(Error::NotFound);
    }
    let mut tx = app.store().scoped(corp).await?;
    if !attachments::remove(&mut tx, corp, id, viewer.member).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}

/// Ids of the pictures answers show, all of which must be sent for this person and form and shown by no other report.
pub(crate) async fn shown(
    tx: &mut Scoped,
    loaded: &forms::Loaded,
    person: PersonId,
    answers: &Answers,
    report: Option<i64>,
) -> Result<Vec<String>> {
    let ids = loaded.published.photos(answers);
    if ids.is_empty() {
        return Ok(ids);
    }
    let corp = tx.corp();
    let usable = attachments::usable(tx, corp, &ids, loaded.form_id, person, report).await?;
    let mut twice = ids.clone();
    twice.sort_unstable();
    let known = |id: &str| usable.iter().any(|usable| usable == id);
    let repeated = |id: &str| twice.iter().filter(|other| *other == id).count() > 1;
    let wrong = |value: &serde_json::Value| {
        let ids = value.as_array().into_iter().flatten().filter_map(|id| id.as_str());
        ids.into_iter().any(|id| !known(id) || repeated(id))
    };
    let fields = loaded.published.form.fields.iter();
    let errors: Vec<FieldError> = fields
        .filter(|field| matches!(field.kind, FieldKind::Photos { .. }))
        .filter(|field| answers.get(&field.name).is_some_and(wrong))
        .map(|field| FieldError {
            field: field.name.clone(),
            message: format!("{}里有照片已失效，请删除后重新上传", field.title),
        })
        .collect();
    if errors.is_empty() { Ok(ids) } else { Err(Error::Invalid(errors)) }
}
