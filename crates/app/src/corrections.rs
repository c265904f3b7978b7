//! 更正申请: a member says what is wrong with their data and what is right; their counsellor checks it, the office puts it
//! right. Nobody settles their own.

mod review;
mod telling;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    PersonId,
    correction::{CorrectionField, CorrectionState},
    phone,
    policy::{Role, Viewer},
};
use store::{
    Sealed,
    corrections::{self as rows, Mine, NewCorrection},
    sealed::Place,
};

use crate::{App, Error, Page, Result, School};
pub use review::{Request, Values, confirm, fix, list, refuse, values};
use telling::{tell_counsellors, tell_office};

/// Requests of one person within a day: enough for every field, and no way to keep a counsellor busy.
const A_DAY: i64 = 7;

/// What a member says.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// What is wrong.
    pub field: CorrectionField,
    /// What is right.
    pub value: &'a str,
    /// What else there is to say; may be empty.
    pub note: &'a str,
}

/// A request as its member sees it.
pub struct MyCorrection {
    /// Its number.
    pub id: i64,
    /// What is wrong.
    pub field: CorrectionField,
    /// How far it is.
    pub state: CorrectionState,
    /// What they said is right; a phone masked.
    pub proposed: String,
    /// What else they said.
    pub note: Option<String>,
    /// When.
    pub submitted_at: DateTime<Utc>,
    /// When a counsellor confirmed it.
    pub checked_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub settled_at: Option<DateTime<Utc>>,
    /// Why it was refused, or what was done.
    pub answer: Option<String>,
}

/// Says that something is wrong with one's data. Gives the request's number; the same again gives the same.
pub async fn submit(app: &App, school: &School, viewer: &Viewer, claim: Claim<'_>) -> Result<i64> {
    let person = viewer.person.as_ref().ok_or(Error::NotFound)?.id;
    let (corp, now) = (school.corp(), app.now());
    let value = claim.field.read(claim.value).map_err(|message| Error::field("value", message))?;
    let note = Some(claim.note.trim()).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > 200) {
        return Err(Error::field("note", "补充说明不超过 200 字，请缩短"));
    }
    let key = rows::key(person, claim.field.as_str(), now);
    let mut tx = app.store().scoped(corp).await?;
    if let Some(open) = rows::open_of(&mut tx, corp, person, claim.field).await? {
        return same_again(app, school, person, claim.field, &open, &value);
    }
    if rows::count_since(&mut tx, corp, person, now - TimeDelta::days(1)).await? >= A_DAY {
        return Err(Error::field("value", "今天提交的更正申请较多，请明天再提交"));
    }
    let counsellors = rows::in_charge(&mut tx, corp, Role::Counsellor, person, school.today(now)).await?;
    let state = if counsellors.is_empty() { CorrectionState::Checked } else { CorrectionState::Submitted };
    let keyring = app.store().keyring();
    let new = NewCorrection {
        person,
        field: claim.field,
        state,
        proposed: keyring.seal(rows::proposed_place(corp, &key), value.as_bytes())?,
        note: note.map(|note| keyring.seal(rows::note_place(corp, &key), note.as_bytes())).transpose()?,
        by: viewer.member,
        at: now,
    };
    let Some(id) = rows::add(&mut tx, corp, &new).await? else {
        // Two taps at once: the other one was first.
        let open = rows::open_of(&mut tx, corp, person, claim.field).await?.ok_or(Error::NotFound)?;
        return same_again(app, school, person, claim.field, &open, &value);
    };
    if counsellors.is_empty() {
        tell_office(app, &mut tx, school, person, id, now).await?;
    } else {
        tell_counsellors(app, &mut tx, school, counsellors, id, now).await?;
    }
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(id)
}

fn same_again(
    app: &App,
    school: &School,
    person: PersonId,
    field: CorrectionField,
    open: &Mine,
    value: &str,
) -> Result<i64> {
    let key = rows::key(person, field.as_str(), open.submitted_at);
    if text(app, rows::proposed_place(school.corp(), &key), &open.proposed)? == value {
        return Ok(open.correction_id);
    }
    Err(Error::field("field", format!("“{}”已有一条更正申请在处理，请先撤回再提交", field.title())))
}

/// One's own requests, newest first; `before` is the last page's `next`.
pub async fn mine(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<MyCorrection>> {
    let Some(person) = &viewer.person else { return Ok(Page { items: Vec::new(), next: None }) };
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let found = rows::of_person(&mut tx, corp, person.id, before, limit + 1).await?;
    tx.commit().await?;
    Page::cut(found, limit, |row| row.correction_id.to_string()).try_map(|row| {
        let key = rows::key(person.id, &row.field, row.submitted_at);
        let field = field(&row.field)?;
        let proposed = text(app, rows::proposed_place(corp, &key), &row.proposed)?;
        let optional =
            |place, sealed: &Option<Sealed>| sealed.as_ref().map(|one| text(app, place, one)).transpose();
        Ok(MyCorrection {
            id: row.correction_id,
            field,
            state: state(&row.state)?,
            proposed: if field == CorrectionField::Phone { phone::mask(&proposed) } else { proposed },
            note: optional(rows::note_place(corp, &key), &row.note)?,
            submitted_at: row.submitted_at,
            checked_at: row.checked_at,
            settled_at: row.settled_at,
            answer: optional(rows::answer_place(corp, &key), &row.answer)?,
        })
    })
}

/// Takes back one's own request while it is open.
pub async fn withdraw(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<()> {
    let person = viewer.person.as_ref().ok_or(Error::NotFound)?.id;
    let mut tx = app.store().scoped(school.corp()).await?;
    if !rows::withdraw(&mut tx, school.corp(), person, id, app.now()).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}

fn text(app: &App, place: Place<'_>, sealed: &Sealed) -> Result<String> {
    let opened = app.store().keyring().open(place, sealed)?;
    String::from_utf8(opened).map_err(|_| Error::internal("a sealed value that is not text"))
}

fn field(name: &str) -> Result<CorrectionField> {
    CorrectionField::parse(name).ok_or_else(|| Error::internal("corrections.field"))
}

fn state(name: &str) -> Result<CorrectionState> {
    CorrectionState::parse(name).ok_or_else(|| Error::internal("corrections.state"))
}
