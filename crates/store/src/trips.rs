//! 行程: when somebody was away, as a report of theirs says.

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{BigInt, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, PersonId, form::Trip};

use crate::{
    Result,
    expected::{Bound, Question},
    reports::Report,
    schema::{reports, trips},
};

/// Where the person's newest open trip is: a county's code. None: no trip is open.
pub async fn away(mut conn: &AsyncPgConnection, corp: CorpId, person: PersonId) -> Result<Option<String>> {
    Ok(trips::table
        .filter(trips::corp_id.eq(corp))
        .filter(trips::person_id.eq(person))
        .filter(trips::returned_on.is_null())
        .order((trips::left_on.desc(), trips::report_id.desc()))
        .select(trips::region)
        .first(&mut conn)
        .await
        .optional()?)
}

/// Keeps what a report says of a trip, in place of what its revision before said; none: it tells of none.
pub async fn keep(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    report_id: i64,
    person: PersonId,
    trip: Option<&Trip>,
) -> Result<()> {
    diesel::delete(trips::table.filter(trips::corp_id.eq(corp)).filter(trips::report_id.eq(report_id)))
        .execute(conn)
        .await?;
    if let Some(trip) = trip {
        diesel::insert_into(trips::table)
            .values((
                trips::corp_id.eq(corp),
                trips::report_id.eq(report_id),
                trips::person_id.eq(person),
                trips::left_on.eq(trip.left_on),
                trips::returned_on.eq(trip.returned_on),
                trips::region.eq(&trip.region),
                trips::transport.eq(trip.transport.as_deref()),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// The person's reports of a form that tell of a trip under way, the newest first: since when, and where to.
pub async fn open_reports(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    person: PersonId,
) -> Result<Vec<(Report, NaiveDate, String)>> {
    Ok(trips::table
        .inner_join(
            reports::table
                .on(reports::corp_id.eq(trips::corp_id).and(reports::report_id.eq(trips::report_id))),
        )
        .filter(trips::corp_id.eq(corp))
        .filter(trips::person_id.eq(person))
        .filter(trips::returned_on.is_null())
        .filter(reports::form_id.eq(form_id))
        .order((trips::left_on.desc(), trips::report_id.desc()))
        .limit(50)
        .select((Report::as_select(), trips::left_on, trips::region))
        .load(conn)
        .await?)
}

/// Whether a report tells of a trip under way.
pub async fn is_open(conn: &mut AsyncPgConnection, corp: CorpId, report_id: i64) -> Result<bool> {
    let open = trips::table
        .filter(trips::corp_id.eq(corp))
        .filter(trips::report_id.eq(report_id))
        .filter(trips::returned_on.is_null());
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(conn).await?)
}

/// Which trips, of those on the roster whom a [`Question::of_roster`] asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picked {
    /// Only those under way on this day, and of everybody only the newest; none: all there ever were.
    pub open_on: Option<NaiveDate>,
    /// Only into regions whose code does not begin so.
    pub outside: Option<String>,
    /// Only into regions whose code begins so.
    pub within: Option<String>,
    /// Only those begun on this day or after.
    pub since: Option<NaiveDate>,
}

/// A trip and whose it is.
#[derive(Debug, Clone, QueryableByName)]
pub struct TripRow {
    /// The report that tells of it; also the list's order and cursor, with the day.
    #[diesel(sql_type = BigInt)]
    pub report_id: i64,
    /// Whose.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What they are counted under: a class, or a department.
    #[diesel(sql_type = Integer)]
    pub department_id: DepartmentId,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// Their college.
    #[diesel(sql_type = Nullable<Integer>)]
    pub college_id: Option<DepartmentId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub college: Option<String>,
    /// The day they left.
    #[diesel(sql_type = Date)]
    pub left_on: NaiveDate,
    /// The day they came back.
    #[diesel(sql_type = Nullable<Date>)]
    pub returned_on: Option<NaiveDate>,
    /// Where to: a county's code.
    #[diesel(sql_type = Text)]
    pub region: String,
    /// How.
    #[diesel(sql_type = Nullable<Text>)]
    pub transport: Option<String>,
}

/// People and trips into a province.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Province {
    /// Its code's first two digits; none: all of them.
    #[diesel(sql_type = Nullable<Text>)]
    pub prefix: Option<String>,
    /// How many people.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// How many trips.
    #[diesel(sql_type = BigInt)]
    pub trips: i64,
}

/// `picked`, with $12 to $15 bound.
const PICKED: &str = ", told as (
       select t.report_id, t.left_on, t.returned_on, t.region, t.transport, x.person_id, x.number, x.name, x.department_id,
              x.college_id,
              row_number() over (partition by t.person_id order by t.left_on desc, t.report_id desc) as nth
       from trips t join enrolled x on x.person_id = t.person_id
       where t.corp_id = $1
         and ($12 is null or (t.left_on <= $12 and (t.returned_on is null or t.returned_on > $12)))),
     picked as (
       select * from told
       where ($12 is null or nth = 1)
         and ($13 is null or not starts_with(region, $13)) and ($14 is null or starts_with(region, $14))
         and ($15 is null or left_on >= $15))";

