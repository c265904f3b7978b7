//! The house: which crate may import which, and what alone may depend on what. What its sources never do, and where what is not
//! ours comes from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use crate::test_app::root;

/// Imports of ours that a crate may have. They go down only, never sideways.
const MAY_IMPORT: [(&str, &[&str]); 8] = [
    ("domain", &[]),
    ("wecom", &[]),
    ("web", &[]),
    ("store", &["domain"]),
    ("sync", &["domain", "store", "wecom"]),
    ("app", &["domain", "store", "wecom", "sync"]),
    ("server", &["app", "domain", "web", "store", "wecom", "sync"]),
    ("simulator", &["wecom"]),
];

/// Who alone may depend on these.
const BELONGS_TO: [(&str, &[&str]); 10] = [
    ("diesel", &["store"]),
    ("diesel-async", &["store"]),
    ("redis", &["store"]),
    ("tokio-postgres", &["store"]),
    ("actix-web", &["server", "simulator"]),
    ("aes", &["wecom"]),
    ("aes-gcm", &["store"]),
    ("sm4", &["store"]),
    ("clap", &["server", "simulator"]),
    ("utoipa", &["server"]),
];

fn dependencies(krate: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("crates").join(krate).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    manifest
        .get("dependencies")
        .and_then(|table| table.as_table())
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

#[test]
fn imports_go_down_only() {
    let crates: BTreeMap<&str, &[&str]> = MAY_IMPORT.into();
    let found: BTreeSet<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, crates.keys().map(|name| name.to_string()).collect(), "a crate without a floor");
    for (krate, may) in &crates {
        for dependency in dependencies(krate).iter().filter(|name| crates.contains_key(name.as_str())) {
            assert!(may.contains(&dependency.as_str()), "{krate} must not import {dependency}");
        }
    }
}

#[test]
fn a_dependency_stays_where_it_belongs() {
    for (dependency, homes) in BELONGS_TO {
        for (krate, _) in MAY_IMPORT.iter().filter(|(krate, _)| !homes.contains(krate)) {
            assert!(!dependencies(krate).contains(dependency), "{krate} must not depend on {dependency}");
        }
    }
}

#[test]
fn every_crate_refuses_unsafe_code() {
    let workspace: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for (krate, _) in MAY_IMPORT {
        let manifest = fs::read_to_string(root().join("crates").join(krate).join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{krate} does not take the workspace's lints"
        );
    }
}

/// Name and text of every file below a folder that ends so, but what npm brought and what was built.
fn files(folder: &Path, endings: &[&str]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "node_modules" && name != "dist" {
                all.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            all.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    all
}

/// What Vue writes is text. These would write markup, or run what was written.
const MARKUP: [&str; 7] =
    ["v-html", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"];

#[test]
fn the_pages_write_text_and_run_no_text() {
    let ui = root().join("crates/web/ui");
    let sources: Vec<_> = ["shared", "h5", "admin", "gate"]
        .iter()
        .flat_map(|part| files(&ui.join(part), &[".vue", ".ts", ".html"]))
        .filter(|(name, _)| !name.ends_with(".test.ts"))
        .collect();
    assert!(sources.len() > 300, "{}", sources.len());
    for (name, text) in &sources {
        for markup in MARKUP {
            assert!(!text.contains(markup), "{name}: {markup}");
        }
    }
}

#[test]
fn types_and_lints_of_the_pages_are_strict_everywhere() {
    let ui = root().join("crates/web/ui");
    let lints = fs::read_to_string(ui.join("eslint.config.js")).unwrap();
    for rule in ["eqeqeq: 'error'", "'no-eval': 'error'", "'vue/no-v-html': 'error'"] {
        assert!(lints.contains(rule), "{rule}");
    }
    for (name, text) in files(&ui, &[".vue", ".ts"]) {
        for way_out in ["eslint-disable", "@ts-ignore", "@ts-nocheck"] {
            assert!(!text.contains(way_out), "{name}: {way_out}");
        }
    }
    let options = |part: &str| -> Value {
        let text = fs::read_to_string(ui.join(part).join("tsconfig.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(options("")["compilerOptions"]["strict"], true);
    for part in ["h5", "admin", "gate"] {
        let own = options(part);
        assert_eq!(own["extends"], "../tsconfig.json", "{part}");
        assert!(own["compilerOptions"].is_null(), "{part} has options of its own");
    }
}

#[test]
fn who_is_asked_shows_a_certificate_and_sends_us_nowhere_else() {
    let mut clients = 0;
    for krate in ["app", "domain", "server", "store", "sync", "web", "wecom"] {
        for (name, text) in files(&root().join("crates").join(krate).join("src"), &[".rs"]) {
            assert!(!text.contains("danger_"), "{name} looks at no certificate");
            for made in ["reqwest::Client::new()", "reqwest::Client::default()", "reqwest::get("] {
                assert!(!text.contains(made), "{name}: {made} goes wherever it is sent");
            }
            for client in text.split("reqwest::Client::builder()").skip(1) {
                clients += 1;
                let settings = client.split(".build()").next().unwrap_or_default();
                let stays = settings.contains(".redirect(reqwest::redirect::Policy::none())");
                assert!(stays, "{name}: a client that goes wherever it is sent");
            }
        }
    }
    // WeCom, Vault, and the doctor who looks from outside.
    assert!(clients >= 3, "{clients}");
}

#[test]
fn every_crate_is_ours_or_the_registrys_and_pinned_by_its_hash() {
    let read =
        |place: &str| -> toml::Table { fs::read_to_string(root().join(place)).unwrap().parse().unwrap() };
    let name = |place: &str| read(place)["package"]["name"].as_str().unwrap().to_owned();
    let mut ours: BTreeSet<String> =
        MAY_IMPORT.iter().map(|(krate, _)| name(&format!("crates/{krate}/Cargo.toml"))).collect();
    ours.extend([name("tests/Cargo.toml"), name("crates/wecom/fuzz/Cargo.toml")]);
    for lock in ["Cargo.lock", "crates/wecom/fuzz/Cargo.lock"] {
        let packages = read(lock)["package"].as_array().unwrap().clone();
        assert!(packages.len() > 100, "{lock}");
        for package in packages {
            let name = package["name"].as_str().unwrap();
            let Some(source) = package.get("source") else {
                assert!(ours.contains(name), "{lock}: {name} comes from nowhere");
                continue;
            };
            assert!(source.as_str().unwrap().starts_with("registry+"), "{lock}: {name} comes from {source}");
            let hash = package.get("checksum").and_then(toml::Value::as_str).unwrap_or_default();
            assert_eq!(hash.len(), 64, "{lock}: {name} is not pinned by a hash");
        }
    }
    let rules = read("deny.toml");
    for unknown in ["unknown-registry", "unknown-git"] {
        assert_eq!(rules["sources"][unknown].as_str(), Some("deny"), "{unknown}");
    }
}
