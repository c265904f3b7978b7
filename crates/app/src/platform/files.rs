//! The console's exports: figures of days, and 成员使用记录. All of a file is taken over, or nothing; what it changed is a change
//! set, which can be taken back.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    platform::{
        Source,
        line::{FIGURE_COLUMNS, FIGURE_NEEDED, FigureLine, USAGE_COLUMNS, USAGE_NEEDED, UsageLine},
    },
    policy::Viewer,
    roster::{Line, LineError},
};
use store::{
    Scoped,
    change_sets::{self, Act},
    platform::{self as rows, NewFigure, Origin, usage},
};

use super::administer;
use crate::{
    App, Error, Result, School,
    roster::{ImportError, table::Table},
};

const FIGURES: &str = "平台数据";
const USAGE: &str = "成员使用记录";

/// What a file of figures does, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FiguresOutcome {
    /// Rows of the file.
    pub rows: usize,
    /// Figures in them.
    pub figures: usize,
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last.
    pub to: Option<NaiveDate>,
    /// Which figures.
    pub metrics: Vec<&'static str>,
    /// Every wrong cell; nothing was written while there is one.
    pub errors: Vec<LineError>,
}

/// What an export of 成员使用记录 does, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageOutcome {
    /// Rows of the file.
    pub rows: usize,
    /// Members in them, each once.
    pub members: usize,
    /// The newest day it was exported, or that of the import.
    pub recorded_on: Option<NaiveDate>,
    /// Every wrong cell; nothing was written while there is one.
    pub errors: Vec<LineError>,
}

/// The lines of a file, or every cell that is wrong.
async fn lines<T: Send + 'static>(
    of: &'static str,
    (columns, needed): (&'static [&'static str], &'static [&'static str]),
    file: Vec<u8>,
    read: impl Fn(&Line<'_>) -> Result<T, Vec<LineError>> + Send + 'static,
) -> Result<Result<Vec<T>, Vec<LineError>>> {
    let found = tokio::task::spawn_blocking(move || -> Result<Vec<T>, ImportError> {
        let table = Table::read(of, columns, needed, &file)?;
        let (mut lines, mut errors) = (Vec::with_capacity(table.len()), Vec::new());
        for line in table.lines() {
            match read(&line) {
                Ok(line) => lines.push(line),
                Err(wrong) => errors.extend(wrong),
            }
        }
        table.fail_if_any(errors)?;
        Ok(lines)
    });
    match found.await.map_err(|error| Error::internal(error.to_string()))? {
        Ok(lines) => Ok(Ok(lines)),
        Err(ImportError::Lines { errors, .. }) => Ok(Err(errors)),
        Err(error) => Err(Error::field("file", error.to_string())),
    }
}

