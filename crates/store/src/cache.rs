//! Redis: a cache that may be empty, slow or gone at any time. Nothing here is the truth.

use std::{sync::Arc, time::Duration};

use redis::{
    AsyncCommands,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::sync::OnceCell;

/// How long one command may take before we go to Postgres instead.
const PATIENCE: Duration = Duration::from_millis(50);

/// The way to Redis. Every method answers like an empty cache when Redis does not.
#[derive(Clone)]
pub struct Cache {
    client: Option<redis::Client>,
    connection: Arc<OnceCell<ConnectionManager>>,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cache(connected: {})", self.connection.initialized())
    }
}

impl Cache {
    /// `None`, or a URL that can't be read, gives a cache that is always empty.
    pub fn new(url: Option<&str>) -> Self {
        let client = url.and_then(|url| {
            redis::Client::open(url)
                .inspect_err(|error| tracing::warn!(%error, "redis is not used: bad url"))
                .ok()
        });
        Self { client, connection: Arc::new(OnceCell::new()) }
    }

    async fn connection(&self) -> Option<ConnectionManager> {
        let client = self.client.as_ref()?;
        let connect = || async {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(PATIENCE))
                .set_response_timeout(Some(PATIENCE))
                .set_number_of_retries(1);
            ConnectionManager::new_with_config(client.clone(), config).await
        };
        self.connection.get_or_try_init(connect).await.ok().cloned()
    }

    /// The value under `key`, if it is there now.
    pub async fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut connection = self.connection().await?;
        tokio::time::timeout(PATIENCE, connection.get(key)).await.ok()?.ok()?
    }

    /// Keeps `value` for `seconds`, if Redis takes it.
    pub async fn put(&self, key: &str, value: &[u8], seconds: u64) {
        if let Some(mut connection) = self.connection().await {
            let _: Result<Result<(), _>, _> =
                tokio::time::timeout(PATIENCE, connection.set_ex(key, value, seconds)).await;
        }
    }

    /// Forgets `key`.
    pub async fn forget(&self, key: &str) {
        if let Some(mut connection) = self.connection().await {
            let _: Result<Result<(), _>, _> = tokio::time::timeout(PATIENCE, connection.del(key)).await;
        }
    }

    /// Whether Redis answers now, for the metrics.
    pub async fn answers(&self) -> bool {
        let Some(mut connection) = self.connection().await else { return false };
        matches!(tokio::time::timeout(PATIENCE, connection.ping::<String>()).await, Ok(Ok(_)))
    }
}
