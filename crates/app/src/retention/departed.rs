//! The end of what is held on people who left, some at a time, each time in a transaction that also records how much went.

use domain::audit::Act;
use serde_json::{Map, Value, json};
use store::{
    audit::{self, Event},
    retention as rows,
};

use super::PAUSE;
use crate::{App, Result, School};

/// People in one transaction.
const PEOPLE: i64 = 100;

/// Erases what was kept long enough, as far as `parts` go.
pub(super) async fn some(app: &App, school: &School, parts: &mut usize) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let before = now - school.retention.classes.departed.life();
    let mut all = 0;
    while *parts > 0 {
        let mut tx = app.store().scoped(corp).await?;
        let people = rows::departed_due(&mut tx, corp, school.today(before), before, PEOPLE).await?;
        if people.is_empty() {
            break;
        }
        let erased = rows::erase_departed(&mut tx, corp, &people).await?;
        all += erased.iter().map(|(_, rows)| rows).sum::<usize>();
        let by_table: Map<String, Value> =
            erased.iter().map(|(table, rows)| ((*table).to_owned(), json!(rows))).collect();
        let said = json!({ "people": people.len(), "policy": school.retention.version, "rows": by_table });
        audit::insert(&mut tx, Event::new(corp, Act::DepartedErased, None, now).saying(said)).await?;
        tx.commit().await?;
        tracing::info!(corp, people = people.len(), "what was held on people who left is erased");
        *parts -= 1;
        tokio::time::sleep(PAUSE).await;
    }
    let mut tx = app.store().scoped(corp).await?;
    rows::ran(&mut tx, corp, "departed", all, now).await?;
    tx.commit().await?;
    Ok(())
}
