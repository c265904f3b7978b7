//! Lists that come in pages. WeCom pages in six dialects; each has an end of its own, and none may be told by the number of
//! rows: what the app may not see is left out, so a page may be short or empty and not the last.

use futures_util::stream::{Stream, StreamExt, try_unfold};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::client::{Client, Patience};
use crate::error::{Error, Result};

/// More pages than any list has: one that does not end is an error, not a short list.
const MAX_PAGES: u32 = 10_000;

/// How a list is asked for its next page, and how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// `cursor`, then `next_cursor` while `has_more`.
    CursorWhileMore,
    /// `cursor`, then `next_cursor` until there is none.
    Cursor,
    /// `next_key` from `"0"` on, until `ending` is 1.
    KeyUntilEnding,
    /// `next_cursor` from `"0"` on, while `has_more` is 1.
    NextCursorWhileMore,
    /// `start` from 0 on, then `next_start` while `has_more`.
    Start,
    /// `new_cursor` from `""` on, then `new_next_cursor` until there is none.
    NewCursor,
}

impl Paging {
    fn ask(self, body: &mut Map<String, Value>, place: Option<&Value>) {
        let (field, first) = match self {
            Paging::CursorWhileMore | Paging::Cursor => ("cursor", None),
            Paging::KeyUntilEnding => ("next_key", Some(json!("0"))),
            Paging::NextCursorWhileMore => ("next_cursor", Some(json!("0"))),
            Paging::Start => ("start", Some(json!(0))),
            Paging::NewCursor => ("new_cursor", Some(json!(""))),
        };
        if let Some(place) = place.cloned().or(first) {
            body.insert(field.into(), place);
        }
    }

    /// Where the next page begins; none after the last.
    fn next(self, answer: &Value) -> Option<Value> {
        let given = |field: &str| {
            answer.get(field).filter(|value| !value.is_null() && value.as_str() != Some("")).cloned()
        };
        let is_set = |field: &str| match answer.get(field) {
            Some(Value::Bool(set)) => *set,
            Some(Value::Number(number)) => number.as_i64() != Some(0),
            _ => false,
        };
        match self {
            Paging::Cursor => given("next_cursor"),
            Paging::NewCursor => given("new_next_cursor"),
            Paging::CursorWhileMore | Paging::NextCursorWhileMore if is_set("has_more") => {
                given("next_cursor")
            }
            Paging::KeyUntilEnding if !is_set("ending") => given("next_key"),
            Paging::Start if is_set("has_more") => given("next_start"),
            _ => None,
        }
    }
}

/// The fields of a request.
pub(crate) fn fields(request: Value) -> Map<String, Value> {
    match request {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

impl Client {
    /// The pages of a list, also of a call this crate does not know: `api` is its path without `/cgi-bin/`, `rows` where the rows
    /// stand in the answer, as a JSON pointer, e.g. `/record_list`.
    pub fn pages<T: DeserializeOwned>(
        &self,
        api: &'static str,
        paging: Paging,
        body: Map<String, Value>,
        rows: &'static str,
    ) -> impl Stream<Item = Result<Vec<T>>> + Send + 'static + use<T> {
        self.answers(api, paging, body).map(move |answer| {
            let found = answer?.pointer_mut(rows).map(Value::take).unwrap_or_default();
            let found: Option<Vec<T>> = serde_json::from_value(found)
                .map_err(|_| Error::Unknown { api, reason: "the rows can't be read".into() })?;
            Ok(found.unwrap_or_default())
        })
    }

    /// The answers of a list, page by page, whole.
    pub(crate) fn answers(
        &self,
        api: &'static str,
        paging: Paging,
        body: Map<String, Value>,
    ) -> impl Stream<Item = Result<Value>> + Send + 'static + use<> {
        struct Next {
            place: Option<Value>,
            page: u32,
        }
        let client = self.clone();
        try_unfold(Some(Next { place: None, page: 1 }), move |next| {
            let (client, mut body) = (client.clone(), body.clone());
            async move {
                let Some(next) = next else { return Ok(None) };
                paging.ask(&mut body, next.place.as_ref());
                let answer: Value =
                    client.post(api, Value::Object(body).to_string(), Patience::Reads).await?;
                let after = paging.next(&answer);
                // A list cut short would look like rows gone.
                if after.is_some() && (after == next.place || next.page == MAX_PAGES) {
                    return Err(Error::Unknown { api, reason: "the list does not end".into() });
                }
                let after = after.map(|place| Next { place: Some(place), page: next.page + 1 });
                Ok(Some((answer, after)))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_has_its_own_beginning_and_end() {
        let asked = |paging: Paging, place: Option<Value>| {
            let mut body = Map::new();
            paging.ask(&mut body, place.as_ref());
            Value::Object(body)
        };
        assert_eq!(asked(Paging::Cursor, None), json!({}));
        assert_eq!(asked(Paging::CursorWhileMore, Some(json!("c2"))), json!({ "cursor": "c2" }));
        assert_eq!(asked(Paging::KeyUntilEnding, None), json!({ "next_key": "0" }));
        assert_eq!(asked(Paging::NextCursorWhileMore, None), json!({ "next_cursor": "0" }));
        assert_eq!(asked(Paging::Start, None), json!({ "start": 0 }));
        assert_eq!(asked(Paging::NewCursor, None), json!({ "new_cursor": "" }));

        for (paging, answer, next) in [
            (Paging::Cursor, json!({ "next_cursor": "c2" }), Some(json!("c2"))),
            (Paging::Cursor, json!({ "next_cursor": "" }), None),
            (Paging::CursorWhileMore, json!({ "has_more": true, "next_cursor": "c2" }), Some(json!("c2"))),
            (Paging::CursorWhileMore, json!({ "has_more": false, "next_cursor": "c2" }), None),
            (Paging::KeyUntilEnding, json!({ "ending": 0, "next_key": "k" }), Some(json!("k"))),
            (Paging::KeyUntilEnding, json!({ "ending": 1, "next_key": "k" }), None),
            (Paging::NextCursorWhileMore, json!({ "has_more": 1, "next_cursor": "7" }), Some(json!("7"))),
            (Paging::NextCursorWhileMore, json!({ "has_more": 0, "next_cursor": "7" }), None),
            (Paging::Start, json!({ "has_more": true, "next_start": 1000 }), Some(json!(1000))),
            (Paging::NewCursor, json!({ "new_next_cursor": "n" }), Some(json!("n"))),
            (Paging::NewCursor, json!({ "sp_no_list": [] }), None),
            (Paging::Start, json!({ "has_more": false, "next_start": 1000 }), None),
        ] {
            assert_eq!(paging.next(&answer), next, "{paging:?} {answer}");
        }
    }
}
