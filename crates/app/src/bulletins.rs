//! 一键通报: a table of figures and the sentence that says the same, without names.

use domain::{
    bulletin::Bulletin,
    policy::{Action, Scope, Viewer},
};
use store::{departments, statistics::By};

use crate::{
    App, Result, School,
    forms::slot_title,
    statistics::{Asked, Table, table_in},
};

/// More parts of the school than this are not named one by one.
const MOST_UNITS: usize = 3;

/// What is told.
#[derive(Debug, Clone)]
pub struct Told {
    /// The form, and the day and slot it is about.
    pub title: String,
    /// The sentence.
    pub sentence: String,
    /// Of which part of the school; none: of all.
    pub unit: Option<String>,
    /// The figures it says.
    pub table: Table,
}

/// A bulletin of what the viewer may see.
pub async fn make(app: &App, school: &School, viewer: &Viewer, asked: Asked<'_>, by: By) -> Result<Told> {
    let scope = viewer.scope(Action::SeeStatistics);
    let whole_school = scope == Scope::School;
    let mut tx = app.store().reading(school.corp()).await?;
    let (loaded, table) = table_in(app, &mut tx, school, scope, asked, by).await?;
    let unit = match asked.department {
        // What holds nobody of theirs is not named: it may be somebody else's.
        Some(_) if table.total.expected == 0 => None,
        Some(id) => departments::name_on(&mut tx, school.corp(), id, table.day).await?,
        None if whole_school => None,
        None => own(viewer),
    };
    tx.commit().await?;
    let form = &loaded.published.form;
    let slot = slot_title(form, table.slot);
    let local = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&school.zone).naive_local();
    let bulletin = Bulletin {
        form,
        slot: slot.as_deref(),
        unit: unit.as_deref(),
        day: table.day,
        as_of: local(table.as_of),
        cutoff: local(table.cutoff_at),
        counts: table.total,
    };
    Ok(Told { title: bulletin.title(), sentence: bulletin.sentence(), unit, table })
}

/// What the viewer was granted, by name, where that is few.
pub(crate) fn own(viewer: &Viewer) -> Option<String> {
    let granted = viewer.grants.iter().filter(|grant| grant.may(Action::SeeStatistics));
    let mut names: Vec<&str> = granted.map(|grant| grant.department_name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let few = (1..=MOST_UNITS).contains(&names.len());
    Some(if few { names.join("、") } else { "所负责范围".into() })
}
