//! 通行证: who may pass where others may not.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId, audit::Act, policy::Scope};
use serde_json::json;

use crate::{
    Keyring, Result, Sealed,
    audit::{self, Event},
    schema::gate_permits,
    sealed::{Place, column},
    words::Words,
};

/// Where the reason of a permit stands sealed; `row` is of [`Words::row`].
pub fn reason_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::PERMIT_REASON, corp, row }
}

/// Where the reason for revoking one stands sealed; for the same row.
pub fn revoke_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::PERMIT_REVOKE_REASON, corp, row }
}

/// Permits to be kept, the same for everybody.
#[derive(Debug, Clone, Copy)]
pub struct NewPermits<'a> {
    /// The school.
    pub corp: CorpId,
    /// Whose.
    pub people: &'a [PersonId],
    /// `single` or `standing`.
    pub kind: &'static str,
    /// From when …
    pub from: DateTime<Utc>,
    /// … until when.
    pub until: DateTime<Utc>,
    /// Of these zones, in order; none: of all.
    pub zones: &'a [i64],
    /// Why.
    pub reason: &'a str,
    /// Who grants them.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps permits; one that stands already stays as it is. How many were added.
pub async fn add(conn: &mut AsyncPgConnection, keyring: &Keyring, new: NewPermits<'_>) -> Result<usize> {
    let sealed = |person: &PersonId| {
        Words { corp: new.corp, person: *person, at: new.at }.seal(keyring, reason_place, new.reason)
    };
    let reasons = new.people.iter().map(sealed).collect::<Result<Vec<Sealed>>>()?;
    let sql = "insert into gate_permits (corp_id, person_id, kind, from_time, until_time, zones, reason, granted_by, granted_at)
               select $1, r.person, $3, $4, $5, $6, r.reason, $8, $9 from unnest($2, $7) as r (person, reason)
               on conflict do nothing";
    let added = diesel::sql_query(sql)
        .bind::<Integer, _>(new.corp)
        .bind::<Array<BigInt>, _>(new.people)
        .bind::<Text, _>(new.kind)
        .bind::<Timestamptz, _>(new.from)
        .bind::<Timestamptz, _>(new.until)
        .bind::<Array<BigInt>, _>(new.zones)
        .bind::<Array<Binary>, _>(reasons)
        .bind::<BigInt, _>(new.by)
        .bind::<Timestamptz, _>(new.at)
        .execute(conn)
        .await?;
    if added > 0 {
        let detail = json!({ "kind": new.kind, "from": new.from, "until": new.until });
        let event = Event::new(new.corp, Act::PermitsGiven, Some(new.by), new.at).saying(detail);
        audit::insert_for(conn, &event, new.people).await?;
    }
    Ok(added)
}

/// A permit that an approval of WeCom (审批) grants, for every zone.
#[derive(Debug, Clone, Copy)]
pub struct ApprovedPermit<'a> {
    /// Whose.
    pub person_id: PersonId,
    /// From when …
    pub from: DateTime<Utc>,
    /// … until when.
    pub until: DateTime<Utc>,
    /// Why.
    pub reason: &'a str,
    /// 审批单号
    pub approval_no: &'a str,
    /// When it was read.
    pub at: DateTime<Utc>,
}

/// Keeps it; false where the approval's, or the same one by hand, stands already.
pub async fn add_approved(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    new: ApprovedPermit<'_>,
) -> Result<bool> {
    let words = Words { corp, person: new.person_id, at: new.at };
    let reason = words.seal(keyring, reason_place, new.reason)?;
    let row = (
        gate_permits::corp_id.eq(corp),
        gate_permits::person_id.eq(new.person_id),
        gate_permits::kind.eq("standing"),
        gate_permits::from_time.eq(new.from),
        gate_permits::until_time.eq(new.until),
        gate_permits::zones.eq(Vec::<i64>::new()),
        gate_permits::reason.eq(reason),
        gate_permits::approval_no.eq(new.approval_no),
        gate_permits::granted_at.eq(new.at),
    );
    let added =
        diesel::insert_into(gate_permits::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    if added == 1 {
        let detail = json!({ "kind": "standing", "from": new.from, "until": new.until });
        let event = Event::new(corp, Act::PermitsGiven, None, new.at).of(new.person_id).saying(detail);
        audit::insert(conn, event).await?;
    }
    Ok(added == 1)
}

/// Ends the permit an approval had granted. False when it granted none, or it was revoked before.
pub async fn revoke_approved(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    approval_no: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let standing: Option<(i64, PersonId, DateTime<Utc>)> = gate_permits::table
        .filter(gate_permits::corp_id.eq(corp))
        .filter(gate_permits::approval_no.eq(approval_no))
        .filter(gate_permits::revoked_at.is_null())
        .select((gate_permits::permit_id, gate_permits::person_id, gate_permits::granted_at))
        .first(conn)
        .await
        .optional()?;
    let Some((id, person, at)) = standing else { return Ok(false) };
    let reason = Words { corp, person, at }.seal(keyring, revoke_place, reason)?;
    let revoked = diesel::update(gate_permits::table)
        .filter(gate_permits::corp_id.eq(corp))
        .filter(gate_permits::permit_id.eq(id))
        .filter(gate_permits::revoked_at.is_null())
        .set((gate_permits::revoked_at.eq(now), gate_permits::revoke_reason.eq(Some(reason))))
        .execute(conn)
        .await?;
    if revoked == 1 {
        let event = Event::new(corp, Act::PermitRevoked, None, now).on("permit", id);
        audit::insert(conn, event).await?;
    }
    Ok(revoked == 1)
}

/// A permit as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub permit_id: i64,
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
    /// `single` or `standing`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// From when.
    #[diesel(sql_type = Timestamptz)]
    pub from_time: DateTime<Utc>,
    /// Until when.
    #[diesel(sql_type = Timestamptz)]
    pub until_time: DateTime<Utc>,
    /// Of these zones; none: of all.
    #[diesel(sql_type = Array<BigInt>)]
    pub zones: Vec<i64>,
    /// Why, sealed for [`reason_place`].
    #[diesel(sql_type = Binary)]
    pub reason: Sealed,
    /// Passages it opened a gate for.
    #[diesel(sql_type = BigInt)]
    pub used: i64,
    /// Who granted it, by name; none: an approval of WeCom did.
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
    /// Why it was, sealed for [`revoke_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub revoke_reason: Option<Sealed>,
}

