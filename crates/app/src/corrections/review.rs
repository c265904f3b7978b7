//! What those do about requests whose turn it is: a counsellor confirms, an office puts right, either refuses.

use chrono::{DateTime, Utc};
use domain::{
    DepartmentId, audit,
    correction::{CorrectionField, CorrectionState},
    person_field::{Said, Source},
    phone,
    policy::{Action, Scope, Viewer},
};
use serde_json::json;
use store::{
    Scoped,
    access_log::Access,
    audit::{self as events, Event},
    change_sets::{self, Act},
    corrections::{self as rows, Reach, Row},
    members,
    unreported::phone_place,
};

use super::{
    field, state,
    telling::{tell_member, tell_office},
    text,
};
use crate::{App, Error, Page, Result, School, person_fields, reading_budgets};

/// What looking at a phone, and at what somebody asks for, is for, in the record of looks.
const PURPOSE: &str = "correction";
/// What is looked at where it is no phone, in the record of looks.
const FIELD: &str = "correction_request";

/// A request as those see it who check or settle it.
pub struct Request {
    /// What stands in the database.
    pub row: Row,
    /// What is wrong.
    pub field: CorrectionField,
    /// How far it is.
    pub state: CorrectionState,
    /// What is on record; a phone masked. None: nothing, or the field has no one value.
    pub current: Option<String>,
    /// What the member says is right; a phone masked.
    pub proposed: String,
    /// What else they say.
    pub note: Option<String>,
    /// Why it was refused, or what was done.
    pub answer: Option<String>,
    /// Whether it waits for the viewer's word as a counsellor.
    pub may_check: bool,
    /// Whether the viewer may put it right.
    pub may_fix: bool,
}

/// What a viewer may do about requests.
struct Rights {
    check: Scope,
    fix: Scope,
    by_roster: bool,
}

impl Rights {
    fn of(viewer: &Viewer) -> Result<Self> {
        let rights = Self {
            check: viewer.scope(Action::CheckCorrections),
            fix: viewer.scope(Action::FixCorrections),
            by_roster: viewer.may(Action::Administer),
        };
        let none = rights.check.is_empty() && !rights.fixes();
        if none { Err(Error::Forbidden) } else { Ok(rights) }
    }

    /// Whether putting something right is theirs at all.
    fn fixes(&self) -> bool {
        !self.fix.is_empty() || self.by_roster
    }

    fn reach(&self, app: &App, school: &School, viewer: &Viewer) -> Reach {
        let scope = match (&self.check, &self.fix) {
            (Scope::Departments(check), Scope::Departments(fix)) => {
                Scope::Departments(check.iter().chain(fix).copied().collect())
            }
            _ => Scope::School,
        };
        let fields =
            CorrectionField::ALL.into_iter().filter(|field| self.by_roster && field.needs_a_roster());
        Reach {
            corp: school.corp(),
            scope,
            fields: fields.map(CorrectionField::as_str).collect(),
            except: viewer.person.as_ref().map(|person| person.id),
            today: school.today(app.now()),
        }
    }

    fn may_check(&self, row: &Row, state: CorrectionState) -> bool {
        state == CorrectionState::Submitted && self.check.covers(&path(row))
    }

    /// An office need not wait for a counsellor who does not come.
    fn may_fix(&self, row: &Row, field: CorrectionField, state: CorrectionState) -> bool {
        state.is_open() && (self.fix.covers(&path(row)) || self.by_roster && field.needs_a_roster())
    }
}

fn path(row: &Row) -> [Option<DepartmentId>; 4] {
    [row.department_id, row.class_id, row.grade_id, row.college_id]
}

/// Requests the viewer checks or settles, newest first: the open ones, or those that are settled. `before` is the last
/// page's `next`. What people say is right, and what else they say, is a look at each of them, once a day.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    open: bool,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Request>> {
    let rights = Rights::of(viewer)?;
    let reach = rights.reach(app, school, viewer);
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let found = rows::list(&mut tx, &reach, open, before, limit + 1).await?;
    let page = Page::cut(found, limit, |row| row.correction_id.to_string());
    let people = page.items.iter().map(|row| row.person_id).collect();
    reading_budgets::note(app, school, viewer, &mut tx, (FIELD, PURPOSE), people, app.now()).await?;
    tx.commit().await?;
    page.try_map(|row| shown(app, school, &rights, row))
}

