//! One person over time: stay, places, exemptions, changes on record; and beside them what the directory showed.

use domain::policy::{Action, Viewer};
use store::{
    exemptions,
    persons::{self, Subject},
    statuses::{self, PlaceRow, Question, Row},
};

use super::{find, readable};
use crate::{App, Result, School, exemptions::opened, reasons::Reasoned};

/// Everything that says where somebody is expected, since when, and who says so.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// Who, and their stay.
    pub subject: Subject,
    /// Where the school counts them, newest first.
    pub places: Vec<PlaceRow>,
    /// Exemptions, newest first.
    pub exemptions: Vec<Reasoned<exemptions::Row>>,
    /// Whether the viewer may read why somebody is exempt.
    pub reasons: bool,
    /// Changes on record, newest first, revoked ones too.
    pub changes: Vec<Reasoned<Row>>,
    /// Where the directory showed their accounts, newest first: what was observed, never corrected.
    pub observed: Vec<PlaceRow>,
}

/// Changes shown at most.
const SHOWN: i64 = 200;

/// The timeline of one of the viewer's people.
pub async fn timeline(app: &App, school: &School, viewer: &Viewer, number: &str) -> Result<Timeline> {
    let scope = readable(viewer)?;
    let (corp, today) = (school.corp(), school.today(app.now()));
    let mut tx = app.store().scoped(corp).await?;
    let subject = find(&mut tx, school, &scope, number, today).await?;
    let person = subject.person_id;
    let question = Question { corp, scope, today, kind: None, person: Some(person), revoked: true };
    let timeline = Timeline {
        places: statuses::places(&mut tx, corp, person).await?,
        exemptions: opened(app, corp, exemptions::of_person(&mut tx, corp, person, today).await?)?,
        // An illness is not for those who only keep the roster, nor for those who exempt elsewhere.
        reasons: persons::subject(&mut tx, corp, &viewer.scope(Action::Exempt), person, today)
            .await?
            .is_some(),
        changes: super::opened(app, corp, statuses::list(&mut tx, &question, None, SHOWN).await?)?,
        observed: statuses::observed(&mut tx, corp, person).await?,
        subject,
    };
    tx.commit().await?;
    Ok(timeline)
}
