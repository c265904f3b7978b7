//! How each operation is called and what it needs: a row each, in the order of the document's nouns. A new operation is
//! one more line here.
//!
//! `$words` stand for ids of the world (`world.rs`): of something of one's own or within one's part of the school, of
//! somebody else's, and of nothing. An operation may have several rows.

mod administration;
mod gate;
mod messages;
mod own;
mod people;
mod portal;
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

/// All of them. Reads first within each part, and what ends something after what needs it.
pub fn all() -> impl Iterator<Item = &'static Row> {
    [own::ROWS, reports::ROWS, people::ROWS, gate::ROWS, portal::ROWS, messages::ROWS, administration::ROWS]
        .into_iter()
        .flatten()
}
