//! 免报: leave, internship, suspension, deferral.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId, audit::Act, policy::Scope};
use serde_json::json;

use crate::{
    Keyring, Result, Sealed,
    audit::{self, Event},
    schema::exemptions,
    sealed::{Place, column},
    words::{self, Words},
};

/// Where the reason of an exemption stands sealed; `row` is of [`Words::row`].
pub fn reason_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::EXEMPTION_REASON, corp, row }
}

/// Where the reason for revoking one stands sealed; for the same row.
pub fn revoke_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::EXEMPTION_REVOKE_REASON, corp, row }
}

/// Whether a person is exempt on a day.
pub async fn covers(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    day: NaiveDate,
) -> Result<bool> {
    let covering = exemptions::table
        .filter(exemptions::corp_id.eq(corp))
        .filter(exemptions::person_id.eq(person))
        .filter(exemptions::from_date.le(day))
        .filter(exemptions::revoked_at.is_null())
        .filter(exemptions::until_date.is_null().or(exemptions::until_date.gt(day)));
    Ok(diesel::select(diesel::dsl::exists(covering)).get_result(conn).await?)
}

/// An exemption to be kept.
#[derive(Debug, Clone)]
pub struct NewExemption {
    /// Whose.
    pub person_id: PersonId,
    /// `leave`, `internship`, `suspension` or `deferral`.
    pub kind: &'static str,
    /// The first day.
    pub from: NaiveDate,
    /// The first day it no longer holds.
    pub until: Option<NaiveDate>,
    /// Why.
    pub reason: String,
    /// WeCom's number of the application.
    pub approval_no: Option<String>,
}

/// Keeps exemptions; one that is known (same person, kind and first day, or same application) stays as it is. How many
/// were added.
pub async fn add(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    rows: &[NewExemption],
    source: &str,
    by: Option<MemberId>,
    now: DateTime<Utc>,
) -> Result<usize> {
    let mut added = 0;
    // Ten thousand rows are a megabyte.
    for part in rows.chunks(10_000) {
        let sealed = |row: &NewExemption| {
            Words { corp, person: row.person_id, at: now }.seal(keyring, reason_place, &row.reason)
        };
        let reasons = part.iter().map(sealed).collect::<Result<Vec<Sealed>>>()?;
        added += diesel::sql_query(
            "insert into exemptions (corp_id, person_id, kind, from_date, until_date, reason, approval_no, source, granted_by,
                                     granted_at)
             select $1, r.*, $8, $9, $10 from unnest($2, $3, $4, $5, $6, $7) as r
             on conflict do nothing",
        )
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(part.iter().map(|row| row.person_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|row| row.kind).collect::<Vec<_>>())
        .bind::<Array<Date>, _>(part.iter().map(|row| row.from).collect::<Vec<_>>())
        .bind::<Array<Nullable<Date>>, _>(part.iter().map(|row| row.until).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(reasons)
        .bind::<Array<Nullable<Text>>, _>(part.iter().map(|row| row.approval_no.as_deref()).collect::<Vec<_>>())
        .bind::<Text, _>(source)
        .bind::<Nullable<BigInt>, _>(by)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    }
    // Those of a list are in the audit as the list. Those of an approval of WeCom nobody here granted: `by` is none.
    if added > 0 && source != "list" {
        let event = Event::new(corp, Act::ExemptionsGranted, by, now).saying(json!({ "exemptions": added }));
        let people: Vec<PersonId> = rows.iter().map(|row| row.person_id).collect();
        audit::insert_for(conn, &event, &people).await?;
    }
    Ok(added)
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
}

/// The people of these numbers, whatever the case, who are in the viewer's scope on a day.
pub async fn named(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    scope: &Scope,
    numbers: &[String],
    day: NaiveDate,
) -> Result<Vec<Named>> {
    let query = diesel::sql_query(
        "select p.person_id, p.number
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

/// An exemption as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub exemption_id: i64,
    /// Whose.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Class or department now.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// `leave`, `internship`, `suspension` or `deferral`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// The first day.
    #[diesel(sql_type = Date)]
    pub from_date: NaiveDate,
    /// The first day it no longer holds.
    #[diesel(sql_type = Nullable<Date>)]
    pub until_date: Option<NaiveDate>,
    /// Why, sealed for [`reason_place`].
    #[diesel(sql_type = Binary)]
    pub reason: Sealed,
    /// `manual`, `list` or `approval`.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// Who granted it, by name.
    #[diesel(sql_type = Nullable<Text>)]
    pub granted_by: Option<String>,
    /// … by account.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub granted_by_member: Option<MemberId>,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub granted_at: DateTime<Utc>,
    /// When it was revoked.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Why it was revoked, sealed for [`revoke_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub revoke_reason: Option<Sealed>,
}

/// Which exemptions.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// Whose the viewer may see.
    pub scope: Scope,
    /// Today.
    pub today: NaiveDate,
    /// Only of this kind.
    pub kind: Option<&'static str>,
    /// Those that are over or revoked too.
    pub past: bool,
}

