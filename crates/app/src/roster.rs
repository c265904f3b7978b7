//! The school's roster from files: who is a student or on the staff, and who may do what. All of a file is taken
//! over, or nothing.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    io::Read,
};

use chrono::NaiveDate;
use domain::{
    CorpId, DepartmentId, PersonId,
    department::{Directory, Kind, Node},
    roster::{GRANTS_COLUMNS, GrantLine, Line, LineError, PEOPLE_COLUMNS, PersonLine},
};
use store::{
    AsyncPgConnection, Keyring, Store,
    corps::Corp,
    departments, grants, members, memberships,
    persons::{self, Known, Person},
    planner,
    unreported::phone_place,
};

/// Errors shown at most; a wrong file has one in every line.
const SHOWN: usize = 20;
/// From so many new rows on, the planner is told.
const MANY: usize = 1000;

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines of the people file.
    pub people: usize,
    /// Persons added.
    pub added: usize,
    /// Persons changed.
    pub changed: usize,
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

const PEOPLE: &str = "人员名册 people.csv";
const GRANTS: &str = "授权名册 grants.csv";

/// Reads the files and makes persons, memberships and grants what they say.
///
/// * Persons are matched by number, whatever the case. Who isn't in the file stays as they are.
/// * Who has an account is where the directory shows them; the class or department of a line is for those without.
/// * The roster's grants become exactly those of the file; without a grants file they stay.
pub async fn import(
    store: &Store,
    corp: &Corp,
    people: impl Read,
    grants: Option<impl Read>,
    today: NaiveDate,
) -> Result<Report, ImportError> {
    let people = Table::read(PEOPLE, &PEOPLE_COLUMNS, people)?;
    let people = read_people(&people)?;
    let grants = grants.map(|grants| Table::read(GRANTS, &GRANTS_COLUMNS, grants)).transpose()?;

    let corp_id = corp.corp_id;
    let mut tx = store.scoped(corp_id).await?;
    members::lock(&mut tx, corp_id).await?;

    let departments = load_departments(&mut tx, corp_id).await?;
    let directory = Directory::new(departments.iter().map(|(node, kind)| (node, *kind)));
    if directory.is_empty() {
        return Err(ImportError::NotSynced);
    }
    let known = persons::all(&mut tx, corp_id).await?;
    let accounts: HashSet<String> = members::all(&mut tx, corp_id)
        .await?
        .into_iter()
        .filter(|member| member.left_on.is_none())
        .map(|member| member.userid_key)
        .collect();
    let places = read_places(&people, &directory, &known, &accounts)?;
    let grants = match &grants {
        Some(table) => Some(read_grants(table, &directory, &people, &known, today)?),
        None => None,
    };

    let mut report = Report { people: people.len(), ..Report::default() };
    let rows = differing(store.keyring(), corp_id, &people, &known, &mut report)?;
    persons::write(&mut tx, corp_id, &rows).await?;
    if rows.len() > MANY {
        planner::refresh_statistics(&mut tx).await?;
    }
    let followed = sync::follow::follow(&mut tx, corp_id, today).await?;
    report.linked = followed.linked;
    report.leaders = followed.grants;

    let known: HashMap<String, (PersonId, bool)> = (persons::all(&mut tx, corp_id).await?.into_iter())
        .map(|known| (known.person.number.to_lowercase(), (known.person_id, known.has_account)))
        .collect();
    let id = |number: &str| known.get(&number.to_lowercase()).copied();
    let without: Vec<(PersonId, Option<DepartmentId>)> = people
        .iter()
        .filter_map(|line| id(&line.number).map(|(person, has_account)| (line, person, has_account)))
        .filter(|(_, _, has_account)| !has_account)
        .map(|(line, person, _)| (person, places.get(&line.line).copied()))
        .collect();
    report.without_account = without.len();
    let placed = memberships::follow_roster(&mut tx, corp_id, &without, today).await?;
    report.memberships = memberships::Moved {
        opened: followed.memberships.opened + placed.opened,
        closed: followed.memberships.closed + placed.closed,
    };
    if let Some(grants) = grants {
        let rows: Vec<grants::RosterGrant> = grants
            .into_iter()
            .filter_map(|line| {
                id(&line.number).map(|(person_id, _)| grants::RosterGrant {
                    person_id,
                    role: line.role.as_str(),
                    department_id: line.department_id,
                    purpose: line.purpose,
                    until: line.until,
                })
            })
            .collect();
        report.grants = grants::replace_roster(&mut tx, corp_id, &rows, today).await?;
    }
    report.accounts_unknown = usize::try_from(members::count_unlinked(&mut tx, corp_id).await?).unwrap_or(0);
    if rows.len() > MANY {
        planner::refresh_statistics(&mut tx).await?;
    }
    tx.commit().await?;
    tracing::info!(
        corp = corp_id,
        people = report.people,
        added = report.added,
        changed = report.changed,
        "roster imported"
    );
    Ok(report)
}

