//! 部门人员流动日报: where the staff of each department are on a day, from their trips and exemptions, and who signed for it.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId, movement::Movement};

use crate::{
    Result,
    expected::Question,
    schema::movement_sign_offs,
    trips::{AWAY, RETURNED},
};

/// 请假: not who need not answer for another reason.
const ON_LEAVE: &str = "exists (select from exemptions e where e.corp_id = $1 and e.person_id = x.person_id
    and e.kind = 'leave' and e.revoked_at is null and e.from_date <= $3 and (e.until_date is null or e.until_date > $3))";

/// A college counts as one department.
const DEPARTMENT: &str = "coalesce(x.college_id, x.department_id)";

/// A department's day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The department.
    pub department_id: DepartmentId,
    /// Its name then.
    pub name: String,
    /// Its figures.
    pub movement: Movement,
    /// Who answers for it today: heads and leaders by grant, with commas.
    pub heads: Option<String>,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Integer)]
    department_id: DepartmentId,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = BigInt)]
    staff: i64,
    #[diesel(sql_type = BigInt)]
    away: i64,
    #[diesel(sql_type = BigInt)]
    returned: i64,
    #[diesel(sql_type = BigInt)]
    on_leave: i64,
    #[diesel(sql_type = Nullable<Text>)]
    heads: Option<String>,
}

/// What is counted of a group of `enrolled x`.
fn counts() -> String {
    format!(
        "count(*) as staff, count(*) filter (where {AWAY}) as away, count(*) filter (where {RETURNED}) as returned,
         count(*) filter (where {ON_LEAVE}) as on_leave"
    )
}

/// The figures of those counted under one department.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The department, its class, grade and college: what a scope is asked about.
    pub path: [Option<DepartmentId>; 4],
    /// Its figures.
    pub movement: Movement,
}

#[derive(QueryableByName)]
struct PlacedRow {
    #[diesel(sql_type = Integer)]
    department_id: DepartmentId,
    #[diesel(sql_type = Nullable<Integer>)]
    class_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Integer>)]
    grade_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Integer>)]
    college_id: Option<DepartmentId>,
    #[diesel(sql_type = BigInt)]
    staff: i64,
    #[diesel(sql_type = BigInt)]
    away: i64,
    #[diesel(sql_type = BigInt)]
    returned: i64,
    #[diesel(sql_type = BigInt)]
    on_leave: i64,
}

/// The figures by every department people are counted under, so that those of many scopes come from one look.
pub async fn by_place(conn: &mut AsyncPgConnection, question: &Question) -> Result<Vec<Placed>> {
    let rest = format!(
        " select x.department_id, x.class_id, x.grade_id, x.college_id, {} from enrolled x group by 1, 2, 3, 4",
        counts()
    );
    let rows: Vec<PlacedRow> = question.bind_enrolled(&rest).load(conn).await?;
    Ok(rows
        .into_iter()
        .map(|row| Placed {
            path: [Some(row.department_id), row.class_id, row.grade_id, row.college_id],
            movement: Movement {
                staff: row.staff,
                away: row.away,
                returned: row.returned,
                on_leave: row.on_leave,
            },
        })
        .collect())
}

/// The departments of those a [`Question::of_roster`] asks for, in the directory's order.
pub async fn table(conn: &mut AsyncPgConnection, question: &Question) -> Result<Vec<Row>> {
    let rest = format!(
        ", counted as (
           select {DEPARTMENT} as department_id, {counts} from enrolled x group by 1)
         select c.department_id, d.name, c.staff, c.away, c.returned, c.on_leave,
                (select string_agg(w.name, '、' order by w.number) from (
                   select distinct p.name, p.number from grants g
                   join persons p on p.corp_id = g.corp_id and p.person_id = g.person_id
                   where g.corp_id = $1 and g.department_id = c.department_id
                     and g.role in ('department_head', 'college_leader') and g.from_date <= $3 and g.until_date > $3) w) as heads
         from counted c left join department_versions d on d.corp_id = $1 and d.department_id = c.department_id
           and d.from_date <= $3 and (d.until_date is null or d.until_date > $3)
         order by d.sort_order desc nulls last, c.department_id",
        counts = counts()
    );
    let rows: Vec<Found> = question.bind_enrolled(&rest).load(conn).await?;
    Ok(rows
        .into_iter()
        .map(|row| Row {
            department_id: row.department_id,
            name: row.name.unwrap_or_default(),
            movement: Movement {
                staff: row.staff,
                away: row.away,
                returned: row.returned,
                on_leave: row.on_leave,
            },
            heads: row.heads,
        })
        .collect())
}

/// Which people of a department.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    Staff,
    /// 外出
    Away,
    /// 返回
    Returned,
    /// 请假
    OnLeave,
}

/// One of the people behind a number.
#[derive(Debug, Clone, QueryableByName)]
pub struct PersonRow {
    /// Our id.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Staff number; also the list's order and cursor.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The department they are counted under.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// Whether they are away.
    #[diesel(sql_type = Bool)]
    pub away: bool,
    /// Whether they came back on the day.
    #[diesel(sql_type = Bool)]
    pub returned: bool,
    /// Whether they are on leave.
    #[diesel(sql_type = Bool)]
    pub on_leave: bool,
    /// Where their newest trip under way goes: a county's code.
    #[diesel(sql_type = Nullable<Text>)]
    pub region: Option<String>,
}

