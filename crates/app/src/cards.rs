//! Cards in the chat that work: a reminder that reports by two taps, or opens the form; a figure that opens its list.
//!
//! Who reported normally the period before is asked one thing, with everything else as it was; the others open the form. A tap comes back by callback ([`click`]), changes the card of whoever
//! tapped ([`update`]), and at the cut-off the cards of a batch are turned together ([`turn`]).

pub(crate) mod click;
pub(crate) mod turn;
pub(crate) mod update;

use chrono::{DateTime, NaiveDate, Utc};
use domain::form::{Field, Form, Quick, Turn};
use serde::{Deserialize, Serialize};
use store::{Scoped, cards as rows};
use wecom::message::{
    Button, ButtonAction, ButtonInteraction, CardAction, Choice, Jump, Line, LineKind, Selection, Target,
    TemplateCard, TextNotice, Title,
};

use crate::{
    App, Result, School, forms,
    outbox::{self, Card, Content, numbered},
};

/// What the variants of those who are asked one thing end with.
pub(crate) const QUICK: &str = " quick";
/// The key of the button 提交.
pub(crate) const SUBMIT: &str = "submit";
/// The key of the question on the card.
pub(crate) const QUESTION: &str = "measured";
/// What stands chosen at first: WeCom chooses the first option by itself, and nobody may report what they did not choose.
const NOT_CHOSEN: &str = "none";

/// A reminder of a form, without those who get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FormCard {
    /// Heading.
    pub title: String,
    /// A sentence or two.
    pub words: String,
    /// Names and values.
    pub lines: Vec<(String, String)>,
    /// The page that 打开 opens, a path of this host.
    pub path: String,
    /// What is asked; none: it only opens the page.
    pub question: Option<Question>,
}

/// A choice on a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Question {
    /// What is asked.
    pub title: String,
    /// Ids and what people read.
    pub options: Vec<(String, String)>,
}

/// A figure and what it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CountCard {
    /// Heading.
    pub title: String,
    /// Below it.
    pub words: String,
    /// The figure: 12/231.
    pub figure: String,
    /// What it counts.
    pub of: String,
    /// Names and values below.
    pub lines: Vec<(String, String)>,
    /// The page it opens, a path of this host.
    pub path: String,
    /// What the link says.
    pub button: String,
}

fn lines(of: &[(String, String)]) -> Vec<Line> {
    let line = |(name, value): &(String, String)| Line {
        keyname: name.clone(),
        value: Some(value.clone()),
        kind: LineKind::Text,
    };
    of.iter().map(line).collect()
}

fn title(text: &str) -> Title {
    Title { title: Some(text.to_owned()), desc: None }
}

impl FormCard {
    /// To be sent: its task is the batch's number, by which a tap is known again.
    pub fn new_card(&self, school: &School, batch_id: i64) -> TemplateCard {
        let card =
            ButtonInteraction { task_id: Some(batch_id.to_string()), ..self.body(school, Some(batch_id)) };
        TemplateCard::ButtonInteraction(card)
    }

    /// To stand in the place of one that was sent.
    fn changed_card(&self, school: &School) -> TemplateCard {
        TemplateCard::ButtonInteraction(self.body(school, None))
    }

    fn body(&self, school: &School, number: Option<i64>) -> ButtonInteraction {
        let url = format!("{}{}", school.public_url, self.path);
        let url = match number {
            Some(number) => numbered(&url, number),
            None => url,
        };
        let mut buttons = Vec::new();
        if self.question.is_some() {
            let does = ButtonAction::CallBack(SUBMIT.to_owned());
            buttons.push(Button { text: "提交".to_owned(), style: Some(1), does });
        }
        let style = Some(if self.question.is_some() { 3 } else { 1 });
        buttons.push(Button { text: "打开".to_owned(), style, does: ButtonAction::Page(url.clone()) });
        ButtonInteraction {
            main_title: title(&self.title),
            sub_title_text: Some(self.words.clone()),
            horizontal_content_list: lines(&self.lines),
            card_action: Some(CardAction(Target::Page(url))),
            button_selection: self.question.as_ref().map(Question::selection),
            button_list: buttons,
            ..ButtonInteraction::default()
        }
    }
}

impl Question {
    /// What a form's quick answer offers.
    fn of(quick: &Quick, field: &Field) -> Self {
        let first = (NOT_CHOSEN.to_owned(), format!("请选择{}", field.title));
        let bands = quick.bands.iter().map(|band| (field.number_text(band.value), band.title.clone()));
        Self { title: field.title.clone(), options: [first].into_iter().chain(bands).collect() }
    }

    fn selection(&self) -> Selection {
        let choice = |(id, text): &(String, String)| Choice { id: id.clone(), text: text.clone() };
        Selection {
            question_key: QUESTION.to_owned(),
            title: Some(self.title.clone()),
            option_list: self.options.iter().map(choice).collect(),
            selected_id: Some(NOT_CHOSEN.to_owned()),
            disable: None,
        }
    }
}

