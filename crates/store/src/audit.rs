//! 审计: events are only added, numbered and chained by one sealer at a time, read back to be looked through and verified, and cut at the
//! front when they were kept long enough.

mod chain;
mod cuts;
mod list;
mod settings;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Binary, Integer, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId, PersonId,
    audit::{Act, Content, event_hash},
};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

pub use chain::{
    Head, HeadRow, Key, Waiting, add_head, add_key, heads, keys, last_head, last_link, links, lock, loose,
    seal, signing_place, unsealed, waiting_gone,
};
pub use cuts::{CutRow, add_cut, anchored_to, cut, cuts, head_signed_before, waiting_cuts};
pub use list::{
    Question, Row, SeenBy, list, members_of, persons_in_export, persons_of, persons_under, viewers,
};
pub use settings::note_settings;

use crate::{Error, Result, prepared::prepared};

/// Events of one statement at most: an export names everybody it has.
const AT_ONCE: usize = 5_000;

/// Who does something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    /// Whose account; none: the service itself, or a command.
    pub member: Option<MemberId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Something that is done, to be recorded in its own transaction.
#[derive(Debug, Clone)]
pub struct Event {
    corp: CorpId,
    at: DateTime<Utc>,
    actor: Option<MemberId>,
    act: Act,
    subject: Option<PersonId>,
    object: String,
    detail: Value,
}

impl Event {
    /// An act of somebody; `by` none: of the service itself.
    pub fn new(corp: CorpId, act: Act, by: Option<MemberId>, at: DateTime<Utc>) -> Self {
        Self { corp, at, actor: by, act, subject: None, object: String::new(), detail: json!({}) }
    }

    /// Whose data it was, or who was given something.
    pub fn of(self, person: PersonId) -> Self {
        Self { subject: Some(person), ..self }
    }

    /// What it was done to: `on("grant", 123)`.
    pub fn on(self, noun: &str, id: i64) -> Self {
        Self { object: format!("{noun}:{id}"), ..self }
    }

    /// More of it: names of fields, counts and ids, whole numbers only. Never what somebody's data says.
    pub fn saying(self, detail: Value) -> Self {
        Self { detail, ..self }
    }

    /// As it is hashed and kept. Postgres keeps microseconds, and so does the hash.
    fn content(self) -> Result<Content> {
        let mut nonce = vec![0; 16];
        SystemRandom::new().fill(&mut nonce).map_err(|_| Error::Unexpected("the system's randomness"))?;
        Ok(Content {
            corp: self.corp,
            at: self.at,
            actor: self.actor,
            action: self.act.as_str().to_owned(),
            subject: self.subject,
            object: self.object,
            detail: self.detail,
            nonce,
        })
    }
}

/// Records an act, in its own transaction. It waits for its number without anybody waiting for it.
pub async fn insert(conn: &mut AsyncPgConnection, event: Event) -> Result<()> {
    let corp = event.corp;
    let content = event.content()?;
    insert_part(conn, corp, &[content]).await
}

/// Records the same act once for each of these people.
pub async fn insert_for(conn: &mut AsyncPgConnection, event: &Event, people: &[PersonId]) -> Result<()> {
    for part in people.chunks(AT_ONCE) {
        let contents =
            part.iter().map(|person| event.clone().of(*person).content()).collect::<Result<Vec<_>>>()?;
        insert_part(conn, event.corp, &contents).await?;
    }
    Ok(())
}

/// Records several acts of one school.
pub async fn insert_all(conn: &mut AsyncPgConnection, corp: CorpId, events: Vec<Event>) -> Result<()> {
    let contents = events.into_iter().map(Event::content).collect::<Result<Vec<_>>>()?;
    for part in contents.chunks(AT_ONCE) {
        insert_part(conn, corp, part).await?;
    }
    Ok(())
}

async fn insert_part(conn: &mut AsyncPgConnection, corp: CorpId, contents: &[Content]) -> Result<()> {
    // One statement: no event without its place among those that wait.
    let sql = "with added as (
                 insert into audit_events (corp_id, at, actor, action, subject, object, detail, nonce, hash)
                 select $1, r.* from unnest($2, $3, $4, $5, $6, $7, $8, $9) as r
                 returning event_id)
               insert into audit_unsealed (corp_id, event_id) select $1, event_id from added";
    prepared(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<Timestamptz>, _>(contents.iter().map(|one| one.at).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(contents.iter().map(|one| one.actor).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(contents.iter().map(|one| one.action.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(contents.iter().map(|one| one.subject).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(contents.iter().map(|one| one.object.as_str()).collect::<Vec<_>>())
        .bind::<Array<Jsonb>, _>(contents.iter().map(|one| one.detail.clone()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(contents.iter().map(|one| one.nonce.clone()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(contents.iter().map(event_hash).collect::<Vec<_>>())
        .execute(conn)
        .await?;
    Ok(())
}
