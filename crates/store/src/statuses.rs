//! 学籍异动: changes of people's place, stay and number as the school says them. Rows are added and revoked, never removed.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId, audit::Act, policy::Scope};
use serde_json::{Value, json};

use crate::{
    Keyring, Result, Sealed,
    audit::{self, Event},
    schema::{memberships, status_changes},
    sealed::{Place, column},
    words,
};

/// Where the reason of a change stands sealed; `row` is of [`words::Words::row`].
pub fn reason_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::STATUS_REASON, corp, row }
}

/// Where the reason for taking one back stands sealed; for the same row.
pub fn revoke_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::STATUS_REVOKE_REASON, corp, row }
}

/// A change to be kept.
#[derive(Clone, Insertable)]
#[diesel(table_name = status_changes)]
pub struct NewChange {
    /// The school.
    pub corp_id: CorpId,
    /// Whose.
    pub person_id: PersonId,
    /// As it stands in the database.
    pub kind: &'static str,
    /// The day from which it holds.
    pub from_date: NaiveDate,
    /// The main department on the day before.
    pub department_before: Option<DepartmentId>,
    /// … and from that day on.
    pub department_id: Option<DepartmentId>,
    /// What it replaced.
    pub before: Value,
    /// What it left.
    pub after: Value,
    /// Why, sealed for [`reason_place`].
    pub reason: Sealed,
    /// `manual`, `list` or `graduation`.
    pub source: &'static str,
    /// The list it came with.
    pub change_set_id: Option<i64>,
    /// Who.
    pub made_by: Option<MemberId>,
    /// When.
    pub made_at: DateTime<Utc>,
}

/// Keeps changes.
pub async fn add(conn: &mut AsyncPgConnection, rows: &[NewChange]) -> Result<()> {
    // Fourteen parameters a row, of 65,535 that a statement may have.
    for part in rows.chunks(2_000) {
        diesel::insert_into(status_changes::table).values(part).execute(conn).await?;
    }
    // Those of a list are in the audit as the list.
    for row in rows.iter().filter(|row| row.change_set_id.is_none()) {
        let event =
            Event::new(row.corp_id, Act::StatusesRecorded, row.made_by, row.made_at).of(row.person_id);
        audit::insert(conn, event.saying(json!({ "kind": row.kind, "from": row.from_date }))).await?;
    }
    Ok(())
}

/// A change as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub change_id: i64,
    /// Whose.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number now.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// As it stands in the database.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// The day from which it holds.
    #[diesel(sql_type = Date)]
    pub from_date: NaiveDate,
    /// Where they were.
    #[diesel(sql_type = Nullable<Text>)]
    pub place_before: Option<String>,
    /// Where they are from that day on.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// What it replaced.
    #[diesel(sql_type = Jsonb)]
    pub before: Value,
    /// What it left.
    #[diesel(sql_type = Jsonb)]
    pub after: Value,
    /// Why, sealed for [`reason_place`].
    #[diesel(sql_type = Binary)]
    pub reason: Sealed,
    /// `manual`, `list` or `graduation`.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// Who, by name.
    #[diesel(sql_type = Nullable<Text>)]
    pub made_by: Option<String>,
    /// … by account.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub made_by_member: Option<MemberId>,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub made_at: DateTime<Utc>,
    /// When it was revoked.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Why it was revoked, sealed for [`revoke_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub revoke_reason: Option<Sealed>,
}

/// Which changes.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// Whose the viewer may see: where they are, or were before the change.
    pub scope: Scope,
    /// Today.
    pub today: NaiveDate,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only of this person.
    pub person: Option<PersonId>,
    /// Revoked ones too.
    pub revoked: bool,
}

