//! Sheets of figures, and of the lists behind them: the same that their pages show.

use chrono::{DateTime, Utc};
use domain::{
    PersonId,
    export::{Chosen, Column, Dataset, Definition, Filters},
    gate::{Direction, Flag, Refusal},
    movement::Movement,
    platform::{line::AccountState, visit::Client},
    policy::Scope,
    region,
    statistics::{Counts, rate},
};
use store::{
    Scoped,
    passages::Picked,
    platform::usage::{self, Of, Question as Used},
    statistics as figures,
};

use super::{
    Cell,
    answers::{self, Answered},
    cells::{day, number, optional, text},
};
use crate::{
    App, Result, School, movements, passages,
    portal::{self, Basis},
    statistics::{self, Asked, By, Fact, PersonRow, Spanned, Which, question_of},
    trips::{self, TripRow},
};

/// What a row is called that holds the sum of the others.
const TOTAL: &str = "合计";
/// What those are called who are under no department of a kind.
const UNPLACED: &str = "未归属";

/// A sheet of these datasets, and whose data may be in it.
#[derive(Clone, Copy)]
pub(super) struct Listed<'a> {
    pub(super) app: &'a App,
    pub(super) school: &'a School,
    pub(super) definition: &'a Definition,
    pub(super) scope: &'a Scope,
    /// Whether what people answered is shown, or only that they did.
    pub(super) answers: bool,
}

/// A page of people.
#[derive(Default)]
pub(super) struct Named {
    pub(super) rows: Vec<Vec<Cell>>,
    /// Whom it names.
    pub(super) named: Vec<PersonId>,
    /// Whom it shows to be abnormal.
    pub(super) abnormal: Vec<PersonId>,
    /// The key after which the next begins.
    pub(super) next: Option<String>,
}

