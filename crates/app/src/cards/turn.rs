//! At the cut-off the cards of each batch are turned together, by the one code that came with sending them: one call a batch,
//! and none for a batch whose cards were all settled by taps.

use chrono::{DateTime, TimeDelta, Utc};
use store::cards::{self as rows, Occasion};

use super::{
    Said, hour, name,
    update::{self, Change},
};
use crate::{App, Error, Result, School, forms};

/// How long the code of a sent card is good (doc 94888), less what clocks may differ.
const CODE_LIFE: TimeDelta = TimeDelta::hours(71);

/// Turns the cards of every turn whose cut-off has passed. Gives the number of batches.
pub(crate) async fn turn_due(app: &App, school: &School) -> Result<usize> {
    let (corp, now) = (school.corp(), app.now());
    let since = now - CODE_LIFE;
    let mut tx = app.store().scoped(corp).await?;
    let mut turned = 0;
    for occasion in rows::unturned(&mut tx, corp, since).await? {
        let Some(said) = over(app, &mut tx, school, &occasion, now).await? else { continue };
        for batch in rows::to_turn(&mut tx, corp, &occasion, since).await? {
            let userids = rows::holders(&mut tx, corp, batch.batch_id).await?;
            let change = Change {
                cause: format!("cut-off {}", batch.batch_id),
                batch_id: Some(batch.batch_id),
                member: None,
                settled: true,
                userids,
                response_code: batch.response_code,
                useful_until: batch.sent_at + CODE_LIFE,
                card: said.clone().card(school),
            };
            update::keep(app, &mut tx, school, change).await?;
            turned += 1;
        }
    }
    tx.commit().await?;
    if turned > 0 {
        app.job_added().notify_one();
    }
    Ok(turned)
}

/// What the cards of a turn say when its cut-off has passed; none: it has not. True whenever it is read, and for those who
/// have reported too.
async fn over(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    occasion: &Occasion,
    now: DateTime<Utc>,
) -> Result<Option<Said>> {
    let loaded = match forms::current(app, tx, &occasion.code).await {
        Ok(loaded) => loaded,
        Err(Error::NotFound) => return Ok(None),
        Err(other) => return Err(other),
    };
    let form = &loaded.published.form;
    let Some(mut turn) = loaded.turn_of(school, occasion.day, Some(occasion.period().slot), now) else {
        return Ok(None);
    };
    if now < turn.window.cutoff_at {
        return Ok(None);
    }
    // As long as the service was away, so much later it is.
    let outages = store::outages::since(tx, school.corp(), turn.window.opens_at).await?;
    turn.window = turn.window.extended(&outages);
    if now < turn.window.cutoff_at {
        return Ok(None);
    }
    let title = format!("{}已截止", form.title);
    let cut_off = hour(school, occasion.day, turn.window.cutoff_at);
    let late = match turn.window.cutoff_at < turn.window.closes_at {
        true => format!("没有填报的，{}前可以打开补报。", hour(school, occasion.day, turn.window.closes_at)),
        false => "可以打开查看。".to_owned(),
    };
    let words = format!("{}已于 {cut_off} 截止。{late}", name(form, turn));
    let path = format!("/h5/forms/{}?from=card", form.code);
    Ok(Some(Said { title, words, path, done: Some("已截止".to_owned()) }))
}
