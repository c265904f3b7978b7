//! Grants as people give and end them: who holds what, who gave it, and everything that was done.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, MemberId, PersonId, audit,
    policy::{Role, Scope},
};
use serde_json::json;

use crate::{
    Keyring, Result, Sealed,
    audit::{Event, insert as record},
    schema::{grant_acts, grants},
    sealed::{Place, column},
    words::Words,
};

/// Where the reason for ending a grant stands sealed; `row` is of [`Words::row`].
pub fn reason_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::GRANT_END_REASON, corp, row }
}

/// A grant as it stands.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its id; newer ones have larger ones.
    #[diesel(sql_type = BigInt)]
    pub grant_id: i64,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// As it stands in the database.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// Over what.
    #[diesel(sql_type = Integer)]
    pub department_id: DepartmentId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub department: String,
    /// Its class.
    #[diesel(sql_type = Nullable<Integer>)]
    pub class_id: Option<DepartmentId>,
    /// Its grade.
    #[diesel(sql_type = Nullable<Integer>)]
    pub grade_id: Option<DepartmentId>,
    /// Its college.
    #[diesel(sql_type = Nullable<Integer>)]
    pub college_id: Option<DepartmentId>,
    /// What for.
    #[diesel(sql_type = Text)]
    pub purpose: String,
    /// `directory`, `roster` or `manual`.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// The first day.
    #[diesel(sql_type = Date)]
    pub from_date: NaiveDate,
    /// The first day it no longer holds.
    #[diesel(sql_type = Date)]
    pub until_date: NaiveDate,
    /// Who gave it by hand.
    #[diesel(sql_type = Nullable<Text>)]
    pub given_by: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub given_at: Option<DateTime<Utc>>,
}

impl Row {
    /// Where its department stands.
    pub fn path(&self) -> [Option<DepartmentId>; 4] {
        [Some(self.department_id), self.class_id, self.grade_id, self.college_id]
    }
}

/// Which grants.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The school.
    pub corp: CorpId,
    /// Over whose departments.
    pub scope: Scope,
    /// The day on which they hold.
    pub today: NaiveDate,
    /// Only of this role.
    pub role: Option<Role>,
    /// Only over this department, or one counted under it.
    pub department: Option<DepartmentId>,
    /// Only of people with this number, or this in their name.
    pub text: Option<&'a str>,
}

// $1 corp, $2 departments in scope, $3 today.
const ROWS: &str = "
  select g.grant_id, p.number, p.name, g.role, g.department_id, d.name as department, d.class_id, d.grade_id,
         d.college_id, g.purpose, g.source, g.from_date, g.until_date,
         coalesce(by_person.name, by_member.name, by_member.userid) as given_by, a.made_at as given_at
  from grants g
  join persons p on p.corp_id = g.corp_id and p.person_id = g.person_id
  join departments d on d.corp_id = g.corp_id and d.department_id = g.department_id
  left join lateral (
    select made_by, made_at from grant_acts a
    where a.corp_id = g.corp_id and a.department_id = g.department_id and a.person_id = g.person_id
      and a.role = g.role and a.act = 'given'
    order by a.act_id desc limit 1) a on g.source = 'manual'
  left join members by_member on by_member.corp_id = g.corp_id and by_member.member_id = a.made_by
  left join persons by_person on by_person.corp_id = by_member.corp_id and by_person.person_id = by_member.person_id
  where g.corp_id = $1
    and ($2 is null or d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))
    and g.from_date <= $3 and g.until_date > $3";

/// Grants that hold, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    question: &Question<'_>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = format!(
        "{ROWS}
           and ($4 is null or g.role = $4)
           and ($5 is null or $5 in (d.department_id, d.class_id, d.grade_id, d.college_id))
           and ($6 is null or lower(p.number) = lower($6) or position($6 in p.name) > 0)
           and ($7 is null or g.grant_id < $7)
         order by g.grant_id desc limit $8"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Date, _>(question.today)
        .bind::<Nullable<Text>, _>(question.role.map(Role::as_str))
        .bind::<Nullable<Integer>, _>(question.department)
        .bind::<Nullable<Text>, _>(question.text)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// One of them.
pub async fn find(conn: &mut AsyncPgConnection, question: &Question<'_>, grant: i64) -> Result<Option<Row>> {
    Ok(diesel::sql_query(format!("{ROWS} and g.grant_id = $4"))
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Date, _>(question.today)
        .bind::<BigInt, _>(grant)
        .get_result(conn)
        .await
        .optional()?)
}

