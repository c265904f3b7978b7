//! 快捷填报: what may be answered without the page, by somebody for whom nothing else has changed: one number, chosen on a
//! card or written in the chat. Everything else is as in the last report, which was normal.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Cadence, CarryOver, Field, FieldKind, Form,
    answers::{Answers, Published, State, allowed, remedy},
};

/// Bands of a card at most: WeCom's selection has ten entries, and the first says that nothing is chosen yet.
const BANDS: usize = 9;

/// What is asked, and what stands for the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quick {
    /// The question that is answered each time, a number.
    pub field: String,
    /// What a card offers to choose from.
    pub bands: Vec<Band>,
    /// Questions that are asked anew on the page and here are as in the last report. The card names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same: Vec<String>,
}

/// One choice on a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// What people read.
    pub title: String,
    /// The answer it stands for.
    pub value: f64,
}

impl Form {
    /// The question of a quick answer, and what is said of it.
    pub fn quick_field(&self) -> Option<(&Quick, &Field)> {
        let quick = self.quick.as_ref()?;
        Some((quick, self.field(&quick.field)?))
    }

    /// The titles of the questions that are asked anew on the page and are the same in a quick answer.
    pub fn same_titles(&self) -> Vec<&str> {
        let names = self.quick.iter().flat_map(|quick| &quick.same);
        names.filter_map(|name| self.field(name)).map(|field| field.title.as_str()).collect()
    }

    /// What keeps the quick answer from being offered, and what to do, in Chinese.
    pub(super) fn wrong_quick(&self) -> Option<&'static str> {
        let quick = self.quick.as_ref()?;
        let Some(field) = self.field(&quick.field) else {
            return Some("快捷填报引用了不存在的问题");
        };
        let FieldKind::Number { minimum, maximum, .. } = field.kind else {
            return Some("快捷填报请选一个数值问题");
        };
        if !field.required || field.show_if.is_some() {
            return Some("快捷填报的问题要必填，并且一直显示");
        }
        if !matches!(self.cadence, Cadence::Daily { .. } | Cadence::Weekly { .. }) {
            return Some("只有每天或每周的表单可以快捷填报");
        }
        if quick.bands.is_empty() || quick.bands.len() > BANDS {
            return Some("快捷选项要有 1 到 9 个");
        }
        let titled = |band: &Band| (1..=16).contains(&band.title.trim().chars().count());
        let within =
            |band: &Band| (minimum..=maximum).contains(&band.value) && field.number(band.value).is_some();
        if !quick.bands.iter().all(|band| titled(band) && within(band)) {
            return Some("每个快捷选项要有名称（不超过 16 字），数值在问题的范围之内");
        }
        let repeated = |(place, band): (usize, &Band)| {
            quick.bands.iter().take(place).any(|other| other.value == band.value || other.title == band.title)
        };
        if quick.bands.iter().enumerate().any(repeated) {
            return Some("快捷选项不能重复");
        }
        if quick.bands.iter().any(|band| self.is_abnormal_alone(field, band.value)) {
            return Some("快捷选项不能是异常值，异常的要打开表单填写");
        }
        let asked = |name: &String| {
            self.field(name).is_some_and(|other| {
                other.carry_over == CarryOver::Ask && !other.kind.is_measured() && other.name != field.name
            })
        };
        if !quick.same.iter().all(asked) {
            return Some("与上次相同的问题，只能选每次重新询问、且不是测量值的问题");
        }
        let stays = |other: &Field| {
            other.name == field.name
                || other.carry_over == CarryOver::Prefill
                || quick.same.contains(&other.name)
        };
        let needed = self.fields.iter().filter(|other| other.required && other.show_if.is_none());
        if !needed.into_iter().all(stays) {
            return Some("还有必填的问题不能与上次相同，不能快捷填报");
        }
        None
    }

    fn is_abnormal_alone(&self, field: &Field, value: f64) -> bool {
        let Some(value) = field.number(value) else { return true };
        let answers = Answers::from_iter([(field.name.clone(), value)]);
        self.abnormal.iter().any(|condition| condition.holds(&answers))
    }
}

impl Field {
    /// A number as this question takes it; none: it has more digits.
    fn number(&self, value: f64) -> Option<Value> {
        let FieldKind::Number { decimals, .. } = self.kind else { return None };
        let scaled = value * 10f64.powi(decimals.into());
        let fits = (scaled - scaled.round()).abs() < 1e-6;
        let value =
            if decimals == 0 { format!("{value:.0}") } else { format!("{value:.*}", usize::from(decimals)) };
        serde_json::from_str(&value).ok().filter(|_| fits)
    }

    /// A number as it stands for a choice: `36.5`.
    pub fn number_text(&self, value: f64) -> String {
        match self.kind {
            FieldKind::Number { decimals, .. } => format!("{value:.*}", usize::from(decimals)),
            _ => value.to_string(),
        }
    }

    /// The number as an answer, or what a valid one looks like.
    pub fn measured(&self, value: f64) -> Result<Value, String> {
        match &self.kind {
            FieldKind::Number { minimum, maximum, .. } if (*minimum..=*maximum).contains(&value) => {
                self.number(value).ok_or_else(|| remedy(self))
            }
            _ => Err(remedy(self)),
        }
    }
}

