//! Reading JSON the way WeCom writes it: the same kind of value is a number here and a string there,
//! a list here and a `|`-joined string there, and what is withheld is absent, null or empty.

use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, de};
use serde_json::Value;

/// A number, or a string with a number in it.
pub(crate) fn number<'de, D: Deserializer<'de>, T: TryFrom<i64>>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    to_number(&value).ok_or_else(|| de::Error::custom("expected a number in range"))
}

/// A number that may be absent, null, empty or nonsense: then it isn't known.
pub(crate) fn optional_number<'de, D: Deserializer<'de>, T: TryFrom<i64>>(
    d: D,
) -> Result<Option<T>, D::Error> {
    Ok(to_number(&Value::deserialize(d)?))
}

/// A text that may be absent, null or empty: then it isn't known.
pub(crate) fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A list of texts: an array, or one string joined by `|` or `,`.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(joined) => split(&joined),
        Value::Array(values) => values.iter().filter_map(|value| value.as_str()).map(str::to_owned).collect(),
        _ => Vec::new(),
    })
}

/// A list of numbers: an array of numbers or numeric strings, or one joined string. What is no number is left out,
/// unless the place in the list matters: see [`aligned_numbers`].
pub(crate) fn numbers<'de, D: Deserializer<'de>, T: TryFrom<i64>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(list(&Value::deserialize(deserializer)?).iter().filter_map(to_number).collect())
}

/// Like [`numbers`], keeping places: WeCom aligns `order` and `is_leader_in_dept` with `department`.
pub(crate) fn aligned_numbers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Option<i64>>, D::Error> {
    Ok(list(&Value::deserialize(deserializer)?).iter().map(to_number).collect())
}

/// An array that may be null.
pub(crate) fn items<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

pub(crate) fn split(joined: &str) -> Vec<String> {
    joined.split(['|', ',']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        Value::String(joined) => split(joined).into_iter().map(Value::String).collect(),
        Value::Number(_) => vec![value.clone()],
        _ => Vec::new(),
    }
}

fn to_number<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    let number = match value {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Bool(flag) => i64::from(*flag),
        _ => return None,
    };
    T::try_from(number).ok()
}
