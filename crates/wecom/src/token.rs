//! Tokens and tickets (docs 91039, 90506): one per app and kind, shared by all processes.
//!
//! * One refresh at a time: inside a process by a mutex, across processes by a lease in the [`TokenStore`].
//! * A new one is asked for from 80 % of the old one's life on; the old one serves until its end. WeCom may answer
//!   with the same one again, then the next try is 300 s before its end.
//! * A token that failed is expired only if it still is the stored one, so that a hundred parallel failures
//!   lead to one refresh.
//! * Refused credentials are remembered for some minutes, by all processes: repeated wrong secrets block our address
//!   for an hour. A corrected secret is tried at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};
use tokio::time::Instant;

use crate::alarm;
use crate::client::App;
use crate::error::{ApiError, Class, Error, Result};

/// Where the client takes the time from. Tokens end by it; it should be the machine's clock.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How long one process may hold the right to refresh. Longer than a call with its time-out.
const LEASE: Duration = Duration::from_secs(15);
/// How long a caller without any living token waits for another process.
const WAIT: Duration = Duration::from_secs(20);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long before its end a token is asked for again when WeCom gave the same one back.
const LAST_CALL: TimeDelta = TimeDelta::seconds(300);
/// Pause after an early refresh that changed nothing.
const PAUSE: TimeDelta = TimeDelta::seconds(30);
/// How long refused credentials are not tried again.
const REFUSED_FOR: TimeDelta = TimeDelta::minutes(10);
/// How long WeCom's "too many calls" is respected.
const LIMITED_FOR: TimeDelta = TimeDelta::seconds(60);

/// The kinds of token an app has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// For every call.
    AccessToken,
    /// For the page's `wx.config`.
    CorpTicket,
    /// For the page's `wx.agentConfig`.
    AgentTicket,
}

impl TokenKind {
    /// A name for storing.
    pub fn as_str(self) -> &'static str {
        match self {
            TokenKind::AccessToken => "access_token",
            TokenKind::CorpTicket => "corp_ticket",
            TokenKind::AgentTicket => "agent_ticket",
        }
    }

    /// The call that gives it.
    fn api(self) -> &'static str {
        match self {
            TokenKind::AccessToken => "gettoken",
            TokenKind::CorpTicket => "get_jsapi_ticket",
            TokenKind::AgentTicket => "ticket/get",
        }
    }
}

/// Which token is meant. The corp is the store's own matter, and the secret is no key to anything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenKey {
    /// The app's name in our configuration.
    pub app: String,
    /// The kind.
    pub kind: TokenKind,
}

/// A token or ticket.
#[derive(Clone)]
pub struct Token {
    /// The value; never printed.
    pub value: SecretString,
    /// When we got it.
    pub obtained_at: DateTime<Utc>,
    /// When WeCom stops taking it.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("obtained_at", &self.obtained_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Token {
    fn is_alive(&self, now: DateTime<Utc>) -> bool {
        now < self.expires_at
    }

    /// When a new one should be asked for.
    fn next_try(&self) -> DateTime<Utc> {
        self.obtained_at + (self.expires_at - self.obtained_at) * 4 / 5
    }

    fn is(&self, value: &SecretString) -> bool {
        self.value.expose_secret() == value.expose_secret()
    }
}

/// WeCom refused to give a token, and is not asked again for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `errcode`.
    pub code: i64,
    /// The trace id and our address as WeCom saw it.
    pub hint: String,
    /// When it may be asked again.
    pub until: DateTime<Utc>,
    /// Which corp id and secret were refused: others are tried at once. Says nothing about the secret itself.
    pub credentials: String,
}

/// What a store keeps of one token.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// The token, however old.
    pub token: Option<Token>,
    /// The last refusal, however old.
    pub refusal: Option<Refusal>,
}

/// The right to refresh one token, held until a moment on the store's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Identifies the lease; the store's own time.
    pub until: DateTime<Utc>,
}

/// An error of a token store.
pub type StoreError = Box<dyn std::error::Error + Send + Sync>;