/// A file as text cells, with the line each row began at.
struct Table {
    file: &'static str,
    columns: Vec<String>,
    rows: Vec<(u64, csv::StringRecord)>,
}

impl Table {
    fn read(file: &'static str, columns: &[&str], reader: impl Read) -> Result<Self, ImportError> {
        let unreadable = |error: csv::Error| ImportError::Unreadable {
            file,
            reason: match error.kind() {
                csv::ErrorKind::Utf8 { .. } => {
                    "不是 UTF-8 编码。用 Excel 保存时请选择“CSV UTF-8（逗号分隔）”".into()
                }
                csv::ErrorKind::Io(_) => "文件没有读完，请重试".into(),
                _ => error.to_string(),
            },
        };
        let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(reader);
        let header: Vec<String> = (csv.headers().map_err(unreadable)?.iter())
            // Excel begins its files with a byte order mark.
            .map(|name| name.trim_start_matches('\u{feff}').to_owned())
            .collect();
        let missing: Vec<&str> =
            columns.iter().copied().filter(|column| !header.iter().any(|name| name == column)).collect();
        if !missing.is_empty() {
            let reason = format!("第一行缺少 {} 列；表头应为 {}", missing.join("、"), columns.join(","));
            return Err(ImportError::Unreadable { file, reason });
        }
        let mut rows = Vec::new();
        for record in csv.records() {
            let record = record.map_err(unreadable)?;
            let line = record.position().map_or(0, csv::Position::line);
            if record.iter().any(|cell| !cell.is_empty()) {
                rows.push((line, record));
            }
        }
        let table = Self { file, columns: header, rows };
        table.check_widths(columns)?;
        Ok(table)
    }

    fn check_widths(&self, columns: &[&str]) -> Result<(), ImportError> {
        // Told at the first column that every table of ours has.
        let column = if columns == PEOPLE_COLUMNS { PEOPLE_COLUMNS[0] } else { GRANTS_COLUMNS[0] };
        let errors =
            self.rows.iter().filter(|(_, row)| row.len() != self.columns.len()).map(|(line, row)| {
                LineError {
                    line: *line,
                    column,
                    message: format!(
                        "这一行有 {} 列，表头有 {} 列，请核对逗号",
                        row.len(),
                        self.columns.len()
                    ),
                }
            });
        self.fail_if_any(errors.collect())
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.rows.iter().map(|(number, row)| Line {
            number: *number,
            cells: self.columns.iter().map(String::as_str).zip(row.iter()).collect(),
        })
    }

    fn fail_if_any(&self, mut errors: Vec<LineError>) -> Result<(), ImportError> {
        errors.sort_by_key(|error| error.line);
        if errors.is_empty() { Ok(()) } else { Err(ImportError::Lines { file: self.file, errors }) }
    }
}

