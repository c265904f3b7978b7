//! Once a day the audit is told how many rows of each class ended, by which version of the schedule. The chain numbers it and its heads are
//! signed, so that it is proven with the rest of the record. A purge of answers has its certificate beside that.

use domain::{audit::Act, retention::NAMES};
use serde_json::{Map, Value, json};
use store::{
    audit::{self, Event},
    retention as rows,
};

use crate::{App, Result, School};

/// What telling it is noted as, beside the classes of the schedule.
const LOOK: &str = "record";

/// Tells what went since it was last told, where that was not today. Of days on which nothing went nothing is told.
pub(super) async fn daily(app: &App, school: &School) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let runs = rows::runs(&mut tx, corp).await?;
    let told = runs.iter().find(|run| run.class == LOOK).map(|run| school.today(run.ran_at));
    if told == Some(school.today(now)) {
        return Ok(());
    }
    let taken = rows::take_unrecorded(&mut tx, corp).await?;
    // What else is noted there, as keys that were destroyed, is on record by itself.
    let by_class: Map<String, Value> = (taken.into_iter())
        .filter(|(class, _)| NAMES.contains(&class.as_str()))
        .map(|(class, rows)| (class, json!(rows)))
        .collect();
    if !by_class.is_empty() {
        let said = json!({ "policy": school.retention.version, "rows": by_class });
        audit::insert(&mut tx, Event::new(corp, Act::RetentionRecorded, None, now).saying(said)).await?;
    }
    rows::ran(&mut tx, corp, LOOK, 0, now).await?;
    tx.commit().await?;
    Ok(())
}
