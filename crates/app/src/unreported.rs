//! The live list of those who have not reported, for those who look after them.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    DepartmentId, PersonId,
    follow_up::FollowUpReason,
    phone,
    policy::{Action, Viewer},
};
use store::unreported::{self, Row, phone_place};

use crate::{
    App, Page, Result, School, follow_ups,
    reading_budgets::{self, WORK},
    roll::{self, Person},
    statistics::{Asked, question},
};

/// One who has not reported.
#[derive(Debug, Clone)]
pub struct Unreported {
    /// Our id.
    pub person: PersonId,
    /// Student or staff number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Class on that day.
    pub class: Option<(DepartmentId, String)>,
    /// Masked; none when there is none or the viewer may not call them.
    pub phone_masked: Option<String>,
    /// Whether a message can reach them.
    pub reachable: bool,
    /// The last reminder about this form and day: when, and what became of it.
    pub last_reminder: Option<(DateTime<Utc>, String)>,
    /// Why they have not reported, as somebody last found out.
    pub follow_up: Option<LastFollowUp>,
}

/// What somebody last found out, without what else they said: notes are opened one person at a time, on record.
#[derive(Debug, Clone)]
pub struct LastFollowUp {
    /// Why; none where it is not the viewer's to read.
    pub reason: Option<FollowUpReason>,
    /// Who found out.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The list, and the figures it belongs to.
#[derive(Debug, Clone)]
pub struct List {
    /// The day.
    pub day: NaiveDate,
    /// The hour the list was true.
    pub as_of: DateTime<Utc>,
    /// 应报 in the viewer's scope.
    pub expected: i64,
    /// 未报 in the viewer's scope.
    pub total: i64,
    /// … of whom is known why.
    pub followed_up: i64,
    /// This page.
    pub page: Page<Unreported>,
}

/// Where somebody is counted.
fn path(row: &Row) -> [Option<DepartmentId>; 4] {
    [Some(row.department_id), row.class_id, row.grade_id, row.college_id]
}

/// The unreported of the viewer's scope, by number; with `followed_up` only those of whom is known why, or only the others; `after` is the last page's `next`.
/// Why others found out that somebody has not reported is a look at them, once a day.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked<'_>,
    followed_up: Option<bool>,
    after: Option<&str>,
    limit: i64,
) -> Result<List> {
    let as_of = app.now();
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let (_, question) = question(app, &mut tx, school, viewer, Action::SeeUnreported, asked).await?;
    let roll = roll::of(app, &mut tx, &question).await?;
    let known = unreported::followed_up(&mut tx, &question).await?;
    let counts = roll.counts();
    let missing = || roll.people().filter(|(_, reported)| reported.is_none()).map(|(person, _)| person);
    let is_known = |person: &Person| known.contains(&person.id);
    let wanted = |person: &&Person| followed_up.is_none_or(|wanted| is_known(person) == wanted);
    let rest = missing().skip_while(|person| after.is_some_and(|after| *person.number <= *after));
    let most = usize::try_from(limit + 1).unwrap_or_default();
    let page: Vec<PersonId> = rest.filter(wanted).take(most).map(|person| person.id).collect();
    let followed_up = missing().filter(|person| is_known(person)).count();
    let rows = unreported::rows(&mut tx, &question, &page).await?;
    let page = Page::cut(rows, limit, |row| row.number.clone());
    // That somebody is in hospital is a look at them, where another found it out.
    let told = |row: &&Row| {
        row.follow_by.is_some_and(|by| by != viewer.member && follow_ups::reads(viewer, by, &path(row)))
    };
    let people = page.items.iter().filter(told).map(|row| row.person_id).collect();
    reading_budgets::note(app, school, viewer, &mut tx, ("follow_up_reason", WORK), people, as_of).await?;
    tx.commit().await?;

    let may_call = viewer.scope(Action::RevealPhone);
    let page = page.try_map(|row| {
        let path = path(&row);
        let callable = may_call.covers(&path);
        let follow_up = match (row.follow_reason, row.follow_by, row.follow_at) {
            (Some(reason), Some(by), Some(at)) => {
                let reads = follow_ups::reads(viewer, by, &path);
                Some(LastFollowUp {
                    reason: reads.then(|| follow_ups::reason(&reason)).transpose()?,
                    by: row.follow_by_name.unwrap_or_default(),
                    at,
                })
            }
            _ => None,
        };
        let phone_masked = match row.phone.filter(|_| callable) {
            Some(sealed) => {
                let opened = app.store().keyring().open(phone_place(corp, &row.number), &sealed)?;
                Some(phone::mask(&String::from_utf8_lossy(&opened)))
            }
            None => None,
        };
        Ok::<_, crate::Error>(Unreported {
            person: row.person_id,
            number: row.number,
            name: row.name,
            class: row.class_id.zip(row.class_name),
            phone_masked,
            reachable: row.reachable,
            last_reminder: row.reminder_at.zip(row.reminder_state),
            follow_up,
        })
    })?;
    Ok(List {
        day: question.day,
        as_of,
        expected: counts.expected,
        total: counts.unreported(),
        followed_up: i64::try_from(followed_up).unwrap_or(i64::MAX),
        page,
    })
}
