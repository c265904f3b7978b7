//! 更正申请: a member says what is wrong with their data and what is right; their counsellor checks it, the office puts it
//! right. Nobody settles their own.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    DepartmentId, PersonId,
    correction::{CorrectionField, CorrectionState},
    person_field::{Said, Source},
    phone,
    policy::{Action, Role, Scope, Viewer},
};
use store::{
    Scoped, Sealed,
    access_log::{self, Access},
    change_sets::{self, Act},
    corrections::{self as rows, Mine, NewCorrection, Reach, Row},
    members,
    sealed::Place,
    unreported::phone_place,
};

use crate::{
    App, Error, Page, Result, School,
    notices::{self, Notice},
    person_fields,
};

/// Requests of one person within a day: enough for every field, and no way to keep a counsellor busy.
const A_DAY: i64 = 7;
/// How long the word about a request is of use.
const USEFUL: TimeDelta = TimeDelta::hours(24);
/// What looking at a phone is for, in the record of looks.
const PURPOSE: &str = "correction";

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
        tell_office(&mut tx, school, person, id, now).await?;
    } else {
        let path = format!("/h5/corrections?request={id}");
        notices::tell(&mut tx, school, counsellors, to_check(&path), now).await?;
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

fn to_check(path: &str) -> Notice<'_> {
    Notice {
        title: "信息更正待核对",
        description: "有 1 条信息更正待核对。",
        path,
        button: "去核对",
        useful_for: USEFUL,
    }
}

/// Tells the nearest office that has somebody to be told; where there is none, the administrators, who can appoint one.
async fn tell_office(
    tx: &mut Scoped,
    school: &School,
    person: PersonId,
    id: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    let (corp, today) = (school.corp(), school.today(now));
    let path = format!("/h5/corrections?request={id}");
    let notice = Notice {
        title: "信息更正待处理",
        description: "有 1 条信息更正待处理。",
        path: &path,
        button: "去处理",
        useful_for: USEFUL,
    };
    for role in [Role::CollegeOffice, Role::SchoolOffice] {
        let to = rows::in_charge(tx, corp, role, person, today).await?;
        if !to.is_empty() {
            return notices::tell(tx, school, to, notice, now).await;
        }
    }
    let to = rows::in_charge(tx, corp, Role::Administrator, person, today).await?;
    if to.is_empty() {
        tracing::error!(
            corp,
            correction = id,
            "a correction waits and there is no office and no administrator to tell"
        );
        return Ok(());
    }
    let description = "有 1 条信息更正待处理，但没有学院办公室或学工办可以处理，请先授权。";
    notices::tell(tx, school, to, Notice { description, ..notice }, now).await
}

async fn tell_member(
    tx: &mut Scoped,
    school: &School,
    person: PersonId,
    id: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(userid) = rows::userid_of(tx, school.corp(), person).await? else { return Ok(()) };
    let notice = Notice {
        title: "信息更正有结果",
        description: "您提交的信息更正已处理，请查看结果。",
        path: &format!("/h5/me/data?request={id}"),
        button: "查看结果",
        useful_for: TimeDelta::days(7),
    };
    notices::tell(tx, school, vec![userid], notice, now).await
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
    let before = before.map(str::parse).transpose().map_err(|_| crate::reports::bad_cursor())?;
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
        let none = rights.check.is_empty() && rights.fix.is_empty() && !rights.by_roster;
        if none { Err(Error::Forbidden) } else { Ok(rights) }
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
/// page's `next`.
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
    let before = before.map(str::parse).transpose().map_err(|_| crate::reports::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let found = rows::list(&mut tx, &reach, open, before, limit + 1).await?;
    tx.commit().await?;
    let page = Page::cut(found, limit, |row| row.correction_id.to_string());
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

/// The values of a request in full. A look at a phone is recorded in the same transaction.
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
        access_log::insert(&mut tx, look).await?;
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
    let now = app.now();
    let mut tx = app.store().scoped(school.corp()).await?;
    let (rights, row) = held(&mut tx, app, school, viewer, id).await?;
    if !rights.may_check(&row, state(&row.state)?)
        || !rows::confirm(&mut tx, school.corp(), id, viewer.member, now).await?
    {
        return Err(Error::NotFound);
    }
    tell_office(&mut tx, school, row.person_id, id, now).await?;
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
    tell_member(tx, school, row.person_id, row.correction_id, now).await
}

fn word<'a>(field: &str, text: &'a str, remedy: &str) -> Result<&'a str> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 200 { Err(Error::field(field, remedy)) } else { Ok(text) }
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
