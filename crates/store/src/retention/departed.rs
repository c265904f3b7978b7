//! The end of what is held on people who left: their phone, what others than the roster said of them, their photo, what was put right,
//! where they slept and were last seen, and the words of reasons. That they were there, and when they were away, stays for the figures
//! of those days.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Date, Integer, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, PersonId};

use crate::Result;

/// What is erased, by table. $1 corp, $2 people. Of a row that stays the reason is emptied: `Words` opens it as no words.
const ERASED: [(&str, &str); 10] = [
    (
        "persons",
        "update persons set phone = null where corp_id = $1 and person_id = any($2) and phone is not null",
    ),
    ("person_fields", "delete from person_fields where corp_id = $1 and person_id = any($2)"),
    ("photos", "delete from photos where corp_id = $1 and person_id = any($2)"),
    ("corrections", "delete from corrections where corp_id = $1 and person_id = any($2)"),
    ("phone_corrections", "delete from phone_corrections where corp_id = $1 and person_id = any($2)"),
    ("residences", "delete from residences where corp_id = $1 and person_id = any($2)"),
    ("gate_presence", "delete from gate_presence where corp_id = $1 and person_id = any($2)"),
    (
        "exemptions",
        "update exemptions set reason = '', revoke_reason = case when revoke_reason is not null then ''::bytea end
         where corp_id = $1 and person_id = any($2) and (octet_length(reason) > 0 or octet_length(revoke_reason) > 0)",
    ),
    (
        "status_changes",
        "update status_changes set reason = '', revoke_reason = case when revoke_reason is not null then ''::bytea end
         where corp_id = $1 and person_id = any($2) and (octet_length(reason) > 0 or octet_length(revoke_reason) > 0)",
    ),
    (
        "gate_permits",
        "update gate_permits set reason = '', revoke_reason = case when revoke_reason is not null then ''::bytea end
         where corp_id = $1 and person_id = any($2) and (octet_length(reason) > 0 or octet_length(revoke_reason) > 0)",
    ),
];

/// Who has left, and of whom something is left to be erased. $1 corp, $2 the last day somebody may have left on, $3 the moment since which
/// nothing new was said of them, $4 how many. A departure may be entered long after its day, and wrongly: then it counts from when it was
/// entered, so that there is time to put it right. Of whom no roster ever spoke, the last of their accounts says when they left.
const DUE: &str = "
  select p.person_id from persons p
  where p.corp_id = $1 and (p.roster_at is null or p.roster_at < $3)
    and (p.until_date <= $2
      or p.until_date is null
        and exists (select from kind_persons k where k.corp_id = p.corp_id and k.person_id = p.person_id)
        and (select max(coalesce(m.left_on, 'infinity')) from members m
             where m.corp_id = p.corp_id and m.person_id = p.person_id) <= $2)
    and not exists (select from status_changes c where c.corp_id = p.corp_id and c.person_id = p.person_id
                      and greatest(c.made_at, c.revoked_at) >= $3)
    and (p.phone is not null
      or exists (select from person_fields t where t.corp_id = p.corp_id and t.person_id = p.person_id)
      or exists (select from photos t where t.corp_id = p.corp_id and t.person_id = p.person_id)
      or exists (select from corrections t where t.corp_id = p.corp_id and t.person_id = p.person_id)
      or exists (select from phone_corrections t where t.corp_id = p.corp_id and t.person_id = p.person_id)
      or exists (select from residences t where t.corp_id = p.corp_id and t.person_id = p.person_id)
      or exists (select from gate_presence t where t.corp_id = p.corp_id and t.person_id = p.person_id)
      or exists (select from exemptions t where t.corp_id = p.corp_id and t.person_id = p.person_id
                   and (octet_length(t.reason) > 0 or octet_length(t.revoke_reason) > 0))
      or exists (select from status_changes t where t.corp_id = p.corp_id and t.person_id = p.person_id
                   and (octet_length(t.reason) > 0 or octet_length(t.revoke_reason) > 0))
      or exists (select from gate_permits t where t.corp_id = p.corp_id and t.person_id = p.person_id
                   and (octet_length(t.reason) > 0 or octet_length(t.revoke_reason) > 0)))
  order by p.person_id limit $4 for update of p skip locked";

#[derive(QueryableByName)]
struct Left {
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
}

/// So many people whose first day away was not after `left_by`, of whom nothing new was said since `silent_since`, and on whom something
/// is held. Their rows are held until the transaction ends: nobody brings them back meanwhile.
pub async fn due(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    left_by: NaiveDate,
    silent_since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<PersonId>> {
    let left: Vec<Left> = diesel::sql_query(DUE)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(left_by)
        .bind::<Timestamptz, _>(silent_since)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?;
    Ok(left.into_iter().map(|row| row.person_id).collect())
}

/// Erases what is held on these people. How many rows, by table; those of which nothing went are not named.
pub async fn erase(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    people: &[PersonId],
) -> Result<Vec<(&'static str, usize)>> {
    let mut erased = Vec::new();
    for (table, sql) in ERASED {
        let rows = diesel::sql_query(sql)
            .bind::<Integer, _>(corp)
            .bind::<Array<BigInt>, _>(people)
            .execute(conn)
            .await?;
        if rows > 0 {
            erased.push((table, rows));
        }
    }
    Ok(erased)
}
