//! What was recorded, to be looked through.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId, PersonId,
    audit::{Act, Content},
};
use serde_json::Value;

use crate::Result;

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
    /// Of a look or an export: what for.
    #[diesel(sql_type = Nullable<Text>)]
    pub purpose: Option<String>,
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
                 e.object, e.detail, coalesce(l.purpose, x.purpose) as purpose, e.nonce, e.hash
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
