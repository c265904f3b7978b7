//! Compiling a form to JSON Schema (2020-12), done once at publish.

use serde_json::{Map, Value, json};

use super::{Choice, Condition, Field, FieldKind, Form};

/// The schema of one version's answers: an object with the shown fields and nothing else.
///
/// A hidden field must be absent, so that what nobody was asked is never stored.
pub fn compile(form: &Form) -> Value {
    let properties: Map<_, _> =
        form.fields.iter().map(|field| (field.name.clone(), value_schema(&field.kind))).collect();
    let always: Vec<_> = form
        .fields
        .iter()
        .filter(|field| field.required && field.show_if.is_none())
        .map(|field| &field.name)
        .collect();
    let shown_if: Vec<_> =
        form.fields.iter().filter_map(|field| Some(visibility(field, field.show_if.as_ref()?))).collect();

    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": form.title,
        "type": "object",
        "properties": properties,
        "required": always,
        "additionalProperties": false,
    });
    if !shown_if.is_empty() {
        schema["allOf"] = shown_if.into();
    }
    schema
}

fn value_schema(kind: &FieldKind) -> Value {
    let values = |choices: &[Choice]| choices.iter().map(|choice| json!(choice.value)).collect::<Vec<_>>();
    match kind {
        FieldKind::Number { minimum, maximum, decimals, .. } => json!({
            "type": "number", "minimum": minimum, "maximum": maximum, "multipleOf": 10f64.powi(-i32::from(*decimals)),
        }),
        FieldKind::Choice { choices } => json!({ "type": "string", "enum": values(choices) }),
        FieldKind::Choices { choices } => json!({
            "type": "array", "items": { "type": "string", "enum": values(choices) }, "minItems": 1, "uniqueItems": true,
        }),
        FieldKind::Text { max_length } => json!({ "type": "string", "maxLength": max_length }),
        FieldKind::Boolean => json!({ "type": "boolean" }),
        FieldKind::Date { .. } => json!({ "type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        FieldKind::Region => json!({ "type": "string", "pattern": "^[0-9]{6}$" }),
        // A mobile, or a landline with or without its area: what people really write.
        FieldKind::Phone => json!({ "type": "string", "pattern": r"^[0-9]([0-9-]{5,18})[0-9]$" }),
        FieldKind::Photos { at_most } => json!({
            "type": "array", "items": { "type": "string", "pattern": "^[0-9a-f]{32}$" }, "minItems": 1, "maxItems": at_most,
            "uniqueItems": true,
        }),
        FieldKind::Location { .. } => json!({
            "type": "object",
            "properties": {
                "latitude": { "type": "number", "minimum": -90, "maximum": 90 },
                "longitude": { "type": "number", "minimum": -180, "maximum": 180 },
                "accuracy": { "type": "number", "minimum": 0, "maximum": 1_000_000 },
                "source": { "enum": ["wecom", "browser"] },
                "at": { "type": "string", "maxLength": 40 },
            },
            "required": ["latitude", "longitude", "accuracy", "source", "at"],
            "additionalProperties": false,
        }),
    }
}

/// Shown: required if it is required. Hidden: absent.
fn visibility(field: &Field, condition: &Condition) -> Value {
    let shown = if field.required { json!({ "required": [field.name] }) } else { json!(true) };
    json!({ "if": condition.schema(), "then": shown, "else": { "properties": { (field.name.clone()): false } } })
}