const SHOWN: &str = "
  select c.change_id, c.person_id, p.number, p.name, c.kind, c.from_date, b.name as place_before, a.name as place,
         c.before, c.after, c.reason, c.source, coalesce(mp.name, m.name, m.userid) as made_by,
         c.made_by as made_by_member, c.made_at, c.revoked_at, c.revoke_reason
  from status_changes c
  join persons p on p.corp_id = c.corp_id and p.person_id = c.person_id
  left join departments b on b.corp_id = c.corp_id and b.department_id = c.department_before
  left join departments a on a.corp_id = c.corp_id and a.department_id = c.department_id
  left join lateral (
    select s.department_id from memberships s
    where s.corp_id = c.corp_id and s.person_id = c.person_id and s.is_main and s.from_date <= $3
    order by s.from_date desc limit 1) s on true
  left join departments n on n.corp_id = c.corp_id and n.department_id = s.department_id
  left join members m on m.corp_id = c.corp_id and m.member_id = c.made_by
  left join persons mp on mp.corp_id = c.corp_id and mp.person_id = m.person_id
  where c.corp_id = $1
    and ($2 is null or n.department_id = any($2) or n.class_id = any($2) or n.grade_id = any($2) or n.college_id = any($2)
         or b.department_id = any($2) or b.class_id = any($2) or b.grade_id = any($2) or b.college_id = any($2))";

/// Changes, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    question: &Question,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = format!(
        "{SHOWN} and ($4 is null or c.kind = $4) and ($5 is null or c.person_id = $5)
           and ($6 or c.revoked_at is null) and ($7 is null or c.change_id < $7)
         order by c.change_id desc limit $8"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Date, _>(question.today)
        .bind::<Nullable<Text>, _>(question.kind.as_deref())
        .bind::<Nullable<BigInt>, _>(question.person)
        .bind::<Bool, _>(question.revoked)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// One change that holds, in the viewer's scope.
pub async fn find(conn: &mut AsyncPgConnection, question: &Question, id: i64) -> Result<Option<Row>> {
    Ok(diesel::sql_query(format!("{SHOWN} and c.change_id = $4 and c.revoked_at is null"))
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Date, _>(question.today)
        .bind::<BigInt, _>(id)
        .get_result(conn)
        .await
        .optional()?)
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

/// Whether a set of changes has one of somebody who is not in the viewer's scope: not there today or later, nor before the change.
pub async fn reaches_out(conn: &mut AsyncPgConnection, question: &Question, change_set: i64) -> Result<bool> {
    let outside = diesel::sql_query(
        "select $2 is not null and exists (
           select from status_changes c
           where c.corp_id = $1 and c.change_set_id = $4 and not exists (
             select from departments d
             where d.corp_id = $1
               and (d.department_id in (c.department_before, c.department_id)
                 or d.department_id in (
                   select s.department_id from memberships s
                   where s.corp_id = $1 and s.person_id = c.person_id and s.is_main
                     and (s.until_date is null or s.until_date > $3)))
               and (d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2)))) as found",
    )
    .bind::<Integer, _>(question.corp)
    .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
    .bind::<Date, _>(question.today)
    .bind::<BigInt, _>(change_set);
    Ok(outside.get_result::<Found>(conn).await?.found)
}

/// Whether the person has a change that came later and holds.
pub async fn has_later(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    id: i64,
) -> Result<bool> {
    let later = status_changes::table
        .filter(status_changes::corp_id.eq(corp))
        .filter(status_changes::person_id.eq(person))
        .filter(status_changes::change_id.gt(id))
        .filter(status_changes::revoked_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(later)).get_result(conn).await?)
}

/// Which changes are revoked.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// One.
    Change(i64),
    /// Every one of a list.
    Set(i64),
}

