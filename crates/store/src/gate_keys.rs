//! The keys that people's codes are signed with, a pair a day, and who is meant by a pseudonym.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId, audit::Act, gate::Bearer};
use serde_json::json;

use crate::{
    Result, Sealed,
    audit::{self, Event},
    prepared::prepared,
    sealed::{Place, column},
};

/// Where a signing key stands sealed; `kid` in hex.
pub fn signing_place(corp: CorpId, kid: &str) -> Place<'_> {
    Place { column: &column::GATE_SIGNING_KEY, corp, row: kid }
}

/// Where a pseudonym key stands sealed.
pub fn pseudonym_place(corp: CorpId, kid: &str) -> Place<'_> {
    Place { column: &column::GATE_PSEUDONYM_KEY, corp, row: kid }
}

/// The keys of a day.
#[derive(Debug, Clone, QueryableByName)]
pub struct Key {
    /// Names them in a code.
    #[diesel(sql_type = Binary)]
    pub kid: Vec<u8>,
    /// Their day.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// Sealed for [`signing_place`].
    #[diesel(sql_type = Binary)]
    pub signing_key: Sealed,
    /// What gates check codes with.
    #[diesel(sql_type = Binary)]
    pub public_key: Vec<u8>,
    /// Sealed for [`pseudonym_place`].
    #[diesel(sql_type = Binary)]
    pub pseudonym_key: Sealed,
    /// When they were made.
    #[diesel(sql_type = Timestamptz)]
    pub made_at: DateTime<Utc>,
    /// Since when they are worth nothing.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub killed_at: Option<DateTime<Utc>>,
    /// Who made them so, by name.
    #[diesel(sql_type = Nullable<Text>)]
    pub killed_by: Option<String>,
}

/// A statement that gives [`Key`]s of `gate_keys k`.
macro_rules! keys {
    ($rest:literal) => {
        concat!(
            "select k.kid, k.day, k.signing_key, k.public_key, k.pseudonym_key, k.made_at, k.killed_at,
                    coalesce(p.name, m.name, m.userid) as killed_by
             from gate_keys k
             left join members m on m.corp_id = k.corp_id and m.member_id = k.killed_by
             left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
             where k.corp_id = $1 ",
            $rest
        )
    };
}

/// The keys of a day that codes are signed with.
pub async fn standing(conn: &mut AsyncPgConnection, corp: CorpId, day: NaiveDate) -> Result<Option<Key>> {
    Ok(prepared(keys!("and k.day = $2 and k.killed_at is null"))
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(day)
        .get_result(conn)
        .await
        .optional()?)
}

/// The keys of these names, killed or not.
pub async fn by_kids(conn: &mut AsyncPgConnection, corp: CorpId, kids: &[Vec<u8>]) -> Result<Vec<Key>> {
    Ok(prepared(keys!("and k.kid = any($2)"))
        .bind::<Integer, _>(corp)
        .bind::<Array<Binary>, _>(kids)
        .load(conn)
        .await?)
}

/// Keys of this day and later, the newest first: killed ones too.
pub async fn since(conn: &mut AsyncPgConnection, corp: CorpId, day: NaiveDate) -> Result<Vec<Key>> {
    let sql = keys!("and k.day >= $2 order by k.day desc, k.made_at desc, k.kid limit 200");
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Date, _>(day).load(conn).await?)
}

/// Keys to be kept.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Their name.
    pub kid: Vec<u8>,
    /// Their day.
    pub day: NaiveDate,
    /// Sealed for [`signing_place`].
    pub signing_key: Sealed,
    /// What gates check codes with.
    pub public_key: Vec<u8>,
    /// Sealed for [`pseudonym_place`].
    pub pseudonym_key: Sealed,
}

/// Keeps the keys of a day, unless somebody was faster.
pub async fn add(conn: &mut AsyncPgConnection, corp: CorpId, key: &NewKey, now: DateTime<Utc>) -> Result<()> {
    let sql = "insert into gate_keys (corp_id, kid, day, signing_key, public_key, pseudonym_key, made_at)
               values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing";
    diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Binary, _>(&key.kid)
        .bind::<Date, _>(key.day)
        .bind::<Binary, _>(&key.signing_key)
        .bind::<Binary, _>(&key.public_key)
        .bind::<Binary, _>(&key.pseudonym_key)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes keys worthless; false when there are none of this name, or they are already.
pub async fn kill(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    kid: &[u8],
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = "update gate_keys set killed_at = $3, killed_by = $4 where corp_id = $1 and kid = $2 and killed_at is null";
    let killed = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Binary, _>(kid)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(by)
        .execute(conn)
        .await?;
    if killed == 1 {
        let detail = json!({ "kid": hex::encode(kid) });
        audit::insert(conn, Event::new(corp, Act::GateKeysKilled, Some(by), now).saying(detail)).await?;
    }
    Ok(killed == 1)
}

/// Keeps who is meant by a pseudonym.
pub async fn name(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    kid: &[u8],
    pseudonym: &[u8],
    bearer: Bearer,
) -> Result<()> {
    let sql = "insert into gate_pseudonyms (corp_id, kid, pseudonym, person_id, visitor_id) values ($1, $2, $3, $4, $5)
               on conflict do nothing";
    prepared(sql)
        .bind::<Integer, _>(corp)
        .bind::<Binary, _>(kid)
        .bind::<Binary, _>(pseudonym)
        .bind::<Nullable<BigInt>, _>(bearer.person())
        .bind::<Nullable<BigInt>, _>(bearer.visitor())
        .execute(conn)
        .await?;
    Ok(())
}

/// Who is meant by a pseudonym.
#[derive(Debug, Clone, QueryableByName)]
pub struct Named {
    /// The keys it is of.
    #[diesel(sql_type = Binary)]
    pub kid: Vec<u8>,
    /// The pseudonym.
    #[diesel(sql_type = Binary)]
    pub pseudonym: Vec<u8>,
    /// Who, of the roster …
    #[diesel(sql_type = Nullable<BigInt>)]
    pub person_id: Option<PersonId>,
    /// … or of the visitors.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub visitor_id: Option<i64>,
}

impl Named {
    /// Who.
    pub fn bearer(&self) -> Option<Bearer> {
        self.person_id.map(Bearer::Person).or(self.visitor_id.map(Bearer::Visitor))
    }
}

/// Who is meant by these pseudonyms, each of the keys at the same place of `kids`.
pub async fn named(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    kids: &[Vec<u8>],
    pseudonyms: &[Vec<u8>],
) -> Result<Vec<Named>> {
    let sql = "select s.kid, s.pseudonym, s.person_id, s.visitor_id from unnest($2, $3) as w (kid, pseudonym)
               join gate_pseudonyms s on s.corp_id = $1 and s.kid = w.kid and s.pseudonym = w.pseudonym";
    Ok(prepared(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<Binary>, _>(kids)
        .bind::<Array<Binary>, _>(pseudonyms)
        .load(conn)
        .await?)
}

/// Forgets keys of days before `day`, and who was meant by their codes.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, day: NaiveDate) -> Result<usize> {
    let sql = "delete from gate_keys where corp_id = $1 and day < $2";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Date, _>(day).execute(conn).await?)
}
