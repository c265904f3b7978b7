//! The queue: who gets a job, and when.

use chrono::{DateTime, Utc};
use serde_json::json;
use store::jobs::{self, End, NewJob};

use crate::test_app::TestApp;

/// The job somebody who asks now gets, leased for so long.
async fn lease(test: &TestApp, now: DateTime<Utc>, seconds: f64) -> Option<jobs::Leased> {
    let mut tx = test.app.store().unscoped().await.unwrap();
    let leased = jobs::lease(&mut tx, now, seconds).await.unwrap();
    tx.commit().await.unwrap();
    leased
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_work_is_never_done_side_by_side_not_even_when_its_worker_died() {
    let test = TestApp::start().await;
    test.owner.execute("delete from jobs", &[]).await.unwrap();
    let now = test.app.now();
    let job = NewJob {
        corp: 1,
        kind: "send_messages",
        payload: json!({}),
        unique_key: Some(String::new()),
        run_at: now,
        max_attempts: 5,
    };
    let add = async || {
        let mut tx = test.app.store().scoped(1).await.unwrap();
        assert!(jobs::add(&mut tx, &job, now).await.unwrap());
        tx.commit().await.unwrap();
    };
    add().await;
    // Its worker died: the lease is over already.
    let first = lease(&test, now, 0.0).await.expect("the job");
    add().await;
    let again = lease(&test, now, 60.0).await.expect("the same job once more");
    assert_eq!((again.job_id, again.attempts), (first.job_id, 2));
    assert!(lease(&test, now, 60.0).await.is_none(), "its twin waits");
    let mut tx = test.app.store().scoped(1).await.unwrap();
    jobs::finish(&mut tx, &again, &End::Done, now).await.unwrap();
    tx.commit().await.unwrap();
    let twin = lease(&test, now, 60.0).await.expect("its twin");
    assert_ne!(twin.job_id, first.job_id);
}
