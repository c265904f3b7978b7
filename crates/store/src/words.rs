//! Words in which somebody says why: of a leave, a permit, a change. They may speak of an illness, so they lie sealed, for
//! whose they are and when they were kept: a row has no number before it is kept. Words that end such a row are sealed for
//! the same person and moment, in a column of their own.

use chrono::{DateTime, Utc};
use domain::{CorpId, PersonId};

use crate::{Error, Keyring, Result, Sealed, sealed::Place};

/// Where the words of a column stand sealed, by school and row.
pub type Column = fn(CorpId, &str) -> Place<'_>;

/// About whom words are, and when they were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// The school.
    pub corp: CorpId,
    /// About whom.
    pub person: PersonId,
    /// When.
    pub at: DateTime<Utc>,
}

impl Words {
    /// The row they are sealed for.
    pub fn row(self) -> String {
        format!("{}/{}", self.person, self.at.timestamp_micros())
    }

    /// Seals them for a column.
    pub fn seal(self, keyring: &Keyring, column: Column, words: &str) -> Result<Sealed> {
        keyring.seal(column(self.corp, &self.row()), words.as_bytes())
    }

    /// Opens what was sealed for the same column, person and moment. Empty where it was erased, since the person had left.
    pub fn open(self, keyring: &Keyring, column: Column, sealed: &Sealed) -> Result<String> {
        if sealed.is_erased() {
            return Ok(String::new());
        }
        text(keyring, column(self.corp, &self.row()), sealed)
    }
}

/// Seals the same words for each of these rows: its number, and whose words those it began with are and of when. Gives the
/// numbers and the sealed words in the same order, for one statement.
pub fn seal_each(
    keyring: &Keyring,
    column: Column,
    corp: CorpId,
    rows: &[(i64, PersonId, DateTime<Utc>)],
    words: &str,
) -> Result<(Vec<i64>, Vec<Sealed>)> {
    let (mut numbers, mut sealed) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for &(number, person, at) in rows {
        numbers.push(number);
        sealed.push(Words { corp, person, at }.seal(keyring, column, words)?);
    }
    Ok((numbers, sealed))
}

/// Opens words that were sealed for a place of another kind.
pub fn text(keyring: &Keyring, place: Place<'_>, sealed: &Sealed) -> Result<String> {
    String::from_utf8(keyring.open(place, sealed)?).map_err(|_| Error::Seal(place.column.name))
}
