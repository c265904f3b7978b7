//! WeCom's tokens and tickets, sealed, and the lease that lets one process refresh one of them. The lease runs
//! on the database's clock.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Double, Integer, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;
use ring::digest;

use crate::{
    Keyring, Result,
    schema::wecom_tokens::{self, dsl},
    sealed::{Place, Sealed},
};

/// Which token: the app's name in the configuration, and the kind (`access_token`, `corp_ticket`, `agent_ticket`).
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// The school.
    pub corp: CorpId,
    /// The app's name, or `contacts`.
    pub app: &'a str,
    /// The kind.
    pub kind: &'a str,
}

/// An opened token.
pub struct Token {
    /// Never printed.
    pub value: secrecy::SecretString,
    /// When it was given.
    pub obtained_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl Key<'_> {
    fn row(&self) -> String {
        format!("{}:{}", self.app, self.kind)
    }
}

fn place<'a>(key: Key<'_>, row: &'a str) -> Place<'a> {
    Place { column: "wecom_tokens.value", corp: key.corp, row }
}

fn digest_of(value: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, value.as_bytes()).as_ref().to_vec()
}

macro_rules! this_row {
    ($key:expr) => {
        dsl::corp_id.eq($key.corp).and(dsl::app.eq($key.app)).and(dsl::kind.eq($key.kind))
    };
}

/// The stored token, however old.
pub async fn load(conn: &mut AsyncPgConnection, ring: &Keyring, key: Key<'_>) -> Result<Option<Token>> {
    type Row = (Option<Sealed>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    let row: Option<Row> = wecom_tokens::table
        .filter(this_row!(key))
        .select((dsl::value, dsl::obtained_at, dsl::expires_at))
        .first(conn)
        .await
        .optional()?;
    let Some((Some(value), Some(obtained_at), Some(expires_at))) = row else { return Ok(None) };
    // A token that does not open (the keys were changed) is no loss: a new one is fetched.
    let opened =
        ring.open(place(key, &key.row()), &value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(opened.map(|value| Token { value: value.into(), obtained_at, expires_at }))
}

/// Takes the right to refresh for some seconds; `None` while somebody holds it. The moment it ends names the lease.
pub async fn lease(
    conn: &mut AsyncPgConnection,
    key: Key<'_>,
    seconds: f64,
) -> Result<Option<DateTime<Utc>>> {
    #[derive(QueryableByName)]
    struct Lease {
        #[diesel(sql_type = Timestamptz)]
        refreshing_until: DateTime<Utc>,
    }
    let sql = "insert into wecom_tokens as t (corp_id, app, kind, refreshing_until)
               values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
               on conflict (corp_id, app, kind) do update set refreshing_until = excluded.refreshing_until
                 where t.refreshing_until is null or t.refreshing_until <= clock_timestamp()
               returning refreshing_until";
    let taken: Option<Lease> = diesel::sql_query(sql)
        .bind::<Integer, _>(key.corp)
        .bind::<Text, _>(key.app)
        .bind::<Text, _>(key.kind)
        .bind::<Double, _>(seconds)
        .get_result(conn)
        .await
        .optional()?;
    Ok(taken.map(|lease| lease.refreshing_until))
}

/// Stores a token, and gives the lease back.
pub async fn save(
    conn: &mut AsyncPgConnection,
    ring: &Keyring,
    key: Key<'_>,
    token: &Token,
    lease: DateTime<Utc>,
) -> Result<()> {
    use secrecy::ExposeSecret;
    let value = token.value.expose_secret();
    let sealed = ring.seal(place(key, &key.row()), value.as_bytes())?;
    diesel::update(wecom_tokens::table.filter(this_row!(key)))
        .set((
            dsl::value.eq(Some(sealed)),
            dsl::digest.eq(Some(digest_of(value))),
            dsl::obtained_at.eq(Some(token.obtained_at)),
            dsl::expires_at.eq(Some(token.expires_at)),
        ))
        .execute(conn)
        .await?;
    release(conn, key, lease).await
}

/// Gives the lease back, if it still is this one.
pub async fn release(conn: &mut AsyncPgConnection, key: Key<'_>, lease: DateTime<Utc>) -> Result<()> {
    diesel::update(wecom_tokens::table.filter(this_row!(key)).filter(dsl::refreshing_until.eq(lease)))
        .set(dsl::refreshing_until.eq(None::<DateTime<Utc>>))
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets the token, if it still is the one that failed.
pub async fn expire(conn: &mut AsyncPgConnection, key: Key<'_>, failed: &str) -> Result<()> {
    diesel::update(wecom_tokens::table.filter(this_row!(key)).filter(dsl::digest.eq(digest_of(failed))))
        .set((
            dsl::value.eq(None::<Sealed>),
            dsl::digest.eq(None::<Vec<u8>>),
            dsl::obtained_at.eq(None::<DateTime<Utc>>),
            dsl::expires_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
