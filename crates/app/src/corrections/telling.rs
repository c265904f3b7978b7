//! Who hears of a request: those whose turn it is, and in the end the member. Of whom it is, is never said.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{PersonId, policy::Role};
use store::{Scoped, corrections as rows};

use crate::{
    App, Result, School,
    notices::{self, Notice},
};

/// How long the word about a request is of use.
const USEFUL: TimeDelta = TimeDelta::hours(24);

/// Tells a person's counsellors.
pub(super) async fn tell_counsellors(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    counsellors: Vec<String>,
    id: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    let path = format!("/h5/corrections?request={id}");
    notices::tell(app, tx, school, counsellors, to_check(&path), now).await
}

fn to_check(path: &str) -> Notice<'_> {
    Notice {
        title: "信息更正待核对",
        description: "有 1 条信息更正待核对。",
        path,
        button: "去核对",
        useful_for: USEFUL,
        urgent: false,
        occasion: None,
    }
}

/// Tells the nearest office that has somebody to be told; where there is none, the administrators, who can appoint one.
pub(super) async fn tell_office(
    app: &App,
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
        urgent: false,
        occasion: None,
    };
    for role in [Role::CollegeOffice, Role::SchoolOffice] {
        let to = rows::in_charge(tx, corp, role, person, today).await?;
        if !to.is_empty() {
            return notices::tell(app, tx, school, to, notice, now).await;
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
    notices::tell(app, tx, school, to, Notice { description, ..notice }, now).await
}

/// Tells the member that it has ended.
pub(super) async fn tell_member(
    app: &App,
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
        urgent: false,
        occasion: None,
    };
    notices::tell(app, tx, school, vec![userid], notice, now).await
}