/// Somebody to whom a role can be given.
#[derive(Debug, Clone, QueryableByName)]
pub struct Person {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Number as it stands.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// `student` or `staff`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// The department they are counted under.
    #[diesel(sql_type = Nullable<Integer>)]
    pub department_id: Option<DepartmentId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub department: Option<String>,
    /// Its class.
    #[diesel(sql_type = Nullable<Integer>)]
    pub class_id: Option<DepartmentId>,
    /// Its grade.
    #[diesel(sql_type = Nullable<Integer>)]
    pub grade_id: Option<DepartmentId>,
    /// Its college.
    #[diesel(sql_type = Nullable<Integer>)]
    pub college_id: Option<DepartmentId>,
}

impl Person {
    /// Where they are counted.
    pub fn path(&self) -> [Option<DepartmentId>; 4] {
        [self.department_id, self.class_id, self.grade_id, self.college_id]
    }
}

/// The person of this number on the roster of a day, whatever the case.
pub async fn person(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    number: &str,
    today: NaiveDate,
) -> Result<Option<Person>> {
    let query = diesel::sql_query(
        "select p.person_id, p.number, p.name, p.kind, d.department_id, d.name as department, d.class_id, d.grade_id,
                d.college_id
         from persons p
         left join memberships m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.is_main
           and m.from_date <= $3 and (m.until_date is null or m.until_date > $3)
         left join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id
         where p.corp_id = $1 and lower(p.number) = lower($2) and p.from_date <= $3
           and (p.until_date is null or p.until_date > $3)",
    )
    .bind::<Integer, _>(corp)
    .bind::<Text, _>(number)
    .bind::<Date, _>(today);
    Ok(query.get_result(conn).await.optional()?)
}

/// A grant given by hand.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The school.
    pub corp: CorpId,
    /// Whose.
    pub person: PersonId,
    /// What they are from now on.
    pub role: Role,
    /// Over which department.
    pub department: DepartmentId,
    /// What for.
    pub purpose: &'a str,
    /// The first day.
    pub from: NaiveDate,
    /// The first day it no longer holds.
    pub until: NaiveDate,
    /// Who gives it.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Whether they hold it already, whoever said so.
pub async fn holds(conn: &mut AsyncPgConnection, given: &Given<'_>) -> Result<bool> {
    Ok(diesel::select(diesel::dsl::exists(
        grants::table
            .filter(grants::corp_id.eq(given.corp))
            .filter(grants::person_id.eq(given.person))
            .filter(grants::role.eq(given.role.as_str()))
            .filter(grants::department_id.eq(given.department))
            .filter(grants::from_date.le(given.from))
            .filter(grants::until_date.gt(given.from)),
    ))
    .get_result(conn)
    .await?)
}

/// Gives it and notes who did; false when they hold it already.
pub async fn give(conn: &mut AsyncPgConnection, given: &Given<'_>) -> Result<bool> {
    if holds(conn, given).await? {
        return Ok(false);
    }
    let added: Option<i64> = diesel::insert_into(grants::table)
        .values((
            grants::corp_id.eq(given.corp),
            grants::person_id.eq(given.person),
            grants::role.eq(given.role.as_str()),
            grants::department_id.eq(given.department),
            grants::purpose.eq(given.purpose),
            grants::source.eq("manual"),
            grants::from_date.eq(given.from),
            grants::until_date.eq(given.until),
        ))
        .on_conflict_do_nothing()
        .returning(grants::grant_id)
        .get_result(conn)
        .await
        .optional()?;
    let Some(grant) = added else { return Ok(false) };
    note(conn, given, grant, "given", None).await?;
    Ok(true)
}

/// Keeps what was done where it is listed, and in the audit.
async fn note(
    conn: &mut AsyncPgConnection,
    of: &Given<'_>,
    grant: i64,
    act: &str,
    reason: Option<Sealed>,
) -> Result<()> {
    diesel::insert_into(grant_acts::table)
        .values((
            grant_acts::corp_id.eq(of.corp),
            grant_acts::act.eq(act),
            grant_acts::person_id.eq(of.person),
            grant_acts::role.eq(of.role.as_str()),
            grant_acts::department_id.eq(of.department),
            grant_acts::purpose.eq(of.purpose),
            grant_acts::until_date.eq(of.until),
            grant_acts::reason.eq(reason),
            grant_acts::made_by.eq(of.by),
            grant_acts::made_at.eq(of.at),
        ))
        .execute(conn)
        .await?;
    let done = if act == "given" { audit::Act::GrantGiven } else { audit::Act::GrantEnded };
    let detail = json!({
        "role": of.role.as_str(),
        "department": of.department,
        "until": of.until,
        "source": "manual",
    });
    let event = Event::new(of.corp, done, Some(of.by), of.at).of(of.person).on("grant", grant);
    record(conn, event.saying(detail)).await
}

