//! A visitor's own school: with a folder for whoever runs the app's server.

use std::path::{Path, PathBuf};

use reqwest::{Client, StatusCode, multipart};
use serde_json::{Value, json};
use simulator::school::School;
use simulator::{Config, Running, Simulator};

const ROSTER: &str = "学号,姓名,班级\n20190101,甲,1班\n20190102,乙,1班\n";

/// A folder of this test's own, gone when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("simulator-own-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn school() -> School {
    School::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/school-small.toml")).unwrap()
}

async fn state(running: &Running) -> Value {
    reqwest::get(format!("{}/roster/state", running.url())).await.unwrap().json().await.unwrap()
}

async fn post(running: &Running, path: &str, form: multipart::Form) -> reqwest::Response {
    let http = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    http.post(format!("{}{path}", running.url())).multipart(form).send().await.unwrap()
}

fn form() -> multipart::Form {
    let roster = multipart::Part::bytes(ROSTER.as_bytes().to_vec()).file_name("r.csv");
    multipart::Form::new().part("roster", roster).text("name", "")
}

#[tokio::test]
async fn a_dropped_roster_is_kept_for_the_server_and_forgotten_whole() {
    let folder = Folder::new("kept");
    let running =
        Simulator::start(Config { own_folder: Some(folder.0.clone()), ..Config::local(school()) }).unwrap();
    assert_eq!(state(&running).await, json!({ "own": false, "loading": false }));
    assert_eq!(post(&running, "/roster", form()).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(state(&running).await, json!({ "own": true, "loading": true }));
    assert_eq!(std::fs::read_to_string(folder.0.join("roster")).unwrap(), ROSTER);
    assert!(folder.has("people.csv") && folder.has("grants.csv") && folder.has("changed"));
    #[cfg(unix)]
    for file in ["roster", "people.csv", "grants.csv"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.0.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}: its owner's alone");
    }
    // While the server is given it, the first page leads to how far it is, and nothing else is taken.
    let home = reqwest::get(format!("{}/", running.url())).await.unwrap();
    assert_eq!((home.url().path(), home.headers()["refresh"].to_str().unwrap()), ("/roster", "2"));
    assert_eq!(post(&running, "/roster", form()).await.status(), StatusCode::CONFLICT);
    std::fs::rename(folder.0.join("changed"), folder.0.join("loading")).unwrap();
    assert_eq!(state(&running).await["loading"], json!(true));
    std::fs::remove_file(folder.0.join("loading")).unwrap();
    assert_eq!(state(&running).await, json!({ "own": true, "loading": false }));

    // What happened in it is reset to the visitor's school, not to the demo school.
    let http = Client::new();
    http.post(format!("{}/_sim/reset", running.url())).send().await.unwrap();
    let search = format!("{}/?q=20190101", running.url());
    let found = reqwest::get(&search).await.unwrap().text().await.unwrap();
    assert!(found.contains("userid=20190101&"));

    assert_eq!(
        post(&running, "/roster/forget", multipart::Form::new()).await.status(),
        StatusCode::SEE_OTHER
    );
    assert!(!["roster", "name", "people.csv", "grants.csv"].iter().any(|name| folder.has(name)));
    assert_eq!(state(&running).await, json!({ "own": false, "loading": true }), "the server forgets it now");
    running.stop().await;
}

#[tokio::test]
async fn a_simulator_begins_with_a_roster() {
    let own = Some((ROSTER.as_bytes().to_vec(), "试点学校".to_owned()));
    let running = Simulator::start(Config { own, ..Config::local(school()) }).unwrap();
    let page = reqwest::get(format!("{}/", running.url())).await.unwrap().text().await.unwrap();
    assert!(page.contains("试点学校") && page.contains("忘掉我的名册"));
    assert!(page.contains("userid=demo-admin&"));
    running.stop().await;
    let broken = Some((b"nothing".to_vec(), String::new()));
    assert!(Simulator::start(Config { own: broken, ..Config::local(school()) }).is_err());
}
