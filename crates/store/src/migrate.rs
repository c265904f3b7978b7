//! Running the embedded migrations, by the owner of the tables.

use std::collections::HashSet;

use diesel::{
    migration::{Migration, MigrationSource},
    pg::Pg,
};
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

/// Brings the schema up to date; gives the names of what was run. [`Error::Strange`]: the database has migrations this version does
/// not know, and nothing was done. Needs a multi-thread tokio runtime.
pub async fn up(owner_url: &SecretString) -> Result<Vec<String>> {
    let mut harness = harness(owner_url).await?;
    let strange = strange(&mut harness)?;
    if !strange.is_empty() {
        return Err(Error::Strange(format!(
            "数据库里有这个版本不认识的迁移：{}。数据库是另一个版本建的：请用建它的版本，或换一个空的数据库；什么也没有改",
            strange.join("、")
        )));
    }
    let run =
        harness.run_pending_migrations(MIGRATIONS).map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(run.iter().map(ToString::to_string).collect())
}

/// Migrations the database went through and this version has not.
fn strange(harness: &mut AsyncMigrationHarness<AsyncPgConnection>) -> Result<Vec<String>> {
    let unavailable = |error: Box<dyn std::error::Error + Send + Sync>| Error::Unavailable(error.to_string());
    let ours: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations().map_err(unavailable)?;
    let ours: HashSet<String> = ours.iter().map(|migration| migration.name().version().to_string()).collect();
    let mut applied: Vec<String> =
        harness.applied_migrations().map_err(unavailable)?.iter().map(ToString::to_string).collect();
    applied.retain(|version| !ours.contains(version));
    applied.sort();
    Ok(applied)
}

/// Takes everything down again. For tests: a service never does this.
pub async fn down(owner_url: &SecretString) -> Result<Vec<String>> {
    let mut harness = harness(owner_url).await?;
    let run =
        harness.revert_all_migrations(MIGRATIONS).map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(run.iter().map(ToString::to_string).collect())
}
