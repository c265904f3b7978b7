//! Changes by list: looked at first, then all of it or nothing, undone as one.

use std::collections::HashMap;

use domain::{
    policy::Viewer,
    roster::LineError,
    status::{NUMBER_COLUMNS, NUMBER_NEEDED, STATUS_COLUMNS, STATUS_NEEDED, StatusLine},
};
use store::{
    change_sets::{self, Act},
    members,
};

use super::{
    act::{self, By},
    resolve, scope,
};
use crate::{
    App, Error, Result, School,
    roster::{Heading, ImportError, table::Table},
};

/// What the rows of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Changes of every kind.
    Changes,
    /// Numbers for those who had a temporary one.
    Numbers,
}

/// What a list does, or would do.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Headings of the file and what they are taken for.
    pub headings: Vec<Heading>,
    /// Rows of the list.
    pub rows: usize,
    /// By kind.
    pub counts: Vec<(&'static str, usize)>,
    /// Of these, exemptions that stood already.
    pub stood: usize,
    /// Every wrong cell; nothing was written while there is one.
    pub errors: Vec<LineError>,
    /// Under which number it can be undone.
    pub change_set: Option<i64>,
}

/// Refuses whoever may bring no list of changes. Asked before the file is read, too: nobody else's is to lie in memory.
pub fn may_bring(viewer: &Viewer) -> Result<()> {
    scope(viewer).map(drop)
}

/// Makes every change of a list. With `write` false it is only looked at.
pub async fn bring(
    app: &App,
    school: &School,
    viewer: &Viewer,
    list: List,
    file: Vec<u8>,
    write: bool,
) -> Result<Outcome> {
    let scope = scope(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let table = tokio::task::spawn_blocking(move || match list {
        List::Changes => Table::read("异动名单", &STATUS_COLUMNS, &STATUS_NEEDED, &file),
        List::Numbers => Table::read("学号名单", &NUMBER_COLUMNS, &NUMBER_NEEDED, &file),
    })
    .await
    .map_err(|error| Error::internal(error.to_string()))?;
    let table = match table {
        Ok(table) => table,
        Err(ImportError::Lines { errors, .. }) => return Ok(Outcome { errors, ..Outcome::default() }),
        Err(error) => return Err(Error::field("file", error.to_string())),
    };
    let outcome = Outcome { headings: table.headings(), rows: table.len(), ..Outcome::default() };
    let wrong = |errors: Vec<LineError>| match table.fail_if_any(errors) {
        Err(ImportError::Lines { errors, .. }) => errors,
        _ => Vec::new(),
    };
    let (mut lines, mut names, mut errors) = (Vec::with_capacity(table.len()), HashMap::new(), Vec::new());
    for line in table.lines() {
        let read = match list {
            List::Changes => StatusLine::read(&line).map(|line| (line, None)),
            List::Numbers => StatusLine::read_number(&line, today),
        };
        match read {
            Ok((line, name)) => {
                names.extend(name.map(|name| (line.line, name)));
                lines.push(line);
            }
            Err(wrong) => errors.extend(wrong),
        }
    }
    if !errors.is_empty() {
        return Ok(Outcome { errors: wrong(errors), ..outcome });
    }

    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let mut wanted = match resolve(&mut tx, school, &scope, lines, today).await? {
        Ok(wanted) => wanted,
        Err(errors) => return Ok(Outcome { errors: wrong(of_list(list, errors)), ..outcome }),
    };
    // A name beside a number guards against a slip in the number.
    let others: Vec<LineError> = (wanted.iter())
        .filter(|one| names.get(&one.line.line).is_some_and(|name| *name != one.subject.name))
        .map(|one| LineError {
            line: one.line.line,
            column: "person_name".into(),
            message: "与名册里这个号码的姓名不同，请核对".into(),
        })
        .collect();
    if !others.is_empty() {
        return Ok(Outcome { errors: wrong(others), ..outcome });
    }
    // A number that is given already: the same list again changes nothing.
    if list == List::Numbers {
        wanted.retain(|one| one.line.new_number.as_deref() != Some(one.subject.number.as_str()));
    }
    let changes = change_sets::begin(&mut tx).await?;
    let by = By::new(app, school, viewer, "list", Some(changes));
    let done = match act::apply(&mut tx, app, school, wanted, by).await? {
        Ok(done) => done,
        Err(errors) => return Ok(Outcome { errors: wrong(of_list(list, errors)), ..outcome }),
    };
    let mut change_set = None;
    if write {
        let title = match list {
            List::Changes => format!("按名单登记学籍异动 {} 项", outcome.rows),
            List::Numbers => format!("分配学号 {} 人", outcome.rows),
        };
        let act = Act { kind: "statuses", run_id: None, title: &title, by: Some(viewer.member), at: now };
        let kept = change_sets::end(&mut tx, corp, changes, act).await?;
        change_set = kept.then_some(changes);
        tx.commit().await?;
        tracing::info!(corp, rows = outcome.rows, "changes of people's standing by list");
    }
    Ok(Outcome { counts: done.counts, stood: done.stood, change_set, ..outcome })
}

/// A list of numbers heads the number somebody has otherwise.
fn of_list(list: List, mut errors: Vec<LineError>) -> Vec<LineError> {
    for error in errors.iter_mut().filter(|error| list == List::Numbers && error.column == "number") {
        error.column = "old_number".into();
    }
    errors
}