/// The people behind a number, by staff number, after `after`.
pub async fn people(
    conn: &mut AsyncPgConnection,
    question: &Question,
    which: Which,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<PersonRow>> {
    let condition = match which {
        Which::Staff => "true",
        Which::Away => "away",
        Which::Returned => "returned",
        Which::OnLeave => "on_leave",
    };
    let rest = format!(
        ", seen as (select x.person_id, x.number, x.name, x.department_id, {AWAY} as away, {RETURNED} as returned,
                           {ON_LEAVE} as on_leave from enrolled x)
         select s.person_id, s.number, s.name, d.name as place, s.away, s.returned, s.on_leave,
                (select t.region from trips t where t.corp_id = $1 and t.person_id = s.person_id and t.left_on <= $3
                   and (t.returned_on is null or t.returned_on > $3)
                 order by t.left_on desc, t.report_id desc limit 1) as region
         from seen s left join department_versions d on d.corp_id = $1 and d.department_id = s.department_id
           and d.from_date <= $3 and (d.until_date is null or d.until_date > $3)
         where {condition} and ($12 is null or s.number > $12) order by s.number limit $13"
    );
    let query = question
        .bind_enrolled(&rest)
        .bind::<Nullable<Text>, _>(after.map(str::to_owned))
        .bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}

/// A department's day as somebody signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOff {
    /// The department.
    pub department_id: DepartmentId,
    /// The figures as they were known then.
    pub movement: Movement,
    /// What whoever signed adds.
    pub note: Option<String>,
    /// Their name.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Signed {
    #[diesel(sql_type = Integer)]
    department_id: DepartmentId,
    #[diesel(sql_type = Integer)]
    staff: i32,
    #[diesel(sql_type = Integer)]
    away: i32,
    #[diesel(sql_type = Integer)]
    returned: i32,
    #[diesel(sql_type = Integer)]
    on_leave: i32,
    #[diesel(sql_type = Nullable<Text>)]
    note: Option<String>,
    #[diesel(sql_type = Text)]
    by: String,
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    at: DateTime<Utc>,
}

/// What stands signed for a day.
pub async fn sign_offs(conn: &mut AsyncPgConnection, corp: CorpId, day: NaiveDate) -> Result<Vec<SignOff>> {
    let sql = "select s.department_id, s.staff, s.away, s.returned, s.on_leave, s.note, s.at,
                      coalesce(p.name, m.name, m.userid) as by
       from movement_sign_offs s
       join members m on m.corp_id = s.corp_id and m.member_id = s.by_member
       left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
       where s.corp_id = $1 and s.day = $2 and s.revoked_at is null";
    let rows: Vec<Signed> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<diesel::sql_types::Date, _>(day)
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| SignOff {
            department_id: row.department_id,
            movement: Movement {
                staff: row.staff.into(),
                away: row.away.into(),
                returned: row.returned.into(),
                on_leave: row.on_leave.into(),
            },
            note: row.note,
            by: row.by,
            at: row.at,
        })
        .collect())
}

/// A signature to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewSignOff<'a> {
    /// The school.
    pub corp: CorpId,
    /// The day.
    pub day: NaiveDate,
    /// The department.
    pub department_id: DepartmentId,
    /// The figures.
    pub movement: Movement,
    /// What is added.
    pub note: Option<&'a str>,
    /// Who signs.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps a signature in place of the one that stands; the same again changes nothing. Two who sign at the same time wait
/// for each other.
pub async fn sign(conn: &mut AsyncPgConnection, new: NewSignOff<'_>) -> Result<()> {
    use movement_sign_offs as table;
    let standing = table::table
        .filter(table::corp_id.eq(new.corp))
        .filter(table::day.eq(new.day))
        .filter(table::department_id.eq(new.department_id))
        .filter(table::revoked_at.is_null());
    let count = |people: i64| i32::try_from(people).unwrap_or(i32::MAX);
    let Movement { staff, away, returned, on_leave } = new.movement;
    let (staff, away, returned, on_leave) = (count(staff), count(away), count(returned), count(on_leave));
    diesel::sql_query("select pg_advisory_xact_lock(hashtextextended('movements/' || $1 || '/' || $2, 0))")
        .bind::<Integer, _>(new.corp)
        .bind::<Integer, _>(new.department_id)
        .execute(conn)
        .await?;
    let same: i64 = standing
        .filter(table::staff.eq(staff))
        .filter(table::away.eq(away))
        .filter(table::returned.eq(returned))
        .filter(table::on_leave.eq(on_leave))
        .filter(table::note.is_not_distinct_from(new.note))
        .filter(table::by_member.eq(new.by))
        .count()
        .get_result(conn)
        .await?;
    if same > 0 {
        return Ok(());
    }
    diesel::update(standing).set(table::revoked_at.eq(new.at)).execute(conn).await?;
    diesel::insert_into(table::table)
        .values((
            table::corp_id.eq(new.corp),
            table::day.eq(new.day),
            table::department_id.eq(new.department_id),
            table::staff.eq(staff),
            table::away.eq(away),
            table::returned.eq(returned),
            table::on_leave.eq(on_leave),
            table::note.eq(new.note),
            table::by_member.eq(new.by),
            table::at.eq(new.at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