impl Listed<'_> {
    fn filters(&self) -> &Filters {
        &self.definition.filters
    }

    fn asked(&self) -> Asked<'_> {
        let Filters { form, day, slot, department, .. } = self.filters();
        Asked { form: form.as_deref().unwrap_or_default(), day: *day, slot: *slot, department: *department }
    }

    fn by(&self) -> By {
        match self.filters().by.as_deref() {
            Some("grade") => By::Grade,
            Some("class") => By::Class,
            Some("department") => By::Department,
            _ => By::College,
        }
    }

    fn which(&self) -> Which {
        match self.filters().state.as_deref() {
            None if self.definition.dataset == Dataset::ReportAnswers => Which::Reported,
            Some("reported") => Which::Reported,
            Some("unreported") => Which::Unreported,
            Some("normal") => Which::Normal,
            Some("abnormal") => Which::Abnormal,
            Some("late") => Which::Late,
            _ => Which::Expected,
        }
    }

    fn fact(&self) -> Option<Fact<'_>> {
        let Filters { field, category, .. } = self.filters();
        let category = category.as_deref().filter(|category| !category.is_empty());
        field.as_deref().map(|field| Fact { field, category })
    }

    fn trips(&self) -> trips::Asked<'_> {
        let Filters { open, day, outside, within, since, department, .. } = self.filters();
        trips::Asked {
            open: *open,
            day: *day,
            outside: outside.as_deref(),
            within: within.as_deref(),
            since: *since,
            department: *department,
        }
    }

    /// Which scans, as the page picks them.
    fn passages(&self) -> Result<Picked> {
        let Filters { from, to, department, gate, direction, outcome, visitors, .. } = self.filters();
        let asked = passages::Asked {
            span: passages::Span { from: *from, to: *to },
            gate: *gate,
            direction: direction.as_deref().and_then(Direction::parse),
            department: *department,
            allowed: match outcome.as_deref() {
                Some("allowed") => Some(true),
                Some("refused") => Some(false),
                _ => None,
            },
            flagged: outcome.as_deref() == Some("flagged"),
            visitors: *visitors,
            ..passages::Asked::default()
        };
        passages::picked_of(self.school, asked)
    }

    /// Who is not back, and when they should have been.
    fn outsiders(&self) -> Result<passages::Missed> {
        let Filters { zone, department, at, .. } = self.filters();
        passages::missed(self.app, self.school, (zone.unwrap_or_default(), *department), *at)
    }

    /// Which day of which entry, and which of its people.
    fn entry(&self) -> (portal::Asked, portal::Which) {
        let Filters { entry, day, department, state, .. } = self.filters();
        let asked = portal::Asked { entry: entry.unwrap_or_default(), day: *day, department: *department };
        let which = state.as_deref().and_then(portal::Which::parse);
        (asked, which.unwrap_or(portal::Which::All))
    }

    /// Whose use, where it is use.
    fn used(&self) -> Option<(Of, Used)> {
        let of = match self.definition.dataset {
            Dataset::Usage => Of::Own,
            Dataset::UsageConsole => Of::Console,
            _ => return None,
        };
        let Filters { state, client, since, department, .. } = self.filters();
        let state = state.as_deref().and_then(AccountState::parse).map(AccountState::as_str);
        let question = Used {
            corp: self.school.corp(),
            today: self.school.today(self.app.now()),
            state,
            client: client.clone(),
            unused_since: *since,
            under: *department,
        };
        Some((of, question))
    }

    fn cells(&self, of: impl Fn(Column) -> Cell) -> Vec<Cell> {
        self.definition.columns.iter().map(|chosen| of(chosen.column)).collect()
    }

    fn local(&self, at: DateTime<Utc>) -> Cell {
        Cell::Text(at.with_timezone(&self.school.zone).format("%Y-%m-%d %H:%M").to_string())
    }

    /// How many people a list names, or trips.
    pub(super) async fn count(&self, tx: &mut Scoped) -> Result<i64> {
        if let Some((of, question)) = self.used() {
            return Ok(usage::count(tx, &question, of).await?);
        }
        if self.definition.dataset == Dataset::Trips {
            let summary =
                trips::summary_in(self.app, tx, self.school, self.scope.clone(), self.trips()).await?;
            return Ok(summary.trips);
        }
        if self.definition.dataset == Dataset::Passages {
            let question = passages::question_in(self.school, self.scope.clone());
            return Ok(store::passages::count(tx, &question, &self.passages()?).await?);
        }
        if self.definition.dataset == Dataset::Outsiders {
            let question = passages::question_in(self.school, self.scope.clone());
            return passages::count_outside_in(tx, &question, self.outsiders()?).await;
        }
        if self.definition.dataset == Dataset::Portal {
            let (asked, which) = self.entry();
            return portal::count_in(self.app, tx, self.school, self.scope.clone(), asked, which).await;
        }
        let (_, question) = question_of(self.app, tx, self.school, self.scope.clone(), self.asked()).await?;
        Ok(figures::count(tx, &question, self.which(), self.fact()).await?)
    }

    /// The next rows of a list, numbered on from `given`.
    pub(super) async fn page(
        &self,
        tx: &mut Scoped,
        after: Option<&str>,
        given: i64,
        limit: i64,
    ) -> Result<Named> {
        let scope = self.scope.clone();
        if let Some((of, question)) = self.used() {
            let after = after.map_or(Ok(0), str::parse::<i64>).map_err(|_| crate::bad_cursor())?;
            let rows = usage::list(tx, &question, of, after, limit + 1).await?;
            let page = crate::Page::cut(rows, limit, |row| row.id.to_string());
            let rows = (given + 1..).zip(&page.items);
            let rows = rows.map(|(index, row)| self.cells(|column| of_use(row, column, index))).collect();
            let named = page.items.iter().filter_map(|row| row.person_id).collect();
            return Ok(Named { rows, named, next: page.next, ..Named::default() });
        }
        if self.definition.dataset == Dataset::Trips {
            let page = trips::list_in(self.app, tx, self.school, scope, self.trips(), after, limit).await?;
            let rows = (given + 1..).zip(&page.items);
            let rows = rows.map(|(index, row)| self.cells(|column| of_trip(row, column, index))).collect();
            let named = page.items.iter().map(|row| row.person_id).collect();
            return Ok(Named { rows, named, next: page.next, ..Named::default() });
        }
        if self.definition.dataset == Dataset::Passages {
            let question = passages::question_in(self.school, scope);
            let page = passages::list_in(tx, &question, &self.passages()?, after, limit).await?;
            let rows = (given + 1..).zip(&page.items);
            let rows = rows.map(|(index, row)| self.cells(|column| self.of_passage(row, column, index)));
            let rows = rows.collect();
            let named = page.items.iter().filter_map(|row| row.person_id).collect();
            // Nothing else says why somebody was not let through.
            let reasons = self.definition.columns.iter().any(|chosen| chosen.column == Column::Outcome);
            let abnormal =
                page.items.iter().filter(|_| reasons).filter_map(passages::shown_abnormal).collect();
            return Ok(Named { rows, named, abnormal, next: page.next });
        }
        if self.definition.dataset == Dataset::Outsiders {
            let question = passages::question_in(self.school, scope);
            let page = passages::outside_in(tx, &question, self.outsiders()?, after, limit).await?;
            let rows = (given + 1..).zip(&page.items);
            let rows = rows.map(|(index, row)| self.cells(|column| self.of_outsider(row, column, index)));
            let rows = rows.collect();
            let named = page.items.iter().map(|row| row.person_id).collect();
            return Ok(Named { rows, named, next: page.next, ..Named::default() });
        }
        if self.definition.dataset == Dataset::Portal {
            let (asked, which) = self.entry();
            let (page, basis) =
                portal::people_in(self.app, tx, self.school, scope, (asked, which), after, limit).await?;
            let rows = (given + 1..).zip(&page.items);
            let rows =
                rows.map(|(index, row)| self.cells(|column| of_entry(row, basis, column, index))).collect();
            let named = page.items.iter().map(|row| row.person_id).collect();
            return Ok(Named { rows, named, next: page.next, ..Named::default() });
        }
        let (loaded, question) = question_of(self.app, tx, self.school, scope, self.asked()).await?;
        let people = figures::people(tx, &question, self.which(), self.fact(), after, limit + 1).await?;
        let page = crate::Page::cut(people, limit, |row| row.number.clone());
        let answered = match self.definition.dataset {
            Dataset::ReportAnswers if self.answers => {
                answers::of_people(self.app, tx, &loaded, &question, &page.items).await?
            }
            _ => Answered::default(),
        };
        let states = self.definition.columns.iter().any(|chosen| chosen.column == Column::ReportState);
        let states = states || self.which() == Which::Abnormal;
        let abnormal = page.items.iter().filter(|row| states && row.is_abnormal());
        let abnormal = abnormal.map(|row| row.person_id).collect();
        let rows = (given + 1..).zip(&page.items);
        if self.definition.dataset == Dataset::ReportAnswers {
            let of = |row: &PersonRow, chosen: &Chosen, index| match (chosen.column, &chosen.field) {
                (Column::Answer, _) if !self.answers => text(answers::HIDDEN),
                (Column::Answer, Some(field)) => answered.cell(row.person_id, field),
                (Column::Day, _) => day(Some(question.day)),
                (column, _) => self.of_person(row, column, index),
            };
            let columns = &self.definition.columns;
            let rows = rows.map(|(index, row)| columns.iter().map(|chosen| of(row, chosen, index)).collect());
            let rows = rows.collect();
            let named = page.items.iter().map(|row| row.person_id).collect();
            return Ok(Named { rows, named, abnormal, next: page.next });
        }
        let rows = rows.map(|(index, row)| self.cells(|column| self.of_person(row, column, index))).collect();
        let named = page.items.iter().map(|row| row.person_id).collect();
        Ok(Named { rows, named, abnormal, next: page.next })
    }

    fn of_passage(&self, row: &passages::Row, column: Column, index: i64) -> Cell {
        match column {
            Column::Index => number(index),
            Column::Number => optional(row.number.as_deref()),
            Column::Name => optional(row.name.as_deref()),
            Column::College => optional(row.college.as_deref()),
            Column::Major => optional(row.major.as_deref()),
            Column::Place if row.by_visitor => text("访客"),
            Column::Place => optional(row.place.as_deref()),
            Column::PassedAt => self.local(row.at),
            Column::Direction => text(Direction::parse(&row.direction).map_or("", Direction::title)),
            Column::Gate => text(&row.gate),
            Column::Outcome => text(match row.reason.as_deref() {
                None => "放行",
                Some(reason) => Refusal::parse(reason).map_or("未放行", Refusal::title),
            }),
            Column::Flags => {
                let flags: Vec<&str> =
                    row.flags.iter().filter_map(|flag| Flag::parse(flag)).map(Flag::title).collect();
                text(flags.join("、"))
            }
            _ => Cell::Empty,
        }
    }

    fn of_outsider(&self, row: &passages::Outsider, column: Column, index: i64) -> Cell {
        match column {
            Column::Index => number(index),
            Column::Number => text(&row.number),
            Column::Name => text(&row.name),
            Column::Place => optional(row.place.as_deref()),
            Column::PassedAt => self.local(row.left_at),
            Column::Gate => text(&row.gate),
            _ => Cell::Empty,
        }
    }

    fn of_person(&self, row: &PersonRow, column: Column, index: i64) -> Cell {
        match column {
            Column::Index => number(index),
            Column::Number => text(&row.number),
            Column::Name => text(&row.name),
            Column::College => optional(row.college_name.as_deref()),
            Column::Place => optional(row.place.as_deref()),
            Column::ReportState => text(match row.state.as_deref() {
                None => "未报",
                Some("abnormal") => "异常",
                Some(_) => "正常",
            }),
            Column::Late => text(if row.late == Some(true) { "迟报" } else { "" }),
            Column::RevisedAt => row.revised_at.map_or(Cell::Empty, |at| self.local(at)),
            _ => Cell::Empty,
        }
    }
}

