//! The forms that come with Rollcall.

use chrono::Months;
use domain::form::{Form, Schedule, schema};
use store::{
    form_acts,
    forms::{self, Ownership},
};

use crate::{App, Error, Result, School, digests};

/// Asked from the start; the first with reminders.
const RUNNING: [&str; 3] = [
    include_str!("../../../../fixtures/forms/health-daily.json"),
    include_str!("../../../../fixtures/forms/trips.json"),
    include_str!("../../../../fixtures/forms/basic-info.json"),
];

/// Lie ready in the designer until somebody publishes them.
const READY: [&str; 5] = [
    include_str!("../../../../fixtures/forms/health-daily-staff.json"),
    include_str!("../../../../fixtures/forms/left-province.json"),
    include_str!("../../../../fixtures/forms/live-teaching.json"),
    include_str!("../../../../fixtures/forms/reading-notes.json"),
    include_str!("../../../../fixtures/forms/status-survey.json"),
];

/// Publishes the built-in forms a school does not have yet, and the reminders that go with them.
pub async fn publish_built_in(app: &App, school: &School) -> Result<()> {
    let now = app.now();
    let corp = school.corp();
    let starts_on = school.today(now);
    // Nothing is asked for ever: a school that wants to go on says so.
    let ends_on = starts_on.checked_add_months(Months::new(12)).unwrap_or(starts_on);
    let of = Ownership { schedule: Schedule { starts_on, ends_on }, owner: None, department_id: None };
    let mut tx = app.store().scoped(corp).await?;
    for document in RUNNING {
        let form = read(document)?;
        let (form_id, _) = forms::add(&mut tx, corp, &form.code, of).await?;
        forms::publish(&mut tx, corp, form_id, &form, &schema::compile(&form), None, now).await?;
        if form.code == "health-daily" {
            crate::reminder_rules::add_built_in(&mut tx, school, form_id, now).await?;
            digests::add_built_in(&mut tx, corp, form_id, now).await?;
        }
    }
    for document in READY {
        let form = read(document)?;
        // What a school threw away does not come back.
        if form_acts::was_deleted(&mut tx, corp, &form.code).await? {
            continue;
        }
        let (form_id, added) = forms::add(&mut tx, corp, &form.code, of).await?;
        if added {
            let draft = serde_json::to_value(&form).map_err(|_| Error::internal("a built-in form"))?;
            forms::keep_draft(&mut tx, corp, form_id, Some(&draft), None, now).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

fn read(document: &str) -> Result<Form> {
    let broken = |error: serde_json::Error| Error::Internal("a built-in form".into(), Some(Box::new(error)));
    let form: Form = serde_json::from_str(document).map_err(broken)?;
    form.check()
        .map_err(|flaws| Error::internal(flaws.first().map(ToString::to_string).unwrap_or_default()))?;
    Ok(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_form_can_be_published() {
        let mut codes: Vec<String> =
            RUNNING.iter().chain(&READY).map(|document| read(document).unwrap().code).collect();
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), RUNNING.len() + READY.len());
    }
}
