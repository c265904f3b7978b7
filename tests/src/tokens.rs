//! WeCom's tokens in Postgres: one lease at a time, sealed, expired only by who met the failing one.

use store::tokens::{self, Key, Token};

use crate::test_app::TestApp;

const KEY: Key<'static> = Key { corp: 1, app: "some", kind: "access_token" };

fn token(test: &TestApp, value: &str) -> Token {
    let now = test.app.now();
    Token { value: value.into(), obtained_at: now, expires_at: now + chrono::TimeDelta::hours(2) }
}

async fn stored(test: &TestApp) -> Option<String> {
    use secrecy::ExposeSecret;
    let mut tx = test.app.store().scoped(1).await.unwrap();
    let token = tokens::load(&mut tx, test.app.store().keyring(), KEY).await.unwrap();
    token.map(|token| token.value.expose_secret().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_refreshes_and_a_dead_one_does_not_block_for_ever() {
    let test = TestApp::start_empty().await;
    let lease = async |seconds: f64| {
        let mut tx = test.app.store().scoped(1).await.unwrap();
        let lease = tokens::lease(&mut tx, KEY, seconds).await.unwrap();
        tx.commit().await.unwrap();
        lease
    };
    let release = async |lease| {
        let mut tx = test.app.store().scoped(1).await.unwrap();
        tokens::release(&mut tx, KEY, lease).await.unwrap();
        tx.commit().await.unwrap();
    };
    let first = lease(60.0).await.expect("free");
    assert_eq!(lease(60.0).await, None, "taken");
    release(first - chrono::TimeDelta::seconds(1)).await;
    assert_eq!(lease(60.0).await, None, "only its holder gives it back");
    release(first).await;
    // One that is over the moment it is taken, as a dead process's is after a while.
    assert!(lease(0.0).await.is_some());
    assert!(lease(60.0).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_kept_sealed_and_expired_by_its_own_value_only() {
    let test = TestApp::start_empty().await;
    let ring = test.app.store().keyring();
    let mut tx = test.app.store().scoped(1).await.unwrap();
    let lease = tokens::lease(&mut tx, KEY, 60.0).await.unwrap().unwrap();
    tokens::save(&mut tx, ring, KEY, &token(&test, "tok-first"), lease).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(stored(&test).await.as_deref(), Some("tok-first"));
    let bytes: Vec<u8> = test.one("select value from wecom_tokens where app = 'some'", &[]).await;
    assert!(!String::from_utf8_lossy(&bytes).contains("tok-first"));
    let held: bool =
        test.one("select refreshing_until is not null from wecom_tokens where app = 'some'", &[]).await;
    assert!(!held, "saving gives the lease back");

    for (failed, left) in [("tok-older", Some("tok-first")), ("tok-first", None)] {
        let mut tx = test.app.store().scoped(1).await.unwrap();
        tokens::expire(&mut tx, KEY, failed).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(stored(&test).await.as_deref(), left);
    }
    // Another school sees none of it.
    let mut tx = test.app.store().scoped(2).await.unwrap();
    assert!(tokens::load(&mut tx, ring, Key { corp: 2, ..KEY }).await.unwrap().is_none());
}
