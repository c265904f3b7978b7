//! The whole of a form, as the designer edits it.

use app::FieldError;
use domain::form::{self, Form};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Condition, Field};
use crate::http::problem::Answer;

/// What is asked, of whom, how often, and what is made of the answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FormDocument)]
pub struct Document {
    /// At most 30 characters.
    title: String,
    /// Why the school asks, at most 200 characters.
    purpose: String,
    /// By what right: the law, or the school's own rule; at most 200 characters.
    legal_basis: String,
    cadence: Cadence,
    audience: Audience,
    /// The questions, in the order they are asked.
    fields: Vec<Field>,
    /// An answer is abnormal when any of these holds.
    #[serde(default)]
    abnormal: Vec<Condition>,
    /// What else about an answer somebody should look at.
    #[serde(default)]
    checks: Vec<Check>,
    /// What is counted by category.
    #[serde(default)]
    statistics: Vec<Statistic>,
    /// The question that says where somebody is.
    #[serde(default)]
    place: Option<String>,
    /// The questions that say somebody is away.
    #[serde(default)]
    trip: Option<Trip>,
    /// What may be answered by a card or a word in the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quick: Option<Quick>,
}

/// How often a form is answered.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Cadence {
    /// Each day, once in every slot.
    Daily {
        /// In the order of the day.
        slots: Vec<Slot>,
    },
    /// Once a week.
    Weekly {
        /// From when on.
        opens: WeekTime,
        /// Until when.
        closes: WeekTime,
        /// When the figures are read.
        cutoff: WeekTime,
    },
    /// Once, between its first and its last day.
    Once,
    /// Whenever it happens, any number of times.
    Event,
}

/// One time of the day.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// What it is called, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[schema(example = "06:00")]
    opens: String,
    /// `24:00` is the end of the day.
    #[schema(example = "24:00")]
    closes: String,
    /// When the figures are read; what comes later is late.
    #[schema(example = "20:00")]
    cutoff: String,
}

/// A time of the week.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeekTime {
    /// 1 is Monday, 7 is Sunday.
    weekday: u8,
    #[schema(example = "18:00")]
    time: String,
}

/// Who is expected to answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// Students, staff, or both.
    kinds: Vec<AudienceKind>,
    /// Only those counted under a college.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    within: Option<Within>,
    /// Only those counted under one of these; null: the whole school.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    departments: Option<Vec<i32>>,
}

/// Students or staff.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AudienceKind {
    /// 学生
    Student,
    /// 教职工
    Staff,
}

/// What somebody must be counted under.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Within {
    /// A college.
    College,
}

/// Something a person should look at.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = FormCheck)]
#[serde(deny_unknown_fields)]
pub struct Check {
    flag: CheckFlag,
    /// What is noticed, for who reviews it.
    title: String,
    /// When all of these hold.
    when: Vec<Condition>,
}

/// Of which sort it is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckFlag {
    /// 异常
    Abnormal,
    /// 矛盾
    Contradiction,
    /// 风险
    Risk,
    /// 地点不符
    Place,
}

/// A question whose answers are counted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Statistic {
    /// Its name.
    field: String,
    /// What its answers are counted as, the first that holds; none: as they are.
    #[serde(default)]
    categories: Vec<Category>,
}

/// Answers that are counted together.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Category {
    title: String,
    /// A condition on the same question.
    when: Condition,
}

/// The questions that make a trip.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = TripFields)]
#[serde(deny_unknown_fields)]
pub struct Trip {
    /// A date.
    left_on: String,
    /// A date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    returned_on: Option<String>,
    /// A region.
    place: String,
    /// A choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transport: Option<String>,
}

/// What may be answered without the page, where everything else is as in the last report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = QuickAnswer)]
#[serde(deny_unknown_fields)]
pub struct Quick {
    /// The question that is answered each time, a number.
    field: String,
    /// What a card offers to choose from, at most nine.
    bands: Vec<Band>,
    /// Questions that are asked anew on the page and here are as in the last report.
    #[serde(default)]
    same: Vec<String>,
}

/// One choice on a card.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = QuickBand)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// At most 16 characters.
    title: String,
    /// The answer it stands for.
    value: f64,
}

impl Cadence {
    /// As it is shown.
    pub fn of(cadence: &form::Cadence) -> Answer<Self> {
        let broken =
            |error: serde_json::Error| app::Error::Internal("a cadence".into(), Some(Box::new(error)));
        Ok(serde_json::from_value(serde_json::to_value(cadence).map_err(broken)?).map_err(broken)?)
    }
}

