//! The forms someone is asked today, and the built-in ones.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use domain::{
    form::{
        Form,
        answers::{Answers, Published},
        schema,
    },
    policy::{Scope, Viewer, ViewerPerson},
};
use store::{
    Scoped, exemptions,
    expected::Question,
    forms::{self, FormVersion},
    reminders, reports, statistics,
};

use crate::{App, Error, Result, School, reports::Receipt};

/// Compiled versions by id. A version never changes, so nothing here ever goes stale.
#[derive(Default)]
pub(crate) struct Cache(RwLock<HashMap<i64, Arc<Published>>>);

/// A published version with its ids.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub form_id: i64,
    pub form_version_id: i64,
    pub published: Arc<Published>,
}

impl Loaded {
    /// Who is expected for `day`, as far as `scope` goes.
    pub fn question(&self, corp: i32, day: NaiveDate, scope: Scope) -> Question {
        let audience = self.published.form.audience;
        Question { corp, form_id: self.form_id, audience, day, scope, under: None, person: None }
    }
}

/// The version asked now of the form with this code.
pub(crate) async fn current(app: &App, tx: &mut Scoped, code: &str) -> Result<Loaded> {
    let corp = tx.corp();
    // Postgres takes no NUL, and no form is called what is not a name.
    if !is_name(code) {
        return Err(Error::NotFound);
    }
    let version = forms::current(tx, corp, code).await?.ok_or(Error::NotFound)?;
    compiled(app, version)
}

/// Whether this can be a form's code or a receipt.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn compiled(app: &App, version: FormVersion) -> Result<Loaded> {
    let FormVersion { form_id, form_version_id, .. } = version;
    let broken = || Error::internal("the cache of forms is poisoned");
    let known = app.0.forms.0.read().map_err(|_| broken())?.get(&form_version_id).cloned();
    let published = match known {
        Some(published) => published,
        None => {
            let form = serde_json::from_value(version.definition)
                .map_err(|error| Error::Internal("a stored form".into(), Some(Box::new(error))))?;
            let published = Arc::new(Published::new(form, &version.schema).map_err(Error::internal)?);
            app.0.forms.0.write().map_err(|_| broken())?.insert(form_version_id, published.clone());
            published
        }
    };
    Ok(Loaded { form_id, form_version_id, published })
}

/// Where someone stands with a form today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// 未报
    Unreported,
    /// 已报
    Reported,
    /// 免报
    Exempt,
    /// The form does not ask them.
    NotExpected,
}

/// A form as it stands for someone today.
#[derive(Debug, Clone)]
pub struct FormToday {
    /// The form.
    pub form: Arc<Published>,
    /// The school's day.
    pub day: NaiveDate,
    /// From when it takes answers.
    pub opens_at: DateTime<Utc>,
    /// Until when.
    pub closes_at: DateTime<Utc>,
    /// Where the viewer stands with it.
    pub standing: Standing,
    /// What they keep, if they have answered.
    pub receipt: Option<Receipt>,
}

/// Every form of the school as it stands for the viewer; those that do not ask them are left out.
pub async fn today(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<FormToday>> {
    let Some(person) = &viewer.person else { return Ok(Vec::new()) };
    let now = app.now();
    let mut tx = app.store().scoped(school.corp()).await?;
    let mut found = Vec::new();
    for version in forms::list(&mut tx, school.corp()).await? {
        let loaded = compiled(app, version)?;
        let (today, _) = stand(&mut tx, school, &loaded, person, now).await?;
        if today.standing != Standing::NotExpected {
            found.push(today);
        }
    }
    tx.commit().await?;
    Ok(found)
}

/// A form to be filled in: today's own answers, or what is carried over from the last ones.
#[derive(Debug, Clone)]
pub struct FormToFill {
    /// Where the viewer stands with it.
    pub today: FormToday,
    /// What the fields start with.
    pub answers: Answers,
    /// Names of the fields whose start was carried over.
    pub carried: Vec<String>,
}

/// The form with this code, ready to be filled in by the viewer.
pub async fn to_fill(app: &App, school: &School, viewer: &Viewer, code: &str) -> Result<FormToFill> {
    let person = viewer.person.as_ref().ok_or(Error::NotExpected)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let loaded = current(app, &mut tx, code).await?;
    let (today, last) = stand(&mut tx, school, &loaded, person, app.now()).await?;
    tx.commit().await?;
    let last = last.map(|report| crate::reports::open(app, school, person.id, &report)).transpose()?;
    let (answers, carried) = match last {
        Some(own) if today.receipt.is_some() => (own, Vec::new()),
        Some(last) => {
            let carried = loaded.published.carry_over(&last);
            let names = carried.keys().cloned().collect();
            (carried, names)
        }
        None => (Answers::new(), Vec::new()),
    };
    Ok(FormToFill { today, answers, carried })
}

/// Where a person stands with a form at `now`, and their last report of it.
async fn stand(
    tx: &mut Scoped,
    school: &School,
    loaded: &Loaded,
    person: &ViewerPerson,
    now: DateTime<Utc>,
) -> Result<(FormToday, Option<reports::Report>)> {
    let corp = school.corp();
    let form = &loaded.published.form;
    let day = school.today(now);
    let window = form.window(school.zone, day);
    let last = reports::of_person(tx, corp, loaded.form_id, person.id, None, 1).await?.pop();
    let receipt = last
        .as_ref()
        .filter(|report| report.day == Some(day))
        .map(|report| Receipt::of(&form.code, day, report));
    let standing = if receipt.is_some() {
        Standing::Reported
    } else if is_expected(tx, loaded, corp, day, person.id).await? {
        Standing::Unreported
    } else if form.audience.kind == person.kind && exemptions::covers(tx, corp, person.id, day).await? {
        Standing::Exempt
    } else {
        Standing::NotExpected
    };
    let today = FormToday {
        form: loaded.published.clone(),
        day,
        opens_at: window.opens_at,
        closes_at: window.closes_at,
        standing,
        receipt,
    };
    Ok((today, last))
}

/// Whether the form asks this person on this day.
pub(crate) async fn is_expected(
    tx: &mut Scoped,
    loaded: &Loaded,
    corp: i32,
    day: NaiveDate,
    person: i64,
) -> Result<bool> {
    let question = Question { person: Some(person), ..loaded.question(corp, day, Scope::School) };
    Ok(statistics::total(tx, &question).await?.expected > 0)
}

/// The forms that come with Rollcall.
const BUILT_IN: [&str; 1] = [include_str!("../../../fixtures/forms/health-daily.json")];

/// Publishes the built-in forms a school does not have yet, and the reminders that go with them.
pub async fn publish_built_in(app: &App, school: &School) -> Result<()> {
    let now = app.now();
    let mut tx = app.store().scoped(school.corp()).await?;
    for document in BUILT_IN {
        let broken =
            |error: serde_json::Error| Error::Internal("a built-in form".into(), Some(Box::new(error)));
        let form: Form = serde_json::from_str(document).map_err(broken)?;
        form.check().map_err(|flaw| Error::internal(flaw.to_string()))?;
        let form_id = forms::publish(&mut tx, school.corp(), &form, &schema::compile(&form), now).await?;
        let times: Vec<NaiveTime> =
            [10, 14, 18].iter().filter_map(|hour| NaiveTime::from_hms_opt(*hour, 0, 0)).collect();
        let wording = "您今天的“{form}”还没有填写，请在 {closes} 前完成。";
        reminders::add_rule(&mut tx, school.corp(), form_id, "每日催办", &times, wording).await?;
    }
    tx.commit().await?;
    Ok(())
}
