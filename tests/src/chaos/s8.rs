//! S8: the roster of a large school as a workbook, made by a worker of its own.

use reqwest::StatusCode;
use serde_json::{Value, json};
use simulator::school::{School, roster};

use super::{
    rows,
    s2::{at_full_speed, at_rate, percentile},
};
use crate::{
    browser_client::Browser,
    crowd::sign_in_everybody,
    process::{Order, Process},
    test_app::{REFERENCE, Shape, TestApp, root},
};

const MEMBERS: usize = 50_000;

/// Reports of others, and how many of them a second: as long as two exports take.
const REPORTS: usize = 900;
const RATE: f64 = 100.0;

async fn ask(browser: &Browser, wanted: &Value) -> Value {
    let made = browser.post("/exports", wanted).await;
    assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.body);
    made.body["id"].clone()
}

async fn made(browser: &Browser, id: &Value) -> Value {
    let export = browser.get(&format!("/exports/{id}")).await.body;
    assert_eq!(export["state"], json!("done"), "{export}");
    export
}

/// A worker that looked at its queue and found nothing.
async fn idle(test: &TestApp) -> Process {
    let mut process = Process::start(test);
    process.order(&Order::Jobs).await;
    assert_eq!(process.answer().await.trouble, None);
    process
}

async fn measure(test: &TestApp, browser: &Browser, what: &str, wanted: &Value) {
    let mut process = idle(test).await;
    let id = ask(browser, wanted).await;
    process.order(&Order::Jobs).await;
    let answer = process.answer().await;
    assert_eq!(answer.trouble, None);
    let export = made(browser, &id).await;
    let (seconds, memory) = (answer.measured[0], answer.measured[1]);
    let size = export["size_bytes"].as_f64().unwrap() / 1024.0 / 1024.0;
    let what = format!("export of {} people to xlsx, {what}", export["rows_done"]);
    rows::write("S8", &what, seconds, "s", "≤ 10", seconds <= 10.0);
    rows::write("S8", "… memory over idle", memory, "MiB", "≤ 50", memory <= 50.0);
    rows::write("S8", "… file", size, "MiB", "–", true);
}

/// Whoever reports meanwhile.
async fn others(test: &TestApp, browser: &Browser, wanted: &Value) {
    // Four schools' worth is more than one may take along in a day.
    test.owner.execute("delete from reading_budgets", &[]).await.unwrap();
    let userids = sign_in_everybody(test).await;
    let (warm, rest) = userids.split_at(REPORTS);
    at_full_speed(&test.url, warm).await;
    let (quiet, rest) = rest.split_at(REPORTS);
    let mut without = at_rate(&test.url, quiet, RATE).await;
    let mut process = idle(test).await;
    let exports = [ask(browser, wanted).await, ask(browser, wanted).await];
    process.order(&Order::Jobs).await;
    let (mut with, answer) = tokio::join!(at_rate(&test.url, &rest[..REPORTS], RATE), process.answer());
    assert_eq!(answer.trouble, None);
    for id in &exports {
        made(browser, id).await;
    }
    let (quiet, busy) = (percentile(&mut without, 99.0), percentile(&mut with, 99.0));
    rows::compare(
        "S8",
        "reports of others meanwhile, p99",
        busy,
        "ms",
        "without",
        quiet,
        "≤ 2 ×",
        busy <= 2.0 * quiet,
    );
    let (quiet, busy) = (percentile(&mut without, 50.0), percentile(&mut with, 50.0));
    rows::compare("S8", "… p50", busy, "ms", "without", quiet, "–", true);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make bench ONLY=S8"]
async fn the_roster_of_a_large_school_as_a_workbook() {
    let test = TestApp::start_with(Shape { members: Some(MEMBERS), ..Shape::reference() }).await;
    test.sync().await;
    let school = School::load(root().join(REFERENCE)).unwrap().scaled(MEMBERS).unwrap();
    let (mut people, mut grants) = (Vec::new(), Vec::new());
    roster::write_people(&school, &mut people).unwrap();
    roster::write_grants(&school, &mut grants).unwrap();
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    let office: String = test
        .one(
            "select m.userid from grants g join members m using (corp_id, person_id) where g.role = 'school_office' limit 1",
            &[],
        )
        .await;
    test.run_jobs().await;
    let office = test.sign_in(&office).await;
    let columns = [
        "index",
        "number",
        "name",
        "kind",
        "staff_kind",
        "college",
        "grade",
        "place",
        "path",
        "major",
        "year",
        "phone",
        "since",
        "userid",
        "activation",
    ];
    let columns: Vec<_> = columns.iter().map(|column| json!({ "column": column, "title": column })).collect();
    for (what, order, full_phones) in [
        ("by number, phones in full, everybody noted", "number", true),
        ("by class, phones masked", "place", false),
    ] {
        let definition = json!({ "dataset": "people", "columns": columns, "order": order });
        let wanted = json!({ "name": "名册", "definition": definition, "purpose": "测速", "full_phones": full_phones });
        measure(&test, &office, what, &wanted).await;
    }
    let definition = json!({ "dataset": "people", "columns": columns, "order": "number" });
    let wanted = json!({ "name": "名册", "definition": definition, "purpose": "测速", "full_phones": false });
    others(&test, &office, &wanted).await;
}
