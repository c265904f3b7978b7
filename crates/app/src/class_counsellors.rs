//! Classes and their counsellors (班级与辅导员): which class has none, which student no class, and naming one by hand.

use chrono::{Days, Months, NaiveDate};
use domain::{
    DepartmentId,
    policy::{Action, Role, Scope, Viewer},
};
use store::{
    class_counsellors::{self, Question},
    grants::by_hand::{self, End, Given},
};

pub use store::class_counsellors::{Class, Counsellor, Gaps, WithoutClass};

use crate::{App, Error, Page, Result, School};

/// Administrators see the gaps of the whole school; an office those of its own.
fn question(app: &App, school: &School, viewer: &Viewer) -> Result<Question> {
    let scope =
        if viewer.may(Action::Administer) { Scope::School } else { viewer.scope(Action::AppointCounsellors) };
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    Ok(Question { corp: school.corp(), scope, today: school.today(app.now()) })
}

fn path(class: &Class) -> [Option<DepartmentId>; 3] {
    [Some(class.class_id), class.grade_id, class.college_id]
}

/// A class, its counsellors, and whether the viewer may name one.
#[derive(Debug, Clone)]
pub struct Row {
    /// The class.
    pub class: Class,
    /// Its counsellors today.
    pub counsellors: Vec<Counsellor>,
    /// Whether the viewer may name and end.
    pub may_appoint: bool,
}

/// A page of classes, and what is left to be put in order.
#[derive(Debug, Clone)]
pub struct Classes {
    /// By college.
    pub page: Page<Row>,
    /// Of all the viewer may see.
    pub gaps: Gaps,
}

/// Classes by college; with `without` only those that have students and no counsellor. `after` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    without: bool,
    after: Option<&str>,
    limit: i64,
) -> Result<Classes> {
    let question = question(app, school, viewer)?;
    let after = match after {
        None => None,
        Some(key) => {
            let (college, class) = key.split_once(' ').ok_or_else(crate::bad_cursor)?;
            let read = |number: &str| number.parse().map_err(|_| crate::bad_cursor());
            Some((read(college)?, read(class)?))
        }
    };
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = class_counsellors::list(&mut tx, &question, without, after, limit + 1).await?;
    let ids: Vec<DepartmentId> = rows.iter().map(|row| row.class_id).collect();
    let counsellors = class_counsellors::of_classes(&mut tx, school.corp(), &ids, question.today).await?;
    let gaps = class_counsellors::gaps(&mut tx, &question).await?;
    tx.commit().await?;
    let page = Page::cut(rows, limit, |row| format!("{} {}", row.college_id.unwrap_or(0), row.class_id));
    let page = page.try_map(|class| {
        let own = counsellors.iter().filter(|one| one.class_id == class.class_id).cloned().collect();
        Ok::<_, Error>(Row { may_appoint: viewer.may_appoint(&path(&class)), counsellors: own, class })
    })?;
    Ok(Classes { page, gaps })
}

/// Students on the roster who are in no class, by number; `after` is the last page's `next`.
pub async fn without_class(
    app: &App,
    school: &School,
    viewer: &Viewer,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<WithoutClass>> {
    let question = question(app, school, viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = class_counsellors::without_class(&mut tx, &question, after, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |row| row.number.clone()))
}

/// Somebody to be a class's counsellor.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// Staff number.
    pub number: &'a str,
    /// What for.
    pub purpose: &'a str,
    /// The last day.
    pub last: NaiveDate,
}

/// Names a counsellor for a class from today on, for a year at most; nobody names themselves. False when they are it already.
pub async fn appoint(
    app: &App,
    school: &School,
    viewer: &Viewer,
    class: DepartmentId,
    named: Named<'_>,
) -> Result<bool> {
    if !viewer.may(Action::AppointCounsellors) {
        return Err(Error::Forbidden);
    }
    let question = question(app, school, viewer)?;
    let (corp, now, today) = (school.corp(), app.now(), question.today);
    let purpose = named.purpose.trim();
    if purpose.is_empty() || purpose.chars().count() > 64 {
        return Err(Error::field("purpose", "请写明用途，例如 2019级新生带班，不超过 64 字"));
    }
    let latest = today.checked_add_months(Months::new(12));
    if named.last < today || latest.is_none_or(|latest| named.last >= latest) {
        return Err(Error::field("last", "截止日期应在今天到一年以内，到期可再次指定"));
    }
    let until =
        named.last.checked_add_days(Days::new(1)).ok_or_else(|| Error::field("last", "截止日期无效"))?;
    let mut tx = app.store().scoped(corp).await?;
    let found = class_counsellors::find(&mut tx, &question, class).await?;
    let found = found.filter(|class| viewer.may_appoint(&path(class))).ok_or(Error::NotFound)?;
    let person = class_counsellors::staff(&mut tx, corp, named.number.trim(), today).await?;
    let person = person.ok_or_else(|| Error::field("number", "名册里没有这个工号的在职教职工，请核对"))?;
    if viewer.person.as_ref().is_some_and(|own| own.id == person) {
        return Err(Error::field("number", "不能给自己授权，请由其他有权限的人办理"));
    }
    let new = Given {
        corp,
        person,
        role: Role::Counsellor,
        department: found.class_id,
        purpose,
        from: today,
        until,
        by: viewer.member,
        at: now,
    };
    let added = by_hand::give(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(added)
}

/// Ends, from today on, what was given by hand. What the roster or the directory gives is ended there.
pub async fn end(app: &App, school: &School, viewer: &Viewer, grant: i64) -> Result<()> {
    if !viewer.may(Action::AppointCounsellors) {
        return Err(Error::Forbidden);
    }
    let question = question(app, school, viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let class = class_counsellors::class_of(&mut tx, corp, grant).await?.ok_or(Error::NotFound)?;
    let found = class_counsellors::find(&mut tx, &question, class).await?;
    found.filter(|class| viewer.may_appoint(&path(class))).ok_or(Error::NotFound)?;
    let end = End { corp, grant, reason: None, by: viewer.member, at: now, today: question.today };
    if !by_hand::end(&mut tx, app.store().keyring(), Some(Role::Counsellor), &end).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
