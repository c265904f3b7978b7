//! What is counted: each counted field's answers fall into categories, which stand unsealed as coded facts.

use serde::{Deserialize, Serialize};

use super::{
    answers::{Answers, Facts},
    condition::Condition,
    field::FieldKind,
};
use crate::region;

/// One field that is counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistic {
    /// Its name.
    pub field: String,
    /// What its answers are counted as, the first that holds; none: the choices themselves, yes or no, or of a region
    /// its province.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Category>,
}

/// Answers that are counted together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// What people read, and what is stored as the fact.
    pub title: String,
    /// Which answers; a condition on the same field.
    pub when: Condition,
}

impl Statistic {
    /// The category of these answers; none: not answered, or in no category.
    pub fn fact(&self, kind: &FieldKind, answers: &Answers) -> Option<String> {
        let answer = answers.get(&self.field)?;
        if !self.categories.is_empty() {
            let category = self.categories.iter().find(|category| category.when.holds(answers))?;
            return Some(category.title.clone());
        }
        match kind {
            FieldKind::Boolean => answer.as_bool().map(|yes| if yes { "是" } else { "否" }.to_owned()),
            FieldKind::Region => region::province(answer.as_str()?).map(str::to_owned),
            _ => answer.as_str().map(str::to_owned),
        }
    }

    /// Every category there can be, in the form's order; none: as many as there are provinces.
    pub fn titles(&self, kind: &FieldKind) -> Vec<String> {
        if !self.categories.is_empty() {
            return self.categories.iter().map(|category| category.title.clone()).collect();
        }
        match kind {
            FieldKind::Boolean => vec!["是".into(), "否".into()],
            kind => kind.choices().iter().map(|choice| choice.value.clone()).collect(),
        }
    }
}

/// What is counted of these answers.
pub fn facts(form: &super::Form, answers: &Answers) -> Facts {
    form.statistics
        .iter()
        .filter_map(|statistic| {
            let fact = statistic.fact(&form.field(&statistic.field)?.kind, answers)?;
            Some((statistic.field.clone(), fact))
        })
        .collect()
}
