//! Making and changing rules. Every act is noted with what the rule is since then.

use domain::{policy::Viewer, reminder::Rule};
use store::{
    Scoped, outbox,
    reminder_rules::{self as rows, Act, Row},
};

use super::{Shown, may_change};
use crate::{App, Error, FieldError, Result, School, forms};

/// A rule to be made.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// The form's code.
    pub form: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// What it is.
    pub rule: &'a Rule,
}

/// Everything that is wrong with a rule, told together.
pub(super) fn check(name: Option<&str>, rule: &Rule) -> Result<()> {
    let mut wrong: Vec<FieldError> = Vec::new();
    if name.is_some_and(|name| name.is_empty() || name.chars().count() > 30 || name.contains('\0')) {
        wrong.push(FieldError { field: "name".into(), message: "请填写名称，不超过 30 字".into() });
    }
    let flaws = rule.check().into_iter();
    wrong.extend(flaws.map(|flaw| FieldError { field: flaw.field.into(), message: flaw.problem }));
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}

/// The form of a rule, which must be asked of people who can leave it unreported.
pub(super) async fn form_of(app: &App, tx: &mut Scoped, code: &str, rule: &Rule) -> Result<forms::Loaded> {
    let loaded = match forms::current(app, tx, code).await {
        Err(Error::NotFound) => return Err(Error::field("form", "没有这张已发布的表单，请重新选择")),
        loaded => loaded?,
    };
    let form = &loaded.published.form;
    if form.is_event() {
        return Err(Error::field("form", "随时填报的表单没有未报名单，不能设置提醒"));
    }
    if rule.kinds.as_ref().is_some_and(|kinds| !kinds.iter().any(|kind| form.audience.kinds.contains(kind))) {
        return Err(Error::field("kinds", "这张表单不由所选的人填写"));
    }
    Ok(loaded)
}

/// Makes a rule, at work at once. The same again is the same rule.
pub async fn create(app: &App, school: &School, viewer: &Viewer, draft: Draft<'_>) -> Result<Shown> {
    may_change(viewer)?;
    let (corp, now, name) = (school.corp(), app.now(), draft.name.trim());
    check(Some(name), draft.rule)?;
    let mut tx = app.store().scoped(corp).await?;
    let form_id = form_of(app, &mut tx, draft.form, draft.rule).await?.form_id;
    let rule_id = match rows::add(&mut tx, corp, form_id, name, draft.rule).await? {
        Some(rule_id) => {
            let by = Some(viewer.member);
            let act = Act { rule_id, act: "created", name, rule: draft.rule, by, at: now };
            rows::note(&mut tx, corp, act).await?;
            rule_id
        }
        None => {
            let known = rows::named(&mut tx, corp, form_id, name).await?;
            let same = known.filter(|known| known.rule().is_ok_and(|rule| rule == *draft.rule));
            same.ok_or_else(|| Error::field("name", "这张表单已有同名的提醒规则，请换一个名称"))?.rule_id
        }
    };
    let made = rows::find(&mut tx, corp, rule_id, false).await?.ok_or(Error::NotFound)?;
    let shown = Shown::one(&mut tx, made).await?;
    tx.commit().await?;
    Ok(shown)
}

/// Changes a rule, if nobody changed it since revision `seen`. The same again changes nothing.
pub async fn change(
    app: &App,
    school: &School,
    viewer: &Viewer,
    id: i64,
    seen: i32,
    draft: Draft<'_>,
) -> Result<Shown> {
    may_change(viewer)?;
    let (corp, name) = (school.corp(), draft.name.trim());
    check(Some(name), draft.rule)?;
    let mut tx = app.store().scoped(corp).await?;
    let row = held(&mut tx, school, id).await?;
    if row.form_code != draft.form {
        return Err(Error::field("form", "规则的表单不能更换，请另建一条规则"));
    }
    if row.state == "ended" {
        return Err(Error::field("state", "已结束的规则不能再改，请另建一条规则"));
    }
    form_of(app, &mut tx, draft.form, draft.rule).await?;
    if row.name != name || row.rule()? != *draft.rule {
        if row.revision != seen {
            return Err(Error::Overtaken("这条规则刚刚被别人改过，请刷新后再改".into()));
        }
        let known = rows::named(&mut tx, corp, row.form_id, name).await?;
        if known.is_some_and(|known| known.rule_id != id) {
            return Err(Error::field("name", "这张表单已有同名的提醒规则，请换一个名称"));
        }
        rows::change(&mut tx, corp, id, name, draft.rule).await?;
        note(app, &mut tx, school, viewer, (id, name, draft.rule), "changed").await?;
    }
    let changed = rows::find(&mut tx, corp, id, false).await?.ok_or(Error::NotFound)?;
    let shown = Shown::one(&mut tx, changed).await?;
    tx.commit().await?;
    Ok(shown)
}

async fn held(tx: &mut Scoped, school: &School, id: i64) -> Result<Row> {
    rows::find(tx, school.corp(), id, true).await?.ok_or(Error::NotFound)
}

async fn note(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    viewer: &Viewer,
    (rule_id, name, rule): (i64, &str, &Rule),
    act: &'static str,
) -> Result<()> {
    let act = Act { rule_id, act, name, rule, by: Some(viewer.member), at: app.now() };
    Ok(rows::note(tx, school.corp(), act).await?)
}

/// Pauses a rule: nothing of it is planned any more, and what waits does not go out.
pub async fn pause(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<Shown> {
    move_to(app, school, viewer, id, "paused", "paused").await
}

/// Sets a paused rule to work again.
pub async fn resume(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<Shown> {
    move_to(app, school, viewer, id, "active", "resumed").await
}

/// Ends a rule for good; what it did stays on record.
pub async fn end(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<Shown> {
    move_to(app, school, viewer, id, "ended", "ended").await
}

async fn move_to(
    app: &App,
    school: &School,
    viewer: &Viewer,
    id: i64,
    state: &'static str,
    act: &'static str,
) -> Result<Shown> {
    may_change(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let row = held(&mut tx, school, id).await?;
    if row.state != state {
        if row.state == "ended" {
            return Err(Error::field("state", "规则已经结束，请另建一条规则"));
        }
        rows::set_state(&mut tx, corp, id, state).await?;
        note(app, &mut tx, school, viewer, (id, &row.name, &row.rule()?), act).await?;
        if state != "active" {
            outbox::call_off(&mut tx, corp, id, app.now()).await?;
        }
    }
    let moved = rows::find(&mut tx, corp, id, false).await?.ok_or(Error::NotFound)?;
    let shown = Shown::one(&mut tx, moved).await?;
    tx.commit().await?;
    Ok(shown)
}

/// Deletes a rule of which no round was ever planned.
pub async fn remove(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<()> {
    may_change(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let row = held(&mut tx, school, id).await?;
    if row.used {
        return Err(Error::field("id", "已经发过提醒的规则不能删除，可以结束它"));
    }
    rows::remove(&mut tx, corp, id).await?;
    note(app, &mut tx, school, viewer, (id, &row.name, &row.rule()?), "deleted").await?;
    tx.commit().await?;
    Ok(())
}
