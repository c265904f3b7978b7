//! What was found wrong: told all at once, for one finding explains another.

use std::fmt::Display;

/// By what is wrong.
#[derive(Debug, Default)]
pub struct Findings {
    /// Somebody was given what is not theirs.
    pub extra: Vec<String>,
    /// Somebody was not given what is theirs.
    pub missing: Vec<String>,
    /// Not yours and not there looked different, or a refusal was not the one that is due.
    pub unlike: Vec<String>,
    /// How much was looked at.
    pub looks: usize,
}

impl Findings {
    pub fn extra(&mut self, what: impl Display) {
        self.extra.push(what.to_string());
    }

    pub fn missing(&mut self, what: impl Display) {
        self.missing.push(what.to_string());
    }

    pub fn unlike(&mut self, what: impl Display) {
        self.unlike.push(what.to_string());
    }

    pub fn assert_none(&self) {
        let told = |name: &str, found: &[String]| {
            found.iter().map(|what| format!("{name}: {what}\n")).collect::<String>()
        };
        let all =
            told("extra", &self.extra) + &told("missing", &self.missing) + &told("unlike", &self.unlike);
        assert!(all.is_empty(), "of {} looks:\n{all}", self.looks);
    }
}
