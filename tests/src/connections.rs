//! Connections to Postgres outlive who opened them. Every worker of the server has a runtime of its own, and at the end of the
//! server one ends while others still answer.

use serde_json::json;
use tokio::{runtime::Builder, task::spawn_blocking};

use crate::test_app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_outlives_the_worker_that_opened_it() {
    let test = TestApp::start_empty().await;
    let mut settings = test.settings.clone();
    settings["database"]["pool_size"] = json!(1);
    let config = serde_json::from_value(settings).unwrap();
    let app = server::compose::app(&config, test.clock.clone()).unwrap();
    let worker = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store = app.store().clone();
    worker.spawn(async move { drop(store.control().await.unwrap()) }).await.unwrap();
    // The only one there is.
    let mut conn = app.store().control().await.unwrap();
    spawn_blocking(move || drop(worker)).await.unwrap();
    store::jobs::lease(&mut conn, test.app.now(), 10.0).await.unwrap();
}
