//! The house: which crate may import which, and what alone may depend on what.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

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
