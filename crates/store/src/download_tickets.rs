//! What files are fetched by: within a minute, by the session that asked. Only hashes are kept.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;

use crate::{Result, schema::download_tickets};

/// Of what kind the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A sheet somebody had made: its number is `exports.export_id`.
    Export,
    /// A copy of one's own data: its number is `data_copies.copy_id`.
    DataCopy,
}

impl What {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::DataCopy => "data_copy",
        }
    }
}

/// A ticket.
#[derive(Debug, Clone, Copy)]
pub struct Ticket<'a> {
    /// The school.
    pub corp: CorpId,
    /// SHA-256 of what is handed out.
    pub hash: &'a [u8],
    /// SHA-256 of the cookie of the session that asked.
    pub session: &'a [u8],
    /// Of what kind the file is.
    pub what: What,
}

/// Keeps a ticket for the file of the number `subject`.
pub async fn add(
    conn: &mut AsyncPgConnection,
    ticket: Ticket<'_>,
    subject: i64,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(download_tickets::table)
        .values((
            download_tickets::corp_id.eq(ticket.corp),
            download_tickets::ticket_hash.eq(ticket.hash),
            download_tickets::session_hash.eq(ticket.session),
            download_tickets::what.eq(ticket.what.as_str()),
            download_tickets::subject.eq(subject),
            download_tickets::at.eq(at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Uses a ticket that was made since and used fewer than `most` times: the number of the file, and how many times it is used now.
pub async fn take(
    conn: &mut AsyncPgConnection,
    ticket: Ticket<'_>,
    since: DateTime<Utc>,
    most: i16,
) -> Result<Option<(i64, i16)>> {
    let known = download_tickets::table
        .filter(download_tickets::corp_id.eq(ticket.corp))
        .filter(download_tickets::ticket_hash.eq(ticket.hash))
        .filter(download_tickets::session_hash.eq(ticket.session))
        .filter(download_tickets::what.eq(ticket.what.as_str()))
        .filter(download_tickets::at.ge(since))
        .filter(download_tickets::uses.lt(most));
    let used = diesel::update(known).set(download_tickets::uses.eq(download_tickets::uses + 1));
    Ok(used
        .returning((download_tickets::subject, download_tickets::uses))
        .get_result(conn)
        .await
        .optional()?)
}

/// Forgets those that were made before `before`. How many.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let old = download_tickets::table
        .filter(download_tickets::corp_id.eq(corp))
        .filter(download_tickets::at.lt(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
