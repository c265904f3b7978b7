//! The school's roster from files: who is a student or on the staff, and who may do what. All of a file is taken
//! over, or nothing.

mod classes;
mod list;
mod people;
mod progress;
pub(crate) mod table;
pub mod template;

use std::{collections::HashMap, fmt};

use domain::{
    CorpId,
    department::{Kind, Node},
    policy::{Action, Viewer},
    roster::{GRANTS_COLUMNS, Line, LineError, PEOPLE_COLUMNS, PersonLine, class::ClassLine, title_of},
};
use store::{
    AsyncPgConnection,
    audit::By,
    change_sets::{self, ChangeSet, Undone},
    departments, grants, members, memberships, statuses,
};

pub use classes::ClassReport;
pub use list::List;
pub use progress::{Progress, Step};
pub use table::Heading;
use table::{Sheet, Table};

use crate::{App, Error, Page, Result as UseCase, School};

/// Errors shown at most; a wrong file has one in every line.
const SHOWN: usize = 20;

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines of the people file.
    pub people: usize,
    /// Persons added.
    pub added: usize,
    /// Persons changed.
    pub changed: usize,
    /// Persons on record who were to stay as they are.
    pub skipped: usize,
    /// Accounts linked to their person.
    pub linked: usize,
    /// Persons of the file without an account in WeCom.
    pub without_account: usize,
    /// Accounts in WeCom that belong to nobody on the roster.
    pub accounts_unknown: usize,
    /// Memberships opened and closed.
    pub memberships: memberships::Moved,
    /// Grants of the roster.
    pub grants: grants::Changed,
    /// Grants of leaders, which follow the directory.
    pub leaders: grants::Changed,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "人员 {} 人：新增 {}，变更 {}；关联账号 {} 个，没有账号 {} 人",
            self.people, self.added, self.changed, self.linked, self.without_account
        )?;
        writeln!(f, "班级与部门归属：新增 {}，结束 {}", self.memberships.opened, self.memberships.closed)?;
        write!(
            f,
            "授权：名册新增 {}、变更 {}、结束 {}；随通讯录负责人新增 {}、结束 {}",
            self.grants.added, self.grants.changed, self.grants.ended, self.leaders.added, self.leaders.ended
        )?;
        match self.accounts_unknown {
            0 => Ok(()),
            n => write!(f, "\n企业微信中有 {n} 个账号不在名册里"),
        }
    }
}

/// Why nothing was imported. Written for whoever made the file.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is no CSV that can be read.
    #[error("{file} 读不懂：{reason}")]
    Unreadable {
        /// Which file.
        file: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// Lines that are wrong.
    #[error("{}", list(file, errors))]
    Lines {
        /// Which file.
        file: &'static str,
        /// Every wrong cell.
        errors: Vec<LineError>,
    },
    /// There are no departments that a line could name.
    #[error("还没有同步过组织架构，无法核对班级和部门；请先运行 rollcall sync")]
    NotSynced,
    /// Postgres failed.
    #[error("数据库出错")]
    Store(#[from] store::Error),
}

fn list(file: &str, errors: &[LineError]) -> String {
    let mut text = format!("{file} 有 {} 处需要修改，未写入任何记录：", errors.len());
    for error in errors.iter().take(SHOWN) {
        text = format!("{text}\n  {error}");
    }
    if errors.len() > SHOWN {
        text = format!("{text}\n  …… 其余 {} 处未列出", errors.len() - SHOWN);
    }
    text
}

const PEOPLE: &str = "人员名册";
const GRANTS: &str = "授权名册";

/// Columns a file of people can't be without. Who is a student and who is staff follows from the others where need be.
pub(crate) const NEEDED_OF_PEOPLE: [&str; 2] = ["number", "name"];

/// What becomes of people on record whom the file names again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// They become what the file says.
    #[default]
    Overwrite,
    /// They stay as they are.
    Skip,
}