/// Keeps tokens for all processes of an installation. Implement it over a shared database;
/// [`MemoryTokens`] serves a single process.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// What is stored.
    async fn load(&self, key: &TokenKey) -> Result<Stored, StoreError>;
    /// Takes the right to refresh for `span`, unless somebody holds it.
    async fn lease(&self, key: &TokenKey, span: Duration) -> Result<Option<Lease>, StoreError>;
    /// Stores a token, forgets a refusal, and gives the lease back.
    async fn save(&self, key: &TokenKey, lease: Lease, token: &Token) -> Result<(), StoreError>;
    /// Stores a refusal beside the token, and gives the lease back.
    async fn refuse(&self, key: &TokenKey, lease: Lease, refusal: &Refusal) -> Result<(), StoreError>;
    /// Gives the lease back, if it still is this one.
    async fn release(&self, key: &TokenKey, lease: Lease) -> Result<(), StoreError>;
    /// Forgets the stored token, if its value is `failed`.
    async fn expire(&self, key: &TokenKey, failed: &SecretString) -> Result<(), StoreError>;
}

/// A token store for a single process.
#[derive(Debug, Clone, Default)]
pub struct MemoryTokens {
    rows: Arc<Mutex<HashMap<TokenKey, MemoryRow>>>,
}

#[derive(Debug, Default)]
struct MemoryRow {
    stored: Stored,
    lease: Option<(Lease, Instant)>,
    leases: i64,
}

impl MemoryTokens {
    fn with<T>(&self, key: &TokenKey, work: impl FnOnce(&mut MemoryRow) -> T) -> T {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        work(rows.entry(key.clone()).or_default())
    }
}

#[async_trait]
impl TokenStore for MemoryTokens {
    async fn load(&self, key: &TokenKey) -> Result<Stored, StoreError> {
        Ok(self.with(key, |row| row.stored.clone()))
    }

    async fn lease(&self, key: &TokenKey, span: Duration) -> Result<Option<Lease>, StoreError> {
        Ok(self.with(key, |row| {
            if row.lease.is_some_and(|(_, until)| Instant::now() < until) {
                return None;
            }
            row.leases += 1;
            // Only told apart, never read as a time.
            let lease = Lease { until: DateTime::from_timestamp(row.leases, 0).unwrap_or_default() };
            row.lease = Some((lease, Instant::now() + span));
            Some(lease)
        }))
    }

    async fn save(&self, key: &TokenKey, lease: Lease, token: &Token) -> Result<(), StoreError> {
        self.with(key, |row| row.stored = Stored { token: Some(token.clone()), refusal: None });
        self.release(key, lease).await
    }

    async fn refuse(&self, key: &TokenKey, lease: Lease, refusal: &Refusal) -> Result<(), StoreError> {
        self.with(key, |row| row.stored.refusal = Some(refusal.clone()));
        self.release(key, lease).await
    }

    async fn release(&self, key: &TokenKey, lease: Lease) -> Result<(), StoreError> {
        self.with(key, |row| row.lease = row.lease.filter(|(held, _)| *held != lease));
        Ok(())
    }

    async fn expire(&self, key: &TokenKey, failed: &SecretString) -> Result<(), StoreError> {
        self.with(key, |row| row.stored.token = row.stored.token.take().filter(|token| !token.is(failed)));
        Ok(())
    }
}

/// What WeCom answers when asked for a token.
pub(crate) struct Fresh {
    pub value: SecretString,
    pub expires_in: i64,
}

/// Asks WeCom for a token.
#[async_trait]
pub(crate) trait Fetch: Send + Sync + 'static {
    async fn fetch(&self) -> Result<Fresh>;
}

/// The tokens of one app.
pub(crate) struct Tokens {
    app: String,
    credentials: String,
    store: Arc<dyn TokenStore>,
    clock: Clock,
    access: Arc<Slot>,
    corp_ticket: Arc<Slot>,
    agent_ticket: Arc<Slot>,
}

#[derive(Default)]
struct Slot {
    cached: RwLock<Option<Cached>>,
    /// The last that failed. The store forgets it a moment later: until then it must not be taken from there.
    failed: RwLock<Option<SecretString>>,
    refreshing: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Clone)]
struct Cached {
    token: Token,
    next_try: DateTime<Utc>,
}

impl Slot {
    fn cached(&self) -> Option<Cached> {
        self.cached.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn cache(&self, token: &Token, next_try: DateTime<Utc>) {
        *self.cached.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Cached { token: token.clone(), next_try });
    }

    fn has_failed(&self, token: &Token) -> bool {
        let failed = self.failed.read().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().is_some_and(|failed| token.is(failed))
    }

    fn pardon(&self, token: &Token) {
        let mut failed = self.failed.write().unwrap_or_else(PoisonError::into_inner);
        *failed = failed.take().filter(|failed| !token.is(failed));
    }

