//! Drafts: begun anew or from another form, saved, thrown away.

use chrono::{Days, NaiveDate};
use domain::{
    DepartmentId,
    campaign::LONGEST,
    form::{Audience, Cadence, Form, PersonKind, Schedule},
    policy::{Scope, Viewer},
};
use serde_json::json;
use store::{
    Scoped,
    campaigns::{self, Question},
    departments, form_acts,
    forms::{self, Ownership},
};

use super::{Design, design, digest, document, find, held, published, question, same};
use crate::{App, Error, Result, School};

/// How long a new form is asked unless somebody says otherwise.
const USUAL: u64 = 30;

/// A form to be begun.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Its name in URLs.
    pub code: &'a str,
    /// What people read.
    pub title: &'a str,
    /// Like this one; none: without questions.
    pub like: Option<&'a str>,
    /// Whose it is; none: the whole school's, or of a college's office its college's.
    pub department: Option<DepartmentId>,
}

/// Begins a form, anew or like another. The same again is the same form.
pub async fn create(app: &App, school: &School, viewer: &Viewer, new: New<'_>) -> Result<Design> {
    let question = question(app, school, viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let is_code = (1..=64).contains(&new.code.len())
        && new.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_code {
        return Err(Error::field(
            "code",
            "代号用小写字母、数字和连字符，不超过 64 个字符，例如 health-daily",
        ));
    }
    let title = new.title.trim();
    if title.is_empty() || title.chars().count() > 30 || title.contains('\0') {
        return Err(Error::field("title", "请填写标题，不超过 30 字"));
    }
    let mut tx = app.store().scoped(corp).await?;
    let department = owner(&mut tx, &question, new.department).await?;
    let (form, days) = match new.like {
        Some(code) => {
            let row = find(&mut tx, &question, code, false).await?;
            // What is not published of a form that is not theirs, they don't see either.
            let form = if super::may_edit(&question.scope, row.department_id) {
                document(&row)?
            } else {
                published(&row)?.map_or_else(|| document(&row), Ok)?
            };
            let days = (row.ends_on - row.starts_on).num_days().max(0).unsigned_abs();
            (form, days.min(LONGEST - 1))
        }
        None => (blank()?, USUAL - 1),
    };
    let mut form = Form { code: new.code.to_owned(), title: title.to_owned(), version: 1, ..form };
    // A college asks its own people, whomever the form it copies asks.
    if let Some(department) = department
        && super::audience::flaw(&mut tx, Some(department), &form).await?.is_some()
    {
        form.audience.departments = Some(vec![department]);
    }
    if campaigns::is_taken(&mut tx, corp, new.code).await? {
        let taken = || Error::field("code", "这个代号已被其他表单使用，请换一个");
        let row = match find(&mut tx, &question, new.code, false).await {
            Err(Error::NotFound) => return Err(taken()),
            found => found?,
        };
        if row.owner_id != Some(viewer.member) || row.version.is_some() || !same(&document(&row)?, &form) {
            return Err(taken());
        }
        return design(&mut tx, school, &question, new.code).await;
    }
    let schedule = usual(question.today, days)?;
    let of = Ownership { schedule, owner: Some(viewer.member), department_id: department };
    let (form_id, added) = forms::add(&mut tx, corp, new.code, of).await?;
    if !added {
        return Err(Error::field("code", "这个代号已被其他表单使用，请换一个"));
    }
    keep(&mut tx, form_id, &form, viewer, now).await?;
    let act = form_acts::Act {
        form_id,
        code: new.code,
        act: "created",
        version: None,
        schedule: Some(schedule),
        by: viewer.member,
        at: now,
    };
    form_acts::note(&mut tx, corp, act).await?;
    let made = design(&mut tx, school, &question, new.code).await?;
    tx.commit().await?;
    Ok(made)
}

/// Whose a new form is.
async fn owner(
    tx: &mut Scoped,
    question: &Question,
    wanted: Option<DepartmentId>,
) -> Result<Option<DepartmentId>> {
    match (&question.scope, wanted) {
        (Scope::School, None) => Ok(None),
        (Scope::School, Some(id)) => {
            let open = departments::open(tx, question.corp).await?;
            let found = open.iter().any(|one| one.department_id == id && one.kind == "college");
            if found {
                Ok(Some(id))
            } else {
                Err(Error::field("department", "请选择一个学院，或全校"))
            }
        }
        (Scope::Departments(own), Some(id)) if own.contains(&id) => Ok(Some(id)),
        (Scope::Departments(own), None) if own.len() == 1 => Ok(own.first().copied()),
        (Scope::Departments(_), _) => Err(Error::field("department", "请选择由您负责的学院")),
    }
}

fn usual(today: NaiveDate, more_days: u64) -> Result<Schedule> {
    let ends_on = today.checked_add_days(Days::new(more_days));
    Ok(Schedule { starts_on: today, ends_on: ends_on.ok_or_else(|| Error::internal("the end of time"))? })
}

/// What a form without questions begins with.
fn blank() -> Result<Form> {
    let daily =
        json!({ "kind": "daily", "slots": [{ "opens": "06:00", "closes": "24:00", "cutoff": "20:00" }] });
    let cadence: Cadence = serde_json::from_value(daily).map_err(|_| Error::internal("the usual cadence"))?;
    Ok(Form {
        code: String::new(),
        title: String::new(),
        version: 1,
        purpose: String::new(),
        legal_basis: String::new(),
        cadence,
        audience: Audience { kinds: vec![PersonKind::Student], within: None, departments: None },
        fields: Vec::new(),
        abnormal: Vec::new(),
        checks: Vec::new(),
        statistics: Vec::new(),
        place: None,
        trip: None,
        quick: None,
    })
}

async fn keep(
    tx: &mut Scoped,
    form_id: i64,
    form: &Form,
    viewer: &Viewer,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    let corp = tx.corp();
    let draft = serde_json::to_value(form).map_err(|_| Error::internal("a draft"))?;
    forms::keep_draft(tx, corp, form_id, Some(&draft), Some(viewer.member), now).await?;
    Ok(())
}

/// Saves the draft, if nobody saved another since `known` was read. The same again changes nothing; a draft that is as
/// what is published is none.
pub async fn save(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    known: &str,
    form: Form,
) -> Result<Design> {
    let question = question(app, school, viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let row = held(&mut tx, &question, code).await?;
    let current = document(&row)?;
    let form = Form { code: row.code.clone(), version: row.version.unwrap_or(0) + 1, ..form };
    if !same(&current, &form) {
        if digest(&current)? != known {
            return Err(Error::FormChanged);
        }
        let standing = published(&row)?;
        if standing.is_some_and(|standing| same(&standing, &form)) {
            forms::keep_draft(&mut tx, corp, row.form_id, None, Some(viewer.member), now).await?;
        } else {
            keep(&mut tx, row.form_id, &form, viewer, now).await?;
        }
        let act = form_acts::Act {
            form_id: row.form_id,
            code: &row.code,
            act: "saved",
            version: None,
            schedule: None,
            by: viewer.member,
            at: now,
        };
        form_acts::note(&mut tx, corp, act).await?;
    }
    let saved = design(&mut tx, school, &question, code).await?;
    tx.commit().await?;
    Ok(saved)
}

/// Throws away a draft that was never published.
pub async fn delete(app: &App, school: &School, viewer: &Viewer, code: &str) -> Result<()> {
    let question = question(app, school, viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let row = held(&mut tx, &question, code).await?;
    if row.version.is_some() {
        return Err(Error::field("code", "已发布过的表单不能删除，可以结束填报"));
    }
    if !campaigns::delete(&mut tx, corp, row.form_id).await? {
        return Err(Error::field("code", "这份草稿已配了提醒规则，不能删除"));
    }
    let act = form_acts::Act {
        form_id: row.form_id,
        code: &row.code,
        act: "deleted",
        version: None,
        schedule: None,
        by: viewer.member,
        at: app.now(),
    };
    form_acts::note(&mut tx, corp, act).await?;
    tx.commit().await?;
    Ok(())
}
