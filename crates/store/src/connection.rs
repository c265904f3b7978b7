//! The pool, and the transaction that sees one school.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use diesel::{ConnectionError, QueryResult};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use domain::CorpId;
use futures_util::FutureExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::{runtime::Handle, task::JoinError};

use crate::{Error, Keyring, Result};

/// How to reach Postgres.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `postgres://…` of the service role, which owns no table.
    pub url: SecretString,
    /// Connections held at most.
    pub pool_size: usize,
    /// How long a caller waits for a connection before the answer is [`Error::Unavailable`].
    pub wait: Duration,
}

/// A pooled connection outside any transaction: for the control plane.
pub type Connection = Object<AsyncPgConnection>;

/// The way to Postgres. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: Pool<AsyncPgConnection>,
    url: Arc<SecretString>,
    keyring: Arc<Keyring>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}

impl Store {
    /// Makes the pool; connects at first use.
    pub fn new(settings: Settings, keyring: Keyring) -> Result<Self> {
        let mut config = ManagerConfig::default();
        // A test query at each checkout halves the rate of small writes. A dead connection is met at BEGIN
        // instead, where trying once more on a fresh one is always safe (see `begin`).
        config.recycling_method = RecyclingMethod::Fast;
        // Each worker of the server has a runtime of its own. What reads a connection runs where the pool was made, or the end
        // of the worker that opened it would cut off those that still answer.
        if let Ok(here) = Handle::try_current() {
            config.custom_setup = Box::new(move |url| {
                let (here, url) = (here.clone(), url.to_owned());
                let opened = here.spawn(async move { AsyncPgConnection::establish(&url).await });
                let told = |broken: JoinError| ConnectionError::BadConnection(broken.to_string());
                opened.map(move |opened| opened.map_err(told).flatten()).boxed()
            });
        }
        let manager = AsyncDieselConnectionManager::new_with_config(settings.url.expose_secret(), config);
        let pool = Pool::builder(manager)
            .max_size(settings.pool_size)
            .wait_timeout(Some(settings.wait))
            .create_timeout(Some(settings.wait))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        let (url, keyring) = (Arc::new(settings.url), Arc::new(keyring));
        Ok(Self { pool, url, keyring })
    }

    /// The keys that seal what must not lie open in the database.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// A transaction in which only the rows of `corp` exist. Call [`Scoped::commit`]; dropped, it rolls back.
    pub async fn scoped(&self, corp: CorpId) -> Result<Scoped> {
        self.begun(corp, &scope("BEGIN", corp)).await
    }

    /// The same to read only: a write in it fails.
    pub async fn reading(&self, corp: CorpId) -> Result<Scoped> {
        self.begun(corp, &scope("BEGIN READ ONLY", corp)).await
    }

    /// The same seen as it was at one moment, however many statements read it.
    pub async fn steady(&self, corp: CorpId) -> Result<Scoped> {
        self.begun(corp, &scope("BEGIN ISOLATION LEVEL REPEATABLE READ", corp)).await
    }

    /// A transaction on the control plane alone: tables of school data look empty in it.
    pub async fn unscoped(&self) -> Result<Scoped> {
        self.begun(0, "BEGIN").await
    }

    /// One that is not begun: [`Scoped::begin`] is to be polled first, joined with what is asked in it. Saves the hottest
    /// paths a round trip, and gives up the second try on a fresh connection that the others have.
    pub async fn to_begin(&self, corp: CorpId) -> Result<Scoped> {
        Ok(Scoped::on(self.control().await?, corp))
    }

    /// A connection for single statements on the control plane.
    pub async fn control(&self) -> Result<Connection> {
        self.pool.get().await.map_err(|error| Error::Unavailable(error.to_string()))
    }

    /// A connection of its own for COPY, which diesel-async does not have. Not pooled: a sync run takes one.
    pub async fn bulk(&self) -> Result<tokio_postgres::Client> {
        let (client, connection) = tokio_postgres::connect(self.url.expose_secret(), tokio_postgres::NoTls)
            .await
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "bulk connection ended");
            }
        });
        Ok(client)
    }

    async fn begun(&self, corp: CorpId, sql: &str) -> Result<Scoped> {
        let tx = self.to_begin(corp).await?;
        if tx.open(sql).await.is_ok() {
            return Ok(tx);
        }
        // The pooled connection died while it lay idle. Others may have too: drop them all, then try afresh.
        tx.discard();
        self.pool.retain(|_, _| false);
        let tx = self.to_begin(corp).await?;
        match tx.open(sql).await {
            Ok(()) => Ok(tx),
            Err(error) => {
                tx.discard();
                Err(Error::Unavailable(error.to_string()))
            }
        }
    }
}

/// BEGIN and the school in one round trip: corp is an integer, so there is nothing to quote.
fn scope(begin: &str, corp: CorpId) -> String {
    format!("{begin}; SET LOCAL rollcall.corp_id = '{corp}'")
}

/// An open transaction, scoped to one school. Derefs to the connection that queries take.
pub struct Scoped {
    connection: Option<Connection>,
    corp: CorpId,
}

impl Scoped {
    // The guard is there before BEGIN is: a caller that goes away in between leaves no open transaction in the pool.
    fn on(connection: Connection, corp: CorpId) -> Self {
        Self { connection: Some(connection), corp }
    }

    /// Begins what [`Store::to_begin`] gave. Postgres takes statements in the order they are sent, so what is polled after
    /// this stands in the transaction without waiting for it; what follows a BEGIN that failed on a dead connection never ran.
    pub async fn begin(&self) -> Result<()> {
        self.open(&scope("BEGIN", self.corp)).await.map_err(|error| Error::Unavailable(error.to_string()))
    }

    async fn open(&self, sql: &str) -> QueryResult<()> {
        let mut connection: &AsyncPgConnection = self;
        connection.batch_execute(sql).await
    }

    /// The school this transaction works for.
    pub fn corp(&self) -> CorpId {
        self.corp
    }

    /// Makes the work last.
    pub async fn commit(mut self) -> Result<()> {
        self.batch_execute("COMMIT").await?;
        self.connection = None;
        Ok(())
    }

    /// Closes a connection that is of no use any more.
    fn discard(mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

impl Drop for Scoped {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        // Rolling back needs a round trip, so it goes on behind the caller's back; outside a runtime (never in
        // the service) closing the connection does the same.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if connection.batch_execute("ROLLBACK").await.is_err() {
                        drop(Object::take(connection));
                    }
                });
            }
            Err(_) => drop(Object::take(connection)),
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "the connection is only taken by commit and drop, which consume the guard"
)]
impl Deref for Scoped {
    type Target = AsyncPgConnection;
    fn deref(&self) -> &AsyncPgConnection {
        self.connection.as_ref().expect("open transaction")
    }
}

#[expect(
    clippy::expect_used,
    reason = "the connection is only taken by commit and drop, which consume the guard"
)]
impl DerefMut for Scoped {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.connection.as_mut().expect("open transaction")
    }
}
