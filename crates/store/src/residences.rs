//! 宿舍: beds, and who sleeps in which since when.

mod figures;

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, PersonId,
    policy::Scope,
    residence::{BedName, NewStay, Plan, Stay},
};

pub use figures::{
    Building, College, Enrolled, InRoom, Question, Rooms, buildings, colleges, rooms, without,
};

use crate::{
    Result,
    schema::{beds, residences},
};

/// Every bed, by its names.
pub async fn beds(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<(i64, BedName)>> {
    type Row = (i64, String, String, String, String, String);
    let rows: Vec<Row> = beds::table
        .filter(beds::corp_id.eq(corp))
        .select((beds::bed_id, beds::campus, beds::building, beds::floor, beds::room, beds::bed))
        .load(conn)
        .await?;
    let name =
        |(id, campus, building, floor, room, bed)| (id, BedName { campus, building, floor, room, bed });
    Ok(rows.into_iter().map(name).collect())
}

/// Adds the beds that are not known. How many.
pub async fn add_beds(conn: &mut AsyncPgConnection, corp: CorpId, names: &[&BedName]) -> Result<usize> {
    let mut added = 0;
    for part in names.chunks(10_000) {
        let list = |get: fn(&BedName) -> &str| part.iter().map(|name| get(name)).collect::<Vec<_>>();
        added += diesel::sql_query(
            "insert into beds (corp_id, campus, building, floor, room, bed)
             select $1, * from unnest($2, $3, $4, $5, $6) on conflict do nothing",
        )
        .bind::<Integer, _>(corp)
        .bind::<Array<Text>, _>(list(|name| &name.campus))
        .bind::<Array<Text>, _>(list(|name| &name.building))
        .bind::<Array<Text>, _>(list(|name| &name.floor))
        .bind::<Array<Text>, _>(list(|name| &name.room))
        .bind::<Array<Text>, _>(list(|name| &name.bed))
        .execute(conn)
        .await?;
    }
    Ok(added)
}

/// Whether there is this bed.
pub async fn has_bed(conn: &mut AsyncPgConnection, corp: CorpId, bed: i64) -> Result<bool> {
    let found = beds::table.filter(beds::corp_id.eq(corp)).filter(beds::bed_id.eq(bed));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(conn).await?)
}

#[derive(QueryableByName)]
struct StayRow {
    #[diesel(sql_type = BigInt)]
    residence_id: i64,
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
    #[diesel(sql_type = BigInt)]
    bed_id: i64,
    #[diesel(sql_type = Date)]
    from_date: NaiveDate,
    #[diesel(sql_type = Nullable<Date>)]
    until_date: Option<NaiveDate>,
}

impl From<StayRow> for Stay {
    fn from(row: StayRow) -> Self {
        Self {
            id: row.residence_id,
            person: row.person_id,
            bed: row.bed_id,
            from: row.from_date,
            until: row.until_date,
        }
    }
}

/// Everything on record of these people and of these beds.
pub async fn stays(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    people: &[PersonId],
    beds: &[i64],
) -> Result<Vec<Stay>> {
    let rows: Vec<StayRow> = diesel::sql_query(
        "select residence_id, person_id, bed_id, from_date, until_date from residences
         where corp_id = $1 and (person_id = any($2) or bed_id = any($3)) order by residence_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<BigInt>, _>(people)
    .bind::<Array<BigInt>, _>(beds)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(Stay::from).collect())
}

