//! The systemd units of deploy/production: what they forbid is not what the service does.

use std::fs;

use crate::test_app::root;

#[test]
fn a_call_that_is_forbidden_is_refused_and_the_writer_of_sheets_may_stand_back() {
    for name in ["rollcall-serve", "rollcall-worker"] {
        let path = root().join(format!("deploy/production/systemd/{name}.service"));
        let unit = fs::read_to_string(path).unwrap();
        let at = |wanted: &str| unit.lines().position(|line| line.trim() == wanted);
        // By itself a filter ends the process that steps over it, with whatever it is doing for others.
        assert!(at("SystemCallErrorNumber=EPERM").is_some(), "{name}");
        // `app/src/exports/make.rs` makes the thread that writes a workbook nice. A later line counts.
        let forbidden = at("SystemCallFilter=~@privileged @resources").expect(name);
        let allowed = at("SystemCallFilter=setpriority").expect(name);
        assert!(forbidden < allowed, "{name}");
    }
}
