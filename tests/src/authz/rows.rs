//! How each operation is called and what it needs: a row each, in the order of the document's nouns. A new operation is
//! one more line here.
//!
//! `$words` stand for ids of the world (`world.rs`): of something of one's own or within one's part of the school, of
//! somebody else's, and of nothing. An operation may have several rows.

mod administration;
mod own;
mod people;
mod reports;

use super::oracle::Need;

/// An operation, what it needs and a valid request.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub operation: &'static str,
    pub need: Need,
    /// `GET /path?query`, under /api/v1.
    pub call: &'static str,
    /// JSON where it begins with a brace, a file otherwise; none where it is empty.
    pub body: &'static str,
}

const fn row(operation: &'static str, need: Need, call: &'static str, body: &'static str) -> Row {
    Row { operation, need, call, body }
}

const fn get(operation: &'static str, need: Need, call: &'static str) -> Row {
    Row { operation, need, call, body: "" }
}

/// Operations whose things the world does not make yet, so that nobody is asked for them here: their own tests say who may.
pub const WAITING: &[&str] = &[
    "announcements_cancel",
    "announcements_change",
    "announcements_create",
    "announcements_get",
    "announcements_people",
    "announcements_preview",
    "announcements_recall",
    "announcements_received",
    "digest_rules_change",
    "digest_rules_create",
    "digest_rules_preview",
    "operations_discard",
    "operations_retry",
    "reminder_rules_acts",
    "reminder_rules_change",
    "reminder_rules_create",
    "reminder_rules_end",
    "reminder_rules_get",
    "reminder_rules_outlook",
    "reminder_rules_pause",
    "reminder_rules_people",
    "reminder_rules_remove",
    "reminder_rules_resume",
    "reminder_rules_rounds",
    "reminder_rules_test",
    "reminder_settings_set",
    "school_days_put_list",
    "school_days_remove",
    "school_days_set",
];

/// All of them. Reads first within each part, and what ends something after what needs it.
pub fn all() -> impl Iterator<Item = &'static Row> {
    [own::ROWS, reports::ROWS, people::ROWS, administration::ROWS].into_iter().flatten()
}