fn shown(app: &App, school: &School, rights: &Rights, row: Row) -> Result<Request> {
    let corp = school.corp();
    let key = rows::key(row.person_id, &row.field, row.submitted_at);
    let (field, state) = (field(&row.field)?, state(&row.state)?);
    let masked = |value: String| if field == CorrectionField::Phone { phone::mask(&value) } else { value };
    let note = row.note.as_ref().map(|note| text(app, rows::note_place(corp, &key), note)).transpose()?;
    let answer = row.answer.as_ref().map(|one| text(app, rows::answer_place(corp, &key), one)).transpose()?;
    Ok(Request {
        current: current(app, school, &row, field)?.map(masked),
        proposed: masked(text(app, rows::proposed_place(corp, &key), &row.proposed)?),
        note,
        answer,
        may_check: rights.may_check(&row, state),
        may_fix: rights.may_fix(&row, field, state),
        field,
        state,
        row,
    })
}

/// What is on record of what a request is about.
fn current(app: &App, school: &School, row: &Row, field: CorrectionField) -> Result<Option<String>> {
    Ok(match field {
        CorrectionField::Name => Some(row.name.clone()),
        CorrectionField::Number => Some(row.number.clone()),
        CorrectionField::Class => row.place.clone(),
        CorrectionField::Major => row.major.clone(),
        CorrectionField::Grade => row.grade.map(|year| year.to_string()),
        CorrectionField::Phone => match &row.phone {
            Some(sealed) => Some(text(app, phone_place(school.corp(), &row.number), sealed)?),
            None => None,
        },
        CorrectionField::Other => None,
    })
}

/// What is on record and what is said to be right, in full.
#[derive(Clone, PartialEq, Eq)]
pub struct Values {
    /// On record.
    pub current: Option<String>,
    /// As the member says.
    pub proposed: String,
}

/// Never the values.
impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Values")
    }
}

/// The values of a request in full. The look is recorded in the same transaction: one at a phone each time, one at anything else once
/// a day.
pub async fn values(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<Values> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let (rights, row) = held(&mut tx, app, school, viewer, id).await?;
    let (field, state) = (field(&row.field)?, state(&row.state)?);
    // Who can't do anything about it any more has nothing to look for.
    if !rights.may_check(&row, state) && !rights.may_fix(&row, field, state) {
        return Err(Error::NotFound);
    }
    let key = rows::key(row.person_id, &row.field, row.submitted_at);
    let values = Values {
        current: current(app, school, &row, field)?,
        proposed: text(app, rows::proposed_place(corp, &key), &row.proposed)?,
    };
    if field == CorrectionField::Phone {
        let look = Access {
            corp,
            viewer: viewer.member,
            person: row.person_id,
            field: "phone",
            purpose: PURPOSE,
            at: now,
        };
        tx = reading_budgets::look(app, school, viewer, tx, look).await?;
    } else {
        let people = vec![row.person_id];
        reading_budgets::note(app, school, viewer, &mut tx, (FIELD, PURPOSE), people, now).await?;
    }
    tx.commit().await?;
    Ok(values)
}

/// The request, held until the transaction ends; 404 when it is not the viewer's.
async fn held(
    tx: &mut Scoped,
    app: &App,
    school: &School,
    viewer: &Viewer,
    id: i64,
) -> Result<(Rights, Row)> {
    let rights = Rights::of(viewer)?;
    let reach = rights.reach(app, school, viewer);
    let row = rows::lock(tx, &reach, id).await?.ok_or(Error::NotFound)?;
    Ok((rights, row))
}

