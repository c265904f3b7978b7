//! Beds and who sleeps in them from a file: all of it, or nothing.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use domain::{
    policy::{Action, Scope, Viewer},
    residence::{self, BED_COLUMNS, BED_NEEDED, BedLine, BedName, Plan, Wish},
    roster::LineError,
};
use store::{
    change_sets::{self, Act},
    members,
    residences::{self, Named},
};

use crate::{
    App, Error, Result, School,
    roster::{Heading, ImportError, table::Table},
};

const LIST: &str = "宿舍名单";

/// What a list does, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Headings of the file and what they are taken for.
    pub headings: Vec<Heading>,
    /// Rows of the list.
    pub rows: usize,
    /// Beds that were not known.
    pub beds_added: usize,
    /// People who move in.
    pub moved_in: usize,
    /// People who change beds.
    pub moved: usize,
    /// People who move out.
    pub moved_out: usize,
    /// People who are where the list says already.
    pub unchanged: usize,
    /// Every wrong cell; nothing was written while there is one.
    pub errors: Vec<LineError>,
}

/// Refuses whoever may bring no list of beds. Asked before the file is read, too: nobody else's is to lie in memory.
pub fn may_bring(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Takes a list over. With `write` false it is only looked at: what it counts is what it would do. For administrators,
/// who bring lists of the whole school as they bring rosters.
pub async fn take(
    app: &App,
    school: &School,
    viewer: &Viewer,
    file: Vec<u8>,
    write: bool,
) -> Result<Outcome> {
    may_bring(viewer)?;
    let read = tokio::task::spawn_blocking(move || {
        let table = Table::read(LIST, &BED_COLUMNS, &BED_NEEDED, &file)?;
        let lines = read(&table);
        Ok::<_, ImportError>((table, lines))
    });
    let read = read.await.map_err(|error| Error::internal(error.to_string()))?;
    let (table, lines) = match read {
        Ok(read) => read,
        Err(ImportError::Lines { errors, .. }) => return Ok(Outcome { errors, ..Outcome::default() }),
        Err(error) => return Err(Error::field("file", error.to_string())),
    };
    let outcome = Outcome { headings: table.headings(), rows: table.len(), ..Outcome::default() };
    let lines = match lines {
        Ok(lines) => lines,
        Err(errors) => return told(&table, outcome, errors),
    };
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let changes = change_sets::begin(&mut tx).await?;
    let beds_added = add_beds(&mut tx, school, &lines).await?;
    let wishes = match resolve(&mut tx, school, &lines, today).await? {
        Ok(wishes) => wishes,
        Err(errors) => return told(&table, outcome, errors),
    };
    let people: Vec<i64> = wishes.iter().map(|wish| wish.person).collect();
    let beds: Vec<i64> = wishes.iter().map(|wish| wish.bed).collect();
    let stays = residences::stays(&mut tx, corp, &people, &beds).await?;
    let plan = match residence::plan(&wishes, &stays, today) {
        Ok(plan) => plan,
        Err(errors) => return told(&table, outcome, errors),
    };
    residences::carry_out(&mut tx, corp, &plan, "list").await?;
    let Plan { moved_in, moved, moved_out, unchanged, .. } = plan;
    if write {
        let title =
            format!("导入宿舍名单：新增床位 {beds_added}，入住 {moved_in}，换床位 {moved}，搬出 {moved_out}");
        let act = Act { kind: "residences", run_id: None, title: &title, by: Some(viewer.member), at: now };
        change_sets::end(&mut tx, corp, changes, act).await?;
        tx.commit().await?;
        tracing::info!(corp, beds_added, moved_in, moved, moved_out, "a list of beds was imported");
    }
    Ok(Outcome { beds_added, moved_in, moved, moved_out, unchanged, ..outcome })
}

/// The outcome of a list with wrong cells, by the file's own headings.
fn told(table: &Table, outcome: Outcome, errors: Vec<LineError>) -> Result<Outcome> {
    match table.fail_if_any(errors) {
        Err(ImportError::Lines { errors, .. }) => Ok(Outcome { errors, ..outcome }),
        Err(error) => Err(Error::field("file", error.to_string())),
        Ok(()) => Ok(outcome),
    }
}

fn read(table: &Table) -> Result<Vec<BedLine>, Vec<LineError>> {
    let (mut lines, mut errors) = (Vec::with_capacity(table.len()), Vec::new());
    for line in table.lines() {
        match BedLine::read(&line) {
            Ok(line) => lines.push(line),
            Err(wrong) => errors.extend(wrong),
        }
    }
    if errors.is_empty() { Ok(lines) } else { Err(errors) }
}

async fn add_beds(tx: &mut store::Scoped, school: &School, lines: &[BedLine]) -> Result<usize> {
    let names: HashSet<&BedName> = lines.iter().map(|line| &line.bed).collect();
    let names: Vec<&BedName> = names.into_iter().collect();
    Ok(residences::add_beds(tx, school.corp(), &names).await?)
}

/// Who and which bed each line means.
async fn resolve(
    tx: &mut store::Scoped,
    school: &School,
    lines: &[BedLine],
    today: NaiveDate,
) -> Result<Result<Vec<Wish>, Vec<LineError>>> {
    let corp = school.corp();
    let numbers: Vec<String> = lines
        .iter()
        .filter_map(|line| line.occupant.as_ref())
        .map(|occupant| occupant.number.to_lowercase())
        .collect();
    let named = residences::named(tx, corp, &Scope::School, &numbers, today).await?;
    let people: HashMap<String, Named> =
        named.into_iter().map(|named| (named.number.to_lowercase(), named)).collect();
    let beds: HashMap<BedName, i64> =
        residences::beds(tx, corp).await?.into_iter().map(|(id, name)| (name, id)).collect();
    let (mut wishes, mut errors) = (Vec::new(), Vec::new());
    for line in lines {
        let Some(occupant) = &line.occupant else { continue };
        let mut wrong = |column: &'static str, message: String| {
            errors.push(LineError { line: line.line, column: column.into(), message });
        };
        let Some(person) = people.get(&occupant.number.to_lowercase()) else {
            wrong("number", format!("名册里没有“{}”，请核对学号或工号，或先导入名册", occupant.number));
            continue;
        };
        // The roster's name is not told: whoever guesses numbers should learn nothing.
        if occupant.name.as_ref().is_some_and(|name| *name != person.name) {
            wrong("name", "与名册里这个学号的姓名不同，请核对".to_owned());
            continue;
        }
        let from = occupant.from.unwrap_or(today);
        if let Some(left) = person.until_date.filter(|left| occupant.until.is_none() && *left <= from) {
            wrong("number", format!("此人 {left} 起不在册，不能入住"));
            continue;
        }
        let bed = *beds.get(&line.bed).ok_or_else(|| Error::internal("a bed that was just added"))?;
        let (from, until) = (occupant.from, occupant.until);
        wishes.push(Wish { line: line.line, person: person.person_id, bed, from, until });
    }
    Ok(if errors.is_empty() { Ok(wishes) } else { Err(errors) })
}

/// An empty list to be filled in: our headings, for Excel.
pub fn template() -> String {
    let titles: Vec<&str> = BED_COLUMNS.iter().map(|column| domain::roster::title_of(column)).collect();
    format!("\u{feff}{}\r\n", titles.join(","))
}
