//! What WeCom's calls say: active members, meetings, the drive, lives this app booked.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta};
use domain::{
    clock,
    platform::{Metric, Source},
};
use futures_util::{StreamExt, pin_mut};
use store::platform::{
    self as rows,
    livings::{self, Living},
};

use super::{Could, days, figure, keep};
use crate::{App, Result, School};

/// How often all staff are asked for their lives: a call for each of them.
const WALK: TimeDelta = TimeDelta::days(6);
/// Accounts read at a time.
const PAGE: i64 = 200;
/// Days of lives that are counted anew at each walk.
const LIVING_DAYS: u64 = 30;

/// One number a day, which the contacts-sync secret alone may ask for.
pub(super) async fn active(app: &App, school: &School) -> Result<Could> {
    let Some(contacts) = &school.mirror.contacts else {
        let why = "没有配置通讯录同步助手：企业微信只把日活跃成员数告诉它的 Secret，请在配置里填写，或从管理后台登记";
        return Ok(Some(why.into()));
    };
    let window = Metric::ActiveMembers.window().unwrap_or(1);
    for day in days(app, school, Metric::ActiveMembers, Source::Api, window).await? {
        let members = contacts.active_members(day).await?;
        keep(app, school, Source::Api, &[figure(Metric::ActiveMembers, "", day, members)], None).await?;
    }
    Ok(None)
}

/// Meetings that anybody started, by day. Who came to them WeCom does not say.
pub(super) async fn meetings(app: &App, school: &School) -> Result<Could> {
    let window = Metric::MeetingsStarted.window().unwrap_or(1);
    let wanted = days(app, school, Metric::MeetingsStarted, Source::Api, window).await?;
    let Some(first) = wanted.first() else { return Ok(None) };
    let (from, now) = (clock::instant(school.zone, *first, NaiveTime::MIN), app.now());
    if from >= now {
        return Ok(None);
    }
    let mut started: BTreeMap<NaiveDate, i64> =
        each_day(*first, school.today(now)).map(|day| (day, 0)).collect();
    let pages = school.wecom.meeting_starts(from, now)?;
    pin_mut!(pages);
    while let Some(page) = pages.next().await {
        for meeting in page? {
            let day = DateTime::from_timestamp(meeting.start_time, 0).map(|at| school.today(at));
            if let Some(count) = day.and_then(|day| started.get_mut(&day)) {
                *count += 1;
            }
        }
    }
    let figures: Vec<_> =
        started.into_iter().map(|(day, count)| figure(Metric::MeetingsStarted, "", day, count)).collect();
    keep(app, school, Source::Api, &figures, None).await?;
    Ok(None)
}

fn each_day(first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    first.iter_days().take_while(move |day| *day <= last)
}

/// The drive's size. How much of it is used WeCom does not say.
pub(super) async fn drive(app: &App, school: &School) -> Result<Could> {
    let today = school.today(app.now());
    let capacity = school.wecom.drive_capacity().await?;
    let edition = school.wecom.drive_edition().await?;
    let ends = edition.ends_at.filter(|at| *at > 0).and_then(|at| DateTime::from_timestamp(at, 0));
    let note = match (edition.is_pro, ends) {
        (true, Some(ends)) => format!("专业版，{} 到期", school.today(ends)),
        (true, None) => "专业版".to_owned(),
        (false, _) => "免费版".to_owned(),
    };
    let figures = [figure(Metric::DriveCapacity, "", today, capacity.everyone)];
    keep(app, school, Source::Api, &figures, Some(&note)).await?;
    Ok(None)
}

/// Lives this app booked, by asking for those of everybody on the staff once a week. Others WeCom does not show.
pub(super) async fn living(app: &App, school: &School) -> Result<Could> {
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let since = today.checked_sub_days(Days::new(LIVING_DAYS)).unwrap_or(today);
    let mut tx = app.store().scoped(corp).await?;
    let read =
        rows::read_at(&mut tx, corp, Metric::LivingsHeld.as_str(), Source::Api.as_str(), since).await?;
    let mut known: HashSet<String> = livings::over(&mut tx, corp).await?.into_iter().collect();
    tx.commit().await?;
    if read.iter().any(|(_, as_of)| *as_of > now - WALK) {
        return Ok(None);
    }
    let mut after = 0;
    loop {
        let mut tx = app.store().scoped(corp).await?;
        let staff = livings::staff(&mut tx, corp, after, PAGE).await?;
        tx.commit().await?;
        let Some((last, _)) = staff.last() else { break };
        after = *last;
        for (_, userid) in staff {
            for livingid in ids(school, &userid).await? {
                if known.insert(livingid.clone()) {
                    read_living(app, school, livingid).await?;
                }
            }
        }
    }
    let mut tx = app.store().scoped(corp).await?;
    let held = livings::by_day(&mut tx, corp, school.zone.name(), since).await?;
    tx.commit().await?;
    let figures: Vec<_> = each_day(since, today)
        .flat_map(|day| {
            let of_day = held.iter().find(|one| one.day == day);
            let (held, viewers) = of_day.map_or((0, 0), |one| (one.held, one.viewers));
            [figure(Metric::LivingsHeld, "", day, held), figure(Metric::LivingViewers, "", day, viewers)]
        })
        .collect();
    keep(app, school, Source::Api, &figures, None).await?;
    Ok(None)
}

async fn ids(school: &School, userid: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let pages = school.wecom.living_ids(userid);
    pin_mut!(pages);
    while let Some(page) = pages.next().await {
        found.extend(page?);
    }
    Ok(found)
}

async fn read_living(app: &App, school: &School, livingid: String) -> Result<()> {
    let living = school.wecom.living(&livingid).await?;
    let Some(started_at) = DateTime::from_timestamp(living.living_start, 0) else { return Ok(()) };
    let row = Living {
        livingid,
        started_at,
        status: living.status.and_then(|status| i16::try_from(status).ok()),
        viewers: living.viewer_num.unwrap_or(0).max(0),
    };
    let mut tx = app.store().scoped(school.corp()).await?;
    livings::keep(&mut tx, school.corp(), &row, app.now()).await?;
    tx.commit().await?;
    Ok(())
}
