//! WeCom accounts, where WeCom showed them, and how both were on any day.

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Date, Integer, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use domain::{CorpId, MemberId, PersonId};

use crate::{
    Result,
    schema::{member_departments, members},
};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = members, check_for_backend(diesel::pg::Pg))]
pub struct Member {
    /// Our number for it.
    pub member_id: MemberId,
    /// As WeCom gives it.
    pub userid: String,
    /// Lower-cased: what is compared.
    pub userid_key: String,
    /// None: WeCom withheld it.
    pub name: Option<String>,
    /// None: WeCom withheld it.
    pub position: Option<String>,
    /// 1 activated, 2 disabled, 4 not activated.
    pub status: Option<i16>,
    /// The department it is counted under.
    pub main_department_id: Option<i32>,
    /// Whose it is.
    pub person_id: Option<PersonId>,
    /// Since when it is gone.
    pub left_on: Option<NaiveDate>,
}

/// An account in a department, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = member_departments, check_for_backend(diesel::pg::Pg))]
pub struct MemberDepartment {
    /// Which account.
    pub member_id: MemberId,
    /// Which department.
    pub department_id: i32,
    /// Whether it leads there.
    pub is_leader: bool,
}

/// All accounts, those that left too.
pub async fn all(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Member>> {
    Ok(members::table.filter(members::corp_id.eq(corp)).select(Member::as_select()).load(conn).await?)
}

/// How many have not left.
pub async fn count_present(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<i64> {
    Ok(members::table
        .filter(members::corp_id.eq(corp))
        .filter(members::left_on.is_null())
        .count()
        .get_result(conn)
        .await?)
}

/// Accounts in WeCom that belong to nobody on the roster.
pub async fn count_unlinked(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<i64> {
    Ok(members::table
        .filter(members::corp_id.eq(corp))
        .filter(members::left_on.is_null())
        .filter(members::person_id.is_null())
        .count()
        .get_result(conn)
        .await?)
}

/// Who is in which department now.
pub async fn departments(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<MemberDepartment>> {
    Ok(member_departments::table
        .filter(member_departments::corp_id.eq(corp))
        .filter(member_departments::until_date.is_null())
        .select(MemberDepartment::as_select())
        .load(conn)
        .await?)
}

/// Adds, changes or reopens the accounts of these keys by what staging has of them; what staging does not know
/// stays. An account without history is dated `from`, a change `today`.
pub async fn write_staged(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    keys: &[&str],
    from: NaiveDate,
    today: NaiveDate,
) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    for statement in [
        // Who comes back finds their person again: unless that person uses another account by now, or the account
        // went to somebody else. A number is nobody else's; a name that no longer fits another link is.
        "update members m set person_id = null, run_id = $2
         from staging_members s, persons p
         where m.corp_id = $1 and s.corp_id = $1 and s.run_id = $2 and m.userid_key = any($3)
           and s.userid_key = m.userid_key and p.corp_id = $1 and p.person_id = m.person_id
           and (m.left_on is not null and exists (
                  select from members o where o.corp_id = $1 and o.person_id = m.person_id and o.member_id <> m.member_id
                  and (o.left_on is null or o.userid_key = any($3) and o.member_id < m.member_id))
                or s.name <> p.name and (m.left_on is not null or m.name = p.name) and lower(p.number) <> m.userid_key)",
        "insert into members as m
           (corp_id, userid, userid_key, name, position, status, main_department_id, joined_on, run_id)
         select $1, userid, userid_key, name, position, status, main_department_id, $4, $2
         from staging_members where corp_id = $1 and run_id = $2 and userid_key = any($3)
         on conflict (corp_id, userid_key) do update
           set userid = excluded.userid, name = coalesce(excluded.name, m.name),
               position = coalesce(excluded.position, m.position), status = coalesce(excluded.status, m.status),
               main_department_id = coalesce(excluded.main_department_id, m.main_department_id),
               left_on = null, run_id = excluded.run_id",
        "update member_versions v
         set name = m.name, position = m.position, status = m.status, main_department_id = m.main_department_id,
             run_id = $2
         from members m
         where v.corp_id = $1 and m.corp_id = $1 and v.member_id = m.member_id and m.userid_key = any($3)
           and v.until_date is null and v.from_date >= $5",
        "update member_versions v set until_date = $5, run_id = $2
         from members m
         where v.corp_id = $1 and m.corp_id = $1 and v.member_id = m.member_id and m.userid_key = any($3)
           and v.until_date is null and v.from_date < $5",
        "insert into member_versions (corp_id, member_id, from_date, name, position, status, main_department_id, run_id)
         select $1, m.member_id,
                case when exists (select from member_versions v where v.corp_id = $1 and v.member_id = m.member_id)
                     then $5 else $4 end,
                m.name, m.position, m.status, m.main_department_id, $2
         from members m
         where m.corp_id = $1 and m.userid_key = any($3)
           and not exists (select from member_versions v
                           where v.corp_id = $1 and v.member_id = m.member_id and v.until_date is null)",
    ] {
        diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(run)
            .bind::<Array<Text>, _>(keys)
            .bind::<Date, _>(from)
            .bind::<Date, _>(today)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Gives an account the user id it has by now; by lower-cased ids. Its spelling follows with what staging has.
pub async fn rename(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    before: &str,
    after: &str,
) -> Result<()> {
    diesel::update(members::table)
        .filter(members::corp_id.eq(corp))
        .filter(members::userid_key.eq(before))
        .set((members::userid.eq(after), members::userid_key.eq(after), members::run_id.eq(run)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives the person of an account that has left to the account that took its place, if that has none.
pub async fn hand_over(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    before: &str,
    after: &str,
) -> Result<()> {
    diesel::sql_query(
        "update members n set person_id = o.person_id, run_id = $2
         from members o
         where n.corp_id = $1 and o.corp_id = $1 and n.userid_key = $4 and o.userid_key = $3 and o.left_on is not null
           and o.person_id is not null and n.person_id is null and n.left_on is null
           and not exists (select from members x where x.corp_id = $1 and x.person_id = o.person_id and x.left_on is null)",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(run)
    .bind::<Text, _>(before)
    .bind::<Text, _>(after)
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes accounts. They are kept, and open again when they come back.
pub async fn close(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    ids: &[MemberId],
    today: NaiveDate,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    for statement in [
        "update members set left_on = $4, run_id = $2 where corp_id = $1 and member_id = any($3)",
        "delete from member_versions
         where corp_id = $1 and member_id = any($3) and until_date is null and from_date >= $4",
        "update member_versions set until_date = $4, run_id = $2
         where corp_id = $1 and member_id = any($3) and until_date is null",
    ] {
        diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(run)
            .bind::<Array<BigInt>, _>(ids)
            .bind::<Date, _>(today)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Puts accounts into departments: (userid_key, department, leads). Dated `from` for accounts that are in the
/// history of no department yet, else `today`.
pub async fn open_departments(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    rows: &[(&str, i32, bool)],
    from: NaiveDate,
    today: NaiveDate,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "insert into member_departments (corp_id, member_id, department_id, from_date, is_leader, run_id)
         select $1, m.member_id, r.department_id,
                case when exists (select from member_departments o where o.corp_id = $1 and o.member_id = m.member_id)
                     then $7 else $6 end,
                r.is_leader, $2
         from unnest($3, $4, $5) as r (userid_key, department_id, is_leader)
         join members m on m.corp_id = $1 and m.userid_key = r.userid_key",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(run)
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|row| row.1).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(rows.iter().map(|row| row.2).collect::<Vec<_>>())
    .bind::<Date, _>(from)
    .bind::<Date, _>(today)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes accounts out of departments. What began today never held a whole day and goes.
pub async fn close_departments(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    rows: &[(MemberId, i32)],
    today: NaiveDate,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    for statement in [
        "delete from member_departments md using unnest($3, $4) as r (member_id, department_id)
         where md.corp_id = $1 and md.member_id = r.member_id and md.department_id = r.department_id
           and md.until_date is null and md.from_date >= $5",
        "update member_departments md set until_date = $5, run_id = $2
         from unnest($3, $4) as r (member_id, department_id)
         where md.corp_id = $1 and md.member_id = r.member_id and md.department_id = r.department_id
           and md.until_date is null",
    ] {
        diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(run)
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.0).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.1).collect::<Vec<_>>())
            .bind::<Date, _>(today)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// The account of a userid, however it is written, with whose it is; none: there is none, or it has left.
pub async fn account(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    userid: &str,
) -> Result<Option<(MemberId, Option<PersonId>)>> {
    Ok(members::table
        .filter(members::corp_id.eq(corp))
        .filter(members::userid_key.eq(userid.to_lowercase()))
        .filter(members::left_on.is_null())
        .select((members::member_id, members::person_id))
        .first(conn)
        .await
        .optional()?)
}

/// Begins a change of who is who and who is where: one at a time in a school, to the end of the transaction.
///
/// What follows are joins over whole tables, some of which were filled a moment ago, so that the planner knows
/// nothing of their size; left to itself it takes minutes for what hash joins do in milliseconds.
pub async fn lock(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<()> {
    conn.batch_execute("set local enable_nestloop = off; set local jit = off").await?;
    diesel::sql_query("select pg_advisory_xact_lock($1, $2)")
        .bind::<Integer, _>(ROSTER_LOCK)
        .bind::<Integer, _>(corp)
        .execute(conn)
        .await?;
    Ok(())
}

/// First half of the advisory lock's key; the corp is the second.
const ROSTER_LOCK: i32 = 0x526f_7374; // "Rost"
