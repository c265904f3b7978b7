//! What a reminder says, and where it leads.

use chrono::{DateTime, NaiveDate, Utc};
use domain::reminder::{To, Variable, wording};
use store::reminders::{By, InCharge, Variant};

use crate::{
    School, cards, forms,
    outbox::{Card, Content},
};

/// What a round is about, and the words it is said in.
pub(crate) struct Said<'a> {
    pub school: &'a School,
    pub loaded: &'a forms::Loaded,
    pub day: NaiveDate,
    pub closes: DateTime<Utc>,
    pub wording: &'a str,
}

/// Of whom a message speaks: what is filled into its words.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Receiver<'a> {
    pub name: Option<&'a str>,
    pub class: Option<&'a str>,
    pub college: Option<&'a str>,
    /// How many are missing of how many, for those in charge.
    pub missing: Option<(i64, i64)>,
}

/// Somebody in charge and the variant they read.
pub(crate) type Addressed = (InCharge, String);
/// A variant and what it says.
pub(crate) type Worded = (String, Content);

impl Said<'_> {
    /// By what the words differ from person to person.
    pub fn by(&self) -> By {
        let variables = wording::variables(self.wording);
        let has = |variable| variables.contains(&variable);
        if has(Variable::Name) {
            By::Person
        } else if has(Variable::Class) {
            By::Class
        } else if has(Variable::College) {
            By::College
        } else {
            By::Nothing
        }
    }

    /// What each variant of a planned round says.
    pub fn cards(&self, variants: &[Variant]) -> Vec<(String, Card)> {
        let said = |variant: &Variant| {
            let receiver = Receiver {
                name: variant.name.as_deref(),
                class: variant.class.as_deref(),
                college: variant.college.as_deref(),
                missing: None,
            };
            (variant.variant.clone(), card(self, To::Person, receiver))
        };
        variants.iter().map(said).collect()
    }

    /// What those in charge read: whoever reads the same has the same variant.
    pub fn escalations(&self, to: To, people: Vec<InCharge>) -> (Vec<Addressed>, Vec<Worded>) {
        let mut contents: Vec<Worded> = Vec::new();
        let mut addressed = Vec::with_capacity(people.len());
        for one in people {
            let receiver = Receiver {
                name: Some(&one.name),
                class: one.class.as_deref(),
                college: one.college.as_deref(),
                missing: Some((one.people, one.expected)),
            };
            let said = Content::Card(card(self, to, receiver));
            let variant = match contents.iter().find(|(_, known)| *known == said) {
                Some((variant, _)) => variant.clone(),
                None => {
                    let variant = contents.len().to_string();
                    contents.push((variant.clone(), said));
                    variant
                }
            };
            addressed.push((one, variant));
        }
        (addressed, contents)
    }
}

/// The message to one receiver. It may stand on a lock screen: nothing personal but their own name.
pub(crate) fn card(said: &Said<'_>, to: To, receiver: Receiver<'_>) -> Card {
    let form = &said.loaded.published.form;
    let count = |number: Option<i64>| number.unwrap_or_default().to_string();
    let value = |variable| match variable {
        Variable::Form => form.title.clone(),
        Variable::Closes => cards::hour(said.school, said.day, said.closes),
        Variable::Name => receiver.name.unwrap_or("您").to_owned(),
        Variable::Class => receiver.class.unwrap_or("您负责的班级").to_owned(),
        Variable::College => receiver.college.unwrap_or("您负责的学院").to_owned(),
        Variable::Count => count(receiver.missing.map(|missing| missing.0)),
        Variable::Expected => count(receiver.missing.map(|missing| missing.1)),
    };
    let description = wording::fill(said.wording, value);
    let (title, path, button) = match to {
        To::Person => {
            (format!("{}待填写", form.title), format!("/h5/forms/{}?from=reminder", form.code), "去填写")
        }
        To::ClassAssistant | To::Counsellor => (
            format!("{}未报 {} 人", form.title, count(receiver.missing.map(|missing| missing.0))),
            format!("/h5/unreported/{}", form.code),
            "看名单",
        ),
        To::College | To::School => (
            format!("{}未报 {} 人", form.title, count(receiver.missing.map(|missing| missing.0))),
            format!("/h5/statistics/{}", form.code),
            "看统计",
        ),
    };
    Card { title, description, path, button: button.to_owned() }
}
