//! Looks at one member: who tried to sign in and is not in the mirror yet, or whom WeCom calls invalid.

use chrono::{DateTime, TimeDelta, Utc};
use domain::CorpId;
use serde_json::{Value, json};
use store::jobs::NewJob;

use super::Done;
use crate::{App, Error, Result, School};

pub(crate) const KIND: &str = "refresh_member";

/// The job; one a userid.
pub fn job(corp: CorpId, userid: &str, now: DateTime<Utc>) -> NewJob {
    let unique_key = Some(userid.to_lowercase());
    NewJob {
        payload: json!({ "userid": userid }),
        unique_key,
        max_attempts: 3,
        ..super::new(corp, KIND, now)
    }
}

pub(crate) async fn run(app: &App, school: &School, payload: &Value) -> Result<Done> {
    let userid = payload.get("userid").and_then(Value::as_str);
    let userid = userid.ok_or_else(|| Error::internal("a member to be looked at without a userid"))?;
    let now = app.now();
    let hints = sync::Hints { members: vec![userid.to_owned()], ..sync::Hints::default() };
    let outcome = school.mirror.refresh(hints, now, school.today(now)).await?;
    if outcome.members_not_visible > 0 {
        // They are there, and the app does not see them: that is why no message arrived.
        let (corp, since) = (school.corp(), now - TimeDelta::days(1));
        let mut tx = app.store().scoped(corp).await?;
        store::outbox::mark_out_of_range(&mut tx, corp, &userid.to_lowercase(), since).await?;
        tx.commit().await?;
    }
    Ok(Done::Yes)
}
