//! Requests as those see them whose turn it is, and what they do about them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Nullable, SmallInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, MemberId, PersonId,
    correction::CorrectionState,
    policy::{Role, Scope},
};

use super::OPEN;
use crate::{Result, Sealed, schema::corrections};

/// A request as those see it who check or settle it.
#[derive(Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub correction_id: i64,
    /// Whose data.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Major on record.
    #[diesel(sql_type = Nullable<Text>)]
    pub major: Option<String>,
    /// Year of entry on record.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub grade: Option<i16>,
    /// Phone on record, sealed for [`crate::unreported::phone_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub phone: Option<Sealed>,
    /// Where they are counted today.
    #[diesel(sql_type = Nullable<Integer>)]
    pub department_id: Option<DepartmentId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// The class.
    #[diesel(sql_type = Nullable<Integer>)]
    pub class_id: Option<DepartmentId>,
    /// The grade's department.
    #[diesel(sql_type = Nullable<Integer>)]
    pub grade_id: Option<DepartmentId>,
    /// The college.
    #[diesel(sql_type = Nullable<Integer>)]
    pub college_id: Option<DepartmentId>,
    /// What is wrong.
    #[diesel(sql_type = Text)]
    pub field: String,
    /// How far it is.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Sealed for [`super::proposed_place`].
    #[diesel(sql_type = Binary)]
    pub proposed: Sealed,
    /// Sealed for [`super::note_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub note: Option<Sealed>,
    /// When it was made.
    #[diesel(sql_type = Timestamptz)]
    pub submitted_at: DateTime<Utc>,
    /// Who confirmed it.
    #[diesel(sql_type = Nullable<Text>)]
    pub checked_by: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub checked_at: Option<DateTime<Utc>>,
    /// Who fixed or refused it.
    #[diesel(sql_type = Nullable<Text>)]
    pub settled_by: Option<String>,
    /// When it ended.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub settled_at: Option<DateTime<Utc>>,
    /// Sealed for [`super::answer_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub answer: Option<Sealed>,
}

/// Never whose or what.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row").field("correction_id", &self.correction_id).finish_non_exhaustive()
    }
}

/// Which requests somebody may see.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The school.
    pub corp: CorpId,
    /// Whose.
    pub scope: Scope,
    /// Of everybody, those of these fields too.
    pub fields: Vec<&'static str>,
    /// Never their own.
    pub except: Option<PersonId>,
    /// Today.
    pub today: NaiveDate,
}

const SHOWN: &str = "
  select c.correction_id, c.person_id, p.number, p.name, p.major, p.grade, p.phone, d.department_id, d.name as place,
         d.class_id, d.grade_id, d.college_id, c.field, c.state, c.proposed, c.note, c.submitted_at,
         coalesce(kp.name, k.name, k.userid) as checked_by, c.checked_at,
         coalesce(tp.name, t.name, t.userid) as settled_by, c.settled_at, c.answer
  from corrections c
  join persons p on p.corp_id = c.corp_id and p.person_id = c.person_id
  left join memberships s on s.corp_id = c.corp_id and s.person_id = c.person_id and s.is_main
    and s.from_date <= $3 and (s.until_date is null or s.until_date > $3)
  left join departments d on d.corp_id = c.corp_id and d.department_id = s.department_id
  left join members k on k.corp_id = c.corp_id and k.member_id = c.checked_by
  left join persons kp on kp.corp_id = c.corp_id and kp.person_id = k.person_id
  left join members t on t.corp_id = c.corp_id and t.member_id = c.settled_by
  left join persons tp on tp.corp_id = c.corp_id and tp.person_id = t.person_id
  where c.corp_id = $1 and c.person_id is distinct from $4
    and (c.field = any($5) or $2 is null or d.department_id = any($2) or d.class_id = any($2)
         or d.grade_id = any($2) or d.college_id = any($2))";

