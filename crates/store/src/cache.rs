//! Redis: a cache that may be empty, slow or gone at any time. Nothing here is the truth.

use std::time::Duration;

use redis::{
    AsyncCommands, ConnectionInfo, IntoConnectionInfo,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};

/// How long one command may take before we go to Postgres instead.
const PATIENCE: Duration = Duration::from_millis(50);

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
            // One connection for all requests: a command must not wait for what became of another's.
            let server: ConnectionInfo = IntoConnectionInfo::into_connection_info(url)?;
            let server = server.set_tcp_settings(TcpSettings::default().set_nodelay(true));
            ConnectionManager::new_lazy_with_config(redis::Client::open(server)?, config)
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

    /// Whether Redis answers now, for the metrics.
    pub async fn answers(&self) -> bool {
        let Some(mut connection) = self.0.clone() else { return false };
        matches!(tokio::time::timeout(PATIENCE, connection.ping::<String>()).await, Ok(Ok(_)))
    }
}
