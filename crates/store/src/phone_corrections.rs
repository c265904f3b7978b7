//! Phones put right: what was replaced by what, why and by whom. Numbers and words stand sealed.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId, policy::Scope};

use crate::{
    Result, Sealed,
    schema::phone_corrections,
    sealed::{Place, column},
};

/// Where the replaced phone stands sealed; the row is our id of the person, who may get another number.
pub fn old_place(corp: CorpId, person: &str) -> Place<'_> {
    Place { column: &column::OLD_PHONE, corp, row: person }
}

/// … and the one in its place.
pub fn new_place(corp: CorpId, person: &str) -> Place<'_> {
    Place { column: &column::NEW_PHONE, corp, row: person }
}

/// Where the reason stands sealed; `row` is of [`crate::words::Words::row`].
pub fn reason_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::PHONE_CORRECTION_REASON, corp, row }
}

/// A correction to be kept.
#[derive(Debug, Clone)]
pub struct NewCorrection {
    /// The school.
    pub corp: CorpId,
    /// Whose phone.
    pub person: PersonId,
    /// What it was; none: there was none.
    pub old: Option<Sealed>,
    /// What it is.
    pub new: Sealed,
    /// Why, sealed for [`reason_place`].
    pub reason: Sealed,
    /// The change set that can be undone.
    pub change_set: i64,
    /// The plan that would write it to WeCom.
    pub plan: Option<i64>,
    /// Who.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps a correction.
pub async fn add(conn: &mut AsyncPgConnection, new: &NewCorrection) -> Result<()> {
    diesel::insert_into(phone_corrections::table)
        .values((
            phone_corrections::corp_id.eq(new.corp),
            phone_corrections::person_id.eq(new.person),
            phone_corrections::old_phone.eq(new.old.as_ref().map(Sealed::as_bytes)),
            phone_corrections::new_phone.eq(new.new.as_bytes()),
            phone_corrections::reason.eq(new.reason.as_bytes()),
            phone_corrections::change_set_id.eq(new.change_set),
            phone_corrections::plan_id.eq(new.plan),
            phone_corrections::made_by.eq(new.by),
            phone_corrections::made_at.eq(new.at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Somebody whose phone may be put right.
#[derive(Debug, Clone, QueryableByName)]
pub struct Subject {
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Sealed for [`crate::unreported::phone_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub phone: Option<Sealed>,
    /// Their account.
    #[diesel(sql_type = Nullable<Text>)]
    pub userid: Option<String>,
    /// Its name in WeCom.
    #[diesel(sql_type = Nullable<Text>)]
    pub account_name: Option<String>,
    /// 1 activated, 2 disabled, 4 not activated.
    #[diesel(sql_type = Nullable<Integer>)]
    pub status: Option<i32>,
    /// Where WeCom has it.
    #[diesel(sql_type = Array<Integer>)]
    pub departments: Vec<DepartmentId>,
}

/// Somebody of the scope; nobody else is seen.
pub async fn subject(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    scope: &Scope,
    day: chrono::NaiveDate,
) -> Result<Option<Subject>> {
    let departments = scope.departments();
    let sql = "
      select p.number, p.phone, m.userid, m.name as account_name, m.status::integer as status,
             coalesce((select array_agg(x.department_id order by x.department_id is distinct from m.main_department_id, x.department_id)
                       from member_departments x where x.corp_id = m.corp_id and x.member_id = m.member_id
                         and x.until_date is null), '{}') as departments
      from persons p
      left join members m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.left_on is null
      where p.corp_id = $1 and p.person_id = $2 and exists (
        select from memberships s join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
        where s.corp_id = $1 and s.person_id = $2 and s.is_main and s.from_date <= $3 and (s.until_date is null or s.until_date > $3)
          and ($4 is null or d.department_id = any($4) or d.class_id = any($4) or d.grade_id = any($4)
               or d.college_id = any($4)))
      for update of p";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(person)
        .bind::<diesel::sql_types::Date, _>(day)
        .bind::<Nullable<Array<Integer>>, _>(departments)
        .get_result(conn)
        .await
        .optional()?)
}

/// A correction as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub correction_id: i64,
    /// Whose.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Class or department.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// Sealed for [`old_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub old_phone: Option<Sealed>,
    /// Sealed for [`new_place`].
    #[diesel(sql_type = Binary)]
    pub new_phone: Sealed,
    /// Why, sealed for [`reason_place`].
    #[diesel(sql_type = Binary)]
    pub reason: Sealed,
    /// Who did it, by name.
    #[diesel(sql_type = Text)]
    pub made_by: String,
    /// … by account.
    #[diesel(sql_type = BigInt)]
    pub made_by_member: MemberId,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub made_at: DateTime<Utc>,
    /// When it was undone.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub undone_at: Option<DateTime<Utc>>,
}

/// Corrections of people in the scope, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    scope: &Scope,
    day: chrono::NaiveDate,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let departments = scope.departments();
    let sql = "
      select c.correction_id, c.person_id, p.number, p.name, d.name as place, c.old_phone, c.new_phone, c.reason,
             coalesce(bp.name, b.name, b.userid) as made_by, c.made_by as made_by_member, c.made_at, x.undone_at
      from phone_corrections c
      join persons p on p.corp_id = c.corp_id and p.person_id = c.person_id
      join members b on b.corp_id = c.corp_id and b.member_id = c.made_by
      left join persons bp on bp.corp_id = b.corp_id and bp.person_id = b.person_id
      left join change_sets x on x.corp_id = c.corp_id and x.change_set_id = c.change_set_id
      left join memberships s on s.corp_id = c.corp_id and s.person_id = c.person_id and s.is_main
        and s.from_date <= $3 and (s.until_date is null or s.until_date > $3)
      left join departments d on d.corp_id = c.corp_id and d.department_id = s.department_id
      where c.corp_id = $1
        and ($2 is null or d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))
        and ($4 is null or c.correction_id < $4)
      order by c.correction_id desc limit $5";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<Array<Integer>>, _>(departments)
        .bind::<diesel::sql_types::Date, _>(day)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}
