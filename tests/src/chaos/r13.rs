//! R13: Postgres is killed, every file of it is gone, and so are the data keys; production's scripts bring it back from the encrypted
//! backup and the keys from their mirror: each table as it was, less than a minute lost, and what lies sealed opens again.
//! `HISTORY=` so many reports; a large school has 18,000,000 in some years.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde_json::Value;
use server::{
    clock::SystemClock,
    commands::doctor::{Outcome, examine},
};
use tokio::{process::Command, time};
use tokio_postgres::Client;
use url::Url;

use super::{rows, s2};
use crate::{
    crowd::{Sender, sign_in_as},
    databases,
    process::Server,
    test_app::{REFERENCE, Shape, TestApp, normal_answers, root, roster_files_of},
};

/// The Postgres that is lost; `make chaos` has made it.
const CLUSTER: &str = "deploy/dev/backup-cluster.sh";
const RESTORE: &str = "deploy/production/backup/restore.sh";
const MIRROR: &str = "deploy/production/backup/mirror-keys.sh";

async fn run(script: &str, arguments: &[&str]) {
    let mut command = Command::new(root().join(script));
    let ended = command.args(arguments).stdin(Stdio::null()).status().await.expect("the script runs");
    assert!(ended.success(), "{script} {arguments:?}: {ended}");
}

async fn restore(arguments: &[&str]) {
    let start = format!("'{}' start", root().join(CLUSTER).display());
    let mut all = vec!["--start", start.as_str()];
    all.extend_from_slice(arguments);
    run(RESTORE, &all).await;
}

/// Reports of the day and of so many days before it, with revisions and answers: bytes that compress as badly as sealed ones.
async fn write_history(test: &TestApp, days: i64) {
    s2::write_history(test, i32::try_from(days).unwrap()).await;
    test.owner
        .batch_execute(
            "select ensure_answers_partition(retention, month) from (select distinct retention, month from reports) months;
             insert into report_revisions (corp_id, report_id, revision, form_version_id, state, facts, flags, carried, source, at)
             select corp_id, report_id, 1, form_version_id, state, facts, flags, '{}', source, submitted_at from reports;
             insert into report_answers (corp_id, retention, month, report_id, revision, answers)
             select corp_id, retention, month, report_id, 1, sha512(convert_to(receipt, 'UTF8')) || sha512(convert_to('+' || receipt, 'UTF8'))
             from reports",
        )
        .await
        .unwrap();
}

/// Makes one directory of keys what another is.
async fn mirror(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    run(MIRROR, &[from.to_str().unwrap(), to.to_str().unwrap()]).await;
}

/// Somebody who has not reported that day does, over HTTP. Gives who, and the receipt.
async fn report_one(test: &TestApp) -> (String, String) {
    sign_in_as(test, "crowd-").await;
    let userid: String = test
        .one(
            "select min(b.userid) from persons p join members b using (corp_id, person_id)
             join memberships m using (corp_id, person_id)
             join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id
             where p.kind = 'student' and m.is_main and m.until_date is null and d.college_id is not null and b.left_on is null
               and not exists (select from reports r where r.corp_id = p.corp_id and r.person_id = p.person_id
                 and r.day = date '2020-03-04')",
            &[],
        )
        .await;
    let receipt = Sender::to(&test.url).report_until_taken(&userid, "before-the-loss").await;
    (userid, receipt["receipt"].as_str().unwrap().to_owned())
}

/// Whether somebody reads at this server what they answered.
async fn opens(server: &Server, userid: &str, receipt: &str) -> bool {
    let path = format!("reports/{receipt}/revisions");
    let answer = Sender::to(&server.url).get(userid, &path).await.unwrap();
    let revisions: Value = answer.json().await.unwrap();
    revisions["items"][0]["answers"] == normal_answers()
}

/// Of every table its rows: how many, and the sum of their md5's first halves, whatever their order. Unlogged tables are left
/// out: they hold what a sync is reading, and are empty after any crash.
async fn hashes(owner: &Client) -> BTreeMap<String, String> {
    let tables = owner
        .query(
            "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relkind = 'r' and c.relpersistence = 'p'
               and n.nspname not in ('pg_catalog', 'information_schema', 'r13')",
            &[],
        )
        .await
        .unwrap();
    let mut hashes = BTreeMap::new();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!(
            "select concat(count(*), ' ', sum(('x' || left(md5(hashed::text), 16))::bit(64)::bigint::numeric)) from {table} hashed"
        );
        hashes.insert(table, owner.query_one(&sql, &[]).await.unwrap().get(0));
    }
    hashes
}

