//! Running the embedded migrations, by the owner of the tables.

use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::MigrationHarness;
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, MIGRATIONS, Result};

async fn harness(owner_url: &SecretString) -> Result<AsyncMigrationHarness<AsyncPgConnection>> {
    let connection = AsyncPgConnection::establish(owner_url.expose_secret())
        .await
        .map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(AsyncMigrationHarness::new(connection))
}

/// Brings the schema up to date; gives the names of what was run. Needs a multi-thread tokio runtime.
pub async fn up(owner_url: &SecretString) -> Result<Vec<String>> {
    let mut harness = harness(owner_url).await?;
    let run =
        harness.run_pending_migrations(MIGRATIONS).map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(run.iter().map(ToString::to_string).collect())
}

/// Takes everything down again. For tests: a service never does this.
pub async fn down(owner_url: &SecretString) -> Result<Vec<String>> {
    let mut harness = harness(owner_url).await?;
    let run =
        harness.revert_all_migrations(MIGRATIONS).map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(run.iter().map(ToString::to_string).collect())
}
