//! 班级名单: classes are checked against the mirror, and their counsellors become those of the list.

use std::collections::HashSet;

use chrono::NaiveDate;
use domain::{
    PersonId,
    department::Directory,
    policy::Role,
    roster::{
        LineError,
        class::{Candidate, Candidates, ClassLine, duplicates},
        title_of,
    },
};
use store::{
    Store,
    audit::By,
    change_sets::{self, Act},
    corps::Corp,
    grants::{self, RosterGrant},
    members, persons,
};

use super::{
    ImportError,
    list::List,
    load_departments,
    progress::{Progress, Step},
    table::Table,
};

/// What the grants are for.
const PURPOSE: &str = "辅导员";

/// What a list of classes did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassReport {
    /// Rows of the list.
    pub rows: usize,
    /// Classes named.
    pub classes: usize,
    /// Different counsellors.
    pub counsellors: usize,
    /// Classes that have nobody by this list.
    pub without_counsellor: usize,
    /// Grants added, changed and ended.
    pub grants: grants::Changed,
}

/// Reads every line; all that is wrong is told.
pub(super) fn read(table: &Table, today: NaiveDate) -> Result<Vec<ClassLine>, ImportError> {
    let file = List::Classes.title();
    if table.is_empty() {
        return Err(ImportError::Unreadable { file, reason: "除表头外没有内容".into() });
    }
    let (mut lines, mut errors) = (Vec::with_capacity(table.len()), Vec::new());
    for line in table.lines() {
        match ClassLine::read(&line, today) {
            Ok(line) => lines.push(line),
            Err(wrong) => errors.extend(wrong),
        }
    }
    table.fail_if_any(errors)?;
    Ok(lines)
}

/// Who brings a list.
#[derive(Clone, Copy)]
pub(super) struct Importer {
    /// By which account, and when.
    pub(super) by: By,
    /// The person of that account.
    pub(super) own: Option<PersonId>,
    /// Whether it is kept; otherwise it is only looked at.
    pub(super) keep: bool,
}

/// Makes the counsellors of these classes those of the list, in one transaction that is kept only if somebody wants
/// it. Classes the list doesn't name stay as they are. Nobody makes themselves a counsellor, nor for longer.
pub(super) async fn take_over(
    store: &Store,
    corp: &Corp,
    lines: &[ClassLine],
    today: NaiveDate,
    Importer { by, own, keep }: Importer,
    progress: &Progress,
) -> Result<ClassReport, ImportError> {
    let corp_id = corp.corp_id;
    let mut tx = store.scoped(corp_id).await?;
    members::lock(&mut tx, corp_id).await?;
    let departments = load_departments(&mut tx, corp_id).await?;
    let directory = Directory::new(departments.iter().map(|(node, kind)| (node, *kind)));
    if directory.is_empty() {
        return Err(ImportError::NotSynced);
    }
    let people: Candidates = (persons::all(&mut tx, corp_id).await?.into_iter())
        .map(|known| {
            let one = Candidate {
                person_id: known.person_id,
                name: known.person.name,
                is_staff: known.person.kind == "staff",
                is_present: known.person.until_date.is_none_or(|until| today < until),
            };
            (known.person.number, one)
        })
        .collect();

    let held = match own {
        Some(own) => grants::counselled(&mut tx, corp_id, own, today).await?,
        None => Vec::new(),
    };
    let (mut named, mut rows, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        match (line.department(&directory), line.person(&people)) {
            (Ok(class), Ok(person)) => {
                let is_held = held.iter().any(|(of, until)| *of == class && *until >= line.until);
                if person.is_some() && person == own && !is_held {
                    errors.push(to_oneself(line));
                }
                named.push((line.line, class, person));
                rows.extend(person.map(|person_id| RosterGrant {
                    person_id,
                    role: Role::Counsellor.as_str(),
                    department_id: class,
                    purpose: PURPOSE.to_owned(),
                    until: line.until,
                }));
            }
            (class, person) => errors.extend([class.err(), person.err()].into_iter().flatten()),
        }
    }
    errors.extend(duplicates(&named));
    if !errors.is_empty() {
        for error in &mut errors {
            error.column = title_of(&error.column).to_owned().into();
        }
        errors.sort_by_key(|error: &LineError| error.line);
        return Err(ImportError::Lines { file: List::Classes.title(), errors });
    }

    let changes = if keep { Some(change_sets::begin(&mut tx).await?) } else { None };
    progress.at(Step::Following);
    let classes: HashSet<_> = named.iter().map(|(_, class, _)| *class).collect();
    let with: HashSet<_> = rows.iter().map(|row| row.department_id).collect();
    let mut report = ClassReport {
        rows: lines.len(),
        classes: classes.len(),
        counsellors: rows.iter().map(|row| row.person_id).collect::<HashSet<_>>().len(),
        without_counsellor: classes.len() - with.len(),
        ..ClassReport::default()
    };
    let classes: Vec<_> = classes.into_iter().collect();
    report.grants = grants::replace_counsellors(&mut tx, corp_id, &classes, &rows, today, by).await?;
    let Some(changes) = changes else { return Ok(report) };
    let grants::Changed { added, changed, ended } = report.grants;
    let title =
        format!("导入班级名单 {} 个班：辅导员授权新增 {added}，变更 {changed}，结束 {ended}", report.classes);
    let act = Act { kind: "roster", run_id: None, title: &title, by: by.member, at: by.at };
    change_sets::end(&mut tx, corp_id, changes, act).await?;
    tx.commit().await?;
    tracing::info!(corp = corp_id, classes = report.classes, added, ended, "list of classes imported");
    Ok(report)
}

/// A line that would give the one who brings the list a class, or for longer than they have it.
fn to_oneself(line: &ClassLine) -> LineError {
    let column = if line.counsellor.is_some() { "counsellor" } else { "counsellor_name" };
    let message = "不能给自己授权或延长期限：请删去这个班的各行（没有写到的班不变），由其他管理员导入，或由学院、学工办指定";
    LineError { line: line.line, column: column.into(), message: message.into() }
}
