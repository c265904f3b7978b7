//! What those do about a report who look after the person.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    PersonId,
    policy::{Action, Viewer},
    review::{ReviewAct, ReviewState, after_act},
};
use store::{
    Scoped, corrections,
    reports::{self, Key},
    reviews::{self as rows, NewAct, Reach},
};

use super::{note_text, reach};
use crate::{
    App, Error, Result, School, forms,
    notices::{self, Notice},
    retention::{may_be_noted, shown_after},
};

/// What is said, and of which revision.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// May be empty where it need not be said.
    pub note: &'a str,
    /// The revision that was on the screen; an act on another is refused. None: whichever it is.
    pub revision: Option<i32>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Did {
    /// Whose turn it is now.
    pub state: ReviewState,
    /// Sent back: whether a message can reach the person.
    pub told: Option<bool>,
}

/// Sends back, notes or closes; without a note where the answers are hidden by now. The same again by the same person changes
/// nothing; where somebody else was faster, it is said who.
pub async fn act(
    app: &App,
    school: &School,
    viewer: &Viewer,
    receipt: &str,
    act: ReviewAct,
    seen: Seen<'_>,
) -> Result<Did> {
    let reach = reach(app, school, viewer, Action::Review)?;
    let note = word(act, seen.note)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let (row, _) = super::find(&mut tx, &reach, receipt).await?;
    // Held first: what is read after it is what the act is about.
    let before = rows::lock(&mut tx, corp, row.report_id).await?;
    let (row, report) = super::find(&mut tx, &reach, receipt).await?;
    if note.is_some() {
        let loaded = forms::version(app, &mut tx, report.form_version_id).await?;
        may_be_noted(app, corp, loaded.schedule.ends_on)?;
    }
    if before.is_none() && act != ReviewAct::SentBack {
        return Err(Error::NotFound);
    }
    let last = rows::acts(&mut tx, corp, row.report_id, shown_after(app, corp)?).await?.into_iter().next();
    if let (Some(last), Some(state)) = (&last, before)
        && last.act == act.as_str()
        && last.by_member == Some(viewer.member)
        && last.revision == row.revision
    {
        let said = last.note.as_ref().map(|note| note_text(app, corp, row.report_id, note, last.at));
        if said.transpose()?.as_deref() == note {
            let told = told(&mut tx, corp, act, row.person_id).await?;
            return Ok(Did { state, told });
        }
    }
    if seen.revision.is_some_and(|revision| revision != row.revision) {
        let at = at(school, row.revised_at);
        return Err(Error::Overtaken(format!("本人已于 {at} 重新提交，请刷新后核对最新内容")));
    }
    let Some(state) = after_act(before, act) else {
        let said = last.map(|last| {
            let who = last.by_name.unwrap_or_else(|| "系统".into());
            format!("{who} 已于 {}{}，请刷新后查看", at(school, last.at), verb(&last.act))
        });
        return Err(Error::Overtaken(said.unwrap_or_default()));
    };
    let place = rows::note_row(row.report_id, now);
    let seal = |note: &str| app.store().keyring().seal(rows::note_place(corp, &place), note.as_bytes());
    let new = NewAct {
        act,
        revision: row.revision,
        note: note.map(seal).transpose()?,
        by_member: Some(viewer.member),
        at: now,
    };
    if before.is_some() {
        rows::put(&mut tx, corp, row.report_id, state, &new).await?;
    } else if !rows::add_sent_back(&mut tx, corp, row.report_id, &new).await? {
        return Err(Error::Overtaken("刚刚有人处理了这份填报，请刷新后查看".into()));
    }
    let told = told(&mut tx, corp, act, row.person_id).await?;
    if act == ReviewAct::SentBack {
        tell_person(app, &mut tx, school, &row, now).await?;
    }
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(Did { state, told })
}

