//! One person over time: stay, places, exemptions, changes on record; and beside them what the directory showed.

use std::fmt;

use domain::policy::{Action, Viewer};
use store::{
    exemptions,
    persons::{self, Subject},
    statuses::{self, PlaceRow, Question, Row},
};

use super::{find, readable};
use crate::{App, Result, School, exemptions as exempt, reasons::Reasoned};

/// Everything that says where somebody is expected, since when, and who says so.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// Who, and their stay.
    pub subject: Subject,
    /// Where the school counts them, newest first.
    pub places: Vec<PlaceRow>,
    /// Exemptions, newest first.
    pub exemptions: Vec<Exempted>,
    /// Changes on record, newest first, revoked ones too.
    pub changes: Vec<Reasoned<Row>>,
    /// Where the directory showed their accounts, newest first: what was observed, never corrected.
    pub observed: Vec<PlaceRow>,
}

/// An exemption of a timeline.
#[derive(Clone)]
pub struct Exempted {
    /// All else.
    pub row: exemptions::Row,
    /// Why, as it was written; none where it is not the viewer's to read.
    pub reason: Option<String>,
}

/// Never the reason: it may be about an illness.
impl fmt::Debug for Exempted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exempted").field("row", &self.row).finish_non_exhaustive()
    }
}

/// Changes shown at most.
const SHOWN: i64 = 200;

/// The timeline of one of the viewer's people.
pub async fn timeline(app: &App, school: &School, viewer: &Viewer, number: &str) -> Result<Timeline> {
    let scope = readable(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let mut tx = app.store().scoped(corp).await?;
    let subject = find(&mut tx, school, &scope, number, today).await?;
    let person = subject.person_id;
    let question = Question { corp, scope, today, kind: None, person: Some(person), revoked: true };
    let held = exemptions::of_person(&mut tx, corp, person, today).await?;
    // An illness is not for those who only keep the roster, nor for those who exempt elsewhere: to them it stays sealed.
    let exempts = persons::subject(&mut tx, corp, &viewer.scope(Action::Exempt), person, today).await?;
    let exemptions = if exempts.is_some() {
        exempt::note(app, &mut tx, school, viewer, &held, now).await?;
        let opened = exempt::opened(app, corp, held)?.into_iter();
        opened.map(|Reasoned { row, reason, .. }| Exempted { row, reason: Some(reason) }).collect()
    } else {
        held.into_iter().map(|row| Exempted { row, reason: None }).collect()
    };
    let changes = statuses::list(&mut tx, &question, None, SHOWN).await?;
    super::note(app, &mut tx, school, viewer, &changes, now).await?;
    let timeline = Timeline {
        places: statuses::places(&mut tx, corp, person).await?,
        exemptions,
        changes: super::opened(app, corp, changes)?,
        observed: statuses::observed(&mut tx, corp, person).await?,
        subject,
    };
    tx.commit().await?;
    Ok(timeline)
}