impl CountCard {
    /// To be sent.
    pub fn new_card(&self, school: &School, batch_id: i64) -> TemplateCard {
        let url = numbered(&format!("{}{}", school.public_url, self.path), batch_id);
        TemplateCard::TextNotice(TextNotice {
            main_title: Some(Title { title: Some(self.title.clone()), desc: Some(self.words.clone()) }),
            emphasis_content: Some(Title { title: Some(self.figure.clone()), desc: Some(self.of.clone()) }),
            horizontal_content_list: lines(&self.lines),
            jump_list: vec![Jump { target: Target::Page(url.clone()), title: self.button.clone() }],
            card_action: CardAction(Target::Page(url)),
            ..TextNotice::default()
        })
    }
}

/// Says what a round of reminders says: each of its variants opens the form, and reports by two taps for those who may.
pub(crate) async fn offer(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    loaded: &forms::Loaded,
    round: i64,
    (day, turn): (NaiveDate, Turn),
    cards: Vec<(String, Card)>,
) -> Result<()> {
    let corp = school.corp();
    let form = &loaded.published.form;
    let lines = [("表单".to_owned(), name(form, turn)), ("截止".to_owned(), cut_off(school, day, turn))];
    let open = |card: Card| FormCard {
        title: card.title,
        words: card.description,
        lines: lines.to_vec(),
        path: card.path,
        question: None,
    };
    let mut contents: Vec<(String, Content)> = Vec::with_capacity(cards.len());
    if let Some(((quick, field), before)) = form.quick_field().zip(form.cadence.before(turn.period)) {
        let version = loaded.form_version_id;
        let chosen = rows::choose_quick(tx, corp, round, version, loaded.form_id, before, QUICK).await?;
        let asks = |(variant, card): &(String, Card)| {
            let quick_variant = format!("{variant}{QUICK}");
            chosen.contains(&quick_variant).then(|| {
                let mut asked = FormCard { question: Some(Question::of(quick, field)), ..open(card.clone()) };
                asked.lines.push(("其余".to_owned(), the_rest(form)));
                (quick_variant, Content::Form(asked))
            })
        };
        contents.extend(cards.iter().filter_map(asks));
    }
    contents.extend(cards.into_iter().map(|(variant, card)| (variant, Content::Form(open(card)))));
    outbox::say_all(app, tx, corp, round, &contents).await
}

/// What a form is called, with its slot where there are several.
pub(crate) fn name(form: &Form, turn: Turn) -> String {
    match forms::slot_title(form, turn.period.slot) {
        Some(slot) => format!("{} · {slot}", form.title),
        None => form.title.clone(),
    }
}

/// What a quick answer takes over, so that whoever gives it knows what they say.
pub(crate) fn the_rest(form: &Form) -> String {
    let same: Vec<String> = form.same_titles().iter().map(|title| format!("“{title}”")).collect();
    match same.is_empty() {
        true => "与上次相同".to_owned(),
        false => format!("与上次相同，包括{}", same.join("、")),
    }
}

/// Until when a turn is in time: 20:00（之后算迟报）.
fn cut_off(school: &School, day: NaiveDate, turn: Turn) -> String {
    let cut_off = hour(school, day, turn.window.cutoff_at);
    if turn.window.cutoff_at < turn.window.closes_at {
        format!("{cut_off}，之后算迟报")
    } else {
        cut_off
    }
}

/// A moment as people say it on a day.
pub(crate) fn hour(school: &School, day: NaiveDate, at: DateTime<Utc>) -> String {
    if at == domain::clock::end_of_day(school.zone, day) {
        return "今晚 24:00".to_owned();
    }
    let local = at.with_timezone(&school.zone);
    let today = local.date_naive() == day;
    local.format(if today { "%H:%M" } else { "%-m 月 %-d 日 %H:%M" }).to_string()
}

/// What stands in the place of a card that is over.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// Heading.
    pub title: String,
    /// What is true, and what to do.
    pub words: String,
    /// The page that 打开 opens, a path of this host.
    pub path: String,
    /// In grey, in the place of the buttons.
    pub done: Option<String>,
}

impl Said {
    fn card(self, school: &School) -> TemplateCard {
        let url = format!("{}{}", school.public_url, self.path);
        let open =
            Button { text: "打开".to_owned(), style: Some(1), does: ButtonAction::Page(url.clone()) };
        TemplateCard::ButtonInteraction(ButtonInteraction {
            main_title: title(&self.title),
            sub_title_text: Some(self.words),
            card_action: Some(CardAction(Target::Page(url))),
            button_list: vec![open],
            replace_text: self.done,
            ..ButtonInteraction::default()
        })
    }
}