fn of_use(row: &usage::Row, column: Column, index: i64) -> Cell {
    match column {
        Column::Index => number(index),
        Column::Userid => text(&row.account),
        Column::Name => optional(row.name.as_deref()),
        Column::Place => optional(row.place.as_deref()),
        Column::AccountState => text(AccountState::parse(&row.state).map_or("", AccountState::title)),
        Column::LastUsed => day(row.last_used_on),
        Column::Client => optional(row.client.as_deref().map(Client::title)),
        Column::Day => day(Some(row.recorded_on)),
        _ => Cell::Empty,
    }
}

fn of_entry(row: &portal::Person, basis: Basis, column: Column, index: i64) -> Cell {
    match column {
        Column::Index => number(index),
        Column::Number => text(&row.number),
        Column::Name => text(&row.name),
        Column::College => optional(row.college.as_deref()),
        Column::Place => optional(row.place.as_deref()),
        Column::Here => text(match (basis.by_form, row.here) {
            (true, true) => "已上报",
            (true, false) => "未上报",
            (false, true) => "已打开",
            (false, false) => "未打开",
        }),
        // Their list may name those who have reported or those who have not; without one nothing is known.
        Column::There if !basis.listed => Cell::Empty,
        Column::There => text(if row.there { "对方已上报" } else { "对方未上报" }),
        _ => Cell::Empty,
    }
}

