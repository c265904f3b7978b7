//! Z5: schemathesis, somebody else's tester of APIs, reads docs/openapi.json and asks every operation as somebody of every role and as
//! nobody: what fits, wrong types, what is missing or too much, NUL, every edge of every number.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::{process::Command, time};

use super::{client::word, oracle::Who, world::World};
use crate::{chaos::rows::write, crowd, process::Server, test_app::root};

/// How many are at it at once: together below what one address may ask a second.
const AT_ONCE: usize = 8;
/// Below what one member may ask a second, so that it is answered and not asked to wait.
const RATE: &str = "18/s";
/// Checks that ask for what this API does not promise: a document can't say which numbers are on the roster, so that much of what fits it
/// is refused (422); and an address with another method is an address that is not there (404), as everything that is not yours.
const NOT_ASKED: &str = "positive_data_acceptance,unsupported_method,allow_header_conformance";

/// Runs the tester as somebody. Gives its report.
async fn examine(
    program: &Path,
    folder: &Path,
    server: &Server,
    name: &str,
    cookie: Option<String>,
) -> Value {
    let report = folder.join(format!("{name}.json"));
    let examples = std::env::var("EXAMPLES").unwrap_or_else(|_| "10".to_owned());
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .arg("run")
        .arg(root().join("docs/openapi.json"))
        .args(["--url", server.url.as_str().trim_end_matches('/'), "--phases", "examples,coverage,fuzzing"])
        .args(["--checks", "all", "--exclude-checks", NOT_ASKED, "--continue-on-failure", "--no-color"])
        .args([
            "--max-examples",
            &examples,
            "--suppress-health-check",
            "all",
            "--generation-database",
            "none",
        ])
        .args(["--seed", "5", "--request-timeout", "60", "--report", "json"])
        .arg("--report-json-path")
        .arg(&report);
    if let Some(cookie) = cookie {
        command.args(["--rate-limit", RATE, "--header", &format!("Cookie: {cookie}")]);
        // As our pages do.
        command.args(["--header", "X-Requested-With: rollcall"]);
    }
    let said = File::create(folder.join(format!("{name}.txt"))).unwrap();
    command.stdin(Stdio::null()).stderr(said.try_clone().unwrap()).stdout(said).kill_on_drop(true);
    // It fails where it found something, which its report tells better.
    command.status().await.expect("schemathesis runs");
    let text = fs::read_to_string(&report).unwrap_or_else(|_| panic!("no report: see {}", folder.display()));
    serde_json::from_str(&text).unwrap()
}

/// What a failure is about: the numbers are schemathesis's own.
fn kind(failure: &Value) -> &'static str {
    match failure["code"].as_str().unwrap_or_default() {
        "ST101" => "errors of the server",
        "ST401" => "operations that ignore who asks",
        code if code.starts_with("ST1") => "answers that are not as documented",
        _ => "requests taken that do not fit the document",
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an experiment: make authz ONLY=Z5"]
async fn schemathesis() {
    let program =
        PathBuf::from(std::env::var_os("ROLLCALL_SCHEMATHESIS").expect("make authz ONLY=Z5 installs it"));
    let folder = root().join("target/authz/schemathesis");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let world = World::make().await.with_things().await;
    let server = Server::start_logged(&world.test, &folder.join("server.txt"), false, |_| ()).await;

    let everybody = Who::ALL.into_iter().map(Some).chain([None]);
    let examined = stream::iter(everybody).map(async |who| {
        let name = who.map_or_else(|| "nobody".to_owned(), |who| format!("{who:?}"));
        let cookie = who.map(|who| world.client.cookie(world.userid(who)));
        let report = examine(&program, &folder, &server, &name, cookie).await;
        (name, report)
    });
    let examined = examined.buffer_unordered(AT_ONCE).collect::<Vec<_>>();
    // Some of what they ask ends sessions: whoever lost theirs has it again a moment later.
    let again = async {
        let mut tick = time::interval(Duration::from_secs(1));
        loop {
            tick.tick().await;
            crowd::sign_in_as(&world.test, &word(&world.test.url)).await;
        }
    };
    let reports = tokio::select! {
        reports = examined => reports,
        () = again => unreachable!("it goes on"),
    };

    let (mut cases, mut tested) = (0, Vec::new());
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, report) in &reports {
        cases += report["test_cases"]["generated"].as_u64().unwrap();
        let operations = &report["operations"];
        tested.push((operations["tested"].as_u64(), operations["total"].as_u64()));
        for failure in report["failures"].as_array().unwrap() {
            *found.entry(kind(failure)).or_default() += failure["count"].as_u64().unwrap();
            eprintln!("{name}: {} {}: {}", failure["code"], failure["title"], failure["operations"]);
        }
        assert!(report["errors"].as_array().unwrap().is_empty(), "{name}: {}", report["errors"]);
    }
    let whole = tested.iter().filter(|(tested, total)| tested == total && total.is_some()).count();
    let all = Who::ALL.len() + 1;
    write("Z5", "requests of schemathesis", cases as f64, "requests", "> 10,000", cases > 10_000);
    write(
        "Z5",
        "people, and nobody, that asked every operation",
        whole as f64,
        "",
        &all.to_string(),
        whole == all,
    );
    for what in
        ["errors of the server", "operations that ignore who asks", "answers that are not as documented"]
    {
        let times = found.get(what).copied().unwrap_or_default();
        write("Z5", what, times as f64, "", "0", times == 0);
    }
    // Told and not judged: what the document does not forbid, such as a parameter nobody reads, is no fault.
    let what = "requests taken that do not fit the document";
    let times = found.get(what).copied().unwrap_or_default();
    write("Z5", what, times as f64, "", "told, not judged", true);
}
