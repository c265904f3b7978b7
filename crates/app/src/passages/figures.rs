//! 进出查询表, 进出统计表, who is inside, who has not come back.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::{
    DepartmentId, PersonId, clock,
    gate::{Direction, KEPT_DAYS},
    policy::{Action, Scope, Viewer},
};
use store::{
    Scoped,
    passages::{self, GateHour, Inside, Outsider, Picked, Question, Row, Unit},
};

use super::looks::{self, LOOK, shown_abnormal};
use crate::{
    App, Error, Page, Result, School, page,
    reading_budgets::{self, WORK},
};

/// How far back passages are kept.
const KEPT: TimeDelta = TimeDelta::days(KEPT_DAYS);
/// How long before a moment somebody may have left to be missed at it.
const MISSED: TimeDelta = TimeDelta::days(7);

fn question(school: &School, viewer: &Viewer, action: Action) -> Result<Question> {
    let scope = viewer.scope(action);
    if scope.is_empty() { Err(Error::Forbidden) } else { Ok(question_in(school, scope)) }
}

/// The same where the scope is known.
pub(crate) fn question_in(school: &School, scope: Scope) -> Question {
    Question { corp: school.corp(), scope, zone: school.zone.name().to_owned() }
}

/// Days, both included; today where they are left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// The first.
    pub from: Option<NaiveDate>,
    /// The last.
    pub to: Option<NaiveDate>,
}

impl Span {
    /// From when until before when; `None` of a bound that was left out.
    fn moments(self, school: &School) -> Result<[Option<DateTime<Utc>>; 2]> {
        for (field, day) in [("from", self.from), ("to", self.to)] {
            if day.is_some_and(|day| !(1900..2200).contains(&day.year())) {
                return Err(Error::field(field, "请填日期，例如 2020-03-04"));
            }
        }
        let midnight = |day: NaiveDate| clock::instant(school.zone, day, NaiveTime::MIN);
        Ok([self.from.map(midnight), self.to.map(|day| clock::end_of_day(school.zone, day))])
    }

    /// The same with both bounds. `field` is the one that says from when.
    fn whole(self, app: &App, school: &School, field: &str) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
        let today = school.today(app.now());
        let to = self.to.or(self.from).unwrap_or(today);
        let from = self.from.unwrap_or(to);
        if to < from {
            return Err(Error::field("to", "结束日期早于开始日期，请核对"));
        }
        // Of the day before, passages are forgotten hour by hour: half a day is no figure.
        let first = today - TimeDelta::days(KEPT_DAYS - 1);
        if from < first {
            return Err(Error::field(
                field,
                format!("进出记录只保留 {KEPT_DAYS} 天，请选择 {first} 或以后的日期"),
            ));
        }
        if (to - from).num_days() >= KEPT_DAYS {
            return Err(Error::field("to", format!("一次最多统计 {KEPT_DAYS} 天，请缩短时间")));
        }
        let span = Self { from: Some(from), to: Some(to) };
        let [Some(from), Some(until)] = span.moments(school)? else {
            return Err(Error::internal("a span without ends"));
        };
        Ok((from, until))
    }
}

/// Which passages. What is left out picks nothing away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// Of these days.
    pub span: Span,
    /// At this gate.
    pub gate: Option<i64>,
    /// Of this zone.
    pub zone: Option<i64>,
    /// Which way.
    pub direction: Option<Direction>,
    /// Counted under this department.
    pub department: Option<DepartmentId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// Only those let through, or only those that were not.
    pub allowed: Option<bool>,
    /// Only those somebody should look at.
    pub flagged: bool,
    /// Only visitors'.
    pub visitors: bool,
}

/// What is asked, for the store.
pub(crate) fn picked_of(school: &School, asked: Asked) -> Result<Picked> {
    let [from, until] = asked.span.moments(school)?;
    Ok(Picked {
        from,
        until,
        gate: asked.gate,
        of_zone: asked.zone,
        direction: asked.direction.map(Direction::as_str),
        under: asked.department,
        person: asked.person,
        allowed: asked.allowed,
        flagged: asked.flagged,
        visitors: asked.visitors,
    })
}

/// 进出查询表: passages, the newest first; `before` is the last page's `next`. Whose they are is on record as a look, and of whom they
/// say that their report is abnormal.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Row>> {
    let question = question(school, viewer, Action::SeePassages)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let page = list_in(&mut tx, &question, &picked_of(school, asked)?, before, limit).await?;
    let people = page.items.iter().filter_map(|row| row.person_id).collect();
    let abnormal = page.items.iter().filter_map(shown_abnormal).collect();
    let tx = looks::in_list(app, school, viewer, tx, people, abnormal).await?;
    tx.commit().await?;
    Ok(page)
}

/// The viewer's own last passages, the newest first; nothing where the roster does not know them.
pub async fn own(app: &App, school: &School, viewer: &Viewer, limit: i64) -> Result<Vec<Row>> {
    let Some(person) = &viewer.person else { return Ok(Vec::new()) };
    let asked = Asked { person: Some(person.id), ..Asked::default() };
    // Of nobody but themselves, wherever they were then.
    let question = question_in(school, Scope::School);
    let mut tx = app.store().reading(school.corp()).await?;
    let rows = passages::list(&mut tx, &question, &picked_of(school, asked)?, None, limit).await?;
    tx.commit().await?;
    Ok(rows)
}

