//! Sessions. The cookie's value is never stored, only its SHA-256.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
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

/// Ends a session.
pub async fn delete(conn: &mut AsyncPgConnection, corp: CorpId, hash: &[u8]) -> Result<()> {
    diesel::delete(
        sessions::table.filter(sessions::session_hash.eq(hash)).filter(sessions::corp_id.eq(corp)),
    )
    .execute(conn)
    .await?;
    Ok(())
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