fn of_trip(row: &TripRow, column: Column, index: i64) -> Cell {
    match column {
        Column::Index => number(index),
        Column::Number => text(&row.number),
        Column::Name => text(&row.name),
        Column::College => optional(row.college.as_deref()),
        Column::Place => optional(row.place.as_deref()),
        Column::LeftOn => day(Some(row.left_on)),
        Column::ReturnedOn => day(row.returned_on),
        Column::Region => text(region::path(&row.region)),
        Column::Transport => optional(row.transport.as_deref()),
        _ => Cell::Empty,
    }
}

/// All rows of a sheet of figures: as many as there are departments, and their sum.
pub(super) async fn all(of: Listed<'_>, tx: &mut Scoped) -> Result<Vec<Vec<Cell>>> {
    match of.definition.dataset {
        Dataset::ReportCategories => categories(of, tx).await,
        Dataset::ReportSpan => span(of, tx).await,
        Dataset::Movements => moved(of, tx).await,
        Dataset::PassageTable => passed(of, tx).await,
        _ => table(of, tx).await,
    }
}

/// The unit of a row, which the last row is called 合计 instead.
fn unit(department: Option<&(i32, String)>) -> &str {
    department.map_or(UNPLACED, |(_, name)| name)
}

async fn table(of: Listed<'_>, tx: &mut Scoped) -> Result<Vec<Vec<Cell>>> {
    let scope = of.scope.clone();
    let (_, table) = statistics::table_in(of.app, tx, of.school, scope, of.asked(), of.by()).await?;
    let rows = table.rows.iter().map(|row| (unit(row.department.as_ref()), row.counts));
    let rows = (1..).zip(rows.chain([(TOTAL, table.total)]));
    let last = table.rows.len() + 1;
    let rows = rows.map(|(index, (unit, counts))| {
        of.cells(|column| match column {
            // The sum is none of them.
            Column::Index if index == last => Cell::Empty,
            Column::Index => number(i64::try_from(index).unwrap_or(i64::MAX)),
            Column::Unit => text(unit),
            column => of_counts(counts, column),
        })
    });
    Ok(rows.collect())
}