/// The end of a grant.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// The school.
    pub corp: CorpId,
    /// Which.
    pub grant: i64,
    /// Why.
    pub reason: Option<&'a str>,
    /// Who ends it.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
    /// From this day on.
    pub today: NaiveDate,
}

/// Ends a grant that was given by hand, of this role if one is named, and notes who did. False when there is none.
pub async fn end(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    role: Option<Role>,
    end: &End<'_>,
) -> Result<bool> {
    let standing = || {
        grants::table
            .filter(grants::corp_id.eq(end.corp))
            .filter(grants::grant_id.eq(end.grant))
            .filter(grants::source.eq("manual"))
            .filter(grants::until_date.gt(end.today))
    };
    let found: Option<(PersonId, String, DepartmentId, String, NaiveDate)> = standing()
        .select((grants::person_id, grants::role, grants::department_id, grants::purpose, grants::from_date))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    let Some((person, held, department, purpose, from)) = found else { return Ok(false) };
    let held = Role::parse(&held).ok_or(crate::Error::Unexpected("grants.role"))?;
    if role.is_some_and(|role| role != held) {
        return Ok(false);
    }
    // One that began today has held on no day that is over: nothing of it is left but the note.
    if from >= end.today {
        diesel::delete(standing()).execute(conn).await?;
    } else {
        diesel::update(standing()).set(grants::until_date.eq(end.today)).execute(conn).await?;
    }
    let ended = Given {
        corp: end.corp,
        person,
        role: held,
        department,
        purpose: &purpose,
        from,
        until: end.today,
        by: end.by,
        at: end.at,
    };
    let words = Words { corp: end.corp, person, at: end.at };
    let reason = end.reason.map(|reason| words.seal(keyring, reason_place, reason)).transpose()?;
    note(conn, &ended, end.grant, "ended", reason).await?;
    Ok(true)
}

/// Something that was done by hand.
#[derive(Debug, Clone, QueryableByName)]
pub struct Act {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub act_id: i64,
    /// `given` or `ended`.
    #[diesel(sql_type = Text)]
    pub act: String,
    /// Whose.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Whose number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// And name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// As it stands in the database.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// Over what.
    #[diesel(sql_type = Integer)]
    pub department_id: DepartmentId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub department: String,
    /// What for.
    #[diesel(sql_type = Text)]
    pub purpose: String,
    /// Why it was ended, sealed for [`reason_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub reason: Option<Sealed>,
    /// The first day it no longer holds since then.
    #[diesel(sql_type = Date)]
    pub until_date: NaiveDate,
    /// Who.
    #[diesel(sql_type = Text)]
    pub made_by: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub made_at: DateTime<Utc>,
}

/// What was done over departments of a scope, newest first, before `before`.
pub async fn acts(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    scope: &Scope,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Act>> {
    let query = diesel::sql_query(
        "select a.act_id, a.act, a.person_id, p.number, p.name, a.role, a.department_id, d.name as department, a.purpose,
                a.reason, a.until_date, coalesce(bp.name, bm.name, bm.userid) as made_by, a.made_at
         from grant_acts a
         join persons p on p.corp_id = a.corp_id and p.person_id = a.person_id
         join departments d on d.corp_id = a.corp_id and d.department_id = a.department_id
         join members bm on bm.corp_id = a.corp_id and bm.member_id = a.made_by
         left join persons bp on bp.corp_id = bm.corp_id and bp.person_id = bm.person_id
         where a.corp_id = $1
           and ($2 is null or d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))
           and ($3 is null or a.act_id < $3)
         order by a.act_id desc limit $4",
    )
    .bind::<Integer, _>(corp)
    .bind::<Nullable<Array<Integer>>, _>(scope.departments())
    .bind::<Nullable<BigInt>, _>(before)
    .bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}
