//! R9: 50,000 changes of the directory in ten minutes, with events lost, doubled and overtaken, and a worker that dies
//! again and again.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::json;
use tokio::{sync::watch, time};

use super::rows;
use crate::{
    mirror::{Shaker, mirror_picture, reconcile, wecom_picture},
    test_app::{Shape, TestApp},
};

const CHANGES: u32 = 50_000;
const MINUTES: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R9"]
async fn fifty_thousand_events() {
    let test = TestApp::start_with(Shape::reference()).await;
    test.sync().await;
    let mut shaker = Shaker::new(&test, 9).await;
    test.control(
        "faults",
        &json!([
            { "path": "callback/contacts", "duplicate": true, "times": 2000 },
            { "path": "callback/contacts", "reorder": true, "skip": 500, "times": 500 },
        ]),
    )
    .await;
    // The school's clock goes on, as jobs that wait a little expect.
    let clock = test.clock.clone();
    tokio::spawn(async move {
        loop {
            time::sleep(Duration::from_secs(1)).await;
            clock.advance(TimeDelta::seconds(1));
        }
    });
    let (_stop, stopped) = watch::channel(false);
    let mut worker = tokio::spawn(app::jobs::work(test.app.clone(), stopped.clone()));
    let mut tick = time::interval(Duration::from_secs(60) * MINUTES / CHANGES);
    for n in 0..CHANGES {
        tick.tick().await;
        shaker.move_someone().await;
        if n % 2500 == 2499 {
            worker.abort();
            worker = tokio::spawn(app::jobs::work(test.app.clone(), stopped.clone()));
        }
    }
    let ended = Instant::now();
    test.simulator.callbacks_delivered().await;
    // Equal, or no event is left that could make it so.
    let seconds = loop {
        let differ = mirror_picture(&test).await != wecom_picture(&test).await;
        if !differ || ended.elapsed() > Duration::from_secs(300) {
            break ended.elapsed().as_secs_f64();
        }
        time::sleep(Duration::from_secs(1)).await;
    };
    rows::write("R9", "equal to WeCom after the end", seconds, "s", "≤ 60", seconds <= 60.0);
    let looks: i64 = test.one("select count(*) from sync_runs", &[]).await;
    rows::write("R9", "looks at the directory by then", looks as f64, "looks", "–", true);

    test.control("faults", &json!({ "path": "callback/contacts", "lose": true, "times": 500 })).await;
    for _ in 0..500 {
        shaker.move_someone().await;
    }
    test.simulator.callbacks_delivered().await;
    let differs = mirror_picture(&test).await.symmetric_difference(&wecom_picture(&test).await).count();
    rows::write("R9", "lines that differ while events are lost", differs as f64, "lines", "> 0", differs > 0);
    worker.abort();
    while time::timeout(Duration::from_secs(30), reconcile(&test)).await.is_err() {}
    let differs = mirror_picture(&test).await.symmetric_difference(&wecom_picture(&test).await).count();
    rows::write("R9", "… and after the next reconcile", differs as f64, "lines", "0", differs == 0);
}
