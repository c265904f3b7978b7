//! Keyset pages.

use crate::Error;

/// A cursor that is none of ours.
pub(crate) fn bad_cursor() -> Error {
    Error::field("cursor", "翻页位置无效，请回到第一页")
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
