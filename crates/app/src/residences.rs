//! 宿舍: how full the buildings are, who sleeps in which room, and moving by hand. Lists are in [`list`].

pub mod list;

use chrono::NaiveDate;
use domain::{
    DepartmentId, PersonId,
    audit::Act,
    clock,
    policy::{Action, Scope, Viewer},
    residence::{self, Plan, Wish},
    roster::LineError,
};
use serde_json::{Value, json};
use store::{
    Scoped,
    audit::{self, Event},
    members,
    residences::{self, InRoom, Question, Rooms, Which},
};

pub use store::residences::{Building, College, Enrolled, Rooms as AskedRooms, Shown};

use crate::{
    App, Error, FieldError, Page, Result, School,
    reading_budgets::{self, WORK},
};

/// What a look at whose bed a list shows is called in the record of looks, and what it is for.
const LOOK: (&str, &str) = ("residence", WORK);

/// The scope of something, or a refusal where it holds nobody.
fn scope(viewer: &Viewer, action: Action) -> Result<Scope> {
    let scope = viewer.scope(action);
    if scope.is_empty() { Err(Error::Forbidden) } else { Ok(scope) }
}

fn day_of(app: &App, school: &School, day: Option<NaiveDate>) -> Result<NaiveDate> {
    match day {
        Some(day) if clock::parse_day(&day.to_string()).is_none() => {
            Err(Error::field("day", "请填 1900 到 2199 年之间的日期，例如 2020-03-04"))
        }
        Some(day) => Ok(day),
        None => Ok(school.today(app.now())),
    }
}

/// Beds by building on a day, and the day. How many are taken is for who sees the figures of the whole school.
pub async fn buildings(
    app: &App,
    school: &School,
    viewer: &Viewer,
    day: Option<NaiveDate>,
) -> Result<(NaiveDate, Vec<Building>)> {
    let scope = scope(viewer, Action::SeeStatistics)?;
    let day = day_of(app, school, day)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = residences::buildings(&mut tx, school.corp(), &scope, day).await?;
    tx.commit().await?;
    Ok((day, rows))
}

/// Students of the viewer's scope and their beds by college on a day, and the day.
pub async fn colleges(
    app: &App,
    school: &School,
    viewer: &Viewer,
    day: Option<NaiveDate>,
) -> Result<(NaiveDate, Vec<College>)> {
    let scope = scope(viewer, Action::SeeStatistics)?;
    let day = day_of(app, school, day)?;
    let question = Question { corp: school.corp(), day, scope, under: None };
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = residences::colleges(&mut tx, &question).await?;
    tx.commit().await?;
    Ok((day, rows))
}

/// A room, bed by bed.
#[derive(Debug, Clone)]
pub struct Room {
    /// 楼层
    pub floor: String,
    /// 房间
    pub room: String,
    /// Its beds; who is outside the viewer's scope has no name.
    pub beds: Vec<InRoom>,
}

/// Rooms of a building on a day; `after` is the last page's `next`. Whoever sees figures sees which beds are taken, and by
/// whom only where they may see the person, which is on record as a look.
pub async fn rooms(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: &Rooms,
    day: Option<NaiveDate>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<Room>> {
    scope(viewer, Action::SeeStatistics)?;
    let day = day_of(app, school, day)?;
    let question = Question { corp: school.corp(), day, scope: viewer.scope(Action::SeePeople), under: None };
    let after: Option<(String, String)> =
        after.map(serde_json::from_str).transpose().map_err(|_| crate::bad_cursor())?;
    let after = after.as_ref().map(|(floor, room)| (floor.as_str(), room.as_str()));
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = residences::rooms(&mut tx, &question, asked, after, limit + 1).await?;
    let mut rooms: Vec<Room> = Vec::new();
    for bed in rows {
        match rooms.last_mut().filter(|room| room.floor == bed.floor && room.room == bed.room) {
            Some(room) => room.beds.push(bed),
            None => {
                rooms.push(Room { floor: bed.floor.clone(), room: bed.room.clone(), beds: vec![bed] });
            }
        }
    }
    let page = Page::cut(rooms, limit, |room| serde_json::json!([room.floor, room.room]).to_string());
    let people = page.items.iter().flat_map(|room| &room.beds).filter_map(|bed| bed.person_id).collect();
    let tx = reading_budgets::look_at_list(app, school, viewer, tx, LOOK, people).await?;
    tx.commit().await?;
    Ok(page)
}

/// Students of the viewer's scope without a bed on a day, by number; `after` is the last page's `next`.
pub async fn without(
    app: &App,
    school: &School,
    viewer: &Viewer,
    department: Option<DepartmentId>,
    day: Option<NaiveDate>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<Enrolled>> {
    let scope = scope(viewer, Action::SeePeople)?;
    let day = day_of(app, school, day)?;
    let question = Question { corp: school.corp(), day, scope, under: department };
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = residences::without(&mut tx, &question, after, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |row| row.number.clone()))
}

/// Where a person has slept, newest first; on record as a look.
pub async fn history(app: &App, school: &School, viewer: &Viewer, person: PersonId) -> Result<Vec<Shown>> {
    let scope = scope(viewer, Action::SeePeople)?;
    let today = school.today(app.now());
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = residences::shown(&mut tx, school.corp(), &scope, Which::Person(person), today).await?;
    let people = rows.iter().map(|row| row.person_id).collect();
    let tx = reading_budgets::look_at_list(app, school, viewer, tx, LOOK, people).await?;
    tx.commit().await?;
    Ok(rows)
}

/// What became of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// They had no bed before.
    In,
    /// They left another bed for it.
    Changed,
    /// They left theirs.
    Out,
    /// It was so already.
    Nothing,
}

