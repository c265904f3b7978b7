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

/// The text of all sources of ours.
fn all_sources() -> String {
    let mut sources = String::new();
    read_sources(&root().join("tests/src"), &mut sources);
    for krate in fs::read_dir(root().join("crates")).unwrap() {
        read_sources(&krate.unwrap().path().join("src"), &mut sources);
    }
    sources
}

/// What stands between backticks: every second piece of a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_and_source_they_name_is_there() {
    let sources = all_sources();
    let (mut tests, mut files) = (0, 0);
    for name in ["SECURITY.md", "THREATS.md", "ASVS.md"] {
        let text = document(name);
        for word in text.lines().flat_map(quoted) {
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

/// The names of all tests in these sources but experiments, which `make test` leaves out.
fn tests_in(sources: &str) -> BTreeSet<&str> {
    let mut tests = BTreeSet::new();
    let mut is_test = false;
    for line in sources.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if line.starts_with("#[ignore") {
            is_test = false;
        } else if let Some((before, rest)) = line.split_once("fn ") {
            let name = rest.split('(').next().unwrap_or_default();
            if is_test && ["", "async "].contains(&before) {
                tests.insert(name);
            }
            is_test = false;
        }
    }
    tests
}

/// Whether a line names a test of the pages or in the browser: its file, and in quotation marks its title.
fn names_test_of_pages(line: &str) -> bool {
    let mut pieces = line.split('`').skip(1);
    while let (Some(file), Some(after)) = (pieces.next(), pieces.next()) {
        if file.ends_with(".test.ts") || file.ends_with(".test.mjs") {
            let folder = if file.ends_with(".ts") { "crates/web/ui" } else { "tests/browser" };
            let text = fs::read_to_string(root().join(folder).join(file)).unwrap_or_default();
            let title = after.strip_prefix('“').and_then(|after| after.split_once('”'));
            let (title, _) = title.unwrap_or_else(|| panic!("{file}: which of its tests?"));
            assert!(text.contains(&format!("test('{title}'")), "{file}: there is no “{title}”");
            return true;
        }
    }
    false
}

/// What a line without a test begins its reason with.
const NOTHING_TO_TEST: &str = "没有可测的：";

#[test]
fn what_is_answered_with_yes_has_a_test_or_says_why_it_has_none() {
    let sources = all_sources();
    let tests = tests_in(&sources);
    assert!(tests.len() > 900, "{}", tests.len());
    let text = document("ASVS.md");
    let (mut tested, mut untestable) = (0, 0);
    let is_answered =
        |line: &&str| line.starts_with("| V") && (line.contains("| 是 |") || line.contains("| 部分 |"));
    for line in text.lines().filter(is_answered) {
        // Each reason and each test of the pages is looked at, whatever else the line has.
        let of_pages = names_test_of_pages(line);
        let why = line.split_once(NOTHING_TO_TEST).map(|(_, why)| why.trim_matches(['|', ' ']));
        assert_ne!(why, Some(""), "{line}");
        if of_pages || quoted(line).any(|word| tests.contains(word)) {
            tested += 1;
        } else {
            assert!(why.is_some(), "neither a test nor why there is none: {line}");
            untestable += 1;
        }
    }
    assert!(tested > untestable * 5, "{tested} have a test, {untestable} have none");
}
