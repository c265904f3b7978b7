//! Reasons that somebody wrote. They lie sealed, and are opened with their rows for those who may read them.

use std::fmt;

use domain::{MemberId, policy::Viewer};
use store::{
    Sealed,
    words::{self, Column, Words},
};

use store::sealed::Place;

use crate::{App, Result};

/// What stands where words open no more.
pub(crate) const UNREADABLE: &str = "（读不出）";

/// Words as a list shows them. What doesn't open, because it was changed or its key was destroyed, keeps nobody from the rest of the
/// list: [`UNREADABLE`] stands there.
pub(crate) fn shown(app: &App, place: Place<'_>, sealed: &Sealed) -> Result<String> {
    readable(words::text(app.store().keyring(), place, sealed))
}

fn readable(opened: store::Result<String>) -> Result<String> {
    match opened {
        Err(store::Error::Seal(_)) => Ok(UNREADABLE.to_owned()),
        opened => Ok(opened?),
    }
}

/// A row, with the reason it gives.
#[derive(Clone)]
pub struct Reasoned<R> {
    /// All else.
    pub row: R,
    /// Why, as it was written.
    pub reason: String,
    /// Why it was taken back. None: it was not, or that is not read here.
    pub revoke_reason: Option<String>,
}

/// Never the reason: it may be about an illness.
impl<R: fmt::Debug> fmt::Debug for Reasoned<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reasoned").field("row", &self.row).finish_non_exhaustive()
    }
}

/// Whether the words of a row are somebody else's to the viewer. Who reads what they wrote themselves does not look at anybody's
/// data; why it was taken back may be by another.
pub(crate) fn are_of_others(viewer: &Viewer, by: Option<MemberId>, taken_back: bool) -> bool {
    taken_back || by != Some(viewer.member)
}

/// Rows with their reasons. `of`: about whom each is, since when, and what is sealed.
pub(crate) fn opened<R>(
    app: &App,
    column: Column,
    rows: Vec<R>,
    of: impl Fn(&R) -> (Words, &Sealed),
) -> Result<Vec<Reasoned<R>>> {
    let open = |row: R| -> Result<Reasoned<R>> {
        let (words, sealed) = of(&row);
        let reason = readable(words.open(app.store().keyring(), column, sealed))?;
        Ok(Reasoned { row, reason, revoke_reason: None })
    };
    rows.into_iter().map(open).collect()
}

/// Rows with their reasons, and with those they were taken back for, which stand in `revoked`. `of`: about whom each is, since
/// when, and what is sealed.
pub(crate) fn opened_with_ends<R>(
    app: &App,
    column: Column,
    revoked: Column,
    rows: Vec<R>,
    of: impl Fn(&R) -> (Words, &Sealed, Option<&Sealed>),
) -> Result<Vec<Reasoned<R>>> {
    let keyring = app.store().keyring();
    let open = |row: R| -> Result<Reasoned<R>> {
        let (words, sealed, ended) = of(&row);
        let reason = readable(words.open(keyring, column, sealed))?;
        let revoke_reason = ended.map(|ended| readable(words.open(keyring, revoked, ended))).transpose()?;
        Ok(Reasoned { row, reason, revoke_reason })
    };
    rows.into_iter().map(open).collect()
}