/// How a file is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct How {
    /// What becomes of people on record.
    pub duplicates: Duplicates,
    /// What the file lists.
    pub list: List,
    /// Our column of each heading, where a person says so; by their words otherwise.
    pub columns: Option<Vec<Option<String>>>,
}

/// What a file did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A list of people.
    People(Report),
    /// A list of classes.
    Classes(ClassReport),
}

/// What an import would do, or what keeps it from being done.
#[derive(Debug)]
pub struct Preview {
    /// What the file is taken for.
    pub list: List,
    /// Headings of the file and what they are taken for.
    pub headings: Vec<Heading>,
    /// Rows below the header.
    pub rows: usize,
    /// What it would do; none while something is wrong.
    pub outcome: Option<Outcome>,
    /// Every wrong cell.
    pub errors: Vec<LineError>,
}

/// Refuses whoever may bring no roster. Asked before the file is read, too: nobody else's is to lie in memory.
pub fn may_bring(viewer: &Viewer) -> UseCase<()> {
    administer(viewer)
}

/// Looks at a file as the page shows it before an import: everything but the writing. For administrators.
pub async fn preview(
    app: &App,
    school: &School,
    viewer: &Viewer,
    file: Vec<u8>,
    how: How,
    progress: &Progress,
) -> UseCase<Preview> {
    administer(viewer)?;
    let Read { list, headings, rows, lines } = read(app, school, file, &how, progress).await?;
    let outcome = match lines {
        Ok(lines) => bring(app, school, viewer, lines, how.duplicates, false, progress).await,
        // Its headings can be read and are shown, so that a person can say what they mean.
        Err(ImportError::Unreadable { reason, .. }) => {
            let errors = vec![LineError { line: 1, column: "表头".into(), message: reason }];
            Err(ImportError::Lines { file: list.title(), errors })
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(outcome) => Ok(Preview { list, headings, rows, outcome: Some(outcome), errors: Vec::new() }),
        Err(ImportError::Lines { errors, .. }) => Ok(Preview { list, headings, rows, outcome: None, errors }),
        Err(error) => Err(refused(error)),
    }
}

/// Imports a file that was looked at. For administrators.
pub async fn import_file(
    app: &App,
    school: &School,
    viewer: &Viewer,
    file: Vec<u8>,
    how: How,
    progress: &Progress,
) -> UseCase<Outcome> {
    administer(viewer)?;
    let lines = read(app, school, file, &how, progress).await?.lines.map_err(refused)?;
    bring(app, school, viewer, lines, how.duplicates, true, progress).await.map_err(refused)
}

/// A file, read.
struct Read {
    list: List,
    headings: Vec<Heading>,
    rows: usize,
    lines: Result<Lines, ImportError>,
}

/// Lines of a file that are right as far as they can tell by themselves.
enum Lines {
    People(Vec<PersonLine>),
    Classes(Vec<ClassLine>),
}

async fn read(app: &App, school: &School, file: Vec<u8>, how: &How, progress: &Progress) -> UseCase<Read> {
    let today = school.today(app.now());
    let (how, progress) = (how.clone(), progress.clone());
    progress.at(Step::Reading);
    let read = tokio::task::spawn_blocking(move || {
        let sheet = Sheet::read(how.list.title(), &file).map_err(refused)?;
        drop(file);
        let list = how.list.of(&sheet);
        let said = said(&how, list, sheet.headings.len())?;
        let (headings, rows) = (sheet.taken_for(list.columns(), said.as_deref()), sheet.len());
        progress.at(Step::Checking { rows });
        let table = sheet.table(list.columns(), list.needed(), said.as_deref());
        let lines = table.and_then(|table| match list {
            List::Classes => classes::read(&table, today).map(Lines::Classes),
            List::Students | List::Staff => {
                read_lines_as(&table, list.everybody(), PersonLine::read, |person| person).map(Lines::People)
            }
            List::Guess | List::People => read_people(&table).map(Lines::People),
        });
        Ok(Read { list, headings, rows, lines })
    });
    read.await.map_err(|error| Error::internal(error.to_string()))?
}

/// What a person says the headings mean, by our columns.
fn said(how: &How, list: List, headings: usize) -> UseCase<Option<Vec<Option<&'static str>>>> {
    let Some(columns) = &how.columns else { return Ok(None) };
    let wrong = |message: String| Err(Error::field("columns", message));
    if columns.len() != headings {
        return wrong(format!("文件有 {headings} 列，指定了 {} 列，请重新选择文件", columns.len()));
    }
    let mut said = Vec::with_capacity(headings);
    for column in columns {
        let known = match column {
            None => None,
            Some(name) => match list.columns().iter().copied().find(|known| known == name) {
                None => return wrong(format!("没有叫“{name}”的列，请从列表里选择")),
                Some(known) if said.contains(&Some(known)) => {
                    return wrong(format!("“{}”指定了两次，请只留一列", title_of(known)));
                }
                known => known,
            },
        };
        said.push(known);
    }
    Ok(Some(said))
}

