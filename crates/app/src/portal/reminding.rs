//! Reminding those who are not on the list: everybody at most once by the same list.

use chrono::NaiveDate;
use domain::{
    DepartmentId,
    announcement::{USEFUL_FOR, Words},
    policy::{Action, Viewer},
    portal,
};
use serde_json::json;
use store::{
    idempotency_keys::{self, Claim, Claimed},
    jobs as queue,
    mailings::{self, Kind, NewMailing},
    portal::lists::{self as rows, Reminder},
};

use super::lists::{Asked, asked_in, left};
use crate::{
    App, Error, Result, School,
    jobs::send_messages,
    outbox::{self, Card, Content},
    secret,
};

/// Whom somebody wants to remind, and in which words.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The entry.
    pub entry: i64,
    /// The day; today if left out.
    pub day: Option<NaiveDate>,
    /// Only those counted under this department.
    pub department: Option<DepartmentId>,
    /// What it says; none: the usual words.
    pub text: Option<&'a str>,
}

/// How many were reminded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminded {
    /// Those who were not reminded by this list before.
    pub people: usize,
}

/// Reminds those of the viewer's who are not on the day's list; where there is none, those who have not reported here today,
/// or not opened the entry. Who is exempt from reports that day is left alone. The same `key` is the same reminder.
pub async fn remind(
    app: &App,
    school: &School,
    viewer: &Viewer,
    key: &str,
    wanted: Wanted<'_>,
) -> Result<Reminded> {
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let text = wanted.text.map(str::trim).filter(|text| !text.is_empty());
    let body =
        json!({ "entry": wanted.entry, "day": wanted.day, "department": wanted.department, "text": text });
    let request_hash = secret::hash(body.to_string().as_bytes());
    let operation = "POST /portal/entries/reminders";
    let claim = Claim { corp, member: viewer.member, key, operation, request_hash: &request_hash };
    let mut tx = app.store().scoped(corp).await?;
    let asked = Asked { entry: wanted.entry, day: wanted.day, department: wanted.department };
    let (row, question, compared) =
        asked_in(app, &mut tx, school, viewer.scope(Action::Remind), asked).await?;
    match idempotency_keys::claim(&tx, app.store().keyring(), claim, now).await? {
        Claimed::New => {}
        Claimed::Answered(kept) => {
            let people = kept.as_u64().and_then(|people| usize::try_from(people).ok());
            return people
                .map(|people| Reminded { people })
                .ok_or_else(|| Error::internal("a kept reminder"));
        }
        Claimed::Mismatch => return Err(Error::KeyReused),
    }
    if row.closed_at.is_some() || !portal::is_shown(row.from_date, row.until_date, today) {
        return Err(Error::Overtaken("这个入口现在没有开放，打不开，不能提醒".into()));
    }
    if today.checked_sub_days(portal::REMINDED_WITHIN).is_some_and(|first| question.day < first) {
        return Err(Error::field("day", "只能按最近 7 天的名单提醒"));
    }
    let list = rows::find(&mut tx, corp, row.entry_id, question.day).await?;
    if list.is_none() && question.day != today {
        return Err(Error::field("day", "这一天没有导入名单，不知道还有谁没有完成；请先导入名单，或选今天"));
    }
    let usual = match &list {
        Some(_) => {
            format!("{} 的名单里还没有您的上报记录，请点开后尽快完成。", question.day.format("%-m月%-d日"))
        }
        None => "您今天还没有完成，请点开后尽快填报。".to_owned(),
    };
    let title = format!("请完成：{}", row.title);
    let words = Words::new(&title, text.unwrap_or(&usual), None).map_err(Error::Invalid)?;
    let occasion = format!("portal {} {} member {} {key}", row.entry_id, question.day, viewer.member);
    let new = NewMailing {
        kind: Kind::Notice,
        occasion: Some(&occasion),
        about: None,
        rule_id: None,
        by_member: Some(viewer.member),
        urgent: false,
        at: now,
    };
    let mailing = mailings::add(&mut tx, corp, new).await?;
    let mailing_id = mailing.ok_or_else(|| Error::internal("a new key met an old mailing"))?;
    let card = Card {
        title: words.title,
        description: words.text,
        path: format!("/h5/portal/{}", row.entry_id),
        button: "去填报".to_owned(),
    };
    outbox::say(app, &mut tx, corp, mailing_id, "", &Content::Card(card)).await?;
    let (which, list_no) = left(list.as_ref());
    let reminder = Reminder { which, list_no, mailing_id, useful_until: now + USEFUL_FOR, at: now };
    let people = rows::remind(&mut tx, &question, compared, reminder).await?;
    // Nobody is left to be told: nothing is kept, and the next list may find somebody.
    if people == 0 {
        return Ok(Reminded { people });
    }
    idempotency_keys::settle(&mut tx, app.store().keyring(), claim, &json!(people)).await?;
    queue::add(&mut tx, &send_messages::job(corp, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    tracing::info!(corp, entry = row.entry_id, people, "who is not on a list of theirs is reminded");
    Ok(Reminded { people })
}
