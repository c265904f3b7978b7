//! 部门人员流动日报: where the staff of each department are, and who signed for it.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    DepartmentId, clock,
    export::is_text,
    form::PersonKind,
    movement::{MAX_NOTE, Movement},
    policy::{Action, Scope, Viewer},
};
use store::{
    expected::Question,
    movements::{self, NewSignOff, SignOff},
};

use crate::{
    App, Error, Page, Result, School,
    reading_budgets::{self, WORK},
};

pub use store::movements::{PersonRow, Row, Which};

/// A day so long ago can't be signed any more.
const SIGNED_WITHIN: Days = Days::new(7);

/// Which people.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The day; today if left out.
    pub day: Option<NaiveDate>,
    /// Only of this department.
    pub department: Option<DepartmentId>,
    /// Behind which number.
    pub which: Which,
}

/// What stands signed of a department's day.
#[derive(Debug, Clone)]
pub struct Signature {
    /// Who signed.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What they add; none where the viewer sees a part of the department alone, since it is about all of it.
    pub note: Option<String>,
    /// The figures as they were known then; none there too.
    pub known: Option<Movement>,
}

impl Signature {
    fn of(signed: SignOff, whole: bool) -> Self {
        let SignOff { by, at, note, movement, .. } = signed;
        Self { by, at, note: note.filter(|_| whole), known: whole.then_some(movement) }
    }
}

/// A day of the departments the viewer may see.
#[derive(Debug, Clone)]
pub struct Table {
    /// The day.
    pub day: NaiveDate,
    /// The hour this was true.
    pub as_of: DateTime<Utc>,
    /// By department, in the directory's order, each with what stands signed.
    pub rows: Vec<(Row, Option<Signature>)>,
    /// Their sum.
    pub total: Movement,
}

/// The day's figures of what the viewer may see.
pub async fn table(app: &App, school: &School, viewer: &Viewer, day: Option<NaiveDate>) -> Result<Table> {
    let mut tx = app.store().reading(school.corp()).await?;
    let found = table_in(app, &mut tx, school, viewer.scope(Action::SeeStatistics), day, None).await?;
    tx.commit().await?;
    Ok(found)
}

/// The same in a transaction, for those in a scope, of one department.
pub(crate) async fn table_in(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    scope: Scope,
    day: Option<NaiveDate>,
    department: Option<DepartmentId>,
) -> Result<Table> {
    let question = question(app, school, scope, day, department)?;
    let rows = movements::table(tx, &question).await?;
    let mut signed = movements::sign_offs(tx, school.corp(), question.day).await?;
    let total = rows.iter().map(|row| row.movement).sum();
    let with_signature = |row: Row| {
        let place = signed.iter().position(|sign_off| sign_off.department_id == row.department_id);
        let whole = question.scope.covers(&[Some(row.department_id)]);
        let signature = place.map(|place| Signature::of(signed.swap_remove(place), whole));
        (row, signature)
    };
    let rows = rows.into_iter().map(with_signature).collect();
    Ok(Table { day: question.day, as_of: app.now(), rows, total })
}

/// The people behind a number, by staff number; `after` is the last page's `next`. Who travels is on record as looked at.
pub async fn people(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<PersonRow>> {
    let Asked { day, department, which } = asked;
    let question = question(app, school, viewer.scope(Action::SeePeople), day, department)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = movements::people(&mut tx, &question, which, after, limit + 1).await?;
    let page = Page::cut(rows, limit, |row| row.number.clone());
    let travelled = page.items.iter().filter(|row| row.away || row.returned);
    let people = travelled.map(|row| row.person_id).collect();
    let tx = reading_budgets::look_at_list(app, school, viewer, tx, ("trip", WORK), people).await?;
    tx.commit().await?;
    Ok(page)
}

/// Signs a department's day, with the figures as they are known now.
pub async fn sign(
    app: &App,
    school: &School,
    viewer: &Viewer,
    day: NaiveDate,
    department: DepartmentId,
    note: Option<&str>,
) -> Result<()> {
    let scope = viewer.scope(Action::SignOff);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    // Of a department somebody looks after a part of, they can't sign the whole.
    if !scope.covers(&[Some(department)]) {
        return Err(Error::NotFound);
    }
    let now = app.now();
    let today = school.today(now);
    if day > today || today.checked_sub_days(SIGNED_WITHIN).is_some_and(|first| day < first) {
        return Err(Error::field("day", "只能确认今天和最近 7 天的流动情况"));
    }
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    if note.is_some_and(|note| !is_text(note, MAX_NOTE)) {
        return Err(Error::field("note", format!("备注最多 {MAX_NOTE} 个字，不能换行")));
    }
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let table = table_in(app, &mut tx, school, Scope::School, Some(day), Some(department)).await?;
    let row = table.rows.into_iter().find(|(row, _)| row.department_id == department);
    let (row, _) = row.ok_or(Error::NotFound)?;
    let movement = row.movement;
    let by = viewer.member;
    let new = NewSignOff { corp, day, department_id: department, movement, note, by, at: now };
    movements::sign(&mut tx, new).await?;
    tx.commit().await?;
    Ok(())
}

fn question(
    app: &App,
    school: &School,
    scope: Scope,
    day: Option<NaiveDate>,
    department: Option<DepartmentId>,
) -> Result<Question> {
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    if day.is_some_and(|day| clock::parse_day(&day.to_string()).is_none()) {
        return Err(Error::field("day", "请填 1900 到 2199 年之间的日期，例如 2020-03-04"));
    }
    let day = day.unwrap_or_else(|| school.today(app.now()));
    let staff = Question::of_roster(school.corp(), day, vec![PersonKind::Staff], scope);
    Ok(Question { under: department, ..staff })
}
