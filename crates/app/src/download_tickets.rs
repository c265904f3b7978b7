//! What a file is fetched by. Browsers fetch a file by a link, with the cookie alone; so it is asked for first, as
//! everything else that matters is, and the link is good for one fetch, within a minute, in the session that asked.

use chrono::{DateTime, TimeDelta, Utc};
use domain::CorpId;
use store::{
    AsyncPgConnection,
    download_tickets::{self as tickets, Ticket},
};

pub(crate) use store::download_tickets::What;

use crate::{Error, Result, secret};

/// How long what was asked for can be fetched.
pub(crate) const LIFE: TimeDelta = TimeDelta::seconds(60);
/// Requests that are one fetch: a phone's web view begins, and hands the link and the cookie to its download manager, which
/// begins anew.
const REQUESTS: i16 = 3;

/// What a ticket is for.
pub(crate) struct Taken {
    /// The number of the file.
    pub(crate) subject: i64,
    /// Whether this is the first request of the fetch.
    pub(crate) first: bool,
}

/// A ticket for the file of the number `subject`: 64 letters and digits. `session`: the cookie of the one that asks.
pub(crate) async fn make(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    session: &str,
    what: What,
    subject: i64,
    now: DateTime<Utc>,
) -> Result<String> {
    let word = secret::token()?;
    let (hash, session) = (secret::hash(word.as_bytes()), secret::hash(session.as_bytes()));
    let ticket = Ticket { corp, hash: &hash, session: &session, what };
    tickets::add(conn, ticket, subject, now).await?;
    Ok(word)
}

/// Uses a ticket. [`Error::NotFound`]: it is another session's, or none, or was used up, or a minute is over.
pub(crate) async fn take(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    session: &str,
    what: What,
    word: &str,
    now: DateTime<Utc>,
) -> Result<Taken> {
    let (hash, session) = (secret::hash(word.as_bytes()), secret::hash(session.as_bytes()));
    let ticket = Ticket { corp, hash: &hash, session: &session, what };
    let (subject, uses) = tickets::take(conn, ticket, now - LIFE, REQUESTS).await?.ok_or(Error::NotFound)?;
    Ok(Taken { subject, first: uses == 1 })
}