fn of_counts(counts: Counts, column: Column) -> Cell {
    match column {
        Column::Expected => number(counts.expected),
        Column::Reported => number(counts.reported),
        Column::Unreported => number(counts.unreported()),
        Column::Normal => number(counts.normal()),
        Column::Abnormal => number(counts.abnormal),
        Column::Late => number(counts.late),
        Column::ReportRate => rate(counts.reported, counts.expected).map_or(Cell::Empty, Cell::Number),
        _ => Cell::Empty,
    }
}

async fn categories(of: Listed<'_>, tx: &mut Scoped) -> Result<Vec<Vec<Cell>>> {
    let found =
        statistics::categories_in(of.app, tx, of.school, of.scope.clone(), of.asked(), of.by()).await?;
    let mut lines: Vec<(&str, &str, &str, i64)> = Vec::new();
    for field in &found.fields {
        let units = field.rows.iter().map(|row| (unit(row.department.as_ref()), &row.people));
        for (unit, people) in units.chain([(TOTAL, &field.total)]) {
            for ((_, title), people) in field.categories.iter().zip(people) {
                lines.push((unit, field.title.as_str(), title.as_str(), *people));
            }
        }
    }
    let rows = (1..).zip(lines).map(|(index, (unit, question, category, people))| {
        of.cells(|column| match column {
            Column::Index => number(index),
            Column::Unit => text(unit),
            Column::Question => text(question),
            Column::Category => text(category),
            Column::Count => number(people),
            _ => Cell::Empty,
        })
    });
    Ok(rows.collect())
}

