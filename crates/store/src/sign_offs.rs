//! 零报告: classes and colleges signed off for a period, with the figures as they were known then.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, audit::Act, form::Period, policy::Scope, statistics::Counts};

use crate::{
    Result, Sealed,
    audit::{self, Event},
    expected::Question,
    schema::sign_offs,
    sealed::{Place, column},
    statistics::By,
};

/// The row a note is sealed for; sign-offs have no number before they are kept.
pub fn note_row(form_id: i64, department: DepartmentId, at: DateTime<Utc>) -> String {
    format!("{form_id}/{department}/{}", at.timestamp_micros())
}

/// Where a note stands sealed; `row` is of [`note_row`].
pub fn note_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::SIGN_OFF_NOTE, corp, row }
}

/// A sign-off to be kept.
#[derive(Debug)]
pub struct NewSignOff {
    /// The form.
    pub form_id: i64,
    /// For which period.
    pub period: Period,
    /// Of which class or college.
    pub department: DepartmentId,
    /// As they are known now.
    pub counts: Counts,
    /// Sealed for [`note_place`].
    pub note: Option<Sealed>,
    /// By whom.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps a sign-off; none when one stands already.
pub async fn add(conn: &mut AsyncPgConnection, corp: CorpId, new: &NewSignOff) -> Result<Option<i64>> {
    let count = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    Ok(diesel::insert_into(sign_offs::table)
        .values((
            sign_offs::corp_id.eq(corp),
            sign_offs::form_id.eq(new.form_id),
            sign_offs::day.eq(new.period.day),
            sign_offs::slot.eq(new.period.slot),
            sign_offs::department_id.eq(new.department),
            sign_offs::expected.eq(count(new.counts.expected)),
            sign_offs::reported.eq(count(new.counts.reported)),
            sign_offs::abnormal.eq(count(new.counts.abnormal)),
            sign_offs::note.eq(new.note.as_ref()),
            sign_offs::by_member.eq(new.by),
            sign_offs::at.eq(new.at),
        ))
        .on_conflict_do_nothing()
        .returning(sign_offs::sign_off_id)
        .get_result(conn)
        .await
        .optional()?)
}

/// The sign-off that stands: its number, who signed, their name, and when.
pub async fn standing(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    period: Period,
    department: DepartmentId,
) -> Result<Option<Standing>> {
    let day = if period.day.is_some() { "s.day = $3" } else { "s.day is null and $3 is null" };
    let sql = format!(
        "select s.sign_off_id, s.by_member, coalesce(p.name, m.name, m.userid) as by_name, s.at
         from sign_offs s
         join members m on m.corp_id = s.corp_id and m.member_id = s.by_member
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         where s.corp_id = $1 and s.form_id = $2 and {day} and s.slot = $4 and s.department_id = $5 and s.revoked_at is null"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(form_id)
        .bind::<Nullable<diesel::sql_types::Date>, _>(period.day)
        .bind::<diesel::sql_types::SmallInt, _>(period.slot)
        .bind::<Integer, _>(department)
        .get_result(conn)
        .await
        .optional()?)
}

/// A sign-off that stands.
#[derive(Debug, Clone, QueryableByName)]
pub struct Standing {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub sign_off_id: i64,
    /// Who signed.
    #[diesel(sql_type = BigInt)]
    pub by_member: MemberId,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub by_name: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// When each department of a period was signed off, as far as that stands.
pub async fn signed(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    period: Period,
) -> Result<HashMap<DepartmentId, DateTime<Utc>>> {
    let of_form = sign_offs::table
        .filter(sign_offs::corp_id.eq(corp))
        .filter(sign_offs::form_id.eq(form_id))
        .filter(sign_offs::slot.eq(period.slot))
        .filter(sign_offs::revoked_at.is_null())
        .select((sign_offs::department_id, sign_offs::at))
        .into_boxed();
    let of_period = match period.day {
        Some(day) => of_form.filter(sign_offs::day.eq(day)),
        None => of_form.filter(sign_offs::day.is_null()),
    };
    Ok(of_period.load(conn).await?.into_iter().collect())
}

/// A department that can be signed off, if it is one of the scope.
pub async fn department_in(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    scope: &Scope,
    department: DepartmentId,
) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let found: Found = diesel::sql_query(
        "select exists (select from departments d where d.corp_id = $1 and d.department_id = $2
           and d.kind in ('class', 'college', 'office')
           and ($3 is null or d.department_id = any($3) or d.class_id = any($3) or d.grade_id = any($3) or d.college_id = any($3)))
         as found",
    )
    .bind::<Integer, _>(corp)
    .bind::<Integer, _>(department)
    .bind::<Nullable<Array<Integer>>, _>(scope.departments())
    .get_result(conn)
    .await?;
    Ok(found.found)
}