    fn forget(&self, failed: &SecretString) {
        *self.failed.write().unwrap_or_else(PoisonError::into_inner) = Some(failed.clone());
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        *cached = cached.take().filter(|cached| !cached.token.is(failed));
    }
}

impl Tokens {
    pub fn new(app: &App, store: Arc<dyn TokenStore>, clock: Clock) -> Self {
        Tokens {
            app: app.name.clone(),
            credentials: digest(&app.corpid, &app.secret),
            store,
            clock,
            access: Arc::default(),
            corp_ticket: Arc::default(),
            agent_ticket: Arc::default(),
        }
    }

    /// A living token: the cached one, the stored one, or a new one.
    pub async fn get(&self, kind: TokenKind, fetch: impl Fetch) -> Result<SecretString> {
        let slot = self.slot(kind);
        let fresh_enough = |slot: &Slot| {
            let now = (self.clock)();
            slot.cached().filter(|cached| cached.token.is_alive(now) && now < cached.next_try)
        };
        if let Some(cached) = fresh_enough(slot) {
            return Ok(cached.token.value);
        }
        let alive = slot.cached().filter(|cached| cached.token.is_alive((self.clock)()));
        let turn = match &alive {
            // Somebody is refreshing already, and the old one still serves.
            Some(old) => match slot.refreshing.clone().try_lock_owned() {
                Ok(turn) => turn,
                Err(_) => return Ok(old.token.value.clone()),
            },
            None => slot.refreshing.clone().lock_owned().await,
        };
        if let Some(cached) = fresh_enough(slot) {
            return Ok(cached.token.value);
        }
        let refresh = Refresh {
            key: TokenKey { app: self.app.clone(), kind },
            credentials: self.credentials.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            slot: slot.clone(),
        };
        // In a task of its own, so that a caller who goes away does not leave the lease behind.
        let task = tokio::spawn(async move {
            let _turn = turn;
            refresh.run(&fetch).await
        });
        let outcome = task.await.unwrap_or_else(|_| Err(Error::TokenBusy { app: self.app.clone() }));
        match (outcome, alive) {
            // The store itself may be away.
            (Err(error), Some(old)) => {
                tracing::warn!(app = self.app, %error, "token not refreshed early, the old one still serves");
                slot.cache(&old.token, (self.clock)() + PAUSE);
                Ok(old.token.value)
            }
            (outcome, _) => outcome,
        }
    }

    /// A call failed with this token: never use it again, here or in another process.
    pub async fn expire(&self, kind: TokenKind, failed: &SecretString) -> Result<()> {
        self.slot(kind).forget(failed);
        let key = TokenKey { app: self.app.clone(), kind };
        self.store.expire(&key, failed).await.map_err(Error::Store)
    }

    fn slot(&self, kind: TokenKind) -> &Arc<Slot> {
        match kind {
            TokenKind::AccessToken => &self.access,
            TokenKind::CorpTicket => &self.corp_ticket,
            TokenKind::AgentTicket => &self.agent_ticket,
        }
    }
}

