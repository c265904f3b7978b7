//! People of a roster into the database: persons, where those without an account are, and grants.

use std::collections::{HashMap, HashSet};

use chrono::{NaiveDate, NaiveTime};
use domain::{
    CorpId, DepartmentId, PersonId,
    department::Directory,
    roster::{GrantLine, LineError, PersonLine, title_of},
};
use store::{
    Keyring, Store,
    audit::By,
    change_sets::{self, Act},
    corps::Corp,
    grants, kinds, members, memberships, person_fields,
    persons::{self, Known, Person},
    planner, statuses,
    unreported::phone_place,
};

use super::{
    Duplicates, ImportError, PEOPLE, Report, load_departments,
    progress::{Progress, Step},
    table::Table,
};

/// From so many new rows on, the planner is told.
const MANY: usize = 1000;
/// People written before it is told how far it is.
const AT_ONCE: usize = 1000;

/// Everything in one transaction, kept only if somebody does it: without, what it counts is what it would do.
#[expect(clippy::too_many_arguments, reason = "each is another thing; a struct of them would have one use")]
pub(super) async fn take_over(
    store: &Store,
    corp: &Corp,
    mut people: Vec<PersonLine>,
    grants: Option<Table>,
    duplicates: Duplicates,
    today: NaiveDate,
    by: Option<By>,
    progress: &Progress,
) -> Result<Report, ImportError> {
    let corp_id = corp.corp_id;
    let mut tx = store.scoped(corp_id).await?;
    members::lock(&mut tx, corp_id).await?;

    let departments = load_departments(&mut tx, corp_id).await?;
    let directory = Directory::new(departments.iter().map(|(node, kind)| (node, *kind)));
    if directory.is_empty() {
        return Err(ImportError::NotSynced);
    }
    let known = persons::all(&mut tx, corp_id).await?;
    let mut report = Report { people: people.len(), ..Report::default() };
    if duplicates == Duplicates::Skip {
        let numbers: HashSet<String> = known.iter().map(|known| known.person.number.to_lowercase()).collect();
        people.retain(|line| !numbers.contains(&line.number.to_lowercase()));
        report.skipped = report.people - people.len();
    }
    let accounts: HashSet<String> = members::all(&mut tx, corp_id)
        .await?
        .into_iter()
        .filter(|member| member.left_on.is_none())
        .map(|member| member.userid_key)
        .collect();
    let former: HashMap<String, String> =
        statuses::former_numbers(&mut tx, corp_id).await?.into_iter().collect();
    check_former(&people, &former)?;
    let places = read_places(&people, &directory, &known, &accounts)?;
    let grants = match &grants {
        Some(table) => Some(read_grants(table, &directory, &people, &known, today)?),
        None => None,
    };

    // Where others than the roster speak of somebody, what counts takes the place of what the file says.
    let spoken = person_fields::all(&mut tx, corp_id).await?;
    let at = by.map_or_else(|| today.and_time(NaiveTime::MIN).and_utc(), |by| by.at);
    // Of what nobody keeps, nothing is recorded in the end.
    let recorded = By { member: by.and_then(|by| by.member), at };
    let heard = crate::person_fields::hear_lines(store.keyring(), corp_id, &spoken, &known, &mut people, at);
    let changes = match by {
        Some(_) => Some(change_sets::begin(&mut tx).await?),
        None => None,
    };
    let fixed = statuses::with_fixed_stay(&mut tx, corp_id).await?.into_iter().collect();
    let rows = differing(store.keyring(), corp_id, &people, (&known, &fixed), &mut report)?;
    let mut done = 0;
    for part in rows.chunks(AT_ONCE) {
        progress.at(Step::Writing { done, total: rows.len() });
        persons::write(&mut tx, corp_id, part, by.map(|by| by.at)).await?;
        done += part.len();
    }
    progress.at(Step::Following);
    crate::person_fields::keep(&mut tx, store.keyring(), corp_id, &heard).await?;
    let numbers: Vec<&str> = people.iter().map(|line| line.number.as_str()).collect();
    kinds::claim(&mut tx, corp_id, &numbers).await?;
    if rows.len() > MANY {
        planner::refresh_statistics(&mut tx).await?;
    }
    let followed = sync::follow::follow(&mut tx, corp_id, today, recorded).await?;
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
        report.grants = grants::replace_roster(&mut tx, corp_id, &rows, today, recorded).await?;
    }
    report.accounts_unknown = usize::try_from(members::count_unlinked(&mut tx, corp_id).await?).unwrap_or(0);
    let (Some(By { member, at }), Some(changes)) = (by, changes) else { return Ok(report) };
    let title = format!("导入名册 {} 人：新增 {}，变更 {}", report.people, report.added, report.changed);
    let act = Act { kind: "roster", run_id: None, title: &title, by: member, at };
    change_sets::end(&mut tx, corp_id, changes, act).await?;
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

