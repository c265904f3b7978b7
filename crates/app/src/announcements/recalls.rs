//! 撤回: nobody gets it any more, and WeCom takes it back from those who have it, batch by batch, within 24 hours.

use chrono::TimeDelta;
use domain::{announcement::RECALLED_WITHIN, policy::Viewer};
use store::{
    announcements::recalls::{self as rows, Batch},
    jobs as queue,
};

use super::{find, note};
use crate::{App, Error, Result, School, jobs::recall_announcements, outbox};

/// WeCom's word for a message that is older than a day (doc 94867).
const TOO_LATE: i64 = 42052;
/// How long to wait for a batch that is on its way, or where WeCom does not say.
const PAUSE: TimeDelta = TimeDelta::seconds(15);

/// Takes an announcement back; again is the same.
pub async fn recall(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let row = find(&mut tx, school, viewer, id).await?;
    if row.recall_asked_at.is_some() {
        return Ok(());
    }
    let Some((mailing, sent_at)) = row.mailing_id.zip(row.sent_at) else {
        return Err(Error::Overtaken("通知没有发出，不需要撤回".into()));
    };
    if now - sent_at >= RECALLED_WITHIN {
        return Err(Error::Overtaken("发出超过 24 小时，企业微信已不能撤回".into()));
    }
    rows::ask(&mut tx, corp, id, viewer.member, now).await?;
    rows::withhold(&mut tx, corp, mailing, now).await?;
    note(app, &mut tx, viewer, id, "recalled").await?;
    queue::add(&mut tx, &recall_announcements::job(corp, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    tracing::info!(corp, announcement = id, "an announcement is taken back");
    Ok(())
}

/// Works on everything that is to be taken back. Gives how long to wait for what could not be tried yet.
pub(crate) async fn recall_asked(app: &App, school: &School) -> Result<Option<TimeDelta>> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let asked = rows::asked(&mut tx, corp).await?;
    tx.commit().await?;
    let mut later = None;
    for (id, mailing) in asked {
        match recall_one(app, school, id, mailing).await? {
            None => {
                let mut tx = app.store().scoped(corp).await?;
                rows::end(&mut tx, corp, id, app.now()).await?;
                tx.commit().await?;
            }
            pause => later = later.max(pause),
        }
    }
    Ok(later)
}

async fn recall_one(app: &App, school: &School, id: i64, mailing: i64) -> Result<Option<TimeDelta>> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    // Again: a batch may have been on its way into the outbox when it was asked for.
    rows::withhold(&mut tx, corp, mailing, app.now()).await?;
    let batches = rows::open(&mut tx, corp, mailing).await?;
    tx.commit().await?;
    let mut later = None;
    for batch in &batches {
        match recall_batch(app, school, batch).await {
            Tried::Ended(state, error) => {
                let mut tx = app.store().scoped(corp).await?;
                let end = (state, error.as_deref());
                rows::record(&mut tx, corp, id, batch.batch_id, end, app.now()).await?;
                tx.commit().await?;
            }
            Tried::Later(pause) => later = later.max(Some(pause)),
        }
    }
    Ok(later)
}

/// What became of a batch.
enum Tried {
    /// It is known, and why it was not taken back.
    Ended(&'static str, Option<String>),
    /// To be tried again.
    Later(TimeDelta),
}

async fn recall_batch(app: &App, school: &School, batch: &Batch) -> Tried {
    let unknown = "不知道企业微信是否收到过这一批，没有消息编号，不能撤回";
    let msgid = match (batch.state.as_str(), &batch.msgid) {
        ("frozen", _) => return Tried::Later(PAUSE),
        ("sent", Some(msgid)) => msgid,
        _ => return Tried::Ended("unknown", Some(unknown.into())),
    };
    let too_late = || Tried::Ended("too_late", Some("发出超过 24 小时，企业微信已不能撤回".into()));
    if batch.finished_at.is_none_or(|at| app.now() - at >= RECALLED_WITHIN) {
        return too_late();
    }
    match school.wecom.recall(msgid).await {
        Ok(()) => Tried::Ended("recalled", None),
        Err(error) if error.code() == Some(TOO_LATE) => too_late(),
        // To take the same message back twice is to take it back.
        Err(error) if error.is_passing() || error.is_ambiguous() => {
            let pause = error.retry_after().and_then(|pause| TimeDelta::from_std(pause).ok());
            Tried::Later(pause.map_or(PAUSE, |pause| pause + TimeDelta::seconds(1)))
        }
        // Something a person puts right; until the day is over it is tried again.
        Err(error) if matches!(&error, wecom::Error::Configuration { .. }) => {
            Tried::Later(TimeDelta::minutes(5))
        }
        Err(error) => Tried::Ended("failed", Some(outbox::words(&error))),
    }
}
