//! What an experiment measured, for the table of `make chaos`.

use std::{fs::OpenOptions, io::Write};

use serde_json::{Value, json};

/// Keeps a row, where `ROLLCALL_ROWS` says; prints it otherwise. A row that does not pass fails the run, after the other rows have been taken.
///
/// `id` is the experiment's, such as `R7`; `goal` says in words what `value` must be.
pub fn write(id: &str, what: &str, value: f64, unit: &str, goal: &str, pass: bool) {
    keep(&json!({
        "id": id, "what": what, "value": value, "unit": unit,
        "yardstick": null, "ratio": null, "goal": goal, "pass": pass,
    }));
}

/// Keeps a row beside a yardstick of somebody else's, measured in the same run and unit.
#[expect(clippy::too_many_arguments, reason = "a row has so many columns")]
pub fn compare(
    id: &str,
    what: &str,
    value: f64,
    unit: &str,
    yardstick: &str,
    theirs: f64,
    goal: &str,
    pass: bool,
) {
    keep(&json!({
        "id": id, "what": what, "value": value, "unit": unit,
        "yardstick": format!("{yardstick} {theirs:.2} {unit}"), "ratio": value / theirs, "goal": goal, "pass": pass,
    }));
}

fn keep(row: &Value) {
    match std::env::var_os("ROLLCALL_ROWS") {
        Some(path) => {
            let mut file = OpenOptions::new().append(true).create(true).open(path).expect("the rows");
            writeln!(file, "{row}").expect("the rows");
        }
        None => eprintln!("{row}"),
    }
}