/// Marks changes revoked. Putting back what they changed is the caller's.
pub async fn revoke(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    which: Which,
    by: MemberId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let standing = status_changes::table
        .filter(status_changes::corp_id.eq(corp))
        .filter(status_changes::revoked_at.is_null())
        .select((status_changes::change_id, status_changes::person_id, status_changes::made_at));
    let changes: Vec<(i64, PersonId, DateTime<Utc>)> = match which {
        Which::Change(id) => standing.filter(status_changes::change_id.eq(id)).load(conn).await?,
        Which::Set(id) => standing.filter(status_changes::change_set_id.eq(id)).load(conn).await?,
    };
    let (ids, reasons) = words::seal_each(keyring, revoke_place, corp, &changes, reason)?;
    diesel::sql_query(
        "update status_changes c set revoked_by = $4, revoked_at = $5, revoke_reason = r.reason
         from unnest($2, $3) as r (id, reason)
         where c.corp_id = $1 and c.change_id = r.id and c.revoked_at is null",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Array<Binary>, _>(reasons)
    .bind::<BigInt, _>(by)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    // A list that is undone is in the audit as that.
    if let Which::Change(id) = which {
        let event = Event::new(corp, Act::StatusRevoked, Some(by), now).on("status_change", id);
        audit::insert(conn, event).await?;
    }
    Ok(())
}

/// Numbers that were given up for another, lower-cased, each with the one that came in its place; but not those that somebody has
/// by now.
pub async fn former_numbers(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<(String, String)>> {
    let rows: Vec<Former> = diesel::sql_query(
        "select lower(c.before ->> 'number') as former, p.number
         from status_changes c join persons p on p.corp_id = c.corp_id and p.person_id = c.person_id
         where c.corp_id = $1 and c.kind = 'number' and c.revoked_at is null
           and not exists (select from persons o where o.corp_id = $1 and lower(o.number) = lower(c.before ->> 'number'))",
    )
    .bind::<Integer, _>(corp)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.former, row.number)).collect())
}

#[derive(QueryableByName)]
struct Former {
    #[diesel(sql_type = Text)]
    former: String,
    #[diesel(sql_type = Text)]
    number: String,
}

/// People whose stay a change fixed that holds: a roster does not overrule it.
pub async fn with_fixed_stay(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<PersonId>> {
    Ok(status_changes::table
        .filter(status_changes::corp_id.eq(corp))
        .filter(status_changes::revoked_at.is_null())
        .filter(status_changes::kind.eq_any([
            "graduation",
            "completion",
            "withdrawal",
            "departure",
            "return",
            "stay",
        ]))
        .select(status_changes::person_id)
        .distinct()
        .load(conn)
        .await?)
}

/// A stretch of days in a department, as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct PlaceRow {
    /// Its row; of what was observed, the department's.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The department's name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The first day.
    #[diesel(sql_type = Date)]
    pub from_date: NaiveDate,
    /// The first day it no longer holds.
    #[diesel(sql_type = Nullable<Date>)]
    pub until_date: Option<NaiveDate>,
    /// `directory`, `roster` or `correction`; of what was observed, the account.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// Of a correction: which kind of change it came of. Why stands with the change.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
}

/// Where the school counts a person, newest first.
pub async fn places(conn: &mut AsyncPgConnection, corp: CorpId, person: PersonId) -> Result<Vec<PlaceRow>> {
    let sql = "
      select m.membership_id as id, d.name, m.from_date, m.until_date, m.source, m.reason
      from memberships m join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id
      where m.corp_id = $1 and m.person_id = $2 and m.is_main order by m.from_date desc limit 200";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(person).load(conn).await?)
}

/// Where the directory showed a person's accounts, newest first.
pub async fn observed(conn: &mut AsyncPgConnection, corp: CorpId, person: PersonId) -> Result<Vec<PlaceRow>> {
    let sql = "
      select md.department_id::bigint as id, d.name, md.from_date, md.until_date, m.userid as source, null::text as reason
      from members m
      join member_departments md on md.corp_id = m.corp_id and md.member_id = m.member_id
      join departments d on d.corp_id = md.corp_id and d.department_id = md.department_id
      where m.corp_id = $1 and m.person_id = $2 order by md.from_date desc, md.department_id limit 200";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(person).load(conn).await?)
}

/// Whose a main place is, and since when.
pub async fn place_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    membership: i64,
) -> Result<Option<(PersonId, NaiveDate)>> {
    Ok(memberships::table
        .filter(memberships::corp_id.eq(corp))
        .filter(memberships::membership_id.eq(membership))
        .filter(memberships::is_main)
        .select((memberships::person_id, memberships::from_date))
        .first(conn)
        .await
        .optional()?)
}