/// Somebody who has another number by now must not come a second time under the old one.
fn check_former(people: &[PersonLine], former: &HashMap<String, String>) -> Result<(), ImportError> {
    let errors: Vec<LineError> = (people.iter())
        .filter_map(|line| former.get(&line.number.to_lowercase()).map(|number| (line, number)))
        .map(|(line, number)| LineError {
            line: line.line,
            column: title_of("number").to_owned().into(),
            message: format!("“{}”已改为 {number}，请用新的号码", line.number),
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(ImportError::Lines { file: PEOPLE, errors }) }
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
            Err(error) => {
                errors.push(LineError { column: title_of(&error.column).to_owned().into(), ..error })
            }
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
        let error = |message| LineError { line: grant.line, column: "number".into(), message };
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

/// The rows of the file that differ from what is on record. A stay that a change on record has fixed is not the file's to say.
fn differing(
    keyring: &Keyring,
    corp: CorpId,
    people: &[PersonLine],
    (known, fixed): (&[Known], &HashSet<PersonId>),
    report: &mut Report,
) -> Result<Vec<Person>, ImportError> {
    let fixed: HashSet<String> = (known.iter().filter(|known| fixed.contains(&known.person_id)))
        .map(|known| known.person.number.to_lowercase())
        .collect();
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
        let row = match before.filter(|_| fixed.contains(&line.number.to_lowercase())) {
            Some(before) => Person { from_date: before.from_date, until_date: before.until_date, ..row },
            None => row,
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::clock::Clock;
    use store::sealed::{Algorithm, KeySettings, wrap::LocalKeys};

    use super::*;
    use crate::roster::tests::people;

    #[derive(Debug)]
    struct Standing;

    impl Clock for Standing {
        fn now(&self) -> chrono::DateTime<chrono::Utc> {
            chrono::DateTime::UNIX_EPOCH
        }
    }

    #[test]
    fn only_lines_that_differ_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let ring = Keyring::new(KeySettings {
            folder: folder.path().to_owned(),
            algorithm: Algorithm::default(),
            wrap: Arc::new(LocalKeys::new(&[vec![7; 32]]).unwrap()),
            clock: Arc::new(Standing),
            zones: HashMap::new(),
        });
        let lines =
            people("1,甲,student,,会计,2018,,,10012345678,,\n2,乙,staff,在编,,,,,,2015-01-01,\n").unwrap();
        let mut report = Report::default();
        let rows = differing(&ring, 1, &lines, (&[], &HashSet::new()), &mut report).unwrap();
        assert_eq!((rows.len(), report.added, report.changed), (2, 2, 0));
        let known: Vec<Known> = (1..)
            .zip(rows)
            .map(|(person_id, person)| Known { person_id, person, has_account: false })
            .collect();

        let mut report = Report::default();
        assert!(differing(&ring, 1, &lines, (&known, &HashSet::new()), &mut report).unwrap().is_empty());
        let changed =
            people("1,甲,student,,会计,2018,,,10087654321,,\n2,乙,staff,在编,,,,,,2015-01-01,\n").unwrap();
        let rows = differing(&ring, 1, &changed, (&known, &HashSet::new()), &mut report).unwrap();
        assert_eq!((rows.len(), report.added, report.changed), (1, 0, 1));
        let opened = ring.open(phone_place(1, "1"), rows[0].phone.as_ref().unwrap()).unwrap();
        assert_eq!(opened, b"10087654321");
    }
}
