//! 标签: what WeCom's administrators have tagged, to be looked at.

use chrono::NaiveDate;
use domain::{
    kinds::TagId,
    policy::{Action, Scope, Viewer},
};
use store::tags;

pub use store::tags::Counted;

use crate::{App, Error, Page, Result, School};

/// Tags with how many have them on a day (today if left out), by id; `after` is the last page's `next`. For those
/// who administer, or write to those who have them. How many is of the whole school: who writes to a part of it reads the names alone.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    day: Option<NaiveDate>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<Counted>> {
    if !viewer.may(Action::Administer) && !viewer.may(Action::Announce) {
        return Err(Error::Forbidden);
    }
    let today = school.today(app.now());
    let day = day.unwrap_or(today);
    if day > today || day < school.corp.records_begin_on {
        return Err(Error::field("day", "请选择有记录以来到今天之间的日期"));
    }
    let after: Option<TagId> = after.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let mut rows = tags::counted(&mut tx, school.corp(), day, after, limit + 1).await?;
    tx.commit().await?;
    if !viewer.may(Action::Administer) && viewer.scope(Action::Announce) != Scope::School {
        for row in &mut rows {
            (row.members, row.departments) = (None, None);
        }
    }
    Ok(Page::cut(rows, limit, |tag| tag.tag_id.to_string()))
}
