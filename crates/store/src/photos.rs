//! 照片: one photo a person, sealed.

pub mod uploads;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId, policy::Scope};

use crate::{
    Result, Sealed,
    schema::{persons, photos},
    sealed::{Place, column},
};

/// Where a photo stands sealed; `person` is the person's id as text.
pub fn picture_place(corp: CorpId, person: &str) -> Place<'_> {
    Place { column: &column::PICTURE, corp, row: person }
}

/// Where the hash of the file it was made from stands sealed.
pub fn source_place(corp: CorpId, person: &str) -> Place<'_> {
    Place { column: &column::PICTURE_SOURCE, corp, row: person }
}

/// Everybody's number and id.
pub async fn numbers(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<(String, PersonId)>> {
    Ok(persons::table
        .filter(persons::corp_id.eq(corp))
        .select((persons::number, persons::person_id))
        .load(conn)
        .await?)
}

/// The hash of the file a person's photo was made from, sealed for [`source_place`].
pub async fn source_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
) -> Result<Option<Sealed>> {
    Ok(photos::table
        .filter(photos::corp_id.eq(corp))
        .filter(photos::person_id.eq(person))
        .select(photos::source)
        .first(conn)
        .await
        .optional()?)
}

/// A photo to be kept.
#[derive(Debug, Clone)]
pub struct NewPhoto {
    /// Whose.
    pub person: PersonId,
    /// Sealed for [`picture_place`].
    pub picture: Sealed,
    /// Sealed for [`source_place`].
    pub source: Sealed,
    /// Who brought it.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps a photo in place of the one before.
pub async fn put(conn: &mut AsyncPgConnection, corp: CorpId, photo: &NewPhoto) -> Result<()> {
    let row = (
        photos::picture.eq(&photo.picture),
        photos::source.eq(&photo.source),
        photos::stored_by.eq(photo.by),
        photos::stored_at.eq(photo.at),
    );
    diesel::insert_into(photos::table)
        .values((photos::corp_id.eq(corp), photos::person_id.eq(photo.person), row))
        .on_conflict((photos::corp_id, photos::person_id))
        .do_update()
        .set(row)
        .execute(conn)
        .await?;
    Ok(())
}

/// A person's own photo, sealed for [`picture_place`].
pub async fn own(conn: &mut AsyncPgConnection, corp: CorpId, person: PersonId) -> Result<Option<Sealed>> {
    Ok(photos::table
        .filter(photos::corp_id.eq(corp))
        .filter(photos::person_id.eq(person))
        .select(photos::picture)
        .first(conn)
        .await
        .optional()?)
}

/// Whether a person has a photo.
pub async fn has(conn: &mut AsyncPgConnection, corp: CorpId, person: PersonId) -> Result<bool> {
    let found = photos::table.filter(photos::corp_id.eq(corp)).filter(photos::person_id.eq(person));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(conn).await?)
}

/// Whether a person is in a scope on a day: $1 to $4 are corp, person, scope and day.
const IN_SCOPE: &str = "($3 is null or exists (
    select from memberships m join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id
    where m.corp_id = $1 and m.person_id = $2 and m.is_main and m.from_date <= $4
      and (m.until_date is null or m.until_date > $4)
      and (d.department_id = any($3) or d.class_id = any($3) or d.grade_id = any($3) or d.college_id = any($3))))";

#[derive(QueryableByName)]
struct Picture {
    #[diesel(sql_type = Binary)]
    picture: Sealed,
}

/// The photo of a person in the scope on a day. `None` when there is none, or it is not the viewer's to see: the caller
/// can't tell which.
pub async fn find(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    scope: &Scope,
    day: NaiveDate,
) -> Result<Option<Sealed>> {
    let sql = format!("select picture from photos where corp_id = $1 and person_id = $2 and {IN_SCOPE}");
    let found: Option<Picture> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(person)
        .bind::<Nullable<Array<Integer>>, _>(scope.departments())
        .bind::<Date, _>(day)
        .get_result(conn)
        .await
        .optional()?;
    Ok(found.map(|found| found.picture))
}

