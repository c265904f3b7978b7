//! Faults to order: what the API, or a callback, shall do wrong, and how often. Nothing happens by chance.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ledger::Outcome;

/// Bytes of the largest answer to order.
pub const LARGEST: usize = 64 << 20;

/// One fault.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Number to delete it by; given by the simulator.
    #[serde(default, skip_deserializing)]
    pub id: u64,
    /// Path of the API, with or without `/cgi-bin/`; or `callback/rollcall`, `callback/contacts`.
    pub path: String,
    /// How many calls it spoils; without it, all until it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How many calls pass before.
    #[serde(default)]
    pub skip: u32,
    /// Answers with this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// Answers with this HTTP status, and `body` or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Answers with this, whatever it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Waits before the answer, or before a callback is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Never answers; the caller's own patience ends it.
    #[serde(default)]
    pub silence: bool,
    /// Closes the connection without an answer.
    #[serde(default)]
    pub reset: bool,
    /// Closes the connection in the middle of the answer.
    #[serde(default)]
    pub cut: bool,
    /// Answers with so many bytes that mean nothing, at most [`LARGEST`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub huge_bytes: Option<usize>,
    /// Whether the call has its effect although the answer is a fault: a message sent whose answer got lost.
    #[serde(default)]
    pub takes_effect: bool,
    /// For `message/send`: what becomes of the message for these members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recipients: BTreeMap<String, Outcome>,
    /// For a callback: it is never sent.
    #[serde(default)]
    pub lose: bool,
    /// For a callback: it is sent twice.
    #[serde(default)]
    pub duplicate: bool,
    /// For a callback: the next one overtakes it. Where none comes within a second, it goes by itself.
    #[serde(default)]
    pub reorder: bool,
}

impl Fault {
    /// Whether the answer isn't the API's own.
    pub fn replaces_answer(&self) -> bool {
        self.errcode.is_some()
            || self.http_status.is_some()
            || self.body.is_some()
            || self.huge_bytes.is_some()
            || self.silence
            || self.reset
    }

    /// How long to wait.
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms.unwrap_or(0))
    }

    /// Whether it can be ordered, or why not.
    pub fn check(&self) -> Result<(), &'static str> {
        if !self.does_something() || self.times == Some(0) {
            return Err(
                "a fault needs errcode, http_status, body, huge_bytes, silence, reset, cut, delay_ms, \
                        recipients, lose, duplicate or reorder",
            );
        }
        if self.huge_bytes.is_some_and(|bytes| bytes > LARGEST) {
            return Err("huge_bytes: at most 67108864");
        }
        Ok(())
    }

    fn does_something(&self) -> bool {
        self.replaces_answer()
            || self.delay_ms.is_some()
            || !self.recipients.is_empty()
            || self.cut
            || self.lose
            || self.duplicate
            || self.reorder
    }
}

/// The faults in force, oldest first.
#[derive(Debug, Default)]
pub struct Faults {
    faults: Vec<Fault>,
    next: u64,
}

impl Faults {
    /// Orders a fault. Fails if it would change nothing.
    pub fn order(&mut self, mut fault: Fault) -> Result<&Fault, &'static str> {
        fault.check()?;
        fault.path = normal(&fault.path).to_owned();
        self.next += 1;
        fault.id = self.next;
        self.faults.push(fault);
        self.faults.last().ok_or("no fault")
    }

    /// All in force.
    pub fn all(&self) -> &[Fault] {
        &self.faults
    }

    /// Ends all, or the one with this number. How many there were.
    pub fn end(&mut self, id: Option<u64>) -> usize {
        let before = self.faults.len();
        self.faults.retain(|fault| id.is_some_and(|id| fault.id != id));
        before - self.faults.len()
    }

    /// The fault that the next call of a path meets; counts it.
    pub fn meet(&mut self, path: &str) -> Option<Fault> {
        let place = self.faults.iter().position(|fault| fault.path == normal(path))?;
        let fault = &mut self.faults[place];
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        let met = fault.clone();
        if let Some(times) = &mut fault.times {
            *times -= 1;
            if *times == 0 {
                self.faults.remove(place);
            }
        }
        Some(met)
    }
}

fn normal(path: &str) -> &str {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.strip_prefix("cgi-bin/").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Fault {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_fault_comes_after_its_skips_and_as_often_as_ordered() {
        let mut faults = Faults::default();
        faults.order(fault(r#"{"path":"/cgi-bin/user/get","errcode":-1,"times":2,"skip":1}"#)).unwrap();
        let met: Vec<bool> = (0..5).map(|_| faults.meet("user/get").is_some()).collect();
        assert_eq!(met, [false, true, true, false, false]);
        assert!(faults.all().is_empty());
        assert!(faults.meet("user/list").is_none());
    }

    #[test]
    fn one_that_changes_nothing_is_refused() {
        assert!(Faults::default().order(fault(r#"{"path":"gettoken"}"#)).is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"path":"gettoken","error":1}"#).is_err());
    }
}
