//! 预警: those in charge hear at once that reports stand out: how many, and never whose or what.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::policy::Role;
use store::reviews as rows;

use crate::{
    App, Result, School,
    notices::{self, Notice},
};

/// Whom to tell: the nearest of these that anybody is.
const IN_CHARGE: [Role; 3] = [Role::Counsellor, Role::CollegeOffice, Role::SchoolOffice];
/// Nobody is told twice within this long; what comes meanwhile is told together after it.
const PAUSE: TimeDelta = TimeDelta::minutes(10);
/// Receivers of one message at most (doc 90236).
const RECEIVERS: usize = 1000;

/// Who was told after this moment is not told now.
pub(crate) fn pause_before(now: DateTime<Utc>) -> DateTime<Utc> {
    now - PAUSE
}

/// Tells those in charge of what was noticed since they were last told. One transaction: a kill tells nobody twice.
pub(crate) async fn warn(app: &App, school: &School) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let without = rows::plan(&mut tx, corp, &IN_CHARGE, school.today(now), now).await?;
    if without > 0 {
        tracing::error!(
            corp,
            reviews = without,
            "reports stand out and there is nobody in charge to be told"
        );
    }
    let receivers = rows::waiting(&mut tx, corp, pause_before(now)).await?;
    let mut by_count: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for receiver in &receivers {
        by_count.entry(receiver.reviews).or_default().push(receiver.userid.clone());
    }
    for (reviews, userids) in by_count {
        for to in userids.chunks(RECEIVERS) {
            let notice = Notice {
                title: "填报预警",
                description: &format!("您负责的范围内有 {reviews} 份填报需要核查。"),
                path: &format!("/h5/reviews?since={}", now.timestamp()),
                button: "去核查",
                useful_for: TimeDelta::hours(24),
                urgent: true,
                occasion: None,
            };
            notices::tell(app, &mut tx, school, to.to_vec(), notice, now).await?;
        }
    }
    let members: Vec<i64> = receivers.iter().map(|receiver| receiver.member_id).collect();
    rows::told(&mut tx, corp, &members, now).await?;
    tx.commit().await?;
    if !members.is_empty() {
        app.job_added().notify_one();
    }
    Ok(())
}
