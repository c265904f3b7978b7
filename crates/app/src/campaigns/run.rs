//! From when to when a form is asked, ending it at once, and who answers for it.

use domain::{campaign, form::Schedule, policy::Viewer};
use store::{Scoped, campaigns, form_acts, retention};

use super::{Campaign, design, held, question};
use crate::{App, Error, Result, School};

/// Asks the form from one day to another. The same again changes nothing.
pub async fn schedule(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    wanted: Schedule,
) -> Result<Campaign> {
    change(app, school, viewer, code, "scheduled", |row, today| {
        campaign::reschedule(row.version.is_some(), row.schedule(), wanted, today)
            .map_err(|wrong| Error::field(wrong.field, wrong.problem))?;
        Ok(wanted)
    })
    .await
}

/// Ends the form: yesterday was its last day, and nothing is taken from now on; the days its answers are kept count from then. Once it
/// has ended this changes nothing.
pub async fn end(app: &App, school: &School, viewer: &Viewer, code: &str) -> Result<Campaign> {
    change(app, school, viewer, code, "ended", |row, today| {
        if row.version.is_none() {
            return Err(Error::field("code", "还没有发布，不需要结束；不要的草稿可以删除"));
        }
        Ok(campaign::ended(row.schedule(), today))
    })
    .await
}

async fn change(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    act: &'static str,
    new: impl FnOnce(&campaigns::Row, chrono::NaiveDate) -> Result<Schedule>,
) -> Result<Campaign> {
    let question = question(app, school, viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let row = held(&mut tx, &question, code).await?;
    let schedule = new(&row, question.today)?;
    if schedule != row.schedule() {
        let shown_after = school.retention.shown_after(question.today);
        if row.ends_on <= shown_after && schedule.ends_on > shown_after {
            begins_anew(&mut tx, &row).await?;
        }
        campaigns::schedule(&mut tx, corp, row.form_id, schedule).await?;
        let act = form_acts::Act {
            form_id: row.form_id,
            code: &row.code,
            act,
            version: None,
            schedule: Some(schedule),
            by: viewer.member,
            at: app.now(),
        };
        form_acts::note(&mut tx, corp, act).await?;
    }
    let changed = design(&mut tx, school, &question, code).await?.campaign;
    tx.commit().await?;
    Ok(changed)
}

/// A form whose answers are hidden by now is asked anew only when they are gone: nothing that was hidden comes back.
async fn begins_anew(tx: &mut Scoped, row: &campaigns::Row) -> Result<()> {
    let corp = tx.corp();
    // Of one that nobody answered too: what a purge finds at its end it takes for what was answered late.
    if retention::open(tx, corp, row.form_id).await?.is_some() {
        return Err(Error::field(
            "ends_on",
            "上次的答案正在删除，请过几分钟再改；一小时以后还是这样，请管理员看“运行状况”",
        ));
    }
    if row.purged_at.is_none()
        && row.version.is_some()
        && retention::is_answered(tx, corp, row.form_id).await?
    {
        return Err(Error::field(
            "ends_on",
            "上次的答案已到保存期限，删除之前不能重新开始；正在保全的请先解除，或复制一份新表单",
        ));
    }
    Ok(retention::purged(tx, corp, row.form_id, None).await?)
}

/// Makes the viewer the one who answers for the form, for instance when whoever did has left. The same again changes nothing.
pub async fn take_over(app: &App, school: &School, viewer: &Viewer, code: &str) -> Result<Campaign> {
    let question = question(app, school, viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let row = held(&mut tx, &question, code).await?;
    if row.owner_id != Some(viewer.member) {
        campaigns::give_owner(&mut tx, corp, row.form_id, viewer.member).await?;
        let act = form_acts::Act {
            form_id: row.form_id,
            code: &row.code,
            act: "taken_over",
            version: None,
            schedule: None,
            by: viewer.member,
            at: app.now(),
        };
        form_acts::note(&mut tx, corp, act).await?;
    }
    let changed = design(&mut tx, school, &question, code).await?.campaign;
    tx.commit().await?;
    Ok(changed)
}
