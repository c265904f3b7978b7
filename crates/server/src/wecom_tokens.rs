//! WeCom's tokens in Postgres: one for all processes, sealed, refreshed by one at a time.

use std::time::Duration;

use async_trait::async_trait;
use domain::CorpId;
use secrecy::{ExposeSecret, SecretString};
use store::{
    Store,
    tokens::{self, Key},
};
use wecom::{
    Lease, Stored, Token, TokenKey, TokenStore,
    token::{Refusal, StoreError},
};

/// The token store of one school.
#[derive(Debug, Clone)]
pub struct PostgresTokens {
    store: Store,
    corp: CorpId,
}

impl PostgresTokens {
    /// Over the tokens of `corp`.
    pub fn new(store: Store, corp: CorpId) -> Self {
        Self { store, corp }
    }

    fn key<'a>(&self, key: &'a TokenKey) -> Key<'a> {
        Key { corp: self.corp, app: &key.app, kind: key.kind.as_str() }
    }
}

// Each method is one short transaction: none is open while WeCom is asked.
#[async_trait]
impl TokenStore for PostgresTokens {
    async fn load(&self, key: &TokenKey) -> Result<Stored, StoreError> {
        let mut tx = self.store.scoped(self.corp).await?;
        let stored = tokens::load(&mut tx, self.store.keyring(), self.key(key)).await?;
        tx.commit().await?;
        Ok(Stored {
            token: stored.token.map(|token| Token {
                value: token.value,
                obtained_at: token.obtained_at,
                expires_at: token.expires_at,
            }),
            refusal: stored.refusal.map(|refusal| Refusal {
                code: refusal.code,
                hint: refusal.hint,
                until: refusal.until,
                credentials: refusal.credentials,
            }),
        })
    }

    async fn lease(&self, key: &TokenKey, span: Duration) -> Result<Option<Lease>, StoreError> {
        let mut tx = self.store.scoped(self.corp).await?;
        let until = tokens::lease(&mut tx, self.key(key), span.as_secs_f64()).await?;
        tx.commit().await?;
        Ok(until.map(|until| Lease { until }))
    }

    async fn save(&self, key: &TokenKey, lease: Lease, token: &Token) -> Result<(), StoreError> {
        let token = tokens::Token {
            value: token.value.clone(),
            obtained_at: token.obtained_at,
            expires_at: token.expires_at,
        };
        let mut tx = self.store.scoped(self.corp).await?;
        tokens::save(&mut tx, self.store.keyring(), self.key(key), &token, lease.until).await?;
        Ok(tx.commit().await?)
    }

    async fn refuse(&self, key: &TokenKey, lease: Lease, refusal: &Refusal) -> Result<(), StoreError> {
        let refusal = tokens::Refusal {
            code: refusal.code,
            hint: refusal.hint.clone(),
            until: refusal.until,
            credentials: refusal.credentials.clone(),
        };
        let mut tx = self.store.scoped(self.corp).await?;
        tokens::refuse(&mut tx, self.key(key), &refusal, lease.until).await?;
        Ok(tx.commit().await?)
    }

    async fn release(&self, key: &TokenKey, lease: Lease) -> Result<(), StoreError> {
        let mut tx = self.store.scoped(self.corp).await?;
        tokens::release(&mut tx, self.key(key), lease.until).await?;
        Ok(tx.commit().await?)
    }

    async fn expire(&self, key: &TokenKey, failed: &SecretString) -> Result<(), StoreError> {
        let mut tx = self.store.scoped(self.corp).await?;
        tokens::expire(&mut tx, self.key(key), failed.expose_secret()).await?;
        Ok(tx.commit().await?)
    }
}