impl Document {
    /// As it is edited. Both shapes are the same JSON, but for what belongs to the form itself.
    pub fn of(form: &Form) -> Answer<Self> {
        let broken = |error: serde_json::Error| app::Error::Internal("a form".into(), Some(Box::new(error)));
        let mut whole = serde_json::to_value(form).map_err(broken)?;
        if let Value::Object(parts) = &mut whole {
            parts.remove("code");
            parts.remove("version");
        }
        Ok(serde_json::from_value(whole).map_err(broken)?)
    }

    /// As it is kept, without its code and number. What can't be kept names the question, or the part of the form.
    pub fn read(self) -> Answer<Form> {
        let mut wrong: Vec<FieldError> = Vec::new();
        let mut fields: Vec<form::Field> = Vec::new();
        for (place, field) in self.fields.iter().enumerate() {
            let name = if field.name.is_empty() { format!("fields[{place}]") } else { field.name.clone() };
            fields.extend(part::<form::Field>(&name, field, &mut wrong));
        }
        let cadence = part("cadence", &self.cadence, &mut wrong);
        let audience = part("audience", &self.audience, &mut wrong);
        let abnormal = part("abnormal", &self.abnormal, &mut wrong);
        let checks = part("checks", &self.checks, &mut wrong);
        let statistics = part("statistics", &self.statistics, &mut wrong);
        let trip = part("trip", &self.trip, &mut wrong);
        let place = part("place", &self.place, &mut wrong);
        let quick = part("quick", &self.quick, &mut wrong);
        for (field, text) in
            [("title", &self.title), ("purpose", &self.purpose), ("legal_basis", &self.legal_basis)]
        {
            part::<String>(field, text, &mut wrong);
        }
        match (cadence, audience, abnormal, checks, statistics, trip, place, quick) {
            (
                Some(cadence),
                Some(audience),
                Some(abnormal),
                Some(checks),
                Some(statistics),
                Some(trip),
                Some(place),
                Some(quick),
            ) if wrong.is_empty() => Ok(Form {
                code: String::new(),
                title: self.title.trim().to_owned(),
                version: 1,
                purpose: self.purpose.trim().to_owned(),
                legal_basis: self.legal_basis.trim().to_owned(),
                cadence,
                audience,
                fields,
                abnormal,
                checks,
                statistics,
                place,
                trip,
                quick,
            }),
            _ => Err(app::Error::Invalid(wrong).into()),
        }
    }
}

/// One part, as it is kept; what is wrong with it is told under `name`.
fn part<T: DeserializeOwned>(name: &str, of: &impl Serialize, wrong: &mut Vec<FieldError>) -> Option<T> {
    let value = serde_json::to_value(of).ok()?;
    let mut tell = |message: String| wrong.push(FieldError { field: name.to_owned(), message });
    // Postgres keeps no NUL.
    if value.to_string().contains("\\u0000") {
        tell("含有不能保存的字符，请删除后重新输入".into());
        return None;
    }
    match serde_json::from_value(value) {
        Ok(part) => Some(part),
        Err(error) => {
            let said = error.to_string();
            let missing = said.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
            tell(match missing {
                Some(setting) => format!("请补全设置：缺少 {setting}"),
                None if said.contains("time of day") => "时间请写成 06:00 到 24:00 的样子".into(),
                None => "设置有误，请检查数值和选项".into(),
            });
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_built_in_form_goes_out_and_comes_back_as_it_was() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/forms");
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let form: Form = serde_json::from_str(&text).unwrap();
            let sent = serde_json::to_string(&Document::of(&form).unwrap()).unwrap();
            let back: Document = serde_json::from_str(&sent).unwrap();
            let back = Form { code: form.code.clone(), version: form.version, ..back.read().unwrap() };
            assert_eq!(back, form);
        }
    }

    #[test]
    fn a_bad_shape_names_the_question() {
        let document = |field: Value, opens: &str| -> Document {
            serde_json::from_value(json!({
                "title": "晚点名", "purpose": "安全", "legal_basis": "学校规定",
                "cadence": { "kind": "daily", "slots": [{ "opens": opens, "closes": "24:00", "cutoff": "23:00" }] },
                "audience": { "kinds": ["student"] }, "fields": [field],
            }))
            .unwrap()
        };
        let field = |more: Value| {
            let mut field = json!({ "name": "beds", "title": "几人", "required": true, "sensitive": false, "carry_over": "ask" });
            field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            field
        };
        let whole = json!({ "kind": "number", "minimum": 0, "maximum": 8, "decimals": 0 });
        assert!(document(field(whole.clone()), "21:00").read().is_ok());
        assert!(document(field(json!({ "kind": "number", "minimum": 0 })), "21:00").read().is_err());
        assert!(document(field(whole.clone()), "9 o'clock").read().is_err());
        let mut nul = field(whole);
        nul["title"] = json!("几\u{0}人");
        assert!(document(nul, "21:00").read().is_err());
    }
}
