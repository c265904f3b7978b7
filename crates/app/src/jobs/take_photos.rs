//! Takes the photos out of an upload.

use chrono::{DateTime, Utc};
use domain::CorpId;
use serde_json::{Value, json};
use store::{jobs::NewJob, photos::uploads};

use super::Done;
use crate::{App, Error, Result, School, photos::take};

pub(crate) const KIND: &str = "take_photos";

/// The job; one an upload.
pub fn job(corp: CorpId, upload: i64, now: DateTime<Utc>) -> NewJob {
    NewJob {
        payload: json!({ "upload": upload }),
        unique_key: Some(format!("{KIND} {upload}")),
        ..super::new(corp, KIND, now)
    }
}

pub(crate) async fn run(app: &App, school: &School, payload: &Value) -> Result<Done> {
    let corp = school.corp();
    let upload = payload.get("upload").and_then(Value::as_i64);
    let upload = upload.ok_or_else(|| Error::internal("an upload without a number"))?;
    let mut tx = app.store().scoped(corp).await?;
    let found = uploads::find(&mut tx, corp, upload).await?;
    tx.commit().await?;
    if let Some(upload) = found.filter(|upload| upload.state == "waiting") {
        take::take(app, school, &upload).await?;
    }
    Ok(Done::Yes)
}
