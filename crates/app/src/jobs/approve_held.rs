//! Applies the removals an administrator approved, if WeCom still shows exactly those.

use chrono::{DateTime, Utc};
use domain::CorpId;
use serde_json::{Value, json};
use store::jobs::NewJob;

use super::Done;
use crate::{App, Error, Result, School};

pub(crate) const KIND: &str = "approve_held";

/// The job for one held run and one digest.
pub fn job(corp: CorpId, run: i64, digest: &[u8], now: DateTime<Utc>) -> NewJob {
    let payload = json!({ "run": run, "digest": hex::encode(digest) });
    NewJob {
        payload,
        unique_key: Some(format!("{KIND} {run}")),
        max_attempts: 5,
        ..super::new(corp, KIND, now)
    }
}

pub(crate) async fn run(app: &App, school: &School, payload: &Value) -> Result<Done> {
    let run = payload.get("run").and_then(Value::as_i64);
    let digest = payload.get("digest").and_then(Value::as_str).and_then(|digest| hex::decode(digest).ok());
    let (Some(run), Some(digest)) = (run, digest) else {
        return Err(Error::internal("an approval without a run or a digest"));
    };
    let now = app.now();
    match school.mirror.approve(run, &digest, now, school.today(now)).await {
        Ok(_) => Ok(Done::Yes),
        // WeCom shows something else by now: the new run holds that, and waits for an approval of its own.
        Err(sync::Error::Stale | sync::Error::NotHeld) => Ok(Done::Yes),
        Err(error) => Err(error.into()),
    }
}
