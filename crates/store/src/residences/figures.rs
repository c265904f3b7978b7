//! Who sleeps where on a day: by building, by college, room by room, and who has no bed.

use chrono::NaiveDate;
use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, PersonId, policy::Scope};

use crate::Result;

/// Beds of a building on a day.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Building {
    /// 校区
    #[diesel(sql_type = Text)]
    pub campus: String,
    /// 楼栋
    #[diesel(sql_type = Text)]
    pub building: String,
    /// Its floors, the lowest first.
    #[diesel(sql_type = Array<Text>)]
    pub floors: Vec<String>,
    /// How many rooms.
    #[diesel(sql_type = BigInt)]
    pub rooms: i64,
    /// How many beds.
    #[diesel(sql_type = BigInt)]
    pub beds: i64,
    /// Beds in which somebody sleeps. None: who asks does not see the whole school.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub occupied: Option<i64>,
}

/// Every building. Who sleeps in one may be of any college, and may be few: how many is for who sees the whole school. Names
/// are sorted as numbers are: 2 before 10.
pub async fn buildings(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    scope: &Scope,
    day: NaiveDate,
) -> Result<Vec<Building>> {
    let sql = "
      select b.campus, b.building, count(distinct (b.floor, b.room)) as rooms, count(*) as beds,
             case when $3 then count(r.residence_id) end as occupied,
             (select array_agg(f.floor order by length(f.floor), f.floor)
              from (select distinct floor from beds f where f.corp_id = $1 and f.campus = b.campus
                      and f.building = b.building) f) as floors
      from beds b
      left join residences r on r.corp_id = b.corp_id and r.bed_id = b.bed_id
        and r.from_date <= $2 and (r.until_date is null or r.until_date > $2)
      where b.corp_id = $1
      group by b.campus, b.building order by b.campus, length(b.building), b.building";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(day)
        .bind::<Bool, _>(*scope == Scope::School)
        .load(conn)
        .await?)
}

/// Whose beds, on which day.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// The day.
    pub day: NaiveDate,
    /// Whose data the viewer may see.
    pub scope: Scope,
    /// Only those counted under this department.
    pub under: Option<DepartmentId>,
}

/// The students on the roster of a day, each with their bed of that day if they have one. $1 to $4: corp, day, scope,
/// department.
const ENROLLED: &str = "
  with enrolled as materialized (
    select p.person_id, p.number, p.name, coalesce(d.college_id, d.department_id) as college_id, d.class_id,
           d.department_id, r.residence_id
    from persons p
    left join memberships s on s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main
      and s.from_date <= $2 and (s.until_date is null or s.until_date > $2)
    left join department_versions d on d.corp_id = p.corp_id and d.department_id = s.department_id
      and d.from_date <= $2 and (d.until_date is null or d.until_date > $2)
    left join residences r on r.corp_id = p.corp_id and r.person_id = p.person_id
      and r.from_date <= $2 and (r.until_date is null or r.until_date > $2)
    where p.corp_id = $1 and p.kind = 'student' and p.from_date <= $2 and (p.until_date is null or p.until_date > $2)
      and ($3 is null or d.department_id = any($3) or d.class_id = any($3) or d.grade_id = any($3) or d.college_id = any($3))
      and ($4 is null or $4 in (d.department_id, d.class_id, d.grade_id, d.college_id))
  )";

impl Question {
    fn bind(&self, rest: &str) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        diesel::sql_query(format!("{ENROLLED}{rest}"))
            .into_boxed::<Pg>()
            .bind::<Integer, _>(self.corp)
            .bind::<Date, _>(self.day)
            .bind::<Nullable<Array<Integer>>, _>(self.scope.departments())
            .bind::<Nullable<Integer>, _>(self.under)
    }
}

/// Students of a college on a day.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct College {
    /// None for those without a place.
    #[diesel(sql_type = Nullable<Integer>)]
    pub department_id: Option<DepartmentId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// On the roster.
    #[diesel(sql_type = BigInt)]
    pub enrolled: i64,
    /// With a bed.
    #[diesel(sql_type = BigInt)]
    pub housed: i64,
}

/// Students and beds by college, in the directory's order.
pub async fn colleges(conn: &mut AsyncPgConnection, question: &Question) -> Result<Vec<College>> {
    let rest = ", counted as (select college_id, count(*) as enrolled, count(residence_id) as housed
                              from enrolled group by college_id)
       select c.college_id as department_id, d.name, c.enrolled, c.housed
       from counted c left join departments d on d.corp_id = $1 and d.department_id = c.college_id
       order by d.sort_order desc nulls last, c.college_id";
    Ok(question.bind(rest).load(conn).await?)
}