async fn span(of: Listed<'_>, tx: &mut Scoped) -> Result<Vec<Vec<Cell>>> {
    let Filters { form, from, to, slot, department, .. } = of.filters();
    let form = form.as_deref().unwrap_or_default();
    let asked = Spanned { form, from: *from, to: *to, slot: *slot, department: *department };
    let found = statistics::span_in(of.app, tx, of.school, of.scope.clone(), asked, of.by()).await?;
    let days = found.days.iter().flat_map(|of_day| {
        let rows = of_day.rows.iter().map(|row| (unit(row.department.as_ref()), row.counts));
        rows.chain([(TOTAL, of_day.total)]).map(|(unit, counts)| (of_day.day, unit, counts))
    });
    let rows = (1..).zip(days).map(|(index, (on, unit, counts))| {
        of.cells(|column| match column {
            Column::Index => number(index),
            Column::Day => day(Some(on)),
            Column::Unit => text(unit),
            column => of_counts(counts, column),
        })
    });
    Ok(rows.collect())
}

async fn moved(of: Listed<'_>, tx: &mut Scoped) -> Result<Vec<Vec<Cell>>> {
    let Filters { day, department, .. } = of.filters();
    let table = movements::table_in(of.app, tx, of.school, of.scope.clone(), *day, *department).await?;
    let of_movement = |movement: Movement, column| match column {
        Column::Staff => number(movement.staff),
        Column::Away => number(movement.away),
        Column::Back => number(movement.returned),
        Column::OnLeave => number(movement.on_leave),
        _ => Cell::Empty,
    };
    let mut rows: Vec<Vec<Cell>> = (1..)
        .zip(&table.rows)
        .map(|(index, (row, signed))| {
            of.cells(|column| match column {
                Column::Index => number(index),
                Column::Unit => text(&row.name),
                Column::Note => optional(signed.as_ref().and_then(|signed| signed.note.as_deref())),
                // Who signed answers for it; before that, who is to.
                Column::Heads => {
                    optional(signed.as_ref().map(|signed| signed.by.as_str()).or(row.heads.as_deref()))
                }
                Column::SignedAt => signed.as_ref().map_or(Cell::Empty, |signed| of.local(signed.at)),
                column => of_movement(row.movement, column),
            })
        })
        .collect();
    rows.push(of.cells(|column| match column {
        Column::Unit => text(TOTAL),
        column => of_movement(table.total, column),
    }));
    Ok(rows)
}

async fn passed(of: Listed<'_>, tx: &mut Scoped) -> Result<Vec<Vec<Cell>>> {
    let Filters { from, to, department, by, .. } = of.filters();
    let by = match by.as_deref() {
        Some("class") => passages::By::Class,
        Some("day") => passages::By::Day,
        _ => passages::By::College,
    };
    let span = passages::Span { from: *from, to: *to };
    let question = passages::question_in(of.school, of.scope.clone());
    let units = passages::table_in(of.app, tx, of.school, &question, (span, *department), by).await?;
    let sum = |figure: fn(&passages::Unit) -> i64| units.iter().map(figure).sum::<i64>();
    let (entered, left) = (sum(|unit| unit.entered), sum(|unit| unit.left));
    // Somebody may be counted on several days.
    let people = (by != passages::By::Day || units.len() <= 1).then(|| sum(|unit| unit.people));
    let mut rows: Vec<Vec<Cell>> = (1..)
        .zip(&units)
        .map(|(index, unit)| {
            of.cells(|column| match column {
                Column::Index => number(index),
                Column::Unit if unit.day.is_some() => day(unit.day),
                Column::Unit => text(unit.name.as_deref().unwrap_or(UNPLACED)),
                Column::Entered => number(unit.entered),
                Column::Exited => number(unit.left),
                Column::Count => number(unit.people),
                _ => Cell::Empty,
            })
        })
        .collect();
    rows.push(of.cells(|column| match column {
        Column::Unit => text(TOTAL),
        Column::Entered => number(entered),
        Column::Exited => number(left),
        Column::Count => people.map_or(Cell::Empty, number),
        _ => Cell::Empty,
    }));
    Ok(rows)
}