/// Carries a plan out: what ends first, so that a bed is free for whoever comes next.
pub async fn carry_out(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    plan: &Plan,
    source: &'static str,
) -> Result<()> {
    diesel::delete(residences::table)
        .filter(residences::corp_id.eq(corp))
        .filter(residences::residence_id.eq_any(&plan.removed))
        .execute(conn)
        .await?;
    let (ids, days): (Vec<i64>, Vec<NaiveDate>) = plan.ended.iter().copied().unzip();
    diesel::sql_query(
        "update residences r set until_date = e.until_date from unnest($2, $3) as e (residence_id, until_date)
         where r.corp_id = $1 and r.residence_id = e.residence_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Array<Date>, _>(days)
    .execute(conn)
    .await?;
    for part in plan.begun.chunks(10_000) {
        let list = |get: fn(&NewStay) -> i64| part.iter().map(get).collect::<Vec<_>>();
        diesel::sql_query(
            "insert into residences (corp_id, person_id, bed_id, from_date, until_date, source)
             select $1, b.*, $6 from unnest($2, $3, $4, $5) as b",
        )
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(list(|stay| stay.person))
        .bind::<Array<BigInt>, _>(list(|stay| stay.bed))
        .bind::<Array<Date>, _>(part.iter().map(|stay| stay.from).collect::<Vec<_>>())
        .bind::<Array<Nullable<Date>>, _>(part.iter().map(|stay| stay.until).collect::<Vec<_>>())
        .bind::<Text, _>(source)
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Somebody a list names.
#[derive(Debug, Clone, QueryableByName)]
pub struct Named {
    /// Our id.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The first day no longer on the roster.
    #[diesel(sql_type = Nullable<Date>)]
    pub until_date: Option<NaiveDate>,
}

/// The people of these numbers, in lower case, who are in the scope on a day.
pub async fn named(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    scope: &Scope,
    numbers: &[String],
    day: NaiveDate,
) -> Result<Vec<Named>> {
    let query = diesel::sql_query(
        "select p.person_id, p.number, p.name, p.until_date
         from persons p
         left join memberships s on s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main
           and s.from_date <= $3 and (s.until_date is null or s.until_date > $3)
         left join departments d on d.corp_id = p.corp_id and d.department_id = s.department_id
         where p.corp_id = $1 and lower(p.number) = any($4)
           and ($2 is null or d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))",
    )
    .bind::<Integer, _>(corp)
    .bind::<Nullable<Array<Integer>>, _>(scope.departments())
    .bind::<Date, _>(day)
    .bind::<Array<Text>, _>(numbers);
    Ok(query.load(conn).await?)
}

/// A stay with its bed, as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Shown {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub residence_id: i64,
    /// Whose.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Where.
    #[diesel(sql_type = BigInt)]
    pub bed_id: i64,
    /// 校区
    #[diesel(sql_type = Text)]
    pub campus: String,
    /// 楼栋
    #[diesel(sql_type = Text)]
    pub building: String,
    /// 楼层
    #[diesel(sql_type = Text)]
    pub floor: String,
    /// 房间
    #[diesel(sql_type = Text)]
    pub room: String,
    /// 床位
    #[diesel(sql_type = Text)]
    pub bed: String,
    /// The first night.
    #[diesel(sql_type = Date)]
    pub from_date: NaiveDate,
    /// The day of moving out.
    #[diesel(sql_type = Nullable<Date>)]
    pub until_date: Option<NaiveDate>,
}

/// Which stays.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// One, by its number.
    Stay(i64),
    /// Those of a person, newest first; a hundred at most.
    Person(PersonId),
}

/// Stays of those in the scope on a day.
pub async fn shown(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    scope: &Scope,
    which: Which,
    day: NaiveDate,
) -> Result<Vec<Shown>> {
    let (stay, person) = match which {
        Which::Stay(id) => (Some(id), None),
        Which::Person(id) => (None, Some(id)),
    };
    let query = diesel::sql_query(
        "select r.residence_id, r.person_id, r.bed_id, b.campus, b.building, b.floor, b.room, b.bed,
                r.from_date, r.until_date
         from residences r
         join beds b on b.corp_id = r.corp_id and b.bed_id = r.bed_id
         left join memberships s on s.corp_id = r.corp_id and s.person_id = r.person_id and s.is_main
           and s.from_date <= $3 and (s.until_date is null or s.until_date > $3)
         left join departments d on d.corp_id = r.corp_id and d.department_id = s.department_id
         where r.corp_id = $1 and (r.residence_id = $4 or r.person_id = $5)
           and ($2 is null or d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))
         order by r.from_date desc, r.residence_id desc limit 100",
    )
    .bind::<Integer, _>(corp)
    .bind::<Nullable<Array<Integer>>, _>(scope.departments())
    .bind::<Date, _>(day)
    .bind::<Nullable<BigInt>, _>(stay)
    .bind::<Nullable<BigInt>, _>(person);
    Ok(query.load(conn).await?)
}