impl From<&Plan> for Moved {
    fn from(plan: &Plan) -> Self {
        match (plan.moved_in, plan.moved, plan.moved_out) {
            (0, 0, 0) => Self::Nothing,
            (_, 0, 0) => Self::In,
            (_, 0, _) => Self::Out,
            _ => Self::Changed,
        }
    }
}

/// Has somebody move into a free bed from a day on, out of any other one.
pub async fn move_in(
    app: &App,
    school: &School,
    viewer: &Viewer,
    number: &str,
    bed: i64,
    from: NaiveDate,
) -> Result<Moved> {
    let scope = scope(viewer, Action::House)?;
    check_day("from", from)?;
    let (corp, today) = (school.corp(), school.today(app.now()));
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let number = number.trim();
    let named = residences::named(&mut tx, corp, &scope, &[number.to_lowercase()], today).await?;
    let Some(person) = named.first() else {
        return Err(Error::field("number", format!("名册里没有“{number}”，或不在您的数据范围内，请核对")));
    };
    if let Some(left) = person.until_date.filter(|left| *left <= from) {
        return Err(Error::field("number", format!("此人 {left} 起不在册，不能入住")));
    }
    if !residences::has_bed(&mut tx, corp, bed).await? {
        return Err(Error::field("bed", "没有这个床位，请刷新页面后重新选择"));
    }
    let wish = Wish { line: 1, person: person.person_id, bed, from: Some(from), until: None };
    let moved = carry_out(&mut tx, school, wish, today).await?;
    if moved != Moved::Nothing {
        let detail = json!({ "act": "moved_in", "from": from });
        note(app, &mut tx, viewer, (person.person_id, bed), detail).await?;
    }
    tx.commit().await?;
    Ok(moved)
}

/// Has somebody move out of the bed of a stay on a day, which is the first that the bed is free.
pub async fn move_out(
    app: &App,
    school: &School,
    viewer: &Viewer,
    stay: i64,
    on: NaiveDate,
) -> Result<Moved> {
    let scope = scope(viewer, Action::House)?;
    check_day("on", on)?;
    let (corp, today) = (school.corp(), school.today(app.now()));
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let found = residences::shown(&mut tx, corp, &scope, Which::Stay(stay), today).await?;
    let stay = found.first().ok_or(Error::NotFound)?;
    let wish = Wish { line: 1, person: stay.person_id, bed: stay.bed_id, from: None, until: Some(on) };
    let moved = carry_out(&mut tx, school, wish, today).await?;
    if moved != Moved::Nothing {
        let detail = json!({ "act": "moved_out", "until": on });
        note(app, &mut tx, viewer, (stay.person_id, stay.bed_id), detail).await?;
    }
    tx.commit().await?;
    Ok(moved)
}

/// Records that somebody was moved by hand.
async fn note(
    app: &App,
    tx: &mut Scoped,
    viewer: &Viewer,
    (person, bed): (PersonId, i64),
    detail: Value,
) -> Result<()> {
    let event = Event::new(tx.corp(), Act::ResidenceChanged, Some(viewer.member), app.now());
    Ok(audit::insert(tx, event.of(person).on("bed", bed).saying(detail)).await?)
}

fn check_day(field: &str, day: NaiveDate) -> Result<()> {
    if residence::is_plausible(day) {
        return Ok(());
    }
    Err(Error::field(field, "不像入住或搬出的日期，请核对年份"))
}

async fn carry_out(tx: &mut Scoped, school: &School, wish: Wish, today: NaiveDate) -> Result<Moved> {
    let corp = school.corp();
    let stays = residences::stays(tx, corp, &[wish.person], &[wish.bed]).await?;
    let plan = residence::plan(&[wish], &stays, today).map_err(by_field)?;
    residences::carry_out(tx, corp, &plan, "manual").await?;
    Ok(Moved::from(&plan))
}

fn by_field(errors: Vec<LineError>) -> Error {
    let field = |column: &str| match column {
        "moved_in" => "from".to_owned(),
        "moved_out" => "on".to_owned(),
        other => other.to_owned(),
    };
    Error::Invalid(
        errors
            .into_iter()
            .map(|error| FieldError { field: field(&error.column), message: error.message })
            .collect(),
    )
}
