//! Rules of reminders (提醒规则) as administrators make them: drafted, looked at before they go, tested on oneself, changed with a
//! record, paused and ended.

mod change;
mod outlook;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    DepartmentId,
    form::WallTime,
    policy::{Action, Scope, Viewer},
    reminder::{Days, Occasion, Rule, Step, To},
};
use store::{
    Scoped,
    departments::{self, Department},
    reminder_rules::{self as rows, Act, Row},
};

pub use change::{Draft, change, create, end, pause, remove, resume};
pub use outlook::{Card, Outlook, StepOutlook, candidates, outlook, test};
pub use store::reminders::Candidate;

use crate::{App, Error, Page, Result, School, forms};

/// A rule as it is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its id.
    pub id: i64,
    /// The form's code.
    pub form: String,
    /// What people read of the form.
    pub form_title: String,
    /// What people call the rule.
    pub name: String,
    /// `active`, `paused` or `ended`.
    pub state: String,
    /// Counts up with each change.
    pub revision: i32,
    /// Whether a round of it was ever planned.
    pub used: bool,
    /// What it is.
    pub rule: Rule,
    /// What the departments it asks are called, as far as there are any.
    pub departments: Vec<(DepartmentId, String)>,
}

/// What departments are called, if any of these rules names some.
async fn names(tx: &mut Scoped, rows: &[Row]) -> Result<Vec<Department>> {
    let corp = tx.corp();
    for row in rows {
        if row.rule()?.departments.is_some() {
            return Ok(departments::open(tx, corp).await?);
        }
    }
    Ok(Vec::new())
}

impl Shown {
    /// One rule.
    async fn one(tx: &mut Scoped, row: Row) -> Result<Self> {
        let names = names(tx, std::slice::from_ref(&row)).await?;
        Self::of(row, &names)
    }

    fn of(row: Row, names: &[Department]) -> Result<Self> {
        let rule = row.rule()?;
        let asked = rule.departments.clone().unwrap_or_default();
        let named = names.iter().filter(|one| asked.contains(&one.department_id));
        Ok(Self {
            departments: named.map(|one| (one.department_id, one.name.clone())).collect(),
            id: row.rule_id,
            form_title: row.form_title.unwrap_or_else(|| row.form_code.clone()),
            form: row.form_code,
            name: row.name,
            state: row.state,
            revision: row.revision,
            used: row.used,
            rule,
        })
    }
}

fn may_read(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) || viewer.may(Action::Remind) { Ok(()) } else { Err(Error::Forbidden) }
}

fn may_change(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// The school's rules, the oldest first, of one form or of all; `after` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    form: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<Shown>> {
    may_read(viewer)?;
    let after = after.map_or(Ok(0), str::parse).map_err(|_| crate::bad_cursor())?;
    if form.is_some_and(|code| !forms::is_name(code)) {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    let found = rows::list(&mut tx, school.corp(), form, false, after, limit + 1).await?;
    let names = names(&mut tx, &found).await?;
    tx.commit().await?;
    Page::cut(found, limit, |row| row.rule_id.to_string()).try_map(|row| Shown::of(row, &names))
}

/// One of them.
pub async fn get(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<Shown> {
    may_read(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let row = rows::find(&mut tx, school.corp(), id, false).await?.ok_or(Error::NotFound)?;
    let shown = Shown::one(&mut tx, row).await?;
    tx.commit().await?;
    Ok(shown)
}

/// Something that was done to a rule.
#[derive(Debug, Clone)]
pub struct Done {
    /// `created`, `changed`, `paused`, `resumed` or `ended`.
    pub act: String,
    /// What the rule is called and is since then.
    pub after: (String, Rule),
    /// What it was called and was before; none: it was not there.
    pub before: Option<(String, Rule)>,
    /// Who; none: it came with Rollcall.
    pub by: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was done to a rule, newest first; `before` is the last page's `next`.
pub async fn acts(
    app: &App,
    school: &School,
    viewer: &Viewer,
    id: i64,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Done>> {
    may_read(viewer)?;
    let before = read_cursor(before)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    rows::find(&mut tx, school.corp(), id, false).await?.ok_or(Error::NotFound)?;
    let found = rows::acts(&mut tx, school.corp(), id, before, limit + 1).await?;
    tx.commit().await?;
    Page::cut(found, limit, |row| row.act_id.to_string()).try_map(|row| {
        let before = row.name_before.clone().zip(row.rule_before()?);
        Ok(Done { after: (row.name.clone(), row.rule()?), before, act: row.act, by: row.by_name, at: row.at })
    })
}

/// A round of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRound {
    /// The round.
    pub id: i64,
    /// The day its time is of.
    pub day: NaiveDate,
    /// The rule's time.
    pub time: WallTime,
    /// Whom it told.
    pub to: To,
    /// When it was planned.
    pub planned_at: DateTime<Utc>,
    /// How many messages stand in each state.
    pub counts: Vec<(String, i64)>,
}

/// The rounds of a rule, newest first, with what became of them; `before` is the last page's `next`. They count everybody a
/// rule asks: for those who see the figures of the whole school.
pub async fn rounds(
    app: &App,
    school: &School,
    viewer: &Viewer,
    id: i64,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<PastRound>> {
    may_read(viewer)?;
    if viewer.scope(Action::SeeStatistics) != Scope::School {
        return Err(Error::Forbidden);
    }
    let before = read_cursor(before)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    rows::find(&mut tx, school.corp(), id, false).await?.ok_or(Error::NotFound)?;
    let found = rows::rounds(&mut tx, school.corp(), id, before, limit + 1).await?;
    tx.commit().await?;
    let mut rounds: Vec<PastRound> = Vec::new();
    for row in found {
        let count = row.state.map(|state| (state, row.people));
        match rounds.last_mut().filter(|round| round.id == row.mailing_id) {
            Some(round) => round.counts.extend(count),
            None => {
                let occasion = Occasion::parse(&row.occasion)
                    .ok_or_else(|| Error::internal("an occasion of a rule that can't be read"))?;
                rounds.push(PastRound {
                    id: row.mailing_id,
                    day: occasion.day,
                    time: occasion.time,
                    to: occasion.to,
                    planned_at: row.planned_at,
                    counts: count.into_iter().collect(),
                });
            }
        }
    }
    Ok(Page::cut(rounds, limit, |round| round.id.to_string()))
}

fn read_cursor(before: Option<&str>) -> Result<Option<i64>> {
    before.map(|key| key.parse().map_err(|_| crate::bad_cursor())).transpose()
}

/// The rule that comes with the daily form.
pub(crate) async fn add_built_in(
    tx: &mut Scoped,
    school: &School,
    form_id: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    let rule = Rule {
        days: Days::Every,
        times: [10, 14, 18].map(|hour| WallTime::of(hour * 60)).to_vec(),
        departments: None,
        kinds: None,
        steps: vec![Step {
            to: To::Person,
            after_minutes: 0,
            wording: "您今天的“{form}”还没有填写，请在 {closes} 前完成。".into(),
        }],
        quiet: None,
        spread_minutes: 0,
        useful_minutes: None,
    };
    let (corp, name) = (school.corp(), "每日催办");
    // What a school threw away does not come back.
    if !rows::is_new(tx, corp, name).await? {
        return Ok(());
    }
    if let Some(rule_id) = rows::add(tx, corp, form_id, name, &rule).await? {
        rows::note(tx, corp, Act { rule_id, act: "created", name, rule: &rule, by: None, at: now }).await?;
    }
    Ok(())
}
