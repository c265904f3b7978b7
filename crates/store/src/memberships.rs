//! Who is where, as the school says it holds. The directory says it for people with an account, the roster for
//! the others; what the school has corrected stands.

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, MemberId, PersonId,
    place::{Place, Source},
};

use crate::{Error, Result, schema::memberships};

/// How many rows were opened and closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Opened.
    pub opened: usize,
    /// Closed.
    pub closed: usize,
}

/// What the directory wants: everyone with an account, in every department WeCom shows, one of them the main one.
/// WeCom's own main department if it is among them, else the class, else the lowest id.
const DIRECTORY: &str = "
  wanted as materialized (
    select m.person_id, md.department_id,
           row_number() over (partition by m.person_id
             order by (md.department_id = m.main_department_id) desc nulls last, (d.kind = 'class') desc,
                      md.department_id) = 1 as is_main
    from members m
    join member_departments md on md.corp_id = m.corp_id and md.member_id = m.member_id and md.until_date is null
    join departments d on d.corp_id = md.corp_id and d.department_id = md.department_id
    where m.corp_id = $1 and m.person_id is not null and m.left_on is null),
  theirs as (
    select person_id from members where corp_id = $1 and person_id is not null and left_on is null)";

/// What the roster wants: these persons, each in one department or in none.
const ROSTER: &str = "
  wanted as materialized (
    select person_id, department_id, true as is_main
    from unnest($3, $4) as r (person_id, department_id) where department_id is not null),
  theirs as (select unnest($3) as person_id)";

/// A person has one main department; a correction of the school's goes before.
const MAIN: &str = "
  main as (
    select w.person_id, w.department_id,
           w.is_main and not exists (
             select from memberships c
             where c.corp_id = $1 and c.person_id = w.person_id and c.until_date is null and c.is_main
               and c.source = 'correction') as is_main
    from wanted w)";

/// Open rows that are no longer so. Corrections are never touched.
const STALE: &str = "
  stale as (
    select e.membership_id, e.from_date
    from memberships e
    where e.corp_id = $1 and e.until_date is null and e.source <> 'correction'
      and e.person_id in (select person_id from theirs)
      and not exists (select from main w where w.person_id = e.person_id and w.department_id = e.department_id
                      and w.is_main = e.is_main))";

/// Makes the memberships of people with an account what the directory shows. A person's first membership is
/// dated from when the roster has them, later ones from `today`.
pub async fn follow_directory(conn: &mut AsyncPgConnection, corp: CorpId, today: NaiveDate) -> Result<Moved> {
    follow(conn, corp, today, DIRECTORY, "directory", &[], &[]).await
}

/// Makes the memberships of these people, who have no account, what the roster says.
pub async fn follow_roster(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rows: &[(PersonId, Option<DepartmentId>)],
    today: NaiveDate,
) -> Result<Moved> {
    let persons: Vec<PersonId> = rows.iter().map(|row| row.0).collect();
    let departments: Vec<Option<DepartmentId>> = rows.iter().map(|row| row.1).collect();
    follow(conn, corp, today, ROSTER, "roster", &persons, &departments).await
}

async fn follow(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    today: NaiveDate,
    wanted: &str,
    source: &str,
    persons: &[PersonId],
    departments: &[Option<DepartmentId>],
) -> Result<Moved> {
    let mut counts = [0; 4];
    // A correction that is agreed with by now is handed over: the same days in the same department, and from here on whoever
    // agrees may move the person. Why it was made stays with the change on record.
    //
    // A row that began today never held a whole day: it goes. Several statements, because one would see the state
    // before itself and break the rule of one open row.
    for (count, act) in counts.iter_mut().zip([
        format!(
            " update memberships c set source = '{source}', reason = null from wanted w
              where c.corp_id = $1 and c.person_id = w.person_id and c.department_id = w.department_id and w.is_main
                and c.is_main and c.until_date is null and c.source = 'correction' and c.from_date <= $2"
        ),
        format!(
            ", {STALE} delete from memberships where corp_id = $1
             and membership_id in (select membership_id from stale where from_date >= $2)"
        ),
        format!(
            ", {STALE} update memberships set until_date = $2 where corp_id = $1
             and membership_id in (select membership_id from stale)"
        ),
        format!(
            "insert into memberships (corp_id, person_id, department_id, is_main, from_date, source)
             select $1, w.person_id, w.department_id, w.is_main,
                    case when exists (select from memberships o where o.corp_id = $1 and o.person_id = w.person_id)
                         then $2 else p.from_date end,
                    '{source}'
             from main w join persons p on p.corp_id = $1 and p.person_id = w.person_id
             where not exists (select from memberships e where e.corp_id = $1 and e.person_id = w.person_id
                               and e.department_id = w.department_id and e.until_date is null)"
        ),
    ]) {
        *count = diesel::sql_query(format!("with {wanted}, {MAIN} {act}"))
            .bind::<Integer, _>(corp)
            .bind::<Date, _>(today)
            .bind::<Array<BigInt>, _>(persons)
            .bind::<Array<Nullable<Integer>>, _>(departments)
            .execute(conn)
            .await?;
    }
    let [_, dropped, closed, opened] = counts;
    Ok(Moved { opened, closed: dropped + closed })
}

