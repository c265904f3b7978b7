//! Keyset pages.

use chrono::{DateTime, Utc};

use crate::{Error, Result};

/// A cursor that is none of ours.
pub(crate) fn bad_cursor() -> Error {
    Error::field("cursor", "翻页位置无效，请回到第一页")
}

/// The cursor of a list that is ordered by a moment and a number.
pub(crate) fn moment(at: DateTime<Utc>, id: i64) -> String {
    format!("{}/{id}", at.timestamp_micros())
}

/// Reads what [`moment`] wrote.
pub(crate) fn parse_moment(text: &str) -> Result<(DateTime<Utc>, i64)> {
    let (micros, id) = text.split_once('/').ok_or_else(bad_cursor)?;
    let at = micros.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or_else(bad_cursor)?;
    Ok((at, id.parse().map_err(|_| bad_cursor())?))
}

/// One page of a list, and where the next begins.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The key after which the next page begins; none: this was the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts `rows`, read one more than `limit`, into a page.
    pub fn cut(mut rows: Vec<T>, limit: i64, key: impl FnOnce(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(key) } else { None };
        Self { items: rows, next }
    }

    /// The same page with each row changed.
    pub fn try_map<U, E>(self, change: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let items = self.items.into_iter().map(change).collect::<Result<_, _>>()?;
        Ok(Page { items, next: self.next })
    }
}