/// Takes the lines over; with `keep` false they are only looked at.
async fn bring(
    app: &App,
    school: &School,
    viewer: &Viewer,
    lines: Lines,
    duplicates: Duplicates,
    keep: bool,
    progress: &Progress,
) -> Result<Outcome, ImportError> {
    let by = By { member: Some(viewer.member), at: app.now() };
    let (store, corp, today) = (app.store(), &school.corp, school.today(by.at));
    match lines {
        Lines::People(people) => {
            let by = keep.then_some(by);
            let report =
                people::take_over(store, corp, people, None, duplicates, today, by, progress).await?;
            Ok(Outcome::People(report))
        }
        Lines::Classes(lines) => {
            let own = viewer.person.as_ref().map(|person| person.id);
            let importer = classes::Importer { by, own, keep };
            classes::take_over(store, corp, &lines, today, importer, progress).await.map(Outcome::Classes)
        }
    }
}

/// Imports and other changes of many rows at once, all or those of one kind, newest first; `before` is the last page's
/// `next`. For administrators.
pub async fn imports(
    app: &App,
    school: &School,
    viewer: &Viewer,
    kind: Option<&str>,
    before: Option<&str>,
    limit: i64,
) -> UseCase<Page<ChangeSet>> {
    administer(viewer)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = change_sets::list(&mut tx, school.corp(), kind, before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |set| set.change_set_id.to_string()))
}

/// Puts every row of an import back as it was before it. For administrators; changes of people's standing also for whoever
/// brought them.
pub async fn undo(app: &App, school: &School, viewer: &Viewer, change_set: i64) -> UseCase<()> {
    if !viewer.may(Action::Administer) && !viewer.may(Action::ChangeStatus) {
        return Err(Error::Forbidden);
    }
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    // A run of the mirror is undone on its own page: the lock of the mirror belongs to it.
    let found = change_sets::find(&mut tx, corp, change_set).await?;
    let found = found.filter(|found| found.kind != "sync").ok_or(Error::NotFound)?;
    let mine = change_sets::maker(&mut tx, corp, change_set).await? == Some(viewer.member);
    let own_list = mine && found.kind == "statuses";
    if !(viewer.may(Action::Administer) || own_list) {
        return Err(Error::NotFound);
    }
    let today = school.today(app.now());
    let before = grants::holding(&mut tx, corp, viewer.member, today).await?;
    if found.kind == "statuses" {
        let question = statuses::Question {
            corp,
            scope: viewer.scope(Action::ChangeStatus),
            today,
            kind: None,
            person: None,
            revoked: false,
        };
        if !viewer.may(Action::Administer) && statuses::reaches_out(&mut tx, &question, change_set).await? {
            return Err(Error::NotFound);
        }
        let which = statuses::Which::Set(change_set);
        let keyring = app.store().keyring();
        statuses::revoke(&mut tx, keyring, corp, which, viewer.member, "整批撤销", app.now()).await?;
    }
    match change_sets::undo(&mut tx, corp, change_set, viewer.member, app.now()).await? {
        Undone::Yes => {}
        Undone::Nothing => return Err(Error::NotFound),
        Undone::ChangedSince => return Err(Error::ChangedSince),
    }
    if before.grew_to(&grants::holding(&mut tx, corp, viewer.member, today).await?) {
        return Err(Error::field("id", "撤销会把授权给您自己，或改变您自己的账号是谁，请由其他管理员撤销"));
    }
    tx.commit().await?;
    tracing::info!(corp, change_set, "a bulk change was undone");
    Ok(())
}