const SHOWN: &str = "
  select e.exemption_id, e.person_id, p.number, p.name, d.name as place, e.kind, e.from_date, e.until_date, e.reason, e.source,
         coalesce(gp.name, g.name, g.userid) as granted_by, e.granted_by as granted_by_member, e.granted_at, e.revoked_at,
         e.revoke_reason
  from exemptions e
  join persons p on p.corp_id = e.corp_id and p.person_id = e.person_id
  left join memberships s on s.corp_id = e.corp_id and s.person_id = e.person_id and s.is_main
    and s.from_date <= $3 and (s.until_date is null or s.until_date > $3)
  left join departments d on d.corp_id = e.corp_id and d.department_id = s.department_id
  left join members g on g.corp_id = e.corp_id and g.member_id = e.granted_by
  left join persons gp on gp.corp_id = e.corp_id and gp.person_id = g.person_id
  where e.corp_id = $1
    and ($2 is null or d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))";

/// Exemptions, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    question: &Question,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = format!(
        "{SHOWN} and ($4 is null or e.kind = $4)
           and ($5 or e.revoked_at is null and (e.until_date is null or e.until_date > $3))
           and ($6 is null or e.exemption_id < $6)
         order by e.exemption_id desc limit $7"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Date, _>(question.today)
        .bind::<Nullable<Text>, _>(question.kind)
        .bind::<Bool, _>(question.past)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Ends an exemption of someone in the scope, as if it had never been; the row stays, with the reason. False when there
/// is none, or it was revoked before.
pub async fn revoke(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    question: &Question,
    id: i64,
    by: MemberId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let found: Vec<Row> = diesel::sql_query(format!("{SHOWN} and e.exemption_id = $4"))
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Date, _>(question.today)
        .bind::<BigInt, _>(id)
        .load(conn)
        .await?;
    if found.is_empty() {
        return Ok(false);
    }
    let revoked = revoke_all(conn, keyring, question.corp, &[id], Some(by), reason, now).await?;
    if revoked == 1 {
        let event = Event::new(question.corp, Act::ExemptionRevoked, Some(by), now).on("exemption", id);
        audit::insert(conn, event).await?;
    }
    Ok(revoked == 1)
}

/// An exemption, as it is worked on.
#[derive(Debug, Clone, Queryable)]
pub struct Holding {
    /// Its number.
    pub exemption_id: i64,
    /// Whose.
    pub person_id: PersonId,
    /// As it stands in the database.
    pub kind: String,
    /// The first day.
    pub from: NaiveDate,
    /// The first day it no longer holds.
    pub until: Option<NaiveDate>,
    /// Why, sealed for [`reason_place`].
    pub reason: Sealed,
    /// When it was granted.
    pub granted_at: DateTime<Utc>,
}

/// Exemptions by number, whether they hold or not.
pub async fn by_ids(conn: &mut AsyncPgConnection, corp: CorpId, ids: &[i64]) -> Result<Vec<Holding>> {
    Ok(exemptions::table
        .filter(exemptions::corp_id.eq(corp))
        .filter(exemptions::exemption_id.eq_any(ids))
        .order(exemptions::exemption_id)
        .select((
            exemptions::exemption_id,
            exemptions::person_id,
            exemptions::kind,
            exemptions::from_date,
            exemptions::until_date,
            exemptions::reason,
            exemptions::granted_at,
        ))
        .load(conn)
        .await?)
}

/// What of these kinds holds for these people on a day.
pub async fn holding(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    persons: &[PersonId],
    kinds: &[&str],
    day: NaiveDate,
) -> Result<Vec<Holding>> {
    Ok(exemptions::table
        .filter(exemptions::corp_id.eq(corp))
        .filter(exemptions::person_id.eq_any(persons))
        .filter(exemptions::kind.eq_any(kinds))
        .filter(exemptions::revoked_at.is_null())
        .filter(exemptions::from_date.le(day))
        .filter(exemptions::until_date.is_null().or(exemptions::until_date.gt(day)))
        .order(exemptions::exemption_id)
        .select((
            exemptions::exemption_id,
            exemptions::person_id,
            exemptions::kind,
            exemptions::from_date,
            exemptions::until_date,
            exemptions::reason,
            exemptions::granted_at,
        ))
        .load(conn)
        .await?)
}

/// Revokes exemptions by number. How many held until now.
pub async fn revoke_all(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    ids: &[i64],
    by: Option<MemberId>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<usize> {
    let standing: Vec<(i64, PersonId, DateTime<Utc>)> = exemptions::table
        .filter(exemptions::corp_id.eq(corp))
        .filter(exemptions::exemption_id.eq_any(ids))
        .filter(exemptions::revoked_at.is_null())
        .select((exemptions::exemption_id, exemptions::person_id, exemptions::granted_at))
        .load(conn)
        .await?;
    let (ids, reasons) = words::seal_each(keyring, revoke_place, corp, &standing, reason)?;
    let sql = "update exemptions e set revoked_by = $4, revoked_at = $5, revoke_reason = r.reason
               from unnest($2, $3) as r (id, reason)
               where e.corp_id = $1 and e.exemption_id = r.id and e.revoked_at is null";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<Binary>, _>(reasons)
        .bind::<Nullable<BigInt>, _>(by)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?)
}

/// Every exemption of one person, newest first.
pub async fn of_person(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    today: NaiveDate,
) -> Result<Vec<Row>> {
    Ok(diesel::sql_query(format!(
        "{SHOWN} and e.person_id = $4 order by e.from_date desc, e.exemption_id desc limit 200"
    ))
    .bind::<Integer, _>(corp)
    .bind::<Nullable<Array<Integer>>, _>(None::<Vec<DepartmentId>>)
    .bind::<Date, _>(today)
    .bind::<BigInt, _>(person)
    .load(conn)
    .await?)
}
