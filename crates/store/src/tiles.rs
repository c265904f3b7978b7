//! The app's tile on the workbench: what is wanted on each member's, what WeCom has shown, and how far the school's is set up.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId, policy::Role};

use crate::{
    Result,
    expected::Question,
    schema::{members, reports, tiles, workbenches},
};

/// How far the app's tile and menu are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Queryable)]
pub struct Workbench {
    /// Since when tiles are of our kind.
    pub template_at: Option<DateTime<Utc>>,
    /// The menu as it was set.
    pub menu: Option<String>,
    /// When tiles were last thought about.
    pub counted_at: Option<DateTime<Utc>>,
    /// The newest report by then.
    pub last_report: Option<i64>,
    /// Until when WeCom shows no tiles of the app.
    pub pause_until: Option<DateTime<Utc>>,
}

/// The school's.
pub async fn workbench(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Workbench> {
    let found = workbenches::table
        .find(corp)
        .select((
            workbenches::template_at,
            workbenches::menu,
            workbenches::counted_at,
            workbenches::last_report,
            workbenches::pause_until,
        ))
        .first(conn)
        .await
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Keeps how far the school's is. `error` is for whoever looks.
pub async fn keep_workbench(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    known: &Workbench,
    error: Option<&str>,
) -> Result<()> {
    let values = (
        workbenches::template_at.eq(known.template_at),
        workbenches::menu.eq(known.menu.as_deref()),
        workbenches::counted_at.eq(known.counted_at),
        workbenches::last_report.eq(known.last_report),
        workbenches::pause_until.eq(known.pause_until),
        workbenches::error.eq(error),
    );
    diesel::insert_into(workbenches::table)
        .values((workbenches::corp_id.eq(corp), values))
        .on_conflict(workbenches::corp_id)
        .do_update()
        .set(values)
        .execute(conn)
        .await?;
    Ok(())
}

/// The newest report of the school: another one means that tiles are to be thought about.
pub async fn newest_report(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Option<i64>> {
    Ok(reports::table
        .filter(reports::corp_id.eq(corp))
        .select(diesel::dsl::max(reports::report_id))
        .get_result(conn)
        .await?)
}

/// Somebody who is expected, where they are counted, and whether they have reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct Standing {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    #[diesel(sql_type = Integer)]
    department_id: DepartmentId,
    #[diesel(sql_type = Nullable<Integer>)]
    class_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Integer>)]
    grade_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Integer>)]
    college_id: Option<DepartmentId>,
    /// Whether they have.
    #[diesel(sql_type = Bool)]
    pub reported: bool,
}

impl Standing {
    /// The departments they are counted under.
    pub fn counted_under(&self) -> [Option<DepartmentId>; 4] {
        [Some(self.department_id), self.class_id, self.grade_id, self.college_id]
    }
}

/// Everybody a question is about.
pub async fn standings(conn: &mut AsyncPgConnection, question: &Question) -> Result<Vec<Standing>> {
    let rest =
        " select person_id, department_id, class_id, grade_id, college_id, report_id is not null as reported
                 from expected";
    Ok(question.bind(rest).load(conn).await?)
}

/// A grant of somebody who looks after others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct Watch {
    /// Who holds it.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Over what.
    #[diesel(sql_type = Integer)]
    pub department_id: DepartmentId,
    /// Whether that is the whole school.
    #[diesel(sql_type = Bool)]
    pub whole_school: bool,
}

/// The grants of these roles that hold on a day.
pub async fn watches(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    roles: &[Role],
    today: NaiveDate,
) -> Result<Vec<Watch>> {
    let sql = "
      select g.person_id, g.department_id, d.kind = 'school' as whole_school
      from grants g join departments d on d.corp_id = g.corp_id and d.department_id = g.department_id
      where g.corp_id = $1 and g.role = any($2) and g.from_date <= $3 and g.until_date > $3
      order by g.person_id";
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<Text>, _>(roles)
        .bind::<Date, _>(today)
        .load(conn)
        .await?)
}

