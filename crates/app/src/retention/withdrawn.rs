//! The end of what people answered who took their word back, where the school's notice rests on their consent, some at a time.

use domain::audit::Act;
use serde_json::json;
use store::{
    audit::{self, Event},
    retention::{self as rows, Withdrawn},
};

use super::PAUSE;
use crate::{App, Result, School};

/// People and forms in one go; the others have theirs an hour later.
const PAIRS: i64 = 5_000;
/// Reports in one transaction.
const REPORTS: i64 = 250;

/// Ends what is due, as far as `parts` go.
pub(super) async fn some(app: &App, school: &School, parts: &mut usize) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().reading(corp).await?;
    let due = rows::withdrawn_due(&mut tx, corp, school.today(now), now, PAIRS).await?;
    tx.commit().await?;
    let mut all = 0;
    for of in due {
        while *parts > 0 {
            let ended = part(app, school, &of).await?;
            if ended == 0 {
                break;
            }
            all += ended;
            *parts -= 1;
            tokio::time::sleep(PAUSE).await;
        }
    }
    if all > 0 {
        tracing::info!(corp, reports = all, "what people answered who took their word back is erased");
    }
    let mut tx = app.store().scoped(corp).await?;
    rows::note_erased(&mut tx, corp, now).await?;
    rows::ran(&mut tx, corp, "answers", all, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends some of somebody's reports to a form, unless it is held by now or they have agreed again. How many.
async fn part(app: &App, school: &School, of: &Withdrawn) -> Result<usize> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    rows::share_form(&mut tx, corp, &of.code).await?;
    rows::hold_word(&mut tx, corp, of.person_id).await?;
    let form = rows::form(&mut tx, corp, school.today(now), &of.code).await?;
    if form.is_none_or(|form| form.held_until.is_some()) {
        return Ok(0);
    }
    let ended = rows::end_withdrawn(&mut tx, corp, of, now, REPORTS).await?;
    if ended > 0 {
        let event = Event::new(corp, Act::WithdrawnErased, None, now).of(of.person_id).on("form", of.form_id);
        let said = json!({ "rows": ended, "policy": school.retention.version });
        audit::insert(&mut tx, event.saying(said)).await?;
    }
    tx.commit().await?;
    Ok(ended)
}