fn equal(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> usize {
    before.iter().filter(|&(table, hash)| after.get(table) == Some(hash)).count()
}

/// A row five times a second until Postgres is gone. Gives the time of the last that was committed.
async fn mark(url: Url) -> DateTime<Utc> {
    let client = databases::connect(&url).await;
    let mut tick = time::interval(Duration::from_millis(200));
    let mut last: Option<DateTime<Utc>> = None;
    loop {
        tick.tick().await;
        match client.query_one("insert into r13.markers values (clock_timestamp()) returning at", &[]).await {
            Ok(row) => last = Some(row.get(0)),
            Err(_) => return last.expect("a marker before the end"),
        }
    }
}

/// Until the part of the log that is being written is archived, and then until just before the next one would be: when most is lost.
async fn worst_moment(owner: &Client) {
    let now = "select pg_walfile_name(pg_current_wal_lsn())";
    let part: String = owner.query_one(now, &[]).await.unwrap().get(0);
    let archived = async || -> bool {
        let sql = "select coalesce(last_archived_wal >= $1, false) from pg_stat_archiver";
        owner.query_one(sql, &[&part]).await.unwrap().get(0)
    };
    while !archived().await {
        time::sleep(Duration::from_millis(200)).await;
    }
    let sql = "select setting::bigint from pg_settings where name = 'archive_timeout'";
    let seconds: i64 = owner.query_one(sql, &[]).await.unwrap().get(0);
    time::sleep(Duration::from_secs(u64::try_from(seconds).unwrap()) - Duration::from_secs(2)).await;
}

async fn until_ready(server: &Server) {
    let http = reqwest::Client::new();
    let url = server.url.join("/readyz").unwrap();
    while !http.get(url.clone()).send().await.is_ok_and(|answer| answer.status().is_success()) {
        time::sleep(Duration::from_millis(50)).await;
    }
}

async fn newest_marker(owner: &Client) -> DateTime<Utc> {
    owner.query_one("select max(at) from r13.markers", &[]).await.unwrap().get(0)
}

fn seconds_between(earlier: DateTime<Utc>, later: DateTime<Utc>) -> f64 {
    (later - earlier).num_milliseconds() as f64 / 1000.0
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R13"]
async fn from_the_backup() {
    let history: i64 = env::var("HISTORY").map_or(1_000_000, |reports| reports.parse().expect("a number"));
    let test = TestApp::start_with(Shape::reference()).await;
    test.sync().await;
    let (people, grants) = roster_files_of(REFERENCE);
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    test.run_jobs().await;
    s2::almost_everybody_reported(&test).await;
    let reports = "select count(*) from reports";
    let a_day: i64 = test.one(reports, &[]).await;
    write_history(&test, history / a_day).await;
    let began = Instant::now();
    run(CLUSTER, &["backup"]).await;
    rows::write("R13", "full backup, encrypted", began.elapsed().as_secs_f64(), "s", "–", true);

    // What stands in the archived log alone: rows that came, changed and went after the backup.
    test.owner
        .batch_execute(
            "update reports set state = 'abnormal', revision = 2 where report_id % 10 = 0;
             insert into report_revisions (corp_id, report_id, revision, form_version_id, state, facts, flags, carried, source, at)
             select corp_id, report_id, 2, form_version_id, state, facts, flags, '{}', source, submitted_at from reports
             where revision = 2;
             delete from report_answers where report_id % 50 = 0;
             create schema r13;
             create table r13.markers (at timestamptz primary key)",
        )
        .await
        .unwrap();
    let (userid, receipt) = report_one(&test).await;
    let keys = test.config.sealing.key_dir.clone();
    let apart = PathBuf::from(format!("{}-apart", keys.display()));
    mirror(&keys, &apart).await;
    let reports: i64 = test.one(reports, &[]).await;
    rows::write("R13", "reports", reports as f64, "reports", &format!("≥ {history}"), reports >= history);
    let findings = examine(&test.config, Arc::new(SystemClock)).await;
    let archives = findings
        .iter()
        .any(|found| found.step == "database.archive" && matches!(found.outcome, Outcome::Passed { .. }));
    rows::write("R13", "rollcall doctor sees the archiving", f64::from(archives), "yes", "1", archives);
    let before = hashes(&test.owner).await;

    let url = Url::parse(&test.owner_url()).unwrap();
    let marking = tokio::spawn(mark(url.clone()));
    worst_moment(&test.owner).await;
    let killed = Instant::now();
    run(CLUSTER, &["lose"]).await;
    fs::remove_dir_all(&keys).unwrap();
    restore(&[]).await;
    mirror(&apart, &keys).await;
    let server = Server::start(&test, |_| ()).await;
    until_ready(&server).await;
    let back = killed.elapsed().as_secs_f64();
    let owner = databases::connect(&url).await;
    let same = equal(&before, &hashes(&owner).await);
    let all = format!("all {}", before.len());
    rows::write(
        "R13",
        "tables with equal hash after the restore",
        same as f64,
        "tables",
        &all,
        same == before.len(),
    );
    let opened = opens(&server, &userid, &receipt).await;
    rows::write("R13", "sealed answers open with the mirrored keys", f64::from(opened), "yes", "1", opened);
    drop(server);
    let lost = seconds_between(newest_marker(&owner).await, marking.await.unwrap());
    rows::write("R13", "RPO: committed and lost, at the worst moment", lost, "s", "≤ 60", lost <= 60.0);
    rows::write("R13", "RTO: from the kill to the first ready", back, "s", "≤ 900", back <= 900.0);

    // Again, to the middle of what was marked: everything before that moment, and nothing from then on.
    let middle =
        "select at from r13.markers order by at offset (select count(*) / 2 from r13.markers) limit 1";
    let moment: DateTime<Utc> = owner.query_one(middle, &[]).await.unwrap().get(0);
    let earlier = "select max(at) from r13.markers where at < $1";
    let last: DateTime<Utc> = owner.query_one(earlier, &[&moment]).await.unwrap().get(0);
    run(CLUSTER, &["lose"]).await;
    restore(&["--to", &moment.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string()]).await;
    let owner = databases::connect(&url).await;
    let off = seconds_between(last, newest_marker(&owner).await);
    rows::write("R13", "to a moment: the last row before it, off by", off, "s", "0", off == 0.0);
    let same = equal(&before, &hashes(&owner).await);
    rows::write("R13", "… tables with equal hash", same as f64, "tables", &all, same == before.len());
    fs::remove_dir_all(&apart).unwrap();
}