/// A report that was never noticed, by whom and when it is of.
#[derive(Debug, Clone, Copy)]
pub struct Unnoticed<'a> {
    /// The form's code.
    pub form: &'a str,
    /// Whose.
    pub person: PersonId,
    /// For which day; today if left out.
    pub day: Option<NaiveDate>,
    /// For which slot; if left out, the last that has begun.
    pub slot: Option<i16>,
}

/// Sends back a report that is named by its person and day; gives its receipt too. Of a form answered by event it is the
/// last one.
pub async fn send_back_unnoticed(
    app: &App,
    school: &School,
    viewer: &Viewer,
    of: Unnoticed<'_>,
    note: &str,
) -> Result<(String, Did)> {
    let reach = reach(app, school, viewer, Action::Review)?;
    let receipt = receipt_of(app, school, &reach, of).await?;
    let did = act(app, school, viewer, &receipt, ReviewAct::SentBack, Seen { note, revision: None }).await?;
    Ok((receipt, did))
}

async fn receipt_of(app: &App, school: &School, reach: &Reach, of: Unnoticed<'_>) -> Result<String> {
    let corp = reach.corp;
    let mut tx = app.store().scoped(corp).await?;
    let loaded = forms::current(app, &mut tx, of.form).await?;
    let report = if loaded.published.form.is_event() {
        reports::of_person(&mut tx, corp, loaded.form_id, of.person, None, 1).await?.pop()
    } else {
        let day = of.day.unwrap_or(reach.today);
        let turn = loaded.turn_of(school, day, of.slot, app.now());
        let turn = turn.ok_or_else(|| Error::field("slot", "这张表单没有这个时段"))?;
        let key =
            Key { corp, form_id: loaded.form_id, person: of.person, period: turn.period, occurrence: 0 };
        reports::by_key(&tx, key).await?
    };
    tx.commit().await?;
    Ok(report.ok_or(Error::NotFound)?.receipt)
}

fn word(act: ReviewAct, note: &str) -> Result<Option<&str>> {
    let note = note.trim();
    let remedy = match act {
        ReviewAct::SentBack => "请写明需要更正什么，不超过 200 字，本人会看到",
        ReviewAct::Noted => "请填写备注，不超过 200 字",
        _ => "说明不超过 200 字",
    };
    let needed = matches!(act, ReviewAct::SentBack | ReviewAct::Noted);
    if note.chars().count() > 200 || (needed && note.is_empty()) {
        return Err(Error::field("note", remedy));
    }
    Ok(Some(note).filter(|note| !note.is_empty()))
}

fn verb(act: &str) -> &'static str {
    match ReviewAct::parse(act) {
        Some(ReviewAct::SentBack) => "退回",
        Some(ReviewAct::Closed) => "办结",
        Some(ReviewAct::Answered) => "重填",
        _ => "处理",
    }
}

/// A moment as it is said in a sentence.
fn at(school: &School, moment: DateTime<Utc>) -> String {
    moment.with_timezone(&school.zone).format("%-m月%-d日 %H:%M ").to_string()
}

async fn told(tx: &mut Scoped, corp: i32, act: ReviewAct, person: PersonId) -> Result<Option<bool>> {
    if act != ReviewAct::SentBack {
        return Ok(None);
    }
    Ok(Some(corrections::userid_of(tx, corp, person).await?.is_some()))
}

/// Tells the person that a report waits for them; what is wrong with it stands on the page, not in the message.
async fn tell_person(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    row: &rows::Row,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(userid) = corrections::userid_of(tx, school.corp(), row.person_id).await? else { return Ok(()) };
    let notice = Notice {
        title: "填报被退回，请更正",
        description: "您有 1 份填报被退回，请查看说明，更正后重新提交。",
        // The moment makes a second sending back another message.
        path: &format!("/h5/forms/{}?receipt={}&since={}", row.form, row.receipt, now.timestamp()),
        button: "去更正",
        useful_for: TimeDelta::days(7),
        urgent: false,
        occasion: None,
    };
    notices::tell(app, tx, school, vec![userid], notice, now).await
}
