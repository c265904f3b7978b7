//! What an experiment measured, for the table of `make chaos`.

use std::{fs::OpenOptions, io::Write};

use serde_json::json;

/// Keeps a row, where `ROLLCALL_ROWS` says; prints it otherwise. A row that does not pass fails the run, after the other rows have been taken.
///
/// `id` is the experiment's, such as `R7`; `goal` says in words what `value` must be.
pub fn write(id: &str, what: &str, value: f64, unit: &str, goal: &str, pass: bool) {
    let row = json!({
        "id": id, "what": what, "value": value, "unit": unit,
        "yardstick": null, "ratio": null, "goal": goal, "pass": pass,
    });
    match std::env::var_os("ROLLCALL_ROWS") {
        Some(path) => {
            let mut file = OpenOptions::new().append(true).create(true).open(path).expect("the rows");
            writeln!(file, "{row}").expect("the rows");
        }
        None => eprintln!("{row}"),
    }
}