/// Requests that are open, or those that are settled; newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    open: bool,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = format!(
        "{SHOWN} and (c.state in ('submitted', 'checked')) = $6 and ($6 or c.state <> 'withdrawn')
           and ($7 is null or c.correction_id < $7)
         order by c.correction_id desc limit $8"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(reach.corp)
        .bind::<Nullable<Array<Integer>>, _>(reach.scope.departments())
        .bind::<Date, _>(reach.today)
        .bind::<Nullable<BigInt>, _>(reach.except)
        .bind::<Array<Text>, _>(&reach.fields)
        .bind::<Bool, _>(open)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// One of them, held until the transaction ends.
pub async fn lock(conn: &mut AsyncPgConnection, reach: &Reach, id: i64) -> Result<Option<Row>> {
    let sql = format!("{SHOWN} and c.correction_id = $6 for update of c");
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(reach.corp)
        .bind::<Nullable<Array<Integer>>, _>(reach.scope.departments())
        .bind::<Date, _>(reach.today)
        .bind::<Nullable<BigInt>, _>(reach.except)
        .bind::<Array<Text>, _>(&reach.fields)
        .bind::<BigInt, _>(id)
        .get_result(conn)
        .await
        .optional()?)
}

/// A counsellor confirms a request: the office's turn.
pub async fn confirm(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let submitted = corrections::table
        .filter(corrections::corp_id.eq(corp))
        .filter(corrections::correction_id.eq(id))
        .filter(corrections::state.eq("submitted"));
    let confirmed = diesel::update(submitted)
        .set((
            corrections::state.eq("checked"),
            corrections::checked_by.eq(by),
            corrections::checked_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(confirmed == 1)
}

/// Ends an open request as fixed or refused.
pub async fn settle(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    state: CorrectionState,
    answer: Option<&Sealed>,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let open = corrections::table
        .filter(corrections::corp_id.eq(corp))
        .filter(corrections::correction_id.eq(id))
        .filter(corrections::state.eq_any(OPEN));
    let settled = diesel::update(open)
        .set((
            corrections::state.eq(state.as_str()),
            corrections::answer.eq(answer),
            corrections::settled_by.eq(by),
            corrections::settled_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(settled == 1)
}

#[derive(QueryableByName)]
struct Userid {
    #[diesel(sql_type = Text)]
    userid: String,
}

/// The userids of those who hold a role over a person today and can be sent a message; never the person's own.
pub async fn in_charge(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    role: Role,
    person: PersonId,
    today: NaiveDate,
) -> Result<Vec<String>> {
    let query = diesel::sql_query(
        "select distinct m.userid
         from grants g
         join departments over on over.corp_id = g.corp_id and over.department_id = g.department_id
         join members m on m.corp_id = g.corp_id and m.person_id = g.person_id and m.left_on is null
           and (m.status is null or m.status = 1)
         left join memberships s on s.corp_id = g.corp_id and s.person_id = $3 and s.is_main
           and s.from_date <= $4 and (s.until_date is null or s.until_date > $4)
         left join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
         where g.corp_id = $1 and g.role = $2 and g.person_id <> $3 and g.from_date <= $4 and g.until_date > $4
           and (over.kind = 'school' or g.department_id in (d.department_id, d.class_id, d.grade_id, d.college_id))
         order by m.userid limit 1000",
    )
    .bind::<Integer, _>(corp)
    .bind::<Text, _>(role.as_str())
    .bind::<BigInt, _>(person)
    .bind::<Date, _>(today);
    Ok(query.load::<Userid>(conn).await?.into_iter().map(|row| row.userid).collect())
}

/// The userid of a person's account, if it can be sent a message.
pub async fn userid_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
) -> Result<Option<String>> {
    let query = diesel::sql_query(
        "select userid from members where corp_id = $1 and person_id = $2 and left_on is null
           and (status is null or status = 1)",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(person);
    Ok(query.get_result::<Userid>(conn).await.optional()?.map(|row| row.userid))
}
