//! S3 and S4: the first sync of a large school beside psql's \\copy of the same rows, and the syncs after it.

use std::{
    collections::BTreeMap,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::process::Command;

use super::rows;
use crate::{
    databases,
    process::{Order, Process},
    test_app::{Shape, TestApp},
};

const MEMBERS: usize = 50_000;
const TABLES: [&str; 6] =
    ["departments", "department_versions", "members", "member_versions", "member_departments", "sync_runs"];

async fn psql(url: &str, commands: &str) {
    let status = Command::new("psql")
        .args(["-q", "-v", "ON_ERROR_STOP=1", url])
        .args(["-c", commands])
        .stdout(Stdio::null())
        .status()
        .await
        .expect("psql runs");
    assert!(status.success(), "{commands}");
}

/// Rows inserted, changed and removed so far, by table.
async fn written(test: &TestApp) -> BTreeMap<String, i64> {
    // A backend that waits for work tells what it wrote up to ten seconds late.
    tokio::time::sleep(Duration::from_secs(11)).await;
    test.owner.batch_execute("select pg_stat_force_next_flush()").await.unwrap();
    let sql = "select relname::text, (n_tup_ins + n_tup_upd + n_tup_del)::bigint from pg_stat_user_tables
               where relname not in ('sync_runs', 'jobs', 'wecom_tokens', 'wecom_budgets') and relname not like 'staging%'";
    test.owner.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Rows written since then, and in which tables.
async fn written_since(test: &TestApp, before: &BTreeMap<String, i64>) -> (f64, String) {
    let grown: Vec<(String, i64)> = written(test)
        .await
        .into_iter()
        .map(|(table, rows)| (rows - before.get(&table).copied().unwrap_or(0), table))
        .filter(|(rows, _)| *rows != 0)
        .map(|(rows, table)| (table, rows))
        .collect();
    let all: i64 = grown.iter().map(|(_, rows)| rows).sum();
    let tables = grown.iter().map(|(table, rows)| format!(" {table} {rows}")).collect::<String>();
    (all as f64, tables)
}

async fn sync(test: &TestApp) -> Vec<f64> {
    let mut process = Process::start(test);
    process.order(&Order::Sync).await;
    let answer = process.answer().await;
    assert_eq!(answer.trouble, None);
    answer.measured
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make bench ONLY=S3"]
async fn the_first_sync_of_a_large_school() {
    let test = TestApp::start_with(Shape { members: Some(MEMBERS), ..Shape::reference() }).await;
    let first = sync(&test).await;
    let (members, departments): (i64, i64) = (
        test.one("select count(*) from members", &[]).await,
        test.one("select count(*) from departments", &[]).await,
    );
    let own = first[1] - first[2];

    // The yardstick: the same rows by \copy into tables as empty as ours were.
    let folder = std::env::temp_dir().join(format!("rollcall-copy-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |table: &str| folder.join(table).display().to_string();
    let source = test.owner_url();
    for table in TABLES {
        psql(&source, &format!("\\copy {table} to '{}'", file(table))).await;
    }
    let (target, _) = databases::fresh().await;
    let target = target.to_string();
    psql(&source, &format!("\\copy corps to '{}'", file("corps"))).await;
    psql(&target, &format!("\\copy corps from '{}'", file("corps"))).await;
    let began = Instant::now();
    for table in [
        "sync_runs",
        "departments",
        "department_versions",
        "members",
        "member_versions",
        "member_departments",
    ] {
        psql(&target, &format!("\\copy {table} from '{}'", file(table))).await;
    }
    let copy = began.elapsed().as_secs_f64();
    std::fs::remove_dir_all(&folder).unwrap();

    let what =
        format!("first sync of {members} members in {departments} departments, beyond waiting for WeCom");
    rows::compare("S3", &what, own, "s", "psql \\copy", copy, "≤ 3 × the copy", own <= 3.0 * copy);
    rows::write("S3", "… waiting for WeCom", first[2], "s", "–", true);
    rows::write("S3", "… resident memory at most", first[3], "MiB", "≤ 150", first[3] <= 150.0);

    let before = written(&test).await;
    let second = sync(&test).await;
    let (rows_written, tables) = written_since(&test, &before).await;
    rows::write(
        "S4",
        &format!("sync with nothing changed: rows written{tables}"),
        rows_written,
        "rows",
        "0",
        rows_written == 0.0,
    );
    rows::write("S4", "… beyond waiting for WeCom", second[1] - second[2], "s", "–", true);

    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    let userids: Vec<String> = test
        .owner
        .query("select userid from members order by member_id limit $1", &[&(members / 100)])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    for userid in &userids {
        test.control(&format!("members/{userid}"), &json!({ "name": "改名" })).await;
    }
    let before = written(&test).await;
    let third = sync(&test).await;
    // A member, the member's version of today, and both noted for a reversion.
    let expected = userids.len() as f64;
    rows::write(
        "S4",
        "1 % renamed: members changed",
        third[0],
        "members",
        "exactly those",
        third[0] == expected,
    );
    let (rows_written, tables) = written_since(&test, &before).await;
    rows::write("S4", &format!("… rows written:{tables}"), rows_written, "rows", "–", true);
}
