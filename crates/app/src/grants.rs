//! 授权: who holds which role over what, until when, what for and by whom; giving and ending it by hand.
//!
//! Nobody gives more than they hold there themselves (`Viewer::may_give`), and nobody gives anything to themselves. What
//! the directory or a roster gives is listed, and ended where it comes from.

use chrono::{Days, NaiveDate};
use domain::{
    DepartmentId,
    department::Kind,
    form::PersonKind,
    policy::{Action, LONGEST, Role, Scope, Viewer},
};
use store::{
    Scoped, departments,
    grants::by_hand::{self, End, Given, Question},
    words::Words,
};

pub use store::grants::by_hand::{Act, Row};

use crate::{App, Error, Page, Result, School};

/// Which grants.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Only of this role.
    pub role: Option<Role>,
    /// Only over this department, or one counted under it.
    pub department: Option<DepartmentId>,
    /// Only of people with this number, or this in their name.
    pub text: Option<&'a str>,
}

/// Over whose departments grants are read: all of them by who audits.
fn readable(viewer: &Viewer) -> Scope {
    match viewer.scope(Action::Audit) {
        Scope::School => Scope::School,
        Scope::Departments(_) => viewer.scope(Action::GiveGrants),
    }
}

fn question<'a>(app: &App, school: &School, scope: Scope, asked: Asked<'a>) -> Result<Question<'a>> {
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let Asked { role, department, text } = asked;
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.contains('\0')) {
        return Err(Error::field("text", "请输入姓名或学号、工号"));
    }
    Ok(Question { corp: school.corp(), scope, today: school.today(app.now()), role, department, text })
}

fn read_cursor(before: Option<&str>) -> Result<Option<i64>> {
    before.map(|key| key.parse().map_err(|_| crate::bad_cursor())).transpose()
}

/// A grant, and whether the viewer may end it.
#[derive(Debug, Clone)]
pub struct Held {
    /// The grant.
    pub row: Row,
    /// By hand it was given, and the viewer could give it.
    pub may_end: bool,
}

/// Grants that hold today over what the viewer may give grants over, and all of them for who audits, newest first; `before` is the last
/// page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked<'_>,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Held>> {
    let question = question(app, school, readable(viewer), asked)?;
    let before = read_cursor(before)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = by_hand::list(&mut tx, &question, before, limit + 1).await?;
    tx.commit().await?;
    Page::cut(rows, limit, |row| row.grant_id.to_string()).try_map(|row| {
        let may_end = row.source == "manual" && may_give(viewer, &row)?;
        Ok(Held { row, may_end })
    })
}

fn may_give(viewer: &Viewer, row: &Row) -> Result<bool> {
    let role = Role::parse(&row.role).ok_or_else(|| Error::internal("a role nobody knows"))?;
    Ok(viewer.may_give(role, &row.path()))
}

/// What was given and ended by hand, newest first: over what the viewer may give grants over, and all of it for who audits.
pub async fn acts(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Done>> {
    let scope = readable(viewer);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let before = read_cursor(before)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let acts = by_hand::acts(&mut tx, school.corp(), &scope, before, limit + 1).await?;
    tx.commit().await?;
    Page::cut(acts, limit, |act| act.act_id.to_string()).try_map(|act| {
        let words = Words { corp: school.corp(), person: act.person_id, at: act.made_at };
        let keyring = app.store().keyring();
        let open = |sealed| words.open(keyring, by_hand::reason_place, sealed);
        let reason = act.reason.as_ref().map(open).transpose()?;
        Ok(Done { act, reason })
    })
}

/// Something that was done by hand, as it is shown.
#[derive(Clone)]
pub struct Done {
    /// What.
    pub act: Act,
    /// Why it was ended.
    pub reason: Option<String>,
}

/// A role to be given.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Whose, by student or staff number.
    pub number: &'a str,
    /// What they are to be.
    pub role: Role,
    /// Over what.
    pub department: DepartmentId,
    /// What for.
    pub purpose: &'a str,
    /// The last day.
    pub last: NaiveDate,
}

/// What came of it, or would.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Whose it is.
    pub name: String,
    /// Their number.
    pub number: String,
    /// Where they are counted.
    pub place: Option<String>,
    /// False: they hold it already.
    pub added: bool,
}

