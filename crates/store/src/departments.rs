//! Departments as they are now, and as they were on any day.

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, department::Place};

use crate::{Result, schema::departments};

/// A department.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = departments, check_for_backend(diesel::pg::Pg))]
pub struct Department {
    /// WeCom's id.
    pub department_id: i32,
    /// Its name.
    pub name: String,
    /// The one above; none at the top.
    pub parent_id: Option<i32>,
    /// Larger sorts first.
    pub sort_order: i64,
    /// `school`, `college`, `grade`, `class` or `office`.
    pub kind: String,
    /// Its college.
    pub college_id: Option<i32>,
    /// Its grade.
    pub grade_id: Option<i32>,
    /// Its class.
    pub class_id: Option<i32>,
    /// Since when it exists no more.
    pub closed_on: Option<NaiveDate>,
}

/// All departments, closed ones too, by id.
pub async fn all(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Department>> {
    Ok(departments::table
        .filter(departments::corp_id.eq(corp))
        .order(departments::department_id)
        .select(Department::as_select())
        .load(conn)
        .await?)
}

/// Departments that exist now, by id.
pub async fn open(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Department>> {
    Ok(departments::table
        .filter(departments::corp_id.eq(corp))
        .filter(departments::closed_on.is_null())
        .order(departments::department_id)
        .select(Department::as_select())
        .load(conn)
        .await?)
}

/// Adds, changes or reopens departments. `closed_on` of the rows is ignored. What has no history yet is dated
/// `from`, what changes is dated `today`; a second change on the same day changes that day's version.
pub async fn write(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    rows: &[Department],
    from: NaiveDate,
    today: NaiveDate,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i32> = rows.iter().map(|row| row.department_id).collect();
    diesel::sql_query(
        "insert into departments as d
           (corp_id, department_id, name, parent_id, sort_order, kind, college_id, grade_id, class_id, run_id)
         select $1, r.id, r.name, r.parent_id, r.sort_order, r.kind, r.college_id, r.grade_id, r.class_id, $2
         from unnest($3, $4, $5, $6, $7, $8, $9, $10)
           as r (id, name, parent_id, sort_order, kind, college_id, grade_id, class_id)
         on conflict (corp_id, department_id) do update
           set name = excluded.name, parent_id = excluded.parent_id, sort_order = excluded.sort_order,
               kind = excluded.kind, college_id = excluded.college_id, grade_id = excluded.grade_id,
               class_id = excluded.class_id, closed_on = null, run_id = excluded.run_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(run)
    .bind::<Array<Integer>, _>(&ids)
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Integer>>, _>(rows.iter().map(|row| row.parent_id).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.sort_order).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Integer>>, _>(rows.iter().map(|row| row.college_id).collect::<Vec<_>>())
    .bind::<Array<Nullable<Integer>>, _>(rows.iter().map(|row| row.grade_id).collect::<Vec<_>>())
    .bind::<Array<Nullable<Integer>>, _>(rows.iter().map(|row| row.class_id).collect::<Vec<_>>())
    .execute(conn)
    .await?;

    for statement in [
        "update department_versions v
         set name = d.name, parent_id = d.parent_id, sort_order = d.sort_order, kind = d.kind,
             college_id = d.college_id, grade_id = d.grade_id, class_id = d.class_id, run_id = $2
         from departments d
         where v.corp_id = $1 and d.corp_id = $1 and v.department_id = d.department_id
           and v.until_date is null and v.from_date >= $5 and d.department_id = any($3)",
        "update department_versions set until_date = $5, run_id = $2
         where corp_id = $1 and department_id = any($3) and until_date is null and from_date < $5
          ",
        "insert into department_versions (corp_id, department_id, from_date, name, parent_id, sort_order, kind,
                                          college_id, grade_id, class_id, run_id)
         select $1, d.department_id,
                case when exists (select from department_versions v
                                  where v.corp_id = $1 and v.department_id = d.department_id) then $5 else $4 end,
                d.name, d.parent_id, d.sort_order, d.kind, d.college_id, d.grade_id, d.class_id, $2
         from departments d
         where d.corp_id = $1 and d.department_id = any($3)
           and not exists (select from department_versions v
                           where v.corp_id = $1 and v.department_id = d.department_id and v.until_date is null)",
    ] {
        diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(run)
            .bind::<Array<Integer>, _>(&ids)
            .bind::<Date, _>(from)
            .bind::<Date, _>(today)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Gives departments another place by rules, not by what WeCom showed: the run that saw them last stays. Dated `today`.
pub async fn rekind(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rows: &[(DepartmentId, Place)],
    today: NaiveDate,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i32> = rows.iter().map(|row| row.0).collect();
    let list = |get: fn(&Place) -> Option<i32>| rows.iter().map(|row| get(&row.1)).collect::<Vec<_>>();
    diesel::sql_query(
        "update departments d
         set kind = r.kind, college_id = r.college_id, grade_id = r.grade_id, class_id = r.class_id
         from unnest($2, $3, $4, $5, $6) as r (id, kind, college_id, grade_id, class_id)
         where d.corp_id = $1 and d.department_id = r.id",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<Integer>, _>(&ids)
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.1.kind.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Integer>>, _>(list(|place| place.college_id))
    .bind::<Array<Nullable<Integer>>, _>(list(|place| place.grade_id))
    .bind::<Array<Nullable<Integer>>, _>(list(|place| place.class_id))
    .execute(conn)
    .await?;
    for statement in [
        "update department_versions v
         set kind = d.kind, college_id = d.college_id, grade_id = d.grade_id, class_id = d.class_id
         from departments d
         where v.corp_id = $1 and d.corp_id = $1 and v.department_id = d.department_id
           and v.until_date is null and v.from_date >= $3 and d.department_id = any($2)",
        "update department_versions set until_date = $3
         where corp_id = $1 and department_id = any($2) and until_date is null and from_date < $3",
        "insert into department_versions (corp_id, department_id, from_date, name, parent_id, sort_order, kind,
                                          college_id, grade_id, class_id, run_id)
         select $1, d.department_id, $3, d.name, d.parent_id, d.sort_order, d.kind, d.college_id, d.grade_id,
                d.class_id, d.run_id
         from departments d
         where d.corp_id = $1 and d.department_id = any($2)
           and not exists (select from department_versions v
                           where v.corp_id = $1 and v.department_id = d.department_id and v.until_date is null)",
    ] {
        diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<Array<Integer>, _>(&ids)
            .bind::<Date, _>(today)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Closes departments. A version that began today never held a whole day and goes.
pub async fn close(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    ids: &[i32],
    today: NaiveDate,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    for statement in [
        "update departments set closed_on = $4, run_id = $2 where corp_id = $1 and department_id = any($3)",
        "delete from department_versions
         where corp_id = $1 and department_id = any($3) and until_date is null and from_date >= $4",
        "update department_versions set until_date = $4, run_id = $2
         where corp_id = $1 and department_id = any($3) and until_date is null",
    ] {
        diesel::sql_query(statement)
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(run)
            .bind::<Array<Integer>, _>(ids)
            .bind::<Date, _>(today)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// What a department was called on a day.
pub async fn name_on(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: DepartmentId,
    day: NaiveDate,
) -> Result<Option<String>> {
    use crate::schema::department_versions as versions;
    Ok(versions::table
        .filter(versions::corp_id.eq(corp))
        .filter(versions::department_id.eq(id))
        .filter(versions::from_date.le(day))
        .filter(versions::until_date.is_null().or(versions::until_date.gt(day)))
        .select(versions::name)
        .first(conn)
        .await
        .optional()?)
}
