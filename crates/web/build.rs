//! Tells cargo when to embed the pages anew. Building them is npm's work; without them the crate still
//! builds, and serves a page that says how to build them.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src");
    // A path that is not there would make every build run this again, so watch what holds it until it is.
    let watched = if Path::new("ui/dist").exists() { "ui/dist" } else { "ui" };
    println!("cargo:rerun-if-changed={watched}");
}
