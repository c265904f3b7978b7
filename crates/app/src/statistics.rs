//! Figures of a form on a day, and the people behind each number.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    DepartmentId, clock,
    exemption::ExemptionKind,
    policy::{Action, Scope, Viewer},
    statistics::Counts,
};
use store::{expected::Question, sign_offs, statistics};

mod categories;
mod figured;
mod span;

pub(crate) use categories::categories_in;
pub use categories::{Categories, CategoryRow, FieldCategories, categories};
pub use figured::{Figured, FiguredSlot, forms};
pub(crate) use span::span_in;
pub use span::{MOST_DAYS, OfDay, Span, Spanned, span};
pub use store::statistics::{By, Fact, PersonRow, Row, Which};

use crate::{App, Error, Page, Result, School, forms as asked_forms, reading_budgets, roll};

/// A table of figures.
#[derive(Debug, Clone)]
pub struct Table {
    /// The day.
    pub day: NaiveDate,
    /// The slot of the day.
    pub slot: i16,
    /// The hour the day's figures are read.
    pub cutoff_at: DateTime<Utc>,
    /// The hour these were true.
    pub as_of: DateTime<Utc>,
    /// By department, in the directory's order.
    pub rows: Vec<Row>,
    /// Their sum.
    pub total: Counts,
    /// 已签报: when a class or college of these was signed off, as far as that stands.
    pub signed: HashMap<DepartmentId, DateTime<Utc>>,
}

/// What to count.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The form's code.
    pub form: &'a str,
    /// The day; today if left out.
    pub day: Option<NaiveDate>,
    /// The slot; if left out, the last that has begun.
    pub slot: Option<i16>,
    /// Only those counted under this department.
    pub department: Option<DepartmentId>,
}

/// The figures of what the viewer may see, grouped.
pub async fn table(app: &App, school: &School, viewer: &Viewer, asked: Asked<'_>, by: By) -> Result<Table> {
    let mut tx = app.store().reading(school.corp()).await?;
    let (_, table) = table_in(app, &mut tx, school, viewer.scope(Action::SeeStatistics), asked, by).await?;
    tx.commit().await?;
    Ok(table)
}

/// The same in a transaction, for those in a scope.
pub(crate) async fn table_in(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    scope: Scope,
    asked: Asked<'_>,
    by: By,
) -> Result<(asked_forms::Loaded, Table)> {
    let now = app.now();
    let (loaded, question) = question_of(app, tx, school, scope, asked).await?;
    let rows = roll::of(app, tx, &question).await?.by(by);
    let total = rows.iter().map(|row| row.counts).sum();
    let mut signed = sign_offs::signed(tx, question.corp, question.form_id, question.period).await?;
    signed.retain(|id, _| rows.iter().any(|row| row.department.as_ref().is_some_and(|(own, _)| own == id)));
    let cutoff_at = cutoff_at(school, &loaded, &question, now)?;
    let table =
        Table { day: question.day, slot: question.period.slot, cutoff_at, as_of: now, rows, total, signed };
    Ok((loaded, table))
}

/// How a figure came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The day.
    pub day: NaiveDate,
    /// 在册: those of the roster whom the form asks.
    pub enrolled: i64,
    /// 免报, by kind, those with anyone.
    pub exempt: Vec<(ExemptionKind, i64)>,
    /// 应报: enrolled less exempt.
    pub expected: i64,
    /// How enrolled differs from the day before.
    pub changed: Changed,
}

/// Who is asked and was not on the day before, and the other way round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// On the roster since that day.
    pub arrived: i64,
    /// From another department, or back.
    pub moved_in: i64,
    /// Into another department, or away.
    pub moved_out: i64,
    /// On the roster until the day before.
    pub left: i64,
}

/// Explains how many are expected: enrolled − leave − internship − … = expected.
pub async fn explain(app: &App, school: &School, viewer: &Viewer, asked: Asked<'_>) -> Result<Explanation> {
    let mut tx = app.store().reading(school.corp()).await?;
    let (_, question) = question(app, &mut tx, school, viewer, Action::SeeStatistics, asked).await?;
    let parts = question.explain(&mut tx).await?;
    let changed = question.changed(&mut tx).await?;
    tx.commit().await?;
    let people = |kind: Option<&str>| {
        parts.iter().filter(|part| part.kind.as_deref() == kind).map(|part| part.people).sum::<i64>()
    };
    let exempt = ExemptionKind::ALL.into_iter().map(|kind| (kind, people(Some(kind.as_str()))));
    let changes = |kind: &str| {
        changed.iter().find(|part| part.kind.as_deref() == Some(kind)).map_or(0, |part| part.people)
    };
    Ok(Explanation {
        changed: Changed {
            arrived: changes("arrived"),
            moved_in: changes("moved_in"),
            moved_out: changes("moved_out"),
            left: changes("left"),
        },
        day: question.day,
        enrolled: parts.iter().map(|part| part.people).sum(),
        exempt: exempt.filter(|(_, people)| *people > 0).collect(),
        expected: people(None),
    })
}

/// The people behind a number, by student or staff number; `after` is the last page's `next`. Whoever is shown to be abnormal was looked
/// at, whatever the list was asked for. Categories are of questions that are not sensitive: whoever is in one was not.
pub async fn people(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked<'_>,
    (which, fact): (Which, Option<Fact<'_>>),
    after: Option<&str>,
    limit: i64,
) -> Result<Page<PersonRow>> {
    let mut tx = app.store().scoped(school.corp()).await?;
    let (_, question) = question(app, &mut tx, school, viewer, Action::SeePeople, asked).await?;
    let rows = statistics::people(&mut tx, &question, which, fact, after, limit + 1).await?;
    let page = Page::cut(rows, limit, |row| row.number.clone());
    let abnormal = page.items.iter().filter(|row| row.is_abnormal()).map(|row| row.person_id).collect();
    let tx =
        reading_budgets::look_at_list(app, school, viewer, tx, ("state", "statistics"), abnormal).await?;
    tx.commit().await?;
    Ok(page)
}

/// Who is expected, as far as the viewer may do `action`; nobody at all is an error.
pub(crate) async fn question(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    viewer: &Viewer,
    action: Action,
    asked: Asked<'_>,
) -> Result<(asked_forms::Loaded, Question)> {
    question_of(app, tx, school, viewer.scope(action), asked).await
}

/// Who is expected, of those in a scope; nobody at all is an error.
pub(crate) async fn question_of(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    scope: Scope,
    asked: Asked<'_>,
) -> Result<(asked_forms::Loaded, Question)> {
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    if asked.day.is_some_and(|day| clock::parse_day(&day.to_string()).is_none()) {
        return Err(Error::field("day", "请填 1900 到 2199 年之间的日期，例如 2020-03-04"));
    }
    let loaded = asked_forms::current(app, tx, asked.form).await?;
    let now = app.now();
    let day = asked.day.unwrap_or_else(|| school.today(now));
    let turn = loaded.turn_of(school, day, asked.slot, now);
    let slot = turn.ok_or_else(|| Error::field("slot", "这张表单没有这个时段"))?.period.slot;
    let question = Question { under: asked.department, ..loaded.question(school.corp(), day, slot, scope) };
    Ok((loaded, question))
}

/// The hour a question's figures are read.
fn cutoff_at(
    school: &School,
    loaded: &asked_forms::Loaded,
    question: &Question,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    let turn = loaded.turn_of(school, question.day, Some(question.period.slot), now);
    Ok(turn.ok_or_else(|| Error::internal("a question without a turn"))?.window.cutoff_at)
}
