//! The main job in a real Chromium: `tests/browser` drives it, this starts what it drives.

mod pages;

use std::{env, path::Path};

use tokio::{process::Command, sync::watch};

use crate::test_app::{TestApp, normal_answers, root};

/// Lets a file of `tests/browser` drive a browser against a deployment whose jobs are worked on; gives what it said.
async fn drive(test: &TestApp, file: &str, variables: &[(&str, String)]) -> String {
    assert!(
        web::pages_built(),
        "the pages are not built: run `make test`, or `npm ci && npm run build` in crates/web/ui"
    );
    let folder = root().join("tests/browser");
    assert!(folder.join("node_modules").is_dir(), "run `make test`, or `npm ci` in tests/browser");
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn(app::jobs::work(test.app.clone(), stopped));
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec", file])
        .current_dir(&folder)
        .env("SERVER_URL", test.url.as_str().trim_end_matches('/'))
        .env("SIMULATOR_URL", test.simulator.url())
        .env("SCREENSHOTS", root().join("target/screenshots"))
        .env("CHROMIUM", chromium())
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .output()
        .await
        .expect("node runs");
    stop.send(true).unwrap();
    worker.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_journey_in_chromium() {
    let test = TestApp::start().await;
    let counsellor = test.persona("counsellor");
    let students = test.students_of(&counsellor).await;

    let college: String = test
        .one("select name from departments where kind = 'college' order by department_id limit 1", &[])
        .await;

    // One of them reported yesterday, so that today's reminder asks for one thing.
    let tapper = &students[4];
    let yesterday = test.school().today(test.app.now()).pred_opt().unwrap();
    let answers = normal_answers().as_object().cloned().unwrap();
    let rows = vec![(tapper.clone(), answers)];
    let loaded = app::reports::load(&test.app, test.school(), "health-daily", yesterday, rows).await.unwrap();
    assert_eq!((loaded.written, loaded.errors), (1, vec![]));

    let variables = [
        ("STUDENT", students[0].clone()),
        ("CLASSMATE", students[1].clone()),
        ("COUNSELLOR", counsellor),
        ("LEADER", test.persona("school_leader")),
        ("ADMINISTRATOR", test.persona("administrator")),
        ("OFFICE", test.persona("college_office")),
        ("SCHOOL_OFFICE", test.persona("school_office")),
        ("COLLEGE", college),
        ("CLASS", students.join(",")),
        ("TAPPER", tapper.clone()),
    ];
    let said = drive(&test, "journey.test.mjs", &variables).await;
    assert!(said.contains(&format!("pass {}", journeys())), "every journey was made: {said}");

    test.assert_no_failed_jobs().await;
    let reports: String = test
        .one(
            "select string_agg(f.code || ' ' || r.source, ', ' order by f.code, r.source)
             from reports r join forms f using (corp_id, form_id)",
            &[],
        )
        .await;
    assert_eq!(
        reports,
        "basic-info self, evening-roll-call self, health-daily behalf, health-daily card, health-daily import, \
         health-daily self, trips self"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_opens_the_gate_in_chromium_with_and_without_a_network() {
    let test = TestApp::start().await;
    let counsellor = test.persona("counsellor");
    let students = test.students_of(&counsellor).await;
    let variables = [
        ("STUDENT", students[0].clone()),
        ("CLASSMATE", students[1].clone()),
        ("COUNSELLOR", counsellor),
        ("ADMINISTRATOR", test.persona("administrator")),
        ("NOW", test.app.now().to_rfc3339()),
    ];
    let said = drive(&test, "gate.test.mjs", &variables).await;
    assert!(said.contains("pass 1"), "{said}");
    test.assert_no_failed_jobs().await;
    let sql =
        "select string_agg(p.number || ' ' || x.decision || case when x.offline then ' offline' else '' end
                                 || coalesce(' ' || x.reason, ''), ', ' order by x.passage_id)
               from passages x join persons p using (corp_id, person_id)";
    let kept: String = test.one(sql, &[]).await;
    let (one, other) = (&students[0], &students[1]);
    let due = format!(
        "{one} allowed, {other} allowed offline, {other} refused offline used, {one} refused offline used"
    );
    assert_eq!(kept, due, "none is lost, none is double");
    let flagged: i64 = test.one("select count(*) from passages where flags <> '{}'", &[]).await;
    assert_eq!(flagged, 0);
}

/// How many journeys are written down.
fn journeys() -> usize {
    let written =
        std::fs::read_to_string(root().join("tests/browser/journey.test.mjs")).expect("the journeys");
    written.lines().filter(|line| line.starts_with("test(")).count()
}

/// Debian's, or the one that is named.
pub fn chromium() -> String {
    let named = env::var("ROLLCALL_TEST_CHROMIUM").ok().filter(|path| !path.is_empty());
    named.unwrap_or_else(|| {
        let usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
        usual
            .into_iter()
            .find(|path| Path::new(path).exists())
            .expect("a Chromium; `make test` installs one")
            .to_owned()
    })
}