/// Which permits.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// Whose the viewer may see.
    pub scope: Scope,
    /// Today.
    pub today: NaiveDate,
    /// Now.
    pub now: DateTime<Utc>,
    /// Those that are over or revoked too.
    pub past: bool,
}

const SHOWN: &str = "
  select t.permit_id, t.person_id, p.number, p.name, d.name as place, t.kind, t.from_time, t.until_time, t.zones, t.reason,
         (select count(*) from passages u where u.corp_id = t.corp_id and u.permit_id = t.permit_id) as used,
         coalesce(gp.name, g.name, g.userid) as granted_by, t.granted_by as granted_by_member, t.granted_at, t.revoked_at,
         t.revoke_reason
  from gate_permits t
  join persons p on p.corp_id = t.corp_id and p.person_id = t.person_id
  left join memberships s on s.corp_id = t.corp_id and s.person_id = t.person_id and s.is_main
    and s.from_date <= $3 and (s.until_date is null or s.until_date > $3)
  left join departments d on d.corp_id = t.corp_id and d.department_id = s.department_id
  left join members g on g.corp_id = t.corp_id and g.member_id = t.granted_by
  left join persons gp on gp.corp_id = t.corp_id and gp.person_id = g.person_id
  where t.corp_id = $1
    and ($2 is null or d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))";

/// Permits, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    question: &Question,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = format!(
        "{SHOWN} and ($4 or t.revoked_at is null and t.until_time > $5) and ($6 is null or t.permit_id < $6)
         order by t.permit_id desc limit $7"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Date, _>(question.today)
        .bind::<Bool, _>(question.past)
        .bind::<Timestamptz, _>(question.now)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// A permit as its holder sees it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Own {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub permit_id: i64,
    /// `single` or `standing`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// From when.
    #[diesel(sql_type = Timestamptz)]
    pub from_time: DateTime<Utc>,
    /// Until when.
    #[diesel(sql_type = Timestamptz)]
    pub until_time: DateTime<Utc>,
    /// Names of the zones it opens; none: all of them.
    #[diesel(sql_type = Array<Text>)]
    pub zones: Vec<String>,
    /// Why, sealed for [`reason_place`].
    #[diesel(sql_type = Binary)]
    pub reason: Sealed,
    /// When it was granted.
    #[diesel(sql_type = Timestamptz)]
    pub granted_at: DateTime<Utc>,
    /// Ways it has been used, of a single one: `in`, `out`.
    #[diesel(sql_type = Array<Text>)]
    pub used: Vec<String>,
}

/// Permits somebody holds now or later, the next to end first.
pub async fn own(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Own>> {
    let sql = "
      select t.permit_id, t.kind, t.from_time, t.until_time, t.reason, t.granted_at,
             array(select z.name from gate_zones z where z.corp_id = t.corp_id and z.zone_id = any(t.zones) order by z.zone_id)
               as zones,
             array(select distinct u.direction from passages u where t.kind = 'single' and u.corp_id = t.corp_id
                     and u.permit_id = t.permit_id order by 1) as used
      from gate_permits t
      where t.corp_id = $1 and t.person_id = $2 and t.revoked_at is null and t.until_time > $3
      order by t.until_time, t.permit_id limit $4";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(person)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Ends a permit of someone in the scope; the row stays, with the reason. False when there is none, or it was revoked
/// before.
pub async fn revoke(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    question: &Question,
    id: i64,
    by: MemberId,
    reason: &str,
) -> Result<bool> {
    let found: Vec<Row> = diesel::sql_query(format!("{SHOWN} and t.permit_id = $4 and t.revoked_at is null"))
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Date, _>(question.today)
        .bind::<BigInt, _>(id)
        .load(conn)
        .await?;
    let Some(permit) = found.as_slice().first() else { return Ok(false) };
    let words = Words { corp: question.corp, person: permit.person_id, at: permit.granted_at };
    let reason = words.seal(keyring, revoke_place, reason)?;
    let sql = "update gate_permits set revoked_at = $3, revoked_by = $4, revoke_reason = $5
               where corp_id = $1 and permit_id = $2 and revoked_at is null";
    let revoked = diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<BigInt, _>(id)
        .bind::<Timestamptz, _>(question.now)
        .bind::<BigInt, _>(by)
        .bind::<Binary, _>(&reason)
        .execute(conn)
        .await?;
    if revoked == 1 {
        let event = Event::new(question.corp, Act::PermitRevoked, Some(by), question.now).on("permit", id);
        audit::insert(conn, event).await?;
    }
    Ok(revoked == 1)
}
