//! WeCom's tokens and tickets, sealed, and the lease that lets one process refresh one of them. The lease runs
//! on the database's clock.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Double, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;
use ring::digest;

use crate::{
    Keyring, Result,
    schema::wecom_tokens::{self, dsl},
    sealed::{Place, Sealed, column},
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

/// WeCom gave no token, and is not asked again for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// WeCom's code.
    pub code: i64,
    /// Its trace id and our address.
    pub hint: String,
    /// When it may be asked again.
    pub until: DateTime<Utc>,
    /// A hash that tells the refused credentials from others.
    pub credentials: String,
}

/// What is stored of one token.
#[derive(Default)]
pub struct Stored {
    /// The token, however old.
    pub token: Option<Token>,
    /// The last refusal, however old.
    pub refusal: Option<Refusal>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = wecom_tokens)]
struct Row {
    value: Option<Sealed>,
    obtained_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    refused_code: Option<i64>,
    refused_hint: Option<String>,
    refused_until: Option<DateTime<Utc>>,
    refused_credentials: Option<String>,
}

impl Row {
    fn refusal(&self) -> Option<Refusal> {
        Some(Refusal {
            code: self.refused_code?,
            hint: self.refused_hint.clone().unwrap_or_default(),
            until: self.refused_until?,
            credentials: self.refused_credentials.clone()?,
        })
    }
}

impl Key<'_> {
    fn row(&self) -> String {
        format!("{}:{}", self.app, self.kind)
    }
}

fn place<'a>(key: Key<'_>, row: &'a str) -> Place<'a> {
    Place { column: &column::TOKEN, corp: key.corp, row }
}

fn digest_of(value: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, value.as_bytes()).as_ref().to_vec()
}

macro_rules! this_row {
    ($key:expr) => {
        dsl::corp_id.eq($key.corp).and(dsl::app.eq($key.app)).and(dsl::kind.eq($key.kind))
    };
}

/// What is stored.
pub async fn load(conn: &mut AsyncPgConnection, ring: &Keyring, key: Key<'_>) -> Result<Stored> {
    let row: Option<Row> =
        wecom_tokens::table.filter(this_row!(key)).select(Row::as_select()).first(conn).await.optional()?;
    let Some(row) = row else { return Ok(Stored::default()) };
    let refusal = row.refusal();
    let token = match (row.value, row.obtained_at, row.expires_at) {
        // A token that does not open (the keys were changed) is no loss: a new one is fetched.
        (Some(value), Some(obtained_at), Some(expires_at)) => ring
            .open(place(key, &key.row()), &value)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(|value| Token { value: value.into(), obtained_at, expires_at }),
        _ => None,
    };
    Ok(Stored { token, refusal })
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

/// Stores a token, forgets a refusal, and gives the lease back.
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
            dsl::refused_code.eq(None::<i64>),
            dsl::refused_hint.eq(None::<String>),
            dsl::refused_since.eq(None::<DateTime<Utc>>),
            dsl::refused_until.eq(None::<DateTime<Utc>>),
            dsl::refused_credentials.eq(None::<String>),
        ))
        .execute(conn)
        .await?;
    release(conn, key, lease).await
}

/// Stores a refusal beside the token, and gives the lease back.
pub async fn refuse(
    conn: &mut AsyncPgConnection,
    key: Key<'_>,
    refusal: &Refusal,
    lease: DateTime<Utc>,
) -> Result<()> {
    diesel::update(wecom_tokens::table.filter(this_row!(key)))
        .set((
            dsl::refused_code.eq(refusal.code),
            dsl::refused_hint.eq(&refusal.hint),
            dsl::refused_since
                .eq(diesel::dsl::sql::<Nullable<Timestamptz>>("coalesce(refused_since, clock_timestamp())")),
            dsl::refused_until.eq(refusal.until),
            dsl::refused_credentials.eq(&refusal.credentials),
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

/// How WeCom took an app's credentials when it was last asked.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = wecom_tokens, check_for_backend(diesel::pg::Pg))]
pub struct State {
    /// The app's name in the configuration, or `contacts`.
    pub app: String,
    /// When the token was given; none: there is none.
    pub obtained_at: Option<DateTime<Utc>>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// WeCom's code; none: it did not refuse.
    pub refused_code: Option<i64>,
    /// Its trace id and our address.
    pub refused_hint: Option<String>,
    /// The first of the refusals, on the database's clock.
    pub refused_since: Option<DateTime<Utc>>,
    /// When it may be asked again.
    pub refused_until: Option<DateTime<Utc>>,
}

/// The state of each app's access token, without the token.
pub async fn states(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<State>> {
    Ok(wecom_tokens::table
        .filter(dsl::corp_id.eq(corp))
        .filter(dsl::kind.eq("access_token"))
        .order(dsl::app)
        .select(State::as_select())
        .load(conn)
        .await?)
}