/// A counsellor confirms that it is so: the office's turn.
pub async fn confirm(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<()> {
    if Rights::of(viewer)?.check.is_empty() {
        return Err(Error::Forbidden);
    }
    let now = app.now();
    let mut tx = app.store().scoped(school.corp()).await?;
    let (rights, row) = held(&mut tx, app, school, viewer, id).await?;
    if !rights.may_check(&row, state(&row.state)?)
        || !rows::confirm(&mut tx, school.corp(), id, viewer.member, now).await?
    {
        return Err(Error::NotFound);
    }
    note(&mut tx, viewer, &row, CorrectionState::Checked, now).await?;
    tell_office(app, &mut tx, school, row.person_id, id, now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}

/// It is not so, or can't be done; the member is told why.
pub async fn refuse(app: &App, school: &School, viewer: &Viewer, id: i64, reason: &str) -> Result<()> {
    let reason = word("reason", reason, "请写明原因，不超过 200 字，申请人会看到")?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let (rights, row) = held(&mut tx, app, school, viewer, id).await?;
    let (field, now_state) = (field(&row.field)?, state(&row.state)?);
    if !rights.may_check(&row, now_state) && !rights.may_fix(&row, field, now_state) {
        return Err(Error::NotFound);
    }
    settle(&mut tx, app, school, viewer, &row, CorrectionState::Refused, Some(reason)).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}

/// Puts it right: a name, major, grade or phone becomes what the member says, which can be undone among the imports. A
/// number, a class or something else is done elsewhere, and `done` says what was.
pub async fn fix(app: &App, school: &School, viewer: &Viewer, id: i64, done: &str) -> Result<()> {
    if !Rights::of(viewer)?.fixes() {
        return Err(Error::Forbidden);
    }
    let (corp, now) = (school.corp(), app.now());
    let keyring = app.store().keyring();
    let mut tx = app.store().scoped(corp).await?;
    // As every import does, before any row is held.
    members::lock(&mut tx, corp).await?;
    let (rights, row) = held(&mut tx, app, school, viewer, id).await?;
    let field = field(&row.field)?;
    if !rights.may_fix(&row, field, state(&row.state)?) {
        return Err(Error::NotFound);
    }
    let done = match field.writes() {
        Some(_) => Some(done.trim())
            .filter(|done| !done.is_empty())
            .map(|done| word("note", done, "说明不超过 200 字")),
        None => Some(word("note", done, "请写明已怎样处理，不超过 200 字，申请人会看到")),
    };
    let done = done.transpose()?;
    let Some(writes) = field.writes() else {
        settle(&mut tx, app, school, viewer, &row, CorrectionState::Fixed, done).await?;
        tx.commit().await?;
        app.job_added().notify_one();
        return Ok(());
    };
    let key = rows::key(row.person_id, &row.field, row.submitted_at);
    // Opened to be written, and shown to nobody: no look.
    let value = text(app, rows::proposed_place(corp, &key), &row.proposed)?;
    let said = Said { source: Source::Correction, value, since: now };
    // The request is of the set: undone, it is open again.
    let changes = change_sets::begin(&mut tx).await?;
    if !person_fields::say(&mut tx, keyring, corp, row.person_id, writes, said).await? {
        return Err(Error::NotFound);
    }
    settle(&mut tx, app, school, viewer, &row, CorrectionState::Fixed, done).await?;
    let title = format!("信息更正 1 条：{}", field.title());
    let act = Act { kind: "corrections", run_id: None, title: &title, by: Some(viewer.member), at: now };
    change_sets::end(&mut tx, corp, changes, act).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}

async fn settle(
    tx: &mut Scoped,
    app: &App,
    school: &School,
    viewer: &Viewer,
    row: &Row,
    to: CorrectionState,
    answer: Option<&str>,
) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let key = rows::key(row.person_id, &row.field, row.submitted_at);
    let place = rows::answer_place(corp, &key);
    let answer = answer.map(|answer| app.store().keyring().seal(place, answer.as_bytes())).transpose()?;
    let settled = rows::settle(tx, corp, row.correction_id, to, answer.as_ref(), viewer.member, now).await?;
    if !settled {
        return Err(Error::NotFound);
    }
    note(tx, viewer, row, to, now).await?;
    tell_member(app, tx, school, row.person_id, row.correction_id, now).await
}

/// Records in the audit what became of a request.
async fn note(
    tx: &mut Scoped,
    viewer: &Viewer,
    row: &Row,
    to: CorrectionState,
    now: DateTime<Utc>,
) -> Result<()> {
    let event = Event::new(tx.corp(), audit::Act::CorrectionSettled, Some(viewer.member), now);
    let event = event.of(row.person_id).on("correction", row.correction_id);
    Ok(events::insert(tx, event.saying(json!({ "act": to.as_str() }))).await?)
}

fn word<'a>(field: &str, text: &'a str, remedy: &str) -> Result<&'a str> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 200 { Err(Error::field(field, remedy)) } else { Ok(text) }
}
