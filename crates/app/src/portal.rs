//! 入口: other systems that members are led to. Who opened which on a day is counted; where they lead is what was entered,
//! and nothing a request says.

mod entries;
mod lists;
mod reminding;

use domain::{
    PersonId,
    policy::{Action, Viewer},
    portal,
};
use store::{
    Scoped,
    portal::{self as rows, Row, passes},
};

pub use domain::portal::{Comparison, Draft, Icon, Names, Which};
pub use entries::{Days, Listed, change, create, days, end, get, list, order};
pub use lists::{Asked, Brought, Found, List, Person, Unit, bring, comparison, may_bring, people};
pub(crate) use lists::{Basis, count_in, people_in};
pub use reminding::{Reminded, Wanted, remind};

use crate::{App, Error, Result, School};

/// Whoever counts sees which entries there are.
fn may_read(viewer: &Viewer) -> Result<()> {
    let may = [Action::SeeStatistics, Action::ManagePortal];
    if may.into_iter().any(|action| viewer.may(action)) { Ok(()) } else { Err(Error::Forbidden) }
}

fn may_manage(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::ManagePortal) { Ok(()) } else { Err(Error::Forbidden) }
}

/// An entry, ended or not.
async fn find(tx: &mut Scoped, id: i64) -> Result<Row> {
    let corp = tx.corp();
    rows::find(tx, corp, id).await?.ok_or(Error::NotFound)
}

/// An entry as a tile.
#[derive(Debug, Clone)]
pub struct Tile {
    /// Its row.
    pub row: Row,
    /// Whether the viewer opened it today.
    pub opened: bool,
}

/// The entries that are for the viewer today, in the school's order.
pub async fn mine(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<Tile>> {
    let corp = school.corp();
    let today = school.today(app.now());
    let mut tx = app.store().reading(corp).await?;
    let mut shown = rows::standing(&mut tx, corp, most()).await?;
    shown.retain(|row| portal::is_shown(row.from_date, row.until_date, today));
    if !shown.is_empty() {
        let place = place(&mut tx, school, viewer, app).await?;
        let kind = viewer.person.as_ref().map(|person| person.kind);
        shown.retain(|row| portal::is_for(&row.audience(), kind, &place));
    }
    let ids: Vec<i64> = shown.iter().map(|row| row.entry_id).collect();
    let opened = if ids.is_empty() {
        Vec::new()
    } else {
        passes::of_member(&mut tx, corp, viewer.member, today, &ids).await?
    };
    tx.commit().await?;
    let tile = |row: Row| Tile { opened: opened.contains(&row.entry_id), row };
    Ok(shown.into_iter().map(tile).collect())
}

/// More than may stand at a time.
pub(crate) fn most() -> i64 {
    i64::try_from(portal::MAX_ENTRIES).unwrap_or(i64::MAX)
}

/// What the viewer is counted under today.
async fn place(tx: &mut Scoped, school: &School, viewer: &Viewer, app: &App) -> Result<Vec<Option<i32>>> {
    let today = school.today(app.now());
    let person: Option<PersonId> = viewer.person.as_ref().map(|person| person.id);
    Ok(match person {
        Some(person) => rows::counted_under(tx, school.corp(), person, today).await?,
        None => Vec::new(),
    })
}

/// Notes that the viewer opens an entry, once a day, and gives the address it leads to. One that is not for them looks as
/// if it was not there.
pub async fn pass(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<String> {
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let mut tx = app.store().scoped(corp).await?;
    let row = find(&mut tx, id).await?;
    let shown = row.closed_at.is_none() && portal::is_shown(row.from_date, row.until_date, today);
    let place = place(&mut tx, school, viewer, app).await?;
    let kind = viewer.person.as_ref().map(|person| person.kind);
    if !shown || !portal::is_for(&row.audience(), kind, &place) {
        return Err(Error::NotFound);
    }
    passes::add(&mut tx, corp, id, viewer.member, today, now).await?;
    tx.commit().await?;
    Ok(row.address)
}