/// Somebody with a tile of their own, and where they are counted.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Owner {
    /// Whose tile.
    #[diesel(sql_type = BigInt)]
    pub member_id: MemberId,
    /// Who that is.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// `student` or `staff`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Nullable<Integer>)]
    department_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Integer>)]
    class_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Integer>)]
    grade_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Integer>)]
    college_id: Option<DepartmentId>,
}

impl Owner {
    /// The departments they are counted under.
    pub fn counted_under(&self) -> [Option<DepartmentId>; 4] {
        [self.department_id, self.class_id, self.grade_id, self.college_id]
    }
}

/// Members whose tiles are filled: those who use WeCom and are somebody of the school, on a day.
pub async fn owners(conn: &mut AsyncPgConnection, corp: CorpId, today: NaiveDate) -> Result<Vec<Owner>> {
    let sql = "
      select m.member_id, m.person_id, p.kind, d.department_id, d.class_id, d.grade_id, d.college_id
      from members m
      join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
      left join memberships s on s.corp_id = m.corp_id and s.person_id = m.person_id and s.is_main
        and s.from_date <= $2 and (s.until_date is null or s.until_date > $2)
      left join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
      where m.corp_id = $1 and m.left_on is null and (m.status is null or m.status = 1)
      order by m.member_id";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Date, _>(today).load(conn).await?)
}

/// Says what is wanted on these tiles; those that want it already stay as they are. How many changed.
pub async fn want(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    wanted: &[(MemberId, String)],
    now: DateTime<Utc>,
) -> Result<usize> {
    let sql = "
      insert into tiles as t (corp_id, member_id, wanted, not_before, at)
      select $1, member_id, wanted, $4, $4 from unnest($2::bigint[], $3::text[]) as row (member_id, wanted)
      on conflict (corp_id, member_id) do update
        set wanted = excluded.wanted, not_before = excluded.not_before, at = excluded.at, error = null
      where t.wanted <> excluded.wanted";
    let (ids, texts): (Vec<MemberId>, Vec<&str>) =
        wanted.iter().map(|(member, text)| (*member, text.as_str())).unzip();
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<Text>, _>(texts)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?)
}

/// A tile that shows something else than is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Differing {
    /// Whose.
    pub member_id: MemberId,
    /// As WeCom gives it.
    pub userid: String,
    /// What is wanted.
    pub wanted: String,
}

/// Tiles to be filled now, those that want the same side by side; at most `limit`.
pub async fn differing(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Differing>> {
    Ok(tiles::table
        .inner_join(
            members::table
                .on(members::corp_id.eq(tiles::corp_id).and(members::member_id.eq(tiles::member_id))),
        )
        .filter(tiles::corp_id.eq(corp))
        .filter(tiles::shown.is_distinct_from(tiles::wanted.nullable()))
        .filter(tiles::not_before.le(now))
        .filter(members::left_on.is_null())
        .order((tiles::wanted, tiles::member_id))
        .limit(limit)
        .select((tiles::member_id, members::userid, tiles::wanted))
        .load(conn)
        .await?)
}

/// Notes that WeCom shows this on these tiles.
pub async fn shown(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    of: &[MemberId],
    text: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(tiles::table.filter(tiles::corp_id.eq(corp)).filter(tiles::member_id.eq_any(of)))
        .set((tiles::shown.eq(text), tiles::at.eq(now), tiles::error.eq(None::<String>)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that WeCom takes nothing for this tile, and when it is tried again.
pub async fn refused(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    error: &str,
    again_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(tiles::table.find((corp, member)))
        .set((tiles::not_before.eq(again_at), tiles::error.eq(error), tiles::at.eq(now)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets what WeCom shows: its template was set anew.
pub async fn forget_shown(conn: &mut AsyncPgConnection, corp: CorpId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(tiles::table.filter(tiles::corp_id.eq(corp)))
        .set((tiles::shown.eq(None::<String>), tiles::not_before.eq(now)))
        .execute(conn)
        .await?;
    Ok(())
}
