//! Answers: checked against a published version, coded into facts, carried over to the next day.

use std::collections::BTreeMap;

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CarryOver, Condition, Field, FieldKind, Form};

/// Answers by field name.
pub type Answers = Map<String, Value>;

/// One thing wrong with one field, and what to do about it, in Chinese.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name as it was sent; empty for the answers as a whole.
    pub field: String,
    /// What to do.
    pub message: String,
}

/// Whether answers meet the form's `abnormal` conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 正常
    Normal,
    /// 异常
    Abnormal,
}

impl State {
    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Abnormal => "abnormal",
        }
    }
}

/// What is counted, in the open: the rest of the answers is sealed.
pub type Facts = BTreeMap<String, String>;

/// A published version, ready to check answers. Made once, used for every report.
#[derive(Debug, Clone)]
pub struct Published {
    /// The document.
    pub form: Form,
    validator: Validator,
}

impl Published {
    /// `schema` is what [`super::schema::compile`] made at publish.
    pub fn new(form: Form, schema: &Value) -> Result<Self, String> {
        let validator = jsonschema::draft202012::new(schema).map_err(|error| error.to_string())?;
        Ok(Self { form, validator })
    }

    /// Every field that is wrong, each once.
    pub fn check(&self, answers: &Answers) -> Result<(), Vec<FieldError>> {
        let document = Value::Object(answers.clone());
        let mut errors: Vec<FieldError> = Vec::new();
        for error in self.validator.iter_errors(&document) {
            for found in self.explain(&error) {
                if !errors.iter().any(|known| known.field == found.field) {
                    errors.push(found);
                }
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn explain(&self, error: &ValidationError<'_>) -> Vec<FieldError> {
        let one = |field: &str, message: String| vec![FieldError { field: field.to_owned(), message }];
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                one(name, format!("请填写“{}”", self.title(name)))
            }
            ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
                .iter()
                .map(|name| FieldError {
                    field: name.clone(),
                    message: "表单里没有这一项，请刷新页面后重填".into(),
                })
                .collect(),
            kind => {
                let path = error.instance_path().to_string();
                let name = path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
                match self.form.field(&name) {
                    Some(field) if matches!(kind, ValidationErrorKind::FalseSchema) => {
                        one(&name, format!("当前不需要填写“{}”，请清空后再提交", field.title))
                    }
                    Some(field) => one(&name, remedy(field)),
                    None => one(&name, "答案应是一组“字段名: 值”".into()),
                }
            }
        }
    }

    fn title<'a>(&'a self, name: &'a str) -> &'a str {
        self.form.field(name).map_or(name, |field| &field.title)
    }

    /// Abnormal when any of the form's conditions holds.
    pub fn state(&self, answers: &Answers) -> State {
        let abnormal = self.form.abnormal.iter().any(|condition| condition.holds(answers));
        if abnormal { State::Abnormal } else { State::Normal }
    }

    /// The category of each counted field.
    pub fn facts(&self, answers: &Answers) -> Facts {
        let category = |name: &String| Some((name.clone(), answers.get(name)?.as_str()?.to_owned()));
        self.form.statistics.iter().filter_map(category).collect()
    }

    /// What a new report starts with, from the last one: only what may be carried over, still exists, is still
    /// allowed and would be shown.
    pub fn carry_over(&self, last: &Answers) -> Answers {
        let mut carried = Answers::new();
        for field in self.form.fields.iter().filter(|field| field.carry_over == CarryOver::Prefill) {
            let shown = field.show_if.as_ref().is_none_or(|condition| condition.holds(&carried));
            if let Some(value) = last.get(&field.name)
                && shown
                && allowed(field, value)
            {
                carried.insert(field.name.clone(), value.clone());
            }
        }
        carried
    }
}

impl Condition {
    /// Whether the answers meet it. A missing answer meets nothing.
    pub fn holds(&self, answers: &Answers) -> bool {
        let Some(answer) = answers.get(&self.field) else { return false };
        let number = answer.as_f64();
        self.equals.as_ref().is_none_or(|value| value == answer)
            && self.one_of.as_ref().is_none_or(|values| values.contains(answer))
            && self.at_least.is_none_or(|least| number.is_some_and(|number| number >= least))
            && self.at_most.is_none_or(|most| number.is_some_and(|number| number <= most))
    }
}

/// Whether an old answer still fits the field as it is now: choices come and go between versions.
fn allowed(field: &Field, value: &Value) -> bool {
    let known = |choices: &[super::Choice], value: &Value| {
        choices.iter().any(|choice| Some(choice.value.as_str()) == value.as_str())
    };
    match &field.kind {
        FieldKind::Choice { choices } => known(choices, value),
        FieldKind::Choices { choices } => {
            value.as_array().is_some_and(|values| values.iter().all(|value| known(choices, value)))
        }
        FieldKind::Number { .. } => value.is_number(),
        FieldKind::Text { max_length } => {
            value.as_str().is_some_and(|text| text.chars().count() <= *max_length as usize)
        }
        FieldKind::Boolean => value.is_boolean(),
    }
}

/// What a valid answer looks like.
fn remedy(field: &Field) -> String {
    let title = &field.title;
    match &field.kind {
        FieldKind::Number { unit, minimum, maximum, decimals } => {
            let digits = usize::from(*decimals);
            let unit = unit.as_deref().unwrap_or_default();
            format!("{title}应在 {minimum:.digits$} 到 {maximum:.digits$}{unit} 之间，最多 {decimals} 位小数")
        }
        FieldKind::Choice { choices } => format!("{title}请从这些选项中选一个：{}", titles(choices)),
        FieldKind::Choices { choices } => {
            format!("{title}请从这些选项中至少选一个，不要重复：{}", titles(choices))
        }
        FieldKind::Text { max_length } => format!("{title}请用文字填写，不超过 {max_length} 字"),
        FieldKind::Boolean => format!("{title}请选“是”或“否”"),
    }
}

fn titles(choices: &[super::Choice]) -> String {
    choices.iter().map(|choice| choice.title.as_str()).collect::<Vec<_>>().join("、")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn health_daily() -> Published {
        let form: Form =
            serde_json::from_str(include_str!("../../../../fixtures/forms/health-daily.json")).unwrap();
        form.check().unwrap();
        let schema = super::super::schema::compile(&form);
        Published::new(form, &schema).unwrap()
    }

    fn answers(value: Value) -> Answers {
        value.as_object().cloned().unwrap()
    }

    fn wrong(value: Value) -> Vec<String> {
        let errors = health_daily().check(&answers(value)).expect_err("should be refused");
        assert!(errors.iter().all(|error| !error.message.is_empty()));
        let mut fields: Vec<_> = errors.into_iter().map(|error| error.field).collect();
        fields.sort();
        fields
    }

    #[test]
    fn takes_a_normal_and_an_abnormal_report() {
        let form = health_daily();
        let normal = answers(json!({ "temperature": 36.5, "place": "非疫区", "abnormal": false }));
        assert_eq!(form.check(&normal), Ok(()));
        assert_eq!(form.state(&normal), State::Normal);
        assert_eq!(form.facts(&normal), Facts::from([("place".into(), "非疫区".into())]));
        let abnormal = answers(json!({
            "temperature": 36.5, "place": "湖北", "abnormal": true, "condition": "居家观察", "symptoms": ["咳嗽"],
        }));
        assert_eq!(form.check(&abnormal), Ok(()));
        assert_eq!(form.state(&abnormal), State::Abnormal);
        let fever = answers(json!({ "temperature": 37.3, "place": "非疫区", "abnormal": false }));
        assert_eq!(form.state(&fever), State::Abnormal);
    }

    #[test]
    fn takes_every_temperature_with_one_decimal() {
        let form = health_daily();
        for tenths in 340..=430 {
            let answers = answers(
                json!({ "temperature": f64::from(tenths) / 10.0, "place": "非疫区", "abnormal": false }),
            );
            assert_eq!(form.check(&answers), Ok(()), "{tenths}");
        }
    }

    #[test]
    fn names_the_field_that_is_wrong() {
        assert_eq!(wrong(json!({})), ["abnormal", "place", "temperature"]);
        assert_eq!(
            wrong(json!({ "temperature": 99, "place": "非疫区", "abnormal": false })),
            ["temperature"]
        );
        assert_eq!(
            wrong(json!({ "temperature": "36.5", "place": "非疫区", "abnormal": false })),
            ["temperature"]
        );
        assert_eq!(
            wrong(json!({ "temperature": 36.55, "place": "非疫区", "abnormal": false })),
            ["temperature"]
        );
        assert_eq!(wrong(json!({ "temperature": 36.5, "place": "月球", "abnormal": false })), ["place"]);
        assert_eq!(wrong(json!({ "temperature": 36.5, "place": "非疫区", "abnormal": "否" })), ["abnormal"]);
        assert_eq!(
            wrong(json!({ "temperature": 36.5, "place": "非疫区", "abnormal": false, "x": 1 })),
            ["x"]
        );
        assert_eq!(
            wrong(json!({ "temperature": 36.5, "place": "非疫区", "abnormal": true })),
            ["condition", "symptoms"]
        );
        let text = "长".repeat(201);
        assert_eq!(
            wrong(
                json!({ "temperature": 36.5, "place": "非疫区", "abnormal": true, "condition": "其他", "symptoms": ["其他"], "treatment": text })
            ),
            ["treatment"]
        );
    }

    #[test]
    fn refuses_what_nobody_was_asked() {
        let hidden =
            json!({ "temperature": 36.5, "place": "非疫区", "abnormal": false, "symptoms": ["咳嗽"] });
        assert_eq!(wrong(hidden), ["symptoms"]);
    }

    #[test]
    fn carries_over_what_did_not_change_and_never_a_measurement() {
        let form = health_daily();
        let last = answers(json!({
            "temperature": 36.5, "place": "湖北", "abnormal": true, "condition": "居家观察", "symptoms": ["咳嗽"],
        }));
        // `abnormal` is asked anew, so what hangs on it is too.
        assert_eq!(form.carry_over(&last), answers(json!({ "place": "湖北" })));
        let moved = answers(json!({ "place": "火星" }));
        assert_eq!(form.carry_over(&moved), Answers::new());
    }

    #[test]
    fn a_flawed_form_says_which_field() {
        let mut form = health_daily().form;
        form.statistics = vec!["symptoms".into()];
        assert_eq!(form.check().unwrap_err().field, "symptoms");
        let mut form = health_daily().form;
        form.fields.swap(2, 3);
        assert_eq!(form.check().unwrap_err().field, "condition");
    }
}
