//! Makes an export. Killed anywhere it is made anew: its file and the notes of whom it names commit together.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use domain::CorpId;
use serde_json::{Value, json};
use store::{exports, jobs::NewJob, viewers};

use super::Done;
use crate::{App, Error, Result, School, exports::make};

pub(crate) const KIND: &str = "make_export";

/// After so many tries it is given up.
const TRIES: i32 = 5;

/// The job; one an export.
pub fn job(corp: CorpId, export: i64, now: DateTime<Utc>) -> NewJob {
    NewJob {
        payload: json!({ "export": export }),
        unique_key: Some(format!("{KIND} {export}")),
        ..super::new(corp, KIND, now)
    }
}

pub(crate) async fn run(app: &App, school: &School, payload: &Value) -> Result<Done> {
    let corp = school.corp();
    let id = payload.get("export").and_then(Value::as_i64);
    let id = id.ok_or_else(|| Error::internal("an export without a number"))?;
    let now = app.now();
    let mut tx = app.store().scoped(corp).await?;
    if !exports::begin(&mut tx, corp, id).await? {
        return Ok(Done::Yes);
    }
    let export = exports::find(&mut tx, corp, id, None).await?.ok_or(Error::NotFound)?;
    // What holds now, not what held when it was asked for.
    let viewer = viewers::find(&mut tx, corp, export.made_by, school.today(now)).await?;
    tx.commit().await?;
    let made = match &viewer {
        Some(viewer) => make::make(app, school, &export, viewer).await,
        None => Err(Error::Forbidden),
    };
    let message = match made {
        Ok(()) => return Ok(Done::Yes),
        Err(Error::BudgetSpent(words)) => Cow::from(words),
        Err(Error::Forbidden) => Cow::from("您已没有导出这些数据的权限，请联系学校管理员"),
        Err(Error::Overtaken(_)) => Cow::from(make::TOO_MANY),
        Err(Error::Invalid(_)) => Cow::from("模板里有不再支持的列或筛选，请修改后重新导出"),
        Err(_) if export.attempts >= TRIES => Cow::from("多次尝试都没有成功，请稍后重新导出"),
        Err(error) => return Err(error),
    };
    let mut tx = app.store().scoped(corp).await?;
    exports::fail(&mut tx, corp, id, &message, app.now()).await?;
    tx.commit().await?;
    Ok(Done::Yes)
}