fn administer(viewer: &Viewer) -> UseCase<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// As a page is told: which cell, and what to do.
pub(crate) fn refused(error: ImportError) -> Error {
    match error {
        ImportError::Store(error) => error.into(),
        ImportError::Lines { errors, .. } => Error::Invalid(
            errors
                .into_iter()
                .take(SHOWN)
                .map(|error| crate::FieldError { field: "file".into(), message: error.to_string() })
                .collect(),
        ),
        other => Error::field("file", other.to_string()),
    }
}

fn read_table(people: &[u8]) -> Result<Table, ImportError> {
    Table::read(PEOPLE, &PEOPLE_COLUMNS, &NEEDED_OF_PEOPLE, people)
}

/// Reads the files and makes persons, memberships and grants what they say.
///
/// * Persons are matched by number, whatever the case. Who isn't in the file stays as they are.
/// * Who has an account is where the directory shows them; the class or department of a line is for those without.
/// * The roster's grants become exactly those of the file; without a grants file they stay.
pub async fn import(
    app: &App,
    school: &School,
    people: &[u8],
    grants: Option<&[u8]>,
) -> Result<Report, ImportError> {
    let now = app.now();
    let people = read_people(&read_table(people)?)?;
    let grants =
        grants.map(|grants| Table::read(GRANTS, &GRANTS_COLUMNS, &GRANTS_COLUMNS, grants)).transpose()?;
    let by = By { member: None, at: now };
    let (today, overwrite, untold) = (school.today(now), Duplicates::Overwrite, Progress::untold());
    people::take_over(app.store(), &school.corp, people, grants, overwrite, today, Some(by), &untold).await
}

fn read_people(table: &Table) -> Result<Vec<PersonLine>, ImportError> {
    read_lines(table, PersonLine::read, |person| person)
}

