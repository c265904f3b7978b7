//! Licences and sources of npm packages, as deny.toml has them for crates: by the lock files, so that no network is needed.

use std::fs;

use serde_json::Value;

use crate::test_app::root;

/// The pages carry these, and the product stays under Apache-2.0.
const PERMISSIVE: [&str; 7] =
    ["MIT", "Apache-2.0", "ISC", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "(MIT OR Apache-2.0)"];
/// Tools that build and check the pages, and of which nothing is handed out, may have these too.
const OF_TOOLS: [&str; 4] = ["MPL-2.0", "BlueOak-1.0.0", "Python-2.0", "(MIT OR CC0-1.0)"];
/// Vite's minifier of style sheets: a tool, which npm calls optional and not a tool.
const MINIFIER: &str = "node_modules/lightningcss";

/// Lock files, and whether all in them are tools.
const LOCK_FILES: [(&str, bool); 4] = [
    ("crates/web/ui", false),
    ("tests/browser", true),
    ("tests/interop", true),
    ("tests/bench/wecom-crypto", true),
];

#[test]
fn every_npm_package_is_permissive_and_pinned_by_its_hash() {
    for (folder, tools) in LOCK_FILES {
        let lock = fs::read_to_string(root().join(folder).join("package-lock.json")).unwrap();
        let lock: Value = serde_json::from_str(&lock).unwrap();
        let packages = lock["packages"].as_object().unwrap();
        assert!(packages.len() > 1, "{folder}");
        for (place, package) in packages.iter().filter(|(place, _)| !place.is_empty()) {
            let licence = package["license"].as_str().unwrap_or_default();
            let tool = tools || package["dev"] == true || place.starts_with(MINIFIER);
            let allowed = PERMISSIVE.contains(&licence) || tool && OF_TOOLS.contains(&licence);
            assert!(allowed, "{folder}: {place} is under {licence:?}");
            let hash = package["integrity"].as_str().unwrap_or_default();
            assert!(hash.starts_with("sha512-"), "{folder}: {place} is not pinned by a hash");
            let source = package["resolved"].as_str().unwrap_or("https:");
            assert!(source.starts_with("https:"), "{folder}: {place} comes from {source}");
        }
    }
}