/// Tells credentials apart without saying anything about them: eight bytes of a hash of 256 random bits.
fn digest(corpid: &str, secret: &SecretString) -> String {
    let hash =
        Sha1::new().chain_update(corpid).chain_update([0]).chain_update(secret.expose_secret()).finalize();
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// One refresh, alone in this process.
struct Refresh {
    key: TokenKey,
    credentials: String,
    store: Arc<dyn TokenStore>,
    clock: Clock,
    slot: Arc<Slot>,
}

impl Refresh {
    async fn run(&self, fetch: &impl Fetch) -> Result<SecretString> {
        let deadline = Instant::now() + WAIT;
        loop {
            let now = (self.clock)();
            let stored = self.load().await?;
            if let Some(token) = stored.token.as_ref().filter(|token| self.is_news(token, now)) {
                return Ok(self.use_it(token, token.next_try().max(now + PAUSE)));
            }
            let refused = self.still_refused(&stored, now);
            // Old but living: what serves when there is nothing newer to be had.
            let living = stored.token.filter(|token| token.is_alive(now) && !self.slot.has_failed(token));
            let refreshed = if let Some(refusal) = refused {
                Some(Err(self.refused(refusal)))
            } else if let Some(lease) = self.store.lease(&self.key, LEASE).await.map_err(Error::Store)? {
                Some(self.fetch(fetch, lease).await)
            } else {
                None // another process is at it
            };
            match (refreshed, living) {
                (Some(Ok(value)), _) => return Ok(value),
                (Some(Err(error)), Some(token)) => {
                    tracing::warn!(app = self.key.app, %error, "token not refreshed early, the old one still serves");
                    return Ok(self.use_it(&token, now + PAUSE));
                }
                (Some(Err(error)), None) => return Err(error),
                (None, Some(token)) => return Ok(self.use_it(&token, now + PAUSE)),
                (None, None) if Instant::now() >= deadline => {
                    return Err(Error::TokenBusy { app: self.key.app.clone() });
                }
                (None, None) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    async fn fetch(&self, fetch: &impl Fetch, lease: Lease) -> Result<SecretString> {
        // Whoever held the lease before may have saved a token, or been refused, between our look and our lease.
        let before = self.load().await?;
        let now = (self.clock)();
        if let Some(token) = before.token.as_ref().filter(|token| self.is_news(token, now)) {
            self.release(lease).await;
            return Ok(self.use_it(token, token.next_try().max(now + PAUSE)));
        }
        if let Some(refusal) = self.still_refused(&before, now) {
            self.release(lease).await;
            return Err(self.refused(refusal));
        }
        match fetch.fetch().await {
            Ok(fresh) => {
                let obtained_at = (self.clock)();
                let token = Token {
                    value: fresh.value,
                    obtained_at,
                    expires_at: obtained_at + TimeDelta::seconds(fresh.expires_in.clamp(0, 100_000_000)),
                };
                self.store.save(&self.key, lease, &token).await.map_err(Error::Store)?;
                // Given again by WeCom itself, it is good whatever was said of it.
                self.slot.pardon(&token);
                if before.refusal.is_some() {
                    tracing::info!(
                        app = self.key.app,
                        kind = self.key.kind.as_str(),
                        "WeCom gives us tokens again"
                    );
                }
                let same = before.token.is_some_and(|old| old.is(&token.value));
                let next_try = if same { token.expires_at - LAST_CALL } else { token.next_try() };
                Ok(self.use_it(&token, next_try.max(obtained_at + PAUSE)))
            }
            Err(Error::Api(error)) if error.class() != Class::Busy => {
                let pause = if error.class() == Class::Rate { LIMITED_FOR } else { REFUSED_FOR };
                let refusal = Refusal {
                    code: error.code,
                    hint: error.hint.clone(),
                    until: (self.clock)() + pause,
                    credentials: self.credentials.clone(),
                };
                self.store.refuse(&self.key, lease, &refusal).await.map_err(Error::Store)?;
                // The same refusal ten minutes later is no news.
                let known = before
                    .refusal
                    .is_some_and(|old| old.code == refusal.code && old.credentials == refusal.credentials);
                if !known {
                    alarm::announce(&self.key.app, &error);
                }
                Err(self.refused(error))
            }
            Err(error) => {
                self.release(lease).await;
                Err(error)
            }
        }
    }

    /// The refusal that still holds for these credentials.
    fn still_refused(&self, stored: &Stored, now: DateTime<Utc>) -> Option<ApiError> {
        let refusal = stored.refusal.as_ref()?;
        (now < refusal.until && refusal.credentials == self.credentials).then(|| ApiError {
            api: self.key.kind.api(),
            code: refusal.code,
            hint: refusal.hint.clone(),
        })
    }

    /// Whether the stored token is worth taking instead of asking WeCom.
    fn is_news(&self, token: &Token, now: DateTime<Utc>) -> bool {
        let known = self.slot.cached().is_some_and(|cached| cached.token.is(&token.value));
        token.is_alive(now) && !known && !self.slot.has_failed(token) && now < token.next_try()
    }

    fn use_it(&self, token: &Token, next_try: DateTime<Utc>) -> SecretString {
        self.slot.cache(token, next_try);
        token.value.clone()
    }

    async fn load(&self) -> Result<Stored> {
        self.store.load(&self.key).await.map_err(Error::Store)
    }

    async fn release(&self, lease: Lease) {
        if let Err(error) = self.store.release(&self.key, lease).await {
            // It ends by itself in seconds.
            tracing::warn!(app = self.key.app, error, "the lease of a token refresh was not given back");
        }
    }

    fn refused(&self, refusal: ApiError) -> Error {
        // Only gettoken judges the credentials; a refused ticket is an ordinary error of its call.
        if self.key.kind == TokenKind::AccessToken && refusal.class() != Class::Rate {
            Error::Configuration { app: self.key.app.clone(), refusal }
        } else {
            Error::Api(refusal)
        }
    }
}