/// The same within a transaction.
pub(crate) async fn list_in(
    tx: &mut Scoped,
    question: &Question,
    picked: &Picked,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Row>> {
    let before = before.map(page::parse_moment).transpose()?;
    let rows = passages::list(tx, question, picked, before, limit + 1).await?;
    Ok(Page::cut(rows, limit, |row| page::moment(row.at, row.passage_id)))
}

/// Where people are now, by zone.
pub async fn inside(
    app: &App,
    school: &School,
    viewer: &Viewer,
    department: Option<DepartmentId>,
) -> Result<Vec<Inside>> {
    let question = question(school, viewer, Action::SeePassageFigures)?;
    let today = school.today(app.now());
    let mut tx = app.store().reading(school.corp()).await?;
    let rows = passages::inside(&mut tx, &question, today, department).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Passages of a day by gate and hour.
pub async fn by_hour(
    app: &App,
    school: &School,
    viewer: &Viewer,
    day: Option<NaiveDate>,
    department: Option<DepartmentId>,
) -> Result<Vec<GateHour>> {
    let question = question(school, viewer, Action::SeePassageFigures)?;
    let moments = Span { from: day, to: day }.whole(app, school, "day")?;
    let mut tx = app.store().reading(school.corp()).await?;
    let rows = passages::by_hour(&mut tx, &question, moments, department).await?;
    tx.commit().await?;
    Ok(rows)
}

/// By what a table is grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// 学院
    College,
    /// 班级
    Class,
    /// 日期
    Day,
}

/// 进出统计表
pub async fn table(
    app: &App,
    school: &School,
    viewer: &Viewer,
    span: Span,
    department: Option<DepartmentId>,
    by: By,
) -> Result<Vec<Unit>> {
    let question = question(school, viewer, Action::SeePassageFigures)?;
    let mut tx = app.store().reading(school.corp()).await?;
    let rows = table_in(app, &mut tx, school, &question, (span, department), by).await?;
    tx.commit().await?;
    Ok(rows)
}

/// The same within a transaction.
pub(crate) async fn table_in(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    question: &Question,
    (span, department): (Span, Option<DepartmentId>),
    by: By,
) -> Result<Vec<Unit>> {
    let moments = span.whole(app, school, "from")?;
    let by = match by {
        By::College => "college",
        By::Class => "class",
        By::Day => "day",
    };
    Ok(passages::table(tx, question, moments, department, by).await?)
}

/// Of which zone, and of whom; when they should have been back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Missed {
    zone: i64,
    under: Option<DepartmentId>,
    /// The day of the roster.
    today: NaiveDate,
    by: DateTime<Utc>,
}

/// Who is missed at a moment, now if it is left out.
pub(crate) fn missed(
    app: &App,
    school: &School,
    (zone, under): (i64, Option<DepartmentId>),
    by: Option<DateTime<Utc>>,
) -> Result<Missed> {
    let now = app.now();
    let by = by.unwrap_or(now);
    if by > now || by < now - KEPT {
        return Err(Error::field("at", format!("请填过去 {} 天内的时间", KEPT.num_days())));
    }
    Ok(Missed { zone, under, today: school.today(by), by })
}

/// 未归: who was outside of a zone at a moment, now if it is left out; `after` is the last page's `next`. They are on record as
/// looked at.
pub async fn outside(
    app: &App,
    school: &School,
    viewer: &Viewer,
    of: (i64, Option<DepartmentId>),
    by: Option<DateTime<Utc>>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<Outsider>> {
    let question = question(school, viewer, Action::SeePassages)?;
    let missed = missed(app, school, of, by)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    if store::gates::known_zones(&mut tx, school.corp(), &[missed.zone]).await?.is_empty() {
        return Err(Error::NotFound);
    }
    let page = outside_in(&mut tx, &question, missed, after, limit).await?;
    let people = page.items.iter().map(|row| row.person_id).collect();
    let tx = reading_budgets::look_at_list(app, school, viewer, tx, (LOOK, WORK), people).await?;
    tx.commit().await?;
    Ok(page)
}

/// The same within a transaction; of a zone that is none, nobody.
pub(crate) async fn outside_in(
    tx: &mut Scoped,
    question: &Question,
    Missed { zone, under, today, by }: Missed,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<Outsider>> {
    let moments = (today, by - MISSED, by);
    let rows = passages::outside(tx, question, (zone, under), moments, after, limit + 1).await?;
    Ok(Page::cut(rows, limit, |row| row.number.clone()))
}

/// How many they are.
pub(crate) async fn count_outside_in(
    tx: &mut Scoped,
    question: &Question,
    Missed { zone, under, today, by }: Missed,
) -> Result<i64> {
    Ok(passages::count_outside(tx, question, (zone, under), (today, by - MISSED, by)).await?)
}
