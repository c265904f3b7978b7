//! Tags of WeCom's directory: who has one now, and who had it on any day.

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, kinds::TagId};

use crate::{
    Result,
    schema::{tag_departments, tag_members, tags},
};

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = tags, check_for_backend(diesel::pg::Pg))]
pub struct Tag {
    /// WeCom's id.
    pub tag_id: TagId,
    /// Its name.
    pub name: String,
    /// Since when WeCom lists it no more.
    pub closed_on: Option<NaiveDate>,
}

/// All tags, closed ones too, by id.
pub async fn all(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Tag>> {
    Ok(tags::table
        .filter(tags::corp_id.eq(corp))
        .order(tags::tag_id)
        .select(Tag::as_select())
        .load(conn)
        .await?)
}

/// Accounts that have a tag by themselves now.
pub async fn members(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<(TagId, MemberId)>> {
    Ok(tag_members::table
        .filter(tag_members::corp_id.eq(corp))
        .filter(tag_members::until_date.is_null())
        .select((tag_members::tag_id, tag_members::member_id))
        .load(conn)
        .await?)
}

/// Departments that have a tag now.
pub async fn departments(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<(TagId, DepartmentId)>> {
    Ok(tag_departments::table
        .filter(tag_departments::corp_id.eq(corp))
        .filter(tag_departments::until_date.is_null())
        .order((tag_departments::tag_id, tag_departments::department_id))
        .select((tag_departments::tag_id, tag_departments::department_id))
        .load(conn)
        .await?)
}

/// A tag with its counts on a day.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Counted {
    /// WeCom's id.
    #[diesel(sql_type = Integer)]
    pub tag_id: TagId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Accounts that have it by themselves.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub members: Option<i64>,
    /// Departments that have it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub departments: Option<i64>,
}

/// Tags with their counts on a day, by id.
pub async fn counted(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    day: NaiveDate,
    after: Option<TagId>,
    limit: i64,
) -> Result<Vec<Counted>> {
    Ok(diesel::sql_query(
        "select t.tag_id, t.name,
                (select count(*) from tag_members m where m.corp_id = $1 and m.tag_id = t.tag_id
                   and m.from_date <= $2 and (m.until_date is null or m.until_date > $2)) as members,
                (select count(*) from tag_departments d where d.corp_id = $1 and d.tag_id = t.tag_id
                   and d.from_date <= $2 and (d.until_date is null or d.until_date > $2)) as departments
         from tags t
         where t.corp_id = $1 and (t.closed_on is null or t.closed_on > $2) and ($3 is null or t.tag_id > $3)
         order by t.tag_id limit $4",
    )
    .bind::<Integer, _>(corp)
    .bind::<Date, _>(day)
    .bind::<Nullable<Integer>, _>(after)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?)
}

/// Adds, renames or reopens tags.
pub async fn write(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    rows: &[(TagId, &str)],
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "insert into tags (corp_id, tag_id, name, run_id) select $1, r.id, r.name, $2 from unnest($3, $4) as r (id, name)
         on conflict (corp_id, tag_id) do update set name = excluded.name, closed_on = null, run_id = excluded.run_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(run)
    .bind::<Array<Integer>, _>(rows.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.1).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes tags; whoever had one is taken out by [`close_members`] and [`close_departments`].
pub async fn close(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    ids: &[TagId],
    today: NaiveDate,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    diesel::update(tags::table.filter(tags::corp_id.eq(corp)).filter(tags::tag_id.eq_any(ids)))
        .set((tags::closed_on.eq(today), tags::run_id.eq(run)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives tags to accounts, by lower-cased userid: dated `from` for a pair that never was, else `today`.
pub async fn open_members(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    rows: &[(TagId, &str)],
    from: NaiveDate,
    today: NaiveDate,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "insert into tag_members (corp_id, tag_id, member_id, from_date, run_id)
         select $1, r.tag_id, m.member_id,
                case when exists (select from tag_members o where o.corp_id = $1 and o.tag_id = r.tag_id
                                  and o.member_id = m.member_id) then $6 else $5 end, $2
         from unnest($3, $4) as r (tag_id, userid_key)
         join members m on m.corp_id = $1 and m.userid_key = r.userid_key",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(run)
    .bind::<Array<Integer>, _>(rows.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.1).collect::<Vec<_>>())
    .bind::<Date, _>(from)
    .bind::<Date, _>(today)
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives tags to departments: dated `from` for a pair that never was, else `today`.
pub async fn open_departments(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    rows: &[(TagId, DepartmentId)],
    from: NaiveDate,
    today: NaiveDate,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "insert into tag_departments (corp_id, tag_id, department_id, from_date, run_id)
         select $1, r.tag_id, r.department_id,
                case when exists (select from tag_departments o where o.corp_id = $1 and o.tag_id = r.tag_id
                                  and o.department_id = r.department_id) then $6 else $5 end, $2
         from unnest($3, $4) as r (tag_id, department_id)",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(run)
    .bind::<Array<Integer>, _>(rows.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|row| row.1).collect::<Vec<_>>())
    .bind::<Date, _>(from)
    .bind::<Date, _>(today)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes tags from accounts. What began today never held a whole day and goes.
pub async fn close_members(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    rows: &[(TagId, MemberId)],
    today: NaiveDate,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    for statement in [
        "delete from tag_members t using unnest($3, $4) as r (tag_id, member_id)
         where t.corp_id = $1 and t.tag_id = r.tag_id and t.member_id = r.member_id and t.until_date is null
           and t.from_date >= $5",
        "update tag_members t set until_date = $5, run_id = $2 from unnest($3, $4) as r (tag_id, member_id)
         where t.corp_id = $1 and t.tag_id = r.tag_id and t.member_id = r.member_id and t.until_date is null",
    ] {
        diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(run)
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.0).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.1).collect::<Vec<_>>())
            .bind::<Date, _>(today)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Takes tags from departments. What began today never held a whole day and goes.
pub async fn close_departments(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    rows: &[(TagId, DepartmentId)],
    today: NaiveDate,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    for statement in [
        "delete from tag_departments t using unnest($3, $4) as r (tag_id, department_id)
         where t.corp_id = $1 and t.tag_id = r.tag_id and t.department_id = r.department_id and t.until_date is null
           and t.from_date >= $5",
        "update tag_departments t set until_date = $5, run_id = $2 from unnest($3, $4) as r (tag_id, department_id)
         where t.corp_id = $1 and t.tag_id = r.tag_id and t.department_id = r.department_id and t.until_date is null",
    ] {
        diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(run)
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.0).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.1).collect::<Vec<_>>())
            .bind::<Date, _>(today)
            .execute(conn)
            .await?;
    }
    Ok(())
}
