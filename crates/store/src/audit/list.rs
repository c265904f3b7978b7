//! What was recorded, to be looked through.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Date, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, MemberId, PersonId,
    audit::{Act, Content},
};
use serde_json::Value;

use crate::{Result, Sealed};

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// At or after this.
    pub from: Option<DateTime<Utc>>,
    /// Before this.
    pub until: Option<DateTime<Utc>>,
    /// Only these acts.
    pub act: Option<Act>,
    /// Only by one of these accounts.
    pub actors: Option<Vec<MemberId>>,
    /// Only about one of these people.
    pub subjects: Option<Vec<PersonId>>,
}

/// An event as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its own.
    #[diesel(sql_type = BigInt)]
    pub event_id: i64,
    /// Its number in the chain; none: it waits for one.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub seq: Option<i64>,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Who.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub actor: Option<MemberId>,
    /// Their name, or their account; none: the service itself.
    #[diesel(sql_type = Nullable<Text>)]
    pub actor_name: Option<String>,
    /// Their number.
    #[diesel(sql_type = Nullable<Text>)]
    pub actor_number: Option<String>,
    /// As [`Act`] writes it.
    #[diesel(sql_type = Text)]
    pub action: String,
    /// About whom.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub subject: Option<PersonId>,
    /// Their name.
    #[diesel(sql_type = Nullable<Text>)]
    pub subject_name: Option<String>,
    /// Their number.
    #[diesel(sql_type = Nullable<Text>)]
    pub subject_number: Option<String>,
    /// What it was done to.
    #[diesel(sql_type = Text)]
    pub object: String,
    /// More of it.
    #[diesel(sql_type = Jsonb)]
    pub detail: Value,
    /// Of a look: what for, sealed …
    #[diesel(sql_type = Nullable<Binary>)]
    pub look_purpose: Option<Sealed>,
    /// … for this row ([`access_log::purpose_place`](crate::access_log::purpose_place)).
    #[diesel(sql_type = Text)]
    pub look_row: String,
    /// Of an export: what for, sealed …
    #[diesel(sql_type = Nullable<Binary>)]
    pub export_purpose: Option<Sealed>,
    /// … for this row ([`exports::purpose_place`](crate::exports::purpose_place)).
    #[diesel(sql_type = Text)]
    pub export_row: String,
    #[diesel(sql_type = Binary)]
    nonce: Vec<u8>,
    /// The hash that is kept with it.
    #[diesel(sql_type = Binary)]
    pub hash: Vec<u8>,
}

impl Row {
    /// What it says, as it is hashed.
    pub fn content(&self, corp: CorpId) -> Content {
        Content {
            corp,
            at: self.at,
            actor: self.actor,
            action: self.action.clone(),
            subject: self.subject,
            object: self.object.clone(),
            detail: self.detail.clone(),
            nonce: self.nonce.clone(),
        }
    }
}

/// Events, the newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    question: &Question,
    before: Option<(DateTime<Utc>, i64)>,
    limit: i64,
) -> Result<Vec<Row>> {
    // What an object is called is text: only what is a number is taken for one.
    let sql = "select e.event_id, c.seq, e.at, e.actor, coalesce(ap.name, am.name, am.userid) as actor_name,
                 ap.number as actor_number, e.action, e.subject, sp.name as subject_name, sp.number as subject_number,
                 e.object, e.detail, l.purpose as look_purpose,
                 concat_ws('/', l.viewer, l.person_id, (extract(epoch from l.at) * 1000000)::bigint) as look_row,
                 x.purpose as export_purpose, concat_ws('/', x.made_by, x.request_key) as export_row, e.nonce, e.hash
               from audit_events e
               left join audit_chain c on c.corp_id = e.corp_id and c.event_id = e.event_id
               left join members am on am.corp_id = e.corp_id and am.member_id = e.actor
               left join persons ap on ap.corp_id = e.corp_id and ap.person_id = am.person_id
               left join persons sp on sp.corp_id = e.corp_id and sp.person_id = e.subject
               left join access_log l on l.corp_id = e.corp_id
                 and l.access_id = case when e.object ~ '^access:[0-9]{1,18}$' then split_part(e.object, ':', 2)::bigint end
               left join exports x on x.corp_id = e.corp_id
                 and x.export_id = case when e.object ~ '^export:[0-9]{1,18}$' then split_part(e.object, ':', 2)::bigint end
               where e.corp_id = $1 and ($2 is null or e.at >= $2) and ($3 is null or e.at < $3)
                 and ($4 is null or e.action = $4) and ($5 is null or e.actor = any($5))
                 and ($6 is null or e.subject = any($6)) and ($7 is null or (e.at, e.event_id) < ($7, $8))
               order by e.at desc, e.event_id desc limit $9";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<Timestamptz>, _>(question.from)
        .bind::<Nullable<Timestamptz>, _>(question.until)
        .bind::<Nullable<Text>, _>(question.act.map(Act::as_str))
        .bind::<Nullable<Array<BigInt>>, _>(question.actors.clone())
        .bind::<Nullable<Array<BigInt>>, _>(question.subjects.clone())
        .bind::<Nullable<Timestamptz>, _>(before.map(|(at, _)| at))
        .bind::<BigInt, _>(before.map_or(0, |(_, id)| id))
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

#[derive(QueryableByName)]
struct Member {
    #[diesel(sql_type = BigInt)]
    member_id: MemberId,
}

/// The accounts of whoever has this number, whatever the case, those they used before too.
pub async fn members_of(conn: &mut AsyncPgConnection, corp: CorpId, number: &str) -> Result<Vec<MemberId>> {
    let sql = "select m.member_id from persons p
               join members m on m.corp_id = p.corp_id and m.person_id = p.person_id
               where p.corp_id = $1 and lower(p.number) = lower($2)";
    let found: Vec<Member> =
        diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Text, _>(number).load(conn).await?;
    Ok(found.into_iter().map(|one| one.member_id).collect())
}

#[derive(QueryableByName)]
struct Person {
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
    #[diesel(sql_type = Text)]
    number: String,
}

/// The people of these numbers in lower case, those who left too.
pub async fn persons_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    numbers: &[String],
) -> Result<Vec<(String, PersonId)>> {
    let sql = "select person_id, lower(number) as number from persons where corp_id = $1 and lower(number) = any($2)";
    let found: Vec<Person> =
        diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Array<Text>, _>(numbers).load(conn).await?;
    Ok(found.into_iter().map(|one| (one.number, one.person_id)).collect())
}