/// Closes what the persons of accounts that just left hold. How many rows.
pub async fn close_of_members(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    members: &[MemberId],
    today: NaiveDate,
) -> Result<usize> {
    if members.is_empty() {
        return Ok(0);
    }
    let mut closed = 0;
    for act in [
        "delete from memberships s using members m
         where s.corp_id = $1 and m.corp_id = $1 and m.member_id = any($2) and s.person_id = m.person_id
           and s.until_date is null and s.source <> 'correction' and s.from_date >= $3",
        "update memberships s set until_date = $3 from members m
         where s.corp_id = $1 and m.corp_id = $1 and m.member_id = any($2) and s.person_id = m.person_id
           and s.until_date is null and s.source <> 'correction'",
    ] {
        closed += diesel::sql_query(act)
            .bind::<Integer, _>(corp)
            .bind::<Array<BigInt>, _>(members)
            .bind::<Date, _>(today)
            .execute(conn)
            .await?;
    }
    Ok(closed)
}

/// A person's main places, by person and first day.
pub async fn mains(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    persons: &[PersonId],
) -> Result<Vec<(PersonId, Place)>> {
    type Row = (PersonId, i64, DepartmentId, NaiveDate, Option<NaiveDate>, String, Option<String>);
    let rows: Vec<Row> = memberships::table
        .filter(memberships::corp_id.eq(corp))
        .filter(memberships::person_id.eq_any(persons))
        .filter(memberships::is_main)
        .order((memberships::person_id, memberships::from_date))
        .select((
            memberships::person_id,
            memberships::membership_id,
            memberships::department_id,
            memberships::from_date,
            memberships::until_date,
            memberships::source,
            memberships::reason,
        ))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(person, id, department_id, from, until, source, reason)| {
            let source = Source::parse(&source).ok_or(Error::Unexpected("memberships.source"))?;
            Ok((person, Place { id: Some(id), department_id, from, until, source, reason }))
        })
        .collect()
}

/// Makes somebody's main places `wanted`, where they were `held`; all people at once. Rows are kept where a place keeps its id.
pub async fn rewrite(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    people: &[(PersonId, Vec<Place>, Vec<Place>)],
) -> Result<()> {
    let (mut gone, mut changed, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for (person, held, wanted) in people {
        let keeps = |id: Option<i64>| held.iter().find(|place| place.id == id && id.is_some());
        gone.extend(
            held.iter().filter(|row| !wanted.iter().any(|place| place.id == row.id)).filter_map(|row| row.id),
        );
        for place in wanted {
            match keeps(place.id) {
                Some(row) if row == place => {}
                Some(_) => changed.push((*person, place)),
                None => new.push((*person, place)),
            }
        }
    }
    diesel::delete(memberships::table)
        .filter(memberships::corp_id.eq(corp))
        .filter(memberships::membership_id.eq_any(gone))
        .execute(conn)
        .await?;
    // What the directory shows beside the main place, and is the main one now, is one row.
    let opened: Vec<(PersonId, DepartmentId)> = (new.iter().chain(&changed))
        .filter(|(_, place)| place.until.is_none())
        .map(|(person, place)| (*person, place.department_id))
        .collect();
    diesel::sql_query(
        "delete from memberships m using unnest($2, $3) as r (person_id, department_id)
         where m.corp_id = $1 and m.person_id = r.person_id and m.department_id = r.department_id
           and m.until_date is null and not m.is_main",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<BigInt>, _>(opened.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(opened.iter().map(|row| row.1).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    // Closed before opened: one row of a person is open.
    let (closing, opening): (Vec<&Place>, Vec<&Place>) =
        changed.into_iter().map(|(_, place)| place).partition(|place| place.until.is_some());
    for part in [closing, opening] {
        diesel::sql_query(
            "update memberships m set from_date = r.from_date, until_date = r.until_date, source = r.source, reason = r.reason
             from unnest($2, $3, $4, $5, $6) as r (membership_id, from_date, until_date, source, reason)
             where m.corp_id = $1 and m.membership_id = r.membership_id",
        )
        .bind::<Integer, _>(corp)
        .bind::<Array<Nullable<BigInt>>, _>(part.iter().map(|place| place.id).collect::<Vec<_>>())
        .bind::<Array<Date>, _>(part.iter().map(|place| place.from).collect::<Vec<_>>())
        .bind::<Array<Nullable<Date>>, _>(part.iter().map(|place| place.until).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|place| place.source.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(part.iter().map(|place| place.reason.as_deref()).collect::<Vec<_>>())
        .execute(conn)
        .await?;
    }
    diesel::sql_query(
        "insert into memberships (corp_id, person_id, department_id, is_main, from_date, until_date, source, reason)
         select $1, r.person_id, r.department_id, true, r.from_date, r.until_date, r.source, r.reason
         from unnest($2, $3, $4, $5, $6, $7) as r (person_id, department_id, from_date, until_date, source, reason)",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<BigInt>, _>(new.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(new.iter().map(|row| row.1.department_id).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(new.iter().map(|row| row.1.from).collect::<Vec<_>>())
    .bind::<Array<Nullable<Date>>, _>(new.iter().map(|row| row.1.until).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(new.iter().map(|row| row.1.source.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(new.iter().map(|row| row.1.reason.as_deref()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}