fn bind_picked(question: &Question, picked: &Picked, rest: &str) -> Bound {
    question
        .bind_enrolled(&format!("{PICKED}{rest}"))
        .bind::<Nullable<Date>, _>(picked.open_on)
        .bind::<Nullable<Text>, _>(picked.outside.clone())
        .bind::<Nullable<Text>, _>(picked.within.clone())
        .bind::<Nullable<Date>, _>(picked.since)
}

/// Trips, the newest first, after the one of this day and report.
pub async fn list(
    conn: &mut AsyncPgConnection,
    question: &Question,
    picked: &Picked,
    after: Option<(NaiveDate, i64)>,
    limit: i64,
) -> Result<Vec<TripRow>> {
    let rest = " select p.report_id, p.person_id, p.number, p.name, p.department_id, place.name as place, p.college_id,
              college.name as college, p.left_on, p.returned_on, p.region, p.transport
       from picked p
       left join department_versions place on place.corp_id = $1 and place.department_id = p.department_id
         and place.from_date <= $3 and (place.until_date is null or place.until_date > $3)
       left join department_versions college on college.corp_id = $1 and college.department_id = p.college_id
         and college.from_date <= $3 and (college.until_date is null or college.until_date > $3)
       where $16 is null or (p.left_on, p.report_id) < ($16, $17)
       order by p.left_on desc, p.report_id desc limit $18";
    let query = bind_picked(question, picked, rest)
        .bind::<Nullable<Date>, _>(after.map(|(day, _)| day))
        .bind::<Nullable<BigInt>, _>(after.map(|(_, report)| report))
        .bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}

/// How many people and trips by province, those with most people first; the first row is all of them.
pub async fn by_province(
    conn: &mut AsyncPgConnection,
    question: &Question,
    picked: &Picked,
) -> Result<Vec<Province>> {
    let rest = " select left(region, 2) as prefix, count(distinct person_id) as people, count(*) as trips
       from picked group by grouping sets ((), (left(region, 2)))
       order by grouping(left(region, 2)) desc, 2 desc, 1";
    Ok(bind_picked(question, picked, rest).load(conn).await?)
}

/// Whether a day's trips are somebody's: used where a query needs whether a person is away.
pub(crate) const AWAY: &str = "exists (select from trips t where t.corp_id = $1 and t.person_id = x.person_id
    and t.left_on <= $3 and (t.returned_on is null or t.returned_on > $3))";

/// Whether somebody came back on the day.
pub(crate) const RETURNED: &str =
    "exists (select from trips t where t.corp_id = $1 and t.person_id = x.person_id
    and t.returned_on = $3)";
