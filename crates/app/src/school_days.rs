//! 校历: which days are off and which weekends are made up for, day by day or pasted as a list.

use chrono::NaiveDate;
use domain::{
    policy::{Action, Viewer},
    reminder::calendar::{self, ListedDay},
};
use store::school_days as rows;

pub use store::school_days::Row;

use crate::{App, Error, FieldError, Result, School};

fn may_change(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// What is said of the days of a year.
pub async fn list(app: &App, school: &School, viewer: &Viewer, year: i32) -> Result<Vec<Row>> {
    if !viewer.may(Action::Administer) && !viewer.may(Action::Remind) {
        return Err(Error::Forbidden);
    }
    let begins = |year| NaiveDate::from_ymd_opt(year, 1, 1).filter(|_| (1900..2200).contains(&year));
    let (Some(from), Some(until)) = (begins(year), begins(year + 1)) else {
        return Err(Error::field("year", "请填 1900 到 2198 年之间的年份"));
    };
    let mut tx = app.store().scoped(school.corp()).await?;
    let days = rows::list(&mut tx, school.corp(), from, until).await?;
    tx.commit().await?;
    Ok(days)
}

/// What a list does, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Days of the list.
    pub days: usize,
    /// Days that are not as they were.
    pub changed: usize,
}

/// Says of the days of a pasted list what they are: all of it, or nothing. With `write` false it is only looked at.
pub async fn put_list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    text: &str,
    write: bool,
) -> Result<Listed> {
    may_change(viewer)?;
    let days = calendar::read_list(text).map_err(|wrong| {
        let told = wrong.into_iter().take(20);
        let told = told.map(|(line, problem)| FieldError {
            field: format!("text.{line}"),
            message: format!("第 {line} 行：{problem}"),
        });
        Error::Invalid(told.collect())
    })?;
    if days.is_empty() {
        return Err(Error::field("text", "请粘贴日期，每行一天或一段，例如 2020-05-01,放假,劳动节"));
    }
    put(app, school, viewer, days, write).await
}

async fn put(
    app: &App,
    school: &School,
    viewer: &Viewer,
    mut days: Vec<ListedDay>,
    write: bool,
) -> Result<Listed> {
    // Of a day that is named twice the last word counts.
    days.reverse();
    days.sort_by_key(|one| one.day);
    days.dedup_by_key(|one| one.day);
    let mut tx = app.store().scoped(school.corp()).await?;
    let changed = rows::put(&mut tx, school.corp(), &days, viewer.member, app.now()).await?;
    if write {
        tx.commit().await?;
    }
    Ok(Listed { days: days.len(), changed })
}

/// Says of one day what it is.
pub async fn set(app: &App, school: &School, viewer: &Viewer, day: ListedDay) -> Result<()> {
    may_change(viewer)?;
    if day.name.chars().count() > 20 || day.name.chars().any(char::is_control) {
        return Err(Error::field("name", "名称不超过 20 字"));
    }
    if domain::clock::parse_day(&day.day.to_string()).is_none() {
        return Err(Error::field("day", "请填 1900 到 2199 年之间的日期"));
    }
    put(app, school, viewer, vec![day], true).await?;
    Ok(())
}

/// Takes back what was said of a day: its weekday decides. Where nothing was said this changes nothing.
pub async fn remove(app: &App, school: &School, viewer: &Viewer, day: NaiveDate) -> Result<()> {
    may_change(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    rows::remove(&mut tx, school.corp(), day, viewer.member, app.now()).await?;
    tx.commit().await?;
    Ok(())
}