/// A student without a bed.
#[derive(Debug, Clone, QueryableByName)]
pub struct Enrolled {
    /// Our id.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student number; also the list's order and cursor.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// College.
    #[diesel(sql_type = Nullable<Text>)]
    pub college: Option<String>,
    /// Class.
    #[diesel(sql_type = Nullable<Text>)]
    pub class: Option<String>,
}

/// Students without a bed, by number, after `after`.
pub async fn without(
    conn: &mut AsyncPgConnection,
    question: &Question,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Enrolled>> {
    let rest = "
      select e.person_id, e.number, e.name, college.name as college, class.name as class
      from (select * from enrolled where residence_id is null and ($5 is null or number > $5) order by number limit $6) e
      left join departments college on college.corp_id = $1 and college.department_id = e.college_id
      left join departments class on class.corp_id = $1 and class.department_id = coalesce(e.class_id, e.department_id)
      order by e.number";
    let query =
        question.bind(rest).bind::<Nullable<Text>, _>(after.map(str::to_owned)).bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}

/// Which rooms.
#[derive(Debug, Clone)]
pub struct Rooms {
    /// 校区
    pub campus: String,
    /// 楼栋
    pub building: String,
    /// Only this floor.
    pub floor: Option<String>,
    /// Only rooms with a free bed.
    pub free: bool,
}

/// A bed of a room, and who sleeps in it.
#[derive(Debug, Clone, QueryableByName)]
pub struct InRoom {
    /// 楼层
    #[diesel(sql_type = Text)]
    pub floor: String,
    /// 房间
    #[diesel(sql_type = Text)]
    pub room: String,
    /// The bed's number for us.
    #[diesel(sql_type = BigInt)]
    pub bed_id: i64,
    /// 床位
    #[diesel(sql_type = Text)]
    pub bed: String,
    /// The stay, where somebody sleeps in it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub residence_id: Option<i64>,
    /// Since when.
    #[diesel(sql_type = Nullable<Date>)]
    pub from_date: Option<NaiveDate>,
    /// Until when.
    #[diesel(sql_type = Nullable<Date>)]
    pub until_date: Option<NaiveDate>,
    /// Our id of who; none for people outside the scope.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub person_id: Option<PersonId>,
    /// Their number.
    #[diesel(sql_type = Nullable<Text>)]
    pub number: Option<String>,
    /// Their name.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// Class or department on that day.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
}

/// The beds of a building's rooms, those after the floor and room `after`; people outside the scope don't show.
pub async fn rooms(
    conn: &mut AsyncPgConnection,
    question: &Question,
    rooms: &Rooms,
    after: Option<(&str, &str)>,
    limit: i64,
) -> Result<Vec<InRoom>> {
    let sql = "
      with page as materialized (
        select b.floor, b.room
        from beds b
        left join residences r on r.corp_id = b.corp_id and r.bed_id = b.bed_id
          and r.from_date <= $2 and (r.until_date is null or r.until_date > $2)
        where b.corp_id = $1 and b.campus = $4 and b.building = $5 and ($6 is null or b.floor = $6)
          and ($8 is null or (length(b.floor), b.floor, length(b.room), b.room) > (length($8), $8, length($9), $9))
        group by b.floor, b.room having not $7 or count(*) > count(r.residence_id)
        order by length(b.floor), b.floor, length(b.room), b.room limit $10)
      select b.floor, b.room, b.bed_id, b.bed, r.residence_id, r.from_date, r.until_date,
             p.person_id, p.number, p.name, p.place
      from page
      join beds b on b.corp_id = $1 and b.campus = $4 and b.building = $5 and b.floor = page.floor and b.room = page.room
      left join residences r on r.corp_id = b.corp_id and r.bed_id = b.bed_id
        and r.from_date <= $2 and (r.until_date is null or r.until_date > $2)
      left join lateral (
        select p.person_id, p.number, p.name, d.name as place
        from persons p
        left join memberships s on s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main
          and s.from_date <= $2 and (s.until_date is null or s.until_date > $2)
        left join department_versions d on d.corp_id = p.corp_id and d.department_id = s.department_id
          and d.from_date <= $2 and (d.until_date is null or d.until_date > $2)
        where p.corp_id = $1 and p.person_id = r.person_id
          and ($3 is null or d.department_id = any($3) or d.class_id = any($3) or d.grade_id = any($3)
               or d.college_id = any($3))) p on true
      order by length(b.floor), b.floor, length(b.room), b.room, length(b.bed), b.bed";
    let (after_floor, after_room) = after.unzip();
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Date, _>(question.day)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Text, _>(&rooms.campus)
        .bind::<Text, _>(&rooms.building)
        .bind::<Nullable<Text>, _>(rooms.floor.as_deref())
        .bind::<Bool, _>(rooms.free)
        .bind::<Nullable<Text>, _>(after_floor)
        .bind::<Nullable<Text>, _>(after_room)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}
