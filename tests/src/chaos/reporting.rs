//! R2: 20,000 reports at 300 a second while the server is killed every 50 to 500 ms. R4: Postgres goes away. R5: Redis in every state.
//! R11: the clock over midnight.

use std::time::{Duration, Instant};

use tokio::{task::JoinSet, time};

use super::rows;
use crate::{
    crowd::{Sender, sign_in_everybody},
    faults,
    process::Server,
    test_app::{REFERENCE, Shape, TestApp, roster_files_of},
};

/// The reference school with its people signed in, and the userids of its students.
pub(super) async fn reference_school() -> (TestApp, Vec<String>) {
    let test = TestApp::start_with(Shape::reference()).await;
    test.sync().await;
    let (people, grants) = roster_files_of(REFERENCE);
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    let userids = sign_in_everybody(&test).await;
    (test, userids)
}

fn nothing_lost(id: &str, (missing, doubled, rows): (i64, i64, i64)) {
    rows::write(id, "acknowledged and missing", missing as f64, "reports", "0", missing == 0);
    rows::write(id, "there twice", (doubled + rows) as f64, "reports", "0", doubled + rows == 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R2"]
async fn reports_through_kills() {
    let (test, userids) = reference_school().await;
    let userids = &userids[..10_000];
    let server = Server::start(&test, |_| ()).await;
    let sender = Sender::to(&server.url);
    let killer =
        faults::keep_killing(server, |kills| Duration::from_millis(50 + u64::from(kills) * 137 % 450));
    let reports = faults::report_all(&sender, userids, 2, 300.0).await;
    let (_server, kills) = killer.stop().await;
    let taken = reports.join_all().await.len();
    rows::write("R2", "reports at 300/s, acknowledged", taken as f64, "reports", "20000", taken == 20_000);
    rows::write("R2", "… while the server was killed", f64::from(kills), "times", "≥ 50", kills >= 50);
    nothing_lost("R2", faults::missing_and_doubled(&test, userids, 2).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R4"]
async fn without_postgres() {
    let (test, userids) = reference_school().await;
    let (server, mut gate) = faults::behind_a_gate(&test).await;
    let sender = Sender::to(&server.url);
    // 100 reports a second all the while; for half a minute of it Postgres is not to be reached.
    let (crowd, crowd_sender) = (userids[..9000].to_vec(), sender.clone());
    let reports = tokio::spawn(async move { faults::report_all(&crowd_sender, &crowd, 1, 100.0).await });
    time::sleep(Duration::from_secs(10)).await;
    gate.shut();
    let (mut refused, mut longest) = (0, Duration::ZERO);
    let cut = Instant::now();
    while cut.elapsed() < Duration::from_secs(30) {
        let began = Instant::now();
        let answer = sender.report(&userids[9000], "while-it-is-away").await.expect("an answer");
        longest = longest.max(began.elapsed());
        refused += u32::from(answer.status() == 503 && answer.headers().contains_key("retry-after"));
        assert!(!answer.status().is_success());
    }
    gate.reopen().await;
    let back = Instant::now();
    sender.report_until_taken(&userids[9000], "while-it-is-away").await;
    let again = back.elapsed().as_secs_f64();
    rows::write(
        "R4",
        "Postgres away for 30 s: refused with Retry-After",
        f64::from(refused),
        "requests",
        "> 0",
        refused > 0,
    );
    let slowest = longest.as_secs_f64();
    rows::write("R4", "… the slowest refusal", slowest, "s", "≤ 2", slowest <= 2.0);
    rows::write("R4", "… first success after it is back", again, "s", "≤ 5", again <= 5.0);
    // Then every backend is ended every two seconds, for a minute or until all have reported.
    let ending = tokio::spawn(async move {
        let mut ended = 0;
        for _ in 0..30 {
            time::sleep(Duration::from_secs(2)).await;
            ended += faults::end_connections(&test).await;
        }
        (test, ended)
    });
    let reports: JoinSet<_> = reports.await.unwrap();
    let taken = reports.join_all().await.len();
    let (test, ended) = ending.await.unwrap();
    rows::write("R4", "backends ended", ended as f64, "backends", "> 0", ended > 0);
    rows::write("R4", "reports acknowledged", taken as f64, "reports", "9000", taken == 9000);
    nothing_lost("R4", faults::missing_and_doubled(&test, &userids[..9001], 1).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R5"]
async fn redis_in_every_state() {
    let (test, userids) = reference_school().await;
    for went in faults::with_redis_in_trouble(&test, &userids, 200).await {
        let (taken, all) = (went.taken as f64, went.reports as f64);
        rows::write(
            "R5",
            &format!("{}: reports taken", went.what),
            taken / all * 100.0,
            "%",
            "100",
            went.taken == went.reports,
        );
        let share = went.signed_in as f64 / went.sign_ins as f64 * 100.0;
        rows::write("R5", "… sign-ins", share, "%", "≥ 99.9", share >= 99.9);
        rows::write(
            "R5",
            "… still signed in",
            f64::from(went.still_signed_in),
            "",
            "1",
            went.still_signed_in,
        );
        rows::write("R5", "… slowest report", went.longest.as_secs_f64(), "s", "–", true);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R11"]
async fn over_midnight() {
    let (test, userids) = reference_school().await;
    test.owner
        .batch_execute("update sessions set idle_until = idle_until + interval '3 days', ends_at = ends_at + interval '3 days'")
        .await
        .unwrap();
    let began = Instant::now();
    let wrong = faults::around_midnight(&test, &userids[..6000]).await;
    let rate = 6000.0 / began.elapsed().as_secs_f64();
    rows::write("R11", "reports on a wrong day", wrong as f64, "reports", "0", wrong == 0);
    rows::write("R11", "reports over midnight and jumps of the clock", rate, "/s", "≥ 500", rate >= 500.0);
}
