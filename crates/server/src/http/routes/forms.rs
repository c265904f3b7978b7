//! The forms I am asked today.

use actix_web::{get, web};
use app::forms::{self, FormToday, Standing};
use chrono::{DateTime, NaiveDate, Utc};
use domain::form::{CarryOver, Choice, Condition, Field, FieldKind};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::dto::Receipt;
use crate::http::{openapi::Refusals, problem::Answer, who::SignedIn};

/// Forms that ask me today.
#[derive(Debug, Serialize, ToSchema)]
pub struct FormList {
    items: Vec<FormItem>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FormToday)]
struct FormItem {
    code: String,
    title: String,
    day: NaiveDate,
    opens_at: DateTime<Utc>,
    closes_at: DateTime<Utc>,
    state: StandingName,
    receipt: Option<Receipt>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standing)]
#[serde(rename_all = "snake_case")]
enum StandingName {
    Unreported,
    Reported,
    Exempt,
    NotExpected,
}

impl From<Standing> for StandingName {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Unreported => Self::Unreported,
            Standing::Reported => Self::Reported,
            Standing::Exempt => Self::Exempt,
            Standing::NotExpected => Self::NotExpected,
        }
    }
}

impl From<FormToday> for FormItem {
    fn from(today: FormToday) -> Self {
        Self {
            code: today.form.form.code.clone(),
            title: today.form.form.title.clone(),
            day: today.day,
            opens_at: today.opens_at,
            closes_at: today.closes_at,
            state: today.standing.into(),
            receipt: today.receipt.map(Receipt::from),
        }
    }
}

/// The forms I am asked today.
#[utoipa::path(
    operation_id = "forms_list",
    tag = "forms", security(("session" = [])), responses((status = 200, body = FormList), Refusals))]
#[get("/forms")]
pub async fn list(who: SignedIn) -> Answer<web::Json<FormList>> {
    let (app, school, viewer) = who.parts()?;
    let items = forms::today(app, school, viewer).await?.into_iter().map(FormItem::from).collect();
    Ok(web::Json(FormList { items }))
}

/// A form to be filled in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Form)]
pub struct FormToFill {
    code: String,
    title: String,
    /// To be sent back with the answers.
    version: i32,
    day: NaiveDate,
    opens_at: DateTime<Utc>,
    closes_at: DateTime<Utc>,
    state: StandingName,
    /// Why the school asks.
    purpose: String,
    fields: Vec<FormField>,
    /// Today's own answers, or what is carried over from the last ones.
    answers: Map<String, Value>,
    /// Names of the fields whose start was carried over.
    carried: Vec<String>,
    receipt: Option<Receipt>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Field)]
struct FormField {
    name: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    kind: FieldKindName,
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<f64>,
    /// Digits behind the point.
    #[serde(skip_serializing_if = "Option::is_none")]
    decimals: Option<u8>,
    /// Characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<ChoiceItem>>,
    sensitive: bool,
    carry_over: CarryOverName,
    #[serde(skip_serializing_if = "Option::is_none")]
    show_if: Option<ConditionItem>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldKind)]
#[serde(rename_all = "snake_case")]
enum FieldKindName {
    Number,
    Choice,
    Choices,
    Text,
    Boolean,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CarryOver)]
#[serde(rename_all = "snake_case")]
enum CarryOverName {
    Prefill,
    Ask,
    Never,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Choice)]
struct ChoiceItem {
    value: String,
    title: String,
}

/// Of the tests named, all must hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Condition)]
struct ConditionItem {
    field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    equals: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_of: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<f64>,
}

impl From<&Condition> for ConditionItem {
    fn from(condition: &Condition) -> Self {
        let Condition { field, equals, one_of, at_least, at_most } = condition.clone();
        Self { field, equals, one_of, at_least, at_most }
    }
}

impl From<&Field> for FormField {
    fn from(field: &Field) -> Self {
        let choices = |choices: &[Choice]| {
            choices
                .iter()
                .map(|choice| ChoiceItem { value: choice.value.clone(), title: choice.title.clone() })
                .collect()
        };
        let mut item = Self {
            name: field.name.clone(),
            title: field.title.clone(),
            help: field.help.clone(),
            kind: FieldKindName::Boolean,
            required: field.required,
            unit: None,
            minimum: None,
            maximum: None,
            decimals: None,
            max_length: None,
            choices: None,
            sensitive: field.sensitive,
            carry_over: match field.carry_over {
                CarryOver::Prefill => CarryOverName::Prefill,
                CarryOver::Ask => CarryOverName::Ask,
                CarryOver::Never => CarryOverName::Never,
            },
            show_if: field.show_if.as_ref().map(ConditionItem::from),
        };
        match &field.kind {
            FieldKind::Number { unit, minimum, maximum, decimals } => {
                item.kind = FieldKindName::Number;
                item.unit = unit.clone();
                (item.minimum, item.maximum, item.decimals) =
                    (Some(*minimum), Some(*maximum), Some(*decimals));
            }
            FieldKind::Choice { choices: all } => {
                item.kind = FieldKindName::Choice;
                item.choices = Some(choices(all));
            }
            FieldKind::Choices { choices: all } => {
                item.kind = FieldKindName::Choices;
                item.choices = Some(choices(all));
            }
            FieldKind::Text { max_length } => {
                item.kind = FieldKindName::Text;
                item.max_length = Some(*max_length);
            }
            FieldKind::Boolean => {}
        }
        item
    }
}

/// A form, ready to be filled in.
#[utoipa::path(
    operation_id = "forms_get",
    tag = "forms", security(("session" = [])), params(("code" = String, Path, description = "e.g. `health-daily`")),
    responses((status = 200, body = FormToFill), Refusals))]
#[get("/forms/{code}")]
pub async fn get(who: SignedIn, code: web::Path<String>) -> Answer<web::Json<FormToFill>> {
    let (app, school, viewer) = who.parts()?;
    let filled = forms::to_fill(app, school, viewer, &code).await?;
    let form = &filled.today.form.form;
    Ok(web::Json(FormToFill {
        code: form.code.clone(),
        title: form.title.clone(),
        version: form.version,
        day: filled.today.day,
        opens_at: filled.today.opens_at,
        closes_at: filled.today.closes_at,
        state: filled.today.standing.into(),
        purpose: form.purpose.clone(),
        fields: form.fields.iter().map(FormField::from).collect(),
        answers: filled.answers,
        carried: filled.carried,
        receipt: filled.today.receipt.map(Receipt::from),
    }))
}
