//! What WeCom told us, kept before it is answered. The work happens in a job.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;

use crate::{
    Result, Sealed,
    schema::inbox,
    sealed::{Place, column},
};

/// What members do in the chat. They wait for it, so it is answered apart from what needs a look at the directory.
pub const FROM_MEMBERS: [&str; 9] = [
    "template_card_event",
    "template_card_menu_event",
    "text",
    "image",
    "voice",
    "video",
    "location",
    "link",
    "enter_agent",
];

/// Where a message stands sealed; `digest` in hex is its row.
pub fn place(corp: CorpId, digest_hex: &str) -> Place<'_> {
    Place { column: &column::INBOX_MESSAGE, corp, row: digest_hex }
}

/// A verified, decrypted message to be kept.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = inbox)]
pub struct NewMessage {
    /// The school.
    pub corp_id: CorpId,
    /// The app it came to, or `contacts`.
    pub app: String,
    /// SHA-256 of the decrypted XML: WeCom's repeats are encrypted anew.
    pub digest: Vec<u8>,
    /// e.g. `change_contact.update_user`.
    pub event: String,
    /// The XML, sealed.
    pub message: Sealed,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// Keeps a message; false when it is a repeat.
pub async fn insert(conn: &mut AsyncPgConnection, message: &NewMessage) -> Result<bool> {
    Ok(diesel::insert_into(inbox::table).values(message).on_conflict_do_nothing().execute(conn).await? == 1)
}

/// A message to be handled.
#[derive(Debug, Clone, Queryable)]
pub struct Message {
    /// Its id, in order of arrival.
    pub inbox_id: i64,
    /// The app it came to, or `contacts`.
    pub app: String,
    /// SHA-256 of the XML.
    pub digest: Vec<u8>,
    /// The XML, sealed.
    pub message: Sealed,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// The oldest messages nobody has handled, without those [of members](FROM_MEMBERS).
pub async fn unhandled(conn: &mut AsyncPgConnection, corp: CorpId, limit: i64) -> Result<Vec<Message>> {
    Ok(inbox::table
        .filter(inbox::corp_id.eq(corp))
        .filter(inbox::handled_at.is_null())
        .filter(inbox::event.ne_all(FROM_MEMBERS))
        .order(inbox::inbox_id)
        .limit(limit)
        .select((inbox::inbox_id, inbox::app, inbox::digest, inbox::message, inbox::received_at))
        .load(conn)
        .await?)
}

/// The oldest messages [of members](FROM_MEMBERS) to an app that nobody has handled, after `after`.
pub async fn from_members(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    after: i64,
    limit: i64,
) -> Result<Vec<Message>> {
    Ok(inbox::table
        .filter(inbox::corp_id.eq(corp))
        .filter(inbox::handled_at.is_null())
        .filter(inbox::event.eq_any(FROM_MEMBERS))
        .filter(inbox::inbox_id.gt(after))
        .order(inbox::inbox_id)
        .limit(limit)
        .select((inbox::inbox_id, inbox::app, inbox::digest, inbox::message, inbox::received_at))
        .load(conn)
        .await?)
}

/// Marks messages handled.
pub async fn mark_handled(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    ids: &[i64],
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(inbox::table.filter(inbox::corp_id.eq(corp)).filter(inbox::inbox_id.eq_any(ids)))
        .set(inbox::handled_at.eq(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets handled messages of before `before`.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let old = inbox::table.filter(inbox::corp_id.eq(corp)).filter(inbox::handled_at.lt(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