/// Keeps the figures of a file, which is called `name` by whoever brings it. With `write` false it is only looked at.
pub async fn add_figures(
    app: &App,
    school: &School,
    viewer: &Viewer,
    file: Vec<u8>,
    name: Option<&str>,
    write: bool,
) -> Result<FiguresOutcome> {
    administer(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let columns = (&FIGURE_COLUMNS[..], &FIGURE_NEEDED[..]);
    let lines = match lines(FIGURES, columns, file, move |line| FigureLine::read(line, today)).await? {
        Ok(lines) => lines,
        Err(errors) => return Ok(FiguresOutcome { errors, ..FiguresOutcome::default() }),
    };
    let figures: Vec<NewFigure> = lines.iter().flat_map(figures_of).collect();
    let metrics: BTreeSet<_> = figures.iter().map(|figure| figure.metric).collect();
    let days = || figures.iter().map(|figure| figure.day);
    let outcome = FiguresOutcome {
        rows: lines.len(),
        figures: figures.len(),
        from: days().min(),
        to: days().max(),
        metrics: metrics.into_iter().collect(),
        errors: Vec::new(),
    };
    if figures.is_empty() {
        return Err(Error::field(
            "file",
            "文件里没有认得的数据列；请保留 日期 列，并至少有一列数据，如 会议场次、参会人次、微盘使用人次",
        ));
    }
    if write {
        let origin =
            Origin { source: Source::Console.as_str(), as_of: now, by: Some(viewer.member), note: None };
        let mut tx = app.store().scoped(corp).await?;
        let changes = change_sets::begin(&mut tx).await?;
        rows::keep(&mut tx, corp, &figures, origin).await?;
        let title = format!("导入{FIGURES}{}：{} 行，{} 个数", called(name), outcome.rows, outcome.figures);
        note(&mut tx, viewer, changes, &title, now).await?;
        tx.commit().await?;
    }
    Ok(outcome)
}

/// Keeps what an import changed, so that it can be taken back.
async fn note(tx: &mut Scoped, viewer: &Viewer, changes: i64, title: &str, at: DateTime<Utc>) -> Result<()> {
    let corp = tx.corp();
    let act = Act { kind: "platform", run_id: None, title, by: Some(viewer.member), at };
    change_sets::end(tx, corp, changes, act).await?;
    Ok(())
}

fn called(name: Option<&str>) -> String {
    name.map(|name| format!("“{name}”")).unwrap_or_default()
}

fn figures_of(line: &FigureLine) -> impl Iterator<Item = NewFigure> {
    let of = |(metric, value): &(domain::platform::Metric, i64)| NewFigure {
        metric: metric.as_str(),
        part: String::new(),
        day: line.day,
        value: *value,
    };
    line.values.iter().map(of)
}

/// Keeps an export of 成员使用记录, which is called `name` by whoever brings it. With `write` false it is only looked at.
pub async fn add_usage(
    app: &App,
    school: &School,
    viewer: &Viewer,
    file: Vec<u8>,
    name: Option<&str>,
    write: bool,
) -> Result<UsageOutcome> {
    administer(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let columns = (&USAGE_COLUMNS[..], &USAGE_NEEDED[..]);
    let lines = match lines(USAGE, columns, file, move |line| read_usage(line, today)).await? {
        Ok(lines) => lines,
        Err(errors) => return Ok(UsageOutcome { errors, ..UsageOutcome::default() }),
    };
    let records: Vec<_> = lines.iter().map(|line| record(line, today)).collect();
    let members: BTreeSet<_> = records.iter().map(|one| (one.recorded_on, one.account.as_str())).collect();
    let outcome = UsageOutcome {
        rows: lines.len(),
        members: members.len(),
        recorded_on: records.iter().map(|one| one.recorded_on).max(),
        errors: Vec::new(),
    };
    if write {
        let mut tx = app.store().scoped(corp).await?;
        let changes = change_sets::begin(&mut tx).await?;
        usage::keep(&mut tx, corp, &records, viewer.member, now).await?;
        let title = format!("导入{USAGE}{}：{} 人", called(name), outcome.members);
        note(&mut tx, viewer, changes, &title, now).await?;
        tx.commit().await?;
    }
    tracing::debug!(corp, rows = outcome.rows, "an export of the console was read");
    Ok(outcome)
}

/// Nothing can be known of a day that is still to come.
fn read_usage(line: &Line<'_>, today: NaiveDate) -> Result<UsageLine, Vec<LineError>> {
    let read = UsageLine::read(line)?;
    let late = |day: Option<NaiveDate>| day.is_some_and(|day| day > today);
    let column = match (late(read.recorded_on), late(read.last_used_on)) {
        (true, _) => "recorded",
        (_, true) => "last_used",
        _ => return Ok(read),
    };
    let message = "还没有到这一天，请核对日期".into();
    Err(vec![LineError { line: line.number, column: column.into(), message }])
}

fn record(line: &UsageLine, today: NaiveDate) -> usage::NewRecord {
    usage::NewRecord {
        recorded_on: line.recorded_on.unwrap_or(today),
        account: line.account.clone(),
        name: line.name.clone(),
        place: line.place.clone(),
        state: line.state.as_str(),
        last_used_on: line.last_used_on,
        client: line.client.clone(),
    }
}
