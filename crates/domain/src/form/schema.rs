//! Compiling a form to JSON Schema (2020-12), done once at publish.

use serde_json::{Map, Value, json};

use super::{Condition, Field, FieldKind, Form};

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
    let values =
        |choices: &[super::Choice]| choices.iter().map(|choice| json!(choice.value)).collect::<Vec<_>>();
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
    }
}

/// Shown: required if it is required. Hidden: absent.
fn visibility(field: &Field, condition: &Condition) -> Value {
    let shown = if field.required { json!({ "required": [field.name] }) } else { json!(true) };
    json!({ "if": holds(condition), "then": shown, "else": { "properties": { (field.name.clone()): false } } })
}

fn holds(condition: &Condition) -> Value {
    let mut test = Map::new();
    if let Some(value) = &condition.equals {
        test.insert("const".into(), value.clone());
    }
    if let Some(values) = &condition.one_of {
        test.insert("enum".into(), values.clone().into());
    }
    if let Some(number) = condition.at_least {
        test.insert("type".into(), "number".into());
        test.insert("minimum".into(), json!(number));
    }
    if let Some(number) = condition.at_most {
        test.insert("type".into(), "number".into());
        test.insert("maximum".into(), json!(number));
    }
    json!({ "properties": { (condition.field.clone()): test }, "required": [condition.field] })
}