/// Removes the photo of a person in the scope on a day. False where [`find`] says none.
pub async fn remove(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    scope: &Scope,
    day: NaiveDate,
) -> Result<bool> {
    let sql = format!("delete from photos where corp_id = $1 and person_id = $2 and {IN_SCOPE}");
    let removed = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(person)
        .bind::<Nullable<Array<Integer>>, _>(scope.departments())
        .bind::<Date, _>(day)
        .execute(conn)
        .await?;
    Ok(removed == 1)
}

/// Whose photos, and whose data may be seen.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// The day of the roster.
    pub day: NaiveDate,
    /// Whose data the viewer may see.
    pub scope: Scope,
    /// Only those whose main place is under this department.
    pub under: Option<DepartmentId>,
    /// Only students, or only staff.
    pub kind: Option<&'static str>,
}

/// People of a college with and without a photo.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Coverage {
    /// None for those without a place.
    #[diesel(sql_type = Nullable<Integer>)]
    pub department_id: Option<DepartmentId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// On the roster.
    #[diesel(sql_type = BigInt)]
    pub rostered: i64,
    /// With a photo.
    #[diesel(sql_type = BigInt)]
    pub with_photo: i64,
}

/// Somebody with or without a photo.
#[derive(Debug, Clone, QueryableByName)]
pub struct PersonRow {
    /// Our id.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number; also the list's order and cursor.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Class or department.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
}

/// $1 to $5: corp, day, scope, department, kind.
const ROSTERED: &str = "
  with rostered as materialized (
    select p.person_id, p.number, p.name, d.name as place, coalesce(d.college_id, d.department_id) as college_id,
           exists (select from photos f where f.corp_id = p.corp_id and f.person_id = p.person_id) as has_photo
    from persons p
    left join memberships s on s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main
      and s.from_date <= $2 and (s.until_date is null or s.until_date > $2)
    left join departments d on d.corp_id = p.corp_id and d.department_id = s.department_id
    where p.corp_id = $1 and p.from_date <= $2 and (p.until_date is null or p.until_date > $2)
      and ($3 is null or d.department_id = any($3) or d.class_id = any($3) or d.grade_id = any($3) or d.college_id = any($3))
      and ($4 is null or $4 in (d.department_id, d.class_id, d.grade_id, d.college_id))
      and ($5 is null or p.kind = $5)
  )";

impl Question {
    fn bind(&self, rest: &str) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        diesel::sql_query(format!("{ROSTERED}{rest}"))
            .into_boxed::<Pg>()
            .bind::<Integer, _>(self.corp)
            .bind::<Date, _>(self.day)
            .bind::<Nullable<Array<Integer>>, _>(self.scope.departments())
            .bind::<Nullable<Integer>, _>(self.under)
            .bind::<Nullable<Text>, _>(self.kind)
    }
}

/// Photos by college, offices outside colleges by themselves; in the directory's order.
pub async fn coverage(conn: &mut AsyncPgConnection, question: &Question) -> Result<Vec<Coverage>> {
    let rest = ", counted as (select college_id, count(*) as rostered, count(*) filter (where has_photo) as with_photo
                              from rostered group by college_id)
       select c.college_id as department_id, d.name, c.rostered, c.with_photo
       from counted c left join departments d on d.corp_id = $1 and d.department_id = c.college_id
       order by d.sort_order desc nulls last, c.college_id";
    Ok(question.bind(rest).load(conn).await?)
}

/// People with a photo, or those without, by number, after `after`.
pub async fn people(
    conn: &mut AsyncPgConnection,
    question: &Question,
    with: bool,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<PersonRow>> {
    let rest = " select person_id, number, name, place from rostered
                 where has_photo = $6 and ($7 is null or number > $7) order by number limit $8";
    let query = question
        .bind(rest)
        .bind::<Bool, _>(with)
        .bind::<Nullable<Text>, _>(after.map(str::to_owned))
        .bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}
