//! Answers: checked against a published version, coded into facts, carried over to the next day.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CarryOver, Choice, Field, FieldKind, Form, statistic};
use crate::{clock, region};

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

    /// Every field that is wrong, each once. `today` is the day of answering, which dates are held to.
    pub fn check(&self, answers: &Answers, today: NaiveDate) -> Result<(), Vec<FieldError>> {
        let document = Value::Object(answers.clone());
        let mut errors: Vec<FieldError> = Vec::new();
        for error in self.validator.iter_errors(&document) {
            for found in self.explain(&error) {
                if !errors.iter().any(|known| known.field == found.field) {
                    errors.push(found);
                }
            }
        }
        // What a schema can't say is said of values that pass it.
        for field in &self.form.fields {
            if let Some(value) = answers.get(&field.name)
                && !errors.iter().any(|known| known.field == field.name)
                && let Err(message) = self.check_value(field, value, answers, today)
            {
                errors.push(FieldError { field: field.name.clone(), message });
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn check_value(
        &self,
        field: &Field,
        value: &Value,
        answers: &Answers,
        today: NaiveDate,
    ) -> Result<(), String> {
        let title = &field.title;
        match (&field.kind, value.as_str()) {
            (FieldKind::Region, Some(code)) if !region::is_county(code) => Err(format!("{title}请选到区县")),
            (FieldKind::Date { days_back, days_ahead, not_before }, Some(text)) => {
                let day =
                    clock::parse_day(text).ok_or_else(|| format!("{title}请填日期，例如 2020-03-04"))?;
                let earliest = days_back.and_then(|days| today.checked_sub_days(Days::new(days.into())));
                let latest = days_ahead.and_then(|days| today.checked_add_days(Days::new(days.into())));
                if let Some(earliest) = earliest.filter(|earliest| day < *earliest) {
                    return Err(format!("{title}不能早于 {earliest}"));
                }
                if let Some(latest) = latest.filter(|latest| day > *latest) {
                    return Err(format!("{title}不能晚于 {latest}"));
                }
                let other = not_before.as_ref().and_then(|name| self.form.field(name));
                let before = other
                    .and_then(|other| Some((other, clock::parse_day(answers.get(&other.name)?.as_str()?)?)));
                match before {
                    Some((other, first)) if day < first => Err(format!("{title}不能早于“{}”", other.title)),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The answers as they are kept: a location no finer than the form asks for.
    pub fn coarse(&self, mut answers: Answers) -> Answers {
        for field in &self.form.fields {
            if let FieldKind::Location { precise: false } = field.kind
                && let Some(Value::Object(claim)) = answers.get_mut(&field.name)
            {
                for axis in ["latitude", "longitude"] {
                    // Two digits are about a kilometre.
                    if let Some(degrees) = claim.get(axis).and_then(Value::as_f64) {
                        claim.insert(axis.into(), ((degrees * 100.0).round() / 100.0).into());
                    }
                }
            }
        }
        answers
    }

    fn explain(&self, error: &ValidationError<'_>) -> Vec<FieldError> {
        let one = |field: &str, message: String| vec![FieldError { field: field.to_owned(), message }];
        let path = error.instance_path().to_string();
        let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        match (self.form.field(name), error.kind()) {
            (Some(field), ValidationErrorKind::FalseSchema) => {
                one(name, format!("当前不需要填写“{}”，请清空后再提交", field.title))
            }
            (Some(field), _) => one(name, remedy(field)),
            (None, ValidationErrorKind::Required { property }) => {
                let name = property.as_str().unwrap_or_default();
                one(name, format!("请填写“{}”", self.title(name)))
            }
            (None, ValidationErrorKind::AdditionalProperties { unexpected }) => unexpected
                .iter()
                .map(|name| FieldError {
                    field: name.clone(),
                    message: "表单里没有这一项，请刷新页面后重填".into(),
                })
                .collect(),
            (None, _) => one(name, "答案应是一组“字段名: 值”".into()),
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

    /// Ids of the photos in the answers.
    pub fn photos(&self, answers: &Answers) -> Vec<String> {
        let of = |field: &Field| answers.get(&field.name)?.as_array().cloned();
        self.form
            .fields
            .iter()
            .filter(|field| matches!(field.kind, FieldKind::Photos { .. }))
            .filter_map(of)
            .flatten()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect()
    }

    /// The category of each counted field.
    pub fn facts(&self, answers: &Answers) -> Facts {
        statistic::facts(&self.form, answers)
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

/// Whether an old answer still fits the field as it is now: choices come and go between versions.
pub(super) fn allowed(field: &Field, value: &Value) -> bool {
    let known = |choices: &[Choice], value: &Value| {
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
        FieldKind::Date { .. } => value.as_str().and_then(clock::parse_day).is_some(),
        FieldKind::Region => value.as_str().is_some_and(region::is_county),
        FieldKind::Phone => value.is_string(),
        FieldKind::Photos { .. } | FieldKind::Location { .. } => false,
    }
}

/// What a valid answer looks like.
pub(super) fn remedy(field: &Field) -> String {
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
        FieldKind::Date { .. } => format!("{title}请填日期，例如 2020-03-04"),
        FieldKind::Region => format!("{title}请选到区县"),
        FieldKind::Phone => format!("{title}请填电话号码，只用数字和连字符"),
        FieldKind::Photos { at_most } => format!("{title}请上传 1 到 {at_most} 张照片"),
        FieldKind::Location { .. } => format!("{title}请重新获取位置"),
    }
}

fn titles(choices: &[Choice]) -> String {
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

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2020, 3, 4).unwrap()
    }

    fn answers(value: Value) -> Answers {
        value.as_object().cloned().unwrap()
    }

    fn wrong(value: Value) -> Vec<String> {
        let errors = health_daily().check(&answers(value), today()).expect_err("should be refused");
        assert!(errors.iter().all(|error| !error.message.is_empty()));
        let mut fields: Vec<_> = errors.into_iter().map(|error| error.field).collect();
        fields.sort();
        fields
    }

    #[test]
    fn takes_a_normal_and_an_abnormal_report() {
        let form = health_daily();
        let normal = answers(json!({ "temperature": 36.5, "place": "非疫区", "abnormal": false }));
        assert_eq!(form.check(&normal, today()), Ok(()));
        assert_eq!(form.state(&normal), State::Normal);
        assert_eq!(form.facts(&normal), Facts::from([("place".into(), "非疫区".into())]));
        let abnormal = answers(json!({
            "temperature": 36.5, "place": "湖北", "abnormal": true, "condition": "居家观察", "symptoms": ["咳嗽"],
        }));
        assert_eq!(form.check(&abnormal, today()), Ok(()));
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
            assert_eq!(form.check(&answers, today()), Ok(()), "{tenths}");
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

    fn flaws(form: &Form) -> Vec<String> {
        form.check().unwrap_err().into_iter().map(|flaw| flaw.field).collect()
    }

    #[test]
    fn a_flawed_form_says_which_field() {
        let mut form = health_daily().form;
        form.statistics = vec![super::super::Statistic { field: "symptoms".into(), categories: vec![] }];
        assert_eq!(flaws(&form), ["symptoms"]);
        let mut form = health_daily().form;
        form.fields.swap(2, 3);
        assert_eq!(flaws(&form), ["condition"]);
        let mut form = health_daily().form;
        form.fields[0].carry_over = CarryOver::Prefill;
        form.title = " ".into();
        assert_eq!(flaws(&form), ["title", "temperature"]);
    }

    /// A form with one field of this kind, required.
    fn one(kind: Value) -> Published {
        let mut document = serde_json::to_value(health_daily().form).unwrap();
        let mut field = json!({ "name": "x", "title": "此项", "required": true, "sensitive": false, "carry_over": "ask" });
        field.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
        document["fields"] = json!([field]);
        for part in ["abnormal", "statistics", "checks", "place", "quick"] {
            document.as_object_mut().unwrap().remove(part);
        }
        let form: Form = serde_json::from_value(document).unwrap();
        form.check().unwrap();
        let schema = super::super::schema::compile(&form);
        Published::new(form, &schema).unwrap()
    }

    #[test]
    fn every_kind_takes_what_it_asks_and_names_itself_otherwise() {
        let claim = json!({ "latitude": 34.7, "longitude": 113.6, "accuracy": 30, "source": "wecom", "at": "2020-03-04T08:00:00Z" });
        let photo = "0123456789abcdef0123456789abcdef";
        let cases = [
            (
                json!({ "kind": "date", "days_back": 30, "days_ahead": 0 }),
                json!("2020-03-04"),
                [json!("2020-03-05"), json!("2020-02-30"), json!("2020-02-01")],
            ),
            (json!({ "kind": "region" }), json!("410105"), [json!("410100"), json!("999999"), json!("河南")]),
            (
                json!({ "kind": "phone" }),
                json!("0371-66666666"),
                [json!("12"), json!("电话"), json!(13_800_000_000_u64)],
            ),
            (
                json!({ "kind": "photos", "at_most": 1 }),
                json!([photo]),
                [json!([]), json!([photo, "f".repeat(32)]), json!(["../x"])],
            ),
            (json!({ "kind": "location" }), claim, [json!({}), json!("34,113"), json!({ "latitude": 91 })]),
        ];
        for (kind, right, wrong) in cases {
            let form = one(kind);
            assert_eq!(form.check(&answers(json!({ "x": right })), today()), Ok(()), "{right}");
            for value in wrong {
                let errors =
                    form.check(&answers(json!({ "x": value })), today()).expect_err(&value.to_string());
                assert_eq!(errors.len(), 1, "{value}");
                assert!(errors[0].field == "x" && errors[0].message.starts_with("此项"), "{errors:?}");
            }
        }
    }

    #[test]
    fn a_location_is_kept_coarse_unless_the_form_says_otherwise() {
        let claim =
            answers(json!({ "x": { "latitude": 34.746_61, "longitude": 113.625_36, "accuracy": 30 } }));
        let kept = one(json!({ "kind": "location" })).coarse(claim.clone());
        assert_eq!((&kept["x"]["latitude"], &kept["x"]["longitude"]), (&json!(34.75), &json!(113.63)));
        assert_eq!(one(json!({ "kind": "location", "precise": true })).coarse(claim.clone()), claim);
    }

    #[test]
    fn what_does_not_go_together_is_flagged() {
        use super::super::Flag;
        let form = health_daily().form;
        let well = answers(json!({ "temperature": 36.5, "place": "非疫区", "abnormal": false }));
        assert_eq!(form.flags(&well, None), []);
        assert_eq!(form.flags(&well, Some("411302")), [Flag::Place], "an open trip to 南阳");
        assert_eq!(form.flags(&well, Some("330106")), [Flag::Place], "an open trip to 浙江");
        assert_eq!(form.flags(&well, Some("110101")), [], "elsewhere is elsewhere");
        let ill = answers(json!({ "temperature": 38.0, "place": "湖北", "abnormal": false }));
        assert_eq!(form.flags(&ill, Some("420106")), [Flag::Abnormal, Flag::Contradiction]);
        assert_eq!(form.flags(&ill, Some("330106")), [Flag::Abnormal, Flag::Contradiction, Flag::Place]);
    }
}
