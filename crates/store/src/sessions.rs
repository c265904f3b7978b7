//! Sessions. The cookie's value is never stored, only its SHA-256.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Integer, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId};

use crate::{
    Result,
    schema::{members, sessions},
};

/// One signed-in browser.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
pub struct Session {
    /// SHA-256 of the cookie's value.
    pub session_hash: Vec<u8>,
    /// The school.
    pub corp_id: CorpId,
    /// The account.
    pub member_id: MemberId,
    /// When the sign-in ended here.
    pub signed_in_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub seen_at: DateTime<Utc>,
    /// Unused until here, it ends.
    pub idle_until: DateTime<Utc>,
    /// It ends here whatever happens.
    pub ends_at: DateTime<Utc>,
    /// From where: `domain::session::Channel`.
    pub channel: &'static str,
    /// On what: `domain::platform::visit::Client`.
    pub system: &'static str,
    /// With what: `domain::session::Browser`.
    pub browser: &'static str,
}

/// A session, as whoever it is of sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Known {
    /// Its number: what it is ended by.
    pub session_id: i64,
    /// From where: `domain::session::Channel`.
    pub channel: String,
    /// On what: `domain::platform::visit::Client`.
    pub system: String,
    /// With what: `domain::session::Browser`.
    pub browser: String,
    /// When the sign-in ended here.
    pub signed_in_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub seen_at: DateTime<Utc>,
    /// It ends here whatever happens.
    pub ends_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub this: bool,
}

/// Begins a session.
pub async fn insert(conn: &mut AsyncPgConnection, session: &Session) -> Result<()> {
    diesel::insert_into(sessions::table).values(session).execute(conn).await?;
    Ok(())
}

/// Keeps a used session from idling out.
pub async fn touch(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    hash: &[u8],
    seen_at: DateTime<Utc>,
    idle_until: DateTime<Utc>,
) -> Result<()> {
    let session = sessions::table.filter(sessions::session_hash.eq(hash)).filter(sessions::corp_id.eq(corp));
    diesel::update(session)
        .set((sessions::seen_at.eq(seen_at), sessions::idle_until.eq(idle_until)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that a code of the second factor was shown in a session.
pub async fn prove(conn: &mut AsyncPgConnection, corp: CorpId, hash: &[u8], at: DateTime<Utc>) -> Result<()> {
    let session = sessions::table.filter(sessions::session_hash.eq(hash)).filter(sessions::corp_id.eq(corp));
    diesel::update(session).set(sessions::proven_at.eq(at)).execute(conn).await?;
    Ok(())
}

/// Ends a session.
pub async fn delete(conn: &mut AsyncPgConnection, corp: CorpId, hash: &[u8]) -> Result<()> {
    diesel::delete(
        sessions::table.filter(sessions::session_hash.eq(hash)).filter(sessions::corp_id.eq(corp)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The sessions of an account that have not ended, the last seen first. `this`: the hash of the one that asks.
pub async fn of_member(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    this: &[u8],
    now: DateTime<Utc>,
) -> Result<Vec<Known>> {
    Ok(sessions::table
        .filter(sessions::corp_id.eq(corp))
        .filter(sessions::member_id.eq(member))
        .filter(sessions::idle_until.gt(now))
        .filter(sessions::ends_at.gt(now))
        .order((sessions::seen_at.desc(), sessions::session_id.desc()))
        .select((
            sessions::session_id,
            sessions::channel,
            sessions::system,
            sessions::browser,
            sessions::signed_in_at,
            sessions::seen_at,
            sessions::ends_at,
            sessions::session_hash.eq(this),
        ))
        .load(conn)
        .await?)
}

/// Ends one session of an account. Gives its hash; none: the account has no such session.
pub async fn end(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    session_id: i64,
) -> Result<Option<Vec<u8>>> {
    let session = sessions::table
        .filter(sessions::corp_id.eq(corp))
        .filter(sessions::member_id.eq(member))
        .filter(sessions::session_id.eq(session_id));
    let ended: Vec<Vec<u8>> =
        diesel::delete(session).returning(sessions::session_hash).get_results(conn).await?;
    Ok(ended.into_iter().next())
}

/// Ends every session of an account, but for the one of the hash `keep`. Gives their hashes.
pub async fn end_all(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    keep: Option<&[u8]>,
) -> Result<Vec<Vec<u8>>> {
    // No session's hash is empty.
    let keep = keep.unwrap_or_default();
    let all = sessions::table
        .filter(sessions::corp_id.eq(corp))
        .filter(sessions::member_id.eq(member))
        .filter(sessions::session_hash.ne(keep));
    Ok(diesel::delete(all).returning(sessions::session_hash).get_results(conn).await?)
}

/// Until the transaction ends nobody else begins a session of this account, so that those that are there can be counted.
pub async fn lock(conn: &mut AsyncPgConnection, corp: CorpId, member: MemberId) -> Result<()> {
    diesel::sql_query("select pg_advisory_xact_lock(hashtextextended(format('sessions %s %s', $1, $2), 0))")
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(member)
        .execute(conn)
        .await?;
    Ok(())
}

/// A session that was ended.
#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = Binary)]
    session_hash: Vec<u8>,
}

/// Ends what an account has in a channel beyond `most`, those first that were not seen for the longest time. Gives their
/// hashes.
pub async fn end_beyond(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    channel: &str,
    most: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Vec<u8>>> {
    let sql = "
      delete from sessions where session_hash in (
        select session_hash from sessions
        where corp_id = $1 and member_id = $2 and channel = $3 and idle_until > $4 and ends_at > $4
        order by seen_at desc, session_id desc offset $5)
      returning session_hash";
    let ended: Vec<Ended> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(member)
        .bind::<Text, _>(channel)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(most)
        .load(conn)
        .await?;
    Ok(ended.into_iter().map(|session| session.session_hash).collect())
}

/// Ends every session of these accounts, by lower-cased userid.
pub async fn delete_of_members(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    userid_keys: &[String],
) -> Result<()> {
    let of_them = members::table
        .filter(members::corp_id.eq(corp))
        .filter(members::userid_key.eq_any(userid_keys))
        .select(members::member_id);
    diesel::delete(
        sessions::table.filter(sessions::corp_id.eq(corp)).filter(sessions::member_id.eq_any(of_them)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets sessions that have ended.
pub async fn sweep(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<usize> {
    let over = sessions::table.filter(sessions::ends_at.le(now).or(sessions::idle_until.le(now)));
    Ok(diesel::delete(over).execute(conn).await?)
}