impl Published {
    /// The whole of a quick answer: the number, and the rest from the last report. None where that can't be: the last one was
    /// not normal, this one would not be, or something is asked that the last one does not answer.
    pub fn quick(&self, last: &Answers, measured: f64, today: NaiveDate) -> Option<Answers> {
        let (quick, asked) = self.form.quick_field()?;
        let normal = |answers: &Answers| {
            self.state(answers) == State::Normal && self.form.flags(answers, None).is_empty()
        };
        if !normal(last) {
            return None;
        }
        let mut answers = Answers::new();
        for field in &self.form.fields {
            let value = if field.name == asked.name {
                Some(asked.measured(measured).ok()?)
            } else if field.carry_over == CarryOver::Prefill || quick.same.contains(&field.name) {
                last.get(&field.name).filter(|value| allowed(field, value)).cloned()
            } else {
                None
            };
            let shown = field.show_if.as_ref().is_none_or(|condition| condition.holds(&answers));
            if let Some(value) = value.filter(|_| shown) {
                answers.insert(field.name.clone(), value);
            }
        }
        let whole = self.check(&answers, today).is_ok() && normal(&answers);
        whole.then_some(answers)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form() -> Form {
        serde_json::from_str(include_str!("../../../../fixtures/forms/health-daily.json")).unwrap()
    }

    fn published(form: Form) -> Published {
        let schema = super::super::schema::compile(&form);
        Published::new(form, &schema).unwrap()
    }

    fn answers(value: Value) -> Answers {
        value.as_object().cloned().unwrap()
    }

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2020, 3, 4).unwrap()
    }

    #[test]
    fn one_number_and_the_rest_as_before() {
        let form = published(form());
        let last = answers(json!({ "temperature": 36.3, "place": "湖北", "abnormal": false }));
        let now = form.quick(&last, 36.5, today()).unwrap();
        assert_eq!(now, answers(json!({ "temperature": 36.5, "place": "湖北", "abnormal": false })));
        assert_eq!(form.quick(&last, 37.5, today()), None, "an abnormal one wants the whole form");
        assert_eq!(form.quick(&last, 36.55, today()), None, "more digits than it takes");
        assert_eq!(form.quick(&last, 50.0, today()), None);
        let ill = answers(json!({
            "temperature": 36.3, "place": "湖北", "abnormal": true, "condition": "居家观察", "symptoms": ["咳嗽"],
        }));
        assert_eq!(form.quick(&ill, 36.5, today()), None, "the last one was not normal");
        let gone = answers(json!({ "temperature": 36.3, "place": "火星", "abnormal": false }));
        assert_eq!(form.quick(&gone, 36.5, today()), None, "a place that is no choice any more");
        assert_eq!(form.quick(&Answers::new(), 36.5, today()), None);
    }

    #[test]
    fn the_built_in_form_offers_every_band_it_names() {
        let form = published(form());
        let last = answers(json!({ "temperature": 36.3, "place": "湖北", "abnormal": false }));
        let (quick, field) = form.form.quick_field().unwrap();
        assert!(!quick.bands.is_empty());
        for band in &quick.bands {
            assert!(form.quick(&last, band.value, today()).is_some(), "{}", band.title);
            assert!(band.title.starts_with(&field.number_text(band.value)), "{}", band.title);
        }
        assert_eq!(form.form.same_titles(), ["身体是否异常"]);
    }

    #[test]
    fn what_can_never_be_answered_quickly_is_a_flaw() {
        let flawed = |change: fn(&mut Form)| {
            let mut form = form();
            change(&mut form);
            form.check().unwrap_err().into_iter().map(|flaw| flaw.field).collect::<Vec<_>>()
        };
        let quick = |form: &mut Form| form.quick.clone().unwrap();
        assert_eq!(form().check(), Ok(()));
        assert_eq!(flawed(|form| form.cadence = Cadence::Once), ["quick"]);
        for change in [
            |quick: &mut Quick| quick.field = "gone".into(),
            |quick: &mut Quick| quick.field = "place".into(),
            |quick: &mut Quick| quick.bands.clear(),
            |quick: &mut Quick| quick.bands[0].value = 37.5,
            |quick: &mut Quick| quick.bands[0].value = 99.0,
            |quick: &mut Quick| quick.bands[0].title = " ".into(),
            |quick: &mut Quick| quick.bands[1] = quick.bands[0].clone(),
            |quick: &mut Quick| quick.same.clear(),
            |quick: &mut Quick| quick.same = vec!["place".into(), "abnormal".into()],
        ] {
            let mut form = form();
            let mut changed = quick(&mut form);
            change(&mut changed);
            form.quick = Some(changed);
            let flaws = form.check().unwrap_err();
            assert_eq!(
                flaws.iter().map(|flaw| flaw.field.as_str()).collect::<Vec<_>>(),
                ["quick"],
                "{flaws:?}"
            );
        }
    }
}
