//! The documents for a security officer name tests, files and lines of the ASVS: what they name is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::test_app::root;

/// What a line of the ASVS sheet can end in, in the order of its summary: yes, in part, no, the school's to do, not applicable.
const RESULTS: [&str; 5] = ["是", "部分", "否", "学校做", "不适用"];

fn document(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// The text of every source in a folder and below.
fn read_sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_and_source_they_name_is_there() {
    let mut sources = String::new();
    read_sources(&root().join("tests/src"), &mut sources);
    for krate in fs::read_dir(root().join("crates")).unwrap() {
        read_sources(&krate.unwrap().path().join("src"), &mut sources);
    }
    let (mut tests, mut files) = (0, 0);
    for name in ["SECURITY.md", "THREATS.md", "ASVS.md"] {
        let text = document(name);
        // What stands between backticks: every second piece of a line.
        for word in text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)) {
            let is_name =
                word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if is_name && word.matches('_').count() >= 3 {
                tests += 1;
                assert!(sources.contains(&format!("fn {word}(")), "{name}: there is no {word}");
            } else if word.ends_with(".rs") {
                files += 1;
                let mut places = ["tests/src", "crates", ""].into_iter();
                assert!(
                    places.any(|place| root().join(place).join(word).is_file()),
                    "{name}: there is no {word}"
                );
            }
        }
    }
    assert!(tests > 90 && files > 90, "{tests} {files}");
}

#[test]
fn every_line_of_the_first_two_levels_is_answered_once() {
    let text = document("ASVS.md");
    let mut seen = BTreeSet::new();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| V")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [number, level, topic, result, how] = cells[..] else { panic!("{line}") };
        assert!(seen.insert(number), "{number} stands there twice");
        assert!(RESULTS.contains(&result) && !topic.is_empty() && !how.is_empty(), "{line}");
        *counts.entry((level, result)).or_default() += 1;
    }
    let of = |level: &str| RESULTS.map(|result| counts.get(&(level, result)).copied().unwrap_or_default());
    // ASVS 5.0.0 has so many.
    assert_eq!((of("1").iter().sum::<usize>(), of("2").iter().sum::<usize>()), (70, 183));
    assert_eq!(seen.len(), 253);
    for level in ["1", "2"] {
        let summary = of(level).map(|count| count.to_string()).join(" | ");
        assert!(
            text.contains(&format!("\n| {level} | {summary} |\n")),
            "the summary of level {level}: {summary}"
        );
    }
}