/// Takes back a sign-off within the scope; false when none of this number stands there.
pub async fn revoke(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    scope: &Scope,
    sign_off_id: i64,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let revoked = diesel::sql_query(
        "update sign_offs s set revoked_at = $4, revoked_by = $5
         from departments d
         where s.corp_id = $1 and s.sign_off_id = $2 and s.revoked_at is null and d.corp_id = $1
           and d.department_id = s.department_id
           and ($3 is null or d.department_id = any($3) or d.class_id = any($3) or d.grade_id = any($3) or d.college_id = any($3))",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(sign_off_id)
    .bind::<Nullable<Array<Integer>>, _>(scope.departments())
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(by)
    .execute(conn)
    .await?;
    if revoked == 1 {
        let event = Event::new(corp, Act::SignOffRevoked, Some(by), now);
        audit::insert(conn, event.on("sign_off", sign_off_id)).await?;
    }
    Ok(revoked == 1)
}

/// A class or college with its figures now, and those it was signed off with.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// The department.
    #[diesel(sql_type = Integer)]
    pub department_id: DepartmentId,
    /// Its name on the day.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its path, for what the viewer may do: class, grade, college.
    #[diesel(sql_type = Nullable<Integer>)]
    pub class_id: Option<DepartmentId>,
    /// The grade's department.
    #[diesel(sql_type = Nullable<Integer>)]
    pub grade_id: Option<DepartmentId>,
    /// The college.
    #[diesel(sql_type = Nullable<Integer>)]
    pub college_id: Option<DepartmentId>,
    /// 应报 now.
    #[diesel(sql_type = BigInt)]
    pub expected: i64,
    /// 已报 now.
    #[diesel(sql_type = BigInt)]
    pub reported: i64,
    /// 异常 now.
    #[diesel(sql_type = BigInt)]
    pub abnormal: i64,
    /// Its classes with anybody expected.
    #[diesel(sql_type = BigInt)]
    pub classes: i64,
    /// … of them signed off.
    #[diesel(sql_type = BigInt)]
    pub classes_signed: i64,
    /// The sign-off that stands.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub sign_off_id: Option<i64>,
    /// 应报, as it was known.
    #[diesel(sql_type = Nullable<Integer>)]
    pub known_expected: Option<i32>,
    /// 已报, as it was known.
    #[diesel(sql_type = Nullable<Integer>)]
    pub known_reported: Option<i32>,
    /// 异常, as it was known.
    #[diesel(sql_type = Nullable<Integer>)]
    pub known_abnormal: Option<i32>,
    /// Sealed for [`note_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub note: Option<Sealed>,
    /// Who signed.
    #[diesel(sql_type = Nullable<Text>)]
    pub by_name: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub at: Option<DateTime<Utc>>,
}

/// The classes or colleges of a question, in the directory's order, with what stands signed off. One that was signed off
/// stays, also when nobody is expected there any more.
pub async fn by(conn: &mut AsyncPgConnection, question: &Question, by: By) -> Result<Vec<Row>> {
    let (column, kind) = match by {
        By::College => ("college_id", "college"),
        By::Grade => ("grade_id", "grade"),
        By::Class => ("class_id", "class"),
        By::Department => ("department_id", "office"),
    };
    let day = if question.period.day.is_some() { "s.day = $10" } else { "s.day is null" };
    let sql = format!(
        ", standing as materialized (
           select s.* from sign_offs s
           where s.corp_id = $1 and s.form_id = $2 and {day} and s.slot = $11 and s.revoked_at is null),
         counted as (
           select {column} as department_id, count(*) as expected, count(report_id) as reported,
                  count(*) filter (where state = 'abnormal') as abnormal, count(distinct class_id) as classes,
                  count(distinct class_id) filter (where class_id in (select department_id from standing)) as classes_signed
           from expected where {column} is not null group by {column})
         select d.department_id, d.name, d.class_id, d.grade_id, d.college_id, coalesce(c.expected, 0) as expected,
                coalesce(c.reported, 0) as reported, coalesce(c.abnormal, 0) as abnormal, coalesce(c.classes, 0) as classes,
                coalesce(c.classes_signed, 0) as classes_signed, s.sign_off_id, s.expected as known_expected,
                s.reported as known_reported, s.abnormal as known_abnormal, s.note,
                coalesce(p.name, m.name, m.userid) as by_name, s.at
         from department_versions d
         left join counted c on c.department_id = d.department_id
         left join standing s on s.department_id = d.department_id
         left join members m on m.corp_id = $1 and m.member_id = s.by_member
         left join persons p on p.corp_id = $1 and p.person_id = m.person_id
         where d.corp_id = $1 and d.from_date <= $3 and (d.until_date is null or d.until_date > $3) and d.kind = $12
           and (c.department_id is not null or s.sign_off_id is not null)
           and ($6 is null or d.department_id = any($6) or d.class_id = any($6) or d.grade_id = any($6) or d.college_id = any($6)
                or c.department_id is not null)
           and ($7 is null or $7 in (d.department_id, d.class_id, d.grade_id, d.college_id))
         order by d.sort_order desc, d.department_id"
    );
    Ok(question.bind(&sql).bind::<Text, _>(kind).load(conn).await?)
}
