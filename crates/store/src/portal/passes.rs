//! Who opened an entry on which day: a row a member, an entry and a day, and what is left of them later.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Nullable},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, policy::Scope};

use crate::{Result, schema::portal_passes};

/// Notes that somebody opened it on a day; the second time changes nothing.
pub async fn add(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    entry_id: i64,
    member: MemberId,
    day: NaiveDate,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(portal_passes::table)
        .values((
            portal_passes::corp_id.eq(corp),
            portal_passes::entry_id.eq(entry_id),
            portal_passes::day.eq(day),
            portal_passes::member_id.eq(member),
            portal_passes::first_at.eq(at),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// The entries somebody opened on a day.
pub async fn of_member(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    day: NaiveDate,
    entries: &[i64],
) -> Result<Vec<i64>> {
    Ok(portal_passes::table
        .filter(portal_passes::corp_id.eq(corp))
        .filter(portal_passes::entry_id.eq_any(entries))
        .filter(portal_passes::day.eq(day))
        .filter(portal_passes::member_id.eq(member))
        .select(portal_passes::entry_id)
        .load(conn)
        .await?)
}

/// How many opened an entry on a day.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Passed {
    /// The entry.
    #[diesel(sql_type = BigInt)]
    pub entry_id: i64,
    /// The day.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
}

/// Of one entry, or of all, by day: of the whole school everybody, else those of the scope on the day's roster, as far
/// back as it is kept who they were.
pub async fn by_day(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    entry_id: Option<i64>,
    (from, to): (NaiveDate, NaiveDate),
    scope: &Scope,
) -> Result<Vec<Passed>> {
    let sql = match scope {
        Scope::School => {
            "select entry_id, day, sum(people)::bigint as people from (
               select v.entry_id, v.day, count(*) as people from portal_passes v
               where v.corp_id = $1 and ($2 is null or v.entry_id = $2) and v.day between $3 and $4 group by 1, 2
               union all
               select t.entry_id, t.day, t.people from portal_totals t
               where t.corp_id = $1 and ($2 is null or t.entry_id = $2) and t.day between $3 and $4 and $5 is null) x
             group by 1, 2 order by 1, 2"
        }
        Scope::Departments(_) => {
            "select v.entry_id, v.day, count(*) as people from portal_passes v
             join members m on m.corp_id = v.corp_id and m.member_id = v.member_id
             join memberships s on s.corp_id = m.corp_id and s.person_id = m.person_id and s.is_main
               and s.from_date <= v.day and (s.until_date is null or s.until_date > v.day)
             join department_versions d on d.corp_id = s.corp_id and d.department_id = s.department_id
               and d.from_date <= v.day and (d.until_date is null or d.until_date > v.day)
             where v.corp_id = $1 and ($2 is null or v.entry_id = $2) and v.day between $3 and $4
               and (d.department_id = any($5) or d.class_id = any($5) or d.grade_id = any($5) or d.college_id = any($5))
             group by 1, 2 order by 1, 2"
        }
    };
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<BigInt>, _>(entry_id)
        .bind::<Date, _>(from)
        .bind::<Date, _>(to)
        .bind::<Nullable<Array<Integer>>, _>(scope.departments())
        .load(conn)
        .await?)
}

/// Forgets who opened what before a day, who was on lists of before it and who was reminded by them. How many opened it
/// stays. Gives how many rows that changed.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: NaiveDate) -> Result<usize> {
    let mut gone = 0;
    for sql in [
        "with gone as (delete from portal_passes where corp_id = $1 and day < $2 returning entry_id, day)
         insert into portal_totals as t (corp_id, entry_id, day, people)
         select $1, entry_id, day, count(*) from gone group by entry_id, day
         on conflict (corp_id, entry_id, day) do update set people = t.people + excluded.people",
        "delete from portal_listed where corp_id = $1 and day < $2",
        "delete from portal_lists where corp_id = $1 and day < $2",
        "delete from portal_reminders where corp_id = $1 and day < $2",
    ] {
        gone += diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Date, _>(before).execute(conn).await?;
    }
    Ok(gone)
}