/// Gives a role from today on. With `write` false it is only looked at.
pub async fn give(app: &App, school: &School, viewer: &Viewer, new: New<'_>, write: bool) -> Result<Outcome> {
    let question = question(app, school, viewer.scope(Action::GiveGrants), Asked::default())?;
    let (corp, today) = (question.corp, question.today);
    let purpose = new.purpose.trim();
    if purpose.is_empty() || purpose.chars().count() > 64 || purpose.contains('\0') {
        return Err(Error::field("purpose", "请写明用途，例如 2020年春季学期值班，不超过 64 字"));
    }
    let latest = today.checked_add_days(Days::new(LONGEST));
    if new.last < today || latest.is_none_or(|latest| new.last >= latest) {
        return Err(Error::field("last", "截止日期应在今天到 400 天以内，到期可再次授权"));
    }
    let until =
        new.last.checked_add_days(Days::new(1)).ok_or_else(|| Error::field("last", "截止日期无效"))?;
    let mut tx = app.store().scoped(corp).await?;
    over(&mut tx, viewer, new.role, new.department).await?;
    let person = find_person(&mut tx, viewer, &new, today).await?;
    let given = Given {
        corp,
        person: person.person_id,
        role: new.role,
        department: new.department,
        purpose,
        from: today,
        until,
        by: viewer.member,
        at: app.now(),
    };
    let added = if write {
        let added = by_hand::give(&mut tx, &given).await?;
        tx.commit().await?;
        added
    } else {
        !by_hand::holds(&mut tx, &given).await?
    };
    Ok(Outcome { name: person.name, number: person.number, place: person.department, added })
}

/// Whether the viewer may give this role over this department; what is not theirs looks as if it were not there.
async fn over(tx: &mut Scoped, viewer: &Viewer, role: Role, department: DepartmentId) -> Result<()> {
    let corp = tx.corp();
    let open = departments::open(tx, corp).await?;
    let found = open.iter().find(|one| one.department_id == department);
    let path = |one: &departments::Department| [Some(department), one.class_id, one.grade_id, one.college_id];
    let scope = viewer.scope(Action::GiveGrants);
    let found = found.filter(|one| scope.covers(&path(one)));
    let found = found.ok_or_else(|| Error::field("department", "没有这个部门，或不在您的范围内"))?;
    if !viewer.may_give(role, &path(found)) {
        return Err(Error::field("role", "您自己没有这个角色的全部权限，不能授予"));
    }
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == found.kind);
    if !kind.is_some_and(|kind| role.is_over(kind)) {
        return Err(Error::field("department", "这个角色不能授予在这类部门上，请换一个部门"));
    }
    Ok(())
}

async fn find_person(
    tx: &mut Scoped,
    viewer: &Viewer,
    new: &New<'_>,
    today: NaiveDate,
) -> Result<by_hand::Person> {
    let number = new.number.trim();
    let unknown = || Error::field("number", "名册里没有这个学号或工号的人，请核对");
    if number.is_empty() || number.contains('\0') {
        return Err(unknown());
    }
    let corp = tx.corp();
    let person = by_hand::person(tx, corp, number, today).await?.ok_or_else(unknown)?;
    let kind = if person.kind == "staff" { PersonKind::Staff } else { PersonKind::Student };
    // Others' students are nobody one could name, and who helps with a class is one of it.
    let is_seen = kind == PersonKind::Staff || viewer.scope(Action::SeePeople).covers(&person.path());
    let is_of_it = new.role != Role::ClassAssistant || person.class_id == Some(new.department);
    if !is_seen || kind == PersonKind::Student && !is_of_it {
        return Err(unknown());
    }
    if !new.role.is_for(kind) {
        return Err(Error::field(
            "number",
            match kind {
                PersonKind::Staff => "学生干部只能授予本班学生，请填学号",
                PersonKind::Student => "这个角色只能授予教职工，请填工号",
            },
        ));
    }
    // Who is called as one's own account is may become oneself.
    let is_own = viewer.person.as_ref().is_some_and(|own| own.id == person.person_id);
    if is_own || person.number.eq_ignore_ascii_case(&viewer.userid) {
        return Err(Error::field("number", "不能给自己授权，请由其他有权限的人办理"));
    }
    Ok(person)
}

/// Ends a grant from today on, with the reason.
pub async fn end(app: &App, school: &School, viewer: &Viewer, grant: i64, reason: &str) -> Result<()> {
    let question = question(app, school, viewer.scope(Action::GiveGrants), Asked::default())?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 200 || reason.contains('\0') {
        return Err(Error::field("reason", "请写明结束原因，不超过 200 字"));
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    let row = by_hand::find(&mut tx, &question, grant).await?.ok_or(Error::NotFound)?;
    let elsewhere = match row.source.as_str() {
        "directory" => Some("随企业微信通讯录的部门负责人自动授予，请在企业微信管理后台取消负责人"),
        "roster" => Some("由名册授予，请在名册文件里修改后重新导入"),
        _ => None,
    };
    if let Some(message) = elsewhere {
        return Err(Error::field("id", message));
    }
    if !may_give(viewer, &row)? {
        return Err(Error::NotFound);
    }
    let (corp, today) = (question.corp, question.today);
    let end = End { corp, grant, reason: Some(reason), by: viewer.member, at: app.now(), today };
    if !by_hand::end(&mut tx, app.store().keyring(), None, &end).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
