//! S9: forty scans a second at the gates of a school, for ten minutes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{self, Instant},
};
use url::Url;

use super::{
    rows,
    s2::{almost_everybody_reported, percentile},
};
use crate::{
    crowd::{Line, cookie, sign_in_everybody},
    gates::{Device, gate, pair, scan_id, zone},
    test_app::{REFERENCE, Shape, TestApp, roster_files_of},
};

const RATE: usize = 40;
const MINUTES: usize = 10;
/// Gates, with two devices each.
const GATES: usize = 4;

/// Codes of one person, with when each is shown.
type Codes = Vec<(DateTime<Utc>, String)>;

/// A line that was free for longer is not used again: the server may be hanging up.
const FRESH: Duration = Duration::from_secs(2);

/// The lines to the server that are free, and since when.
#[derive(Clone)]
struct Lines {
    server: Url,
    free: Arc<Mutex<Vec<(Line, Instant)>>>,
}

impl Lines {
    async fn post(&self, path: &str, header: &str, body: &str) -> Value {
        let free = self.free.lock().unwrap().pop();
        let mut line = match free {
            Some((line, since)) if since.elapsed() < FRESH => line,
            _ => Line::to(&self.server).await,
        };
        let (status, body) = line.post(path, header, body).await;
        assert_eq!(status, 200, "{path}: {body}");
        self.free.lock().unwrap().push((line, Instant::now()));
        serde_json::from_str(&body).unwrap()
    }
}

/// Lets the school's clock go as fast as ours.
fn let_time_pass(test: &TestApp) -> tokio::task::JoinHandle<()> {
    let clock = test.clock.clone();
    tokio::spawn(async move {
        let mut tick = time::interval(Duration::from_millis(20));
        let mut last = Instant::now();
        loop {
            let now = tick.tick().await;
            clock.advance(TimeDelta::from_std(now.saturating_duration_since(last)).unwrap());
            last = now.max(last);
        }
    })
}

async fn codes(lines: &Lines, userid: &str) -> Codes {
    // Without a body: one that nobody reads may cost the connection.
    let batch = lines.post("me/gate-codes", &cookie(userid), "").await;
    let shown = batch["codes"].as_array().unwrap().iter();
    shown
        .map(|code| {
            (code["from"].as_str().unwrap().parse().unwrap(), code["code"].as_str().unwrap().to_owned())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make bench ONLY=S9"]
async fn a_mornings_gates() {
    let test = TestApp::start_with(Shape::reference()).await;
    test.sync().await;
    let (people, grants) = roster_files_of(REFERENCE);
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    test.run_jobs().await;
    let mut userids = sign_in_everybody(&test).await;
    almost_everybody_reported(&test).await;
    test.owner.batch_execute("analyze").await.unwrap();
    // Everybody passes once a minute, in and out, always at the same gate.
    userids.truncate(RATE * 60);
    let administrator = test.sign_in(&test.personas_of(REFERENCE, "administrator")[0]).await;
    let campus = zone(&administrator, "东校区", Some("2020-03-01")).await;
    let rules =
        json!({ "forms": ["health-daily"], "entering": { "normal": true }, "leaving": { "normal": true } });
    let mut devices: Vec<Device> = Vec::new();
    for nth in 0..GATES {
        devices.push(gate(&test, &administrator, campus, &format!("{nth} 号门"), rules.clone()).await);
        devices.push(pair(&test, &administrator, devices[2 * nth].gate).await);
    }
    let headers: Arc<[String]> = devices.iter().map(Device::authorization).collect();
    let clock = let_time_pass(&test);
    let lines = Lines { server: test.url.clone(), free: Arc::default() };
    let batches: Arc<Mutex<HashMap<usize, Codes>>> = Arc::default();

    let mut scans = JoinSet::new();
    // The first minute is for the server and Postgres to know each other.
    let began = Instant::now();
    for nth in 0..RATE * 60 * (MINUTES + 1) {
        let person = nth % userids.len();
        let (lines, userid, headers) = (lines.clone(), userids[person].clone(), headers.clone());
        let (school, batches) = (test.clock.clone(), batches.clone());
        let intended = began
            + Duration::from_secs(2)
            + Duration::from_secs(1) * u32::try_from(nth).unwrap() / RATE as u32;
        scans.spawn(async move {
            // As a phone does it: codes are there before they are shown.
            time::sleep_until(intended - Duration::from_secs(1)).await;
            let now = || domain::clock::Clock::now(&*school);
            let held = batches.lock().unwrap().remove(&person);
            let mut held = held
                .filter(|codes| codes.last().is_some_and(|(from, _)| *from > now() + TimeDelta::seconds(5)));
            if held.is_none() {
                held = Some(codes(&lines, &userid).await);
            }
            let held = held.unwrap();
            time::sleep_until(intended).await;
            let shown =
                held.iter().rev().find(|(from, _)| *from <= now()).or(held.first()).unwrap().1.clone();
            batches.lock().unwrap().insert(person, held);
            let direction = if (nth / (RATE * 60)).is_multiple_of(2) { "in" } else { "out" };
            let id = scan_id();
            let scan = json!({ "id": id, "code": shown, "direction": direction }).to_string();
            let decision = lines.post("gate/scans", &headers[person % headers.len()], &scan).await;
            let taken = intended.elapsed().as_secs_f64() * 1000.0;
            (nth >= RATE * 60, taken, decision["reason"].as_str().unwrap_or("allowed").to_owned())
        });
    }
    let done = scans.join_all().await;
    clock.abort();
    let sent = done.len();
    let mut reasons: HashMap<&str, usize> = HashMap::new();
    for (_, _, reason) in &done {
        *reasons.entry(reason).or_default() += 1;
    }
    eprintln!("{reasons:?}");
    let kept: i64 = test.one("select count(*) from passages where not offline", &[]).await;
    let lost = i64::try_from(sent).unwrap() - kept;
    let mut times: Vec<f64> =
        done.iter().filter(|(counts, ..)| *counts).map(|(_, taken, _)| *taken).collect();
    let scans = times.len() as f64;
    rows::write("S9", "scans in ten minutes", scans, "scans", "24000", times.len() == RATE * 60 * MINUTES);
    rows::write("S9", "… lost", lost as f64, "scans", "0", lost == 0);
    let strange =
        done.iter().filter(|(_, _, reason)| !["allowed", "abnormal"].contains(&reason.as_str())).count();
    rows::write(
        "S9",
        "… answered otherwise than the reports say",
        strange as f64,
        "scans",
        "0",
        strange == 0,
    );
    let p99 = percentile(&mut times, 99.0);
    rows::write("S9", "decision on a scan, p99, from intended starts", p99, "ms", "≤ 30", p99 <= 30.0);
    let p50 = percentile(&mut times, 50.0);
    rows::write("S9", "… p50", p50, "ms", "–", true);
}