fn read_people(table: &Table) -> Result<Vec<PersonLine>, ImportError> {
    if table.rows.is_empty() {
        return Err(ImportError::Unreadable { file: table.file, reason: "除表头外没有内容".into() });
    }
    let (mut people, mut errors) = (Vec::with_capacity(table.rows.len()), Vec::new());
    let mut first_lines: HashMap<String, u64> = HashMap::new();
    for line in table.lines() {
        match PersonLine::read(&line) {
            Ok(person) => {
                if let Some(first) = first_lines.insert(person.number.to_lowercase(), person.line) {
                    errors.push(LineError {
                        line: person.line,
                        column: "number",
                        message: format!("“{}”在第 {first} 行已经有了，请删去一行", person.number),
                    });
                }
                people.push(person);
            }
            Err(wrong) => errors.extend(wrong),
        }
    }
    table.fail_if_any(errors)?;
    Ok(people)
}

/// Where those without an account are, by line. Those with one are where the directory shows them.
fn read_places(
    people: &[PersonLine],
    directory: &Directory<'_>,
    known: &[Known],
    accounts: &HashSet<String>,
) -> Result<HashMap<u64, DepartmentId>, ImportError> {
    let linked: HashSet<String> = (known.iter().filter(|known| known.has_account))
        .map(|known| known.person.number.to_lowercase())
        .collect();
    let (mut places, mut errors) = (HashMap::new(), Vec::new());
    for line in people {
        let number = line.number.to_lowercase();
        if linked.contains(&number) || accounts.contains(&number) {
            continue;
        }
        match line.department(directory) {
            Ok(department) => places.extend(department.map(|department| (line.line, department))),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(places) } else { Err(ImportError::Lines { file: PEOPLE, errors }) }
}

fn read_grants(
    table: &Table,
    directory: &Directory<'_>,
    people: &[PersonLine],
    known: &[Known],
    today: NaiveDate,
) -> Result<Vec<GrantLine>, ImportError> {
    let numbers: HashSet<String> = (people.iter().map(|line| &line.number))
        .chain(known.iter().map(|known| &known.person.number))
        .map(|number| number.to_lowercase())
        .collect();
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    let mut first_lines = HashMap::new();
    for line in table.lines() {
        let grant = match GrantLine::read(&line, directory, today) {
            Ok(grant) => grant,
            Err(wrong) => {
                errors.extend(wrong);
                continue;
            }
        };
        let number = grant.number.to_lowercase();
        let error = |message| LineError { line: grant.line, column: "number", message };
        if !numbers.contains(&number) {
            errors.push(error(format!("人员名册里没有“{}”，请核对学号或工号", grant.number)));
        }
        if let Some(first) = first_lines.insert((number, grant.role, grant.department_id), grant.line) {
            errors.push(error(format!("与第 {first} 行是同一项授权，请删去一行")));
        }
        lines.push(grant);
    }
    table.fail_if_any(errors)?;
    Ok(lines)
}

/// The rows of the file that differ from what is on record.
fn differing(
    keyring: &Keyring,
    corp: CorpId,
    people: &[PersonLine],
    known: &[Known],
    report: &mut Report,
) -> Result<Vec<Person>, ImportError> {
    let known: HashMap<String, &Person> =
        known.iter().map(|known| (known.person.number.to_lowercase(), &known.person)).collect();
    let mut rows = Vec::new();
    for line in people {
        let before = known.get(&line.number.to_lowercase()).copied();
        // A number keeps the spelling it came with first: it is the place its phone is sealed for.
        let number = before.map_or(&line.number, |before| &before.number);
        let place = phone_place(corp, number);
        // The same phone sealed anew looks different, so the old one is opened and compared. One that does not open
        // any more is replaced.
        let sealed_before = before.and_then(|before| before.phone.as_ref());
        let phone_before = sealed_before.and_then(|sealed| keyring.open(place, sealed).ok());
        let phone = match (&line.phone, sealed_before) {
            (Some(phone), Some(sealed)) if phone_before.as_deref() == Some(phone.as_bytes()) => {
                Some(sealed.clone())
            }
            (Some(phone), _) => Some(keyring.seal(place, phone.as_bytes())?),
            (None, _) => None,
        };
        let row = Person {
            number: number.clone(),
            name: line.name.clone(),
            kind: line.kind.as_str().into(),
            staff_kind: line.staff_kind.clone(),
            major: line.major.clone(),
            grade: line.grade,
            phone,
            from_date: line.since,
            until_date: line.until,
        };
        match before {
            None => report.added += 1,
            Some(before) if *before != row => report.changed += 1,
            Some(_) => continue,
        }
        rows.push(row);
    }
    Ok(rows)
}

async fn load_departments(
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
mod tests {
    use super::*;

    const HEADER: &str = "number,name,kind,staff_kind,major,grade,class,department,phone,since,until\n";

    fn people(rows: &str) -> Result<Vec<PersonLine>, String> {
        let table = Table::read(PEOPLE, &PEOPLE_COLUMNS, format!("{HEADER}{rows}").as_bytes());
        table.and_then(|table| read_people(&table)).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_what_excel_writes() {
        let text = format!("\u{feff}{HEADER}\"2018,1\",x,student,,,2018,,,,,\r\n").replace("2018,1", "20181");
        let table = Table::read(PEOPLE, &PEOPLE_COLUMNS, text.as_bytes()).unwrap();
        assert_eq!(read_people(&table).unwrap()[0].number, "20181");
        // Empty lines, as at the end of an edited file.
        assert_eq!(people("1,甲,student,,,2018,,,,,\n,,,,,,,,,,\n\n").unwrap().len(), 1);
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let read = |bytes: &[u8]| match Table::read(PEOPLE, &PEOPLE_COLUMNS, bytes) {
            Ok(_) => panic!("was read"),
            Err(error) => error.to_string(),
        };
        assert!(read(b"number,name\n1,x\n").contains("第一行缺少 kind、staff_kind、"));
        // 点名 in GBK.
        let gbk = [HEADER.as_bytes(), b"1,\xb5\xe3\xc3\xfb,student,,,2018,,,,,\n"].concat();
        assert!(read(&gbk).contains("CSV UTF-8"));
        assert_eq!(people("").unwrap_err(), "人员名册 people.csv 读不懂：除表头外没有内容");
        assert_eq!(
            people("1,甲,student\n").unwrap_err(),
            "人员名册 people.csv 有 1 处需要修改，未写入任何记录：\n  第 2 行 number 列：这一行有 3 列，表头有 11 列，请核对逗号"
        );
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

    #[test]
    fn only_lines_that_differ_are_written() {
        let ring = Keyring::new(&[vec![7; 32]]).unwrap();
        let lines =
            people("1,甲,student,,会计,2018,,,10012345678,,\n2,乙,staff,在编,,,,,,2015-01-01,\n").unwrap();
        let mut report = Report::default();
        let rows = differing(&ring, 1, &lines, &[], &mut report).unwrap();
        assert_eq!((rows.len(), report.added, report.changed), (2, 2, 0));
        let known: Vec<Known> = (1..)
            .zip(rows)
            .map(|(person_id, person)| Known { person_id, person, has_account: false })
            .collect();

        let mut report = Report::default();
        assert!(differing(&ring, 1, &lines, &known, &mut report).unwrap().is_empty());
        let changed =
            people("1,甲,student,,会计,2018,,,10087654321,,\n2,乙,staff,在编,,,,,,2015-01-01,\n").unwrap();
        let rows = differing(&ring, 1, &changed, &known, &mut report).unwrap();
        assert_eq!((rows.len(), report.added, report.changed), (1, 0, 1));
        let opened = ring.open(phone_place(1, "1"), rows[0].phone.as_ref().unwrap()).unwrap();
        assert_eq!(opened, b"10087654321");
    }
}