/// Reads every line of a file of people as something that holds a person; all that is wrong is told.
pub(crate) fn read_lines<T>(
    table: &Table,
    read: impl Fn(&Line<'_>) -> Result<T, Vec<LineError>>,
    person: impl Fn(&T) -> &PersonLine,
) -> Result<Vec<T>, ImportError> {
    // A list of classes is of students, one of departments of staff.
    let everybody = match (table.has("kind"), table.has("class"), table.has("department")) {
        (true, ..) => None,
        (false, true, false) => Some("student"),
        (false, false, true) => Some("staff"),
        _ if table.is_empty() => None,
        _ => {
            let reason = "分不清是学生还是教职工：请加一列“身份”，填 学生 或 教职工".into();
            return Err(ImportError::Unreadable { file: PEOPLE, reason });
        }
    };
    read_lines_as(table, everybody, read, person)
}

/// … where every row is of one kind, or says itself of which.
fn read_lines_as<T>(
    table: &Table,
    everybody: Option<&'static str>,
    read: impl Fn(&Line<'_>) -> Result<T, Vec<LineError>>,
    person: impl Fn(&T) -> &PersonLine,
) -> Result<Vec<T>, ImportError> {
    if table.is_empty() {
        return Err(ImportError::Unreadable { file: PEOPLE, reason: "除表头外没有内容".into() });
    }
    let (mut people, mut errors) = (Vec::with_capacity(table.len()), Vec::new());
    let mut first_lines: HashMap<String, u64> = HashMap::new();
    for mut line in table.lines() {
        if let Some(kind) = everybody {
            line.cells.insert("kind", kind);
        }
        match read(&line) {
            Ok(one) => {
                let PersonLine { line, number, .. } = person(&one);
                if let Some(first) = first_lines.insert(number.to_lowercase(), *line) {
                    errors.push(LineError {
                        line: *line,
                        column: "number".into(),
                        message: format!("“{number}”在第 {first} 行已经有了，请删去一行"),
                    });
                }
                people.push(one);
            }
            Err(wrong) => errors.extend(wrong),
        }
    }
    table.fail_if_any(errors)?;
    Ok(people)
}

pub(crate) async fn load_departments(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
) -> Result<Vec<(Node, Kind)>, ImportError> {
    let rows = departments::open(conn, corp).await?;
    rows.into_iter()
        .map(|row| {
            let kind = Kind::parse(&row.kind).ok_or(store::Error::Unexpected("departments.kind"))?;
            let node = Node {
                id: row.department_id,
                name: row.name,
                parent_id: row.parent_id,
                sort_order: row.sort_order,
            };
            Ok((node, kind))
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const HEADER: &str = "number,name,kind,staff_kind,major,grade,class,department,phone,since,until\n";

    pub fn people(rows: &str) -> Result<Vec<PersonLine>, String> {
        let table = read_table(format!("{HEADER}{rows}").as_bytes());
        table.and_then(|table| read_people(&table)).map_err(|error| error.to_string())
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        assert_eq!(people("").unwrap_err(), "人员名册 读不懂：除表头外没有内容");
        assert_eq!(
            people("1,甲,student\n").unwrap_err(),
            "人员名册 有 1 处需要修改，未写入任何记录：\n  第 2 行 number 列：这一行有 3 列，表头有 11 列，请核对逗号"
        );
        // Empty lines, as at the end of an edited file.
        assert_eq!(people("1,甲,student,,,2018,,,,,\n,,,,,,,,,,\n\n").unwrap().len(), 1);
    }

    #[test]
    fn a_list_by_class_is_of_students_and_its_own_headings_are_named() {
        let read = |text: &str| {
            read_table(text.as_bytes())
                .and_then(|table| read_people(&table))
                .map_err(|error| error.to_string())
        };
        let students = read("学号,姓名,班级,年级\n20181,甲,2018会计3班,2018\n").unwrap();
        assert_eq!(
            (students[0].kind.as_str(), students[0].place.as_deref()),
            ("student", Some("2018会计3班"))
        );
        assert_eq!(
            read("工号,姓名,部门,入职日期\nG1,乙,办公室,2015/3/1\n").unwrap()[0].kind.as_str(),
            "staff"
        );
        assert!(read("学号,姓名\n1,甲\n").unwrap_err().contains("分不清是学生还是教职工"));
        let error = read("学号,姓名,班级,联系电话\n1,甲,1班,无\n").unwrap_err();
        assert!(error.contains("第 2 行 联系电话 列：不是电话号码"), "{error}");
    }

    #[test]
    fn a_number_stands_once_whatever_its_case() {
        let error = people("g1,甲,staff,,,,,,,2019-01-01,\nG1,乙,staff,,,,,,,2019-01-01,\n").unwrap_err();
        assert!(error.contains("第 3 行 number 列：“G1”在第 2 行已经有了"), "{error}");
    }

    #[test]
    fn a_hopeless_file_is_told_in_a_few_lines() {
        let error = people(&"?,,,,,,,,,,\n".repeat(1000)).unwrap_err();
        assert!(error.contains("有 4000 处") && error.contains("其余 3980 处"), "{error}");
        assert_eq!(error.lines().count(), 22);
    }
}
