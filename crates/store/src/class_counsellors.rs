//! Classes and who their counsellors (辅导员) are; classes without one, students without a class.

mod appointments;

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, SmallInt, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, policy::Scope};

use crate::Result;
pub use appointments::{class_of, staff};

/// A class.
#[derive(Debug, Clone, QueryableByName)]
pub struct Class {
    /// Its department.
    #[diesel(sql_type = Integer)]
    pub class_id: DepartmentId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The grade's department.
    #[diesel(sql_type = Nullable<Integer>)]
    pub grade_id: Option<DepartmentId>,
    /// The college.
    #[diesel(sql_type = Nullable<Integer>)]
    pub college_id: Option<DepartmentId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub college: Option<String>,
    /// Students on the roster.
    #[diesel(sql_type = BigInt)]
    pub students: i64,
}

/// Whose classes, and on which day.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// Whose the viewer may see.
    pub scope: Scope,
    /// Today.
    pub today: NaiveDate,
}

// $1 corp, $2 today, $3 departments in scope. A grant over a college or grade is one over its classes.
const CLASSES: &str = "
  with students as (
    select d.class_id, count(*) as students
    from memberships s
    join persons p on p.corp_id = s.corp_id and p.person_id = s.person_id and p.kind = 'student'
      and p.from_date <= $2 and (p.until_date is null or p.until_date > $2)
    join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
    where s.corp_id = $1 and s.is_main and s.from_date <= $2 and (s.until_date is null or s.until_date > $2)
      and d.class_id is not null
    group by d.class_id),
  classes as (
    select c.department_id as class_id, c.name, c.grade_id, c.college_id, college.name as college,
           coalesce(students.students, 0) as students,
           exists (
             select from grants g
             join departments over on over.corp_id = g.corp_id and over.department_id = g.department_id
             where g.corp_id = c.corp_id and g.role = 'counsellor' and g.from_date <= $2 and g.until_date > $2
               and (over.kind = 'school' or g.department_id in (c.department_id, c.grade_id, c.college_id))
           ) as led
    from departments c
    left join students on students.class_id = c.department_id
    left join departments college on college.corp_id = c.corp_id and college.department_id = c.college_id
    where c.corp_id = $1 and c.kind = 'class' and c.closed_on is null
      and ($3 is null or c.department_id = any($3) or c.grade_id = any($3) or c.college_id = any($3)))";

/// Where a page of classes ended: college and class.
pub type After = (DepartmentId, DepartmentId);

/// Classes by college, those after `after`; with `without` only those that have students and no counsellor.
pub async fn list(
    conn: &mut AsyncPgConnection,
    question: &Question,
    without: bool,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Class>> {
    let sql = format!(
        "{CLASSES} select class_id, name, grade_id, college_id, college, students from classes
         where (not $4 or students > 0 and not led) and (coalesce(college_id, 0), class_id) > ($5, $6)
         order by coalesce(college_id, 0), class_id limit $7"
    );
    let (college, class) = after.unwrap_or((-1, -1));
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Date, _>(question.today)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Bool, _>(without)
        .bind::<Integer, _>(college)
        .bind::<Integer, _>(class)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// How much is left to be put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct Gaps {
    /// Classes with students and no counsellor.
    #[diesel(sql_type = BigInt)]
    pub classes: i64,
    /// Students of these.
    #[diesel(sql_type = BigInt)]
    pub students: i64,
    /// Students on the roster who are in no class.
    #[diesel(sql_type = BigInt)]
    pub without_class: i64,
}

/// Counts them.
pub async fn gaps(conn: &mut AsyncPgConnection, question: &Question) -> Result<Gaps> {
    let sql = format!(
        "{CLASSES} select count(*) as classes, coalesce(sum(students), 0)::bigint as students,
                          (select count(*) {WITHOUT_CLASS}) as without_class
         from classes where students > 0 and not led"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Date, _>(question.today)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .get_result(conn)
        .await?)
}

const WITHOUT_CLASS: &str = "
  from persons p
  left join memberships s on s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main
    and s.from_date <= $2 and (s.until_date is null or s.until_date > $2)
  left join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
  where p.corp_id = $1 and p.kind = 'student' and p.from_date <= $2 and (p.until_date is null or p.until_date > $2)
    and d.class_id is null
    and ($3 is null or d.department_id = any($3) or d.grade_id = any($3) or d.college_id = any($3))";

/// A student on the roster who is in no class.
#[derive(Debug, Clone, QueryableByName)]
pub struct WithoutClass {
    /// Student number; also the list's order and cursor.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Major.
    #[diesel(sql_type = Nullable<Text>)]
    pub major: Option<String>,
    /// Year of entry.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub grade: Option<i16>,
    /// The department they are in instead.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
}

/// Students without a class, by number, those after `after`.
pub async fn without_class(
    conn: &mut AsyncPgConnection,
    question: &Question,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<WithoutClass>> {
    let sql = format!(
        "select p.number, p.name, p.major, p.grade, d.name as place {WITHOUT_CLASS}
           and ($4 is null or p.number > $4)
         order by p.number limit $5"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Date, _>(question.today)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Nullable<Text>, _>(after)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// One class in scope.
pub async fn find(
    conn: &mut AsyncPgConnection,
    question: &Question,
    class: DepartmentId,
) -> Result<Option<Class>> {
    let sql = format!(
        "{CLASSES} select class_id, name, grade_id, college_id, college, students from classes where class_id = $4"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Date, _>(question.today)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Integer, _>(class)
        .get_result(conn)
        .await
        .optional()?)
}

/// A counsellor of a class.
#[derive(Debug, Clone, QueryableByName)]
pub struct Counsellor {
    /// The class.
    #[diesel(sql_type = Integer)]
    pub class_id: DepartmentId,
    /// The grant that makes them one.
    #[diesel(sql_type = BigInt)]
    pub grant_id: i64,
    /// Staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// `directory`, `roster` or `manual`.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// What for.
    #[diesel(sql_type = Text)]
    pub purpose: String,
    /// The first day it no longer holds.
    #[diesel(sql_type = Date)]
    pub until_date: NaiveDate,
}

/// The counsellors of these classes today.
pub async fn of_classes(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    classes: &[DepartmentId],
    today: NaiveDate,
) -> Result<Vec<Counsellor>> {
    let query = diesel::sql_query(
        "select c.department_id as class_id, g.grant_id, p.number, p.name, g.source, g.purpose, g.until_date
         from departments c
         join grants g on g.corp_id = c.corp_id and g.role = 'counsellor' and g.from_date <= $3 and g.until_date > $3
         join departments over on over.corp_id = g.corp_id and over.department_id = g.department_id
           and (over.kind = 'school' or g.department_id in (c.department_id, c.grade_id, c.college_id))
         join persons p on p.corp_id = g.corp_id and p.person_id = g.person_id
         where c.corp_id = $1 and c.department_id = any($2)
         order by c.department_id, p.number, g.grant_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<Integer>, _>(classes)
    .bind::<Date, _>(today);
    Ok(query.load(conn).await?)
}
