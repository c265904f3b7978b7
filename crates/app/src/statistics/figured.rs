//! The forms that have figures.

use chrono::NaiveDate;
use domain::{
    form::{Cadence, Form},
    policy::{Action, Viewer},
};

use crate::{App, Error, Result, School, forms::compiled};

/// A form whose figures somebody may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figured {
    /// Its name in addresses.
    pub code: String,
    /// What people read.
    pub title: String,
    /// `daily`, `weekly`, `once` or `event`.
    pub cadence: &'static str,
    /// The times of the day, where there are several.
    pub slots: Vec<FiguredSlot>,
    /// Whether anything of it is counted by category.
    pub categories: bool,
    /// Whether it tells of trips.
    pub trips: bool,
    /// Whether an answer can be abnormal.
    pub abnormal: bool,
    /// The first day it is asked.
    pub starts_on: NaiveDate,
    /// The last.
    pub ends_on: NaiveDate,
}

/// One time of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiguredSlot {
    /// Counted from 0.
    pub slot: i16,
    /// What it is called.
    pub title: String,
}

/// The forms with figures, those of every day first, then as they were made: for those who see figures, and those who see
/// who is missing in them.
pub async fn forms(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<Figured>> {
    if !viewer.may(Action::SeeStatistics) && !viewer.may(Action::SeeUnreported) {
        return Err(Error::Forbidden);
    }
    let mut tx = app.store().reading(school.corp()).await?;
    let mut found = Vec::new();
    for (campaign, version) in store::forms::list(&mut tx, school.corp(), None).await? {
        let loaded = compiled(app, &campaign, version)?;
        let form = &loaded.published.form;
        let (place, cadence) = cadence(form);
        let figured = Figured {
            code: form.code.clone(),
            title: form.title.clone(),
            cadence,
            slots: slots(form),
            categories: !form.statistics.is_empty(),
            trips: form.trip.is_some(),
            abnormal: !form.abnormal.is_empty(),
            starts_on: campaign.starts_on,
            ends_on: campaign.ends_on,
        };
        found.push(((place, campaign.form_id), figured));
    }
    tx.commit().await?;
    found.sort_by_key(|(place, _)| *place);
    Ok(found.into_iter().map(|(_, figured)| figured).collect())
}

fn cadence(form: &Form) -> (u8, &'static str) {
    match form.cadence {
        Cadence::Daily { .. } => (0, "daily"),
        Cadence::Weekly { .. } => (1, "weekly"),
        Cadence::Once => (2, "once"),
        Cadence::Event => (3, "event"),
    }
}

fn slots(form: &Form) -> Vec<FiguredSlot> {
    let Cadence::Daily { slots } = &form.cadence else { return Vec::new() };
    if slots.len() < 2 {
        return Vec::new();
    }
    let title =
        |slot: i16, title: &Option<String>| title.clone().unwrap_or_else(|| format!("第 {} 次", slot + 1));
    (0..).zip(slots).map(|(slot, times)| FiguredSlot { slot, title: title(slot, &times.title) }).collect()
}
