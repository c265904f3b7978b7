//! Nobody sees what is not theirs (goal Z1): somebody of every role × every operation, the people and the figures they
//! are shown, and what an answer may hold, against an oracle of its own. What each role may stands in `authz/oracle.rs`,
//! how each operation is called in `authz/rows/`: a new operation is a line there.

mod canaries;
mod client;
mod fields;
mod figures;
mod findings;
mod listings;
mod matrix;
pub mod oracle;
mod pairs;
mod people;
mod rows;
mod sabotage;
mod schemathesis;
mod strange;
mod two_roles;
pub mod world;

use std::collections::BTreeSet;

use findings::Findings;
use world::World;

use crate::chaos::rows::write;

#[test]
fn every_operation_is_in_the_matrix_and_no_other() {
    let rows: BTreeSet<String> = rows::all().map(|row| row.operation.to_owned()).collect();
    let documented = matrix::documented();
    let missing: Vec<&String> = documented.difference(&rows).collect();
    let gone: Vec<&String> = rows.difference(&documented).collect();
    assert!(missing.is_empty() && gone.is_empty(), "no row in authz/rows/: {missing:?}; gone: {gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_what_is_theirs_and_nothing_else() {
    let world = World::make().await.with_things().await;
    let (mut shown, mut asked) = (Findings::default(), Findings::default());
    people::check(&world, &mut shown).await;
    listings::check(&world, &mut shown).await;
    figures::check(&world, &mut shown).await;
    // Last, since it writes.
    matrix::check(&world, &mut asked).await;
    for (what, findings) in [("people and figures", &shown), ("operations", &asked)] {
        for (kind, found) in [
            ("extra", &findings.extra),
            ("missing", &findings.missing),
            ("not yours unlike not there", &findings.unlike),
        ] {
            let what = format!("{what}, {} looks: {kind}", findings.looks);
            write("Z1", &what, found.len() as f64, "findings", "0", found.is_empty());
        }
    }
    shown.extra.append(&mut asked.extra);
    shown.missing.append(&mut asked.missing);
    shown.unlike.append(&mut asked.unlike);
    shown.unlike.extend(world.troubles().into_iter().map(|what| format!("not prepared: {what}")));
    shown.assert_none();
}

/// How many pairs an ordinary run draws; the experiment draws a million.
const PAIRS: usize = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_whatever_gets_only_what_is_theirs() {
    let world = World::make().await;
    assert_eq!(world.troubles(), Vec::<String>::new());
    let mut findings = Findings::default();
    pairs::check(&world, PAIRS, None, &mut findings).await;
    two_roles::check(&world, PAIRS / 16, &mut findings).await;
    findings.assert_none();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an experiment: make authz ONLY=Z2"]
async fn a_million_pairs() {
    let world = World::make().await.with_servers(5);
    let pairs = std::env::var("PAIRS").map_or(1_000_000, |pairs| pairs.parse().expect("PAIRS is a number"));
    let mut findings = Findings::default();
    pairs::check(&world, pairs, None, &mut findings).await;
    for (kind, found) in [
        ("extra", &findings.extra),
        ("missing", &findings.missing),
        ("not yours unlike not there", &findings.unlike),
    ] {
        let what = format!("{} pairs of viewer and object: {kind}", findings.looks);
        write("Z2", &what, found.len() as f64, "findings", "0", found.is_empty());
    }
    findings.assert_none();
}
