//! 保全: a form nothing of which is purged, until a day or until somebody lifts it.

use chrono::{Days, NaiveDate};
use domain::{
    audit::Act,
    export::is_text,
    policy::{Action, Viewer},
};
use serde_json::json;
use store::{
    audit::{self, Event},
    retention::{self as rows, NewHold},
};

use crate::{App, Error, Result, School};

/// Days a hold is set for at most; it may be set again.
const LONGEST: u64 = 730;
/// Characters of a reason.
const REASON: usize = 200;

fn may(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::HoldRecords) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Holds a form until a day, with a reason, and gives the hold's number. What is being purged can't be held any more.
pub async fn hold(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    reason: &str,
    until: NaiveDate,
) -> Result<i64> {
    may(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let reason = reason.trim();
    if !is_text(reason, REASON) {
        return Err(Error::field("reason", format!("请写明为什么保全，不超过 {REASON} 字；不要写个人信息")));
    }
    if until < today || today.checked_add_days(Days::new(LONGEST)).is_none_or(|last| until > last) {
        return Err(Error::field("until", "结束日期应在今天以后两年之内，到期可以再设"));
    }
    let unknown = || Error::field("form", "没有这个已发布的表单，请刷新页面");
    if !crate::forms::is_name(code) {
        return Err(unknown());
    }
    let mut tx = app.store().scoped(corp).await?;
    // So that no purge of it begins meanwhile, and one that has just begun is seen.
    rows::lock_form(&mut tx, corp, code).await?;
    let form = rows::form(&mut tx, corp, today, code).await?.ok_or_else(unknown)?;
    if form.purging || form.purged_at.is_some() {
        return Err(Error::field("form", "答案已经删除或正在删除，不能再保全"));
    }
    let new = NewHold { form_id: form.form_id, reason, until, by: viewer.member, at: now };
    let hold = rows::hold(&mut tx, corp, new).await?;
    let event = Event::new(corp, Act::HoldSet, Some(viewer.member), now).on("hold", hold);
    audit::insert(&mut tx, event.saying(json!({ "form": form.code, "until": until }))).await?;
    tx.commit().await?;
    Ok(hold)
}

/// Lifts a hold. What is due by then goes with the next purge.
pub async fn lift(app: &App, school: &School, viewer: &Viewer, hold: i64) -> Result<()> {
    may(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    if !rows::lift(&mut tx, corp, hold, viewer.member, now).await? {
        return Err(Error::NotFound);
    }
    audit::insert(&mut tx, Event::new(corp, Act::HoldLifted, Some(viewer.member), now).on("hold", hold))
        .await?;
    tx.commit().await?;
    Ok(())
}
