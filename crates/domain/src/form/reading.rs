//! Answers as people read them.

use serde_json::Value;

use super::{Field, FieldKind};
use crate::region;

impl Field {
    /// An answer in words: choices by their titles, numbers with their unit, a county with its city and province.
    pub fn read(&self, answer: &Value) -> String {
        match (&self.kind, answer) {
            (FieldKind::Number { unit, decimals, .. }, Value::Number(number)) => {
                let number = number.as_f64().unwrap_or_default();
                format!("{number:.*}{}", usize::from(*decimals), unit.as_deref().unwrap_or_default())
            }
            (FieldKind::Region, Value::String(code)) => region::path(code),
            (FieldKind::Photos { .. }, Value::Array(photos)) => format!("{} 张照片", photos.len()),
            (FieldKind::Location { .. }, Value::Object(place)) => {
                let degrees = |axis: &str| place.get(axis).and_then(Value::as_f64).unwrap_or_default();
                format!("北纬 {:.4}，东经 {:.4}", degrees("latitude"), degrees("longitude"))
            }
            (_, Value::Bool(yes)) => if *yes { "是" } else { "否" }.to_owned(),
            (kind, Value::Array(values)) => {
                let titles: Vec<String> = values.iter().map(|value| title(kind, value)).collect();
                titles.join("、")
            }
            (kind, value) => title(kind, value),
        }
    }
}

fn title(kind: &FieldKind, value: &Value) -> String {
    let Some(text) = value.as_str() else { return value.to_string() };
    let choice = kind.choices().iter().find(|choice| choice.value == text);
    choice.map_or(text, |choice| &choice.title).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(kind: Value) -> Field {
        let mut field =
            json!({ "name": "x", "title": "X", "required": true, "sensitive": false, "carry_over": "ask" });
        field.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
        serde_json::from_value(field).unwrap()
    }

    #[test]
    fn answers_are_read_in_words() {
        let number =
            field(json!({ "kind": "number", "unit": "℃", "minimum": 34, "maximum": 43, "decimals": 1 }));
        assert_eq!(number.read(&json!(38)), "38.0℃");
        let choices = field(
            json!({ "kind": "choices", "choices": [{ "value": "a", "title": "甲" }, { "value": "b", "title": "乙" }] }),
        );
        assert_eq!(choices.read(&json!(["a", "b", "gone"])), "甲、乙、gone");
        assert_eq!(field(json!({ "kind": "boolean" })).read(&json!(false)), "否");
        assert_eq!(field(json!({ "kind": "region" })).read(&json!("410105")), "河南省郑州市金水区");
        assert_eq!(field(json!({ "kind": "photos", "at_most": 3 })).read(&json!(["p1", "p2"])), "2 张照片");
        let place = json!({ "latitude": 34.75, "longitude": 113.62, "accuracy": 30 });
        assert_eq!(field(json!({ "kind": "location" })).read(&place), "北纬 34.7500，东经 113.6200");
        assert_eq!(field(json!({ "kind": "text", "max_length": 9 })).read(&json!("头疼")), "头疼");
    }
}
