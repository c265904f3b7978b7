//! Conditions on answers: what shows a question, what makes an answer abnormal, into which category it falls.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answers::Answers;
use crate::region;

/// A condition on one answer. Of the tests named, all must hold; an answer that is missing meets none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The answer it looks at.
    pub field: String,
    /// Equal to this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// Equal to one of these; of an answer with several values, one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// A number not below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// A number not above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// A region in one of these: the first two, four or six digits of a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Vec<String>>,
    /// A region in none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<Vec<String>>,
}

impl Condition {
    /// Whether the answers meet it. A missing answer meets nothing.
    pub fn holds(&self, answers: &Answers) -> bool {
        let Some(answer) = answers.get(&self.field) else { return false };
        let number = answer.as_f64();
        let is_one = |values: &Vec<Value>| match answer {
            Value::Array(given) => given.iter().any(|value| values.contains(value)),
            one => values.contains(one),
        };
        let lies = |prefixes: &Vec<String>| answer.as_str().map(|code| region::is_within(code, prefixes));
        self.equals.as_ref().is_none_or(|value| value == answer)
            && self.one_of.as_ref().is_none_or(is_one)
            && self.at_least.is_none_or(|least| number.is_some_and(|number| number >= least))
            && self.at_most.is_none_or(|most| number.is_some_and(|number| number <= most))
            && self.within.as_ref().is_none_or(|prefixes| lies(prefixes) == Some(true))
            && self.outside.as_ref().is_none_or(|prefixes| lies(prefixes) == Some(false))
    }

    /// Whether it tests anything at all.
    pub fn is_empty(&self) -> bool {
        matches!(
            self,
            Self {
                equals: None,
                one_of: None,
                at_least: None,
                at_most: None,
                within: None,
                outside: None,
                ..
            }
        )
    }

    /// The same as JSON Schema of the answers.
    pub fn schema(&self) -> Value {
        let mut all: Vec<Value> = Vec::new();
        if let Some(value) = &self.equals {
            all.push(json!({ "const": value }));
        }
        if let Some(values) = &self.one_of {
            all.push(json!({ "anyOf": [
                { "enum": values },
                { "type": "array", "contains": { "enum": values } },
            ] }));
        }
        if let Some(number) = self.at_least {
            all.push(json!({ "type": "number", "minimum": number }));
        }
        if let Some(number) = self.at_most {
            all.push(json!({ "type": "number", "maximum": number }));
        }
        let lies = |prefixes: &[String]| json!({ "pattern": format!("^({})", prefixes.join("|")) });
        if let Some(prefixes) = &self.within {
            all.push(json!({ "type": "string", "allOf": [lies(prefixes)] }));
        }
        if let Some(prefixes) = &self.outside {
            all.push(json!({ "type": "string", "not": lies(prefixes) }));
        }
        if all.is_empty() {
            return json!({ "required": [self.field] });
        }
        let test = Map::from_iter([(self.field.clone(), json!({ "allOf": all }))]);
        json!({ "properties": test, "required": [self.field] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pages' rule is held to the same cases.
    #[test]
    fn holds_as_the_pages_think_it_does() {
        let cases: Vec<Value> =
            serde_json::from_str(include_str!("../../../../fixtures/conditions.json")).unwrap();
        assert!(cases.len() > 20);
        for case in cases {
            let condition: Condition = serde_json::from_value(case["condition"].clone()).unwrap();
            let answers = case["answers"].as_object().unwrap();
            assert_eq!(condition.holds(answers), case["holds"], "{case}");
        }
    }
}
