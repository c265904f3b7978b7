//! Redis: a cache that may be empty, slow or gone at any time. Nothing here is the truth.

use std::time::Duration;

use redis::{
    AsyncCommands,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use ring::rand::{SecureRandom, SystemRandom};

/// How long one command may take before we go to Postgres instead.
const PATIENCE: Duration = Duration::from_millis(50);

/// Where a counter begins.
fn begin() -> u64 {
    let mut bytes = [0; 8];
    // Without random numbers nothing else would work either; the worst is a figure some seconds old.
    let _ = SystemRandom::new().fill(&mut bytes);
    u64::from_le_bytes(bytes) >> 2
}

/// The way to Redis. Every method answers like an empty cache when Redis does not.
#[derive(Clone)]
pub struct Cache(Option<ConnectionManager>);

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cache(used: {})", self.0.is_some())
    }
}

impl Cache {
    /// `None`, or a URL that can't be read, gives a cache that is always empty. Connects at first use, behind the
    /// callers' backs; needs a tokio runtime.
    pub fn new(url: Option<&str>) -> Self {
        let connect = |url| {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(PATIENCE))
                .set_response_timeout(Some(PATIENCE))
                .set_number_of_retries(1);
            ConnectionManager::new_lazy_with_config(redis::Client::open(url)?, config)
        };
        let unusable = |error: &redis::RedisError| tracing::warn!(%error, "redis is not used: bad url");
        Self(url.and_then(|url| connect(url).inspect_err(unusable).ok()))
    }

    /// The value under `key`, if it is there now.
    pub async fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut connection = self.0.clone()?;
        tokio::time::timeout(PATIENCE, connection.get(key)).await.ok()?.ok()?
    }

    /// Keeps `value` for `seconds`, if Redis takes it.
    pub async fn put(&self, key: &str, value: &[u8], seconds: u64) {
        if let Some(mut connection) = self.0.clone() {
            let _: Result<Result<(), _>, _> =
                tokio::time::timeout(PATIENCE, connection.set_ex(key, value, seconds)).await;
        }
    }

    /// Forgets `key`.
    pub async fn forget(&self, key: &str) {
        if let Some(mut connection) = self.0.clone() {
            let _: Result<Result<(), _>, _> = tokio::time::timeout(PATIENCE, connection.del(key)).await;
        }
    }

    /// A counter, begun at random where there is none: one that was lost never comes back with an old number.
    pub async fn counter(&self, key: &str) -> Option<u64> {
        let mut connection = self.0.clone()?;
        let asked = async {
            let found: Option<u64> = connection.get(key).await?;
            if let Some(found) = found {
                return Ok(found);
            }
            let begun: bool = connection.set_nx(key, begin()).await?;
            tracing::debug!(begun, "a counter was begun");
            connection.get::<_, u64>(key).await
        };
        let answered: Result<redis::RedisResult<u64>, _> = tokio::time::timeout(PATIENCE, asked).await;
        answered.ok()?.ok()
    }

    /// Counts on; `false` when Redis did not say that it did.
    pub async fn count(&self, key: &str) -> bool {
        let Some(mut connection) = self.0.clone() else { return false };
        let counted = async {
            let number: u64 = connection.incr(key, 1).await?;
            // Nobody had begun it: from one on it could meet a number of before.
            if number == 1 { connection.set(key, begin()).await } else { Ok(()) }
        };
        let answered: Result<redis::RedisResult<()>, _> = tokio::time::timeout(PATIENCE, counted).await;
        matches!(answered, Ok(Ok(())))
    }

    /// Whether Redis answers now, for the metrics.
    pub async fn answers(&self) -> bool {
        let Some(mut connection) = self.0.clone() else { return false };
        matches!(tokio::time::timeout(PATIENCE, connection.ping::<String>()).await, Ok(Ok(_)))
    }
}