#[derive(QueryableByName)]
struct Somebody {
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
}

/// Everybody who was in a department or below it on a day from the first to the second, which may be left open.
pub async fn persons_under(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    department: DepartmentId,
    (from, until): (Option<NaiveDate>, Option<NaiveDate>),
) -> Result<Vec<PersonId>> {
    let sql = "select distinct s.person_id from departments d
               join memberships s on s.corp_id = d.corp_id and s.department_id = d.department_id
               where d.corp_id = $1 and $2 in (d.department_id, d.class_id, d.grade_id, d.college_id)
                 and ($3 is null or s.until_date is null or s.until_date > $3) and ($4 is null or s.from_date <= $4)";
    let found: Vec<Somebody> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Integer, _>(department)
        .bind::<Nullable<Date>, _>(from)
        .bind::<Nullable<Date>, _>(until)
        .load(conn)
        .await?;
    Ok(found.into_iter().map(|one| one.person_id).collect())
}

/// Everybody an export named.
pub async fn persons_in_export(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    export: i64,
) -> Result<Vec<PersonId>> {
    let sql = "select distinct person_id from access_log where corp_id = $1 and export_id = $2";
    let found: Vec<Somebody> =
        diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(export).load(conn).await?;
    Ok(found.into_iter().map(|one| one.person_id).collect())
}

/// Somebody who looked at some people.
#[derive(Debug, Clone, QueryableByName)]
pub struct SeenBy {
    /// Their name, or their account; none: nobody knows one any more.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// Their number.
    #[diesel(sql_type = Nullable<Text>)]
    pub number: Option<String>,
    /// At how many of them.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// How often.
    #[diesel(sql_type = BigInt)]
    pub looks: i64,
    /// At what: `phone`, `answers` …
    #[diesel(sql_type = Array<Text>)]
    pub fields: Vec<String>,
    /// The first time …
    #[diesel(sql_type = Timestamptz)]
    pub first_at: DateTime<Utc>,
    /// … and the last.
    #[diesel(sql_type = Timestamptz)]
    pub last_at: DateTime<Utc>,
}

/// Who looked at one of these people from a moment, before another: whoever saw most of them first.
pub async fn viewers(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    people: &[PersonId],
    (from, until): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    limit: i64,
) -> Result<Vec<SeenBy>> {
    let sql = "select coalesce(p.name, m.name, m.userid) as name, p.number, l.people, l.looks, l.fields, l.first_at, l.last_at
               from (
                 select e.actor, count(distinct e.subject) as people, count(*) as looks, min(e.at) as first_at, max(e.at) as last_at,
                   array_agg(distinct coalesce(e.detail ->> 'field', '')) as fields
                 from audit_events e
                 where e.corp_id = $1 and e.subject = any($2) and e.action = 'look'
                   and ($3 is null or e.at >= $3) and ($4 is null or e.at < $4)
                 group by e.actor) l
               left join members m on m.corp_id = $1 and m.member_id = l.actor
               left join persons p on p.corp_id = $1 and p.person_id = m.person_id
               order by l.people desc, l.looks desc, l.actor limit $5";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(people)
        .bind::<Nullable<Timestamptz>, _>(from)
        .bind::<Nullable<Timestamptz>, _>(until)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}
