//! Has WeCom invite the people of a round, a thousand a call. WeCom repeats nothing by itself here and neither do we: a try
//! whose end is not known stands as unknown.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{CorpId, PersonId};
use serde_json::{Value, json};
use store::{invitations, jobs::NewJob};

use super::Done;
use crate::{App, Error, Result, School};

pub(crate) const KIND: &str = "send_invitations";

/// Members of one call at most (doc 90975).
const BATCH: i64 = 1000;
/// How long to wait where WeCom does not say.
const PAUSE: TimeDelta = TimeDelta::seconds(30);

/// The job; one a round.
pub fn job(corp: CorpId, round: i64, now: DateTime<Utc>) -> NewJob {
    NewJob {
        payload: json!({ "round": round }),
        unique_key: Some(format!("{KIND} {round}")),
        ..super::new(corp, KIND, now)
    }
}

pub(crate) async fn run(app: &App, school: &School, payload: &Value) -> Result<Done> {
    let corp = school.corp();
    let round = payload.get("round").and_then(Value::as_i64);
    let round = round.ok_or_else(|| Error::internal("a round of invitations without a number"))?;
    // The assistant sees everybody; the app those in its visible range.
    let wecom = school.mirror.contacts.as_ref().unwrap_or(&school.wecom);
    loop {
        let mut tx = app.store().scoped(corp).await?;
        let people = invitations::next(&mut tx, corp, round, BATCH, app.now()).await?;
        tx.commit().await?;
        if people.is_empty() {
            return Ok(Done::Yes);
        }
        let userids: Vec<String> = people.iter().map(|one| one.userid.clone()).collect();
        let answer = wecom.invite(&userids, &[], &[]).await;
        let mut tx = app.store().scoped(corp).await?;
        let ids = |invited: &dyn Fn(&str) -> bool| -> Vec<PersonId> {
            people.iter().filter(|one| invited(&one.userid)).map(|one| one.person_id).collect()
        };
        let everybody = ids(&|_| true);
        let later = match answer {
            Ok(not) => {
                let refused: Vec<String> = not.members.iter().map(|userid| userid.to_lowercase()).collect();
                let invalid = ids(&|userid| refused.contains(&userid.to_lowercase()));
                let invited = ids(&|userid| !refused.contains(&userid.to_lowercase()));
                let remedy = "企业微信没有找到这个账号，请核对后重新同步";
                invitations::record(&mut tx, corp, round, &invalid, "invalid", Some(remedy), app.now())
                    .await?;
                invitations::record(&mut tx, corp, round, &invited, "invited", None, app.now()).await?;
                None
            }
            Err(error) if error.is_ambiguous() => {
                let message = "没有收到企业微信的答复，可能已经邀请，今天不再重复";
                invitations::record(&mut tx, corp, round, &everybody, "unknown", Some(message), app.now())
                    .await?;
                None
            }
            Err(error) if error.is_passing() => {
                invitations::record(&mut tx, corp, round, &everybody, "waiting", None, app.now()).await?;
                let pause = error.retry_after().and_then(|pause| TimeDelta::from_std(pause).ok());
                Some(Done::Later(pause.unwrap_or(PAUSE), sync::explain(&error)))
            }
            Err(error) => {
                let message = sync::explain(&error);
                invitations::record(&mut tx, corp, round, &everybody, "failed", Some(&message), app.now())
                    .await?;
                None
            }
        };
        tx.commit().await?;
        if let Some(later) = later {
            return Ok(later);
        }
    }
}
